"""The word index: for each kind of passage the inverted index over its analysed terms, as the database keeps it.

One index for each kind of passage, so that document frequency and mean length are those of comparable texts. Search
counts terms itself (``longvid_storage.search.lexical``): a scope's statistics are those of the scope, and the numbers
are the same on every database. Terms arrive analysed (``longvid_storage.text.analysis``), joined by spaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Select, select

from longvid_storage.db.dialects import is_postgresql
from longvid_storage.db.schema import PassageRow
from longvid_storage.db.word_indexes.entries import Entries, checked_kind


class WordIndex(Protocol):
    """What a database does for the word index."""

    def create(self, connection: Connection) -> None:
        """Make the empty index."""
        ...

    def add(self, connection: Connection, entries: Entries) -> None:
        """Enter passages."""
        ...

    def remove(self, connection: Connection, entries: Entries) -> None:
        """Take passages out, by the entries they were entered with."""
        ...

    def compact(self, connection: Connection) -> None:
        """Leave nothing of removed entries in the files."""
        ...

    def clear(self, connection: Connection) -> None:
        """Drop every entry."""
        ...

    def postings(self, kind: str, terms: Iterable[str]) -> Select[Any]:
        """A query of (term, doc, times) of these terms, ``doc`` being the passage's id; where a pair comes in several
        rows, their times add up.
        """
        ...

    def holding(self, kind: str, phrases: Sequence[Sequence[str]]) -> Select[Any]:
        """A query of the ids of passages that contain any of the phrases (runs of adjacent terms), as ``doc``."""
        ...


def word_index_of(connection: Connection) -> WordIndex:
    """The index of the connection's database."""
    if is_postgresql(connection):
        from longvid_storage.db.word_indexes.posting_table import PostingTable

        return PostingTable()
    from longvid_storage.db.word_indexes.fts5 import FTS5

    return FTS5()


def create(connection: Connection) -> None:
    """Make the empty index."""
    word_index_of(connection).create(connection)


def add(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Enter passages; each row has ``passage_id``, ``kind`` and ``terms``."""
    word_index_of(connection).add(connection, _by_kind(rows))


def remove(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Take passages out, by the rows they were entered with."""
    word_index_of(connection).remove(connection, _by_kind(rows))


def compact(connection: Connection) -> None:
    """Merge the index so that nothing of removed entries stays in its files."""
    word_index_of(connection).compact(connection)


def rebuild(connection: Connection) -> None:
    """Make the index anew from ``passages.terms``."""
    word_index_of(connection).clear(connection)
    columns = select(PassageRow.passage_id, PassageRow.kind, PassageRow.terms)
    for part in connection.execute(columns).partitions(10_000):
        add(connection, [row._asdict() for row in part])


def _by_kind(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["terms"]:
            entry = {"passage_id": row["passage_id"], "terms": row["terms"]}
            grouped.setdefault(checked_kind(row["kind"]), []).append(entry)
    return grouped
