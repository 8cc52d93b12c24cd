"""Advanced SubStation Alpha (``.ass``, ``.ssa``): the dialogue lines of ``[Events]``; styling and drawings go.

Typesetters show a sung line as one event a syllable, or a sign as one event a letter. What such events spell is said by
a comment of the karaoke template (its effect is ``karaoke``), or by nothing; the pieces are no speech.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from longvid_indexer.subtitles.cue import LONGEST_S, Subtitles
from longvid_indexer.subtitles.markup import clock, plain, visible
from longvid_indexer.subtitles.timing import add_cue

_FIELDS = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text")
_BLOCK = re.compile(r"\{([^{}]*)\}")
_DRAWING = re.compile(r"\\p(\d)")
_PLACED = re.compile(r"\\(?:pos|move|org)\b")
_TIME = re.compile(r"\d{1,4}:\d{1,2}:\d{1,2}(?:[.:,]\d{1,9})?\Z")
_EVENT = re.compile(r"Dialogue:[^,\n]{0,40},\s{0,4}\d{1,4}:\d{1,2}:\d{1,2}[.:,]\d", re.IGNORECASE)
_UNREADABLE = "cues without readable times were left out"
# So many single words at different places at one time are pieces of a line, not a talk.
_PIECES = 3


@dataclass(frozen=True, slots=True)
class Event:
    """One event as written: times in seconds, raw text, and the fields that tell what it is for."""

    start_s: float
    end_s: float
    text: str
    speaker: str | None = None
    style: str = ""
    effect: str = ""
    comment: bool = False


def is_event(line: str) -> bool:
    """Whether a line is an event with its times, not a sentence that begins with the word ``Dialogue:``."""
    return _EVENT.match(line) is not None


def parse_ass(text: str) -> Subtitles:
    """The dialogue of an ASS or SSA file; the actor's name is the speaker."""
    read = Subtitles()
    fields: tuple[str, ...] = _FIELDS
    events = []
    for line in text.splitlines():
        key, _, value = line.partition(":")
        match key.strip().lower():
            case "title":
                read.title = read.title or value.strip() or None
            case "format" if "text" in value.lower():
                fields = tuple(name.strip().lower() for name in value.split(","))
            case "dialogue" | "comment" as kind:
                parts = dict(zip(fields, value.strip().split(",", len(fields) - 1), strict=False))
                event = _event(parts, comment=kind == "comment")
                if event is not None:
                    events.append(event)
                elif kind == "dialogue":
                    read.problems[_UNREADABLE] += 1
    add_events(read, events)
    return read


def _event(parts: dict[str, str], comment: bool) -> Event | None:
    times = parts.get("start", "").strip(), parts.get("end", "").strip()
    if not all(map(_TIME.match, times)) or "text" not in parts:
        return None
    start_s, end_s = map(clock, times)
    if max(start_s, end_s) > LONGEST_S:
        return None
    speaker = plain(parts.get("name", parts.get("actor", ""))) or None
    effect = parts.get("effect", "").strip().lower()
    return Event(start_s, end_s, parts["text"], speaker, parts.get("style", "").strip(), effect, comment)


def add_events(read: Subtitles, events: Sequence[Event]) -> None:
    """Take the events that say something, in order of time."""
    pieces = _pieces(events)
    effects = {event.effect for event in events}
    for number, event in sorted(enumerate(events), key=lambda n: (n[1].start_s, n[1].end_s)):
        sung = event.comment and event.effect == "karaoke" and "fx" in effects
        if event.comment and not sung:
            continue
        if event.effect == "fx" or number in pieces:
            read.problems["typeset pieces of lines (syllables, letters) were left out"] += 1
            continue
        text = event_text(event.text)
        if visible(text).strip():
            add_cue(read, event.start_s, event.end_s, text, event.speaker)


def _pieces(events: Sequence[Event]) -> set[int]:
    """The numbers of events that are one word each, and of which several lie beside each other at one time."""
    single = [
        (event.style, event.start_s, event.end_s, n, words[0])
        for n, event in enumerate(events)
        if _PLACED.search(event.text) and len(words := event_text(event.text).split()) == 1
    ]
    found: set[int] = set()
    group: list[tuple[int, str]] = []
    style, until_s = None, 0.0
    for its_style, start_s, end_s, number, word in sorted(single):
        if its_style != style or start_s >= until_s:
            found.update(_several(group))
            group, style, until_s = [], its_style, end_s
        group.append((number, word))
        until_s = max(until_s, end_s)
    return found.union(_several(group))


def _several(group: Sequence[tuple[int, str]]) -> Iterable[int]:
    return [number for number, _ in group] if len({word for _, word in group}) >= _PIECES else ()


def event_text(text: str) -> str:
    """The words of an event's text field, its line breaks as newlines; what follows ``{\\p1}`` is a drawing."""
    kept, at, drawing = [], 0, False
    for block in _BLOCK.finditer(text):
        if not drawing:
            kept.append(text[at : block.start()])
        for mark in _DRAWING.finditer(block[1]):
            drawing = mark[1] != "0"
        at = block.end()
    if not drawing:
        kept.append(text[at:])
    return "".join(kept).replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
