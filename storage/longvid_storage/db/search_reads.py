"""What search reads besides hits: plain functions over a connection, each one query."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from longvid_storage.db import lexical, schema
from longvid_storage.db.filters import video_conditions
from longvid_storage.db.speakers import SpeakerNames
from longvid_storage.types import Filters, Unit

SEARCHED = (("screen", "slide"), ("speech", "sentence"))


@dataclass(frozen=True, slots=True)
class Piece:
    """A unit as ranking wants it: its analysed ``terms`` joined by spaces, and its float16 vector, if any."""

    unit_id: int
    unit: Unit
    terms: str
    vector: bytes | None


def pieces(connection: Connection, video_id: str, model_fingerprint: str | None) -> list[Piece]:
    """Sentences and slides of a video in time order, with their vectors of that model."""
    unit, vector, sets = schema.UnitRow, schema.UnitVector, schema.VectorSet
    columns = (unit.channel, unit.size, unit.start_s, unit.end_s, unit.text, unit.speaker, unit.language)
    own_sets = select(sets.set_key).where(sets.model_fingerprint == (model_fingerprint or ""))
    query = (
        select(unit.unit_id, unit.video_key, unit.terms, vector.vector, *columns)
        .join(schema.Video)
        .outerjoin(vector, (vector.owner_id == unit.unit_id) & vector.set_key.in_(own_sets))
        .where(
            schema.Video.video_id == video_id,
            unit.channel.in_([channel for channel, _ in SEARCHED]),
            unit.size.in_([size for _, size in SEARCHED]),
        )
        .order_by(unit.start_s, unit.end_s, unit.unit_id)
    )
    names = SpeakerNames(connection)
    rows: Iterable[Any] = connection.execute(query)
    return [
        Piece(unit_id, Unit(channel, size, start_s, end_s, said, names.of(key, by), language), terms, blob)
        for unit_id, key, terms, blob, channel, size, start_s, end_s, said, by, language in rows
    ]


def videos_of_units(connection: Connection, unit_ids: Iterable[int]) -> dict[int, str]:
    """Unit id → video id."""
    unit = schema.UnitRow
    # One parameter, whatever the number of ids: a thousand placeholders take longer to write than to look up.
    wanted = func.json_each(json.dumps([int(unit_id) for unit_id in unit_ids])).table_valued("value")
    query = select(unit.unit_id, schema.Video.video_id).join(schema.Video)
    rows = connection.execute(query.where(unit.unit_id.in_(select(wanted.c.value))))
    return dict(rows.tuples().all())


def admitted_videos(connection: Connection, filters: Filters, limit: int) -> list[str]:
    """At most ``limit`` ids of videos that the filters admit."""
    query = select(schema.Video.video_id).where(*video_conditions(schema.Video.video_key, filters))
    return list(connection.execute(query.order_by(schema.Video.video_id).limit(limit)).scalars())


def languages(connection: Connection) -> list[str | None]:
    """Languages of the units, sorted; None among them when a unit's is not known."""
    unit = schema.UnitRow
    query = select(unit.language, func.min(unit.unit_id)).group_by(unit.language)
    return sorted(connection.execute(query).scalars(), key=lambda language: language or "")


def labels(connection: Connection, video_ids: Iterable[str]) -> dict[str, tuple[str, str, float]]:
    """Video id → title, first path (or ""), duration in seconds."""
    video, path = schema.Video, schema.Path
    query = (
        select(video.video_id, video.title, func.min(path.path), video.duration_s)
        .outerjoin(path)
        .where(video.video_id.in_(sorted(video_ids)))
        .group_by(video.video_key)
    )
    return {
        video_id: (title, str(first or ""), duration_s)
        for video_id, title, first, duration_s in connection.execute(query)
    }


def unit_count(connection: Connection) -> int:
    """How many units search ranks."""
    unit = schema.UnitRow
    query = select(func.count()).where(unit.channel.in_(["speech", "screen"]), unit.length > 0)
    return int(connection.execute(query).scalar_one())


def frequencies(connection: Connection, terms: Iterable[str]) -> dict[str, int]:
    """In how many sentences and slides of the whole library each term occurs."""
    return lexical.frequencies(connection, terms, sizes=[size for _, size in SEARCHED])
