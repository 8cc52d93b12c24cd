"""Conversations over a library: begun, gone on with, listed, deleted; each keeps to what it was begun with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from longvid.arguments import check_question
from longvid_storage.db.filters import speaker_key
from longvid_storage.db.library_files import CHATS, read_only
from longvid_storage.errors import NotFoundError, UsageError
from longvid_storage.types import Answer, Scope

if TYPE_CHECKING:
    from longvid_agents.conversation.chat import Ask, Reply
    from longvid_agents.conversation.turns import Turn
    from longvid_agents.tools import Tools
    from longvid_agents.video_lm import VideoLM
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
        filters: Scope,
        tools: Tools,
        ask: Ask,
        lm: VideoLM | None = None,
    ) -> None:
        from longvid_agents.conversation import checkpoints
        from longvid_agents.conversation.chat import Conversation

        if store.read_only:
            raise read_only(store.path)
        with ExitStack() as stack:
            saver = stack.enter_context(checkpoints.opened(store.path))
            name = checked_name(name) if name is not None else _new_name(checkpoints.names(saver))
            known = checkpoints.session(saver, name)
            if known is not None and (known.turns or known.filters != Scope()):
                filters = _kept(name, known.filters, filters, store)
            speakers = sorted(
                store.speakers(Scope(video_ids=filters.video_ids, collection=filters.collection))
            )
            if filters.speaker is not None:
                speakers = [s for s in speakers if speaker_key(s) == speaker_key(filters.speaker)]
            self._conversation = Conversation(name, filters, tools, ask, speakers, saver, lm)
            self._close = stack.pop_all()
        self.name = name
        self.filters = filters
        self.resumed = known is not None

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The finished turns, oldest first."""
        return self._conversation.turns

    def ask(self, question: str) -> Reply:
        """Ask; what it refers to is found in the turns before.

        Raises:
            UsageError: an empty question. ModelError: the model failed; the turn is not remembered.
        """
        return self._conversation.ask(check_question(question))

    def close(self) -> None:
        """Let go of the file; every finished turn is in it already."""
        self._close.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def answer_turn(
    tools: Tools, lm: VideoLM | None, question: str, filters: Scope, turns: Sequence[Turn]
) -> Answer:
    """Answer one question of a conversation; ``lm``: None quotes."""
    from longvid_agents.conversation.turns import as_context
    from longvid_agents.graph import ask

    return ask(question, tools, filters=filters, lm=lm, context=as_context(turns))


def checked_name(name: str) -> str:
    """A session's name without space around it.

    Raises:
        UsageError: it is empty, longer than 80 letters, or has control characters.
    """
    if not _NAME.fullmatch(name.strip()):
        raise UsageError(f"the session name is {name!r}: use 1 to 80 printable characters")
    return name.strip()


def sessions(store: Store) -> list[ChatInfo]:
    """The library's conversations, the one used last first."""
    from longvid_agents.conversation import checkpoints

    if not (store.path / CHATS).exists():
        return []
    with checkpoints.opened(store.path) as saver:
        found = [checkpoints.session(saver, name) for name in checkpoints.names(saver)]
    return [
        ChatInfo(
            each.name,
            each.filters.collection,
            None if each.filters.video_ids is None else tuple(sorted(each.filters.video_ids)),
            each.filters.speaker,
            len(each.turns),
            each.turns[-1].question if each.turns else None,
        )
        for each in found
        if each is not None
    ]


def delete(store: Store, name: str) -> None:
    """Delete a conversation.

    Raises:
        NotFoundError: there is none of that name. ReadOnlyError: the library may not be written.
    """
    from longvid_agents.conversation import checkpoints

    if store.read_only:
        raise read_only(store.path)
    there = False
    if (store.path / CHATS).exists():
        with checkpoints.opened(store.path) as saver:
            there = checkpoints.delete(saver, name.strip())
    if not there:
        raise NotFoundError(f"there is no session {name!r}: longvid chat --list shows those there are")


def forget_video(store_path: Path, video_id: str) -> None:
    """Take a removed video's words out of every conversation: turns that cite it are dropped."""
    from longvid_agents.conversation import checkpoints
    from longvid_agents.conversation.redact import drop_turns

    if (store_path / CHATS).exists():
        with checkpoints.opened(store_path) as saver:
            drop_turns(saver, video_id)


def _kept(name: str, own: Scope, asked: Scope, store: Store) -> Scope:
    """The session's filters, narrowed by what is asked for now; another or wider choice is refused."""
    if asked == Scope() or asked == own:
        return own
    from longvid_agents.narrowing import narrowed

    narrow = narrowed(
        own, videos=asked.video_ids, from_s=asked.from_s, to_s=asked.to_s, speaker=asked.speaker
    )
    if narrow is None or asked.collection not in (None, own.collection):
        raise UsageError(
            f"the session {name!r} was begun with {told(own, store)}, which does not admit "
            f"{told(asked, store)}: begin another session for that"
        )
    return replace(narrow, collection=own.collection)


def told(filters: Scope, store: Store) -> str:
    """Scope as the flags that make them."""
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


def _new_name(taken: list[str]) -> str:
    number = 1
    while f"chat-{number}" in taken:
        number += 1
    return f"chat-{number}"
