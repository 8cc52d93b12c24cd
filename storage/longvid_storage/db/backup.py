"""A copy of a library while it is used: SQLite's ``VACUUM INTO`` reads one state of it, whoever writes meanwhile."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sqlite3
from pathlib import Path

from sqlalchemy import Connection

from longvid_storage.db.library_files import DATABASE, check_place, mapped_os_errors
from longvid_storage.db.schema import ElsewhereRow
from longvid_storage.errors import UsageError

_HERE = -100  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE


def write(connection: Connection, target: Path, *, force: bool) -> None:
    """Make ``target`` a library that holds what this one does; it appears whole or not at all.

    Args:
        connection: outside a transaction.
        target: a directory that is not there, or an empty one; with ``force`` a library, which is replaced in one step
            when the copy is complete (in two, where names can't be exchanged).

    Raises:
        UsageError: something is there, or it is a link. NotALibraryError: ``force``, and it is no library.
    """
    target = Path(os.path.abspath(target))
    with mapped_os_errors(target):
        if target.is_symlink():
            raise UsageError(f"{target} is a link: name what it leads to, {os.path.realpath(target)}")
        there = os.path.lexists(target) and not (target.is_dir() and not any(target.iterdir()))
        if there and not force:
            raise UsageError(
                f"{target} is there already: name another place, or --force to replace that library"
            )
        if there and not check_place(target):
            raise UsageError(f"{target} is not a library, and is not replaced: name another place")
        temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        target.parent.mkdir(parents=True, exist_ok=True)
        os.mkdir(temporary)
        try:
            connection.exec_driver_sql("VACUUM INTO ?", (os.fsencode(temporary / DATABASE).decode("utf-8"),))
            _finish(temporary / DATABASE)
            if not there:
                os.rename(temporary, target)
            elif exchange(temporary, target):
                shutil.rmtree(temporary)
            else:
                old = target.with_name(f".{target.name}.{os.getpid()}.old")
                os.rename(target, old)
                os.rename(temporary, target)
                shutil.rmtree(old)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def exchange(one: Path, other: Path) -> bool:
    """Let two names change places at once, as Linux's ``renameat2(2)`` does; False where that can't be done.

    Raises:
        OSError: it could, and failed.
    """
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if os.name == "posix" else None
    if rename is None:
        return False
    if rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), str(other))


def _finish(database: Path) -> None:
    """The copy gets the log that libraries have, owns no picture elsewhere, and is on the disk before its name is."""
    copy = sqlite3.connect(database)
    try:
        with copy:  # what lies in an object store is the affair of the library that put it there
            copy.execute(f"UPDATE {ElsewhereRow.__tablename__} SET borrowed = 1")
        copy.execute("PRAGMA journal_mode = WAL")
    finally:
        copy.close()
    descriptor = os.open(database, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
