"""Milvus (Wang et al. 2021, SIGMOD): vectors in a collection of a server, or of a file (milvus-lite), for many
processes.

The collection is the whole of it: ids, vectors, the group of each (its video), and its part (that video's collection in
longvid), which is the partition key. It names the nearest with its own arithmetic; whoever needs exact scores takes
them from the vectors in SQL.
"""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_storage.errors import LibraryError, MissingExtraError, UsageError
from longvid_storage.search.vector_index import Admitted
from longvid_storage.search.vector_indexes.exact import best_of, places, rows_of
from longvid_storage.text.shown import without_password

_BATCH = 2000
_LISTED = 16_384  # Milvus's own limit on the results of one call
_SPARE = 16
_PART = "collection"


@dataclass(frozen=True, slots=True)
class _Kind:
    """How an index of Milvus is built, and asked for the best ``k``; ``halves``: it takes float16."""

    build: Mapping[str, Any]
    ask: Mapping[str, Any]
    widest: str = ""  # the parameter of a question that grows with k
    halves: bool = True


KINDS: Mapping[str, _Kind] = {
    "FLAT": _Kind({}, {}),
    "HNSW": _Kind({"M": 16, "efConstruction": 200}, {}, "ef"),
    "IVF_RABITQ": _Kind(
        {"nlist": 1024, "refine": True, "refine_type": "FP16"},
        {"nprobe": 64, "rbq_query_bits": 0, "refine_k": 4},
    ),
    "GPU_CAGRA": _Kind(
        {"intermediate_graph_degree": 128, "graph_degree": 64},
        {"search_width": 4},
        "itopk_size",
        halves=False,
    ),
}


