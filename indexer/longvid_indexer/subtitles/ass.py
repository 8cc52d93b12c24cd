"""Advanced SubStation Alpha (``.ass``, ``.ssa``): the dialogue lines of ``[Events]``; styling and drawings go."""

from __future__ import annotations

import re

from longvid_indexer.subtitles.cue import LONGEST_S, Subtitles
from longvid_indexer.subtitles.markup import clock, plain
from longvid_indexer.subtitles.timing import add_cue

_FIELDS = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text")
# What follows {\p1} is a vector drawing, until {\p0}.
_DRAWING = re.compile(r"\{[^}]*\\p[1-9][^}]*\}.*?(?=\{[^}]*\\p0[^}]*\}|$)", re.DOTALL)
_TIME = re.compile(r"\d+:\d{1,2}:\d{1,2}(?:[.:,]\d{1,3})?\Z")


def parse_ass(text: str) -> Subtitles:
    """The dialogue of an ASS or SSA file; the actor's name is the speaker."""
    read = Subtitles()
    fields: tuple[str, ...] = _FIELDS
    for line in text.splitlines():
        key, _, value = line.partition(":")
        match key.strip().lower():
            case "title":
                read.title = read.title or value.strip() or None
            case "format" if "text" in value.lower():
                fields = tuple(name.strip().lower() for name in value.split(","))
            case "dialogue":
                _dialogue(read, dict(zip(fields, value.strip().split(",", len(fields) - 1), strict=False)))
    read.cues.sort(key=lambda cue: (cue.start_s, cue.end_s))
    return read


def _dialogue(read: Subtitles, event: dict[str, str]) -> None:
    times = event.get("start", "").strip(), event.get("end", "").strip()
    if not all(map(_TIME.match, times)) or "text" not in event:
        read.problems["cues without readable times were left out"] += 1
        return
    start_s, end_s = map(clock, times)
    if max(start_s, end_s) > LONGEST_S:
        read.problems["cues without readable times were left out"] += 1
        return
    text = event_text(event["text"])
    if text.strip():
        add_cue(read, start_s, end_s, text, plain(event.get("name", event.get("actor", ""))) or None)


def event_text(text: str) -> str:
    """The words of an event's text field, its line breaks as newlines."""
    bare = re.sub(r"\{[^}]*\}", "", _DRAWING.sub("", text))
    return bare.replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
