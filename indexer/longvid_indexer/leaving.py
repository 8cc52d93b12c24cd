"""What is left out of a folder although it may be media: unfinished downloads, what systems leave behind, and more.

Every file that a run passes over has one reason; a run ends with one list of them.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Container
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from longvid_indexer.opening import open_regular
from longvid_indexer.remote import RemotePath
from longvid_indexer.report import LeftOut
from longvid_storage.errors import MediaError
from longvid_storage.files import left_by_system

if TYPE_CHECKING:
    from typing import BinaryIO

Reason = Literal[
    "unfinished",
    "growing",
    "busy",
    "system",
    "hidden",
    "reference",
    "copy",
    "gone",
    "film_gone",
    "data",
    "other",
]
Leave = Callable[[Path, Reason], None]

# What happened (after "1 file" or "7 files"), and what to do next; in the order in which they are told.
_TOLD: dict[Reason, tuple[str, str]] = {
    "unfinished": ("still being downloaded", "index again when done, or take them as they are with --all"),
    "growing": ("being written right now", "index again when they are whole"),
    "busy": ("being indexed by another process", "nothing to do"),
    "gone": ("known and not there any more", "longvid index --prune forgets them, or put them back"),
    "film_gone": (
        "the transcript of a film that is gone and whose words are known",
        "put the film back; or longvid index --prune, and once more, to have the transcript alone",
    ),
    "reference": ("only naming other files (playlists, manifests)", "index the files they name"),
    "copy": ("the same, byte for byte, as a file that is known", "nothing to do: copies are one video"),
    "data": (
        "data for players and maps (thumbnails, metadata, telemetry), no speech",
        "nothing to do: beside a film, what is said in it is heard",
    ),
    "system": ("left by the system (thumbnails, bins, snapshots, backups)", "--all takes them"),
    "hidden": ("hidden", "--all takes them"),
    "other": (
        "neither video, sound nor subtitles",
        "nothing to do, or make of it what is read: unpack archives, convert subtitles to .srt",
    ),
}  # fmt: skip

UNFINISHED_SUFFIXES = (
    ".part", ".crdownload", ".!qb", ".!ut", ".!bt", ".!sync", ".bc!", ".download", ".partial", ".opdownload", ".aria2",
    ".fdmdownload", ".filepart", ".ytdl", ".dctmp", ".incomplete", ".unfinished", ".tmp", ".temp",
    ".crswap", ".xltd", ".td", ".jc!", ".az!", ".fb!", ".dtapart", ".downloading", ".inprogress", ".drivedownload",
    ".megatmp",
)  # fmt: skip
# yt-dlp's fragments, and what it writes while it joins sound and pictures; Syncthing's, rsync's, Soulseek's and Ares's
# temporary names.
_UNFINISHED = re.compile(
    r".*\.part-frag\d{1,9}(?:\.part)?|~utorrentpartfile_.*|.*\.temp\.[a-z0-9]{2,4}|[~.]syncthing[~.].*|~\$.*"
    r"|incomplete~.*|___arestra___.*",
    re.IGNORECASE,
)
# What stands beside a file of its last name as long as it is being fetched: of aria2, axel, lftp.
_LISTS_OF_PARTS = (".aria2", ".st", ".lftp-pget-status")
# Silence may be kept as holes too: only of what is so large, less than this share is there.
_HOLLOW_BYTES, _HOLLOW_SHARE = 2**30, 0.25
# A stream that yt-dlp fetched by itself: "Talk [abc].f137.mp4", of which "Talk [abc].mp4" is made.
_STREAM = re.compile(r"(?P<whole>.+)\.f\d{1,4}(?:-\w{1,8})?\.[a-z0-9]{2,4}", re.IGNORECASE)
_JOINED = (".mp4", ".mkv", ".webm", ".mov")
# What editors and converters keep of the file before.
_BACKUP_SUFFIXES = ("~", ".bak", ".swp", ".swo", ".old", ".orig")


def reason_of_name(name: str, *, folder: bool) -> Reason | None:
    """Why a file or folder of that name is passed over in a folder, whatever it holds; None when it is not."""
    low = name.lower()
    if left_by_system(name):
        return "system"
    if not folder and low.endswith(_BACKUP_SUFFIXES):
        return "system"
    if is_unfinished(name) and (not folder or low.endswith(".download")):  # Safari makes a folder
        return "unfinished"
    return "hidden" if name.startswith(".") else None


def is_unfinished(name: str) -> bool:
    """Whether browsers, torrent clients and other fetchers call a file so until they are done with it."""
    return name.lower().endswith(UNFINISHED_SUFFIXES) or _UNFINISHED.fullmatch(name) is not None


def is_awaited(path: Path, there: Container[str]) -> bool:
    """Whether the files beside it say that it is not whole: a list of its parts, a browser's empty place, the film that
    its stream is a part of.

    ``there`` are the names in its folder.
    """
    if any(f"{path.name}{suffix}" in there for suffix in _LISTS_OF_PARTS):
        return True
    stream = _STREAM.fullmatch(path.name)
    if stream is not None and any(f"{stream['whole']}{suffix}" in there for suffix in _JOINED):
        return True
    try:
        return f"{path.name}.part" in there and path.stat().st_size == 0
    except OSError:
        return False


def is_hollow(path: Path) -> bool:
    """Whether a large file is mostly holes, as of a download that takes its room first: all would be hashed.

    False where the file system cannot tell.
    """
    if isinstance(path, RemotePath):
        return False
    try:
        status = path.stat()
        # Where blocks are compressed there are fewer of them too, and no hole.
        if status.st_size < _HOLLOW_BYTES or not 0 <= status.st_blocks * 512 < status.st_size * _HOLLOW_SHARE:
            return False
        with open_regular(path) as file:
            return os.lseek(file.fileno(), 0, os.SEEK_HOLE) < status.st_size
    except (OSError, MediaError):
        return False


def is_being_written(file: BinaryIO) -> bool:
    """Whether a process has the open file open for writing; False where the system cannot tell.

    Linux grants a read lease (``fcntl(2)``) only on a file that nobody writes; it is given back at once. An object in a
    store is there when it is whole.
    """
    import fcntl
    import signal
    from io import FileIO

    if not hasattr(fcntl, "F_SETLEASE") or not isinstance(file, FileIO):
        return False
    try:
        # A writer who comes in between is told by a signal, and the default one would end this process.
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    return False


class Leaving:
    """Collects what a run leaves out."""

    def __init__(self) -> None:
        self._files: dict[Reason, list[str]] = {}

    def add(self, path: Path, reason: Reason) -> None:
        """A file or folder was passed over."""
        self._files.setdefault(reason, []).append(str(path))

    def told(self) -> list[LeftOut]:
        """Once per reason, the most useful first."""
        found = []
        for reason, (message, then) in _TOLD.items():
            if files := self._files.get(reason):
                found.append(LeftOut(reason, message, then, tuple(files)))
        return found


def unfinished_names(path: Path) -> list[str]:
    """Under which paths the file at ``path`` may have lain while it was being fetched."""
    return [f"{path}{suffix}" for suffix in (*UNFINISHED_SUFFIXES, ".!qB", ".!bT")]
