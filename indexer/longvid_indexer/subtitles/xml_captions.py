"""Captions as XML: TTML and DFXP (https://www.w3.org/TR/ttml1/), and YouTube's srv1, srv2 and srv3.

The document is read as a stream of tags by defusedxml's parser: no tree, so that depth costs nothing, and no entity of
a document's own is ever expanded.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any

from longvid_indexer.subtitles.building import TimedWord, add_spoken, seconds
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.languages import normalise_language

_OFFSET = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(h|ms|m|s|f|t)\Z")
_BARE = re.compile(r"\d{1,6}(?:\.\d{1,6})?\Z")
_FRAMES = re.compile(r"(\d{1,3}):(\d{1,2}):(\d{1,2}):(\d{1,3})(?:\.\d{1,3})?\Z")
_ROOT = re.compile(r"<(?:[A-Za-z][\w.-]{0,40}:)?(?:tt|timedtext|transcript)\b")
_METADATA = frozenset(("title", "name"))
# How the base beneath it is read, in small letters (TTML2's ruby).
_READINGS = frozenset(("text", "textContainer", "delimiter"))
_STYLING = re.compile(r"</?(?:i|b|u|em|strong|font)\b[^<>]{0,100}>", re.IGNORECASE)


def is_xml_captions(text: str) -> bool:
    """Whether this is XML whose root is one of the formats read here."""
    head = text.lstrip()[:4000]
    return head.startswith("<") and _ROOT.search(head) is not None


@dataclass(slots=True)
class _Element:
    """An element that is open: its span in seconds where it or what is around it has one, and who speaks in it."""

    name: str
    start_s: float | None = None
    end_s: float | None = None
    agent: str | None = None
    is_reading: bool = False
    # Text so far, each piece with its own start where a part of the element is timed.
    runs: list[TimedWord] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


class _XmlReader:
    """A target for the parser: cues at the end of every paragraph."""

    def __init__(self) -> None:
        self.read = Subtitles()
        self.open: list[_Element] = []
        self.cue: _Element | None = None
        self.agents: dict[str, str] = {}
        self.naming: str | None = None
        self.readings: set[str] = set()  # styles of ruby
        self.rate, self.ticks = 30.0, 0.0
        self.second_s = 1.0
        # Whether times count from the beginning, whatever is around (Apple's, without a unit).
        self.absolute = False
        self.root = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _local(tag)
        given = {_local(key): value for key, value in attributes.items()}
        if not self.open:
            self._root(name, given)
        around = self.open[-1] if self.open else _Element("")
        element = _Element(name, around.start_s, around.end_s, given.get("agent", around.agent))
        reads = given.get("ruby") in _READINGS
        if name == "style" and reads:
            self.readings.add(given.get("id", ""))
        styles = self.readings.intersection(given.get("style", "").split())
        element.is_reading = around.is_reading or reads or bool(styles)
        if self.root == "tt":
            self._ttml_span(element, around, given)
        elif name in ("p", "text", "s"):
            self._youtube_span(element, around, given)
        self.open.append(element)
        if name == "agent":
            self.naming = given.get("id")
        if self.cue is None and name in ("p", "text"):
            self.cue = element
        elif self.cue is not None and name == "br":
            self.cue.text.append("\n")

    def data(self, data: str) -> None:
        inner = self.open[-1] if self.open else None
        if inner is None or inner.is_reading:
            return
        if self.cue is not None:
            self.cue.text.append(data)
            if inner is not self.cue and data.strip():
                self.cue.runs.append((data.strip(), inner.start_s, inner.end_s))
        elif inner.name in _METADATA:
            inner.text.append(data)

    def end(self, tag: str) -> None:
        element = self.open.pop()
        if element is self.cue:
            self.cue = None
            self._finish(element)
        elif element.name == "title" and self.root == "tt":
            self.read.title = self.read.title or " ".join("".join(element.text).split()) or None
        elif element.name == "name" and self.naming:
            self.agents.setdefault(self.naming, " ".join("".join(element.text).split()))

    def close(self) -> Subtitles:
        self.read.cues.sort(key=lambda cue: (cue.start_s, cue.end_s))
        return self.read

    def _root(self, name: str, given: dict[str, str]) -> None:
        self.root = name
        self.read.language = normalise_language(given.get("lang"))
        self.rate = _positive(given.get("frameRate")) or 30.0
        multiplier = re.fullmatch(r"\s*(\d{1,6})[\s:]+(\d{1,6})\s*", given.get("frameRateMultiplier", ""))
        if multiplier and int(multiplier[1]) and int(multiplier[2]):
            slower = int(multiplier[1]) / int(multiplier[2])
            self.rate *= slower
            if given.get("timeBase") == "smpte" and not given.get("dropMode", "").startswith("drop"):
                # Pictures are counted, so many a second by the clock, while a little more than a second passes.
                self.second_s, self.read.hour_s = 1 / slower, 3600.0 / slower
        self.ticks = _positive(given.get("tickRate")) or 0.0

    def _ttml_span(self, element: _Element, around: _Element, given: dict[str, str]) -> None:
        """Times count from the beginning of what is around, but for those of Apple's podcasts and lyrics."""
        if not given.keys() & {"begin", "end", "dur"}:
            return
        self.absolute |= _BARE.match(given.get("begin", "")) is not None
        base_s = 0.0 if self.absolute else around.start_s or 0.0
        begin, end, length = (self._ttml_time(given.get(key)) for key in ("begin", "end", "dur"))
        if "begin" in given and begin is None:
            element.start_s = None
            return
        element.start_s = base_s + (begin or 0.0)
        if length is not None:
            element.end_s = element.start_s + length
        elif end is not None:
            element.end_s = base_s + end

    def _ttml_time(self, value: str | None) -> float | None:
        text = (value or "").strip()[:40]
        if match := _FRAMES.match(text):
            hours, minutes, whole, frames = map(int, match.groups())
            return (hours * 3600 + minutes * 60 + whole) * self.second_s + frames / self.rate
        if match := _OFFSET.match(text):
            per_tick = 1 / (self.ticks or self.rate)
            unit = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "f": 1 / self.rate, "t": per_tick}
            return float(match[1]) * unit[match[2]]
        return seconds(text) if ":" in text or self.absolute else None

    def _youtube_span(self, element: _Element, around: _Element, given: dict[str, str]) -> None:
        """``start``/``dur`` in seconds (srv1), ``t``/``d`` in milliseconds, of a word from its paragraph's start."""
        scale = 1.0 if "start" in given else 0.001
        begin, length = seconds(given.get("start", given.get("t"))), seconds(given.get("dur", given.get("d")))
        if element.name == "s":
            element.start_s = (around.start_s or 0.0) + (begin or 0.0) * scale
            element.end_s = None
            return
        element.start_s = begin * scale if begin is not None else None
        if element.start_s is not None and length is not None:
            element.end_s = element.start_s + length * scale

    def _finish(self, cue: _Element) -> None:
        text = "".join(cue.text)
        if self.root != "tt":
            text = _STYLING.sub("", html.unescape(text))  # srv1 escapes twice, its tags too
        if not text.strip():
            return  # an empty paragraph clears the screen
        speaker = self.agents.get(cue.agent or "", cue.agent if self.absolute else None)
        if cue.start_s is None and any(begin is not None for _, begin, _ in cue.runs):
            for piece, begin, end in cue.runs:
                add_spoken(self.read, begin, end, piece, speaker)
            return
        timed = [run for run in cue.runs if run[1] is not None and run[1:] != (cue.start_s, cue.end_s)]
        single = all(len(word.split()) == 1 for word, _, _ in timed)
        words = cue.runs if timed and (single or self.root != "tt") else []
        add_spoken(self.read, cue.start_s, cue.end_s, text, speaker, words)


