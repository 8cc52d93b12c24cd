"""One video's passages as arrays in time order: what scores are computed from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from longvid_storage.db.rows import passage_columns, passage_of
from longvid_storage.db.schema import PassageRow, PassageVector, VectorSet, Video
from longvid_storage.db.vectors import rows_of
from longvid_storage.db.view import View
from longvid_storage.running_sums import running_sums
from longvid_storage.search.lexical import SPOKEN_AND_SHOWN
from longvid_storage.search.surroundings import Surroundings, surroundings
from longvid_storage.types import Passage, Scope, speaker_key

Floats = NDArray[np.float64]
WINDOW_S = 60.0
CONTEXT_S = 300.0
WORDS_A_SECOND = 2.4
"""Of ordinary speech."""
FULL_S = 900.0
"""From this length on, windows and moments are as long as they get; in a shorter video they shrink with it."""
SMALLEST_SCALE = 0.2


@dataclass(slots=True)
class Postings:
    """Where a term occurs: row numbers, ascending, and how often in each."""

    rows: NDArray[np.int64]
    counts: Floats


class RankedPassage(NamedTuple):
    """A passage as ranking wants it: its analysed ``terms`` joined by spaces, and its float16 vector, if any."""

    passage: Passage
    terms: str
    vector: bytes | None


class RowWindows(NamedTuple):
    """For each row the half-open range of rows whose middle lies in the window around its own, and how many terms are
    said in it."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    spoken: Floats


@dataclass(slots=True)
class Timeline:
    """A video's passages of speech and screen in time order. What is scored is a row: a passage of speech, or all
    lines of a slide; there are ``n`` of them, made of ``m`` passages.

    Attributes:
        passages: those of each row together, rows in order.
        first: ``(n + 1,)``; row ``r`` is made of ``passages[first[r]:first[r + 1]]``.
        starts, ends: ``(n,)`` seconds.
        middles: ``(n,)`` seconds, ascending (rows are ordered by them).
        lengths: ``(n,)`` in terms.
        speech: ``(n,)``, False for a slide.
        passage_vectors: ``(m, dimension)`` float32, zero where there is none; None without any.
        vectors: ``(n, dimension)``: a row's, the normalised sum of its passages'; None without any.
        norms: of the sum of the vectors, by terms that are said, in the window around each row; None without any.
        postings: term → the rows it occurs in.
        around: each row's surroundings.
        places: passage id → its number in ``passages``.
        scale: how long windows and moments are, as a share of those in an hour: a moment is never the whole clip.
    """

    video_id: str
    pieces: list[RankedPassage]
    passages: list[Passage]
    first: NDArray[np.int64]
    starts: Floats
    ends: Floats
    middles: Floats
    lengths: Floats
    speech: NDArray[np.bool_]
    speakers: list[str | None]
    passage_vectors: NDArray[np.float32] | None
    vectors: NDArray[np.float32] | None
    norms: Floats | None
    postings: dict[str, Postings] = field(repr=False)
    around: Surroundings
    places: dict[int, int] = field(repr=False)

    scale: float
    _windows: dict[float, RowWindows] = field(default_factory=dict, repr=False)
    _said: dict[str, NDArray[np.bool_]] = field(default_factory=dict, repr=False)

    def said_by(self, speaker: str) -> NDArray[np.bool_]:
        """Which rows the speaker of that key says; remembered."""
        found = self._said.get(speaker)
        if found is None:
            own = np.fromiter((each == speaker for each in self.speakers), np.bool_, len(self))
            found = self._said[speaker] = own
        return found

    def windows_of(self, width_s: float) -> RowWindows:
        """The window of that width around each row; remembered, since every question asks for the same."""
        found = self._windows.get(width_s)
        if found is None:
            low, high = edges(self.middles, width_s)
            spoken = window_sums(self.lengths * self.speech, low, high)
            found = self._windows[width_s] = RowWindows(low, high, spoken)
        return found

    def __len__(self) -> int:
        return len(self.starts)

    def of_row(self, row: int) -> list[Passage]:
        """The passages of a row."""
        return self.passages[self.first[row] : self.first[row + 1]]

    def touching(self, start_s: float, end_s: float) -> NDArray[np.int64]:
        """The rows that share time with ``[start_s, end_s)``."""
        instant = (self.starts == start_s) & (self.ends == start_s)
        return np.flatnonzero((self.starts < end_s) & ((self.ends > start_s) | instant))


def scale_of(starts: Floats, ends: Floats) -> float:
    """``SMALLEST_SCALE`` to 1, in proportion to the time from the first start to the last end."""
    extent_s = float(ends.max() - starts.min()) if len(starts) else 0.0
    return min(1.0, max(SMALLEST_SCALE, extent_s / FULL_S))


def read_timelines(view: View, video_ids: Sequence[str], model_fingerprint: str | None) -> list[Timeline]:
    """The whole timelines of these videos, with vectors of that model, in one statement."""
    row, vector, sets = PassageRow, PassageVector, VectorSet
    own_sets = select(sets.set_key).where(sets.model_fingerprint == (model_fingerprint or ""))
    query = (
        select(row.passage_id, row.video_key, Video.video_id, row.terms, vector.vector, *passage_columns())
        .join(Video)
        .outerjoin(vector, (vector.owner_id == row.passage_id) & vector.set_key.in_(own_sets))
        .where(Video.video_id.in_(video_ids), row.kind.in_(SPOKEN_AND_SHOWN))
    )
    pieces: dict[str, list[RankedPassage]] = {video_id: [] for video_id in video_ids}
    for passage_id, key, video_id, terms, blob, *fields in view.connection.execute(query).all():
        passage = view.named(key, passage_of(passage_id, video_id, fields))
        pieces[video_id].append(RankedPassage(passage, terms, blob))
    return [make_timeline(video_id, own) for video_id, own in pieces.items()]


