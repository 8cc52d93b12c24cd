"""One library: everything that is known about its videos, written stage by stage and found again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Collection as Names
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, select

from longvid_storage import catalog, lexical, migrate, reads, schema, terms
from longvid_storage.errors import NotFoundError, ReadOnlyError
from longvid_storage.filters import UNFILTERED
from longvid_storage.library_files import (
    CACHE,
    LOCK,
    check_place,
    make_engine,
    mapped_errors,
    mapped_os_errors,
    missing,
    read_only,
    writable,
)
from longvid_storage.locking import WriterLock
from longvid_storage.rows import FoundUnit, PathRow, StageRecord, TermCounts, TranscriptInfo, VideoRow
from longvid_storage.stage_writer import StageWriter
from longvid_storage.types import Filters, Keyframe, ScreenText, Segment, Slide, Unit, Utterance, VideoInfo
from longvid_storage.vector_index import VectorIndex
from longvid_storage.vectors import VectorSearch, generation


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
        index_type: the vector index to use; default the best one installed.
    """

    def __init__(
        self,
        path: Path,
        engine: Engine,
        *,
        read_only: bool,
        index_type: type[VectorIndex] | None = None,
    ) -> None:
        self.path = path
        self.read_only = read_only
        self._engine = engine
        self._terms_current = False
        self._lock = WriterLock(path / LOCK)
        self._vectors = VectorSearch(None if read_only else path / CACHE, index_type)

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        create: bool = False,
        index_type: type[VectorIndex] | None = None,
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
            store = cls(path, engine, read_only=closed, index_type=index_type)
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
                    self._vectors.forget()  # of a library that lay here before
                    migrate.create(connection)
                elif version != schema.HEAD:
                    migrate.upgrade(connection)

    def _pragma(self, pragma: str) -> None:
        """Run one that SQLite allows outside a transaction only."""
        with self._engine.connect().execution_options(transaction=False) as connection:
            connection.exec_driver_sql(f"PRAGMA {pragma}")

    def close(self) -> None:
        """Close the files; the library is complete on disk at any time."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

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
        self._require_writable()
        return self._lock.held(wait=wait, on_wait=on_wait)

    def _require_writable(self) -> None:
        if self.read_only:
            raise read_only(self.path)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that commits when the block ends well and else leaves no trace."""
        with (
            self.writer_lock(),
            mapped_errors(self.path),
            self._engine.connect().execution_options(write=True) as connection,
            connection.begin(),
        ):
            if not self._terms_current:
                terms.refresh(connection)
            yield connection
        self._terms_current = True

    @contextmanager
    def stage(self, video_id: str, stage: str, fingerprint: str) -> Iterator[StageWriter]:
        """Write one stage of a video: rows and completion record commit together when the block ends well.

        Do the work before the block: other processes cannot write while it lasts.

        Raises:
            NotFoundError: no such video.
            ReadOnlyError, StorageFullError: the library cannot be written.
        """
        with self._writing() as connection:
            key = catalog.video_key(connection, video_id)
            writer = StageWriter(connection, key, stage, fingerprint)
            yield writer
            writer.finish()

    def upsert_video(self, info: VideoInfo, collection: str | None = None) -> None:
        """Enter a video or bring what is known of it up to date, and put it in ``collection``, if given."""
        with self._writing() as connection:
            key = catalog.upsert_video(connection, info)
            if collection is not None:
                catalog.add_to_collection(connection, key, collection)

    def set_path(
        self, path: str | Path, video_id: str, *, size: int, mtime_ns: int, sidecars: str = ""
    ) -> None:
        """Note where content lies; a path that held other content is re-pointed, its old video stays."""
        with self._writing() as connection:
            catalog.set_path(connection, PathRow(str(path), video_id, size, mtime_ns, sidecars))

    def forget_path(self, path: str | Path) -> None:
        """Note that a video's content no longer lies there; the video stays."""
        with self._writing() as connection:
            catalog.remove_path(connection, str(path))

    def remove_video(self, video_id: str) -> None:
        """Delete a video (by its full id) with every row, vector, picture and cache entry.

        Raises:
            NotFoundError: no such video.
        """
        with self.writer_lock():
            with self._writing() as connection:
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
                catalog.remove_video(connection, video_id)
                connection.exec_driver_sql("PRAGMA secure_delete = OFF")
            with mapped_errors(self.path):
                self._pragma("wal_checkpoint(TRUNCATE)")
            self._vectors.forget()

    # Reading

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with mapped_errors(self.path), self._engine.connect() as connection:
            yield connection

    def videos(self) -> list[VideoRow]:
        """Every video, by title."""
        with self._reading() as connection:
            return catalog.videos(connection)

    def video(self, video_id: str) -> VideoRow:
        """One video by its full id.

        Raises:
            NotFoundError: no such video.
        """
        with self._reading() as connection:
            return catalog.videos(connection, catalog.video_key(connection, video_id))[0]

    def has_video(self, video_id: str) -> bool:
        """Whether the library has a video of exactly this id."""
        with self._reading() as connection:
            return (
                connection.execute(
                    select(schema.Video.video_key).where(schema.Video.video_id == video_id)
                ).first()
                is not None
            )

    def resolve_video(self, name: str) -> str:
        """The id of the one video that ``name`` means: an id, a title, a path or file name, or a prefix of
        an id.

        Raises:
            NotFoundError: none, or several; the message names some that might be meant.
        """
        with self._reading() as connection:
            return catalog.resolve_video(connection, name)

    def collections(self) -> list[str]:
        """Names of the collections, sorted."""
        with self._reading() as connection:
            return sorted(connection.execute(select(schema.Collection.name)).scalars())

    def require_collection(self, name: str) -> None:
        """Raise ``NotFoundError`` unless there is a collection of that name."""
        names = self.collections()
        if name not in names:
            there = f"there are {', '.join(names)}" if names else "there is none"
            raise NotFoundError(f"the library has no collection {name!r}: {there}")

    def known_path(self, path: str | Path) -> PathRow | None:
        """What is known of a file, if anything."""
        with self._reading() as connection:
            return catalog.paths(connection, str(path)).get(str(path))

    def known_paths(self) -> dict[str, PathRow]:
        """What is known of every file, by path."""
        with self._reading() as connection:
            return catalog.paths(connection)

    def stage_records(self, video_id: str) -> dict[str, StageRecord]:
        """Stage → how it went."""
        with self._reading() as connection:
            return catalog.stage_records(connection, catalog.video_key(connection, video_id)).get(
                video_id, {}
            )

    def stage_fingerprints(self, video_id: str) -> dict[str, str]:
        """Stage → fingerprint, of stages that did not fail."""
        return _fingerprints(self.stage_records(video_id))

    def all_stage_fingerprints(self) -> dict[str, dict[str, str]]:
        """The same for every video that has any, by video id."""
        with self._reading() as connection:
            records = catalog.stage_records(connection)
        return {video_id: _fingerprints(stages) for video_id, stages in records.items()}

    def transcript(self, video_id: str) -> TranscriptInfo | None:
        """Where the utterances came from; None before the transcript stage."""
        with self._reading() as connection:
            return reads.transcript(connection, catalog.video_key(connection, video_id))

    def utterances(
        self, video_id: str, from_s: float | None = None, to_s: float | None = None
    ) -> list[Utterance]:
        """Utterances that touch ``[from_s, to_s)``, in time order; words included."""
        with self._reading() as connection:
            return reads.utterances(connection, catalog.video_key(connection, video_id), from_s, to_s)

    def slides(self, video_id: str) -> list[Slide]:
        """Slides in time order."""
        with self._reading() as connection:
            return reads.slides(connection, catalog.video_key(connection, video_id))

    def screen_texts(
        self, video_id: str, from_s: float | None = None, to_s: float | None = None
    ) -> list[ScreenText]:
        """Screen text that touches ``[from_s, to_s)``, as it was written: by time, and top to bottom."""
        with self._reading() as connection:
            return reads.screen_texts(connection, catalog.video_key(connection, video_id), from_s, to_s)

    def keyframes(self, video_id: str, *, images: bool = False) -> list[Keyframe]:
        """Keyframes in time order; without ``images`` their ``image`` is empty and not read."""
        with self._reading() as connection:
            key = catalog.video_key(connection, video_id)
            return [frame for _, frame in reads.keyframes(connection, key, images=images)]

    def keyframes_by_id(self, ids: Sequence[int], *, images: bool = False) -> list[tuple[int, str, Keyframe]]:
        """(id, video id, keyframe) in the order of ``ids``; ids that are gone are left out."""
        with self._reading() as connection:
            return reads.keyframes_by_id(connection, ids, images=images)

    def segments(self, video_id: str, level: str | None = None) -> list[Segment]:
        """Segments of one level, or of all from video down to shot, in time order."""
        with self._reading() as connection:
            return reads.segments(connection, catalog.video_key(connection, video_id), level)

    def units(self, ids: Sequence[int]) -> list[FoundUnit]:
        """Units in the order of ``ids``; ids that are gone are left out."""
        with self._reading() as connection:
            return reads.units(connection, ids)

    def units_of(
        self,
        filters: Filters = UNFILTERED,
        *,
        channels: Names[str] | None = None,
        sizes: Names[str] | None = None,
    ) -> list[FoundUnit]:
        """All units that pass the filters, by video and time."""
        with self._reading() as connection:
            return reads.units_of(connection, filters, channels, sizes)

    def speakers(self, filters: Filters = UNFILTERED) -> dict[str, int]:
        """Names of speakers of utterances in the filters' videos → how many utterances each has."""
        with self._reading() as connection:
            return reads.speakers(connection, filters)

    def units_without_vectors(
        self,
        video_id: str,
        model_fingerprint: str,
        *,
        channels: Names[str] | None = None,
        sizes: Names[str] | None = None,
    ) -> list[tuple[int, Unit]]:
        """(unit id, unit) of those that have no vector of this model."""
        with self._reading() as connection:
            return reads.units_without_vectors(connection, video_id, model_fingerprint, channels, sizes)

    def keyframes_without_vectors(self, video_id: str, model_fingerprint: str) -> list[tuple[int, Keyframe]]:
        """(keyframe id, keyframe with its picture) of those that have no vector of this model."""
        with self._reading() as connection:
            key = catalog.video_key(connection, video_id)
            return reads.keyframes(connection, key, images=True, without_vector_of=model_fingerprint)

    @property
    def vectors_read(self) -> int:
        """How many vectors this store has read from SQL to search; what the cache holds is not read."""
        return self._vectors.vectors_read

    def has_vectors(self, model_fingerprint: str) -> bool:
        """Whether any vector of this model is here."""
        return model_fingerprint in self.vector_models()

    def vector_models(self) -> dict[str, list[str]]:
        """Model fingerprint → channels it wrote vectors for."""
        with self._reading() as connection:
            return reads.vector_models(connection)

    # Searching

    def lexical_search(
        self,
        terms: Sequence[str],
        *,
        channels: Names[str] | None = None,
        sizes: Names[str] | None = None,
        filters: Filters = UNFILTERED,
        limit: int = 100,
    ) -> list[tuple[int, float]]:
        """Units that contain any of the analysed terms, best first, as (unit id, BM25 score)."""
        with self._reading() as connection:
            return lexical.search(
                connection, terms, channels=channels, sizes=sizes, filters=filters, limit=limit
            )

    def matching_units(
        self,
        phrases: Sequence[Sequence[str]],
        *,
        channels: Names[str] | None = None,
        sizes: Names[str] | None = None,
        filters: Filters = UNFILTERED,
    ) -> list[int]:
        """Ids of all units that contain any of the phrases (runs of analysed terms), ascending; no limit."""
        with self._reading() as connection:
            return lexical.matching(connection, phrases, channels=channels, sizes=sizes, filters=filters)

    def term_counts(
        self,
        terms: Sequence[str],
        *,
        channels: Names[str] | None = None,
        sizes: Names[str] | None = None,
        filters: Filters = UNFILTERED,
    ) -> TermCounts:
        """How many units pass the filters, their mean length, and in how many each analysed term occurs."""
        with self._reading() as connection:
            return lexical.counts(connection, terms, channels=channels, sizes=sizes, filters=filters)

    def term_statistics(
        self, terms: Sequence[str], filters: Filters = UNFILTERED
    ) -> tuple[int, dict[str, int]]:
        """(documents, analysed term → documents that hold it), over all units within the filters."""
        counts = self.term_counts(terms, filters=filters)
        return counts.documents, counts.frequency

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection that sees one state of the library, for ``longvid_storage.search_reads``."""
        with self._reading() as connection, connection.begin():
            yield connection

    def generation(self) -> int:
        """Grows whenever units or vectors change."""
        with self._reading() as connection:
            return generation(connection)

    def languages(self) -> list[str | None]:
        """Languages of the units, sorted; None among them when a unit's is not known."""
        with self._reading() as connection:
            return search_reads.languages(connection)

    def vector_search(
        self,
        channel: str,
        query: NDArray[Any],
        *,
        filters: Filters = UNFILTERED,
        limit: int = 100,
        sizes: Names[str] | None = None,
        model_fingerprint: str | None = None,
    ) -> list[tuple[int, float]]:
        """(unit id, or on ``"picture"`` keyframe id; inner product), best first; empty when there are no
        vectors.

        Raises:
            ModelMismatchError: the channel's vectors are all of another model than the query's.
        """
        with self._reading() as connection:
            return self._vectors.search(
                connection,
                channel,
                query,
                filters=filters,
                limit=limit,
                sizes=sizes,
                model_fingerprint=model_fingerprint,
            )


def _fingerprints(records: dict[str, StageRecord]) -> dict[str, str]:
    return {
        stage: record.fingerprint for stage, record in records.items() if record.result.status != "failed"
    }
