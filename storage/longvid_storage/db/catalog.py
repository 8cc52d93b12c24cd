"""Videos, their paths and their collections: plain functions over a connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, insert, literal, select, update

from longvid_storage.db import revisions, schema, vectors, word_index
from longvid_storage.db.apart import Apart
from longvid_storage.db.columns import in_columns, objects_of
from longvid_storage.db.rows import PathRow, StageRecord, VideoRow
from longvid_storage.db.scope import collection_conditions
from longvid_storage.errors import NotFoundError
from longvid_storage.types import EVERYTHING, Chapter, Scope, StageResult, VideoInfo, title_key

_NAMES = 500


def video_key(connection: Connection, video_id: str) -> int:
    """The key of a video by its full id.

    Raises:
        NotFoundError: the library has no such video.
    """
    key = connection.execute(
        select(schema.Video.video_key).where(schema.Video.video_id == video_id)
    ).scalar_one_or_none()
    if key is None:
        raise NotFoundError(f"the library has no video {video_id}: `longvid ls` lists those it has")
    return int(key)


def upsert_video(
    connection: Connection, info: VideoInfo, media_id: str | None = None, subtitles: str | None = None
) -> int:
    """Enter a video, or bring what is known of it up to date; returns its key.

    ``media_id`` (without one, the id of a new video) and ``subtitles`` stay as they are when they are not given.
    """
    table = schema.Video
    title = info.title.encode(errors="surrogateescape").decode(errors="replace")
    values = {
        "title": title,
        "title_key": title_key(title),
        "duration_s": info.duration_s,
        "has_video": info.has_video,
        "has_audio": info.has_audio,
        "width": info.width,
        "height": info.height,
        "frame_rate": info.frame_rate,
        "stream_start_s": info.stream_start_s,
        "chapters": [[chapter.start_s, chapter.end_s, chapter.title] for chapter in info.chapters],
        "media_type": info.media_type,
        "recorded_on": info.recorded_on,
    }
    if media_id is not None:
        values["media_id"] = media_id
    if subtitles is not None:
        values["subtitles"] = subtitles
    key = connection.execute(
        update(table).where(table.video_id == info.video_id).values(values).returning(table.video_key)
    ).scalar_one_or_none()
    if key is None:
        values = {"media_id": info.video_id, **values}
        new = insert(table).values(video_id=info.video_id, **values).returning(table.video_key)
        key = connection.execute(new).scalar_one()
    _tell_day(connection, key)
    return int(key)


def add_to_collection(connection: Connection, key: int, name: str) -> None:
    """Put a video in a collection, which is made if there is none of that name."""
    table, member = schema.Collection, schema.VideoCollection
    collection_key = connection.execute(
        select(table.collection_key).where(table.name == name)
    ).scalar_one_or_none()
    if collection_key is None:
        collection_key = connection.execute(
            insert(table).values(name=name).returning(table.collection_key)
        ).scalar_one()
    there = select(member.video_key).where(member.collection_key == collection_key, member.video_key == key)
    if connection.execute(there).first() is None:
        connection.execute(insert(member).values(collection_key=collection_key, video_key=key))
        revisions.bump(connection, key)  # what a collection admits is remembered by caches too


def part(connection: Connection, video_id: str, own_id: str, collection: str) -> None:
    """A collection gets a video of its own in place of one that it shares.

    Names of speakers go along to one that is new and of the same media. Only libraries before schema 0007 hold videos
    that are in several collections.
    """
    key, own = video_key(connection, video_id), video_key(connection, own_id)
    its = (
        select(schema.Collection.collection_key).where(schema.Collection.name == collection).scalar_subquery()
    )
    member, link, names = schema.VideoCollection, schema.LibraryLinkRow, schema.SpeakerNameRow
    video, stage = schema.Video, schema.Stage
    connection.execute(delete(member).where(member.video_key == key, member.collection_key == its))
    connection.execute(delete(link).where(link.collection_key == its))
    media = select(video.media_id).where(video.video_key.in_((key, own))).distinct()
    known = select(stage.stage).where(stage.video_key == own)
    if len(connection.execute(media).all()) == 1 and connection.execute(known).first() is None:
        given = select(literal(own), names.label_key, names.name).where(names.video_key == key)
        connection.execute(insert(names).from_select(["video_key", "label_key", "name"], given))
    revisions.bump(connection, key, own)


def remove_video(connection: Connection, video_id: str) -> None:
    """Delete a video and all that hangs on it; a collection that held nothing else goes with it."""
    from longvid_storage.db import chain, chats, passage_rows

    key = video_key(connection, video_id)
    row = schema.PassageRow
    its = connection.execute(select(row.passage_id).where(row.video_key == key)).scalars()
    passage_rows.remove(connection, list(its))
    chain.forget_video(connection, key)
    chats.forget_video(connection, key)
    connection.execute(delete(schema.Video).where(schema.Video.video_key == key))
    members = select(schema.VideoCollection.collection_key)
    connection.execute(delete(schema.Collection).where(schema.Collection.collection_key.not_in(members)))
    vectors.drop_empty_sets(connection)
    word_index.compact(connection)
    revisions.bump(connection)


def set_path(
    connection: Connection, path: str, video_id: str, *, size: int, mtime_ns: int, sidecars: str
) -> None:
    """Note where a video lies and what ``stat`` said; other videos that lie there still do."""
    table = schema.Path
    key = video_key(connection, video_id)
    values = {"size": size, "mtime_ns": mtime_ns, "sidecars": sidecars}
    here = (table.path == path, table.video_key == key)
    if connection.execute(update(table).where(*here).values(values)).rowcount == 0:
        connection.execute(insert(table).values(path=path, video_key=key, **values))
    _tell_day(connection, key)


def remove_path(connection: Connection, path: str, video_id: str) -> None:
    """Forget that a video lay there."""
    table = schema.Path
    key = video_key(connection, video_id)
    connection.execute(delete(table).where(table.path == path, table.video_key == key))
    _tell_day(connection, key)


def _tell_day(connection: Connection, key: int) -> None:
    from longvid_storage.db import list_columns

    list_columns.write(connection, list_columns.days(connection, schema.Video.video_key == key))


def paths(
    connection: Connection,
    admitting: Sequence[ColumnElement[bool]] = (),
    among: Collection[str] | None = None,
) -> list[PathRow]:
    """Known paths of the videos admitted, of ``among`` only, by path; one for each video that lies there."""
    table, video = schema.Path, schema.Video
    columns = (table.path, video.video_id, video.media_id, table.size, table.mtime_ns, table.sidecars)
    query = select(*columns).select_from(table).join(video)
    query = query.where(*admitting).order_by(table.path, video.video_id)
    if among is None:
        return objects_of(
            PathRow, *in_columns(connection, columns, lambda asked: query.with_only_columns(*asked))
        )
    named = sorted(set(among))
    pieces = (named[start : start + _NAMES] for start in range(0, len(named), _NAMES))
    return [PathRow(*row) for each in pieces for row in connection.execute(query.where(table.path.in_(each)))]


def stage_records(
    connection: Connection, admitting: Sequence[ColumnElement[bool]]
) -> defaultdict[str, dict[str, StageRecord]]:
    """Video id → stage → record, of the videos admitted."""
    table = schema.Stage
    columns = (
        schema.Video.video_id,
        table.fingerprint,
        table.stage,
        table.status,
        table.engine,
        table.seconds,
        table.counters,
        table.note,
    )

    def asked(taken: Sequence[Any]) -> Select[Any]:
        query = select(*taken).select_from(table).join(schema.Video).where(*admitting)
        return query.order_by(table.video_key, table.stage)

    ids, fingerprints, names, *told = in_columns(connection, columns, asked)
    results = objects_of(StageResult, names, *told)
    records: defaultdict[str, dict[str, StageRecord]] = defaultdict(dict)
    made = objects_of(StageRecord, fingerprints, results)
    for video_id, name, record in zip(ids, names, made, strict=True):
        records[video_id][name] = record
    return records


def videos(
    connection: Connection,
    *admitting: ColumnElement[bool],
    scope: Scope = EVERYTHING,
    apart: Apart = lambda keys: {},
    stages: bool = True,
) -> list[VideoRow]:
    """The videos admitted (conditions on ``Video``), by title and id; of their collections, the scope's alone.

    ``stages``: with the records of their stages, most of the cost.
    """
    table, member = schema.Video, schema.VideoCollection
    columns = (table.video_key, table.media_id, table.subtitles, *_info_columns())
    keys, media_ids, subtitles, *told = in_columns(
        connection, columns, lambda taken: select(*taken).where(*admitting)
    )
    if not keys:
        return []
    where = select(schema.Path.video_key, schema.Path.path).join(table).where(*admitting)
    within = select(member.video_key, schema.Collection.name).join(schema.Collection)
    within = within.join(table, table.video_key == member.video_key).where(*admitting)
    within = within.where(*collection_conditions(scope))
    seen_at, in_collections = (
        _grouped(connection.execute(each).all())
        for each in (where, within)  # one by one costs three times as much
    )
    records = stage_records(connection, admitting) if stages else {}
    beside = apart(keys)
    rows = objects_of(
        VideoRow,
        infos := _infos(*told),
        (tuple(sorted(seen_at[key])) for key in keys),
        (tuple(sorted(in_collections[key])) for key in keys),
        [records.get(info.video_id, {}) for info in infos],
        media_ids,
        subtitles,
        [beside.get(key, "") for key in keys],
    )
    return sorted(rows, key=lambda row: (title_key(row.info.title), row.apart, row.info.video_id))


def _grouped(pairs: Iterable[Any]) -> defaultdict[int, list[str]]:
    grouped: defaultdict[int, list[str]] = defaultdict(list)
    for key, value in pairs:
        grouped[key].append(value)
    return grouped


def _info_columns() -> tuple[Any, ...]:
    """The columns that ``_infos`` reads, in order."""
    table = schema.Video
    return (
        table.has_video,
        table.has_audio,
        table.chapters,
        table.video_id,
        table.title,
        table.duration_s,
        table.width,
        table.height,
        table.frame_rate,
        table.stream_start_s,
        table.media_type,
        table.recorded_on,
    )


def _infos(
    has_video: Sequence[Any], has_audio: Sequence[Any], chapters: Sequence[Any], *plain: Sequence[Any]
) -> list[VideoInfo]:
    ids, titles, durations_s, widths, heights, rates, starts_s, media_types, days = plain
    return objects_of(
        VideoInfo,
        ids,
        titles,
        durations_s,
        map(bool, has_video),  # of SQLite they are numbers
        map(bool, has_audio),
        widths,
        heights,
        rates,
        starts_s,
        (tuple(Chapter(*chapter) for chapter in each) for each in chapters),
        media_types,
        days,
    )
