"""Videos as lists show them, a page or all; what a list shows of one is read in a statement for any number."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, func, or_, select

from longvid_storage.db import schema
from longvid_storage.db.apart import Apart, beside_of, in_order, titles_apart, with_apart
from longvid_storage.db.columns import in_columns
from longvid_storage.db.dialects import each_id
from longvid_storage.db.scope import collection_conditions, of_videos
from longvid_storage.types import Scope, title_key

# SQL compares so many words, and of a longer one the beginning: it has its limits, and narrows only.
_WORDS, _PATTERN = 20, 200


class ListedColumns(NamedTuple):
    """Videos of a list, a column for each thing that can be shown of one, as it was read.

    Attributes:
        titles: with what tells them apart.
        went: how the stages went, ``name=status`` a line; of many videos the same.
        cut_short: the file ends before its time; of SQLite 0 or 1.
        collections: by key of a video that is in any, the names, sorted.
        paths_of, paths: the files, and the key of the video that each is of; one video's lie anywhere.
    """

    video_keys: Sequence[int]
    video_ids: Sequence[str]
    titles: Sequence[str]
    durations_s: Sequence[float]
    went: Sequence[str]
    cut_short: Sequence[bool]
    collections: Mapping[int, tuple[str, ...]]
    paths_of: Sequence[int]
    paths: Sequence[str]

    def paths_by_video(self) -> dict[int, tuple[str, ...]]:
        """Key of a video that has any → its files, sorted."""
        found: dict[int, tuple[str, ...]] = dict(
            zip(self.paths_of, zip(self.paths, strict=True), strict=True)
        )
        if len(found) < len(self.paths):  # some have several
            more: defaultdict[int, list[str]] = defaultdict(list)
            for key, path in zip(self.paths_of, self.paths, strict=True):
                more[key].append(path)
            found = {key: tuple(sorted(each)) for key, each in more.items()}
        return found

    def statuses(self) -> dict[str, dict[str, str]]:
        """Each text of ``went`` → status by stage."""
        return {each: dict(pair.split("=", 1) for pair in each.splitlines()) for each in set(self.went)}


def listed(
    connection: Connection,
    admitting: Sequence[ColumnElement[bool]],
    scope: Scope,
    apart: Apart,
    whole: bool = False,
) -> ListedColumns:
    """The videos admitted (conditions on ``Video``), by title; of their collections, the scope's alone.

    ``whole``: titles are told apart among these alone.
    """
    video, path = schema.Video, schema.Path
    columns = (video.video_key, video.video_id, video.title, video.duration_s, video.went, video.cut_short)
    found = in_columns(
        connection,
        (*columns, video.title_key),
        lambda taken: select(*taken).where(*admitting).order_by(video.title_key, video.video_id),
    )
    if beside := beside_of(found, apart, whole):
        found = in_order(found, beside)
    keys, ids, titles, durations_s, went, cut_short, _ = found
    return ListedColumns(
        keys,
        ids,
        titles_apart(keys, titles, beside),
        durations_s,
        went,
        cut_short,
        _collections(connection, admitting, scope),
        *of_videos(connection, admitting, path.video_key, path.path),
    )


def _collections(
    connection: Connection, admitting: Sequence[ColumnElement[bool]], scope: Scope
) -> dict[int, tuple[str, ...]]:
    """Video key → names of the collections that it is in and the scope has; a row for each collection is read."""
    video, member, name = schema.Video, schema.VideoCollection, schema.Collection.name
    keys = func.aggregate_strings(cast(member.video_key, Text), ",")
    query = (
        select(name, keys).select_from(member).join(schema.Collection).where(*collection_conditions(scope))
    )
    if admitting:
        query = query.join(video, video.video_key == member.video_key).where(*admitting)
    found: dict[int, tuple[str, ...]] = {}
    for each, text in sorted(connection.execute(query.group_by(name)).all()):
        its = json.loads(f"[{text}]")
        if found.keys().isdisjoint(its):
            found.update(dict.fromkeys(its, (each,)))
        else:
            found.update((key, (*found.get(key, ()), each)) for key in its)
    return found


def collection_totals(
    connection: Connection, admitting: Sequence[ColumnElement[bool]], scope: Scope
) -> list[tuple[str, int, float]]:
    """(name, number of videos, their seconds) of each collection that holds a video admitted, by name."""
    video, member, name = schema.Video, schema.VideoCollection, schema.Collection.name
    query = select(name, func.count(), func.sum(video.duration_s)).select_from(member)
    query = query.join(schema.Collection).join(video, video.video_key == member.video_key)
    query = query.where(*admitting, *collection_conditions(scope)).group_by(name)
    return sorted((name, count, total_s) for name, count, total_s in connection.execute(query).all())


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which videos a list shows, in which order, and which page of it.

    Attributes:
        sort: one of ``SORTS``.
        words: all of which are in the title, letter case aside.
        from_date, to_date: ``YYYY-MM-DD``, both included; a video without a date is in no such span.
        after: the key of the last video of the page before, None on the first one.
        first: so many are passed over; not looked at with ``after``.
        limit: how many a page holds at most.
    """

    sort: str = "title"
    words: str = ""
    from_date: str | None = None
    to_date: str | None = None
    after: Sequence[Any] | None = None
    first: int = 0
    limit: int = 50

    def cut(self, keys: list[tuple[Any, ...]], skip: int) -> PageOfIds:
        """The page of sorted keys, of which ``skip`` come before it where there is no ``after``.

        Raises:
            TypeError: ``after`` is no key of this order.
        """
        rest = keys[skip:] if self.after is None else [each for each in keys if each > tuple(self.after)]
        return PageOfIds(
            [each[-1] for each in rest[: self.limit]], rest[: self.limit][-1:], len(rest) > self.limit
        )


