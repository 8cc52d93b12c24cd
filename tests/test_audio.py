"""Sound on the video's timeline, in constant memory, and the stretches of it that hold a voice."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from longvid_indexer.audio import audio_between, read_audio
from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.probe import probe
from longvid_indexer.voice import LONGEST_S, band_energy_db, voiced_stretches
from longvid_indexer.voice_gate import FRAME, EnergyGate, make_gate
from media_factory import lecture, place, sample_slides, speech_clip, write_video

Samples = NDArray[np.float32]
BLACK = [np.zeros((32, 32, 3), np.uint8)]


def clicks(at_s: tuple[float, ...], duration_s: float, rate: int = SAMPLE_RATE) -> Samples:
    """Short tones at known times."""
    track = np.zeros(round(duration_s * rate), np.float32)
    tone = 0.8 * np.sin(2 * np.pi * 1000 * np.arange(round(0.1 * rate)) / rate)
    for time_s in at_s:
        start = round(time_s * rate)
        track[start : start + len(tone)] = tone
    return track


def onsets(samples: Samples) -> list[float]:
    loud = np.abs(samples) > 0.3
    at = np.flatnonzero(loud)
    starts = at[np.concatenate([[True], np.diff(at) > SAMPLE_RATE // 4])] if len(at) else at
    return [float(i) / SAMPLE_RATE for i in starts]


def heard(path: Path) -> tuple[Samples, tuple[str, ...]]:
    audio = read_audio(path, probe(path, "id"))
    blocks = list(audio)
    assert all(len(block) <= SAMPLE_RATE and block.dtype == np.float32 for block in blocks)
    return np.concatenate(blocks) if blocks else np.empty(0, np.float32), audio.notes()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (48_000, 2)])
@pytest.mark.parametrize("offset_s", [0.0, 7.0])
def test_clicks_are_heard_when_they_sound(
    tmp_path: Path, suffix: str, rate: int, channels: int, offset_s: float
) -> None:
    track = clicks((0.5, 2.0, 3.5), 4.5, rate)
    audio = np.stack([track] * channels, axis=1) if channels > 1 else track
    path = write_video(
        tmp_path / f"a{suffix}", BLACK * 23, 5, audio=audio, audio_rate=rate, start_offset_s=offset_s
    )
    samples, notes = heard(path)
    # An AAC encoder's delay (64 ms at 16 kHz) is part of what a player plays where no edit list takes it off.
    assert onsets(samples) == pytest.approx([0.5, 2.0, 3.5], abs=0.07)
    assert notes == ()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize("offset_s", [0.0, 7.0])
def test_a_span_is_the_same_sound_as_in_the_whole(tmp_path: Path, suffix: str, offset_s: float) -> None:
    track = clicks((0.5, 12.0, 31.5), 34.0)
    path = write_video(
        tmp_path / f"a{suffix}", BLACK * 170, 5, audio=track, audio_rate=SAMPLE_RATE, start_offset_s=offset_s
    )
    info, (whole, _) = probe(path, "id"), heard(path)
    for from_s, to_s in ((0.0, 3.0), (11.0, 14.0), (30.0, 33.0)):
        span = audio_between(path, info, from_s, to_s)
        assert len(span) == 3 * SAMPLE_RATE
        (onset_s,) = onsets(whole[round(from_s * SAMPLE_RATE) : round(to_s * SAMPLE_RATE)])
        assert onsets(span) == pytest.approx([onset_s], abs=0.05)
    beyond = audio_between(path, info, 33.0, 60.0)
    assert 0 < len(beyond) < 3 * SAMPLE_RATE
    assert len(audio_between(path, info, 5.0, 5.0)) == 0


def pieces(path: Path, parts: list[tuple[float, Samples]], clock: float = 1.0) -> Path:
    """A file of raw sound whose parts begin at given times; ``clock`` 1.01: stamps run 1% slower than the samples."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono")
        for start_s, samples in parts:
            for at in range(0, len(samples), 1600):
                block = (np.clip(samples[at : at + 1600], -1, 1) * 32767).astype(np.int16)
                packet = av.Packet(block.tobytes())
                packet.stream = stream
                packet.time_base = Fraction(1, 1000)
                packet.pts = packet.dts = round((start_s + at / SAMPLE_RATE * clock) * 1000)
                packet.duration = round(len(block) / SAMPLE_RATE * clock * 1000)
                out.mux(packet)
    return path


