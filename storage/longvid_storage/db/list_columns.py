"""What lists sort by and show of a video, kept in its row: its day, how its stages went, whether it ends early.

Told anew by whatever writes titles, paths or stages; ``longvid check`` compares it with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from longvid_storage.db import schema
from longvid_storage.db.rows import CUT_SHORT
from longvid_storage.text.dates import date_in, day_of

Change = dict[str, Any]
"""Columns of ``videos`` that should hold something else, and as ``its`` the key of the row."""


def days(connection: Connection, *admitting: ColumnElement[bool]) -> list[Change]:
    """Of the videos admitted, those whose ``day`` is not that of their title, files and media."""
    video, path = schema.Video, schema.Path
    query = select(
        video.video_key, video.day, video.title, video.recorded_on, path.path, path.mtime_ns
    ).outerjoin(path, path.video_key == video.video_key)
    rows = connection.execute(query.where(*admitting).order_by(video.video_key, path.path)).all()
    changes = []
    for key, group in groupby(rows, lambda row: int(row.video_key)):
        files = list(group)
        names = [row.path.rpartition("/")[2].rpartition(".")[0] for row in files if row.path is not None]
        # What stands there of an object in a store is the sign of its content, no time.
        changed = [row.mtime_ns for row in files if row.mtime_ns is not None and "://" not in row.path]
        changed_ns = max(changed, default=None)
        day = _day([files[0].title, *names], files[0].recorded_on, changed_ns)
        if day != files[0].day:
            changes.append({"its": key, "day": day})
    return changes


def _day(names: Sequence[str], recorded_on: str | None, changed_ns: int | None) -> str:
    """In the title, else in a file's name, else in the media, else when the newest file changed (UTC); else empty."""
    for name in names:
        if found := date_in(name):
            return found
    return recorded_on or ("" if changed_ns is None else day_of(changed_ns / 1e9))


def stages(connection: Connection, *admitting: ColumnElement[bool]) -> list[Change]:
    """Of the videos admitted, those whose ``went`` or ``cut_short`` is not what their stages say."""
    video, stage = schema.Video, schema.Stage
    query = select(
        video.video_key, video.went, video.cut_short, stage.stage, stage.status, stage.note
    ).outerjoin(stage, stage.video_key == video.video_key)
    rows = connection.execute(query.where(*admitting).order_by(video.video_key, stage.stage)).all()
    changes = []
    for key, group in groupby(rows, lambda row: int(row.video_key)):
        records = list(group)
        went = "\n".join(f"{row.stage}={row.status}" for row in records if row.stage is not None)
        cut = any(sign in (row.note or "") for row in records for sign in CUT_SHORT)
        if (went, cut) != (records[0].went, records[0].cut_short):
            changes.append({"its": key, "went": went, "cut_short": cut})
    return changes


def write(connection: Connection, changes: Sequence[Change]) -> None:
    """Put what ``days`` or ``stages`` found into its rows."""
    if changes:
        its: ColumnElement[int] = bindparam("its")
        values: dict[str, Any] = {name: bindparam(name) for name in changes[0] if name != "its"}
        change = update(schema.Video).where(schema.Video.video_key == its).values(values)
        connection.execute(change, changes)


def write_all(connection: Connection) -> None:
    """Put right what every video's row says."""
    write(connection, days(connection))
    write(connection, stages(connection))
