"""One bit a number, its sign, in place of sixteen: for vectors that take more memory than may be kept of them.

Signs name what may be near (Charikar 2002, "Similarity estimation techniques from rounding algorithms"); whoever asks
compares that by the vectors in SQL. Of a million vectors of 384 numbers it keeps 56 MB, where they are 776.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.vector_index import Admitted
from longvid_storage.search.vector_indexes.exact import best_of, places, rows_of

LIKELY = 8192
"""Of so many at least the vectors are to be compared."""
_BLOCK = 65_536


class SignIndex:
    """Signs, in words of 64, in the order of ids."""

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self._ids = np.empty(0, np.int64)
        self._signs = np.empty((0, -(-dimension // 64)), np.uint64)

    def __len__(self) -> int:
        return len(self._ids)

    def ids(self) -> NDArray[np.int64]:
        """The ids of all vectors, ascending."""
        return self._ids

    def named(self, k: int) -> int:
        """How many are to be asked for, so that the ``k`` best of them are the best."""
        return max(LIKELY, 16 * k)

    def insert(self, ids: NDArray[np.int64], vectors: NDArray[np.float16]) -> None:
        """Take in the signs of vectors, shape (len(ids), dimension); ``ids`` ascend and are new."""
        at = places(self._ids, ids)
        self._signs = np.insert(self._signs, at, self._packed(vectors), axis=0)
        self._ids = np.insert(self._ids, at, ids)

    def delete(self, ids: NDArray[np.int64]) -> None:
        """Drop those of ``ids``, as far as it holds them."""
        rows = rows_of(self._ids, ids)
        self._signs = np.delete(self._signs, rows, axis=0)
        self._ids = np.delete(self._ids, rows)

    def query(
        self, vector: NDArray[np.float32], k: int, scope: Admitted | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The at most ``k`` of ``scope`` that have most of the vector's signs, and how many; equal ones by id."""
        rows = np.arange(len(self)) if scope is None else rows_of(self._ids, scope.ids)
        asked, agree = self._packed(vector[None]), np.empty(len(rows), np.float32)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            agree[start : start + _BLOCK] = -np.bitwise_count(self._signs[block] ^ asked).sum(1, np.int32)
        return best_of(self._ids[rows], agree + self.dimension, k)

    def _packed(self, vectors: NDArray[np.floating]) -> NDArray[np.uint64]:
        bits = np.packbits(vectors > 0, axis=1)
        padded = np.zeros((len(bits), 8 * self._signs.shape[1]), np.uint8)
        padded[:, : bits.shape[1]] = bits
        return padded.view(np.uint64)

    def to_bytes(self) -> NDArray[np.uint8]:
        """The signs."""
        return self._signs.reshape(-1).view(np.uint8)

    @classmethod
    def from_bytes(cls, ids: NDArray[np.int64], state: NDArray[np.uint8], dimension: int) -> Self:
        """The index that ``ids`` and ``to_bytes`` came from."""
        index = cls(dimension)
        index._signs = state.view(np.uint64).reshape(len(ids), index._signs.shape[1]).copy()
        index._ids = ids
        return index
