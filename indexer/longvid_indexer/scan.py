"""What there is to index under the given paths: media and lone transcripts, each with the subtitles beside it."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from longvid_indexer.directory import Listing
from longvid_indexer.info_json import info_files, is_info, no_transcript
from longvid_indexer.leaving import (
    Leave,
    is_awaited,
    is_being_written,
    is_hollow,
    is_unfinished,
    reason_of_name,
)
from longvid_indexer.opening import open_regular, stat_regular, unreadable
from longvid_indexer.remote import absolute, as_path, stat_open
from longvid_indexer.sniff import (
    HEAD_BYTES,
    MEDIA_SUFFIXES,
    UNREAD_SUFFIXES,
    like_subtitles,
    sniff_bytes,
)
from longvid_indexer.subtitles.beside import NOTHING_BESIDE, Beside, Sidecar, Sidecars, contents, sign
from longvid_indexer.subtitles.regular import why_not_read
from longvid_indexer.subtitles.talks import SharedTitles, Talk, Talks, is_transcript, one_a_talk
from longvid_storage.errors import MediaError

if TYPE_CHECKING:
    from longvid_storage.db.rows import PathRow

# Never media, so their content is not even looked at. Names of programming languages that are also media suffixes
# (``.ts``, ``.mts``) are told apart by content.
_OTHER_SUFFIXES_TEXT = (
    ".7z .bat .bib .bmp .bz2 .c .cfg .cpp .css .csv .db .doc .docx .epub .exe .gif .gz .h .heic .htm "
    ".html .ico .ini .ipynb .java .jpeg .jpg .js .json .jsonl .log .lua .md .mjs .nfo .npy .npz .odp "
    ".odt .parquet .pdf .php .pkl .png .ppt .pptx .ps .psd .pt .py .pyc .rar .rb .rs .rst .sh .so .sql "
    ".sqlite .srtx .sub .svg .tar .tex .tif .tiff .toml .tsv .tsx .txt .url .webp .xls .xlsx .xml "
    ".yaml .yml .zip "
)
_OTHER_SUFFIXES = frozenset(_OTHER_SUFFIXES_TEXT.split())
_AMBIGUOUS_SUFFIXES = frozenset((".ts", ".mts"))
_BLOCK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """One input: a media file or a lone transcript with what ``stat`` says of it, or ``error``, one sentence why not.

    ``path`` is absolute. ``sidecar_signature`` changes when a subtitle file beside it does; empty when there is none.
    ``beside_signature`` changes when yt-dlp's notes beside it do, too.
    ``titles``: of a lone transcript, those of its directory.
    ``named``: the user gave this very file, not a folder that holds it.
    """

    path: Path
    size: int = 0
    mtime_ns: int = 0
    beside: Beside = NOTHING_BESIDE
    sidecar_signature: str = ""
    beside_signature: str = ""
    titles: SharedTitles | None = None
    named: bool = False
    error: MediaError | None = None

    @property
    def title_is_shared(self) -> bool:
        """Whether it is a lone transcript whose title other files in its directory have too, so that it names none."""
        return self.titles is not None and self.path in self.titles

    @property
    def sidecars(self) -> tuple[Path, ...]:
        """The subtitle files that belong to it."""
        return tuple(sidecar.path for sidecar in self.beside.taken)


def scan(
    paths: Sequence[Path],
    *,
    everything: bool = False,
    leave: Leave | None = None,
    sidecars: Sidecars | None = None,
) -> Iterator[ScannedFile]:
    """Every input once, in the order given; a directory is searched recursively, in alphabetical order.

    Within directories, what is not media, unfinished downloads, hidden files and what systems leave behind are passed
    over, and ``leave`` is told of each with its reason; ``everything`` takes all of these that are media. Links are
    followed (each directory once). A file given by name is always reported: what is wrong with it comes out of
    ``error`` or of probing it. Several files of one talk without media are one
    input: the first, with the others beside it.
    """
    given = [absolute(path) for path in paths]
    sidecars = sidecars or Sidecars(everything)
    files = _given_files([path for path in given if not path.is_dir()], sidecars, everything)
    walk = _Walk(everything, leave or (lambda path, reason: None), sidecars)
    seen: set[Path] = set()
    for path in given:
        found = walk.directory(path) if path.is_dir() else files.get(path, ())
        for item in found:
            if item.path not in seen:
                seen.add(item.path)
                yield item


def look_at(path: Path, sidecars: Sidecars | None = None) -> ScannedFile:
    """One file that is known already, as it is now."""
    sidecars = sidecars or Sidecars()
    if not path.is_file():
        return _found(path, Beside())
    if like_subtitles(path.name):
        talk = Talks(sidecars).first_of(path)
        return _found(path, Beside() if talk is None else talk.beside)
    return _found(path, sidecars.of(path) if _may_be_media(path) else Beside())


def content_id(path: Path) -> str:
    """The SHA-256 of a file's content, 64 hexadecimal digits: which media it is, whatever it is called.

    Raises:
        MediaError: the file cannot be read, or is being written (code ``"growing"``).
    """
    digest = hashlib.sha256()
    with open_regular(path) as file:
        try:
            before = stat_open(file)
            writer = is_being_written(file)
            left = before.st_size  # no further: a file may grow faster than it is read
            while left > 0 and (block := file.read(min(left, _BLOCK_BYTES))):
                digest.update(block)
                left -= len(block)
            after = stat_open(file)
        except OSError as error:
            raise unreadable(path, error) from error
    if writer or (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise MediaError(
            f"{path} is being written right now: index it again when it is whole", code="growing"
        )
    return digest.hexdigest()


def still_there(row: PathRow) -> bool:
    """Whether a known path holds the content it is known for: by size and time, and where the time differs by hash."""
    try:
        status = as_path(row.path).stat()
    except (OSError, ValueError):
        return False
    if not stat.S_ISREG(status.st_mode) or status.st_size != row.size:
        return False
    if status.st_mtime_ns == row.mtime_ns:
        return True
    try:
        return content_id(as_path(row.path)) == row.media_id
    except MediaError:
        return False


def _given_files(
    given: Sequence[Path], sidecars: Sidecars, everything: bool
) -> dict[Path, list[ScannedFile]]:
    """Files named by the user. Subtitles are passed over when their media file is named too (``lectures/*``)."""
    found: dict[Path, list[ScannedFile]] = {}
    if not everything:
        for path in given:
            if path.is_file() and (is_unfinished(path.name) or is_hollow(path)):
                message = (
                    f"{path} is an unfinished download: index it when it is done, or as it is with --all"
                )
                found[path] = [ScannedFile(path, error=MediaError(message, code="unfinished"))]
    whole = [path for path in given if path not in found]
    sidecars.named = frozenset(path for path in whole if like_subtitles(path.name))
    media = {path: sidecars.of(path) for path in whole if path.is_file() and _may_be_media(path)}
    taken = {sidecar.path for beside in media.values() for sidecar in beside.taken}
    lone = [path for path in whole if like_subtitles(path.name) and path not in taken]
    sites = [path for path in lone if is_info(path)]
    found |= {path: [_found(path, beside)] for path, beside in media.items()}
    talks = list(_given_talks([path for path in lone if path not in sites], Talks(sidecars)))
    found |= {talk.path: [_transcript(talk)] for talk in talks}
    used = {each.site for each in (*media.values(), *(talk.beside for talk in talks))}
    found |= {path: [ScannedFile(path, error=no_transcript(path))] for path in sites if path not in used}
    rest = [path for path in whole if path not in media and not like_subtitles(path.name)]
    found |= {path: [_found(path, Beside())] for path in rest}
    return {path: [replace(item, named=True) for item in items] for path, items in found.items()}


def _given_talks(lone: Sequence[Path], talks: Talks) -> Iterator[Talk]:
    """The first file of a talk stands for all that lie beside it, whoever named them; without it, the named ones do."""
    for folder in _by_folder(lone):
        whole = {path: talk for path in folder if (talk := talks.first_of(path)) is not None}
        within = {sidecar.path for talk in whole.values() for sidecar in talk.beside.taken}
        sites = talks.sites(folder[0].parent)
        for talk in one_a_talk([path for path in folder if path not in within], sites):
            yield replace(talk, beside=whole[talk.path].beside) if talk.path in whole else talk


def _by_folder(paths: Iterable[Path]) -> Iterable[list[Path]]:
    folders: dict[Path, list[Path]] = {}
    for path in dict.fromkeys(paths):
        folders.setdefault(path.parent, []).append(path)
    return folders.values()


def _transcript(talk: Talk) -> ScannedFile:
    if talk.path.suffix.lower() in UNREAD_SUFFIXES:
        from longvid_indexer.subtitles.reading import refusal

        return ScannedFile(talk.path, error=refusal(talk.path))
    return _found(talk.path, talk.beside, talk.titles)


def _found(path: Path, beside: Beside, titles: SharedTitles | None = None) -> ScannedFile:
    try:
        status = stat_regular(path)
    except MediaError as error:
        return ScannedFile(path, titles=titles, error=error)
    if like_subtitles(path.name) and (why := why_not_read(status)):
        refused = MediaError(f"{path} was not read: {why}", code="not_media")
        return ScannedFile(path, titles=titles, error=refused)
    sidecars = sign(beside.taken, path)
    whole = sidecars if beside.site is None else f"{sidecars}+{contents([Sidecar(beside.site, None, False)])}"
    return ScannedFile(path, status.st_size, status.st_mtime_ns, beside, sidecars, whole, titles)


class _Walk:
    """Searches directories; ``leave`` is told of what is passed over."""

    def __init__(self, everything: bool, leave: Leave, sidecars: Sidecars) -> None:
        self._everything = everything
        self._leave = leave
        self._sidecars = sidecars
        self._entered: set[tuple[int, int]] = set()
        self._taken: set[Path] = set()  # what belongs to a media file here or in the directory above

    def directory(self, top: Path) -> Iterator[ScannedFile]:
        """Depth first: a directory's own files, then those below. A list of what is left keeps any depth cheap."""
        count, waiting = 0, [top]
        while waiting:
            folder = waiting.pop()
            try:
                status = folder.stat()
                # A link may lead back up: each real directory is entered once.
                if (status.st_dev, status.st_ino) in self._entered:
                    continue
                self._entered.add((status.st_dev, status.st_ino))
                listing = self._admitted(self._sidecars.listings.of(folder))
            except OSError as error:
                count += 1
                yield ScannedFile(folder, error=unreadable(folder, error))
                continue
            for item in self._files(listing):
                count += 1
                yield item
            waiting += [folder / name for name in reversed(listing.folders)]
        if not count:
            message = f"{top} holds nothing to index: no video, audio or subtitle file in it or below it"
            yield ScannedFile(top, error=MediaError(message, code="empty_directory"))

    def _admitted(self, listing: Listing) -> Listing:
        """What is not passed over by its name alone; with ``everything`` all of it."""
        if self._everything:
            return listing
        for name in listing.hidden:
            self._leave(listing.folder / name, reason_of_name(name, folder=False) or "hidden")
        return replace(
            listing,
            files=tuple(n for n in listing.files if not self._passed_over(listing, n, folder=False)),
            folders=tuple(n for n in listing.folders if not self._passed_over(listing, n, folder=True)),
        )

    def _passed_over(self, listing: Listing, name: str, *, folder: bool) -> bool:
        reason = reason_of_name(name, folder=folder)
        if reason is not None:
            self._leave(listing.folder / name, reason)
        return reason is not None

    def _files(self, listing: Listing) -> Iterator[ScannedFile]:
        """What to index in one directory."""
        folder = listing.folder
        there = {*self._sidecars.listings.of(folder).files, *listing.hidden}
        media = [
            name
            for name in listing.files
            if not like_subtitles(name) and self._is_media(folder / name, there)
        ]
        matched = self._sidecars.match(listing, media)
        self._taken |= matched.taken | matched.told
        alone = [
            folder / name for name in listing.files if name not in matched.beside and like_subtitles(name)
        ]
        rest = [path for path in alone if path not in self._taken] if self._taken else alone
        lone = [path for path in rest if is_transcript(path)]
        known = set(lone)
        sites = info_files(folder, (path.name for path in rest if path not in known))
        talks = {talk.path.name: talk for talk in one_a_talk(lone, sites)}
        if len(lone) < len(rest):
            used = {talk.beside.site for talk in talks.values()}
            for path in rest:
                if path not in known and path not in used:
                    self._leave(path, "data" if path in sites.values() else "other")
        for name in listing.files:
            if name in matched.beside:
                yield _found(folder / name, matched.beside[name])
            elif name in talks:
                yield _transcript(talks[name])

    def _is_media(self, path: Path, there: Collection[str]) -> bool:
        """By suffix where that is clear, else by content; text called ``.mp4`` counts, so that its error is told.

        Of what is not named as subtitles are.
        """
        suffix = path.suffix.lower()
        if not self._everything and (is_awaited(path, there) or is_hollow(path)):
            self._leave(path, "unfinished")
            return False
        if suffix in MEDIA_SUFFIXES and suffix not in _AMBIGUOUS_SUFFIXES:
            return True
        kind = "text" if suffix in _OTHER_SUFFIXES else _kind_of(path)
        if kind == "media" or (suffix in _AMBIGUOUS_SUFFIXES and kind in ("unknown", "empty", "unreadable")):
            return True
        self._leave(path, "reference" if kind == "reference" else "other")
        return False


def _may_be_media(path: Path) -> bool:
    """Whether other files may be its subtitles: not of what is text by its content and no media by its name."""
    if like_subtitles(path.name):
        return False
    return path.suffix.lower() in MEDIA_SUFFIXES or _kind_of(path) not in ("text", "subtitles")


def _kind_of(path: Path) -> str:
    try:
        with open_regular(path) as file:
            return sniff_bytes(file.read(HEAD_BYTES))
    except (MediaError, OSError):
        return "unreadable"
