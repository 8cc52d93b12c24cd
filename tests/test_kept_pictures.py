"""Kept pictures of a damaged library, or of somebody else's: a sentence; no other program runs, no memory is filled."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import EpsImagePlugin, Image

from longvid.exports.report import draw
from longvid.storyboard import scaled
from longvid_agents.images import picture
from longvid_agents.packing import FramePart
from longvid_agents.video_lm import Frame
from longvid_indexer.stages.vectors import encode_keyframes
from longvid_indexer.structuring.pictures import histogram
from longvid_indexer.vision.pictures import decode_webp
from longvid_storage.errors import LibraryError
from longvid_storage.kept_pictures import picture_of, size_of
from longvid_storage.types import Keyframe


def encoded(kind: str, size: tuple[int, int] = (64, 36)) -> bytes:
    file = io.BytesIO()
    Image.new("L" if size[0] > 64 else "RGB", size).save(file, kind)
    return file.getvalue()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "text": lambda: b"picture 3",
    "PostScript": lambda: encoded("EPS"),
    "another format": lambda: encoded("GIF"),
    "cut short": lambda: encoded("WEBP")[:40],
    "pixels without end": lambda: encoded("PNG", (9000, 9000)),
}

READERS: dict[str, Callable[[bytes], object]] = {
    "picture": picture_of,
    "report": lambda image: draw(Keyframe(0, 0, 1, image, 64, 36, "slide"), [(0.1, 0.1, 0.2, 0.2)]),
    "storyboard": lambda image: scaled(image, 32, 18),
    "language model": lambda image: picture(Frame(1, image, time_s=0.0), FramePart(1, 0.0, 64, 36)),
    "structure": histogram,
    "screen text": decode_webp,
    "vectors": lambda image: encode_keyframes(_Encoder(), [image]),
}


class _Encoder:
    name, fingerprint, dimension = "none", "none", 1

    def encode_images(self, images: object) -> object:
        raise AssertionError("it was decoded")

    def encode_texts(self, texts: object) -> object:
        raise AssertionError("nothing is searched")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_kept_picture_is_one_sentence(
    kind: str, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: object, **__: object) -> None:
        raise AssertionError("another program runs")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", run)
    with pytest.raises(LibraryError, match=r"kept picture .* longvid index --reprocess") as refused:
        READERS[reader](HOSTILE[kind]())
    assert refused.value.code == "bad_image"


def test_a_kept_picture_is_read() -> None:
    assert size_of(encoded("WEBP")) == (64, 36) == picture_of(encoded("WEBP")).size
