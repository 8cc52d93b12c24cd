"""Lines of screen text over the states of one stretch: each is there from the state that first shows it to the one
that no longer does, also where it is scrolled meanwhile or grows as it is typed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from longvid_indexer.screen_reader import ReadLine
from longvid_storage.types import Box, ScreenText

# Two readings of one line differ by a letter now and then; two numbers that differ in a digit are two.
_SAME = 0.85
# A line of which less than this is inside the rows that were read is not judged by what was read there.
_INSIDE = 0.8
# What differs between readings of the same print, and never between two things that are written.
_LOOK_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", "5": "s"})

_MINUS = str.maketrans("−–", "--")


@dataclass
class _SeenLine:
    start_s: float
    read: ReadLine


class LineTracker:
    """Give it what was read of each state, in order; it gives back the lines with their spans."""

    def __init__(self) -> None:
        self._there: list[_SeenLine] = []
        self._gone: list[ScreenText] = []

    def see(self, at_s: float, top: float, bottom: float, read: Sequence[ReadLine]) -> None:
        """From ``at_s`` on the rows ``[top, bottom)``, fractions of the height, show these lines and no others."""
        judged = [line for line in self._there if _share_inside(line.read.box, top, bottom) >= _INSIDE]
        rest = [line for line in self._there if _share_inside(line.read.box, top, bottom) < _INSIDE]
        left = list(judged)
        now = []
        once = _Once([each.read for each in judged], read)
        for line in read:
            # Rows are cut a little outside of what changed: half a line there is one that did not change.
            if any(overlap(line.box, other.read.box) > 0.3 for other in rest):
                continue
            before = _match(line, left, once)
            if before is None:
                now.append(_SeenLine(at_s, line))
            else:
                left.remove(before)
                now.append(_SeenLine(before.start_s, _better(before.read, line)))
        self._end(left, at_s)
        self._there = [*rest, *now]

    def finish(self, end_s: float) -> list[ScreenText]:
        """The stretch ends; all lines, in order of time and place."""
        self._end(self._there, end_s)
        self._there = []
        return sorted(self._gone, key=lambda line: (line.start_s, line.box[1], line.box[0]))

    def _end(self, lines: Sequence[_SeenLine], end_s: float) -> None:
        for line in lines:
            if end_s > line.start_s:
                read = line.read
                self._gone.append(ScreenText(line.start_s, end_s, read.text, read.box, read.confidence))


class _Once:
    """Lines that are there once before and once now tell how far what stands beside them was scrolled."""

    def __init__(self, before: Sequence[ReadLine], now: Sequence[ReadLine]) -> None:
        were, are = Counter(line.text for line in before), Counter(line.text for line in now)
        tops = {line.text: line.box[1] for line in before if were[line.text] == 1}
        self._several = {text for count in (were, are) for text, times in count.items() if times > 1}
        self._moved = [
            (line.box, line.box[1] - tops[line.text])
            for line in now
            if are[line.text] == 1 and line.text in tops
        ]

    def shift(self, box: Box) -> float | None:
        """How far down, as a fraction of the height, the nearest one above or below was moved; None without any."""
        column = [each for each in self._moved if min(each[0][2], box[2]) > max(each[0][0], box[0])]
        return min(column, key=lambda each: abs(each[0][1] - box[1]))[1] if column else None

    def several(self, text: str) -> bool:
        """Whether a text stands there more than once."""
        return text in self._several


def _match(line: ReadLine, there: Sequence[_SeenLine], once: _Once) -> _SeenLine | None:
    """The line of before that this one is: where it was scrolled to or at its place first, else anywhere.

    Of texts that stand there more than once (the "ok" of a chat) only the one that was scrolled to this place.
    """
    shift = once.shift(line.box) if once.several(line.text) else None
    down = shift or 0.0
    for each in there:
        left, top, right, bottom = each.read.box
        if overlap(line.box, (left, top + down, right, bottom + down)) > 0.5 and (
            _same(each.read.text, line.text) or _grown(each.read.text, line.text)
        ):
            return each
    if shift is not None:
        return None
    return next((each for each in there if _same(each.read.text, line.text)), None)


def _same(a: str, b: str) -> bool:
    if a == b:
        return True
    if any({one, two} == {"+", "-"} for one, two in zip(_signs(a), _signs(b), strict=False)):
        return False
    one, two = (re.sub(r"\W+", "", text.lower()) for text in (a, b))
    if _numbers(a) != _numbers(b) and one.translate(_LOOK_ALIKE) != two.translate(_LOOK_ALIKE):
        return False
    if SequenceMatcher(None, one, two, autojunk=False).ratio() < _SAME:
        return False
    words, others = (_words(text) for text in (a, b))
    return len(words) != len(others) or all(map(_misread, words, others))


def _misread(word: str, other: str) -> bool:
    """Whether two words may be two readings of one: a letter of five differs, or one; not "pepper" and "copper"."""
    if word == other:
        return True
    blocks = SequenceMatcher(None, word, other, autojunk=False).get_matching_blocks()
    longer = max(len(word), len(other))
    return longer - sum(block.size for block in blocks) <= max(1, longer // 5)


def _words(text: str) -> list[str]:
    """Words without numbers, letters that look alike as one."""
    return re.findall(r"[^\W\d_]+", text.lower().translate(_LOOK_ALIKE).replace("rn", "m"))


def _numbers(text: str) -> list[str]:
    return re.findall(r"\d+", text)


def _signs(text: str) -> list[str]:
    """What stands before each number: "+", "-", or nothing."""
    return [sign.translate(_MINUS) for sign in re.findall(r"(?<![\w.,])([+\-−–]?)\d+", text)]


def _grown(before: str, now: str) -> bool:
    """Whether the line was typed on: it begins with what was there, and no number became another one."""
    if len(now) <= len(before) or not now.startswith(before):
        return False
    return not (before[-1:].isdigit() and now[len(before)].isdigit())


def _better(before: ReadLine, now: ReadLine) -> ReadLine:
    """The same line read twice: the longer where it was typed on, else the surer reading, where it is now."""
    if _grown(before.text, now.text) or now.confidence >= before.confidence:
        return now
    return replace(before, box=now.box)


def _share_inside(box: Box, top: float, bottom: float) -> float:
    height = max(box[3] - box[1], 1e-6)
    return max(0.0, min(box[3], bottom) - max(box[1], top)) / height


def overlap(a: Box, b: Box) -> float:
    """Shared area over that of the smaller box."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return wide * high / max(smaller, 1e-9)
