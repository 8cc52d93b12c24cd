"""open_clip behind the image ↔ text role: any architecture it knows, with local weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_storage.errors import MissingExtraError, ModelError

BATCH = 16
_EDGE = 1 << 20


def file_fingerprint(path: Path) -> str:
    """Size and sha256 of the first and last mebibyte: tells two files apart without reading gigabytes."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        digest.update(file.read(_EDGE))
        file.seek(max(0, size - _EDGE))
        digest.update(file.read())
    return digest.hexdigest()[:16]


class OpenClipEncoder:
    """Embeds pictures and texts with an open_clip model.

    Args:
        architecture: an open_clip name (``"ViT-B-32"``), or ``"local-dir:PATH"`` for a directory that holds
            ``open_clip_config.json`` and the weights.
        weights: a ``.safetensors`` or ``.pt`` file; not needed with ``local-dir:``.
        device: ``"cpu"``, ``"cuda"``, … or None for a GPU where there is one.

    Raises:
        ModelError: the weights are missing, or belong to another architecture.
        MissingExtraError: open_clip is not installed.
    """

    def __init__(
        self, architecture: str, weights: str | Path | None = None, device: str | None = None
    ) -> None:
        self.architecture = architecture
        self.directory = Path(architecture.removeprefix("local-dir:")) if ":" in architecture else None
        self.weights = Path(weights) if weights is not None else None
        if self.directory is not None and self.weights is None:
            found = sorted(self.directory.glob("open_clip_*.safetensors")) + sorted(
                self.directory.glob("open_clip_*.bin")
            )
            if not found:
                raise ModelError(
                    f"no open_clip weights in {self.directory}: expected open_clip_model.safetensors beside "
                    "open_clip_config.json; copy the model's files there"
                )
            self.weights = found[0]
        if self.weights is None or not self.weights.is_file():
            raise ModelError(
                f"the weights of open_clip {architecture} are not here ({self.weights}): "
                "give a local .safetensors or .pt file"
            )
        self.name = f"open_clip/{self.directory.name if self.directory else architecture}"
        self.device = device

    @cached_property
    def fingerprint(self) -> str:
        """Architecture and weights; reading it loads nothing."""
        assert self.weights is not None
        return f"{self.name}@{file_fingerprint(self.weights)}"

    @cached_property
    def dimension(self) -> int:
        """Length of the vectors."""
        if self.directory is not None:
            config = json.loads((self.directory / "open_clip_config.json").read_text("utf-8"))
            return int(config.get("model_cfg", config)["embed_dim"])
        return int(self._open_clip.get_model_config(self.architecture)["embed_dim"])

    @cached_property
    def _open_clip(self) -> Any:
        try:
            import open_clip
        except ImportError as error:
            raise MissingExtraError(
                "picture search needs open_clip, which is not installed: pip install 'longvid[models]'"
            ) from error
        return open_clip

    @cached_property
    def _loaded(self) -> tuple[Any, Any, Any, str]:
        import torch

        device = self.device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            model, _, preprocess = self._open_clip.create_model_and_transforms(
                self.architecture, pretrained=None if self.directory else str(self.weights), device=device
            )
            tokenizer = self._open_clip.get_tokenizer(self.architecture)
        except (RuntimeError, OSError, KeyError, ValueError, AssertionError) as error:
            raise ModelError(
                f"open_clip cannot load {self.weights} as {self.architecture}: {str(error).splitlines()[0]}; "
                "check that the weights belong to that architecture and are complete"
            ) from error
        model.eval()
        return model, preprocess, tokenizer, device

    def encode_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Embed upright RGB pictures, each ``(height, width, 3)``, to L2-normalised ``(n, dimension)``."""
        import torch
        from PIL import Image

        model, preprocess, _, device = self._loaded
        out = np.zeros((len(images), self.dimension), np.float32)
        with torch.inference_mode():
            for start in range(0, len(images), BATCH):
                batch = torch.stack(
                    [preprocess(Image.fromarray(image)) for image in images[start : start + BATCH]]
                )
                vectors = model.encode_image(batch.to(device), normalize=True)
                out[start : start + BATCH] = vectors.float().cpu().numpy()
        return out

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts to L2-normalised ``(n, dimension)``."""
        import torch

        model, _, tokenizer, device = self._loaded
        out = np.zeros((len(texts), self.dimension), np.float32)
        with torch.inference_mode():
            for start in range(0, len(texts), BATCH):
                tokens = tokenizer(list(texts[start : start + BATCH])).to(device)
                out[start : start + BATCH] = model.encode_text(tokens, normalize=True).float().cpu().numpy()
        return out
