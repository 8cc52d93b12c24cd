"""Which frames are kept: one for each slide, and near the middle of each stretch of moving picture."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Literal

from longvid_indexer.vision.pictures import encode_webp
from longvid_storage.types import Keyframe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from longvid_indexer.frames import DecodedFrame

_FIRST_LOOK_S = 0.25


def keep(
    frame: DecodedFrame,
    start_s: float,
    end_s: float,
    kind: Literal["slide", "shot"],
    long_side: int,
    quality: int,
) -> Keyframe:
    """Turn a frame into a keyframe of the span ``[start_s, end_s)``."""
    image = frame.upright(long_side)
    height, width = image.shape[:2]
    return Keyframe(
        frame.time_s, start_s, end_s, encode_webp(image, quality), width=width, height=height, kind=kind
    )


_OUTSIDE = (255, 0, 255)


def keep_state(
    frame: DecodedFrame, start_s: float, rows: tuple[float, float], long_side: int, quality: int
) -> Keyframe:
    """A state's rows (from, to, in heights of the picture) as a keyframe.

    It is a whole upright picture, blank elsewhere, so that boxes keep their place.

    A picture that players turn is kept whole: its rows are not rows of the upright picture.
    """
    image = frame.upright(long_side)
    height, width = image.shape[:2]
    if not frame.rotation:
        image = image.copy()
        image[: int(rows[0] * height), :, :3] = _OUTSIDE
        image[ceil(rows[1] * height) :, :, :3] = _OUTSIDE
    kept = encode_webp(image, quality)
    return Keyframe(frame.time_s, start_s, start_s, kept, width=width, height=height, kind="state")


def rows_of_state(image: NDArray[np.uint8]) -> tuple[int, int]:
    """The rows ``[top, bottom)`` of a state's picture that show something."""
    import numpy as np

    far = np.abs(image[:, :: max(1, image.shape[1] // 64)].astype(np.int16) - np.array(_OUTSIDE)).max(
        axis=(1, 2)
    )
    rows = np.flatnonzero(far > 60)
    return (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)


class MiddleFrame:
    """Holds a frame near the middle of a stretch whose end is not known yet, in constant memory.

    Frames are held at distances from the start that double; when the end comes, one of the last two lies between a
    quarter and three quarters of the way, however long the stretch was.
    """

    def __init__(self, start_s: float) -> None:
        self.start_s = start_s
        self._next_s = _FIRST_LOOK_S
        self._held: list[DecodedFrame] = []

    def see(self, frame: DecodedFrame) -> None:
        """Offer the next frame."""
        since_s = frame.time_s - self.start_s
        if since_s < 0:
            return
        if not self._held or since_s >= self._next_s:
            self._held = [*self._held[-2:], frame]
            while self._next_s <= since_s:
                self._next_s *= 1.5

    def best(self, end_s: float) -> DecodedFrame | None:
        """The held frame nearest to the middle of ``[start_s, end_s)``."""
        inside = [frame for frame in self._held if frame.time_s < end_s]
        middle_s = (self.start_s + end_s) / 2
        return min(inside, key=lambda frame: abs(frame.time_s - middle_s), default=None)
