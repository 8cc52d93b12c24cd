"""The committed example lectures are complete, small, and say what their questions and subtitles claim."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
LECTURES = EXAMPLES / "lectures"
VIDEOS = ("gradient-descent.mp4", "photosynthesis.mp4", "binary-search.mkv", "plate-tectonics.mp4")
_CUE = re.compile(r"(\d+):(\d+):(\d+)[.,](\d+) --> (\d+):(\d+):(\d+)[.,](\d+)\n(.+)")


def _cues(path: Path) -> list[tuple[float, float, str]]:
    """(start_s, end_s, text) of the simple .srt and .vtt files that make_lectures writes."""

    def seconds(h: str, m: str, s: str, ms: str) -> float:
        return int(h) * 3600 + int(m) * 60 + int(s) + int(ms) / 1000

    found = _CUE.findall(path.read_text(encoding="utf-8"))
    return [(seconds(*cue[:4]), seconds(*cue[4:8]), cue[8]) for cue in found]


def _track(path: Path) -> list[tuple[float, float, str]]:
    with av.open(str(path)) as container:
        stream = container.streams.subtitles[0]
        return [
            (float(p.pts * p.time_base), float((p.pts + p.duration) * p.time_base), s.dialogue.decode())
            for p in container.demux(stream)
            if p.size
            for s in stream.decode(p)
        ]


def _duration_s(name: str) -> float:
    with av.open(str(LECTURES / name)) as container:
        return container.duration / av.time_base


def _questions() -> list[dict[str, Any]]:
    lines = (EXAMPLES / "lectures.questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_the_lectures_are_small_and_short() -> None:
    files = list(LECTURES.iterdir())
    assert sum(f.stat().st_size for f in files) < 8_000_000
    assert {f.name for f in files if f.suffix in {".mp4", ".mkv"}} == set(VIDEOS)
    meeting_s = _cues(LECTURES / "team-meeting.vtt")[-1][1]
    assert 8 * 60 < sum(_duration_s(name) for name in VIDEOS) + meeting_s < 15 * 60


@pytest.mark.parametrize("name", VIDEOS)
def test_each_way_to_a_transcript_is_there(name: str) -> None:
    path = LECTURES / name
    with av.open(str(path)) as container:
        kinds = [s.type for s in container.streams]
    assert kinds.count("video") == kinds.count("audio") == 1
    assert ("subtitle" in kinds) == (name == "photosynthesis.mp4")
    beside = [suffix for suffix in (".srt", ".vtt") if path.with_suffix(suffix).exists()]
    expected = {"gradient-descent.mp4": [".srt"], "plate-tectonics.mp4": [".vtt"]}
    assert beside == expected.get(name, [])


def test_the_meeting_has_two_speakers_who_take_turns() -> None:
    cues = _cues(LECTURES / "team-meeting.vtt")
    assert {re.match(r"<v (\w+)>", text)[1] for _, _, text in cues} == {"Maya", "Jonas"}
    assert all(a[1] <= b[0] for a, b in pairwise(cues))
    assert any("I'll send the migration plan by Friday" in text for _, _, text in cues)


@pytest.mark.parametrize("name", ["gradient-descent.mp4", "photosynthesis.mp4", "plate-tectonics.mp4"])
def test_subtitles_are_timed_with_the_voice(name: str) -> None:
    path = LECTURES / name
    beside = [path.with_suffix(s) for s in (".srt", ".vtt") if path.with_suffix(s).exists()]
    cues = _cues(beside[0]) if beside else _track(path)
    assert len(cues) > 20
    resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
    with av.open(str(path)) as container:
        frames = [*container.decode(audio=0), None]
        sound = np.concatenate([b.to_ndarray().ravel() for f in frames for b in resampler.resample(f)])
    level = np.sqrt((sound[: len(sound) // 160 * 160].reshape(-1, 160) ** 2).mean(axis=1))
    times = np.arange(len(level)) / 100
    spoken = np.zeros(len(level), bool)
    for start_s, end_s, _ in cues:
        inside = (times >= start_s) & (times < end_s)
        spoken |= inside
        assert level[inside].mean() > 0.02, f"silence during the cue at {start_s} s"
        assert level[np.abs(times - start_s) < 0.15].max() > 0.005, f"cue at {start_s} s starts early"
    near = np.convolve(spoken, np.ones(21), "same") > 0
    assert level[~near].max() < 0.02, "speech outside the subtitles"


def test_every_gold_span_lies_in_its_video() -> None:
    questions = _questions()
    assert len({q["id"] for q in questions}) == len(questions)
    assert {q["kind"] for q in questions} == {"speech", "screen", "meeting", "unanswerable"}
    ends = {Path(name).stem: _duration_s(name) for name in VIDEOS}
    ends["team-meeting"] = _cues(LECTURES / "team-meeting.vtt")[-1][1] + 0.01
    for question in questions:
        assert set(question) == {"id", "video", "question", "spans", "answer", "kind"}
        assert (question["kind"] == "unanswerable") == (question["spans"] == [])
        for start_s, end_s in question["spans"]:
            assert 0 <= start_s < end_s <= ends[question["video"]]


@pytest.mark.parametrize(
    ("question", "cues", "words"),
    [
        ("lr-definition", "gradient-descent.srt", "The learning rate is defined as"),
        ("chile", "plate-tectonics.vtt", "struck Chile in 1960"),
        ("migration-plan", "team-meeting.vtt", "migration plan by Friday"),
    ],
)
def test_gold_spans_hold_the_words_of_the_answer(question: str, cues: str, words: str) -> None:
    (start_s, end_s), *_ = next(q["spans"] for q in _questions() if q["id"] == question)
    said = [
        text for start, end, text in _cues(LECTURES / cues) if start < end_s - 0.1 and end > start_s + 0.1
    ]
    assert len(said) == 1
    assert words in said[0]
