"""Why a moment is a hit: the utterances and lines on screen in it that fit the question best, with their own spans."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from longvid_storage.db.filters import speaker_key
from longvid_storage.text.analysis import analyse
from longvid_storage.types import Evidence, Filters, ScreenText, Utterance

MOST_SPOKEN = 5
MOST_SHOWN = 3


@dataclass(frozen=True)
class Quotable:
    """A line of speech or of screen text, and its words, analysed when first needed."""

    source: Utterance | ScreenText

    @cached_property
    def terms(self) -> frozenset[str]:
        """Its different terms."""
        language = self.source.language if isinstance(self.source, Utterance) else None
        return frozenset(analyse(self.source.text, language))

    def weight(self, idf: Mapping[str, float]) -> float:
        """What the question's words that it has weigh together."""
        return sum(weight for term, weight in idf.items() if term in self.terms)


class Lines:
    """Lines of speech or of screen text in time order; which of them a span touches is one comparison of arrays."""

    def __init__(self, sources: Iterable[Utterance | ScreenText]) -> None:
        self._quotes = [Quotable(source) for source in sources]
        times = [(quote.source.start_s, quote.source.end_s) for quote in self._quotes]
        self._times: NDArray[np.float64] = np.array(times, np.float64).reshape(-1, 2)

    def touching(self, start_s: float, end_s: float) -> list[Quotable]:
        """Those that share time with ``[start_s, end_s)``."""
        starts, ends = self._times.T
        instant = (starts == start_s) & (ends == start_s)
        rows = np.flatnonzero((starts < end_s) & ((ends > start_s) | instant))
        return [self._quotes[row] for row in rows.tolist()]


@dataclass(frozen=True)
class Quotes:
    """Everything said and shown in a video, in time order."""

    spoken: Lines
    shown: Lines

    @classmethod
    def of(cls, utterances: Iterable[Utterance], lines: Iterable[ScreenText]) -> Quotes:
        """Of a video's utterances and lines."""
        return cls(Lines(utterances), Lines(lines))


def find_evidence(
    quotes: Quotes,
    start_s: float,
    end_s: float,
    peak_s: float,
    idf: Mapping[str, float],
    filters: Filters,
    named: Collection[str] = (),
) -> tuple[Evidence, ...]:
    """The best utterances of the span, best first, then the best lines on screen.

    Utterances with the question's weightiest words come first, then those nearest the peak; a line on screen must
    have some of the words, unless nothing else is there to tell why the span was found. Nobody else is quoted when a
    speaker is asked for, by the filters or in the question (``named``).
    """
    wanted = speaker_key(filters.speaker)
    spoken = [
        (-quote.weight(idf), abs(quote.source.start_s - peak_s), number, quote.source)
        for number, quote in enumerate(quotes.spoken.touching(start_s, end_s))
        if isinstance(quote.source, Utterance)
        and (wanted is None or speaker_key(quote.source.speaker) == wanted)
    ]
    of_named = set(map(speaker_key, named))
    theirs = [each for each in spoken if speaker_key(each[-1].speaker) in of_named]
    best = sorted(theirs or spoken, key=lambda each: each[:3])[:MOST_SPOKEN]
    said = [Evidence("speech", at.start_s, at.end_s, at.text, at.speaker) for *_, at in best]
    if wanted is not None:
        return tuple(said)
    shown = _shown(quotes.shown, start_s, end_s, idf)
    return (*said, *(shown or ([] if said else _shown(quotes.shown, start_s, end_s, idf, any_line=True))))


def _shown(
    quotes: Lines, start_s: float, end_s: float, idf: Mapping[str, float], *, any_line: bool = False
) -> list[Evidence]:
    weighed = [(quote.weight(idf), quote.source) for quote in quotes.touching(start_s, end_s)]
    best: dict[str, ScreenText | Utterance] = {}
    for weight, line in sorted(weighed, key=lambda each: -each[0]):
        if weight > 0 or any_line:
            best.setdefault(line.text.casefold(), line)
    return [
        Evidence("screen", line.start_s, line.end_s, line.text) for line in list(best.values())[:MOST_SHOWN]
    ]
