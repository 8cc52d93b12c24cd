"""The decoder: every frame, upright, at the time a player shows it, whatever the file does."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from longvid_indexer.frames import DecodedFrame, FrameReader, fit
from longvid_indexer.probe import probe
from longvid_indexer.vision.pictures import encode_jpeg, encode_webp
from longvid_indexer.visual import visual_pass
from media_factory import lecture, sample_slides, shots, slide, truncated, variable_rate, write_video


def read(path: Path) -> tuple[list[DecodedFrame], FrameReader]:
    reader = FrameReader(path, probe(path, "test"))
    return list(reader), reader


def test_times_of_a_variable_rate_video(tmp_path: Path) -> None:
    path, times = variable_rate(tmp_path / "vfr.mp4")
    frames, reader = read(path)
    assert [frame.time_s for frame in frames] == pytest.approx(times, abs=1e-3)
    assert reader.frames_decoded == len(times)
    assert reader.decode_errors == 0


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_a_first_timestamp_that_is_not_zero(suffix: str, tmp_path: Path) -> None:
    path = lecture(sample_slides(1)).write(tmp_path / f"late{suffix}", start_offset_s=12.5)
    frames, _ = read(path)
    assert [frame.time_s for frame in frames][:3] == pytest.approx([0.0, 0.2, 0.4], abs=0.02)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_rotated_pictures_come_out_upright(rotation: int, tmp_path: Path) -> None:
    picture = slide("Upright", ("Read me", "from left to right"))
    path = write_video(tmp_path / "turned.mp4", [picture] * 5, rotation=rotation, crf=10)
    frames, _ = read(path)
    image = frames[2].upright(1920)[..., :3]
    assert image.shape == picture.shape
    assert np.abs(image.astype(int) - picture).mean() < 5


@pytest.mark.parametrize(
    ("form", "matrix", "levels"), [("yuv420p", 1, 1), ("yuv420p", 5, 1), ("yuvj420p", 5, 2)]
)
def test_shrunk_before_colours_are_made_a_picture_has_its_own_colours(
    form: str, matrix: int, levels: int
) -> None:
    """BT.709 and BT.601, video and full range."""
    red, blue = (0.2126, 0.0722) if matrix == 1 else (0.299, 0.114)
    y, u, v = 120, 90, 170
    raw = av.VideoFrame(1280, 720, form)
    for plane, value in zip(raw.planes, (y, u, v), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    raw.colorspace, raw.color_range = matrix, levels
    light, chroma = ((y - 16) / 219, 224) if levels == 1 else (y / 255, 255)
    r, b = (light + 2 * (1 - k) * (c - 128) / chroma for k, c in ((red, v), (blue, u)))
    exact = 255 * np.array([r, (light - red * r - blue * b) / (1 - red - blue), b])
    shrunk = DecodedFrame(raw, 0.0, 0).upright(1024, VideoReformatter())[..., :3]
    assert shrunk.shape == (576, 1024, 3)
    assert np.abs(shrunk - exact).max() <= 2


@pytest.mark.parametrize("form", ["yuv420p", "yuvj420p", "yuv422p", "yuv420p10le"])
@pytest.mark.parametrize("width", [640, 642, 644, 648])
def test_four_bytes_a_pixel_are_the_same_picture(form: str, width: int) -> None:
    """FFmpeg leaves out the last columns of some widths, and rounds otherwise where it scales: none of that is seen."""
    noise = np.random.default_rng(0).integers(0, 256, (360, width, 3), np.uint8)
    raw = av.VideoFrame.from_ndarray(noise, "rgb24").reformat(format=form)
    for long_side in (width, 320):
        own, shrinker = VideoReformatter(), VideoReformatter() if long_side < width else None
        size = fit(width, 360, long_side)
        small = raw
        if shrinker is not None and form.endswith("420p") and size[0] % 2 == size[1] % 2 == 0:
            small = raw.reformat(*size, form, interpolation="AREA", threads=1)
        plain = own.reformat(small, *size, "rgb24", interpolation="AREA", threads=1).to_ndarray()
        image = DecodedFrame(raw, 0.0, 0).upright(long_side, shrinker)
        as_it_is = form.endswith("420p") and (small.width, small.height) == size
        assert image.shape[2] == (4 if as_it_is and size[0] % 8 == 0 else 3)
        assert np.array_equal(image[..., :3], plain)
        assert encode_jpeg(image, 90) == encode_jpeg(plain, 90)
        assert encode_webp(image, 80) == encode_webp(plain, 80)


@pytest.mark.parametrize(("width", "height"), [(2, 2), (640, 2), (34, 62), (16, 16)])
def test_odd_sizes_go_through_the_whole_pass(width: int, height: int, tmp_path: Path) -> None:
    pictures = [np.full((height, width, 3), 40 * (i // 10), np.uint8) for i in range(20)]
    path = write_video(tmp_path / "tiny.mp4", pictures)
    seen = visual_pass(path, probe(path, "test"))
    assert seen.counters["frames_decoded"] == 20
    assert seen.keyframes[0].width, seen.keyframes[0].height == (width, height)


@pytest.mark.parametrize(
    ("codec", "pixels", "suffix"),
    [
        ("ffv1", "yuv444p10le", ".mkv"),
        ("ffv1", "gray", ".mkv"),
        ("ffv1", "bgra", ".mkv"),
        ("ffv1", "yuva420p", ".mkv"),
        ("png", "rgb24", ".mov"),
    ],
)
def test_pixel_formats(codec: str, pixels: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"format{suffix}"
    picture = slide("Pixel formats", ("one", "two"))
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=5)
        stream.width, stream.height, stream.pix_fmt = 640, 360, pixels
        for _ in range(3):
            container.mux(
                stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixels))
            )
        container.mux(stream.encode())
    frames, _ = read(path)
    assert len(frames) == 3
    for made in (frames[1].luma(320, 180), frames[1].bgr(256, 144).mean(axis=2)):
        assert made.mean() == pytest.approx(picture.mean(), abs=24)
    assert np.abs(frames[1].upright(640)[..., :3].mean(axis=2) - picture.mean(axis=2)).mean() < 8


def test_small_colour_agrees_with_the_exact_way(tmp_path: Path) -> None:
    path = shots((1.0,), (), size=(640, 360)).write(tmp_path / "film.mp4")
    for frame in read(path)[0][::8]:
        quick, exact = frame.bgr(256, 144), frame.exact_bgr(256, 144)
        assert np.abs(quick.astype(int) - exact).mean() < 3


def test_a_truncated_file_gives_what_it_has(tmp_path: Path) -> None:
    path = truncated(tmp_path / "cut.mp4", keep=0.6)
    info = probe(path, "test")
    seen = visual_pass(path, info)
    assert info.duration_s == pytest.approx(24.0, abs=0.3)
    assert 5 < seen.decoded_until_s < 20
    assert f"until {seen.decoded_until_s:.1f} s of {info.duration_s:.1f} s" in " ".join(seen.notes)
    assert seen.slides[-1].end_s <= seen.decoded_until_s + 1e-6
    assert seen.shots[-1].end_s == info.duration_s


def test_damage_in_the_middle_costs_only_the_damage(tmp_path: Path) -> None:
    path = shots((4.0, 4.0)).write(tmp_path / "damaged.ts", gop=24)
    data = bytearray(path.read_bytes())
    whole = len(read(path)[0])
    third = len(data) // 3 // 188 * 188
    data[third : third + 188 * 40] = np.random.default_rng(1).integers(0, 256, 188 * 40, np.uint8).tobytes()
    path.write_bytes(data)
    frames, reader = read(path)
    assert 0.6 * whole < len(frames) <= whole
    assert reader.decoded_until_s == pytest.approx(8.0, abs=0.2)
    assert all(a.time_s < b.time_s for a, b in pairwise(frames))


def test_times_never_run_backwards_even_past_the_end(tmp_path: Path) -> None:
    """A clock that jumps (here: a duration far shorter than the timestamps say) still gives increasing times."""
    path = lecture(sample_slides(2), seconds=20).write(tmp_path / "jump.mp4")
    info = replace(probe(path, "test"), duration_s=1.0, stream_start_s=5.0)
    times = [frame.time_s for frame in FrameReader(path, info)]
    assert len(times) == 200
    assert times[0] == 0
    assert all(a < b for a, b in pairwise(times))


def test_fit_only_shrinks() -> None:
    assert fit(1920, 1080, 320) == (320, 180)
    assert fit(100, 50, 320) == (100, 50)
    assert fit(5000, 1, 320) == (320, 1)
