"""Which subtitle files belong to which media file: the stem, and at most a few tags between it and the suffix."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from longvid_indexer.opening import open_regular
from longvid_indexer.sniff import MEDIA_SUFFIXES, SUBTITLE_SUFFIXES
from longvid_indexer.subtitles.languages import normalise_language
from longvid_storage.errors import MediaError

_TAGS = frozenset(
    (
        "forced",
        "sdh",
        "cc",
        "hi",
        "default",
        "auto",
        "full",
        "foreign",
        "signs",
        "captions",
        "subtitles",
        "asr",
    )
)
_PARTIAL = frozenset(("forced", "signs", "foreign"))
_MOST_TAGS = 3
LARGEST_BYTES = 64 * 2**20
"""A day of speech is about 2 MB; what is larger was not written for people."""


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A subtitle file beside its media file; ``partial`` when it covers foreign lines or signs only."""

    path: Path
    language: str | None
    partial: bool


def _key(name: str) -> str:
    # Some systems store accents decomposed, and some ignore case: a copied pair must still find each other.
    return unicodedata.normalize("NFC", name).casefold()


def _match(stem: str, name: str) -> Sidecar | None:
    """``name`` as a sidecar of the media file with that stem (its path is the bare name yet), or None."""
    base, suffix = os.path.splitext(name)
    if suffix.lower() not in SUBTITLE_SUFFIXES or not _key(base).startswith(_key(stem)):
        return None
    rest = unicodedata.normalize("NFC", base)[len(unicodedata.normalize("NFC", stem)) :]
    if not rest:
        return Sidecar(Path(name), None, False)
    tags = rest[1:].split(".")
    if rest[0] != "." or len(tags) > _MOST_TAGS:
        return None
    languages = [normalise_language(tag) for tag in tags]
    known = [
        tag.lower() in _TAGS or language is not None for tag, language in zip(tags, languages, strict=True)
    ]
    if not all(known):
        return None
    # "hi" alone is Hindi; after a language it is the mark for the hard of hearing.
    language = next(filter(None, languages), None)
    return Sidecar(Path(name), language, any(tag.lower() in _PARTIAL for tag in tags))


def match_sidecars(media_names: Iterable[str], names: Iterable[str]) -> dict[str, list[Sidecar]]:
    """Media name → its subtitle files, among the names of one directory.

    A subtitle file goes to the media file with the longest matching stem (``talk.en.vtt`` to ``talk.en.mp4`` before
    ``talk.mp4``), and to all of them when several have that stem (``talk.mp4``, ``talk.wav``).
    """
    stems: dict[str, list[str]] = {}
    for media in media_names:
        stems.setdefault(os.path.splitext(media)[0], []).append(media)
    longest_first = sorted(stems, key=len, reverse=True)
    found: dict[str, list[Sidecar]] = {media: [] for group in stems.values() for media in group}
    for name in sorted(names):
        if os.path.splitext(name)[1].lower() not in SUBTITLE_SUFFIXES:
            continue
        for stem in longest_first:
            sidecar = _match(stem, name)
            if sidecar is not None:
                for media in stems[stem]:
                    found[media].append(sidecar)
                break
    return found


def find_sidecars(path: Path) -> list[Sidecar]:
    """The subtitle files beside one media file, in alphabetical order; none when its directory cannot be listed."""
    try:
        with os.scandir(path.parent) as listing:
            names = [entry.name for entry in listing if _is_file(entry)]
    except OSError:
        return []
    media = [name for name in names if os.path.splitext(name)[1].lower() in MEDIA_SUFFIXES]
    matched = match_sidecars({*media, path.name}, names)[path.name]
    return [Sidecar(path.parent / s.path, s.language, s.partial) for s in matched]


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a loop of links costs itself, not the others
        return False


def in_order(found: Sequence[Sidecar], spoken: str | None) -> list[Sidecar]:
    """The order in which to try them.

    Complete ones before forced ones; the one without a language tag, then the language spoken in the recording (when
    the container names it), then English, then by language code; ``.vtt`` before ``.srt`` before ``.ass``.
    """

    def rank(sidecar: Sidecar) -> tuple[bool, int, str, int, str]:
        wanted = [None, spoken or "en", "en"]
        place = wanted.index(sidecar.language) if sidecar.language in wanted else len(wanted)
        suffix = SUBTITLE_SUFFIXES.index(sidecar.path.suffix.lower())
        return sidecar.partial, place, sidecar.language or "", suffix, sidecar.path.name

    return sorted(found, key=rank)


def sign(found: Sequence[Sidecar], media_name: str) -> str:
    """A digest of content and role of these files, the same for a renamed pair; empty when there are none."""
    if not found:
        return ""
    stem = os.path.splitext(media_name)[0]
    digest = hashlib.sha256()
    for sidecar in sorted(found, key=lambda s: s.path.name):
        digest.update(sidecar.path.name[len(stem) :].encode(errors="surrogateescape") + b"\x00")
        digest.update(_content(sidecar.path))
    return digest.hexdigest()[:32]


def _content(path: Path) -> bytes:
    """The SHA-256 of a subtitle file; of one that is too large to be read as one, of its size and time."""
    digest = hashlib.sha256()
    try:
        with open_regular(path) as file:
            status = os.fstat(file.fileno())
            if status.st_size > LARGEST_BYTES:
                return f"{status.st_size} {status.st_mtime_ns}".encode()
            left = status.st_size
            while left > 0 and (block := file.read(min(left, 2**20))):
                digest.update(block)
                left -= len(block)
    except (MediaError, OSError):
        return b"unreadable"
    return digest.digest()
