"""What tells, of each passage, whether a player should start there: many weak signals, none of which decides.

Words count as the share of the question's weight that is said, each word saturated, meaning as cosines; both for the
passage itself and for the seconds around, after and before it (``surroundings.py``). The rest is how people talk.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.surroundings import HABITS, MOST_WEIGHT, WINDOWS
from longvid_storage.search.timeline import Floats, Timeline

SIGNALS = (
    "stretch",
    "wording",
    "own_words",
    "own_cosine",
    *(f"words_{before:g}_{after:g}" for before, after in WINDOWS),
    *(f"cosine_{before:g}_{after:g}" for before, after in WINDOWS),
    *HABITS,
)


def signals(
    timeline: Timeline,
    rows: NDArray[np.intp],
    stretch: Floats,
    lifts: Floats,
    idf: Mapping[str, float],
    query: NDArray[np.float32] | None,
) -> NDArray[np.float64]:
    """Shape ``(len(rows), len(SIGNALS))``.

    Args:
        stretch: the score of each of the timeline's rows as a place; ``lifts`` what its wording adds.
        idf: weight of each of the question's terms.
        query: the question's unit vector; None without an encoder.
    """
    low, high = timeline.around.low[:, rows], timeline.around.high[:, rows]
    own, windows = _words(timeline, rows, low, high, idf)
    cosines = np.zeros((len(WINDOWS) + 1, len(rows)))
    if query is not None and timeline.vectors is not None and timeline.around.norms is not None:
        each = timeline.vectors @ query
        sums = _sums(each * np.minimum(timeline.lengths, MOST_WEIGHT))
        cosines[0] = each[rows]
        cosines[1:] = (sums[high] - sums[low]) / np.maximum(timeline.around.norms[:, rows], 1e-6)
    columns = [stretch[rows], lifts[rows], own, cosines[0], *windows, *cosines[1:]]
    return np.column_stack([*columns, timeline.around.habits[rows]])


def _sums(values: NDArray[np.floating]) -> Floats:
    return np.concatenate([[0.0], np.cumsum(values)])


def _words(
    timeline: Timeline,
    rows: NDArray[np.intp],
    low: NDArray[np.intp],
    high: NDArray[np.intp],
    idf: Mapping[str, float],
) -> tuple[Floats, Floats]:
    """The share of the terms' weight that each row has; and that each of its windows has."""
    total = sum(idf.values()) or 1.0
    own, windows = np.zeros(len(rows)), np.zeros(low.shape)
    for term, weight in idf.items():
        places = timeline.postings.get(term)
        if places is not None:
            counts = np.zeros(len(timeline))
            counts[places.rows] = places.counts
            own += weight / total * (counts[rows] > 0)
            sums = _sums(counts)
            inside = sums[high] - sums[low]
            windows += weight / total * inside / (inside + 1)
    return own, windows
