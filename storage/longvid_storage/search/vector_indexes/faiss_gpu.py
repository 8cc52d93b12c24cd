"""FAISS on a GPU: it proposes candidates in float16, and their exact scores decide.

A copy of ``FaissIndex``'s rows on the GPU names those that may be best; they are scored anew on the host, so order and
scores are those of the exact index. Whether a row that was not named could still belong among the best is a matter of
the rounding error, which has a bound; where it could, more are asked for, and in the end the host scans.

The GPU's flat index knows no filter (it ignores FAISS's selectors without a word), so a scope is applied to the
candidates, under the same proof; a narrow one is left to the host, which scans only what it admits.

Of ``fewest`` vectors and more the host itself compares those that a scan of signs names: scores stay exact, but one of
the best may be missed (``docs/scale.md`` says how many were).
"""

from __future__ import annotations

import importlib
import threading
import warnings
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from longvid_storage.errors import LongvidWarning
from longvid_storage.search.vector_indexes.exact import best_of
from longvid_storage.search.vector_indexes.faiss import SPARE, Chosen, FaissIndex
from longvid_storage.search.vector_indexes.sign_scan import SignScan
from longvid_storage.search.vector_indexes.signs import LIKELY
from longvid_storage.sign_bits import signs_of

# Rounding a question of length 1 to float16 costs at most 2^-11 of a row's length; as much again is left for float32.
ERROR = 2.0**-10
_BLOCK = 65_536
_TEMPORARY = 256 << 20

# FAISS's resources on a GPU serve one thread at a time.
_ONE = threading.Lock()


class GpuFullWarning(LongvidWarning):
    """The GPU had no room left for a search; the host searches, with the same results."""


class Candidates(Protocol):
    """Some FAISS index: ``search(questions (1, dimension), k)`` gives scores and rows, each (1, k)."""

    def search(self, x: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]: ...


def gpu_count() -> int:
    """How many GPUs the installed FAISS sees: 0 for faiss-cpu, and where the driver is missing."""
    faiss: Any = importlib.import_module("faiss")
    if not hasattr(faiss, "StandardGpuResources"):
        return 0
    try:
        return int(faiss.get_num_gpus())
    except RuntimeError:  # a build for GPUs on a machine without a driver: the host serves
        return 0


@cache
def _resources() -> Any:
    resources = importlib.import_module("faiss").StandardGpuResources()
    resources.setTempMemory(_TEMPORARY)
    return resources


class FaissGpuIndex(FaissIndex):
    """``FaissIndex`` with a copy on the GPU, made at the second question: a process that asks once does not pay for
    it. Where it does not fit, the host goes on alone."""

    fewest = 100_000  # below, the host is as fast
    most = 2048  # candidates of one search: FAISS's own limit on a GPU

    def __init__(self, dimension: int) -> None:
        super().__init__(dimension)
        self._questions = 0
        self._full = False
        self._copy: Candidates | None = None
        self._longest = 0.0
        self._signs: SignScan | None = None
        self._spare: list[_Few] = []

    def copy_of(self, rows: NDArray[np.float16]) -> Candidates:
        """Every row in float16 on the first GPU; raises ``RuntimeError`` when they do not fit."""
        faiss: Any = importlib.import_module("faiss")
        config = faiss.GpuIndexFlatConfig()
        config.useFloat16 = True
        copy: Any = faiss.GpuIndexFlatIP(_resources(), rows.shape[1], config)
        for start in range(0, len(rows), _BLOCK):
            copy.add(rows[start : start + _BLOCK].astype(np.float32))
        index: Candidates = copy
        return index

    def _changed(self) -> None:
        super()._changed()
        self._copy, self._full, self._signs = None, False, None

    def _nearest(
        self, vector: NDArray[np.float32], k: int, chosen: Chosen | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        self._questions += 1
        found = None
        if self._questions > 1 and len(self) >= self.fewest and not self._full:
            try:
                with _ONE:
                    found = self._on_gpu(vector, k, chosen)
            except RuntimeError as error:
                if "memory" not in str(error).lower():  # FAISS has one type for every error
                    raise
                self._copy, self._full = None, True
                warnings.warn("the GPU is full: the host searches", GpuFullWarning, stacklevel=3)
        return found or self._on_host(vector, k, chosen)

    def _on_host(
        self, vector: NDArray[np.float32], k: int, chosen: Chosen | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        passing = len(self) if chosen is None else chosen.count
        if passing < max(self.fewest, 2 * k):
            return super()._nearest(vector, k, chosen)
        if self._signs is None:
            signs = SignScan(self.dimension)
            for start in range(0, len(self), _BLOCK):
                signs.add(signs_of(self._rows()[start : start + _BLOCK]))
            self._signs = signs
        likely = self._signs.nearest(vector, min(passing, max(LIKELY, 16 * k)), chosen)
        # Side by side they take half the time that they take where they are, and less where memory is at hand.
        try:
            few = self._spare.pop()
        except IndexError:  # the first question, or others are at it too
            few = _Few(self.dimension)
        few.hold(self._rows(), likely)
        places, scores = few._nearest(vector, k, None)
        self._spare = [few]
        return likely[places], scores

    def _on_gpu(
        self, vector: NDArray[np.float32], k: int, chosen: Chosen | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]] | None:
        """The same, or None where the candidates prove nothing."""
        passing = len(self) if chosen is None else chosen.count
        k, most = min(k, passing), min(self.most, len(self))
        asked = 2 * k * len(self) // passing + 2 * SPARE  # twice what is expected to hold k that pass
        length = float(np.linalg.norm(vector))
        if length == 0 or asked > self.most:
            return None
        copy = self._copy or self._upload()
        unit = (vector / length).reshape(1, -1)  # float16 has no room for very long and very short questions
        asked = min(asked, most)
        while True:
            rough, named = copy.search(unit, asked)
            rows = named[0] if chosen is None else named[0][chosen.mask[named[0]]]
            best, scores = best_of(rows, self._scores(rows, vector), k)
            # The best score that a row which was not named may have.
            unseen = length * (float(rough[0, -1]) + ERROR * self._longest)
            if asked == len(self) or (len(best) == k and float(scores[-1]) > unseen):
                return best, scores
            if asked == most:
                return None
            asked = min(4 * asked, most)

    def _upload(self) -> Candidates:
        rows = self._rows()
        self._longest = max(
            float(np.linalg.norm(rows[start : start + _BLOCK].astype(np.float32), axis=1).max())
            for start in range(0, len(rows), _BLOCK)
        )
        self._copy = self.copy_of(rows)
        return self._copy


class _Few(FaissIndex):
    """Of what signs have named: compared one by one."""

    def hold(self, vectors: NDArray[np.float16], rows: NDArray[np.int64]) -> None:
        """Be an index of these rows of ``vectors``, in the memory of those before where there are as many."""
        if len(self) != len(rows):
            self._index.reset()
            self._index.add_sa_codes(np.zeros((len(rows), 2 * self.dimension), np.uint8))
        self._ids = rows
        np.take(vectors, rows, axis=0, out=self._rows(), mode="clip")
