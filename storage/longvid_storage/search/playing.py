"""Where in a stretch a player should start: the second of two heads.

The first (``scoring.py``) tells which stretches are worth a look; in the best of them every passage is weighed by its
signals (``signals.py``) with weights that ``benchmarks/playing.py`` fitted, so that values are logarithms of how likely
the answer is there, among all that is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.playing_weights import SHORT, WEIGHTS
from longvid_storage.search.scoring import NO_HIT
from longvid_storage.search.signals import SIGNALS, signals
from longvid_storage.search.timeline import Floats, Timeline

if TYPE_CHECKING:
    from longvid_storage.search.looked import Looked

STRETCHES = 25
"""So many stretches are looked at closely at least, and twice as many as moments are asked for."""
REACH_S = 60.0
"""A stretch: what lies this near to the place that made it one."""
APART_S = 30.0
SAID, SAID_FROM = 12.0, 0.6
"""What says all the question's words is where to start, whatever the other signals say, and the less, the less it has
down to this share. On the sets that the weights are fitted on, this changed nothing (play@1 by 0.002 or less)."""
_OWN_WORDS = SIGNALS.index("own_words")
TOGETHER_S, OWN = 45.0, 0.5
"""A passage counts by how likely it is itself, to this power, and all within so many seconds together."""


def place_values(seen: Looked, k: int) -> list[Floats]:
    """For each row of each timeline how good it is to start there; ``NO_HIT`` for those outside the best stretches."""
    kind = ("" if seen.query is not None else "WORDS_") + ("WITHIN" if seen.within else "ACROSS")
    long, short = (np.array([each.get(name, 0.0) for name in SIGNALS]) for each in (WEIGHTS[kind], SHORT))
    fits = {}
    for number, rows in stretches(seen.pool, seen.peaks, max(STRETCHES, 2 * k)).items():
        of = (seen.scores[number], seen.lifts[number], seen.idf, seen.query)
        timeline = seen.pool[number]
        weights = long if timeline.scale == 1 else short
        found = signals(timeline, rows, *of)
        whole = np.clip((found[:, _OWN_WORDS] - SAID_FROM) / (1 - SAID_FROM), 0.0, 1.0)
        fits[number] = (rows, found @ weights + SAID * whole)
    best = max((float(fit.max()) for _, fit in fits.values()), default=0.0)
    values = [np.full(len(timeline), NO_HIT) for timeline in seen.pool]
    for number, (rows, fit) in fits.items():
        timeline = seen.pool[number]
        values[number][rows] = settled(fit - best, timeline.starts[rows], TOGETHER_S * timeline.scale)
    return values


def settled(fit: Floats, starts: Floats, reach_s: float) -> Floats:
    """What is likely together with what begins within ``reach_s`` of it: the logarithm of the whole likelihood there,
    and ``OWN`` of the passage's own. One passage that stands alone is more often a chance.
    """
    order = np.argsort(starts, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(np.exp(fit)[order])])
    low = np.searchsorted(starts[order], starts - reach_s)
    high = np.searchsorted(starts[order], starts + reach_s, "right")
    # A sum of much smaller numbers is lost beside a large one: the passage's own part is there whatever the rest is.
    whole: Floats = np.log(np.maximum(sums[high] - sums[low], np.maximum(np.exp(fit), 1e-300)))
    return whole + OWN * fit


def stretches(pool: Sequence[Timeline], scores: Sequence[Floats], most: int) -> dict[int, NDArray[np.intp]]:
    """By timeline the rows of the ``most`` best stretches: of speech, where any is there."""
    owners = np.repeat(np.arange(len(pool)), [len(timeline) for timeline in pool])
    rows = np.concatenate([np.arange(len(timeline)) for timeline in pool] or [np.zeros(0, np.intp)])
    flat = np.concatenate([*scores, np.zeros(0)])
    peaks: dict[int, list[float]] = {}
    found = 0
    for place in np.argsort(-flat, kind="stable"):
        if flat[place] <= NO_HIT / 2 or found == most:
            break
        timeline = pool[owners[place]]
        middle_s = timeline.middles[rows[place]]
        there = peaks.setdefault(int(owners[place]), [])
        if all(abs(middle_s - other_s) >= APART_S * timeline.scale for other_s in there):
            there.append(middle_s)
            found += 1
    inside = {}
    for number, middles in peaks.items():
        timeline = pool[number]
        near = np.zeros(len(timeline), np.bool_)
        for middle_s in middles:
            around = np.abs(timeline.middles - middle_s) <= REACH_S * timeline.scale
            around &= scores[number] > NO_HIT / 2
            spoken = around & timeline.speech
            near |= spoken if spoken.any() else around
        inside[number] = np.flatnonzero(near)
    return inside
