"""A library verified whole, and mended: what is derived is made anew, and what a stage wrote is left to the stage.

Checked are the file (``PRAGMA integrity_check``, ``foreign_key_check``), every row (``longvid_storage.db.damage``),
the word index (each entry against ``passages.terms``) and the files in ``cache/``. In PostgreSQL files and keys are its
own affair, and in place of the cache pgvector's tables are compared with the vectors. Whether the pictures that lie
elsewhere are there is ``pictures.lost``. What only a person can do is left alone and said: a page of the file that is
lost comes back from a copy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, TextClause, bindparam, text
from sqlalchemy.exc import DBAPIError

from longvid_storage.db import list_columns, pgvector_tables, revisions, word_index
from longvid_storage.db.damage import STREAMED, Damage, damaged_rows, row_at
from longvid_storage.db.dialects import is_postgresql
from longvid_storage.db.index_files import IndexFiles
from longvid_storage.db.library_files import CACHE
from longvid_storage.db.word_indexes.entries import KINDS
from longvid_storage.db.word_indexes.fts5 import empty, table_of

_MASK = (1 << 64) - 1
# The table → the stage that writes it; what later stages make of it is done again too.
_STAGES = {
    "utterances": "transcript", "transcripts": "transcript", "passages": "transcript", "slides": "visual",
    "keyframes": "visual", "sounds": "sounds", "screen_texts": "screen_text", "segments": "structure",
    "chain_links": "summaries", "passage_vectors": "vectors", "keyframe_vectors": "vectors",
}  # fmt: skip
_LATER = ("speakers", "vectors", "structure", "summaries")
_DERIVED = "it is made anew"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found wrong, and whether it was all ``repaired``; ``left`` is what is wrong after a repair."""

    findings: tuple[Damage, ...]
    repaired: bool = False
    left: tuple[Damage, ...] = ()


def findings(connection: Connection, path: Path) -> Iterator[Damage]:
    """Everything that is wrong with the library at ``path``."""
    of_server = is_postgresql(connection)
    if not of_server:
        yield from _file(connection)
    sound = True
    for each in damaged_rows(connection):
        sound = False
        yield each
    if not of_server:
        yield from _orphans(connection)
    if sound and (told := len(list_columns.days(connection)) + len(list_columns.stages(connection))):
        yield Damage("videos", f"lists show {told} days or stages that are not those of the rows", _DERIVED)
    if of_server:
        yield from _postings(connection)
        for name, what in pgvector_tables.wrong(connection):
            yield Damage(name, what, _DERIVED)
        return
    yield from _words(connection)
    generation = connection.exec_driver_sql("SELECT max(generation) FROM library").scalar_one()
    for name in IndexFiles(path / CACHE).wrong(generation if isinstance(generation, int) else 0):
        yield Damage("cache", f"{name} is damaged or of another library", _DERIVED)


def _file(connection: Connection) -> Iterator[Damage]:
    try:
        lines = connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars().all()
    except DBAPIError as error:
        lines = [str(error.orig)]
    for line in lines:
        if line == "ok":
            continue
        if "fts5" in line.lower() and any(name in line for name in map(table_of, KINDS)):
            continue  # told, and mended, as the word index
        repair = _DERIVED if "index" in line and "missing" in line else ""
        yield Damage("library.db", " ".join(str(line).split())[:200], repair)


def _orphans(connection: Connection) -> Iterator[Damage]:
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield Damage(
            row[0], f"row {row[1]} belongs to a row of {row[2]} that is gone", "the row goes", rowid=row[1]
        )


def _postings(connection: Connection) -> Iterator[Damage]:
    """The word index in PostgreSQL."""
    held = text("SELECT passage_id, term, times FROM postings WHERE kind = :kind")
    passages = text("SELECT passage_id, terms FROM passages WHERE kind = :kind")
    for kind in KINDS:
        its = {"kind": kind}
        indexed = _sum(map(tuple, connection.execute(held, its, execution_options=STREAMED)))
        rows = connection.execute(passages, its, execution_options=STREAMED)
        meant = _sum(
            (key, term, times)
            for key, terms in rows
            for term, times in Counter(filter(None, terms.split(" "))).items()
        )
        if indexed != meant:
            what = f"its {indexed[0]} words of {kind} are not the {meant[0]} of the passages"
            yield Damage("postings", what, _DERIVED)


