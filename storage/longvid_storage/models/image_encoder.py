"""The image ↔ text role: pictures and words in one vector space, so that words find pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longvid_storage.models.model_record import ModelRecord


class ImageEncoder(Protocol):
    """Embeds pictures and texts into one space (CLIP; Radford et al. 2021, arXiv 2103.00020)."""

    @property
    def name(self) -> str:
        """What the user calls it."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever its vectors would; cheap to read, loads nothing heavy."""
        ...

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        ...

    def encode_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Embed upright RGB pictures, each ``(height, width, 3)``, to L2-normalised ``(n, dimension)``."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts to L2-normalised ``(n, dimension)``."""
        ...


IMAGE_ENCODERS: tuple[ModelRecord, ...] = (
    ModelRecord(
        name="open_clip/ViT-B-32",
        role="image",
        dimension=512,
        licence="MIT",
        download_mb=605,
        source="hf-hub:laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
        implementation="longvid_storage.models.image_encoders.open_clip:OpenClipEncoder",
        package="open_clip",
        extra="models",
        weights=(
            "hub:models--laion--CLIP-ViT-B-32-laion2B-s34B-b79K/snapshots/*/open_clip_model.safetensors",
            "hub:models--laion--CLIP-ViT-B-32-laion2B-s34B-b79K/snapshots/*/open_clip_pytorch_model.bin",
        ),
        options={"model": "ViT-B-32"},
    ),
)

ADAPTERS: dict[str, str] = {"open_clip": "longvid_storage.models.image_encoders.open_clip:OpenClipEncoder"}
"""Short name → what runs models of that kind: ``ADAPTER:MODEL`` names one that is not in the table."""
