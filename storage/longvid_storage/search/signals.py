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

from longvid_storage.search.scoring import standardised, theirs
from longvid_storage.search.surroundings import HABITS, MOST_WEIGHT, WINDOWS
from longvid_storage.search.term_sums import TermSums, sums_apart
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
    pool: Sequence[Timeline],
    inside: Mapping[int, NDArray[np.intp]],
    stretch: Sequence[Floats],
    lifts: Sequence[Floats],
    named: Sequence[str],
    terms: TermSums,
    cosines: Sequence[NDArray[np.float32] | None],
) -> Floats:
    """Shape ``(len(SIGNALS), n)``; those of ``COMPARED`` not yet as deviations.

    Args:
        inside: the ``n`` rows that are looked at, by the number of their timeline.
        stretch: the score of each of the timelines' rows as a place; ``lifts`` what its wording adds.
        named: the speakers that the question names.
        terms: how often its terms occur on the timelines.
        cosines: of each of the timelines' rows with the question; None of one without vectors.
    """
    if not inside:
        return np.zeros((len(SIGNALS), 0))
    of = [(pool[number], rows, terms.firsts[number]) for number, rows in inside.items()]
    low = np.concatenate([each.around.low.take(rows, axis=1) + first for each, rows, first in of], axis=1)
    high = np.concatenate([each.around.high.take(rows, axis=1) + first for each, rows, first in of], axis=1)
    places = np.concatenate([rows + first for _, rows, first in of])
    scales = np.repeat([each.scale for each, *_ in of], [len(rows) for _, rows, _ in of])
    score, lift = (np.concatenate([each[n][rows] for n, rows in inside.items()]) for each in (stretch, lifts))
    said = np.concatenate([theirs(each, named)[rows] for each, rows, _ in of])
    own, meaning = _meaning(pool, inside, cosines, low, high)
    words, shares = _words(pool, terms, scales, low, high)
    habits = np.concatenate([each.around.habits[rows] for each, rows, _ in of])
    compared_ones = (score[None], said[None], own[None], words, meaning)
    as_they_are = (score[None], _own_words(terms, places)[None], own[None], shares, meaning[_SHARES])
    return np.concatenate([*compared_ones, *as_they_are, lift[None], habits.T])


def compared(table: Floats, said: Floats) -> Floats:
    """The signals of all that is looked at with deviations; ``said`` is what each row counts for the mean."""
    if len(said):
        those = table[: len(COMPARED)]
        np.clip(standardised(those, said), -_FARTHEST, _FARTHEST, out=those)
    return table


def _own_words(terms: TermSums, places: NDArray[np.intp]) -> Floats:
    """The share of the terms' weight that each row has; ``places`` are the rows in the sums."""
    there = terms.counts(places, places + 1) > 0
    share: Floats = (terms.weighed(there) * there).sum(axis=0) / terms.whole
    return share


def _meaning(
    pool: Sequence[Timeline],
    inside: Mapping[int, NDArray[np.intp]],
    cosines: Sequence[NDArray[np.float32] | None],
    low: NDArray[np.intp],
    high: NDArray[np.intp],
) -> tuple[Floats, Floats]:
    """The cosine of each row, and of what is said in each of its windows, ``(len(WINDOWS), n)``."""
    nears = [
        np.zeros(len(timeline), np.float32) if near is None else near
        for timeline, near in zip(pool, cosines, strict=True)
    ]
    weighted = [
        near * np.minimum(timeline.lengths, MOST_WEIGHT) for timeline, near in zip(pool, nears, strict=True)
    ]
    norms = [
        np.ones((len(WINDOWS), len(rows)))
        if (its := pool[number].around.norms) is None
        else its.take(rows, 1)
        for number, rows in inside.items()
    ]
    own = np.concatenate([nears[number][rows] for number, rows in inside.items()])
    sums = sums_apart(weighted)
    return own, (sums[high] - sums[low]) / np.maximum(np.concatenate(norms, axis=1), 1e-6)


def _words(
    pool: Sequence[Timeline],
    terms: TermSums,
    scales: Floats,
    low: NDArray[np.intp],
    high: NDArray[np.intp],
) -> tuple[Floats, Floats]:
    """BM25 of each row's windows, shape ``(len(WINDOWS), n)``; and of those in ``_SHARED`` the share of the terms'
    weight."""
    lengths = sums_apart([timeline.lengths for timeline in pool])
    full = np.array([sum(window) for window in WINDOWS])[:, None] * scales * WORDS_A_SECOND
    counts = terms.counts(low, high)
    words = terms.bm25(counts, lengths[high] - lengths[low], full)
    some = counts[:, _SHARES]
    shares: Floats = (terms.weighed(some) / terms.whole * some / (some + 1)).sum(axis=0)
    return words, shares
