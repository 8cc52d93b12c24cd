"""Chapter files say the same chapters again when read by somebody else's reader."""

from __future__ import annotations

import html
import io
import json
import re

import av
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from longvid import chapters as module
from longvid.chapters import (
    chapters_of,
    export_chapters,
    to_ffmetadata,
    to_json,
    to_vtt,
    to_youtube,
    youtube_chapters,
)
from longvid_storage.errors import UsageError
from longvid_storage.text.timecode import parse_time
from longvid_storage.types import Segment

NASTY = [
    "a=b; c#d \\ e",
    "<b>R&D</b> --> next",
    "Überblick 中文 العربية",
    "two\nlines\tand tabs",
    "[CHAPTER]",
    "1:00 o'clock",
]


def events(*starts_and_titles: tuple[float, str | None], end_s: float = 1000.0) -> list[Segment]:
    starts = [start for start, _ in starts_and_titles]
    ends = [*starts[1:], end_s]
    return [Segment("event", s, e, t) for (s, t), e in zip(starts_and_titles, ends, strict=True)]


@st.composite
def chapter_lists(draw: st.DrawFn) -> list[Segment]:
    cuts = sorted(draw(st.sets(st.integers(1, 20_000_000), max_size=12)))
    titles = draw(
        st.lists(
            st.one_of(st.sampled_from(NASTY), st.text(st.characters(codec="utf-8"), max_size=40)),
            min_size=len(cuts) + 1,
            max_size=len(cuts) + 1,
        )
    )
    return chapters_of(
        events(*((s / 1000, t) for s, t in zip([0, *cuts], titles, strict=True)), end_s=20_001.0), "event"
    )


@given(chapter_lists())
@example(events((0.0, "a backslash\\"), (10.0, "next")))
def test_ffmetadata_is_read_back_by_ffmpeg(chapters: list[Segment]) -> None:
    with av.open(io.BytesIO(to_ffmetadata(chapters).encode()), format="ffmetadata") as container:
        found = container.chapters()
    assert [round(float(c["start"] * c["time_base"]), 3) for c in found] == [
        round(c.start_s, 3) for c in chapters
    ]
    assert [round(float(c["end"] * c["time_base"]), 3) for c in found] == [
        round(c.end_s, 3) for c in chapters
    ]
    assert [c["metadata"]["title"] for c in found] == [c.title for c in chapters]


@given(chapter_lists())
def test_vtt_is_read_back(chapters: list[Segment]) -> None:
    head, *cues = to_vtt(chapters).rstrip("\n").split("\n\n")
    assert head == "WEBVTT"
    assert len(cues) == len(chapters)
    for cue, chapter in zip(cues, chapters, strict=True):
        _, timing, title = cue.split("\n")
        start, end = timing.split(" --> ")
        assert parse_time(start) == pytest.approx(chapter.start_s, abs=6e-4)
        assert parse_time(end) == pytest.approx(chapter.end_s, abs=6e-4)
        assert not re.search(r"[<>]", title)
        assert html.unescape(title) == html.unescape(
            html.unescape(html.escape(chapter.title or "", quote=False))
        )


@given(chapter_lists())
def test_json_is_read_back(chapters: list[Segment]) -> None:
    read = json.loads(to_json(chapters))
    assert read["version"] == "1.2.0"
    assert [(c["startTime"], c["endTime"], c["title"]) for c in read["chapters"]] == [
        (round(c.start_s, 3), round(c.end_s, 3), c.title) for c in chapters
    ]


@given(chapter_lists())
def test_youtube_rules_hold_or_the_user_is_told(chapters: list[Segment]) -> None:
    try:
        lines = to_youtube(chapters).splitlines()
    except UsageError:
        assert len(youtube_chapters(chapters)) < 3
        return
    seconds = [parse_time(line.split(" ", 1)[0]) for line in lines]
    assert lines[0].startswith("0:00 ")
    assert len(lines) >= 3
    assert all(b - a >= 10 for a, b in zip(seconds, [*seconds[1:], chapters[-1].end_s], strict=True))
    assert not any("<" in line or ">" in line for line in lines)
    assert all(line.split(" ", 1)[1].strip() for line in lines)


def test_youtube_drops_what_is_too_short() -> None:
    text = to_youtube(
        events((0, "A"), (30.9, "B"), (35, "too short after B"), (60, "C"), (3600, "D"), end_s=4000)
    )
    assert text == "0:00 A\n0:30 B\n1:00 C\n1:00:00 D\n"


def test_youtube_with_too_few_events_takes_scenes_else_says_so() -> None:
    few = events((0, "A"), (500, "B"))
    with pytest.raises(UsageError, match="at least 3 of 10 s or more; this video has 2"):
        export_chapters(few, "youtube")
    scenes = [Segment("scene", s, s + 250, f"S{s}") for s in (0, 250, 500, 750)]
    assert export_chapters([*few, *scenes], "youtube").splitlines()[1] == "4:10 S250"


def test_other_formats_take_the_level_asked_for_only() -> None:
    mixed = [
        Segment("video", 0, 1000, "V"),
        *events((0, None), (500, " B\n b ")),
        Segment("scene", 0, 9, "S"),
    ]
    titles = [c["title"] for c in json.loads(export_chapters(mixed, "json"))["chapters"]]
    assert titles == ["Part 1", "B b"]


def test_unknown_format_is_refused_with_the_choice() -> None:
    with pytest.raises(UsageError, match="'mkv': choose one of youtube, vtt, json, ffmetadata"):
        export_chapters(events((0, "A")), "mkv")


def test_no_chapters_at_all_is_a_valid_empty_file() -> None:
    assert to_vtt([]) == "WEBVTT\n"
    assert json.loads(to_json([]))["chapters"] == []
    assert to_ffmetadata([]) == ";FFMETADATA1\n"
    assert set(module.FORMATS) == {"youtube", "vtt", "json", "ffmetadata"}
