"""The vector index role: nearest vectors by inner product, over the positions ``0 … len - 1`` of what was
added.

An index is a cache: it is filled from the vectors in SQL and may be thrown away at any time.
"""

from __future__ import annotations

import importlib.util
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class VectorIndex(Protocol):
    """Vectors in order of addition; a position is a row number."""

    def __init__(self, dimension: int) -> None: ...

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        ...

    def __len__(self) -> int:
        """How many vectors it holds."""
        ...

    def add(self, vectors: NDArray[np.float16]) -> None:
        """Append vectors, shape (n, dimension)."""
        ...

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Drop every position where ``kept``, shape (len,), is False; the others close ranks in order."""
        ...

    def search(
        self, query: NDArray[np.float32], limit: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Positions and inner products of the at most ``limit`` best, best first, among those ``allowed``.

        Args:
            query: shape (dimension,).
            limit: at least 1.
            allowed: shape (len,); None allows all.
        """
        ...

    def to_bytes(self) -> NDArray[np.uint8]:
        """Its state, for ``from_bytes`` of the same class."""
        ...

    @classmethod
    def from_bytes(cls, state: NDArray[np.uint8], dimension: int) -> VectorIndex:
        """The index that ``to_bytes`` was called on."""
        ...


def best_index_type() -> type[VectorIndex]:
    """FAISS where it is installed (``longvid[cpu]``), on a GPU where it sees one (``longvid[gpu]``), else the exact
    one."""
    if importlib.util.find_spec("faiss") is not None:
        from longvid_storage.search.vector_indexes.faiss_gpu import FaissGpuIndex, gpu_count

        if gpu_count():
            return FaissGpuIndex
        from longvid_storage.search.vector_indexes.faiss import FaissIndex

        return FaissIndex
    from longvid_storage.search.vector_indexes.exact import ExactIndex

    return ExactIndex
