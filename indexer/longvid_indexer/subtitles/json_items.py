"""One stretch or word of a JSON transcript: its time, text and speaker, under whatever names a service writes them.

Names are compared without case and signs, and may say their unit (``startMs``, ``offset_in_ticks``); a time may be a
number, a clock, ``"1.5s"`` or ``"PT1M2.5S"``. What a service keeps with its first guess (``alternatives``) or
first place (``instances``) is read as if it stood one level up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from longvid_indexer.subtitles.building import SINCE_1970_S, TimedWord, seconds, speaker_label

Item = Mapping[str, Any]

_TEXT = (
    "text", "body", "content", "transcript", "sentence", "display", "segment", "punctuatedword", "word", "value",
    "utf8", "caption", "subtitle", "transcription", "speech", "snippet", "lines", "t",
    "spokentext", "words",
)  # fmt: skip
_START = (
    "start", "starttime", "startoffset", "begin", "begintime", "from", "offset", "ts", "tstart", "startts",
    "starttimestamp", "timeoffset", "onset", "timestamp", "time", "timecode", "in", "t",
)  # fmt: skip
_END = (
    "end", "endtime", "endoffset", "to", "stop", "endts", "tend", "endtimestamp", "resultendtime", "resultendoffset",
    "out",
)  # fmt: skip
_LENGTH = ("duration", "dur", "length", "dduration")
_SPEAKER = (
    "speakername", "speakerdisplayname", "displayname", "username", "speaker", "speakerlabel", "speakertag",
    "speakerid", "spk", "spkid", "speakers", "participant", "user", "users", "author", "from",
)  # fmt: skip
_NAME = ("displayname", "name", "username", "speakername")
_LABEL = ("id", "speakerid", "spkid", "speaker", "label")
_WORDS = ("words", "elements", "tokens", "timestamps", "items", "result", "sentences")
_MOST_LINES = 8
_DEEPEST_LINES = 3
_FIRST_OF = ("alternatives", "nbest", "instances")
_UNITS = (
    ("inticks", 1e-7), ("ticks", 1e-7), ("inmilliseconds", 1e-3), ("milliseconds", 1e-3), ("millis", 1e-3),
    ("ms", 1e-3),
    ("inseconds", 1.0), ("seconds", 1.0), ("secs", 1.0), ("sec", 1.0), ("s", 1.0),
)  # fmt: skip
_TIMES = {name: (kind, at) for kind, names in (("start", _START), ("end", _END), ("length", _LENGTH))
          for at, name in enumerate(names)}  # fmt: skip
# Opening marks keep the space before them; these stand close to the word that they follow.
_CLOSES = frozenset(".,?!;:…%)]}'’”»。，、？！；：）】」』")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch or a word: ``text`` as written, times in seconds of the file's unit (None where not given).

    ``counted``: a time of it is a bare number, whose unit nothing tells. ``words``: of a stretch, in order.
    """

    text: str | None
    start: float | None
    end: float | None
    speaker: str | None
    words: tuple[Piece, ...] = ()
    counted: bool = False

    def scaled(self, scale: float) -> Piece:
        """With its bare numbers multiplied."""
        words = tuple(word.scaled(scale) for word in self.words)
        if not self.counted:
            return replace(self, words=words)
        start = None if self.start is None else self.start * scale
        end = None if self.end is None else self.end * scale
        return replace(self, start=start, end=end, words=words)

    def since(self, first: float) -> Piece:
        """With its times counted from ``first``; those before it are none."""
        start = None if self.start is None or self.start < first else self.start - first
        end = None if self.end is None or self.end < first else self.end - first
        return replace(self, start=start, end=end, words=tuple(word.since(first) for word in self.words))

    def timed_word(self) -> TimedWord:
        """As ``building.put_on`` takes it."""
        return self.text or "", self.start, self.end


def read_piece(item: object) -> Piece:
    """What one element of a list says; without text, time and speaker if it is nothing like a stretch or word."""
    if isinstance(item, list) and len(item) >= 3 and isinstance(item[0], str):  # ["word", start, end]
        start, end = seconds(item[1]), seconds(item[2])
        return Piece(item[0], start, end, None, counted=True)
    if not isinstance(item, dict):
        return Piece(None, None, None, None)
    item = _lifted(item)
    listed: list[Any] = next(
        (item[key] for key in item if _plain(key) in _WORDS and isinstance(item[key], list)), []
    )
    words = tuple(word for element in listed if (word := _word(element)).text is not None)
    return replace(_alone(item), words=words)


def _alone(item: Item) -> Piece:
    """Without its words."""
    start, end, counted = _span(item)
    return Piece(_text(item), start, end, speaker_of(item), counted=counted)


def _word(element: object) -> Piece:
    """Words have none of their own, however deep a document is."""
    return _alone(_lifted(element)) if isinstance(element, dict) else read_piece(element)


