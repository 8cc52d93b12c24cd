"""Meaning search: an index over the vectors in SQL, kept as a cache in memory and in ``cache/``.

There is one index for each vector set. It is stamped with the library's generation: while that has not moved, it is
right as it is; when it has, the ids of the vectors in SQL say what to add and what to drop, and only new vectors are
read. Ids are never used twice, so an id in the index and in SQL is the same vector.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import zipfile
from collections.abc import Callable
from collections.abc import Collection as Names
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from longvid_storage.db import vectors
from longvid_storage.db.vectors import Part
from longvid_storage.search.vector_index import VectorIndex, best_index_type
from longvid_storage.types import Filters

# Below this many admitted vectors, reading just them beats bringing a whole index up to date.
_FEW = 4096
_BATCH = 2000
_MASKS = 64
_OWN_NAME = re.compile(r"[\w-]+-[0-9a-f]{16}\.npz(\.\d+\.\d+\.tmp)?")


@dataclass(slots=True)
class _Cached:
    """An index and the ids of its rows, both in ascending order of vector id."""

    generation: int
    vector_ids: NDArray[np.int64]
    owner_ids: NDArray[np.int64]
    index: VectorIndex
    masks: dict[Filters, NDArray[np.bool_]] = field(default_factory=dict)

    def mask(self, filters: Filters, admitted: Callable[[], NDArray[np.int64]]) -> NDArray[np.bool_]:
        """Which rows pass the filters; remembered, since one filter is often asked with many questions."""
        known = self.masks.get(filters)
        if known is None:
            if len(self.masks) >= _MASKS:
                self.masks.clear()
            known = np.isin(self.vector_ids, admitted()[:, 0], assume_unique=True)
            self.masks[filters] = known
        return known


class VectorSearch:
    """Searches one library's vectors, keeping indexes in memory and in its cache directory.

    Args:
        cache: where index files go; None keeps them in memory only (a library that may not be written).
        index_type: the index to use; default the best one installed.
    """

    def __init__(self, cache: Path | None, index_type: type[VectorIndex] | None = None) -> None:
        self._cache = cache
        self._type = index_type
        self._held: dict[Part, _Cached] = {}
        self._lock = threading.Lock()
        self.vectors_read = 0  # from SQL, in all; the counter that shows what a cache saves

    def search(
        self,
        connection: Connection,
        channel: str,
        query: NDArray[Any],
        *,
        filters: Filters,
        limit: int,
        sizes: Names[str] | None,
        model_fingerprint: str | None,
    ) -> list[tuple[int, float]]:
        """(owner id, inner product), best first; equal scores in order of owner id."""
        vector = np.asarray(query, np.float32).reshape(-1)
        hits: list[tuple[int, float]] = []
        if limit >= 1:
            for part in vectors.parts(connection, channel, sizes, model_fingerprint, len(vector)):
                hits.extend(self._search_part(connection, part, vector, filters, limit))
        hits.sort(key=lambda hit: (-hit[1], hit[0]))
        return hits[:limit]

    def _search_part(
        self, connection: Connection, part: Part, query: NDArray[np.float32], filters: Filters, limit: int
    ) -> list[tuple[int, float]]:
        allowed: NDArray[np.bool_] | None = None
        held = self._held.get(part)
        if filters.empty:
            cached = self._fresh(connection, part)
        elif held is not None and held.generation == vectors.generation(connection):
            cached = held
            allowed = held.mask(filters, lambda: vectors.pairs(connection, part.admitted(filters)))
        else:
            admitted = vectors.pairs(connection, part.admitted(filters))
            if len(admitted) <= _FEW:
                return self._few(connection, part, admitted, query, limit)
            cached = self._fresh(connection, part)
            allowed = cached.mask(filters, lambda: admitted)
        positions, scores = cached.index.search(query, limit, allowed)
        return list(zip(cached.owner_ids[positions].tolist(), scores.tolist(), strict=True))

    def _few(
        self,
        connection: Connection,
        part: Part,
        admitted: NDArray[np.int64],
        query: NDArray[np.float32],
        limit: int,
    ) -> list[tuple[int, float]]:
        from longvid_storage.search.vector_indexes.exact import ExactIndex

        index = ExactIndex(part.dimension)
        index.add(self._read(connection, part, admitted[:, 0]))
        positions, scores = index.search(query, limit)
        return list(zip(admitted[positions, 1].tolist(), scores.tolist(), strict=True))

    def _fresh(self, connection: Connection, part: Part) -> _Cached:
        """The index of ``part`` as of the connection's transaction."""
        now = vectors.generation(connection)
        with self._lock:
            held = self._held.get(part) or self._load(part)
            if held is None or held.generation != now:
                held = self._update(connection, part, held, now)
                self._save(part, held)
            self._held[part] = held
            return held

    def _update(self, connection: Connection, part: Part, old: _Cached | None, now: int) -> _Cached:
        pairs = vectors.pairs(connection, part.ids())
        index_type = self._type or best_index_type()
        if old is None:
            index: VectorIndex = index_type(part.dimension)
            new = pairs[:, 0]
        else:
            # Another thread may be searching the old index: change a copy.
            kept = np.isin(old.vector_ids, pairs[:, 0], assume_unique=True)
            new = np.setdiff1d(pairs[:, 0], old.vector_ids, assume_unique=True)
            if kept.all() and not len(new):
                return _Cached(now, old.vector_ids, old.owner_ids, old.index)
            if len(new) and kept.any() and new.min() < old.vector_ids[kept].max():
                return self._update(connection, part, None, now)
            index = index_type.from_bytes(old.index.to_bytes(), part.dimension)
            index.keep(kept)
        for start in range(0, len(new), _BATCH):
            index.add(self._read(connection, part, new[start : start + _BATCH]))
        return _Cached(now, pairs[:, 0].copy(), pairs[:, 1].copy(), index)

    def _read(self, connection: Connection, part: Part, vector_ids: NDArray[np.int64]) -> NDArray[np.float16]:
        self.vectors_read += len(vector_ids)
        return vectors.read(connection, part, vector_ids)

    def _file(self, part: Part) -> Path | None:
        if self._cache is None:
            return None
        kind = (self._type or best_index_type()).__name__
        name = hashlib.sha256(f"{kind} {part.name}".encode()).hexdigest()[:16]
        return self._cache / f"{part.channel}-{part.size}-{name}.npz"

    def _load(self, part: Part) -> _Cached | None:
        path = self._file(part)
        if path is None or path.parent.is_symlink() or not path.exists():
            return None
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
                if str(saved["part"]) != part.name:
                    return None
                vector_ids, owner_ids = saved["vector_ids"], saved["owner_ids"]
                index = (self._type or best_index_type()).from_bytes(saved["index"], part.dimension)
                if not len(vector_ids) == len(owner_ids) == len(index):
                    return None
                return _Cached(int(saved["generation"]), vector_ids, owner_ids, index)
        except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile):
            return None  # a damaged cache is no cache; it is made anew from SQL

    def _save(self, part: Part, cached: _Cached) -> None:
        path = self._file(part)
        if path is None or path.parent.is_symlink():
            return
        temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
        try:
            path.parent.mkdir(exist_ok=True)
            with temporary.open("wb") as file:
                np.savez(
                    file,
                    part=part.name,
                    generation=np.int64(cached.generation),
                    vector_ids=cached.vector_ids,
                    owner_ids=cached.owner_ids,
                    index=cached.index.to_bytes(),
                )
            temporary.replace(path)
            for other in path.parent.glob(f"{part.channel}-{part.size}-*.npz"):
                if other != path and _OWN_NAME.fullmatch(other.name):  # of a model that is no longer used
                    other.unlink(missing_ok=True)
        except OSError:
            # Searching works without its cache file: a full or read-only disk must not fail a search.
            temporary.unlink(missing_ok=True)

    def forget(self) -> None:
        """Drop every index, in memory and on disk, so that nothing of a removed video stays."""
        with self._lock:
            self._held.clear()
            # Only what we wrote, and nowhere else: the folder may be somebody else's, or a link to one.
            if self._cache is not None and self._cache.is_dir() and not self._cache.is_symlink():
                for path in self._cache.iterdir():
                    if _OWN_NAME.fullmatch(path.name):
                        path.unlink(missing_ok=True)
