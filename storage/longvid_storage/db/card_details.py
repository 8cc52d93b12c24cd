"""Cards of videos, and who is heard in them: a statement each for any number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection as Names
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.orm import aliased

from longvid_storage.db import schema
from longvid_storage.db.apart import Apart, beside_of, in_order, titles_apart
from longvid_storage.db.columns import in_columns, objects_of
from longvid_storage.db.dialects import as_texts, each_id, each_text_given
from longvid_storage.db.scope import of_videos, passage_conditions, speaking, video_conditions
from longvid_storage.db.speakers import SpeakerNames
from longvid_storage.process import collector_paused
from longvid_storage.types import Scope, VideoCard

_COLUMNS = (
    schema.Video.video_key,
    schema.Video.video_id,
    schema.Video.title,
    schema.Video.duration_s,
    schema.Video.recorded_on,
    schema.Video.day,
    schema.Video.title_key,
)
_ORDER = (schema.Video.title_key, schema.Video.video_id)
_OTHER = aliased(schema.Video)
_MOST_SCOPES = 64
Details = tuple[Scope, SpeakerNames]
"""Who is told: those who say something that this scope admits, under these names."""


@collector_paused()
def cards(
    connection: Connection, scope: Scope, apart: Apart, details: Details | None = None, alone: bool = False
) -> list[VideoCard]:
    """Those of all of the scope's videos (with a speaker, in which they speak), by title.

    ``alone``: titles are told apart among these alone.
    """
    admitting = speaking(scope)
    found: Sequence[Sequence[Any]] = in_columns(
        connection, _COLUMNS, lambda taken: select(*taken).where(*admitting).order_by(*_ORDER)
    )
    files = of_videos(connection, admitting, schema.Path.video_key, schema.Path.path)
    first = dict(sorted(zip(*files, strict=True), reverse=True))
    return _cards(connection, found, first, beside_of(found, apart, alone), details)


@collector_paused()
def named_cards(
    connection: Connection,
    scope: Scope,
    among: Scope,
    ids: Names[str],
    apart: Apart,
    details: Details | None = None,
) -> list[VideoCard]:
    """Those of the scope's videos with these ids, by title; ``apart`` tells titles apart in the scope ``among``."""
    rows = connection.execute(_named(scope, among), {"ids": as_texts(ids)}).all()
    found: Sequence[Sequence[Any]]
    *found, names, shared = zip(*rows, strict=True) if rows else [()] * (len(_COLUMNS) + 2)
    first = {key: where or "" for key, where in zip(found[0], names, strict=True)}
    those = [key for key, is_shared in zip(found[0], shared, strict=True) if is_shared]
    return _cards(connection, found, first, apart(those) if those else {}, details)


@lru_cache(maxsize=_MOST_SCOPES)
def _named(scope: Scope, among: Scope) -> Select[Any]:
    """Of the scope's videos whose ids are the parameter ``ids`` the columns, the first path, and whether another of
    ``among`` has the title too, which is quicker looked up with the rest. Made once a scope: making it takes as long
    as asking it.
    """
    video, path = schema.Video, schema.Path
    name = select(func.min(path.path)).where(path.video_key == video.video_key).scalar_subquery()
    same = (_OTHER.title_key == video.title_key, _OTHER.video_key != video.video_key)
    namesake = select(_OTHER.video_key).where(*same, *video_conditions(_OTHER.video_key, among)).exists()
    admitting = [*speaking(scope), video.video_id.in_(each_text_given("ids"))]
    return select(*_COLUMNS, name, namesake).where(*admitting).order_by(*_ORDER)


def _cards(
    connection: Connection,
    found: Sequence[Sequence[Any]],
    first: Mapping[int, str],
    beside: Mapping[int, str],
    details: Details | None,
) -> list[VideoCard]:
    """Of ``_COLUMNS``; ``first``: key → path, ``beside``: key → what is said beside the title."""
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
