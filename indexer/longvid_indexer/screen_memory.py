"""Lines that were read before: where the same pixels are seen again, in place or scrolled, nothing is read anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.screen_reader import ReadLine
from longvid_indexer.vision.writing import Part

Luma = NDArray[np.uint8]

_REMEMBERED = 400
# How far pixels may be off to be the same print, in shares of its contrast, after smoothing; and grey levels of coding
# noise on top. A 3 that becomes an 8 is off by a third.
_OFF, _NOISE = 0.16, 4.0
_SEARCHES = 3
# How many columns of a line are searched for, at least.
_COLUMNS = 64


@dataclass
class _Known:
    """A line that was read, its pixels with a letter's width on both sides, and where they were last."""

    read: ReadLine
    luma: Luma
    part: Part
    shape: tuple[int, int]
    seen: int


class LineMemory:
    """Remembers lines by their pixels, which are kept as they were when they were read."""

    def __init__(self) -> None:
        self._known: list[_Known] = []
        self._pictures = 0

    def recall(self, luma: Luma, rows: tuple[int, int]) -> list[ReadLine]:
        """The lines known from before that stand in rows ``[top, bottom)`` of a smoothed picture, where they are."""
        before, self._pictures = self._pictures, self._pictures + 1
        there: list[_Known] = []
        open_ = [each for each in reversed(self._known) if each.shape == luma.shape]
        moved = [each for each in open_ if not self._take(each, 0, luma, rows, there)]
        last = sorted((e for e in moved if e.seen == before), key=lambda e: -len(e.read.text))
        for step in {_distance(each, luma, rows) for each in last[:_SEARCHES]} - {None}:
            assert step is not None
            last = [each for each in last if not self._take(each, step, luma, rows, there)]
        self._known = [e for e in self._known if e not in there] + there
        return [each.read for each in there]

    def remember(self, lines: Sequence[ReadLine], luma: Luma) -> None:
        """These were read in this smoothed picture, the last one that was asked about."""
        height, width = luma.shape
        for line in lines:
            x0, x1 = int(line.box[0] * width), int(np.ceil(line.box[2] * width))
            y0, y1 = int(line.box[1] * height), int(np.ceil(line.box[3] * height))
            # What is typed on, or stands close by, belongs to the line: so much beside it has to be the same.
            aside = y1 - y0
            part = (max(0, x0 - aside), y0, min(width, x1 + aside), y1)
            if part[2] > part[0] and y1 > y0:
                pixels = luma[y0:y1, part[0] : part[2]].copy()
                self._known.append(_Known(line, pixels, part, (height, width), self._pictures))
        self._known = self._known[-_REMEMBERED:]

    def _take(self, known: _Known, step: int, luma: Luma, rows: tuple[int, int], there: list[_Known]) -> bool:
        x0, y0, x1, y1 = known.part
        y0, y1 = y0 + step, y1 + step
        if y0 < rows[0] or y1 > rows[1] or not _same(known.luma, luma[y0:y1, x0:x1]):
            return False
        if not any(_crosses((x0, y0, x1, y1), each.part) for each in there):
            left, top, right, bottom = known.read.box
            down = step / luma.shape[0]
            known.read = replace(known.read, box=(left, top + down, right, bottom + down))
            known.part, known.seen = (x0, y0, x1, y1), self._pictures
            there.append(known)
        return True


def _crosses(a: Part, b: Part) -> bool:
    """Whether two lines stand in each other's middle: the letters' width beside them may overlap."""
    aside = (a[3] - a[1]) + (b[3] - b[1])
    wide = min(a[2], b[2]) - max(a[0], b[0])
    return wide > aside and min(a[3], b[3]) - max(a[1], b[1]) > 0.5 * min(a[3] - a[1], b[3] - b[1])


def _same(before: Luma, now: Luma) -> bool:
    if before.shape != now.shape:
        return False
    contrast = float(before.max()) - float(before.min())
    return float(np.abs(before.astype(np.int16) - now).max()) <= _OFF * contrast + _NOISE


def _distance(known: _Known, luma: Luma, rows: tuple[int, int]) -> int | None:
    """How far down the line went, where its pixels are seen again in other rows."""
    import cv2

    x0, y0, x1, y1 = known.part
    strip = luma[rows[0] : rows[1], x0:x1]
    if strip.shape[0] < y1 - y0:
        return None
    # Some of a line's columns tell where it went; whether it is that line is then asked of all its pixels.
    some = slice(None, None, max(1, known.luma.shape[1] // _COLUMNS))
    off = cv2.matchTemplate(
        np.ascontiguousarray(strip[:, some]), np.ascontiguousarray(known.luma[:, some]), cv2.TM_SQDIFF
    )
    top = int(off[:, 0].argmin()) + rows[0]
    return top - y0 if _same(known.luma, luma[top : top + y1 - y0, x0:x1]) else None
