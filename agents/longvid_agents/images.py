"""Pixels of a frame at the size a plan gives it."""

from __future__ import annotations

import io
from typing import Any

from longvid_agents.packing import FramePart
from longvid_agents.video_lm import Frame
from longvid_storage.kept_pictures import picture_of, size_of

_QUALITY = 90
_JPEG = b"\xff\xd8\xff"


def picture(frame: Frame, part: FramePart) -> Any:
    """The frame as an RGB ``PIL.Image`` of ``part.width`` x ``part.height``."""
    from PIL import Image

    upright = picture_of(frame.image)
    if upright.size != (part.width, part.height):
        upright = upright.resize((part.width, part.height), Image.Resampling.LANCZOS)
    return upright


def jpeg(frame: Frame, part: FramePart) -> bytes:
    """The frame as a JPEG of that size, which every server reads (not every one reads WebP); untouched if it is one."""
    if frame.image.startswith(_JPEG) and size_of(frame.image) == (part.width, part.height):
        return frame.image
    file = io.BytesIO()
    picture(frame, part).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def blank_jpeg(width: int, height: int) -> bytes:
    """A grey picture, to learn what a picture of that size costs."""
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (width, height), (128, 128, 128)).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
