"""Transcripts without media: several files of one talk are one video, named after its file if a title says nothing.

Its first file is read; the others lie beside that one as subtitles do beside a film, and are part of who the video is.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from longvid_indexer.info_json import info_files, is_info, spoken_language
from longvid_indexer.sniff import SUBTITLE_SUFFIXES, TRANSCRIPT_SUFFIXES, UNREAD_SUFFIXES, like_subtitles
from longvid_indexer.subtitles.beside import NOTHING_BESIDE, Beside, Sidecar, Sidecars, in_order
from longvid_indexer.subtitles.same_talk import one_or_more
from longvid_indexer.subtitles.tags import composed, cuts, only_tags, read_tags
from longvid_indexer.titles import file_title, sensible_title
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
_TAGGED = frozenset((*SUBTITLE_SUFFIXES, *TRANSCRIPT_SUFFIXES))
# Headers with a title stand at the very beginning.
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Talk:
    """The first file of one talk, its other ones, and the titles of talks beside it."""

    path: Path
    beside: Beside
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


def one_a_talk(paths: Sequence[Path], sites: Mapping[str, Path] | None = None) -> list[Talk]:
    """The transcripts of one directory, one for each talk: ``talk.en.vtt``, ``talk.de.vtt``, ``talk.json`` are one.

    The language that ``-orig``, or yt-dlp's notes among ``sites`` (``info_json.info_files``), call the spoken one comes
    first, else as ``in_order`` has it; never one without words. What only looks like a language (``team_it.vtt``) parts
    them: ``same_talk``.
    """
    sites = sites or {}
    talks: dict[str, list[Sidecar]] = {}
    for path in sorted(paths):
        key, sidecar = talk_of(path)
        talks.setdefault(key, []).append(sidecar)
    chosen = []
    for key, files in talks.items():
        site = sites.get(key)
        first, *rest = one_or_more(in_order(files, spoken_language(site)), key)
        # What yt-dlp noted is of one recording.
        chosen += [(_first_with_words(first), site), *((_first_with_words(each), None) for each in rest)]
    titles = SharedTitles([files[0].path for files, _ in chosen])
    return [
        Talk(first.path, Beside(tuple(others), site=site) if others or site else NOTHING_BESIDE, titles)
        for (first, *others), site in chosen
    ]


class Talks:
    """The talks of lone transcripts that are known by name; each directory is read once.

    Args:
        sidecars: what belongs to media files, which is no talk of its own.
    """

    def __init__(self, sidecars: Sidecars) -> None:
        self._sidecars = sidecars
        self._names: dict[Path, dict[str, list[Path]]] = {}
        self._sites: dict[Path, dict[str, Path]] = {}

    def first_of(self, path: Path) -> Talk | None:
        """The talk of which ``path`` is the first file, with those beside it; None where it is a later one."""
        if path.parent not in self._names:
            self._names[path.parent] = self._by_talk(path.parent)
        alike = self._names[path.parent].get(talk_of(path)[0], [])
        others = (each for each in alike if each != path and is_transcript(each))
        talks = one_a_talk([path, *others], self._sites[path.parent])
        return next((talk for talk in talks if talk.path == path), None)

    def sites(self, folder: Path) -> dict[str, Path]:
        """What yt-dlp noted of the talks in a directory that was asked about."""
        return self._sites.get(folder, {})

    def _by_talk(self, folder: Path) -> dict[str, list[Path]]:
        listing, taken = self._sidecars.in_folder(folder)
        self._sites[folder] = info_files(folder, listing)
        talks: dict[str, list[Path]] = {}
        for path in (folder / name for name in listing if like_subtitles(name)):
            if path not in taken:
                talks.setdefault(talk_of(path)[0], []).append(path)
        return talks


def is_transcript(path: Path) -> bool:
    """Whether this is one without media: by its suffix, or by its content where the suffix is of much else."""
    from longvid_indexer.subtitles.reading import holds_transcript

    if path.suffix.lower() not in TRANSCRIPT_SUFFIXES:
        return True
    if is_info(path):
        return False
    try:
        return holds_transcript(path, alone=True)
    except MediaError:
        return False


def _first_with_words(files: list[Sidecar]) -> list[Sidecar]:
    """A header without cues, or what cannot be read, is no talk's first file where others are."""
    if len(files) == 1:
        return files
    first = next((file for file in files if not _is_empty(file.path)), files[0])
    return [first, *(file for file in files if file is not first)]


def _is_empty(path: Path) -> bool:
    from longvid_indexer.subtitles.reading import read_subtitles

    if path.suffix.lower() in UNREAD_SUFFIXES:
        return True
    try:
        return path.stat().st_size < _HEAD_BYTES and not read_subtitles(path).cues
    except (MediaError, OSError):
        return True


def talk_of(path: Path) -> tuple[str, Sidecar]:
    """The name of the talk of which a file is one, compared without case, and the file with what its tags say."""
    stem, found = _stem_and_tags(path)
    return stem.casefold(), found


def talk_title(path: Path, *, several: bool) -> str:
    """What a transcript without media is called by its name: that of the talk, without language and marks.

    Behind a dot these are surely tags (``lesson.en.vtt``); behind a space or a dash (``Say no.vtt``) where the talk
    has ``several`` files.
    """
    stem, _ = _stem_and_tags(path)
    tagged = several or composed(path.stem)[len(stem) :].startswith(".")
    return file_title(path.with_name(stem + path.suffix) if tagged else path)


def _stem_and_tags(path: Path) -> tuple[str, Sidecar]:
    stem, suffix = os.path.splitext(path.name)
    base = composed(stem)
    name, found = base, Sidecar(path, None, False)
    if suffix.lower() in _TAGGED:
        for stem, rest in cuts(base):
            tags = read_tags(rest)
            # "(1)" and "(2)" without media are as likely two recordings as two copies.
            if tags is not None and not tags.copy:
                name, found = stem, Sidecar(path, tags.language, tags.partial, tags.original)
    return name, found


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
