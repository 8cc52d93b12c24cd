"""Pictures as WebP or JPEG bytes, and back."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from longvid_storage.kept_pictures import picture_of

Image = NDArray[np.uint8]


def encode_webp(image: Image, quality: int) -> bytes:
    """Compress an RGB picture ``(height, width, 3)`` uint8."""
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    # Method 2 takes a third of the time of the default for files a few percent larger. Method 0 takes half of that
    # again, but what is read from its pictures is worse: of a lecture's eight slides one lost its heading.
    Pillow.fromarray(image).save(buffer, "WEBP", quality=quality, method=2)
    return buffer.getvalue()


def encode_jpeg(image: Image, quality: int) -> bytes:
    """Compress an RGB picture ``(height, width, 3)`` uint8, in a tenth of the time that a WebP takes."""
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.fromarray(image).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def decode_webp(data: bytes) -> Image:
    """The RGB picture ``(height, width, 3)`` uint8 that ``encode_webp`` compressed."""
    return np.asarray(picture_of(data))