class MilvusIndex:
    """Vectors as one collection; made where there is none, and taken as it is where there is.

    Args:
        dimension: of each vector.
        name: of the collection.
        server: ``milvus``, the address or the path of a file; ``index``, one of ``KINDS``. ``$MILVUS_TOKEN`` says who
            asks.

    Raises:
        MissingExtraError: pymilvus is not installed, or milvus-lite for a file. LibraryError: it cannot be reached.
    """

    def __init__(self, dimension: int, name: str, server: Mapping[str, str]) -> None:
        place = server["milvus"]
        self._name, self._dimension = name, dimension
        self._local = "://" not in place
        self._shown = without_password(place)
        self._kind_name = server.get("index", "HNSW")
        if self._kind_name not in KINDS:
            raise UsageError(f"[vectors] index is {self._kind_name!r}: it is one of {', '.join(KINDS)}")
        self._kind = KINDS[self._kind_name]
        self._client = self._connected(place)
        with self._mapped():
            if self._client.has_collection(name) and _PART not in self._fields():  # an older longvid's
                self._client.drop_collection(name)
            if not self._client.has_collection(name):
                self._make()
            self._client.load_collection(name)
            self._ids, self._parts = self._listed()

    def _connected(self, place: str) -> Any:
        for package in ("pymilvus", "milvus_lite") if self._local else ("pymilvus",):
            if importlib.util.find_spec(package) is None:
                raise MissingExtraError(f"vectors in Milvus need {package}: pip install 'longvid[milvus]'")
        from pymilvus import MilvusClient

        for name in ("pymilvus", "grpc._server"):  # what they log with tracebacks, we raise in a sentence
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        with self._mapped():
            return MilvusClient(uri=place, token=os.environ.get("MILVUS_TOKEN", ""), timeout=30)

    def _fields(self) -> list[str]:
        return [each["name"] for each in self._client.describe_collection(self._name)["fields"]]

    def _make(self) -> None:
        from pymilvus import DataType

        halves = self._kind.halves and not self._local  # milvus-lite has no float16
        schema = self._client.create_schema(auto_id=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field(_PART, DataType.INT64, is_partition_key=True)
        schema.add_field("video", DataType.INT64)
        kind = DataType.FLOAT16_VECTOR if halves else DataType.FLOAT_VECTOR
        schema.add_field("vector", kind, dim=self._dimension)
        index = self._client.prepare_index_params()
        index.add_index("vector", index_type=self._kind_name, metric_type="IP", params=dict(self._kind.build))
        self._client.create_collection(
            self._name, schema=schema, index_params=index, consistency_level="Strong"
        )

    def _listed(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        found: list[tuple[int, int]] = []
        rows = self._client.query_iterator(self._name, batch_size=_LISTED // 2, output_fields=["id", _PART])
        while batch := rows.next():
            found.extend((row["id"], row[_PART]) for row in batch)
        rows.close()
        ids, parts = np.array(found, np.int64).reshape(-1, 2).T
        ids, first = np.unique(ids, return_index=True)
        return ids, parts[first]

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return self._dimension

    def __len__(self) -> int:
        return len(self._ids)

    def ids(self) -> NDArray[np.int64]:
        """The ids of all vectors, ascending, as of when it was opened and of what was done by it since."""
        return self._ids

    def parts(self) -> NDArray[np.int64]:
        """The part of each of ``ids``."""
        return self._parts

    def insert(
        self,
        ids: NDArray[np.int64],
        vectors: NDArray[np.float16],
        groups: NDArray[np.int64] | None = None,
        parts: NDArray[np.int64] | None = None,
    ) -> None:
        """Take in vectors, shape (len(ids), dimension), each of a group and a part; ``ids`` ascend and are new.

        What another process has entered meanwhile is written over with the same.
        """
        at = places(self._ids, ids)
        own = np.zeros(len(ids), np.int64) if groups is None else groups
        within = np.zeros(len(ids), np.int64) if parts is None else parts
        halves = self._kind.halves and not self._local
        rows = vectors if halves else vectors.astype(np.float32)
        with self._mapped():
            for start in range(0, len(ids), _BATCH):
                batch = slice(start, start + _BATCH)
                entered = [
                    {"id": each, _PART: part, "video": group, "vector": row if halves else row.tolist()}
                    for each, part, group, row in zip(
                        ids[batch].tolist(),
                        within[batch].tolist(),
                        own[batch].tolist(),
                        rows[batch],
                        strict=True,
                    )
                ]
                self._client.upsert(self._name, entered)
            if len(ids):
                self._client.flush(self._name)
        self._ids, self._parts = np.insert(self._ids, at, ids), np.insert(self._parts, at, within)

    def delete(self, ids: NDArray[np.int64]) -> None:
        """Drop the vectors of ``ids``, as far as it holds them."""
        rows = rows_of(self._ids, ids)
        gone = self._ids[rows].tolist()
        with self._mapped():
            for start in range(0, len(gone), _BATCH):
                self._client.delete(self._name, ids=gone[start : start + _BATCH])
        self._ids, self._parts = np.delete(self._ids, rows), np.delete(self._parts, rows)

    def query(
        self, vector: NDArray[np.float32], k: int, scope: Admitted | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The at most ``k`` best of ``scope`` by Milvus's own sums, best first; equal scores by id."""
        condition = "" if scope is None else _condition(scope)
        if not len(self) or condition is None:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        asked = min(k + _SPARE, _LISTED)
        while True:
            ids, scores = self._nearest(vector, asked, condition)
            # Of equal ones it keeps any: where the last that it names is as good as the last asked for, more are.
            order = np.argsort(ids)
            found, best = best_of(ids[order], scores[order], k)
            if len(ids) < asked or asked == _LISTED or scores.min() < best[-1]:
                return found, best
            asked = min(4 * asked, _LISTED)

    def _nearest(
        self, vector: NDArray[np.float32], asked: int, condition: str
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        wide = {self._kind.widest: max(100, 2 * asked)} if self._kind.widest else {}
        question = vector.astype(np.float16) if self._kind.halves and not self._local else vector.tolist()
        with self._mapped():
            (hits,) = self._client.search(
                self._name, data=[question], limit=asked, filter=condition, anns_field="vector",
                search_params={"metric_type": "IP", "params": {**self._kind.ask, **wide}},
                consistency_level="Strong",
            )  # fmt: skip
        ids = np.array([hit["id"] for hit in hits], np.int64)
        return ids, np.array([hit["distance"] for hit in hits], np.float32)

    def drop(self) -> None:
        """Delete the collection; it can be made again from SQL."""
        with self._mapped():
            self._client.drop_collection(self._name)

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        from pymilvus.exceptions import MilvusException

        try:
            yield
        except MilvusException as error:
            said = " ".join(str(error.message).split())[:200]
            raise LibraryError(
                f"Milvus at {self._shown} cannot be used ({said}): check that it runs and the token, or take [vectors] "
                "out of longvid.toml"
            ) from error


def _condition(scope: Admitted) -> str | None:
    """The filter in Milvus's words; None where nothing is admitted.

    Parts that are admitted whole need no more than their numbers, which is all of a filter by collection.
    """
    name, admitted = ("video", scope.groups) if scope.groups is not None else ("id", scope.ids)
    if not len(admitted):
        return None
    if scope.parts is None:
        return f"{name} in {admitted.tolist()}"
    whole, torn = ([part for part, all_of in scope.parts.items() if all_of is kind] for kind in (True, False))
    some = f"{_PART} in {torn} and {name} in {admitted.tolist()}"
    if not whole:
        return some
    return f"{_PART} in {whole} or ({some})" if torn else f"{_PART} in {whole}"
