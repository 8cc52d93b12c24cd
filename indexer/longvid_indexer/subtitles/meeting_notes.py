"""What meeting programs put into a transcript that nobody said: their own notes, and the chat that people wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence

from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.timed_entries import Entry

# Fathom puts what it noted between what is said, with a link to the place.
_MARKED = re.compile(r"(?P<note>[A-Z][A-Z ]{2,29}: \S.{0,500}?)\s[-–—]\sWATCH:\s\S{1,2000}", re.DOTALL)
_MOST_MARKED = 5
_LONGEST_NOTE = 3000
# Zoom's chat: "From Jane Miller to Everyone"; older "From  Jane Miller : …"; in recordings "0:03:10⇥Jane Miller:⇥…".
_SENDER = re.compile(
    r"From\s+(?P<name>\S.{0,59}?)(?P<to>\s+to\s+(?:Everyone|\S.{0,79}\((?:Direct Message|Privately)\)))?\Z",
    re.IGNORECASE,
)
_TABBED = re.compile(r"\d{1,2}:\d\d:\d\d\t[^\t:]{1,60}:\t\S")


def is_noted(line: str) -> bool:
    """Whether a line is one that the program noted."""
    return _MARKED.fullmatch(line.strip()[:_LONGEST_NOTE]) is not None


def tell_noted(read: Subtitles, lines: Sequence[str]) -> None:
    """A remark on what the program noted in these lines, if it did."""
    marked = [m["note"] for line in lines if (m := _MARKED.fullmatch(line.strip()[:_LONGEST_NOTE]))]
    if marked:
        more = f" and {len(marked) - _MOST_MARKED} more" if len(marked) > _MOST_MARKED else ""
        noted = "; ".join(marked[:_MOST_MARKED])
        read.remarks.append(f"the meeting program noted, and nobody said: {noted}{more}")


def tell_chat(read: Subtitles, entries: Sequence[Entry], lines: Sequence[str]) -> None:
    """Who wrote each line of a meeting's chat, and a remark that it is one."""
    sent = [(entry, match) for entry in entries if entry.name and (match := _SENDER.match(entry.name))]
    if not any(match["to"] for _, match in sent) and len(sent) * 2 <= len(entries):
        sent = []
    tabbed = sum(_TABBED.match(line) is not None for line in lines)
    if sent or (tabbed > 1 and tabbed * 2 > len(entries)):
        read.remarks.append("it is the chat of a meeting: its lines were written, and nobody said them")
    for entry, match in sent:
        entry.name = match["name"].strip()
