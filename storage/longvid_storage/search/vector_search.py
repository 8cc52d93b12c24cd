"""Meaning search: an index over the vectors in SQL, kept as a cache in memory and in ``cache/``.

There is one index for each vector set. It is stamped with the library's generation: while that has not moved, it is
right as it is; when it has, the ids in SQL say what to insert and what to delete, and only new vectors are read. Ids
are never used twice; an owner whose vector was put again is known by the vector's own id.
"""

from __future__ import annotations

import hashlib
import math
import threading
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from longvid_storage.db import pgvector, vectors
from longvid_storage.db.dialects import is_postgresql
from longvid_storage.db.index_files import IndexFiles
from longvid_storage.db.vectors import IndexedSet
from longvid_storage.db.view import View
from longvid_storage.errors import LongvidWarning
from longvid_storage.search.vector_index import Admitted, VectorIndex
from longvid_storage.search.vector_indexes import best_index_type
from longvid_storage.search.vector_indexes.exact import rows_of
from longvid_storage.search.vector_indexes.signs import LIKELY, SignIndex
from longvid_storage.types import EVERYTHING, Scope

if TYPE_CHECKING:
    from longvid_storage.search.shared_vectors import SharedVectors

# Below this many admitted vectors, reading just them beats bringing a whole index up to date.
_FEW = 4096
_BATCH = 2000
# So many vectors are read at a time when an index is made, 50 MB of 384 numbers each.
_BLOCK = 65_536
# So many more than asked for are named by an index that rounds, since the truth puts them in another order.
_SPARE = 16
# Scopes remembered for each index, the ids of one take 8 bytes each.
_SCOPES = 16

_NO_PGVECTOR = (
    "this process searches the vectors in its own memory, because the database does not hold them for pgvector 0.8: "
    "install that on the server, and open the library once as a user who may make tables (and CREATE EXTENSION vector)"
)

Ids = NDArray[np.int64]
Pairs = NDArray[np.int64]  # (vector id, owner id), shape (n, 2), ascending by vector id


@dataclass(frozen=True, slots=True)
class _Held:
    """An index as of a generation; never changed, since another thread may be searching it."""

    generation: int
    index: VectorIndex
    vector_ids: Ids  # of the index's ids, in their order
    scopes: dict[Scope, Admitted] = field(default_factory=dict)

    @property
    def bytes_held(self) -> int:
        """What it takes of memory."""
        return len(self.vector_ids) * _bytes_each(self.index.dimension, type(self.index))

    def query(
        self, vector: NDArray[np.float32], limit: int, scope: Admitted | None
    ) -> tuple[Ids, NDArray[np.float32]]:
        """The index's answer; ids that it read are remembered, since one scope is often asked with many questions."""
        found = self.index.query(vector, limit, scope)
        if scope is not None and scope.known:
            if len(self.scopes) >= _SCOPES:
                self.scopes.clear()
            self.scopes[scope.scope] = scope
        return found


def _bytes_each(dimension: int, kind: type[VectorIndex]) -> int:
    """What an index takes for a vector: its ids and signs, and its numbers."""
    return 16 + dimension // 8 + (0 if kind is SignIndex else 2 * dimension)


def _file(part: IndexedSet, kind: type[VectorIndex]) -> str:
    """The name of the set's file: another library's, model's or index's is another."""
    name = hashlib.sha256(f"{kind.__name__} {part.name}".encode()).hexdigest()[:16]
    return f"{part.kind}-{name}"


class InMemoryWarning(LongvidWarning):
    """The database cannot search vectors; this process does."""


