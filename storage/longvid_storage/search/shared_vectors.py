"""A library's vectors in Milvus, which many processes ask: brought up to date with SQL, and never believed without it.

What Milvus names is looked up within the view's scope before it counts: what was removed, or may not be seen, stays
unseen, however old the collection is.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from longvid_storage.db import vectors
from longvid_storage.db.dialects import each_id
from longvid_storage.db.schema import KeyframeRow, PassageRow, Video
from longvid_storage.db.scope import video_conditions
from longvid_storage.db.vectors import PICTURE, IndexedSet
from longvid_storage.db.view import View
from longvid_storage.errors import LibraryError
from longvid_storage.search.vector_index import Admitted
from longvid_storage.search.vector_indexes.milvus import MilvusIndex
from longvid_storage.types import EVERYTHING

_MOST_LISTED = 50_000
"""Ids in one filter: a scope of part of its videos that admits more is a scope of those videos, to Milvus."""


class SharedVectors:
    """Collections of one library, one for each set.

    Args:
        library: its name, the same to all who share its vectors.
        server: the settings of ``MilvusIndex``.
    """

    def __init__(self, library: str, server: Mapping[str, str]) -> None:
        self._library = library
        self._server = server
        self._held: dict[IndexedSet, tuple[int, MilvusIndex]] = {}
        self._lock = threading.Lock()

    def named(self, view: View, part: IndexedSet, vector: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        """(vector id, owner id) of the about ``k`` nearest that the view admits, by vector id, shape (n, 2)."""
        try:
            ids = self._fresh(view, part).query(vector, k, _admitted(view, part))[0]
        except LibraryError:  # somebody may have dropped the collection; where that is not it, it fails again
            with self._lock:
                self._held.pop(part, None)
            ids = self._fresh(view, part).query(vector, k, _admitted(view, part))[0]
        own = part.admitted(view.scope).where(part.table.vector_id.in_(each_id(ids.tolist())))
        return vectors.pairs(view.connection, own)

    def _fresh(self, view: View, part: IndexedSet) -> MilvusIndex:
        """The collection, holding all that the view does; an older view than the last leaves it as it is."""
        with self._lock:
            if part not in self._held:
                name = hashlib.sha256(f"{self._library} {part.name}".encode()).hexdigest()[:24]
                self._held[part] = -1, MilvusIndex(part.dimension, f"longvid_{name}", self._server)
            generation, index = self._held[part]
            if generation < view.generation:
                _bring_up_to_date(view, part, index)
                self._held[part] = view.generation, index
            return index


def _bring_up_to_date(view: View, part: IndexedSet, index: MilvusIndex) -> None:
    there = vectors.pairs(view.connection, part.ids())[:, 0]
    index.delete(index.ids()[~np.isin(index.ids(), there, assume_unique=True)])
    new = there[~np.isin(there, index.ids(), assume_unique=True)]
    if len(new):
        index.insert(new, vectors.read(view.connection, part, new), _groups(view, part, new))


def _groups(view: View, part: IndexedSet, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The key of the video of each of these vectors, which ascend."""
    row, owner = (
        (KeyframeRow, KeyframeRow.keyframe_id)
        if part.kind == PICTURE
        else (PassageRow, PassageRow.passage_id)
    )
    query = select(part.table.vector_id, row.video_key).join(row, owner == part.table.owner_id)
    found = vectors.pairs(view.connection, query.where(part.table.vector_id.in_(each_id(ids.tolist()))))
    return found[:, 1]


def _admitted(view: View, part: IndexedSet) -> Admitted | None:
    scope = view.scope
    if scope == EVERYTHING:
        return None
    keys = select(Video.video_key).where(*video_conditions(Video.video_key, scope))
    groups = np.fromiter(view.connection.execute(keys).scalars(), np.int64)
    ids = np.empty(0, np.int64)
    if not scope.whole:
        ids = vectors.pairs(view.connection, part.admitted(scope).limit(_MOST_LISTED + 1))[:, 0]
    return Admitted(scope, lambda: ids, groups if scope.whole or len(ids) > _MOST_LISTED else None)
