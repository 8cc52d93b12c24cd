"""Closed captions (CTA-608), decoded for the first channel: as Scenarist's hexadecimal words (``.scc``), or as packets.

Reference: 47 CFR 15.119. Every control code is sent twice. Pop-on captions are shown when they are complete (EOC),
roll-up and paint-on ones as they are written; colours, italics and positions are left out, a new row is a line break.
"""

from __future__ import annotations

import re

from longvid_indexer.subtitles.building import add_spoken
from longvid_indexer.subtitles.cue import Subtitles

_LINE = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})([:;.])(\d{2})\s([0-9A-Fa-f\s]+)\Z")
_RATE = 30000 / 1001
_BASIC = {
    0x2A: "á",
    0x5C: "é",
    0x5E: "í",
    0x5F: "ó",
    0x60: "ú",
    0x7B: "ç",
    0x7C: "÷",
    0x7D: "Ñ",
    0x7E: "ñ",
    0x7F: "█",
}
_SPECIAL = "®°½¿™¢£♪à èâêîôû"
_SPANISH_FRENCH = "ÁÉÓÚÜü‘¡*’—©℠•“”ÀÂÇÈÊËëÎÏïÔÙùÛ«»"
_GERMAN_PORTUGUESE = "ÃãÍÌìÒòÕõ{}\\^_|~ÄäÖöß¥¤│ÅåØø┌┐└┘"


def parse_scc(text: str) -> Subtitles:
    """The captions, each from when it is shown until it is erased or replaced."""
    captions = ClosedCaptions()
    hour_s = 3600.0
    for match in filter(None, (_LINE.match(line.strip()) for line in text.splitlines())):
        hours, minutes, whole, sign, frames = match.groups()[:5]
        at_s = _clock(int(hours), int(minutes), int(whole), int(frames), drops=sign != ":")
        hour_s = _clock(1, 0, 0, 0, drops=sign != ":")
        for number, word in enumerate(match[6].split()):
            if len(word) == 4:
                # A word takes one frame.
                pair = int(word[:2], 16), int(word[2:], 16)
                captions.pair(0, *pair, at_s + number / _RATE)
    read = captions.close(None)
    read.hour_s = hour_s
    return read


def _clock(hours: int, minutes: int, whole: int, frames: int, *, drops: bool) -> float:
    """Seconds of a time code; without drop frames it counts 30 a second while 29.97 pass."""
    if drops:
        return hours * 3600 + minutes * 60 + whole + frames / _RATE
    return (((hours * 60 + minutes) * 60 + whole) * 30 + frames) / _RATE


class ClosedCaptions:
    """The four channels of closed captions, two in each of two fields; the first is in the programme's language."""

    def __init__(self) -> None:
        self.fields = (_Field(), _Field())

    def packet(self, data: bytes, at_s: float) -> None:
        """The pairs of a packet (``cc_data`` of CEA-708: three bytes a pair), all at its time.

        FFmpeg's decoder (``cc_dec``) is not used: it swallowed the first two letters after a position.
        """
        for at in range(0, len(data) - 2, 3):
            if data[at] & 0x06 == 0x04:  # valid, and of one of the two fields
                self.pair(data[at] & 0x01, data[at + 1], data[at + 2], at_s)

    def pair(self, field: int, first: int, second: int, at_s: float) -> None:
        """Two bytes of a field, the bits of parity still on them."""
        self.fields[field].pair(first & 0x7F, second & 0x7F, at_s)

    def close(self, at_s: float | None, read: Subtitles | None = None) -> Subtitles:
        """The captions of the first channel that has any, added to ``read``; a note names the others."""
        read = read or Subtitles()
        channels = [channel for field in self.fields for channel in field.channels]
        for channel in channels:
            channel.show_until(at_s)
        used = [f"CC{number}" for number, channel in enumerate(channels, 1) if channel.read.cues]
        chosen = next((channel.read for channel in channels if channel.read.cues), Subtitles())
        read.cues += chosen.cues
        read.problems += chosen.problems
        if used[1:]:
            read.remarks.append(
                f"closed captions were read in the channel {used[0]}, and not in {', '.join(used[1:])}"
            )
        return read


class _Field:
    """One field's pairs, each to the channel that the last control code named; other data in between is nobody's."""

    def __init__(self) -> None:
        self.channels = (_CaptionDecoder(), _CaptionDecoder())
        self.current: _CaptionDecoder | None = self.channels[0]
        self.last: tuple[int, int] | None = None

    def pair(self, first: int, second: int, at_s: float) -> None:
        if 0x10 <= first <= 0x1F:
            repeated = self.last == (first, second)
            self.last = None if repeated else (first, second)
            if not repeated:
                self.current = self.channels[first >> 3 & 1]
                self.current.control(first & ~0x08, second, at_s)
            return
        self.last = None
        if 0x01 <= first <= 0x0F:
            self.current = None  # what a programme is called and the like (XDS), until captions go on
        elif self.current is not None:
            for code in (first, second):
                if code >= 0x20:
                    self.current.put(_BASIC.get(code, chr(code)), at_s)


class _CaptionDecoder:
    """The two memories of a channel's decoder: what is on screen, and what is being prepared."""

    def __init__(self) -> None:
        self.read = Subtitles()
        self.mode = "pop"
        self.hidden: list[str] = []
        self.shown: list[str] = []
        self.since_s: float | None = None

    def control(self, first: int, second: int, at_s: float) -> None:
        if first == 0x11 and 0x30 <= second <= 0x3F:
            self.put(_SPECIAL[second - 0x30], at_s)
        elif first in (0x12, 0x13) and 0x20 <= second <= 0x3F:
            # These replace the plain letter that was sent before them for older decoders.
            if memory := self._memory():
                memory.pop()
            self.put((_SPANISH_FRENCH if first == 0x12 else _GERMAN_PORTUGUESE)[second - 0x20], at_s)
        elif first in (0x14, 0x15) and 0x20 <= second <= 0x2F:
            self._command(second, at_s)
        elif second >= 0x40 or (first == 0x11 and 0x20 <= second <= 0x2F):
            self._space("\n" if second >= 0x40 else " ")

    def _command(self, code: int, at_s: float) -> None:
        match code:
            case 0x20:
                self.mode = "pop"
            case 0x21:
                if memory := self._memory():
                    memory.pop()
            case 0x25 | 0x26 | 0x27:
                self.mode = "roll"
            case 0x29:
                self.mode = "paint"
            case 0x2C:
                self.show_until(at_s)
            case 0x2D if self.mode == "roll":
                self.show_until(at_s)
            case 0x2E:
                self.hidden = []
            case 0x2F:
                self.show_until(at_s)
                self.shown, self.hidden, self.since_s, self.mode = self.hidden, [], at_s, "pop"

    def _memory(self) -> list[str]:
        return self.hidden if self.mode == "pop" else self.shown

    def _space(self, space: str) -> None:
        memory = self._memory()
        if memory and not memory[-1].isspace():
            memory.append(space)

    def put(self, letter: str, at_s: float) -> None:
        if self.mode != "pop" and not self.shown:
            self.since_s = at_s
        self._memory().append(letter)

    def show_until(self, at_s: float | None) -> None:
        """What is on screen ends here; None: at the end of the file, so that its length tells."""
        said = "".join(self.shown)
        if said.strip() and self.since_s is not None:
            add_spoken(self.read, self.since_s, at_s, said)
        self.shown, self.since_s = [], None