def make_timeline(video_id: str, pieces: Iterable[RankedPassage]) -> Timeline:
    """Arrays of a video's passages."""
    rows = _rows(pieces)
    ordered = [piece for row in rows for piece in row]
    first = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)]).astype(np.int64)
    starts = np.array([row[0].passage.start_s for row in rows], np.float64)
    ends = np.array([row[0].passage.end_s for row in rows], np.float64)
    terms = [[term for piece in row for term in piece.terms.split()] for row in rows]
    lengths = np.array([len(each) for each in terms], np.float64)
    speech = np.array([row[0].passage.kind == "speech" for row in rows], np.bool_)
    middles = (starts + ends) / 2
    passage_vectors = _vectors(ordered)
    vectors = None if passage_vectors is None else _row_vectors(passage_vectors, ordered, first)
    scale = scale_of(starts, ends)
    norms = None
    if vectors is not None:
        sums = window_sums(vectors * (lengths * speech)[:, None], *edges(middles, WINDOW_S * scale))
        norms = np.linalg.norm(sums, axis=1)
    texts = [row[0].passage.text for row in rows]
    speakers = [speaker_key(row[0].passage.speaker) for row in rows]
    return Timeline(
        video_id,
        ordered,
        [piece.passage for piece in ordered],
        first,
        starts,
        ends,
        middles,
        lengths,
        speech,
        speakers,
        passage_vectors,
        vectors,
        norms,
        _postings(terms),
        surroundings(starts, ends, lengths, texts, speakers, vectors, scale),
        {piece.passage.id: place for place, piece in enumerate(ordered)},
        scale,
    )


def _rows(pieces: Iterable[RankedPassage]) -> list[list[RankedPassage]]:
    """Each passage of speech, and the lines that are on screen together, ordered by their middles."""

    placed = [
        (p.start_s + p.end_s, p.start_s, p.kind, p.id, piece) for piece in pieces for p in (piece.passage,)
    ]
    placed.sort(key=itemgetter(0, 1, 2, 3))
    rows: list[list[RankedPassage]] = []
    for (*_, kind), together in groupby(placed, key=itemgetter(0, 1, 2)):
        own = [each[-1] for each in together]
        rows += [own] if kind == "screen" else [[piece] for piece in own]
    return rows


def admitted(timeline: Timeline, scope: Scope) -> Timeline:
    """The timeline of only those passages that the scope admits."""
    if scope.whole:
        return timeline
    rows: Iterable[int] = range(len(timeline))
    if scope.speaker is not None:
        wanted = speaker_key(scope.speaker)
        rows = [row for row, said_by in enumerate(timeline.speakers) if said_by == wanted]
    pieces = [each for row in rows for each in timeline.pieces[timeline.first[row] : timeline.first[row + 1]]]
    return make_timeline(timeline.video_id, [each for each in pieces if scope.admits(each.passage)])


def edges(middles: Floats, width_s: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each row, the half-open range of rows whose middle lies in the window around its own."""
    half = width_s / 2 + 1e-6
    return np.searchsorted(middles, middles - half), np.searchsorted(middles, middles + half)


def window_sums(
    values: NDArray[np.floating], low: NDArray[np.int64], high: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Sums of ``values`` (along the first axis) over the ranges."""
    total = running_sums(values)
    sums: NDArray[np.float64] = total[high] - total[low]
    return sums


def _row_vectors(
    vectors: NDArray[np.float32], pieces: Sequence[RankedPassage], first: NDArray[np.int64]
) -> NDArray[np.float32]:
    """A row of one passage has its vector; of several, their sum by length, normalised."""
    if len(first) == len(vectors) + 1:
        return vectors
    lengths = np.array([max(1, len(piece.terms.split())) for piece in pieces], np.float32)
    sums = np.add.reduceat(vectors * lengths[:, None], first[:-1], axis=0) if len(first) > 1 else vectors
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    rows: NDArray[np.float32] = (sums / np.maximum(norms, 1e-6)).astype(np.float32)
    return rows


def _vectors(pieces: Sequence[RankedPassage]) -> NDArray[np.float32] | None:
    found = {row: piece.vector for row, piece in enumerate(pieces) if piece.vector is not None}
    if not found:
        return None
    some = rows_of(list(found.values())).astype(np.float32)
    vectors = np.zeros((len(pieces), some.shape[1]), np.float32)
    vectors[list(found)] = some
    return vectors


def _postings(terms: Sequence[Sequence[str]]) -> dict[str, Postings]:
    known: dict[str, int] = {}
    codes = np.array([known.setdefault(term, len(known)) for each in terms for term in each], np.int64)
    rows = np.repeat(np.arange(len(terms)), [len(each) for each in terms])
    pairs, times = np.unique(codes * len(terms) + rows, return_counts=True)
    codes, rows = np.divmod(pairs, max(1, len(terms)))
    ends = np.searchsorted(codes, np.arange(len(known) + 1)).tolist()
    counts = times.astype(np.float64)
    return {
        term: Postings(rows[first:last], counts[first:last])
        for term, (first, last) in zip(known, pairwise(ends), strict=True)
    }
