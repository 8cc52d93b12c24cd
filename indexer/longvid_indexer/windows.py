"""Pieces of a stream of sound, at chosen times, in memory that does not grow with its length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.mixing import SAMPLE_RATE

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AudioWindow:
    """Mono ``samples``; the first lies at ``start_s``, the one after the last at ``end_s``."""

    start_s: float
    end_s: float
    samples: Samples


def regular_windows(
    blocks: Iterable[Samples], length_s: float, hop_s: float, *, rate: int = SAMPLE_RATE
) -> Iterator[AudioWindow]:
    """Windows of ``length_s`` every ``hop_s``; the last one is shorter where the sound ends.

    ``blocks``: consecutive mono samples, ``rate`` a second; the first sample is time zero.
    """
    size, step = round(length_s * rate), round(hop_s * rate)
    held = np.empty(0, np.float32)
    first = covered = 0
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) >= size:
            yield _window(first, held[:size].copy(), rate)
            covered = first + size
            held, first = held[step:], first + step
    if first + len(held) > covered:
        yield _window(first, held, rate)


def windows_at(blocks: Iterable[Samples], spans: Iterable[tuple[float, float]]) -> Iterator[AudioWindow]:
    """The sound of each span ``[start_s, end_s)``, in order; shorter, or left out, where the sound has ended.

    ``spans``: ascending by start; they may overlap. ``blocks``: consecutive 16 kHz mono samples from time zero.
    """
    wanted = iter(spans)
    source = iter(blocks)
    held = np.empty(0, np.float32)
    first = 0
    for start_s, end_s in wanted:
        start, end = round(start_s * SAMPLE_RATE), round(end_s * SAMPLE_RATE)
        while first + len(held) < end:
            block = next(source, None)
            if block is None:
                break
            drop = min(max(0, start - first), len(held))
            held, first = np.concatenate([held[drop:], block]), first + drop
        samples = held[max(0, start - first) : max(0, end - first)]
        if len(samples):
            yield _window(start, samples.copy(), SAMPLE_RATE)


def _window(first: int, samples: Samples, rate: int) -> AudioWindow:
    return AudioWindow(first / rate, (first + len(samples)) / rate, samples)
