"""The turns of a conversation, and their form on disk: plain lists and dictionaries, nothing that runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from longvid_agents import context
from longvid_storage.types import Channel, Citation, Scope


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation of an earlier answer, and who said it, where that is known."""

    video_id: str
    title: str
    path: str
    start_s: float
    end_s: float
    kind: Channel
    quote: str
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer.

    ``question`` is as it was asked, ``asked`` as it stands alone; ``notes`` say what was read into it. ``claims``
    and ``cited`` belong together by position: each claim's first citation.
    """

    question: str
    asked: str
    answer: str
    found: bool
    claims: tuple[str, ...] = ()
    cited: tuple[Cited, ...] = ()
    notes: tuple[str, ...] = ()


def as_context(turns: Sequence[Turn]) -> context.Context:
    """The turns as the agent's graph reads them."""
    return context.Context(
        tuple(context.Turn(t.asked, t.answer, tuple(map(citation_of, t.cited))) for t in turns)
    )


def citation_of(cited: Cited) -> Citation:
    """The citation without its speaker."""
    c = cited
    return Citation(c.video_id, c.title, c.path, c.start_s, c.end_s, c.kind, c.quote)


def turn_to_plain(turn: Turn) -> dict[str, Any]:
    """For a checkpoint."""
    return asdict(turn)


def turn_from_plain(plain: Mapping[str, Any]) -> Turn:
    """The inverse; raises ``KeyError`` or ``TypeError`` for something that is no turn."""
    return Turn(
        question=str(plain["question"]),
        asked=str(plain["asked"]),
        answer=str(plain["answer"]),
        found=bool(plain["found"]),
        claims=tuple(map(str, plain["claims"])),
        cited=tuple(Cited(**each) for each in plain["cited"]),
        notes=tuple(map(str, plain["notes"])),
    )


def turns_from_plain(plain: Sequence[Mapping[str, Any]]) -> tuple[Turn, ...]:
    """Turns, oldest first."""
    return tuple(map(turn_from_plain, plain))


def filters_to_plain(filters: Scope) -> dict[str, Any]:
    """For a checkpoint."""
    ids = filters.video_ids
    return {**asdict(filters), "video_ids": None if ids is None else sorted(ids)}


def filters_from_plain(plain: Mapping[str, Any]) -> Scope:
    """The inverse."""
    ids = plain["video_ids"]
    return Scope(**{**plain, "video_ids": None if ids is None else frozenset(map(str, ids))})
