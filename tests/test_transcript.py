"""Which source a transcript comes from, and that its times are the video's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from longvid import Library
from longvid_indexer.probe import probe
from longvid_indexer.said import Transcript
from longvid_indexer.subtitles import reading
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.transcript import make_transcript
from longvid_storage.types import Utterance
from media_factory import place, speech_clip, write_video

BLACK = [np.zeros((32, 32, 3), np.uint8)] * 50  # 10 s at 5 a second
CUES = [(1.0, 2.0, "First words."), (3.5, 5.0, "<i>Second</i> line\nand third.")]
SRT = "1\n00:00:02,000 --> 00:00:03,000\nbeside\n"


class Recorder:
    """A recogniser that hears a word and a number at the start of every stretch."""

    name = "recorder"
    fingerprint = "recorder-1"

    def __init__(self) -> None:
        self.starts: list[float] = []

    def transcribe(self, samples: NDArray[np.float32], start_s: float) -> list[Utterance]:
        self.starts.append(start_s)
        return [Utterance(start_s, start_s + 0.5, f"word {len(self.starts)}", None, "en")]


def transcript(path: Path, transcriber: Recorder | None = None) -> Transcript:
    return make_transcript(path, probe(path, "id"), transcriber)


def texts(made: Transcript) -> list[tuple[float, float, str]]:
    return [(round(u.start_s, 3), round(u.end_s, 3), u.text) for u in made.utterances]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".mov"])
@pytest.mark.parametrize("offset_s", [0.0, 4.0])
def test_a_track_inside_lands_on_the_timeline(tmp_path: Path, suffix: str, offset_s: float) -> None:
    codec = "libvpx" if suffix == ".webm" else "libx264"
    path = write_video(
        tmp_path / f"talk{suffix}", BLACK, 5, codec=codec, subtitles=CUES, start_offset_s=offset_s
    )
    made = transcript(path, Recorder())
    assert made.source == "track:1:en"
    assert made.language == "en"
    assert [t for _, _, t in texts(made)] == ["First words.", "Second line and third."]
    for utterance, (start_s, end_s, _) in zip(made.utterances, CUES, strict=True):
        assert utterance.start_s == pytest.approx(start_s, abs=0.05)
        assert utterance.end_s == pytest.approx(end_s, abs=0.05)
        assert utterance.language == "en"


def test_a_file_beside_wins_over_a_track_inside_and_that_over_recognition(tmp_path: Path) -> None:
    path = write_video(tmp_path / "talk.mkv", BLACK, 5, subtitles=CUES)
    listener = Recorder()
    (tmp_path / "talk.srt").write_text(SRT)
    assert transcript(path, listener).source == "sidecar:talk.srt"
    (tmp_path / "talk.srt").write_text("no cue at all")
    made = transcript(path, listener)
    assert made.source == "track:1:en"
    assert made.notes == ("talk.srt has no readable cue and was passed over",)
    assert listener.starts == []


@pytest.mark.parametrize(
    ("names", "chosen", "language"),
    [
        (["talk.srt", "talk.vtt", "talk.en.srt"], "talk.vtt", None),
        (["talk.de.srt", "talk.en.srt", "talk.aa.srt"], "talk.en.srt", "en"),
        (["talk.fr.srt", "talk.de.vtt"], "talk.de.vtt", "de"),
        (["talk.en.forced.vtt", "talk.de.srt"], "talk.de.srt", "de"),
        (["talk.en-US.srt"], "talk.en-US.srt", "en"),
    ],
)
def test_the_stated_order_of_files_beside(
    tmp_path: Path, names: list[str], chosen: str, language: str | None
) -> None:
    path = write_video(tmp_path / "talk.mp4", BLACK, 5)
    for name in names:
        (tmp_path / name).write_text(SRT)
    made = transcript(path)
    assert (made.source, made.language) == (f"sidecar:{chosen}", language)
    assert texts(made) == [(2.0, 3.0, "beside")]


def test_cues_after_the_end_are_left_out_and_the_last_is_cut(tmp_path: Path) -> None:
    path = write_video(tmp_path / "talk.mp4", BLACK, 5)
    cues = "\n\n".join(f"00:00:{a:02d}.000 --> 00:00:{a + 4:02d}.000\ncue {a}" for a in (1, 8, 30, 40))
    (tmp_path / "talk.vtt").write_text("WEBVTT\n\n" + cues)
    made = transcript(path)
    assert texts(made) == [(1.0, 5.0, "cue 1"), (8.0, 10.0, "cue 8")]
    assert "2 cues begin after the end" in made.notes[0]


def test_recognition_is_the_last_resort_and_gets_true_times(tmp_path: Path) -> None:
    track, said = place(speech_clip(), (3.0,), 20.0)
    path = write_video(tmp_path / "talk.mkv", BLACK * 2, 5, audio=track, start_offset_s=9.0)
    listener = Recorder()
    made = transcript(path, listener)
    assert made.source == "speech:recorder"
    assert made.language == "en"
    assert [u.start_s for u in made.utterances] == listener.starts
    assert listener.starts[0] == pytest.approx(said[0].start_s, abs=0.4)


def test_nothing_to_hear_is_said_in_one_sentence_each(tmp_path: Path) -> None:
    mute = write_video(tmp_path / "mute.mp4", BLACK, 5)
    assert transcript(mute, Recorder()) == Transcript(
        (), "none", None, ("no audio stream and no subtitles: nothing is said",)
    )
    track, _ = place(speech_clip(), (3.0,), 20.0)
    spoken = write_video(tmp_path / "spoken.mp4", None, audio=track)
    off = transcript(spoken, None)
    assert (off.source, off.utterances) == ("none", ())
    assert "speech recognition is off" in off.notes[0]
    silent = write_video(tmp_path / "silent.mp4", None, audio=np.zeros(160_000, np.float32))
    made = transcript(silent, Recorder())
    assert (made.source, made.utterances) == ("speech:recorder", ())
    assert made.notes == ("there is sound, but no voice in it",)


def test_a_lone_transcript_keeps_speakers_language_and_notes(tmp_path: Path) -> None:
    path = tmp_path / "meeting.en.vtt"
    path.write_text(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann Lee>Hi\n\n00:03.000 --> 00:02.000\n<v Bo>Late\n"
    )
    made = transcript(path)
    assert [(u.speaker, u.text, u.language) for u in made.utterances] == [
        ("Ann Lee", "Hi", "en"),
        ("Bo", "Late", "en"),
    ]
    assert made.source == "file"
    assert "1 cue that ended before it began" in made.notes[0]


def test_a_transcript_is_parsed_once_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = reading.parse_subtitles

    def counted(text: str, *film: float | None) -> Subtitles:
        parsed.append(text)
        return parse(text, *film)

    monkeypatch.setattr(reading, "parse_subtitles", counted)
    (path := tmp_path / "talk.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nThe pump is late.\n")
    with Library.open(tmp_path / "library", create=True) as lib:
        lib.index(path, only=["transcript"])
        (found,) = lib.search("pump")
    assert found.video_id
    assert len(parsed) == 1
    reading.read_subtitles(path)
    assert len(parsed) == 2


def test_what_one_reader_changes_the_next_does_not_see(tmp_path: Path) -> None:
    (path := tmp_path / "talk.srt").write_text(SRT)
    reading.forget_parsed()
    first = reading.read_subtitles(path)
    first.cues.clear()
    first.problems["of mine"] += 1
    first.remarks.append("mine")
    second = reading.read_subtitles(path)
    assert [line.text for cue in second.cues for line in cue.lines] == ["beside"]
    assert not second.problems
    assert not second.remarks
