"""Transcripts as JSON: Whisper and its kin, hosted recognisers, meeting programs, editors, podcasts, YouTube's json3.

All of them hold a list of stretches or words with times and a text; names and depth differ. Every list of objects is
looked at, and the one is taken that says most: with speakers, sentences and times of words before one without. JSON
that has no such list gives no cue.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

from longvid_indexer.subtitles.building import (
    SINCE_1970_S,
    TimedWord,
    add_spoken,
    seconds,
    unit_of,
    until_next,
)
from longvid_indexer.subtitles.cue import LONGEST_S, Subtitles
from longvid_indexer.subtitles.json_items import Piece, joined, person, read_piece, speaker_of
from longvid_indexer.subtitles.languages import normalise_language
from longvid_indexer.subtitles.spotify import add_sections
from longvid_storage.text.shown import read_json

# Parsed JSON takes many times its bytes; a day with every word's times is about half of this.
LARGEST_CHARACTERS = 32 * 2**20
_DEEPEST = 8
# Channels, guesses and videos are few; longer lists are lists of stretches, whose elements hold no other list of them.
_FEW = 8
_LOOKED_AT = 40
_LANGUAGES = frozenset(("language", "languagecode", "language_code", "lang", "locale"))
# Where only words have times, a stretch ends at the end of a sentence, at a pause, or when it is this long.
_PAUSE_S = 1.0
_LONGEST_STRETCH_S = 15.0
_ENDS = (".", "?", "!", "。", "？", "！", "।")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One list of the document, as far as it can be read, and whether it is one of stretches."""

    pieces: list[Piece]
    stretches: bool

    @property
    def letters(self) -> int:
        return sum(
            len(piece.text or "") or sum(len(w.text or "") for w in piece.words) for piece in self.pieces
        )


def parse_json(text: str) -> Subtitles:
    """The cues of a JSON transcript; none when it is no JSON, too large, or something else."""
    read = Subtitles()
    if len(text) > LARGEST_CHARACTERS:
        read.problems[f"JSON of more than {LARGEST_CHARACTERS} characters is not read"] += 1
        return read
    document = _parsed(text)
    if not isinstance(document, (dict, list)):
        read.problems["JSON that cannot be parsed"] += 1
        return read
    if isinstance(document, dict) and isinstance(document.get("events"), list):
        _youtube(read, document["events"])
    elif isinstance(document, dict) and isinstance(document.get("section"), list):
        add_sections(read, document["section"])
        language = document.get("language")
        read.language = normalise_language(language) if isinstance(language, str) else None
    lists = {} if read.cues else _lists(document, read)
    chosen = _best(lists)
    if chosen is not None:
        _add_all(read, chosen, lists)
    read.cues.sort(key=lambda cue: (cue.start_s, cue.end_s))
    return read


