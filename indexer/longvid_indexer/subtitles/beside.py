"""Which subtitle files belong to which media file, by their names, in time linear in the number of names.

Beside a film ``talk.mp4`` lie ``talk.srt``, ``talk.en.vtt``, ``talk.wav.srt``, ``talk_en (1).srt``; in a folder such as
``Subs`` files of the same names, or files that are called by their language only (``2_English.srt``), which belong to
the one film there is.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from longvid_indexer.directory import Listing, Listings
from longvid_indexer.info_json import info_files
from longvid_indexer.sniff import (
    MEDIA_SUFFIXES,
    SUBTITLE_SUFFIXES,
    TRANSCRIPT_SUFFIXES,
    UNREAD_SUFFIXES,
    like_subtitles,
)
from longvid_indexer.subtitles.regular import digest_of, why_not_read
from longvid_indexer.subtitles.tags import (
    Tags,
    alike,
    behind_front,
    composed,
    cuts,
    media_stems,
    only_tags,
    read_tags,
)
from longvid_storage.errors import MediaError

# A transcript of words and speakers (JSON) says more than subtitles made from it.
PREFERENCE = (".json", *SUBTITLE_SUFFIXES, *TRANSCRIPT_SUFFIXES[1:], *UNREAD_SUFFIXES)
SUBTITLE_FOLDERS = frozenset(
    [
        "subs",
        "sub",
        "subtitles",
        "subtitle",
        "captions",
        "caption",
        "cc",
        "srt",
        "vtt",
        "transcripts",
        "transcript",
        "untertitel",
        "legendas",
        "subtitulos",
    ]
)
_SOUNDS_TEXT = ".aac .aif .aiff .amr .flac .m4a .m4b .mka .mp3 .oga .ogg .opus .wav .weba .wma"
_SOUNDS = frozenset(_SOUNDS_TEXT.split())
_NAMED_IN_A_NOTE = 3


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A subtitle file beside its media file.

    ``partial``: it covers foreign lines or signs only. ``original``: its name says that its language is the spoken one.
    """

    path: Path
    language: str | None
    partial: bool
    original: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """What lies beside one file: the subtitle files that are its own, and sentences about what was not taken.

    ``site``: yt-dlp's notes of it (``longvid_indexer.info_json``).
    """

    taken: tuple[Sidecar, ...] = ()
    notes: tuple[str, ...] = ()
    site: Path | None = None


NOTHING_BESIDE = Beside()


@dataclass
class Matched:
    """A directory's subtitle files, by the media file that they are of; ``told``: those that a note beside one says
    are not read."""

    beside: dict[str, Beside] = field(default_factory=dict)
    told: frozenset[Path] = frozenset()

    @property
    def taken(self) -> set[Path]:
        """Every file that belongs to a media file."""
        sites = {each.site for each in self.beside.values() if each.site is not None}
        return sites | {sidecar.path for each in self.beside.values() for sidecar in each.taken}


def match_sidecars(
    media: Iterable[str], listing: Listing, listings: Listings, indexed: Container[Path] | None = None
) -> Matched:
    """The subtitle files of each of ``media``, names in ``listing``; folders of subtitles below it are read too.

    A file goes to the media file with the longest matching stem (``talk.en.vtt`` to ``talk.en.mp4`` before
    ``talk.mp4``), and to all of them when several have that stem (``talk.mp4``, ``talk.wav``). What is nobody's is a
    video of its own where the directory is indexed; else a note tells of those that are not among ``indexed``.
    """
    owners = _Owners(media)
    if not owners.media:
        return Matched()
    found: dict[str, list[Sidecar]] = {name: [] for name in owners.media}
    faults: dict[str, list[tuple[bool, str]]] = {name: [] for name in owners.media}
    alone: list[Path] = []
    told: set[Path] = set()
    for path, tags, names in _claims(owners, listing, listings):
        certain = path.suffix.lower() not in TRANSCRIPT_SUFFIXES
        fault = _fault(path) if names or certain else None
        if fault is None and names:
            sidecar = Sidecar(path, tags.language, tags.partial, tags.original)
            for name in names:
                found[name].append(sidecar)
        elif fault is not None and names:
            told |= {path} if path.suffix.lower() in UNREAD_SUFFIXES else set()
            for name in names:
                faults[name].append((certain, f"{path.name} beside it was not read: {fault}"))
        elif certain and path.parent == listing.folder:
            alone.append(path)
    stray = _stray([path for path in alone if indexed is not None and path not in indexed])
    made, sites = {}, info_files(listing.folder, listing.files)
    for name, taken in found.items():
        # A text or table of that name may be anything; it is only worth a line where subtitles are missing.
        notes = [note for certain, note in faults[name] if certain or not taken]
        stems = media_stems(composed(os.path.splitext(name)[0])) if sites else []
        site = next((sites[stem.casefold()] for stem in stems if stem.casefold() in sites), None)
        made[name] = Beside(tuple(taken), (*notes, *(() if taken else stray)), site)
    return Matched(made, frozenset(told))


