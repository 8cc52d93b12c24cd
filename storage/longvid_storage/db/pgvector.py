"""The vector index of a library in PostgreSQL: pgvector (0.8 or newer), so that no process holds the vectors itself.

Beside each table of vectors lies one of ``halfvec``, derived from it: its rows go with those they were made of, and
all that is younger than its youngest row is still to be entered (writers follow one another, and ids ascend). A set
that grows past ``EXACT`` gets an HNSW index (Malkov & Yashunin 2016, arXiv 1603.09320), which is asked with the scope
inside the query (iterative scan). In it is one row of each distinct vector, the one that ``leads``: what is said a
thousand times would fill the lists of neighbours with its equals, and hide others. The equals have the same ``same``, a
hash of the vector; where the one that leads goes, the eldest of them does. One bit a number (``signs``) lies in the
index by video, so that what a large scope admits is compared without reading its vectors. Here vectors are named;
whoever asks scores them anew by the truth.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Connection,
    Double,
    FromClause,
    Row,
    Select,
    TableClause,
    and_,
    cast,
    column,
    func,
    insert,
    literal,
    literal_column,
    select,
    table,
    text,
    true,
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
    Video,
)
from longvid_storage.db.scope import video_conditions
from longvid_storage.db.vectors import PICTURE, IndexedSet
from longvid_storage.types import EVERYTHING, Scope

EXACT = 50_000
"""Up to so many admitted vectors are compared one by one: 34 ms for 43,661, of which the graph misses a few."""
PATIENCE = 12_000
"""Of a scope more are compared, of whole videos by signs, up to the root of so many times all: the graph comes to ``k``
that it admits by way of all the others around (40 µs each, of a tenth of a million 240 ms), and a comparison takes
1.4 µs (142 ms)."""
_BY_SIGNS = 10
"""So many times ``k`` are named by their signs, whose vectors decide; of 100,000 passages 0.992 of the 400 nearest."""
_OLDEST = "{0,8}"  # knows iterative scans
_WIDEST = 4000  # numbers of a vector that HNSW takes
_BATCH = 2000
_MOST_SCANNED = (
    200_000  # a scope that admits nothing near the question ends there, and is then compared one by one
)
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


class _Numbers(UserDefinedType[str]):
    """pgvector's types, as text: ``[1.0,2.0]``."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **options: Any) -> str:
        """The type's name in SQL."""
        return self.name


def _near(of: type[PassageVector] | type[KeyframeVector]) -> TableClause:
    names = ("vector_id", "owner_id", "video_key", "set_key", "vector", "same", "leads", "signs")
    columns: list[ColumnClause[Any]] = [column(name) for name in names]
    return table(f"near_{of.__tablename__}", *columns)


