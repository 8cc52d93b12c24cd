"""FAISS (Johnson, Douze & Jégou 2017, arXiv 1702.08734): a flat scan over float16 codes, filtered inside the
scan.

The codes are the very float16 numbers kept in SQL, so nothing is lost; what the scan names is scored anew as the exact
index scores it, so that scores and order are its.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Self
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.vector_index import Admitted
from longvid_storage.search.vector_indexes.exact import best_of, filled, inner_products, places, rows_of

# FAISS adds up in another order than numpy, and of equal scores it keeps any: so many more than asked for are named.
# Where the last of them is not worse than the last one asked for by this share of the lengths, all that may be as good
# are named.
SPARE = 16
_DOUBT = 2.0**-19  # a float32 sum was off by 2^-21.8 at most, over 150,000 pairs of 16 to 1,024 numbers
_BLOCK = 65_536


def _faiss() -> Any:
    """FAISS, whose own stubs know neither selectors nor its numpy wrappers."""
    return importlib.import_module("faiss")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rows that a scope admits: ``mask``, shape (len,), True for ``count`` of them."""

    mask: NDArray[np.bool_]
    count: int
    selector: Any

    @classmethod
    def of(cls, rows: NDArray[np.int64], length: int) -> Self:
        """For rows of an index of ``length``."""
        mask = np.zeros(length, np.bool_)
        mask[rows] = True
        bits = np.packbits(mask, bitorder="little")
        selector = _faiss().IDSelectorBitmap(bits)
        selector.bits = bits  # FAISS keeps only a pointer into it
        return cls(mask, len(rows), selector)


class FaissIndex:
    """Vectors as an ``IndexScalarQuantizer`` of float16 (2 bytes a number); rows lie in the order of ids."""

    def __init__(self, dimension: int) -> None:
        faiss = _faiss()
        self._ids = np.empty(0, np.int64)
        self._index: Any = faiss.IndexScalarQuantizer(
            dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        self._index.is_trained = True  # float16 codes have nothing to learn
        # One scope is often asked with many questions, and finding a million ids takes 40 ms.
        self._known: WeakKeyDictionary[Admitted, Chosen] = WeakKeyDictionary()

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return int(self._index.d)

    def __len__(self) -> int:
        return len(self._ids)

    def ids(self) -> NDArray[np.int64]:
        """The ids of all vectors, ascending."""
        return self._ids

    def insert(self, ids: NDArray[np.int64], vectors: NDArray[np.float16]) -> None:
        """Take in vectors, shape (len(ids), dimension); ``ids`` ascend and are new."""
        at = places(self._ids, ids)
        if (at < len(self)).any():  # FAISS appends only: what belongs in between makes it begin again
            vectors = np.insert(self._rows(), at, vectors, axis=0)
            self._index.reset()
        if len(ids):
            self._index.add_sa_codes(np.ascontiguousarray(vectors, "<f2").view(np.uint8))
        self._ids = np.insert(self._ids, at, ids)
        self._changed()

    def delete(self, ids: NDArray[np.int64]) -> None:
        """Drop the vectors of ``ids``, as far as it holds them."""
        rows = rows_of(self._ids, ids)
        if len(rows):
            self._index.remove_ids(Chosen.of(rows, len(self)).selector)
            self._ids = np.delete(self._ids, rows)
            self._changed()

    def _changed(self) -> None:
        """Forget what held for the rows as they were."""
        self._known.clear()

    def query(
        self, vector: NDArray[np.float32], k: int, scope: Admitted | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The at most ``k`` best of ``scope``, best first; equal scores by id."""
        chosen = None if scope is None else self._chosen(scope)
        if chosen is not None and chosen.count == len(self):
            chosen = None
        if (len(self) if chosen is None else chosen.count) == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        rows, scores = self._nearest(vector.astype(np.float32), k, chosen)
        return self._ids[rows], scores

    def _chosen(self, scope: Admitted) -> Chosen:
        chosen = self._known.get(scope)
        if chosen is None:
            chosen = self._known[scope] = Chosen.of(rows_of(self._ids, scope.ids), len(self))
        return chosen

    def _nearest(
        self, vector: NDArray[np.float32], k: int, chosen: Chosen | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rows and scores of the best of those ``chosen`` (None: all), of which there is at least one."""
        passing = len(self) if chosen is None else chosen.count
        parameters = None if chosen is None else _faiss().SearchParameters(sel=chosen.selector)
        question = vector.reshape(1, -1)
        _faiss().omp_set_num_threads(
            1
        )  # of this thread: others have no part in one question, and would wait at full speed
        rough, (rows,) = self._index.search(question, min(k + SPARE, passing), params=parameters)
        if len(rows) < passing:
            lengths = np.linalg.norm(self._rows()[rows].astype(np.float32), axis=1)
            least = np.float32(rough[0, k - 1] - _DOUBT * np.linalg.norm(vector) * lengths.max())
            if rough[0, -1] >= least:  # many frames of one still picture, say
                least = np.nextafter(least, np.float32(-np.inf))
                _, _, rows = self._index.range_search(question, float(least), params=parameters)
        return best_of(rows, self._scores(rows, vector), k)

    def _scores(self, rows: NDArray[np.int64], vector: NDArray[np.float32]) -> NDArray[np.float32]:
        blocks = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
        scores = [inner_products(self._rows()[block].astype(np.float32), vector) for block in blocks]
        return np.concatenate([np.empty(0, np.float32), *scores])

    def _rows(self) -> NDArray[np.float16]:
        """FAISS's own memory, shape (len, dimension); right until the index changes."""
        if not len(self):
            return np.empty((0, self.dimension), "<f2")
        flat = _faiss().rev_swig_ptr(self._index.codes.data(), 2 * len(self) * self.dimension)
        codes: NDArray[np.float16] = flat.view("<f2").reshape(len(self), self.dimension)
        return codes

    def to_bytes(self) -> NDArray[np.uint8]:
        """A view of the float16 codes: FAISS's own files are not read back, since it trusts what they say of sizes."""
        return self._rows().reshape(-1).view(np.uint8)

    @classmethod
    def from_bytes(cls, ids: NDArray[np.int64], state: NDArray[np.uint8], dimension: int) -> Self:
        """The index that ``ids`` and ``to_bytes`` came from."""
        return filled(cls(dimension), ids, state)
