"""One video's sentences and slides as arrays in time order: what scores are computed from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from longvid_storage.db.filters import speaker_key
from longvid_storage.db.search_reads import Piece
from longvid_storage.types import Filters

Floats = NDArray[np.float64]
WINDOW_S = 60.0
CONTEXT_S = 300.0
FULL_S = 900.0
"""From this length on, windows and moments are as long as they get; in a shorter video they shrink with it."""
SMALLEST_SCALE = 0.2
BREAK_S = 30.0
"""What is said this long before and after a break is compared."""


@dataclass(slots=True)
class Postings:
    """Where a term occurs: piece numbers, ascending, and how often in each."""

    rows: NDArray[np.int64]
    counts: Floats


@dataclass(slots=True)
class Breaks:
    """Where one utterance ends and the next begins: seconds, and how unlike in meaning (0 to 2) the two sides are."""

    at: Floats
    depths: Floats


@dataclass(slots=True)
class Timeline:
    """A video's pieces in time order, ``n`` of them; all arrays have that length.

    Attributes:
        starts, ends: seconds.
        middles: seconds, ascending (pieces are ordered by them).
        lengths: in terms.
        speech: False for a slide.
        vectors: ``(n, dimension)`` float32, zero where there is none; None without any.
        windows: the normalised sum of the vectors in the window around each piece, or None.
        postings: term → where it occurs.
        breaks: between the utterances and at both ends; None without vectors.
    """

    video_id: str
    pieces: list[Piece]
    starts: Floats
    ends: Floats
    middles: Floats
    lengths: Floats
    speech: NDArray[np.bool_]
    speakers: list[str | None]
    vectors: NDArray[np.float32] | None
    windows: NDArray[np.float32] | None
    postings: dict[str, Postings] = field(repr=False)
    breaks: Breaks | None

    @property
    def scale(self) -> float:
        """How long windows and moments are, as a share of those in an hour: a moment is never the whole clip."""
        return scale_of(self.starts, self.ends)

    def __len__(self) -> int:
        return len(self.pieces)


def scale_of(starts: Floats, ends: Floats) -> float:
    """``SMALLEST_SCALE`` to 1, in proportion to the time from the first start to the last end."""
    extent_s = float(ends.max() - starts.min()) if len(starts) else 0.0
    return min(1.0, max(SMALLEST_SCALE, extent_s / FULL_S))


def make_timeline(video_id: str, pieces: Sequence[Piece]) -> Timeline:
    """Arrays of a video's pieces."""
    ordered = sorted(pieces, key=lambda piece: (piece.unit.start_s + piece.unit.end_s, piece.unit.start_s))
    starts = np.array([piece.unit.start_s for piece in ordered], np.float64)
    ends = np.array([piece.unit.end_s for piece in ordered], np.float64)
    terms = [piece.terms.split() for piece in ordered]
    lengths = np.array([len(each) for each in terms], np.float64)
    speech = np.array([piece.unit.channel == "speech" for piece in ordered], np.bool_)
    middles = (starts + ends) / 2
    vectors = _vectors(ordered)
    scale = scale_of(starts, ends)
    windows = breaks = None
    if vectors is not None:
        windows = _window_vectors(vectors, middles, lengths * speech, WINDOW_S * scale)
        if speech.any():
            weighted = vectors[speech] * lengths[speech, None]
            breaks = _breaks(weighted, starts[speech], ends[speech], middles[speech], BREAK_S * scale)
    return Timeline(
        video_id,
        ordered,
        starts,
        ends,
        middles,
        lengths,
        speech,
        [speaker_key(piece.unit.speaker) for piece in ordered],
        vectors,
        windows,
        _postings(terms),
        breaks,
    )


def admitted(timeline: Timeline, filters: Filters) -> Timeline:
    """The timeline of only those pieces that the filters admit."""
    if filters.from_s is None and filters.to_s is None and not filters.speaker and not filters.language:
        return timeline
    kept = [
        piece
        for piece in timeline.pieces
        if (filters.to_s is None or piece.unit.start_s < filters.to_s)
        and (filters.from_s is None or piece.unit.end_s > filters.from_s or _instant(piece, filters.from_s))
        and (filters.speaker is None or speaker_key(piece.unit.speaker) == speaker_key(filters.speaker))
        and (filters.language is None or _speaks(piece.unit.language, filters.language))
    ]
    return make_timeline(timeline.video_id, kept)


def _instant(piece: Piece, from_s: float) -> bool:
    return piece.unit.start_s == piece.unit.end_s == from_s


def _speaks(language: str | None, wanted: str) -> bool:
    return language is not None and (language == wanted or language.startswith(f"{wanted}-"))


def edges(middles: Floats, width_s: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each piece, the half-open range of pieces whose middle lies in the window around its own."""
    half = width_s / 2 + 1e-6
    return np.searchsorted(middles, middles - half), np.searchsorted(middles, middles + half)


def window_sums(
    values: NDArray[np.floating], low: NDArray[np.int64], high: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Sums of ``values`` (along the first axis) over the ranges."""
    total = np.concatenate(
        [np.zeros_like(values[:1], np.float64), np.cumsum(values, axis=0, dtype=np.float64)]
    )
    sums: NDArray[np.float64] = total[high] - total[low]
    return sums


def _window_vectors(
    vectors: NDArray[np.float32], middles: Floats, weights: Floats, width_s: float
) -> NDArray[np.float32]:
    sums = window_sums(vectors * weights[:, None], *edges(middles, width_s))
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    windows: NDArray[np.float32] = (sums / np.maximum(norms, 1e-6)).astype(np.float32)
    return windows


def _breaks(
    weighted: NDArray[np.floating], starts: Floats, ends: Floats, middles: Floats, side_s: float
) -> Breaks:
    """Depth of each break as one minus the cosine of its sides (Hearst 1997, TextTiling, with sentence vectors)."""
    at = np.append(starts, ends[-1])
    here = np.arange(len(at))
    before = window_sums(weighted, np.minimum(np.searchsorted(middles, at - side_s), here), here)
    after = window_sums(weighted, here, np.maximum(np.searchsorted(middles, at + side_s), here))
    norms = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    depths: Floats = 1 - (before * after).sum(axis=1) / np.maximum(norms, 1e-6)
    return Breaks(at, depths)


def _vectors(pieces: Sequence[Piece]) -> NDArray[np.float32] | None:
    found = {row: piece.vector for row, piece in enumerate(pieces) if piece.vector is not None}
    if not found:
        return None
    some = np.frombuffer(b"".join(found.values()), "<f2").reshape(len(found), -1).astype(np.float32)
    vectors = np.zeros((len(pieces), some.shape[1]), np.float32)
    vectors[list(found)] = some
    return vectors


def _postings(terms: Sequence[Sequence[str]]) -> dict[str, Postings]:
    rows: dict[str, list[int]] = {}
    counts: dict[str, list[int]] = {}
    for row, each in enumerate(terms):
        for term, count in Counter(each).items():
            rows.setdefault(term, []).append(row)
            counts.setdefault(term, []).append(count)
    return {
        term: Postings(np.array(where, np.int64), np.array(counts[term], np.float64))
        for term, where in rows.items()
    }
