"""What the parsers of other formats share: cues of plain text, words put on the text, ends that are not written."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median

from longvid_indexer.subtitles.cue import LONGEST_S, Cue, CueLine, Subtitles
from longvid_indexer.subtitles.markup import visible
from longvid_storage.types import Word

# Nobody who is understood speaks more slowly (characters a second); what is longer is silence.
_SLOWEST_SPEECH = 5.0
_BREATH_S = 2.0
_USUAL_SPEECH = 15.0
_SHORTEST_S = 1.0
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u202a\u202b\u202c\u2060\ufeff"))
_CLOCK = re.compile(
    r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2})"
    r"(?:(?:[.,]|:(?=\d{3}))(\d{1,9})|(?<=\d\d:\d\d:\d\d)[:;](\d\d))?\Z"
)
# Pictures behind the seconds, where nothing tells how many a second has.
_FRAMES_A_SECOND = 30
_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
# ISO 8601's lengths ("PT1M2.5S"), and what protocol buffers make of theirs ("2.5s").
_LENGTH = re.compile(rf"(?:PT(?:({_NUMBER})H)?(?:({_NUMBER})M)?)?(?:({_NUMBER})S)?\Z", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
SINCE_1970_S = 1e8
"""A time beyond this is no place in a recording but a moment of the calendar."""
# Slower than this (seconds a letter) nobody speaks: then whole numbers are not seconds.
_NOT_SECONDS = 2.0

TimedWord = tuple[str, float | None, float | None]
"""A word as written, with its start and end in seconds where they are given."""


def bare(text: str) -> str:
    """White space single, invisible characters taken out."""
    return " ".join(visible(text).translate(_INVISIBLE).split())


def seconds(value: object) -> float | None:
    """A number of seconds, a clock (``"01:02:03.5"``, ``"2:03,500"``) or a length (``"2.5s"``); else None.

    A moment of the calendar (``"2024-03-07T10:02:03Z"``) is the seconds since 1970.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if abs(value) <= LONGEST_S * 1000 and math.isfinite(value) else None
    if not isinstance(value, str) or len(value) > 40:
        return None
    text = value.strip()
    if match := _CLOCK.match(text):
        hours, minutes, whole, fraction, frame = match.groups()
        part = float(f"0.{fraction or 0}") + min(int(frame or 0) / _FRAMES_A_SECOND, 1.0)
        return int(hours or 0) * 3600 + int(minutes) * 60 + int(whole) + part
    if re.fullmatch(_NUMBER, text):
        return float(text)
    match = _LENGTH.match(text)
    if match is None or not any(match.groups()):
        return _moment(text)
    hours, minutes, rest = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + rest


def _moment(text: str) -> float | None:
    if _MOMENT.match(text) is None:
        return None
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def speaker_label(value: object) -> str | None:
    """Who speaks, as files write it: a name or label, and a mere number as ``"Speaker 1"``."""
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
        return None
    return f"Speaker {value}" if str(value).strip().isdecimal() else str(value).strip()


def unit_of(spans: Sequence[tuple[float | None, float | None, int]]) -> float:
    """The seconds of one unit in which starts, ends and the letters said between them are counted: 1.0, or 0.001.

    Told by how long a letter would take: services that count milliseconds do not say so.
    """
    slow: list[float] = []
    for number, (start, end, letters) in enumerate(spans):
        after = spans[number + 1][0] if number + 1 < len(spans) else None
        until = end if end is not None else after
        if start is not None and until is not None and until > start and letters:
            slow.append((until - start) / letters)
    if not slow or any(value % 1 for span in spans for value in span[:2] if value is not None):
        return 1.0
    return 0.001 if median(slow) > _NOT_SECONDS else 1.0


