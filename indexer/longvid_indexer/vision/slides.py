"""Slides: stretches during which the screen's content stays the same, or only grows.

The picture is a grid of blocks. A change counts when blocks come to rest in a new look; blocks that never rest
(presenter, webcam, clip) therefore never count, and those that rest now and then (mouse, blinking logo) count little.
What changed is then weighed by its edges: a new slide takes away content that was there, a build only adds to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.vision.blocks import BlockMemory, Image, Mask, differs, per_block, per_pixel

_SETTLE_S = 1.0
# To open a slide, this share of the picture must rest this long; to end it, less than that must rest for so long.
_OPEN_SHARE, _OPEN_S = 0.6, 1.5
_CLOSE_SHARE, _CLOSE_S = 0.4, 1.5
_SHORTEST_S = 1.5
# Added content joins the slide once it has been there this long.
_ABSORB_S = 2.0
_RESTLESS = 0.2
_EDGE = 40
_LUMA_STEP = 48
# A new slide takes away this share of the old content at once, or the lesser share all over the picture.
_LOSS, _SPREAD_LOSS = 0.35, 0.15
_BURST_S = 1.0


@dataclass(frozen=True)
class FoundSlide:
    """A slide and the frame that shows it most completely (whatever was given with the picture)."""

    start_s: float
    end_s: float
    frame_s: float
    frame: Any


def edges(image: Image) -> NDArray[np.uint8]:
    """Pixels on the edge of something: 1 where the gradient is steep."""
    import cv2

    across = cv2.absdiff(image[:, 2:], image[:, :-2])
    down = cv2.absdiff(image[2:, :], image[:-2, :])
    steep = np.zeros(image.shape, np.uint8)
    steep[:, 1:-1] = across > _EDGE // 2
    steep[1:-1, :] |= down > _EDGE // 2
    return steep


class SlideFinder:
    """Give it luma pictures of one size (long side about 320) in time order; it gives back slides as they end."""

    def __init__(self) -> None:
        self._memory: BlockMemory | None = None
        self._image: Image | None = None
        self._latest: tuple[float, Any] = (0.0, None)
        self._shown: Image | None = None
        self._start_s: float | None = None
        self._decided_s = 0.0
        self._unrest_s: float | None = None
        self._best: tuple[float, Any, int] | None = None

    @property
    def start_s(self) -> float | None:
        """When the slide on screen began; None while the picture moves."""
        return self._start_s

    def see(self, luma: Image, time_s: float, frame: Any) -> list[FoundSlide]:
        """Take in the picture shown from ``time_s`` on; returns the slides that are now known to have ended."""
        import cv2

        image = np.asarray(cv2.blur(luma, (3, 3)), np.uint8)
        if self._memory is None:
            self._memory = BlockMemory(image, time_s, _SETTLE_S)
            self._image, self._latest = image, (time_s, frame)
            return []
        # The picture before this one stayed on screen until now.
        ended = self._judge(time_s)
        self._memory.see(image, time_s)
        self._image, self._latest = image, (time_s, frame)
        self._consider(image)
        return ended

    def finish(self, end_s: float) -> list[FoundSlide]:
        """The video ends: the slide on screen ends with it."""
        if self._memory is None:
            return []
        ended = self._judge(end_s)
        return ended + self._close(end_s)

    def _judge(self, now_s: float) -> list[FoundSlide]:
        assert self._memory is not None
        settled = self._memory.settled(now_s)
        share = float(settled.mean())
        if self._start_s is None:
            self._open(now_s)
            return []
        if share < _CLOSE_SHARE:
            if self._unrest_s is None:
                self._unrest_s = float(np.median(self._memory.onset[~settled]))
            if now_s - self._unrest_s >= _CLOSE_S + _SETTLE_S:
                return self._close(self._unrest_s)
        else:
            self._unrest_s = None
        return self._compare(now_s, settled)

    def _open(self, now_s: float) -> None:
        assert self._memory is not None
        assert self._image is not None
        resting = now_s - self._memory.moved_at >= _OPEN_S
        if float(resting.mean()) < _OPEN_SHARE:
            return
        self._begin(float(np.quantile(self._memory.moved_at[resting], 0.95, method="nearest")), now_s)

    def _compare(self, now_s: float, settled: Mask) -> list[FoundSlide]:
        memory, image, shown = self._memory, self._image, self._shown
        assert memory is not None
        assert image is not None
        assert shown is not None
        changed = settled & differs(image, shown)
        if not changed.any():
            return []
        late = changed & (memory.onset <= self._decided_s)
        if late.any():
            self._accept(late)
            changed &= ~late
        counting = changed & (memory.restless < _RESTLESS)
        if not counting.any():
            return []
        before, after = edges(shown), edges(image)
        lost = per_block(before & ~_widen(after) & 1) * counting
        gained = per_block(after & ~_widen(before) & 1) * counting
        quiet = settled & (memory.restless < _RESTLESS)
        had = float((per_block(before) * quiet).sum())
        if self._is_new(lost, gained, had, self._flat_change(counting, quiet)):
            weights = lost if lost.sum() > 0 else counting
            return self._turn(_burst_start(memory.onset[counting], weights[counting]), now_s)
        # What is only added belongs to the slide from now on; what is taken away stays due, and adds up.
        grown = changed & (lost <= 0.25 * gained) & (now_s - memory.onset >= _ABSORB_S)
        self._accept(grown)
        return []

    def _flat_change(self, counting: Mask, quiet: Mask) -> float:
        """Share of the quiet picture that became much brighter or darker, edges or not."""
        assert self._image is not None
        assert self._shown is not None
        bright = differs(self._image, self._shown, _LUMA_STEP) & counting
        from_to = per_block((abs(self._image.astype(np.int16) - self._shown) > _LUMA_STEP).astype(np.uint8))
        return float((bright & (from_to > 0.8)).sum() / max(1, quiet.sum()))

    @staticmethod
    def _is_new(lost: NDArray[np.float32], gained: NDArray[np.float32], had: float, flat: float) -> bool:
        if flat > 0.4:
            return True
        total = float(lost.sum())
        if total < 0.5 or had <= 0:
            return False
        if total >= _LOSS * had:
            return True
        rows, columns = np.nonzero(lost)
        height = (rows.max() - rows.min() + 1) / lost.shape[0]
        width = (columns.max() - columns.min() + 1) / lost.shape[1]
        spread = width >= 0.3 and height >= 0.3
        return spread and total >= _SPREAD_LOSS * had and total >= 0.25 * (total + float(gained.sum()))

    def _turn(self, at_s: float, now_s: float) -> list[FoundSlide]:
        ended = self._close(at_s)
        self._begin(at_s, now_s)
        return ended

    def _begin(self, start_s: float, now_s: float) -> None:
        assert self._image is not None
        self._start_s = start_s
        self._shown = self._image.copy()
        self._decided_s = now_s
        self._unrest_s = None
        self._best = (*self._latest, 0)

    def _close(self, end_s: float) -> list[FoundSlide]:
        start_s, best = self._start_s, self._best
        self._start_s = self._unrest_s = self._best = None
        if start_s is None or best is None or end_s - start_s < _SHORTEST_S:
            return []
        return [FoundSlide(start_s, end_s, best[0], best[1])]

    def _accept(self, blocks: Mask) -> None:
        if blocks.any():
            assert self._image is not None
            assert self._shown is not None
            pixels = per_pixel(blocks, self._image.shape)
            self._shown[pixels] = self._image[pixels]

    def _consider(self, image: Image) -> None:
        """Keep the frame if it is a resting picture with no less on it than the one kept so far."""
        assert self._memory is not None
        if self._best is None or (self._memory.moved & (self._memory.restless < _RESTLESS)).mean() > 0.01:
            return
        content = int(edges(image).sum())
        if content >= 0.9 * self._best[2]:
            self._best = (*self._latest, max(content, self._best[2]))


def _widen(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.dilate(mask, np.ones((3, 3), np.uint8)), np.uint8)


def _burst_start(onsets: NDArray[np.float64], weights: NDArray[Any]) -> float:
    """When the heaviest burst of changes began (bursts: onsets within a second)."""
    order = np.argsort(onsets)
    times, heavy = onsets[order], weights[order].astype(np.float64)
    sums = np.array([heavy[(times >= t) & (times < t + _BURST_S)].sum() for t in np.unique(times)])
    return float(np.unique(times)[int(np.argmax(sums))])
