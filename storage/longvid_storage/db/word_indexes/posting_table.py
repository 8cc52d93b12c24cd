"""The word index in PostgreSQL: a table of postings, (kind, term, passage) → how often.

PostgreSQL's own full text ranks without document frequencies, and its dictionaries are not ours; a plain table gives
the numbers that SQLite's FTS5 gives, to the last bit of BM25.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, column, insert, literal, or_, select, table, text
from sqlalchemy.orm import aliased

from longvid_storage.db.dialects import each_text
from longvid_storage.db.schema import PassageRow
from longvid_storage.db.word_indexes.entries import Entries, checked_kind, join_terms

_POSTINGS = table("postings", column("kind"), column("term"), column("passage_id"), column("times"))
_BATCH = 10_000
_NAMED = 100


class PostingTable:
    """See ``longvid_storage.db.word_index.WordIndex``."""

    def create(self, connection: Connection) -> None:
        """Make the table; entries go with their passages."""
        connection.execute(
            text(
                'CREATE TABLE postings (kind TEXT COLLATE "C" NOT NULL, term TEXT COLLATE "C" NOT NULL, '
                "passage_id BIGINT NOT NULL REFERENCES passages ON DELETE CASCADE, times INTEGER NOT NULL, "
                "PRIMARY KEY (kind, term, passage_id) INCLUDE (times))"  # read without the table
            )
        )
        connection.execute(text("CREATE INDEX ix_postings_passage_id ON postings (passage_id)"))

    def add(self, connection: Connection, entries: Entries) -> None:
        """Enter passages."""
        rows = [
            {"kind": kind, "term": term, "passage_id": each["passage_id"], "times": times}
            for kind, passages in entries.items()
            for each in passages
            for term, times in Counter(each["terms"].split(" ")).items()
        ]
        for start in range(0, len(rows), _BATCH):
            connection.execute(insert(_POSTINGS), rows[start : start + _BATCH])

    def remove(self, connection: Connection, entries: Entries) -> None:
        """Nothing: the rows of a passage go with it."""

    def compact(self, connection: Connection) -> None:
        """Nothing: space of deleted rows is PostgreSQL's (``VACUUM``)."""

    def clear(self, connection: Connection) -> None:
        """Drop every entry."""
        connection.execute(text("DELETE FROM postings"))

    def postings(self, kind: str, terms: Iterable[str]) -> Select[Any]:
        """(term, doc, times)."""
        row, wanted = _POSTINGS.c, list(terms)
        found = select(row.term, row.passage_id.label("doc"), row.times)
        # Of a list that it does not see PostgreSQL expects so much that it reads the whole table: 1.4 s among a million
        # passages, where one term takes 0.02.
        named = row.term.in_(wanted if len(wanted) <= _NAMED else each_text(wanted))
        return found.where(row.kind == checked_kind(kind), named)

    def holding(self, kind: str, phrases: Sequence[Sequence[str]]) -> Select[Any]:
        """``doc`` of each passage with a phrase: those that have its first word, read."""
        row = aliased(PassageRow)
        joined = {join_terms(phrase): phrase[0] for phrase in phrases if join_terms(phrase)}
        first = {join_terms([word]) for word in joined.values()}
        among = select(self.postings(kind, sorted(first)).subquery().c.doc)
        padded = literal(" ") + row.terms + literal(" ")
        has = [padded.contains(f" {phrase} ", autoescape=True) for phrase in joined]
        return select(row.passage_id.label("doc")).where(row.passage_id.in_(among), or_(*has))
