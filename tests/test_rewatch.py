"""Watching again: the pictures are of the right times, and no more is decoded than that takes."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import media_factory as mf
from longvid import Library
from longvid_indexer.opening import open_media
from longvid_indexer.probe import probe
from longvid_indexer.rewatch import Rewatcher, groups_of, intra_times
from longvid_storage.errors import MediaError
from longvid_storage.types import VideoInfo
from media_factory import write_video
from openai_server import code_of, coded

RATE, FRAMES, GOP = 5, 150, 10


@pytest.fixture(scope="module", params=[".mp4", ".mkv", ".ts"])
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, VideoInfo]:
    """Half a minute whose frames carry their number; every tenth is an intra frame."""
    path = tmp_path_factory.mktemp("film") / f"numbers{request.param}"
    frames = [coded(number) for number in range(FRAMES)]
    mf.write_video(path, frames, RATE, gop=GOP, scene_cuts=False, start_offset_s=3.0)
    return path, probe(path, "film")


def pixels(image: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(image)).convert("RGB"))


def test_what_is_on_screen_at_a_time_is_given(film: tuple[Path, VideoInfo]) -> None:
    times = [0.0, 0.1, 7.3, 7.5, 12.0, 29.9]
    pictures = Rewatcher().pictures(*film, times)
    assert [picture.asked_s for picture in pictures] == times
    assert [code_of(pixels(picture.image)) for picture in pictures] == [int(t * RATE + 1e-6) for t in times]
    assert [round(p.time_s * RATE) for p in pictures] == [int(t * RATE + 1e-6) for t in times]


def test_a_group_of_pictures_is_decoded_once_and_only_as_far_as_wanted(film: tuple[Path, VideoInfo]) -> None:
    watcher = Rewatcher()
    watcher.pictures(*film, [20.0, 20.2, 20.4, 8.2])
    assert watcher.groups_decoded == 2
    # Frames 40 and 41, and 100 to 102, with the one behind each that ends it; a decoder may be some frames ahead.
    assert watcher.frames_decoded <= 2 * GOP


def test_what_was_decoded_is_kept_and_the_longest_unused_goes_first(film: tuple[Path, VideoInfo]) -> None:
    watcher = Rewatcher()
    first = watcher.pictures(*film, [5.0, 15.0])
    decoded = watcher.frames_decoded
    assert watcher.pictures(*film, [15.0, 5.0]) == first
    assert watcher.frames_decoded == decoded
    small = Rewatcher(most_bytes=max(len(picture.image) for picture in first) + 10)
    small.pictures(*film, [5.0])
    small.pictures(*film, [15.0])
    before = small.frames_decoded
    small.pictures(*film, [15.0])
    assert small.frames_decoded == before
    small.pictures(*film, [5.0])
    assert small.frames_decoded > before


def test_a_box_is_cut_out_as_large_as_the_film_has_it(film: tuple[Path, VideoInfo]) -> None:
    whole, part = (
        Rewatcher().pictures(*film, [7.0], box=box, long_side=160)[0] for box in (None, (0.5, 0.5, 1.0, 1.0))
    )
    assert (whole.width, whole.height) == (160, 90)
    assert (part.width, part.height) == (160, 90)
    full = Rewatcher().pictures(*film, [7.0], long_side=320)[0]
    corner = pixels(full.image)[90:, 160:].astype(int)
    assert np.abs(pixels(part.image).astype(int) - corner).mean() < 6


def test_times_behind_the_end_give_the_last_picture(film: tuple[Path, VideoInfo]) -> None:
    assert code_of(pixels(Rewatcher().pictures(*film, [99.0])[0].image)) == FRAMES - 1


def test_a_file_that_is_gone_or_no_film_says_so(film: tuple[Path, VideoInfo], tmp_path: Path) -> None:
    with pytest.raises(MediaError):
        Rewatcher().pictures(tmp_path / "none.mp4", film[1], [1.0])
    (tmp_path / "text.mp4").write_text("no film")
    with pytest.raises(MediaError):
        Rewatcher().pictures(tmp_path / "text.mp4", film[1], [1.0])


@pytest.mark.parametrize(
    ("times", "intra", "groups"),
    [
        ([1.0, 1.5, 2.0, 9.0], [0.0, 2.0, 4.0], [[1.0, 1.5], [2.0], [9.0]]),
        ([1.0, 9.0, 30.0], [], [[1.0, 9.0], [30.0]]),
        ([], [0.0], []),
        ([0.5], [], [[0.5]]),
    ],
)
def test_times_are_grouped_by_the_intra_frame_before_them(
    times: list[float], intra: list[float], groups: list[list[float]]
) -> None:
    assert groups_of(times, intra) == groups


class _Looked:
    """An index that counts how many of its entries are looked at."""

    def __init__(self, index: Any) -> None:
        self.index, self.entries = index, 0

    def search_timestamp(self, timestamp: int, *, backward: bool) -> int:
        return int(self.index.search_timestamp(timestamp, backward=backward))

    def __getitem__(self, place: int) -> Any:
        self.entries += 1
        return self.index[place]


def test_intra_frames_are_looked_up_and_not_listed(film: tuple[Path, VideoInfo]) -> None:
    path, info = film
    drawn = np.random.default_rng(0).uniform(0, 31, 60).round(2)
    times = [*sorted(float(time_s) for time_s in drawn), 31.0, 40.0]
    with open_media(path) as container:
        stream = container.streams.video[0]
        everything = [entry for entry in stream.index_entries if entry.is_keyframe]
        every = sorted(float(e.timestamp * stream.time_base) - info.stream_start_s for e in everything)
        index = _Looked(stream.index_entries)
        seen = SimpleNamespace(index_entries=index, time_base=stream.time_base)
        for few in (times, times[::7], times[:1], times[-1:]):
            index.entries = 0
            assert groups_of(few, intra_times(seen, info.stream_start_s, few)) == groups_of(few, every)
            assert index.entries <= len(few) + 1


# --- the library's media ------------------------------------------------------------------------------------


@pytest.fixture
def library(film: tuple[Path, VideoInfo], tmp_path: Path) -> Library:
    path = tmp_path / film[0].name
    path.write_bytes(film[0].read_bytes())
    lib = Library.open(tmp_path / "lib.longvid", create=True)
    lib.index([path], only=["visual"])
    return lib


def test_the_library_gives_fresh_pictures_with_their_spans(library: Library) -> None:
    media = library._media
    video_id = library.videos()[0].video_id
    with library._store.view() as view:
        frames = media.frames(view, video_id, 10.0, 12.0, rate=2.0)
        assert len(media.frames(view, video_id, 0.0, 30.0, most=4)) == 4
    assert [(f.start_s, f.end_s) for f in frames] == [(10.0, 10.5), (10.5, 11.0), (11.0, 11.5), (11.5, 12.0)]
    assert [code_of(pixels(f.image)) for f in frames] == [50, 52, 55, 57]
    assert media.frames_decoded > 0
    library.close()


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_media_that_is_gone_or_changed_is_not_watched(library: Library, how: str) -> None:
    video = library.videos()[0]
    if how == "gone":
        Path(video.path).unlink()
    else:
        Path(video.path).write_bytes(Path(video.path).read_bytes() + b"\0")
    with (
        library._store.view() as view,
        pytest.raises(MediaError, match="is gone or holds something else by now"),
    ):
        library._media.frames(view, video.video_id, 0.0, 1.0)
    library.close()


def test_the_library_gives_the_sound_of_a_span(tmp_path: Path) -> None:
    tone = (0.5 * np.sin(2 * np.pi * 440 * np.arange(4 * 16_000) / 16_000)).astype(np.float32)
    tone[: 2 * 16_000] = 0
    black = [np.zeros((32, 32, 3), np.uint8)] * 20
    path = write_video(tmp_path / "tone.mp4", black, 5, audio=tone, audio_rate=16_000)
    with Library.open(tmp_path / "lib.longvid", create=True) as lib:
        lib.index([path], only=["visual"])
        video_id = lib.videos()[0].video_id
        with lib._store.view() as view:
            assert np.abs(lib._media.audio(view, video_id, 0.2, 1.2)).max() < 0.05
            heard = lib._media.audio(view, video_id, 2.5, 3.5)
        assert len(heard) == 16_000
        assert np.abs(heard).max() > 0.3
        path.unlink()
        with (
            lib._store.view() as view,
            pytest.raises(MediaError, match="is gone or holds something else by now"),
        ):
            lib._media.audio(view, video_id, 0.0, 1.0)
