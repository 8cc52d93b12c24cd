"""What tells videos of one title apart: the day in their names, else the folder, the file's name, or the id."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, Connection, func, select

from longvid_storage.db import schema
from longvid_storage.text.dates import date_in

_Named = tuple[str, list[str]]
"""A video's id, and its path in parts."""


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


def told_apart(connection: Connection, admitting: Sequence[ColumnElement[bool]]) -> dict[int, str]:
    """Video key → what to say beside the title, for each video admitted whose title another one has too."""
    video, path = schema.Video, schema.Path
    folded = func.lower(video.title)
    shared = select(folded).where(*admitting).group_by(folded).having(func.count() > 1)
    query = (
        select(video.video_key, video.video_id, folded, func.min(path.path))
        .outerjoin(path)
        .where(*admitting, folded.in_(shared))
        .group_by(video.video_key)
    )
    groups: defaultdict[str, dict[int, _Named]] = defaultdict(dict)
    for key, video_id, title, first in connection.execute(query):
        groups[title][key] = (video_id, [part for part in re.split(r"[\\/]", first or "") if part])
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
