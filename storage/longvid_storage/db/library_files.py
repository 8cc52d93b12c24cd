"""The directory that is a library, and opening the database in it.

::

    talks.longvid/
    ├── library.db        SQLite, write-ahead log (plus -wal and -shm while open)
    ├── cache/            vector indexes; may be deleted at any time
    ├── .jobs             held by the server that does the jobs
    └── .lock             held by the process that writes

Whatever the system or SQLite has to say about these files becomes one of longvid's own errors here.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError

from longvid_storage.db.disk import NO_LOCKS, can_share, has_room, no_locks, warn_of_network
from longvid_storage.errors import (
    BusyError,
    LibraryError,
    LongvidError,
    NotALibraryError,
    NotFoundError,
    ReadOnlyError,
    StorageFullError,
)
from longvid_storage.files import left_by_system

DATABASE = "library.db"
CHATS = "chats.db"  # where conversations were before schema 0006
CACHE = "cache"
LOCK = ".lock"
JOBS = ".jobs"
APPLICATION_ID = 0x4C564944  # "LVID", in the header of the database file
OLDEST_SQLITE = (3, 37, 0)
_OURS = {
    *(f"{name}{end}" for name in (DATABASE, CHATS) for end in ("", "-wal", "-shm", "-journal")),
    CACHE,
    LOCK,
    JOBS,
}
LONGEST = 1 << 25
"""Bytes of the longest row; a picture or the transcript of a sentence has a thousandth of that."""
_BUSY_MS = 30_000
_PATIENT_MS = 300_000
# What SQLite says where locks or memory shared between processes do not work.
_SHARED_MEMORY = frozenset(
    (
        "SQLITE_IOERR_SHMMAP", "SQLITE_IOERR_SHMOPEN", "SQLITE_IOERR_SHMLOCK", "SQLITE_IOERR_LOCK",
        "SQLITE_IOERR_RDLOCK", "SQLITE_IOERR_UNLOCK", "SQLITE_IOERR_CHECKRESERVEDLOCK",
    )
)  # fmt: skip

_OF_A_WRITE = frozenset(
    ("SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE")
)


def check_place(path: Path) -> bool:
    """Whether ``path`` holds a library's database; False when one may be made there.

    Raises:
        NotALibraryError: something else is there, or one of the library's files is a link or no file: whoever made the
            library could make us write or delete elsewhere by it.
    """
    with mapped_os_errors(path):
        if not os.path.lexists(path):
            return False
        if not path.is_dir():
            raise NotALibraryError(
                f"{path} is a file, not a library: a library is a directory, name another path"
            )
        names = set(os.listdir(path))
        for name in sorted(names & _OURS):
            _require_own(path / name)
    if DATABASE in names:
        return True
    others = sorted(name for name in names - _OURS if not left_by_system(name))
    if others:
        some = ", ".join(others[:3])
        raise NotALibraryError(
            f"{path} is not a library (it holds {some}): name a library or a new, empty directory"
        )
    return False


def _require_own(path: Path) -> None:
    mode = os.lstat(path).st_mode
    if stat.S_ISREG(mode) if path.name != CACHE else stat.S_ISDIR(mode):
        return
    kind = "a link" if stat.S_ISLNK(mode) else "no folder" if path.name == CACHE else "no regular file"
    raise NotALibraryError(
        f"{path} is {kind}, and a library holds its own files only: remove it, or name another library"
    )


def missing(path: Path) -> NotFoundError:
    """The error for a library that does not exist."""
    return NotFoundError(
        f"there is no library at {path}: `longvid index PATHS --library {path}` makes one", code="no_library"
    )


def writable(path: Path) -> bool:
    """Whether this process may write the library's files, and the disk lets it do so safely."""
    return _permitted(path) and can_share(path)


def _permitted(path: Path) -> bool:
    return os.access(path, os.W_OK | os.X_OK) and os.access(path / DATABASE, os.W_OK)


def has_log(path: Path) -> bool:
    """Whether what some process wrote is not in the database yet."""
    log = path / f"{DATABASE}-wal"
    return log.exists() and log.stat().st_size > 0


def remove_old_chats(path: Path) -> None:
    """Remove the file of conversations of an older longvid, once they are in the database."""
    with mapped_os_errors(path):
        for end in ("", "-wal", "-shm", "-journal"):
            (path / f"{CHATS}{end}").unlink(missing_ok=True)


