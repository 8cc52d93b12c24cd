"""Conversations over a library: begun, gone on with, listed, deleted; each keeps to what it was begun with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from longvid.arguments import check_question
from longvid_storage.db import chats
from longvid_storage.db.filters import speaker_key
from longvid_storage.db.library_files import read_only
from longvid_storage.errors import LibraryError, NotFoundError, UsageError
from longvid_storage.types import Answer, Filters

if TYPE_CHECKING:
    from longvid_agents.conversation.chat import Ask, Reply
    from longvid_agents.conversation.turns import Turn
    from longvid_agents.tools import Tools
    from longvid_agents.video_lm import VideoLM
    from longvid_storage.db.chats import StoredChat
    from longvid_storage.db.store import Store

_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,80}")


@dataclass(frozen=True, slots=True)
class ChatInfo:
    """A stored conversation: its name, what it may look at, how many turns it has, and the last question."""

    name: str
    collection: str | None
    videos: tuple[str, ...] | None
    speaker: str | None
    turns: int
    last_question: str | None


class Chat:
    """A conversation; use it in a ``with`` block, or ``close`` it.

    >>> with library.chat("monday") as chat:                           # doctest: +SKIP
    ...     chat.ask("Who will send the migration plan?").answer.answer
    ...     chat.ask("and what did he say after that?").answer.answer

    Args:
        store: the library's.
        name: of the session; None for a new one, which gets a number.
        filters: what it may look at.
        tools, ask, lm: what answers and resolves questions.

    Raises:
        UsageError: the session exists and was begun with other filters, or the name cannot be one.
        ReadOnlyError: the library may not be written.
    """

    def __init__(
        self,
        store: Store,
        name: str | None,
        filters: Filters,
        tools: Tools,
        ask: Ask,
        lm: VideoLM | None = None,
    ) -> None:
        from longvid_agents.conversation.chat import Conversation
        from longvid_agents.conversation.turns import FILTERS

        if store.read_only:
            raise read_only(store.path)
        name = None if name is None else checked_name(name)
        self._store = store
        with store.conversing() as connection:
            known = chats.read(connection, name) if name is not None else []
            if known:
                filters = _kept(known[0], filters, store)
                session = chats.resume(connection, known[0])
            else:
                session = chats.begin(connection, name, FILTERS.dump_python(filters, mode="json"))
        self._session = session
        self.name = session.name
        self.filters = filters
        self.resumed = bool(known)
        speakers = sorted(store.speakers(Filters(video_ids=filters.video_ids, collection=filters.collection)))
        if filters.speaker is not None:
            speakers = [s for s in speakers if speaker_key(s) == speaker_key(filters.speaker)]
        self._conversation = Conversation(filters, tools, ask, speakers, lambda: self.turns, self._keep, lm)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The finished turns, oldest first; of a session that was narrowed, those that its filters still admit.

        Raises:
            NotFoundError: the session was deleted.
        """
        from longvid_agents.conversation.turns import admitted

        with self._store.snapshot() as connection:
            found = chats.read(connection, self.name)
        if not found or found[0].chat_key != self._session.chat_key:
            raise NotFoundError(f"the session {self.name!r} was deleted: begin another one")
        return admitted(_turns(found[0]), self.filters)

    def ask(self, question: str) -> Reply:
        """Ask; what it refers to is found in the turns before.

        Raises:
            UsageError: an empty question. ModelError: the model failed; the turn is not remembered.
        """
        return self._conversation.ask(check_question(question))

    def _keep(self, turn: Turn) -> None:
        from longvid_agents.conversation.turns import FILTERS, TURN

        scope, kept = FILTERS.dump_python(self.filters, mode="json"), TURN.dump_python(turn, mode="json")
        with self._store.conversing() as connection:
            chats.append(connection, self._session.chat_key, scope, kept, turn.videos)

    def close(self) -> None:
        """Leave it; every finished turn is kept already, and a session in which nothing was asked is not."""
        if not self.resumed:
            with self._store.conversing() as connection:
                chats.drop_if_unused(connection, self._session)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def answer_turn(
    tools: Tools, lm: VideoLM | None, question: str, filters: Filters, turns: Sequence[Turn]
) -> Answer:
    """Answer one question of a conversation; ``lm``: None quotes."""
    from longvid_agents.context import Context
    from longvid_agents.graph import ask

    return ask(question, tools, filters=filters, lm=lm, context=Context(tuple(turns)))


