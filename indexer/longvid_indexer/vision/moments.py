"""The exact frame of a change that a sparser look has found."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

# Slides are told a few seconds after they began; a slide's end may be asked for again when the next one ends.
_HELD_S = 12.0
_SLACK_S = 1e-4


class Moments:
    """Remembers, for the last seconds, how much each frame differs from the one before it.

    Args:
        spacing_s: time between two looks; the change that a look found happened since the look before.
    """

    def __init__(self, spacing_s: float) -> None:
        self._spacing_s = spacing_s
        self._last: Image | None = None
        self._changes: deque[tuple[float, float]] = deque()
        self._refined: dict[float, float] = {}

    def see(self, time_s: float, image: Image | None) -> None:
        """Take in the next frame, small."""
        import cv2

        if image is None:
            return
        if self._last is not None:
            change = cv2.norm(image, self._last, cv2.NORM_L2SQR) if image.shape == self._last.shape else 0.0
            self._changes.append((float(change), time_s))
            while self._changes[0][1] < time_s - _HELD_S:
                self._changes.popleft()
        self._last = image

    def leap(self) -> None:
        """Frames were left out in which nothing happened, nor does it in the next one."""
        self._last = None

    def refine(self, look_s: float) -> float:
        """The time of the largest change since the look before the one at ``look_s``; other times stay as they are."""
        if look_s not in self._refined:
            since_s = look_s - self._spacing_s - _SLACK_S
            near = [change for change in self._changes if since_s < change[1] <= look_s + _SLACK_S]
            if near and near[-1][1] < look_s - _SLACK_S:
                return look_s
            # Asked again for the same look, the answer must not change with what is still remembered.
            self._refined = {
                look_s: max(near)[1] if near else look_s,
                **dict(list(self._refined.items())[:7]),
            }
        return self._refined[look_s]