class _Owners:
    """Media files by what their subtitles may be called."""

    def __init__(self, media: Iterable[str]) -> None:
        self.media = sorted(set(media))
        self._exact: dict[str, list[str]] = {}
        self._shortened: dict[str, list[str]] = {}
        for name in self.media:
            stem, *shorter = media_stems(composed(os.path.splitext(name)[0]))
            self._exact.setdefault(stem.casefold(), []).append(name)
            for each in shorter:
                self._shortened.setdefault(each.casefold(), []).append(name)
        self._alike: dict[str, list[str]] = {}
        for stem in self._exact:
            self._alike.setdefault(alike(stem), []).append(stem)
        # What only sounds may go with the one that shows: a meeting is kept as both.
        shown = [name for name in self.media if os.path.splitext(name)[1].lower() not in _SOUNDS]
        self._shown = shown if len({os.path.splitext(name)[0].casefold() for name in shown}) == 1 else []

    @property
    def only(self) -> list[str]:
        """All media files, when they are of one stem; else the one with pictures, when the others are sound alone."""
        return self.media if len(self._exact) == 1 else self._shown

    def of(self, base: str) -> tuple[Tags, list[str]] | None:
        """Whose subtitles a file with this name (without its suffix) is."""
        base = composed(base)
        found = self._of(base)
        if found is None and (behind := behind_front(base)) is not None:
            found = self._of(behind)
        return found

    def _of(self, base: str) -> tuple[Tags, list[str]] | None:
        for stem, rest in cuts(base):
            names = self._exact.get(stem.casefold()) or self._shortened.get(stem.casefold())
            if names and (tags := read_tags(rest)) is not None:
                return tags, names
        for stem, rest in cuts(base):
            like = self._alike.get(alike(stem), ()) if alike(stem) else ()
            if len(like) == 1 and (tags := read_tags(rest)) is not None:
                return tags, self._exact[like[0]]
        return None

    def of_stem(self, stem: str) -> list[str]:
        """The media files of exactly that stem."""
        return self._exact.get(composed(stem).casefold(), [])


def _claims(
    owners: _Owners, listing: Listing, listings: Listings
) -> Iterator[tuple[Path, Tags, Sequence[str]]]:
    """``(file, its tags, whose it is)`` for everything like subtitles in the directory and its subtitle folders."""
    for name in listing.files:
        if like_subtitles(name) and name not in owners.media:
            yield _claim(owners, listing.folder / name)
    for name in listing.folders:
        if name.casefold() not in SUBTITLE_FOLDERS:
            continue
        below = _listed(listing.folder / name, listings)
        for file in below.files if below else ():
            if like_subtitles(file):
                yield _claim(owners, listing.folder / name / file)
        for inner in below.folders if below else ():
            names = owners.of_stem(inner)
            files = _listed(listing.folder / name / inner, listings) if names else None
            for file in files.files if files else ():
                if like_subtitles(file):
                    path = listing.folder / name / inner / file
                    tags = (owners.of(path.stem) or (only_tags(path.stem), names))[0]
                    yield path, tags or Tags(), names


def _claim(owners: _Owners, path: Path) -> tuple[Path, Tags, Sequence[str]]:
    if owned := owners.of(path.stem):
        return path, *owned
    tags = only_tags(path.stem) if owners.only else None
    return path, tags or Tags(), owners.only if tags is not None else ()


