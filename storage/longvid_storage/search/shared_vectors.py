"""A library's vectors in Milvus, which many processes ask: brought up to date with SQL, and never believed without it.

What Milvus names is looked up within the view's scope before it counts: what was removed, or may not be seen, stays
unseen, however old the collection is.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from longvid_storage.db import vectors
from longvid_storage.db.schema import Video, VideoCollection
from longvid_storage.db.scope import video_conditions
from longvid_storage.db.vectors import IndexedSet
from longvid_storage.db.view import View
from longvid_storage.errors import LibraryError
from longvid_storage.search.vector_index import Admitted
from longvid_storage.search.vector_indexes.milvus import MilvusIndex
from longvid_storage.types import EVERYTHING

_MOST_LISTED = 50_000
"""Ids in one filter: a scope of part of its videos that admits more is a scope of those videos, to Milvus."""

_NONE, _SEVERAL = 0, -1
"""The parts of videos that are in no collection, and of those that several share (libraries before schema 0007)."""


@dataclass(frozen=True, slots=True)
class _Members:
    """Every video's key, ascending, and the part that its vectors are in: the key of its collection."""

    videos: NDArray[np.int64]
    parts: NDArray[np.int64]

    @classmethod
    def of(cls, view: View) -> _Members:
        """Those of the whole library; the view has no scope of its own."""
        member = VideoCollection
        # Keys are positive: the least is NULL without a collection, and not the greatest where there are several.
        least, most = func.min(member.collection_key), func.max(member.collection_key)
        query = select(Video.video_key, func.coalesce(least, _NONE), func.coalesce(most, _NONE))
        query = query.join(member, member.video_key == Video.video_key, isouter=True).group_by(
            Video.video_key
        )
        found = np.fromiter(chain.from_iterable(view.connection.execute(query)), np.int64).reshape(-1, 3)
        found = found[np.argsort(found[:, 0])]
        return cls(found[:, 0], np.where(found[:, 1] == found[:, 2], found[:, 1], _SEVERAL))

    def part_of(self, videos: NDArray[np.int64]) -> NDArray[np.int64]:
        """The part of each of these videos, all of which are known."""
        return self.parts[np.searchsorted(self.videos, videos)]

    def admitted(self, videos: NDArray[np.int64]) -> dict[int, bool]:
        """Part → whether all its videos are among ``videos``, for each part that any is of."""
        parts, all_of = np.unique(self.parts, return_counts=True)
        known = self.part_of(videos[np.isin(videos, self.videos)])
        some, of_them = np.unique(known, return_counts=True)
        return dict(
            zip(some.tolist(), (of_them == all_of[np.searchsorted(parts, some)]).tolist(), strict=True)
        )


class SharedVectors:
    """Collections of one library, one for each set.

    Args:
        library: its name, the same to all who share its vectors.
        server: the settings of ``MilvusIndex``.
    """

    def __init__(self, library: str, server: Mapping[str, str]) -> None:
        self._library = library
        self._server = server
        self._held: dict[IndexedSet, tuple[int, MilvusIndex, _Members]] = {}
        self._lock = threading.Lock()

    def named(self, view: View, part: IndexedSet, vector: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        """(vector id, owner id) of the about ``k`` nearest that the view admits, by vector id, shape (n, 2)."""
        try:
            ids = self._asked(view, part, vector, k)
        except LibraryError:  # somebody may have dropped the collection; where that is not it, it fails again
            with self._lock:
                self._held.pop(part, None)
            ids = self._asked(view, part, vector, k)
        return vectors.within(view.connection, part, view.scope, ids.tolist())

    def _asked(self, view: View, part: IndexedSet, vector: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        index, members = self._fresh(view, part)
        return index.query(vector, k, _admitted(view, part, members))[0]

    def _fresh(self, view: View, part: IndexedSet) -> tuple[MilvusIndex, _Members]:
        """The collection, holding all that the view does, and how it is divided; an older view than the last leaves it
        as it is.
        """
        with self._lock:
            generation, index, members = self._held.get(part, (-1, None, None))
            if index is None:
                name = hashlib.sha256(f"{self._library} {part.name}".encode()).hexdigest()[:24]
                index = MilvusIndex(part.dimension, f"longvid_{name}", self._server)
            if members is None or generation < view.generation:
                members = _Members.of(view)
                _bring_up_to_date(view, part, index, members)
                self._held[part] = view.generation, index, members
            return index, members


def _bring_up_to_date(view: View, part: IndexedSet, index: MilvusIndex, members: _Members) -> None:
    """Drop what is gone, or is of a video that has come into another collection, and enter what is not there."""
    owned = vectors.owned(view.connection, part)
    ids, videos = owned[:, 0], owned[:, 2]
    parts = members.part_of(videos)
    held, at = index.ids(), np.searchsorted(ids, index.ids())
    stays = np.zeros(len(held), bool)
    known = at < len(ids)
    stays[known] = (ids[at[known]] == held[known]) & (parts[at[known]] == index.parts()[known])
    index.delete(held[~stays])
    new = ~np.isin(ids, index.ids(), assume_unique=True)
    if new.any():
        index.insert(ids[new], vectors.read(view.connection, part, ids[new]), videos[new], parts[new])


def _admitted(view: View, part: IndexedSet, members: _Members) -> Admitted | None:
    scope = view.scope
    if scope == EVERYTHING:
        return None
    keys = select(Video.video_key).where(*video_conditions(Video.video_key, scope))
    groups = np.fromiter(view.connection.execute(keys).scalars(), np.int64)
    parts, ids = members.admitted(groups), np.empty(0, np.int64)
    if not scope.whole:
        ids = vectors.pairs(view.connection, part.admitted(scope).limit(_MOST_LISTED + 1))[:, 0]
        if len(ids) <= _MOST_LISTED:
            return Admitted(scope, lambda: ids, None, dict.fromkeys(parts, False))
    return Admitted(scope, lambda: ids, groups, parts)
