"""FAISS on a GPU: it proposes candidates in float16, and their exact scores decide.

The vectors of ``FaissIndex`` stay where they are, in host memory; a copy on the GPU names the rows that may be best.
Their scores are then computed anew from the float16 numbers kept in SQL, so order and scores are those of the exact
index. Whether a row that was not named could still belong among the best is a matter of the rounding error, which
has a bound; where it could, more rows are asked for, and in the end the host scans.

The GPU's flat index knows no filter (it ignores FAISS's selectors without a word), so a filter is applied to the
candidates, under the same proof; a narrow one is left to the host, which scans only what it admits.
"""

from __future__ import annotations

import importlib
import importlib.util
import threading
import warnings
from functools import cache
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from longvid_storage.errors import LongvidWarning
from longvid_storage.search.vector_indexes.exact import best_of
from longvid_storage.search.vector_indexes.faiss import FaissIndex

# Below this many vectors the host is as fast.
FEWEST = 100_000
# A copy that grows holds the old and the new one for a moment.
ROOM = 2.5
# Rounding a question to float16 costs at most 2^-11 of it; half of this bound is left for sums in float32.
ERROR = 2.0**-10
_BLOCK = 65_536
_TEMPORARY = 256 << 20
_TRAIN = 200_000

# FAISS's resources on a GPU serve one thread at a time.
_ONE = threading.Lock()

Layout = Literal["flat", "ivf"]


class GpuFullWarning(LongvidWarning):
    """The GPU had no room left for a search; the host searches, with the same results."""


class Candidates(Protocol):
    """Some FAISS index: ``search(questions (1, dimension), k)`` gives scores and positions, each (1, k)."""

    def search(self, x: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]: ...


class Gpu(Protocol):
    """Where candidates come from."""

    most: int

    def free_bytes(self) -> int | None:
        """Memory that is free on the device, None where nothing tells."""
        ...

    def flat(self, codes: NDArray[np.float16]) -> Candidates:
        """Every row, in float16. Raises ``RuntimeError`` when it does not fit."""
        ...

    def ivf(self, codes: NDArray[np.float16], lists: int, probes: int) -> Candidates:
        """Every row in a byte a number, in ``lists`` cells of which a search looks into ``probes``."""
        ...


def gpu_count() -> int:
    """How many GPUs the installed FAISS sees: 0 for faiss-cpu, and where the driver is missing."""
    if importlib.util.find_spec("faiss") is None:
        return 0
    faiss: Any = importlib.import_module("faiss")
    if not hasattr(faiss, "StandardGpuResources"):
        return 0
    try:
        return int(faiss.get_num_gpus())
    except RuntimeError:  # a build for GPUs on a machine without a driver: the host serves
        return 0


def layout(count: int, dimension: int, free_bytes: int | None) -> Layout:
    """Exact in float16 while the copy fits into ``free_bytes`` (None: nobody knows, so it is tried)."""
    needed = ROOM * 2 * count * dimension
    return "flat" if free_bytes is None or needed <= free_bytes else "ivf"


