"""Where a cut would be natural: a slide or shot begins, somebody else takes the floor, after a pause, with
a question.

Nothing here knows a language: cue words ("okay, next …") gave too little to be sure of (docs/structure.md).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from longvid_storage.types import Passage, ScreenText, Segment, Slide

Floats = NDArray[np.float64]

_PAUSE_FULL_S = 3.0
_FLOOR_S = 60.0
_QUESTION_WORDS = 80
_LONG_TURN_WORDS = 200
_TOGETHER_S = 2.0
_MOST_SPEAKERS = 100

PAUSE, SPEAKER, FLOOR, QUESTION, LONG_TURN = 0.7, 1.0, 1.0, 0.4, 0.3
SLIDE, SHOT, SHOT_AMONG_SLIDES = 2.5, 1.4, 0.4


@dataclass(frozen=True)
class StructureEvidence:
    """What a video offers for structuring; ``said`` in order of start, ``vectors`` theirs (n, d), if any."""

    duration_s: float
    said: Sequence[Passage]
    shots: Sequence[Segment]
    slides: Sequence[Slide]
    screen_texts: Sequence[ScreenText]
    vectors: NDArray[np.float32] | None = None


def cut_strengths(source: StructureEvidence) -> dict[float, float]:
    """Times at which a cut is natural and how natural: 0 where anybody goes on speaking, about 1.5 for a
    slide.
    """
    strengths = _speech_strengths(source.said)
    spoken = sorted(strengths)
    for start_s, value in _picture_starts(source):
        # People begin a topic a moment before or after its slide: the slide's time then stands for both.
        near = spoken[bisect_left(spoken, start_s - _TOGETHER_S) : bisect_left(spoken, start_s + _TOGETHER_S)]
        speech = max((strengths[time] for time in near), default=0.0)
        strengths[start_s] = max(strengths.get(start_s, 0.0), value + speech)
    return {time: value for time, value in strengths.items() if 0 < time < source.duration_s}


def _picture_starts(source: StructureEvidence) -> list[tuple[float, float]]:
    slides = {slide.start_s: SLIDE for slide in source.slides}
    value = SHOT_AMONG_SLIDES if source.slides else SHOT
    shots = {shot.start_s: value for shot in source.shots}
    return sorted({**shots, **slides}.items())


def _speech_strengths(said: Sequence[Passage]) -> dict[float, float]:
    if not said:
        return {}
    starts = np.array([u.start_s for u in said])
    ends = np.maximum.accumulate(np.array([u.end_s for u in said]))
    pause = np.clip(starts[1:] - ends[:-1], 0.0, _PAUSE_FULL_S) / _PAUSE_FULL_S
    change = np.array([b.speaker != a.speaker for a, b in pairwise(said)])
    values = np.zeros(len(said))
    values[1:] = PAUSE * pause + SPEAKER * change
    values += FLOOR * floor_change(said, starts)
    turn_words, asks = _turns(said)
    values += LONG_TURN * np.minimum(turn_words, _LONG_TURN_WORDS) / _LONG_TURN_WORDS + QUESTION * asks
    found: dict[float, float] = {}
    for time, value in zip(starts.tolist(), values.tolist(), strict=True):
        found[time] = max(found.get(time, 0.0), value)
    return found


def main_speakers(names: Iterable[str | None]) -> list[str | None]:
    """Who is told apart: those of most passages, ``_MOST_SPEAKERS`` at most, for each takes a column beside all that is
    said, and captions may name another in every line."""
    counted = Counter(names)
    return (
        list(counted)
        if len(counted) <= _MOST_SPEAKERS
        else [n for n, _ in counted.most_common(_MOST_SPEAKERS)]
    )


def floor_change(said: Sequence[Passage], starts: Floats) -> Floats:
    """How much the shares of the speakers differ between the minute before and after each start: (n,), 0 to
    1.
    """
    speakers = {name: i for i, name in enumerate(main_speakers(u.speaker for u in said))}
    words = np.zeros((len(said) + 1, len(speakers) + 1))  # the last: everybody else
    for index, passage in enumerate(said, 1):
        words[index, speakers.get(passage.speaker, len(speakers))] = len(passage.text.split())
    until = np.cumsum(words, axis=0)
    here = np.arange(len(said))
    before = until[here] - until[np.searchsorted(starts, starts - _FLOOR_S)]
    after = until[np.searchsorted(starts, starts + _FLOOR_S)] - until[here]
    return np.asarray(0.5 * np.abs(_shares(after) - _shares(before)).sum(axis=1) * before.any(axis=1))


def _shares(words: Floats) -> Floats:
    return np.asarray(words / np.maximum(words.sum(axis=1, keepdims=True), 1.0))


def _turns(said: Sequence[Passage]) -> tuple[Floats, Floats]:
    """For each passage: how many words its speaker goes on for, and whether a question comes soon in
    them.
    """
    lengths, asks = np.zeros(len(said)), np.zeros(len(said))
    words, question_in = 0, _QUESTION_WORDS + 1
    for index in range(len(said) - 1, -1, -1):
        passage = said[index]
        if index + 1 < len(said) and said[index + 1].speaker != passage.speaker:
            words, question_in = 0, _QUESTION_WORDS + 1
        own = len(passage.text.split())
        words, question_in = words + own, 0 if any(c in passage.text for c in "?？؟") else question_in + own
        lengths[index], asks[index] = words, float(question_in <= _QUESTION_WORDS)
    return lengths, asks
