"""The files in a library's ``cache/``: one for each vector set, with our own names.

A library may come from somebody else, and a cache may be cut short by a crash: only regular files are opened, no link
is followed (``cache`` itself included), only our own names are deleted, and what is damaged counts as not there.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, BadZipFile

import numpy as np
from numpy.typing import NDArray

# KIND-HASH-GENERATION.npz, where KIND-HASH names the set; older versions wrote no generation. An unfinished one, which
# only a killed process leaves, ends in .tmp.
_OURS = re.compile(
    r"(?P<set>(?P<kind>[a-z]{1,32}(-[a-z]{1,32}){0,3})-[0-9a-f]{16})(-(?P<generation>\d{1,19}))?\.npz"
    r"(?P<unfinished>\.[\d.]{1,40}\.tmp)?"
)
# Not blocking: to open a FIFO would wait for its writer.
_LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# What zipfile and numpy raise on bytes that are not theirs.
_DAMAGED = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    RuntimeError,
    MemoryError,
    OverflowError,
    BadZipFile,
)

Arrays = dict[str, NDArray[Any]]


class IndexFiles:
    """Arrays kept by the name of a vector set (``"speech-window-0123456789abcdef"``) and the library's generation.

    Args:
        directory: made when there is something to keep; None keeps nothing.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory

    def load(self, name: str) -> tuple[int, Arrays] | None:
        """The newest that is kept of a set: (generation, arrays); None when there is none or it is damaged."""
        with suppress(OSError), self._opened() as place:
            kept = [
                (int(ours["generation"]), ours[0])
                for ours in _ours(place)
                if ours["set"] == name and ours["generation"] and not ours["unfinished"]
            ]
            if kept:
                generation, file = max(kept)
                arrays = _read(file, place)
                return None if arrays is None else (generation, arrays)
        return None

    def save(self, name: str, generation: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep arrays in place of what there is of this set, and of others of the same kind (a model no longer used).

        Searching works without: a full or read-only disk, or a directory that is a link, keeps nothing.
        """
        if self._directory is None:
            return
        target = f"{name}-{generation}.npz"
        temporary = f"{target}.{os.getpid()}.{threading.get_ident()}.tmp"
        with suppress(OSError):
            self._directory.mkdir(exist_ok=True)
        with suppress(OSError), self._opened() as place:
            try:
                with os.fdopen(os.open(temporary, _MAKE, 0o666, dir_fd=place), "wb") as file:
                    members: dict[str, Any] = dict(arrays)
                    np.savez(file, **members)
                os.replace(temporary, target, src_dir_fd=place, dst_dir_fd=place)
            except BaseException:
                _unlink(temporary, place)
                raise
            for ours in _ours(place):
                if ours["kind"] == name.rpartition("-")[0] and ours[0] != target:
                    _unlink(ours[0], place)

    def restamp(self, name: str, was: int, now: int) -> None:
        """Note that what is kept of ``was`` is right at ``now`` too."""
        with suppress(OSError), self._opened() as place:
            os.replace(f"{name}-{was}.npz", f"{name}-{now}.npz", src_dir_fd=place, dst_dir_fd=place)

    def wrong(self, generation: int) -> list[str]:
        """Names of files that are damaged, unfinished, or of a later generation than the library's."""
        with suppress(OSError), self._opened() as place:
            return [
                ours[0]
                for ours in _ours(place)
                if ours["unfinished"]
                or int(ours["generation"] or 0) > generation
                or _read(ours[0], place) is None
            ]
        return []

    def forget(self) -> None:
        """Delete every file of ours."""
        try:
            with self._opened() as place:
                for ours in _ours(place):
                    _unlink(ours[0], place)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):  # nothing there is ours
                raise

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """The directory's descriptor; every file is named within it, so that nobody can put a link in its place."""
        if self._directory is None:
            raise FileNotFoundError(errno.ENOENT, "no cache")
        place = os.open(self._directory, _LOOK | os.O_DIRECTORY)
        try:
            yield place
        finally:
            os.close(place)


def _ours(place: int) -> list[re.Match[str]]:
    return [ours for name in os.listdir(place) if (ours := _OURS.fullmatch(name))]


def _read(file: str, place: int) -> Arrays | None:
    """The arrays of a file, whose checksums are right; None when it is damaged or no regular file."""
    try:
        with os.fdopen(os.open(file, _LOOK, dir_fd=place), "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                return None
            with np.load(opened, allow_pickle=False) as saved:
                # Ours is not compressed: nothing in it is larger than the file.
                if any(part.compress_type != ZIP_STORED for part in saved.zip.infolist()):
                    return None
                return {key: saved[key] for key in saved.files}
    except _DAMAGED:
        return None


def _unlink(file: str, place: int) -> None:
    with suppress(FileNotFoundError, IsADirectoryError):
        os.unlink(file, dir_fd=place)
