"""Which video a name means; letter case, white space and how accents are written aside, then all but the words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from unicodedata import category

from sqlalchemy import ColumnElement, Connection, func, select

from longvid_storage.db.apart import Apart, with_apart
from longvid_storage.db.dialects import each_text
from longvid_storage.db.schema import PassageRow, Path, Video
from longvid_storage.errors import NotFoundError
from longvid_storage.text.analysis import fold
from longvid_storage.types import title_key

_SHORTEST_PREFIX = 4
_LISTED = 5
_SUBTITLES = re.compile(
    r"(?P<base>.+?)[ ._-]{1,3}[(\[]?(?P<code>[a-z]{2,3})(?:[-_][a-z0-9]{2,4})?[)\]]?(?:\.[a-z0-9]{2,5})?\Z"
)
_LAST = "\U0010ffff"
# Letters whose marks no normal form takes off.
_LIKE = str.maketrans("łøđıħ", "lodih")


def resolve_video(
    connection: Connection, name: str, admitting: Sequence[ColumnElement[bool]], apart: Apart
) -> str:
    """The id of the one video that answers to ``name``; ``apart`` tells what is said beside titles that several have.

    In this order: an id; a title, with or without that; a path, its file name or its stem, with its last folders or
    without; the words of a title, without the accents, quotes, dashes and invisible characters that not every keyboard
    writes; a subtitle file of a video, by that one's title or stem and a language that its words are in; a prefix of an
    id, at least four characters long.

    Raises:
        NotFoundError: no video does, or several; the message names some that might be meant.
    """
    written = (
        name.encode("utf-8", "replace").decode().replace("\0", "�")
    )  # no database takes the rest as text
    wanted = title_key(written)
    video_ids = select(Video.video_id).where(*admitting).order_by(Video.video_id)
    if connection.execute(video_ids.where(Video.video_id == written)).first():
        return written
    found = (
        _by_title(connection, wanted, admitting, apart)
        or _by_path(connection, name, admitting)
        or _by_words(connection, written, admitting, apart)
        or _by_subtitles(connection, wanted, admitting, apart)
    )
    if not found and len(wanted) >= _SHORTEST_PREFIX:
        prefixed = video_ids.where(Video.video_id >= wanted, Video.video_id <= wanted + _LAST)
        found = list(connection.execute(prefixed).scalars())
    if len(found) == 1:
        return found[0]
    if found:
        some = _listed(connection, [*admitting, Video.video_id.in_(each_text(found))], apart)
        raise NotFoundError(
            f"{name!r} may be any of {len(found)} videos ({some}): use an id", code="ambiguous"
        )
    if connection.execute(video_ids.limit(1)).first() is None:
        raise NotFoundError(
            f"there is no video {name!r}, nor any other, in this library: `longvid index` adds some"
        )
    near = Video.title_key.contains(wanted, autoescape=True)
    hint = f"it has {_listed(connection, admitting, apart)}"
    if wanted and connection.execute(video_ids.where(near).limit(1)).first():
        hint = f"did you mean {_listed(connection, [*admitting, near], apart)}?"
    raise NotFoundError(f"the library has no video {name!r}: {hint} (`longvid ls` lists all)")


def _by_title(
    connection: Connection, wanted: str, admitting: Sequence[ColumnElement[bool]], apart: Apart
) -> list[str]:
    """Ids of the videos that are called so in lists; where there is none, of those that have the title."""
    ends = [match.start() for match in re.finditer(r" \(", wanted)] if wanted.endswith(")") else []
    titles = [wanted, *(wanted[:end] for end in ends)]
    query = select(Video.video_key, Video.video_id, Video.title_key)
    rows = connection.execute(query.where(*admitting, Video.title_key.in_(each_text(titles)))).all()
    beside = apart([row.video_key for row in rows])
    called = [
        row.video_id
        for row in rows
        if with_apart(row.title_key, title_key(beside.get(row.video_key, ""))) == wanted
    ]
    return called or sorted(row.video_id for row in rows if row.title_key == wanted)


def _by_path(connection: Connection, name: str, admitting: Sequence[ColumnElement[bool]]) -> list[str]:
    exact, loose, wanted = set(), set(), title_key(name)
    *folders, last = [title_key(part) for part in re.split(r"[\\/]", name) if part not in ("", ".")] or [
        wanted
    ]
    query = select(Path.path, Video.video_id).join(Video, Video.video_key == Path.video_key)
    for where, video_id in connection.execute(query.where(*admitting)).all():
        if where == name:
            exact.add(video_id)
        file = PurePath(where)
        if last not in (title_key(file.name), title_key(file.stem)):
            continue
        if not folders or folders == [title_key(part) for part in file.parts[-len(folders) - 1 : -1]]:
            loose.add(video_id)
    return sorted(exact or loose)


def _by_words(
    connection: Connection, name: str, admitting: Sequence[ColumnElement[bool]], apart: Apart
) -> list[str]:
    """Ids of the videos whose titles, with or without what tells them apart, have the same words in the same order."""
    wanted = _words(name)
    if not wanted:
        return []
    query = select(Video.video_key, Video.video_id, Video.title)
    rows = connection.execute(query.where(*admitting)).all()
    bare = sorted(row.video_id for row in rows if _words(row.title) == wanted)
    if bare or not name.rstrip().endswith(")"):
        return bare
    beside = apart([row.video_key for row in rows])
    named = ((row, beside.get(row.video_key, "")) for row in rows)
    return [row.video_id for row, its in named if its and _words(with_apart(row.title, its)) == wanted]


def _by_subtitles(
    connection: Connection, wanted: str, admitting: Sequence[ColumnElement[bool]], apart: Apart
) -> list[str]:
    """Ids of the videos that ``wanted`` is the file of a language of: "talk_ru.srt", "talk.pt-BR" of "talk"."""
    match = _SUBTITLES.match(PurePath(wanted).name)
    if match is None:
        return []
    found = _by_title(connection, match["base"], admitting, apart)
    found = found or _by_path(connection, match["base"], admitting)
    query = (
        select(Video.video_id)
        .join(PassageRow, PassageRow.video_key == Video.video_key)
        .where(
            Video.video_id.in_(each_text(found)), PassageRow.language.in_((match["code"], match["code"][:2]))
        )
        .distinct()
    )
    return sorted(connection.execute(query).scalars()) if found else []


def _words(title: str) -> list[str]:
    seen = "".join(character for character in title if category(character) != "Cf")
    return fold(seen.casefold().translate(_LIKE))


def _listed(connection: Connection, admitting: Sequence[ColumnElement[bool]], apart: Apart) -> str:
    """Some of the videos admitted, by title, and how many more there are."""
    count = connection.execute(select(func.count()).select_from(Video).where(*admitting)).scalar_one()
    query = select(Video.video_key, Video.video_id, Video.title, Video.title_key).where(*admitting)
    rows = connection.execute(query.order_by(Video.title_key, Video.video_id).limit(_LISTED)).all()
    beside = apart([row.video_key for row in rows])
    shown = sorted(
        (row.title_key, with_apart(row.title, beside.get(row.video_key, "")), row.video_id) for row in rows
    )
    some = ", ".join(f"{title} [{video_id[:12]}]" for _, title, video_id in shown)
    return some if count <= _LISTED else f"{some} and {count - _LISTED} more"
