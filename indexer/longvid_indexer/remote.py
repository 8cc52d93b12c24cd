"""Media at an address (``s3://archive/talk.mp4``, gs, az, https): paths like others, read by ranges through fsspec.

Who may read is for the user's own environment and configuration to say (``AWS_…``, ``~/.aws``), never for the address.
What stands for the time of a file is its ETag where the store gives one: both change when its content does.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable, Generator, Iterator
from io import RawIOBase
from pathlib import Path, PosixPath
from typing import Any, BinaryIO, Self, cast

from longvid_storage import object_stores
from longvid_storage.errors import UsageError
from longvid_storage.object_stores import as_os_errors

SCHEMES = ("s3", "gs", "gcs", "az", "abfs", "abfss", "http", "https")
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)://")
# One seek of a film costs so many bytes at least.
_BLOCK_BYTES = 1 << 20
_NO_RANGES = "its server sends the whole where a part of it is asked for: download it, and index the file"
# What stores call that which changes with the content, the surest first.
_SIGNS = ("ETag", "etag", "LastModified", "last_modified", "Last-Modified", "mtime")
# How each store is told the type that is sent with a signed link; a store that is not here signs none.
_TYPE_OF_LINK = {"s3": "ResponseContentType", "gs": "response_type", "gcs": "response_type"}
_TYPE_OF_LINK |= dict.fromkeys(("az", "abfs", "abfss"), "content_type")


class RemotePath(PosixPath):
    """A path below an address; it is told with both of its slashes. ``OSError`` is what goes wrong on the way there."""

    def __str__(self) -> str:
        scheme, _, rest = super().__str__().partition(":/")
        return f"{scheme}://{rest.lstrip('/')}"

    def __fspath__(self) -> str:
        return str(self)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Kind, size and what stands for the time; ``st_ino`` is made of the address."""
        with as_os_errors(str(self)):
            return _status(self, _store(self).info(_key(self)))

    def is_dir(self) -> bool:
        """Whether it is known to be a folder; what is wrong with it, ``stat`` says."""
        return self._is(stat.S_ISDIR)

    def is_file(self) -> bool:
        """Whether it is known to be a file."""
        return self._is(stat.S_ISREG)

    def is_symlink(self) -> bool:
        """Stores have none."""
        return False

    def _is(self, kind: Callable[[int], bool]) -> bool:
        try:
            return kind(self.stat().st_mode)
        except OSError:
            return False

    def absolute(self) -> RemotePath:
        """As it is."""
        return self

    def as_uri(self) -> str:
        """The address."""
        return str(self)

    def names(self) -> Iterator[tuple[str, bool]]:
        """What lies in it: its name, and whether that is a folder."""
        with as_os_errors(str(self)):
            for each in _store(self).ls(_key(self), detail=True, refresh=True):
                name = each["name"].rstrip("/").rpartition("/")[2]
                if name and name != self.name:
                    yield name, each["type"] == "directory"

    def iterdir(self) -> Generator[Self]:
        """What lies in it."""
        yield from (self / name for name, _ in self.names())

    def open_bytes(self) -> BinaryIO:
        """The file, read by ranges as it is asked for."""
        with as_os_errors(str(self)):
            return cast(BinaryIO, _RemoteFile(self))

    def link(self, seconds: int, media_type: str) -> str | None:
        """An address at which its store gives the file for so many seconds to whoever has it; None: it gives none.

        Raises:
            OSError: what signs it (the environment's credentials) is not there or cannot be reached.
        """
        scheme = str(self).partition(":")[0]
        if scheme not in _TYPE_OF_LINK:
            return None
        with as_os_errors(str(self)):
            told = {_TYPE_OF_LINK[scheme]: media_type}
            return cast(str, _store(self).sign(_key(self), expiration=seconds, **told))


class _RemoteFile(RawIOBase):
    """An open file, whose failures are the system's."""

    def __init__(self, path: RemotePath) -> None:
        self.path = path
        self._inner = _store(path).open(_key(path), "rb", block_size=_BLOCK_BYTES)

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        with as_os_errors(str(self.path)):
            try:
                found: bytes = self._inner.read(size)
            except ValueError as error:
                if "range requests" not in str(error):
                    raise
                raise OSError(errno.ESPIPE, _NO_RANGES, str(self.path)) from error
        return found

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go there."""
        place: int = self._inner.seek(offset, whence)
        return place

    def tell(self) -> int:
        """Where it is read next."""
        place: int = self._inner.tell()
        return place

    def close(self) -> None:
        """Let go of what was read ahead."""
        self._inner.close()
        super().close()


def as_path(place: str | Path) -> Path:
    """The path that a user or a library names.

    Raises:
        UsageError: an address of a kind that is not read.
    """
    found = _ADDRESS.match(str(place))
    if found is None:
        return Path(place)
    if found[1] not in SCHEMES:
        raise UsageError(
            f"{str(place)!r} is no address of media: those begin with {'://, '.join(SCHEMES)}://"
        )
    if set("?@#") & set(str(place)):
        raise UsageError(
            f"an address with a user, key or query in it would be kept in the library: name {found[1]}://…/FILE alone,"
            " and let your environment hold what opens it"
        )
    return RemotePath(str(place))


def absolute(path: Path) -> Path:
    """The path from the root; an address is whole."""
    return path if isinstance(path, RemotePath) else Path(os.path.abspath(path))


def is_there(place: str | Path) -> bool:
    """Whether anything lies there, a link to nothing too; what may not be looked at, or cannot be asked, may."""
    path = as_path(place)
    try:
        path.stat(follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True


def is_remote(place: str | Path) -> bool:
    """Whether it is an address."""
    return _ADDRESS.match(str(place)) is not None


def stat_open(file: BinaryIO) -> os.stat_result:
    """What is known now of an open file."""
    return file.path.stat() if isinstance(file, _RemoteFile) else os.fstat(file.fileno())


def _key(path: RemotePath) -> str:
    return str(path)


def _store(path: RemotePath) -> Any:
    return object_stores.system_of(str(path), "media at an address")


def _status(path: RemotePath, info: dict[str, Any]) -> os.stat_result:
    folder = info["type"] == "directory"
    size = info.get("size")
    if not folder and size is None:
        raise OSError(
            errno.ESPIPE, "its server does not tell how long it is: download it, and index the file"
        )
    if info.get("partial") is False:
        raise OSError(errno.ESPIPE, _NO_RANGES)
    sign = next((info[name] for name in _SIGNS if info.get(name)), "")
    mtime_ns, inode = _number(str(sign)), _number(str(path))
    mode = (stat.S_IFDIR if folder else stat.S_IFREG) | 0o444
    return os.stat_result((mode, inode, 0, 1, 0, 0, size or 0, 0, 0, 0), {"st_mtime_ns": mtime_ns})


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7]) if text else 0
