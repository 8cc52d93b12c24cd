"""Conversations over a library: begun, gone on with, listed, deleted; each keeps to what it was begun with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from longvid.arguments import check_question
from longvid_storage.db import chats
from longvid_storage.errors import LibraryError, NotFoundError, UsageError
from longvid_storage.types import Answer, Scope

if TYPE_CHECKING:
    from longvid.engines import Engines
    from longvid_agents.conversation.chat import ChatReply
    from longvid_agents.conversation.turns import Turn
    from longvid_agents.media import Media
    from longvid_agents.run import AskEvent
    from longvid_agents.video_lm import VideoLM
    from longvid_storage.db.chats import StoredChat
    from longvid_storage.db.store import Store
    from longvid_storage.db.view import View

# Links have milliseconds.
_SAME_S = 0.002
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


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer, of a conversation that somebody else keeps.

    ``places`` are those that the answer cites: (video id, start in seconds).
    """

    question: str
    answer: str
    places: tuple[tuple[str, float], ...] = ()


class Chat:
    """A conversation; use it in a ``with`` block, or ``close`` it.

    >>> with library.chat("monday") as chat:                           # doctest: +SKIP
    ...     chat.ask("Who will send the migration plan?").answer.answer
    ...     chat.ask("and what did he say after that?").answer.answer

    Args:
        store: the library's.
        name: of the session; None for a new one, which gets a number.
        scope: what it may look at.
        engines, media: what answers and resolves questions; ``extractive``: without a language model.

    Raises:
        UsageError: the session exists and was begun with other filters, or the name cannot be one.
        ReadOnlyError: the library may not be written.
    """

    def __init__(
        self,
        store: Store,
        name: str | None,
        scope: Scope,
        engines: Engines,
        media: Media,
        *,
        extractive: bool = False,
    ) -> None:
        from longvid_agents.conversation.chat import Conversation
        from longvid_agents.graph import ask as answer
        from longvid_agents.state import Context

        store.require_writable()
        name = None if name is None else checked_name(name)
        self._store = store
        with store.conversing() as connection:
            known = chats.read(connection, store.owner, name) if name is not None else []
            if known:
                scope = _kept(known[0], scope, store)
                session = chats.resume(connection, known[0])
            else:
                session = chats.begin(connection, store.owner, name, _plain(scope))
        self._session = session
        self.name = session.name
        self.filters = scope
        self.resumed = bool(known)
        self._on_event: Callable[[AskEvent], None] | None = None
        lm = None if extractive else engines.video_lm
        names = engines.names()
        examples = () if lm is None else engines.examples

        def ask(question: str, view: View, turns: Sequence[Turn]) -> Answer:
            context = Context(tuple(turns))
            heard = self._on_event
            return answer(
                question,
                view,
                lm=lm,
                media=media,
                engines=names,
                context=context,
                on_event=heard,
                examples=examples,
            )

        def opened() -> AbstractContextManager[View]:
            return store.view(scope, engines)

        self._conversation = Conversation(opened, ask, lambda: self.turns, self._keep, lm, names)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The finished turns, oldest first; of a session that was narrowed, those that its filters still admit.

        Raises:
            NotFoundError: the session was deleted.
        """
        from longvid_agents.conversation.turns import admitted

        with self._store.view() as view:
            found = chats.read(view.connection, self._store.owner, self.name)
            kept = admitted(_turns(found[0]), self.filters) if found else ()
            seen = [turn for turn in kept if all(map(view.has_video, turn.videos))]  # rights may have shrunk
        if not found or found[0].chat_key != self._session.chat_key:
            raise NotFoundError(f"the session {self.name!r} was deleted: begin another one")
        return tuple(seen)

    def ask(self, question: str, *, on_event: Callable[[AskEvent], None] | None = None) -> ChatReply:
        """Ask; what it refers to is found in the turns before. ``on_event`` is as of ``Library.ask``.

        Raises:
            UsageError: an empty question. ModelError: the model failed; the turn is not remembered.
        """
        self._on_event = on_event
        return self._conversation.ask(check_question(question))

    def _keep(self, turn: Turn) -> None:
        from longvid_agents.conversation.turns import TURN

        kept = TURN.dump_python(turn, mode="json")
        with self._store.conversing() as connection:
            chats.append(connection, self._session.chat_key, _plain(self.filters), kept, turn.videos)

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


def checked_name(name: str) -> str:
    """A session's name without space around it.

    Raises:
        UsageError: it is empty, longer than 80 letters, or has control characters.
    """
    if not _NAME.fullmatch(name.strip()):
        raise UsageError(f"the session name is {name!r}: use 1 to 80 printable characters")
    return name.strip()


def sessions(store: Store, within: Scope) -> list[ChatInfo]:
    """The conversations that may look at nothing outside ``within``, the one used last first.

    Nothing is told of what the reader may not see any more: neither such a conversation nor such a turn.
    """
    told = []
    with store.view() as view:
        names = None if store.rights is None else view.collections()
        for each in chats.read(view.connection, store.owner):
            own = _filters(each)
            chosen = None if own.video_ids is None else tuple(sorted(own.video_ids))
            if _narrowed(own, within) != own or not all(map(view.has_video, chosen or ())):
                continue
            if own.collection is not None and names is not None and own.collection not in names:
                continue
            turns = [turn for turn in _turns(each) if all(map(view.has_video, turn.videos))]
            last = turns[-1].question if turns else None
            told.append(ChatInfo(each.name, own.collection, chosen, own.speaker, len(turns), last))
    return told


def turns_of(store: Store, name: str) -> tuple[ChatInfo, tuple[Turn, ...]]:
    """A conversation of the store's owner, and its turns that they may see.

    Raises:
        NotFoundError: they have none of that name.
    """
    from longvid_agents.conversation.turns import admitted

    info = next((each for each in sessions(store, Scope()) if each.name == name.strip()), None)
    if info is None:
        raise _no_session(name)
    with store.view() as view:
        found = chats.read(view.connection, store.owner, info.name)
        kept = admitted(_turns(found[0]), _filters(found[0])) if found else ()
        return info, tuple(turn for turn in kept if all(map(view.has_video, turn.videos)))


def _no_session(name: str) -> NotFoundError:
    return NotFoundError(f"there is no session {name!r}: longvid chat --list shows those there are")


def delete(store: Store, name: str) -> None:
    """Delete a conversation.

    Raises:
        NotFoundError: there is none of that name. ReadOnlyError: the library may not be written.
    """
    with store.conversing(erase=True) as connection:
        there = chats.delete_chat(connection, store.owner, name.strip())
    if not there:
        raise _no_session(name)


def rename(store: Store, name: str, new: str) -> None:
    """Call a session by another name. See ``Library.rename_chat``."""
    store.require_writable()
    wanted = checked_name(new)
    with store.conversing() as connection:
        if wanted != name.strip() and chats.read(connection, store.owner, wanted):
            raise UsageError(f"there is a session {wanted!r} already: choose another name")
        there = chats.rename_chat(connection, store.owner, name.strip(), wanted)
    if not there:
        raise _no_session(name)


def _filters(session: StoredChat) -> Scope:
    with _undamaged(session):
        from longvid_agents.conversation.turns import FILTERS

        return FILTERS.validate_python(session.scope)


def _plain(scope: Scope) -> dict[str, Any]:
    """What a conversation may look at, as it is stored; what its reader may see is asked anew each time."""
    from longvid_agents.conversation.turns import FILTERS

    plain: dict[str, Any] = FILTERS.dump_python(scope, mode="json", exclude={"rights"})
    return plain


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


def _kept(session: StoredChat, asked: Scope, store: Store) -> Scope:
    """The session's filters, narrowed by what is asked for now; a wider or another choice is refused.

    The refusal names what was asked for and nothing of the session, which may be of what the caller may not see.
    """
    narrow = _narrowed(_filters(session), asked)
    if narrow is None:
        raise UsageError(
            f"the session {session.name!r} was not begun for {told(asked, store)}: begin another session for that"
        )
    return narrow


def _narrowed(own: Scope, asked: Scope) -> Scope | None:
    """A session's filters within those that are asked for; None where these are others or wider."""
    if asked.collection not in (None, own.collection):
        return None
    return own.narrowed(videos=asked.video_ids, from_s=asked.from_s, to_s=asked.to_s, speaker=asked.speaker)


