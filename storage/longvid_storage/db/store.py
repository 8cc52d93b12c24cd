"""One library: everything that is known about its videos, written stage by stage and found again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from copy import copy
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection, Engine

from longvid_storage.db import catalog, chain, migrate, revisions, schema, speakers, word_index
from longvid_storage.db.chain import ChainLink
from longvid_storage.db.damage import Damage, mapped_damage
from longvid_storage.db.library_files import (
    JOBS,
    LOCK,
    check_place,
    forget_cache,
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
from longvid_storage.db.view import Encoders, View
from longvid_storage.errors import BusyError, ReadOnlyError
from longvid_storage.types import EVERYTHING, Scope, VideoInfo

if TYPE_CHECKING:
    from longvid_storage.db.checking import CheckReport
    from longvid_storage.db.stage_writer import StageWriter
    from longvid_storage.picture_store import PictureStore


# Who empties the log holds the writer lock and waits for readers; SQLite's usual patience is thirty seconds.
_READERS_MS = 1000


class Store:
    """A library open for reading, and for writing where that is allowed; may be used from several threads.

    >>> with Store.open(Path("talks.longvid"), create=True) as store:      # doctest: +SKIP
    ...     store.upsert_video(info)
    ...     with store.stage(info.video_id, "transcript", fingerprint) as writer:
    ...         writer.replace_utterances(utterances, source="sidecar:talk.vtt", language="en")

    Args:
        path: the library's directory.
        engine: over its database, whose schema is the newest.
        read_only: nothing may be written.

    ``vector_server``, empty by default, says where vectors are searched instead of in this process (``MilvusIndex``);
    ``memory_mb`` how much of the library a process that searches keeps in memory (``search.memory``); ``pictures``,
    None by default, where those lie that are too large for the database.
    """

    def __init__(
        self,
        path: Path,
        engine: Engine,
        *,
        read_only: bool,
    ) -> None:
        self.path = path
        self.name = str(path)
        self.vector_server: Mapping[str, str] = {}
        self.memory_mb: int | None = None
        self.pictures: PictureStore | None = None
        self._engine = engine
        self.read_only = read_only
        self._terms_current = False
        self._removed = False
        self._lock = WriterLock(path / LOCK)
        self._whole: Store | None = None
        self.rights: frozenset[str] | None = None
        self.owner = ""

    @property
    def address(self) -> str:
        """What opens this library in another process, password and all: never told to anybody."""
        return str(self.path)

    @property
    def shared(self) -> bool:
        """Whether processes on several machines may write to it."""
        return False

    def help_holder(self) -> None:
        """From now on this process writes for another one, which holds the writer lock."""
        self._lock = BorrowedLock(self.path / LOCK)
        self.wait_for_helpers()

    def wait_for_helpers(self) -> None:
        """Others write for the same run, in turns that are nobody's: no transaction gives up while theirs go on.

        Sixteen of them on two processors kept one of them waiting for longer than the half minute that ends a run.
        """
        if not self.shared:
            make_patient(self._engine)

    @property
    def home(self) -> Store:
        """The store that was opened; of one that was narrowed, the one it is a part of."""
        return self._whole or self

    def within(self, collections: Iterable[str] | None, owner: str = "") -> Store:
        """The same library for somebody who may see these collections, None for all of them, and who owns ``owner``'s
        conversations: every view of it has these rights, and they can only be narrowed again.

        It shares the open files: close the whole.
        """
        narrowed = copy(self)
        narrowed._whole, narrowed.owner = self.home, owner
        if collections is not None:
            mine = frozenset(collections)
            narrowed.rights = mine if self.rights is None else mine & self.rights
        return narrowed

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        create: bool = False,
    ) -> Self:
        """Open the library at ``path``; an older schema is upgraded.

        Args:
            path: a directory.
            create: make a library there if there is none.

        Raises:
            NotFoundError: there is none and ``create`` is False.
            NotALibraryError: something else is there.
            SchemaError: a newer longvid wrote it.
            ReadOnlyError: it must be made or upgraded, and may not be written.
        """
        path = Path(os.path.abspath(path))
        exists = check_place(path)
        if not exists and not create:
            raise missing(path)
        closed = exists and not writable(path)
        with mapped_errors(path):
            if not exists:
                with mapped_os_errors(path):
                    path.mkdir(parents=True, exist_ok=True)
            engine = make_engine(path, read_only=closed, create=not exists)
            store = cls(path, engine, read_only=closed)
            try:
                store._make_current(create)
            except BaseException:
                engine.dispose()
                raise
        return store

    def _make_current(self, create: bool) -> None:
        with self._engine.connect() as connection:
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
            self._pragma("journal_mode = WAL")
            with self._engine.connect().execution_options(write=True) as connection, connection.begin():
                version = migrate.current_version(connection)  # another process may have been first
                if version is None:
                    forget_cache(self.path)  # of a library that lay here before
                    migrate.create(connection)
                elif version != schema.HEAD:
                    migrate.upgrade(connection)
        remove_old_chats(self.path)

    def _mapped_errors(self) -> AbstractContextManager[None]:
        return mapped_errors(self.path)

    def _mapped_damage(
        self, connection: Connection, scope: Scope = EVERYTHING
    ) -> AbstractContextManager[None]:
        return mapped_damage(connection, self.path, scope)

    def _empty_log(self) -> None:
        """Take out of the log what was deleted; while somebody reads an older state it stays until the store closes."""
        with self._engine.connect().execution_options(transaction=False) as connection:
            patient_ms = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {_READERS_MS}")
            try:
                busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {patient_ms}")
        self.home._removed |= bool(busy)

    def _pragma(self, pragma: str) -> None:
        """Run one that SQLite allows outside a transaction only."""
        with self._engine.connect().execution_options(transaction=False) as connection:
            connection.exec_driver_sql(f"PRAGMA {pragma}")

    def close(self) -> None:
        """Close the files; the library is complete on disk at any time.

        Words of passages that were replaced leave the word index's files now: each time would cost a pass over it.
        """
        try:
            if self._removed:
                self._compact()
        finally:
            self._engine.dispose()

    def _compact(self) -> None:
        with suppress(BusyError), self._lock.held(wait=False):  # somebody who indexes is not waited for
            with self._writing() as connection:
                word_index.compact(connection)
            with self._mapped_errors():
                self._empty_log()
            self._removed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def bytes_held(self) -> int:
        """What the library takes: of the disk here, and of the database where that is elsewhere."""
        return sum(path.stat().st_size for path in self.path.rglob("*") if path.is_file())

    @contextmanager
    def view(self, scope: Scope = EVERYTHING, encoders: Encoders | None = None) -> Iterator[View]:
        """A snapshot of the library within ``scope``: one state of it, whoever writes meanwhile."""
        scope = replace(scope, rights=self.rights)
        with (
            self._mapped_errors(),
            self._engine.connect() as connection,
            connection.begin(),
            self._mapped_damage(connection, scope),
        ):
            yield View(connection, scope, self.home, encoders)

    # Writing

    def writer_lock(
        self, *, wait: bool = True, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """Keep other processes from writing for the ``with`` block; writes take it by themselves, one by one.

        Args:
            wait: wait for another process to finish; else raise.
            on_wait: called once with a sentence for the user, when there is something to wait for.

        Raises:
            BusyError: another process writes and ``wait`` is False.
            ReadOnlyError: the library may not be written.
        """
        self.require_writable()
        return self._lock.held(wait=wait, on_wait=on_wait)

    @contextmanager
    def claim(self, what: str) -> Iterator[bool]:
        """Keep the work on ``what`` for this process during the block; False where another has it.

        Here that is so already: who works on a video holds the writer lock.
        """
        yield True

    @contextmanager
    def working_off(self) -> Iterator[bool]:
        """Do the jobs of the library during the block; False where another process does them already.

        What runs here is that process's then, or was left by one that died: the system lets go of what it held.
        """
        try:
            with WriterLock(self.path / JOBS).held(wait=False):
                yield True
        except BusyError:
            yield False

    def require_writable(self) -> None:
        """Raise ``ReadOnlyError`` where the library may not be written."""
        if self.read_only:
            raise read_only(self.path)

    @contextmanager
    def _writing(self, *, refresh: bool = True) -> Iterator[Connection]:
        """A transaction that commits when the block ends well and else leaves no trace.

        ``refresh``: make passages' terms anew first, where another analysis made them.
        """
        from longvid_storage.db import terms

        with (
            self.writer_lock(),
            self._mapped_errors(),
            self._engine.connect().execution_options(write=True) as connection,
            connection.begin(),
            self._mapped_damage(connection),
        ):
            if refresh and not self.home._terms_current:
                terms.refresh(connection)
            yield connection
        self.home._terms_current |= refresh

    @contextmanager
    def stage(self, video_id: str, stage: str, fingerprint: str) -> Iterator[StageWriter]:
        """Write one stage of a video: rows and completion record commit together when the block ends well.

        Do the work before the block: other processes cannot write while it lasts.

        Raises:
            NotFoundError: no such video.
            ReadOnlyError, StorageFullError: the library cannot be written.
        """
        from longvid_storage.db.stage_writer import StageWriter

        with self._writing() as connection:
            key = catalog.video_key(connection, video_id)
            writer = StageWriter(connection, key, video_id, stage, fingerprint)
            yield writer
            writer.finish()
        self.home._removed |= writer.removed
        if stage == "visual":
            self.sweep_pictures()

    def keep_pictures(self, images: Sequence[bytes]) -> list[str]:
        """Bring those that are too large for the database to where ``pictures`` says, before the stage that writes
        their keyframes; see ``pictures.keep``.

        Raises:
            LibraryError: the object store cannot be written.
        """
        from longvid_storage.db import pictures

        return pictures.keep(self.home.pictures, self.conversing, images)

    def sweep_pictures(self) -> None:
        """Delete there what no keyframe has any more; see ``pictures.sweep``."""
        from longvid_storage.db import pictures

        pictures.sweep(self.home.pictures, self.conversing)

    def keep_link(self, video_id: str, link: ChainLink) -> None:
        """Keep one link of a video's chain before the stage is done, so that a model writes it only once."""
        with self._writing() as connection:
            chain.keep(connection, catalog.video_key(connection, video_id), link)

    def replace_library_chain(self, collection: str | None, links: Iterable[ChainLink]) -> None:
        """Replace what a model wrote of a collection (which must exist), or of the whole library."""
        with self._writing() as connection:
            chain.replace_library(connection, collection, links)

    def upsert_video(
        self,
        info: VideoInfo,
        collection: str | None = None,
        *,
        media_id: str | None = None,
        subtitles: str | None = None,
    ) -> None:
        """Enter a video or bring what is known of it up to date, and put it in ``collection``, if given.

        Args:
            info: what is known of it.
            collection: its name; made if there is none.
            media_id: the hash of its media; of a new video by default its id, else as it was.
            subtitles: what signs the subtitles beside it; as it was by default.
        """
        with self._writing() as connection:
            key = catalog.upsert_video(connection, info, media_id, subtitles)
            if collection is not None:
                catalog.add_to_collection(connection, key, collection)

    def set_path(
        self, path: str | Path, video_id: str, *, size: int, mtime_ns: int, sidecars: str = ""
    ) -> None:
        """Note where a video lies; several may lie at one path, one in each collection."""
        with self._writing() as connection:
            catalog.set_path(connection, str(path), video_id, size=size, mtime_ns=mtime_ns, sidecars=sidecars)

    def forget_path(self, path: str | Path, video_id: str) -> None:
        """Note that a video no longer lies there; the video stays."""
        with self._writing() as connection:
            catalog.remove_path(connection, str(path), video_id)

    def part(self, video_id: str, own_id: str, collection: str) -> None:
        """Take a video that several collections share out of ``collection``, which has ``own_id`` in its place."""
        with self._writing() as connection:
            catalog.part(connection, video_id, own_id, collection)

    def rename_speaker(self, video_id: str, old: str, new: str) -> None:
        """Call a speaker of a video ``new`` from now on, everywhere at once; see ``longvid_storage.db.speakers``.

        Raises:
            NotFoundError: no such video, or nobody called ``old`` speaks in it.
            UsageError: ``new`` is no name.
        """
        with self._writing() as connection:
            key = catalog.video_key(connection, video_id)
            speakers.rename(connection, key, old, new)
            revisions.bump(connection, key)

    @contextmanager
    def conversing(self, *, erase: bool = False) -> Iterator[Connection]:
        """A transaction for ``longvid_storage.db.chats``; ``erase``: what it deletes leaves the log at once too.

        It does not take the writer lock, which a process keeps for as long as it indexes: a turn waits for the end of
        another's transaction only.
        """
        self.require_writable()
        with self._mapped_errors():
            with (
                self._engine.connect().execution_options(write=True) as connection,
                connection.begin(),
                self._mapped_damage(connection),
            ):
                yield connection
            if erase:
                self._empty_log()

    def remove_video(self, video_id: str) -> None:
        """Delete a video (by its full id) with every row, vector, picture and cache entry.

        Raises:
            NotFoundError: no such video.
        """
        with self.writer_lock():
            with self._writing() as connection:
                catalog.remove_video(connection, video_id)
            with self._mapped_errors():
                self._empty_log()
            forget_cache(self.path)
            self.sweep_pictures()

    # The whole of it

    def check(self, repair: bool = False) -> CheckReport:
        """Verify everything: the file, every row, the word index, the cache, and whether pictures elsewhere are
        there; see ``longvid_storage.db.checking``.

        ``repair``: make anew what is derived, delete damaged rows and reopen their stages, in one transaction.

        Raises:
            ReadOnlyError: ``repair``, and the library may not be written.
        """
        from longvid_storage.db import checking
        from longvid_storage.db.checking import CheckReport

        with self._mapped_errors():
            if not repair:
                return CheckReport(self._findings())
            with self.writer_lock():
                found = self._findings()
                self._engine.dispose()  # a connection that has met a damaged word index keeps what it read of it
                if found:
                    with self._writing(refresh=False) as connection:
                        checking.repair(connection)
                    forget_cache(self.path)
                left = self._findings() if found else ()
        return CheckReport(found, repaired=not left, left=left)

    def _findings(self) -> tuple[Damage, ...]:
        from longvid_storage.db import checking

        with self._engine.connect() as connection, connection.begin() as transaction:
            try:
                return tuple(checking.findings(connection, self.path, self.home.pictures))
            finally:
                transaction.rollback()  # a commit fails once a damaged word index was looked at

    def backup(self, target: Path, *, force: bool = False) -> None:
        """Write a consistent copy, a library itself, to the directory ``target``, whoever writes meanwhile.

        ``force``: in place of a library that is there.

        Raises:
            UsageError: something is there already.
            StorageFullError, ReadOnlyError: it cannot be written.
        """
        from longvid_storage.db import backup

        with (
            self._mapped_errors(),
            self._engine.connect().execution_options(transaction=False) as connection,
        ):
            backup.write(connection, target, force=force)
