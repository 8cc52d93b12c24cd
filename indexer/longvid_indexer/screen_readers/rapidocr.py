"""RapidOCR (PP-OCR on onnxruntime): its models travel in its wheel, so it reads with no download."""

from __future__ import annotations

from functools import cached_property
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.screen_reader import ReadLine
from longvid_storage.errors import MissingExtraError

_DETECT_LONG_SIDE = 1280


class RapidOcrReader:
    """Reads Latin and Chinese script with the models inside rapidocr's wheel.

    Args:
        threads: CPU threads of onnxruntime.
    """

    name = "rapidocr"

    def __init__(self, *, threads: int = 2) -> None:
        self._threads = threads

    @property
    def fingerprint(self) -> str:
        """The package's version names its models too."""
        return f"rapidocr {metadata.version('rapidocr')} {_DETECT_LONG_SIDE}"

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
                # Text is found on a picture of this long side and read at full size: measured in docs/visual.md.
                "Det.limit_type": "max",
                "Det.limit_side_len": _DETECT_LONG_SIDE,
                "EngineConfig.onnxruntime.intra_op_num_threads": self._threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read(self, image: NDArray[np.uint8]) -> list[ReadLine]:
        """Read an upright RGB picture ``(height, width, 3)``."""
        height, width = image.shape[:2]
        found = self._engine(np.ascontiguousarray(image[:, :, ::-1]))
        if found.boxes is None or found.txts is None:
            return []
        lines = []
        for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
            low, high = corners.min(axis=0), corners.max(axis=0)
            left, right = np.clip((low[0] / width, high[0] / width), 0, 1)
            top, bottom = np.clip((low[1] / height, high[1] / height), 0, 1)
            lines.append(ReadLine(text, (float(left), float(top), float(right), float(bottom)), float(score)))
        return lines
