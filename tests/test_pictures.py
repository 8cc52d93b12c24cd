"""The picture channel end to end: a silent video is found by what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import media_factory as mf
from longvid import Library, ModelMismatchError
from longvid.engines import Engines
from longvid_storage.image_encoder import ImageEncoder

COLOURS = {"red": (200, 30, 30), "green": (30, 170, 40), "blue": (30, 40, 200)}


class ColourEncoder:
    """A small true image ↔ text model: pictures by their mean colour, texts by the colours they name."""

    name = "colours"
    dimension = 3

    def __init__(self, fingerprint: str = "colours@1") -> None:
        self.fingerprint = fingerprint

    def encode_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        means = np.array([image.reshape(-1, 3).mean(axis=0) for image in images], np.float32).reshape(-1, 3)
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        sums = np.array(
            [
                np.sum([c for name, c in COLOURS.items() if name in text] or [(1, 1, 1)], axis=0)
                for text in texts
            ],
            np.float32,
        )
        return sums / np.linalg.norm(sums, axis=1, keepdims=True)


class ColourEngines(Engines):
    """The usual engines, with colours for pictures."""

    def __init__(self, encoder: ImageEncoder) -> None:
        self.encoder = encoder

    @property
    def image_encoder(self) -> ImageEncoder:  # type: ignore[override]
        return self.encoder


def frames() -> Iterator[NDArray[np.uint8]]:
    """Five seconds of each colour, ten frames a second, nothing written anywhere."""
    for colour in COLOURS.values():
        for number in range(50):
            frame = np.empty((180, 320, 3), np.uint8)
            frame[:] = colour
            frame[:, number * 4 : number * 4 + 20] = 120  # something moves, so these are shots, not slides
            yield frame


@pytest.mark.slow
@pytest.mark.parametrize(("colour", "from_s"), [("red", 0.0), ("green", 5.0), ("blue", 10.0)])
def test_a_silent_video_is_found_by_what_it_shows(colour: str, from_s: float, tmp_path: Path) -> None:
    mf.write_video(tmp_path / "colours.mp4", frames(), 10)
    with Library.open(tmp_path / "library", create=True, engines=ColourEngines(ColourEncoder())) as lib:
        (report,) = lib.index(tmp_path / "colours.mp4")
        assert report.stages["vectors"].counters["pictures_encoded"] >= 3
        best = lib.search(f"something {colour}", k=3)[0]
        middle_s = (best.start_s + best.end_s) / 2
        assert from_s <= middle_s < from_s + 5
        assert [evidence.kind for evidence in best.evidence] == ["picture"]


@pytest.mark.slow
def test_another_picture_model_is_refused_until_the_video_is_indexed_again(tmp_path: Path) -> None:
    mf.write_video(tmp_path / "colours.mp4", frames(), 10)
    with Library.open(tmp_path / "library", create=True, engines=ColourEngines(ColourEncoder())) as lib:
        lib.index(tmp_path / "colours.mp4")
    with Library.open(tmp_path / "library", engines=ColourEngines(ColourEncoder("colours@2"))) as lib:
        with pytest.raises(ModelMismatchError, match="index"):
            lib.search("something red")
        (report,) = lib.index(tmp_path / "colours.mp4")
        assert {s: r.status for s, r in report.stages.items() if r.status == "done"} == {"vectors": "done"}
        assert lib.search("something red")[0].evidence[0].kind == "picture"
