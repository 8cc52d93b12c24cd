"""A file whose clock begins anew or jumps is one film, as a player shows it: pictures, sound, length, clips."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from longvid_indexer.audio import audio_between, read_audio
from longvid_indexer.frames import FrameReader
from longvid_indexer.listening import sound_track
from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.packets import OneClock, breaks
from longvid_indexer.probe import probe
from longvid_indexer.rewatch import Rewatcher
from longvid_indexer.visual import visual_pass
from media_factory import slide, write_video
from openai_server import code_of, coded

PART_S, RATE = 10, 5
CLOCKS = {
    "restart": (0.0, 0.0, 0.0),
    "ahead": (0.0, 7200.0, 300.0),
    "back": (7200.0, 0.0, 90_000.0),
    "ahead by little": (0.0, 40.0, 80.0),
    "back twice": (500.0, 200.0, 20.0),
    "back by little": (100.0, 95.0, 90.0),
    "past the end of the clock": (95_440.0, 300.0, 5.0),
    "back, then where it was": (100.0, 10.0, 120.0),
}


def joined(
    folder: Path, clocks: tuple[float, ...], picture: Callable[[int], np.ndarray], suffix: str = ".ts"
) -> Path:
    """Parts of ten seconds, each on a clock of its own; a click 3 s into each."""
    parts = []
    for number, start_s in enumerate(clocks):
        track = np.zeros(PART_S * SAMPLE_RATE, np.float32)
        tone = 0.8 * np.sin(2 * np.pi * 1000 * np.arange(1600) / SAMPLE_RATE)
        track[3 * SAMPLE_RATE : 3 * SAMPLE_RATE + 1600] = tone
        frames = [picture(number * PART_S * RATE + i) for i in range(PART_S * RATE)]
        part = write_video(
            folder / f"{number}{suffix}", frames, RATE, gop=10, audio=track, start_offset_s=start_s
        )
        parts.append(part.read_bytes())
    path = folder / f"whole{suffix}"
    path.write_bytes(b"".join(parts))
    return path


def onsets(samples: np.ndarray) -> list[float]:
    at = np.flatnonzero(np.abs(samples) > 0.3)
    starts = at[np.concatenate([[True], np.diff(at) > SAMPLE_RATE // 4])] if len(at) else at
    return [float(i) / SAMPLE_RATE for i in starts]


@pytest.mark.parametrize("clocks", CLOCKS.values(), ids=CLOCKS)
def test_pictures_sound_and_length_are_on_one_timeline(tmp_path: Path, clocks: tuple[float, ...]) -> None:
    path = joined(tmp_path, clocks, coded)
    info = probe(path, "id")
    assert info.duration_s == pytest.approx(30.0, abs=0.5)  # AAC fills up its last block
    assert len(breaks(path)) == 2
    frames = list(FrameReader(path, info))
    assert [code_of(frame.upright(1920)[..., :3]) for frame in frames] == list(range(150))
    assert [frame.time_s for frame in frames] == pytest.approx([i / RATE for i in range(150)], abs=0.4)
    audio = read_audio(path, info)
    assert onsets(np.concatenate(list(audio))) == pytest.approx([3.0, 13.0, 23.0], abs=0.4)
    assert "begins anew or jumps 2 times" in audio.notes()[0]
    (onset_s,) = onsets(audio_between(path, info, 21.0, 26.0))
    assert onset_s == pytest.approx(2.0, abs=0.4)
    assert sound_track(path, info) is not None


def test_a_picture_is_found_again_behind_a_break_without_decoding_what_lies_before(tmp_path: Path) -> None:
    path = joined(tmp_path, CLOCKS["ahead"], coded)
    watcher = Rewatcher()
    pictures = watcher.pictures(path, probe(path, "id"), [4.1, 25.1])
    codes = [code_of(np.asarray(Image.open(io.BytesIO(each.image)).convert("RGB"))) for each in pictures]
    shown = {code_of(f.upright(1920)[..., :3]): f.time_s for f in FrameReader(path, probe(path, "id"))}
    expected = [max(code for code, time_s in shown.items() if time_s <= at_s + 1e-6) for at_s in (4.1, 25.1)]
    assert codes == expected
    assert watcher.frames_decoded <= 4 * 10


def test_every_slide_of_a_broken_stream_is_found_at_its_time(tmp_path: Path) -> None:
    pages = [
        slide("Kettle", ("boils at ninety",)),
        slide("Pump", ("needs grease",)),
        slide("Valve", ("4471",)),
    ]
    path = joined(tmp_path, CLOCKS["ahead"], lambda frame: pages[frame // (PART_S * RATE)])
    seen = visual_pass(path, probe(path, "id"))
    assert [each.start_s for each in seen.slides] == pytest.approx([0.0, 10.0, 20.0], abs=0.4)
    assert seen.slides[-1].end_s == pytest.approx(30.0, abs=0.5)
    assert any("begins anew" in note for note in seen.notes)


def test_a_hole_in_a_file_with_a_true_timeline_stays_a_hole(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", [slide("A")] * 3, times_s=[0.0, 40.0, 7000.0])
    assert breaks(path) == ()
    assert [frame.time_s for frame in FrameReader(path, probe(path, "id"))] == pytest.approx([0, 40, 7000])


@given(
    st.lists(st.tuples(st.integers(5, 40), st.floats(-90_000, 90_000)), min_size=1, max_size=6),
    st.lists(st.booleans(), min_size=1, max_size=8),
)
def test_whatever_the_clock_does_each_stream_goes_on_where_it_was(
    parts: list[tuple[int, float]], late: list[bool]
) -> None:
    """Two streams of 0.1 and 0.25 s a packet; some breaks reach one of them a few packets after the other."""
    packets: list[tuple[int, float, float]] = []
    for place, (length, start_s) in enumerate(parts):
        steps = sorted(
            [(0.1 * i, 0) for i in range(length)] + [(0.25 * i, 1) for i in range(length * 2 // 5)]
        )
        part = [(stream, start_s + at_s, (0.1, 0.25)[stream]) for at_s, stream in steps]
        if late[place % len(late)] and place:
            # The last packet of the part before comes only after the first of this one.
            packets.insert(len(packets), part.pop(0))
            packets[-1], packets[-2] = packets[-2], packets[-1]
        packets += part
    clock = OneClock()
    times: dict[int, list[float]] = {0: [], 1: []}
    for stream, dts_s, lasts_s in packets:
        times[stream].append(dts_s + clock.offset_s(stream, dts_s, lasts_s))
    for stream, step_s in ((0, 0.1), (1, 0.25)):
        gaps = np.diff(times[stream])
        assert np.all(gaps > -0.11)
        # Never more than FFmpeg's ten seconds of hole for each change of clock, and none that was not there.
        assert np.all(gaps < step_s + 10.6)
