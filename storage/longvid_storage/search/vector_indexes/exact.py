"""Exact search by one matrix-vector product in numpy: the oracle of every faster index, and the fallback.

Indexes in this process keep their rows in the order of ids; what that takes is here for all of them.
"""

from __future__ import annotations

from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.vector_index import Admitted, VectorIndex

Index = TypeVar("Index", bound=VectorIndex)


def rows_of(held: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows of those of ``wanted`` that are ``held``; both ascend, and so do the rows."""
    rows = np.searchsorted(held, wanted)
    inside = rows < len(held)
    inside[inside] = held[rows[inside]] == wanted[inside]
    return rows[inside]


def places(held: NDArray[np.int64], new: NDArray[np.int64]) -> NDArray[np.int64]:
    """For ``numpy.insert``: the row before which each of ``new`` belongs among ``held``; both ascend.

    Raises:
        ValueError: one is held already.
    """
    if len(again := rows_of(held, new)):
        raise ValueError(
            f"id {held[again[0]]} is in the index already: delete it before its new vector comes"
        )
    return np.searchsorted(held, new)


def inner_products(rows: NDArray[np.float32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """One for each row. Not ``rows @ vector``: that sums in an order which depends on the row's place, and then equal
    rows do not score equal."""
    scores: NDArray[np.float32] = np.vecdot(rows, vector)
    return scores


def best_of(
    ids: NDArray[np.int64], scores: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The at most ``k`` highest scores and their ids (or rows), best first; equal ones by id."""
    best = np.arange(len(scores))
    if k < len(scores):
        worst = scores[np.argpartition(-scores, k - 1)[k - 1]]
        # Everything that ties with the worst of the best competes for its place, so that the lowest id wins.
        best = np.flatnonzero(scores >= worst)
    best = best[np.lexsort((ids[best], -scores[best]))][:k]
    return ids[best], scores[best]


def filled(index: Index, ids: NDArray[np.int64], state: NDArray[np.uint8]) -> Index:
    """``index``, which is empty, with the float16 rows that ``state`` holds in the order of ``ids``."""
    index.insert(ids, state.view("<f2").reshape(len(ids), index.dimension))
    return index


class ExactIndex:
    """Vectors as one float32 matrix (4 bytes a number)."""

    def __init__(self, dimension: int) -> None:
        self._ids = np.empty(0, np.int64)
        self._rows: NDArray[np.float32] = np.empty((0, dimension), np.float32)

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return int(self._rows.shape[1])

    def __len__(self) -> int:
        return len(self._ids)

    def ids(self) -> NDArray[np.int64]:
        """The ids of all vectors, ascending."""
        return self._ids

    def insert(self, ids: NDArray[np.int64], vectors: NDArray[np.float16]) -> None:
        """Take in vectors, shape (len(ids), dimension); ``ids`` ascend and are new."""
        at = places(self._ids, ids)
        rows = vectors.astype(np.float32)
        self._rows = np.insert(self._rows, at, rows, axis=0) if len(self) else rows
        self._ids = np.insert(self._ids, at, ids)

    def delete(self, ids: NDArray[np.int64]) -> None:
        """Drop the vectors of ``ids``, as far as it holds them."""
        rows = rows_of(self._ids, ids)
        self._rows = np.delete(self._rows, rows, axis=0)
        self._ids = np.delete(self._ids, rows)

    def query(
        self, vector: NDArray[np.float32], k: int, scope: Admitted | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The at most ``k`` best of ``scope``, best first; equal scores by id."""
        if scope is None:
            return best_of(self._ids, inner_products(self._rows, vector), k)
        rows = rows_of(self._ids, scope.ids)
        return best_of(self._ids[rows], inner_products(self._rows[rows], vector), k)

    def to_bytes(self) -> NDArray[np.uint8]:
        """The matrix as float16, which is what its numbers came from."""
        return self._rows.astype("<f2").reshape(-1).view(np.uint8)

    @classmethod
    def from_bytes(cls, ids: NDArray[np.int64], state: NDArray[np.uint8], dimension: int) -> Self:
        """The index that ``ids`` and ``to_bytes`` came from."""
        return filled(cls(dimension), ids, state)
