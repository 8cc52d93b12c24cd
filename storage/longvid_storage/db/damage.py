"""Finding the rows that cannot be what longvid wrote: asked when reading failed, and by ``longvid check``.

Every column has its rule (``longvid_storage.db.columns``); what is to be said of several columns of a row is here.
PostgreSQL holds a column to its type, which is less than the rule.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from sqlalchemy import Boolean, Column, Connection, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound

from longvid_storage.db import schema
from longvid_storage.db.columns import Json
from longvid_storage.db.dialects import is_postgresql
from longvid_storage.db.library_files import LONGEST
from longvid_storage.db.word_indexes.entries import KINDS
from longvid_storage.errors import LibraryError, LongvidError
from longvid_storage.types import EVERYTHING, LEVELS, KeyframeKind, Scope, StageStatus

_BLOCK = 500
_DIALECT = sqlite.dialect()
STREAMED = {"stream_results": True}
"""Rows come in parts; a driver of PostgreSQL's would hold all of them."""
# What building objects from rows raises when a row is not what longvid wrote.
_BUILDING = (
    ValueError, TypeError, OverflowError, LookupError, AttributeError, RecursionError, ArithmeticError, MemoryError,
    NoResultFound, MultipleResultsFound,
)  # fmt: skip
_CHOICES = {
    ("segments", "level"): frozenset(LEVELS),
    ("chain_links", "level"): frozenset(("event", "part", "video")),
    ("library_links", "level"): frozenset(("event", "part", "video", "library")),
    ("sounds", "origin"): frozenset((None, "told", "heard", "covered")),
    ("stages", "status"): frozenset(get_args(StageStatus)),
    ("passages", "kind"): frozenset(KINDS),
    ("keyframes", "kind"): frozenset(get_args(KeyframeKind)),
    ("vector_sets", "kind"): frozenset((*KINDS, "picture")),
}


@dataclass(frozen=True, slots=True)
class Damage:
    """Something wrong in a library: ``what`` of which ``table``, in which row and video, where it is one's.

    ``repair`` says what ``longvid check --repair`` does about it; empty where it can do nothing. ``rowid`` is SQLite's,
    of PostgreSQL 65,536 times the row's page and its number there (``row_at``).
    """

    table: str
    what: str
    repair: str
    video_id: str | None = None
    title: str | None = None
    rowid: int | None = None

    def __str__(self) -> str:
        whose = "" if self.video_id is None else f" of {self.title!r} [{self.video_id[:12]}]"
        return f"{self.table}{whose}: {self.what}"


@contextmanager
def mapped_damage(connection: Connection, place: Any, scope: Scope = EVERYTHING) -> Iterator[None]:
    """Where building objects from rows fails because one is damaged, say so; any other fault is left as it is.

    Raises:
        LibraryError: it names the table and, within the ``scope``, the video.
    """
    try:
        yield
    except LongvidError:
        raise
    except (*_BUILDING, DBAPIError) as error:
        if isinstance(error, DBAPIError) and not _of_a_value(error.orig):
            raise
        found = first_damage(connection, scope)
        if found is None:
            raise
        raise LibraryError(
            f"the library at {place} is damaged ({found}): longvid check --repair mends it", code="damaged"
        ) from error


def _of_a_value(error: BaseException | None) -> bool:
    """Whether SQLite, or its driver, complains of a value: too long, or text that is none."""
    code = getattr(error, "sqlite_errorcode", None)
    return code in (None, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH)


def first_damage(connection: Connection, scope: Scope = EVERYTHING) -> Damage | None:
    """The first damaged row, one of the scope's videos' if there is such; of others the table alone is told."""
    other = None
    admitted = _admitted(connection, scope)
    for each in damaged_rows(connection):
        if each.video_id is None or admitted is None or each.video_id in admitted:
            return each
        other = other or Damage(each.table, "a row cannot be read", each.repair)
    return other


def _admitted(connection: Connection, scope: Scope) -> set[str] | None:
    ids = None if scope.video_ids is None else set(scope.video_ids)
    asked = None if scope.collection is None else {scope.collection}
    for names in filter(lambda each: each is not None, (asked, scope.rights)):
        members = connection.exec_driver_sql(
            "SELECT video_id FROM videos JOIN video_collections USING (video_key) JOIN collections "
            "USING (collection_key) WHERE name IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(names or ())),),
        )
        among = {str(each) for each in members.scalars()}
        ids = among if ids is None else ids & among
    return ids


def damaged_rows(connection: Connection) -> Iterator[Damage]:
    """Every damaged row, table by table; rows are read in blocks."""
    with nullcontext() if is_postgresql(connection) else _lenient(connection):
        yield from _state(connection)
        titles = _titles(connection)
        for table in schema.Base.metadata.sorted_tables:
            yield from _of_table(connection, table, titles)


