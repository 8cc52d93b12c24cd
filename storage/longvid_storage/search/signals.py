"""What tells, of each passage, whether a player should start there: many weak signals, none of which decides.

Inside one video, and in short ones, words count as BM25 (Robertson & Zaragoza 2009) and meaning as cosines, for
windows of many lengths around, after and before a passage's start (``surroundings.py``), each as deviations from the
mean of all that is looked at for the question. Across many videos they count as they are: words as the share of the
question's weight that is said, each word saturated. The rest is how people talk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.scoring import K1, B, standardised, term_sums
from longvid_storage.search.surroundings import HABITS, MOST_WEIGHT, WINDOWS
from longvid_storage.search.timeline import WORDS_A_SECOND, Floats, Timeline

COMPARED = (
    "stretch",
    "speaker",
    "own_cosine",
    *(f"words_{before:g}_{after:g}" for before, after in WINDOWS),
    *(f"cosine_{before:g}_{after:g}" for before, after in WINDOWS),
)
"""Those that are deviations from the question's mean."""
_SHARED = ((30.0, 30.0), (0.0, 60.0), (150.0, 150.0))
_SHARES = [WINDOWS.index(window) for window in _SHARED]
AS_THEY_ARE = (
    "place",
    "own_words",
    "near_own",
    *(f"share_{before:g}_{after:g}" for before, after in _SHARED),
    *(f"near_{before:g}_{after:g}" for before, after in _SHARED),
)
SIGNALS = (*COMPARED, *AS_THEY_ARE, "wording", *HABITS)
_FARTHEST = 12.0


def signals(
    timeline: Timeline,
    rows: NDArray[np.intp],
    stretch: Floats,
    lifts: Floats,
    theirs: Floats,
    idf: Mapping[str, float],
    own_cosines: NDArray[np.float32] | None,
) -> Floats:
    """Shape ``(len(rows), len(SIGNALS))``; those of ``COMPARED`` not yet as deviations.

    Args:
        stretch: the score of each of the timeline's rows as a place; ``lifts`` what its wording adds; ``theirs``
            whether a speaker that the question names says it.
        idf: weight of each of the question's terms.
        own_cosines: of each of the timeline's rows with the question; None without vectors.
    """
    low, high = timeline.around.low[:, rows], timeline.around.high[:, rows]
    cosines = np.zeros((len(WINDOWS) + 1, len(rows)))
    if own_cosines is not None and timeline.around.norms is not None:
        sums = _sums(own_cosines * np.minimum(timeline.lengths, MOST_WEIGHT))
        cosines[0] = own_cosines[rows]
        cosines[1:] = (sums[high] - sums[low]) / np.maximum(timeline.around.norms[:, rows], 1e-6)
    words, shares = _words(timeline, low, high, idf)
    near = cosines[1:][_SHARES]
    columns = [stretch[rows], theirs[rows], cosines[0], *words, *cosines[1:]]
    columns += [
        stretch[rows],
        _own_words(timeline, rows, idf),
        cosines[0],
        *shares[_SHARES],
        *near,
        lifts[rows],
    ]
    return np.column_stack([*columns, timeline.around.habits[rows]])


def compared(tables: Sequence[Floats], said: Floats) -> Floats:
    """The tables of all that is looked at as one, with deviations; ``said`` is what each row counts for the mean."""
    whole = np.concatenate([*tables, np.zeros((0, len(SIGNALS)))])
    if len(whole):
        columns = np.ascontiguousarray(whole[:, : len(COMPARED)].T)
        whole[:, : len(COMPARED)] = np.clip(standardised(columns, said), -_FARTHEST, _FARTHEST).T
    return whole


def _own_words(timeline: Timeline, rows: NDArray[np.intp], idf: Mapping[str, float]) -> Floats:
    """The share of the terms' weight that each row has."""
    own = np.zeros(len(timeline))
    for term, weight in idf.items():
        if term in timeline.postings:
            own[timeline.postings[term].rows] += weight
    share: Floats = own[rows] / (sum(idf.values()) or 1.0)
    return share


def _sums(values: NDArray[np.floating]) -> Floats:
    return np.concatenate([[0.0], np.cumsum(values)])


def _words(
    timeline: Timeline, low: NDArray[np.intp], high: NDArray[np.intp], idf: Mapping[str, float]
) -> tuple[Floats, Floats]:
    """BM25 of each row's windows, shape ``(len(WINDOWS), len(rows))``; and the share of the terms' weight in them."""
    spoken = _sums(timeline.lengths)
    full = np.array([sum(window) for window in WINDOWS])[:, None] * timeline.scale * WORDS_A_SECOND
    norm = K1 * (1 - B + B * (spoken[high] - spoken[low]) / full)
    weights, sums = term_sums(timeline, idf)
    weights = weights[:, :, None]
    inside = sums[:, high] - sums[:, low]
    words = (weights * inside * (K1 + 1) / (inside + norm)).sum(axis=0)
    shares = (weights / (sum(idf.values()) or 1.0) * inside / (inside + 1)).sum(axis=0)
    return words, shares