def add_spoken(
    read: Subtitles,
    start_s: float | None,
    end_s: float | None,
    text: str,
    speaker: str | None = None,
    words: Sequence[TimedWord] = (),
) -> None:
    """Append one cue of plain text; a span that cannot be shown is mended or left out, and counted."""
    said = bare(text)
    if not said:
        read.problems["empty cues were left out"] += 1
        return
    if start_s is None or not 0 <= start_s <= LONGEST_S or (end_s is not None and end_s > LONGEST_S):
        read.problems["cues without readable times were left out"] += 1
        return
    if end_s is None:
        end_s = start_s + spoken_for(said)
    elif end_s <= start_s:
        read.problems["cues that ended before they began got an estimated end"] += 1
        end_s = start_s + spoken_for(said)
    line = CueLine(said, bare(speaker or "") or None, put_on(said, words, start_s, end_s))
    read.cues.append(Cue(float(start_s), float(end_s), (line,)))


def spoken_for(text: str) -> float:
    """Seconds that it takes to say this, by its length."""
    return max(_SHORTEST_S, len(text) / _USUAL_SPEECH)


def until_next(starts: Sequence[float], texts: Sequence[str]) -> list[float | None]:
    """Ends for texts of which only the starts are known: the next start, earlier where nobody could be so slow.

    ``starts`` in order. None for the last, and where two begin together: it ends by its length.
    """
    ends: list[float | None] = []
    for (start_s, after_s), text in zip(pairwise(starts), texts, strict=False):
        slowest_s = start_s + len(text) / _SLOWEST_SPEECH + _BREATH_S
        ends.append(min(after_s, slowest_s) if after_s > start_s else None)
    return [*ends, None] if starts else []


def put_on(text: str, words: Iterable[TimedWord], start_s: float, end_s: float) -> tuple[Word, ...]:
    """The words of ``text``, as white space parts it, with the times of ``words``.

    Recognisers part words otherwise ("don", "'t"; one by one in Chinese), which are joined. Missing times lie between
    the known ones. Nothing when the words do not spell the text.
    """
    wanted = text.split()
    parts = [piece for word in words for piece in _pieces(*word)]
    if not parts or "".join(word for word, _, _ in parts) != "".join(wanted):
        return ()
    joined: list[tuple[str, float | None, float | None]] = []
    at = 0
    for word in wanted:
        spelt, first, last = "", parts[at][1], parts[at][2]
        while at < len(parts) and len(spelt) < len(word):
            spelt, last = spelt + parts[at][0], parts[at][2]
            at += 1
        if spelt != word:
            return ()
        joined.append((word, first, last))
    return _filled(joined, start_s, end_s)


def _pieces(word: str, begin: float | None, end: float | None) -> Iterator[TimedWord]:
    """What is given as one word but has white space in it, its time shared by length."""
    pieces = bare(word).split()
    if len(pieces) < 2 or begin is None or end is None:
        yield from ((piece, begin if not at else None, None) for at, piece in enumerate(pieces[:-1]))
        yield from ((piece, begin if len(pieces) == 1 else None, end) for piece in pieces[-1:])
        return
    letters, at = sum(map(len, pieces)), 0
    for piece in pieces:
        yield piece, begin + (end - begin) * at / letters, begin + (end - begin) * (at + len(piece)) / letters
        at += len(piece)


def _filled(words: Sequence[TimedWord], start_s: float, end_s: float) -> tuple[Word, ...]:
    """Times in order within the span; a word without any begins where the one before it ended."""
    if all(begin is None for _, begin, _ in words):
        return ()
    following: list[float] = []
    known_s = end_s
    for _, begin, _ in reversed(words):
        following.append(known_s)
        known_s = min(known_s, begin) if begin is not None else known_s
    made, last_s, ended_s = [], start_s, start_s
    for (word, begin, end), next_s in zip(words, reversed(following), strict=True):
        from_s = min(max(last_s, begin if begin is not None else ended_s), end_s)
        to_s = min(max(from_s, end if end is not None else next_s), end_s)
        made.append(Word(word, from_s, to_s))
        last_s, ended_s = from_s, to_s
    return tuple(made)
