"""What there is to index under the given paths: media and lone transcripts, each with the subtitles beside it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from longvid_indexer.sniff import MEDIA_SUFFIXES, SUBTITLE_SUFFIXES, sniff
from longvid_indexer.subtitles.beside import Sidecar, find_sidecars, match_sidecars, sign
from longvid_storage.errors import MediaError

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
    """

    path: Path
    size: int = 0
    mtime_ns: int = 0
    sidecars: tuple[Path, ...] = ()
    sidecar_signature: str = ""
    error: MediaError | None = None


def scan(paths: Sequence[Path]) -> Iterator[Found]:
    """Every input once, in the order given; a directory is searched recursively, in alphabetical order.

    Within directories, hidden files and what is not media are passed over, links are followed (each directory once).
    A file given by name is always reported: what is wrong with it comes out of ``error`` or of probing it.
    """
    given = [Path(os.path.abspath(path)) for path in paths]
    files_given = {path for path in given if not path.is_dir()}
    seen: set[Path] = set()
    for path in given:
        found = _directory(path) if path.is_dir() else _given_file(path, files_given)
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
        MediaError: the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {error.strerror}", code="unreadable") from error
    return digest.hexdigest()


def _given_file(path: Path, given: set[Path]) -> Iterator[Found]:
    """A file named by the user. Subtitles are passed over when their media file is named too (``lectures/*``)."""
    if path.suffix.lower() in SUBTITLE_SUFFIXES:
        media = [
            other for other in given if other.parent == path.parent and other.suffix.lower() in MEDIA_SUFFIXES
        ]
        if any(path in [s.path for s in find_sidecars(other)] for other in media if other.is_file()):
            return
        yield _found(path, [])
        return
    yield _found(path, find_sidecars(path) if path.is_file() else [])


def _found(path: Path, beside: list[Sidecar]) -> Found:
    try:
        status = path.stat()
    except OSError as error:
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            hint = "it is a link to nothing" if path.is_symlink() else "check the path"
            return Found(path, error=MediaError(f"{path} does not exist: {hint}", code="missing"))
        return Found(path, error=MediaError(f"{path} cannot be read: {error.strerror}", code="unreadable"))
    if not stat.S_ISREG(status.st_mode):
        message = (
            f"{path} is neither a file nor a directory: give a media file, a subtitle file or a directory"
        )
        return Found(path, error=MediaError(message, code="not_media"))
    files = tuple(sidecar.path for sidecar in beside)
    return Found(path, status.st_size, status.st_mtime_ns, files, sign(beside, path.name))


def _directory(top: Path) -> Iterator[Found]:
    count = 0
    for item in _walk(top, set()):
        count += 1
        yield item
    if not count:
        message = f"{top} holds nothing to index: no video, audio or subtitle file in it or below it"
        yield Found(top, error=MediaError(message, code="empty_directory"))


def _walk(folder: Path, entered: set[tuple[int, int]]) -> Iterator[Found]:
    """Depth first: a directory's own files, then its subdirectories."""
    try:
        status = folder.stat()
        # A link may lead back up: each real directory is entered once.
        if (status.st_dev, status.st_ino) in entered:
            return
        entered.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as listing:
            entries = sorted((e for e in listing if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError as error:
        yield Found(folder, error=MediaError(f"{folder} cannot be read: {error.strerror}", code="unreadable"))
        return
    folders = [entry for entry in entries if _is_folder(entry)]
    names = [entry.name for entry in entries if entry not in folders]
    yield from _files(folder, names)
    for entry in folders:
        yield from _walk(folder / entry.name, entered)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _files(folder: Path, names: list[str]) -> Iterator[Found]:
    media = [name for name in names if _is_media(folder / name)]
    beside = match_sidecars(media, names)
    taken = {sidecar.path.name for group in beside.values() for sidecar in group}
    for name in names:
        if name in beside:
            yield _found(
                folder / name, [Sidecar(folder / s.path, s.language, s.partial) for s in beside[name]]
            )
        elif name not in taken and Path(name).suffix.lower() in SUBTITLE_SUFFIXES:
            yield _found(folder / name, [])


def _is_media(path: Path) -> bool:
    """By suffix where that is clear, else by content; text called ``.mp4`` counts, so that its error is told."""
    suffix = path.suffix.lower()
    if suffix in _OTHER_SUFFIXES or suffix in SUBTITLE_SUFFIXES:
        return False
    if suffix in MEDIA_SUFFIXES and suffix not in _AMBIGUOUS_SUFFIXES:
        return True
    try:
        if not path.is_file():
            return path.is_symlink() and suffix in MEDIA_SUFFIXES
        kind = sniff(path)
    except OSError:
        return suffix in MEDIA_SUFFIXES
    return kind == "media" or (suffix in _AMBIGUOUS_SUFFIXES and kind in ("unknown", "empty"))
