"""``Filters`` as conditions of a query, the one place where they are spelled out."""

from __future__ import annotations

from collections.abc import Collection as Names

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from longvid_storage.db import schema
from longvid_storage.types import Filters

UNFILTERED = Filters()


def speaker_key(name: str | None) -> str | None:
    """What spellings of one speaker's name share: letter case and runs of spaces do not count."""
    return None if name is None else " ".join(name.split()).casefold() or None


def unit_conditions(
    filters: Filters, *, channels: Names[str] | None = None, sizes: Names[str] | None = None
) -> list[ColumnElement[bool]]:
    """Conditions on ``UnitRow`` that admit exactly what the filters do.

    A language admits its regional forms (``en`` admits ``en-GB``); a unit of unknown speaker or language is
    admitted only when that is not asked about.
    """
    unit = schema.UnitRow
    conditions = [
        *video_conditions(unit.video_key, filters),
        *touching(unit.start_s, unit.end_s, filters.from_s, filters.to_s),
    ]
    if filters.speaker is not None:
        conditions.append(unit.speaker_key == speaker_key(filters.speaker))
    if filters.language is not None:
        conditions.append(
            or_(
                unit.language == filters.language,
                unit.language.startswith(f"{filters.language}-", autoescape=True),
            )
        )
    if channels is not None:
        conditions.append(unit.channel.in_(sorted(channels)))
    if sizes is not None:
        conditions.append(unit.size.in_(sorted(sizes)))
    return conditions


def keyframe_conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """The same on ``KeyframeRow``; a picture has no speaker and no language, so these admit none."""
    frame = schema.KeyframeRow
    conditions = [
        *video_conditions(frame.video_key, filters),
        *touching(frame.start_s, frame.end_s, filters.from_s, filters.to_s),
    ]
    if filters.speaker is not None or filters.language is not None:
        conditions.append(frame.keyframe_id.is_(None))
    return conditions


def video_conditions(column: InstrumentedAttribute[int], filters: Filters) -> list[ColumnElement[bool]]:
    """The video is one of those asked for and in the collection asked for."""
    conditions: list[ColumnElement[bool]] = []
    if filters.video_ids is not None:
        keys = select(schema.Video.video_key).where(schema.Video.video_id.in_(sorted(filters.video_ids)))
        conditions.append(column.in_(keys))
    if filters.collection is not None:
        members = (
            select(schema.VideoCollection.video_key)
            .join(
                schema.Collection, schema.Collection.collection_key == schema.VideoCollection.collection_key
            )
            .where(schema.Collection.name == filters.collection)
        )
        conditions.append(column.in_(members))
    return conditions


def touching(
    start: InstrumentedAttribute[float],
    end: InstrumentedAttribute[float],
    from_s: float | None,
    to_s: float | None,
) -> list[ColumnElement[bool]]:
    """The span shares a moment with ``[from_s, to_s)``; an empty span is the moment it starts at."""
    conditions: list[ColumnElement[bool]] = []
    if to_s is not None:
        conditions.append(start < to_s)
    if from_s is not None:
        conditions.append(or_(end > from_s, and_(start == end, start == from_s)))
    return conditions