def _index(near: TableClause, set_key: int) -> str:
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
                name = _near(of).name
                connection.execute(text(f"DROP TABLE IF EXISTS {name}"))  # of an older longvid
                connection.execute(
                    text(
                        f"CREATE TABLE {name} (vector_id BIGINT PRIMARY KEY REFERENCES {of.__tablename__} "
                        "ON DELETE CASCADE, owner_id BIGINT NOT NULL, video_key BIGINT NOT NULL, "
                        "set_key BIGINT NOT NULL, vector halfvec NOT NULL, same BIGINT NOT NULL, "
                        "leads BOOLEAN NOT NULL, "
                        "signs BIT VARYING NOT NULL GENERATED ALWAYS AS (binary_quantize(vector)) STORED)"
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
        f"coalesce(has_table_privilege(to_regclass('{_near(of).name}'), 'SELECT'), false) AND EXISTS (SELECT FROM "
        f"pg_attribute WHERE attrelid = to_regclass('{_near(of).name}') AND attname = 'signs')"
        for of in _TABLES
    )
    return bool(connection.execute(text(f"SELECT {asked}")).scalar_one())


def fill(connection: Connection) -> None:
    """Enter the vectors that are younger than the youngest entered, and index sets that have grown large."""
    if not is_postgresql(connection) or not prepared(connection):
        return
    for of in _TABLES:
        near = _near(of)
        last = connection.execute(select(func.coalesce(func.max(near.c.vector_id), 0))).scalar_one()
        owner = _OWNERS[of]
        columns = (of.vector_id, of.owner_id, owner.c.video_key, of.set_key, of.vector)
        while rows := connection.execute(
            select(*columns).join(owner).where(of.vector_id > last).order_by(of.vector_id).limit(_BATCH)
        ).all():
            values = {"vector": cast(text(":vector"), _Numbers("halfvec"))}
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
        vector = _written(_halves(row.vector))
        entered.append({**row._asdict(), "vector": vector, "same": same, "leads": leads})
    return entered


def _hash(vector: bytes) -> int:
    return int.from_bytes(blake2b(vector, digest_size=8).digest(), signed=True)


def _halves(vector: bytes) -> NDArray[np.float16]:
    return np.frombuffer(vector, "<f2")


def _written(vector: NDArray[Any]) -> str:
    return json.dumps(vector.astype(np.float32).tolist())


def _index_large(connection: Connection, near: TableClause) -> None:
    names = text("SELECT indexname FROM pg_indexes WHERE tablename = :near AND indexdef LIKE '%USING hnsw%'")
    indexed = set(connection.execute(names, {"near": near.name}).scalars())
    for key, dimension in connection.execute(select(VectorSet.set_key, VectorSet.dimension)).all():
        name = _index(near, key)
        if name in indexed or dimension > _WIDEST:
            indexed.discard(name)
            continue
        held = select(func.count()).select_from(near).where(near.c.set_key == key)
        if (count := connection.execute(held).scalar_one()) <= EXACT:
            continue
        # The graph is built several times faster where all of it fits.
        megabytes = min(2048, 64 + count * (2 * dimension + 512) // 1_000_000)
        connection.execute(text(f"SET LOCAL maintenance_work_mem = '{megabytes}MB'"))
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
        near, owner = _near(of), _OWNERS[of]
        keys = (
            (near.c.owner_id, of.owner_id),
            (near.c.set_key, of.set_key),
            (near.c.video_key, owner.c.video_key),
        )
        its = and_(*(held == meant for held, meant in keys))
        query = select(of.vector, near.c.same, func.halfvec_send(near.c.vector), its).select_from(of)
        query = query.join(owner).outerjoin(near, near.c.vector_id == of.vector_id)
        rows = connection.execute(query, execution_options={"stream_results": True})
        count = right = 0
        for vector, same, sent, of_its_owner in rows:
            count += 1
            halves = _halves(vector).astype(">f2").tobytes()
            right += bool(of_its_owner) and same == _hash(vector) and sent[4:] == halves
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
            connection.execute(text(f"DROP TABLE {_near(of).name}"))
        prepare(connection)


def named(
    connection: Connection,
    part: IndexedSet,
    vector: NDArray[np.float32],
    k: int,
    scope: Scope,
    admitted: int | None = None,
) -> NDArray[np.int64] | None:
    """(vector id, owner id) of the about ``k`` nearest that ``scope`` admits, by vector id, shape (n, 2); None where
    the tables do not hold what the library does, as this connection sees it.

    All are compared where few are ``admitted`` (about so many; None: it is counted); see ``EXACT`` and ``PATIENCE``.
    """
    near = _near(part.table)
    if not prepared(connection):
        return None
    youngest = [select(func.max(each.vector_id)).scalar_subquery() for each in (part.table, near.c)]
    has_index = func.to_regclass(_index(near, part.set_key)).is_not(None)
    last, entered, indexed = connection.execute(select(youngest[0], youngest[1], has_index)).one()
    if last != entered:
        return None
    conditions = _conditions(near, part, scope)
    wanted = select(near.c.vector_id, near.c.owner_id).where(*conditions)
    few = max(EXACT, isqrt(PATIENCE * (last or 0)))
    if admitted is None and indexed and scope != EVERYTHING:
        some = wanted.limit(few + 1).subquery()
        admitted = int(connection.execute(select(func.count()).select_from(some)).scalar_one())
    if indexed and (scope == EVERYTHING or (admitted or 0) > few):
        found = _by_index(connection, near, part, scope, vector, k)
        if len(found) == k:
            return found
    elif _of_whole_videos(part, scope) and (admitted or 0) > EXACT:
        return _by_signs(connection, wanted, near, part, vector, k)
    return _one_by_one(connection, wanted, near, vector, k)


def _conditions(near: FromClause, part: IndexedSet, scope: Scope) -> list[ColumnElement[bool]]:
    """That a row of ``near`` is of the set and the scope admits it."""
    # A plan is made for one set: its index is known by a condition without parameters.
    conditions = [near.c.set_key == literal_column(str(part.set_key))]
    if _of_whole_videos(part, scope):  # its rows lie together; one by one they cost six times as much
        keys = select(Video.video_key).where(*video_conditions(Video.video_key, scope))
        return conditions if scope == EVERYTHING else [*conditions, near.c.video_key.in_(keys)]
    return conditions if scope == EVERYTHING else [*conditions, near.c.owner_id.in_(part.owners(scope))]


def _of_whole_videos(part: IndexedSet, scope: Scope) -> bool:
    return scope.whole and part.kind != PICTURE


def _by_index(
    connection: Connection,
    near: TableClause,
    part: IndexedSet,
    scope: Scope,
    vector: NDArray[np.float32],
    k: int,
) -> NDArray[np.int64]:
    """Of the nearest distinct vectors that any admitted row has, those rows."""
    settings = {
        "hnsw.ef_search": min(1000, max(800, 2 * k)),
        "hnsw.iterative_scan": "relaxed_order",
        "hnsw.max_scan_tuples": _MOST_SCANNED,
        "hnsw.scan_mem_multiplier": 16,
    }
    connection.execute(select(*(func.set_config(name, str(value), True) for name, value in settings.items())))
    equal = near.alias("equal")
    far = _far(near, vector, _Numbers(f"halfvec({part.dimension})"))
    leading = select(near.c.same, far.label("far")).where(*_conditions(near, part, EVERYTHING), near.c.leads)
    its = (equal.c.same == near.c.same, *_conditions(equal, part, scope))
    if scope != EVERYTHING:  # as a value, not EXISTS: the rows come in the order of the graph
        leading = leading.where(select(true()).where(*its).limit(1).scalar_subquery())
    found = leading.order_by(far).limit(k).subquery()
    its = (equal.c.same == found.c.same, *_conditions(equal, part, scope))
    rows = (
        select(equal.c.vector_id, equal.c.owner_id).where(*its).order_by(equal.c.owner_id).limit(k).lateral()
    )
    query = select(rows.c.vector_id, rows.c.owner_id).select_from(found.join(rows, true()))
    return _pairs(connection, query.order_by(found.c.far, rows.c.owner_id).limit(k))


def _by_signs(
    connection: Connection,
    wanted: Select[Any],
    near: TableClause,
    part: IndexedSet,
    vector: NDArray[np.float32],
    k: int,
) -> NDArray[np.int64]:
    """Of those whose signs differ least from the question's, the nearest."""
    signs = "".join("1" if each > 0 else "0" for each in vector)
    differing = near.c.signs.op("<~>")(cast(literal(signs), _Numbers(f"bit({part.dimension})")))
    of_index = wanted.with_only_columns(near.c.vector_id)  # the table itself is not read
    like = of_index.order_by(differing, near.c.vector_id).limit(_BY_SIGNS * k).subquery()
    row = near.alias("row")
    its = select(row.c.vector_id, row.c.owner_id, row.c.vector).where(row.c.vector_id == like.c.vector_id)
    its_row = its.limit(1).lateral()  # looked up: else the whole table is read for them
    far = _far(its_row, vector, _Numbers("halfvec"))
    query = select(its_row.c.vector_id, its_row.c.owner_id).select_from(like.join(its_row, true()))
    return _pairs(connection, query.order_by(far, its_row.c.owner_id).limit(k))


def _one_by_one(
    connection: Connection, wanted: Select[Any], near: TableClause, vector: NDArray[np.float32], k: int
) -> NDArray[np.int64]:
    """All of them; the question is rounded to halves, which more are asked for than are wanted for.

    The index is one of the vectors cast to their length, so that it is not asked for this.
    """
    far = _far(near, vector, _Numbers("halfvec"))
    return _pairs(connection, wanted.order_by(far, near.c.owner_id).limit(k))


def _far(near: FromClause, vector: NDArray[np.float32], kind: _Numbers) -> ColumnElement[float]:
    """The inner product, negated."""
    question = cast(literal(_written(vector)), kind)
    rows = near.c.vector if kind.name == "halfvec" else cast(near.c.vector, kind)
    found: ColumnElement[float] = rows.op("<#>", return_type=Double())(question)
    return found


def _pairs(connection: Connection, query: Select[Any]) -> NDArray[np.int64]:
    rows = [tuple(row) for row in connection.execute(query)]
    pairs = np.array(rows, np.int64).reshape(-1, 2)
    return pairs[np.argsort(pairs[:, 0])]
