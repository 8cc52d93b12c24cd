"""From scores of places to moments: each peak grows over its neighbours while they are worth their seconds.

Growth maximises the sum of (score - threshold) x seconds to either side of the peak, the maximum-sum segment
(Bentley 1984, "Programming pearls: algorithm design techniques"), so that a moment is as long as what it is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.scoring import NO_HIT
from longvid_storage.search.timeline import Floats, Timeline


@dataclass(frozen=True, slots=True)
class Growth:
    """When a moment stops growing: where the score is below ``threshold`` standard deviations or below ``share`` of
    the peak's, or at ``longest_s``; then the ends of the best moment move by up to ``snap_s`` to where the subject
    changes most.
    """

    threshold: float
    shortest_s: float
    longest_s: float
    share: float = 0.0
    snap_s: float = 0.0

    def scaled(self, scale: float) -> Growth:
        """The same in a video whose moments are ``scale`` times as long."""
        return replace(
            self,
            shortest_s=self.shortest_s * scale,
            longest_s=self.longest_s * scale,
            snap_s=self.snap_s * scale,
        )


WITHIN = Growth(threshold=0.8, shortest_s=80.0, longest_s=240.0, share=0.2, snap_s=10.0)
ACROSS = Growth(threshold=5.2, shortest_s=60.0, longest_s=200.0)
_MANY = 12


def growth_for(videos: int) -> Growth:
    """From ``WITHIN`` for one video to ``ACROSS`` for twelve: a peak stands out the more, the more it is among."""
    share = min(1.0, max(0, videos - 1) / (_MANY - 1))
    pairs = zip(astuple(WITHIN), astuple(ACROSS), strict=True)
    return Growth(*(one + share * (many - one) for one, many in pairs))


@dataclass(frozen=True, slots=True)
class Grown:
    """A grown moment of ``pool[timeline]`` around the piece ``row``."""

    timeline: int
    row: int
    start_s: float
    end_s: float
    score: float


def grow_spans(
    pool: Sequence[Timeline],
    scores: Sequence[Floats],
    k: int,
    growth: Growth,
    peaks: Sequence[NDArray[np.bool_]] | None = None,
    lifts: Sequence[Floats] | None = None,
) -> list[Grown]:
    """The best ``k`` spans, best first; those of one video do not overlap.

    Args:
        peaks: of each timeline, which pieces a span may grow from; None for all.
        lifts: what each piece's score is raised by as a peak; spans grow as they would without.
    """
    owners = np.repeat(np.arange(len(pool)), [len(timeline) for timeline in pool])
    rows = np.concatenate([np.arange(len(timeline)) for timeline in pool] or [np.zeros(0, np.int64)])
    flat = np.concatenate([*scores, np.zeros(0)])
    if lifts is not None:
        flat = flat + np.concatenate([*lifts, np.zeros(0)])
    if peaks is not None:
        flat = np.where(np.concatenate([*peaks, np.zeros(0, np.bool_)]), flat, NO_HIT)
    spans: list[Grown] = []
    taken: dict[int, list[Grown]] = {}
    for place in np.lexsort((rows, owners, -flat)):
        if flat[place] <= NO_HIT:
            break
        owner, row = int(owners[place]), int(rows[place])
        timeline, there = pool[owner], taken.setdefault(owner, [])
        middle_s = timeline.middles[row]
        if any(span.start_s < middle_s < span.end_s for span in there):
            continue
        fitting = growth.scaled(timeline.scale)
        start_s, end_s = _grown(timeline, scores[owner], row, fitting)
        if not spans:  # the others are cut to what is left, and moving them lost hits
            start_s, end_s = _snapped(timeline, row, start_s, end_s, fitting.snap_s)
        start_s = max([start_s, *(span.end_s for span in there if span.end_s <= middle_s)])
        end_s = min([end_s, *(span.start_s for span in there if span.start_s >= middle_s)])
        if end_s < start_s or (there and end_s - start_s < fitting.shortest_s / 6):
            continue
        span = Grown(owner, row, float(start_s), float(end_s), float(flat[place]))
        there.append(span)
        spans.append(span)
        if len(spans) == k:
            break
    return spans


def _grown(timeline: Timeline, score: Floats, row: int, growth: Growth) -> tuple[float, float]:
    # A slide may be on for minutes: it says how good a place is, not how long the moment is.
    seconds = np.where(timeline.speech, np.maximum(timeline.ends - timeline.starts, 0.5), 0.0)
    worth = (score - max(growth.threshold, growth.share * score[row])) * seconds
    middle_s = timeline.middles[row]
    reach_s = growth.longest_s * 0.75
    first = np.searchsorted(timeline.middles, middle_s - reach_s)
    last = np.searchsorted(timeline.middles, middle_s + reach_s)
    left = _best(worth[first:row][::-1])
    right = _best(worth[row + 1 : last])
    within = np.arange(row - left, row + right + 1)
    spoken = within[timeline.speech[within]]
    within = spoken if len(spoken) else within
    start_s, end_s = float(timeline.starts[within].min()), float(timeline.ends[within].max())
    if end_s - start_s > growth.longest_s:
        start_s = max(start_s, middle_s - growth.longest_s / 2)
        end_s = min(end_s, start_s + growth.longest_s)
        # Whole pieces, so that nobody is cut off in mid-sentence.
        whole = within[(timeline.starts[within] >= start_s) & (timeline.ends[within] <= end_s)]
        if row in whole:
            start_s, end_s = float(timeline.starts[whole].min()), float(timeline.ends[whole].max())
    missing_s = growth.shortest_s - (end_s - start_s)
    if missing_s > 0:
        start_s = max(start_s - missing_s / 2, min(start_s, float(timeline.starts.min())))
        end_s = min(end_s + missing_s / 2, max(end_s, float(timeline.ends.max())))
    return start_s, end_s


def _snapped(
    timeline: Timeline, row: int, start_s: float, end_s: float, reach_s: float
) -> tuple[float, float]:
    """Both ends moved to the deepest break within ``reach_s``, the peak staying inside."""
    breaks = timeline.breaks
    if breaks is None or not reach_s:
        return start_s, end_s

    def deepest(near_s: float, allowed: NDArray[np.bool_]) -> float:
        rows = np.flatnonzero(allowed & (np.abs(breaks.at - near_s) <= reach_s))
        return float(breaks.at[rows[np.argmax(breaks.depths[rows])]]) if len(rows) else near_s

    return (
        deepest(start_s, breaks.at <= timeline.starts[row]),
        deepest(end_s, breaks.at >= timeline.ends[row]),
    )


def _best(worth: Floats) -> int:
    """How many of the first pieces to take so that their sum is largest."""
    if not len(worth):
        return 0
    sums = np.cumsum(worth)
    best = int(np.argmax(sums))
    return best + 1 if sums[best] > 0 else 0
