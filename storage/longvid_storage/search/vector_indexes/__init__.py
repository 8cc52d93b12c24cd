"""Implementations of the vector index role, one file each."""

from __future__ import annotations

import importlib.util

from longvid_storage.search.vector_index import VectorIndex


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
