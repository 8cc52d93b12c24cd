"""What in a cue's lines is speech: descriptions of sounds are not, dashes and song signs are no words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from longvid_indexer.subtitles.cue import CueLine
from longvid_indexer.subtitles.descriptions import closing_bracket, is_sound, opening_bracket

# A description runs over so many lines of a cue at most.
_LINES_MAX = 4
_DASH = re.compile(r"[-–—‐](?:\s+|(?=[^\W\d]))")
# Marks of whisper.cpp: of times, of a change of voice.
_MARKS = re.compile(r"\s?\[(?:_[A-Z]{2,4}_(?:\d{1,6}\]|\])|SPEAKER_TURN\])")
# What services write into a transcript: Panopto's first line; Rev's times of what could not be heard.
_WRITTEN = re.compile(r"\[Auto-generated transcript\.[^\[\]]{0,100}\]")
_UNHEARD = re.compile(
    r"\[(inaudible|crosstalk|unintelligible|indiscernible|foreign language)\s\d{1,2}:\d{2}(?::\d{2})?\]",
    re.IGNORECASE,
)
_MUSIC = re.compile("[♪♫♬]+")


def join_brackets(lines: Sequence[CueLine]) -> tuple[CueLine, ...]:
    """The lines of a cue, with a description that runs over several of them as one line."""
    joined: list[CueLine] = []
    until = 0
    for number, line in enumerate(lines):
        if number < until:
            continue
        until = _closed_below(lines, number)
        together = lines[number:until]
        if len(together) > 1:
            line = replace(line, text=" ".join(part.text for part in together), words=())
        joined.append(line)
    return tuple(joined)


def _closed_below(lines: Sequence[CueLine], number: int) -> int:
    """The line after the one in which the bracket closes that this line begins with and does not close."""
    text = lines[number].text
    at = opening_bracket(text)
    if at is not None and text[at] != "*":
        closing = closing_bracket(text[at])
        if closing not in text:
            for other in range(number + 1, min(number + _LINES_MAX, len(lines))):
                if closing in lines[other].text:
                    whole = lines[other].text.endswith((closing, closing + "."))
                    return other + 1 if whole else number + 1
    return number + 1


def _without_notes(line: CueLine) -> CueLine:
    text = _UNHEARD.sub(r"[\1]", _WRITTEN.sub(" ", line.text))
    return line if text == line.text else replace(line, text=" ".join(text.split()), words=())


def tidy_line(line: CueLine) -> CueLine | None:
    """The line without its dialogue dash or song signs; None when it describes sound only."""
    if "[" in line.text:
        line = _without_notes(line)
    if not line.text or is_sound(line.text):
        return None
    text = (
        _MARKS.sub("", line.text).strip() if "[_" in line.text or "[SPEAKER_TURN]" in line.text else line.text
    )
    if (dash := _DASH.match(text)) is not None:
        text = text[dash.end() :]
    if _MUSIC.search(text) is not None:
        text = " ".join(_MUSIC.sub(" ", text).split())
        if not any(map(str.isalnum, text)):
            return None
    if len(text) > 2 and text[0] == text[-1] == "#":
        text = text[1:-1].strip()
    return replace(line, text=text) if text else None
