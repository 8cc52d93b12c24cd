"""Reading rows back as the shared words: plain functions over a connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection as Names
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from longvid_storage.db import schema
from longvid_storage.db.filters import touching, unit_conditions, video_conditions
from longvid_storage.db.rows import FoundUnit, TranscriptInfo
from longvid_storage.db.speakers import SpeakerNames
from longvid_storage.types import (
    LEVELS,
    Filters,
    Keyframe,
    ScreenText,
    Segment,
    Slide,
    Sound,
    Unit,
    Utterance,
    Word,
)

_BATCH = 2000
_UNIT: tuple[Any, ...] = (
    schema.UnitRow.channel,
    schema.UnitRow.size,
    schema.UnitRow.start_s,
    schema.UnitRow.end_s,
    schema.UnitRow.text,
    schema.UnitRow.speaker,
    schema.UnitRow.language,
)
_FOUND: tuple[Any, ...] = (
    schema.UnitRow.unit_id,
    schema.Video.video_id,
    schema.UnitRow.video_key,
    *_UNIT,
)


def transcript(connection: Connection, key: int) -> TranscriptInfo | None:
    """Where a transcript came from."""
    table = schema.TranscriptRow
    query = select(table.source, table.language, table.speakers_by).where(table.video_key == key)
    row = connection.execute(query).one_or_none()
    return None if row is None else TranscriptInfo(*row)


def utterances(
    connection: Connection, key: int, from_s: float | None, to_s: float | None, *, labels: bool = False
) -> list[Utterance]:
    """Utterances that touch the span, their speakers by name, or by ``labels`` as the source has them."""
    table = schema.UtteranceRow
    query = (
        select(table.start_s, table.end_s, table.text, table.speaker, table.language, table.words)
        .where(table.video_key == key, *touching(table.start_s, table.end_s, from_s, to_s))
        .order_by(table.start_s, table.seq)
    )
    names = None if labels else SpeakerNames(connection, key)
    rows: Iterable[Any] = connection.execute(query)
    return [
        Utterance(
            start_s,
            end_s,
            text,
            speaker if names is None else names.of(key, speaker),
            language,
            tuple(Word(*word) for word in words or ()),
        )
        for start_s, end_s, text, speaker, language, words in rows
    ]


def slides(connection: Connection, key: int) -> list[Slide]:
    """A video's slides."""
    table = schema.SlideRow
    query = select(table.start_s, table.end_s, table.keyframe_s, table.title).where(table.video_key == key)
    return [Slide(*row) for row in connection.execute(query.order_by(table.start_s, table.seq))]


def screen_texts(
    connection: Connection, key: int, from_s: float | None, to_s: float | None
) -> list[ScreenText]:
    """Screen text that touches the span."""
    table = schema.ScreenTextRow
    query = (
        select(
            table.start_s, table.end_s, table.text, table.x0, table.y0, table.x1, table.y1, table.confidence
        )
        .where(table.video_key == key, *touching(table.start_s, table.end_s, from_s, to_s))
        .order_by(table.start_s, table.seq)
    )
    return [
        ScreenText(row.start_s, row.end_s, row.text, (row.x0, row.y0, row.x1, row.y1), row.confidence)
        for row in connection.execute(query)
    ]


def sounds(connection: Connection, key: int, from_s: float | None, to_s: float | None) -> list[Sound]:
    """Sounds that touch the span."""
    table = schema.SoundRow
    query = (
        select(table.start_s, table.end_s, table.label, table.score)
        .where(table.video_key == key, *touching(table.start_s, table.end_s, from_s, to_s))
        .order_by(table.start_s, table.seq)
    )
    return [Sound(*row) for row in connection.execute(query)]


def _keyframe_columns(images: bool) -> tuple[Any, ...]:
    table = schema.KeyframeRow
    image = table.image if images else literal(b"").label("image")
    return (table.time_s, table.start_s, table.end_s, image, table.width, table.height, table.kind)


def keyframes(
    connection: Connection,
    key: int,
    *,
    images: bool,
    without_vector_of: str | None = None,
    states: bool = False,
) -> list[tuple[int, Keyframe]]:
    """(id, keyframe) in time order, with or without the picture; ``states``: those of that kind, else the rest."""
    table = schema.KeyframeRow
    query = select(table.keyframe_id, *_keyframe_columns(images)).where(table.video_key == key)
    # What changed on screen is kept to be read, not to be shown or compared with questions.
    query = query.where(table.kind == "state" if states else table.kind != "state")
    if without_vector_of is not None:
        query = query.where(~_has_vector(schema.KeyframeVector, table.keyframe_id, without_vector_of))
    rows = connection.execute(query.order_by(table.time_s, table.keyframe_id))
    return [(keyframe_id, Keyframe(*fields)) for keyframe_id, *fields in rows]


def keyframes_by_id(
    connection: Connection, ids: Sequence[int], *, images: bool
) -> list[tuple[int, str, Keyframe]]:
    """(id, video id, keyframe) in the order of ``ids``."""
    table = schema.KeyframeRow
    found = {}
    for start in range(0, len(ids), _BATCH):
        wanted = table.keyframe_id.in_([int(identity) for identity in ids[start : start + _BATCH]])
        query = select(table.keyframe_id, schema.Video.video_id, *_keyframe_columns(images)).join(
            schema.Video
        )
        for keyframe_id, video_id, *fields in connection.execute(query.where(wanted)):
            found[keyframe_id] = (keyframe_id, video_id, Keyframe(*fields))
    return [found[identity] for identity in ids if identity in found]


