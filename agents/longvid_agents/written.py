"""The sentences of a text that somebody wrote: minutes, a report, an answer; plain or Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from longvid_storage.text.languages import guess_language
from longvid_storage.text.sentences import split_sentences

_FENCE = re.compile(r"\s*(?:```|~~~)")
_HEADING = re.compile(r"\s{0,3}#{1,6}(?:\s|$)|\s*(?:[-=*_]\s*){3,}$")
_ROW = re.compile(r"\s*\|(.*)\|\s*$")
_BULLET = re.compile(r"\A\s*(?:(?:[-*+•–]|\d{1,3}[.)]|>)\s+(?:\[[ xX]\]\s+)?)+")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_EMPHASIS = re.compile(r"(\*{1,3}|(?<!\w)_{1,3}|`{1,3})(?=\S)(.{1,400}?)(?<=\S)\1(?!\w)")
# As ``cite.py`` writes them.
_SPAN = r"(?:about )?[\d:]{1,12}(?:–[\d:]{1,12})?(?:, translation \([\w?-]{1,20}\))?"
_CITATION = re.compile(rf"\s{{0,9}}\[[^\[\]]{{0,400}} @ {_SPAN}(?:; {_SPAN})*\]")


def sentences_of(text: str) -> list[str]:
    """Its sentences in order; no headings, lines that only announce ("Decisions:"), code, or citations of ours."""
    return [
        sentence
        for block in _blocks(text)
        if not block.endswith((":", "："))
        for sentence in split_sentences(block, guess_language(block))
        if any(map(str.isalnum, sentence))
    ]


def _blocks(text: str) -> Iterator[str]:
    """Paragraphs, points of lists and rows of tables, each on one line and without markup."""
    lines: list[str] = []
    fenced = False
    for line in [*text.splitlines(), ""]:
        fence = bool(_FENCE.match(line))
        fenced ^= fence
        row = _ROW.match(line)
        ends = fence or fenced or not line.strip() or _HEADING.match(line)
        if (ends or row or _BULLET.match(line)) and lines:
            yield _bare(" ".join(lines))
            lines = []
        if row:
            yield ": ".join(cell for each in row.group(1).split("|") if _written(cell := _bare(each)))
        elif not ends:
            lines.append(_BULLET.sub("", line, count=1))


def _written(cell: str) -> bool:
    return any(map(str.isalnum, cell))


def _bare(line: str) -> str:
    line = _LINK.sub(r"\1", _CITATION.sub("", line))
    return " ".join(_EMPHASIS.sub(r"\2", line).split())
