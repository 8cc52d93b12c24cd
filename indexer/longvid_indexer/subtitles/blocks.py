"""The part that WebVTT and SubRip share: a line of times with an arrow, then text until a blank line.

Reading goes by the lines of times, not by blank lines and numbers, because these are what real files get wrong:
missing blank lines, missing numbers, blank lines inside a cue, arrows of one dash, commas for points.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longvid_indexer.subtitles.cue import LONGEST_S
from longvid_indexer.subtitles.times import is_broken_span, parse_span

_COMMENTS = ("NOTE", "STYLE", "REGION")
_LONGEST_NAME = 200
_TOKEN = re.compile(r"[^\W_]+")
_UNREADABLE = "cues without readable times were left out"
_ENDLESS = "cues without an end last until the next one begins"


@dataclass(slots=True)
class Block:
    """A cue as written: times in seconds (not yet checked) and raw text; no end where the last has none."""

    start_s: float
    end_s: float | None
    lines: list[str]


@dataclass(frozen=True, slots=True)
class _Names:
    """How a file names its cues: their shapes (``cue-#``), and whether the first has a name."""

    shapes: frozenset[str]
    first: bool
    throughout: bool


def split_blocks(lines: Sequence[str], problems: Counter[str], *, named: bool) -> Iterator[Block]:
    """Cues in file order. Text that belongs to no cue is left out; what looks like a broken cue is counted.

    ``named``: WebVTT, where a cue's text ends at the first empty line, and what follows is a name or a comment.
    In SubRip text goes on after an empty line, up to the number of the next cue; a file without a header whose cues
    have names is WebVTT.
    """
    spans = [(n, span) for n, line in enumerate(lines) if (span := _span(line)) is not None]
    names = _names(lines, [n for n, _ in spans])
    for place, (number, span) in enumerate(spans):
        following = spans[place + 1] if place + 1 < len(spans) else (len(lines), None)
        if not span or max(span[0], span[1] or 0.0) > LONGEST_S:
            problems[_UNREADABLE] += 1
            continue
        own = _own_lines(
            lines[number + 1 : following[0]], names, named or names.throughout, following[1] is None
        )
        start_s, end_s = span
        if end_s is None:
            problems[_ENDLESS] += 1
            end_s = following[1][0] if following[1] else None
        yield Block(start_s, end_s, own)


def _span(line: str) -> tuple[float, float | None] | tuple[()] | None:
    """A timing line's times, an empty tuple for one that can't be read, None for any other line."""
    span = parse_span(line)
    if span is not None:
        return span
    return () if is_broken_span(line) else None


def _names(lines: Sequence[str], timings: Sequence[int]) -> _Names:
    counted: Counter[str] = Counter()
    first = False
    for place, number in enumerate(timings):
        line = lines[number - 1].strip() if number else ""
        if not line or line.isdigit() or len(line) > _LONGEST_NAME or line.startswith("WEBVTT"):
            continue
        if number == 1 or not lines[number - 2].strip():
            first = first or place == 0
            counted[_shape(line)] += 1
    shapes = frozenset(shape for shape, count in counted.items() if "#" in shape and (count > 1 or first))
    habitual = sum(counted[shape] for shape in shapes)
    return _Names(shapes, first, habitual > 1 and habitual * 2 >= len(timings))


def _shape(name: str) -> str:
    """``cue-12`` and ``cue-13`` have one shape: what holds a digit stands for any other of its kind."""
    return _TOKEN.sub(lambda m: "#" if any(map(str.isdigit, m.group())) else m.group(), name)


def _own_lines(lines: Sequence[str], names: _Names, named: bool, last: bool) -> list[str]:
    """The cue's own text, without the number or name of the next cue and without comments."""
    own = list(lines)
    above = next((n for n in range(len(own) - 1, 0, -1) if own[n].strip()), 0)
    if not last and above and own[above].strip().isdigit() and not own[above - 1].strip():
        del own[above:]  # its number, in a file with empty lines between all others
    elif not last and own and _is_name(own, names, named):
        del own[-1]
    if not named:
        return own
    at = next((n for n, line in enumerate(own) if line.strip()), len(own))
    until = _until(own, at)
    # An empty line right below the times is a common slip; then the next paragraph is meant, if it can be text.
    return [] if at and own[at:] and _is_comment(own[at]) else own[at:until]


def _until(lines: Sequence[str], at: int) -> int:
    """Where the text from ``at`` on ends: at an empty line, or at one of spaces with a comment behind it (else it is
    text, as players have it)."""
    until, comment = len(lines), False
    for number in range(len(lines) - 1, at - 1, -1):
        line = lines[number]
        if line.strip():
            comment = _is_comment(line)
        elif not line or comment:
            until = number
    return until


def _is_name(lines: Sequence[str], names: _Names, named: bool) -> bool:
    line = lines[-1].strip()
    if line.isdigit():
        return True
    if not line or len(line) > _LONGEST_NAME:
        return False
    separate = len(lines) > 1 and not lines[-2].strip()
    return _shape(line) in names.shapes or (named and separate and (names.first or len(lines) > 2))


def _is_comment(line: str) -> bool:
    return line.split(None, 1)[0] in _COMMENTS
