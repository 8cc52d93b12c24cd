"""Meaning search: an index over the vectors in SQL, kept as a cache in memory and in ``cache/``.

There is one index for each vector set. It is stamped with the library's generation: while that has not moved, it is
right as it is; when it has, the ids in SQL say what to insert and what to delete, and only new vectors are read. A
process that has an index already asks for the ids of the videos that have changed, and keeps what is new beside the
index until it is worth making it with them (``held_index.py``). Ids are never used twice; an owner whose vector was put
again is known by the vector's own id.
"""

from __future__ import annotations

import hashlib
import math
import threading
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from longvid_storage.db import vectors
from longvid_storage.db.dialects import is_postgresql
from longvid_storage.db.index_files import IndexFiles
from longvid_storage.db.revisions import changed_since
from longvid_storage.db.schema import Video
from longvid_storage.db.scope import video_conditions
from longvid_storage.db.vectors import IndexedSet
from longvid_storage.db.view import View
from longvid_storage.errors import LongvidWarning
from longvid_storage.search.held_index import HeldIndex, Ids, Pairs, bytes_each
from longvid_storage.search.vector_index import Admitted, VectorIndex
from longvid_storage.search.vector_indexes import best_index_type
from longvid_storage.search.vector_indexes.codes import CodeIndex
from longvid_storage.search.vector_indexes.exact import best_of, inner_products
from longvid_storage.search.vector_indexes.faiss import FaissIndex
from longvid_storage.search.vector_indexes.signs import SignIndex
from longvid_storage.types import EVERYTHING

if TYPE_CHECKING:
    from longvid_storage.db.scope_signs import ScopeSigns
    from longvid_storage.search.shared_vectors import SharedVectors

# Below this many admitted vectors, reading just them beats bringing a whole index up to date.
_FEW = 4096
_BATCH = 2000
# So many vectors are read at a time when an index is made, 50 MB of 384 numbers each.
_BLOCK = 65_536
# So many more than asked for are named by an index that rounds, since the truth puts them in another order.
_SPARE = 16
# So many states of an index are kept, since a question may have begun before the last change.
_STATES = 3

_NO_PGVECTOR = (
    "this process searches the vectors in its own memory, because the database does not hold them for pgvector 0.8: "
    "install that on the server, and open the library once as a user who may make tables (and CREATE EXTENSION vector)"
)


class InMemoryWarning(LongvidWarning):
    """The database cannot search vectors; this process does."""


