"""What the store hands out beside the shared words: frozen, detached from the database; and passages of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert
from sqlalchemy.orm import InstrumentedAttribute

from longvid_storage.db.schema import PassageRow
from longvid_storage.types import Passage, StageResult, VideoInfo

CUT_SHORT = ("decode only until", "ends early")
"""How stages note that a file ends before its time (``longvid_indexer``: audio, visual)."""


@dataclass(frozen=True, slots=True)
class StageRecord:
    """How a stage went, and the fingerprint (code version, engine, settings) it went with."""

    fingerprint: str
    result: StageResult


@dataclass(frozen=True, slots=True)
class VideoRow:
    """A video as the library knows it; ``paths`` and ``collections`` are sorted.

    ``media_id`` is the hash of its media's content, ``subtitles`` signs those beside it (empty: none). ``apart``:
    what to say beside its title where another video of the scope has the same; empty otherwise.
    """

    info: VideoInfo
    paths: tuple[str, ...]
    collections: tuple[str, ...]
    stages: dict[str, StageRecord]
    media_id: str = ""
    subtitles: str = ""
    apart: str = ""


@dataclass(frozen=True, slots=True)
class PathRow:
    """A file as it was when last indexed for a video; ``sidecars`` signs the subtitle files beside it.

    ``media_id`` is the hash of its content.
    """

    path: str
    video_id: str
    media_id: str
    size: int
    mtime_ns: int
    sidecars: str


@dataclass(frozen=True, slots=True)
class TranscriptInfo:
    """Where a video's utterances came from; ``speakers_by`` is the model that told voices apart, if one did."""

    source: str
    language: str | None
    speakers_by: str | None = None


@dataclass(frozen=True, slots=True)
class SpeakerRow:
    """Who speaks in a video: the name, the ``labels`` that the source has for them, and how much they say.

    ``talk_s`` is the time in which they speak, ``first_s`` when they first do, both in seconds.
    """

    name: str
    labels: tuple[str, ...]
    utterances: int
    talk_s: float
    first_s: float


def passage_columns() -> tuple[Any, ...]:
    """The columns that ``passage_of`` reads, in order."""
    row = PassageRow
    return (row.kind, row.start_s, row.end_s, row.text, row.speaker, row.language, row.boxes)


def passage_of(passage_id: int, video_id: str, fields: Sequence[Any]) -> Passage:
    """The passage of a row; its speaker as the source calls them."""
    kind, start_s, end_s, text, speaker, language, boxes = fields
    shown = tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in boxes) if boxes else ()
    return Passage(passage_id, video_id, kind, start_s, end_s, text, speaker, language, shown)


def insert_returning(
    connection: Connection, key: InstrumentedAttribute[int], rows: list[dict[str, Any]]
) -> list[int]:
    """Insert rows into the table of ``key``; their keys, in order."""
    if not rows:
        return []
    query = insert(key.class_).returning(key, sort_by_parameter_order=True)
    return list(connection.execute(query, rows).scalars())
