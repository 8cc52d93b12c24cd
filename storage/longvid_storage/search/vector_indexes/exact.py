"""Exact search by one matrix-vector product in numpy: the oracle of every faster index, and the fallback."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray


def best_of(
    positions: NDArray[np.int64], scores: NDArray[np.float32], limit: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The at most ``limit`` highest scores and their positions, best first; equal ones in order of position."""
    if limit < len(scores):
        best = np.argpartition(-scores, limit - 1)[:limit]
        # Everything that ties with the worst of the best competes for its place, so that the lowest
        # position wins.
        best = np.flatnonzero(scores >= scores[best].min())
    else:
        best = np.arange(len(scores))
    best = best[np.lexsort((positions[best], -scores[best]))][:limit]
    return positions[best], scores[best]


class ExactIndex:
    """Vectors as one float32 matrix (4 bytes a number)."""

    def __init__(self, dimension: int) -> None:
        self._matrix: NDArray[np.float32] = np.empty((0, dimension), np.float32)

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return int(self._matrix.shape[1])

    def __len__(self) -> int:
        return len(self._matrix)

    def add(self, vectors: NDArray[np.float16]) -> None:
        """Append vectors, shape (n, dimension)."""
        self._matrix = np.concatenate([self._matrix, vectors.astype(np.float32)])

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Drop every position where ``kept`` is False."""
        self._matrix = self._matrix[kept]

    def search(
        self, query: NDArray[np.float32], limit: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The at most ``limit`` best among ``allowed``, best first; equal scores in order of position."""
        positions = np.arange(len(self), dtype=np.int64) if allowed is None else np.flatnonzero(allowed)
        matrix = self._matrix if allowed is None else self._matrix[positions]
        return best_of(positions, matrix @ query, limit)

    def to_bytes(self) -> NDArray[np.uint8]:
        """The matrix as float16, which is what its numbers came from."""
        return np.frombuffer(self._matrix.astype("<f2").tobytes(), np.uint8)

    @classmethod
    def from_bytes(cls, state: NDArray[np.uint8], dimension: int) -> Self:
        """The index that ``to_bytes`` was called on."""
        index = cls(dimension)
        index.add(np.frombuffer(state.tobytes(), "<f2").reshape(-1, dimension))
        return index
