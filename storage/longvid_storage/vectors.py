"""Meaning search: vectors live in SQL as float16; an index over them is a cache, in memory and in ``cache/``.

There is one index for each vector set (model, channel, size). It is stamped with the library's generation:
while that has not moved, it is right as it is; when it has, the ids of the vectors in SQL say what to add
and what to drop, and only new vectors are read. Ids are never used twice, so an id in the index and in SQL
is the same vector.
"""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
from collections.abc import Callable, Sequence
from collections.abc import Collection as Names
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, delete, insert, select

from longvid_storage.errors import ModelMismatchError
from longvid_storage.filters import keyframe_conditions, unit_conditions
from longvid_storage.schema import KeyframeRow, KeyframeVector, LibraryState, UnitRow, UnitVector, VectorSet
from longvid_storage.types import Filters
from longvid_storage.vector_index import VectorIndex, best_index_type

PICTURE = "picture"
# Below this many admitted vectors, reading just them beats bringing a whole index up to date.
_FEW = 4096
_BATCH = 2000
_MASKS = 64


@dataclass(frozen=True, slots=True)
class _Part:
    """A vector set, as one index covers it."""

    set_key: int
    model_fingerprint: str
    dimension: int
    channel: str
    size: str

    @property
    def name(self) -> str:
        """What tells it from every other of this library, now and later."""
        return f"{self.set_key} {self.model_fingerprint} {self.dimension} {self.channel} {self.size}"

    @property
    def table(self) -> type[UnitVector] | type[KeyframeVector]:
        """Where its vectors are."""
        return KeyframeVector if self.channel == PICTURE else UnitVector

    def ids(self) -> Select[Any]:
        """(vector id, owner id) of everything in it."""
        return select(self.table.vector_id, self.table.owner_id).where(self.table.set_key == self.set_key)

    def admitted(self, filters: Filters) -> Select[Any]:
        """The same for what passes the filters."""
        if self.channel == PICTURE:
            owners = select(KeyframeRow.keyframe_id).where(*keyframe_conditions(filters))
        else:
            owners = select(UnitRow.unit_id).where(
                *unit_conditions(filters, channels=[self.channel], sizes=[self.size])
            )
        return self.ids().where(self.table.owner_id.in_(owners))


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


def put(
    connection: Connection,
    channel: str,
    model_fingerprint: str,
    owner_ids: Sequence[int],
    array: NDArray[Any],
) -> None:
    """Store one vector an owner (a keyframe for ``"picture"``, else a unit), in place of any it had.

    Raises:
        ModelMismatchError: the array's width is not what this model wrote before.
        ValueError: the array is not (len(owner_ids), dimension) finite numbers.
    """
    if array.ndim != 2 or len(array) != len(owner_ids) or (len(array) and array.shape[1] == 0):
        raise ValueError(f"vectors have shape {array.shape}, expected ({len(owner_ids)}, dimension)")
    if not len(array):
        return
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused in the next line
        codes = array.astype("<f2")
    if not np.isfinite(codes).all():
        raise ValueError("vectors hold numbers that are not finite in float16: normalise them to unit length")
    ids = [int(owner_id) for owner_id in owner_ids]
    sizes = _sizes(connection, channel, ids)
    keys = {
        size: _set_key(connection, model_fingerprint, array.shape[1], channel, size)
        for size in dict.fromkeys(sizes)
    }
    table = KeyframeVector if channel == PICTURE else UnitVector
    for start in range(0, len(ids), _BATCH):
        connection.execute(delete(table).where(table.owner_id.in_(ids[start : start + _BATCH])))
    connection.execute(
        insert(table),
        [
            {"owner_id": owner_id, "set_key": keys[size], "vector": row.tobytes()}
            for owner_id, size, row in zip(ids, sizes, codes, strict=True)
        ],
    )
    drop_empty_sets(connection)


