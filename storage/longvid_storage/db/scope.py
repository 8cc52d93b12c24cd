"""``Scope`` as conditions of a query: the one place where it is SQL, enforced before anything is ranked."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from longvid_storage.db import schema
from longvid_storage.db.columns import in_columns
from longvid_storage.types import Scope, speaker_key

Column = InstrumentedAttribute


def passage_conditions(scope: Scope, kinds: Names[str] | None = None) -> list[ColumnElement[bool]]:
    """Conditions on ``PassageRow`` that admit exactly what the scope does, of these kinds."""
    row = schema.PassageRow
    conditions = [*video_conditions(row.video_key, scope), *touching(row.start_s, row.end_s, scope)]
    if scope.speaker is not None:
        conditions.append(row.speaker_key == speaker_key(scope.speaker))
    if kinds is not None:
        conditions.append(row.kind.in_(sorted(kinds)))
    return conditions


def keyframe_conditions(scope: Scope) -> list[ColumnElement[bool]]:
    """The same on ``KeyframeRow``; a picture has no speaker, so a speaker admits none.

    What changed on screen between keyframes (kind ``"state"``) is kept to be read, not to be shown or compared.
    """
    frame = schema.KeyframeRow
    conditions = [
        frame.kind != "state",
        *video_conditions(frame.video_key, scope),
        *touching(frame.start_s, frame.end_s, scope),
    ]
    return conditions if scope.speaker is None else [*conditions, false()]


def video_conditions(column: InstrumentedAttribute[int], scope: Scope) -> list[ColumnElement[bool]]:
    """The video is one of those asked for, in the collection asked for, and in one that the reader may see."""
    conditions: list[ColumnElement[bool]] = []
    if scope.video_ids is not None:
        keys = select(schema.Video.video_key).where(schema.Video.video_id.in_(sorted(scope.video_ids)))
        conditions.append(column.in_(keys))
    member = select(schema.VideoCollection.video_key).join(schema.Collection)
    conditions += [column.in_(member.where(name)) for name in collection_conditions(scope)]
    return conditions


def speaking(scope: Scope) -> list[ColumnElement[bool]]:
    """Conditions on ``Video``: it is of the scope, and the scope's speaker, if there is one, speaks in it."""
    admitted = video_conditions(schema.Video.video_key, scope)
    if scope.speaker is None:
        return admitted
    row = schema.PassageRow
    speaks = select(row.video_key).where(row.speaker_key == speaker_key(scope.speaker))
    return [*admitted, schema.Video.video_key.in_(speaks)]


def collection_conditions(scope: Scope) -> list[ColumnElement[bool]]:
    """Conditions on ``Collection``: each admits names of the scope, and a video must have one for each of them."""
    name = schema.Collection.name
    conditions = [] if scope.collection is None else [name == scope.collection]
    return conditions if scope.rights is None else [*conditions, name.in_(sorted(scope.rights))]


def touching(start: Column[float], end: Column[float], scope: Scope) -> list[ColumnElement[bool]]:
    """The span shares a moment with the scope's time; an empty span is the moment it starts at."""
    conditions: list[ColumnElement[bool]] = []
    if scope.to_s is not None:
        conditions.append(start < scope.to_s)
    if scope.from_s is not None:
        conditions.append(or_(end > scope.from_s, and_(start == end, start == scope.from_s)))
    return conditions


def of_videos(
    connection: Connection, admitting: Names[ColumnElement[bool]], key: Column[int], value: Column[Any]
) -> list[tuple[Any, ...]]:
    """Keys of videos admitted (conditions on ``Video``) and what a table says of them; of all of them, without looking
    at one."""
    video = schema.Video

    def asked(taken: Sequence[Any]) -> Select[Any]:
        query = select(*taken)
        return query.join(video, video.video_key == key).where(*admitting) if admitting else query

    return in_columns(connection, (key, value), asked)
