"""How good are boundaries? F1 at a tolerance, Pk and WindowDiff, over times in seconds.

A boundary is a time strictly inside the video; its start (0) and its end are no decisions and are dropped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

_SLACK_S = 1e-9  # so that a distance of exactly the tolerance counts in spite of float rounding


@dataclass(frozen=True, slots=True)
class BoundaryScore:
    """Precision, recall and F1 of boundaries; ``predicted`` and ``gold`` count them, ``matched`` agree."""

    precision: float
    recall: float
    f1: float
    matched: int
    predicted: int
    gold: int


def score_counts(matched: int, predicted: int, gold: int) -> BoundaryScore:
    """Turn counts into precision, recall and F1 (also for counts summed over videos: micro average).

    Nothing predicted where nothing was to be found is a perfect score; nothing on one side only is zero.
    """
    if predicted == 0 and gold == 0:
        return BoundaryScore(1.0, 1.0, 1.0, 0, 0, 0)
    precision = matched / predicted if predicted else 0.0
    recall = matched / gold if gold else 0.0
    return BoundaryScore(precision, recall, 2 * matched / (predicted + gold), matched, predicted, gold)


def match_count(predicted: Iterable[float], gold: Iterable[float], tolerance_s: float) -> int:
    """Size of the largest one-to-one matching of times at most ``tolerance_s`` apart (inclusive).

    On a line with one tolerance for all, pairing the earliest reachable times first is a maximum matching.
    """
    left, right = sorted(predicted), sorted(gold)
    i = j = matched = 0
    while i < len(left) and j < len(right):
        if abs(left[i] - right[j]) <= tolerance_s + _SLACK_S:
            matched, i, j = matched + 1, i + 1, j + 1
        elif left[i] < right[j]:
            i += 1
        else:
            j += 1
    return matched


def boundary_f1(
    predicted: Sequence[float],
    gold: Sequence[float],
    tolerance_s: float = 1.0,
    duration_s: float | None = None,
) -> BoundaryScore:
    """Score boundaries with one-to-one matching: each gold boundary is found at most once.

    The hit-rate of music structure analysis: Turnbull et al., "A supervised approach for detecting boundaries
    in music using difference features and boosting", ISMIR 2007 (``mir_eval.segment.detection``, trimmed).
    Times at or before 0, and at or after ``duration_s`` when given, are dropped on both sides first.
    """
    if not tolerance_s >= 0:
        raise ValueError(f"tolerance_s is {tolerance_s}; it must be 0 or more seconds")
    left, right = _inside(predicted, duration_s), _inside(gold, duration_s)
    return score_counts(match_count(left, right, tolerance_s), len(left), len(right))


def _inside(times: Iterable[float], duration_s: float | None) -> list[float]:
    end_s = math.inf if duration_s is None else duration_s
    return [t for t in times if 0 < t < end_s]


def span_boundaries(spans: Iterable[tuple[float, float]], duration_s: float) -> list[float]:
    """Boundaries that gold sections (topics, chapters) imply, in order: where one starts; also where one ends
    if more than a minute follows that belongs to none, since that stretch is a section of its own.

    Boundaries within 5 s of the video's start or end are dropped (nothing is cut there), as are those less
    than 10 s after the one before (sections that nearly meet, or overlap a little, are cut once).
    """
    ordered = sorted(spans)
    reached = accumulate((end_s for _, end_s in ordered), max)
    following = [start_s for start_s, _ in ordered[1:]] + [duration_s]
    ends = [end_s for end_s, next_s in zip(reached, following, strict=False) if next_s - end_s > 60]
    kept: list[float] = []
    for time_s in sorted({*(start_s for start_s, _ in ordered), *ends}):
        if 5 < time_s < duration_s - 5 and (not kept or time_s - kept[-1] >= 10):
            kept.append(time_s)
    return kept


def boundary_grid(boundaries: Iterable[float], duration_s: float, step_s: float = 1.0) -> list[int]:
    """The video as cells of ``step_s`` seconds: 1 where a segment begins between cell ``i`` and ``i + 1``.

    ``ceil(duration_s / step_s)`` cells have one gap less between them, which is the length of the result. A
    boundary goes to the nearest gap; several at one gap count once.
    """
    if duration_s <= 0 or step_s <= 0:
        raise ValueError(f"duration_s is {duration_s} and step_s {step_s}; both must be above 0 seconds")
    cells = math.ceil(duration_s / step_s - _SLACK_S)
    gaps = [0] * (cells - 1)
    for time_s in _inside(boundaries, duration_s):
        gap = math.floor(time_s / step_s + 0.5) - 1
        if 0 <= gap < len(gaps):
            gaps[gap] = 1
    return gaps


def window_cells(gold_gaps: Sequence[int]) -> int:
    """Window ``k`` of Pk and WindowDiff in cells: half the mean length of the gold segments, at least 1."""
    cells, segments = len(gold_gaps) + 1, sum(gold_gaps) + 1
    return max(1, math.floor(cells / segments / 2 + 0.5))


def pk(
    predicted: Iterable[float],
    gold: Iterable[float],
    duration_s: float,
    *,
    window: int | None = None,
) -> float:
    """Share of probes ``k`` cells apart on which gold and prediction disagree: one segment or two; 0 is best.

    Beeferman, Berger, Lafferty, "Statistical models for text segmentation", Machine Learning 34 (1999), on a
    grid of seconds (:func:`boundary_grid`), ``k`` by :func:`window_cells` of gold unless
    ``window`` (cells) is given. A video too short for one probe scores 0.
    """
    differences = _window_differences(predicted, gold, duration_s, window)
    return _mean([float((ours > 0) != (theirs > 0)) for ours, theirs in differences])


def window_diff(
    predicted: Iterable[float],
    gold: Iterable[float],
    duration_s: float,
    *,
    window: int | None = None,
) -> float:
    """Share of windows of ``k`` cells in which the number of boundaries differs. 0 is best.

    Pevzner, Hearst, "A critique and improvement of an evaluation metric for text segmentation", Computational
    Linguistics 28 (2002); grid and window as in :func:`pk`, which it never falls below.
    """
    differences = _window_differences(predicted, gold, duration_s, window)
    return _mean([float(ours != theirs) for ours, theirs in differences])


def _window_differences(
    predicted: Iterable[float], gold: Iterable[float], duration_s: float, window: int | None
) -> list[tuple[int, int]]:
    """Boundaries (predicted, gold) in every window of ``k`` gaps."""
    ours, theirs = boundary_grid(predicted, duration_s), boundary_grid(gold, duration_s)
    k = window_cells(theirs) if window is None else window
    if k < 1:
        raise ValueError(f"window is {k} cells; it must be 1 or more")
    counts = []
    inside = [sum(ours[: k - 1]), sum(theirs[: k - 1])]
    for last in range(k - 1, len(theirs)):
        inside[0] += ours[last]
        inside[1] += theirs[last]
        counts.append((inside[0], inside[1]))
        inside[0] -= ours[last - k + 1]
        inside[1] -= theirs[last - k + 1]
    return counts


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
