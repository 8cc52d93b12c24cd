"""Conversations: each belongs to who began it, and nobody else can tell that it is there."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from longvid.chat import ChatInfo
from longvid.server.answering import Asking
from longvid.server.answers import ListPage, ToldChat, gives
from longvid.server.forms import ChatForm, NameForm, TurnForm
from longvid.server.identity import CallerDep
from longvid.server.replies import CursorQuery, LimitQuery, page, told
from longvid.server.routes.about import LibraryDep
from longvid.server.routes.asking import answerer
from longvid_storage.errors import UsageError
from longvid_storage.types import Answer

router = APIRouter(prefix="/v1/chats", tags=["chats"])
NamePath = Annotated[str, Path(max_length=80)]


@router.get("", responses=gives(ListPage[ChatInfo]))
def list_chats(lib: LibraryDep, cursor: CursorQuery = None, limit: LimitQuery = 100) -> Response:
    """The caller's conversations, the one used last first."""
    numbered = list(enumerate(lib.chats()))
    shown, following = page(numbered, lambda each: [each[0]], cursor, limit)
    return told({"items": [chat for _, chat in shown], "next": following})


@router.post("", status_code=201, responses=gives(ChatInfo, 201))
def begin_chat(lib: LibraryDep, form: ChatForm) -> Response:
    """Begin a conversation within these filters; without a name it gets a number."""
    if form.name is not None and (
        "/" in form.name or form.name.strip() in [each.name for each in lib.chats()]
    ):
        raise UsageError(f"a conversation cannot be called {form.name!r}: take another name, without /")
    chat = lib.chat(form.name, **form.filters())  # left open: closing one without a turn forgets it
    return told(lib.chat_turns(chat.name)[0], 201)


@router.get("/{name}", responses=gives(ToldChat))
def get_chat(lib: LibraryDep, name: NamePath) -> Response:
    """A conversation with its turns, oldest first."""
    info, turns = lib.chat_turns(name)
    return told({"chat": info, "items": turns, "next": None})


@router.patch("/{name}", responses=gives(ChatInfo))
def rename_chat(lib: LibraryDep, name: NamePath, form: NameForm) -> Response:
    """Call a conversation by another name; it is gone on with under that one."""
    lib.chat_turns(name)
    if "/" in form.name:
        raise UsageError(f"a conversation cannot be called {form.name!r}: take another name, without /")
    lib.rename_chat(name, form.name)
    return told(lib.chat_turns(form.name.strip())[0])


@router.delete("/{name}", status_code=204)
def delete_chat(lib: LibraryDep, name: NamePath) -> Response:
    """Delete a conversation with every word of it."""
    lib.chat_turns(name)
    lib.delete_chat(name)
    return Response(status_code=204)


def known(lib: LibraryDep, name: NamePath) -> str:
    """The name of a conversation that the caller has."""
    return lib.chat_turns(name)[0].name


@router.post("/{name}/ask", responses=gives(Answer))
async def ask_in_chat(
    request: Request, lib: LibraryDep, who: CallerDep, name: Annotated[str, Depends(known)], form: TurnForm
) -> Response:
    """Ask; what the question refers to is found in the turns before. As `/v1/ask` otherwise."""
    asking: Asking = request.app.state.asking
    return await asking.reply(request, answerer(request, lib, who, form, name))
