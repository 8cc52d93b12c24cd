"""The word index in SQLite: FTS5, one table for each kind of passage.

The tables are contentless: they hold the inverted index alone, and ``passages.terms`` is what an entry was made of,
which FTS5 asks for again when the entry goes. Beside each lies its vocabulary (``fts5vocab``), through which search
counts terms itself: FTS5's own BM25 counts over the whole table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, column, literal_column, select, table, text

from longvid_storage.db.dialects import each_text
from longvid_storage.db.word_indexes.entries import KINDS, Entries, checked_kind, join_terms

# Every character but a space belongs to a term. Case was folded by the analysis already.
_TOKENIZE = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"


def table_of(kind: str) -> str:
    """The FTS5 table of a kind; its vocabulary is called the same with ``_terms`` behind it."""
    return f"words_{checked_kind(kind)}"


class FTS5:
    """See ``longvid_storage.db.word_index.WordIndex``."""

    def create(self, connection: Connection) -> None:
        """Make the empty index; what is there of it stays."""
        for name in map(table_of, KINDS):
            connection.execute(
                text(
                    f"CREATE VIRTUAL TABLE IF NOT EXISTS {name} "
                    f"USING fts5(terms, content='', tokenize=\"{_TOKENIZE}\")"
                )
            )
            connection.execute(
                text(f"CREATE VIRTUAL TABLE IF NOT EXISTS {name}_terms USING fts5vocab({name}, instance)")
            )

    def add(self, connection: Connection, entries: Entries) -> None:
        """Enter passages."""
        for kind, rows in entries.items():
            connection.execute(
                text(f"INSERT INTO {table_of(kind)} (rowid, terms) VALUES (:passage_id, :terms)"), rows
            )

    def remove(self, connection: Connection, entries: Entries) -> None:
        """Take passages out; FTS5 is told again what was entered."""
        for kind, rows in entries.items():
            name = table_of(kind)
            connection.execute(
                text(f"INSERT INTO {name} ({name}, rowid, terms) VALUES ('delete', :passage_id, :terms)"),
                rows,
            )

    def compact(self, connection: Connection) -> None:
        """Merge the index so that nothing of removed entries stays in its files."""
        for name in map(table_of, KINDS):
            filled = connection.execute(text(f"SELECT 1 FROM {name}_docsize LIMIT 1")).first() is not None
            command = "optimize" if filled else "delete-all"
            connection.execute(text(f"INSERT INTO {name} ({name}) VALUES (:command)"), {"command": command})

    def clear(self, connection: Connection) -> None:
        """Drop every entry."""
        for name in map(table_of, KINDS):
            connection.execute(text(f"INSERT INTO {name} ({name}) VALUES ('delete-all')"))

    def postings(self, kind: str, terms: Iterable[str]) -> Select[Any]:
        """(term, doc, times), a row an occurrence."""
        words = table(f"{table_of(kind)}_terms", column("term"), column("doc"))
        found = select(words.c.term, words.c.doc, literal_column("1").label("times"))
        return found.where(words.c.term.in_(each_text(terms)))

    def holding(self, kind: str, phrases: Sequence[Sequence[str]]) -> Select[Any]:
        """``doc`` of each passage with a phrase."""
        name = table_of(kind)
        match = " OR ".join(filter(None, map(_phrase, phrases)))
        rowid: Any = literal_column(f"{name}.rowid")
        words = table(name, column("rowid"))
        found = select(rowid.label("doc")).select_from(words)
        return found.where(text(f"{name} MATCH :match").bindparams(match=match))


def empty(connection: Connection) -> None:
    """Make the index empty and new, whatever state its tables are in: a damaged one cannot even be dropped."""
    for name in map(table_of, KINDS):
        connection.execute(text(f"DELETE FROM {name}_data"))
        connection.execute(text(f"INSERT INTO {name}_data VALUES (1, x''), (10, x'00000000000000')"))
        connection.execute(text(f"INSERT INTO {name} ({name}) VALUES ('delete-all')"))
        connection.execute(text(f"DROP TABLE {name}_terms"))
        connection.execute(text(f"DROP TABLE {name}"))
    FTS5().create(connection)


def _phrase(terms: Sequence[str]) -> str:
    joined = join_terms(terms).replace('"', '""')
    return f'"{joined}"' if joined else ""