class VectorSearch:
    """Searches one library's vectors, keeping indexes in memory and in its cache directory.

    Args:
        cache: where index files go; None keeps them in memory only (a library that may not be written).
        index_type: the index to use; default the best one installed, and ``SignIndex`` where vectors take more room.
        most_bytes: of memory that indexes may take together.
    """

    def __init__(
        self, cache: Path | None, index_type: type[VectorIndex] | None = None, most_bytes: float = math.inf
    ) -> None:
        self._files = IndexFiles(cache)
        self._type = index_type
        self._most_bytes = most_bytes
        self._held: dict[IndexedSet, _Held] = {}
        self._lock = threading.Lock()
        self._shared: SharedVectors | None = None
        self.vectors_read = 0  # from SQL, in all; the counter that shows what a cache saves

    def search(
        self, view: View, kind: str, query: NDArray[Any], limit: int, model_fingerprint: str | None = None
    ) -> list[tuple[int, float]]:
        """(owner id, inner product) within the view's scope, best first; equal scores in order of owner id."""
        vector = np.asarray(query, np.float32).reshape(-1)
        hits: list[tuple[int, float]] = []
        if limit >= 1:
            for part in vectors.parts(
                view.connection, kind, model_fingerprint, len(vector), view.scope.rights
            ):
                ids, scores = self._search_part(view, part, vector, limit)
                hits.extend(zip(ids.tolist(), scores.tolist(), strict=True))
        hits.sort(key=lambda hit: (-hit[1], hit[0]))
        return hits[:limit]

    def _search_part(
        self, view: View, part: IndexedSet, vector: NDArray[np.float32], limit: int
    ) -> tuple[Ids, NDArray[np.float32]]:
        connection, now = view.connection, view.generation
        if (named := self._named(view, part, vector, limit + _SPARE)) is not None:
            return self._few(connection, part, named, vector, limit)
        if view.scope == EVERYTHING:
            return self._asked(connection, part, self._fresh(connection, part, now), vector, limit, None)

        held = self._held.get(part)
        admitted = part.admitted(view.scope)
        if held is not None and held.generation == now:
            scope = held.scopes.get(view.scope) or Admitted(
                view.scope, lambda: np.sort(vectors.pairs(connection, admitted)[:, 1])
            )
        else:
            pairs = vectors.pairs(connection, admitted)
            if len(pairs) <= _FEW:
                return self._few(connection, part, pairs, vector, limit)
            held = self._fresh(connection, part, now)
            scope = Admitted(view.scope, lambda: np.sort(pairs[:, 1]))
        return self._asked(connection, part, held, vector, limit, scope)

    def _asked(
        self, connection: Connection, part: IndexedSet, held: _Held, vector: NDArray[np.float32], limit: int,
        scope: Admitted | None,
    ) -> tuple[Ids, NDArray[np.float32]]:  # fmt: skip
        """The index's answer; where it holds no more than signs, that of the vectors it names."""
        if not isinstance(held.index, SignIndex):
            return held.query(vector, limit, scope)
        named = np.sort(held.query(vector, max(LIKELY, 16 * limit), scope)[0])
        pairs = np.stack((held.vector_ids[rows_of(held.index.ids(), named)], named), axis=1)
        return self._few(connection, part, pairs[np.argsort(pairs[:, 0])], vector, limit)

    def _named(self, view: View, part: IndexedSet, vector: NDArray[np.float32], k: int) -> Pairs | None:
        """What an index outside of this process names; None where there is none."""
        if view.home.vector_server:
            from longvid_storage.search.shared_vectors import SharedVectors

            with self._lock:
                self._shared = self._shared or SharedVectors(view.home.name, view.home.vector_server)
            return self._shared.named(view, part, vector, k)
        if self._type is not None or not is_postgresql(view.connection):
            return None
        named = pgvector.named(view.connection, part, vector, k, view.scope)
        if named is None:
            warnings.warn(_NO_PGVECTOR, InMemoryWarning, stacklevel=6)
        return named

    def _few(
        self, connection: Connection, part: IndexedSet, pairs: Pairs, vector: NDArray[np.float32], limit: int
    ) -> tuple[Ids, NDArray[np.float32]]:
        from longvid_storage.search.vector_indexes.exact import ExactIndex

        index = ExactIndex(part.dimension)
        index.insert(np.sort(pairs[:, 1]), self._read(connection, part, pairs))
        return index.query(vector, limit)

    def _fresh(self, connection: Connection, part: IndexedSet, now: int) -> _Held:
        """The index of ``part`` as of the connection's transaction, whose generation is ``now``."""
        held = self._held.get(part)
        if held is not None and held.generation == now:
            return held
        with self._lock:
            kind = self._index_type(connection, part)
            held = self._held.get(part)
            if held is None or type(held.index) is not kind:
                held = self._load(part, kind)
            if held is None or held.generation != now:
                held = self._update(connection, part, held, now, kind)
            others = {p: h for p, h in self._held.items() if p.kind != part.kind}
            self._held = {**others, part: held}  # not the index of a model that was used before
            return held

    def _update(
        self, connection: Connection, part: IndexedSet, old: _Held | None, now: int, kind: type[VectorIndex]
    ) -> _Held:
        """Bring an index to the generation ``now``, in memory and in its file."""
        pairs = vectors.pairs(connection, part.ids())
        new = gone = np.zeros(0, np.int64)
        if old is None:
            index: VectorIndex = kind(part.dimension)
            new = pairs
        else:
            index = old.index
            new = pairs[~np.isin(pairs[:, 0], old.vector_ids, assume_unique=True)]
            gone = index.ids()[~np.isin(old.vector_ids, pairs[:, 0], assume_unique=True)]
            if not len(new) and not len(gone):
                self._files.restamp(_file(part, kind), old.generation, now)
                return _Held(now, index, old.vector_ids)
            index = type(index).from_bytes(index.ids(), index.to_bytes(), part.dimension)
            index.delete(gone)
        new = new[np.argsort(new[:, 1])]
        for start in range(0, len(new), _BLOCK):
            some = new[start : start + _BLOCK]
            index.insert(some[:, 1], self._read(connection, part, some))
        held = _Held(now, index, pairs[np.argsort(pairs[:, 1]), 0])
        self._save(part, held)
        return held

    def _read(self, connection: Connection, part: IndexedSet, pairs: Pairs) -> NDArray[np.float16]:
        """The vectors of ``pairs`` in the order of owner ids, each copied once."""
        rows = np.empty((len(pairs), part.dimension), "<f2")
        places = np.argsort(np.argsort(pairs[:, 1]))
        for start in range(0, len(pairs), _BATCH):
            batch = slice(start, start + _BATCH)
            rows[places[batch]] = vectors.read(connection, part, pairs[batch, 0])
        self.vectors_read += len(pairs)
        return rows

    def _index_type(self, connection: Connection, part: IndexedSet) -> type[VectorIndex]:
        if self._type is not None:
            return self._type
        vectors_there = connection.execute(select(func.count()).select_from(part.ids().subquery()))
        best = best_index_type()
        bytes_wanted = vectors_there.scalar_one() * _bytes_each(part.dimension, best)
        bytes_wanted += sum(each.bytes_held for p, each in self._held.items() if p.kind != part.kind)
        return SignIndex if bytes_wanted > self._most_bytes else best

    def _load(self, part: IndexedSet, kind: type[VectorIndex]) -> _Held | None:
        found = self._files.load(_file(part, kind))
        if found is None:
            return None
        generation, saved = found
        try:
            ids, vector_ids = saved["ids"], saved["vector_ids"]
            if str(saved["part"]) != part.name or len(vector_ids) != len(ids) or not (np.diff(ids) > 0).all():
                return None
            index = kind.from_bytes(ids, saved["state"], part.dimension)
            return _Held(generation, index, vector_ids)
        except (KeyError, ValueError, TypeError):
            return None  # a damaged cache is no cache; it is made anew from SQL

    def _save(self, part: IndexedSet, held: _Held) -> None:
        saved = {
            "part": np.array(part.name),
            "ids": held.index.ids(),
            "vector_ids": held.vector_ids,
            "state": held.index.to_bytes(),
        }
        self._files.save(_file(part, type(held.index)), held.generation, saved)

    def forget(self) -> None:
        """Drop every index, in memory and on disk, so that nothing of a removed video stays."""
        with self._lock:
            self._held.clear()
            self._files.forget()
