"""The turns of a conversation, and their form in the database: plain lists and dictionaries, checked when read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import TypeAdapter

from longvid_agents.narrowing import admits
from longvid_storage.db.filters import speaker_key
from longvid_storage.types import Channel, Citation, Filters


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

    @property
    def citation(self) -> Citation:
        """Without its speaker."""
        return Citation(self.video_id, self.title, self.path, self.start_s, self.end_s, self.kind, self.quote)


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


def admitted(turns: Iterable[Turn], filters: Filters) -> tuple[Turn, ...]:
    """The turns of which all that they hold lies within ``filters``: of a session that was narrowed, not the others."""
    ids = filters.video_ids
    return tuple(
        turn
        for turn in turns
        if (ids is None or ids.issuperset(turn.videos))
        and all(_admits(filters, cited) for cited in turn.cited)
    )


def _admits(filters: Filters, cited: Cited) -> bool:
    """Whether it lies in the filters' videos and time, and is speech where they have a speaker (theirs, if known)."""
    return (
        (filters.video_ids is None or cited.video_id in filters.video_ids)
        and admits(filters, cited.start_s, cited.end_s)
        and (
            filters.speaker is None
            or (cited.kind == "speech" and speaker_key(cited.speaker) in (None, speaker_key(filters.speaker)))
        )
    )


# ``dump_python(…, mode="json")`` gives what JSON can hold, ``validate_python`` is its inverse.
TURN = TypeAdapter(Turn)
FILTERS = TypeAdapter(Filters)
