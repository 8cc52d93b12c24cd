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

from longvid_indexer.vision.blocks import (
    RESTLESS,
    STEP,
    BlockMemory,
    Image,
    Mask,
    around,
    differs,
    drawn,
    per_block,
    per_pixel,
)

_SETTLE_S = 1.0
# To open a slide, this share of the picture must rest this long; to end it, less than that must rest for so long.
_OPEN_SHARE, _OPEN_S = 0.6, 1.5
_CLOSE_SHARE, _CLOSE_S = 0.4, 1.5
_SHORTEST_S = 1.5
# How much of the picture rests on average: of a slide with a large clip in it; of a photograph that fills the screen.
_DRAWN_RESTS, _FILMED_RESTS = 0.6, 0.85
# Added content joins the slide once it has been there this long.
_ABSORB_S = 2.0
_EDGE = 20
# Correlation of gradients above which a block shows the same thing in another brightness.
_ALIKE = 0.6
_LUMA_STEP = 48
# A new slide takes away this share of the old content at once, or this much bit by bit,
_LOSS, _SLOW_LOSS = 0.35, 0.5
# or under a title and a frame that stay, this share over so much of the width, replaced rather than added to.
_BODY_LOSS, _TOUCHED, _WIDE, _SWAP = 0.12, 2.0, 0.2, 0.25
# "At once": within two looks.
_BURST_S = 0.45
# So much of the picture much brighter or darker is another slide even if both are empty.
_FLAT = 0.4
# What has rested so long is judged: longer than anything that is waited for.
_CALM_S = 3.0
_SAME_S = 1e-3
# Content worth speaking of, in blocks' worth of edge pixels.
_LITTLE = 0.5
# A frame is kept if no more of the picture than this is moving, and no more of the content is covered.
_CALM_SHARE, _HIDDEN = 0.03, 0.1
# A change is known for one at most about so long after it began; frames are held that far back.
_KNOWN_S, _KEPT_EVERY_S = 4.0, 0.5

Weights = NDArray[np.float32]


@dataclass(frozen=True)
class FoundSlide:
    """A stretch of still screen and the frame that shows it most completely (whatever came with the picture).

    ``steady``: it is a slide; else the picture was filmed, and still only in parts.
    """

    start_s: float
    end_s: float
    frame_s: float
    frame: Any
    steady: bool = True


def edges(image: Image) -> NDArray[np.uint8]:
    """Pixels on the edge of something: 1 where the gradient is steep."""
    import cv2

    wide = cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    across = cv2.absdiff(wide[1:-1, 2:], wide[1:-1, :-2])
    down = cv2.absdiff(wide[2:, 1:-1], wide[:-2, 1:-1])
    return np.asarray(cv2.threshold(cv2.max(across, down), _EDGE, 1, cv2.THRESH_BINARY)[1], np.uint8)


def weigh(old: Image, new: Image) -> tuple[Weights, Weights, Weights]:
    """Content lost, content gained and content there was, for each block, as shares of its pixels.

    Content is edges. An edge is lost when its pixel changed, unless the block kept its structure (text that is
    dimmed or highlighted): that is, unless the gradients of old and new correlate.
    """
    import cv2

    had = per_block(edges(old))
    lost, gained = np.zeros_like(had), np.zeros_like(had)
    changed = cv2.threshold(cv2.absdiff(old, new), STEP, 1, cv2.THRESH_BINARY)[1]
    # A block around what changed: gradients look at neighbours.
    where, blocks = around(changed, margin=1)
    old, new, changed = old[where], new[where], changed[where]
    before, after = edges(old), edges(new)
    (old_x, old_y), (new_x, new_y) = _gradients(old), _gradients(new)
    norm = np.sqrt(per_block(old_x**2 + old_y**2) * per_block(new_x**2 + new_y**2))
    alike = per_block(old_x * new_x + old_y * new_y) > _ALIKE * norm
    lost[blocks] = per_block(before & changed) * ~alike
    gained[blocks] = per_block(after & changed & (1 - before))
    return lost, gained, had