def test_holes_are_silence_and_a_late_start_is_waited_for(tmp_path: Path) -> None:
    click = clicks((0.0,), 0.5)
    path = tmp_path / "holes.mkv"
    video = write_video(tmp_path / "v.mkv", BLACK * 50, 5)
    with av.open(str(path), "w") as out, av.open(str(video)) as source:
        picture = out.add_stream_from_template(source.streams.video[0])
        sound = out.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono")
        for packet in source.demux():
            if packet.size:
                packet.stream = picture
                out.mux(packet)
        for start_s in (1.2, 5.0, 8.0):
            packet = av.Packet((click * 32767).astype(np.int16).tobytes())
            packet.stream = sound
            packet.time_base = Fraction(1, 1000)
            packet.pts = packet.dts = round(start_s * 1000)
            out.mux(packet)
    samples, notes = heard(path)
    assert onsets(samples) == pytest.approx([1.2, 5.0, 8.0], abs=0.01)
    assert notes == ()


def test_a_slow_clock_does_not_drift(tmp_path: Path) -> None:
    # 1% over 60 s would be 0.6 s; at the end of a two-hour file more than a minute.
    at = tuple(float(t) for t in range(1, 60, 7))
    path = pieces(tmp_path / "slow.mkv", [(0.0, clicks(at, 60.0))], clock=1.01)
    samples, _ = heard(path)
    assert onsets(samples) == pytest.approx([t * 1.01 for t in at], abs=0.06)


def test_joined_recordings_whose_stamps_start_again_follow_each_other(tmp_path: Path) -> None:
    click = clicks((1.0,), 10.0)
    path = tmp_path / "joined.ts"
    parts = []
    for name in ("a.ts", "b.ts"):
        parts.append(write_video(tmp_path / name, BLACK * 50, 5, audio=click).read_bytes())
    path.write_bytes(b"".join(parts))
    samples, notes = heard(path)
    assert onsets(samples) == pytest.approx([1.0, 11.0], abs=0.25)
    assert "begins anew or jumps 1 time" in notes[0]


