"""The tables of vectors in a library in PostgreSQL, for pgvector (0.8 or newer): made, filled, compared, made anew.

Beside each table of vectors lies one of ``halfvec``, derived from it: its rows go with those they were made of, and
all that is younger than its youngest row is still to be entered (writers follow one another, and ids ascend). A set
that grows past ``EXACT`` gets an HNSW index (Malkov & Yashunin 2016, arXiv 1603.09320). In it is one row of each
distinct vector, the one that ``leads``: what is said a thousand times would fill the lists of neighbours with its
equals, and hide others. The equals have the same ``same``, a hash of the vector; where the one that leads goes, the
eldest of them does. ``signs`` (``longvid_storage.sign_bits``) lie in the index by video. ``pgvector`` asks them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnClause,
    Connection,
    FromClause,
    Row,
    TableClause,
    and_,
    cast,
    column,
    func,
    insert,
    select,
    table,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import UserDefinedType

from longvid_storage.db.dialects import each_id, is_postgresql
from longvid_storage.db.schema import (
    KeyframeRow,
    KeyframeVector,
    PassageRow,
    PassageVector,
    VectorSet,
)
from longvid_storage.sign_bits import signs_of

EXACT = 50_000
"""A set of more has an index; so many vectors are compared one by one: 34 ms for 43,661, of which the graph misses a
few."""
_OLDEST = "{0,8}"  # knows iterative scans
_WIDEST = 4000  # numbers of a vector that HNSW takes
_BATCH = 2000
_OWNERS: dict[type[PassageVector] | type[KeyframeVector], FromClause] = {
    PassageVector: PassageRow.__table__,
    KeyframeVector: KeyframeRow.__table__,
}
_TABLES = tuple(_OWNERS)


# At the end of a transaction, since a video goes a row at a time, and what is put anew may lead by then.
_FOLLOWING = (
    "CREATE OR REPLACE FUNCTION follow_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "UPDATE {name} SET leads = true WHERE vector_id = (SELECT min(vector_id) FROM {name} "
    "WHERE set_key = OLD.set_key AND same = OLD.same HAVING NOT bool_or(leads)); RETURN NULL; END $$",
    "CREATE CONSTRAINT TRIGGER follow_{name} AFTER DELETE ON {name} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
    "WHEN (OLD.leads) EXECUTE FUNCTION follow_{name}()",
)


class Numbers(UserDefinedType[str]):
    """pgvector's types, as text: ``[1.0,2.0]``."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **options: Any) -> str:
        """The type's name in SQL."""
        return self.name


def near_table(of: type[PassageVector] | type[KeyframeVector]) -> TableClause:
    """The table of ``halfvec`` beside a table of vectors."""
    names = ("vector_id", "owner_id", "video_key", "set_key", "vector", "same", "leads", "signs")
    columns: list[ColumnClause[Any]] = [column(name) for name in names]
    return table(f"near_{of.__tablename__}", *columns)


def index_of(near: TableClause, set_key: int) -> str:
    """The name of the HNSW index of a set, where it has one."""
    return f"ix_{near.name}_{set_key}"


def lacking(connection: Connection) -> bool:
    """Whether the tables are not there, though the server has a pgvector that can make them."""
    known = (
        "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector' "
        f"AND CAST(string_to_array(coalesce(installed_version, default_version), '.') AS INT[]) >= '{_OLDEST}'"
    )
    return not prepared(connection) and bool(connection.execute(text(known)).scalar_one())


def prepare(connection: Connection) -> None:
    """Make the tables and enter what is missing, where they are ``lacking`` and this user may."""
    if not lacking(connection):
        return
    try:
        with connection.begin_nested():
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
            for of in _TABLES:
                name = near_table(of).name
                connection.execute(text(f"DROP TABLE IF EXISTS {name}"))  # of an older longvid
                connection.execute(
                    text(
                        f"CREATE TABLE {name} (vector_id BIGINT PRIMARY KEY REFERENCES {of.__tablename__} "
                        "ON DELETE CASCADE, owner_id BIGINT NOT NULL, video_key BIGINT NOT NULL, "
                        "set_key BIGINT NOT NULL, vector halfvec NOT NULL, same BIGINT NOT NULL, "
                        "leads BOOLEAN NOT NULL, "
                        "signs BIT VARYING NOT NULL)"
                    )
                )
                by_video = "(set_key, video_key) INCLUDE (vector_id, signs)"
                for columns in ("(owner_id)", by_video, "(set_key, same, owner_id)"):
                    connection.execute(text(f"CREATE INDEX ON {name} {columns}"))
                for statement in _FOLLOWING:
                    connection.execute(text(statement.format(name=name)))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":  # insufficient privilege
            raise
    fill(connection)


def prepared(connection: Connection) -> bool:
    """Whether the tables are there and this user may read them."""
    asked = " AND ".join(
        f"coalesce(has_table_privilege(to_regclass('{near_table(of).name}'), 'SELECT'), false) AND EXISTS (SELECT FROM "
        f"pg_attribute WHERE attrelid = to_regclass('{near_table(of).name}') AND attname = 'signs' "
        "AND attgenerated = '')"  # an older longvid had PostgreSQL make other ones
        for of in _TABLES
    )
    return bool(connection.execute(text(f"SELECT {asked}")).scalar_one())