def segments(connection: Connection, key: int, level: str | None) -> list[Segment]:
    """Segments of one level, or of all from video down to shot."""
    table = schema.SegmentRow
    query = select(table.level, table.start_s, table.end_s, table.title, table.summary).where(
        table.video_key == key
    )
    if level is not None:
        query = query.where(table.level == level)
    rows: Iterable[Any] = connection.execute(query.order_by(table.start_s, table.seq))
    return sorted((Segment(*row) for row in rows), key=lambda segment: LEVELS.index(segment.level))


def units(connection: Connection, ids: Sequence[int]) -> list[FoundUnit]:
    """Units in the order of ``ids``."""
    table = schema.UnitRow
    names, found = SpeakerNames(connection), {}
    for start in range(0, len(ids), _BATCH):
        wanted = table.unit_id.in_([int(identity) for identity in ids[start : start + _BATCH]])
        query = select(*_FOUND).join(schema.Video).where(wanted)
        for row in connection.execute(query):
            found[row.unit_id] = _found_unit(row, names)
    return [found[identity] for identity in ids if identity in found]


def units_of(
    connection: Connection, filters: Filters, channels: Names[str] | None, sizes: Names[str] | None
) -> list[FoundUnit]:
    """All units that pass the filters, by video and time."""
    table = schema.UnitRow
    query = (
        select(*_FOUND)
        .join(schema.Video)
        .where(*unit_conditions(filters, channels=channels, sizes=sizes))
        .order_by(table.video_key, table.start_s, table.unit_id)
    )
    names = SpeakerNames(connection)
    return [_found_unit(row, names) for row in connection.execute(query)]


def _found_unit(row: Row[Any], names: SpeakerNames) -> FoundUnit:
    unit_id, video_id, key, *fields = tuple(row)
    unit = Unit(*fields)
    return FoundUnit(unit_id, video_id, replace(unit, speaker=names.of(key, unit.speaker)))


def units_without_vectors(
    connection: Connection,
    video_id: str,
    model_fingerprint: str,
    channels: Names[str] | None,
    sizes: Names[str] | None,
) -> list[tuple[int, Unit]]:
    """(id, unit) of a video's units that have no vector of this model."""
    table = schema.UnitRow
    only = Filters(video_ids=frozenset([video_id]))
    query = (
        select(table.unit_id, *_UNIT)
        .where(
            *unit_conditions(only, channels=channels, sizes=sizes),
            ~_has_vector(schema.UnitVector, table.unit_id, model_fingerprint),
        )
        .order_by(table.unit_id)
    )
    return [(unit_id, Unit(*fields)) for unit_id, *fields in connection.execute(query)]


def _has_vector(
    table: type[schema.UnitVector] | type[schema.KeyframeVector],
    owner: InstrumentedAttribute[int],
    model_fingerprint: str,
) -> ColumnElement[bool]:
    sets = select(schema.VectorSet.set_key).where(schema.VectorSet.model_fingerprint == model_fingerprint)
    return select(table.vector_id).where(table.owner_id == owner, table.set_key.in_(sets)).exists()


def vector_models(connection: Connection) -> dict[str, list[str]]:
    """Model fingerprint → channels."""
    table = schema.VectorSet
    models: dict[str, list[str]] = {}
    query = (
        select(table.model_fingerprint, table.channel)
        .distinct()
        .order_by(table.model_fingerprint, table.channel)
    )
    for fingerprint, channel in connection.execute(query):
        models.setdefault(fingerprint, []).append(channel)
    return models


def videos_of_model(connection: Connection, fingerprint: str) -> int:
    """How many videos have vectors of that model."""
    units = (
        select(schema.UnitRow.video_key)
        .join(schema.UnitVector, schema.UnitVector.owner_id == schema.UnitRow.unit_id)
        .join(schema.VectorSet, schema.VectorSet.set_key == schema.UnitVector.set_key)
        .where(schema.VectorSet.model_fingerprint == fingerprint)
    )
    frames = (
        select(schema.KeyframeRow.video_key)
        .join(schema.KeyframeVector, schema.KeyframeVector.owner_id == schema.KeyframeRow.keyframe_id)
        .join(schema.VectorSet, schema.VectorSet.set_key == schema.KeyframeVector.set_key)
        .where(schema.VectorSet.model_fingerprint == fingerprint)
    )
    both = units.union(frames).subquery()
    return int(connection.execute(select(func.count()).select_from(both)).scalar_one())


def speakers(connection: Connection, filters: Filters) -> dict[str, int]:
    """Speaker → count of utterances, the busiest first."""
    table = schema.UtteranceRow
    query = (
        select(table.video_key, table.speaker, func.count())
        .where(table.speaker.is_not(None), *video_conditions(table.video_key, filters))
        .group_by(table.video_key, table.speaker)
    )
    names = SpeakerNames(connection)
    counts: Counter[str] = Counter()
    for key, label, count in connection.execute(query):
        counts[str(names.of(key, label))] += count
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))