def told(filters: Scope, store: Store) -> str:
    """Scope as the flags that make them."""
    flags = []
    if filters.collection is not None:
        flags.append(f"--collection {filters.collection}")
    with store.view() as view:
        titles = {card.video_id: card.title for card in view.cards(ids=filters.video_ids or ())}
    flags += [f"--video {titles.get(each, each[:8])!r}" for each in sorted(filters.video_ids or ())]
    if filters.speaker is not None:
        flags.append(f"--speaker {filters.speaker}")
    flags += [
        f"--{flag} {value:g}"
        for flag, value in (("from", filters.from_s), ("to", filters.to_s))
        if value is not None
    ]
    return " ".join(flags) or "no filter"


def exchanged(view: View, exchanges: Iterable[Exchange]) -> list[Turn]:
    """Exchanges as turns; of their places, those that the view has a passage at."""
    from longvid_agents.conversation.turns import Cited, Turn

    turns = []
    for each in exchanges:
        found = {
            (p.video_id, p.start_s): p
            for video_id in {video_id for video_id, _ in each.places if view.has_video(video_id)}
            for p in sorted(view.passages_of(video_id), key=lambda p: p.kind != "translation")
            if any(video_id == at and abs(p.start_s - start_s) < _SAME_S for at, start_s in each.places)
        }
        cards = {card.video_id: card for card in view.cards(ids={p.video_id for p in found.values()})}
        cited = tuple(
            Cited(p.video_id, card.title, card.path, p.start_s, p.end_s, p.kind, p.text, p.speaker, p.id)
            for p in found.values()
            if (card := cards.get(p.video_id))
        )
        claims, videos = tuple(c.quote for c in cited), tuple(sorted(cards))
        turns.append(Turn(each.question, each.question, each.answer, bool(cited), claims, cited, (), videos))
    return turns


def continued(
    opened: Callable[[], AbstractContextManager[View]],
    ask: Callable[[str, View, Sequence[Turn]], Answer],
    question: str,
    before: Iterable[Exchange],
    lm: VideoLM | None,
    engines: Mapping[str, str],
) -> Answer:
    """The answer to a question that may refer to what was asked ``before``; nothing is remembered."""
    from longvid_agents.conversation.chat import Conversation

    with opened() as view:
        turns = exchanged(view, before)
    return Conversation(opened, ask, lambda: turns, lambda turn: None, lm, engines).ask(question).answer