def test_damage_inside_and_a_cut_end_cost_only_what_is_damaged(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", BLACK * 100, 5, audio=clicks((0.5, 10.0, 19.0), 20.0))
    data = bytearray(path.read_bytes())
    (tmp_path / "cut.mkv").write_bytes(data[: len(data) * 6 // 10])
    assert onsets(heard(tmp_path / "cut.mkv")[0])[:1] == pytest.approx([0.5], abs=0.06)
    middle = len(data) // 3
    data[middle : middle + 300] = b"\xff" * 300
    (tmp_path / "hurt.mkv").write_bytes(data)
    found = onsets(heard(tmp_path / "hurt.mkv")[0])
    assert found[0] == pytest.approx(0.5, abs=0.06)
    assert found[-1] == pytest.approx(19.0, abs=0.1)


def test_a_file_without_sound_gives_nothing(tmp_path: Path) -> None:
    assert heard(write_video(tmp_path / "a.mp4", BLACK * 5))[0].size == 0


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    peaks = []
    for seconds in (30, 240):
        track = np.random.default_rng(0).normal(0, 0.001, seconds * SAMPLE_RATE).astype(np.float32)
        path = write_video(tmp_path / f"{seconds}.mkv", None, audio=track, audio_codec="pcm_s16le")
        info = probe(path, "id")
        tracemalloc.start()
        assert not list(voiced_stretches(read_audio(path, info)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5


def in_blocks(track: Samples, size: int = 7_919) -> Iterator[Samples]:
    for start in range(0, len(track), size):
        yield track[start : start + size]


@pytest.mark.parametrize("gate", ["energy", "silero"])
@pytest.mark.parametrize("noise", [0.0, 0.0005, 0.003])
def test_every_sentence_lies_in_a_stretch_and_silence_does_not(noise: float, gate: str) -> None:
    clip = speech_clip()
    track, said = place(clip, (3.0, 31.0, 47.5), 70.0, noise=noise)
    stretches = list(voiced_stretches(in_blocks(track), make_gate(gate)))
    for sentence in said:
        assert any(s.start_s <= sentence.start_s + 0.1 and s.end_s >= sentence.end_s - 0.1 for s in stretches)
    voiced_s = sum(s.end_s - s.start_s for s in stretches)
    assert voiced_s < 1.5 * sum(s.end_s - s.start_s for s in said)


def test_stretches_are_the_samples_at_their_times_in_order_and_never_overlap() -> None:
    track, _ = place(speech_clip(), (0.0, 12.0, 23.5), 36.0, noise=0.0005)
    stretches = list(voiced_stretches(in_blocks(track)))
    assert len(stretches) > 3
    for stretch in stretches:
        start = round(stretch.start_s * SAMPLE_RATE)
        np.testing.assert_array_equal(stretch.samples, track[start : start + len(stretch.samples)])
        assert stretch.voiced is not None
        assert len(stretch.voiced) * FRAME == len(stretch.samples)
        assert stretch.voiced.any()
    assert all(a.end_s <= b.start_s for a, b in pairwise(stretches))


def test_a_longer_pause_makes_longer_stretches_of_the_same_sound() -> None:
    clip = speech_clip()
    track, _ = place(clip, (2.0, 30.0, 60.0), 80.0, noise=0.0005)
    short = list(voiced_stretches(in_blocks(track), make_gate()))
    long = list(voiced_stretches(in_blocks(track), make_gate(), pause_s=2.0))
    assert len(long) == 3 < len(short)
    for one in short:
        assert any(s.start_s <= one.start_s + 0.01 and one.end_s <= s.end_s + 0.01 for s in long)
    assert all(s.end_s - s.start_s <= LONGEST_S for s in long)


def test_talk_without_a_pause_is_cut_at_the_quietest_place() -> None:
    generator = np.random.default_rng(3)
    track = generator.normal(0, 0.1, 100 * SAMPLE_RATE).astype(np.float32)
    dips = [22.0, 44.0, 65.0, 88.0]
    for dip in dips:
        # Too short to be a pause, yet the best place to cut.
        track[round(dip * SAMPLE_RATE) : round((dip + 0.3) * SAMPLE_RATE)] *= 0.05
    stretches = list(voiced_stretches(in_blocks(track), EnergyGate()))
    assert all(s.end_s - s.start_s <= LONGEST_S + 0.01 for s in stretches)
    assert sum(len(s.samples) for s in stretches) >= 99 * SAMPLE_RATE
    ends = [s.end_s for s in stretches[:-1]]
    assert ends == pytest.approx([dip + 0.15 for dip in dips], abs=0.15)


@pytest.mark.parametrize("gate", ["energy", "silero"])
def test_silence_hum_and_a_click_are_no_voice(gate: str) -> None:
    hum = 0.05 * np.sin(2 * np.pi * 50 * np.arange(20 * SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    hum[SAMPLE_RATE * 8 : SAMPLE_RATE * 8 + 300] += 0.5
    for track in (hum, np.zeros(SAMPLE_RATE * 30, np.float32), np.zeros(0, np.float32)):
        assert list(voiced_stretches(in_blocks(track), make_gate(gate))) == []


def test_band_energy_of_a_full_scale_tone_is_three_decibels_below_full_scale() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    assert band_energy_db(tone) == pytest.approx(-3.01, abs=0.1)


def test_a_lecture_with_speech_at_a_known_place(tmp_path: Path) -> None:
    track, said = place(speech_clip(), (4.0,), 20.0)
    path = lecture(sample_slides(2), seconds=10.0).write(tmp_path / "lecture.mp4", audio=track)
    samples, _ = heard(path)
    stretches = list(voiced_stretches([samples]))
    assert stretches[0].start_s == pytest.approx(said[0].start_s, abs=0.4)
    assert stretches[-1].end_s == pytest.approx(said[-1].end_s, abs=0.4)
