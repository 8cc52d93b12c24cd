"""The turns of a conversation, and their form in the database: plain lists and dictionaries, checked when read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import TypeAdapter

from longvid_storage.types import Channel, Citation, Scope, speaker_key


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
    passage_id: int = 0

    @property
    def citation(self) -> Citation:
        """Without its speaker."""
        span = (self.start_s, self.end_s)
        return Citation(self.video_id, self.title, self.path, *span, self.kind, self.quote, self.passage_id)


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer.

    ``question`` is as it was asked, ``asked`` as it stands alone; ``notes`` say what was read into it. ``claims``
    and ``cited`` belong together by position: each claim's first citation. ``videos`` are the ids of all videos whose
    words may be in it.
    """

    question: str
    asked: str
    answer: str
    found: bool
    claims: tuple[str, ...] = ()
    cited: tuple[Cited, ...] = ()
    notes: tuple[str, ...] = ()
    videos: tuple[str, ...] = ()


def admitted(turns: Iterable[Turn], filters: Scope) -> tuple[Turn, ...]:
    """The turns of which all that they hold lies within ``filters``: of a session that was narrowed, not the others."""
    ids = filters.video_ids
    return tuple(
        turn
        for turn in turns
        if (ids is None or ids.issuperset(turn.videos))
        and all(_admits(filters, cited) for cited in turn.cited)
    )


def _admits(filters: Scope, cited: Cited) -> bool:
    """Whether it lies in the filters' time, and is speech where they have a speaker (theirs, if known)."""
    theirs = cited.kind == "speech" and speaker_key(cited.speaker) in (None, speaker_key(filters.speaker))
    return filters.touches(cited.start_s, cited.end_s) and (filters.speaker is None or theirs)


# ``dump_python(…, mode="json")`` gives what JSON can hold, ``validate_python`` is its inverse.
TURN = TypeAdapter(Turn)
FILTERS = TypeAdapter(Scope)
