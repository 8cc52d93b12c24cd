"""Kept pictures as they come out of a library, which somebody else may have made or damaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

from longvid_storage.errors import LibraryError

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 8192 * 4320
"""Of a kept picture: 8K, more than is kept of any."""
# Pillow opens whatever it knows, and for some of it runs other programs (EPS: Ghostscript).
_FORMATS = ("WEBP", "JPEG", "PNG")


def size_of(image: bytes) -> tuple[int, int]:
    """Width and height, as the picture's head says.

    Raises:
        LibraryError: it is no picture, or one of more than ``MOST_PIXELS`` pixels (code ``"bad_image"``).
    """
    with _opened(image) as picture:
        return picture.width, picture.height


def picture_of(image: bytes) -> Image:
    """The picture in RGB.

    Raises:
        LibraryError: as for ``size_of``.
    """
    with _opened(image) as picture:
        return picture.convert("RGB")


@contextmanager
def _opened(image: bytes) -> Iterator[Image]:
    from PIL import Image as Pillow

    try:
        with Pillow.open(BytesIO(image), formats=_FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise _none(f"{picture.width} x {picture.height} pixels")
            yield picture
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
        raise _none(f"{len(image)} bytes") from error


def _none(what: str) -> LibraryError:
    return LibraryError(
        f"a kept picture of the library is none that can be read ({what}): longvid index --reprocess, with the path of "
        "its film, makes it anew",
        code="bad_image",
    )
