"""Whether transcripts whose names differ by what may be a language (``team_it.vtt``, ``team_hr.vtt``) are of one talk.

A dot before the language is a convention that nobody uses otherwise; a dash, an underscore or a space may stand before
a department, a day or a series. Only the begin and the end of a file are read, since every run asks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from longvid_indexer.subtitles.beside import Sidecar
from longvid_storage.errors import MediaError
from longvid_storage.text.languages import guess_language

_READ = (".vtt", ".webvtt", ".srt")
_HEAD_BYTES, _TAIL_BYTES = 16_384, 4_096
_MOST_COMPARED = 20
"""Of more files of one stem nobody made different talks: a site translates one into a hundred languages."""
_SHORTER = 0.5
"""A file of less than half of another's length is of another talk: translations end where their talk does."""
_ALIKE = 0.35
"""Two texts of one language with fewer words in common, of all their words, are of different talks."""
_NEIGHBOURS = (
    frozenset(("hr", "sr", "bs", "sl")),
    frozenset(("no", "nb", "nn", "da", "sv")),
    frozenset(("id", "ms")),
    frozenset(("cs", "sk")),
    frozenset(("es", "pt", "gl", "ca")),
    frozenset(("ru", "uk", "be", "bg", "mk", "sr", "kk")),
    frozenset(("tr", "az")),
    frozenset(("fa", "ar", "ur")),
    frozenset(("hi", "mr", "ne")),
    frozenset(("zh", "yue", "ja")),
)
"""Languages that a short text may be taken for each other."""
_TIME = re.compile(rb"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,]\d{3}")
_WORD = re.compile(r"[^\W\d_]{3,}")


def one_or_more(files: Sequence[Sidecar], stem: str) -> list[list[Sidecar]]:
    """The files called ``stem`` and tags, in order, parted by the talks that they are of."""
    doubtful = [file for file in files if _is_doubtful(file, stem)]
    if not doubtful or len(files) < 2 or len(files) > _MOST_COMPARED:
        return [list(files)]
    looks = {file: _Glance(file) for file in files}
    talks: list[list[Sidecar]] = []
    for file in files:
        of = (talk for talk in talks if not _are_two(looks[talk[0]], looks[file]))
        talk = next(of, None)
        if talk is None:
            talks.append([file])
        else:
            talk.append(file)
    return talks


def _is_doubtful(file: Sidecar, stem: str) -> bool:
    behind = file.path.name[len(stem) :]
    return file.language is not None and not file.partial and behind[:1] in ("_", "-", " ")


def _are_two(first: _Glance, other: _Glance) -> bool:
    if first.file.partial or other.file.partial:
        return False
    lengths = sorted((first.length_s, other.length_s))
    if lengths[0] and lengths[0] < _SHORTER * lengths[1]:
        return True
    same = first.language is not None and first.language == other.language
    if not same or not (first.is_belied or other.is_belied):
        return False
    words, theirs = first.words, other.words
    return len(words & theirs) < _ALIKE * len(words | theirs)


@dataclass(frozen=True)
class _Glance:
    """What the begin and the end of a file tell; nothing of one that is not read here."""

    file: Sidecar

    @cached_property
    def length_s(self) -> float:
        """From the first time to the last, whatever the clock begins at."""
        head, tail = (
            [_seconds(time) for time in _TIME.findall(part.replace(b"\0", b""))] for part in self._bytes
        )
        return max(tail) - head[0] if head and tail else 0.0

    @cached_property
    def text(self) -> str:
        from longvid_indexer.subtitles.encodings import decode_text
        from longvid_indexer.subtitles.reading import parse_subtitles

        try:
            read = parse_subtitles(decode_text(self._bytes[0])[0])
        except MediaError:
            return ""
        return " ".join(line.text for cue in read.cues for line in cue.lines)

    @cached_property
    def language(self) -> str | None:
        return guess_language(self.text)

    @cached_property
    def words(self) -> set[str]:
        return set(_WORD.findall(self.text.casefold()))

    @property
    def is_belied(self) -> bool:
        """Whether the words are surely of another language than the name says."""
        named, told = self.file.language, self.language
        if named is None or told is None or named == told:
            return False
        return not any(named in group and told in group for group in _NEIGHBOURS)

    @cached_property
    def _bytes(self) -> tuple[bytes, bytes]:
        path = self.file.path
        if path.suffix.lower() not in _READ:
            return b"", b""
        from longvid_indexer.opening import open_regular

        try:
            with open_regular(path) as source:
                head = source.read(_HEAD_BYTES)
                source.seek(max(0, source.seek(0, os.SEEK_END) - _TAIL_BYTES))
                return head, source.read(_TAIL_BYTES)
        except (MediaError, OSError):
            return b"", b""  # whoever reads it tells


def _seconds(time: Iterable[bytes]) -> float:
    hours, minutes, seconds = (int(part or 0) for part in time)
    return 3600.0 * hours + 60.0 * minutes + seconds
