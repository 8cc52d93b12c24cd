"""One library: everything that is known about its videos, written stage by stage and found again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection, Engine

from longvid_storage.db import catalog, chain, revisions, speakers
from longvid_storage.db.chain import ChainLink
from longvid_storage.db.library_files import forget_cache
from longvid_storage.db.view import Encoders, View
from longvid_storage.types import EVERYTHING, Scope, VideoInfo

if TYPE_CHECKING:
    from longvid_storage.db.checking import CheckReport
    from longvid_storage.db.database import Database
    from longvid_storage.db.stage_writer import StageWriter
    from longvid_storage.picture_store import PictureStore


class Store:
    """A library open for reading, and for writing where that is allowed; may be used from several threads.

    >>> with Store.open(Path("talks.longvid"), create=True) as store:      # doctest: +SKIP
    ...     store.upsert_video(info)
    ...     with store.stage(info.video_id, "transcript", fingerprint) as writer:
    ...         writer.replace_utterances(utterances, source="sidecar:talk.vtt", language="en")

    Args:
        database: that it lies in.

    ``vector_server``, empty by default, says where vectors are searched instead of in this process (``MilvusIndex``);
    ``memory_mb`` how much of the library a process that searches keeps in memory (``search.memory``); ``pictures``,
    None by default, where those lie that are too large for the database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.vector_server: Mapping[str, str] = {}
        self.memory_mb: int | None = None
        self.pictures: PictureStore | None = None
        self._terms_current = False
        self._whole: Store | None = None
        self.rights: frozenset[str] | None = None
        self.owner = ""

    @classmethod
    def open(cls, path: str | Path, *, create: bool = False) -> Self:
        """Open the library in the directory ``path``; an older schema is upgraded.

        ``create``: make a library there if there is none.

        Raises:
            NotFoundError: there is none and ``create`` is False.
            NotALibraryError: something else is there.
            SchemaError: a newer longvid wrote it.
            ReadOnlyError: it must be made or upgraded, and may not be written.
        """
        from longvid_storage.db.sqlite import SqliteDatabase

        return cls(SqliteDatabase.open(path, create=create))

    @classmethod
    def connect(cls, place: str, cache_root: Path, *, create: bool = False) -> Self:
        """Open the library in the PostgreSQL database that ``place`` names; an older schema is upgraded.

        Args:
            place: ``postgresql://USER:PASSWORD@HOST:PORT/DATABASE``; the database must exist.
            cache_root: a directory for what is derived, of all libraries.
            create: make the tables in an empty database.

        Raises:
            NotFoundError: the database is empty and ``create`` is False. NotALibraryError: it holds something else.
            SchemaError: a newer longvid wrote it. MissingExtraError: psycopg is not installed.
        """
        from longvid_storage.db.postgres import PostgresDatabase

        return cls(PostgresDatabase.connect(place, cache_root, create=create))

    @property
    def path(self) -> Path:
        """The library's directory; of one in PostgreSQL, where this machine keeps what is derived."""
        return self._database.path

    @property
    def name(self) -> str:
        """What the library is called in messages."""
        return self._database.name

    @property
    def read_only(self) -> bool:
        """Whether nothing may be written."""
        return self._database.read_only

    @property
    def address(self) -> str:
        """What opens this library in another process, password and all: never told to anybody."""
        return self._database.address

    @property
    def shared(self) -> bool:
        """Whether processes on several machines may write to it."""
        return self._database.shared

    @property
    def _engine(self) -> Engine:
        return self._database.engine

    def help_holder(self) -> None:
        """From now on this process writes for another one, which holds the writer lock."""
        self._database.help_holder()

    def wait_for_helpers(self) -> None:
        """Others write for the same run, in turns that are nobody's: no transaction gives up while theirs go on.

        Sixteen of them on two processors kept one of them waiting for longer than the half minute that ends a run.
        """
        self._database.wait_for_helpers()

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

    def close(self) -> None:
        """Let go of the database; the library is complete at any time."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def bytes_held(self) -> int:
        """What the library takes: of the disk here, and of the database where that is elsewhere."""
        here = sum(path.stat().st_size for path in self.path.rglob("*") if path.is_file())
        return here + self._database.bytes_held()

    @contextmanager
    def view(self, scope: Scope = EVERYTHING, encoders: Encoders | None = None) -> Iterator[View]:
        """A snapshot of the library within ``scope``: one state of it, whoever writes meanwhile."""
        scope = replace(scope, rights=self.rights)
        with self._database.reading(scope) as connection:
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
        return self._database.writer_lock(wait, on_wait)

    def claim(self, what: str) -> AbstractContextManager[bool]:
        """Keep the work on ``what`` for this process during the block; False where another has it."""
        return self._database.claim(what)

    def working_off(self) -> AbstractContextManager[bool]:
        """Do the jobs of the library during the block; False where another process does them already.

        Where several processes may, True: each claims the jobs that it does.
        """
        return self._database.working_off()

    def require_writable(self) -> None:
        """Raise ``ReadOnlyError`` where the library may not be written."""
        if self.read_only:
            raise self._database.refusal()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that commits when the block ends well and else leaves no trace.

        The first one makes passages' terms anew where another analysis made them.
        """
        from longvid_storage.db import terms

        with self.writer_lock(), self._database.writing() as connection:
            if not self.home._terms_current:
                terms.refresh(connection)
            yield connection
        self.home._terms_current = True

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
        if writer.removed:
            self._database.note_deleted()
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
        with self._database.writing() as connection:
            yield connection
        if erase:
            self._database.erase_deleted()

    def remove_video(self, video_id: str) -> None:
        """Delete a video (by its full id) with every row, vector, picture and cache entry.

        Raises:
            NotFoundError: no such video.
        """
        with self.writer_lock():
            with self._writing() as connection:
                catalog.remove_video(connection, video_id)
            self._database.erase_deleted()
            forget_cache(self.path)
            self.sweep_pictures()

    # The whole of it

    def check(self, repair: bool = False) -> CheckReport:
        """Verify everything: the file (not PostgreSQL's), every row, the word index, what finds vectors, and whether
        pictures elsewhere are there; see ``longvid_storage.db.checking``.

        ``repair``: make anew what is derived, delete damaged rows and reopen their stages, in one transaction.

        Raises:
            ReadOnlyError: ``repair``, and the library may not be written.
        """
        from longvid_storage.db import pictures

        if repair:
            self.require_writable()
        report = self._database.check(repair)
        if report.left or (report.findings and not repair):
            return report  # what the rows say of pictures may be wrong
        with self.view() as view:
            lost = tuple(pictures.lost(view.connection, self.home.pictures))
        if not lost:
            return report
        return replace(
            report, findings=(*report.findings, *lost), repaired=False, left=lost if repair else ()
        )

    def backup(self, target: Path, *, force: bool = False) -> list[str]:
        """Write a consistent copy, a library itself, to the directory ``target``, whoever writes meanwhile; a line for
        the user where pictures stay elsewhere, else none.

        ``force``: in place of a library that is there.

        Raises:
            UsageError: something is there already, or the library is in PostgreSQL, which has its own tools.
            StorageFullError, ReadOnlyError: it cannot be written.
        """
        from longvid_storage.db import pictures

        self._database.backup(target, force)
        with self.view() as view:
            return pictures.staying(view.connection, self.home.pictures)
