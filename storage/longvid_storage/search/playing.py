"""Where in a stretch a player should start: the second of two heads.

The first (``scoring.py``) tells which stretches are worth a look; in the best of them every passage is weighed by its
signals (``signals.py``) with weights that ``benchmarks/playing.py`` fitted, so that values are logarithms of how likely
the answer is there, among all that is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.playing_weights import WEIGHTS
from longvid_storage.search.scoring import NO_HIT
from longvid_storage.search.signals import SIGNALS, compared, signals
from longvid_storage.search.timeline import Floats, Timeline

if TYPE_CHECKING:
    from longvid_storage.search.looked import Looked

STRETCHES = 50
"""So many stretches are looked at closely at least inside one video, half as many in more, and twice as many as moments
are asked for."""
REACH_S = 60.0
"""A stretch: what lies this near to the place that made it one."""
APART_S = 30.0
SAID, SAID_FROM = 12.0, 0.6
"""What says all the question's words is where to start, whatever the other signals say, and the less, the less it has
down to this share; not in a question within a long video (play@1 on qmsum 0.517 with it)."""
_LIKELY = 16
"""So many rows a stretch, the best first, mostly have all of them."""
_OWN_WORDS = SIGNALS.index("own_words")
_WORDING = SIGNALS.index("wording")
"""Its fitted weight counts only in questions about long recordings, where it was right less often than the rest (0.41
of 22 that one place says in full, qmsum); elsewhere what has the wording comes first."""
FEW_TERMS = 5
"""Keywords, where a statement has more."""
TOGETHER_S, OWN = 45.0, 0.5
"""A passage counts by how likely it is itself, to this power, and all within so many seconds together."""


@dataclass(frozen=True, slots=True)
class PlayableRows:
    """The ``n`` passages at which a player may start.

    Attributes:
        timelines, rows: ``(n,)``; which row of which of the pool's timelines each is.
        signals: ``(n, len(SIGNALS))``.
    """

    timelines: NDArray[np.intp]
    rows: NDArray[np.intp]
    signals: Floats


def candidates(seen: Looked, k: int = 0) -> PlayableRows:
    """What lies in the best stretches, when ``k`` moments are asked for."""
    most = max(STRETCHES if seen.within else STRETCHES // 2, 2 * k)
    inside = stretches(seen.pool, seen.peaks, most)
    of = (seen.scores, seen.lifts, seen.question.speakers, seen.terms, seen.cosines)
    table = signals(seen.pool, inside, *of)
    nothing = np.zeros(0, np.intp)
    timelines = np.repeat([*inside, *nothing], [len(rows) for rows in inside.values()])
    rows = np.concatenate([*inside.values(), nothing])
    said = [(seen.pool[n].lengths * seen.pool[n].speech)[own] for n, own in inside.items()]
    weights = np.maximum(1.0, np.concatenate([*said, nothing]))
    return PlayableRows(timelines.astype(np.intp), rows, compared(table, weights).T)


def place_values(seen: Looked, k: int) -> list[Floats]:
    """For each row of each timeline how good it is to start there; ``NO_HIT`` for those outside the best stretches."""
    found = candidates(seen, k)
    words = "" if seen.query is not None else "WORDS_"
    kind = _kind(seen)
    kinds = (kind, "POINT" if seen.question.asks else "SHORT")
    long, short = (np.array([WEIGHTS[words + each].get(name, 0.0) for name in SIGNALS]) for each in kinds)
    short[_WORDING] = 1.0
    if kind != "WITHIN":
        long[_WORDING] = 1.0
    scales = np.array([timeline.scale for timeline in seen.pool])
    small = scales[found.timelines] < 1
    table = found.signals.T
    fit = (table * (np.where(small, short[:, None], long[:, None]) if small.any() else long[:, None])).sum(
        axis=0
    )
    whole = np.clip((found.signals[:, _OWN_WORDS] - SAID_FROM) / (1 - SAID_FROM), 0.0, 1.0)
    if kind == "WITHIN":
        whole *= small
    fit += SAID * whole
    values = [np.full(len(timeline), NO_HIT) for timeline in seen.pool]
    for number in np.unique(found.timelines):
        timeline, own = seen.pool[number], found.timelines == number
        reach_s = TOGETHER_S * timeline.scale
        values[number][found.rows[own]] = settled(
            fit[own] - fit.max(), timeline.starts[found.rows[own]], reach_s
        )
    return values


def _kind(seen: Looked) -> str:
    """Which weights count in long videos."""
    asked = seen.question
    if seen.within:
        return "WITHIN" if asked.of_talk else "TOPIC"
    return "POINT" if asked.asks or len(set(asked.terms)) <= FEW_TERMS else "ACROSS"


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
    sizes = [len(timeline) for timeline in pool]
    firsts = np.cumsum([0, *sizes])
    owners = np.repeat(np.arange(len(pool)), sizes)
    flat = np.concatenate([*scores, np.zeros(0)])
    peaks: dict[int, list[float]] = {}
    near_one, found = np.zeros(len(flat), np.bool_), 0
    for place in _best_first(flat, _LIKELY * most):
        if flat[place] <= NO_HIT / 2 or found == most:
            break
        if near_one[place]:
            continue
        number = int(owners[place])
        timeline, first = pool[number], int(firsts[number])
        middle_s = float(timeline.middles[place - first])
        part = _beside(timeline, middle_s, APART_S * timeline.scale)
        apart_s = np.abs(timeline.middles[part] - middle_s)
        near_one[first + part.start : first + part.stop] |= apart_s < APART_S * timeline.scale
        peaks.setdefault(number, []).append(middle_s)
        found += 1
    return {number: _around(pool[number], scores[number], own) for number, own in peaks.items()}


def _around(timeline: Timeline, scores: Floats, peaks: Sequence[float]) -> NDArray[np.intp]:
    """The rows within a stretch's reach of a peak."""
    reach_s, hits = REACH_S * timeline.scale, scores > NO_HIT / 2
    near = np.zeros(len(timeline), np.bool_)
    for middle_s in peaks:
        part = _beside(timeline, middle_s, reach_s)
        around = (np.abs(timeline.middles[part] - middle_s) <= reach_s) & hits[part]
        spoken = around & timeline.speech[part]
        near[part] |= spoken if spoken.any() else around
    return np.flatnonzero(near)


def _beside(timeline: Timeline, middle_s: float, reach_s: float) -> slice:
    """Rows among which are all whose middle is within reach."""
    low, high = timeline.middles.searchsorted((middle_s - reach_s - 0.01, middle_s + reach_s + 0.01))
    return slice(int(low), int(high))


def _best_first(values: Floats, likely: int) -> Iterator[int]:
    """Places of the values, the highest first, equal ones in their order; sorted no further than they are asked for,
    of which ``likely`` come at once."""
    rest = np.arange(len(values))
    while len(rest) > likely:
        worst = np.partition(values[rest], -likely)[-likely]
        best = rest[values[rest] >= worst]
        yield from best[np.argsort(-values[best], kind="stable")].tolist()
        rest, likely = rest[values[rest] < worst], 4 * likely
    yield from rest[np.argsort(-values[rest], kind="stable")].tolist()