def fill(connection: Connection) -> None:
    """Enter the vectors that are younger than the youngest entered, and index sets that have grown large."""
    if not is_postgresql(connection) or not prepared(connection):
        return
    for of in _TABLES:
        near = near_table(of)
        last = connection.execute(select(func.coalesce(func.max(near.c.vector_id), 0))).scalar_one()
        owner = _OWNERS[of]
        columns = (of.vector_id, of.owner_id, owner.c.video_key, of.set_key, of.vector)
        while rows := connection.execute(
            select(*columns).join(owner).where(of.vector_id > last).order_by(of.vector_id).limit(_BATCH)
        ).all():
            kinds = {"vector": Numbers("halfvec"), "signs": Numbers("bit varying")}
            values = {name: cast(text(f":{name}"), kind) for name, kind in kinds.items()}
            connection.execute(insert(near).values(values), _entries(connection, near, rows))
            last = rows[-1].vector_id
        _index_large(connection, near)


def _entries(connection: Connection, near: TableClause, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Rows of ``near``; the first of its equals leads."""
    hashes = [_hash(row.vector) for row in rows]
    query = select(near.c.set_key, near.c.same).where(near.c.leads, near.c.same.in_(each_id(hashes)))
    led = {tuple(row) for row in connection.execute(query)}
    entered = []
    for row, same in zip(rows, hashes, strict=True):
        leads = (row.set_key, same) not in led
        led.add((row.set_key, same))
        halves = _halves(row.vector)
        its = {"vector": written(halves), "signs": written_signs(halves)}
        entered.append({**row._asdict(), **its, "same": same, "leads": leads})
    return entered


def _hash(vector: bytes) -> int:
    return int.from_bytes(blake2b(vector, digest_size=8).digest(), signed=True)


def _halves(vector: bytes) -> NDArray[np.float16]:
    return np.frombuffer(vector, "<f2")


def written(vector: NDArray[Any]) -> str:
    """A vector as pgvector reads it."""
    return json.dumps(vector.astype(np.float32).tolist())


def written_signs(vector: NDArray[np.floating]) -> str:
    """Its signs as PostgreSQL reads bits."""
    return (np.unpackbits(signs_of(vector[None])) + ord("0")).tobytes().decode()


def graph_megabytes(count: int, dimension: int, buffers: int) -> int:
    """The memory to build a graph in, which is many times faster where all of it fits (a vector of 384 numbers takes
    1,454 bytes in it): 2 GB at the most, or as much as the server has been given ``buffers`` (bytes).
    """
    return min(max(2048, buffers // 2**20), 64 + count * (2 * dimension + 704) // 1_000_000)


def _index_large(connection: Connection, near: TableClause) -> None:
    names = text("SELECT indexname FROM pg_indexes WHERE tablename = :near AND indexdef LIKE '%USING hnsw%'")
    indexed = set(connection.execute(names, {"near": near.name}).scalars())
    for key, dimension in connection.execute(select(VectorSet.set_key, VectorSet.dimension)).all():
        name = index_of(near, key)
        if name in indexed or dimension > _WIDEST:
            indexed.discard(name)
            continue
        held = select(func.count()).select_from(near).where(near.c.set_key == key)
        if (count := connection.execute(held).scalar_one()) <= EXACT:
            continue
        buffers = text("SELECT pg_size_bytes(current_setting('shared_buffers'))")
        room = graph_megabytes(count, dimension, connection.execute(buffers).scalar_one())
        connection.execute(text(f"SET LOCAL maintenance_work_mem = '{room}MB'"))
        connection.execute(
            text(
                f"CREATE INDEX {name} ON {near.name} USING hnsw ((vector::halfvec({dimension})) halfvec_ip_ops) "
                f"WITH (m = 16, ef_construction = 100) WHERE set_key = {key} AND leads"
            )
        )
    for name in indexed:  # of sets that are no more
        connection.execute(text(f"DROP INDEX {name}"))


def wrong(connection: Connection) -> Iterator[tuple[str, str]]:
    """(table, what is wrong with it) where the tables are not what ``fill`` makes of the vectors, row by row."""
    if not prepared(connection):
        return
    for of in _TABLES:
        near, owner = near_table(of), _OWNERS[of]
        keys = (
            (near.c.owner_id, of.owner_id),
            (near.c.set_key, of.set_key),
            (near.c.video_key, owner.c.video_key),
        )
        its = and_(*(held == meant for held, meant in keys))
        sent_as = func.halfvec_send(near.c.vector), func.varbit_send(near.c.signs)
        query = select(of.vector, near.c.same, *sent_as, its).select_from(of)
        query = query.join(owner).outerjoin(near, near.c.vector_id == of.vector_id)
        rows = connection.execute(query, execution_options={"stream_results": True})
        count = right = 0
        for vector, same, sent, signs, of_its_owner in rows:
            count += 1
            halves = _halves(vector)
            right += (
                bool(of_its_owner)
                and same == _hash(vector)
                and sent[4:] == halves.astype(">f2").tobytes()
                and signs[4:] == signs_of(halves[None]).tobytes()
            )
        if right < count:
            yield (
                near.name,
                f"{count - right} of {count} vectors are not there as they are in {of.__tablename__}",
            )
        group = select(near.c.same).group_by(near.c.set_key, near.c.same)
        alone = func.count().filter(near.c.leads) == 1
        unled = connection.execute(
            select(func.count()).select_from(group.having(~alone).subquery())
        ).scalar_one()
        if unled:
            yield near.name, f"of {unled} distinct vectors none leads, or several do"


def renew(connection: Connection) -> None:
    """Make the tables anew, where they are."""
    if prepared(connection):
        connection.execute(
            text("SET CONSTRAINTS ALL IMMEDIATE")
        )  # whoever follows does so before the table goes
        for of in _TABLES:
            connection.execute(text(f"DROP TABLE {near_table(of).name}"))
        prepare(connection)
