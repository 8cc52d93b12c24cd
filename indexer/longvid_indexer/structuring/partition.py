"""The best partition of a sequence into segments, by dynamic programming: a global optimum, not a local
threshold.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from longvid_storage.running_sums import running_sums

Floats = NDArray[np.float64]
GainOf = Callable[[int, int], Floats]


def best_partition(n: int, gain: GainOf, first_start: Callable[[int], int]) -> list[int]:
    """Edges ``[0, …, n]`` of the partition of ``n`` items with the largest sum of gains.

    ``gain(low, j)`` is the vector of gains of the segments ``[i, j)`` for ``i`` in ``[low, j)`` (penalties
    and bonuses included, ``-inf`` where a segment is not allowed); ``first_start(j)`` is the earliest start
    of a segment ending at ``j``. Time is O(n x longest segment) evaluations, each row one vectorised call.
    Where no allowed partition exists the result is one segment.

    The shortest-path view of segmentation: Bellman, "On the approximation of curves by line segments using
    dynamic programming", CACM 4 (1961); for text Utiyama and Isahara, "A statistical model for
    domain-independent text segmentation", ACL 2001.
    """
    if n <= 0:
        return [0]
    best = np.full(n + 1, -np.inf)
    best[0] = 0.0
    previous = np.zeros(n + 1, dtype=np.int64)
    for j in range(1, n + 1):
        low = max(0, first_start(j))
        totals = best[low:j] + gain(low, j)
        i = int(np.argmax(totals))
        best[j], previous[j] = totals[i], low + i
    if not np.isfinite(best[n]):
        return [0, n]
    edges = [n]
    while edges[-1] > 0:
        edges.append(int(previous[edges[-1]]))
    return edges[::-1]


class Scatter:
    """How much of the vectors' scatter a segment explains: ``|sum of x|^2 / sum of weights``, in units of a
    block.

    ``vectors`` is (n, d): the weighted sum of centred sentence vectors of each block; ``weights`` is (n,).
    Maximising the sum over segments minimises the scatter of sentences around their segment's mean:
    least-squares change points with the linear kernel, as in content vector segmentation (Alemi and
    Ginsparg, "Text segmentation based on semantic word embeddings", 2015) and kernel change-point detection
    (Arlot, Celisse, Harchaoui, JMLR 2019). One unit is the mean a block explains when alone, which makes a
    penalty comparable between videos.
    """

    def __init__(self, vectors: Floats, weights: Floats) -> None:
        self._sums = running_sums(vectors)
        self._weights = np.concatenate([[0.0], np.cumsum(weights)])
        self._squares = np.einsum("ij,ij->i", self._sums, self._sums)
        alone = np.einsum("ij,ij->i", vectors, vectors) / np.maximum(weights, 1e-9)
        spoken = weights > 0
        self.unit = float(alone[spoken].mean()) if spoken.any() else 0.0

    def gain(self, low: int, j: int) -> Floats:
        """Gains of the segments ``[i, j)`` for ``i`` in ``[low, j)``; zero when there is nothing to tell
        apart.
        """
        if self.unit <= 1e-12:
            return np.zeros(j - low)
        squared = self._squares[low:j] + self._squares[j] - 2.0 * (self._sums[low:j] @ self._sums[j])
        weight = self._weights[j] - self._weights[low:j]
        explained = np.where(weight > 0, np.maximum(squared, 0.0) / np.maximum(weight, 1e-9), 0.0)
        return np.asarray(explained / self.unit)
