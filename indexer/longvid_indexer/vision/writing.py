"""Where a picture may hold writing, how large it is, and its parts side by side on as small a sheet as they fit.

Finding text costs by the pixel, and most of a slide is even ground.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.vision.pictures import Image

Part = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels, half-open."""

# Steps between neighbouring pixels that may be a letter's edge: the faintest text that is found differs by more.
_EDGE = 14
# Writing joins over so much of the picture's height, sideways and downwards, into one part; so many pixels at least.
_ASIDE, _BELOW = 1 / 36, 1 / 90
_LEAST_ASIDE, _LEAST_BELOW = 12, 4
_SPACE = 0.8
# Flatter than this is a rule, a dot or a dash.
_FLAT = 5
# Frames, axes and curves: larger than this share of the height, and with so little on the area they stretch over.
_LONG, _SPARSE = 1 / 6, 0.06
# Parts that fill so much of the picture are not worth laying out anew.
_FULL = 0.7
# What a neural network needs its pictures' sides to be multiples of.
_STRIDE = 32


class Writing:
    """The edges of an RGB picture ``(height, width, 3)`` that may be letters'.

    ``marks`` are the rectangles of connected edges, ``(n, 4)``, a letter or a word each.
    """

    def __init__(self, image: Image) -> None:
        import cv2

        height = image.shape[0]
        steps = cv2.morphologyEx(image, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        red, green, blue = cv2.split(steps)
        edges = cv2.threshold(cv2.max(cv2.max(red, green), blue), _EDGE, 1, cv2.THRESH_BINARY)[1]
        # By blocks of four pixels: OpenCV's own choice gives the same in three times as long.
        _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
            edges, 8, cv2.CV_32S, cv2.CCL_GRANA
        )
        x, y, wide, high, area = (stats[:, column] for column in range(5))
        sparse = (np.maximum(wide, high) > height * _LONG) & (area < _SPARSE * wide * high)
        sparse[0] = False
        if sparse.any():
            edges[sparse[labels]] = 0
        written = (high >= _FLAT) & ~sparse
        written[0] = False
        self._edges = edges
        self.marks = np.stack([x, y, x + wide, y + high], axis=1)[written]

    def parts(self, known: Iterable[Part] = (), rows: tuple[int, int] | None = None) -> list[Part]:
        """The parts that hold marks and do not overlap, within ``rows`` and without what is ``known``."""
        import cv2

        edges = self._edges.copy()
        height = edges.shape[0]
        top, bottom = rows or (0, height)
        edges[:top] = edges[bottom:] = 0
        for x0, y0, x1, y1 in known:
            edges[max(0, y0) : y1, max(0, x0) : x1] = 0
        aside, below = max(_LEAST_ASIDE, int(height * _ASIDE)), max(_LEAST_BELOW, int(height * _BELOW))
        joined = cv2.dilate(edges, np.ones((2 * below + 1, 2 * aside + 1), np.uint8))
        parts = [(x0, max(y0, top), x1, min(y1, bottom)) for x0, y0, x1, y1 in _pieces(joined)]
        return [part for part in _apart(parts) if _rows(edges, part) >= _FLAT]

    def letter_height(self, part: Part) -> float:
        """The height of the small letters in a part, in pixels; 0 without any."""
        inside = self.marks[self._in(part)]
        return float(np.quantile(inside[:, 3] - inside[:, 1], 0.2)) if len(inside) else 0.0

    def density(self, part: Part) -> float:
        """The share of a part's area that is edges, 0 to 1."""
        x0, y0, x1, y1 = part
        return float(self._edges[y0:y1, x0:x1].mean())

    def share_in(self, part: Part, boxes: Sequence[Part]) -> float:
        """The share of the marks in a part that are in one of these boxes too, 0 to 1."""
        inside = self._in(part)
        boxed = np.zeros(len(inside), bool)
        for box in boxes:
            boxed |= self._in(box)
        return float(boxed[inside].mean()) if inside.any() else 1.0

    def _in(self, part: Part) -> NDArray[np.bool_]:
        x0, y0, x1, y1 = part
        x, y = (self.marks[:, 0] + self.marks[:, 2]) / 2, (self.marks[:, 1] + self.marks[:, 3]) / 2
        return np.asarray((x >= x0) & (x < x1) & (y >= y0) & (y < y1))


