"""Cards of videos, and what they say beyond a row: the day, and who is heard. A statement each for any number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from longvid_storage.db import schema
from longvid_storage.db.apart import Apart, with_apart
from longvid_storage.db.dialects import each_id
from longvid_storage.db.scope import passage_conditions
from longvid_storage.db.speakers import SpeakerNames
from longvid_storage.text.dates import date_in, day_of
from longvid_storage.types import Scope, VideoCard


def cards(
    connection: Connection,
    admitting: Sequence[ColumnElement[bool]],
    apart: Apart,
    details: tuple[Scope, SpeakerNames] | None = None,
) -> list[VideoCard]:
    """Those of the videos admitted (conditions on ``Video``), by title.

    ``details``: with dates, and with those who say something that this scope admits, under these names.
    """
    video, path = schema.Video, schema.Path
    columns = (
        video.video_key,
        video.video_id,
        video.title,
        video.duration_s,
        video.recorded_on,
        video.title_key,
    )
    rows: list[Any] = list(connection.execute(select(*columns).where(*admitting)).all())
    keys = [row[0] for row in rows]
    files = select(path.video_key, func.min(path.path)).join(video).where(*admitting).group_by(path.video_key)
    first = {row[0]: row[1] for row in connection.execute(files).all()}
    beside = apart(keys)
    days: dict[int, str] = {}
    heard: dict[int, tuple[str, ...]] = {}
    if details is not None:
        days = dates(connection, {key: (title, recorded_on) for key, _, title, _, recorded_on, _ in rows})
        heard = speakers(connection, details[0], keys, details[1])
    rows.sort(key=lambda row: (row[-1], beside.get(row[0], ""), row[1]))
    return [
        VideoCard(
            video_id,
            with_apart(title, beside.get(key, "")),
            first.get(key, ""),
            duration_s,
            days.get(key),
            heard.get(key, ()),
            title,
            recorded_on,
        )
        for key, video_id, title, duration_s, recorded_on, _ in rows
    ]


def dates(connection: Connection, videos: Mapping[int, tuple[str, str | None]]) -> dict[int, str]:
    """The day of each video that has one, by key; ``videos``: key → title, and the day that its media tells."""
    path = schema.Path
    query = select(path.video_key, func.aggregate_strings(path.path, "\n"), func.max(path.mtime_ns))
    query = query.where(path.video_key.in_(each_id(list(videos)))).group_by(path.video_key)
    files: dict[int, tuple[str, int | None]] = {
        key: (names, changed_ns) for key, names, changed_ns in connection.execute(query).all()
    }
    days = {}
    for key, (title, recorded_on) in videos.items():
        names, changed_ns = files.get(key, ("", None))
        days[key] = _date(title, names, changed_ns, recorded_on)
    return {key: day for key, day in days.items() if day}


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


def _date(title: str, paths: str, mtime_ns: int | None, recorded_on: str | None) -> str | None:
    """In the title, else in a file's name, else in the media, else when the newest file changed (UTC)."""
    for name in (title, *(path.rpartition("/")[2].rpartition(".")[0] for path in paths.split("\n"))):
        if found := date_in(name):
            return found
    return recorded_on or (None if mtime_ns is None else day_of(mtime_ns / 1e9))
