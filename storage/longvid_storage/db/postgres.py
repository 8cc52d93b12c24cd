"""A library in PostgreSQL (15 or newer): the same tables, rows and numbers as in a directory, for many machines.

What differs: a view is a read-only ``REPEATABLE READ`` transaction; writes follow one another (an advisory lock, held
for a transaction only, where SQLite has its write lock), while the work before them goes on side by side; and a process
claims the video it works on. The vector index of each machine is kept in its user's cache directory, made from SQL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from longvid_storage.db import migrate, pgvector_tables, schema
from longvid_storage.errors import (
    BusyError,
    LibraryError,
    LongvidError,
    MissingExtraError,
    NotALibraryError,
    NotFoundError,
    ReadOnlyError,
    SchemaError,
    StorageFullError,
    UsageError,
)
from longvid_storage.text.shown import without_password
from longvid_storage.types import EVERYTHING, Scope

if TYPE_CHECKING:
    from longvid_storage.db.checking import CheckReport

SCHEME = "postgresql"
OLDEST = 15
# Advisory locks have two numbers: whose, and what for.
_OURS = 0x4C56
_WRITING = 0
_CONNECTIONS = 16


def _parsed(place: str) -> URL:
    try:
        url = make_url(place)
    except (ArgumentError, ValueError) as error:
        raise UsageError(
            f"{without_password(place)!r} names no database: write postgresql://USER@HOST:PORT/DATABASE"
        ) from error
    if not url.database:
        raise UsageError(f"{_shown(url)!r} names no database: write postgresql://USER@HOST:PORT/DATABASE")
    return url.set(drivername="postgresql+psycopg")


def _shown(url: URL) -> str:
    return without_password(url.set(drivername=SCHEME).render_as_string(hide_password=False))


class PostgresDatabase:
    """A database of its own; see ``Database``.

    Args:
        url: of the database.
        engine: over it.
        cache: where this machine keeps what is derived.
    """

    def __init__(self, url: URL, engine: Engine, cache: Path) -> None:
        self.path = cache
        self.name = _shown(url)
        self.engine = engine
        self.read_only = False

    @classmethod
    def connect(cls, place: str, cache_root: Path, *, create: bool = False) -> Self:
        """See ``Store.connect``."""
        url = _parsed(place)
        try:
            import psycopg  # noqa: F401  (the engine would fail later, with less to say)
        except ImportError as error:
            raise MissingExtraError(
                "a library in PostgreSQL needs psycopg: pip install 'longvid[postgresql]'"
            ) from error
        cache = cache_root / f"postgresql-{hashlib.sha256(_shown(url).encode()).hexdigest()[:16]}"
        engine = _make_engine(url)
        database = cls(url, engine, cache)
        try:
            with database.mapped_errors():
                database.read_only = database._may_only_read()
                database._make_current(create)
        except BaseException:
            engine.dispose()
            raise
        cache.mkdir(parents=True, exist_ok=True)
        return database

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def bytes_held(self) -> int:
        """What the database takes, tables and indexes."""
        with self.mapped_errors(), self.engine.connect() as connection:
            query = text("SELECT pg_database_size(current_database())")
            return int(connection.execute(query).scalar_one())

    @property
    def address(self) -> str:
        """What opens this library in another process, password and all: never told to anybody."""
        return self.engine.url.set(drivername=SCHEME).render_as_string(hide_password=False)

    @property
    def shared(self) -> bool:
        """Processes on several machines may write to it."""
        return True

    def _may_only_read(self) -> bool:
        with self.engine.connect() as connection:
            if (found := connection.dialect.server_version_info or (0,)) < (OLDEST,):
                raise LibraryError(
                    f"{self.name} is PostgreSQL {'.'.join(map(str, found))}: longvid needs {OLDEST} or newer"
                )
            if not inspect(connection).has_table("library"):
                return False
            query = text("SELECT has_table_privilege('library', 'UPDATE') AND NOT pg_is_in_recovery()")
            return not connection.execute(query).scalar_one()

    def _make_current(self, create: bool) -> None:
        with self.engine.connect() as connection:
            version = self._version(connection)
            lacking = not self.read_only and pgvector_tables.lacking(connection)
        if version == schema.HEAD and not lacking:
            return
        if version is None and not create:
            raise NotFoundError(
                f"there is no library at {self.name}: `longvid index PATHS --library {self.name}` makes one",
                code="no_library",
            )
        if self.read_only:
            raise ReadOnlyError(
                f"the library at {self.name} has an older schema and may not be written: open it once as a user who may"
            )
        with self.engine.connect().execution_options(write=True) as connection, connection.begin():
            version = self._version(connection)  # another process may have been first
            if version is None:
                migrate.create(connection)
            elif version != schema.HEAD:
                migrate.upgrade(connection)
            pgvector_tables.prepare(connection)

    def _version(self, connection: Connection) -> str | None:
        tables = set(inspect(connection).get_table_names())
        if not tables:
            return None
        if not {"library", "alembic_version", "postings"} <= tables:
            raise NotALibraryError(f"{self.name} is another program's database: name another one")
        version = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
        if version not in schema.VERSIONS:
            raise SchemaError(
                f"{self.name} was written by a newer longvid than this one (schema {version}, known to {schema.HEAD}): "
                "upgrade longvid, or use another library"
            )
        return version

    def mapped_errors(self) -> AbstractContextManager[None]:
        """Turns PostgreSQL's complaints into longvid's."""
        return _mapped(self.name)

    def refusal(self) -> Exception:
        """The error for writing as a user who may not."""
        return ReadOnlyError(f"{self.name} may not be written by this user: connect as one who may")

    @contextmanager
    def reading(self, scope: Scope) -> Iterator[Connection]:
        """A transaction that reads alone; no row is damaged: PostgreSQL holds a column to its type."""
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with (
            self.mapped_errors(),
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that others wait for from its beginning."""
        with (
            self.mapped_errors(),
            self.engine.connect().execution_options(write=True) as connection,
            connection.begin(),
        ):
            yield connection

    def writer_lock(
        self, wait: bool = True, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """Nothing is held for long: others index other videos meanwhile; see ``claim``."""
        return nullcontext()

    @contextmanager
    def claim(self, what: str) -> Iterator[bool]:
        """Keep ``what`` (a file's content) for this process during the block; False where another has it."""
        number = int.from_bytes(hashlib.sha256(what.encode()).digest()[:4], signed=True)
        with self.mapped_errors(), self.engine.connect() as connection:
            mine = {"ours": _OURS, "number": number}
            held = connection.execute(text("SELECT pg_try_advisory_lock(:ours, :number)"), mine).scalar_one()
            connection.commit()  # the lock is the session's
            try:
                yield bool(held)
            finally:
                if held:
                    connection.execute(text("SELECT pg_advisory_unlock(:ours, :number)"), mine)
                    connection.commit()

    @contextmanager
    def working_off(self) -> Iterator[bool]:
        """Several do, each the jobs that it claims."""
        yield True

    def help_holder(self) -> None:
        """There is no holder."""

    def wait_for_helpers(self) -> None:
        """PostgreSQL waits as long as it takes."""

    def note_deleted(self) -> None:
        """Space of deleted rows is PostgreSQL's."""

    def erase_deleted(self) -> None:
        """The log is PostgreSQL's."""

    def check(self, repair: bool) -> CheckReport:
        """Every row, the word index and pgvector's tables, in one snapshot; the files are for ``pg_amcheck``."""
        from longvid_storage.db import checking
        from longvid_storage.db.checking import CheckReport

        if not repair:
            with self.reading(EVERYTHING) as connection:
                return CheckReport(tuple(checking.findings(connection, self.path)))
        with self.writing() as connection:
            found = tuple(checking.findings(connection, self.path))
            if found:
                checking.repair(connection)
            left = tuple(checking.findings(connection, self.path)) if found else ()
        return CheckReport(found, repaired=not left, left=left)

    def backup(self, target: Path, force: bool) -> None:
        """Raises UsageError: PostgreSQL has its own tools."""
        raise UsageError(
            f"{self.name} is PostgreSQL's to back up: run pg_dump, or longvid copy to a directory"
        )


def _make_engine(url: URL) -> Engine:
    engine = create_engine(
        url, pool_size=4, max_overflow=_CONNECTIONS, pool_pre_ping=True,
        connect_args={"application_name": "longvid"},
    )  # fmt: skip

    from psycopg.types.string import StrDumper

    class TextDumper(StrDumper):
        """Text without NUL, which PostgreSQL does not take."""

        def dump(self, obj: str) -> Any:
            """Python to database."""
            return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, record: Any) -> None:
        connection.adapters.register_dumper(str, TextDumper)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        if connection.get_execution_options().get("write", False):
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_OURS}, {_WRITING})"))

    return engine


@contextmanager
def _mapped(name: str) -> Iterator[None]:
    """Turn the database's complaints into longvid's."""
    try:
        yield
    except DBAPIError as error:
        raise _of_postgres(name, error) from error


def _of_postgres(name: str, error: DBAPIError) -> LongvidError:
    state: Any = getattr(error.orig, "sqlstate", None) or ""
    said = " ".join(str(error.orig).split())[:200]
    if state.startswith("53"):
        if state == "53100":
            return StorageFullError(f"the disk of {name} is full: free some space there and run it again")
        return BusyError(f"{name} takes no more work now ({said}): try again")
    if state in ("25006", "42501"):
        return ReadOnlyError(f"{name} may not be written by this user ({said}): connect as one who may")
    if state.startswith("40") or state in ("55P03", "57014"):
        return BusyError(f"{name} gave up for another's sake ({said}): try again")
    if state.startswith(("08", "57P", "28", "3D")) or (isinstance(error, OperationalError) and not state):
        return LibraryError(
            f"{name} cannot be reached ({said}): check that it runs, its name and the password"
        )
    return LibraryError(f"{name} cannot be used: {said}")
