"""EasyOCR (CRAFT and a CRNN on torch): the standard reader where its weights are on the disk."""

from __future__ import annotations

import warnings
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.screen_reader import ReadLine
from longvid_storage.errors import MissingExtraError, ModelError


class EasyOcrReader:
    """Reads text with EasyOCR; never downloads by itself.

    Args:
        languages: EasyOCR language codes that share one recognition model (``"de+en"``).
        weights: a weights file of EasyOCR, or the directory of them; None for ``~/.EasyOCR/model``.
        gpu: run on a GPU; None where there is one.
    """

    name = "easyocr"

    def __init__(
        self,
        languages: str | tuple[str, ...] = "en",
        weights: str | Path | None = None,
        gpu: bool | None = None,
    ) -> None:
        self._languages = tuple(languages.split("+")) if isinstance(languages, str) else tuple(languages)
        place = Path(weights) if weights is not None else Path.home() / ".EasyOCR" / "model"
        self._directory = place.parent if place.is_file() else place
        self._gpu = gpu

    @property
    def fingerprint(self) -> str:
        """EasyOCR checks the hash of its own weights, so its version and the languages name them."""
        return f"easyocr {metadata.version('easyocr')} {'+'.join(self._languages)}"

    @cached_property
    def _engine(self) -> Any:
        try:
            import easyocr
            import torch
        except ImportError as error:
            raise MissingExtraError("easyocr is not installed: pip install 'longvid[models]'") from error
        try:
            return easyocr.Reader(
                list(self._languages),
                gpu=torch.cuda.is_available() if self._gpu is None else self._gpu,
                model_storage_directory=str(self._directory),
                user_network_directory=str(self._directory),
                download_enabled=False,
                verbose=False,
                quantize=False,
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise ModelError(
                f"easyocr cannot load its weights for {'+'.join(self._languages)} from {self._directory} ({error}):"
                " put craft_mlt_25k.pth and the language's recognition model there, or use rapidocr"
            ) from error

    def read(self, image: NDArray[np.uint8]) -> list[ReadLine]:
        """Read an upright RGB picture ``(height, width, 3)``."""
        height, width = image.shape[:2]
        engine = self._engine
        with warnings.catch_warnings():
            # EasyOCR asks torch for pinned memory even without a GPU, and torch warns on every call.
            warnings.filterwarnings("ignore", message="'pin_memory'")
            found = engine.readtext(np.ascontiguousarray(image), paragraph=False)
        lines = []
        for corners, text, score in found:
            xs = [min(max(float(x) / width, 0.0), 1.0) for x, _ in corners]
            ys = [min(max(float(y) / height, 0.0), 1.0) for _, y in corners]
            lines.append(ReadLine(str(text), (min(xs), min(ys), max(xs), max(ys)), float(score)))
        return lines
