"""Transcripts without media: several files of one talk are one video, named after its file if a title says nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from longvid_indexer.sniff import SUBTITLE_SUFFIXES, TRANSCRIPT_SUFFIXES
from longvid_indexer.subtitles.beside import Sidecar, in_order
from longvid_indexer.subtitles.tags import composed, cuts, only_tags, read_tags
from longvid_indexer.titles import sensible_title
from longvid_storage.errors import MediaError

# What tools write where a title could stand.
_TOOL_TITLE = re.compile(
    r"(?:default|new|untitled)\b.{0,40}\b(?:file|subtitles?|script|project)"
    r"|<?\w{0,20}\s?(?:file|untitled|web\s?vtt|title)>?"
    r"|(?:kind|language|style|region|x-timestamp-map)\s{0,3}[:=].{0,200}"
    r"|(?:(?:this |the )?(?:\w+ )?(?:file|script|subtitles?|captions?|transcript|ass|srt|vtt) (?:was |were |is )?)?"
    r"(?:auto[- ]?)?(?:generated|created|made|produced|converted|exported|edited|transcribed|translated|"
    r"synced|downloaded|encoded|ripped|captioned|powered)\b.{0,200}"
    r"|(?:track|cc|channel|stream|text)?[ #]{0,2}\d{1,3}|(?:copyright|©|handbrake)\b.{0,200}"
    r"|(?:www\.)?[\w-]+\.(?:com|org|net|tv)"
    r"|(?:teams|zoom|meet|webex) (?:meeting )?(?:transcript|recording|captions?)"
    r"|(?:subtitles?|captions?|transcripts?|transcription)(?:\s(?:by|from|for|in|file|track)\b.{0,200})?",
    re.IGNORECASE,
)
# Headers with a title stand at the very beginning.
_HEAD_BYTES = 4096
_NAMED_IN_A_NOTE = 3


@dataclass(frozen=True, slots=True)
class Talk:
    """The file to read of one talk, and sentences about its other files."""

    path: Path
    notes: tuple[str, ...]
    titles: SharedTitles


class SharedTitles:
    """Which transcripts of a directory have a title that another one has too; read when that is first asked, which is
    when one of them is new.

    Args:
        paths: the directory's transcripts, one for each talk.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths if len(paths) > 1 else ()

    @cached_property
    def _shared(self) -> set[Path]:
        titles = {path: _title(path) for path in self._paths}
        counts = Counter(titles.values())
        return {path for path, title in titles.items() if title is not None and counts[title] > 1}

    def __contains__(self, path: Path) -> bool:
        return path in self._shared


def one_a_talk(paths: Sequence[Path]) -> list[Talk]:
    """The transcripts of one directory, one for each talk: ``talk.en.vtt``, ``talk.de.vtt``, ``talk.json`` are one.

    The language that ``-orig`` calls the spoken one comes first, else as ``in_order`` has it.
    """
    talks: dict[str, list[Sidecar]] = {}
    for path in sorted(paths):
        key, sidecar = _talk_of(path)
        talks.setdefault(key, []).append(sidecar)
    chosen = [in_order(files, None) for files in talks.values()]
    titles = SharedTitles([files[0].path for files in chosen])
    return [Talk(files[0].path, _others(files), titles) for files in chosen]


def _talk_of(path: Path) -> tuple[str, Sidecar]:
    """The name of the talk, compared without case, and the file with what its tags say."""
    base = composed(path.stem)
    key, found = base, Sidecar(path, None, False)
    if path.suffix.lower() in (*SUBTITLE_SUFFIXES, *TRANSCRIPT_SUFFIXES):
        for stem, rest in cuts(base):
            tags = read_tags(rest)
            # "(1)" and "(2)" without media are as likely two recordings as two copies.
            if tags is not None and not tags.copy:
                key, found = stem, Sidecar(path, tags.language, tags.partial, tags.original)
    return key.casefold(), found


def _others(files: Sequence[Sidecar]) -> tuple[str, ...]:
    if len(files) < 2:
        return ()
    names = ", ".join(file.path.name for file in files[1 : _NAMED_IN_A_NOTE + 1])
    more = f" and {len(files) - 1 - _NAMED_IN_A_NOTE} more" if len(files) > _NAMED_IN_A_NOTE + 1 else ""
    return (f"other files of the same talk were left out ({names}{more}): name a file by itself to index it",)


def own_title(title: str | None) -> str | None:
    """The title of a transcript if it tells one from another: not a tool's, and no mere language (``English (US)``)."""
    text = sensible_title(title)
    if text is None or _TOOL_TITLE.fullmatch(text) or only_tags(text) is not None:
        return None
    return text


def _title(path: Path) -> str | None:
    from longvid_indexer.subtitles.encodings import decode_text
    from longvid_indexer.subtitles.reading import parse_subtitles
    from longvid_indexer.subtitles.regular import read_regular

    if path.suffix.lower() not in (".vtt", ".webvtt", ".ass", ".ssa"):
        return None
    try:
        text, _ = decode_text(read_regular(path, _HEAD_BYTES))
    except MediaError:
        return None
    return own_title(parse_subtitles(text).title)
