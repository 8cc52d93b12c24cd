"""Cross-dissolves: stretches in which one picture turns, mix by mix, into another one that stays.

During a dissolve from A to B the picture is ``(1 - a) A + a B`` with ``a`` growing evenly from 0 to 1 (the mixing
model of Hampapur, Jain & Weymouth 1995, "Production model based digital video segmentation"). Pictures are shrunk to a
few cells first, so that motion within the shots matters little. A pan or zoom moves through pictures that are no mix of
its ends, and goes on before and after; a change of light keeps the picture's structure; neither is a dissolve.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LENGTHS_S = (0.4, 0.6, 0.9, 1.3, 1.9, 2.8)
"""Lengths of dissolve that are tried; true lengths between them fit their neighbours."""

_LOOKS_PER_S = 12.5
_CELLS = (16, 9)
# In a picture of fewer pixels every motion is a mix.
_LEAST_SIDE = 64
# All of these are chosen on synthetic film and looked at on real clips; see docs/visual.md.
_LEAST_CHANGE = 12.0  # root mean square of B - A, in grey levels
_LEAST_SHARE = 0.5  # of the cells that change visibly
_VISIBLE = 8.0
_MOST_MISFIT = 0.17  # of the mixing model, as a share of the change
_MOST_STEP = 0.45  # of ``a`` between two looks: above it is a hard cut
_MOST_OUTSIDE = 0.65  # change just before or after, as a share of the change: above it something moves on
_MOST_ALIKE = 0.8  # correlation of A and B: above it only the light changed
_DIMMED = 0.5  # of the change is left when A is made darker or brighter to fit B: below it, the same
_HELD_S = 3 * LENGTHS_S[-1] + 1.0
_LEAST_LOOKS = 6
# Looks there is room for before those that are too old are dropped: four times those that are held.
_ROOM = 512
_FLAT = 5.0  # standard deviation of a picture without content (black, white): fades are found elsewhere


@dataclass(frozen=True, slots=True)
class Dissolve:
    """``[start_s, end_s)`` with the time at which both pictures weigh the same; ``misfit`` of the mixing model."""

    start_s: float
    middle_s: float
    end_s: float
    misfit: float


class DissolveDetector:
    """Fed with every frame, small; remembers three times the longest dissolve as a few cells each."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._cells = np.zeros((_ROOM, _CELLS[0] * _CELLS[1] * 3), np.float32)
        self._next_s = -np.inf
        self._open: Dissolve | None = None
        self.found: list[Dissolve] = []

    def see(self, time_s: float, image: NDArray[np.uint8]) -> list[Dissolve]:
        """Take in a frame, ``image`` (height, width, 3), all of one small size; returns the dissolves it settles.

        They lie up to three times the longest dissolve in the past.
        """
        import cv2

        if time_s < self._next_s - 0.004 or max(image.shape[:2]) < _LEAST_SIDE:
            return []
        self._next_s = time_s + 1 / _LOOKS_PER_S
        if len(self._times) == _ROOM:
            first = bisect_left(self._times, time_s - _HELD_S)
            self._times = self._times[first:]
            self._cells[: len(self._times)] = self._cells[first:].copy()
        self._cells[len(self._times)] = cv2.resize(image, _CELLS, interpolation=cv2.INTER_AREA).reshape(-1)
        self._times.append(time_s)
        self._look()
        # A longer stretch around this one can be judged until then.
        if self._open is not None and time_s > self._open.end_s + LENGTHS_S[-1]:
            return self._settle()
        return []

    def finish(self) -> list[Dissolve]:
        """After the last frame: what was still open."""
        return self._settle() if self._open is not None else []

    def _settle(self) -> list[Dissolve]:
        settled = [self._open] if self._open is not None else []
        self._open = None
        self.found += settled
        return settled

    def _look(self) -> None:
        """Try every length whose stretch after it has just been seen; of those that overlap the best stays."""
        times, cells = self._times, self._cells[: len(self._times)]
        held = bisect_left(times, times[-1] - _HELD_S)
        for length_s in LENGTHS_S:
            end_s = times[-1] - length_s
            start_s = end_s - length_s
            if start_s < times[held]:
                break
            first, last = bisect_left(times, start_s), bisect_left(times, end_s)
            if last - first < _LEAST_LOOKS - 2:
                continue
            before = bisect_left(times, max(start_s - length_s, times[held]))
            found = mixed(times[first : last + 1], cells[first : last + 1], cells[before], cells[-1])
            if found is None or (self.found and found.start_s < self.found[-1].end_s):
                continue
            if self._open is None or found.misfit < self._open.misfit:
                self._open = found


def mixed(times: list[float], cells: Floats, before: Floats, after: Floats) -> Dissolve | None:
    """Whether ``cells`` (n, cells x 3), taken at ``times`` (n), turn from the first picture into the last.

    ``before`` and ``after`` (cells x 3) are pictures as long before and after as the stretch lasts. What refuses most
    stretches in the least time is asked first.
    """
    first, last = cells[0], cells[-1]
    change = last - first
    size = _rms(change)
    if size < _LEAST_CHANGE or max(_rms(first - before), _rms(after - last)) > _MOST_OUTSIDE * size:
        return None
    along = (cells @ change - first @ change) / (change @ change)
    if np.abs(np.diff(along)).max() > _MOST_STEP:
        return None
    at = np.array(times)
    share = ((at - at[0]) / (at[-1] - at[0])).astype(np.float32)
    model = first + share[:, None] * change
    misfit = float(np.sqrt(((cells - model) ** 2).mean(axis=1)).mean()) / size
    if misfit > _MOST_MISFIT:
        return None
    first, last, change = (each.reshape(-1, 3) for each in (first, last, change))
    if min(_spread(first), _spread(last)) < _FLAT or _only_light(first, last):
        return None
    if float((np.abs(change).max(axis=1) > _VISIBLE).mean()) < _LEAST_SHARE:
        return None
    return Dissolve(times[0], times[int(np.argmin(np.abs(along - 0.5)))], times[-1], misfit)


def _rms(values: Floats) -> float:
    flat = values.ravel()
    return math.sqrt(float(flat @ flat) / flat.size)


def _spread(cells: Floats) -> float:
    return float(cells.mean(axis=1).std())


def _only_light(first: Floats, last: Floats) -> bool:
    """Whether one picture is the other in another light: alike in structure, or the same but for its brightness."""
    a, b = (first - first.mean(axis=0)).ravel(), (last - last.mean(axis=0)).ravel()
    alike = float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-9))
    bright, dark = (first, last) if first.mean() > last.mean() else (last, first)
    gain = float((bright * dark).sum() / max(float((bright**2).sum()), 1e-9))
    dimmed = gain < 0.7 and _rms(dark - gain * bright) < _DIMMED * _rms(last - first)
    return alike > _MOST_ALIKE or dimmed
