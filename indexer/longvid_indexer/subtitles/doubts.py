"""What a file says that cannot be so: a talk in two seconds, thumbnails or chapters where speech should be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from longvid_indexer.subtitles.cue import Cue, CueLine, Subtitles
from longvid_indexer.subtitles.timing import READING_SPEED
from longvid_storage.types import covered_s

_CRAMMED = "cues hold more than anyone can say in their time; where there was room, they last longer"
# Letters a second. The fastest talkers reach about 30; subtitles may be shown a little late and end a little early.
_LETTERS_MAX = 60.0
_SLACK_S = 0.25
# A fluent talk of about 150 words a minute, for text whose true length nobody knows.
_TALKING_SPEED = 15.0
# Words of a piece, where text is spread over a recording.
_PIECE_WORDS = 20
_DATA_SHARE = 0.8
_FEWEST_CHAPTERS, _CHAPTER_S, _TITLE_WORDS = 3, 45.0, 10
_FILES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".avif", ".svg", ".vtt", ".mp4", ".ts", ".m4s")
_ADDRESSES = ("http://", "https://", "data:", "blob:", "file:")
_ELEMENT = re.compile(r"<[A-Za-z][^<>]{0,2000}=[^<>]{0,2000}>(?:[^<>]{0,2000}</[\w:]{1,40}>)?\Z")
# Bytes as letters: no word has so many, in both cases and with a digit or an equals sign.
_ENCODED = re.compile(r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^\d=]*[\d=])[A-Za-z0-9+/_-]{20,}={0,2}\Z")
_KEY = re.compile(r"[{\[]\s{0,20}[\"'{\[]|[{\[]\s{0,20}[}\]]")


def without_data(read: Subtitles) -> None:
    """Leave out all cues of a track that a player reads, not a person: picture names, addresses, JSON, chapters."""
    if _are_chapters(read.cues):
        read.cues.clear()
        read.remarks.append("a track of chapters: nothing in it is speech")
        return
    data = sum(map(_is_data, read.cues))
    if data and data >= _DATA_SHARE * len(read.cues):
        read.cues.clear()
        read.remarks.append("a track of thumbnails or metadata: nothing in it is speech")


def _are_chapters(cues: Sequence[Cue]) -> bool:
    """Whether minutes pass below each of a few words, and the next ones follow at once: nobody speaks like that."""
    return (
        len(cues) >= _FEWEST_CHAPTERS
        and all(c.end_s - c.start_s >= _CHAPTER_S for c in cues[:-1])
        and all(abs(after.start_s - c.end_s) <= 1.0 for c, after in pairwise(cues))
        and all(len(c.lines) == 1 and len(c.lines[0].text.split()) <= _TITLE_WORDS for c in cues)
        and not any(c.lines[0].text.endswith((".", ",", "!", "…")) for c in cues)
    )


def _is_data(cue: Cue) -> bool:
    text = " ".join(line.text for line in cue.lines[:4])
    last = cue.lines[-1].text
    if _KEY.match(text):
        return last.endswith(("}", "]"))
    if len(cue.lines) == 1 and _ELEMENT.match(text):
        return True
    if len(cue.lines) > 1 or " " in text:
        return False
    if _ENCODED.match(text):
        return True
    name = text.partition("#")[0].partition("?")[0].lower()
    return name.endswith(_FILES) or name.startswith(_ADDRESSES)


def possible_times(read: Subtitles, until_s: float | None) -> None:
    """Mend cues that hold more than anyone can say in their time; ``read.cues`` are in order of their starts.

    A few last longer, as far as the next one leaves room. Where most of the text is so, no time of the file is worth
    anything: the text is spread evenly up to ``until_s``, or over the time that a talk of its length takes.
    """
    letters = [_letters(cue) for cue in read.cues]
    crammed = [
        n > _LETTERS_MAX * (cue.end_s - cue.start_s + _SLACK_S)
        for n, cue in zip(letters, read.cues, strict=True)
    ]
    shown_s = covered_s((cue.start_s, cue.end_s) for cue in read.cues)
    if sum(letters) > _LETTERS_MAX * (shown_s + _SLACK_S):
        crammed = [True] * len(letters)  # each for itself may be possible, but not all at once
    if not any(crammed):
        return
    lost = sum(n for n, bad in zip(letters, crammed, strict=True) if bad)
    if lost * 2 >= sum(letters):
        words = sum(len(line.text.split()) for cue in read.cues for line in cue.lines)
        length_s = sum(c.end_s - c.start_s for c, bad in zip(read.cues, crammed, strict=True) if bad)
        length_s = min(length_s, shown_s)
        read.cues[:] = _spread(read.cues, sum(letters), until_s)
        read.guessed = True
        read.remarks.append(
            f"its times cannot be right ({words} words, most of them in {length_s:.1f} s): the text was spread evenly"
            " over the recording, so that every time is a guess"
        )
        return
    for place, bad in enumerate(crammed):
        if bad:
            read.problems[_CRAMMED] += 1
            cue = read.cues[place]
            needed_s = cue.start_s + letters[place] / READING_SPEED
            room_s = read.cues[place + 1].start_s if place + 1 < len(read.cues) else needed_s
            read.cues[place] = replace(cue, end_s=max(cue.end_s, min(needed_s, room_s)))


def _letters(cue: Cue) -> int:
    return sum(len(line.text) for line in cue.lines)


def _spread(cues: Sequence[Cue], letters: int, until_s: float | None) -> list[Cue]:
    """Pieces of a few words each, every letter at the same pace."""
    start_s = cues[0].start_s
    if until_s is None or until_s <= start_s:
        until_s = start_s + letters / _TALKING_SPEED
    lines = [CueLine(text, line.speaker) for cue in cues for line in cue.lines for text in _pieces(line.text)]
    pace_s = (until_s - start_s) / sum(len(line.text) for line in lines)
    spread, said = [], 0
    for line in lines:
        begin, said = said, said + len(line.text)
        spread.append(Cue(start_s + pace_s * begin, start_s + pace_s * said, (line,)))
    return spread


def _pieces(text: str) -> Iterator[str]:
    words: list[str] = []
    for word in text.split():
        words.append(word)
        if len(words) >= _PIECE_WORDS or (len(words) > 3 and word.endswith((".", "?", "!"))):
            yield " ".join(words)
            words = []
    if words:
        yield " ".join(words)