def _gradients(image: Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Across and down."""
    import cv2

    across, down = cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1)
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


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
        self._kept: list[tuple[float, Any]] = []
        self._grown = False
        self._rest: list[float] = [0.0, 0.0]

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

    def at_rest(self, time_s: float) -> bool:
        """Whether a slide is on screen, was seen at ``time_s``, and would stay as it is if it were seen on and on."""
        return (
            self._memory is not None
            and self._start_s is not None
            and self._unrest_s is None
            and abs(self._latest[0] - time_s) < _SAME_S
            and self._memory.at_rest(time_s, _CALM_S)
        )

    def new_in(self, luma: Image) -> float:
        """How much of a picture's content is in blocks that look new beside the slide at rest, 0 to 1."""
        import cv2

        assert self._memory is not None
        image = np.asarray(cv2.blur(luma, (3, 3)), np.uint8)
        fresh = self._memory.new_in(image)
        if not fresh.any():
            return 0.0
        content = per_block(edges(image))
        # What is only taken away is new as well, if ever so little.
        return max(1e-6, float((content * fresh).sum() / max(1.0, content.sum())))

    def leap(self, until_s: float, looks: float, luma: Image) -> None:
        """Nobody looked until ``until_s``, the last of so many looks before this picture; see ``BlockMemory.leap``."""
        import cv2

        assert self._memory is not None
        share = float(self._memory.settled(self._latest[0]).mean())
        self._rest = [self._rest[0] + looks * share, self._rest[1] + looks]
        self._memory.leap(until_s, np.asarray(cv2.blur(luma, (3, 3)), np.uint8))

    def finish(self, pictures_end_s: float, end_s: float) -> list[FoundSlide]:
        """The pictures end, and the video: the slide on screen stays until then, a filmed picture does not."""
        if self._memory is None or self._image is None:
            return []
        ended = self._judge(min(pictures_end_s, end_s))
        if drawn(self._image):
            ended += self._judge(end_s)
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
        if now_s - self._start_s > 1.5 * _SETTLE_S:
            self._rest = [self._rest[0] + share, self._rest[1] + 1]
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
        late = changed & (memory.onset < self._decided_s)
        if late.any():
            self._accept(late)
            changed &= ~late
        counting = changed & (memory.restless < RESTLESS)
        if not counting.any():
            return []
        lost, gained, had = weigh(shown, image)
        quiet = memory.restless < RESTLESS
        lost, gained = lost * counting, gained * counting
        old = float((had * quiet).sum())
        burst = _heaviest_burst(memory.onset, lost)
        if self._is_new(lost, gained, burst, old) or self._flat_change(counting, quiet) > _FLAT:
            start = burst if burst.any() else counting
            # Not the first of them: a mouse or a coder's refresh may have moved a block or two just before.
            at_s = np.quantile(memory.onset[start], 0.25, method="nearest")
            return self._turn(float(at_s), now_s)
        # What is only added belongs to the slide from now on; what is taken away stays due, and adds up.
        grown = changed & (lost <= 0.25 * gained) & (now_s - memory.onset >= _ABSORB_S)
        self._grown |= float((gained * grown).sum()) >= _LITTLE
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
    def _is_new(lost: Weights, gained: Weights, burst: Mask, old: float) -> bool:
        """Whether the losses make this another slide; ``burst``: the blocks that lost content at one time."""
        total, at_once = float(lost.sum()), float(lost[burst].sum())
        if total < _LITTLE or old <= 0:
            return False
        if at_once >= _LOSS * old or total >= _SLOW_LOSS * old:
            return True
        columns = np.nonzero(lost * burst)[1]
        wide = len(columns) > 0 and (columns.max() - columns.min() + 1) / lost.shape[1] >= _WIDE
        added = float(gained[burst].sum())
        return wide and at_once >= max(_TOUCHED, _BODY_LOSS * old) and at_once >= _SWAP * (at_once + added)

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
        self._kept, self._grown = [self._latest], False
        self._rest = [0.0, 0.0]

    def _close(self, end_s: float) -> list[FoundSlide]:
        start_s, kept = self._start_s, self._kept
        self._start_s = self._unrest_s = None
        self._kept = []
        if start_s is None or end_s - start_s < _SHORTEST_S:
            return []
        # A change is known a while after it began: the frames since then show the next slide.
        inside = [(time_s, frame) for time_s, frame in kept if time_s < end_s]
        return [FoundSlide(start_s, end_s, *(inside[-1] if inside else kept[0]), self._is_steady())]

    def _is_steady(self) -> bool:
        assert self._shown is not None
        total, looks = self._rest
        return total >= (_DRAWN_RESTS if drawn(self._shown) else _FILMED_RESTS) * looks

    def _accept(self, blocks: Mask) -> None:
        if blocks.any():
            assert self._image is not None
            assert self._shown is not None
            pixels = per_pixel(blocks, self._image.shape)
            self._shown[pixels] = self._image[pixels]

    def _consider(self, image: Image) -> None:
        """Keep the frame if it is a resting picture that hides nothing of what the slide has shown before."""
        memory, shown = self._memory, self._shown
        assert memory is not None
        if self._start_s is None or shown is None:
            return
        quiet = memory.restless < RESTLESS
        if (memory.moved & quiet).mean() > _CALM_SHARE:
            return
        hidden = 0.0
        if (quiet & differs(image, shown)).any():
            lost, _, had = weigh(shown, image)
            hidden = float((lost * quiet).sum() / max(0.5, (had * quiet).sum()))
        if hidden <= _HIDDEN or self._grown:
            self._grown = False
            self._keep_latest()

    def _keep_latest(self) -> None:
        """Hold the newest frame, and older ones at intervals as far back as a change may turn out to have begun."""
        now_s = self._latest[0]
        if len(self._kept) >= 2 and self._kept[-1][0] - self._kept[-2][0] < _KEPT_EVERY_S:
            self._kept.pop()
        self._kept.append(self._latest)
        while len(self._kept) >= 2 and self._kept[1][0] < now_s - _KNOWN_S:
            self._kept.pop(0)


def _heaviest_burst(onsets: NDArray[np.float64], weights: Weights) -> Mask:
    """The blocks that changed within the one short time that holds most of the weight."""
    there = weights > 0
    if not there.any():
        return np.zeros(weights.shape, bool)
    times = np.unique(onsets[there])
    heavy = np.array([weights[there & (onsets == time)].sum() for time in times], np.float64)
    sums = [heavy[(times >= time) & (times < time + _BURST_S)].sum() for time in times]
    # Of windows that differ little the latest: a mouse that moved just before is not the beginning.
    first = float(times[np.nonzero(np.array(sums) >= 0.9 * max(sums))[0][-1]])
    return np.asarray(there & (onsets >= first) & (onsets < first + _BURST_S))
