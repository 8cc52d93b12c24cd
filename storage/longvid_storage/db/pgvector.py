"""The vector index of a library in PostgreSQL: pgvector is asked, so that no process holds the vectors themselves.

What few are admitted are compared one by one; of many the HNSW index is asked, with the scope inside the query
(iterative scan), or the signs, a bit each, are compared in this process (``scope_signs``). The tables are those of
``pgvector_tables``, whose ``halfvec`` are the numbers of the vectors in SQL, bit by bit (``longvid check``): what a
rounded question or signs have named is scored by them, with the question as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    FromClause,
    ScalarSelect,
    Select,
    TableClause,
    cast,
    func,
    literal,
    literal_column,
    select,
    true,
)

from longvid_storage.db import pgvector_tables
from longvid_storage.db.pgvector_tables import Numbers, index_of, near_table, prepared, written
from longvid_storage.db.schema import Video
from longvid_storage.db.scope import video_conditions
from longvid_storage.db.scope_signs import ScopeSigns
from longvid_storage.db.vectors import PICTURE, IndexedSet
from longvid_storage.db.view import View
from longvid_storage.types import EVERYTHING, Scope

PATIENCE = 12_000
"""Of a scope of times or of a speaker, up to the root of so many times all are compared: the graph comes to ``k`` that
it admits by way of all the others around (40 µs each, of a tenth of a million 240 ms), a comparison takes 1.4 µs."""
LARGE = 3
"""Of a scope of whole videos up to so many-th part of all is compared by signs: of three tenths of a million 19 ms,
where the graph takes 27, of nine tenths 27 and 16."""
_BY_SIGNS, _LEAST = 7, 1500
"""So many times ``k`` are named by their signs, and so many at least, whose vectors decide: of 100,000 passages 0.990
of the 416 nearest, and the ten nearest. Five times as many name 0.980, ten times as many by the vectors' own 384 signs
0.989."""
_MOST_SCANNED = (
    200_000  # a scope that admits nothing near the question ends there, and is then compared one by one
)


def nearest(
    view: View,
    part: IndexedSet,
    vector: NDArray[np.float32],
    k: int,
    signs: ScopeSigns,
    admitted: int | None = None,
) -> list[tuple[int, float]] | None:
    """(owner id, inner product) of the about ``k`` nearest that the view admits, in any order; None where the tables
    do not hold what the library does, as the view sees it.

    All are compared where few are ``admitted`` (about so many; None: it is counted), by their vectors or ``signs``; see
    ``PATIENCE``, ``LARGE`` and ``pgvector_tables.EXACT``.
    """
    connection, scope, near = view.connection, view.scope, near_table(part.table)
    if not prepared(connection):
        return None
    settings = {
        "hnsw.ef_search": min(1000, max(800, 2 * k)),
        "hnsw.iterative_scan": "relaxed_order",
        "hnsw.max_scan_tuples": _MOST_SCANNED,
        "hnsw.scan_mem_multiplier": 16,
    }
    youngest = [select(func.max(each.vector_id)).scalar_subquery() for each in (part.table, near.c)]
    has_index = func.to_regclass(index_of(near, part.set_key)).is_not(None)
    told = (func.set_config(name, str(value), True) for name, value in settings.items())
    last, entered, indexed, *_ = connection.execute(select(*youngest, has_index, *told)).one()
    if last != entered:
        return None
    conditions = _conditions(near, part, scope)
    exact, most = pgvector_tables.EXACT, 0  # by their vectors, and by signs
    few = isqrt(PATIENCE * (last or 0))
    if _of_whole_videos(part, scope):
        most = signs.most(part.dimension)
        few = min((last or 0) // LARGE, most)
    few = max(few, exact)
    if admitted is None and indexed and scope != EVERYTHING:
        some = select(near.c.vector_id).where(*conditions).limit(few + 1).subquery()
        admitted = int(connection.execute(select(func.count()).select_from(some)).scalar_one())
    if indexed and (scope == EVERYTHING or (admitted or 0) > few):
        found = _scored(connection, _by_index(near, part, scope, vector, k), vector)
        if len(found) == k:
            return found
    if exact < (admitted or 0) <= most:
        named = signs.named(view, part, vector, max(_LEAST, _BY_SIGNS * k))
        return _scored(connection, _by_ids(near, named, vector, k), vector)
    return _scored(connection, _one_by_one(near, conditions, vector, k), vector)


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
    near: TableClause, part: IndexedSet, scope: Scope, vector: NDArray[np.float32], k: int
) -> Select[Any]:
    """Of the nearest distinct vectors that any admitted row has, those rows."""
    equal = near.alias("equal")
    far = _far(near, vector, Numbers(f"halfvec({part.dimension})"))
    leading = select(near.c.same, far.label("far")).where(*_conditions(near, part, EVERYTHING), near.c.leads)
    its = (equal.c.same == near.c.same, *_conditions(equal, part, scope))
    if scope != EVERYTHING:  # as a value, not EXISTS: the rows come in the order of the graph
        leading = leading.where(select(true()).where(*its).limit(1).scalar_subquery())
    found = leading.order_by(far).limit(k).subquery()
    its = (equal.c.same == found.c.same, *_conditions(equal, part, scope))
    rows = select(equal.c.owner_id, equal.c.vector).where(*its).order_by(equal.c.owner_id).limit(k).lateral()
    query = select(rows.c.owner_id, rows.c.vector).select_from(found.join(rows, true()))
    return query.order_by(found.c.far, rows.c.owner_id).limit(k)


def _by_ids(
    near: TableClause, vector_ids: NDArray[np.int64], vector: NDArray[np.float32], k: int
) -> Select[Any]:
    """Of these vectors the nearest."""
    ids = cast(literal("{" + ",".join(map(str, vector_ids.tolist())) + "}"), Numbers("bigint[]"))
    far = _far(near, vector, Numbers("halfvec"))
    query = select(near.c.owner_id, near.c.vector).where(near.c.vector_id == func.any(ids))
    return query.order_by(far, near.c.owner_id).limit(k)


def _one_by_one(
    near: TableClause, conditions: Sequence[ColumnElement[bool]], vector: NDArray[np.float32], k: int
) -> Select[Any]:
    """All of them; the question is rounded to halves, which more are asked for than are wanted for.

    The index is one of the vectors cast to their length, so that it is not asked for this.
    """
    far = _far(near, vector, Numbers("halfvec"))
    return select(near.c.owner_id, near.c.vector).where(*conditions).order_by(far, near.c.owner_id).limit(k)


def _far(near: FromClause, vector: NDArray[np.float32], kind: Numbers) -> ColumnElement[float]:
    """The inner product, negated."""
    rows = near.c.vector if kind.name == "halfvec" else cast(near.c.vector, kind)
    found: ColumnElement[float] = rows.op("<#>", return_type=Double())(_once(written(vector), kind))
    return found


def _once(question: str, kind: Numbers) -> ScalarSelect[str]:
    """The question as pgvector's type, in a subquery, so that it is read once. A cast parameter is read for each row,
    should PostgreSQL plan the prepared statement without knowing it: twice the time for 416 rows.
    """
    return select(cast(literal(question), kind)).scalar_subquery()


def _scored(
    connection: Connection, named: Select[Any], vector: NDArray[np.float32]
) -> list[tuple[int, float]]:
    """The rows of ``named`` (owner id, vector) with their inner products."""
    rows = named.subquery()
    far = _far(rows, vector, Numbers("vector"))
    return [(owner_id, -each) for owner_id, each in connection.execute(select(rows.c.owner_id, far))]
