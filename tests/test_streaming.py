"""What browsers cannot play is sent as fragmented MP4 whose times are the library's, from the very second asked for."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import media_factory as mf
from longvid_indexer.frames import FrameReader
from longvid_indexer.opening import open_media
from longvid_indexer.probe import probe
from longvid_indexer.streaming import playback, stream
from longvid_storage.errors import MediaError

SECONDS = 12
RATE = 10
# name → how it is written, and how a browser gets to play it
KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "plain.mp4": ({"gop": 40, "scene_cuts": False}, "file"),
    "plain.webm": ({"codec": "libvpx"}, "file"),
    "late.mp4": ({"gop": 40, "scene_cuts": False, "start_offset_s": 3.0}, "copied"),
    "h264.mkv": ({"gop": 40, "scene_cuts": False}, "copied"),
    "h264.ts": ({"gop": 40, "scene_cuts": False}, "copied"),
    "old.avi": ({"codec": "mpeg4", "audio_codec": "mp3"}, "made"),
    "old.mkv": ({"codec": "mpeg4", "audio_codec": "ac3"}, "made"),
    "turned.mkv": ({"rotation": 90}, "made"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films whose picture number n has the grey value 16 + 1.5 n, and sound that begins at 6 s."""
    place = tmp_path_factory.mktemp("films")
    grey = [round(16 + 1.5 * n) for n in range(SECONDS * RATE)]
    # An upper half that differs tells which way is up.
    frames = [np.full((96, 160, 3), value, np.uint8) for value in grey]
    sound = np.zeros(SECONDS * 16_000, np.float32)
    sound[6 * 16_000 :] = 0.3 * np.sin(np.arange(6 * 16_000) * 2 * np.pi * 440 / 16_000)
    for name, (how, _) in KINDS.items():
        rate = 48_000 if name.endswith((".mkv", ".webm")) else 16_000
        mf.write_video(
            place / name, frames, RATE, audio=np.repeat(sound, rate // 16_000), audio_rate=rate, **how
        )
    mf.write_video(place / "sound.mka", None, audio=sound, audio_codec="pcm_s16le")
    return place


def played(data: bytes) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """(time, grey value) of each picture and (time, loudness) of each frame of sound that the stream decodes to."""
    pictures, sound = [], []
    with av.open(io.BytesIO(data)) as container:
        for frame in container.decode(*container.streams.video[:1], *container.streams.audio[:1]):
            if isinstance(frame, av.VideoFrame):
                pictures.append((float(frame.time), float(frame.to_ndarray(format="gray").mean())))
            else:
                sound.append((float(frame.time), float(np.abs(frame.to_ndarray()).mean())))
    return pictures, sound


def own(path: Path) -> list[tuple[float, float]]:
    """The same of the file, by the library's decoder."""
    info = probe(path, "v")
    return [
        (frame.time_s, float(frame.raw.to_ndarray(format="gray").mean())) for frame in FrameReader(path, info)
    ]


@pytest.mark.parametrize("name", KINDS)
def test_how_a_browser_gets_to_play_it(folder: Path, name: str) -> None:
    assert playback(folder / name, probe(folder / name, "v")).way == KINDS[name][1]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("from_s", [0.0, 5.23])
def test_pictures_and_sound_are_at_the_librarys_times(folder: Path, name: str, from_s: float) -> None:
    path = folder / name
    truth = own(path)
    pictures, sound = played(b"".join(stream(path, probe(path, "v"), from_s)))
    # What is shown at the first second, and each picture after it, at its very time; the ones squeezed in before are
    # over within the hundredth of a second before it.
    shown = [value for time_s, value in pictures if time_s <= from_s + 1e-4][-1:]
    assert shown == pytest.approx([v for t, v in truth if t <= from_s + 1e-4][-1:], abs=2)
    assert all(time_s > from_s - 0.011 for time_s, _ in pictures)
    after = [(time_s, value) for time_s, value in truth if time_s > from_s + 1e-4]
    got = pictures[-len(after) :]
    assert [t for t, _ in got] == pytest.approx([t for t, _ in after], abs=0.0011)
    assert [v for _, v in got] == pytest.approx([v for _, v in after], abs=2)
    assert all(one < two for (one, _), (two, _) in pairwise(pictures))
    loud = [time_s for time_s, level in sound if level > 0.05]
    assert loud[0] == pytest.approx(max(from_s, 6.0 + truth[0][0]), abs=0.1)
    assert loud[-1] > SECONDS - 0.15


def test_a_turned_film_comes_upright(folder: Path) -> None:
    info = probe(folder / "turned.mkv", "v")
    with av.open(io.BytesIO(b"".join(stream(folder / "turned.mkv", info)))) as container:
        video = container.streams.video[0]
        assert (video.width, video.height) == (info.width, info.height) == (160, 96)


def test_sound_alone_is_sent_as_sound(folder: Path) -> None:
    path = folder / "sound.mka"
    info = probe(path, "v")
    assert playback(path, info).media_type == "audio/mp4"
    pictures, sound = played(b"".join(stream(path, info, 5.0)))
    assert pictures == []
    assert sound[0][0] == pytest.approx(5.0, abs=0.03)


def test_no_more_is_made_than_is_read(folder: Path) -> None:
    pieces = stream(folder / "old.mkv", probe(folder / "old.mkv", "v"))
    first = next(pieces)
    open_files = set(Path("/proc/self/fd").iterdir())
    pieces.close()
    assert len(first) < 50_000
    assert len(set(Path("/proc/self/fd").iterdir())) < len(open_files)


def test_behind_the_end_is_a_sentence(folder: Path) -> None:
    with pytest.raises(MediaError, match="long"):
        next(stream(folder / "old.mkv", probe(folder / "old.mkv", "v"), 99.0))


def test_a_list_of_other_files_is_not_followed(folder: Path, tmp_path: Path) -> None:
    trap = tmp_path / "film.mkv"
    trap.write_text(f"ffconcat version 1.0\nfile '{folder / 'old.mkv'}'\n")
    info = probe(folder / "old.mkv", "v")
    with pytest.raises(MediaError, match="names other files"):
        playback(trap, info)
    with pytest.raises(MediaError, match="names other files"), open_media(trap):
        pass
