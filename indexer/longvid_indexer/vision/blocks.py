"""Which parts of the picture are still, since when, and which never are: memory of a grid of blocks over time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Times = NDArray[np.float64]
Mask = NDArray[np.bool_]

BLOCK = 8
# Grey levels, after smoothing: above coding noise, below the faintest text worth reading.
_STEP = 10
# Seconds over which restlessness is remembered.
_MEMORY_S = 10.0
# A burst that moves more of the picture than this is a cut or transition; it says nothing of a block's own habits.
_GLOBAL_SHARE = 0.4


def per_block(mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Share of true pixels (1, not 255) in each block, ``(rows, columns)``; blocks at the edges may be narrower."""
    import cv2

    height, width = mask.shape
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    padded = cv2.copyMakeBorder(
        mask, 0, rows * BLOCK - height, 0, columns * BLOCK - width, cv2.BORDER_REPLICATE
    )
    return np.asarray(
        cv2.resize(padded.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA), np.float32
    )


def per_pixel(blocks: Mask, shape: tuple[int, int]) -> Mask:
    """Each pixel's block's value."""
    return np.repeat(np.repeat(blocks, BLOCK, 0), BLOCK, 1)[: shape[0], : shape[1]]


class BlockMemory:
    """Stillness of each block; feed it smoothed luma in time order.

    A block moves when two or more of its pixels differ from how it looked when it last moved (not from the frame
    before: a slow fade adds up). All arrays are ``(rows, columns)``.

    ``moved_at``: when it last moved. ``onset``: when the burst of moves began that its present look ended.
    ``restless``: how much of the time before that burst it had spent moving, 0 to 1.
    """

    def __init__(self, first: Image, time_s: float, settle_s: float) -> None:
        shape = per_block(first).shape
        self._anchor = first.copy()
        self._activity = np.zeros(shape, np.float64)
        self._settle_s = settle_s
        self._time_s = time_s
        self.moved_at: Times = np.full(shape, time_s)
        self.onset: Times = np.full(shape, time_s)
        self.restless = np.zeros(shape, np.float64)
        self.moved: Mask = np.zeros(shape, bool)

    def settled(self, time_s: float) -> Mask:
        """Blocks that have kept still for at least ``settle_s`` before ``time_s``."""
        return np.asarray(time_s - self.moved_at >= self._settle_s - 1e-6)

    def see(self, image: Image, time_s: float) -> None:
        """Take in the next smoothed picture."""
        changed = differs(image, self._anchor)
        self.moved = changed
        fresh = changed & self.settled(time_s)
        self.onset[fresh] = time_s
        self.restless[fresh] = self._activity[fresh]
        self.moved_at[changed] = time_s
        if changed.any():
            pixels = per_pixel(changed, image.shape)
            self._anchor[pixels] = image[pixels]
        keep = np.exp(-(time_s - self._time_s) / _MEMORY_S)
        counts = changed if changed.mean() < _GLOBAL_SHARE else np.zeros_like(changed)
        self._activity = self._activity * keep + counts * (1 - keep)
        self._time_s = time_s


def differs(a: Image, b: Image, step: int = _STEP) -> Mask:
    """Blocks in which two or more pixels differ by more than ``step``."""
    import cv2

    return np.asarray(
        per_block(cv2.threshold(cv2.absdiff(a, b), step, 1, cv2.THRESH_BINARY)[1]) > 1.5 / BLOCK**2
    )