def _parsed(text: str) -> Any:
    """The document; objects one a line (JSON Lines) are a list."""
    try:
        return read_json(text)
    except RecursionError:
        return None
    except ValueError:
        pass
    try:
        return [read_json(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return None


def _lists(document: Any, read: Subtitles) -> dict[tuple[str, ...], list[Any]]:
    """Every list of objects by the keys that lead to it, shallow ones first; those of few channels are joined."""
    found: dict[tuple[str, ...], list[Any]] = {}
    level: list[tuple[tuple[str, ...], Any]] = [((), document)]
    for _ in range(_DEEPEST):
        below: list[tuple[tuple[str, ...], Any]] = []
        for path, node in level:
            node = _numbered(node)
            if isinstance(node, dict):
                told = next((node[key] for key in node if key.casefold() in _LANGUAGES), None)
                if read.language is None and isinstance(told, str):
                    read.language = normalise_language(told)
                below += [
                    ((*path, key), value) for key, value in node.items() if isinstance(value, (dict, list))
                ]
            elif any(isinstance(element, dict) for element in node):
                node = node[:1] if path and path[-1].casefold() in ("alternatives", "nbest") else node
                found.setdefault(path, []).extend(node)
                if len(node) <= _FEW:
                    below += [(path, element) for element in node if isinstance(element, dict)]
        level = below
    return found


def _numbered(node: Any) -> Any:
    """Objects under their numbers (``{"0": …, "1": …}``) as a list."""
    if isinstance(node, dict) and len(node) > 1 and all(key.isdecimal() for key in node):
        return list(node.values())
    return node


def _best(lists: Mapping[tuple[str, ...], list[Any]]) -> _Candidate | None:
    read = [found for items in lists.values() if (found := _readable(items)) is not None]
    most = max((found.letters for found in read), default=0)
    whole = [found for found in read if found.letters * 10 >= most * 7]
    return max(whole, key=_worth, default=None)


def _readable(items: Sequence[Any]) -> _Candidate | None:
    """The list as stretches or words, None when it has no text or no times."""
    looked = [read_piece(item) for item in items[:_LOOKED_AT]]
    said = [piece for piece in looked if _said(piece).strip()]
    timed = sum(_begins(piece) is not None or piece.end is not None for piece in said)
    if not said or timed * 2 < len(said):
        return None
    stretches = any(piece.words for piece in said) or median(_length(piece) for piece in said) > 1
    rest = [read_piece(item) for item in items[_LOOKED_AT:]]
    told = [piece for piece in (*looked, *rest) if piece.text is not None or piece.words]
    return _Candidate(_without_repetition(told), stretches)


def _without_repetition(pieces: list[Piece]) -> list[Piece]:
    """Where the end says all once more, the end alone: Google's words, told again with their speakers."""
    half = len(pieces) // 2
    told = [
        (piece.text, piece.start) for piece in pieces if piece.text is not None and piece.start is not None
    ]
    if half and len(told) == len(pieces) and told[:half] == told[half:]:
        return pieces[half:]
    if len(pieces) < 2 or not pieces[-1].words:
        return pieces
    spelt = ("".join(_said(piece).split()) for piece in pieces[:-1])
    return pieces[-1:] if "".join(spelt) == "".join(_said(pieces[-1]).split()) else pieces


def _worth(found: _Candidate) -> tuple[bool, bool, bool, bool]:
    some = found.pieces[:_LOOKED_AT]
    return (
        any(_voice(piece) is not None for piece in some),
        any(mark in _said(piece) for piece in some for mark in _ENDS),
        not found.stretches or any(piece.words for piece in some),
        found.stretches,
    )


def _said(piece: Piece) -> str:
    return piece.text if piece.text is not None else joined([word.text or "" for word in piece.words])


def _length(piece: Piece) -> float:
    """In words, where four letters of a script without spaces are one."""
    words = _said(piece).split()
    return sum(1 if word.isascii() else max(1.0, len(word) / 4) for word in words)


def _begins(piece: Piece) -> float | None:
    starts = (word.start for word in piece.words if word.start is not None and (word.text or "").strip())
    return piece.start if piece.start is not None else min(starts, default=None)


def _voice(piece: Piece) -> str | None:
    """Who says it; where only its words have speakers, the one of most."""
    if piece.speaker is not None or not piece.words:
        return piece.speaker
    voices = Counter(word.speaker for word in piece.words if word.speaker is not None)
    return voices.most_common(1)[0][0] if voices else None


def _add_all(read: Subtitles, found: _Candidate, lists: Mapping[tuple[str, ...], list[Any]]) -> None:
    scale = _scale(found.pieces)
    pieces = _from_the_first(read, [piece.scaled(scale) for piece in found.pieces])
    if not any(_voice(piece) for piece in pieces):
        pieces = _named(pieces, lists, scale)
    stretches = (
        [part for piece in pieces for part in _short(piece)] if found.stretches else list(_sentences(pieces))
    )
    people = dict(each for items in lists.values() for item in items[:200]
                  if isinstance(item, dict) and (each := person(item)) is not None)  # fmt: skip
    ended: float | None = None
    placed: list[Piece] = []
    for piece in stretches:
        start = _begins(piece)
        # Some say only when a stretch ended: it began where the one before it did.
        start = start if start is not None or piece.end is None else ended or 0.0
        placed.append(replace(piece, start=start))
        ended = piece.end if piece.end is not None else ended
    placed.sort(key=lambda piece: LONGEST_S if piece.start is None else piece.start)
    known = [piece for piece in placed if piece.start is not None]
    following = until_next([piece.start or 0.0 for piece in known], list(map(_said, known)))
    ends = dict(zip(map(id, known), following, strict=True))
    for piece in placed:
        last = max((word.end for word in piece.words if word.end is not None), default=None)
        end_s = next((end for end in (piece.end, last, ends.get(id(piece))) if end is not None), None)
        voice = _voice(piece)
        words: list[TimedWord] = [word.timed_word() for word in piece.words]
        add_spoken(read, piece.start, end_s, _said(piece), people.get(voice or "", voice), words)


def _from_the_first(read: Subtitles, pieces: list[Piece]) -> list[Piece]:
    """Moments of the calendar counted from the first one; what has no moment there has no time."""
    starts = [start for piece in pieces if (start := _begins(piece)) is not None and start > SINCE_1970_S]
    if not starts:
        return pieces
    read.problems["file has times of day: they were counted from its first one"] += 1
    return [piece.since(min(starts)) for piece in pieces]


def _scale(pieces: Sequence[Piece]) -> float:
    """Seconds of a bare number: most services count seconds, some milliseconds, and hardly one says it."""
    timed = (
        each for piece in pieces for each in ((piece,) if piece.start is not None else (piece, *piece.words))
    )
    counted = [piece for piece in timed if piece.counted]
    spans = [(piece.start, piece.end, len(_said(piece))) for piece in counted]
    return unit_of(spans)


def _short(piece: Piece) -> Iterator[Piece]:
    """The stretch, in sentences where it is none of its own but holds a speech or a whole recording word for word."""
    spelt = "".join("".join(word.text or "" for word in piece.words).split())
    own = (
        piece.start is not None
        and piece.end is not None
        and piece.end - piece.start <= _LONGEST_STRETCH_S * 2
    )
    if own or not spelt or (piece.text is not None and "".join(piece.text.split()) != spelt):
        yield piece
        return
    for part in _sentences(piece.words):
        yield replace(part, speaker=_voice(part) or piece.speaker)


@dataclass(slots=True)
class _Run:
    """Words that belong together so far: who speaks, when the first of them begins and the last one ends."""

    words: list[Piece] = field(default_factory=list)
    speaker: str | None = None
    start: float | None = None
    end: float | None = None

    def add(self, word: Piece) -> None:
        self.words.append(word)
        self.speaker = self.speaker if word.speaker is None else word.speaker
        self.start = word.start if self.start is None else self.start
        self.end = self.end if word.end is None else word.end

    def ends_before(self, word: Piece) -> bool:
        if word.speaker is not None and word.speaker != self.speaker:
            return True
        if joined([each.text or "" for each in self.words[-2:]]).rstrip().endswith(_ENDS):
            return True
        if word.start is None:
            return False
        return (self.end is not None and word.start - self.end > _PAUSE_S) or (
            self.start is not None and word.start - self.start > _LONGEST_STRETCH_S
        )


def _sentences(words: Sequence[Piece]) -> Iterator[Piece]:
    """Stretches out of a plain list of words; signs and spaces stay with the word before them."""
    run = _Run()
    for word in words:
        if run.words and any(map(str.isalnum, word.text or "")) and run.ends_before(word):
            yield _stretch(run)
            run = _Run()
        if run.words or (word.text or "").strip():
            run.add(word)
    if run.words:
        yield _stretch(run)


def _stretch(run: _Run) -> Piece:
    return Piece(None, None, None, None, tuple(run.words))


def _named(pieces: Sequence[Piece], lists: Mapping[tuple[str, ...], list[Any]], scale: float) -> list[Piece]:
    """With the speakers of a list of turns that stands apart: times and labels without text."""
    for items in lists.values():
        turns = sorted(
            (piece.start, speaker)
            for item in items
            if isinstance(item, dict)
            and (piece := read_piece(item).scaled(scale)).start is not None
            and not _said(piece).strip()
            and (speaker := piece.speaker or speaker_of(item)) is not None
        )
        if turns:
            starts = [start for start, _ in turns]
            names = [who for _, who in turns]
            return [_with_speaker(piece, starts, names) for piece in pieces]
    return list(pieces)


def _with_speaker(piece: Piece, starts: Sequence[float], names: Sequence[str]) -> Piece:
    def who(start: float | None) -> str | None:
        at = bisect_right(starts, start + 1e-3) - 1 if start is not None else -1
        return names[at] if at >= 0 else None

    words = tuple(replace(word, speaker=who(word.start)) for word in piece.words)
    return replace(piece, speaker=None if words else who(piece.start), words=words)


def _youtube(read: Subtitles, events: Sequence[Any]) -> None:
    """YouTube's json3: a time and pieces of text an event; automatic captions have an offset a word."""
    lines = [event for event in events if isinstance(event, dict) and _line(event).strip()]
    for number, event in enumerate(lines):
        start_s, end_s = read_piece(event).start, read_piece(event).end
        pieces = [piece for piece in event["segs"] if isinstance(piece, dict)]
        words: list[TimedWord] = []
        if start_s is not None and any("tOffsetMs" in piece for piece in pieces):
            # A line stays on screen while the next one is spoken.
            next_s = read_piece(lines[number + 1]).start if number + 1 < len(lines) else None
            if next_s is not None and end_s is not None and start_s < next_s < end_s:
                end_s = next_s
            begins = [start_s + _offset(piece) for piece in pieces]
            words = [
                (read_piece(piece).text or "", begin, after)
                for piece, begin, after in zip(pieces, begins, [*begins[1:], None], strict=True)
            ]
        add_spoken(read, start_s, end_s, _line(event), None, words)


def _offset(piece: Mapping[str, Any]) -> float:
    return (seconds(piece.get("tOffsetMs")) or 0.0) / 1000


def _line(event: Mapping[str, Any]) -> str:
    pieces = event.get("segs")
    return "".join(read_piece(piece).text or "" for piece in pieces) if isinstance(pieces, list) else ""
