"""Where in a stretch a player should start: the second of two heads.

The first (``scoring.py``) tells which stretches are worth a look; in the best of them every passage is weighed by its
signals (``signals.py``) with weights that ``benchmarks/playing.py`` fitted, so that values are logarithms of how likely
the answer is there, among all that is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.playing_weights import WEIGHTS
from longvid_storage.search.scoring import NO_HIT, theirs
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
    numbers, rows, tables, said = [], [], [], []
    most = max(STRETCHES if seen.within else STRETCHES // 2, 2 * k)
    for number, inside in stretches(seen.pool, seen.peaks, most).items():
        timeline = seen.pool[number]
        named = theirs(timeline, seen.question.speakers)
        of = (seen.scores[number], seen.lifts[number], named, seen.idf, seen.cosines[number])
        tables.append(signals(timeline, inside, *of))
        said.append(np.maximum(1.0, (timeline.lengths * timeline.speech)[inside]))
        rows.append(inside)
        numbers.append(np.full(len(inside), number))
    whole = (np.concatenate([*each, []]) for each in (numbers, rows, said))
    of_timelines, of_rows, weights = whole
    return PlayableRows(of_timelines.astype(np.intp), of_rows.astype(np.intp), compared(tables, weights))


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
    weights = np.where(scales[found.timelines, None] < 1, short, long)
    whole = np.clip((found.signals[:, _OWN_WORDS] - SAID_FROM) / (1 - SAID_FROM), 0.0, 1.0)
    if kind == "WITHIN":
        whole *= scales[found.timelines] < 1
    fit = (found.signals * weights).sum(axis=1) + SAID * whole
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
    flat = np.concatenate([*scores, np.zeros(0)])
    owners = np.repeat(np.arange(len(pool)), [len(timeline) for timeline in pool]).tolist()
    middles = np.concatenate([timeline.middles for timeline in pool] or [np.zeros(0)]).tolist()
    peaks: dict[int, list[float]] = {}
    found = 0
    for place in np.argsort(-flat, kind="stable").tolist():
        if flat[place] <= NO_HIT / 2 or found == most:
            break
        middle_s, apart_s = middles[place], APART_S * pool[owners[place]].scale
        there = peaks.setdefault(owners[place], [])
        if all(abs(middle_s - other_s) >= apart_s for other_s in there):
            there.append(middle_s)
            found += 1
    inside = {}
    for number, own in peaks.items():
        timeline = pool[number]
        near = np.zeros(len(timeline), np.bool_)
        for middle_s in own:
            around = np.abs(timeline.middles - middle_s) <= REACH_S * timeline.scale
            around &= scores[number] > NO_HIT / 2
            spoken = around & timeline.speech
            near |= spoken if spoken.any() else around
        inside[number] = np.flatnonzero(near)
    return inside
