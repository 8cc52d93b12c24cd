"""Word search: SQLite FTS5 over analysed terms; the only module that speaks SQLite's full-text dialect.

One FTS5 table for each (channel, size) of units, so that document frequency and mean length, on which BM25
rests (Robertson & Zaragoza 2009, The Probabilistic Relevance Framework), are those of comparable texts and
not a blend of sentences and five-minute windows. The tables are contentless: they hold the inverted index
alone, and ``units.terms`` is what an entry was made of, which FTS5 asks for again when the entry goes. They
are derived data: ``rebuild`` makes them from the units.

Terms arrive analysed (``longvid_storage.text.analysis``) and are only split at spaces here, so that what was
analysed is what is found.
"""

from __future__ import annotations

import re
from collections.abc import Collection as Names
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    column,
    func,
    literal_column,
    select,
    table,
    text,
)

from longvid_storage.db.filters import UNFILTERED, unit_conditions
from longvid_storage.db.rows import TermCounts
from longvid_storage.db.schema import UnitRow
from longvid_storage.types import Filters

_NAME = re.compile(r"[a-z][a-z0-9]*")
_PREFIX = "lexical_"
# Every character but a space belongs to a term. Case was folded by the analysis already.
_TOKENIZE = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"


def join_terms(terms: Iterable[str]) -> str:
    """Analysed terms as one string for ``units.terms``; what would break a term apart is taken out of it."""
    return " ".join(filter(None, map(_clean, terms)))


def count_terms(joined: str) -> int:
    """How many terms ``join_terms`` joined."""
    return joined.count(" ") + 1 if joined else 0


def _clean(term: str) -> str:
    return "".join(character for character in term if not character.isspace() and character != "\0")


def tables(connection: Connection) -> dict[str, tuple[str, str]]:
    """Existing word tables: name → (channel, size)."""
    names = connection.execute(
        text(
            "SELECT name FROM sqlite_master "
            "WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE lexical\\_%' ESCAPE '\\'"
        )
    ).scalars()
    found = {}
    for name in sorted(names):
        channel, _, size = name.removeprefix(_PREFIX).partition("_")
        found[name] = (channel, size)
    return found


