"""EasyOCR (CRAFT and a CRNN on torch): the standard reader where its weights are on the disk."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.screen_reader import ReadLine
from longvid_indexer.vision.writing import Part, Writing
from longvid_storage.errors import MissingExtraError, ModelError, first_line
from longvid_storage.models.torch_device import pick_device
from longvid_storage.models.weights import BROKEN_WEIGHTS


class EasyOcrReader:
    """Reads text with EasyOCR; never downloads by itself.

    Args:
        languages: EasyOCR language codes that share one recognition model (``"de+en"``).
        weights: a weights file of EasyOCR, or the directory of them; None for ``~/.EasyOCR/model``.
        device: ``"cpu"``, ``"cuda"``, … or None for a GPU where there is one.

    EasyOCR compares its weights with the hashes it was published with, and is held to reading them with
    ``weights_only=True``, which it does not do by itself.
    """

    name = "easyocr"

    def __init__(
        self,
        languages: str | tuple[str, ...] = "en",
        weights: str | Path | None = None,
        device: str | None = None,
    ) -> None:
        self._languages = tuple(languages.split("+")) if isinstance(languages, str) else tuple(languages)
        place = Path(weights) if weights is not None else Path.home() / ".EasyOCR" / "model"
        self._directory = place.parent if place.is_file() else place
        self._wanted_device = device

    @cached_property
    def fingerprint(self) -> str:
        """EasyOCR checks the hash of its own weights, so its version and the languages name them."""
        return f"easyocr {metadata.version('easyocr')} {'+'.join(self._languages)}"

    @cached_property
    def _engine(self) -> Any:
        try:
            import easyocr
        except ImportError as error:
            raise MissingExtraError("easyocr is not installed: pip install 'longvid[models]'") from error
        languages = "+".join(self._languages)
        device = pick_device(self._wanted_device, "easyocr")
        try:
            with _weights_only():
                return easyocr.Reader(
                    list(self._languages),
                    gpu=False if device == "cpu" else device,
                    model_storage_directory=str(self._directory),
                    user_network_directory=str(self._directory),
                    download_enabled=False,
                    verbose=False,
                    quantize=False,
                )
        except ValueError as error:
            raise ModelError(
                f"easyocr cannot read {languages} ({' '.join(str(part) for part in error.args)}): give codes of "
                "languages that share one recognition model, such as en, de+en or ch_sim+en",
                code="language",
            ) from error
        except BROKEN_WEIGHTS as error:
            raise ModelError(
                f"easyocr cannot load its weights for {languages} from {self._directory} "
                f"({first_line(error)}): put craft_mlt_25k.pth and the language's recognition model there, "
                "or use rapidocr",
                code="no_weights",
            ) from error

    def read(
        self,
        image: NDArray[np.uint8],
        parts: Sequence[Part] | None = None,
        writing: Writing | None = None,
    ) -> list[ReadLine]:
        """Read an upright RGB picture ``(height, width, 3)``, or parts of it."""
        height, width = image.shape[:2]
        engine = self._engine
        lines = []
        for left, top, right, bottom in [(0, 0, width, height)] if parts is None else parts:
            with warnings.catch_warnings():
                # EasyOCR asks torch for pinned memory even without a GPU, and torch warns on every call.
                warnings.filterwarnings("ignore", message="'pin_memory'")
                found = engine.readtext(np.ascontiguousarray(image[top:bottom, left:right]), paragraph=False)
            for corners, text, score in found:
                xs = [min(max((left + float(x)) / width, 0.0), 1.0) for x, _ in corners]
                ys = [min(max((top + float(y)) / height, 0.0), 1.0) for _, y in corners]
                lines.append(ReadLine(str(text), (min(xs), min(ys), max(xs), max(ys)), float(score)))
        return lines


@contextmanager
def _weights_only() -> Iterator[None]:
    """torch reads no code out of a file, although EasyOCR asks it to (``weights_only=False``)."""
    name = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
