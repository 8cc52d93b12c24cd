"""Videos as lists show them, a page or all; what a list shows of one is read in a statement for any number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, or_, select

from longvid_storage.db import card_details, schema
from longvid_storage.db.apart import Apart, with_apart
from longvid_storage.db.rows import CUT_SHORT
from longvid_storage.db.scope import collection_conditions
from longvid_storage.types import Scope, title_key


class ListedRow(NamedTuple):
    """A video in a list; ``title`` with what tells it apart, ``statuses`` by stage, paths and collections sorted;
    ``cut_short``: its file ends before its time."""

    video_id: str
    title: str
    paths: tuple[str, ...]
    duration_s: float
    collections: tuple[str, ...]
    statuses: dict[str, str]
    cut_short: bool


def listed(
    connection: Connection, admitting: Sequence[ColumnElement[bool]], scope: Scope, apart: Apart
) -> list[ListedRow]:
    """The videos admitted (conditions on ``Video``), by title; of their collections, the scope's alone."""
    video, path, stage = schema.Video, schema.Path, schema.Stage
    member, name = schema.VideoCollection, schema.Collection.name
    columns = (video.video_key, video.video_id, video.title, video.duration_s, video.title_key)
    rows = connection.execute(select(*columns).where(*admitting)).all()
    beside = apart([row[0] for row in rows])
    paths = _tuples(connection.execute(select(path.video_key, path.path).join(video).where(*admitting)).all())
    within = select(member.video_key, name).join(schema.Collection)
    within = within.join(video, video.video_key == member.video_key)
    collections = _tuples(connection.execute(within.where(*admitting, *collection_conditions(scope))).all())
    each = func.aggregate_strings(stage.stage + "=" + stage.status, " ")
    went = select(stage.video_key, each).join(video).where(*admitting).group_by(stage.video_key)
    pairs: dict[int, str] = {row[0]: row[1] for row in connection.execute(went).all()}
    known: dict[str, dict[str, str]] = {}  # most have the same
    for text in set(pairs.values()):
        known[text] = dict(sorted(pair.split("=", 1) for pair in text.split()))
    noted = or_(*(stage.note.contains(sign) for sign in CUT_SHORT))
    cut = set(connection.execute(select(stage.video_key).join(video).where(noted, *admitting)).scalars())
    rows = sorted(rows, key=lambda row: (row[4], beside.get(row[0], ""), row[1]))
    return [
        ListedRow(
            video_id,
            with_apart(title, beside.get(key, "")),
            paths.get(key, ()),
            duration_s,
            collections.get(key, ()),
            dict(known[pairs[key]]) if key in pairs else {},
            key in cut,
        )
        for key, video_id, title, duration_s, _ in rows
    ]


def _tuples(pairs: Iterable[Any]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for key, value in pairs:
        found[key] = tuple(sorted((*found[key], value))) if key in found else (value,)
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

    @property
    def dated(self) -> bool:
        """Whether days are looked at."""
        return self.sort.endswith("date") or self.from_date is not None or self.to_date is not None

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

    By title alone it is the page that is read; in another order, or of titles with some words, all videos are looked
    at, but nothing is made of those on other pages.
    """
    video = schema.Video
    if wanted.sort == "title" and not wanted.words and not wanted.dated:
        total = connection.execute(select(func.count()).select_from(video).where(*admitting)).scalar_one()
        return _by_title(connection, admitting, apart, wanted), total
    columns = (video.video_key, video.video_id, video.title_key, video.duration_s)
    rows: Sequence[Any] = connection.execute(select(*columns).where(*admitting)).all()
    beside = apart(None)
    if words := title_key(wanted.words).split():
        said = {row[0]: with_apart(row[2], title_key(beside.get(row[0], ""))) for row in rows}
        rows = [row for row in rows if all(word in said[row[0]] for word in words)]
    days: dict[int, str] = {}
    if wanted.dated:
        named = select(video.video_key, video.title, video.recorded_on).where(*admitting)
        days = card_details.dates(
            connection, {key: (title, day) for key, title, day in connection.execute(named).all()}
        )
        low, high = wanted.from_date or "", wanted.to_date or "9999"
        if wanted.from_date is not None or wanted.to_date is not None:
            rows = [row for row in rows if row[0] in days and low <= days[row[0]] <= high]
    by = SORTS[wanted.sort]
    keys: list[tuple[Any, ...]] = [
        (*by(days.get(key, ""), duration_s), title_key, beside.get(key, ""), video_id)
        for key, video_id, title_key, duration_s in rows
    ]
    return wanted.cut(sorted(keys), wanted.first), len(keys)


SORTS: dict[str, Callable[[str, float], tuple[Any, ...]]] = {
    "title": lambda day, duration_s: (),
    "date": lambda day, duration_s: (day,),
    "-date": lambda day, duration_s: (-int(day.replace("-", "") or 0),),
    "duration": lambda day, duration_s: (duration_s,),
    "-duration": lambda day, duration_s: (-duration_s,),
}
"""Name of an order → what comes before the title in it, of a video's day ("" without one) and duration."""


def _by_title(
    connection: Connection, admitting: Sequence[ColumnElement[bool]], apart: Apart, wanted: ListQuery
) -> PageOfIds:
    """Videos of one title are told apart together, so all of a title are read; else no more than the page."""
    title = schema.Video.title_key
    titles = select(title).where(*admitting).order_by(title, schema.Video.video_id)
    count = select(func.count()).select_from(schema.Video).where(*admitting)
    if wanted.after is None:
        start = connection.execute(titles.offset(wanted.first).limit(1)).scalar()
        if start is None:
            return PageOfIds([], [], False)
        skip = wanted.first - connection.execute(count.where(title < start)).scalar_one()
    else:
        start = wanted.after[0] if wanted.after else None
        if not isinstance(start, str):
            raise TypeError(start)
        skip = connection.execute(count.where(title == start)).scalar_one()
    ahead = titles.where(title >= start)
    end = connection.execute(ahead.offset(skip + wanted.limit).limit(1)).scalar()
    query = select(schema.Video.video_key, title, schema.Video.video_id).where(*admitting, title >= start)
    rows = connection.execute(query if end is None else query.where(title <= end)).all()
    beside = apart([row[0] for row in rows])
    return wanted.cut(sorted((key, beside.get(its, ""), video_id) for its, key, video_id in rows), skip)
