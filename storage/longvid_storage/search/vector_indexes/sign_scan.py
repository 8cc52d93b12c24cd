"""FAISS's scan over signs (``longvid_storage.sign_bits``): it names the rows that may be near.

FAISS counts 64, 128, 256 and 512 signs in ways of their own, so that 512 take two thirds of the time of 384.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.vector_indexes.faiss import Chosen
from longvid_storage.sign_bits import signs_of, width_of


class SignScan:
    """The signs of rows, in their order."""

    def __init__(self, dimension: int) -> None:
        self.width = width_of(dimension)
        self._index: Any = importlib.import_module("faiss").IndexBinaryFlat(8 * self.width)
        self._index.use_heap = False  # counting is faster where thousands are named

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def rows(self) -> NDArray[np.uint8]:
        """FAISS's own memory, shape (len, bytes); right until it changes."""
        if not len(self):
            return np.empty((0, self.width), np.uint8)
        flat: NDArray[np.uint8] = importlib.import_module("faiss").rev_swig_ptr(
            self._index.xb.data(), len(self) * self.width
        )
        return flat.reshape(len(self), self.width)

    def add(self, signs: NDArray[np.uint8]) -> None:
        """Rows after all others; as ``signs_of`` gives them."""
        if len(signs):
            self._index.add(np.ascontiguousarray(signs))

    def insert(self, at: NDArray[np.int64], signs: NDArray[np.uint8]) -> None:
        """Rows before those at ``at``, as ``numpy.insert`` has it."""
        if (at < len(self)).any():  # FAISS appends only
            signs = np.insert(self.rows(), at, signs, axis=0)
            self._index.reset()
        self.add(signs)

    def remove(self, rows: Chosen) -> None:
        """Drop rows."""
        self._index.remove_ids(rows.selector)

    def nearest(self, vector: NDArray[np.float32], most: int, chosen: Chosen | None) -> NDArray[np.int64]:
        """The rows, ascending, of the ``most`` of those ``chosen`` (None: all) whose signs agree best with the
        vector's; there are as many."""
        faiss: Any = importlib.import_module("faiss")
        faiss.omp_set_num_threads(1)  # of this thread: others have no part in one question
        parameters = None if chosen is None else faiss.SearchParameters(sel=chosen.selector)
        _, (rows,) = self._index.search(signs_of(vector[None]), most, params=parameters)
        if chosen is not None:
            rows = rows[chosen.mask[rows]]  # what FAISS does with a selector there is its own affair
        ascending: NDArray[np.int64] = np.sort(rows)
        return ascending
