"""A library in a directory: one SQLite file, one process that writes at a time, any number that read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection, Engine

from longvid_storage.db import migrate, schema, word_index
from longvid_storage.db.damage import Damage, mapped_damage
from longvid_storage.db.library_files import (
    JOBS,
    LOCK,
    check_place,
    forget_cache,
    full,
    has_log,
    make_engine,
    make_patient,
    mapped_errors,
    mapped_os_errors,
    missing,
    read_only,
    remove_old_chats,
    writable,
)
from longvid_storage.db.locking import BorrowedLock, WriterLock
from longvid_storage.errors import BusyError, ReadOnlyError, StorageFullError
from longvid_storage.types import EVERYTHING, Scope

if TYPE_CHECKING:
    from longvid_storage.db.checking import CheckReport

# Who empties the log holds the writer lock and waits for readers; SQLite's usual patience is thirty seconds.
_READERS_MS = 1000


class SqliteDatabase:
    """The database of a directory; see ``Database``.

    Args:
        path: the directory.
        engine: over its database, whose schema is the newest.
        closed: nothing may be written.
    """

    def __init__(self, path: Path, engine: Engine, *, closed: bool) -> None:
        self.path = path
        self.name = str(path)
        self.engine = engine
        self.read_only = closed
        self._lock = WriterLock(path / LOCK)
        self._deleted = False
        self._full = False

    @classmethod
    def open(cls, path: str | Path, *, create: bool = False) -> Self:
        """See ``Store.open``."""
        path = Path(os.path.abspath(path))
        exists = check_place(path)
        if not exists and not create:
            raise missing(path)
        if not exists:
            with mapped_os_errors(path):
                path.mkdir(parents=True, exist_ok=True)
        try:
            return cls._opened(path, closed=exists and not writable(path), create=create, exists=exists)
        except StorageFullError:
            if not exists or has_log(path):
                raise
            # Reading needs no room, and nobody can write.
            database = cls._opened(path, closed=True, create=create, exists=True, alone=True)
            database._full = True
            return database

    @classmethod
    def _opened(cls, path: Path, *, closed: bool, create: bool, exists: bool, alone: bool = False) -> Self:
        with mapped_errors(path):
            engine = make_engine(path, read_only=closed, create=not exists, alone=alone)
            database = cls(path, engine, closed=closed)
            try:
                database._make_current(create)
            except BaseException:
                engine.dispose()
                raise
        return database

    def _make_current(self, create: bool) -> None:
        with self.engine.connect() as connection:
            version = migrate.current_version(connection)
        if version == schema.HEAD:
            if not self.read_only:
                remove_old_chats(self.path)
            return
        if version is None and not create:
            raise missing(self.path)
        if self.read_only:
            raise ReadOnlyError(
                f"the library at {self.path} has an older schema and may not be written: "
                "open it once where it may be"
            )
        with self._lock.held():
            with self.engine.connect().execution_options(transaction=False) as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")  # outside a transaction only
            with self.engine.connect().execution_options(write=True) as connection, connection.begin():
                version = migrate.current_version(connection)  # another process may have been first
                if version is None:
                    forget_cache(self.path)  # of a library that lay here before
                    migrate.create(connection)
                elif version != schema.HEAD:
                    migrate.upgrade(connection)
        remove_old_chats(self.path)

    @property
    def address(self) -> str:
        """The directory."""
        return str(self.path)

    @property
    def shared(self) -> bool:
        """One process writes at a time."""
        return False

    def bytes_held(self) -> int:
        """Nothing: all of it lies under ``path``."""
        return 0

    def close(self) -> None:
        """Close the files; the library is complete on disk at any time.

        Words of passages that were replaced leave the word index's files now: each time would cost a pass over it.
        """
        try:
            if self._deleted:
                self._compact()
        finally:
            self.engine.dispose()

    def _compact(self) -> None:
        with suppress(BusyError), self._lock.held(wait=False):  # somebody who indexes is not waited for
            with self.writing() as connection:
                word_index.compact(connection)
            self.erase_deleted()
            self._deleted = False

    def mapped_errors(self) -> AbstractContextManager[None]:
        """Turns SQLite's complaints into longvid's."""
        return mapped_errors(self.path)

    def refusal(self) -> Exception:
        """The error for writing where that is not allowed, or not safe."""
        return full(self.path) if self._full else read_only(self.path)

    @contextmanager
    def reading(self, scope: Scope) -> Iterator[Connection]:
        """A transaction: the write-ahead log keeps its state as it is."""
        with (
            self.mapped_errors(),
            self.engine.connect() as connection,
            connection.begin(),
            mapped_damage(connection, self.path, scope),
        ):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction with SQLite's write lock from its beginning."""
        with (
            self.mapped_errors(),
            self.engine.connect().execution_options(write=True) as connection,
            connection.begin(),
            mapped_damage(connection, self.path, EVERYTHING),
        ):
            yield connection

    def writer_lock(
        self, wait: bool = True, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """The lock file; reentrant."""
        return self._lock.held(wait=wait, on_wait=on_wait)

    def claim(self, what: str) -> AbstractContextManager[bool]:
        """It is so already: who works on a video holds the writer lock."""
        return nullcontext(True)

    @contextmanager
    def working_off(self) -> Iterator[bool]:
        """The system lets go of what a dead process held: its jobs are this one's then."""
        try:
            with WriterLock(self.path / JOBS).held(wait=False):
                yield True
        except BusyError:
            yield False

    def help_holder(self) -> None:
        """The writer lock is another process's, which waits for this one."""
        self._lock = BorrowedLock(self.path / LOCK)
        self.wait_for_helpers()

    def wait_for_helpers(self) -> None:
        """SQLite's write lock is waited for longer."""
        make_patient(self.engine)

    def note_deleted(self) -> None:
        """The word index keeps words of deleted passages until it is merged."""
        self._deleted = True

    def erase_deleted(self) -> None:
        """Empty the write-ahead log."""
        with (
            self.mapped_errors(),
            self.engine.connect().execution_options(transaction=False) as connection,
        ):
            patient_ms = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {_READERS_MS}")
            try:
                busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {patient_ms}")
        self._deleted |= bool(busy)

    def check(self, repair: bool) -> CheckReport:
        """The file, every row, the word index and the cache; see ``longvid_storage.db.checking``."""
        from longvid_storage.db import checking
        from longvid_storage.db.checking import CheckReport

        with self.mapped_errors():
            if not repair:
                return CheckReport(self._findings())
            with self.writer_lock():
                found = self._findings()
                self.engine.dispose()  # a connection that has met a damaged word index keeps what it read of it
                if found:
                    with self.writing() as connection:
                        checking.repair(connection)
                    forget_cache(self.path)
                left = self._findings() if found else ()
        return CheckReport(found, repaired=not left, left=left)

    def _findings(self) -> tuple[Damage, ...]:
        from longvid_storage.db import checking

        with self.engine.connect() as connection, connection.begin() as transaction:
            try:
                return tuple(checking.findings(connection, self.path))
            finally:
                transaction.rollback()  # a commit fails once a damaged word index was looked at

    def backup(self, target: Path, force: bool) -> None:
        """A copy of the pages as they are at one moment."""
        from longvid_storage.db import backup

        with (
            self.mapped_errors(),
            self.engine.connect().execution_options(transaction=False) as connection,
        ):
            backup.write(connection, target, force=force)
