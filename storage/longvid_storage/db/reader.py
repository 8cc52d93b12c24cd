"""Everything that can be asked of a library; ``longvid_storage.db.store`` adds opening and writing."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, select

from longvid_storage.db import catalog, chain_rows, lexical, reads, schema, search_reads, speakers
from longvid_storage.db.chain import ChainLink
from longvid_storage.db.filters import UNFILTERED
from longvid_storage.db.library_files import mapped_errors
from longvid_storage.db.rows import (
    FoundUnit,
    PathRow,
    SpeakerRow,
    StageRecord,
    TermCounts,
    TranscriptInfo,
    VideoRow,
)
from longvid_storage.db.vectors import generation
from longvid_storage.errors import NotFoundError
from longvid_storage.search.vector_search import VectorSearch
from longvid_storage.types import Filters, Keyframe, ScreenText, Segment, Slide, Sound, Unit, Utterance


class Reader:
    """The reading half of ``Store``; each call sees one state of the library, whoever writes meanwhile.

    Args:
        path: the library's directory.
        engine: over its database.
        vectors: searches its vectors.
    """

    def __init__(self, path: Path, engine: Engine, vectors: VectorSearch) -> None:
        self.path = path
        self._engine = engine
        self._vectors = vectors

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
        records = self.stage_records(video_id).items()
        return {stage: record.fingerprint for stage, record in records if record.result.status != "failed"}

    def transcript(self, video_id: str) -> TranscriptInfo | None:
        """Where the utterances came from; None before the transcript stage."""
        with self._reading() as connection:
            return reads.transcript(connection, catalog.video_key(connection, video_id))

    def utterances(
        self,
        video_id: str,
        from_s: float | None = None,
        to_s: float | None = None,
        *,
        labels: bool = False,
    ) -> list[Utterance]:
        """Utterances that touch ``[from_s, to_s)``, in time order; words included.

        Their speakers are called as the user called them, or by the ``labels`` that the source has for them.
        """
        with self._reading() as connection:
            key = catalog.video_key(connection, video_id)
            return reads.utterances(connection, key, from_s, to_s, labels=labels)

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

    def sounds(self, video_id: str, from_s: float | None = None, to_s: float | None = None) -> list[Sound]:
        """Sounds other than speech that touch ``[from_s, to_s)``, in time order."""
        with self._reading() as connection:
            return reads.sounds(connection, catalog.video_key(connection, video_id), from_s, to_s)

    def keyframes(self, video_id: str, *, images: bool = False) -> list[Keyframe]:
        """Keyframes in time order; without ``images`` their ``image`` is empty and not read."""
        with self._reading() as connection:
            key = catalog.video_key(connection, video_id)
            return [frame for _, frame in reads.keyframes(connection, key, images=images)]

    def screen_states(self, video_id: str) -> list[Keyframe]:
        """What changed on screen within the spans of ``keyframes``, in time order, with pictures."""
        with self._reading() as connection:
            key = catalog.video_key(connection, video_id)
            return [frame for _, frame in reads.keyframes(connection, key, images=True, states=True)]

    def keyframes_by_id(self, ids: Sequence[int], *, images: bool = False) -> list[tuple[int, str, Keyframe]]:
        """(id, video id, keyframe) in the order of ``ids``; ids that are gone are left out."""
        with self._reading() as connection:
            return reads.keyframes_by_id(connection, ids, images=images)

    def segments(self, video_id: str, level: str | None = None) -> list[Segment]:
        """Segments of one level, or of all from video down to shot, in time order."""
        with self._reading() as connection:
            return reads.segments(connection, catalog.video_key(connection, video_id), level)

    def chain(self, video_id: str) -> list[ChainLink]:
        """The chain of summaries of a video: its events', its parts', its own; empty before that stage."""
        with self._reading() as connection:
            return chain_rows.read(connection, catalog.video_key(connection, video_id))

    def video_summaries(self, collection: str | None = None) -> list[tuple[str, ChainLink]]:
        """(video id, summary of the whole video) of those that have one, in the order they came in."""
        with self._reading() as connection:
            return chain_rows.video_summaries(connection, collection)

    def library_chain(self, collection: str | None = None) -> list[ChainLink]:
        """The summary of a collection (which must exist) or of the whole library, last, after its parts."""
        with self._reading() as connection:
            return chain_rows.read_library(connection, collection)

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

    def speakers_of(self, video_id: str) -> list[SpeakerRow]:
        """Who speaks in a video and how much, the one who speaks longest first."""
        with self._reading() as connection:
            return speakers.speakers_of(connection, catalog.video_key(connection, video_id))

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

    def vector_models(self) -> dict[str, list[str]]:
        """Model fingerprint → channels it wrote vectors for."""
        with self._reading() as connection:
            return reads.vector_models(connection)

    def videos_of_model(self, model_fingerprint: str) -> int:
        """How many videos have vectors of that model."""
        with self._reading() as connection:
            return reads.videos_of_model(connection, model_fingerprint)

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
        """A connection that sees one state of the library, for ``longvid_storage.db.search_reads``."""
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
