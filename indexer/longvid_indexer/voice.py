"""Where a voice may be: stretches of sound in which a gate hears one, each at most 30 s long.

The cutting errs towards too much: what it lets through without speech, the recogniser rejects; what it cut off would
be lost. ``voice_gate.py`` decides which frames are voice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.voice_gate import FRAME, WINDOW, VoiceGate, make_gate

Samples = NDArray[np.float32]

FRAME_S = FRAME / SAMPLE_RATE
LONGEST_S = 30.0
PAUSE_S = 0.5  # voices this close together are one stretch
_SHORTEST = 6  # frames of voice (0.12 s); a click is shorter
_MARGIN = 12  # frames kept on each side (0.24 s): soft beginnings and ends of words
_SMOOTH = 9  # frames (0.18 s) over which loudness is averaged to find the quietest place to cut


@dataclass(frozen=True, slots=True)
class Stretch:
    """Voiced sound: 16 kHz mono samples, and where the first lies on the video's timeline.

    ``voiced``: for each 20 ms of it, whether the gate heard a voice; None when no gate was asked.
    """

    start_s: float
    samples: Samples
    voiced: NDArray[np.bool_] | None = None

    @property
    def end_s(self) -> float:
        """Where it ends."""
        return self.start_s + len(self.samples) / SAMPLE_RATE


def voiced_stretches(
    blocks: Iterable[Samples], gate: VoiceGate | None = None, pause_s: float = PAUSE_S
) -> Iterator[Stretch]:
    """Voiced stretches in order of time, none overlapping; holds about one stretch of sound in memory.

    ``blocks``: consecutive 16 kHz mono samples; the first sample is time zero. ``gate``: a fresh one, or None for the
    one that ``auto`` chooses. ``pause_s``: voices this close together are one stretch.

    Raises:
        ModelError: the gate's model cannot be loaded or fails.
    """
    cutter = _Cutter(round(pause_s / FRAME_S))
    gate = gate or make_gate()
    for window in _windows(blocks):
        energies = band_energy_db(window)
        yield from cutter.add(window, energies, gate.voiced(window, energies))
    yield from cutter.finish()


def band_energy_db(samples: Samples) -> NDArray[np.float32]:
    """Energy between 200 and 4000 Hz of each 20 ms frame, in dB of full scale; shape (len / 320,)."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    if not frames.any():
        return np.full(len(frames), -120.0, np.float32)
    taper = np.hanning(FRAME).astype(np.float32)
    power = np.abs(np.fft.rfft(frames * taper, axis=1)) ** 2
    low, high = 200 * FRAME // SAMPLE_RATE, 4000 * FRAME // SAMPLE_RATE
    mean_square = 2 * power[:, low:high].sum(axis=1) / (FRAME * float((taper**2).sum()))
    return np.asarray(10 * np.log10(mean_square + 1e-12), np.float32)


def _windows(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """Regroup to windows of 9.92 s; the last one is filled up with silence to whole frames."""
    size = WINDOW * FRAME
    held: list[Samples] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += len(block)
        while count >= size:
            joined = np.concatenate(held)
            yield joined[:size]
            held, count = [joined[size:]], count - size
    if count:
        joined = np.concatenate(held)
        yield np.concatenate([joined, np.zeros(-len(joined) % FRAME, np.float32)])


class _Cutter:
    """Turns frame decisions into stretches; ``frames`` holds the sound since ``first``, all of it still needed."""

    def __init__(self, pause: int) -> None:
        self.pause = pause  # frames
        self.samples: Samples = np.empty(0, np.float32)
        self.energies: NDArray[np.float32] = np.empty(0, np.float32)
        self.voiced: NDArray[np.bool_] = np.empty(0, np.bool_)
        self.first = 0  # number of the first frame held
        self.free = 0  # frames before this one belong to a stretch already given out

    def add(
        self, samples: Samples, energies: NDArray[np.float32], voiced: NDArray[np.bool_]
    ) -> Iterator[Stretch]:
        self.samples = np.concatenate([self.samples, samples])
        self.energies = np.concatenate([self.energies, energies])
        self.voiced = np.concatenate([self.voiced, voiced])
        yield from self._give(last=False)

    def finish(self) -> Iterator[Stretch]:
        yield from self._give(last=True)

    def _give(self, *, last: bool) -> Iterator[Stretch]:
        """Give out what is complete, then forget all sound that no later stretch can need."""
        end = self.first + len(self.voiced)
        keep_from = max(self.first, end - _MARGIN)
        for begin, until in self._runs():
            if not last and until + self.pause + _MARGIN > end:
                keep_from = min(keep_from, max(self.free, begin - _MARGIN))
                break
            if self._count(begin, until) >= _SHORTEST:
                yield from self._stretch(max(self.free, begin - _MARGIN), min(end, until + _MARGIN))
        drop = max(0, keep_from - self.first)
        # A voice without a pause would be held for ever: give out what is already longer than one stretch.
        longest = round(LONGEST_S / FRAME_S)
        if not last and end - keep_from > 2 * longest:
            cut = self._quietest(keep_from, keep_from + longest)
            yield self._cut(keep_from, cut)
            drop = cut - self.first
        self.samples = self.samples[drop * FRAME :]
        self.energies, self.voiced = self.energies[drop:], self.voiced[drop:]
        self.first += drop

    def _runs(self) -> list[tuple[int, int]]:
        """Half-open spans of voiced frames, joined over pauses, in frame numbers of the recording."""
        at = np.flatnonzero(self.voiced)
        if not len(at):
            return []
        breaks = np.flatnonzero(np.diff(at) > self.pause)
        begins = at[np.concatenate([[0], breaks + 1])]
        ends = at[np.concatenate([breaks, [len(at) - 1]])] + 1
        return [(int(a) + self.first, int(b) + self.first) for a, b in zip(begins, ends, strict=True)]

    def _count(self, begin: int, until: int) -> int:
        return int(self.voiced[begin - self.first : until - self.first].sum())

    def _stretch(self, begin: int, until: int) -> Iterator[Stretch]:
        longest = round(LONGEST_S / FRAME_S)
        while until - begin > longest:
            cut = self._quietest(begin, begin + longest)
            yield self._cut(begin, cut)
            begin = cut
        yield self._cut(begin, until)

    def _quietest(self, begin: int, until: int) -> int:
        """The quietest frame in the second half of a span."""
        middle = (begin + until) // 2
        loudness = self.energies[middle - self.first : until - self.first]
        smooth = np.convolve(loudness, np.ones(_SMOOTH) / _SMOOTH, mode="valid")
        return middle + int(smooth.argmin()) + _SMOOTH // 2

    def _cut(self, begin: int, until: int) -> Stretch:
        self.free = until
        held = slice(begin - self.first, until - self.first)
        samples = self.samples[held.start * FRAME : held.stop * FRAME]
        return Stretch(begin * FRAME_S, samples.copy(), self.voiced[held].copy())
