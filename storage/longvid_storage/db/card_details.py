"""Cards of videos, and who is heard in them: a statement each for any number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from longvid_storage.db import schema
from longvid_storage.db.apart import Apart, beside_of, in_order, titles_apart
from longvid_storage.db.columns import in_columns, objects_of
from longvid_storage.db.dialects import each_id
from longvid_storage.db.scope import of_videos, passage_conditions
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
    whole: bool = False,
) -> list[VideoCard]:
    """Those of the videos admitted (conditions on ``Video``), by title.

    ``details``: with those who say something that this scope admits, under these names. ``has_namesake``: when
    ``apart`` has something to say of a ``Video``; looked up with the rest, which is quicker for a few videos.
    ``whole``: titles are told apart among those admitted alone.
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
    first: Mapping[int, str]
    found: Sequence[Sequence[Any]]
    if has_namesake is not None:
        name = select(func.min(path.path)).where(path.video_key == video.video_key).scalar_subquery()
        query = select(*columns, name, has_namesake).where(*admitting)
        rows = connection.execute(query.order_by(video.title_key, video.video_id)).all()
        *found, names, shared = zip(*rows, strict=True) if rows else [()] * (len(columns) + 2)
        first = {key: where or "" for key, where in zip(found[0], names, strict=True)}
        those = [key for key, is_shared in zip(found[0], shared, strict=True) if is_shared]
        beside = apart(those) if those else {}
    else:
        found = in_columns(
            connection,
            columns,
            lambda taken: select(*taken).where(*admitting).order_by(video.title_key, video.video_id),
        )
        files = of_videos(connection, admitting, path.video_key, path.path)
        first = dict(sorted(zip(*files, strict=True), reverse=True))
        beside = beside_of(found, apart, whole)
    if beside:
        found = in_order(found, beside)
    keys, ids, titles, durations_s, recorded_on, days, _ = found
    heard = {} if details is None else speakers(connection, details[0], keys, details[1])
    return objects_of(
        VideoCard,
        ids,
        titles_apart(keys, titles, beside),
        map(first.get, keys, repeat("")),
        durations_s,
        [day or None for day in days],
        map(heard.get, keys, repeat(())),
        titles,
        recorded_on,
    )


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