def joined(words: Sequence[str]) -> str:
    """Words as one text: as they are where they bring their spaces, else with one between where the script has it."""
    if any(word.isspace() or word.startswith(" ") for word in words):
        return "".join(words)
    made: list[str] = []
    for word in words:
        if made and word and not _touch(made[-1], word):
            made.append(" ")
        made.append(word)
    return "".join(made)


def _touch(before: str, word: str) -> bool:
    if word[0] in _CLOSES and not any(map(str.isalnum, word)):
        return True
    return bool(before and _UNSPACED.match(before[-1]) and _UNSPACED.match(word[0]))


def speaker_of(item: Item) -> str | None:
    """Who speaks, as a name, a label or ``"Speaker 1"``; a person may be an object, or the first of a list."""
    plain = {_plain(key): value for key, value in item.items()}
    for name in _SPEAKER:
        value = plain.get(name)
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, dict):
            inner = {_plain(key): each for key, each in value.items()}
            found = next(
                (label for key in (*_NAME, *_LABEL) if (label := speaker_label(inner.get(key)))), None
            )
        else:
            found = None if name == "from" and seconds(value) is not None else speaker_label(value)
        if found is not None:
            return found
    return None


def person(item: Item) -> tuple[str, str] | None:
    """``(label, name)`` of an entry in a list of speakers."""
    plain = {_plain(key): value for key, value in item.items()}
    label = next((found for key in _LABEL if (found := speaker_label(plain.get(key)))), None)
    name = next((plain[key] for key in _NAME if isinstance(plain.get(key), str) and plain[key].strip()), None)
    return (label, name.strip()) if label is not None and name is not None else None


def _lifted(item: Item) -> Item:
    for key, value in item.items():
        if _plain(key) in _FIRST_OF and isinstance(value, list) and value and isinstance(value[0], dict):
            return {**value[0], **item}
    return item


def _text(item: Item, deeper: int = _DEEPEST_LINES) -> str | None:
    found = {
        _plain(key): text for key, value in item.items() if (text := _written(value, deeper)) is not None
    }
    return next((found[name] for name in _TEXT if name in found), None)


def _written(value: object, deeper: int) -> str | None:
    """A text, or the lines of one: strings, or objects with a text and no time."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_LINES or not deeper:
        return None
    lines = [
        _text(each, deeper - 1) if isinstance(each, dict) and _span(each)[0] is None else each
        for each in value
        if isinstance(each, (str, dict))
    ]
    told = [line for line in lines if isinstance(line, str)]
    return "\n".join(told) if len(told) == len(value) else None


def _span(item: Item) -> tuple[float | None, float | None, bool]:
    """Start and end: two values, a start and a length, a pair (transformers), or an object (whisper.cpp)."""
    inner, pair = item.get("offsets"), item.get("timestamp")
    if isinstance(inner, dict):
        start, end = seconds(inner.get("from")), seconds(inner.get("to"))
        return (None if start is None else start / 1000), (None if end is None else end / 1000), False
    if isinstance(pair, list) and len(pair) == 2:
        return seconds(pair[0]), seconds(pair[1]), False
    best: dict[str, tuple[int, float, bool]] = {}
    for key, value in item.items():
        known = _time_name(key)
        if isinstance(value, dict):  # {"relative": 3.1, "absolute": "2026-…"}
            value = value.get("relative")
        if known is None or (at_s := seconds(value)) is None:
            continue
        kind, rank, scale = known
        bare = (
            not isinstance(value, str) or value.strip().isdecimal()
        )  # "1000"; "1.5s" and "0:01" say what they are
        counted = scale is None and bare
        rank += 100 * (
            at_s > SINCE_1970_S
        )  # a place in the recording says more than a moment of the calendar
        given = at_s * (scale or 1.0) if bare else at_s
        if kind not in best or rank < best[kind][0]:
            best[kind] = rank, given, counted
    start, end = (best[kind][1] if kind in best else None for kind in ("start", "end"))
    if start is not None and end is not None and (start > SINCE_1970_S) != (end > SINCE_1970_S):
        end = None
    if end is None and start is not None and "length" in best:
        end = start + best["length"][1]
    return start, end, any(counted for _, _, counted in best.values())


@lru_cache(maxsize=4096)
def _time_name(key: str) -> tuple[str, int, float | None] | None:
    """What kind of time a key names, how good a name it is, and the seconds of its unit if it tells that."""
    plain = _plain(key)
    if plain in _TIMES:
        return (*_TIMES[plain], None)
    for unit, scale in _UNITS:
        if plain.endswith(unit) and plain[: -len(unit)] in _TIMES:
            return (*_TIMES[plain[: -len(unit)]], scale)
    return None


@lru_cache(maxsize=4096)
def _plain(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key[:60].casefold())
