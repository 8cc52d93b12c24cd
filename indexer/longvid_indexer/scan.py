"""What there is to index under the given paths: media and lone transcripts, each with the subtitles beside it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from longvid_indexer.leaving import Leave, is_awaited, is_being_written, is_unfinished, reason_of_name
from longvid_indexer.opening import open_regular, stat_regular, unreadable
from longvid_indexer.sniff import HEAD_BYTES, MEDIA_SUFFIXES, SUBTITLE_SUFFIXES, sniff_bytes
from longvid_indexer.subtitles.beside import Sidecar, find_sidecars, match_sidecars, sign
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
class Found:
    """One input: a media file or a lone transcript with what ``stat`` says of it, or ``error``, one sentence why not.

    ``path`` is absolute. ``sidecar_signature`` changes when a subtitle file beside it does; empty when there is none.
    ``named``: the user gave this very file, not a folder that holds it.
    """

    path: Path
    size: int = 0
    mtime_ns: int = 0
    sidecars: tuple[Path, ...] = ()
    sidecar_signature: str = ""
    named: bool = False
    error: MediaError | None = None


def scan(paths: Sequence[Path], *, everything: bool = False, leave: Leave | None = None) -> Iterator[Found]:
    """Every input once, in the order given; a directory is searched recursively, in alphabetical order.

    Within directories, what is not media, unfinished downloads, hidden files and what systems leave behind are passed
    over, and ``leave`` is told of each with its reason; ``everything`` takes all of these that are media. Links are
    followed (each directory once). A file given by name is always reported: what is wrong with it comes out of
    ``error`` or of probing it.
    """
    given = [Path(os.path.abspath(path)) for path in paths]
    files_given = {path for path in given if not path.is_dir()}
    walk = _Walk(everything, leave or (lambda path, reason: None))
    seen: set[Path] = set()
    for path in given:
        found = walk.directory(path) if path.is_dir() else _given_file(path, files_given, everything)
        for item in found:
            if item.path not in seen:
                seen.add(item.path)
                yield item


def look_at(path: Path) -> Found:
    """One file that is known already, as it is now."""
    alone = path.suffix.lower() in SUBTITLE_SUFFIXES or not path.is_file()
    return _found(path, [] if alone else find_sidecars(path))


def content_id(path: Path) -> str:
    """The SHA-256 of a file's content, 64 hexadecimal digits: who a video is, whatever it is called.

    Raises:
        MediaError: the file cannot be read, or is being written (code ``"growing"``).
    """
    digest = hashlib.sha256()
    with open_regular(path) as file:
        try:
            before = os.fstat(file.fileno())
            writer = is_being_written(file)
            left = before.st_size  # no further: a file may grow faster than it is read
            while left > 0 and (block := file.read(min(left, _BLOCK_BYTES))):
                digest.update(block)
                left -= len(block)
            after = os.fstat(file.fileno())
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
        status = os.stat(row.path)
    except (OSError, ValueError):
        return False
    if not stat.S_ISREG(status.st_mode) or status.st_size != row.size:
        return False
    if status.st_mtime_ns == row.mtime_ns:
        return True
    try:
        return content_id(Path(row.path)) == row.video_id
    except MediaError:
        return False


def _given_file(path: Path, given: set[Path], everything: bool) -> Iterator[Found]:
    """A file named by the user. Subtitles are passed over when their media file is named too (``lectures/*``)."""
    if path.suffix.lower() in SUBTITLE_SUFFIXES:
        media = [
            other for other in given if other.parent == path.parent and other.suffix.lower() in MEDIA_SUFFIXES
        ]
        if any(path in [s.path for s in find_sidecars(other)] for other in media if other.is_file()):
            return
        yield replace(_found(path, []), named=True)
        return
    if is_unfinished(path.name) and not everything and path.is_file():
        message = f"{path} is an unfinished download: index it when it is done, or as it is with --all"
        yield Found(path, named=True, error=MediaError(message, code="unfinished"))
        return
    yield replace(_found(path, find_sidecars(path) if path.is_file() else []), named=True)


def _found(path: Path, beside: list[Sidecar]) -> Found:
    try:
        status = stat_regular(path)
    except MediaError as error:
        return Found(path, error=error)
    files = tuple(sidecar.path for sidecar in beside)
    return Found(path, status.st_size, status.st_mtime_ns, files, sign(beside, path.name))


class _Walk:
    """Searches directories; ``leave`` is told of what is passed over."""

    def __init__(self, everything: bool, leave: Leave) -> None:
        self._everything = everything
        self._leave = leave
        self._entered: set[tuple[int, int]] = set()

    def directory(self, top: Path) -> Iterator[Found]:
        """Depth first: a directory's own files, then its subdirectories. No recursion: folders nest deeply."""
        count, waiting = 0, [top]
        while waiting:
            folder = waiting.pop()
            try:
                entries = self._list(folder)
            except OSError as error:
                count += 1
                yield Found(folder, error=unreadable(folder, error))
                continue
            taken = [entry for entry in entries if self._everything or not self._passed_over(entry)]
            folders = [Path(entry.path) for entry in taken if _is(entry, os.DirEntry.is_dir)]
            for item in self._files(folder, taken, {entry.name for entry in entries}):
                count += 1
                yield item
            waiting += reversed(folders)
        if not count:
            message = f"{top} holds nothing to index: no video, audio or subtitle file in it or below it"
            yield Found(top, error=MediaError(message, code="empty_directory"))

    def _list(self, folder: Path) -> list[os.DirEntry[str]]:
        """A directory's entries in alphabetical order; none when a link has led here before."""
        status = folder.stat()
        if (status.st_dev, status.st_ino) in self._entered:
            return []
        self._entered.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as listing:
            return sorted(listing, key=lambda entry: entry.name)

    def _passed_over(self, entry: os.DirEntry[str]) -> bool:
        reason = reason_of_name(entry.name, folder=_is(entry, os.DirEntry.is_dir))
        if reason is not None:
            self._leave(Path(entry.path), reason)
        return reason is not None

    def _files(self, folder: Path, entries: list[os.DirEntry[str]], there: set[str]) -> Iterator[Found]:
        """What is to be indexed among ``entries``; ``there`` are all names in the folder."""
        names = [entry.name for entry in entries if not _is(entry, os.DirEntry.is_dir)]
        regular = [entry.name for entry in entries if _is(entry, os.DirEntry.is_file)]
        media = [name for name in names if self._is_media(folder / name, there)]
        beside = match_sidecars(media, regular)
        taken = {sidecar.path.name for group in beside.values() for sidecar in group}
        for name in names:
            if name in beside:
                found = [Sidecar(folder / s.path, s.language, s.partial) for s in beside[name]]
                yield _found(folder / name, found)
            elif name not in taken and Path(name).suffix.lower() in SUBTITLE_SUFFIXES:
                yield _found(folder / name, [])

    def _is_media(self, path: Path, there: set[str]) -> bool:
        """By suffix where that is clear, else by content; text called ``.mp4`` counts, so that its error is told."""
        suffix = path.suffix.lower()
        if suffix in SUBTITLE_SUFFIXES:
            return False
        if not self._everything and is_awaited(path, there):
            self._leave(path, "unfinished")
            return False
        if suffix in MEDIA_SUFFIXES and suffix not in _AMBIGUOUS_SUFFIXES:
            return True
        kind = "text" if suffix in _OTHER_SUFFIXES else _kind_of(path)
        if kind == "media" or (suffix in _AMBIGUOUS_SUFFIXES and kind in ("unknown", "empty", "unreadable")):
            return True
        self._leave(path, "reference" if kind == "reference" else "other")
        return False


def _is(entry: os.DirEntry[str], test: Callable[[os.DirEntry[str]], bool]) -> bool:
    try:
        return test(entry)
    except OSError:  # a loop of links
        return False


def _kind_of(path: Path) -> str:
    try:
        with open_regular(path) as file:
            return sniff_bytes(file.read(HEAD_BYTES))
    except (MediaError, OSError):
        return "unreadable"
