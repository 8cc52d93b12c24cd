"""How often a question's terms occur in windows of time, on all timelines that are looked at together.

Timelines lie side by side in one array, each one place longer than it has rows: what a window holds is a difference of
two sums, and a pool of twelve is asked once, not twelve times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.timeline import Floats, Timeline

K1, B = 1.2, 0.5


@dataclass(frozen=True, slots=True)
class TermSums:
    """Of ``t`` terms, those that any of a pool's ``p`` timelines of ``n`` rows in all has.

    Attributes:
        firsts: ``(p,)``; where each timeline's sums begin.
        terms: ``t`` of them, with their ``weights``; ``whole`` is that of all the question's terms, those that no
            timeline has too.
        sums: ``(t, n + p)``; how often each occurs before each row.
    """

    firsts: NDArray[np.intp]
    terms: tuple[str, ...]
    weights: Floats
    whole: float
    sums: Floats

    @classmethod
    def of(cls, pool: Sequence[Timeline], idf: Mapping[str, float]) -> TermSums:
        """Of what is said and shown."""
        firsts = firsts_of(pool)
        there = [term for term in idf if any(term in timeline.postings for timeline in pool)]
        sums = np.zeros((len(there), sum(map(len, pool)) + len(pool)))
        for first, timeline in zip(firsts.tolist(), pool, strict=True):
            for own, term in zip(sums, there, strict=True):
                if (places := timeline.postings.get(term)) is not None:
                    own[first + 1 + places.rows] = places.counts
        np.cumsum(sums, axis=1, out=sums)  # whole numbers: no sum depends on those before it
        weights = np.array([idf[term] for term in there])
        return cls(firsts, tuple(there), weights, sum(idf.values()) or 1.0, sums)

    def spoken(self, pool: Sequence[Timeline]) -> TermSums:
        """Of what is said alone."""
        if all(timeline.speech.all() for timeline in pool):
            return self
        speech = np.concatenate([np.append(False, timeline.speech) for timeline in pool])
        return replace(self, sums=np.cumsum(np.diff(self.sums, axis=1, prepend=0.0) * speech, axis=1))

    def counts(self, low: NDArray[np.intp], high: NDArray[np.intp]) -> Floats:
        """In windows of half-open ranges of ``sums``, of any shape: ``(t, *low.shape)``."""
        inside = self.sums.take(high, axis=1)
        inside -= self.sums.take(low, axis=1)
        return inside

    def rows(self, numbers: Sequence[int]) -> NDArray[np.bool_]:
        """Which rows have each of these terms, where their sums begin; of the places between timelines none has."""
        there: NDArray[np.bool_] = np.diff(self.sums[numbers], axis=1, append=self.sums[numbers, -1:]) > 0
        return there

    def weighed(self, counts: NDArray[np.float64 | np.bool_]) -> Floats:
        """The terms' weights, beside ``counts``."""
        return self.weights.reshape(-1, *[1] * (counts.ndim - 1))

    def bm25(self, counts: Floats, lengths: Floats, full: Floats) -> Floats:
        """BM25 (Robertson & Zaragoza 2009) of windows of so many terms, where a ``full`` one of ordinary speech has so
        many: not the mean of this pool, so that a pool of one is no exception."""
        norm = K1 * (1 - B + B * lengths / full)
        scores = self.weighed(counts) * counts
        scores *= K1 + 1
        scores /= counts + norm
        summed: Floats = scores.sum(axis=0)
        return summed


def firsts_of(pool: Sequence[Timeline]) -> NDArray[np.intp]:
    """Where each timeline's sums begin, side by side."""
    return np.cumsum([0, *(len(timeline) + 1 for timeline in pool)], dtype=np.intp)[:-1]


def sums_apart(values: Sequence[NDArray[np.floating]]) -> Floats:
    """Running sums of each timeline's values, side by side; each from 0, so that what is equal in two stays equal."""
    sums = np.zeros(sum(map(len, values)) + len(values))
    first = 0
    for each in values:
        np.cumsum(each, out=sums[first + 1 : first + 1 + len(each)])
        first += 1 + len(each)
    return sums