def _words(connection: Connection) -> Iterator[Damage]:
    for kind in KINDS:
        name = table_of(kind)
        try:
            held = connection.execute(text(f'SELECT doc, term, "offset" FROM {name}_terms'))
            indexed = _sum((doc, term, at) for doc, term, at in held)
        except DBAPIError as error:
            yield Damage(name, f"the word index cannot be read ({error.orig})", _DERIVED)
            continue
        rows = connection.execute(
            text("SELECT passage_id, terms FROM passages WHERE kind = :kind AND typeof(terms) = 'text'"),
            {"kind": kind},
        )
        meant = _sum(
            (key, term, at) for key, terms in rows for at, term in enumerate(terms.split(" ")) if term
        )
        if indexed != meant:
            yield Damage(name, f"its {indexed[0]} words are not the {meant[0]} of the passages", _DERIVED)


def _sum(entries: Iterable[tuple[object, ...]]) -> tuple[int, int]:
    """How many, and a sum of their hashes, which does not depend on their order; nothing is kept in memory."""
    count = total = 0
    for entry in entries:
        count += 1
        total = (total + hash(entry)) & _MASK
    return count, total


def repair(connection: Connection) -> None:
    """Mend what can be mended, in the connection's write transaction."""
    of_server = is_postgresql(connection)
    if not of_server:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        empty(connection)  # first: SQLite refuses to write beside a damaged virtual table
    _mend_state(connection)
    while rows := [each for each in damaged_rows(connection) if each.rowid is not None]:
        for each in rows:
            _reopen(connection, each)
            connection.execute(_deletion(connection, each.table, each.rowid))
    while not of_server and (orphans := list(_orphans(connection))):
        for each in orphans:
            connection.execute(_deletion(connection, each.table, each.rowid))
    connection.execute(
        text(
            "DELETE FROM collections WHERE collection_key NOT IN (SELECT collection_key FROM video_collections)"
        )
    )
    if of_server:
        pgvector_tables.renew(connection)
    else:
        connection.exec_driver_sql("REINDEX")
    word_index.rebuild(connection)
    list_columns.write_all(connection)
    revisions.bump(connection)


def _deletion(connection: Connection, table: str, rowid: int | None) -> TextClause:
    assert rowid is not None
    return text(f'DELETE FROM "{table}" WHERE {row_at(connection, rowid)}')


def _mend_state(connection: Connection) -> None:
    """The one row; passages are analysed again at the next write where it is not known what made their terms."""
    asked = text("SELECT generation, analysis FROM library WHERE library_key = 1")
    row = connection.execute(asked).first()
    generation = row[0] if row and isinstance(row[0], int) and row[0] >= 0 else 0
    analysis = row[1] if row and isinstance(row[1], str) else None
    connection.execute(text("DELETE FROM library"))
    made = text("INSERT INTO library (library_key, generation, analysis) VALUES (1, :generation, :analysis)")
    connection.execute(made, {"generation": generation, "analysis": analysis})


def _reopen(connection: Connection, damage: Damage) -> None:
    """Take back the completion records of the stage that wrote the row and of those after it."""
    if damage.table == "vector_sets" and damage.rowid is not None:
        connection.execute(text("DELETE FROM stages WHERE stage = 'vectors'"))
        its = f"SELECT set_key FROM vector_sets WHERE {row_at(connection, damage.rowid)}"
        for table in ("passage_vectors", "keyframe_vectors"):
            connection.execute(text(f"DELETE FROM {table} WHERE set_key = ({its})"))
    stage = _STAGES.get(damage.table)
    if stage is None or damage.video_id is None:
        return
    stages = [stage, *_LATER]
    if damage.table == "passages":
        stages += ["screen_text", "sounds"]
    its = "SELECT video_key FROM videos WHERE video_id = :video_id"
    again = text(f"DELETE FROM stages WHERE stage IN :stages AND video_key = ({its})")
    again = again.bindparams(bindparam("stages", expanding=True))
    connection.execute(again, {"stages": stages, "video_id": damage.video_id})
