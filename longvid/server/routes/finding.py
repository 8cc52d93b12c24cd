"""Search, and every place where something is said or shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from longvid.server import audit
from longvid.server.answering import InTurn
from longvid.server.answers import FoundMentions, FoundMoments, VerifiedText, gives
from longvid.server.forms import MentionsForm, SearchForm, VerifyForm
from longvid.server.replies import cached, cursor_of, no_cursor, read_cursor, told
from longvid.server.routes.about import LibraryDep
from longvid_agents.written import sentences_of
from longvid_storage.errors import UsageError

MOST_SENTENCES = 500
"""Of a text: each is searched for."""

if TYPE_CHECKING:
    from longvid import Library

router = APIRouter(prefix="/v1", tags=["finding"])


@router.post("/search", responses=gives(FoundMoments))
async def search(request: Request, lib: LibraryDep, form: SearchForm) -> Response:
    """The best moments, best first; `notes` say what the filters leave out."""

    def work() -> Response:
        moments = lib.search(form.query, k=form.k, **form.filters())
        notes = lib.unknown_speaker(form.speaker, video=form.video, collection=form.collection)
        audit.note(request, form.query, [each.video_id for each in moments], **form.filters())
        return told({"moments": moments, "notes": notes})

    return await _in_turn(request, work)


@router.get("/mentions", responses=gives(FoundMentions))
async def list_mentions(
    request: Request, lib: LibraryDep, form: Annotated[MentionsForm, Query()]
) -> Response:
    """The same as `POST /v1/mentions`, with an `ETag`."""
    return await _in_turn(request, lambda: cached(request, _mentioned(request, lib, form)))


@router.post("/mentions", responses=gives(FoundMentions))
async def mentions(request: Request, lib: LibraryDep, form: MentionsForm) -> Response:
    """Every place where any of the terms is said or shown, or a sound is called so, by video and in time order, a page
    at a time; none is left out. Of none, `searched` says what was looked through.
    """
    return await _in_turn(request, lambda: told(_mentioned(request, lib, form)))


def _mentioned(request: Request, lib: Library, form: MentionsForm) -> dict[str, object]:
    after = read_cursor(form.cursor)
    if after is not None and (len(after) != 2 or not all(isinstance(each, str) for each in after)):
        raise no_cursor()
    key = None if after is None else (after[0], after[1])
    found = lib.mentions_page(form.terms, after=key, limit=form.limit, **form.filters())
    notes = lib.unknown_speaker(form.speaker, video=form.video, collection=form.collection)
    audit.note(request, " | ".join(form.terms), [each.video_id for each in found.videos], **form.filters())
    return {
        "videos": found.videos,
        "next": None if found.next is None else cursor_of(found.next),
        "count": found.count,
        "total": found.total,
        "notes": notes,
        "searched": None if found.total else lib.searched(form.terms, **form.filters()),
    }


@router.post("/verify", responses=gives(VerifiedText))
async def verify(request: Request, lib: LibraryDep, form: VerifyForm) -> Response:
    """Somebody's text, such as minutes, against the recordings.

    Each sentence is supported, contradicted or unsupported, with the place.
    """

    def work() -> Response:
        if (sentences := len(sentences_of(form.text))) > MOST_SENTENCES:
            raise UsageError(
                f"the text has {sentences} sentences: at most {MOST_SENTENCES} are checked at once"
            )
        found = lib.verify(form.text, **form.filters())
        cited = [citation.video_id for each in found for citation in each.citations]
        audit.note(request, form.text[:200], cited, **form.filters())
        return told({"sentences": found})

    return await _in_turn(request, work)


async def _in_turn(request: Request, work: Callable[[], Response]) -> Response:
    turns: InTurn = request.app.state.in_turn
    return await turns.reply(request, work)
