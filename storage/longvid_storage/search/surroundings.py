"""What of a passage's surroundings is the same for every question: its windows in time, and how people talk in it.

Computed once a timeline; ``signals.py`` compares it with a question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longvid_storage.running_sums import running_sums
from longvid_storage.text.sentences import asks

WINDOWS = (
    *((half_s, half_s) for half_s in (10.0, 20.0, 30.0, 60.0, 120.0, 240.0)),
    *((0.0, 30.0), (0.0, 60.0), (0.0, 120.0), (30.0, 0.0), (90.0, 0.0), (150.0, 150.0)),
)
"""Seconds before and after a passage's start, in an hour of video; fewer in a short one."""
HABITS = ("asked_before", "asks", "length", "early", "late", "position", "other_speaker", "pause", "turn")
MOST_WEIGHT = 30.0
"""A longer passage weighs no more than one of so many terms in a window's vector."""
_BEFORE, _AFTER = WINDOWS.index((90.0, 0.0)), WINDOWS.index((0.0, 120.0))
_EDGE = 0.04
_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Of each of ``n`` rows.

    Attributes:
        low, high: ``(len(WINDOWS), n)``; the half-open range of rows that begin in each window, its own among them.
        norms: of each window's weighted sum of vectors; None without vectors.
        habits: ``(n, len(HABITS))``.
    """

    low: NDArray[np.intp]
    high: NDArray[np.intp]
    norms: NDArray[np.float32] | None
    habits: NDArray[np.float32]


def surroundings(
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    lengths: NDArray[np.float64],
    texts: Sequence[str],
    speakers: Sequence[str | None],
    vectors: NDArray[np.float32] | None,
    scale: float,
) -> Surroundings:
    """Of rows that are ordered by their middles; ``lengths`` in terms, ``scale`` that of the video's windows."""
    if not len(starts):
        nothing = np.zeros((len(WINDOWS), 0), np.intp)
        return Surroundings(nothing, nothing, None, np.zeros((0, len(HABITS)), np.float32))
    order = np.maximum.accumulate(starts)  # a long row may begin before the one ahead of it
    here = np.arange(len(starts))
    low = np.stack([np.searchsorted(order, starts - before * scale - 1e-6) for before, _ in WINDOWS])
    high = np.stack([np.searchsorted(order, starts + after * scale) for _, after in WINDOWS])
    low, high = np.minimum(low, here), np.maximum(high, here + 1)
    norms, turn = None, np.zeros(len(starts))
    if vectors is not None:
        weighted = vectors * np.minimum(lengths, MOST_WEIGHT)[:, None].astype(np.float32)
        sums = running_sums(weighted, np.float32)
        within = (sums[last] - sums[first] for first, last in zip(low, high, strict=True))
        norms = np.sqrt(np.stack([np.vecdot(each, each) for each in within]))
        turn = _turn(sums[here] - sums[low[_BEFORE]], sums[high[_AFTER]] - sums[here])
    asking = [asks(text) for text in texts]
    position = (starts - starts.min()) / max(float(ends.max() - starts.min()), 1.0)
    other = [True, *(one != two for one, two in zip(speakers[1:], speakers[:-1], strict=True))]
    pause = np.append(_PAUSE_S, np.clip(starts[1:] - ends[:-1], 0.0, _PAUSE_S))
    edges = (position < _EDGE, position > 1 - _EDGE)
    habits = [[False, *asking[:-1]], asking, np.log1p(lengths), *edges, position, other, pause, turn]
    return Surroundings(low, high, norms, np.stack(habits, axis=1).astype(np.float32))


def _turn(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float64]:
    """How much another subject begins at each row: 1 - cosine of the minutes before it and after it."""
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    turned: NDArray[np.float64] = 1 - (before * after).sum(axis=1) / np.maximum(lengths, 1e-6)
    return turned
