"""What tells videos of one title apart: the day in their names, else the folder, the file's name, or the id."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from operator import eq
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from longvid_storage.db import schema
from longvid_storage.db.dialects import each_id
from longvid_storage.text.dates import date_in

Apart = Callable[[Sequence[int] | None], Mapping[int, str]]
"""Keys of videos (None: all) → what is said beside the titles of those whose title another one has too."""
_Named = tuple[str, list[str]]
"""A video's id, and its path in parts."""
_UPLOAD = re.compile(r"up_[\w-]{16,64}(\.set)?", re.ASCII)
"""The folder of what was sent to a server: a name that tells nobody anything."""


def _day(video: _Named) -> str:
    return next((day for part in reversed(video[1][-2:]) if (day := date_in(part))), "")


_WAYS: tuple[Callable[[_Named], str], ...] = (
    _day,
    lambda video: "".join(video[1][-2:-1]),
    lambda video: "".join(video[1][-1:]),
    lambda video: "/".join(video[1][-2:]),
    lambda video: "/".join(video[1][-3:-1]),
    lambda video: video[0][:8],
    lambda video: video[0],
)


def told_apart(
    connection: Connection, admitting: Sequence[ColumnElement[bool]], keys: Iterable[int] | None = None
) -> dict[int, str]:
    """Video key → what to say beside the title, for each video admitted whose title another one has too; with ``keys``,
    of their titles only."""
    video, path = schema.Video, schema.Path
    shared = select(video.title_key).where(*admitting)
    if keys is not None:
        own = select(video.title_key).where(video.video_key.in_(each_id(keys)))
        shared = shared.where(video.title_key.in_(own))
    shared = shared.group_by(video.title_key).having(func.count() > 1)
    first = select(func.min(path.path)).where(path.video_key == video.video_key).scalar_subquery()
    query = select(video.video_key, video.video_id, video.title_key, first)
    groups: defaultdict[str, dict[int, _Named]] = defaultdict(dict)
    for key, video_id, title, where in connection.execute(
        query.where(*admitting, video.title_key.in_(shared))
    ):
        groups[title][key] = (
            video_id,
            [part for part in re.split(r"[\\/]", where or "") if part and not _UPLOAD.fullmatch(part)],
        )
    return {key: how for group in groups.values() for key, how in _ways(group).items()}


def _ways(group: dict[int, _Named]) -> dict[int, str]:
    """The first way in which each has something to say and no two the same; ids always do."""
    for way in _WAYS:
        said = {key: way(video) for key, video in group.items()}
        if all(said.values()) and len(set(said.values())) == len(said):
            break
    return said


def with_apart(title: str, apart: str) -> str:
    """The title as lists and citations show it."""
    return f"{title} ({apart})" if apart else title


def beside_of(columns: Sequence[Sequence[Any]], apart: Apart, whole: bool) -> Mapping[int, str]:
    """What ``apart`` says of videos, whose keys and titles' keys are the first and the last of ``columns``, sorted by
    the latter. ``whole``: titles are told apart among these alone, so that it is asked only where one is there twice.
    """
    keys, *_, titles = columns
    return {} if whole and not any(map(eq, titles, islice(titles, 1, None))) else apart(keys)


def titles_apart(keys: Sequence[int], titles: Sequence[str], beside: Mapping[int, str]) -> Sequence[str]:
    """The titles of videos of these keys as lists show them."""
    if not beside:
        return titles
    return [with_apart(title, beside.get(key, "")) for key, title in zip(keys, titles, strict=True)]


def in_order(columns: Sequence[Sequence[Any]], beside: Mapping[int, str]) -> list[tuple[Any, ...]]:
    """Columns of one video or more, their key first, their id second, their title's key last, sorted as lists are."""
    rows = sorted(zip(*columns, strict=True), key=lambda row: (row[-1], beside.get(row[0], ""), row[1]))
    return list(zip(*rows, strict=True))
