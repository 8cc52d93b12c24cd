"""Who speaks, where the text itself says so: ``Name: text`` and ``>> NAME: text``.

Not every colon is a speaker. A prefix is a name when it looks like one (up to four words that each begin with a
capital or a digit, or a script without capitals; none of the words that introduce remarks, such as ``Note``) and the
file bears it out: it opens at least two lines, or is in capitals before text that is not, or the file has two such
names already and this one has two words. After ``>>`` any such prefix is a name. A name holds for its own line only:
subtitles often name a speaker just once, while out of the picture, and a guess about what follows would be stored as
fact.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_CHANGE = re.compile(r"^(?:>>+|»)\s*")
_PREFIX = re.compile(
    r"(?P<name>[^\W_][^:：<>\[\]{}!?;,\"“”]{0,39}?)\s*(?:\([^)]*\)\s*)?[:：](?!//)(?P<gap>\s*)(?=\S)"
)
_NAME_WORD = re.compile(
    r"(?:[^\W\d_a-zß-öø-ÿ][\w.'’&/-]*|\d+[\w.]*|of|the|de|van|von|der|den|la|le|bin|al|&|and)\Z"
)
_NOT_NAMES_TEXT = (
    "note notes example examples warning tip tips hint step question questions answer remember "
    "important first second third finally next then so also because result results summary conclusion "
    "definition theorem lemma proof remark corollary proposition problem solution exercise problems "
    "step1 figure table equation http https www chapter section part lesson unit topic title subject "
    "agenda today rule advantage disadvantage pros cons plus update ps edit translation translated "
    "subtitles captions credits source sources copyright date time version and but or well okay ok yes "
    "no the this that what why how when where who here there it is "
)
_NOT_NAMES = frozenset(_NOT_NAMES_TEXT.split())
_REPEATS = 2
_NAMES_OF_A_CONVERSATION = 2


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a file uses before a colon."""

    known: frozenset[str]

    @property
    def conversation(self) -> bool:
        """Whether the file marks speakers as a habit."""
        return len(self.known) >= _NAMES_OF_A_CONVERSATION


def _candidate(text: str) -> tuple[str, str] | None:
    """``(name, rest)`` when the line opens with what could be a name and a colon."""
    match = _PREFIX.match(text)
    if match is None:
        return None
    name = match["name"].strip()
    words = name.split()
    if not 1 <= len(words) <= 4 or not all(map(_NAME_WORD.match, words)) or words[0].lower() in _NOT_NAMES:
        return None
    # "10:30 is late" and "Genesis 1:3": a colon between digits, or without a space after a Latin word, is no speaker.
    if name[0].isdigit() or (name[-1].isdigit() and not match["gap"]):
        return None
    if not match["gap"] and name.isascii() and not name.isupper():
        return None
    return name, text[match.end() :]


def find_names(lines: Iterable[str]) -> Names:
    """The names among all lines of a file."""
    counts: Counter[str] = Counter()
    marked: set[str] = set()
    for line in lines:
        found = _candidate(_CHANGE.sub("", line))
        if found is not None:
            counts[found[0]] += 1
            if _CHANGE.match(line):
                marked.add(found[0])
    return Names(frozenset(name for name, count in counts.items() if count >= _REPEATS) | marked)


def split_speaker(text: str, names: Names) -> tuple[str | None, str]:
    """``(speaker, rest)`` of one line; a bare ``>>`` is taken off and names nobody."""
    bare = _CHANGE.sub("", text)
    found = _candidate(bare)
    if found is None:
        return None, bare
    name, rest = found
    if name.isupper() and len(name) > 1 and any(map(str.islower, rest)):
        return name, rest
    once = names.conversation and len(name.split()) > 1
    if name in names.known or once:
        return name, rest
    return None, bare