def _pieces(mask: NDArray[np.uint8]) -> list[Part]:
    """The rectangles of what is connected in a mask of zeros and ones, up, down and sideways.

    Rows like the one above are left out, and columns like the one before, which joins and parts nothing: of a mask
    that was widened few are left.
    """
    import cv2

    rows = np.flatnonzero((mask[1:] != mask[:-1]).any(axis=1)) + 1
    small = mask[np.append(0, rows)]
    columns = np.flatnonzero((small[:, 1:] != small[:, :-1]).any(axis=0)) + 1
    small = np.ascontiguousarray(small[:, np.append(0, columns)])
    y, x = (np.concatenate([[0], at, [side]]) for at, side in zip((rows, columns), mask.shape, strict=True))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(small, connectivity=4)
    left, top, wide, high = boxes[1:, :4].T
    return [
        (int(x0), int(y0), int(x1), int(y1))
        for x0, y0, x1, y1 in zip(x[left], y[top], x[left + wide], y[top + high], strict=True)
    ]


def _rows(edges: NDArray[np.uint8], part: Part) -> int:
    x0, y0, x1, y1 = part
    rows = np.flatnonzero(edges[y0:y1, x0:x1].any(axis=1))
    return int(rows[-1] - rows[0]) + 1 if len(rows) else 0


def _apart(parts: Sequence[Part]) -> list[Part]:
    """Parts that overlap, or stand in one row with no more than a space of large letters between, as one."""
    found: list[Part] = []
    for part in sorted(parts, key=lambda each: (each[1], each[0])):
        while hit := next((each for each in found if _together(each, part)), None):
            found.remove(hit)
            part = (min(part[0], hit[0]), min(part[1], hit[1]), max(part[2], hit[2]), max(part[3], hit[3]))
        found.append(part)
    return found


def _together(a: Part, b: Part) -> bool:
    apart = max(a[0], b[0]) - min(a[2], b[2])
    shared = min(a[3], b[3]) - max(a[1], b[1])
    low, high = sorted((a[3] - a[1], b[3] - b[1]))
    return shared > 0 and (apart < 0 or (shared > 0.5 * high and apart <= _SPACE * low))


@dataclass(frozen=True)
class Sheet:
    """Parts of a picture, shrunk by ``scale`` and laid on one sheet; ``places`` are (part, its left, its top)."""

    image: Image
    scale: float
    places: tuple[tuple[Part, int, int], ...]

    def back(self, box: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Corners ``(4, 2)`` on the sheet as corners in the picture; None where they are on none of its parts."""
        x, y = box.mean(axis=0)
        for part, left, top in self.places:
            x0, y0, x1, y1 = part
            if left <= x < left + (x1 - x0) * self.scale and top <= y < top + (y1 - y0) * self.scale:
                there = (box - (left, top)) / self.scale + (x0, y0)
                # What a box is given around its letters may lie on a neighbour's part of the sheet.
                return np.asarray(np.clip(there, (x0, y0), (x1, y1)), np.float32)
        return None


def sheet_of(image: Image, parts: Sequence[Part], scale: float) -> Sheet:
    """Lay parts out in rows, tall ones first."""
    import cv2

    height, width = image.shape[:2]
    area = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in parts)
    if area >= _FULL * height * width:
        parts = [(0, 0, width, height)]
    pieces = []
    for part in sorted(parts, key=lambda each: each[1] - each[3]):
        piece = image[part[1] : part[3], part[0] : part[2]]
        if scale < 1:
            size = [max(1, round(side * scale)) for side in (piece.shape[1], piece.shape[0])]
            piece = np.asarray(cv2.resize(piece, size, interpolation=cv2.INTER_AREA), np.uint8)
        pieces.append((part, piece))
    widest = max(max(piece.shape[1] for _, piece in pieces), int(1.3 * area**0.5 * scale))
    places, x, y, row = [], 0, 0, 0
    for part, piece in pieces:
        if x and x + piece.shape[1] > widest:
            x, y, row = 0, y + row, 0
        places.append((part, x, y))
        row, x = max(row, piece.shape[0]), x + piece.shape[1]
    rows, columns = (-(-side // _STRIDE) * _STRIDE for side in (y + row, widest))
    canvas = np.empty((rows, columns, 3), np.uint8)
    canvas[:] = np.median(image[::8, ::8], axis=(0, 1))
    for (_, left, top), (_, piece) in zip(places, pieces, strict=True):
        canvas[top : top + piece.shape[0], left : left + piece.shape[1]] = piece
    return Sheet(canvas, scale, tuple(places))
