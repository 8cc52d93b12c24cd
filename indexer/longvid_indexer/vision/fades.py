"""Fades through black as one boundary: a ThresholdDetector that remembers where each fade began and ended."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect.detectors import ThresholdDetector


class FadeDetector(ThresholdDetector):  # type: ignore[misc]
    """``fades_s``: (start, cut, end) in seconds of every fade that made a cut; hard cuts inside are part of it."""

    def __init__(self) -> None:
        super().__init__()
        self.fades_s: list[tuple[float, float, float]] = []
        self._first_s: float | None = None

    def process_frame(self, timecode: Any, frame_img: NDArray[np.uint8]) -> list[Any]:
        """As the base class does it."""
        if self._first_s is None:
            self._first_s = timecode.seconds
        went_dark = self.last_fade["frame"] if self.last_fade["type"] == "out" else None
        # It looks at nothing but the mean, for which numpy takes six times as long.
        cuts: list[Any] = super().process_frame(timecode, _Brightness(frame_img))
        if cuts and went_dark is not None:
            # A cut to black is reported for the first dark frame or its neighbour, hence a little more on both sides.
            slack_s = 2 / float(timecode.frame_rate)
            if went_dark.seconds <= self._first_s:  # a film that begins in the dark has no shot before it
                cuts = []
            middle_s = cuts[0].seconds if cuts else self._first_s
            self.fades_s.append((went_dark.seconds - slack_s, middle_s, timecode.seconds + slack_s))
        return cuts


class _Brightness:
    """What ``numpy.mean`` of a picture is, to whom asks for just that."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        self._mean = sum(cv2.sumElems(image)) / image.size

    def mean(self, **_: object) -> float:
        return self._mean