def _is_media(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in MEDIA_SUFFIXES


def _listed(folder: Path, listings: Listings) -> Listing | None:
    try:
        return listings.of(folder)
    except OSError:
        return None  # the walk comes here by itself and says so


def _fault(path: Path) -> str | None:
    """Why a file that is named like subtitles is not taken for them; None when it is."""
    from longvid_indexer.subtitles.reading import READABLE, holds_transcript

    try:
        if why := why_not_read(path.stat()):
            return why
        suffix = path.suffix.lower()
        if suffix in UNREAD_SUFFIXES or (suffix in TRANSCRIPT_SUFFIXES and not holds_transcript(path)):
            return f"it holds no text with times that can be read; readable are {READABLE}"
    except OSError as error:
        return f"{error.strerror}"
    except MediaError as error:
        return error.message
    return None


def _stray(alone: Sequence[Path]) -> tuple[str, ...]:
    if not alone:
        return ()
    names = ", ".join(path.name for path in alone[:_NAMED_IN_A_NOTE])
    more = f" and {len(alone) - _NAMED_IN_A_NOTE} more" if len(alone) > _NAMED_IN_A_NOTE else ""
    return (
        f"subtitles that are named like no media file lie beside it ({names}{more}): give a file the name of its film,"
        " 'talk.srt' for 'talk.mp4', to use it",
    )


class Sidecars:
    """Finds the subtitle files of media files; each directory is read and matched once.

    ``everything``: among hidden files too. ``named``: the subtitle files among those that were
    named one by one, so that what lies beside them unnamed is not indexed; None where whole directories are.
    """

    def __init__(self, everything: bool = False) -> None:
        self.named: frozenset[Path] | None = None
        self.listings = Listings(everything)
        self._matched: dict[Path, Matched] = {}

    def match(
        self, listing: Listing, media: Iterable[str], indexed: Container[Path] | None = None
    ) -> Matched:
        """As ``match_sidecars``."""
        return match_sidecars(media, listing, self.listings, indexed)

    def of(self, path: Path) -> Beside:
        """What lies beside one media file, in alphabetical order; nothing when its directory cannot be listed."""
        listing = _listed(path.parent, self.listings)
        if listing is None:
            return Beside()
        beside = self._of_folder(listing).beside
        if path.name not in beside:  # told by its content
            return self.match(listing, [*beside, path.name], self.named).beside[path.name]
        return beside[path.name]

    def in_folder(self, folder: Path) -> tuple[tuple[str, ...], set[Path]]:
        """The names of files in a directory, and which of them belong to media files, there or above."""
        listing, taken = _listed(folder, self.listings), set[Path]()
        while (here := _listed(folder, self.listings)) is not None:
            taken |= self._of_folder(here).taken
            if (
                folder.name.casefold() not in SUBTITLE_FOLDERS
                and folder.parent.name.casefold() not in SUBTITLE_FOLDERS
            ):
                break
            folder = folder.parent
        return (listing.files if listing else ()), taken

    def _of_folder(self, listing: Listing) -> Matched:
        if listing.folder not in self._matched:
            media = filter(_is_media, listing.files)
            self._matched[listing.folder] = self.match(listing, media, self.named)
        return self._matched[listing.folder]


def in_order(found: Sequence[Sidecar], spoken: str | None) -> list[Sidecar]:
    """The order in which to try them.

    Complete ones before forced ones; the one without a language tag, then the language spoken in the recording (as a
    name says with ``-orig``, else as the container does), then English, then by language code; then by format,
    transcripts of words and speakers (JSON) before ``.vtt`` before ``.srt`` before ``.ass``; then what is called a
    transcript, which names who speaks, before live captions (Zoom's ``.transcript.vtt`` and ``.cc.vtt``).
    """
    told = next((s.language for s in found if s.original and s.language), None)
    first = told or spoken or "en"

    def rank(sidecar: Sidecar) -> tuple[bool, int, str, bool, int, bool, str]:
        wanted = [None, first, "en"]
        # What is called the original beside a file without any language is still that language's.
        place = wanted.index(sidecar.language) if sidecar.language in wanted else len(wanted)
        suffix = PREFERENCE.index(sidecar.path.suffix.lower())
        name = sidecar.path.name
        captions = "transcript" not in name.casefold()
        return sidecar.partial, place, sidecar.language or "", sidecar.original, suffix, captions, name

    return sorted(found, key=rank)


def contents(found: Sequence[Sidecar]) -> str:
    """A digest of the content of these files, whatever they are called; empty when there are none."""
    if not found:
        return ""
    digests = set()
    for sidecar in found:
        try:
            digests.add(digest_of(sidecar.path))
        except MediaError:
            digests.add(b"unreadable")
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def sign(found: Sequence[Sidecar], media: Path) -> str:
    """A digest of content and role of these files, the same for a renamed pair; empty when there are none."""
    if not found:
        return ""
    digest = hashlib.sha256()
    for sidecar in sorted(found, key=lambda s: s.path.name):
        role = os.path.relpath(sidecar.path, media.parent).removeprefix(media.stem)
        digest.update(role.encode(errors="surrogateescape") + b"\x00")
        try:
            digest.update(digest_of(sidecar.path))
        except MediaError:
            digest.update(b"unreadable")
    return digest.hexdigest()[:32]
