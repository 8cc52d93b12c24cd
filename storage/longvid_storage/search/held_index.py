"""A vector index as of one generation of a library, and how it becomes that of the next without being made anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.vector_index import Admitted, VectorIndex
from longvid_storage.search.vector_indexes.codes import CodeIndex
from longvid_storage.search.vector_indexes.exact import ExactIndex, best_of, rows_of
from longvid_storage.search.vector_indexes.signs import SignIndex
from longvid_storage.sign_bits import width_of
from longvid_storage.types import Scope

# Scopes remembered for each index, the ids of one take 8 bytes each.
_SCOPES = 16
# So many vectors, or this share of all, lie beside the index before it is made with them; of those gone, so many.
_BESIDE, _SHARE = 4096, 64
_MOST_GONE = 1024

Ids = NDArray[np.int64]
Pairs = NDArray[np.int64]  # (vector id, owner id), shape (n, 2), ascending by vector id
Owned = NDArray[np.int64]  # (vector id, owner id, its video's key), shape (n, 3)
ReadVectors = Callable[[Pairs], NDArray[np.float16]]


@dataclass(frozen=True, slots=True)
class _Entries:
    """What is known of the vectors of an index, ascending by owner id."""

    ids: Ids
    vector_ids: Ids
    keys: NDArray[np.int64]  # of their videos

    @classmethod
    def of(cls, owned: Owned) -> _Entries:
        ordered = owned[np.argsort(owned[:, 1])]
        return cls(ordered[:, 1].copy(), ordered[:, 0].copy(), ordered[:, 2].copy())

    def kept(self, which: NDArray[np.bool_]) -> _Entries:
        return _Entries(self.ids[which], self.vector_ids[which], self.keys[which])


def bytes_each(dimension: int, kind: type[VectorIndex]) -> int:
    """What an index takes for a vector: its ids and signs, and its numbers."""
    numbers = {SignIndex: 0, CodeIndex: -(-dimension // 2)}.get(kind, 2 * dimension)
    signs = width_of(dimension) if kind is CodeIndex else dimension // 8
    return 16 + signs + numbers


@dataclass(frozen=True, slots=True)
class HeldIndex:
    """An index as of a generation; never changed, since another thread may be searching it.

    Attributes:
        index: of all vectors but those that came later; ``vector_ids`` are those of its ids, in their order.
        owned: of its ids too, with the video's key; None until the library has changed once.
        gone: owner ids whose vector in ``index`` is not there any more, ascending.
        beside: what came later, its ``rows`` and the index over them; None: nothing did.
        scopes: what was read of scopes, since one is often asked with many questions.
    """

    generation: int
    index: VectorIndex
    vector_ids: Ids
    owned: _Entries | None = None
    gone: Ids = field(default_factory=lambda: np.zeros(0, np.int64))
    beside: tuple[_Entries, NDArray[np.float16], ExactIndex] | None = None
    scopes: dict[Scope, Admitted] = field(default_factory=dict)

    def named(self, k: int) -> int | None:
        """Where it only names what may be near: how many are to be asked for, so that the ``k`` best are among them."""
        return self.index.named(k) if isinstance(self.index, (CodeIndex, SignIndex)) else None

    @property
    def count(self) -> int:
        """How many vectors it holds."""
        return len(self.vector_ids) + (0 if self.beside is None else len(self.beside[0].ids))

    @property
    def bytes_held(self) -> int:
        """What it takes of memory."""
        return self.count * bytes_each(self.index.dimension, type(self.index))

    @property
    def plain(self) -> bool:
        """Whether the index alone is all of it, and so its file."""
        return self.beside is None and not len(self.gone)

    def query(
        self, vector: NDArray[np.float32], limit: int, scope: Admitted | None
    ) -> tuple[Ids, NDArray[np.float32]]:
        """The index's answer, without what is gone, with what is beside it; where it only names, as many of both."""
        names = self.named(limit) is not None
        ids, scores = self.index.query(vector, limit + len(self.gone), scope)
        if len(self.gone):
            there = ~np.isin(ids, self.gone)
            ids, scores = ids[there][:limit], scores[there][:limit]
        if self.beside is not None:
            more, theirs = self.beside[2].query(vector, limit, scope)
            ids, scores = np.concatenate([ids, more]), np.concatenate([scores, theirs])
            if not names:
                ids, scores = best_of(ids, scores, limit)
        if scope is not None and scope.known:
            if len(self.scopes) >= _SCOPES:
                self.scopes.clear()
            self.scopes[scope.scope] = scope
        return (ids, scores) if names else (ids[:limit], scores[:limit])

    def pairs_of(self, ids: Ids) -> Pairs:
        """The vector ids of these, all of which it has."""
        ids = np.sort(ids)
        rows = rows_of(self.index.ids(), ids)
        found = np.column_stack([self.vector_ids[rows], self.index.ids()[rows]])
        if len(self.gone):
            found = found[~np.isin(found[:, 1], self.gone)]
        if self.beside is not None:
            entries = self.beside[0]
            rows = rows_of(entries.ids, ids)
            found = np.concatenate([found, np.column_stack([entries.vector_ids[rows], entries.ids[rows]])])
        return found[np.argsort(found[:, 0])]

    def made_whole(self) -> tuple[VectorIndex, Ids]:
        """One index of all that there is, and the vector ids of its ids."""
        if self.plain:
            return self.index, self.vector_ids
        index = type(self.index).from_bytes(self.index.ids(), self.index.to_bytes(), self.index.dimension)
        index.delete(self.gone)
        ids = self.vector_ids[~np.isin(self.index.ids(), self.gone, assume_unique=True)]
        if self.beside is not None:
            entries, rows, _ = self.beside
            ids = np.insert(ids, np.searchsorted(index.ids(), entries.ids), entries.vector_ids)
            index.insert(entries.ids, rows)
        return index, ids

    def ids_of(self, keys: NDArray[np.int64]) -> Ids | None:
        """The ids of the vectors of these videos, ascending; None where it is not known whose they are."""
        if self.owned is None:
            return None
        ids = self.owned.ids[np.isin(self.owned.keys, keys)]
        if len(self.gone):
            ids = ids[~np.isin(ids, self.gone, assume_unique=True)]
        if self.beside is not None:
            own = self.beside[0]
            ids = np.sort(np.concatenate([ids, own.ids[np.isin(own.keys, keys)]]))
        return ids

    def owning(self, current: Owned) -> HeldIndex:
        """The same, knowing the video of each vector that is among all the current ones."""
        mine = _Entries.of(current)
        places = np.searchsorted(mine.ids, self.index.ids())
        places[places == len(mine.ids)] = 0
        found = mine.ids[places] == self.index.ids() if len(mine.ids) else np.zeros(len(places), np.bool_)
        keys = np.where(found, mine.keys[places] if len(mine.ids) else 0, -1)
        return replace(self, owned=_Entries(self.index.ids(), self.vector_ids, keys))

    def advanced(
        self, generation: int, current: Owned, video_keys: Sequence[int] | None, read: ReadVectors
    ) -> HeldIndex | None:
        """The index at a later generation; None: so much has changed that one is to be made.

        Args:
            current: all there is of these videos now.
            video_keys: those that have changed, or are gone (key -1); None: any may have.
            read: vectors in the order of owner ids.
        """
        assert self.owned is not None
        mine = np.ones(len(self.owned.ids), np.bool_)
        if video_keys is not None:
            mine = np.isin(self.owned.keys, video_keys)
        if len(self.gone):
            mine &= ~np.isin(self.owned.ids, self.gone, assume_unique=True)
        lost = mine.copy()
        lost[mine] = ~np.isin(self.owned.vector_ids[mine], current[:, 0], assume_unique=True)
        new = current[~np.isin(current[:, 0], self.owned.vector_ids[mine], assume_unique=True)]
        entries, rows = self._beside_but(video_keys, current)
        if entries is not None:
            new = new[~np.isin(new[:, 0], entries.vector_ids, assume_unique=True)]
        unchanged = not lost.any() and not len(new)
        if unchanged and (self.beside is None or (entries and len(entries.ids) == len(self.beside[0].ids))):
            return replace(self, generation=generation, scopes={})
        gone = np.union1d(self.gone, self.owned.ids[lost])
        added = _Entries.of(new)
        size = len(added.ids) + (0 if entries is None else len(entries.ids))
        if size > max(_BESIDE, len(self.owned.ids) // _SHARE) or len(gone) > _MOST_GONE:
            return None
        fresh = read(new[:, :2]) if len(new) else np.zeros((0, self.index.dimension), np.float16)
        if entries is not None and rows is not None:
            whole = [np.concatenate(each) for each in zip(_parts(entries), _parts(added), strict=True)]
            order = np.argsort(whole[0])
            added = _Entries(*(each[order] for each in whole))
            fresh = np.concatenate([rows, fresh])[order]
        index = ExactIndex(self.index.dimension)
        index.insert(added.ids, fresh)
        beside = (added, fresh, index) if len(added.ids) else None
        return HeldIndex(generation, self.index, self.vector_ids, self.owned, gone, beside)

    def _beside_but(
        self, video_keys: Sequence[int] | None, current: Owned
    ) -> tuple[_Entries | None, NDArray[np.float16] | None]:
        """What lies beside the index and is still there."""
        if self.beside is None:
            return None, None
        entries, rows, _ = self.beside
        kept = np.isin(entries.vector_ids, current[:, 0])
        if video_keys is not None:
            kept |= ~np.isin(entries.keys, video_keys)
        return entries.kept(kept), rows[kept]


def _parts(entries: _Entries) -> tuple[Ids, Ids, NDArray[np.int64]]:
    return entries.ids, entries.vector_ids, entries.keys
