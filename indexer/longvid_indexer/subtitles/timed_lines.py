"""Small line formats: YouTube's SBV and SubViewer, LRC, MicroDVD, MPL2, and SAMI.

References: SubViewer 2 (``00:00:01.00,00:00:04.00``, ``[br]``), LRC (``[mm:ss.xx]``, enhanced ``<mm:ss.xx>``), MicroDVD
(``{first frame}{last frame}``, ``|``), MPL2 (``[tenths][tenths]``), SAMI (``<SYNC Start=ms>``).
"""

from __future__ import annotations

import html
import re

from longvid_indexer.subtitles.building import add_spoken, seconds, until_next
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.timing import add_cue

_CLOCK = r"\d{1,3}:\d{1,2}:\d{1,2}(?:[.,:]\d{1,3})?"
_PAIR = re.compile(rf"\s*({_CLOCK.replace('[.,:]', '[.:]')}),({_CLOCK.replace('[.,:]', '[.:]')})\s*\Z")
_FRAMES = re.compile(r"\s*\{(\d{1,8})\}\{(\d{0,8})\}(.*)")
_TENTHS = re.compile(r"\s*\[(\d{1,7})\]\[(\d{0,7})\](.*)")
_CODES = re.compile(r"\{[A-Za-z]:[^{}]{0,80}\}")
# Most films; a file without a rate beside a film has the film's.
_FILM_RATE = 23.976
_LRC_TIME = re.compile(r"\[(\d{1,3}):(\d{1,2}(?:\.\d{1,3})?)\]\s{0,9}")
_LRC_TAG = re.compile(r"\[(ti|ar|al|by|la|offset|length|re|ve|au)\s*:([^\]]{0,200})\]\s*\Z", re.IGNORECASE)
_LRC_WORD = re.compile(r"<\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?>")
_PARAGRAPH = re.compile(r"(?=<p\b)", re.IGNORECASE)
_SYNC = re.compile(r"<sync\b[^<>]{0,200}?\bstart\s*=\s*[\"']?(-?\d{1,9})[^<>]{0,200}>", re.IGNORECASE)
_CLASS = re.compile(r"<p\b[^<>]{0,200}?\bclass\s*=\s*[\"']?([\w-]{1,60})", re.IGNORECASE)
_CLASS_LANGUAGE = re.compile(r"\.([\w-]{1,60})\s*\{[^{}]{0,400}?\blang\s*:\s*([\w-]{1,20})", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^<>]{0,500}>")


def _first(text: str) -> str:
    return next((line for line in text[:4000].splitlines() if line.strip()), "")


def is_sbv(text: str) -> bool:
    """Whether one of the first lines is two clocks with a comma between them."""
    return any(map(_PAIR.match, text[:4000].splitlines()))


def parse_sbv(text: str) -> Subtitles:
    """SBV or SubViewer: a line of two clocks, then text until the next one."""
    read = Subtitles()
    span: tuple[float, float] | None = None
    lines: list[str] = []
    for line in [*text.splitlines(), "00:00:00.0,00:00:00.0"]:
        match = _PAIR.match(line)
        if match is None:
            lines.append(line)
            continue
        if span is not None:
            add_cue(read, *span, re.sub(r"\[br\]", "\n", "\n".join(lines), flags=re.IGNORECASE))
        span = _clock(match[1]), _clock(match[2])
        lines = []
    return read


def _clock(text: str) -> float:
    return seconds(text) or 0.0


def is_microdvd(text: str) -> bool:
    """Whether the file begins with two frame numbers, or two numbers of tenths of a second."""
    first = _first(text)
    return bool(_FRAMES.match(first) or _TENTHS.match(first))


