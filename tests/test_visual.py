"""The visual pass as a whole: one decode, pictures that can be read, nothing that grows with the video."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from longvid_indexer.probe import probe
from longvid_indexer.vision.keyframes import MiddleFrame
from longvid_indexer.vision.moments import Moments
from longvid_indexer.vision.pictures import decode_webp, encode_webp, in_pillow
from longvid_indexer.visual import VisualSettings, visual_pass
from media_factory import lecture, no_video, sample_slides, shots, slide, write_video


def test_everything_comes_from_one_decode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import longvid_indexer.opening as opening

    path = lecture(sample_slides(3), rate=10).write(tmp_path / "lecture.mp4")
    info = probe(path, "test")
    opened: list[Path] = []
    real = opening.open_media
    monkeypatch.setattr(opening, "open_media", lambda p: (opened.append(p), real(p))[1])
    seen = visual_pass(path, info)
    assert opened == [path]
    assert seen.counters["decodes"] == 1
    assert seen.counters["frames_decoded"] == 180
    assert seen.counters["frames_analysed"] == 90
    assert len(seen.slides) == len(seen.keyframes) == 3


def test_keyframes_show_their_slides(tmp_path: Path) -> None:
    pages = sample_slides(3, "dark")
    path = lecture(pages, size=(1280, 720)).write(tmp_path / "lecture.mp4", crf=20)
    for page, keyframe in zip(pages, visual_pass(path, probe(path, "test")).keyframes, strict=True):
        image = decode_webp(keyframe.image)
        assert image.shape == (keyframe.height, keyframe.width, 3) == (720, 1280, 3)
        drawn = slide(page.title, page.bullets, "dark", (1280, 720))
        assert np.abs(image.astype(int) - drawn).mean() < 4


def test_large_pictures_are_shrunk_and_turned_ones_upright(tmp_path: Path) -> None:
    picture = slide("Large", ("one", "two"), size=(2560, 1440))
    path = write_video(tmp_path / "large.mp4", [picture] * 12, rotation=90)
    [keyframe] = visual_pass(path, probe(path, "test")).keyframes
    assert (keyframe.width, keyframe.height) == (1920, 1080)
    assert np.abs(decode_webp(keyframe.image)[:100].mean() - picture[:133].mean()) < 5


def test_keyframes_of_film_cover_it(tmp_path: Path) -> None:
    path = shots((3.0, 5.0, 4.0)).write(tmp_path / "film.mp4")
    seen = visual_pass(path, probe(path, "test"), VisualSettings(shot_keyframe_every_s=3.0))
    assert seen.keyframes[0].start_s == 0
    assert seen.keyframes[-1].end_s == pytest.approx(12.0, abs=0.05)
    assert all(a.end_s == b.start_s for a, b in pairwise(seen.keyframes))
    assert all(k.start_s <= k.time_s < k.end_s for k in seen.keyframes)
    assert max(k.end_s - k.start_s for k in seen.keyframes) < 3.3
    assert {3.0, 8.0} <= {k.start_s for k in seen.keyframes}


def test_two_runs_agree(tmp_path: Path) -> None:
    path = lecture(sample_slides(2)).write(tmp_path / "lecture.mp4")
    info = probe(path, "test")
    assert visual_pass(path, info) == visual_pass(path, info)


def test_a_file_without_pictures_has_none(tmp_path: Path) -> None:
    path = no_video(tmp_path / "sound.mp4")
    seen = visual_pass(path, probe(path, "test"))
    assert (seen.slides, seen.keyframes, seen.notes) == ((), (), ("no picture could be decoded",))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_video(tmp_path: Path) -> None:
    """Frames held at any time are few: counted, because a process's memory says little."""
    import gc

    from longvid_indexer.frames import DecodedFrame, FrameReader

    path = lecture(sample_slides(8, builds=True), seconds=20).write(tmp_path / "long.mp4")
    most = 0
    original = FrameReader.__iter__

    def counting(reader: FrameReader):
        nonlocal most
        for frame in original(reader):
            if frame.number % 50 == 0:
                most = max(most, sum(type(o) is DecodedFrame for o in gc.get_objects()))
            yield frame

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FrameReader, "__iter__", counting)
        visual_pass(path, probe(path, "test"))
    assert 0 < most <= 20


def test_middle_frame_of_a_stretch_of_unknown_length() -> None:
    class Stub:
        def __init__(self, time_s: float) -> None:
            self.time_s = time_s

    for length_s in (0.4, 1.0, 7.3, 31.0, 60.0):
        middle = MiddleFrame(10.0)
        for number in range(int(length_s * 5)):
            middle.see(Stub(10.0 + number / 5))
        best = middle.best(10.0 + length_s)
        assert best is not None
        assert 0.2 * length_s - 0.21 <= best.time_s - 10.0 <= 0.8 * length_s


def test_moments_find_the_frame_of_the_change() -> None:
    moments = Moments(0.2)
    black, white = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    for number in range(20):
        moments.see(number * 0.04, white if number >= 7 else black)
    assert moments.refine(0.4) == pytest.approx(0.28)
    assert moments.refine(0.9) == 0.9


def test_four_bytes_a_pixel_are_given_to_pillow_where_they_lie() -> None:
    image = np.zeros((8, 16, 4), np.uint8)
    shown = in_pillow(image)
    image[3, 5] = (10, 20, 30, 255)
    assert shown.convert("RGB").getpixel((5, 3)) == (10, 20, 30)


def test_webp_there_and_back() -> None:
    image = slide("Title", ("one", "two"))
    data = encode_webp(image, 80)
    assert data[8:12] == b"WEBP"
    assert np.abs(decode_webp(data).astype(int) - image).mean() < 2
