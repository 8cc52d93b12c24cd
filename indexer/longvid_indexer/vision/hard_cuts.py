"""Hard cuts: PySceneDetect's AdaptiveDetector with its score taken in a fifth of the time."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect.detectors import AdaptiveDetector


class CutDetector(AdaptiveDetector):  # type: ignore[misc]
    """With the default weights: hue, saturation and brightness count the same, edges nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._buffer: list[tuple[Any, float]] = []
        self._hsv: NDArray[np.uint8] | None = None

    def process_frame(self, timecode: Any, frame_img: NDArray[np.uint8]) -> list[Any]:
        """As the base class; but times are compared only where there may be a cut, which is most of what it costs."""
        seen, wide = self._buffer, self.window_width
        if len(seen) < wide or seen[-wide][1] >= self.min_content_val:
            cuts: list[Any] = super().process_frame(timecode, frame_img)
            return cuts
        self._frame_score = self._calculate_frame_score(timecode, frame_img)
        self._buffer = [*seen[-2 * wide :], (timecode, self._frame_score)]
        return []

    def leap(self) -> None:
        """Between the frames so far and the next one there are some that differ as little as any."""
        self._hsv = None

    def _calculate_frame_score(self, timecode: Any, frame_img: NDArray[np.uint8]) -> float:
        """Mean absolute change of hue, saturation and brightness, as the base class has it, to the last bit or so."""
        last, self._hsv = self._hsv, np.asarray(cv2.cvtColor(frame_img, cv2.COLOR_BGR2HSV), np.uint8)
        if last is None:
            return 0.0
        return float(sum(cv2.sumElems(cv2.absdiff(self._hsv, last))) / last.size)
