"""Chapters for other programs: pure functions from segments to the text of a chapter file.

>>> from longvid_storage.types import Segment
>>> print(to_youtube([Segment("event", 0, 60, "Start"), Segment("event", 60, 90, "Middle"),
...                   Segment("event", 90, 200, "End")]), end="")
0:00 Start
1:00 Middle
1:30 End
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Callable, Iterable, Sequence

from longvid_storage.errors import UsageError
from longvid_storage.text.shown import one_line
from longvid_storage.text.timecode import format_clock, format_time
from longvid_storage.types import Level, Segment

YOUTUBE_LEAST_CHAPTERS = 3
YOUTUBE_SHORTEST_S = 10


def export_chapters(segments: Iterable[Segment], file_format: str, level: Level = "event") -> str:
    """The text of a chapter file: ``file_format`` is ``youtube``, ``vtt``, ``json`` or ``ffmetadata``.

    ``segments`` may hold all levels of a video; those of ``level`` become chapters. YouTube shows no
    chapters when there are fewer than three, so there the scenes are taken when the events are too few.
    Raises :class:`UsageError` for another format, and for ``youtube`` when no level has enough chapters.
    """
    if file_format not in FORMATS:
        raise UsageError(f"chapter format is {file_format!r}: choose one of {', '.join(FORMATS)}")
    everything = list(segments)
    chosen = chapters_of(everything, level)
    if file_format == "youtube" and len(youtube_chapters(chosen)) < YOUTUBE_LEAST_CHAPTERS:
        chosen = chapters_of(everything, "scene") or chosen
    return FORMATS[file_format](chosen)


def chapter_level(level: str) -> Level:
    """The level that chapters are made of; raises :class:`UsageError` when it is neither event nor scene."""
    levels: dict[str, Level] = {"event": "event", "scene": "scene"}
    if level not in levels:
        raise UsageError(f"level is {level!r}: chapters are made of 'event' or 'scene' segments")
    return levels[level]


def chapters_of(segments: Iterable[Segment], level: Level) -> list[Segment]:
    """The segments of one level in order of time; those without a title are called ``Part 1``, ``Part 2``,
    …
    """
    chosen = sorted((s for s in segments if s.level == level), key=lambda s: s.start_s)
    return [
        Segment(s.level, s.start_s, s.end_s, one_line(s.title or "") or f"Part {number}", s.summary)
        for number, s in enumerate(chosen, 1)
    ]


def youtube_chapters(chapters: Sequence[Segment]) -> list[tuple[int, str]]:
    """(second, title) as YouTube accepts them: the first at 0, each at least 10 s; shorter ones join the
    one before.

    The rules: "How to add video chapters", YouTube Help.
    """
    kept: list[tuple[int, str]] = []
    for chapter in chapters:
        second = math.floor(chapter.start_s) if kept else 0
        if not kept or second - kept[-1][0] >= YOUTUBE_SHORTEST_S:
            # Angle brackets are not allowed in a description.
            title = one_line(chapter.title or "").replace("<", "‹").replace(">", "›")
            kept.append((second, title[:100].rstrip() or f"Part {len(kept) + 1}"))
    if len(kept) > 1 and chapters[-1].end_s - kept[-1][0] < YOUTUBE_SHORTEST_S:
        kept.pop()
    return kept


def to_youtube(chapters: Sequence[Segment]) -> str:
    """Lines for a YouTube description; raises :class:`UsageError` when fewer than three chapters are long
    enough.
    """
    kept = youtube_chapters(chapters)
    if len(kept) < YOUTUBE_LEAST_CHAPTERS:
        raise UsageError(
            f"YouTube shows chapters only when there are at least {YOUTUBE_LEAST_CHAPTERS} of "
            f"{YOUTUBE_SHORTEST_S} s or more; this video has {len(kept)}. "
            "Use another format (vtt, json, ffmetadata)"
        )
    return "".join(f"{format_time(second)} {title}\n" for second, title in kept)


def to_vtt(chapters: Sequence[Segment]) -> str:
    """A WebVTT chapters track (W3C WebVTT, section 4.4): one cue a chapter, ``&``, ``<`` and ``>``
    escaped.
    """
    cues = [
        f"{number}\n{format_clock(c.start_s)} --> {format_clock(c.end_s)}\n"
        f"{html.escape(one_line(c.title or ''), quote=False) or f'Part {number}'}\n"
        for number, c in enumerate(chapters, 1)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def to_json(chapters: Sequence[Segment]) -> str:
    """JSON Chapters 1.2.0 of the Podcast Namespace (``startTime``, ``endTime`` in seconds, ``title``), and
    ``summary``.
    """
    entries = [
        {
            "startTime": round(c.start_s, 3),
            "endTime": round(c.end_s, 3),
            "title": one_line(c.title or "") or f"Part {number}",
            **({"summary": one_line(c.summary)} if c.summary else {}),
        }
        for number, c in enumerate(chapters, 1)
    ]
    return json.dumps({"version": "1.2.0", "chapters": entries}, ensure_ascii=False, indent=2) + "\n"


def to_ffmetadata(chapters: Sequence[Segment]) -> str:
    """FFmpeg's metadata file (``ffmpeg -i talk.mp4 -i chapters.txt -map_chapters 1 -c copy out.mp4``)."""
    parts = [";FFMETADATA1\n"]
    for number, chapter in enumerate(chapters, 1):
        title = one_line(chapter.title or "") or f"Part {number}"
        parts.append(
            "[CHAPTER]\nTIMEBASE=1/1000\n"
            f"START={_milliseconds(chapter.start_s)}\nEND={_milliseconds(chapter.end_s)}\n"
            f"title={_ffmetadata_escape(title)}\n"
        )
    return "".join(parts)


def _ffmetadata_escape(text: str) -> str:
    escaped = re.sub(r"([=;#\\\n])", r"\\\1", text)
    # FFmpeg takes the line's end behind a backslash as part of the title, and loses the chapter after it; what it
    # reads as text ends at a zero.
    return f"{escaped}\0" if text.endswith("\\") else escaped


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


FORMATS: dict[str, Callable[[Sequence[Segment]], str]] = {
    "youtube": to_youtube,
    "vtt": to_vtt,
    "json": to_json,
    "ffmetadata": to_ffmetadata,
}
