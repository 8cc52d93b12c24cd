"""The shared form that every subtitle parser writes: cues with plain text, speakers and, where given, word times."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from longvid_storage.types import Word

# No recording is longer; a time beyond it is a slip of the hand, and would make a lone transcript days long.
LONGEST_S = 48 * 3600.0
DAY_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class CueLine:
    """One displayed line of a cue: plain text, who says it if marked, and its words if they have times."""

    text: str
    speaker: str | None = None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown during ``[start_s, end_s)``, line by line."""

    start_s: float
    end_s: float
    lines: tuple[CueLine, ...]


_SEVERAL = re.compile(r"^((?:\w+ )?(?:cue|line|row|piece))s\b")
_WERE_ONE = {"were": "was", "they": "it", "their": "its", "hold": "holds", "last": "lasts"}
_WERE = re.compile(r"\b(?:were|they|their|hold|last)\b")


@dataclass
class Subtitles:
    """What a parser read: cues in file order, what it knows of the whole, and how often something was wrong.

    ``remarks`` are sentences about the file as a whole. ``telemetry``: the cues hold measured values, not speech.
    ``guessed``: their times are made up, since the file's cannot be right. ``voices_last``: a speaker that is
    given may go on until the next one, because the file never ends a voice. ``hour_s``: seconds that pass while the
    file's clock counts an hour; timecode that counts 30 pictures a second of 29.97 is slow.
    """

    cues: list[Cue] = field(default_factory=list)
    language: str | None = None
    title: str | None = None
    voices_last: bool = False
    problems: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)
    telemetry: bool = False
    guessed: bool = False
    hour_s: float = 3600.0

    def notes(self) -> tuple[str, ...]:
        """The problems as sentences for a person."""
        return (*self.remarks, *(_told(count, what) for what, count in self.problems.items()))


def _told(count: int, what: str) -> str:
    """A problem with how often it is there; written for several, or with a first word that is the same for one."""
    if count != 1:
        return f"{count} {what}"
    one = _SEVERAL.sub(r"\1", what, count=1)
    return f"1 {_WERE.sub(lambda word: _WERE_ONE[word[0]], one) if one != what else what}"
