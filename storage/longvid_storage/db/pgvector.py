"""The vector index of a library in PostgreSQL: pgvector (0.8 or newer), so that no process holds the vectors itself.

Beside each table of vectors lies one of ``halfvec``, derived from it: its rows go with those they were made of, and
all that is younger than its youngest row is still to be entered (writers follow one another, and ids ascend). A set
that grows past ``EXACT`` gets an HNSW index (Malkov & Yashunin 2016, arXiv 1603.09320), which is asked with the scope
inside the query (iterative scan). Here vectors are named; whoever asks scores them anew by the truth.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Connection,
    Double,
    FromClause,
    Select,
    TableClause,
    cast,
    column,
    func,
    insert,
    literal,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import UserDefinedType

from longvid_storage.db.dialects import is_postgresql
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
"""Up to so many admitted vectors are compared one by one: 34 ms for 43,661, where the graph takes 18 and, since what is
said a thousand times fills the lists of its neighbours, never comes to a few."""
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


class _Numbers(UserDefinedType[str]):
    """pgvector's types, as text: ``[1.0,2.0]``."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **options: Any) -> str:
        """The type's name in SQL."""
        return self.name


def _near(of: type[PassageVector] | type[KeyframeVector]) -> TableClause:
    columns: list[ColumnClause[Any]] = [
        column(name) for name in ("vector_id", "owner_id", "video_key", "set_key", "vector")
    ]
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
                        "set_key BIGINT NOT NULL, vector halfvec NOT NULL)"
                    )
                )
                for columns in ("owner_id", "set_key, video_key"):
                    connection.execute(text(f"CREATE INDEX ON {name} ({columns})"))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":  # insufficient privilege
            raise
    fill(connection)


def prepared(connection: Connection) -> bool:
    """Whether the tables are there and this user may read them."""
    asked = " AND ".join(
        f"coalesce(has_table_privilege(to_regclass('{_near(of).name}'), 'SELECT'), false) AND EXISTS (SELECT FROM "
        f"pg_attribute WHERE attrelid = to_regclass('{_near(of).name}') AND attname = 'video_key')"
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
            entered = [
                {**row._asdict(), "vector": _written(np.frombuffer(row.vector, "<f2"))} for row in rows
            ]
            values = {"vector": cast(text(":vector"), _Numbers("halfvec"))}
            connection.execute(insert(near).values(values), entered)
            last = rows[-1].vector_id
        _index_large(connection, near)


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
                f"WITH (m = 16, ef_construction = 100) WHERE set_key = {key}"
            )
        )
    for name in indexed:  # of sets that are no more
        connection.execute(text(f"DROP INDEX {name}"))


def named(
    connection: Connection, part: IndexedSet, vector: NDArray[np.float32], k: int, scope: Scope
) -> NDArray[np.int64] | None:
    """(vector id, owner id) of the about ``k`` nearest that ``scope`` admits, by vector id, shape (n, 2); None where
    the tables do not hold what the library does, as this connection sees it.

    All are compared where at most ``EXACT`` are admitted.
    """
    near = _near(part.table)
    if not prepared(connection):
        return None
    youngest = [select(func.max(each.vector_id)).scalar_subquery() for each in (part.table, near.c)]
    has_index = func.to_regclass(_index(near, part.set_key)).is_not(None)
    current, indexed = connection.execute(
        select(youngest[0].is_not_distinct_from(youngest[1]), has_index)
    ).one()
    if not current:
        return None
    # A plan is made for one set: its index is known by a condition without parameters.
    wanted = select(near.c.vector_id, near.c.owner_id).where(
        near.c.set_key == literal_column(str(part.set_key))
    )
    if (
        scope.whole and part.kind != PICTURE
    ):  # rows of a video lie together; one by one they cost six times as much
        keys = select(Video.video_key).where(*video_conditions(Video.video_key, scope))
        wanted = wanted if scope == EVERYTHING else wanted.where(near.c.video_key.in_(keys))
    elif scope != EVERYTHING:
        wanted = wanted.where(near.c.owner_id.in_(part.owners(scope)))
    if indexed and (scope == EVERYTHING or _many(connection, wanted)):
        found = _by_index(connection, wanted, near, part.dimension, vector, k)
        if len(found) == k:
            return found
    return _one_by_one(connection, wanted, near, vector, k)


def _many(connection: Connection, wanted: Select[Any]) -> bool:
    some = wanted.limit(EXACT + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one()) > EXACT


def _by_index(
    connection: Connection,
    wanted: Select[Any],
    near: TableClause,
    dimension: int,
    vector: NDArray[np.float32],
    k: int,
) -> NDArray[np.int64]:
    settings = {
        "hnsw.ef_search": min(1000, max(400, 2 * k)),  # things said a thousand times fill a short list
        "hnsw.iterative_scan": "relaxed_order",
        "hnsw.max_scan_tuples": _MOST_SCANNED,
        "hnsw.scan_mem_multiplier": 16,
    }
    connection.execute(select(*(func.set_config(name, str(value), True) for name, value in settings.items())))
    kind = _Numbers(f"halfvec({dimension})")
    far = _far(near, vector, kind)
    return _pairs(connection, wanted.order_by(far).limit(k))


def _one_by_one(
    connection: Connection, wanted: Select[Any], near: TableClause, vector: NDArray[np.float32], k: int
) -> NDArray[np.int64]:
    """All of them; the question is rounded to halves, which more are asked for than are wanted for.

    The index is one of the vectors cast to their length, so that it is not asked for this.
    """
    far = _far(near, vector, _Numbers("halfvec"))
    return _pairs(connection, wanted.order_by(far, near.c.owner_id).limit(k))


def _far(near: TableClause, vector: NDArray[np.float32], kind: _Numbers) -> ColumnElement[float]:
    """The inner product, negated."""
    question = cast(literal(_written(vector)), kind)
    rows = near.c.vector if kind.name == "halfvec" else cast(near.c.vector, kind)
    found: ColumnElement[float] = rows.op("<#>", return_type=Double())(question)
    return found


def _pairs(connection: Connection, query: Select[Any]) -> NDArray[np.int64]:
    rows = [tuple(row) for row in connection.execute(query)]
    pairs = np.array(rows, np.int64).reshape(-1, 2)
    return pairs[np.argsort(pairs[:, 0])]