class PageOfIds(NamedTuple):
    """Ids of a page's videos, the key of the last of them, and whether more come behind it."""

    ids: list[str]
    last: list[tuple[Any, ...]]
    more: bool


def page(
    connection: Connection, admitting: Sequence[ColumnElement[bool]], apart: Apart, wanted: ListQuery
) -> tuple[PageOfIds, int]:
    """A page of the videos admitted (conditions on ``Video``), and how many are on all pages.

    The page is what is read; of titles with some words all videos are looked at, but nothing is made of those on other
    pages.
    """
    video = schema.Video
    if wanted.from_date is not None or wanted.to_date is not None:
        span = video.day.between(wanted.from_date or "0", wanted.to_date or "9999")
        admitting = [*admitting, span]
    if words := title_key(wanted.words).split():
        beside = apart(None)
        said_by_sql = (video.title_key.contains(each[:_PATTERN], autoescape=True) for each in words[:_WORDS])
        told = and_(*said_by_sql)
        asked = or_(told, video.video_key.in_(each_id(beside))) if beside else told
        rows = connection.execute(select(*_READ).where(*admitting, asked)).all()
        said = (with_apart(row.title_key, title_key(beside.get(row.video_key, ""))) for row in rows)
        keys = _keys(
            [row for row, title in zip(rows, said, strict=True) if all(word in title for word in words)],
            beside,
            wanted.sort,
        )
        return wanted.cut(keys, wanted.first), len(keys)
    total = connection.execute(select(func.count()).select_from(video).where(*admitting)).scalar_one()
    return _page_alone(connection, admitting, apart, wanted, total), total


SORTS: dict[str, Callable[[str, float], tuple[Any, ...]]] = {
    "title": lambda day, duration_s: (),
    "date": lambda day, duration_s: (day,),
    "-date": lambda day, duration_s: (-int(day.replace("-", "") or 0),),
    "duration": lambda day, duration_s: (duration_s,),
    "-duration": lambda day, duration_s: (-duration_s,),
}
"""Name of an order → what comes before the title in it, of a video's day ("" without one) and duration."""
_Order = list[tuple[Any, bool]]
"""Columns by which the database sorts, and whether each is from the greatest on."""
_COLUMNS: dict[str, tuple[_Order, Callable[[Any], Any]]] = {
    "title": ([], str),
    "date": ([(schema.Video.day, False)], str),
    "-date": (
        [(schema.Video.day, True)],
        lambda key: "-".join((text[:4], text[4:6], text[6:])) if (text := f"{-key or ''}") else "",
    ),
    "duration": ([(schema.Video.duration_s, False)], float),
    "-duration": ([(schema.Video.duration_s, True)], lambda key: -float(key)),
}
"""Name of an order → what comes before the title in it as columns, and what a column held of a key in ``SORTS``."""
_READ = (
    schema.Video.video_key,
    schema.Video.video_id,
    schema.Video.title_key,
    schema.Video.day,
    schema.Video.duration_s,
)


def _keys(rows: Sequence[Any], beside: Mapping[int, str], sort: str) -> list[tuple[Any, ...]]:
    """Sorted keys of rows of ``_READ``."""
    by = SORTS[sort]
    return sorted(
        (*by(day, duration_s), title, beside.get(key, ""), video_id)
        for key, video_id, title, day, duration_s in rows
    )


def _page_alone(
    connection: Connection,
    admitting: Sequence[ColumnElement[bool]],
    apart: Apart,
    wanted: ListQuery,
    total: int,
) -> PageOfIds:
    """Videos of one title are told apart together, so all of a title are read; else no more than the page."""
    before, value_of = _COLUMNS[wanted.sort]
    order: _Order = [*before, (schema.Video.title_key, False)]
    places = select(*(column for column, _ in order)).where(*admitting)
    places = places.order_by(*(column.desc() if down else column for column, down in order))
    count = select(func.count()).select_from(schema.Video).where(*admitting)
    if wanted.after is None:
        start: Sequence[Any] | None = connection.execute(places.offset(wanted.first).limit(1)).first()
        if start is None:
            return PageOfIds([], [], False)
        ahead = _from(order, start)
        skip = wanted.first - (total - connection.execute(count.where(ahead)).scalar_one())
    else:
        start = _place_of(wanted.after, before, value_of)
        ahead = _from(order, start)
        there = (column == value for (column, _), value in zip(order, start, strict=True))
        skip = connection.execute(count.where(*there)).scalar_one()
    end = connection.execute(places.where(ahead).offset(skip + wanted.limit).limit(1)).first()
    query = select(*_READ).where(*admitting, ahead)
    if end is not None:
        query = query.where(_from([(column, not down) for column, down in order], end))
    rows = connection.execute(query).all()
    return wanted.cut(_keys(rows, apart([row[0] for row in rows]), wanted.sort), skip)


def _place_of(after: Sequence[Any], before: _Order, value_of: Callable[[Any], Any]) -> Sequence[Any]:
    """What the columns of an order hold of the video with this key.

    Raises:
        TypeError: it is no key of this order.
    """
    kinds = [int | float if value_of is not str else str for _ in before]
    if len(after) != len(before) + 3 or not all(map(isinstance, after, [*kinds, str, str, str])):
        raise TypeError(after)
    return [*map(value_of, after[: len(before)]), after[len(before)]]


def _from(order: _Order, place: Sequence[Any]) -> ColumnElement[bool]:
    """At this place of the order, or behind it."""
    (column, down), *rest = order
    reached: ColumnElement[bool] = column <= place[0] if down else column >= place[0]
    return and_(reached, or_(column != place[0], _from(rest, place[1:]))) if rest else reached
