"""The screen-reading role: lines of text in a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from longvid_storage.models.model_record import ModelRecord
from longvid_storage.types import Box

if TYPE_CHECKING:
    from longvid_indexer.vision.writing import Part, Writing


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A piece of text as an engine reports it; ``box`` in fractions of the picture, ``confidence`` in ``[0, 1]``."""

    text: str
    box: Box
    confidence: float


class ScreenReader(Protocol):
    """Reads the text in a picture."""

    @property
    def name(self) -> str:
        """What the user calls it."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever its readings would; cheap to read, loads nothing heavy."""
        ...

    def read(
        self,
        image: NDArray[np.uint8],
        parts: Sequence[Part] | None = None,
        writing: Writing | None = None,
    ) -> list[ReadLine]:
        """Read an upright RGB picture ``(height, width, 3)``; pieces of text in no particular order.

        Args:
            image: the picture; boxes are fractions of it.
            parts: what of it may hold text that is wanted; None for all of it.
            writing: the picture's, where whoever chose the parts has made it.

        Raises:
            ModelError: the engine cannot be loaded.
        """
        ...


SCREEN_READERS: tuple[ModelRecord, ...] = (
    ModelRecord(
        name="easyocr/english",
        role="screen",
        dimension=None,
        licence="Apache-2.0",
        download_mb=94,
        source="EasyOCR's releases: craft_mlt_25k.pth and english_g2.pth",
        implementation="longvid_indexer.screen_readers.easyocr:EasyOcrReader",
        package="easyocr",
        extra="models",
        weights=("home:.EasyOCR/model/english_g2.pth",),
        options={"languages": ("en",)},
    ),
    ModelRecord(
        name="rapidocr",
        role="screen",
        dimension=None,
        licence="Apache-2.0",
        download_mb=0,
        source="PP-OCR models inside rapidocr's wheel",
        implementation="longvid_indexer.screen_readers.rapidocr:RapidOcrReader",
        package="rapidocr",
        extra="offline",
    ),
)

ADAPTERS: dict[str, str] = {
    "easyocr": "longvid_indexer.screen_readers.easyocr:EasyOcrReader",
    "rapidocr": "longvid_indexer.screen_readers.rapidocr:RapidOcrReader",
}
"""Short name → what runs models of that kind: ``ADAPTER:MODEL`` names one that is not in the table."""
