"""How sure is an average? Percentile bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
_CHUNK = 200  # resamples at a time: keeps memory at 200 x n numbers


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure over ``n`` values and its 95% interval ``[low, high]``."""

    value: float
    low: float
    high: float
    n: int


def median_rows(sample: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of each row."""
    return np.asarray(np.median(sample, axis=1), dtype=np.float64)


def mean_rows(sample: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each row."""
    return np.asarray(sample.mean(axis=1), dtype=np.float64)


def estimate(
    values: Sequence[float],
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]] = mean_rows,
    *,
    resamples: int = RESAMPLES,
) -> Estimate | None:
    """The statistic of ``values`` with its 95% percentile bootstrap interval; ``None`` without values.

    Efron, Tibshirani, "An introduction to the bootstrap", 1993, chapter 13. ``statistic`` maps an array of
    shape (rows, n) to one figure a row. The same values give the same interval.
    """
    if not values:
        return None
    rows = np.asarray(values, dtype=np.float64)[:, None]
    return _interval(rows, lambda sample: statistic(sample[:, :, 0]), resamples)


def ratio_estimate(parts: Sequence[tuple[float, float]]) -> Estimate | None:
    """Sum of numerators over sum of denominators (a micro average), resampling the pairs together.

    A resample whose denominators sum to 0 counts as 0. ``None`` without pairs or when all denominators are 0.
    """
    if not sum(below for _, below in parts):
        return None

    def ratio(sample: NDArray[np.float64]) -> NDArray[np.float64]:
        above, below = sample[:, :, 0].sum(axis=1), sample[:, :, 1].sum(axis=1)
        return np.asarray(above / np.where(below == 0, np.inf, below), dtype=np.float64)

    return _interval(np.asarray(parts, dtype=np.float64), ratio, RESAMPLES)


def _interval(
    rows: NDArray[np.float64],
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    resamples: int,
) -> Estimate:
    """``rows`` has shape (n, columns); ``statistic`` maps (resamples, n, columns) to one figure each."""
    generator = np.random.default_rng(0)
    count = len(rows)
    figures = [
        statistic(rows[generator.integers(0, count, (min(_CHUNK, resamples - begin), count))])
        for begin in range(0, resamples, _CHUNK)
    ]
    low, high = np.percentile(np.concatenate(figures), [2.5, 97.5])
    return Estimate(float(statistic(rows[None])[0]), float(low), float(high), count)
