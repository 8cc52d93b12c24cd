"""The word index as arrays, for a process that asks a library more than once: a posting is read once, not each time.

Scores are those of ``lexical.best`` (BM25; Robertson & Zaragoza 2009) but for the last bits of their sums.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

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

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _TermPostings:
    """Where a term occurs: rows, how often in each, and what that adds to a score before the term's weight, among
    passages of this mean length."""

    rows: NDArray[np.int32]
    times: NDArray[np.float32]
    adds: NDArray[np.float64]
    mean_length: float = -1.0


class WordMemory:
    """One kind's passages and the postings that were asked for, of one generation of a library.

    Of postings, 16 bytes each, ``most`` are kept: those of terms longest unused go.
    """

    def __init__(self, view: View, kind: str, most: int) -> None:
        row = PassageRow
        query = (
            select(row.passage_id, row.video_key, row.length).where(row.kind == kind).order_by(row.passage_id)
        )
        flat = np.fromiter(chain.from_iterable(view.connection.execute(query)), np.int64).reshape(-1, 3)
        self._kind = kind
        self._most = most
        self._ids: NDArray[np.int64] = flat[:, 0].copy()
        self._video_keys = flat[:, 1].astype(np.int32)
        self._lengths = flat[:, 2].astype(np.float32)
        self._terms: dict[str, _TermPostings] = {}
        self._kept = 0
        self._masks: dict[Scope, Mask] = {}
        self._lock = threading.Lock()

    def best(
        self, view: View, weights: Mapping[str, float], mean_length: float, limit: int
    ) -> list[tuple[int, float]]:
        """What ``lexical.best`` says, of every scope."""
        if not weights or limit < 1 or not len(self._ids):
            return []
        found = {term: self._term(view, term, mean_length) for term in weights}
        scores = np.zeros(len(self._ids))
        for term, each in found.items():
            scores[each.rows] += weights[term] * each.adds
        rows = np.concatenate([each.rows for each in found.values()])
        if (mask := self._mask(view)) is not None:
            rows = rows[mask[rows]]
        most = limit * len(found)  # a passage is there once for each of the terms it has
        if len(rows) > most:
            values = scores[rows]
            rows = rows[values >= np.partition(values, -most)[-most]]
        rows = np.unique(rows)
        order = np.lexsort((rows, -scores[rows]))[:limit]
        return list(zip(self._ids[rows[order]].tolist(), scores[rows[order]].tolist(), strict=True))

    def video_keys(self, passage_ids: Iterable[int]) -> dict[int, int]:
        """Passage id → its video's key; without those that are of another kind."""
        wanted = np.fromiter(passage_ids, np.int64)
        rows, there = self._rows(wanted)
        return dict(zip(wanted[there].tolist(), self._video_keys[rows].tolist(), strict=True))

    def _rows(self, passage_ids: NDArray[np.int64]) -> tuple[NDArray[np.int32], Mask]:
        """The rows of those that are of this kind, and which they are."""
        rows = np.searchsorted(self._ids, passage_ids)
        there = rows < len(self._ids)
        there[there] = self._ids[rows[there]] == passage_ids[there]
        return rows[there].astype(np.int32), there

    def _term(self, view: View, term: str, mean_length: float) -> _TermPostings:
        with self._lock:
            known = self._terms.pop(term, None)
            if known is None:
                known = self._read(view, term)
                self._kept += len(known.rows)
            if known.mean_length != mean_length:
                norm = K1 * (
                    1 - B + B * self._lengths[known.rows].astype(np.float64) / max(mean_length, 1e-9)
                )
                adds = known.times * (K1 + 1) / (known.times + norm)
                known = _TermPostings(known.rows, known.times, adds, mean_length)
            self._terms[term] = known
            while self._kept > self._most and len(self._terms) > 1:
                self._kept -= len(self._terms.pop(next(iter(self._terms))).rows)
            return known

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
        return _TermPostings(rows, each, np.zeros(0))

    def _mask(self, view: View) -> Mask | None:
        """Which passages the scope admits; None: all."""
        scope = view.scope
        if scope == EVERYTHING:
            return None
        with self._lock:
            mask = self._masks.get(scope)
            if mask is None:
                row = PassageRow
                query = select(Video.video_key).where(*video_conditions(Video.video_key, scope))
                if not scope.whole:
                    query = select(row.passage_id).where(*passage_conditions(scope, [self._kind]))
                admitted = np.fromiter(view.connection.execute(query).scalars(), np.int64)
                mask = np.isin(self._video_keys if scope.whole else self._ids, admitted)
                if len(self._masks) >= _MOST_SCOPES:
                    self._masks.clear()
                self._masks[scope] = mask
            return mask


def videos_of_keys(view: View, keys: Iterable[int]) -> dict[int, str]:
    """Key → id of these videos."""
    query = select(Video.video_key, Video.video_id).where(Video.video_key.in_(each_id(keys)))
    return {row[0]: row[1] for row in view.connection.execute(query).all()}
