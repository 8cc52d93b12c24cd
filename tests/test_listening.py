"""Which sound of a file is heard, by all who hear: the track that holds speech, never a sum that cancels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from longvid import Library
from longvid_indexer.audio import audio_between, read_audio
from longvid_indexer.listening import sound_track
from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.probe import probe
from longvid_indexer.voice import voiced_stretches
from media_factory import place, speech_clip, write_video

Samples = NDArray[np.float32]
BLACK = [np.zeros((32, 32, 3), np.uint8)]
LENGTH_S = 30.0


@pytest.fixture(scope="module")
def talk() -> Samples:
    return place(speech_clip(), (3.0, 14.0), LENGTH_S, noise=0.0005)[0]


def silence() -> Samples:
    return np.zeros(round(LENGTH_S * SAMPLE_RATE), np.float32)


def noise(level: float = 0.2) -> Samples:
    generator = np.random.default_rng(5)
    return generator.normal(0, level, round(LENGTH_S * SAMPLE_RATE)).astype(np.float32)


def film(path: Path, *tracks: Samples, names: tuple[tuple[str, str], ...] = ()) -> Path:
    first, *more = tracks
    return write_video(path, BLACK * 150, 5, audio=first, more_audio=more, audio_names=names)


def voiced_s(path: Path, wanted: str | None = None) -> tuple[float, tuple[str, ...]]:
    audio = read_audio(path, probe(path, "id"), wanted=wanted)
    return sum(s.end_s - s.start_s for s in voiced_stretches(audio)), audio.notes()


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
def test_the_microphone_is_heard_behind_a_silent_first_track(
    tmp_path: Path, talk: Samples, suffix: str
) -> None:
    path = film(tmp_path / f"a{suffix}", silence(), talk, names=(("Desktop", "eng"), ("Mic", "eng")))
    track = sound_track(path, probe(path, "id"))
    assert track is not None
    assert (track.number, track.of, track.counters()) == (2, 2, {"sound_track": 2, "sound_tracks": 2})
    assert "silent" in track.notes[0]
    assert voiced_s(path)[0] > 5
    assert voiced_s(path, wanted="1")[0] == 0


def test_of_tracks_that_hold_speech_the_first_is_heard_and_another_by_number_or_language(
    tmp_path: Path, talk: Samples
) -> None:
    later = np.roll(talk, 5 * SAMPLE_RATE)
    path = film(tmp_path / "a.mkv", talk, later, names=(("", "eng"), ("", "deu")))
    info = probe(path, "id")
    chosen = [sound_track(path, info, wanted) for wanted in (None, "auto", "2", "de", "deu", "1")]
    assert [track and (track.number, track.asked) for track in chosen] == [
        (1, False),
        (1, False),
        (2, True),
        (2, True),
        (2, True),
        (1, True),
    ]
    missing = sound_track(path, info, "7")
    assert missing is not None
    assert missing.number == 1
    assert "no sound track '7'" in missing.notes[0]
    first, second = (
        np.abs(audio_between(path, info, from_s, from_s + 24.0, track)).reshape(-1, 3200).mean(axis=1)
        for from_s, track in ((0.0, None), (5.0, "2"))
    )
    assert np.corrcoef(first, second)[0, 1] > 0.9


def test_a_commentary_and_noise_are_passed_over_for_the_film(tmp_path: Path, talk: Samples) -> None:
    names = (("Commentary", "eng"), ("Music", ""), ("", "eng"))
    path = film(tmp_path / "a.mkv", talk, noise(), talk, names=names)
    track = sound_track(path, probe(path, "id"))
    assert track is not None
    assert track.number == 3


@pytest.mark.parametrize("opposite", [-1.0, -0.8])
def test_channels_that_cancel_are_not_summed(tmp_path: Path, talk: Samples, opposite: float) -> None:
    path = tmp_path / "inverted.wav"
    write_video(path, None, audio=np.stack([talk, opposite * talk], axis=1), audio_codec="pcm_s16le")
    seconds, notes = voiced_s(path)
    assert seconds > 5
    assert "cancel each other" in notes[0]


def test_channels_that_cancel_in_one_part_only_are_summed_elsewhere(tmp_path: Path, talk: Samples) -> None:
    half = len(talk) // 2
    right = np.concatenate([talk[:half], -talk[half:]])
    path = tmp_path / "half.wav"
    write_video(path, None, audio=np.stack([talk, right], axis=1), audio_codec="pcm_s16le")
    heard = np.concatenate(list(read_audio(path, probe(path, "id"))))
    told = np.ones(len(heard), bool)
    told[half : half + SAMPLE_RATE // 2] = False  # until it is noticed
    np.testing.assert_allclose(heard[told], np.sqrt(2) * talk[: len(heard)][told], atol=2e-3)


def test_two_speakers_on_two_channels_are_both_heard(tmp_path: Path, talk: Samples) -> None:
    left, right = talk.copy(), talk.copy()
    left[: len(talk) // 2] = right[len(talk) // 2 :] = 0
    path = tmp_path / "two.wav"
    write_video(path, None, audio=np.stack([left, right], axis=1), audio_codec="pcm_s16le")
    heard = np.concatenate(list(read_audio(path, probe(path, "id"))))
    np.testing.assert_allclose(heard, talk[: len(heard)] / np.sqrt(2), atol=2e-3)


def test_a_channel_of_loud_noise_does_not_bury_the_other(tmp_path: Path, talk: Samples) -> None:
    path = tmp_path / "timecode.wav"
    write_video(path, None, audio=np.stack([noise(0.5), 0.2 * talk], axis=1), audio_codec="pcm_s16le")
    track = sound_track(path, probe(path, "id"))
    assert track is not None
    assert track.channel == 1
    assert "channel 2 of 2" in track.notes[0]
    assert voiced_s(path)[0] > 5


def test_the_named_track_is_remembered_told_and_given_up_again(tmp_path: Path, talk: Samples) -> None:
    path = film(tmp_path / "a.mkv", talk, silence(), names=(("One", "eng"), ("Two", "deu")))
    with Library.open(tmp_path / "lib", create=True, models={"speech": "pocketsphinx/en-us"}) as lib:

        def index(track: str | int | None = None) -> tuple[str, str | None, int]:
            (report,) = lib.index(path, only=["transcript"], audio_track=track)
            details = lib.show(report.video_id or "")
            return report.stages["transcript"].status, details.sound_track, len(details.utterances)

        status, heard, count = index()
        assert (status, heard) == ("done", "1 of 2")
        assert count > 0
        assert index("deu") == ("done", "2 of 2", 0)
        assert index() == ("unchanged", "2 of 2", 0)
        assert index(2) == ("unchanged", "2 of 2", 0)
        assert index("auto") == ("done", "1 of 2", count)
