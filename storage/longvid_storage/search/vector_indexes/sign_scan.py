"""FAISS's scan over signs, one bit each (Charikar 2002, "Similarity estimation techniques from rounding algorithms"):
it names the rows that may be near.

FAISS counts 64, 128, 256 and 512 signs in ways of their own, so that 512 take two thirds of the time of 384. Vectors of
less than 512 numbers are turned into as many as the next of these has by a Hadamard matrix with its rows' signs changed
by chance, a tight frame (Goyal, Vetterli and Thao 1998, "Quantized overcomplete expansions in R^N"): more signs say
more. Of the best 416 of a million vectors of 384 numbers, the 6,144 rows of 512 signs hold .994, the 8,192 of 384 signs
.990.
"""

from __future__ import annotations

import importlib
from functools import cache
from hashlib import shake_256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.vector_indexes.faiss import Chosen

_QUICK = (64, 128, 256, 512)


def _signs(dimension: int) -> int:
    return next((each for each in _QUICK if each >= dimension), dimension)


@cache
def frame(dimension: int) -> NDArray[np.float32] | None:
    """What turns vectors into numbers whose signs are kept, shape (dimension, signs); None: their own are."""
    signs = _signs(dimension)
    if signs == dimension:
        return None
    hadamard = np.ones((1, 1), np.float32)
    while len(hadamard) < signs:
        hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
    drawn = np.frombuffer(shake_256(b"signs").digest(signs // 8), np.uint8)
    changed: NDArray[np.float32] = np.where(np.unpackbits(drawn)[:dimension, None], -1, 1)
    return hadamard[:dimension] * changed.astype(np.float32)


def signs_of(vectors: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Eight a byte, shape (n, ``width_of(dimension)``)."""
    turning = frame(vectors.shape[1])
    numbers = vectors if turning is None else vectors.astype(np.float32) @ turning
    return np.packbits(numbers > 0, axis=1)


def width_of(dimension: int) -> int:
    """Bytes of signs that a vector takes."""
    return -(-_signs(dimension) // 8)


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