def checked_name(name: str) -> str:
    """A session's name without space around it.

    Raises:
        UsageError: it is empty, longer than 80 letters, or has control characters.
    """
    if not _NAME.fullmatch(name.strip()):
        raise UsageError(f"the session name is {name!r}: use 1 to 80 printable characters")
    return name.strip()


def sessions(store: Store, within: Filters) -> list[ChatInfo]:
    """The conversations that may look at nothing outside ``within``, the one used last first."""
    with store.snapshot() as connection:
        found = [(each, _filters(each)) for each in chats.read(connection)]
    return [
        ChatInfo(
            each.name,
            own.collection,
            None if own.video_ids is None else tuple(sorted(own.video_ids)),
            own.speaker,
            len(each.turns),
            _turns(each)[-1].question if each.turns else None,
        )
        for each, own in found
        if _narrowed(own, within) == own
    ]


def delete(store: Store, name: str) -> None:
    """Delete a conversation.

    Raises:
        NotFoundError: there is none of that name. ReadOnlyError: the library may not be written.
    """
    with store.conversing(erase=True) as connection:
        there = chats.delete_chat(connection, name.strip())
    if not there:
        raise NotFoundError(f"there is no session {name!r}: longvid chat --list shows those there are")


def _filters(session: StoredChat) -> Filters:
    with _undamaged(session):
        from longvid_agents.conversation.turns import FILTERS

        return FILTERS.validate_python(session.scope)


def _turns(session: StoredChat) -> tuple[Turn, ...]:
    with _undamaged(session):
        from longvid_agents.conversation.turns import TURN

        return tuple(TURN.validate_python(turn) for turn in session.turns)


@contextmanager
def _undamaged(session: StoredChat) -> Iterator[None]:
    from pydantic import ValidationError

    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        raise LibraryError(
            f"the conversation {session.name!r} is damaged ({first['loc'][0] if first['loc'] else 'all of it'}: "
            f"{first['msg']}): longvid chat --delete {session.name!r} removes it"
        ) from error


def _kept(session: StoredChat, asked: Filters, store: Store) -> Filters:
    """The session's filters, narrowed by what is asked for now; a wider or another choice is refused.

    The refusal names what was asked for and nothing of the session, which may be of what the caller may not see.
    """
    narrow = _narrowed(_filters(session), asked)
    if narrow is None:
        raise UsageError(
            f"the session {session.name!r} was not begun for {told(asked, store)}: begin another session for that"
        )
    return narrow


def _narrowed(own: Filters, asked: Filters) -> Filters | None:
    """A session's filters within those that are asked for; None where these are others or wider."""
    from longvid_agents.narrowing import narrowed

    if asked.collection not in (None, own.collection):
        return None
    return narrowed(own, videos=asked.video_ids, from_s=asked.from_s, to_s=asked.to_s, speaker=asked.speaker)


def told(filters: Filters, store: Store) -> str:
    """Filters as the flags that make them."""
    flags = []
    if filters.collection is not None:
        flags.append(f"--collection {filters.collection}")
    for video_id in sorted(filters.video_ids or ()):
        title = store.video(video_id).info.title if store.has_video(video_id) else video_id[:8]
        flags.append(f"--video {title!r}")
    if filters.speaker is not None:
        flags.append(f"--speaker {filters.speaker}")
    flags += [
        f"--{flag} {value:g}"
        for flag, value in (("from", filters.from_s), ("to", filters.to_s))
        if value is not None
    ]
    return " ".join(flags) or "no filter"
