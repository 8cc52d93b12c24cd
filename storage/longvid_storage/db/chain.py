"""The chain of summaries: each event of a video summarised in order, folded into the video's and the library's.

Every sentence of a summary names the passages it rests on, so that an answer made from the chain cites what was said
and shown, never the summary itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from longvid_storage.types import check_span

ChainLevel = Literal["event", "part", "video", "library"]

CHAIN_LEVELS: tuple[ChainLevel, ...] = ("event", "part", "video", "library")


@dataclass(frozen=True, slots=True)
class SummarySentence:
    """One sentence of a summary and the ids of the passages it rests on (at least one), earliest first."""

    text: str
    passages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One summary of the chain.

    ``level``: of an event; of a part (several events, folded because all together would not fit a model's
    window); of the whole video; of several videos (``"library"``, whose span is that of no video: 0 to 0).
    ``seq`` counts the links of a level from 0. ``fingerprint`` names all that went into it: evidence, what came
    before, the model, the wording of the task. ``engine`` wrote it. ``so_far`` is what a reader knows after it,
    told to the model with the next event; it is never quoted.
    """

    level: ChainLevel
    seq: int
    start_s: float
    end_s: float
    sentences: tuple[SummarySentence, ...]
    fingerprint: str
    engine: str
    so_far: str = ""

    def __post_init__(self) -> None:
        check_span(self.start_s, self.end_s)

    @property
    def text(self) -> str:
        """The summary as one paragraph."""
        return " ".join(sentence.text for sentence in self.sentences)


def to_json(sentences: Iterable[SummarySentence]) -> list[Any]:
    """Sentences as plain lists, as they are stored."""
    return [[sentence.text, list(sentence.passages)] for sentence in sentences]


def from_json(rows: Sequence[Any]) -> tuple[SummarySentence, ...]:
    """The inverse of ``to_json``."""
    return tuple(SummarySentence(text, tuple(passages)) for text, passages in rows)
