"""The word index as arrays, for a process that asks a library more than once: a posting is read once, not each time.

Scores are those of ``lexical.best`` (BM25; Robertson & Zaragoza 2009) but for the last bits of their sums.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Text, cast, func, select

from longvid_storage.db.dialects import each_id
from longvid_storage.db.schema import PassageRow, Video
from longvid_storage.db.scope import passage_conditions, video_conditions
from longvid_storage.db.word_index import word_index_of
from longvid_storage.search.lexical import K1, B
from longvid_storage.types import EVERYTHING, Scope

if TYPE_CHECKING:
    from longvid_storage.db.view import View

_MOST_SCOPES = 16
# So many changed rows, or a quarter of all, and everything is read anew.
_MOST_CHANGES = 20_000
_EMPTY = 8

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _TermPostings:
    """Where a term occurs among the first ``among`` rows: rows, how often in each, and what that adds to a score before
    the term's weight, among passages of this mean length."""

    rows: NDArray[np.int32]
    times: NDArray[np.float32]
    among: int
    adds: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    mean_length: float = -1.0

    @property
    def size(self) -> int:
        """In postings; a term that is nowhere takes room too."""
        return len(self.rows) + _EMPTY


Added = tuple[NDArray[np.int32], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class _PassageRows:
    """The passages of a kind, ascending by id. Those that are gone keep their row, so that postings stay true; what
    came since they were read is at the end, its postings in ``added``, from row ``read`` on.

    Attributes:
        ids, video_keys, lengths: of each row.
        there: which rows are passages still; None: all.
    """

    ids: NDArray[np.int64]
    video_keys: NDArray[np.int32]
    lengths: NDArray[np.float32]
    there: Mask | None
    read: int
    added: Mapping[str, Added]

    def advanced(self, view: View, kind: str, video_keys: Sequence[int]) -> _PassageRows | None:
        """The rows as the view has them, where only these videos have changed; None: too much has."""
        row = PassageRow
        its = (row.kind == kind, row.video_key.in_(each_id(video_keys)))
        columns = (row.passage_id, row.video_key, row.length)
        query = select(*columns).where(*its).order_by(row.passage_id)
        flat = np.fromiter(chain.from_iterable(view.connection.execute(query)), np.int64).reshape(-1, 3)
        held = np.isin(self.video_keys, video_keys)
        if self.there is not None:
            held &= self.there
        gone = np.flatnonzero(held)[~np.isin(self.ids[held], flat[:, 0], assume_unique=True)]
        new = flat[~np.isin(flat[:, 0], self.ids[held], assume_unique=True)]
        if not len(gone) and not len(new):
            return self
        there = np.ones(len(self.ids), np.bool_) if self.there is None else self.there.copy()
        there[gone] = False
        there = np.concatenate([there, np.ones(len(new), np.bool_)])
        changes = len(there) - self.read + int((~there).sum())
        if changes > max(_MOST_CHANGES, self.read // 4) or (
            len(new) and new[0, 0] <= self.ids[-1:].max(initial=0)
        ):
            return None
        return _PassageRows(
            np.concatenate([self.ids, new[:, 0]]),
            np.concatenate([self.video_keys, new[:, 1].astype(np.int32)]),
            np.concatenate([self.lengths, new[:, 2].astype(np.float32)]),
            there if len(gone) or self.there is not None else None,
            self.read,
            self._with(view, new[:, 0]) if len(new) else self.added,
        )

    def _with(self, view: View, new: NDArray[np.int64]) -> dict[str, Added]:
        """The postings that were added, those of new passages among them."""
        query = select(PassageRow.terms).where(PassageRow.passage_id.in_(each_id(new.tolist())))
        texts = view.connection.execute(query.order_by(PassageRow.passage_id)).scalars()
        found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, terms in enumerate(texts, len(self.ids)):
            for term, times in Counter(terms.split(" ")).items():
                found[term].append((number, times))
        added = dict(self.added)
        for term, pairs in found.items():
            both = np.array(pairs, np.int64)
            postings = both[:, 0].astype(np.int32), both[:, 1].astype(np.float32)
            old = added.get(term)
            if old is not None:
                postings = np.concatenate([old[0], postings[0]]), np.concatenate([old[1], postings[1]])
            added[term] = postings
        return added


class WordMemory:
    """One kind's passages and the postings that were asked for, of one generation of a library.

    Of postings, 16 bytes each, ``most`` are kept: those of terms longest unused go.
    """

    def __init__(self, kind: str, most: int, passages: _PassageRows, terms: dict[str, _TermPostings]) -> None:
        self._kind = kind
        self._most = most
        self._passages = passages
        self._terms = terms
        self._kept = sum(each.size for each in terms.values())
        self._masks: dict[Scope, Mask] = {}
        self._spare: list[
            NDArray[np.float64]
        ] = []  # zeros, one a passage: getting their memory anew takes longer
        self._lock = threading.Lock()

    @classmethod
    def read(cls, view: View, kind: str, most: int) -> Self:
        """That of the view's library."""
        row = PassageRow
        query = (
            select(row.passage_id, row.video_key, row.length).where(row.kind == kind).order_by(row.passage_id)
        )
        flat = np.fromiter(chain.from_iterable(view.connection.execute(query)), np.int64).reshape(-1, 3)
        lengths = flat[:, 2].astype(np.float32)
        keys = flat[:, 1].astype(np.int32)
        return cls(kind, most, _PassageRows(flat[:, 0].copy(), keys, lengths, None, len(flat), {}), {})

    def advanced(self, view: View, video_keys: Sequence[int]) -> WordMemory | None:
        """That of the view, of the same library later, where only these videos have changed; None: read it anew."""
        passages = self._passages.advanced(view, self._kind, video_keys)
        return None if passages is None else WordMemory(self._kind, self._most, passages, dict(self._terms))

    def best(
        self, view: View, weights: Mapping[str, float], mean_length: float, limit: int
    ) -> list[tuple[int, float]]:
        """What ``lexical.best`` says, of every scope."""
        ids = self._passages.ids
        if not weights or limit < 1 or not len(ids):
            return []
        found = {term: self._term(view, term, mean_length) for term in weights}
        try:
            scores = self._spare.pop()
        except IndexError:  # the first question, or others are at it too
            scores = np.zeros(len(ids))
        for term, each in found.items():
            scores[each.rows] += weights[term] * each.adds
        rows = said = np.concatenate([each.rows for each in found.values()])
        if (mask := self._mask(view)) is not None:
            rows = rows[mask[rows]]
        most = limit * len(found)  # a passage is there once for each of the terms it has
        if len(rows) > most:
            values = scores[rows]
            rows = rows[values >= np.partition(values, -most)[-most]]
        rows = np.unique(rows)
        order = np.lexsort((rows, -scores[rows]))[:limit]
        best = list(zip(ids[rows[order]].tolist(), scores[rows[order]].tolist(), strict=True))
        scores[said] = 0.0
        self._spare = [scores]
        return best

    def frequency(self, view: View, term: str) -> int:
        """In how many passages of the scope the term occurs."""
        rows, mask = self._term(view, term).rows, self._mask(view)
        return len(rows) if mask is None else int(mask[rows].sum())

    def video_keys(self, passage_ids: NDArray[np.int64]) -> tuple[NDArray[np.int32], Mask]:
        """The keys of the videos of those that are of this kind, and which they are; quicker where ids ascend."""
        rows, there = self._rows(passage_ids)
        return self._passages.video_keys[rows], there

    def _rows(self, passage_ids: NDArray[np.int64]) -> tuple[NDArray[np.int32], Mask]:
        """The rows of those that are of this kind, and which they are."""
        ids = self._passages.ids
        rows = np.searchsorted(ids, passage_ids)
        there = rows < len(ids)
        there[there] = ids[rows[there]] == passage_ids[there]
        return rows[there].astype(np.int32), there

    def _term(self, view: View, term: str, mean_length: float | None = None) -> _TermPostings:
        """Its postings, with what they add among passages of that mean length, if one is given."""
        with self._lock:
            known = self._terms.pop(term, None)
            self._kept -= 0 if known is None else known.size
            known = self._read(view, term) if known is None else self._extended(term, known)
            if mean_length is not None and known.mean_length != mean_length:
                lengths = self._passages.lengths[known.rows].astype(np.float64)
                norm = K1 * (1 - B + B * lengths / max(mean_length, 1e-9))
                adds = known.times * (K1 + 1) / (known.times + norm)
                known = replace(known, adds=adds, mean_length=mean_length)
            self._terms[term] = known
            self._kept += known.size
            while self._kept > self._most and len(self._terms) > 1:
                self._kept -= self._terms.pop(next(iter(self._terms))).size
            return known

    def _extended(self, term: str, known: _TermPostings) -> _TermPostings:
        """With the passages that came since these postings were read."""
        if known.among == len(self._passages.ids):
            return known
        among = len(self._passages.ids)
        if (added := self._passages.added.get(term)) is None:
            return replace(known, among=among)
        rows, times = (each[added[0] >= known.among] for each in added)
        both = np.concatenate([known.rows, rows]), np.concatenate([known.times, times])
        return _TermPostings(*both, among)

    def _read(self, view: View, term: str) -> _TermPostings:
        """The postings of a term, added up here from one row of them all."""
        found = word_index_of(view.connection).postings(self._kind, [term]).subquery().c
        listed = (func.aggregate_strings(cast(column, Text), ",") for column in (found.doc, found.times))
        docs, times = (
            np.array(json.loads(f"[{text or ''}]"), np.int64)
            for text in view.connection.execute(select(*listed)).one()
        )
        rows, there = self._rows(docs)
        rows, places = np.unique(rows, return_inverse=True)
        each = np.bincount(places, times[there], len(rows)).astype(np.float32)
        return _TermPostings(rows, each, len(self._passages.ids))

    def _mask(self, view: View) -> Mask | None:
        """Which passages the scope admits; None: all."""
        scope, passages = view.scope, self._passages
        if scope == EVERYTHING:
            return passages.there
        with self._lock:
            mask = self._masks.get(scope)
            if mask is None:
                row = PassageRow
                query = select(Video.video_key).where(*video_conditions(Video.video_key, scope))
                if not scope.whole:
                    query = select(row.passage_id).where(*passage_conditions(scope, [self._kind]))
                admitted = np.fromiter(view.connection.execute(query).scalars(), np.int64)
                mask = np.isin(passages.video_keys if scope.whole else passages.ids, admitted)
                if passages.there is not None:
                    mask &= passages.there
                if len(self._masks) >= _MOST_SCOPES:
                    self._masks.clear()
                self._masks[scope] = mask
            return mask
