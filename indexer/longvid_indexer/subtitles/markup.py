"""Marked-up cue text to plain lines: voices, word times, styling, entities.

Only tags that subtitle formats know are taken away, so that ``a < b`` survives. References: WebVTT
(https://www.w3.org/TR/webvtt1/, cue text), SubRip's HTML-like tags, ASS override blocks. Whatever the text, the cost is
linear in it: a tag or a block ends where the next one could begin, so no character is looked at twice.
"""

from __future__ import annotations

import html
import re

from longvid_indexer.subtitles.cue import CueLine
from longvid_storage.types import Word

_BLOCK = re.compile(r"\{([^{}]*)\}")
_TAG = re.compile(r"<([^<>]*)>")
_FORUM = re.compile(r"\[/?[biu]\]|\{/?[biu]\}", re.IGNORECASE)
_NAME = re.compile(r"/?([A-Za-z_]{1,16})(?=[.\s/]|\Z)")
_MARK = re.compile(r"(?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,9}\Z")
_STYLES_TEXT = "c i b u s v lang ruby rt rp font em strong span p div big small tt"
_STYLES = frozenset(_STYLES_TEXT.split())
# What recognisers write for sounds and words that they could not make out.
_HEARD_TEXT = "unk noise sil eps blank spn nsn laugh laughter music spoken_noise"
_HEARD = frozenset(_HEARD_TEXT.split())
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?")
_LINE_ENDS = {0x0B: "\n", 0x0C: "\n", 0x85: "\n", 0x2028: "\n", 0x2029: "\n"}
_SPACES = dict.fromkeys((0x09, *range(0x1C, 0x20), 0xA0), " ")
# Controls; soft hyphens, zero-width spaces and word joiners; marks of direction, and what embeds, overrides, isolates.
_INVISIBLE = dict.fromkeys(
    (
        *(*range(0x09), *range(0x0E, 0x1C), *range(0x7F, 0xA0), 0xAD, 0x61C, 0x200B, 0x200E, 0x200F),
        *(*range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF),
    ),
    "",
)
_UNSEEN = {**_INVISIBLE, **_SPACES, **_LINE_ENDS}
_ODD = re.compile("[" + "".join(re.escape(chr(code)) for code in _UNSEEN if code != 0x09) + "]")


def clock(text: str) -> float:
    """``"01:02:03.5"`` or ``"02:03,500"`` to seconds."""
    seconds = 0.0
    for part in text.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def visible(text: str) -> str:
    """The text without what nobody sees (controls, soft hyphens, marks of direction); line ends as ``\\n``."""
    return text.translate(_UNSEEN) if _ODD.search(text) else text


def plain(text: str) -> str:
    """Entities decoded, invisible characters taken out, white space single."""
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity.group()), text)
    return " ".join(visible(text).split())


def parse_lines(raw: str, start_s: float, end_s: float) -> tuple[CueLine, ...]:
    """The lines of one cue that hold text. Word times are those of ``<00:00:01.000>`` marks, within the cue's span."""
    # ASS's line break, left there by converters; no folder of "C:\\News".
    if "\\N" in raw and ":\\" not in raw:
        raw = raw.replace("\\N", "\n")
    if "[/" in raw or "{/" in raw:
        raw = _FORUM.sub("", raw)
    if "<" not in raw and "{" not in raw:
        return tuple(CueLine(text) for line in raw.split("\n") if (text := plain(line)))
    text = _BLOCK.sub(_no_override, raw) if "{" in raw else raw
    reader = _MarkupReader(start_s, end_s)
    at = 0
    for tag in _TAG.finditer(text):
        if _take_tag(reader, tag[1], text[at : tag.start()]):
            at = tag.end()
    reader.text(text[at:])
    reader.end_line()
    return tuple(reader.finish())


def _no_override(block: re.Match[str]) -> str:
    inside = block[1]
    return "" if "\\" in inside or inside[:2].lower() in ("y:", "c:") else block[0]


def _take_tag(reader: _MarkupReader, inside: str, before: str) -> bool:
    """Hand on the text before a tag and what the tag says; False when it is no tag that subtitles know."""
    if _MARK.match(inside):
        reader.text(before)
        reader.time(clock(inside))
        return True
    match = _NAME.match(inside)
    name = match[1].lower() if match is not None else ""
    closing = inside.startswith("/")
    special = inside.startswith("|") and inside.endswith("|") and len(inside) > 1
    if name not in _STYLES and name not in _HEARD and name != "br" and not special:
        return False
    reader.text(before)
    if name == "br":
        reader.text("\n")
    elif name in ("rt", "rp", "ruby"):
        reader.reading = name != "ruby" and not closing
    elif name == "v":
        _, _, voice = inside.replace("\t", " ").replace("\n", " ").partition(" ")
        if closing or voice.strip():
            reader.voice(None if closing else plain(voice) or None)
    return True


class _MarkupReader:
    """Gathers runs of text between marks; a run is spoken from its mark to the next one."""

    def __init__(self, start_s: float, end_s: float) -> None:
        self.end_s = end_s
        self.now_s = start_s
        self.timed = False
        # Inside a ruby reading, which says again what stands below it.
        self.reading = False
        self.speaker: str | None = None
        # One entry a line: speaker, and its runs as [start, end, text].
        self.lines: list[tuple[str | None, list[tuple[float, list[float], str]]]] = []
        self.runs: list[tuple[float, list[float], str]] = []
        # The end that all runs since the last mark share.
        self.until = [end_s]

    def text(self, text: str) -> None:
        if self.reading or not text:
            return
        for number, part in enumerate(text.split("\n")):
            if number:
                self.end_line()
            if part:
                self.runs.append((self.now_s, self.until, part))

    def time(self, at_s: float) -> None:
        if not self.now_s <= at_s <= self.end_s:
            return
        self.timed = True
        # What came since the last mark ends here, also on the line before.
        self.until[0] = at_s
        self.until = [self.end_s]
        self.now_s = at_s

    def voice(self, speaker: str | None) -> None:
        if any(text.strip() for _, _, text in self.runs):
            self.end_line()
        self.speaker = speaker

    def end_line(self) -> None:
        self.lines.append((self.speaker, self.runs))
        self.runs = []

    def finish(self) -> list[CueLine]:
        found = []
        for speaker, runs in self.lines:
            text = plain("".join(run for _, _, run in runs))
            if text:
                words = (
                    tuple(w for start_s, (end_s,), run in runs for w in _words(start_s, end_s, run))
                    if self.timed
                    else ()
                )
                found.append(CueLine(text, speaker, words))
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
