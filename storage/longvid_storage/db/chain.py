"""The chain of summaries: each event of a video summarised in order, folded into the video's and the library's.

Every sentence of a summary names the passages it rests on, so that an answer made from the chain cites what was said
and shown, never the summary itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, or_, select

from longvid_storage.db import schema
from longvid_storage.types import check_span

STAGE = "summaries"
ChainLevel = Literal["event", "part", "video", "library"]

CHAIN_LEVELS: tuple[ChainLevel, ...] = ("event", "part", "video", "library")


@dataclass(frozen=True, slots=True)
class SummarySentence:
    """One sentence of a summary and the ids of the passages it rests on (at least one), earliest first."""

    text: str
    passages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One summary of the chain.

    ``level``: of an event; of a part (several events, folded because all together would not fit a model's
    window); of the whole video; of several videos (``"library"``, whose span is that of no video: 0 to 0).
    ``seq`` counts the links of a level from 0. ``fingerprint`` names all that went into it: evidence, what came
    before, the model, the wording of the task. ``engine`` wrote it. ``so_far`` is what a reader knows after it,
    told to the model with the next event; it is never quoted.
    """

    level: ChainLevel
    seq: int
    start_s: float
    end_s: float
    sentences: tuple[SummarySentence, ...]
    fingerprint: str
    engine: str
    so_far: str = ""

    def __post_init__(self) -> None:
        check_span(self.start_s, self.end_s)

    @property
    def text(self) -> str:
        """The summary as one paragraph."""
        return " ".join(sentence.text for sentence in self.sentences)


def _to_json(sentences: Iterable[SummarySentence]) -> list[Any]:
    """Sentences as plain lists, as they are stored."""
    return [[sentence.text, list(sentence.passages)] for sentence in sentences]


def _from_json(rows: Sequence[Any]) -> tuple[SummarySentence, ...]:
    """The inverse of ``_to_json``."""
    return tuple(SummarySentence(text, tuple(passages)) for text, passages in rows)


def read(connection: Connection, video_key: int) -> list[ChainLink]:
    """A video's links: events, parts, the whole, each by number."""
    table = schema.ChainLinkRow
    rows = connection.execute(select(table.__table__).where(table.video_key == video_key))
    return sorted(map(_link, rows), key=_place)


def video_summaries(
    connection: Connection, admitting: Sequence[ColumnElement[bool]] = ()
) -> list[tuple[str, ChainLink]]:
    """(video id, link of the whole video), by the video's key; of the videos admitted (conditions on the links)."""
    table = schema.ChainLinkRow
    query = select(table.__table__, schema.Video.video_id).join(schema.Video).where(table.level == "video")
    rows = connection.execute(query.where(*admitting).order_by(table.video_key))
    return [(row.video_id, _link(row)) for row in rows]


def replace(connection: Connection, video_key: int, links: Iterable[ChainLink]) -> None:
    """Make the video's chain exactly these links."""
    connection.execute(delete(schema.ChainLinkRow).where(schema.ChainLinkRow.video_key == video_key))
    rows = [_row(video_key, link) for link in links]
    if rows:
        connection.execute(insert(schema.ChainLinkRow), rows)


def keep(connection: Connection, video_key: int, link: ChainLink) -> None:
    """Put one finished link in its place before its stage is done; the stage no longer counts as done."""
    from longvid_storage.db import list_columns

    table, stage = schema.ChainLinkRow, schema.Stage
    connection.execute(delete(stage).where(stage.video_key == video_key, stage.stage == STAGE))
    connection.execute(
        delete(table).where(table.video_key == video_key, table.level == link.level, table.seq == link.seq)
    )
    connection.execute(insert(table).values(_row(video_key, link)))
    its = schema.Video.video_key == video_key
    list_columns.write(connection, list_columns.stages(connection, its))


def read_library(connection: Connection, collection: str | None) -> list[ChainLink]:
    """The links of a collection, or of the whole library, parts first."""
    table = schema.LibraryLinkRow
    rows = connection.execute(select(table.__table__).where(_of(connection, collection)))
    links = [
        ChainLink(row.level, row.seq, 0.0, 0.0, _from_json(row.sentences), row.fingerprint, row.engine)
        for row in rows
    ]
    return sorted(links, key=_place)


def replace_library(connection: Connection, collection: str | None, links: Iterable[ChainLink]) -> None:
    """Make the links of a collection, or of the whole library, exactly these."""
    table = schema.LibraryLinkRow
    connection.execute(delete(table).where(_of(connection, collection)))
    rows = [
        {
            "collection_key": _collection_key(connection, collection),
            "level": link.level,
            "seq": link.seq,
            "fingerprint": link.fingerprint,
            "engine": link.engine,
            "sentences": _to_json(link.sentences),
        }
        for link in links
    ]
    if rows:
        connection.execute(insert(table), rows)


def forget_video(connection: Connection, video_key: int) -> None:
    """Drop the summaries of several videos that this one is among: its words may be in them."""
    table, member = schema.LibraryLinkRow, schema.VideoCollection
    its = select(member.collection_key).where(member.video_key == video_key)
    connection.execute(
        delete(table).where(or_(table.collection_key.is_(None), table.collection_key.in_(its)))
    )


def _link(row: Row[Any]) -> ChainLink:
    return ChainLink(
        row.level,
        row.seq,
        row.start_s,
        row.end_s,
        _from_json(row.sentences),
        row.fingerprint,
        row.engine,
        row.so_far,
    )


def _row(video_key: int, link: ChainLink) -> dict[str, Any]:
    return {
        "video_key": video_key,
        "level": link.level,
        "seq": link.seq,
        "start_s": link.start_s,
        "end_s": link.end_s,
        "fingerprint": link.fingerprint,
        "engine": link.engine,
        "so_far": link.so_far,
        "sentences": _to_json(link.sentences),
    }


def _place(link: ChainLink) -> tuple[int, int]:
    return CHAIN_LEVELS.index(link.level), link.seq


def _collection_key(connection: Connection, collection: str | None) -> int | None:
    table = schema.Collection
    if collection is None:
        return None
    return int(connection.execute(select(table.collection_key).where(table.name == collection)).scalar_one())


def _of(connection: Connection, collection: str | None) -> ColumnElement[bool]:
    key = schema.LibraryLinkRow.collection_key
    return key.is_(None) if collection is None else key == _collection_key(connection, collection)
