"""Signs of what scopes of whole videos admit, held by this process for a library that pgvector searches.

A question of such a scope is compared with a bit a number here (``longvid_storage.sign_bits``), and PostgreSQL looks up
what that names: 96,274 of a million are compared in 2 ms, which PostgreSQL reads, compares and sorts in 21. A passage
takes 80 bytes with vectors of 384 numbers. After a commit the videos that have changed are read again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import LargeBinary, cast, func, select, text

from longvid_storage.db.dialects import each_id
from longvid_storage.db.pgvector_tables import near_table
from longvid_storage.db.revisions import changed_since
from longvid_storage.db.schema import Video
from longvid_storage.db.scope import video_conditions
from longvid_storage.db.vectors import IndexedSet
from longvid_storage.db.view import View
from longvid_storage.sign_bits import signs_of, width_of
from longvid_storage.types import Scope

_IDS = 16  # bytes a vector takes beside its signs
_LENGTH = 4  # bytes before bits, as PostgreSQL sends them: how many bits they are


@dataclass(frozen=True, slots=True)
class _Signs:
    """Of a scope as of a generation, ascending by vector id.

    Attributes:
        videos: keys of all that the scope admits.
        ids: vector ids, shape (n,); ``keys`` are those of their videos.
        words: their signs, a word of each after the other, shape (words, n).
    """

    generation: int
    videos: NDArray[np.int64]
    ids: NDArray[np.int64]
    keys: NDArray[np.int64]
    words: NDArray[np.uint64]

    @property
    def bytes_held(self) -> int:
        return self.ids.nbytes + self.keys.nbytes + self.words.nbytes

    def named(self, vector: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        """The ids of the ``count`` whose signs differ least, ascending; of equals the eldest."""
        differing = np.zeros(len(self.ids), np.uint16)
        for mine, asked in zip(self.words, _words(signs_of(vector[None])), strict=True):
            differing += np.bitwise_count(mine ^ asked)
        return np.sort(self.ids[np.argsort(differing, kind="stable")[:count]])

    def of(self, videos: NDArray[np.int64]) -> Self:
        """What is of these videos, among its own."""
        kept = np.isin(self.keys, videos)
        return replace(
            self,
            videos=videos,
            ids=self.ids[kept],
            keys=self.keys[kept],
            words=np.compress(kept, self.words, axis=1),
        )

    def joined(self, other: Self) -> Self:
        """Both, as of the other's generation."""
        order = np.argsort(ids := np.concatenate([self.ids, other.ids]))
        videos, keys = np.union1d(self.videos, other.videos), np.concatenate([self.keys, other.keys])
        words = np.take(np.concatenate([self.words, other.words], axis=1), order, axis=1)
        return replace(other, videos=videos, ids=ids[order], keys=keys[order], words=words)


class ScopeSigns:
    """Those of the scopes that were asked last.

    Args:
        most_bytes: that all of them may take.
    """

    def __init__(self, most_bytes: float) -> None:
        self._most_bytes = most_bytes
        self._held: OrderedDict[tuple[IndexedSet, Scope], _Signs] = OrderedDict()
        self._lock = threading.Lock()
        self.read = 0  # rows, from SQL, in all

    def most(self, dimension: int) -> int:
        """How many vectors of so many numbers there is room for."""
        return int(min(self._most_bytes / (_IDS + width_of(dimension)), 2**62))

    def named(
        self, view: View, part: IndexedSet, vector: NDArray[np.float32], count: int
    ) -> NDArray[np.int64]:
        """Ids of the ``count`` vectors whose signs differ least from ``vector``'s, ascending, of those that the view
        admits, whose scope is of whole videos; of equals the eldest.
        """
        return self._of(view, part).named(vector, count)

    def _of(self, view: View, part: IndexedSet) -> _Signs:
        scope, generation = view.scope, view.generation
        with self._lock:
            held = known = self._held.get((part, scope))
        if held is None or held.generation != generation:
            its = select(Video.video_key).where(*video_conditions(Video.video_key, scope))
            videos = np.unique(np.fromiter(view.connection.execute(its).scalars(), np.int64))
            held = None if known is None else _unchanged(view, known, videos)
            lacking = videos if held is None else np.setdiff1d(videos, held.videos)
            read = _read(view, part, lacking)
            self.read += len(read.ids)
            held = read if held is None else held.joined(read)
        with self._lock:
            # A question may have begun before the last change.
            if known is None or known.generation <= generation:
                self._held[part, scope] = held
                self._held.move_to_end((part, scope))
            while len(self._held) > 1 and self._bytes_held() > self._most_bytes:
                self._held.popitem(last=False)
        return held

    def _bytes_held(self) -> int:
        return sum(each.bytes_held for each in self._held.values())


def _unchanged(view: View, held: _Signs, videos: NDArray[np.int64]) -> _Signs | None:
    """What is held of ``videos`` and still so; None: nothing need be."""
    earlier = held.generation < view.generation
    changed = changed_since(view.connection, held.generation) if earlier else None
    if changed is None:
        return None
    keys = [each.video_key for each in changed]
    return held.of(np.setdiff1d(np.intersect1d(held.videos, videos), np.array(keys, np.int64)))


def _read(view: View, part: IndexedSet, videos: NDArray[np.int64]) -> _Signs:
    """A row a video, from the index alone: 96,274 vectors one by one are as many rows for Python."""
    near = near_table(part.table)
    together = [
        cast(func.string_agg(each, text("''::bytea")), LargeBinary)
        for each in (func.int8send(near.c.vector_id), func.varbit_send(near.c.signs))
    ]
    query = select(near.c.video_key, *together).group_by(near.c.video_key)
    query = query.where(near.c.set_key == part.set_key, near.c.video_key.in_(each_id(videos.tolist())))
    rows = view.connection.execute(query).all() if len(videos) else []
    ids = np.frombuffer(b"".join(row[1] for row in rows), ">i8").astype(np.int64)
    keys = np.repeat([row[0] for row in rows], [len(row[1]) // 8 for row in rows]).astype(np.int64)
    signs = np.frombuffer(b"".join(row[2] for row in rows), np.uint8)
    signs = signs.reshape(len(ids), _LENGTH + width_of(part.dimension))[:, _LENGTH:]
    order = np.argsort(ids)
    return _Signs(view.generation, videos, ids[order], keys[order], _words(signs[order]))


def _words(signs: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Shape (words, n) of (n, bytes)."""
    padded = np.zeros((len(signs), -(-signs.shape[1] // 8) * 8), np.uint8)
    padded[:, : signs.shape[1]] = signs
    return np.ascontiguousarray(padded.view(np.uint64).T)
