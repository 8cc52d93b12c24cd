"""Marked-up cue text to plain lines: voices, word times, styling, entities.

Only tags that subtitle formats know are taken away, so that ``a < b`` survives. References: WebVTT
(https://www.w3.org/TR/webvtt1/, cue text), SubRip's HTML-like tags, ASS override blocks.
"""

from __future__ import annotations

import html
import re

from longvid_indexer.subtitles.cue import Line
from longvid_storage.types import Word

_OVERRIDE = re.compile(r"\{[^{}]*\\[^{}]*\}|\{[YyCc]:[^{}]*\}")
_RUBY_READING = re.compile(r"<rt\b[^>]*>.*?(?:</rt>|(?=</ruby>)|$)", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TOKEN = re.compile(
    r"<(?P<time>(?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3})>"
    r"|<v(?:\.[^\s>]*)*\s+(?P<voice>[^>]*)>"
    r"|(?P<novoice></v\s*>)"
    r"|</?(?:c|i|b|u|s|v|lang|ruby|rt|font|em|strong|span|p|div|big|small|tt)(?:[.\s][^>]*)?/?>",
    re.IGNORECASE,
)
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u202a\u202b\u202c\u2060\ufeff"))


def clock(text: str) -> float:
    """``"01:02:03.5"`` or ``"02:03,500"`` to seconds."""
    seconds = 0.0
    for part in text.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def plain(text: str) -> str:
    """Entities decoded, invisible characters taken out, white space single."""
    return " ".join(html.unescape(text).translate(_INVISIBLE).split())


def parse_lines(raw: str, start_s: float, end_s: float) -> tuple[Line, ...]:
    """The lines of one cue that hold text. Word times are those of ``<00:00:01.000>`` marks, within the cue's span."""
    text = _BREAK.sub("\n", _RUBY_READING.sub("", _OVERRIDE.sub("", raw)))
    reader = _Reader(start_s, end_s)
    for number, line in enumerate(text.split("\n")):
        if number:
            reader.end_line()
        at = 0
        for token in _TOKEN.finditer(line):
            reader.text(line[at : token.start()])
            at = token.end()
            if token["time"]:
                reader.time(clock(token["time"]))
            elif token["voice"] is not None:
                reader.voice(plain(token["voice"]) or None)
            elif token["novoice"]:
                reader.voice(None)
        reader.text(line[at:])
    reader.end_line()
    return tuple(reader.finish())


class _Reader:
    """Gathers runs of text between marks; a run is spoken from its mark to the next one."""

    def __init__(self, start_s: float, end_s: float) -> None:
        self.end_s = end_s
        self.now_s = start_s
        self.timed = False
        self.speaker: str | None = None
        # One entry a line: speaker, and its runs as (start, end, text).
        self.lines: list[tuple[str | None, list[tuple[float, float, str]]]] = []
        self.runs: list[tuple[float, float, str]] = []
        self.open_from = 0

    def text(self, text: str) -> None:
        if text:
            self.runs.append((self.now_s, self.end_s, text))

    def time(self, at_s: float) -> None:
        if not self.now_s <= at_s <= self.end_s:
            return
        self.timed = True
        # What came since the last mark ends here, also on the line before.
        for runs in [*(runs for _, runs in self.lines[self.open_from :]), self.runs]:
            runs[:] = [(a, at_s if b == self.end_s else b, t) for a, b, t in runs]
        self.open_from = len(self.lines)
        self.now_s = at_s

    def voice(self, speaker: str | None) -> None:
        if any(text.strip() for _, _, text in self.runs):
            self.end_line()
        self.speaker = speaker

    def end_line(self) -> None:
        self.lines.append((self.speaker, self.runs))
        self.runs = []

    def finish(self) -> list[Line]:
        found = []
        for speaker, runs in self.lines:
            text = plain("".join(run for _, _, run in runs))
            if text:
                words = tuple(w for run in runs for w in _words(*run)) if self.timed else ()
                found.append(Line(text, speaker, words))
        return found


def _words(start_s: float, end_s: float, text: str) -> list[Word]:
    """A run's words share its span in proportion to their letters."""
    words = plain(text).split()
    letters = sum(map(len, words))
    found, at_s = [], start_s
    for word in words:
        until_s = min(end_s, at_s + (end_s - start_s) * len(word) / letters)
        found.append(Word(word, at_s, until_s))
        at_s = until_s
    return found