def add(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Enter units into the word index; each row has ``unit_id``, ``channel``, ``size`` and ``terms``."""
    existing = set(tables(connection))
    for (channel, size), entries in _by_table(rows).items():
        name = _table_name(channel, size)
        if name not in existing:
            connection.execute(
                text(f"CREATE VIRTUAL TABLE {name} USING fts5(terms, content='', tokenize=\"{_TOKENIZE}\")")
            )
        connection.execute(text(f"INSERT INTO {name} (rowid, terms) VALUES (:unit_id, :terms)"), entries)


def remove(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Take units out of the word index, by the rows they were entered with. An empty table goes too."""
    for (channel, size), entries in _by_table(rows).items():
        name = _table_name(channel, size)
        connection.execute(
            text(f"INSERT INTO {name} ({name}, rowid, terms) VALUES ('delete', :unit_id, :terms)"), entries
        )
        if (
            connection.execute(
                text(f"SELECT count(*) FROM (SELECT 1 FROM {name}_docsize LIMIT 1)")
            ).scalar_one()
            == 0
        ):
            connection.execute(text(f"DROP TABLE {name}"))


def compact(connection: Connection) -> None:
    """Merge the index so that nothing of removed entries stays in its files."""
    for name in tables(connection):
        connection.execute(text(f"INSERT INTO {name} ({name}) VALUES ('optimize')"))


def rebuild(connection: Connection) -> None:
    """Make the word index anew from ``units.terms``."""
    for name in tables(connection):
        connection.execute(text(f"DROP TABLE {name}"))
    columns = select(UnitRow.unit_id, UnitRow.channel, UnitRow.size, UnitRow.terms)
    for part in connection.execute(columns).partitions(10_000):
        add(connection, [row._asdict() for row in part])


def search(
    connection: Connection,
    terms: Sequence[str],
    *,
    channels: Names[str] | None = None,
    sizes: Names[str] | None = None,
    filters: Filters = UNFILTERED,
    limit: int,
) -> list[tuple[int, float]]:
    """Units that contain any of ``terms``, best first, as (unit id, BM25 score > 0).

    Every filter is in the query, before the limit. Scores of different (channel, size) are comparable only
    roughly: ask for one of each to rank by score alone. Equal scores are in order of unit id.
    """
    match = match_any(terms)
    if not match or limit < 1:
        return []
    hits: list[tuple[int, float]] = []
    for name in _chosen(connection, channels, sizes):
        query = _matching(connection, name, match, filters)
        if query is not None:
            rank: ColumnElement[float] = literal_column(f"{name}.rank")
            ranked = query.add_columns(-rank).order_by(rank, literal_column(f"{name}.rowid")).limit(limit)
            hits.extend((unit_id, score) for unit_id, score in connection.execute(ranked))
    hits.sort(key=lambda hit: (-hit[1], hit[0]))
    return hits[:limit]


def matching(
    connection: Connection,
    phrases: Sequence[Sequence[str]],
    *,
    channels: Names[str] | None = None,
    sizes: Names[str] | None = None,
    filters: Filters = UNFILTERED,
) -> list[int]:
    """Ids of all units that contain any of ``phrases`` (runs of adjacent terms, in order), ascending."""
    match = " OR ".join(filter(None, map(_phrase, phrases)))
    if not match:
        return []
    found: list[int] = []
    for name in _chosen(connection, channels, sizes):
        query = _matching(connection, name, match, filters)
        if query is not None:
            found.extend(connection.execute(query).scalars())
    return sorted(found)


def counts(
    connection: Connection,
    terms: Sequence[str],
    *,
    channels: Names[str] | None = None,
    sizes: Names[str] | None = None,
    filters: Filters = UNFILTERED,
) -> TermCounts:
    """Document count, mean length in terms, and document frequency of each term, within the filters."""
    conditions = [*unit_conditions(filters, channels=channels, sizes=sizes), UnitRow.length > 0]
    documents, mean = connection.execute(
        select(func.count(), func.avg(UnitRow.length)).where(*conditions)
    ).one()
    frequency = frequencies(connection, terms, channels=channels, sizes=sizes, filters=filters)
    return TermCounts(documents, float(mean or 0.0), frequency)


def frequencies(
    connection: Connection,
    terms: Iterable[str],
    *,
    channels: Names[str] | None = None,
    sizes: Names[str] | None = None,
    filters: Filters = UNFILTERED,
) -> dict[str, int]:
    """In how many units that pass the filters each term occurs."""
    frequency = dict.fromkeys(terms, 0)
    for name in _chosen(connection, channels, sizes):
        for term in frequency:
            query = _matching(connection, name, _phrase([term]), filters)
            if query is not None:
                frequency[term] += connection.execute(
                    select(func.count()).select_from(query.subquery())
                ).scalar_one()
    return frequency


def match_any(terms: Iterable[str]) -> str:
    """An FTS5 query for any of the terms, each once."""
    return " OR ".join(dict.fromkeys(filter(None, (_phrase([term]) for term in terms))))


def _phrase(terms: Sequence[str]) -> str:
    joined = join_terms(terms).replace('"', '""')
    return f'"{joined}"' if joined else ""


def _matching(connection: Connection, name: str, match: str, filters: Filters) -> Select[Any] | None:
    """Ids of units in one word table that match and pass the filters; None when no unit can."""
    if not match:
        return None
    rowid: ColumnElement[int] = literal_column(f"{name}.rowid")
    words = table(name, column("rowid"))
    query = select(rowid).select_from(words).where(text(f"{name} MATCH :match").bindparams(match=match))
    if filters.empty:
        return query
    conditions = unit_conditions(filters)
    if filters.video_ids is not None:
        # A video's units lie close together: bounding their ids lets FTS5 skip the rest of the postings.
        low, high = connection.execute(
            select(func.min(UnitRow.unit_id), func.max(UnitRow.unit_id)).where(
                *unit_conditions(Filters(video_ids=filters.video_ids))
            )
        ).one()
        if low is None:
            return None
        query = query.where(rowid.between(low, high))
    return query.join(UnitRow, and_(UnitRow.unit_id == rowid, *conditions))


def _chosen(connection: Connection, channels: Names[str] | None, sizes: Names[str] | None) -> list[str]:
    return [
        name
        for name, (channel, size) in tables(connection).items()
        if (channels is None or channel in channels) and (sizes is None or size in sizes)
    ]


def _by_table(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        if row["terms"]:
            entry = {"unit_id": row["unit_id"], "terms": row["terms"]}
            grouped.setdefault((row["channel"], row["size"]), []).append(entry)
    return grouped


def _table_name(channel: str, size: str) -> str:
    for name in (channel, size):
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"channel or size {name!r} must be lower-case letters and digits, a letter first"
            )
    return f"{_PREFIX}{channel}_{size}"
