"""RapidOCR (PP-OCR on onnxruntime): its models travel in its wheel, so it reads with no download."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.screen_reader import ReadLine
from longvid_indexer.vision.writing import Part, Writing, sheet_of
from longvid_storage.errors import MissingExtraError
from longvid_storage.process import threads_allowed

# Text is found on a picture of this long side and read at full size: measured in docs/visual.md.
_DETECT_LONG_SIDE = 1280
# Text whose small letters are this high there is found as well at half that size, at a quarter of the cost.
_LARGE = 11
# A box higher than this many of its small letters holds two lines: it is looked at in full.
_TWO_LINES = 3.6
# Higher than so many of its small letters is a drawing, or a block of lines.
_LINE = 6
# A drawing has fewer edges than this on its area, a photograph more; and so much of its marks is in boxes when its
# writing was found at all.
_DRAWN, _MOST_FOUND = 0.2, 0.3
_SURE = 0.5
# What the recogniser's pictures are high, and at least wide.
_HEIGHT, _NARROWEST = 48, 64


class RapidOcrReader:
    """Reads Latin and Chinese script with the models inside rapidocr's wheel.

    Text is looked for only where there are edges, and large text in a smaller picture; each line is then read by
    itself at its own width, since lines padded to one width cost more together than apart.

    Args:
        threads: lines read at a time.
    """

    name = "rapidocr"

    def __init__(self, *, threads: int = 2) -> None:
        self._threads = min(threads, threads_allowed() or threads)

    @cached_property
    def fingerprint(self) -> str:
        """The package's version names its models too."""
        return f"rapidocr {metadata.version('rapidocr')} {_DETECT_LONG_SIDE} sheets"

    @cached_property
    def _engine(self) -> Any:
        try:
            from rapidocr import RapidOCR
        except ImportError as error:
            raise MissingExtraError("rapidocr is not installed: pip install 'longvid[offline]'") from error
        return RapidOCR(
            params={
                "Global.log_level": "error",
                # Turned text is rare on slides, and the check for it costs as much as reading.
                "Global.use_cls": False,
                # The pictures are given in the size that they are wanted in.
                "Global.use_preprocess_img": False,
                "Det.limit_type": "max",
                "Det.limit_side_len": 4 * _DETECT_LONG_SIDE,
                "Rec.rec_img_shape": [3, _HEIGHT, _NARROWEST],
                # More than one thread waits for work by spinning, which costs a fifth more than it saves.
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,
            }
        )

    def read(
        self,
        image: NDArray[np.uint8],
        parts: Sequence[Part] | None = None,
        writing: Writing | None = None,
    ) -> list[ReadLine]:
        """Read an upright RGB picture ``(height, width, 3)``, or parts of it."""
        height, width = image.shape[:2]
        if min(height, width) < _FEWEST:
            return []
        import cv2

        blue_first = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)
        boxes = self._found(blue_first, parts, writing or Writing(image))
        if not boxes:
            return []
        engine = self._engine
        with ThreadPoolExecutor(self._threads) as pool:
            read = list(pool.map(lambda box: _recognised(engine, blue_first, box), boxes))
        lines = []
        for corners, (text, sure) in zip(boxes, read, strict=True):
            low, high = corners.min(axis=0), corners.max(axis=0)
            left, right = np.clip((low[0] / width, high[0] / width), 0, 1)
            top, bottom = np.clip((low[1] / height, high[1] / height), 0, 1)
            if text.strip() and sure >= _SURE:
                lines.append(ReadLine(text, (float(left), float(top), float(right), float(bottom)), sure))
        return lines

    def _found(
        self, image: NDArray[np.uint8], parts: Sequence[Part] | None, writing: Writing
    ) -> list[NDArray[np.float32]]:
        """Corners ``(4, 2)`` in pixels of each line that stands in these parts."""
        scale = min(1.0, _DETECT_LONG_SIDE / max(image.shape[:2]))
        parts = writing.parts() if parts is None else parts
        large = [part for part in parts if writing.letter_height(part) * scale >= _LARGE]
        small = [part for part in parts if part not in large]
        found: list[NDArray[np.float32]] = []
        for box in self._located(image, large, scale / 2):
            if _high(box) <= _TWO_LINES * writing.letter_height(_around(box, 0)):
                found.append(box)
        # Where something was not found in the small picture, all of the part is looked for in the large one; of a
        # drawing whose writing was found, only what was not, or its strokes would make it large.
        left = writing.parts(_around(box, 1 / 6) for box in found) if large else []
        known = [_around(box, 0) for box in found]
        for part in large:
            line = _LINE * writing.letter_height(part)
            missed = [each for each in left if _middle_in(each, part)]
            drawn = writing.density(part) < _DRAWN and writing.share_in(part, known) >= _MOST_FOUND
            if part[3] - part[1] > line and drawn:
                small += [each for each in missed if each[3] - each[1] <= line]
            elif missed:
                small.append(part)
                found = [box for box in found if not _middle_in(_around(box, 0), part)]
        kept = [_around(box, 0) for box in found]
        more = self._located(image, small, scale)
        return found + [box for box in more if not any(_middle_in(_around(box, 0), each) for each in kept)]

    def _located(
        self, image: NDArray[np.uint8], parts: Sequence[Part], scale: float
    ) -> list[NDArray[np.float32]]:
        if not parts:
            return []
        sheet = sheet_of(image, parts, scale)
        found = self._engine(sheet.image, use_det=True, use_cls=False, use_rec=False)
        there = [sheet.back(box) for box in (() if found.boxes is None else found.boxes)]
        return [box for box in there if box is not None]


# Of fewer pixels no letter can be made.
_FEWEST = 5


def _high(box: NDArray[np.float32]) -> float:
    return float(min(np.linalg.norm(box[0] - box[3]), np.linalg.norm(box[0] - box[1])))


def _around(box: NDArray[np.float32], more: float) -> Part:
    """The upright rectangle around a box and ``more`` of its height on all sides."""
    (x0, y0), (x1, y1) = box.min(axis=0), box.max(axis=0)
    aside = more * (y1 - y0)
    return int(x0 - aside), int(y0 - aside), int(x1 + aside) + 1, int(y1 + aside) + 1


def _middle_in(part: Part, other: Part) -> bool:
    x, y = (part[0] + part[2]) / 2, (part[1] + part[3]) / 2
    return other[0] <= x < other[2] and other[1] <= y < other[3]


def _recognised(engine: Any, image: NDArray[np.uint8], box: NDArray[np.float32]) -> tuple[str, float]:
    from rapidocr.utils.process_img import get_rotate_crop_image

    line = get_rotate_crop_image(image, box.astype(np.float32))
    if min(line.shape[:2]) < 1:
        return "", 0.0
    read = engine(line, use_det=False, use_cls=False, use_rec=True)
    return (str(read.txts[0]), float(read.scores[0])) if read.txts else ("", 0.0)