class VectorSearch:
    """Searches one library's vectors, keeping indexes in memory and in its cache directory.

    Args:
        cache: where index files go; None keeps them in memory only (a library that may not be written).
        most_bytes: of memory that indexes may take together; where the best index installed takes more, it is
            ``CodeIndex`` (with FAISS), and where that does, ``SignIndex``.
    """

    def __init__(self, cache: Path | None, most_bytes: float = math.inf) -> None:
        self._files = IndexFiles(cache)
        self._most_bytes = most_bytes
        self._held: dict[IndexedSet, tuple[HeldIndex, ...]] = {}  # the latest last
        self._lock = threading.Lock()
        self._shared: SharedVectors | None = None
        self._signs: ScopeSigns | None = None
        # Of one generation of the library: what is asked of it → the sets that are there.
        self._parts: tuple[int, dict[Any, list[IndexedSet]]] = (-1, {})
        self.vectors_read = 0  # from SQL, in all; the counter that shows what a cache saves

    def search(
        self,
        view: View,
        kind: str,
        query: NDArray[Any],
        limit: int,
        model_fingerprint: str | None = None,
        admitted: int | None = None,
    ) -> list[tuple[int, float]]:
        """(owner id, inner product) within the view's scope, best first; equal scores in order of owner id.

        ``admitted``: about how many the view has of the kind, where that is known.
        """
        vector = np.asarray(query, np.float32).reshape(-1)
        hits: list[tuple[int, float]] = []
        if limit >= 1:
            for part in self._parts_of(view, kind, model_fingerprint, len(vector), view.scope.rights):
                found = self._by_database(view, part, vector, limit + _SPARE, admitted)
                if found is None:
                    ids, scores = self._search_part(view, part, vector, limit)
                    found = list(zip(ids.tolist(), scores.tolist(), strict=True))
                hits += found
        hits.sort(key=lambda hit: (-hit[1], hit[0]))
        return hits[:limit]

    def _parts_of(self, view: View, *asked: Any) -> list[IndexedSet]:
        """See ``vectors.parts``; asked of the library once, while it stays as it is."""
        generation, known = self._parts
        if generation != view.generation:
            known = {}
            self._parts = view.generation, known
        if asked not in known:
            known[asked] = vectors.parts(view.connection, *asked)
        return known[asked]

    def _search_part(
        self, view: View, part: IndexedSet, vector: NDArray[np.float32], limit: int
    ) -> tuple[Ids, NDArray[np.float32]]:
        connection, now = view.connection, view.generation
        if (named := self._named(view, part, vector, limit + _SPARE)) is not None:
            return self._few(connection, part, named, vector, limit)
        if view.scope == EVERYTHING:
            return self._asked(connection, part, self._fresh(connection, part, now), vector, limit, None)

        held = self._at(part, now)
        if held is None and view.scope.whole and self._held.get(part):
            held = self._fresh(connection, part, now)
        its = part.admitted(view.scope)
        if held is not None:
            scope = held.scopes.get(view.scope)
            scope = scope or Admitted(view.scope, partial(_ids, view, part, held))
            return self._asked(connection, part, held, vector, limit, scope)
        pairs = vectors.pairs(connection, its)
        if len(pairs) <= _FEW:
            return self._few(connection, part, pairs, vector, limit)
        held = self._fresh(connection, part, now)
        scope = Admitted(view.scope, lambda: np.sort(pairs[:, 1]))
        return self._asked(connection, part, held, vector, limit, scope)

    def _asked(
        self, connection: Connection, part: IndexedSet, held: HeldIndex, vector: NDArray[np.float32], limit: int,
        scope: Admitted | None,
    ) -> tuple[Ids, NDArray[np.float32]]:  # fmt: skip
        """The index's answer; where it only names what may be near, that of the vectors it names."""
        many = held.named(limit)
        if many is None:
            return held.query(vector, limit, scope)
        pairs = held.pairs_of(held.query(vector, many, scope)[0])
        return self._few(connection, part, pairs, vector, limit)

    def _by_database(
        self, view: View, part: IndexedSet, vector: NDArray[np.float32], k: int, admitted: int | None
    ) -> list[tuple[int, float]] | None:
        """What pgvector finds; None where the library is not in PostgreSQL, or the vectors are not pgvector's."""
        if view.home.vector_server or not is_postgresql(view.connection):
            return None
        from longvid_storage.db import pgvector
        from longvid_storage.db.scope_signs import ScopeSigns

        with self._lock:
            self._signs = self._signs or ScopeSigns(self._most_bytes)
        found = pgvector.nearest(view, part, vector, k, self._signs, admitted)
        if found is None:
            warnings.warn(_NO_PGVECTOR, InMemoryWarning, stacklevel=4)
        return found

    def _named(self, view: View, part: IndexedSet, vector: NDArray[np.float32], k: int) -> Pairs | None:
        """What a server of vectors names; None where there is none."""
        if not view.home.vector_server:
            return None
        from longvid_storage.search.shared_vectors import SharedVectors

        if view.scope != EVERYTHING:  # a graph finds few of the few that a filter admits
            few = vectors.pairs(view.connection, part.admitted(view.scope).limit(_FEW + 1))
            if len(few) <= _FEW:
                return few
        with self._lock:
            self._shared = self._shared or SharedVectors(view.home.name, view.home.vector_server)
        return self._shared.named(view, part, vector, k)

    def _few(
        self, connection: Connection, part: IndexedSet, pairs: Pairs, vector: NDArray[np.float32], limit: int
    ) -> tuple[Ids, NDArray[np.float32]]:
        """The ``limit`` best of ``pairs`` (ascending by vector id), as an exact index has them."""
        rows = vectors.read(connection, part, pairs[:, 0])
        self.vectors_read += len(rows)
        return best_of(pairs[:, 1], inner_products(rows.astype(np.float32), vector), limit)

    def _at(self, part: IndexedSet, now: int) -> HeldIndex | None:
        return next((each for each in self._held.get(part, ()) if each.generation == now), None)

    def _fresh(self, connection: Connection, part: IndexedSet, now: int) -> HeldIndex:
        """The index of ``part`` as of the connection's transaction, whose generation is ``now``."""
        if (held := self._at(part, now)) is not None:
            return held
        with self._lock:
            if (held := self._at(part, now)) is not None:
                return held
            kind = self._index_type(connection, part)
            states = tuple(each for each in self._held.get(part, ()) if type(each.index) is kind)
            earlier = tuple(each for each in states if each.generation < now)
            if earlier:
                held = self._advanced(connection, part, earlier[-1], now)
            if held is not None and (fits := self._index_of(part, held.count, kind)) is not kind:
                held, kind, states, earlier = None, fits, (), ()  # it has outgrown its room
            if held is None:
                held = self._loaded(connection, part, (earlier or states)[-1:], now, kind)
            others = {p: h for p, h in self._held.items() if p.kind != part.kind}
            states = tuple(sorted([*states, held], key=lambda each: each.generation))[-_STATES:]
            self._held = {**others, part: states}  # not the index of a model that was used before
            return held

    def _advanced(
        self, connection: Connection, part: IndexedSet, held: HeldIndex, now: int
    ) -> HeldIndex | None:
        """The index brought to a later generation in memory alone; None: it is to be made anew."""
        changed = changed_since(connection, held.generation)
        if changed is None:
            return None
        keys = [each.video_key for each in changed]
        if held.owned is None:
            current = vectors.owned(connection, part)
            held = held.owning(current)
            later = held.advanced(now, current, None, partial(self._read, connection, part))
        else:
            current = vectors.owned(connection, part, keys)
            later = held.advanced(now, current, keys, partial(self._read, connection, part))
        if later is not None and later.plain:
            self._files.restamp(_file(part, type(held.index)), held.generation, now)
        return later

    def _loaded(
        self,
        connection: Connection,
        part: IndexedSet,
        known: tuple[HeldIndex, ...],
        now: int,
        kind: type[VectorIndex],
    ) -> HeldIndex:
        """The index at the generation ``now``, by what is known of it or lies in its file, and its file too."""
        held = known[0] if known else self._load(part, kind)
        if held is not None and held.generation == now:
            return held
        pairs = vectors.pairs(connection, part.ids())
        new = gone = np.zeros(0, np.int64)
        if held is None:
            index: VectorIndex = kind(part.dimension)
            new = pairs
        else:
            index, vector_ids = held.made_whole()
            new = pairs[~np.isin(pairs[:, 0], vector_ids, assume_unique=True)]
            gone = index.ids()[~np.isin(vector_ids, pairs[:, 0], assume_unique=True)]
            if held.plain and not len(new) and not len(gone):
                self._files.restamp(_file(part, kind), held.generation, now)
                return HeldIndex(now, index, vector_ids)
            if held.plain:
                index = type(index).from_bytes(index.ids(), index.to_bytes(), part.dimension)
            index.delete(gone)
        new = new[np.argsort(new[:, 1])]
        for start in range(0, len(new), _BLOCK):
            some = new[start : start + _BLOCK]
            index.insert(some[:, 1], self._read(connection, part, some))
        made = HeldIndex(now, index, pairs[np.argsort(pairs[:, 1]), 0])
        self._save(part, made)
        return made

    def _read(self, connection: Connection, part: IndexedSet, pairs: Pairs) -> NDArray[np.float16]:
        """The vectors of ``pairs`` in the order of owner ids, each copied once."""
        pairs = pairs[np.argsort(pairs[:, 0])]  # as ``vectors.read`` wants them
        rows = np.empty((len(pairs), part.dimension), "<f2")
        places = np.argsort(np.argsort(pairs[:, 1]))
        for start in range(0, len(pairs), _BATCH):
            batch = slice(start, start + _BATCH)
            rows[places[batch]] = vectors.read(connection, part, pairs[batch, 0])
        self.vectors_read += len(pairs)
        return rows

    def _index_type(self, connection: Connection, part: IndexedSet) -> type[VectorIndex]:
        """What the set is held in: as the last time, or by how many there are."""
        if states := self._held.get(part):
            return type(states[-1].index)
        there = connection.execute(select(func.count()).select_from(part.ids().subquery())).scalar_one()
        return self._index_of(part, there, best_index_type())

    def _index_of(self, part: IndexedSet, count: int, kind: type[VectorIndex]) -> type[VectorIndex]:
        """``kind``, or what keeps less of so many vectors: codes where they are many, and codes or else signs where
        they and the other sets take more than there is room for."""
        room = self._most_bytes - sum(
            states[-1].bytes_held for p, states in self._held.items() if p.kind != part.kind
        )
        smaller = kind
        if kind is FaissIndex and (count >= CodeIndex.fewest or _bytes(part, count, kind) > room):
            smaller = CodeIndex
        return smaller if _bytes(part, count, smaller) <= room else SignIndex

    def _load(self, part: IndexedSet, kind: type[VectorIndex]) -> HeldIndex | None:
        found = self._files.load(_file(part, kind))
        if found is None:
            return None
        generation, saved = found
        try:
            ids, vector_ids = saved["ids"], saved["vector_ids"]
            if str(saved["part"]) != part.name or len(vector_ids) != len(ids) or not (np.diff(ids) > 0).all():
                return None
            index = kind.from_bytes(ids, saved["state"], part.dimension)
            return HeldIndex(generation, index, vector_ids)
        except (KeyError, ValueError, TypeError):
            return None  # a damaged cache is no cache; it is made anew from SQL

    def _save(self, part: IndexedSet, held: HeldIndex) -> None:
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
            self._signs = None
            self._files.forget()


def _bytes(part: IndexedSet, count: int, kind: type[VectorIndex]) -> int:
    return count * bytes_each(part.dimension, kind)


def _file(part: IndexedSet, kind: type[VectorIndex]) -> str:
    """The name of the set's file: another library's, model's or index's is another."""
    name = hashlib.sha256(f"{kind.__name__} {part.name}".encode()).hexdigest()[:16]
    return f"{part.kind}-{name}"


def _ids(view: View, part: IndexedSet, held: HeldIndex) -> Ids:
    """What the view's scope admits, ascending; of whole videos the index knows it, once it has changed."""
    if view.scope.whole and part.kind != vectors.PICTURE:
        keys = select(Video.video_key).where(*video_conditions(Video.video_key, view.scope))
        ids = held.ids_of(np.fromiter(view.connection.execute(keys).scalars(), np.int64))
        if ids is not None:
            return ids
    return np.sort(vectors.pairs(view.connection, part.admitted(view.scope))[:, 1])
