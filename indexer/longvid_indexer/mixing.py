"""Sound of any layout to mono, without a sum in which channels cancel each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

SAMPLE_RATE = 16_000
"""What models hear, in 1/s."""

# The sum holds less than this share of the energy that independent channels would leave in it: they cancel. Channels of
# which one is silent, and channels that have nothing to do with each other, leave 1; equal ones leave their number.
_CANCELS = 0.05
# Seconds over which this is judged: long against a period of voice, short against a word that would be lost.
_MEMORY_S = 0.1


class Mixer:
    """Makes frames of one format to mono at ``rate``; ``channel``: that one alone, else the sum of all.

    Where the channels cancel each other (a plug wired the wrong way round), the loudest is given instead of the sum;
    ``cancelled`` counts the samples of which that is true.
    """

    def __init__(self, first: Any, rate: int, channel: int | None = None) -> None:
        import av

        self._resampler = av.AudioResampler(format="fltp", layout=first.layout, rate=rate)
        self._weights = _weights([each.name for each in first.layout.channels])
        self._channel = channel
        self._memory = _MEMORY_S * rate
        self._energies = np.zeros(len(self._weights))
        self._together = self._apart = 0.0
        self.cancelled = 0

    def add(self, frame: Any | None) -> list[Samples]:
        """What the frame completes, shape (n,) each; None for what is left at the end."""
        return [
            np.asarray(self._mono(each.to_ndarray()), np.float32) for each in self._resampler.resample(frame)
        ]

    def _mono(self, planar: NDArray[np.float32]) -> Samples:
        if len(planar) == 1:
            return np.asarray(planar[0])
        if self._channel is not None:
            return np.asarray(planar[min(self._channel, len(planar) - 1)])
        mixed = np.asarray(self._weights @ planar, np.float32)
        keep = float(np.exp(-planar.shape[1] / self._memory))
        energies = (planar.astype(np.float64) ** 2).sum(axis=1)
        self._energies = self._energies * keep + energies
        self._apart = self._apart * keep + float((self._weights**2 * energies).sum())
        self._together = self._together * keep + float((mixed.astype(np.float64) ** 2).sum())
        if self._together >= _CANCELS * self._apart:
            return mixed
        self.cancelled += planar.shape[1]
        # As loud as two that agree would be together.
        return np.asarray(planar[int(np.argmax(self._energies))] * np.float32(np.sqrt(2)))


def _weights(names: list[str]) -> NDArray[np.float32]:
    """Speech is in the centre where there is one; the channel of deep effects holds none. Their power is one."""
    if len(names) > 2 and "FC" in names:
        weights = np.array([1.0 if n == "FC" else 0.0 if n.startswith("LFE") else 0.5 for n in names])
    else:
        weights = np.ones(len(names))
    return np.asarray(weights / np.sqrt((weights**2).sum()), np.float32)
