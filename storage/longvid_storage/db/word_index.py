"""The word index: SQLite FTS5 over analysed terms, and the counts that ranking by words rests on.

One table for each kind of passage, so that document frequency and mean length are those of comparable texts. The
tables are contentless: they hold the inverted index alone, and ``passages.terms`` is what an entry was made of, which
FTS5 asks for again when the entry goes. Beside each lies its vocabulary (``fts5vocab``), through which search counts
terms itself: FTS5's own BM25 counts over the whole table, and a scope's statistics are those of the scope.

Terms arrive analysed (``longvid_storage.text.analysis``) and are only split at spaces here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, select, text

from longvid_storage.db.schema import PassageRow

KINDS = ("screen", "sound", "speech")
# Every character but a space belongs to a term. Case was folded by the analysis already.
_TOKENIZE = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"


def table_of(kind: str) -> str:
    """The FTS5 table of a kind; its vocabulary is called the same with ``_terms`` behind it."""
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; passages are {', '.join(KINDS)}")
    return f"words_{kind}"


def join_terms(terms: Iterable[str]) -> str:
    """Analysed terms as one string for ``passages.terms``; what would break a term apart is taken out of it."""
    return " ".join(filter(None, map(_clean, terms)))


def count_terms(joined: str) -> int:
    """How many terms ``join_terms`` joined."""
    return joined.count(" ") + 1 if joined else 0


def _clean(term: str) -> str:
    return "".join(character for character in term if not character.isspace() and character != "\0")


def create(connection: Connection) -> None:
    """Make the empty index."""
    for name in map(table_of, KINDS):
        connection.execute(
            text(f"CREATE VIRTUAL TABLE {name} USING fts5(terms, content='', tokenize=\"{_TOKENIZE}\")")
        )
        connection.execute(text(f"CREATE VIRTUAL TABLE {name}_terms USING fts5vocab({name}, instance)"))


def add(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Enter passages; each row has ``passage_id``, ``kind`` and ``terms``."""
    for name, entries in _by_table(rows).items():
        connection.execute(text(f"INSERT INTO {name} (rowid, terms) VALUES (:passage_id, :terms)"), entries)


def remove(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Take passages out, by the rows they were entered with."""
    for name, entries in _by_table(rows).items():
        connection.execute(
            text(f"INSERT INTO {name} ({name}, rowid, terms) VALUES ('delete', :passage_id, :terms)"), entries
        )


def compact(connection: Connection) -> None:
    """Merge the index so that nothing of removed entries stays in its files."""
    for name in map(table_of, KINDS):
        filled = connection.execute(text(f"SELECT 1 FROM {name}_docsize LIMIT 1")).first() is not None
        command = "optimize" if filled else "delete-all"
        connection.execute(text(f"INSERT INTO {name} ({name}) VALUES (:command)"), {"command": command})


def empty(connection: Connection) -> None:
    """Make the index empty and new, whatever state its tables are in: a damaged one cannot even be dropped."""
    for name in map(table_of, KINDS):
        connection.execute(text(f"DELETE FROM {name}_data"))
        connection.execute(text(f"INSERT INTO {name}_data VALUES (1, x''), (10, x'00000000000000')"))
        connection.execute(text(f"INSERT INTO {name} ({name}) VALUES ('delete-all')"))
        connection.execute(text(f"DROP TABLE {name}_terms"))
        connection.execute(text(f"DROP TABLE {name}"))
    create(connection)


def rebuild(connection: Connection) -> None:
    """Make the index anew from ``passages.terms``."""
    for name in map(table_of, KINDS):
        connection.execute(text(f"INSERT INTO {name} ({name}) VALUES ('delete-all')"))
    columns = select(PassageRow.passage_id, PassageRow.kind, PassageRow.terms)
    for part in connection.execute(columns).partitions(10_000):
        add(connection, [row._asdict() for row in part])


def _by_table(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["terms"]:
            entry = {"passage_id": row["passage_id"], "terms": row["terms"]}
            grouped.setdefault(table_of(row["kind"]), []).append(entry)
    return grouped
