"""The part that WebVTT and SubRip share: a line of times with an arrow, then text until a blank line.

Reading goes by the lines of times, not by blank lines and numbers, because these are what real files get wrong:
missing blank lines, missing numbers, blank lines inside a cue, arrows of one dash, commas for points.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from longvid_indexer.subtitles.cue import LONGEST_S

_TIME = r"(?:(\d{1,3})\s*:\s*)?(\d{1,2})\s*:\s*(\d{1,2})(?:\s*[.,:]\s*(\d{1,6}))?"
_SPAN = re.compile(rf"\s*{_TIME}(?:\s*(?:-+\s*>|→|—>|–>)\s*|\s+|\s+-\s+){_TIME}(?P<settings>(?:\s.*)?)\s*\Z")
_ARROW = re.compile(r"-+\s*>")
_BROKEN = re.compile(r"\s*\S*\d:\S*\s*-+\s*>|\s*--+\s*>")
_COMMENTS = ("NOTE", "STYLE", "REGION")


@dataclass(slots=True)
class Block:
    """A cue as written: times in seconds (not yet checked) and raw text."""

    start_s: float
    end_s: float
    lines: list[str]


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction or 0}")


def parse_span(line: str) -> tuple[float, float] | None:
    """The two times of a timing line, or None when it is not one."""
    match = _SPAN.match(line)
    if match is None:
        return None
    has_arrow = _ARROW.search(line) or any(arrow in line for arrow in "→—–")
    if match["settings"].strip() and not has_arrow:
        return None  # a sentence that begins with two times
    parts = match.groups()
    return _seconds(*parts[0:4]), _seconds(*parts[4:8])


def split_blocks(lines: list[str], problems: Counter[str], *, named: bool) -> Iterator[Block]:
    """Cues in file order. Text that belongs to no cue is left out; what looks like a broken cue is counted.

    ``named``: WebVTT, where a cue's text ends at the first empty line, and what follows is a name or a comment.
    In SubRip text goes on after an empty line, up to the number of the next cue.
    """
    block: Block | None = None
    for line in lines:
        span = parse_span(line)
        if span is None and not _BROKEN.match(line):
            if block is not None:
                block.lines.append(line)
            continue
        if block is not None:
            yield _trimmed(block, named)
        block = Block(*span, []) if span is not None and max(span) <= LONGEST_S else None
        if block is None:
            problems["cues without readable times were left out"] += 1
    if block is not None:
        yield _trimmed(block, named, last=True)


def _trimmed(block: Block, named: bool, last: bool = False) -> Block:
    """The block with only its own text, without the number or name of the next cue and without comments."""
    lines = block.lines
    if not last and lines and lines[-1].strip().isdigit():
        del lines[-1]
    if named:
        paragraphs = "\n".join(lines).split("\n\n")
        # An empty line right below the times is a common slip; then the next paragraph is meant, if it can be text.
        own = next((p for p in paragraphs[:2] if p.strip()), "")
        block.lines = [] if own.startswith(_COMMENTS) else own.split("\n")
    return block
