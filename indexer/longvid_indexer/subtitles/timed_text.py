"""Text with times in it, as people copy and meeting programs save it: Otter, Teams, Zoom, Rev, YouTube's transcripts.

A time stands before what is said (``[00:01:03] Jane: …``, ``0:03`` on a line of its own) or behind the name of who says
it (``Jane Miller  0:03``), and holds until the next one. Only starts are written; ends are estimated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from longvid_indexer.subtitles.building import add_spoken, until_next
from longvid_indexer.subtitles.cue import Subtitles

_TIME = r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)(?:[.,]\d{1,3})?"
_FIRST = re.compile(
    rf"[\[(<]?\s?{_TIME}(?:\s?[-–—>]+\s?{_TIME})?\s?(?:[\])>]\s?|(?=[\s–—|-])|\Z)(?:[-–—|:]\s?)?(?P<rest>.*)\Z"
)
_LAST = re.compile(rf"(?P<name>.*?[^\s,|(\[–-])\s?(?P<sign>[\s,|(\[–-])\s?{_TIME}\s?[\])]?:?\Z")
_LONGEST_HEADING = 120
_MOST_NAME_WORDS = 8
_NAMED = re.compile(r"(?P<name>[^\W\d_][^:]{0,59}):\s(?P<text>\S.*)\Z")
# A first time so late is the time of day.
_CLOCK_FROM_S = 4 * 3600.0
_DAY_S = 24 * 3600.0
# An agenda or a list of chapters has its times farther apart and fewer words to each.
_APART_S = 60.0
_WORDS = 3.0
_LATEST_START_S = 300.0
_HEAD_LINES = 12


@dataclass(slots=True)
class _Entry:
    """A time, who speaks where that stands with it, and the lines that follow."""

    at_s: float
    name: str | None
    same_line: str
    strong: bool
    lines: list[str] = field(default_factory=list)


def is_timed_text(text: str, *, alone: bool = False) -> bool:
    """Whether the text has times that make it a transcript; ``alone``: surely enough to take it for one unasked."""
    entries, before = _entries(text.splitlines())
    if not entries or before > _HEAD_LINES:
        return False
    starts = [entry.at_s for entry in entries]
    # Past midnight a clock begins again.
    steps = [b - a if b - a > -_DAY_S / 2 else b - a + _DAY_S for a, b in pairwise(starts)]
    if sum(step < 0 for step in steps) * 10 > len(steps):
        return False
    if not alone:
        return True
    if len(entries) == 1:
        return entries[0].strong and bool(entries[0].lines)
    words = sum(
        len(entry.same_line.split()) + sum(len(line.split()) for line in entry.lines) for entry in entries
    )
    begins = starts[0] <= _LATEST_START_S or starts[0] >= _CLOCK_FROM_S
    named = all(entry.name for entry in entries)
    return begins and words >= _WORDS * len(entries) and (named or median(steps) <= _APART_S)


def parse_timed_text(text: str) -> Subtitles:
    """One cue for each time, with the speaker where a line names one."""
    read = Subtitles()
    entries, before = _entries(text.splitlines())
    if before and entries:
        read.problems["lines before the first time were left out"] += before
    _names_on_the_line(entries)
    if entries and entries[0].at_s >= _CLOCK_FROM_S:
        read.problems["file has times of day: they were counted from its first one"] += 1
        _from_the_first(entries)
    said = [" ".join([entry.same_line, *entry.lines]).strip() for entry in entries]
    spoken = sorted(zip(entries, said, strict=True), key=lambda each: each[0].at_s)
    ends = until_next([entry.at_s for entry, _ in spoken], [text for _, text in spoken])
    for (entry, words), end_s in zip(spoken, ends, strict=True):
        if words:
            add_spoken(read, entry.at_s, end_s, words, entry.name)
    return read


def _entries(lines: Sequence[str]) -> tuple[list[_Entry], int]:
    """The entries in file order, and how many lines with text stand before the first one."""
    entries: list[_Entry] = []
    before = 0
    for line in lines:
        spaced = line.strip().strip("*").strip()
        bare = " ".join(spaced.split())
        if not bare:
            continue
        entry = _entry(bare, spaced) if bare[-1] in "]):0123456789" or bare[0] in "[(<0123456789" else None
        if entry is not None:
            entries.append(entry)
        elif entries:
            entries[-1].lines.append(bare)
        else:
            before += 1
    return entries, before


def _entry(bare: str, spaced: str) -> _Entry | None:
    if match := _FIRST.match(bare):
        return _Entry(_seconds(match.groups()), None, match["rest"].strip(), bare[0] in "[(<")
    match = _LAST.match(bare) if len(bare) <= _LONGEST_HEADING else None
    if match is None:
        return None
    name = match["name"].strip("[]():|,-–— *")
    if not any(map(str.isalpha, name)) or len(name.split()) > _MOST_NAME_WORDS:
        return None
    # A sentence may end in a time; a heading sets it apart.
    apart = match["sign"] != " " or re.search(r"(?:\s{2}|\t|\])\s{0,20}[\d]", spaced[-40:]) is not None
    times = match.groups()[2:]
    return _Entry(_seconds(times), name, "", apart) if apart or len(name.split()) <= 4 else None


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, whole = parts[0:3]
    return float(int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(whole or 0))


def _names_on_the_line(entries: Sequence[_Entry]) -> None:
    """Where a time stands first, the line goes on with a name if what is said follows below, or before a colon."""
    both = [entry for entry in entries if entry.name is None and entry.same_line and entry.lines]
    heading = len(both) * 2 > len(entries)
    for entry in entries:
        if entry.name is not None:
            continue
        alone = entry.same_line.removesuffix(":").strip()
        short = 0 < len(alone.split()) <= _MOST_NAME_WORDS
        if short and entry.lines and (heading or entry.same_line.endswith(":")):
            entry.name, entry.same_line = alone, ""
    opened = [match for entry in entries if (match := _NAMED.match(entry.same_line))]
    if len(opened) * 2 > len(entries):
        for entry in entries:
            if entry.name is None and (match := _NAMED.match(entry.same_line)):
                entry.name, entry.same_line = match["name"].strip(), match["text"]


def _from_the_first(entries: Sequence[_Entry]) -> None:
    first_s = last_s = entries[0].at_s
    days = 0.0
    for entry in entries:
        if entry.at_s + days < last_s - _DAY_S / 2:
            days += _DAY_S  # past midnight
        entry.at_s += days
        last_s = entry.at_s
        entry.at_s -= first_s
