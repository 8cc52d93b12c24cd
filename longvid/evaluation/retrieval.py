"""Did search return the right seconds? One question's scores from plain spans; averaging is done elsewhere.

A *span* is ``(start_s, end_s)`` in seconds, half-open. ``moments`` are the returned spans, best first; those
of another video than the gold one are ``None``, so that they keep their rank. ``gold`` are the gold spans.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

Span = tuple[float, float]
Ranked = Sequence[Span | None]

TIOU_R1 = (0.3, 0.5, 0.7)
TIOU_AP = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""0.5, 0.55, … 0.95: the thresholds whose mean is QVHighlights' "mAP avg"."""


def overlaps(one: Span, other: Span) -> bool:
    """True when the two spans share time; a span without length is the instant it starts at."""
    return max(one[0], other[0]) < min(_end_s(one), _end_s(other))


def _end_s(span: Span) -> float:
    return span[1] if span[1] > span[0] else math.nextafter(span[0], math.inf)


def tiou(one: Span, other: Span) -> float:
    """Temporal intersection over union, in [0, 1]; 0 when both are points.

    Gao et al., "TALL: Temporal activity localization via language query", ICCV 2017.
    """
    shared = max(0.0, min(one[1], other[1]) - max(one[0], other[0]))
    union = (one[1] - one[0]) + (other[1] - other[0]) - shared
    return shared / union if union > 0 else 0.0


def best_tiou(moment: Span | None, gold: Sequence[Span]) -> float:
    """Largest tIoU of ``moment`` with any gold span: what R@1 at a threshold and mean tIoU are made of.

    With several gold spans the best-fitting one counts, as in QVHighlights' ``compute_mr_r1`` (Lei, Berg,
    Bansal, "Detecting moments and highlights in videos via natural language queries", NeurIPS 2021;
    ``standalone_eval/eval.py`` of jayleicn/moment_detr).
    """
    return max((tiou(moment, span) for span in gold), default=0.0) if moment is not None else 0.0


def relevance(moments: Ranked, gold: Sequence[Span]) -> list[bool]:
    """For each moment, whether it overlaps a gold span."""
    return [m is not None and any(overlaps(m, span) for span in gold) for m in moments]


def hit_at(moments: Ranked, gold: Sequence[Span], k: int) -> float:
    """1.0 when one of the first ``k`` moments overlaps a gold span, else 0.0 (success@k)."""
    return float(any(relevance(moments[:k], gold)))


def reciprocal_rank(moments: Ranked, gold: Sequence[Span]) -> float:
    """1 / rank of the first moment that overlaps a gold span, 0.0 when none does.

    Voorhees, "The TREC-8 question answering track report", TREC 1999. Its mean is MRR.
    """
    found = relevance(moments, gold)
    return 1.0 / (found.index(True) + 1) if True in found else 0.0


def recall_at(moments: Ranked, gold: Sequence[Span], k: int) -> float:
    """Share of the gold spans that at least one of the first ``k`` moments overlaps.

    Manning, Raghavan, Schütze, "Introduction to information retrieval", 2008, chapter 8.
    """
    found = sum(any(m is not None and overlaps(m, span) for m in moments[:k]) for span in gold)
    return found / len(gold) if gold else 0.0


def average_precision(moments: Ranked, gold: Sequence[Span]) -> float:
    """Area under precision against the recall of gold spans; its mean over questions is mAP over spans.

    Manning, Raghavan, Schütze 2008, chapter 8.4, where recall counts gold spans found (a second moment on
    the same span adds no recall, one moment on two spans adds both) and precision counts moments that hit.
    Gold spans never found contribute 0, as do ranks beyond those returned.
    """
    hits = list(accumulate(relevance(moments, gold), initial=0))
    area, found = 0.0, 0.0
    for rank in range(1, len(moments) + 1):
        recall = recall_at(moments, gold, rank)
        area += (recall - found) * hits[rank] / rank
        found = recall
    return area


def ap_at_tiou(moments: Ranked, gold: Sequence[Span], threshold: float) -> float:
    """Detection average precision at one tIoU threshold; its mean over questions is mAP@tIoU.

    The ActivityNet detection metric (Heilbron et al., CVPR 2015) as QVHighlights applies it per query
    (``compute_mr_ap`` in ``standalone_eval/eval.py`` of jayleicn/moment_detr): in rank order, a moment takes
    the free gold span it fits best if their tIoU reaches ``threshold``, else it is a false positive;
    precision is interpolated (the best at that recall or beyond). QVHighlights counts the first 10 moments.
    """
    if not gold:
        return 0.0
    free = set(range(len(gold)))
    precision: list[float] = []
    taken: list[bool] = []
    for rank, moment in enumerate(moments, start=1):
        fits = sorted((-tiou(moment, gold[i]), i) for i in free) if moment is not None else []
        taken.append(bool(fits) and -fits[0][0] >= threshold)
        if taken[-1]:
            free.discard(fits[0][1])
        precision.append(sum(taken) / rank)
    best_from_here = list(accumulate(reversed(precision), max))[::-1]
    return sum(best for best, hit in zip(best_from_here, taken, strict=True) if hit) / len(gold)


def start_error_s(moment: Span, gold: Sequence[Span]) -> float:
    """Seconds between where the moment starts and the nearest start of a gold span (>= 0)."""
    return min(abs(moment[0] - span[0]) for span in gold)


EARLY_S = 10.0
"""A player may start this long before the answer does."""
CUT_S = 60.0
"""So much of a moment around its play point is compared where long moments must not hit by their length."""


def plays(play_s: float, gold: Sequence[Span]) -> bool:
    """Whether a player started at ``play_s`` plays the answer: it lies in ``[start - EARLY_S, end)`` of a gold span."""
    return any(span[0] - EARLY_S <= play_s < _end_s(span) for span in gold)


def play_error_s(play_s: float, gold: Sequence[Span]) -> float:
    """Seconds between the play point and the nearest start of a gold span (>= 0)."""
    return min(abs(play_s - span[0]) for span in gold)


def cut_around(moment: Span, play_s: float) -> Span:
    """What of the moment lies within the ``CUT_S`` seconds around its play point."""
    return max(moment[0], play_s - CUT_S / 2), min(moment[1], play_s + CUT_S / 2)
