"""Kept pictures that are too large for the database: which ones lie in an object store (``picture_store.py``).

A name is written down (``ElsewhereRow``) before its picture is brought there, and stays written down when its keyframe
goes, however it goes, until the object is deleted: a process that dies leaves nothing behind but what the next one
deletes. What a library has borrowed, as a backup has all that was there, it never deletes.
"""

from __future__ import annotations

import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import Connection, delete, func, insert, literal, select, update
from sqlalchemy.orm import aliased

from longvid_storage.db.damage import Damage
from longvid_storage.db.dialects import each_id, each_text
from longvid_storage.db.schema import ElsewhereRow, KeyframeRow, Video
from longvid_storage.errors import LibraryError, LongvidWarning
from longvid_storage.picture_store import PictureStore, name_of

Writing = Callable[[], AbstractContextManager[Connection]]
_BRINGING_S = 86_400.0
"""After so long, what was to be brought there and is of no keyframe was left by a process that died."""


def keep(place: PictureStore | None, writing: Writing, images: Sequence[bytes]) -> list[str]:
    """Bring those that are too large for the database to ``place``: the name of each, for
    ``StageWriter.replace_keyframes``; empty where it stays in the database. ``writing`` gives a transaction.

    Raises:
        LibraryError: the object store cannot be written.
    """
    if place is None:
        return [""] * len(images)
    names = [name_of(image) if len(image) > place.database_bytes else "" for image in images]
    large = {name: image for name, image in zip(names, images, strict=True) if name}
    if large:
        rows = [{"name": name, "keyframe_id": None, "announced_s": time.time()} for name in large]
        with writing() as connection:
            connection.execute(insert(ElsewhereRow), rows)
        place.put(large)
    return names


def bind(connection: Connection, names: Sequence[str], keyframe_ids: Sequence[int]) -> None:
    """The pictures that are kept under ``names`` are those of these keyframes from now on; an empty name is none."""
    table = ElsewhereRow
    for name, keyframe_id in zip(names, keyframe_ids, strict=True):
        if name:
            of_none = update(table).where(table.name == name, table.keyframe_id.is_(None))
            connection.execute(of_none.values(keyframe_id=keyframe_id, announced_s=0.0))


def share(connection: Connection, old: int, new: int) -> None:
    """A keyframe has the picture of another one, if that is elsewhere."""
    table = ElsewhereRow
    same = select(table.name, literal(new), literal(0.0), table.borrowed).where(table.keyframe_id == old)
    connection.execute(insert(table).from_select(["name", "keyframe_id", "announced_s", "borrowed"], same))


def images(
    connection: Connection, place: PictureStore | None, kept: Sequence[tuple[int, bytes]]
) -> list[bytes]:
    """The pictures of keyframes, by id, each as the database has it: empty where it is elsewhere, and read there.

    Raises:
        LibraryError: some are elsewhere, and that cannot be read.
    """
    without = [keyframe_id for keyframe_id, image in kept if not image]
    names = names_of(connection, without) if without else {}
    if names and place is None:
        raise LibraryError(
            f"{len(names)} pictures of the library lie in an object store: name it in your longvid.toml "
            '([pictures], then store = "s3://BUCKET/FOLDER")'
        )
    read = dict(zip(names, place.read(list(names.values())), strict=True)) if place and names else {}
    return [read.get(keyframe_id, image) for keyframe_id, image in kept]


def names_of(connection: Connection, keyframe_ids: Sequence[int]) -> dict[int, str]:
    """Keyframe id → name of its picture, where that is elsewhere."""
    table = ElsewhereRow
    query = select(table.keyframe_id, table.name).where(table.keyframe_id.in_(each_id(keyframe_ids)))
    return {each: name for each, name in connection.execute(query) if each is not None}


def staying(connection: Connection, place: PictureStore | None) -> list[str]:
    """A line for whoever makes a copy of the database, where pictures lie elsewhere; else nothing."""
    table = ElsewhereRow
    asked = select(func.count(table.name.distinct())).where(table.keyframe_id.is_not(None))
    count = connection.execute(asked).scalar_one()
    where = "in the object store" if place is None else f"at {place.address}"
    line = (
        f"{count} picture{'s' * (count != 1)} of it stay{'s' * (count == 1)} {where}: what this library removes there, "
        "the copy has lost, and the copy removes none of them (longvid copy brings pictures along)"
    )
    return [line] if count else []


def sweep(place: PictureStore | None, writing: Writing) -> None:
    """Delete the objects whose keyframe is gone, and those that a process left that died while it brought them.

    What is borrowed stays where it is, and a warning says so. Where the object store cannot be written, another one
    does, and they stay written down for the next time.
    """
    if place is None:
        return
    table = ElsewhereRow
    due = table.keyframe_id.is_(None), table.announced_s < time.time() - _BRINGING_S
    other = aliased(table)
    used = select(other.picture_key).where(other.name == table.name, other.keyframe_id.is_not(None))
    with writing() as connection:
        loose = list(connection.execute(select(table.name).where(*due).distinct()).scalars())
        alone = select(table.name, table.borrowed).where(*due, ~used.exists()).distinct()
        found = connection.execute(alone).all()
        gone = [name for name, borrowed in found if not borrowed]
    if not loose:
        return
    try:
        place.delete(gone)
    except LibraryError as error:
        warnings.warn(
            f"{len(gone)} pictures of what was removed are still there: {error.message}; the next removal, or film "
            "that is indexed, tries again",
            LongvidWarning,
            stacklevel=3,
        )
        return
    with writing() as connection:
        connection.execute(delete(table).where(*due, table.name.in_(each_text(loose))))
    if theirs := len(found) - len(gone):
        warnings.warn(
            f"{theirs} pictures of what was removed stay at {place.address}: they are those of the library that this "
            "one is a copy of",
            LongvidWarning,
            stacklevel=3,
        )


def lost(connection: Connection, place: PictureStore | None) -> Iterator[Damage]:
    """Of each video some of whose pictures should be elsewhere and are not, how many; one listing tells.

    Nothing of it can be mended here: another place in the configuration looks the same.
    """
    query = select(Video.video_id, Video.title, ElsewhereRow.name).select_from(ElsewhereRow)
    query = query.join(KeyframeRow, KeyframeRow.keyframe_id == ElsewhereRow.keyframe_id).join(Video)
    names: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for video_id, title, name in connection.execute(query):
        names[video_id, title].add(name)
    if not names:
        return
    table = ElsewhereRow.__tablename__
    if place is None:
        what = (
            f"of {len(names)} videos were not looked for: no [pictures] in longvid.toml says where they lie"
        )
        yield Damage(table, what, "")
        return
    try:
        there = place.names()
    except LibraryError as error:
        yield Damage(table, error.message, "")
        return
    for (video_id, title), its in sorted(names.items()):
        if gone := len(its - there):
            what = (
                f"{gone} of its {len(its)} pictures are not at {place.address}: bring them back from a copy"
            )
            yield Damage(table, what, "", video_id, title)
