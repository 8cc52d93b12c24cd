"""States of the screen: each resting picture whose content differs from the one before, and where it differs.

A slide is a stretch; within it a line is added, a number changes, a terminal grows, an editor is scrolled. A state is
found when blocks that changed have come to rest, or, where text is scrolled without rest, every so often. Film is left
alone: a state needs a drawn picture, and blocks that never rest (webcam, clip) do not count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.vision.blocks import (
    BLOCK,
    RESTLESS,
    BlockMemory,
    Image,
    Mask,
    differs,
    drawn,
    even_share,
    per_block,
    per_pixel,
)
from longvid_indexer.vision.keyframes import keep_state

if TYPE_CHECKING:
    from longvid_storage.types import Keyframe

# A change is read once it has been there this long: longer than a transition, shorter than a line is worth reading.
_REST_S = 0.6
# A stretch's first state is its first picture of which so much rests.
_STILL = 0.9
_MOST = 0.6
# While so much is changing still, for each block that has come to rest, a change is waited for, so long at most.
_MOVING, _WAIT_S = 0.25, 1.0
# In film something always moves; of text that is scrolled so much is even ground.
_ALL_STILL, _EVEN = 0.97, 0.4
# Blocks that are restless count when so much of all content came to rest in a new look: a scroll, not a webcam.
_LARGE = 0.5
# New edges worth reading, in blocks' worth of pixels: a digit of small print, and more than a text cursor.
_LITTLE = 0.12
# Text that is scrolled without rest is read this often.
_SCROLL_S = 2.5
# How well the rows of two pictures must agree, once moved, to be one text that was scrolled.
_SCROLLED = 0.85
# Frames held at a time, and how near to the end of a stretch a state belongs to the next one.
_WAITING, _SAME_S = 3, 0.45


@dataclass(frozen=True)
class FoundState:
    """The screen from ``start_s`` on differs from before in rows ``[top, bottom)``, fractions of the height."""

    start_s: float
    frame: Any
    top: float = 0.0
    bottom: float = 1.0


class StateFinder:
    """Give it the luma pictures that the slide finder sees; it gives back states as they are found."""

    def __init__(self) -> None:
        self._memory: BlockMemory | None = None
        self._shown: Image | None = None
        self._wanted_s: float | None = None
        self._moving_s: float | None = None
        self._whole = True
        self._content: list[tuple[Image, Mask]] = []

    def go_on(self, *, from_next: bool) -> None:
        """A stretch has its whole picture: what was shown so far, or with ``from_next`` what is seen next."""
        self._whole = False
        if from_next:
            self._shown = None

    def forget(self) -> None:
        """Another stretch begins: its first state is the whole picture."""
        self._whole = True

    def leap(self, until_s: float, luma: Image) -> None:
        """Nobody looked until ``until_s``, the last look before this picture; see ``BlockMemory.leap``."""
        import cv2

        if self._memory is not None:
            self._memory.leap(until_s, np.asarray(cv2.blur(luma, (3, 3)), np.uint8))

    def see(self, luma: Image, time_s: float, frame: Any) -> FoundState | None:
        """Take in the picture shown from ``time_s`` on."""
        import cv2

        image = np.asarray(cv2.blur(luma, (3, 3)), np.uint8)
        if self._memory is None:
            self._memory = BlockMemory(image, time_s, _REST_S)
        memory = self._memory
        memory.see(image, time_s)
        if self._shown is None:
            self._shown = image
            return None
        changed = differs(image, self._shown)
        resting = changed & memory.settled(time_s)
        if self._whole and memory.settled(time_s).mean() >= _STILL and self._readable(image, time_s):
            return self._first(image, time_s, frame)
        if not resting.any() or self._is_in_motion(image, time_s):
            return self._scrolled(image, changed, time_s, frame)
        self._moving_s = None
        large = self._is_large(image, resting)
        counting = resting if large else resting & (memory.restless < RESTLESS)
        if not counting.any():
            return None
        if _new_edges(self._shown, image, counting) < _LITTLE or not self._readable(image, time_s):
            # What was only taken away, or is not worth reading, is shown from now on.
            self._accept(image, counting & ~self._has_edges(self._shown))
            return None
        if not self._is_over(changed, counting, time_s):
            return None
        # All of a scroll is there at its end; of single changes the first is where the line begins to be there.
        at_s = float(np.quantile(memory.moved_at[counting], 0.95 if large else 0.25, method="nearest"))
        return self._found(image, counting, at_s, frame)

    def _is_in_motion(self, image: Image, time_s: float) -> bool:
        """Whether most of what there is to see moves: what rests meanwhile is a part of it, and no state."""
        assert self._memory is not None
        content = self._has_edges(image)
        return bool((content & ~self._memory.settled(time_s)).sum() > _MOST * max(1, content.sum()))

    def _readable(self, image: Image, time_s: float) -> bool:
        """Whether the picture is no film: drawn, or all of it rests (small print looks like film when shrunk)."""
        assert self._memory is not None
        return drawn(image) or float(self._memory.settled(time_s).mean()) >= _ALL_STILL

    def _is_large(self, image: Image, blocks: Mask) -> bool:
        """Whether the blocks hold much of what there is to see, before or now."""
        assert self._shown is not None
        content = self._has_edges(image) | self._has_edges(self._shown)
        return bool((blocks & content).sum() >= _LARGE * max(1, content.sum()))

    def _first(self, image: Image, time_s: float, frame: Any) -> FoundState | None:
        """The first still picture of a stretch, unless it is empty."""
        assert self._memory is not None
        if per_block(_edges(image)).sum() < _LITTLE:
            return None
        moved_at = self._memory.moved_at[self._memory.settled(time_s)]
        return self._found(image, np.ones(self._memory.moved.shape, bool), float(moved_at.max()), frame)

    def _is_over(self, changed: Mask, counting: Mask, time_s: float) -> bool:
        """Whether no more is changing than has come to rest; beside what never rests one waits for some time only."""
        assert self._memory is not None
        if self._wanted_s is None or time_s - self._wanted_s > 2 * _WAIT_S:
            self._wanted_s = time_s
        moving = (changed & ~self._memory.settled(time_s)).sum()
        if moving > _MOVING * counting.sum() and time_s - self._wanted_s < _WAIT_S:
            return False
        self._wanted_s = None
        return True

    def _found(self, image: Image, changed: Mask, at_s: float, frame: Any) -> FoundState:
        rows = np.flatnonzero(changed.any(axis=1))
        height = image.shape[0]
        # A block more on both sides, so that no line is cut.
        top, bottom = max(0, (rows[0] - 1) * BLOCK), min(height, (rows[-1] + 2) * BLOCK)
        if self._whole:
            top, bottom = 0, height
        self._whole = False
        self._accept(image, np.repeat(_between(changed, rows), changed.shape[1], 1))
        self._moving_s = None
        return FoundState(at_s, frame, top / height, bottom / height)

    def _scrolled(self, image: Image, changed: Mask, time_s: float, frame: Any) -> FoundState | None:
        assert self._shown is not None
        if not self._is_large(image, changed):
            return None
        if self._moving_s is None:
            self._moving_s = time_s
        if time_s - self._moving_s < _SCROLL_S:
            return None
        if even_share(image) < _EVEN or not _moved_by_rows(self._shown, image):
            return None
        return self._found(image, changed, time_s, frame)

    def _has_edges(self, image: Image) -> Mask:
        """Blocks in which there is something to see; known for the two pictures that are asked for at each look."""
        for known, content in self._content:
            if known is image:
                return content
        content = np.asarray(per_block(_edges(image)) > 0.5 / BLOCK)
        self._content = [*self._content[-1:], (image, content)]
        return content

    def _accept(self, image: Image, blocks: Mask) -> None:
        assert self._shown is not None
        pixels = per_pixel(blocks, image.shape)
        self._shown = np.where(pixels, image, self._shown)


def _between(changed: Mask, rows: NDArray[np.intp]) -> Mask:
    inside = np.zeros((changed.shape[0], 1), bool)
    inside[rows[0] : rows[-1] + 1] = True
    return inside


def _new_edges(old: Image, new: Image, blocks: Mask) -> float:
    """Edge pixels that are new or changed in these blocks, in blocks' worth."""
    from longvid_indexer.vision.slides import weigh

    _, gained, _ = weigh(old, new)
    return float((gained * blocks).sum())


