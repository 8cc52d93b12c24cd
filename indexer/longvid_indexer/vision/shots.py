"""Shots: PySceneDetect's detectors, fed our own frames."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from longvid_storage.types import Segment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from longvid_indexer.frames import DecodedFrame
    from longvid_indexer.vision.dissolves import Dissolve, DissolveDetector

# What PySceneDetect's SceneManager shrinks to before it looks (DEFAULT_MIN_WIDTH, applied to the long side).
_LONG_SIDE = 256
# A quarter of these pixels has the same mean change.
_QUICK_LONG_SIDE = 128
_MICROSECONDS = Fraction(1, 1_000_000)
_NEAR_S = 0.3


class ShotFinder:
    """Feeds frames to PySceneDetect's detectors and collects their cuts.

    Args:
        detectors: instances of ``scenedetect.detector.SceneDetector``.
        rate: the video's nominal frame rate, which PySceneDetect counts lengths in.
        exact: shrink frames by PySceneDetect's own steps, so that the cuts equal its own to the frame.
        dissolves: finds cross-dissolves, which none of PySceneDetect's detectors does; None: they are not looked for.
    """

    def __init__(
        self,
        detectors: list[Any],
        rate: float,
        *,
        exact: bool = False,
        dissolves: DissolveDetector | None = None,
    ) -> None:
        self._detectors = detectors
        self._dissolves = dissolves
        self._rate = max(
            Fraction(rate).limit_denominator(1001), Fraction(1, 1001)
        )  # a damaged file says less
        self._exact = exact
        self._size: tuple[int, int] | None = None
        self._last: Any = None
        self.small: NDArray[np.uint8] | None = None
        self._cuts_s: list[float] = []

    def see(self, frame: DecodedFrame) -> list[float]:
        """Look at the next frame; returns the cuts that it settles, in seconds (a few frames in the past)."""
        from scenedetect.common import FrameTimecode, Timecode

        if self._size is None:
            self._size = self._small_size(frame.raw.width, frame.raw.height)
        image = frame.exact_bgr(*self._size) if self._exact else frame.bgr(*self._size)
        self.small = image
        code = Timecode(round(frame.time_s * 1e6), _MICROSECONDS)
        self._last = FrameTimecode(code, fps=self._rate)
        cuts = self._note(
            [cut for detector in self._detectors for cut in detector.process_frame(self._last, image)]
        )
        mixed = self._dissolves.see(frame.time_s, image) if self._dissolves is not None else []
        return cuts + [dissolve.middle_s for dissolve in mixed if self._stands_alone(dissolve)]

    def leap(self) -> None:
        """Frames were left out in which nothing happened, nor does it in the next one."""
        for detector in self._detectors:
            if hasattr(detector, "leap"):
                detector.leap()

    def finish(self) -> list[float]:
        """After the last frame: the cuts that were still open."""
        if self._last is None:
            return []
        if self._dissolves is not None:
            self._dissolves.finish()
        return self._note([cut for detector in self._detectors for cut in detector.post_process(self._last)])

    @property
    def cuts_s(self) -> list[float]:
        """All cuts so far; of a fade through black, and of a dissolve, only the one in its middle."""
        inside = {
            cut
            for cut in self._cuts_s
            for start, middle, end in self._fades_s
            if start <= cut <= end and cut != middle
        }
        found = self._dissolves.found if self._dissolves is not None else []
        mixed = {dissolve.middle_s for dissolve in found if self._stands_alone(dissolve)}
        return sorted({cut for cut in self._cuts_s if cut not in inside} | mixed)

    @property
    def _fades_s(self) -> list[tuple[float, float, float]]:
        return [fade for detector in self._detectors for fade in getattr(detector, "fades_s", ())]

    def _stands_alone(self, dissolve: Dissolve) -> bool:
        """Whether nobody else saw a boundary there: a hard cut in it, or a fade of which it is a half, is not mixed."""
        start_s, end_s = dissolve.start_s - _NEAR_S, dissolve.end_s + _NEAR_S
        cut = any(start_s <= cut <= end_s for cut in self._cuts_s)
        return not cut and all(end_s < start or start_s > end for start, _, end in self._fades_s)

    def _note(self, codes: list[Any]) -> list[float]:
        fresh = [code.seconds for code in codes]
        self._cuts_s += fresh
        return fresh

    def _small_size(self, width: int, height: int) -> tuple[int, int]:
        factor = max(1.0, max(width, height) / (_LONG_SIDE if self._exact else _QUICK_LONG_SIDE))
        if self._exact:
            return (
                (max(1, round(width / factor)), max(1, round(height / factor)))
                if factor > 1
                else (width, height)
            )
        return max(1, round(width / factor)), max(1, round(height / factor))


def make_detectors(name: str) -> list[Any]:
    """PySceneDetect's detectors for a kind of search.

    ``"default"``: hard cuts (AdaptiveDetector) and fades through black (ThresholdDetector);
    ``"adaptive"``, ``"content"``: that one detector, with its own defaults; ``"transnetv2"``: TransNet V2, by torch.
    """
    from scenedetect.detectors import AdaptiveDetector, ContentDetector

    from longvid_indexer.vision.fades import FadeDetector
    from longvid_indexer.vision.hard_cuts import CutDetector

    if name == "adaptive":
        return [AdaptiveDetector()]
    if name == "content":
        return [ContentDetector()]
    if name == "transnetv2":
        from longvid_indexer.vision.transnet import TransNetDetector

        return [TransNetDetector()]
    if name == "default":
        return [CutDetector(), FadeDetector()]
    raise ValueError(f"detector {name!r} must be 'default', 'adaptive', 'content' or 'transnetv2'")


def shots_of(cuts_s: list[float], duration_s: float, shortest_s: float = 0.0) -> tuple[Segment, ...]:
    """Shots between the cuts, covering ``[0, duration_s)``; of cuts closer than ``shortest_s`` the first stays."""
    bounds = [0.0]
    for cut in sorted(cuts_s):
        if cut - bounds[-1] > max(shortest_s, 1e-6) and cut < duration_s:
            bounds.append(cut)
    bounds.append(duration_s)
    return tuple(Segment("shot", a, b) for a, b in pairwise(bounds) if b > a)
