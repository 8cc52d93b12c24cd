"""Why a moment is a hit: the utterances and lines on screen in it that fit the question best, with their own spans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from longvid_storage.analysis import analyse
from longvid_storage.filters import speaker_key
from longvid_storage.types import Evidence, Filters, ScreenText, Utterance

MOST_SPOKEN = 5
MOST_SHOWN = 3


def spoken_evidence(
    utterances: Iterable[Utterance], idf: Mapping[str, float], filters: Filters, peak_s: float
) -> list[Evidence]:
    """The best utterances, in time order: those with the question's weightiest words, then those nearest the peak."""
    wanted = speaker_key(filters.speaker)
    fitting = [
        (
            -_weight(utterance.text, utterance.language, idf),
            abs(utterance.start_s - peak_s),
            number,
            utterance,
        )
        for number, utterance in enumerate(utterances)
        if wanted is None or speaker_key(utterance.speaker) == wanted
    ]
    best = sorted(fitting, key=lambda each: each[:3])[:MOST_SPOKEN]
    return [
        Evidence("speech", utterance.start_s, utterance.end_s, utterance.text, utterance.speaker)
        for *_, utterance in sorted(best, key=lambda each: (each[3].start_s, each[2]))
    ]


def shown_evidence(lines: Sequence[ScreenText], idf: Mapping[str, float]) -> list[Evidence]:
    """The lines on screen that have some of the question's words, the best first."""
    weighed = [(_weight(line.text, None, idf), line) for line in lines]
    best = sorted((each for each in weighed if each[0] > 0), key=lambda each: -each[0])
    different = {line.text.casefold(): line for _, line in reversed(best)}
    kept = [line for _, line in best if different[line.text.casefold()] is line][:MOST_SHOWN]
    return [Evidence("screen", line.start_s, line.end_s, line.text) for line in kept]


def _weight(text: str, language: str | None, idf: Mapping[str, float]) -> float:
    return sum(idf.get(term, 0.0) for term in set(analyse(text, language)))