def parse_microdvd(text: str, frame_rate: float | None = None) -> Subtitles:
    """MicroDVD or MPL2; ``frame_rate`` is that of the film, which the file itself may overrule."""
    read = Subtitles()
    lines = text.splitlines()
    tenths = bool(_TENTHS.match(_first(text)))
    rate = frame_rate or _FILM_RATE
    given = next((m for line in lines[:3] if (m := _FRAMES.match(line)) and m[1] in ("0", "1")), None)
    if given and given[1] == given[2] and (told := re.fullmatch(r"\s*(\d{2,3}(?:\.\d{1,4})?)\s*", given[3])):
        rate = float(told[1])
        lines.remove(given.string)
    elif frame_rate is None and not tenths:
        read.problems[f"file of frame numbers without a frame rate: it was read at {rate:g} a second"] += 1
    unit_s = 0.1 if tenths else 1 / max(rate, 1.0)
    for line in lines:
        match = (_TENTHS if tenths else _FRAMES).match(line)
        if match is None:
            continue
        said = "\n".join(part.lstrip("/") for part in _CODES.sub("", match[3]).split("|"))
        start_s = int(match[1]) * unit_s
        add_cue(read, start_s, int(match[2]) * unit_s if match[2] else start_s, said)
    return read


def is_lrc(text: str) -> bool:
    """Whether the first lines are lyrics with times, or what LRC says of the song."""
    lines = [line.strip() for line in text[:4000].splitlines() if line.strip()][:20]
    timed = [line for line in lines if _LRC_TIME.match(line)]
    return bool(timed) and all(_LRC_TIME.match(line) or _LRC_TAG.match(line) for line in lines[:3])


def parse_lrc(text: str) -> Subtitles:
    """LRC: a line is sung until the next one begins; a time without text ends it."""
    read = Subtitles()
    sung: list[tuple[float, str]] = []
    delay_s = 0.0
    for line in text.splitlines():
        if tag := _LRC_TAG.match(line.strip()):
            if tag[1].lower() == "ti":
                read.title = tag[2].strip() or None
            elif tag[1].lower() == "offset" and re.fullmatch(r"\s*[+-]?\d{1,6}\s*", tag[2]):
                delay_s = -int(tag[2]) / 1000
            continue
        times, at, whole = [], 0, line.strip()
        while match := _LRC_TIME.match(whole, at):
            times.append(int(match[1]) * 60 + float(match[2]))
            at = match.end()
        said = html.unescape(_LRC_WORD.sub("", whole[at:])).strip()
        sung += [(max(0.0, at_s + delay_s), said) for at_s in times]
    sung.sort(key=lambda each: each[0])
    ends = until_next([at_s for at_s, _ in sung], [said for _, said in sung])
    for (at_s, said), end_s in zip(sung, ends, strict=True):
        if said:
            add_spoken(read, at_s, end_s, said)
    return read


def is_sami(text: str) -> bool:
    """Whether this is SAMI."""
    return "<sami" in text[:4000].lower()


def parse_sami(text: str) -> Subtitles:
    """SAMI: a text until the next sync point. Of several languages the first is read, and a note says so."""
    read = Subtitles()
    points = list(_SYNC.finditer(text))
    classes: dict[str, None] = {}
    shown: list[tuple[float, str | None, str]] = []
    for number, point in enumerate(points):
        body = text[point.end() : points[number + 1].start() if number + 1 < len(points) else len(text)]
        body = re.sub(r"<br\s{0,5}/?>", "\n", body, flags=re.IGNORECASE)
        # One point may have a paragraph a language.
        for part in _PARAGRAPH.split(body.lstrip()):
            named = _CLASS.match(part)
            kind = named[1].casefold() if named else None
            if kind:
                classes.setdefault(kind)
            if part:
                shown.append((max(0, int(point[1])) / 1000, kind, _ANY_TAG.sub("", part)))
    first = next(iter(classes), None)
    if len(classes) > 1:
        read.problems["language of several in the file is read, the first"] += 1
    languages = {name.casefold(): code for name, code in _CLASS_LANGUAGE.findall(text[:20000])}
    read.language = _language(languages.get(first or ""))
    own = [(at_s, body) for at_s, kind, body in shown if kind is None or kind == first]
    for number, (at_s, body) in enumerate(own):
        said = html.unescape(body).strip()
        if said:
            end_s = own[number + 1][0] if number + 1 < len(own) else None
            add_spoken(read, at_s, end_s, said)
    return read


def _language(code: str | None) -> str | None:
    from longvid_indexer.subtitles.languages import normalise_language

    return normalise_language(code)
