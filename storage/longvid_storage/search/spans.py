"""From scores of places to moments: each peak grows over its neighbours while they are worth their seconds.

Growth maximises the sum of (score - threshold) x seconds to either side of the peak, the maximum-sum segment
(Bentley 1984, "Programming pearls: algorithm design techniques"), so that a moment is as long as what it is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import cache

import numpy as np

from longvid_storage.search.scoring import NO_HIT
from longvid_storage.search.timeline import Floats, Timeline


@dataclass(frozen=True, slots=True)
class Growth:
    """When a moment stops growing: where the score is below ``threshold`` standard deviations or below ``share`` of
    that where it is played; ``before_s`` before that, and at ``longest_s`` in all. No moment begins within ``apart_s``
    of another.
    """

    threshold: float
    shortest_s: float
    longest_s: float
    share: float
    before_s: float
    apart_s: float

    def scaled(self, scale: float) -> Growth:
        """The same in a video whose moments are ``scale`` times as long."""
        return Growth(
            self.threshold,
            self.shortest_s * scale,
            self.longest_s * scale,
            self.share,
            self.before_s * scale,
            self.apart_s * scale,
        )


WITHIN = Growth(threshold=0.8, shortest_s=40.0, longest_s=240.0, share=0.5, before_s=120.0, apart_s=20.0)
SUMMARISED = Growth(threshold=0.1, shortest_s=300.0, longest_s=480.0, share=0.1, before_s=180.0, apart_s=20.0)
"""Who wants a discussion summarised wants all of it: 335 s at the median on qmsum, where others want 85 s."""
ACROSS = Growth(threshold=0.8, shortest_s=35.0, longest_s=44.0, share=0.5, before_s=15.0, apart_s=20.0)
_MANY = 12


@cache
def growth_for(videos: int, *, sums_up: bool = False) -> Growth:
    """From ``WITHIN`` for one video to ``ACROSS`` for twelve: a peak stands out the more, the more it is among.

    Args:
        sums_up: a whole discussion is asked for.
    """
    share = min(1.0, max(0, videos - 1) / (_MANY - 1))
    pairs = zip(astuple(SUMMARISED if sums_up else WITHIN), astuple(ACROSS), strict=True)
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
    pool: Sequence[Timeline], scores: Sequence[Floats], values: Sequence[Floats], k: int, growth: Growth
) -> list[Grown]:
    """The best ``k`` spans, best first; those of one video do not overlap.

    Args:
        scores: what each row is worth as part of a span.
        values: how good it is to start at each row; ``NO_HIT`` where no span starts.
    """
    hits = [np.flatnonzero(each > NO_HIT) for each in values]
    owners = np.repeat(np.arange(len(pool)), [len(each) for each in hits]).tolist()
    rows = [row for each in hits for row in each.tolist()]
    flat = np.concatenate([*(each[own] for each, own in zip(values, hits, strict=True)), np.zeros(0)])
    fittings = [growth.scaled(timeline.scale) for timeline in pool]
    spans: list[Grown] = []
    taken: dict[int, list[Grown]] = {}
    for place in np.argsort(-flat, kind="stable").tolist():
        owner, row = owners[place], rows[place]
        timeline, there, fitting = pool[owner], taken.setdefault(owner, []), fittings[owner]
        start_s = float(timeline.starts[row])
        if any(span.start_s - fitting.apart_s < start_s < span.end_s + fitting.apart_s for span in there):
            continue
        span = _grown(timeline, scores[owner], row, fitting)
        start_s = max([span[0], *(each.end_s for each in there if each.end_s <= start_s)])
        end_s = min([span[1], *(each.start_s for each in there if each.start_s >= start_s)])
        grown = Grown(owner, row, start_s, max(start_s, end_s), float(flat[place]))
        there.append(grown)
        spans.append(grown)
        if len(spans) == k:
            break
    return spans


def _grown(timeline: Timeline, score: Floats, row: int, growth: Growth) -> tuple[float, float]:
    """Seconds of the span around ``row``: whole pieces, so that nobody is cut off in mid-sentence."""
    played_s = float(timeline.starts[row])
    reach_s = (played_s - growth.before_s, played_s + growth.longest_s)
    first, most = timeline.middles.searchsorted(reach_s).tolist()
    part = slice(first, max(most, row + 1))
    # A slide may be on for minutes: it says how good a place is, not how long the moment is.
    seconds = np.where(
        timeline.speech[part], np.maximum(timeline.ends[part] - timeline.starts[part], 0.5), 0.0
    )
    worth = (score[part] - max(growth.threshold, growth.share * score[row])) * seconds
    left = row - _best(worth[: row - first][::-1])
    start_s = float(min(timeline.starts[left], played_s))
    last = int(timeline.middles.searchsorted(start_s + growth.longest_s))
    right = row + _best(worth[row + 1 - first : max(0, last - first)])
    within = np.arange(left, right + 1)
    spoken = within[timeline.speech[within]]
    within = spoken if len(spoken) else within
    start_s, end_s = float(timeline.starts[within].min()), float(timeline.ends[within].max())
    least_s = min(start_s + growth.shortest_s, float(timeline.ends.max()))
    return start_s, max(end_s, least_s)


def _best(worth: Floats) -> int:
    """How many of the first pieces to take so that their sum is largest."""
    if not len(worth):
        return 0
    sums = np.cumsum(worth)
    best = int(np.argmax(sums))
    return best + 1 if sums[best] > 0 else 0
