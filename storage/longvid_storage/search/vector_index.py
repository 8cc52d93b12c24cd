"""The vector index role: nearest vectors by inner product, named by ids.

An index is a cache: it is filled from the vectors in SQL and may be thrown away at any time. It may lie in this process
(FAISS, numpy) or in a store of its own (Milvus, pgvector), which is why a query says what its scope admits both as ids
and as the scope itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from longvid_storage.types import Scope


class Admitted:
    """What a scope admits: an index takes the form that it can use inside its scan.

    Args:
        scope: the filters, for a store that has the filtered columns beside its vectors.
        read: gives the ids, ascending; called once, and only if ``ids`` is asked for.
        groups: where each group of vectors (a video's) is admitted whole or not at all, the numbers of those that are,
            for a store that keeps each vector's group beside it.
        parts: of each part of the vectors (a collection's) that anything is admitted of, its number and whether all of
            it is, for a store that is divided so; None: any part may be.
    """

    def __init__(
        self,
        scope: Scope,
        read: Callable[[], NDArray[np.int64]],
        groups: NDArray[np.int64] | None = None,
        parts: Mapping[int, bool] | None = None,
    ) -> None:
        self.scope = scope
        self.groups = groups
        self.parts = parts
        self._read: Callable[[], NDArray[np.int64]] | None = read
        self._ids = np.empty(0, np.int64)

    @property
    def known(self) -> bool:
        """Whether the ids have been read."""
        return self._read is None

    @property
    def ids(self) -> NDArray[np.int64]:
        """Everything that passes, ascending, for an index that knows only ids; some may not be in the index."""
        if self._read is not None:
            self._ids, self._read = self._read(), None
        return self._ids


class VectorIndex(Protocol):
    """Vectors of one dimension, each with an id. Queries may run at the same time, but not beside a change."""

    def __init__(self, dimension: int) -> None: ...

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        ...

    def __len__(self) -> int:
        """How many vectors it holds."""
        ...

    def ids(self) -> NDArray[np.int64]:
        """The ids of all vectors, ascending."""
        ...

    def insert(self, ids: NDArray[np.int64], vectors: NDArray[np.float16]) -> None:
        """Take in vectors, shape (len(ids), dimension); ``ids`` ascend.

        Raises:
            ValueError: an id is held already.
        """
        ...

    def delete(self, ids: NDArray[np.int64]) -> None:
        """Drop the vectors of ``ids``, which ascend; those that it does not hold are passed over."""
        ...

    def query(
        self, vector: NDArray[np.float32], k: int, scope: Admitted | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids and inner products of the at most ``k`` best, best first, equal scores by id.

        Args:
            vector: shape (dimension,).
            k: at least 1.
            scope: what may be found, applied before ``k``; None is everything.
        """
        ...

    def to_bytes(self) -> NDArray[np.uint8]:
        """What ``from_bytes`` of the same class needs beside the ids; may be a view, good until the next change."""
        ...

    @classmethod
    def from_bytes(cls, ids: NDArray[np.int64], state: NDArray[np.uint8], dimension: int) -> Self:
        """The index that had these ``ids()`` and this ``to_bytes()``.

        Raises:
            ValueError: they do not belong together.
        """
        ...