def _sizes(connection: Connection, channel: str, ids: list[int]) -> list[str]:
    """The size of each owner; a keyframe's is ``"keyframe"``."""
    if channel == PICTURE:
        return ["keyframe"] * len(ids)
    found: dict[int, tuple[str, str]] = {}
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        units = select(UnitRow.unit_id, UnitRow.channel, UnitRow.size).where(UnitRow.unit_id.in_(batch))
        found.update((row.unit_id, (row.channel, row.size)) for row in connection.execute(units))
    for unit_id in ids:
        if unit_id not in found or found[unit_id][0] != channel:
            raise ValueError(
                f"unit {unit_id} is not a unit of the {channel} channel: put its vector where it belongs"
            )
    return [found[unit_id][1] for unit_id in ids]


def _set_key(connection: Connection, fingerprint: str, dimension: int, channel: str, size: str) -> int:
    sets = connection.execute(
        select(VectorSet.__table__).where(VectorSet.model_fingerprint == fingerprint)
    ).all()
    for row in sets:
        if row.dimension != dimension:
            raise ModelMismatchError(
                f"model {fingerprint} wrote vectors of {row.dimension} numbers and now gives {dimension}: "
                "its fingerprint must change with its output"
            )
    for row in sets:
        if (row.channel, row.size) == (channel, size):
            return int(row.set_key)
    values = {"model_fingerprint": fingerprint, "dimension": dimension, "channel": channel, "size": size}
    return int(connection.execute(insert(VectorSet).values(values).returning(VectorSet.set_key)).scalar_one())


def drop_empty_sets(connection: Connection) -> None:
    """Delete the records of sets that have no vector left."""
    units, frames = (
        select(table.set_key).where(table.set_key == VectorSet.set_key).exists()
        for table in (UnitVector, KeyframeVector)
    )
    connection.execute(delete(VectorSet).where(~units, ~frames))


