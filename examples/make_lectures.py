"""Make examples/lectures/ anew: slides by Pillow, narration by flite, times from the spoken sentences.

    python examples/make_lectures.py [NAME ...]

needs longvid's development set-up (``make install-dev``; matplotlib brings the DejaVu fonts) and the speech
synthesiser flite (on Debian or Ubuntu: sudo apt install flite). What each lecture says and shows is in
examples/lecture_sources/. Without names, all are made, and then lectures.questions.jsonl, whose gold spans
come from the same times.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from lecture_sources import (
    binary_search,
    gradient_descent,
    photosynthesis,
    plate_tectonics,
    team_meeting,
)
from lecture_sources.drawing import draw_slide
from lecture_sources.questions import QUESTIONS

from media_factory.writer import write_video

HERE = Path(__file__).resolve().parent

OUT = HERE / "lectures"
RATE = 5  # frames a second: nothing moves
AUDIO_RATE = 16_000
AFTER_SENTENCE_S, AFTER_SLIDE_S = 0.45, 1.2
SECONDS_A_WORD = 0.36  # of the meeting, which nobody speaks aloud
LECTURES: dict[str, tuple[ModuleType, str]] = {  # file name -> content, where its subtitles go
    "gradient-descent.mp4": (gradient_descent, "srt"),
    "photosynthesis.mp4": (photosynthesis, "track"),
    "binary-search.mkv": (binary_search, "none"),
    "plate-tectonics.mp4": (plate_tectonics, "vtt"),
}


@dataclass(frozen=True)
class Said:
    """A sentence and when it is heard, in seconds; ``speaker`` only in a meeting."""

    start_s: float
    end_s: float
    text: str
    speaker: str = ""


@dataclass(frozen=True)
class Shown:
    """A slide, or one state of a slide that builds."""

    start_s: float
    end_s: float
    title: str
    picture: NDArray[np.uint8]


def speak(text: str) -> NDArray[np.float32]:
    """The sentence spoken by flite's voice slt: mono samples at 16 kHz, silence at both ends cut off."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "say.wav"
        subprocess.run(
            ["flite", "-voice", "slt", "--setf", "duration_stretch=1.05", "-t", text, "-o", str(path)],
            check=True,
        )
        with wave.open(str(path)) as sound:
            if sound.getframerate() != AUDIO_RATE:
                raise SystemExit(
                    f"flite's voice slt speaks at {sound.getframerate()} Hz, not at {AUDIO_RATE}"
                )
            samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16) / np.float32(32768)
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    return samples[max(0, loud[0] - 800) : loud[-1] + 800].astype(np.float32)


def perform(content: ModuleType) -> tuple[list[Said], list[Shown], NDArray[np.float32]]:
    """Speak and draw a lecture: its sentences, its pictures and its sound, all with their times."""
    said: list[Said] = []
    shown: list[Shown] = []
    sound = [np.zeros(round(0.8 * AUDIO_RATE), np.float32)]
    now_s = 0.8
    slide_start_s = 0.0
    name = content.SLIDES[0].title
    for page, slide in enumerate(content.SLIDES, 1):
        bullets = 0 if slide.builds else len(slide.bullets)
        states = [(slide_start_s, bullets)]
        for sentence in slide.says:
            if sentence.startswith("+"):
                bullets += 1
                states.append((max(slide_start_s, now_s - 0.2), bullets))
            text, _, spoken = sentence.removeprefix("+").partition("|")
            samples = speak(spoken or text)
            said.append(Said(now_s, now_s + len(samples) / AUDIO_RATE, text))
            last = sentence is slide.says[-1]
            pause = np.zeros(round((AFTER_SLIDE_S if last else AFTER_SENTENCE_S) * AUDIO_RATE), np.float32)
            sound += [samples, pause]
            now_s += (len(samples) + len(pause)) / AUDIO_RATE
        end_s = now_s - 0.4  # the next slide is up just before it is spoken about
        for (start_s, count), (until_s, _) in zip(states, [*states[1:], (end_s, 0)], strict=True):
            if until_s > start_s:
                picture = draw_slide(slide, content.THEME, name, page, count)
                shown.append(Shown(start_s, until_s, slide.title, picture))
        slide_start_s = end_s
    return said, shown, np.concatenate(sound)


def frames(shown: list[Shown], duration_s: float) -> Iterator[NDArray[np.uint8]]:
    """The picture on screen at each frame's time."""
    current = 0
    for number in range(round(duration_s * RATE)):
        while current + 1 < len(shown) and shown[current + 1].start_s <= number / RATE:
            current += 1
        yield shown[current].picture