def parse_xml_captions(text: str) -> Subtitles:
    """The cues of a document; of one that is damaged, or brings entities of its own, what stands before that."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, XMLParser

    reader = _XmlReader()
    parser: Any = XMLParser(target=reader, forbid_dtd=False)
    try:
        parser.feed(text.lstrip())
        parser.close()
    except (ParseError, DefusedXmlException):
        reader.read.problems["damaged place in the XML: what stands after it was left out"] += 1
    return _without_overlap(reader.close())


def _without_overlap(read: Subtitles) -> Subtitles:
    """YouTube keeps a line on screen while the next one is spoken: with word times, it ends where that begins."""
    from dataclasses import replace

    for number, (cue, after) in enumerate(zip(read.cues, read.cues[1:], strict=False)):
        words = cue.lines[0].words
        if words and words[-1].start_s < after.start_s < cue.end_s:
            cut = tuple(replace(word, end_s=min(word.end_s, after.start_s)) for word in words)
            read.cues[number] = replace(cue, end_s=after.start_s, lines=(replace(cue.lines[0], words=cut),))
    return read


def _local(name: str) -> str:
    return name.rsplit("}", 1)[-1].rsplit(":", 1)[-1]


def _positive(value: str | None) -> float | None:
    found = seconds(value)
    return found if found else None
