"""What a drone or dashcam writes as subtitles is data, not speech; what people say of numbers is speech."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from longvid import Library
from longvid_indexer.probe import probe
from longvid_indexer.report import IndexEvent, LeftOut
from longvid_indexer.subtitles.cue import Cue, CueLine, Subtitles
from longvid_indexer.subtitles.telemetry import is_telemetry
from longvid_indexer.transcribers.pocketsphinx import PocketsphinxTranscriber
from longvid_indexer.transcript import make_transcript
from media_factory import place, speech_clip, write_video

BLACK = [np.zeros((32, 32, 3), np.uint8)]
DATA: dict[str, Callable[[int], str]] = {
    "bicycle": lambda i: f"Speed {20 + i} km/h  HR {120 + i} bpm  Cadence {80 + i} rpm  Power {200 + i} W",
    "camera values": lambda i: (
        f"FrameCnt: {i}, DiffTime: 33ms\n2024-05-02 11:20:{i:02d}.100\n[iso: 100] [shutter: 1/640.0] [fnum: 2.8] "
        f"[latitude: 48.1371{i:02d}] [longitude: 11.5753{i:02d}] [rel_alt: 31.{i}00 abs_alt: 540.118]"
    ),
    "older drone": lambda i: (
        f"HOME(149.0251,-20.2532) 2017.08.05 14:11:{i:02d}\nGPS(149.02{i:02d},-20.25{i:02d},16) BAROMETER:1.{i}\n"
        "ISO:100 Shutter:60 EV:0 Fnum:F2.8"
    ),
    "flight values": lambda i: (
        f"F/2.8, SS 206.{i}, ISO 100, EV 0, GPS (-122.3699, 37.8166, 15), D {i}.16m, H 6.00m, H.S 1.5m/s, V.S 0.0m/s"
    ),
    "dashcam": lambda i: f"2024/05/02 11:20:{i:02d} {40 + i} km/h N48.1371{i} E11.57{i}",
    "dashcam, street": lambda i: f"{50 + i} km/h 11:20:{i:02d} Lindenstrasse 48.137{i:02d} 11.575{i:02d}",
    "date only": lambda i: f"2024-05-02 11:20:{i:02d}",
    "rowing": lambda i: f"Split 1:5{i % 10} Rate {20 + i % 8} Dist {i * 5}m HR {140 + i % 20}",
    "frames": lambda i: f"Frame {i * 25} / 25000",
    "named values": lambda i: f"ALT: {i}.5 SPD: {i + 3}.2 BAT: {99 - i} SAT: 12",
}
SPEECH: dict[str, Callable[[int], str]] = {
    "tables": lambda i: f"{i} times 7 is {7 * i}.",
    "countdown": lambda i: f"{30 - i}",
    "scores": lambda i: (
        f"That is {i} to {i + 2} now, and {['Ana', 'Ben', 'Cho', 'Dee', 'Eve'][i % 5]} serves."
    ),
    "prices": lambda i: f"In 19{50 + i} a loaf of bread cost {i} pounds 50.",
    "chat log": lambda i: f"11:20:{i:02d} {' '.join(chr(97 + (i * k) % 26) * 4 for k in range(1, 5))}",
    "bingo": lambda i: ("Legs eleven, 11.", "Two fat ladies, 88.", "Key of the door, 21.")[i % 3],
    "lottery": lambda i: f"Again: {7 + i}, 14, 23, 31, 40, 44.",
    "schedule": lambda i: (
        f"At 1{i % 10}:30:00 the {['red', 'blue', 'green', 'night', 'slow', 'mail'][i % 6]} train leaves track {i}."
    ),
}


def subtitles(say: Callable[[int], str], count: int = 24) -> Subtitles:
    return Subtitles([Cue(i, i + 1.0, tuple(map(CueLine, say(i).split("\n")))) for i in range(count)])


@pytest.mark.parametrize("kind", DATA)
def test_measured_values_are_telemetry(kind: str) -> None:
    assert is_telemetry(subtitles(DATA[kind]))


@pytest.mark.parametrize("kind", SPEECH)
def test_numbers_that_are_said_are_not(kind: str) -> None:
    assert not is_telemetry(subtitles(SPEECH[kind]))


def test_two_cues_are_too_few_to_tell() -> None:
    assert not is_telemetry(subtitles(DATA["dashcam"], 2))
    assert not is_telemetry(Subtitles())


@pytest.mark.parametrize("where", ["beside", "inside"])
@pytest.mark.parametrize("kind", ["camera values", "dashcam"])
def test_the_film_beside_telemetry_is_listened_to(tmp_path: Path, where: str, kind: str) -> None:
    track, _ = place(speech_clip(), (2.0,), 14.0)
    cues = [(float(i), i + 1.0, DATA[kind](i)) for i in range(14)]
    path = write_video(
        tmp_path / "FLY_0042.mp4", BLACK * 70, audio=track, subtitles=cues if where == "inside" else None
    )
    if where == "beside":
        lines = [
            f"{i + 1}\n00:00:{i:02d},000 --> 00:00:{i + 1:02d},000\n{t}\n" for i, (_, _, t) in enumerate(cues)
        ]
        (tmp_path / "FLY_0042.SRT").write_text("\n".join(lines))
    made = make_transcript(path, probe(path, "id"), PocketsphinxTranscriber())
    assert made.source.startswith("speech:")
    assert made.utterances
    assert sum("telemetry" in note for note in made.notes) == 1


def test_telemetry_alone_is_no_video_and_is_told_once(tmp_path: Path) -> None:
    folder = tmp_path / "card"
    folder.mkdir()
    lines = (
        f"{i + 1}\n00:00:{i:02d},000 --> 00:00:{i + 1:02d},000\n{DATA['dashcam'](i)}\n" for i in range(9)
    )
    (folder / "CAM0007.srt").write_text("\n".join(lines))
    pictures = "".join(f"\n00:{i:02d}.000 --> 00:{i + 1:02d}.000\nthumb-{i}.jpg\n" for i in range(4))
    (folder / "thumbs.vtt").write_text(f"WEBVTT\n{pictures}")
    (folder / "talk.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:04.000\nThe valve is blocked.\n")
    told: list[IndexEvent] = []
    with Library.open(tmp_path / "lib", create=True) as library:
        reports = library.index([folder], on_event=told.append)
        named = library.index([folder / "thumbs.vtt"])
    assert [(report.title, report.status) for report in reports] == [("talk", "indexed")]
    assert named == []
    (left,) = (event for event in told if isinstance(event, LeftOut))
    assert left.reason == "data"
    assert [Path(each).name for each in left.files] == ["CAM0007.srt", "thumbs.vtt"]