def clock(seconds: float, mark: str = ".") -> str:
    """HH:MM:SS.mmm"""
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}{mark}{whole % 1000:03}"


def write_vtt(path: Path, said: list[Said]) -> None:
    """WebVTT; a speaker is written as <v Name>."""
    cues = [
        f"{clock(s.start_s)} --> {clock(s.end_s)}\n{f'<v {s.speaker}>' if s.speaker else ''}{s.text}\n"
        for s in said
    ]
    path.write_text("\n".join(["WEBVTT\n", *cues]), encoding="utf-8")


def write_srt(path: Path, said: list[Said]) -> None:
    """SubRip."""
    cues = [
        f"{i}\n{clock(s.start_s, ',')} --> {clock(s.end_s, ',')}\n{s.text}\n" for i, s in enumerate(said, 1)
    ]
    path.write_text("\n".join(cues), encoding="utf-8")


def make_lecture(file_name: str) -> tuple[list[Said], list[Shown]]:
    """Make one video and its subtitles."""
    content, subtitles = LECTURES[file_name]
    said, shown, sound = perform(content)
    duration_s = len(sound) / AUDIO_RATE
    path = OUT / file_name
    write_video(
        path,
        frames(shown, duration_s),
        RATE,
        crf=26,
        gop=50,
        audio=sound,
        audio_rate=AUDIO_RATE,
        subtitles=[(s.start_s, s.end_s, s.text) for s in said] if subtitles == "track" else None,
        title=content.TITLE,
        options={"movflags": "faststart"} if path.suffix == ".mp4" else None,
    )
    if subtitles == "srt":
        write_srt(path.with_suffix(".srt"), said)
    elif subtitles == "vtt":
        write_vtt(path.with_suffix(".vtt"), said)
    print(
        f"{file_name}: {duration_s:.1f} s, {len(said)} sentences, {path.stat().st_size / 1e6:.2f} MB",
        file=sys.stderr,
    )
    return said, shown


def make_meeting() -> list[Said]:
    """The meeting: a transcript alone, timed as if spoken at a calm pace."""
    said: list[Said] = []
    now_s = 0.6
    for speaker, text in team_meeting.TURNS:
        length_s = 0.4 + SECONDS_A_WORD * len(text.split())
        said.append(Said(round(now_s, 3), round(now_s + length_s, 3), text, speaker))
        now_s += length_s + 0.35
    write_vtt(OUT / "team-meeting.vtt", said)
    print(f"team-meeting.vtt: {now_s:.1f} s, {len(said)} turns", file=sys.stderr)
    return said


def gold(places: tuple[str, ...], said: list[Said], shown: list[Shown]) -> list[list[float]]:
    """Spans of the sentences and slides that the places name; each must be there."""
    spans = []
    for place in places:
        if place.startswith("slide:"):
            found = [(s.start_s, s.end_s) for s in shown if s.title == place.removeprefix("slide:")]
            found = [(found[0][0], found[-1][1])] if found else []
        else:
            found = [(s.start_s, s.end_s) for s in said if place in s.text]
        if len(found) != 1:
            raise SystemExit(f"{place!r} should be there once, and is there {len(found)} times")
        spans.append([round(found[0][0], 2), round(found[0][1], 2)])
    return spans


def main(names: list[str]) -> None:
    """Make the named files, or everything."""
    if shutil.which("flite") is None:
        raise SystemExit(
            "make_lectures needs the speech synthesiser flite: on Debian or Ubuntu, sudo apt install flite"
        )
    unknown = set(names) - {*LECTURES, "team-meeting.vtt"}
    if unknown:
        raise SystemExit(
            f"unknown: {', '.join(sorted(unknown))}; known: {', '.join([*LECTURES, 'team-meeting.vtt'])}"
        )
    OUT.mkdir(exist_ok=True)
    truth: dict[str, tuple[list[Said], list[Shown]]] = {}
    if not names or "team-meeting.vtt" in names:
        truth["team-meeting"] = (make_meeting(), [])
    for file_name in LECTURES:
        if not names or file_name in names:
            truth[Path(file_name).stem] = make_lecture(file_name)
    if names:
        return
    lines: list[dict[str, Any]] = [
        {
            "id": key,
            "video": video or None,
            "question": question,
            "spans": gold(places, *truth[video]) if video else [],
            "answer": answer or None,
            "kind": kind,
        }
        for key, video, kind, question, answer, places in QUESTIONS
    ]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (HERE / "lectures.questions.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
