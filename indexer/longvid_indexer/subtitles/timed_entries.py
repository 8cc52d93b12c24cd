"""The entries of text with times in it: who speaks in each, and when, where what stands beside a time does not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, groupby

from longvid_indexer.subtitles.name_labels import is_numbered

NAMED = re.compile(r"(?P<name>[^\W\d_][^:]{0,59}):\s(?P<text>\S.*)\Z")
MOST_NAME_WORDS = 8
DAY_S = 24 * 3600.0
_LETTERS_A_SECOND = 15.0


@dataclass(slots=True)
class Entry:
    """A time, where it ends if that is written, who speaks where that stands with it, and the lines that follow.

    ``strong``: set apart by a sign, so that it is no time that a sentence names. ``of_day``: a clock on the wall.
    ``above``: the line before the first one.
    """

    at_s: float
    name: str | None
    same_line: str
    strong: bool
    until_s: float | None = None
    of_day: bool = False
    above: str = ""
    lines: list[str] = field(default_factory=list)


def without_spoken_times(entries: Sequence[Entry]) -> None:
    """YouTube's pane says each time twice, the second time in words: ``1:02``, then ``1 minute, 2 seconds``."""
    told = [
        entry for entry in entries if not entry.same_line and entry.lines and _tells(entry, entry.lines[0])
    ]
    if len(told) > 1 and len(told) * 4 >= len(entries) * 3:
        for entry in told:
            del entry.lines[0]


def _tells(entry: Entry, line: str) -> bool:
    whole = int(entry.at_s)
    parts = [part for part in (whole // 3600, whole % 3600 // 60, whole % 60) if part] or [0]
    return len(line) <= 60 and list(map(int, re.findall(r"\d{1,5}", line))) == parts


def names_on_the_line(entries: Sequence[Entry]) -> None:
    """Where a time stands first, the line goes on with a name if what is said follows below, or before a colon."""
    both = [entry for entry in entries if entry.name is None and entry.same_line and entry.lines]
    heading = len(both) * 2 > len(entries)
    for entry in entries:
        if entry.name is not None:
            continue
        alone = entry.same_line.removesuffix(":").strip()
        short = 0 < len(alone.split()) <= MOST_NAME_WORDS
        if short and entry.lines and (heading or entry.same_line.endswith(":")):
            entry.name, entry.same_line = alone, ""
    opened = [match for entry in entries if (match := NAMED.match(entry.same_line))]
    if len(opened) * 2 > len(entries):
        for entry in entries:
            if entry.name is None and (match := NAMED.match(entry.same_line)):
                entry.name, entry.same_line = match["name"].strip(), match["text"]
    _names_below(entries)


def _names_below(entries: Sequence[Entry]) -> None:
    """Editors write the speaker on a line of their own below the time: ``Speaker 1``, or a few that come back."""
    below = [
        entry for entry in entries if entry.name is None and not entry.same_line and len(entry.lines) > 1
    ]
    firsts = [entry.lines[0] for entry in below]
    if len(below) * 2 > len(entries) and _come_back(firsts):
        for entry in below:
            entry.name = entry.lines.pop(0).removesuffix(":")


def _come_back(lines: Sequence[str]) -> bool:
    """Whether these are names of a few who speak by turns: short, beginning large, without a point, and again."""
    short = all(
        len(line.split()) <= 4 and line[-1] not in ".,?!;" and not line[0].islower() for line in lines
    )
    several = len(lines) > 2 and len(set(lines)) < len(lines)
    return short and (several or (bool(lines) and all(map(is_numbered, lines))))


def names_above(entries: Sequence[Entry]) -> int:
    """Some write the name on a line of its own, the time below it, then what is said; how many lines that takes off
    those before the first time."""
    if not entries or any(entry.same_line or entry.name for entry in entries):
        return 0
    names = [entries[0].above, *(entry.lines[-1] for entry in entries[:-1] if len(entry.lines) > 1)]
    if len(names) < len(entries) or not names[0] or not _come_back(names):
        return 0
    for entry, name in zip(entries, names, strict=True):
        entry.name = name.removesuffix(":")
    for entry in entries[:-1]:
        del entry.lines[-1]
    return 1


def by_speaker(entries: Sequence[Entry]) -> Iterator[Entry]:
    """One entry a speaker, where several speak below one time (Google Meet): their times are shared by length."""
    lines = [line for entry in entries for line in entry.lines]
    named = len(list(filter(NAMED.match, lines)))
    several = any(len(list(filter(NAMED.match, entry.lines))) > 1 for entry in entries)
    if not several or named * 2 <= len(lines):
        yield from entries
        return
    for number, entry in enumerate(entries):
        after_s = entries[number + 1].at_s if number + 1 < len(entries) else None
        parts = [replace(entry, lines=[])]
        for line in entry.lines:
            if match := NAMED.match(line):
                parts.append(replace(entry, name=match["name"].strip(), same_line=match["text"], lines=[]))
            else:
                parts[-1].lines.append(line)
        letters = [len(" ".join([part.same_line, *part.lines])) for part in parts]
        for part, count, at_s in zip(parts, letters, _shared(entry.at_s, after_s, letters), strict=True):
            if count:
                yield replace(part, at_s=at_s)


def share_starts(entries: list[Entry]) -> None:
    """Several that begin together (a clock without seconds) speak one after the other; they are in order of time."""
    at = 0
    for at_s, group in groupby(entries, key=lambda entry: entry.at_s):
        together = list(group)
        at += len(together)
        if len(together) > 1 and not any(entry.until_s is not None for entry in together):
            after_s = entries[at].at_s if at < len(entries) else None
            letters = [len(" ".join([entry.same_line, *entry.lines])) for entry in together]
            for entry, start_s in zip(together, _shared(at_s, after_s, letters), strict=True):
                entry.at_s = start_s


def _shared(at_s: float, after_s: float | None, letters: Sequence[int]) -> list[float]:
    """When each of several begins that share the time up to ``after_s``, by their lengths."""
    pace = 1 / _LETTERS_A_SECOND
    if after_s is not None and after_s > at_s and any(letters):
        pace = min(pace, (after_s - at_s) / sum(letters))
    return [at_s + pace * before for before in accumulate(letters[:-1], initial=0)]


def from_the_first(entries: Sequence[Entry]) -> None:
    first_s = last_s = entries[0].at_s
    days = 0.0
    for entry in entries:
        if entry.at_s + days < last_s - DAY_S / 2:
            days += DAY_S  # past midnight
        entry.at_s += days
        last_s = entry.at_s
        entry.at_s -= first_s
        if entry.until_s is not None:
            entry.until_s += days - first_s