@contextmanager
def _lenient(connection: Connection) -> Iterator[None]:
    """Rows of any size, and text that is none, can be fetched to be judged."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    before = driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1_000_000_000)
    try:
        yield
    finally:
        driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, before)
        driver.text_factory = str


def _state(connection: Connection) -> Iterator[Damage]:
    rows = connection.exec_driver_sql("SELECT count(*), max(library_key) FROM library").one()
    if tuple(rows) != (1, 1):
        yield Damage("library", f"it has {rows[0]} rows in place of one", "the row is written anew")


def _titles(connection: Connection) -> dict[Any, tuple[str, str]]:
    rows = connection.exec_driver_sql("SELECT video_key, video_id, substr(title, 1, 60) FROM videos")
    return {key: (_told(video_id), _told(title)) for key, video_id, title in rows}


def _told(value: Any) -> str:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else f"{value!r:.40}"


def _of_table(connection: Connection, table: Table, titles: dict[Any, tuple[str, str]]) -> Iterator[Damage]:
    owner = _owner(table)
    columns = list(table.columns)
    listed = ", ".join(f't."{column.name}"' for column in columns)
    rowid, order = "t.rowid", "ORDER BY t.rowid"
    if is_postgresql(connection):  # a place reads as a point does: (page,number)
        rowid, order = "(t.ctid::text::point)[0]::bigint * 65536 + (t.ctid::text::point)[1]::bigint", ""
    dimensions = _dimensions(connection) if table.name.endswith("_vectors") else {}
    rows = connection.exec_driver_sql(
        f'SELECT {rowid}, {owner[0]}, {listed} FROM "{table.name}" t {owner[1]} {order}',
        execution_options=STREAMED,
    )
    checks = [
        (column, column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)) for column in columns
    ]
    repair = (
        "the row goes"
        if owner[0] == "NULL"
        else "the row goes, and its stage is done again at the next index"
    )
    if table.name == "videos":
        repair = "the video is forgotten: index its file again"
    for block in rows.partitions(_BLOCK):
        for rowid, key, *values in block:
            what = _fault(table.name, checks, values, dimensions)
            if what is not None:
                video_id, title = titles.get(key, (None, None))
                yield Damage(table.name, what, repair, video_id, title, rowid)


def row_at(connection: Connection, rowid: int) -> str:
    """The condition, in SQL, that a row is the one with this ``Damage.rowid``."""
    if is_postgresql(connection):
        page, number = divmod(rowid, 65536)
        return f"ctid = '({page:d},{number:d})'"
    return f"rowid = {rowid:d}"


def _owner(table: Table) -> tuple[str, str]:
    """SQL of the key of the video that a row belongs to, and the join it needs."""
    if "video_key" in table.columns:
        return "t.video_key", ""
    if table.name == "passage_vectors":
        return "o.video_key", "LEFT JOIN passages o ON o.passage_id = t.owner_id"
    if table.name == "keyframe_vectors":
        return "o.video_key", "LEFT JOIN keyframes o ON o.keyframe_id = t.owner_id"
    return "NULL", ""


def _dimensions(connection: Connection) -> dict[Any, Any]:
    return {
        row[0]: row[1] for row in connection.exec_driver_sql("SELECT set_key, dimension FROM vector_sets")
    }


def _fault(
    table: str, checks: list[tuple[Column[Any], Any]], values: list[Any], dimensions: dict[Any, Any]
) -> str | None:
    """What is wrong with a row; None when nothing is."""
    row = {}
    for (column, process), value in zip(checks, values, strict=True):
        try:
            row[column.name] = _read(column, process, value)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            return f"{column.name} is damaged ({str(error).splitlines()[0][:80]})"
        choices = _CHOICES.get((table, column.name))
        if choices is not None and value not in choices:
            return f"{column.name} is {value!r:.40}"
    if "end_s" in row and row["end_s"] < row["start_s"]:
        return "it ends before it begins"
    if "dimension" in row and row["dimension"] < 1:
        return f"its vectors have {row['dimension']} numbers"
    size = dimensions.get(row.get("set_key")) if "vector" in row else None
    if isinstance(size, int) and len(row["vector"]) != 2 * size:
        return f"a vector has {len(row['vector'])} bytes in place of {2 * size}"
    if isinstance(size, int) and not np.isfinite(np.frombuffer(row["vector"], "<f2")).all():
        return "a vector has numbers that are not finite"
    return None


def _read(column: Column[Any], process: Any, value: Any) -> Any:
    if value is None and not column.nullable:
        raise ValueError("it is empty")
    if isinstance(value, str | bytes) and len(value) > LONGEST // 2:
        raise ValueError(f"it is {len(value)} bytes long")
    if isinstance(value, str):
        value.encode()  # bytes that are no UTF-8 came as surrogates
    if isinstance(column.type, Boolean) and value not in (None, 0, 1):
        raise ValueError(f"{value!r:.40} is neither 0 nor 1")
    if isinstance(column.type, Json) and (value is None or isinstance(value, list | dict)):
        return column.type.process_result_value(value, _DIALECT)  # PostgreSQL's driver has read it
    return value if process is None else process(value)