class VectorSearch:
    """Searches one library's vectors, keeping indexes in memory and in its cache directory.

    Args:
        cache: where index files go; None keeps them in memory only (a library that may not be written).
        index_type: the index to use; default the best one installed.
    """

    def __init__(self, cache: Path | None, index_type: type[VectorIndex] | None = None) -> None:
        self._cache = cache
        self._type = index_type
        self._held: dict[_Part, _Cached] = {}
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
            for part in _parts(connection, channel, sizes, model_fingerprint, len(vector)):
                hits.extend(self._search_part(connection, part, vector, filters, limit))
        hits.sort(key=lambda hit: (-hit[1], hit[0]))
        return hits[:limit]

    def _search_part(
        self, connection: Connection, part: _Part, query: NDArray[np.float32], filters: Filters, limit: int
    ) -> list[tuple[int, float]]:
        allowed: NDArray[np.bool_] | None = None
        held = self._held.get(part)
        if filters.empty:
            cached = self._fresh(connection, part)
        elif held is not None and held.generation == generation(connection):
            cached = held
            allowed = held.mask(filters, lambda: _pairs(connection, part.admitted(filters)))
        else:
            admitted = _pairs(connection, part.admitted(filters))
            if len(admitted) <= _FEW:
                return self._few(connection, part, admitted, query, limit)
            cached = self._fresh(connection, part)
            allowed = cached.mask(filters, lambda: admitted)
        positions, scores = cached.index.search(query, limit, allowed)
        return list(zip(cached.owner_ids[positions].tolist(), scores.tolist(), strict=True))

    def _few(
        self,
        connection: Connection,
        part: _Part,
        admitted: NDArray[np.int64],
        query: NDArray[np.float32],
        limit: int,
    ) -> list[tuple[int, float]]:
        from longvid_storage.vector_indexes.exact import ExactIndex

        index = ExactIndex(part.dimension)
        index.add(self._read(connection, part, admitted[:, 0]))
        positions, scores = index.search(query, limit)
        return list(zip(admitted[positions, 1].tolist(), scores.tolist(), strict=True))

    def _fresh(self, connection: Connection, part: _Part) -> _Cached:
        """The index of ``part`` as of the connection's transaction."""
        now = generation(connection)
        with self._lock:
            held = self._held.get(part) or self._load(part)
            if held is None or held.generation != now:
                held = self._update(connection, part, held, now)
                self._save(part, held)
            self._held[part] = held
            return held

    def _update(self, connection: Connection, part: _Part, old: _Cached | None, now: int) -> _Cached:
        pairs = _pairs(connection, part.ids())
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

    def _read(
        self, connection: Connection, part: _Part, vector_ids: NDArray[np.int64]
    ) -> NDArray[np.float16]:
        """Vectors in the order of ``vector_ids``, which ascends."""
        table = part.table
        blobs: list[bytes] = []
        for start in range(0, len(vector_ids), _BATCH):
            wanted = vector_ids[start : start + _BATCH].tolist()
            rows = select(table.vector).where(table.vector_id.in_(wanted)).order_by(table.vector_id)
            blobs.extend(connection.execute(rows).scalars())
        self.vectors_read += len(blobs)
        return np.frombuffer(b"".join(blobs), "<f2").reshape(-1, part.dimension)

    def _file(self, part: _Part) -> Path | None:
        if self._cache is None:
            return None
        kind = (self._type or best_index_type()).__name__
        name = hashlib.sha256(f"{kind} {part.name}".encode()).hexdigest()[:16]
        return self._cache / f"{part.channel}-{part.size}-{name}.npz"

    def _load(self, part: _Part) -> _Cached | None:
        path = self._file(part)
        if path is None or not path.exists():
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

    def _save(self, part: _Part, cached: _Cached) -> None:
        path = self._file(part)
        if path is None:
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
                if other != path:  # of a model that is no longer used
                    other.unlink(missing_ok=True)
        except OSError:
            # Searching works without its cache file: a full or read-only disk must not fail a search.
            temporary.unlink(missing_ok=True)

    def forget(self) -> None:
        """Drop every index, in memory and on disk, so that nothing of a removed video stays."""
        with self._lock:
            self._held.clear()
            if self._cache is not None and self._cache.is_dir():
                for path in self._cache.iterdir():
                    path.unlink(missing_ok=True)


def generation(connection: Connection) -> int:
    """The library's generation, in the connection's transaction."""
    return int(connection.execute(select(LibraryState.generation)).scalar_one())


def _pairs(connection: Connection, query: Select[Any]) -> NDArray[np.int64]:
    """Rows of (vector id, owner id), ascending by vector id; shape (n, 2)."""
    flat = chain.from_iterable(connection.execute(query))
    rows = np.fromiter(flat, np.int64).reshape(-1, 2)
    return rows[np.argsort(rows[:, 0])]


def _parts(
    connection: Connection, channel: str, sizes: Names[str] | None, fingerprint: str | None, dimension: int
) -> list[_Part]:
    """The indexes to look into.

    Raises:
        ModelMismatchError: the channel holds vectors, but none that compare with this query.
    """
    sets = [
        _Part(row.set_key, row.model_fingerprint, row.dimension, row.channel, row.size)
        for row in connection.execute(
            select(VectorSet.__table__).where(VectorSet.channel == channel).order_by(VectorSet.set_key)
        )
        if sizes is None or row.size in sizes
    ]
    usable = [
        part for part in sets if part.dimension == dimension and fingerprint in (None, part.model_fingerprint)
    ]
    if sets and (not usable or len({part.model_fingerprint for part in usable}) > 1):
        held = " and ".join(sorted({part.model_fingerprint for part in sets}))
        asked = fingerprint or f"a model of {dimension} numbers"
        raise ModelMismatchError(
            f"the library's {channel} vectors are of {held} and the question's of {asked}: "
            "search with that model, or index the videos again with this one"
        )
    return usable