def _edges(image: Image) -> NDArray[np.uint8]:
    from longvid_indexer.vision.slides import edges

    return edges(image)


def _moved_by_rows(old: Image, new: Image) -> bool:
    """Whether the new picture is the old one moved up or down: the edges of its rows agree at some distance."""
    before, after = (_edges(each).sum(axis=1).astype(np.float64) for each in (old, new))
    height = len(before)
    for distance in range(2, height // 2):
        for a, b in ((before[distance:], after[:-distance]), (after[distance:], before[:-distance])):
            if a.std() > 0 and b.std() > 0 and float(np.corrcoef(a, b)[0, 1]) >= _SCROLLED:
                return True
    return False


class StateKeeper:
    """Keeps the states of one stretch after the other (a slide, or moving picture) as keyframes of kind ``"state"``.

    Frames are large, so few are held at a time. ``states``: those of the stretches that have ended.
    """

    def __init__(self, long_side: int, quality: int) -> None:
        self.states: list[Keyframe] = []
        self._size = long_side, quality
        self._kept: list[Keyframe] = []
        self._waiting: list[FoundState] = []

    def begin(self, start_s: float, frame: Any) -> bool:
        """A slide began; whether ``frame``, the one seen now, is its first state, as it had no whole one yet."""
        self.close(start_s, least=1)  # of a slide that was too short to be kept
        found = [each for each in self._waiting if each.start_s > start_s - _SAME_S]
        if not found or (found[0].top, found[0].bottom) != (0.0, 1.0):
            self._waiting = [FoundState(start_s, frame)]
            return True
        self._waiting = [replace(found[0], start_s=start_s), *found[1:]]
        return False

    def add(self, found: FoundState) -> None:
        """The screen changed."""
        self._waiting.append(found)
        if len(self._waiting) > _WAITING:
            self._keep(self._waiting.pop(0))

    def close(self, end_s: float, *, least: int) -> None:
        """The stretch ends; with fewer states than ``least`` its own keyframe says it all."""
        while self._waiting and self._waiting[0].start_s < end_s - _SAME_S:
            if len(self._kept) + sum(each.start_s < end_s - _SAME_S for each in self._waiting) < least:
                self._waiting.pop(0)
            else:
                self._keep(self._waiting.pop(0))
        kept = sorted(self._kept, key=lambda each: each.start_s)
        ends = [*(each.start_s for each in kept[1:]), end_s][: len(kept)]
        self.states += [
            replace(each, end_s=max(each.start_s, end)) for each, end in zip(kept, ends, strict=True)
        ]
        self._kept = []

    def _keep(self, found: FoundState) -> None:
        self._kept.append(keep_state(found.frame, found.start_s, (found.top, found.bottom), *self._size))
