"""Praat's TextGrid, long and short (https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html).

Praat reads numbers, quoted texts and flags that stand free, and nothing else: so both forms are one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.tiers import Tier, add_tiers

_HEAD = re.compile(r"\s{0,99}(?:File type = )?\"ooTextFile\"\s{1,99}(?:Object class = )?\"TextGrid\"")
_VALUE = re.compile(r'"((?:[^"]|"")*+)"|(?<!\S)(-?\d{1,9}(?:\.\d{1,20})?(?:[eE]-?\d{1,2})?)(?!\S)')


def is_textgrid(text: str) -> bool:
    """Whether this is a TextGrid as text."""
    return _HEAD.match(text) is not None


def parse_textgrid(text: str) -> Subtitles:
    """The speech of its tiers of intervals; of a file that is cut off, what stands before that."""
    read = Subtitles()
    head = _HEAD.match(text)
    values = (
        match[1].replace('""', '"') if match[1] is not None else float(match[2])
        for match in _VALUE.finditer(text, head.end() if head else 0)
    )
    tiers: list[Tier] = []
    try:
        _number(values), _number(values)
        for _ in range(int(_number(values))):
            kind, name = _text(values), _text(values)
            _number(values), _number(values)
            tiers.append(Tier(name))
            for _ in range(int(_number(values))):
                if kind == "IntervalTier":
                    tiers[-1].intervals.append((_number(values), _number(values), _text(values)))
                else:  # marks of a moment: tones, beats
                    _number(values), _text(values)
    except (StopIteration, TypeError):
        read.problems["damaged place in the TextGrid: what stands after it was left out"] += 1
    add_tiers(read, tiers)
    return read


def _number(values: Iterator[str | float]) -> float:
    if isinstance(value := next(values), float):
        return value
    raise TypeError(f"{value!r} stands where a number belongs")


def _text(values: Iterator[str | float]) -> str:
    if isinstance(value := next(values), str):
        return value
    raise TypeError(f"{value!r} stands where a text belongs")
