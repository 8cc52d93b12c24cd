"""Which parts of the picture are still, since when, and which never are: memory of a grid of blocks over time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Times = NDArray[np.float64]
Mask = NDArray[np.bool_]

BLOCK = 8
# Grey levels, after smoothing: above coding noise, below the faintest text worth reading.
STEP = 10
# Seconds over which restlessness is remembered.
_MEMORY_S = 10.0
_WARM_UP_S = 2.0
_LOOK_S = 0.25
# A burst this short may be a transition between two slides, and counts for less.
_TRANSITION_S, _TRANSITION_WEIGHT = 1.3, 0.3
# A burst that moves more of the picture than this is a cut or transition; it says nothing of a block's own habits.
_GLOBAL_SHARE = 0.4
# So much of its time a block must spend moving to be restless: a presenter, a webcam, a clip.
RESTLESS = 0.1
_REACH, _UNSURE = 5, 0.95
# A picture is at rest if so much of it is not restless.
_MOSTLY_QUIET = 0.6
# What coding leaves of an even area.
_EVEN_LEVELS = 6


def per_block(values: NDArray[Any]) -> NDArray[np.float32]:
    """Mean of each block, ``(rows, columns)``: of a mask of zeros and ones, its share of ones."""
    import cv2

    height, width = values.shape
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    down, right = rows * BLOCK - height, columns * BLOCK - width
    padded = cv2.copyMakeBorder(values.astype(np.float32), 0, down, 0, right, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def per_pixel(blocks: Mask, shape: tuple[int, int]) -> Mask:
    """Each pixel's block's value."""
    return np.repeat(np.repeat(blocks, BLOCK, 0), BLOCK, 1)[: shape[0], : shape[1]]


class BlockMemory:
    """Stillness of each block; feed it smoothed luma in time order.

    A block moves when two or more of its pixels differ from how it looked when it last moved (not from the frame
    before: a slow fade adds up). All arrays are ``(rows, columns)``.

    ``moved_at``: when it last moved. ``onset``: when the burst of moves began that its present look ended.
    ``restless``: how much of the last ten seconds or so it spent moving, 0 to 1.
    """

    def __init__(self, first: Image, time_s: float, settle_s: float) -> None:
        shape = per_block(first).shape
        self._anchor = first.copy()
        self._settle_s = settle_s
        self._time_s = self._first_s = time_s
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
        self.moved_at[changed] = time_s
        if changed.any():
            pixels = per_pixel(changed, image.shape)
            self._anchor[pixels] = image[pixels]
        # Early on the memory is shorter, so that a presenter is known for one within a second or two.
        memory_s = min(_MEMORY_S, time_s - self._first_s + _WARM_UP_S)
        keep = np.exp((self._time_s - time_s) / memory_s)
        # A move seen after a long gap between frames did not last as long as the gap.
        add = 1 - np.exp(-min(time_s - self._time_s, _LOOK_S) / memory_s)
        counts = np.where(time_s - self.onset < _TRANSITION_S, _TRANSITION_WEIGHT, 1.0) * changed
        if changed.mean() >= _GLOBAL_SHARE:
            counts = np.zeros_like(counts)
        self.restless = self.restless * keep + counts * add
        self._time_s = time_s

    def at_rest(self, time_s: float, since_s: float) -> bool:
        """Whether most of the picture is away from what is restless, and has not moved for ``since_s``."""
        quiet = self._quiet()
        return bool(quiet.mean() >= _MOSTLY_QUIET and not (quiet & (self.moved_at > time_s - since_s)).any())

    def new_in(self, image: Image) -> Mask:
        """Blocks that would move with this smoothed picture, though nothing near them is restless."""
        return np.asarray(differs(image, self._anchor) & self._quiet())

    def _quiet(self) -> Mask:
        """Blocks that neither are restless nor lie beside one, where an arm may reach now and then."""
        import cv2

        restless = (self.restless >= RESTLESS).astype(np.uint8)
        return np.asarray(cv2.dilate(restless, np.ones((_REACH, _REACH), np.uint8)) == 0)

    def leap(self, until_s: float, image: Image) -> None:
        """Nobody looked until ``until_s``, the last look before this smoothed picture.

        Restless blocks that look otherwise in it went on as before, and all others rested.
        """
        gap_s = until_s - self._time_s
        if gap_s <= 0:
            return
        moving = differs(image, self._anchor) & (self.restless >= RESTLESS)
        # Beside what is restless a block that had just moved and looks the same may well have moved and come back.
        unsure = ~moving & ~self._quiet() & (self.moved_at > self._time_s - _MEMORY_S)
        for blocks, share in ((moving, 1.0), (unsure, _UNSURE)):
            self.moved_at[blocks] += share * gap_s
            self.onset[blocks] += share * gap_s
        self.restless[~moving] *= np.exp(-gap_s / _MEMORY_S)
        self._time_s = until_s


def differs(a: Image, b: Image, step: int = STEP) -> Mask:
    """Blocks in which two or more pixels differ by more than ``step``."""
    import cv2

    changed = cv2.threshold(cv2.absdiff(a, b), step, 1, cv2.THRESH_BINARY)[1]
    where, blocks = around(changed)
    found = np.zeros((-(-a.shape[0] // BLOCK), -(-a.shape[1] // BLOCK)), bool)
    found[blocks] = per_block(changed[where]) > 1.5 / BLOCK**2
    return found


def around(mask: Image, margin: int = 0) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The smallest rectangle of blocks that holds all of a mask, in pixels and in blocks; none is one block.

    ``margin``: blocks more on every side. Most of a picture that is looked at has not changed.
    """
    import cv2

    x, y, width, height = cv2.boundingRect(mask)
    spans = [
        (max(0, at // BLOCK - margin), min(-(-size // BLOCK), (at + max(1, long) - 1) // BLOCK + 1 + margin))
        for at, long, size in ((y, height, mask.shape[0]), (x, width, mask.shape[1]))
    ]
    rows, columns = (slice(first * BLOCK, last * BLOCK) for first, last in spans)
    return (rows, columns), (slice(*spans[0]), slice(*spans[1]))


def _spans(image: Image) -> NDArray[np.int16]:
    """From the darkest to the brightest level of each block."""
    import cv2

    square = np.ones((BLOCK, BLOCK), np.uint8)
    middle = (slice(BLOCK // 2, None, BLOCK),) * 2
    span = cv2.subtract(cv2.dilate(image, square), cv2.erode(image, square))[middle]
    return np.asarray(span, np.int16)


def even_share(image: Image) -> float:
    """Share of the blocks that are of one level, 0 to 1."""
    span = _spans(image)
    return float((span <= _EVEN_LEVELS).mean()) if span.size else 0.0


def drawn(image: Image) -> bool:
    """Whether a picture looks drawn (slides, screens, charts) rather than filmed.

    Drawn pictures are made of even areas and sharp edges; what a camera sees lies mostly in between.
    """
    span = _spans(image)
    if span.size == 0:
        return False
    even, sharp, between = (
        (span <= _EVEN_LEVELS).mean(),
        (span >= 80).mean(),
        ((span > 10) & (span < 60)).mean(),
    )
    return bool(even + sharp - between > 0.25)
