"""The text of a Word document, as Teams and Otter save transcripts: paragraphs, line breaks and tabs."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from dataclasses import replace
from io import BytesIO
from typing import Any

from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.regular import LARGEST_BYTES

MAGIC = b"PK\x03\x04"
_DOCUMENT = "word/document.xml"
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError)
_MOST_NAME_WORDS = 6


class _Text:
    """A target for the parser: the text alone."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.inside = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rsplit("}", 1)[-1]
        self.inside = name == "t"
        if name in ("br", "cr", "tab"):
            self.parts.append("\t" if name == "tab" else "\n")

    def data(self, data: str) -> None:
        if self.inside:
            self.parts.append(data)

    def end(self, tag: str) -> None:
        self.inside = False
        if tag.rsplit("}", 1)[-1] == "p":
            self.parts.append("\n")

    def close(self) -> str:
        return "".join(self.parts)


def docx_text(data: bytes) -> str | None:
    """The text of a document, or None when this is none that can be read (or one that unpacks to more than 64 MB)."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, XMLParser

    try:
        with zipfile.ZipFile(BytesIO(data)) as package, package.open(_DOCUMENT) as document:
            # The size in the package's directory may lie: what is read is bounded.
            content = document.read(LARGEST_BYTES + 1)
    except (*_BROKEN, KeyError, OSError, EOFError, NotImplementedError, RuntimeError, ValueError):
        return None
    if len(content) > LARGEST_BYTES:
        return None
    target = _Text()
    parser: Any = XMLParser(target=target)
    try:
        parser.feed(content)
        parser.close()
    except (
        ParseError,
        DefusedXmlException,
        LookupError,
        ValueError,
    ):  # an encoding that is none, or none of bytes
        return None
    return target.close()


def name_first_lines(read: Subtitles) -> None:
    """Teams writes the speaker on a line of their own between the times and the text, without a sign."""
    firsts = [cue.lines[0].text for cue in read.cues if len(cue.lines) > 1 and cue.lines[0].speaker is None]
    few = len(set(firsts)) * 2 <= len(firsts) or len(firsts) <= 2
    if len(firsts) * 2 <= len(read.cues) or not few or any(map(_no_name, firsts)):
        return
    for number, cue in enumerate(read.cues):
        if len(cue.lines) > 1:
            lines = tuple(replace(line, speaker=cue.lines[0].text) for line in cue.lines[1:])
            read.cues[number] = replace(cue, lines=lines)


def _no_name(text: str) -> bool:
    return len(text.split()) > _MOST_NAME_WORDS or text[-1] in ".,?!:;"
