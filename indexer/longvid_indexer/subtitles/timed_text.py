"""Text with times in it, as people copy and programs save it: Otter, Teams, Zoom, Rev, Descript, Premiere, YouTube.

A time stands before what is said (``[00:01:03] Jane: …``, ``0:03`` on a line of its own, ``[0:03 --> 0:05] …``), behind
the name of who says it (``Jane Miller  0:03``), or between both (``Jane: [00:01:03] …``), and holds until the next one.
Where only starts are written, ends are estimated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from longvid_indexer.subtitles.building import add_spoken, until_next
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.meeting_notes import is_noted, tell_chat, tell_noted
from longvid_indexer.subtitles.timed_entries import (
    DAY_S,
    MOST_NAME_WORDS,
    NAMED,
    Entry,
    by_speaker,
    from_the_first,
    names_above,
    names_on_the_line,
    share_starts,
    without_spoken_times,
)

# Hours, minutes, seconds, a fraction or a frame, and the half of the day.
_TIME = r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)(?:[.,](\d{1,3})|[:;.]\d{2}(?![\d:]))?(\s?[AaPp]\.?[Mm]\b\.?)?"
_FIRST = re.compile(
    rf"(?:\d{{1,5}}\s?[:.)]?\s{{1,3}}(?=\d\d:\d\d:\d\d[:;.]))?[\[(<]?\s?{_TIME}"
    rf"(?:(?:\s?(?:[-–—>/,]{{1,4}}|to)\s?|\s{{1,4}}){_TIME})?"
    r"\s?(?:[\])>]:?\s?|(?=[\s–—|,-])|\Z)(?:[-–—|:,]\s?)?(?P<rest>.*)\Z"
)
# "[0.00s -> 4.20s] …", as faster-whisper's own example prints it.
_IN_SECONDS = re.compile(
    r"[\[(]?\s?(\d{1,6}(?:\.\d{1,6})?)(s?)\s?(?:[-–—>]{1,3}|to)\s?(\d{1,6}(?:\.\d{1,6})?)(s?)(?:\s?[\])]:?\s?|:?\s)(?P<rest>\S.*)\Z"
)
_LAST = re.compile(
    rf"(?P<name>.*?[^\s,|(\[–-])\s?(?P<sign>[\s,|(\[–-])\s?{_TIME}(?:\s?[-–—>]{{1,3}}\s?{_TIME})?\s?[\])]?:?\Z"
)
_COLUMNS = re.compile(
    rf"(?P<name>[^\W\d_][^\t:]{{0,59}}?)(?:\t|\s{{2,8}})[\[(]?{_TIME}[\])]?(?:\t|\s{{2,8}})(?P<rest>\S.*)\Z"
)
_BETWEEN = re.compile(
    rf"(?P<name>[^\W\d_][^\[\](){{}}:]{{0,59}}?)(?P<colon>:?)\s?[\[(]\s?{_TIME}\s?[\])](?P<after>:?)\s(?P<rest>\S.*)\Z"
)
# Sonix writes no colon: "Jane Miller [00:01:03] …".
_LIKE_A_NAME = re.compile(r"[^\W\d_a-z]\S{0,30}(?: (?:[^\Wa-z_]\S{0,30})){0,2} ?\Z")
_INNER = re.compile(rf"(?:(?<=\s)|(?<=\A))\[{_TIME}\](?=\s)")
_DROP_FRAMES = re.compile(r"(?<!\d)(\d\d);(\d\d);(\d\d)[;:](?=\d\d(?!\d))")
_BULLET = re.compile(r"\A[-*•–]\s{1,3}(?=[\[(<]?\d{1,3}:\d)")
_TIME_PARTS = 5
_LONGEST_HEADING = 120
# What programs add to a transcript: nobody says it.
_ADDED = re.compile(
    r".{0,80}\b(?:started|stopped) transcription|Transcribed by\b.{0,80}|Transcription ended after\b.{0,40}"
    r"|Meeting ended after\b.{0,40}|This editable transcript was computer generated\b.{0,200}|<(?:begin|end) subtitles>"
    r"|(?:End of )?transcript(?:ion)?\.?",
    re.IGNORECASE,
)
# A first time so late is the time of day.
_CLOCK_FROM_S = 4 * 3600.0
# An agenda or a list of chapters has its times farther apart and fewer words to each.
_APART_S = 60.0
_WORDS = 3.0
_LATEST_START_S = 300.0
_HEAD_LINES = 12
_LOGGED = re.compile(r"\W{0,3}(?:INFO|WARN(?:ING)?|ERROR|DEBUG|TRACE|FATAL|NOTICE|CRITICAL)\b")


def is_timed_text(text: str, *, alone: bool = False) -> bool:
    """Whether the text has times that make it a transcript; ``alone``: surely enough to take it for one unasked."""
    entries, before = _entries(text.splitlines())
    if not entries or before > _HEAD_LINES:
        return False
    starts = [entry.at_s for entry in entries]
    # Past midnight a clock begins again.
    steps = [b - a if b - a > -DAY_S / 2 else b - a + DAY_S for a, b in pairwise(starts)]
    if sum(step < 0 for step in steps) * 10 > len(steps):
        return False
    if not alone:
        return True
    if sum(_LOGGED.match(entry.same_line) is not None for entry in entries) * 2 > len(entries):
        return False
    if len(entries) == 1:
        return entries[0].strong and bool(entries[0].lines)
    words = sum(
        len(entry.same_line.split()) + sum(len(line.split()) for line in entry.lines) for entry in entries
    )
    spaceless = sum(len(entry.same_line) + sum(map(len, entry.lines)) for entry in entries) / 6
    begins = starts[0] <= _LATEST_START_S or starts[0] >= _CLOCK_FROM_S
    named = all(entry.name or any(map(NAMED.match, [entry.same_line, *entry.lines])) for entry in entries)
    return begins and max(words, spaceless) >= _WORDS * len(entries) and (named or median(steps) <= _APART_S)


def is_bracketed_spans(text: str) -> bool:
    """Whether the first lines open with two times in brackets, as Whisper prints them to a terminal."""
    lines = [line.strip() for line in text[:4000].splitlines() if line.strip()][:5]
    return bool(lines) and any(
        _is_span(line) if line[0] in "[(" else _in_seconds(line) is not None for line in lines
    )


def _is_span(line: str) -> bool:
    match = _FIRST.match(line)
    return (match is not None and match.group(_TIME_PARTS + 2) is not None) or _in_seconds(line) is not None


def _in_seconds(line: str) -> Entry | None:
    """A line that opens with two numbers of seconds, in brackets or with their unit."""
    match = _IN_SECONDS.match(line)
    if match is None or not (line[0] in "[(" or (match[2] and match[4])):
        return None
    return Entry(float(match[1]), None, match["rest"].strip(), True, float(match[3]))


def parse_timed_text(text: str) -> Subtitles:
    """One cue for each time, with the speaker where a line names one."""
    read = Subtitles()
    lines = text.splitlines()
    tell_noted(read, lines)
    entries, before = _entries(lines)
    before -= names_above(entries)
    if before > 0 and entries:
        read.problems["lines before the first time were left out"] += before
    without_spoken_times(entries)
    names_on_the_line(entries)
    if entries and (entries[0].of_day or entries[0].at_s >= _CLOCK_FROM_S):
        read.problems["file has times of day: they were counted from its first one"] += 1
        from_the_first(entries)
    tell_chat(read, entries, lines)
    entries.sort(key=lambda entry: entry.at_s)
    entries = list(by_speaker(entries))
    share_starts(entries)
    said = [" ".join([entry.same_line, *entry.lines]).strip() for entry in entries]
    ends = until_next([entry.at_s for entry in entries], said)
    for entry, words, end_s in zip(entries, said, ends, strict=True):
        if words:
            add_spoken(
                read, entry.at_s, entry.until_s if entry.until_s is not None else end_s, words, entry.name
            )
    return read


def _entries(lines: Sequence[str]) -> tuple[list[Entry], int]:
    """The entries in file order, and how many lines with text stand before the first one."""
    told: list[tuple[str, Entry | None]] = []
    for line in lines:
        if is_noted(line):
            continue
        spaced = _DROP_FRAMES.sub(r"\1:\2:\3:", line.strip()).replace("**", "").strip().strip("*").strip()
        bare = " ".join(spaced.split())
        if bare and not _ADDED.fullmatch(bare[:300]):
            has_time = any(map(str.isdecimal, bare[:_LONGEST_HEADING]))
            told.append((bare, _entry(bare, spaced) if has_time else None))
    # A heading says when a recording was made; where most times are of the day, it is those that count.
    found = [entry.of_day for _, entry in told if entry is not None]
    of_day = sum(found) * 2 > len(found)
    entries: list[Entry] = []
    before, above = 0, ""
    for bare, entry in told:
        if entry is not None and entry.of_day == of_day:
            entries += _inner(entry if entries else replace(entry, above=above))
        elif entries:
            entries[-1].lines.append(bare)
        else:
            before, above = before + 1, bare
    return entries, before


def _inner(entry: Entry) -> Iterator[Entry]:
    """The entry, and one of the same speaker for each further time within its line (Sonix, Trint)."""
    parts = list(_INNER.finditer(entry.same_line))
    if not parts:
        yield entry
        return
    yield replace(entry, same_line=entry.same_line[: parts[0].start()].strip())
    for part, after in zip(parts, [*parts[1:], None], strict=True):
        rest = entry.same_line[part.end() : after.start() if after else None].strip()
        yield replace(entry, at_s=_seconds(part.groups())[0], same_line=rest, until_s=None, lines=[])


def _entry(bare: str, spaced: str) -> Entry | None:
    bare = _BULLET.sub("", bare, count=1)
    if bare[0] in "[(<0123456789" and (match := _FIRST.match(bare)):
        at_s, of_day = _seconds(match.groups())
        until = match.groups()[_TIME_PARTS : 2 * _TIME_PARTS]
        until_s = _seconds(until)[0] if until[1] is not None else None
        rest = match["rest"].strip() if until_s is None else " ".join(match["rest"].replace("|", " ").split())
        return Entry(at_s, None, rest, bare[0] in "[(<", until_s, of_day)
    if (bare[0] in "[(" or bare[0].isdecimal()) and (spoken := _in_seconds(bare)) is not None:
        return spoken
    if (match := _BETWEEN.match(bare)) and (
        match["colon"] or match["after"] or _LIKE_A_NAME.match(match["name"])
    ):
        at_s, of_day = _seconds(match.groups()[2:])
        if len(match["name"].split()) <= MOST_NAME_WORDS:
            return Entry(at_s, match["name"].strip(), match["rest"].strip(), True, None, of_day)
    if (match := _COLUMNS.match(spaced)) and len(match["name"].split()) <= MOST_NAME_WORDS:
        at_s, of_day = _seconds(match.groups()[1:])
        return Entry(at_s, match["name"].strip(), " ".join(match["rest"].split()), True, None, of_day)
    if (
        bare[-1] not in "]):.0123456789mM"
        or len(bare) > _LONGEST_HEADING
        or (match := _LAST.match(bare)) is None
    ):
        return None
    name = match["name"].strip("[]():|,-–— *")
    name += ")" * (name.count("(") - name.count(")"))  # "Tom Stone (External)"
    if not any(map(str.isalpha, name)) or len(name.split()) > MOST_NAME_WORDS:
        return None
    # A sentence may end in a time; a heading sets it apart.
    apart = match["sign"] != " " or re.search(r"(?:\s{2}|\t|\])\s{0,20}[\d]", spaced[-40:]) is not None
    at_s, of_day = _seconds(match.groups()[2:])
    until = match.groups()[2 + _TIME_PARTS :]
    until_s = _seconds(until)[0] if until[1] is not None else None
    return Entry(at_s, name, "", apart, until_s, of_day) if apart or len(name.split()) <= 4 else None


def _seconds(parts: Sequence[str | None]) -> tuple[float, bool]:
    """Seconds, and whether they are a time of day."""
    hours, minutes, whole, fraction, half = parts[:_TIME_PARTS]
    if half is None:
        return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(whole or 0) + float(
            f"0.{fraction or 0}"
        ), False
    if hours is None:  # "10:01 AM" has no seconds
        hours, minutes, whole = minutes, whole, "0"
    late = "p" in half.casefold()
    return (int(hours or 0) % 12 + 12 * late) * 3600.0 + int(minutes or 0) * 60 + int(whole or 0), True
