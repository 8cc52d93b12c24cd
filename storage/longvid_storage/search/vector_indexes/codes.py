"""Four bits a number beside signs, in place of sixteen: what a large library keeps of its vectors in memory.

Signs name 6,144 that may be near, the codes of those (FAISS's scalar quantizer) the few dozen or hundred whose vectors
in SQL whoever asks compares. Of a million vectors of 384 numbers it keeps 272 MB, where they are 776. ``docs/scale.md``
says how many of the best are missed.
"""

from __future__ import annotations

import importlib
from typing import Any, Self
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.vector_index import Admitted
from longvid_storage.search.vector_indexes.exact import best_of, places, rows_of
from longvid_storage.search.vector_indexes.faiss import SPARE, Chosen
from longvid_storage.search.vector_indexes.sign_scan import SignScan
from longvid_storage.sign_bits import signs_of

# The sixteen levels of a number lie within so many standard deviations of its mean among the first vectors that come.
_WITHIN = 3.0
_BLOCK = 65_536
# Signs name so many at least, and so many for each that is wanted.
_LIKELY, _FOR_EACH = 6144, 12
# Codes name so many at least: of 62 for the best ten, one in 250 was missed.
_NAMED = 128


class CodeIndex:
    """Signs and codes in the order of ids. Its scores are those of the codes."""

    fewest = 65_536
    """Below so many vectors, all float16 numbers take less than 50 MB, and a scan of them is as quick."""

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self._ids = np.empty(0, np.int64)
        self._signs = SignScan(dimension)
        self._codes = np.empty((0, -(-dimension // 2)), np.uint8)
        self._ranges = np.empty(0, np.float32)  # least and width of each number, shape (2 * dimension,)
        self._known: WeakKeyDictionary[Admitted, Chosen] = WeakKeyDictionary()
        self._spare: list[_CodesOfFew] = []

    def __len__(self) -> int:
        return len(self._ids)

    def ids(self) -> NDArray[np.int64]:
        """The ids of all vectors, ascending."""
        return self._ids

    def named(self, k: int) -> int:
        """How many are to be asked for, so that the ``k`` best of them are the best."""
        return max(_NAMED, k + k // 6 + 32)

    def insert(self, ids: NDArray[np.int64], vectors: NDArray[np.float16]) -> None:
        """Take in vectors, shape (len(ids), dimension); ``ids`` ascend and are new."""
        at = places(self._ids, ids)
        if not len(ids):
            return
        if not len(self._ranges):
            first = vectors[:_BLOCK].astype(np.float32)
            width = _WITHIN * first.std(axis=0)
            self._ranges = np.concatenate([first.mean(axis=0) - width, 2 * width])
        few = _CodesOfFew(self.dimension, self._ranges)
        codes = np.concatenate(
            [few.codes_of(vectors[start : start + _BLOCK]) for start in range(0, len(ids), _BLOCK)]
        )
        signs = [signs_of(vectors[start : start + _BLOCK]) for start in range(0, len(ids), _BLOCK)]
        self._signs.insert(at, np.concatenate(signs))
        self._codes = np.insert(self._codes, at, codes, axis=0) if len(self) else codes
        self._ids = np.insert(self._ids, at, ids)
        self._known.clear()

    def delete(self, ids: NDArray[np.int64]) -> None:
        """Drop the vectors of ``ids``, as far as it holds them."""
        rows = rows_of(self._ids, ids)
        if len(rows):
            self._signs.remove(Chosen.of(rows, len(self)))
            self._codes = np.delete(self._codes, rows, axis=0)
            self._ids = np.delete(self._ids, rows)
            self._known.clear()

    def query(
        self, vector: NDArray[np.float32], k: int, scope: Admitted | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The at most ``k`` of ``scope`` that seem best, and what their codes say of them; equal ones by id."""
        chosen = None if scope is None else self._chosen(scope)
        passing = len(self) if chosen is None else chosen.count
        if not passing:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        vector, likely = vector.astype(np.float32), max(_LIKELY, _FOR_EACH * k)
        if likely < passing:
            rows = self._signs.nearest(vector, likely, chosen)
        else:
            rows = np.arange(len(self)) if chosen is None else np.flatnonzero(chosen.mask)
        try:
            few = self._spare.pop()
        except IndexError:  # the first question, or others are at it too
            few = _CodesOfFew(self.dimension, self._ranges)
        found, scores = few.best(self._codes, rows, vector, k)
        self._spare = [few]
        return self._ids[found], scores

    def _chosen(self, scope: Admitted) -> Chosen:
        chosen = self._known.get(scope)
        if chosen is None:
            chosen = self._known[scope] = Chosen.of(rows_of(self._ids, scope.ids), len(self))
        return chosen

    def to_bytes(self) -> NDArray[np.uint8]:
        """Ranges, what is made of some numbers by them, signs, codes: one after the other."""
        if not len(self._ranges):
            return np.empty(0, np.uint8)
        sample = _CodesOfFew(self.dimension, self._ranges).sample()
        parts = (self._ranges.astype("<f4").view(np.uint8), sample, self._signs.rows(), self._codes)
        return np.concatenate([each.reshape(-1) for each in parts])

    @classmethod
    def from_bytes(cls, ids: NDArray[np.int64], state: NDArray[np.uint8], dimension: int) -> Self:
        """The index that ``ids`` and ``to_bytes`` came from.

        Raises:
            ValueError: they do not belong together, or this FAISS makes other codes.
        """
        index = cls(dimension)
        if not len(ids) and not len(state):
            return index
        if state.dtype != np.uint8:
            raise ValueError(f"codes have the dtype {state.dtype}, expected uint8")
        width = index._codes.shape[1]
        ends = np.cumsum([8 * dimension, width + index._signs.width, len(ids) * index._signs.width])
        ranges, sample, signs, codes = np.split(state, ends)
        index._ranges = ranges.copy().view("<f4").reshape(2 * dimension).astype(np.float32)
        if not np.isfinite(index._ranges).all():
            raise ValueError("ranges of codes are not finite")
        if not np.array_equal(_CodesOfFew(dimension, index._ranges).sample(), sample):
            raise ValueError("codes are not those that this version of FAISS makes")
        index._codes = codes.reshape(len(ids), width).copy()
        index._signs.add(signs.reshape(len(ids), index._signs.width))
        index._ids = ids
        return index


class _CodesOfFew:
    """FAISS's index of the codes of some rows, in memory that the next question uses again.

    Args:
        ranges: least and width of each number, shape (2 * dimension,).
    """

    def __init__(self, dimension: int, ranges: NDArray[np.float32]) -> None:
        faiss: Any = importlib.import_module("faiss")
        self._faiss, self._ranges = faiss, ranges
        self._index = faiss.IndexScalarQuantizer(
            dimension, faiss.ScalarQuantizer.QT_4bit, faiss.METRIC_INNER_PRODUCT
        )
        faiss.copy_array_to_vector(ranges, self._index.sq.trained)
        self._index.is_trained = True

    def codes_of(self, vectors: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Two numbers a byte, shape (n, ceil(dimension / 2))."""
        codes: NDArray[np.uint8] = self._index.sq.compute_codes(vectors.astype(np.float32))
        return codes

    def sample(self) -> NDArray[np.uint8]:
        """The codes, and signs, of numbers in the middle of each level in turn: what a file is of that has the same."""
        least, width = self._ranges.reshape(2, -1)
        levels = (np.arange(len(least)) % 15 + np.float32(0.5)) / np.float32(15)
        numbers = (least + levels * width)[None]
        return np.concatenate([self.codes_of(numbers), signs_of(numbers)], axis=None)

    def best(
        self, codes: NDArray[np.uint8], rows: NDArray[np.int64], vector: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The at most ``k`` of these rows, which ascend, that score best by their codes; equal ones by row."""
        self._hold(codes, rows)
        self._faiss.omp_set_num_threads(1)  # of this thread: others have no part in one question
        question = vector.reshape(1, -1)
        (scores,), (found,) = self._index.search(question, min(k + SPARE, len(rows)))
        if len(found) < len(rows) and scores[-1] == scores[k - 1]:  # of equal ones FAISS keeps any
            least = float(np.nextafter(scores[-1], np.float32(-np.inf)))
            _, scores, found = self._index.range_search(question, least)
        return best_of(rows[found], scores, k)

    def _hold(self, codes: NDArray[np.uint8], rows: NDArray[np.int64]) -> None:
        """Side by side they take half the time that they take where they are."""
        if self._index.ntotal != len(rows):
            self._index.reset()
            self._index.add_sa_codes(np.zeros((len(rows), codes.shape[1]), np.uint8))
        room = self._faiss.rev_swig_ptr(self._index.codes.data(), len(rows) * codes.shape[1])
        np.take(codes, rows, axis=0, out=room.reshape(len(rows), codes.shape[1]), mode="clip")