def make_engine(path: Path, *, read_only: bool, create: bool = False, alone: bool = False) -> Engine:
    """An engine over the database; transactions with the option ``write`` take SQLite's write lock at once.

    ``alone``: nobody writes to it now, so that no file need be made beside it for reading.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise LibraryError(
            f"SQLite {sqlite3.sqlite_version} is too old: longvid needs 3.37 or newer, with FTS5"
        )
    if not read_only:
        if not can_share(path):  # asked first: SQLite would wait for a lock that nobody has
            raise no_locks(path)
        warn_of_network(path)
    uri = (
        f"file:{quote(os.fsencode(path / DATABASE))}?mode={'ro' if read_only else 'rwc' if create else 'rw'}"
    )
    # An empty log, as a process that was killed leaves one, holds nothing: SQLite would ask for locks to find that out.
    log = has_log(path) if read_only and not can_share(path) else (path / f"{DATABASE}-wal").exists()
    if alone or (read_only and not log):
        # Nobody has it open for writing, and reading a WAL database would need files made beside it.
        uri += "&immutable=1"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            uri, uri=True, timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False
        )

    # With a creator SQLAlchemy cannot see that this is a file and would give each thread a connection of its own,
    # which it closes under a thread that still uses it once there are more than five.
    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=QueuePool, max_overflow=-1)

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, record: Any) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -65536")
        # A library may come from somebody else: its schema runs nothing that reaches outside, its pages are checked.
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)

    # The driver would begin transactions late and commit before DDL; SQLAlchemy's recipe is to begin them
    # ourselves.
    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("transaction", True):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("write", False) else "BEGIN")

    return engine


def make_patient(engine: Engine) -> None:
    """Let its connections wait for SQLite's write lock for as long as a run of many writers may need."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, record: Any) -> None:
        connection.execute(f"PRAGMA busy_timeout = {_PATIENT_MS}")

    engine.dispose()  # those that are open go once they are given back


def forget_cache(path: Path) -> None:
    """Delete the vector indexes kept beside the database, so that nothing of a removed video stays in them."""
    from longvid_storage.db.index_files import IndexFiles  # numpy, which most commands do without

    IndexFiles(path / CACHE).forget()


@contextmanager
def mapped_errors(path: Path) -> Iterator[None]:
    """Turn the database's complaints about the library at ``path`` into longvid's."""
    try:
        yield
    except DBAPIError as error:
        raise _of_sqlite(path, error.orig) from error
    except sqlite3.Error as error:
        raise _of_sqlite(path, error) from error


@contextmanager
def mapped_os_errors(path: Path) -> Iterator[None]:
    """Turn the system's complaints about the files of the library at ``path`` into longvid's."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise full(path) from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise read_only(path) from error
        if error.errno in (errno.ENOTDIR, errno.EEXIST):
            raise NotALibraryError(
                f"{path} cannot be a library: {error.strerror}; name another path"
            ) from error
        if error.errno == errno.ELOOP:
            raise NotALibraryError(
                f"a file of the library at {path} is a link, and a library holds its own files only: remove the link"
            ) from error
        if error.errno in NO_LOCKS:
            raise no_locks(path) from error
        raise LibraryError(f"the library at {path} cannot be used: {error.strerror or error}") from error


def full(path: Path) -> LongvidError:
    """The error for writing where there is no room."""
    return StorageFullError(
        f"the disk that holds the library at {path} is full: free some space and run it again"
    )


def read_only(path: Path) -> LongvidError:
    """The error for writing where that is not allowed, or not safe."""
    if _permitted(path) and not can_share(path):
        return no_locks(path)
    return ReadOnlyError(
        f"the library at {path} may not be written: check its permissions, or name another library"
    )


def _of_sqlite(path: Path, error: BaseException | None) -> LongvidError:
    name = getattr(error, "sqlite_errorname", "")
    if name in _SHARED_MEMORY or (name.startswith("SQLITE_BUSY") and not can_share(path)):
        return no_locks(path)
    primary = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if primary == sqlite3.SQLITE_FULL or (name in _OF_A_WRITE and not has_room(path)):
        # A file-size limit, unlike a full disk, reaches SQLite as an error of the write itself.
        return full(path)
    if primary == sqlite3.SQLITE_IOERR:
        what = (
            "written: is its disk or share still there, and within its quota?"
            if name in _OF_A_WRITE
            else ("read or written: is its disk or share still there?")
        )
        return LibraryError(f"the library at {path} cannot be {what} (disk I/O error)")
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return read_only(path)
    if primary == sqlite3.SQLITE_CANTOPEN and not writable(path):
        return ReadOnlyError(
            f"the library at {path} was cut short while it was written, and finishing that needs to write there: "
            "open it once as a user who may"
        )
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return BusyError(f"another process is writing to the library at {path}: try again when it is done")
    if primary == sqlite3.SQLITE_NOTADB:
        return NotALibraryError(
            f"{path / DATABASE} is not a database: name a library or a new, empty directory"
        )
    if primary == sqlite3.SQLITE_CORRUPT:
        return LibraryError(
            f"the library at {path} is damaged ({error}): longvid check --repair mends what is derived; for the rest "
            "restore a copy, or index again elsewhere"
        )
    return LibraryError(f"the library at {path} cannot be used: {error}")