def cells(count: int) -> tuple[int, int]:
    """(cells, cells looked into) of an inverted file: about 4 √n cells, a sixteenth of them, 32 to 2048."""
    lists = max(1, int(4 * count**0.5))
    return lists, min(lists, max(32, lists // 16), FaissGpu.most)


class FaissGpu:
    """The first GPU that FAISS sees."""

    most = 2048  # FAISS selects no more results, and looks into no more cells, on a GPU

    def __init__(self) -> None:
        self._faiss: Any = importlib.import_module("faiss")
        self._resources: Any = self._faiss.StandardGpuResources()
        self._resources.setTempMemory(_TEMPORARY)

    def free_bytes(self) -> int | None:
        """What torch says, where it is installed with a GPU."""
        if importlib.util.find_spec("torch") is None:
            return None
        import torch

        return int(torch.cuda.mem_get_info(0)[0]) if torch.cuda.is_available() else None

    def flat(self, codes: NDArray[np.float16]) -> Candidates:
        """Every row, in float16."""
        config = self._faiss.GpuIndexFlatConfig()
        config.useFloat16 = True
        index = self._faiss.GpuIndexFlatIP(self._resources, codes.shape[1], config)
        return _filled(index, codes)

    def ivf(self, codes: NDArray[np.float16], lists: int, probes: int) -> Candidates:
        """Every row in a byte a number."""
        faiss = self._faiss
        index = faiss.GpuIndexIVFScalarQuantizer(
            self._resources,
            codes.shape[1],
            lists,
            faiss.ScalarQuantizer.QT_8bit,
            faiss.METRIC_INNER_PRODUCT,
        )
        index.train(training_rows(codes))
        index.nprobe = probes
        return _filled(index, codes)


def training_rows(codes: NDArray[np.float16]) -> NDArray[np.float32]:
    """At most 200,000 rows, spread over all."""
    return codes[:: max(1, len(codes) // _TRAIN)][:_TRAIN].astype(np.float32)


def _filled(index: Any, codes: NDArray[np.float16]) -> Candidates:
    for start in range(0, len(codes), _BLOCK):
        index.add(codes[start : start + _BLOCK].astype(np.float32))
    filled: Candidates = index
    return filled


class FaissGpuIndex(FaissIndex):
    """``FaissIndex`` with a copy on the GPU, made at the second search: a process that asks once does not pay for it.

    Results are the exact ones while the copy is flat. Beyond that (``layout``) an inverted file proposes, exact
    scores still decide, and a row that it did not propose can be missed.
    """

    fewest = FEWEST

    def __init__(self, dimension: int) -> None:
        super().__init__(dimension)
        self._searches = 0
        self._forget()

    def _forget(self) -> None:
        self._layout: Layout = "flat"
        self._copy: Candidates | None = None
        self._longest = 0.0

    @staticmethod
    @cache
    def gpu() -> Gpu:
        """The device, as one object a process."""
        return FaissGpu()

    def add(self, vectors: NDArray[np.float16]) -> None:
        """Append vectors, shape (n, dimension)."""
        super().add(vectors)
        self._forget()

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Drop every position where ``kept`` is False."""
        super().keep(kept)
        self._forget()

    def search(
        self, query: NDArray[np.float32], limit: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The at most ``limit`` best among ``allowed``, best first; equal scores in order of position."""
        self._searches += 1
        if len(self) >= max(1, self.fewest) and self._searches > 1:
            try:
                with _ONE:
                    found = self._on_gpu(query.astype(np.float32), limit, allowed)
            except RuntimeError as error:
                _if_full(error)
                self._forget()
                found = None
                warnings.warn("the GPU is full: the host searches", GpuFullWarning, stacklevel=2)
            if found is not None:
                return found
        return super().search(query, limit, allowed)

    def _on_gpu(
        self, query: NDArray[np.float32], limit: int, allowed: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]] | None:
        """The same, or None where the candidates prove nothing."""
        gpu = self.gpu()
        share = 1.0 if allowed is None else float(np.count_nonzero(allowed)) / len(self)
        limit = min(limit, round(share * len(self)))
        k = first_k(limit, share)
        if limit == 0 or k > gpu.most:
            return None
        if self._copy is None:
            self._upload(gpu)
        assert self._copy is not None
        doubt = ERROR * float(np.linalg.norm(query)) * self._longest
        while True:
            k = min(k, len(self), gpu.most)
            rough, positions = self._copy.search(query.reshape(1, -1), k)
            named = positions[0][positions[0] >= 0]
            sure = named if allowed is None else named[allowed[named]]
            best, scores = best_of(sure, self._scores(sure, query), limit)
            if len(best) == limit:
                bound = float(rough[0][positions[0] >= 0].min()) + doubt
                if self._layout == "ivf" or k == len(self) or float(scores[-1]) > bound:
                    return best, scores
            if k >= min(len(self), gpu.most):
                return None
            k *= 4

    def _scores(self, positions: NDArray[np.int64], query: NDArray[np.float32]) -> NDArray[np.float32]:
        """Exact; row by row in the same order of sums, so that equal vectors score equal."""
        rows = self._codes()[positions].astype(np.float32)
        scores: NDArray[np.float32] = (rows * query).sum(axis=1, dtype=np.float32)
        return scores

    def _codes(self) -> NDArray[np.float16]:
        """The index's own memory, shape (len, dimension); right until the index changes."""
        faiss: Any = importlib.import_module("faiss")
        flat = faiss.rev_swig_ptr(self._index.codes.data(), len(self) * self._index.code_size)
        codes: NDArray[np.float16] = flat.view("<f2").reshape(len(self), self.dimension)
        return codes

    def _upload(self, gpu: Gpu) -> None:
        codes = self._codes()
        self._layout = layout(len(self), self.dimension, gpu.free_bytes())
        if self._layout == "flat":
            try:
                self._copy = gpu.flat(codes)
            except RuntimeError as error:
                _if_full(error)
                self._layout = "ivf"
        if self._layout == "ivf":
            self._copy = gpu.ivf(codes, *cells(len(codes)))
        self._longest = max(
            float(np.linalg.norm(codes[start : start + _BLOCK].astype(np.float32), axis=1).max())
            for start in range(0, len(codes), _BLOCK)
        )


def _if_full(error: RuntimeError) -> None:
    """Raise it again unless it says that memory ran out; FAISS has one type for every error."""
    if "memory" not in str(error).lower():
        raise error


def first_k(limit: int, share: float) -> int:
    """How many candidates to ask for first, when ``share`` of all rows pass the filter: twice what is expected."""
    return round(2 * limit / max(share, 1e-9)) + 32
