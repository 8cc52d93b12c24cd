"""FAISS (Johnson, Douze & Jégou 2017, arXiv 1702.08734): a flat scan over float16 codes, filtered inside the
scan.

The codes are the very float16 numbers kept in SQL, so scores equal the exact index's up to float32 rounding.
"""

from __future__ import annotations

import importlib
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


def _faiss() -> Any:
    """FAISS, whose own stubs know neither selectors nor its numpy wrappers."""
    return importlib.import_module("faiss")


class FaissIndex:
    """Vectors as an ``IndexScalarQuantizer`` of float16 (2 bytes a number)."""

    def __init__(self, dimension: int) -> None:
        faiss = _faiss()
        self._index: Any = faiss.IndexScalarQuantizer(
            dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        self._index.is_trained = True  # float16 codes have nothing to learn

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return int(self._index.d)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, vectors: NDArray[np.float16]) -> None:
        """Append vectors, shape (n, dimension)."""
        if len(vectors):
            codes = np.ascontiguousarray(vectors, "<f2").view(np.uint8)
            self._index.add_sa_codes(codes)

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Drop every position where ``kept`` is False."""
        self._index.remove_ids(self._selector(~kept))

    def search(
        self, query: NDArray[np.float32], limit: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The at most ``limit`` best among ``allowed``, best first; equal scores in order of position."""
        faiss = _faiss()
        limit = min(limit, len(self) if allowed is None else int(np.count_nonzero(allowed)))
        if limit == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        parameters = None if allowed is None else faiss.SearchParameters(sel=self._selector(allowed))
        scores, positions = self._index.search(
            query.reshape(1, -1).astype(np.float32), limit, params=parameters
        )
        order = np.lexsort((positions[0], -scores[0]))
        return positions[0][order], scores[0][order]

    def _selector(self, mask: NDArray[np.bool_]) -> Any:
        faiss = _faiss()
        bits = np.packbits(mask, bitorder="little")
        selector = faiss.IDSelectorBitmap(bits)
        selector.bits = bits  # FAISS keeps only a pointer into it
        return selector

    def to_bytes(self) -> NDArray[np.uint8]:
        """FAISS's own serialisation."""
        faiss = _faiss()
        state: NDArray[np.uint8] = faiss.serialize_index(self._index)
        return state

    @classmethod
    def from_bytes(cls, state: NDArray[np.uint8], dimension: int) -> Self:
        """The index that ``to_bytes`` was called on."""
        faiss = _faiss()
        index = cls(dimension)
        index._index = faiss.deserialize_index(state)
        if index.dimension != dimension:
            raise ValueError(f"cached index has dimension {index.dimension}, expected {dimension}")
        return index
