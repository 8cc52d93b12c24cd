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
from longvid_indexer.stages.vectors import encode_keyframes
from longvid_indexer.vision.pictures import encode_webp
from longvid_storage.db.store import Store
from longvid_storage.models.image_encoder import ImageEncoder
from longvid_storage.search.pictures import similarity_at, standing_out
from store_tools import PICTURES, fill, frames_of, unit_vectors, video_id

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
    def image_encoder(self) -> ImageEncoder:
        return self.encoder


def frames() -> Iterator[NDArray[np.uint8]]:
    """Five seconds of each colour, ten frames a second, nothing written anywhere."""
    for colour in COLOURS.values():
        for number in range(50):
            frame = np.empty((180, 320, 3), np.uint8)
            frame[:] = colour
            frame[:, number * 4 : number * 4 + 20] = 120  # something moves, so these are shots, not slides
            yield frame


class Counting(ColourEncoder):
    """Remembers how many pictures it was given at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[int] = []

    def encode_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        self.given.append(len(images))
        return super().encode_images(images)


def test_few_keyframes_are_unpacked_at_a_time() -> None:
    shades = [np.full((9, 16, 3), (i, 255 - i, 90), np.uint8) for i in range(150)]
    encoder = Counting()
    vectors = encode_keyframes(encoder, [encode_webp(shade, 90) for shade in shades])
    assert encoder.given == [64, 64, 22]
    np.testing.assert_allclose(vectors, ColourEncoder().encode_images(shades), atol=0.02)
    assert encode_keyframes(encoder, []).shape == (0, 3)


def test_only_pictures_that_stand_out_count() -> None:
    assert standing_out([]) == []
    assert standing_out([(1, 0.3)]) == [(1, 0.3)]
    hits = [(4, 0.31), (2, 0.30), (9, 0.22), (5, 0.21), (6, 0.2), (7, 0.19)]
    assert standing_out(hits) == hits[:2]
    assert standing_out([(i, 0.2) for i in range(5)]) == [(i, 0.2) for i in range(5)]


@pytest.mark.slow
def test_a_moment_whose_words_fit_comes_first_and_one_without_them_behind_the_picture(tmp_path: Path) -> None:
    mf.write_video(tmp_path / "colours.mp4", frames(), 10)
    cue = "00:00:{0:02d}.000 --> 00:00:{1:02d}.000\n{2}\n"
    said = [cue.format(0, 5, "The budget is balanced."), cue.format(5, 10, "Nobody was there.")]
    (tmp_path / "colours.vtt").write_text("WEBVTT\n\n" + "\n".join(said))
    with Library.open(tmp_path / "library", create=True, engines=ColourEngines(ColourEncoder())) as lib:
        lib.index(tmp_path / "colours.mp4")
        first = lib.search("something blue", k=3)[0]
        assert (first.start_s, [each.kind for each in first.evidence]) == (10.0, ["picture"])
        first = lib.search("a blue budget", k=3)[0]
        assert "speech" in [each.kind for each in first.evidence]


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


def test_the_picture_on_screen_or_the_nearest_one_tells_how_well_a_time_fits(tmp_path: Path) -> None:
    with Store.open(tmp_path / "lib", create=True) as store:
        key = fill(store, "talk", ["one", "two"])
        frames = frames_of(store, key)
        vectors = unit_vectors(len(frames), 4)
        picture = vectors[1]
        times = [15.0, frames[0].end_s, 9.99, 0.0, 1000.0]
        on_screen = [1, 1, 0, 0, len(frames) - 1]
        with store.view() as view:
            fits = similarity_at(view, key, times, picture, fingerprint=PICTURES)
            assert fits is not None
            np.testing.assert_allclose(fits, (vectors @ picture)[on_screen], atol=1e-3)
            assert similarity_at(view, key, times, picture, fingerprint="another@1") is None
            assert similarity_at(view, video_id("nothing"), times, picture, fingerprint=PICTURES) is None
            nowhere = similarity_at(view, key, [], picture, fingerprint=PICTURES)
            assert nowhere is not None
            assert nowhere.shape == (0,)
