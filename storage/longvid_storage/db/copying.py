"""A library brought from one store to another, row by row: from a directory to PostgreSQL, or back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection, Integer, Row, Table, func, insert, select, text, tuple_, update

from longvid_storage.db import pgvector_tables, pictures, word_index
from longvid_storage.db.dialects import is_postgresql
from longvid_storage.db.schema import Base, ElsewhereRow, KeyframeRow, LibraryState, Video
from longvid_storage.db.store import Store
from longvid_storage.errors import LibraryError, UsageError
from longvid_storage.picture_store import content_of

_BATCH = 500
# Pictures that are elsewhere are read there, and put where the copy has its own.
_ASIDE = (LibraryState.__tablename__, ElsewhereRow.__tablename__)
_KEYFRAMES = KeyframeRow.__tablename__


def copy(source: Store, target: Store, on_table: Callable[[str, int], None] = lambda name, rows: None) -> int:
    """Make ``target`` hold what ``source`` holds, and compare every row afterwards; returns how many there are.

    Rows keep their keys, so that ids of passages and citations stay what they were. Each batch is a transaction: a copy
    that was cut short goes on where it stopped when it is run again. ``source`` may be used and written meanwhile; the
    copy is of one state of it.

    Args:
        on_table: told of each table when it is done, with its number of rows.

    Raises:
        UsageError: ``target`` holds videos that ``source`` does not. LibraryError: a row differs in the end.
    """
    with source.view() as view, target.writer_lock():
        reading = view.connection
        _require_room(reading, target)
        total = 0
        for table in _tables():
            rows = 0
            with target.view() as there:
                last = _last(there.connection, table)
            while batch := _after(reading, table, last):
                _enter(source, reading, target, table, [dict(row._mapping) for row in batch])
                last = _key(table, batch[-1])
            with target.view() as there:
                rows = _compare(reading, there.connection, table)
            on_table(table.name, rows)
            total += rows
        generation, analysis = reading.execute(select(LibraryState.generation, LibraryState.analysis)).one()
        with target.conversing() as writing:
            _set_sequences(writing)
            word_index.rebuild(writing)
            pgvector_tables.fill(writing)
            writing.execute(
                update(LibraryState).values(generation=generation, analysis=analysis, remade=generation)
            )
    return total


def _enter(
    source: Store, reading: Connection, target: Store, table: Table, rows: list[dict[str, Any]]
) -> None:
    ids: list[int] = []
    names: list[str] = []
    if table.name == _KEYFRAMES:
        ids = [row["keyframe_id"] for row in rows]
        images = pictures.images(
            reading, source.home.pictures, [(row["keyframe_id"], row["image"]) for row in rows]
        )
        names = target.keep_pictures(images)
        for row, image, name in zip(rows, images, names, strict=True):
            row["image"] = b"" if name else image
    with target.conversing() as writing:
        writing.execute(insert(table), rows)
        pictures.bind(writing, names, ids)


def _tables() -> list[Table]:
    return [table for table in Base.metadata.sorted_tables if table.name not in _ASIDE]


def _require_room(reading: Connection, target: Store) -> None:
    ours = set(reading.execute(select(Video.video_id)).scalars())
    with target.view() as there:
        foreign = [row.info.title for row in there.videos() if row.info.video_id not in ours]
    if foreign:
        raise UsageError(
            f"the library to copy to holds {len(foreign)} videos that the other does not, {foreign[0]!r} among them: "
            "name a new one"
        )


def _columns(table: Table) -> list[Any]:
    return list(table.primary_key.columns)


def _key(table: Table, row: Row[Any]) -> tuple[Any, ...]:
    return tuple(row._mapping[column.name] for column in _columns(table))


def _last(connection: Connection, table: Table) -> tuple[Any, ...] | None:
    columns = _columns(table)
    row = connection.execute(
        select(*columns).order_by(*(column.desc() for column in columns)).limit(1)
    ).first()
    return None if row is None else tuple(row)


def _after(connection: Connection, table: Table, last: tuple[Any, ...] | None) -> list[Row[Any]]:
    columns = _columns(table)
    query = select(table).order_by(*columns).limit(_BATCH)
    if last is not None:
        query = query.where(tuple_(*columns) > tuple_(*last))
    return list(connection.execute(query))


def _compare(reading: Connection, there: Connection, table: Table) -> int:
    rows = 0
    for one, other in zip_longest(_all(reading, table), _all(there, table)):
        if one is None or other is None or _said(reading, table, one) != _said(there, table, other):
            key = _key(table, one if one is not None else other)
            raise LibraryError(
                f"row {key} of {table.name} is not the same in both libraries: something else wrote to the copy; "
                "remove it and copy again"
            )
        rows += 1
    return rows


def _said(connection: Connection, table: Table, row: Row[Any]) -> tuple[Any, ...]:
    """The row, with the hash of its picture in its place where one of the two libraries may have it elsewhere."""
    if table.name != _KEYFRAMES:
        return tuple(row)
    *fields, image = tuple(row)
    name = "" if image else pictures.names_of(connection, [row.keyframe_id]).get(row.keyframe_id, "")
    return (*fields, content_of(name) if name else hashlib.sha256(image).hexdigest())


def _all(connection: Connection, table: Table) -> Iterator[Row[Any]]:
    last: tuple[Any, ...] | None = None
    while batch := _after(connection, table, last):
        yield from batch
        last = _key(table, batch[-1])


def _set_sequences(connection: Connection) -> None:
    """New rows are numbered after those that were copied; SQLite sees to it by itself."""
    if not is_postgresql(connection):
        return
    for table in _tables():
        column, *more = _columns(table)
        if more or not isinstance(column.type, Integer) or column.foreign_keys:
            continue
        largest = connection.execute(select(func.max(column))).scalar_one()
        name = text("SELECT pg_get_serial_sequence(:table, :column)")
        sequence = connection.execute(name, {"table": table.name, "column": column.name}).scalar_one()
        if largest is not None and sequence is not None:
            connection.execute(text("SELECT setval(:name, :value)"), {"name": sequence, "value": largest})
