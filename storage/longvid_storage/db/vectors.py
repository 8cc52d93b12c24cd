"""Vectors in SQL, the truth: float16 blobs, one for each passage or keyframe, in sets of one model and kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, delete, insert, select

from longvid_storage.db.dialects import as_ids, each_id, each_id_given
from longvid_storage.db.schema import (
    KeyframeRow,
    KeyframeVector,
    PassageRow,
    PassageVector,
    VectorSet,
)
from longvid_storage.db.scope import keyframe_conditions, passage_conditions
from longvid_storage.errors import ModelMismatchError
from longvid_storage.types import Scope

PICTURE = "picture"
_BATCH = 2000
_SETS = select(VectorSet.__table__).order_by(VectorSet.set_key)


@dataclass(frozen=True, slots=True)
class IndexedSet:
    """A vector set, as one index covers it."""

    set_key: int
    model_fingerprint: str
    dimension: int
    kind: str

    @property
    def name(self) -> str:
        """What tells it from every other of this library, now and later."""
        return f"{self.set_key} {self.model_fingerprint} {self.dimension} {self.kind}"

    @property
    def table(self) -> type[PassageVector] | type[KeyframeVector]:
        """Where its vectors are."""
        return KeyframeVector if self.kind == PICTURE else PassageVector

    def ids(self) -> Select[int, int]:
        """(vector id, owner id) of everything in it."""
        return select(self.table.vector_id, self.table.owner_id).where(self.table.set_key == self.set_key)

    def owners(self, scope: Scope) -> Select[int]:
        """Ids of what the scope admits of its kind."""
        if self.kind == PICTURE:
            return select(KeyframeRow.keyframe_id).where(*keyframe_conditions(scope))
        return select(PassageRow.passage_id).where(*passage_conditions(scope, [self.kind]))

    def admitted(self, scope: Scope) -> Select[int, int]:
        """(vector id, owner id) of everything in it that the scope admits."""
        return self.ids().where(self.table.owner_id.in_(self.owners(scope)))


def put(
    connection: Connection, kind: str, model_fingerprint: str, owner_ids: Sequence[int], array: NDArray[Any]
) -> None:
    """Store one vector an owner (a keyframe for ``"picture"``, else a passage of that kind), in place of any it had.

    Raises:
        ModelMismatchError: the array's width is not what this model wrote before.
        ValueError: the array is not (len(owner_ids), dimension) finite numbers, or an owner is of another kind.
    """
    if array.ndim != 2 or len(array) != len(owner_ids) or (len(array) and array.shape[1] == 0):
        raise ValueError(f"vectors have shape {array.shape}, expected ({len(owner_ids)}, dimension)")
    if not len(array):
        return
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused in the next line
        codes = array.astype("<f2")
    if not np.isfinite(codes).all():
        raise ValueError("vectors hold numbers that are not finite in float16: normalise them to unit length")
    ids = [int(owner_id) for owner_id in owner_ids]
    if kind != PICTURE:
        _check_kind(connection, kind, ids)
    key = _set_key(connection, model_fingerprint, array.shape[1], kind)
    table = KeyframeVector if kind == PICTURE else PassageVector
    for start in range(0, len(ids), _BATCH):
        connection.execute(delete(table).where(table.owner_id.in_(ids[start : start + _BATCH])))
    rows = [
        {"owner_id": owner_id, "set_key": key, "vector": row.tobytes()}
        for owner_id, row in zip(ids, codes, strict=True)
    ]
    connection.execute(insert(table), rows)
    drop_empty_sets(connection)


def _check_kind(connection: Connection, kind: str, ids: list[int]) -> None:
    found: set[int] = set()
    for start in range(0, len(ids), _BATCH):
        batch = PassageRow.passage_id.in_(ids[start : start + _BATCH])
        found.update(
            connection.execute(select(PassageRow.passage_id).where(batch, PassageRow.kind == kind)).scalars()
        )
    for passage_id in ids:
        if passage_id not in found:
            raise ValueError(
                f"passage {passage_id} is not of the kind {kind}: put its vector where it belongs"
            )


def _set_key(connection: Connection, fingerprint: str, dimension: int, kind: str) -> int:
    sets = connection.execute(
        select(VectorSet.__table__).where(VectorSet.model_fingerprint == fingerprint)
    ).all()
    for row in sets:
        if row.dimension != dimension:
            raise ModelMismatchError(
                f"model {fingerprint} wrote vectors of {row.dimension} numbers and now gives {dimension}: "
                "its fingerprint must change with its output"
            )
    for row in sets:
        if row.kind == kind:
            return int(row.set_key)
    values = {"model_fingerprint": fingerprint, "dimension": dimension, "kind": kind}
    return int(connection.execute(insert(VectorSet).values(values).returning(VectorSet.set_key)).scalar_one())


def drop_empty_sets(connection: Connection) -> None:
    """Delete the records of sets that have no vector left."""
    passages, frames = (
        select(table.set_key).where(table.set_key == VectorSet.set_key).exists()
        for table in (PassageVector, KeyframeVector)
    )
    connection.execute(delete(VectorSet).where(~passages, ~frames))


def read(connection: Connection, part: IndexedSet, vector_ids: NDArray[np.int64]) -> NDArray[np.float16]:
    """Vectors in the order of ``vector_ids``, which ascends; shape (n, dimension)."""
    blobs: list[bytes] = []
    for start in range(0, len(vector_ids), _BATCH):
        wanted = as_ids(vector_ids[start : start + _BATCH].tolist())
        blobs.extend(connection.execute(_reading(part.table), {"ids": wanted}).scalars().all())
    return rows_of(blobs, part.dimension)


@cache
def _reading(table: type[PassageVector] | type[KeyframeVector]) -> Select[bytes]:
    """Made once: making it takes longer than looking up fifty vectors."""
    wanted = table.vector_id.in_(each_id_given("ids"))
    return select(table.vector).where(wanted).order_by(table.vector_id)


def rows_of(blobs: Sequence[bytes], dimension: int | None = None) -> NDArray[np.float16]:
    """Stored vectors as an array, shape (n, dimension); ``dimension`` None: that of the first.

    Raises:
        ValueError: one has another length (a damaged library).
    """
    size = len(blobs[0]) if dimension is None else 2 * dimension
    if not size or not {*map(len, blobs)} <= {size}:
        raise ValueError(f"a vector has not the {size} bytes of its set")
    return np.frombuffer(b"".join(blobs), "<f2").reshape(len(blobs), size // 2)


def pairs(connection: Connection, query: Select[int, int]) -> NDArray[np.int64]:
    """Rows of (vector id, owner id), ascending by vector id; shape (n, 2)."""
    flat = chain.from_iterable(connection.execute(query))
    rows = np.fromiter(flat, np.int64).reshape(-1, 2)
    return rows[np.argsort(rows[:, 0])]


def within(
    connection: Connection, part: IndexedSet, scope: Scope, vector_ids: Sequence[int]
) -> NDArray[np.int64]:
    """Those of the set's vectors that the scope admits, as ``pairs`` has them.

    In two statements: in one, SQLite looks up every one of them beside every passage that is admitted (11.6 s for 432
    of 100,000).
    """
    named = pairs(connection, part.ids().where(part.table.vector_id.in_(each_id(vector_ids))))
    owner = KeyframeRow.keyframe_id if part.kind == PICTURE else PassageRow.passage_id
    admitted = part.owners(scope).where(owner.in_(each_id(named[:, 1].tolist())))
    there = np.fromiter(connection.execute(admitted).scalars(), np.int64)
    return named[np.isin(named[:, 1], there)]


def owned(
    connection: Connection, part: IndexedSet, video_keys: Sequence[int] | None = None
) -> NDArray[np.int64]:
    """Rows of (vector id, owner id, key of its video) of everything in a set, or of these videos' alone; ascending by
    vector id, shape (n, 3).
    """
    owner = (KeyframeRow.keyframe_id, KeyframeRow.video_key)
    if part.kind != PICTURE:
        owner = (PassageRow.passage_id, PassageRow.video_key)
    query = select(*owner)
    if video_keys is not None:
        query = query.where(owner[1].in_(each_id(video_keys)))
    if video_keys is not None and part.kind != PICTURE:
        query = query.where(PassageRow.kind == part.kind)
    its = np.fromiter(chain.from_iterable(connection.execute(query)), np.int64).reshape(-1, 2)
    its = its[np.argsort(its[:, 0])]
    ids = part.ids()
    if video_keys is not None:  # joined in one statement, SQLite goes through the whole set
        ids = ids.where(part.table.owner_id.in_(each_id(its[:, 0].tolist())))
    found = pairs(connection, ids)
    places = np.searchsorted(its[:, 0], found[:, 1])
    return np.column_stack([found, its[places, 1]])


def sets(connection: Connection, rights: frozenset[str] | None) -> list[IndexedSet]:
    """Every vector set; with ``rights``, those that hold anything of these collections."""
    rows = connection.execute(_SETS)
    found = [IndexedSet(row.set_key, row.model_fingerprint, row.dimension, row.kind) for row in rows]
    if rights is None:
        return found
    scope = Scope(rights=rights)
    return [each for each in found if connection.execute(each.admitted(scope).limit(1)).first()]


def parts(
    connection: Connection, kind: str, fingerprint: str | None, dimension: int, rights: frozenset[str] | None
) -> list[IndexedSet]:
    """The indexes to look into, that hold anything the reader may see.

    Raises:
        ModelMismatchError: the kind has vectors, but none that compare with this query.
    """
    for admitting in dict.fromkeys(
        (None, rights)
    ):  # to look who may see a set is only needed where one is of no use
        held = [part for part in sets(connection, admitting) if part.kind == kind]
        usable = [
            part
            for part in held
            if part.dimension == dimension and fingerprint in (None, part.model_fingerprint)
        ]
        if not held or len({part.model_fingerprint for part in usable}) == 1:
            return usable
    models = sorted({part.model_fingerprint for part in held})
    raise mismatch(kind, models, fingerprint or f"a model of {dimension} numbers")


def mismatch(kind: str, held: Sequence[str], asked: str) -> ModelMismatchError:
    """The error for a question whose model is none of those that the library's vectors are of (fingerprints)."""
    role = "image" if kind == PICTURE else "text"
    names = [fingerprint.partition("@")[0] for fingerprint in held]
    shown = " and ".join(names)
    if asked.partition("@")[0] in names:  # the same model in another version, or with other settings
        shown, asked_name = " and ".join(held), asked
    else:
        asked_name = asked.partition("@")[0]
    return ModelMismatchError(
        f"the library's {kind} vectors are of {shown} and the question's would be of {asked_name}, which cannot "
        f"be compared: search with the library's own model (--model {role}={names[0]}), or bring the library to "
        "the other one (longvid index --reprocess with the same --model)"
    )
