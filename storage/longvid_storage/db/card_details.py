"""Cards of videos, and who is heard in them: a statement each for any number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from longvid_storage.db import schema
from longvid_storage.db.apart import Apart, with_apart
from longvid_storage.db.columns import rows_in_one
from longvid_storage.db.dialects import each_id
from longvid_storage.db.scope import passage_conditions
from longvid_storage.db.speakers import SpeakerNames
from longvid_storage.process import collector_paused
from longvid_storage.types import Scope, VideoCard


@collector_paused()
def cards(
    connection: Connection,
    admitting: Sequence[ColumnElement[bool]],
    apart: Apart,
    details: tuple[Scope, SpeakerNames] | None = None,
    has_namesake: ColumnElement[bool] | None = None,
) -> list[VideoCard]:
    """Those of the videos admitted (conditions on ``Video``), by title.

    ``details``: with those who say something that this scope admits, under these names. ``has_namesake``: when
    ``apart`` has something to say of a ``Video``; looked up with the rest, which is quicker for a few videos.
    """
    video, path = schema.Video, schema.Path
    columns = (
        video.video_key,
        video.video_id,
        video.title,
        video.duration_s,
        video.recorded_on,
        video.day,
        video.title_key,
    )
    first: dict[int, str] = {}
    if has_namesake is not None:
        name = select(func.min(path.path)).where(path.video_key == video.video_key).scalar_subquery()
        query = select(*columns, name, has_namesake).where(*admitting)
        found = connection.execute(query.order_by(video.title_key, video.video_id)).all()
        rows: list[Any] = [row[:-2] for row in found]
        first = {row[0]: row[-2] or "" for row in found}
        shared = [row[0] for row in found if row[-1]]
        beside = apart(shared) if shared else {}
    else:
        rows = rows_in_one(
            connection,
            columns,
            lambda taken: select(*taken).where(*admitting).order_by(video.title_key, video.video_id),
        )
        files = (path.video_key, path.path)
        for key, where in rows_in_one(
            connection, files, lambda taken: select(*taken).select_from(path).join(video).where(*admitting)
        ):
            if (known := first.get(key)) is None or where < known:
                first[key] = where
        beside = apart([row[0] for row in rows])
    keys = [row[0] for row in rows]
    if beside:
        rows = sorted(rows, key=lambda row: (row[-1], beside.get(row[0], ""), row[1]))
    heard = {} if details is None else speakers(connection, details[0], keys, details[1])
    return [
        VideoCard(
            video_id,
            with_apart(title, beside.get(key, "")),
            first.get(key, ""),
            duration_s,
            day or None,
            heard.get(key, ()),
            title,
            recorded_on,
        )
        for key, video_id, title, duration_s, recorded_on, day, _ in rows
    ]


def speakers(
    connection: Connection, scope: Scope, keys: Sequence[int], names: SpeakerNames
) -> dict[int, tuple[str, ...]]:
    """Who says something that the scope admits, in each video with speakers, the busiest first."""
    row = schema.PassageRow
    query = (
        select(row.video_key, row.speaker, func.count())
        .where(row.video_key.in_(each_id(keys)), row.speaker.is_not(None))
        .where(*passage_conditions(scope, ["speech"]))
        .group_by(row.video_key, row.speaker)
    )
    counts: dict[int, Counter[str]] = {}
    for key, label, count in connection.execute(query).all():
        counts.setdefault(key, Counter())[str(names.of(key, label))] += count
    return {key: tuple(name for name, _ in each.most_common()) for key, each in counts.items()}
