"""What there is to index under the given paths: media and lone transcripts, each with the subtitles beside it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from longvid_indexer.listing import Listing
from longvid_indexer.sniff import (
    MEDIA_SUFFIXES,
    TRANSCRIPT_SUFFIXES,
    UNREAD_SUFFIXES,
    like_subtitles,
    sniff,
)
from longvid_indexer.subtitles.beside import NOTHING_BESIDE, Beside, Sidecars, sign
from longvid_indexer.subtitles.regular import why_not_read
from longvid_indexer.subtitles.talks import Talk, one_a_talk
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
    ``title_is_shared``: a lone transcript whose title other files in its directory have too, so that it names none.
    """

    path: Path
    size: int = 0
    mtime_ns: int = 0
    beside: Beside = NOTHING_BESIDE
    sidecar_signature: str = ""
    title_is_shared: bool = False
    error: MediaError | None = None

    @property
    def sidecars(self) -> tuple[Path, ...]:
        """The subtitle files that belong to it."""
        return tuple(sidecar.path for sidecar in self.beside.taken)


def scan(paths: Sequence[Path]) -> Iterator[Found]:
    """Every input once, in the order given; a directory is searched recursively, in alphabetical order.

    Within directories, hidden files and what is not media are passed over, links are followed (each directory once).
    A file given by name is always reported: what is wrong with it comes out of ``error`` or of probing it. Several
    files of one talk without media are one input.
    """
    given = [Path(os.path.abspath(path)) for path in paths]
    sidecars = Sidecars()
    files = _given_files([path for path in given if not path.is_dir()], sidecars)
    seen: set[Path] = set()
    for path in given:
        found = _directory(path, sidecars) if path.is_dir() else files.get(path, ())
        for item in found:
            if item.path not in seen:
                seen.add(item.path)
                yield item


def look_at(path: Path, sidecars: Sidecars | None = None) -> Found:
    """One file that is known already, as it is now."""
    alone = like_subtitles(path.name) or not path.is_file()
    return _found(path, Beside() if alone else (sidecars or Sidecars()).of(path))


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


def _given_files(given: Sequence[Path], sidecars: Sidecars) -> dict[Path, list[Found]]:
    """Files named by the user. Subtitles are passed over when their media file is named too (``lectures/*``)."""
    media = {path: sidecars.of(path) for path in given if not like_subtitles(path.name) and path.is_file()}
    taken = {sidecar.path for beside in media.values() for sidecar in beside.taken}
    lone = [path for path in given if like_subtitles(path.name) and path not in taken]
    talks = {talk.path: talk for folder in _by_folder(lone) for talk in one_a_talk(folder)}
    found = {path: [_found(path, beside)] for path, beside in media.items()}
    found |= {path: [_transcript(talk)] for path, talk in talks.items()}
    rest = [path for path in given if path not in media and not like_subtitles(path.name)]
    return found | {path: [_found(path, Beside())] for path in rest}


def _by_folder(paths: Iterable[Path]) -> Iterable[list[Path]]:
    folders: dict[Path, list[Path]] = {}
    for path in dict.fromkeys(paths):
        folders.setdefault(path.parent, []).append(path)
    return folders.values()


def _transcript(talk: Talk) -> Found:
    if talk.path.suffix.lower() in UNREAD_SUFFIXES:
        from longvid_indexer.subtitles.reading import refusal

        return Found(talk.path, error=refusal(talk.path))
    found = _found(talk.path, Beside(notes=talk.notes))
    return replace(found, title_is_shared=talk.title_is_shared)


def _found(path: Path, beside: Beside) -> Found:
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
    if like_subtitles(path.name) and (why := why_not_read(status)):
        return Found(path, error=MediaError(f"{path} was not read: {why}", code="not_media"))
    return Found(path, status.st_size, status.st_mtime_ns, beside, sign(beside.taken, path))


def _directory(top: Path, sidecars: Sidecars) -> Iterator[Found]:
    count = 0
    for item in _walk(top, sidecars):
        count += 1
        yield item
    if not count:
        message = f"{top} holds nothing to index: no video, audio or subtitle file in it or below it"
        yield Found(top, error=MediaError(message, code="empty_directory"))


def _walk(top: Path, sidecars: Sidecars) -> Iterator[Found]:
    """Depth first: a directory's own files, then its subdirectories. A list of what is left keeps any depth cheap."""
    entered: set[tuple[int, int]] = set()
    taken: set[Path] = set()
    left = [top]
    while left:
        folder = left.pop()
        try:
            status = folder.stat()
            # A link may lead back up: each real directory is entered once.
            if (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            listing = sidecars.listings.of(folder)
        except OSError as error:
            unreadable = MediaError(f"{folder} cannot be read: {error.strerror}", code="unreadable")
            yield Found(folder, error=unreadable)
            continue
        yield from _files(listing, sidecars, taken)
        left += [folder / name for name in reversed(listing.folders)]


def _files(listing: Listing, sidecars: Sidecars, taken: set[Path]) -> Iterator[Found]:
    """What to index in one directory; ``taken``: what belongs to a media file here or in the directory above."""
    folder = listing.folder
    media = [name for name in listing.files if _is_media(folder / name)]
    matched = sidecars.match(listing, media)
    taken |= matched.taken
    lone = [
        folder / name
        for name in listing.files
        if name not in matched.beside and _is_lone(folder / name, taken)
    ]
    talks = {talk.path.name: talk for talk in one_a_talk(lone)}
    for name in listing.files:
        if name in matched.beside:
            yield _found(folder / name, matched.beside[name])
        elif name in talks:
            yield _transcript(talks[name])


def _is_lone(path: Path, taken: set[Path]) -> bool:
    """Whether this is a transcript without media: by its suffix, or by its content where the suffix is of much else."""
    from longvid_indexer.subtitles.reading import holds_transcript

    if path in taken or not like_subtitles(path.name):
        return False
    if path.suffix.lower() not in TRANSCRIPT_SUFFIXES:
        return True
    try:
        return path.is_file() and holds_transcript(path, alone=True)
    except (MediaError, OSError):
        return False


def _is_media(path: Path) -> bool:
    """By suffix where that is clear, else by content; text called ``.mp4`` counts, so that its error is told."""
    suffix = path.suffix.lower()
    if suffix in _OTHER_SUFFIXES or like_subtitles(path.name):
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
