"""Vector search: FAISS gives what the exact oracle gives, filters come first, and a cache can be lost or stale."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from longvid_storage.db import vectors
from longvid_storage.db.index_files import IndexFiles
from longvid_storage.db.store import Store
from longvid_storage.errors import ModelMismatchError
from longvid_storage.search import vector_indexes
from longvid_storage.search.memory import vectors_of
from longvid_storage.search.vector_index import Admitted, VectorIndex
from longvid_storage.search.vector_indexes import best_index_type
from longvid_storage.search.vector_indexes.codes import CodeIndex
from longvid_storage.search.vector_indexes.exact import ExactIndex
from longvid_storage.search.vector_indexes.faiss import FaissIndex
from longvid_storage.search.vector_indexes.faiss_gpu import FaissGpuIndex, GpuFullWarning, gpu_count
from longvid_storage.search.vector_indexes.milvus import MilvusIndex
from longvid_storage.search.vector_indexes.signs import SignIndex
from longvid_storage.search.vector_search import VectorSearch
from longvid_storage.sign_bits import frame, signs_of, width_of
from longvid_storage.types import EVERYTHING, Passage, Scope, ScreenText, Utterance
from store_tools import MODEL, PICTURES, fill, info, keyframes, seen, unit_vectors, video_id


class HostAsGpu:
    """What FAISS does on a GPU, done by its own classes on the host: numbers rounded to float16, few results."""

    def __init__(self, rows: NDArray[np.float16]) -> None:
        self.asked: list[int] = []
        self._index: Any = faiss.IndexFlatIP(rows.shape[1])
        self._index.add(rows.astype(np.float32))

    def search(self, x: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        self.asked.append(k)
        found: tuple[NDArray[np.float32], NDArray[np.int64]] = self._index.search(
            x.astype(np.float16).astype(np.float32), k
        )
        return found


class OnStandIn(FaissGpuIndex):
    """The GPU's index with the host in the place of the GPU, from the first vector on."""

    fewest = 0
    most = 64

    def __init__(self, dimension: int) -> None:
        super().__init__(dimension)
        self.copies: list[HostAsGpu] = []

    def copy_of(self, rows: NDArray[np.float16]) -> HostAsGpu:
        self.copies.append(HostAsGpu(rows))
        return self.copies[-1]


class OnMilvus(MilvusIndex):
    """A collection of its own in one file of milvus-lite, compared one by one."""

    _numbers = itertools.count()

    def __init__(self, dimension: int, collection: str = "") -> None:
        self.collection = collection or f"contract_{next(self._numbers)}"
        super().__init__(dimension, self.collection, {"milvus": _milvus_file(), "index": "FLAT"})


@cache
def _milvus_file() -> str:
    place = tempfile.mkdtemp(prefix="milvus")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return f"{place}/vectors.db"


Found = tuple[NDArray[np.int64], NDArray[np.float32]]
FAST: tuple[type[VectorIndex], ...] = (FaissIndex, OnStandIn)
INDEXES: tuple[type[VectorIndex], ...] = (ExactIndex, *FAST)


def numbered(rows: NDArray[Any]) -> NDArray[np.int64]:
    """Ids 10, 11, … for rows."""
    return np.arange(10, 10 + len(rows), dtype=np.int64)


def scope_of(ids: NDArray[np.int64]) -> Admitted:
    return Admitted(Scope(), lambda: ids)


def held(index_type: type[VectorIndex], rows: NDArray[Any]) -> Any:
    """An index of rows under their ``numbered`` ids."""
    index = index_type(rows.shape[1])
    index.insert(numbered(rows), rows.astype(np.float16))
    return index


def again(index: Any) -> Any:
    """The index as another process finds it."""
    if isinstance(index, OnMilvus):
        return OnMilvus(index.dimension, index.collection)
    return type(index).from_bytes(index.ids().copy(), index.to_bytes().copy(), index.dimension)


def same(found: Found, wanted: Found) -> None:
    """The same ids in the same order, with the very same scores."""
    assert found[0].tolist() == wanted[0].tolist()
    assert found[1].tolist() == wanted[1].tolist()


def agree(found: Found, wanted: Found) -> None:
    """The same scores but for rounding, and the same ids but where that decides."""
    assert found[1].tolist() == pytest.approx(wanted[1].tolist(), abs=1e-4)
    assert len(set(found[0].tolist())) == len(wanted[0])
    clear = wanted[1] > wanted[1].min(initial=np.inf) + 1e-4
    assert set(wanted[0][clear].tolist()) <= set(found[0].tolist())


# The role: one contract for every implementation

STEPS = st.lists(
    st.tuples(st.just("insert"), st.integers(0, 40))
    | st.tuples(st.just("delete"), st.floats(0, 1))
    | st.tuples(st.just("query"), st.integers(1, 60), st.none() | st.floats(0, 1))
    | st.tuples(st.just("store")),
    max_size=12,
)


@pytest.mark.parametrize("index_type", FAST)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1000), steps=STEPS)
def test_any_sequence_of_changes_and_questions_answers_as_the_exact_index(
    index_type: type[VectorIndex], seed: int, steps: list[tuple[Any, ...]]
) -> None:
    answers_as_the_exact_index(index_type, seed, steps, same)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000), steps=STEPS)
def test_milvus_answers_any_sequence_as_the_exact_index_but_for_its_rounding(
    seed: int, steps: list[tuple[Any, ...]]
) -> None:
    answers_as_the_exact_index(OnMilvus, seed, steps, agree)


def answers_as_the_exact_index(
    index_type: Any, seed: int, steps: list[tuple[Any, ...]], compare: Callable[[Found, Found], None]
) -> None:
    """Ids come in any order, some vectors are equal, and scopes admit ids that are not held."""
    random = np.random.default_rng(seed)
    index, oracle = index_type(16), ExactIndex(16)
    few = random.standard_normal((3, 16)).astype(np.float16)
    for step in (*steps, ("query", 10, None)):
        if step[0] == "insert":
            free = np.setdiff1d(np.arange(300), oracle.ids())
            ids = np.sort(random.choice(free, min(step[1], len(free)), replace=False))
            rows = random.standard_normal((len(ids), 16)).astype(np.float16)
            rows[random.random(len(ids)) < 0.3] = few[random.integers(3)]
            index.insert(ids, rows)
            oracle.insert(ids, rows)
        elif step[0] == "delete":
            gone = np.flatnonzero(random.random(300) < step[1])
            index.delete(gone)
            oracle.delete(gone)
        elif step[0] == "store":
            index = again(index)
        else:
            vector = (few[0] if random.random() < 0.3 else random.standard_normal(16)).astype(np.float32)
            scope = None if step[2] is None else scope_of(np.flatnonzero(random.random(300) < step[2]))
            for _ in range(2):
                compare(index.query(vector, step[1], scope), oracle.query(vector, step[1], scope))
        assert index.ids().tolist() == oracle.ids().tolist()
        assert (len(index), index.dimension) == (len(oracle), 16)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.dictionaries(st.integers(-(2**62), 2**62), st.integers(0, 9), max_size=40),
    gone=st.sets(st.integers(-(2**62), 2**62)),
    few=st.none() | st.integers(0, 40),
    k=st.integers(1, 50),
)
def test_the_exact_index_answers_as_a_sort_would(
    rows: dict[int, int], gone: set[int], few: int | None, k: int
) -> None:
    table = np.random.default_rng(0).standard_normal((10, 7)).astype(np.float16)
    vector = np.random.default_rng(1).standard_normal(7).astype(np.float32)
    gone |= set(list(rows)[::3])
    index = ExactIndex(7)
    for half in (sorted(rows)[::2], sorted(rows)[1::2]):
        index.insert(np.array(half, np.int64), table[[rows[each] for each in half]].reshape(-1, 7))
    index.delete(np.array(sorted(gone), np.int64))
    left = {each: float(table[row].astype(float) @ vector) for each, row in rows.items() if each not in gone}
    admitted = sorted(rows)[: len(rows) if few is None else few]
    scope = None if few is None else scope_of(np.array(admitted, np.int64))
    ids, scores = index.query(vector, k, scope)
    wanted = sorted((each for each in left if each in admitted), key=lambda each: (-left[each], each))[:k]
    assert ids.tolist() == wanted
    assert scores.tolist() == pytest.approx([left[each] for each in wanted], abs=1e-5)


@pytest.mark.parametrize("index_type", INDEXES)
@pytest.mark.parametrize("count", [5, 9, 37, 1001])
def test_equal_vectors_score_equal_and_come_in_order_of_id(index_type: type[VectorIndex], count: int) -> None:
    """Wherever they lie: a matrix product sums in an order that depends on the place."""
    for dimension in (8, 100, 384):
        row, vector = unit_vectors(2, dimension, seed=dimension)
        index = held(index_type, np.tile(row, (count, 1)))
        for k in (4, 4, count):
            ids, scores = index.query(vector, k)
            assert ids.tolist() == list(range(10, 10 + k))
            assert len(set(scores.tolist())) == 1


@pytest.mark.parametrize("index_type", FAST)
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1000), still=st.floats(0.2, 1), k=st.integers(1, 200), share=st.sampled_from([0.6, 1])
)
def test_of_equal_vectors_the_lowest_ids_are_found_where_not_all_are_asked_for(
    index_type: type[VectorIndex], seed: int, still: float, k: int, share: float
) -> None:
    """A still picture's keyframes: FAISS alone keeps any of them."""
    random = np.random.default_rng(seed)
    rows = random.standard_normal((300, 16)).astype(np.float16)
    rows[random.random(300) < still] = rows[0]
    vector = (0.2 * rows[0] + random.standard_normal(16)).astype(np.float32)
    scope = scope_of(np.flatnonzero(random.random(320) < share))
    index, truth = held(index_type, rows), held(ExactIndex, rows)
    for _ in range(2):
        same(index.query(vector, k, scope), truth.query(vector, k, scope))


@pytest.mark.parametrize("index_type", [*INDEXES, OnMilvus])
def test_an_id_comes_in_once_and_goes_without_complaint(index_type: Any) -> None:
    index = held(index_type, unit_vectors(4))
    with pytest.raises(ValueError, match="id 11 is in the index already"):
        index.insert(np.array([3, 11]), unit_vectors(2).astype(np.float16))
    index.delete(np.array([1, 11, 99]))
    assert index.ids().tolist() == [10, 12, 13]
    index.insert(np.array([11]), -unit_vectors(1).astype(np.float16))
    assert index.query(-unit_vectors(1)[0], 1)[0].tolist() == [11]
    if index_type is OnMilvus:  # what it holds lies in the collection
        return
    for ids, state in ((index.ids()[:2], index.to_bytes()), (index.ids(), index.to_bytes()[1:])):
        with pytest.raises(ValueError, match=r"reshape|dtype"):
            index_type.from_bytes(ids, state, 8)


def test_what_a_scope_admits_is_read_only_when_ids_are_asked_for() -> None:
    """A store that filters by itself gets the scope and costs no ids."""
    reads: list[int] = []

    def read() -> NDArray[np.int64]:
        reads.append(1)
        return np.array([10, 12])

    scope = Admitted(Scope(collection="courses"), read)
    assert scope.scope.collection == "courses"
    assert reads == []
    index = held(FaissIndex, unit_vectors(4))
    for _ in range(3):
        assert sorted(index.query(unit_vectors(1)[0], 4, scope)[0].tolist()) == [10, 12]
    assert reads == [1]


@pytest.mark.parametrize("dimension", [24, 64, 384, 512, 768])
def test_vectors_are_turned_into_as_many_numbers_as_are_counted_quickly(dimension: int) -> None:
    """A frame is tight: it keeps every angle. What is counted quickly already is taken as it is."""
    vectors = unit_vectors(20, dimension)
    turned = frame(dimension)
    if dimension in {64, 512, 768}:
        assert turned is None
        assert (signs_of(vectors) == np.packbits(vectors > 0, axis=1)).all()
    else:
        assert turned is not None
        signs = 8 * width_of(dimension)
        assert signs == {24: 64, 384: 512}[dimension]
        assert (turned @ turned.T == signs * np.eye(dimension)).all()
        assert (np.unpackbits(signs_of(vectors), axis=1) == (vectors @ turned > 0)).all()


def test_without_faiss_the_exact_index_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    assert best_index_type() is FaissIndex
    monkeypatch.setattr(vector_indexes.importlib.util, "find_spec", lambda name: None)
    assert best_index_type() is ExactIndex


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["codes", "signs"])
def test_from_many_vectors_on_signs_name_what_is_compared_and_few_of_the_best_are_missed(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Vectors lie in clusters, as those of sentences do; a question is near some of them. By the host where there is
    a GPU, and as a large library holds them: there ten are among those that its codes name."""

    class Signed(FaissGpuIndex):
        fewest, most = 1000, 0

    index_type: type[VectorIndex] = CodeIndex if kind == "codes" else Signed
    for of in ("codes._LIKELY", "faiss_gpu.LIKELY"):
        monkeypatch.setattr(f"longvid_storage.search.vector_indexes.{of}", 400)
    chance = np.random.default_rng(4)
    middles = chance.normal(size=(40, 48))
    rows = middles[chance.integers(40, size=4000)] + 0.8 * chance.normal(size=(4000, 48))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    index, exact = held(index_type, rows), held(ExactIndex, rows)
    asked = index.named(10) if kind == "codes" else 10
    questions = (rows[:50] + 0.05 * chance.normal(size=(50, 48))).astype(np.float32)
    few, some = numbered(rows)[::100], numbered(rows)[::2]
    for ids in (None, some, few):
        named = 0
        for question in questions:
            scope = None if ids is None else scope_of(ids)
            found, wanted = index.query(question, asked, scope), exact.query(question, 10, scope)
            named += len(set(found[0].tolist()) & set(wanted[0].tolist()))
            scores = dict(zip(*map(np.ndarray.tolist, exact.query(question, len(rows))), strict=True))
            assert len(found[0]) == (asked if ids is not few else min(asked, 40))
            assert found[1].tolist() == pytest.approx(
                [scores[each] for each in found[0].tolist()], abs=0.1 if kind == "codes" else 0
            )
            assert set(found[0].tolist()) <= set((numbered(rows) if ids is None else ids).tolist())
        assert named >= (0.98 if ids is not few else 1.0) * 10 * len(questions)
    index.delete(numbered(rows)[:10])
    assert not set(index.query(questions[0], 10)[0].tolist()) & set(numbered(rows)[:10].tolist())
    index.insert(numbered(rows)[:10], rows[:10].astype(np.float16))
    assert index.query(questions[0], 10)[0][0] == 10


def test_the_benchmark_of_search_compares_with_the_exact_index() -> None:
    script = Path(__file__).parent.parent / "benchmarks" / "performance.py"
    command = [sys.executable, str(script), "--vectors", "3000", "--questions", "3", "--only", "search"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [line.split(" | ") for line in printed.splitlines() if "Index | 0." in line]
    assert [row[0] for row in rows] == ["| ExactIndex", "| FaissIndex"]
    assert all(row[-1] == "yes |" for row in rows)


# On a GPU: the same code, with the host in its place


def no_host(*_: object) -> None:
    raise AssertionError("the host searched")


def test_candidates_prove_that_they_hold_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = unit_vectors(5000, 64, seed=1)
    truth, index = held(ExactIndex, rows), held(OnStandIn, rows)
    index.most = 2048
    some = scope_of(np.flatnonzero(np.random.default_rng(0).random(5000) < 0.5) + 10)
    index.query(rows[0], 10)  # a process that asks once does not pay for the copy
    assert index.copies == []
    monkeypatch.setattr(FaissIndex, "_nearest", no_host)
    for scope in (None, some):
        for scale in (1.0, 1e-6, 1e6):
            for vector in unit_vectors(10, 64, seed=2) * np.float32(scale):
                same(index.query(vector, 10, scope), truth.query(vector, 10, scope))
    (copy,) = index.copies
    assert max(copy.asked) < 5000 / 10


def test_where_rounding_leaves_a_doubt_more_is_asked_and_then_the_host() -> None:
    """Thousands of frames that hardly differ: no few candidates can be proved to be the best."""
    near = np.tile(unit_vectors(1, 32, seed=1), (3000, 1)) + 1e-4 * unit_vectors(3000, 32, seed=2)
    vector = unit_vectors(1, 32, seed=1)[0]
    truth = held(ExactIndex, near)
    for most, asked in ((64, [52, 64]), (4096, [52, 208, 832, 3000])):
        index = held(OnStandIn, near)
        index.most = most
        for _ in range(2):
            same(index.query(vector, 10), truth.query(vector, 10))
        assert index.copies[0].asked == asked


def test_a_narrow_scope_is_the_hosts_and_a_change_drops_the_copy() -> None:
    rows = unit_vectors(2000, 16, seed=1)
    vector = unit_vectors(1, 16, seed=2)[0]
    truth, index = held(ExactIndex, rows), held(OnStandIn, rows)
    index.query(vector, 5)
    few = scope_of(np.arange(10, 2010, 100))
    same(index.query(vector, 5, few), truth.query(vector, 5, few))
    same(index.query(np.zeros(16, np.float32), 5), truth.query(np.zeros(16, np.float32), 5))
    assert len(index.copies) == 0
    same(index.query(vector, 5), truth.query(vector, 5))
    assert len(index.copies) == 1
    for changed in (index, truth):
        changed.delete(np.arange(10, 2010, 2))
    same(index.query(vector, 5), truth.query(vector, 5))
    assert len(index.copies) == 2


def test_a_gpu_without_room_leaves_it_to_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = unit_vectors(500, 16, seed=1)
    vector = unit_vectors(1, 16, seed=2)[0]
    truth, index = held(ExactIndex, rows), held(OnStandIn, rows)
    says, tried = "StandardGpuResources: alloc fail (cudaMalloc error out of memory [2])", []

    def fails(*_: object) -> None:
        tried.append(1)
        raise RuntimeError(says)

    def ask() -> None:
        same(index.query(vector, 5), truth.query(vector, 5))

    ask()
    with monkeypatch.context() as full:
        full.setattr(index, "copy_of", fails)
        with pytest.warns(GpuFullWarning, match="the host searches"):
            ask()
        ask()
        assert tried == [1]  # until the index changes, it is not tried again
    for changed in (index, truth):
        changed.delete(np.array([10]))
    ask()
    monkeypatch.setattr(index.copies[0], "search", fails)
    with pytest.warns(GpuFullWarning, match="the host searches"):
        ask()
    index.delete(np.array([11]))
    monkeypatch.setattr(index, "copy_of", fails)
    says = "invalid device function"
    with pytest.raises(RuntimeError, match="invalid device"):
        index.query(vector, 5)


def test_a_gpu_is_used_where_faiss_sees_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gpu_count() == 0
    monkeypatch.setattr(faiss, "StandardGpuResources", object, raising=False)
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 0)
    assert gpu_count() == 0
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 1)
    assert best_index_type() is FaissGpuIndex

    def no_driver() -> int:
        raise RuntimeError("CUDA driver version is insufficient")

    monkeypatch.setattr(faiss, "get_num_gpus", no_driver)
    assert best_index_type() is FaissIndex


# The store on top


def vector_search(
    store: Store,
    kind: str,
    query: NDArray[Any],
    *,
    filters: Scope = EVERYTHING,
    limit: int = 100,
    model_fingerprint: str | None = None,
) -> list[tuple[int, float]]:
    with store.view(filters) as view:
        return vectors_of(view).search(view, kind, query, limit, model_fingerprint)


def vectors_read(store: Store) -> int:
    with store.view() as view:
        return vectors_of(view).vectors_read


def put(store: Store, name: str, said: int, shown: int = 0, collection: str | None = None) -> list[Passage]:
    """A video in which so much is said and shown; its passages by id."""
    store.upsert_video(info(name), collection)
    spoken = [Utterance(i, i + 2, f"Unit {name} {i}.", "Ada" if i % 5 else "Bob", "en") for i in range(said)]
    lines = [ScreenText(i, i + 2, f"Line {name} {i}", (0, 0, 1, 1)) for i in range(shown)]
    with store.stage(video_id(name), "transcript", "t") as writer:
        writer.replace_utterances(spoken)
        writer.replace_screen_texts(lines)
    return sorted(seen(store).passages_of(video_id(name)), key=lambda passage: passage.id)


def big(store: Store, videos: int = 4, said: int = 40, shown: int = 20) -> NDArray[np.float32]:
    """Several videos of passages of two kinds; returns the vector of passage i + 1 in row i."""
    rows = unit_vectors(videos * (said + shown), 24, seed=3)
    for number in range(videos):
        name = f"talk {number}"
        passages = put(store, name, said, shown, "even" if number % 2 == 0 else "odd")
        with store.stage(video_id(name), "vectors", "x") as writer:
            for kind in ("speech", "screen"):
                ids = [passage.id for passage in passages if passage.kind == kind]
                writer.put_vectors(kind, MODEL, ids, rows[[i - 1 for i in ids]])
    return rows


SCOPES = [
    Scope(),
    Scope(video_ids=frozenset([video_id("talk 2")])),
    Scope(collection="odd"),
    Scope(speaker="bob"),
    Scope(from_s=10, to_s=20),
    Scope(video_ids=frozenset([video_id("talk 0"), video_id("talk 3")]), speaker="Ada", from_s=5),
    Scope(collection="nowhere"),
]


@pytest.mark.parametrize(
    ("few", "memory_mb", "coded"), [(0, None, 65_536), (0, None, 0), (4096, None, 65_536), (0, 0, 65_536)]
)
@pytest.mark.parametrize("kind", ["speech", "screen"])
def test_every_scope_gives_what_filtering_all_by_hand_gives(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    few: int,
    memory_mb: int | None,
    coded: int,
    kind: str,
) -> None:
    """By each way: reading the few admitted vectors, asking the index with what the scope admits, asking codes, and
    asking signs."""
    monkeypatch.setattr("longvid_storage.search.vector_search._FEW", few)
    monkeypatch.setattr(CodeIndex, "fewest", coded)
    with Store.open(tmp_path / "library", create=True) as store:
        store.home.memory_mb = memory_mb
        rows = big(store)
        for seed, scope in enumerate(SCOPES * 2):
            query = unit_vectors(1, 24, seed=seed)[0]
            passages = seen(store, scope).passages(range(1, 241))
            truth = {p.id: float(rows[p.id - 1] @ query) for p in passages if p.kind == kind}
            wanted = sorted(truth, key=lambda i: (-truth[i], i))[:25]
            found = vector_search(store, kind, query, filters=scope, limit=25)
            assert [i for i, _ in found] == wanted
            assert [score for _, score in found] == pytest.approx([truth[i] for i in wanted], abs=1e-5)


def test_vectors_without_room_in_memory_are_found_by_their_signs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an index holds is bounded, as it grows too; what its signs name is compared by the vectors in SQL."""
    monkeypatch.setattr("longvid_storage.search.vector_indexes.signs.LIKELY", 30)
    with Store.open(tmp_path / "library", create=True) as store:
        rows = big(store)
        queries = [rows[at] for at in (0, 61, 130)]
        whole = [vector_search(store, "speech", query, limit=2) for query in queries]
        bound = 160 * 30
        with store.view() as view:
            small = VectorSearch(tmp_path / "cache", most_bytes=bound)
            found = [small.search(view, "speech", query, 2) for query in queries]
            ((index,),) = small._held.values()
            assert isinstance(index.index, SignIndex)
            assert index.bytes_held == 160 * 19 <= bound < 160 * 36
            assert [each[0] for each in found] == [each[0] for each in whole]
            assert small.vectors_read == 160 + 3 * 32
            kept = VectorSearch(tmp_path / "cache", most_bytes=bound)
            assert [kept.search(view, "speech", query, 2) for query in queries] == found
            assert kept.vectors_read == 3 * 32, "its file is read back"
            roomy = VectorSearch(tmp_path / "cache", most_bytes=160 * 36)
            assert [roomy.search(view, "speech", query, 2) for query in queries] == whole
            assert isinstance(next(iter(roomy._held.values()))[-1].index, CodeIndex)
        put(store, "one more", 4)
        ids = [p.id for p in seen(store).passages_of(video_id("one more"))]
        with store.stage(video_id("one more"), "vectors", "x") as writer:
            writer.put_vectors("speech", MODEL, ids, rows[[0, 61, 130, 200]])
        with store.view() as view:
            assert {i for i, _ in roomy.search(view, "speech", rows[0], 2)} == {1, ids[0]}
            assert isinstance(next(iter(roomy._held.values()))[-1].index, SignIndex), "it grew over the bound"


def test_many_vectors_are_held_as_codes_and_those_that_these_name_compared_in_sql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From so many on: a file of before is made anew, its own is read back, and a library that grows comes to it."""
    with Store.open(tmp_path / "library", create=True) as store:
        rows = big(store)
        queries = [rows[at] for at in (0, 61, 130)]
        wanted = [vector_search(store, "speech", query, limit=6) for query in queries]
        (before,) = (store.path / "cache").iterdir()
        monkeypatch.setattr(CodeIndex, "fewest", 161)
        monkeypatch.setattr("longvid_storage.search.vector_indexes.codes._NAMED", 1)
        with Store.open(store.path) as warm:
            assert vector_search(warm, "speech", rows[0], limit=6) == wanted[0]
            assert list((store.path / "cache").iterdir()) == [before]
            put(store, "one more", 4)
            ids = [p.id for p in seen(store).passages_of(video_id("one more"))]
            with store.stage(video_id("one more"), "vectors", "x") as writer:
                far = -rows[[0, 61, 130]].sum(axis=0)  # from each question
                writer.put_vectors("speech", MODEL, ids, np.tile(far / np.linalg.norm(far), (4, 1)))
            for _ in range(2):
                found = [vector_search(warm, "speech", query, limit=6) for query in queries]
                assert found == wanted
            assert vectors_read(warm) == 4 + 164 + 6 * 39, (
                "new ones, all for their codes, and those that were named"
            )
            with warm.view() as view:
                ((held_index,),) = vectors_of(view)._held.values()
            assert isinstance(held_index.index, CodeIndex)
            assert held_index.bytes_held == 164 * 36
        (after,) = (store.path / "cache").iterdir()
        assert after != before
        with Store.open(store.path) as again:
            assert [vector_search(again, "speech", query, limit=6) for query in queries] == wanted
            assert vectors_read(again) == 3 * 39, "only those that were named"


def test_codes_that_another_version_would_read_otherwise_are_not_believed() -> None:
    index = held(CodeIndex, unit_vectors(50, 24))
    ids, state = index.ids(), index.to_bytes()
    vector = unit_vectors(1, 24, seed=4)[0]
    same(again(index).query(vector, 20), index.query(vector, 20))
    other, endless = state.copy(), state.copy()
    other[8 * 24] ^= 255
    endless[:4] = np.array([np.inf], "<f4").view(np.uint8)
    for wrong in (other, endless, state[:-1], state.astype(np.float64), state[:0]):
        with pytest.raises(ValueError, match=r"version|finite|reshape|dtype|size"):
            CodeIndex.from_bytes(ids, wrong, 24)
    empty = CodeIndex(24)
    assert len(again(empty).query(vector, 3)[0]) == 0


@pytest.mark.parametrize("few", [0, 100])
def test_a_library_is_searched_in_milvus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """By every scope as by hand; a collection that was dropped, or is behind, is made right from SQL."""
    from pymilvus import MilvusClient

    monkeypatch.setattr("longvid_storage.search.vector_search._FEW", few)
    server = {"milvus": str(tmp_path / "vectors.db")}
    with Store.open(tmp_path / "library", create=True) as store:
        rows = big(store)
        for seed, scope in enumerate(SCOPES):
            query = unit_vectors(1, 24, seed=seed)[0]
            store.vector_server = {}
            wanted = vector_search(store, "speech", query, filters=scope, limit=25)
            store.vector_server = server
            assert vector_search(store, "speech", query, filters=scope, limit=25) == wanted
        client = MilvusClient(server["milvus"])
        (name,) = client.list_collections()
        client.drop_collection(name)
        assert vector_search(store, "speech", rows[0], limit=1)[0][0] == 1
        store.remove_video(video_id("talk 0"))
        assert vector_search(store, "speech", rows[0], limit=1)[0][0] != 1
        assert client.query(name, output_fields=["count(*)"]) == [{"count(*)": 120}]
        rest = store.within(["odd"])
        assert {i for i, _ in vector_search(rest, "speech", rows[0])} <= {
            each.id for each in seen(store, Scope(collection="odd")).passages(range(1, 241))
        }


def test_what_an_index_names_is_looked_up_one_by_one(tmp_path: Path) -> None:
    """Not each of it beside each passage of the scope: SQLite's instructions are counted."""
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    with Store.open(tmp_path / "library", create=True) as store:
        big(store)
        for scope in SCOPES:
            with store.view(scope) as view:
                (part,) = (each for each in vectors.sets(view.connection, None) if each.kind == "speech")
                wanted = vectors.pairs(view.connection, part.admitted(scope))
                everything = vectors.pairs(view.connection, part.ids())[:, 0].tolist()
                raw: Any = view.connection.connection.driver_connection
                raw.set_progress_handler(count, 1)
                steps[0] = 0
                found = vectors.within(view.connection, part, scope, everything)
                raw.set_progress_handler(None, 0)
                assert found.tolist() == wanted.tolist()
                assert steps[0] < 100 * len(everything), scope


def asked_of_milvus(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The conditions that Milvus is asked with from now on."""
    asked: list[str] = []
    nearest = MilvusIndex._nearest

    def noted(self: MilvusIndex, vector: Any, k: int, condition: str) -> Any:
        asked.append(condition)
        return nearest(self, vector, k, condition)

    monkeypatch.setattr(MilvusIndex, "_nearest", noted)
    return asked


def test_what_a_filter_admits_few_of_is_compared_one_by_one_and_not_asked_of_milvus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asked_of_milvus(monkeypatch)
    monkeypatch.setattr("longvid_storage.search.vector_search._FEW", 40)
    with Store.open(tmp_path / "library", create=True) as store:
        rows = big(store)
        store.vector_server = {"milvus": str(tmp_path / "vectors.db")}
        for scope in (Scope(video_ids=frozenset([video_id("talk 2")])), Scope(collection="even")):
            vector_search(store, "speech", rows[0], filters=scope)
    assert asked == ["collection in [1]"], "forty are few, and eighty are not"


def test_a_collection_is_a_part_of_its_own_in_milvus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter by collection lists no videos; who comes into one, or is in several, is found in each of them."""
    monkeypatch.setattr("longvid_storage.search.vector_search._FEW", 0)
    server = {"milvus": str(tmp_path / "vectors.db"), "index": "FLAT"}
    asked = asked_of_milvus(monkeypatch)
    with Store.open(tmp_path / "library", create=True) as store:
        rows = big(store)

        def agrees(*collections: str) -> None:
            for scope in (*(Scope(collection=each) for each in collections), *SCOPES):
                store.vector_server = {}
                wanted = vector_search(store, "speech", rows[0], filters=scope, limit=200)
                store.vector_server = server
                assert vector_search(store, "speech", rows[0], filters=scope, limit=200) == wanted, scope

        agrees("even")
        assert asked[:2] == ["collection in [1]", ""]
        assert "collection in [1] and video in [3]" in asked
        asked.clear()
        loose = put(store, "loose", 3, collection=None)
        with store.stage(video_id("loose"), "vectors", "x") as writer:
            writer.put_vectors("speech", MODEL, [each.id for each in loose], rows[:3])
        agrees("even")
        with store.view() as view:
            info = {each: view.video(video_id(each)).info for each in ("loose", "talk 0")}
        store.upsert_video(info["loose"], "new")
        asked.clear()
        agrees("new", "even")
        assert asked[:2] == ["collection in [3]", "collection in [1]"], "it has come into one"
        store.upsert_video(info["talk 0"], "new")
        asked.clear()
        agrees("new", "even")
        assert asked[:2] == ["collection in [-1, 3]", "collection in [-1, 1]"]
        found = vector_search(store, "speech", rows[0], filters=Scope(collection="new"), limit=200)
        assert len(found) == 43, "three of its own, and forty that it shares"


def both(store: Store, query: NDArray[Any]) -> list[tuple[int, float]]:
    """What is nearest on screen, then in speech."""
    return [hit for kind in ("screen", "speech") for hit in vector_search(store, kind, query)]


def test_the_cache_file_spares_reading_and_can_be_lost(tmp_path: Path) -> None:
    query = unit_vectors(1, 24, seed=9)[0]
    with Store.open(tmp_path / "library", create=True) as store:
        big(store)
        wanted = both(store, query)
        assert vectors_read(store) == 240
        assert both(store, query) == wanted
        assert vectors_read(store) == 240
    files = sorted((store.path / "cache").iterdir())
    assert [path.name.partition("-")[0] for path in files] == ["screen", "speech"]
    with Store.open(store.path) as again:
        assert both(again, query) == wanted
        assert vectors_read(again) == 0
    for damage in (b"", b"not an index", files[0].read_bytes()[:-300], files[1].read_bytes()):
        files[0].write_bytes(damage)
        with Store.open(store.path) as again:
            assert both(again, query) == wanted
            assert vectors_read(again) == 80
    for path in files:
        path.unlink()
    (store.path / "cache").rmdir()
    with Store.open(store.path) as again:
        assert both(again, query) == wanted
        assert vectors_read(again) == 240


def test_a_stale_cache_reads_only_what_is_new(tmp_path: Path) -> None:
    query = unit_vectors(1, 24, seed=9)[0]
    with Store.open(tmp_path / "library", create=True) as store, Store.open(store.path) as reader:
        rows = big(store)
        speech = {p.id for p in seen(store).passages(range(1, 241)) if p.kind == "speech"}
        gone = {p.id for p in seen(store).passages_of(video_id("talk 1"))}
        vector_search(reader, "speech", query)
        assert vectors_read(reader) == 160
        ids = [passage.id for passage in put(store, "late", 10)]
        with store.stage(video_id("late"), "vectors", "x") as writer:
            writer.put_vectors("speech", MODEL, ids, np.tile(query, (10, 1)))
        assert {i for i, _ in vector_search(reader, "speech", query, limit=10)} == set(ids)
        assert vectors_read(reader) == 170
        store.remove_video(video_id("talk 1"))
        found = vector_search(reader, "speech", query, limit=1000)
        assert {i for i, _ in found} == {*(speech - gone), *ids}
        assert vectors_read(reader) == 170
        with store.stage(video_id("talk 0"), "vectors", "y") as writer:
            writer.put_vectors("speech", MODEL, [1], -rows[:1])  # the same passage, another vector
        found = dict(vector_search(reader, "speech", query, limit=1000))
        assert found[1] == pytest.approx(-float(rows[0] @ query), abs=1e-5)
        assert vectors_read(reader) == 171


def inodes(store: Store) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in (store.path / "cache").iterdir()}


def test_a_change_that_touches_no_vector_writes_no_index_anew(tmp_path: Path) -> None:
    query = unit_vectors(1, 24, seed=9)[0]
    with Store.open(tmp_path / "library", create=True) as store:
        big(store)
        wanted = vector_search(store, "speech", query)
        before = inodes(store)
        store.upsert_video(info("talk 0"), "courses")
        assert vector_search(store, "speech", query) == wanted
        after = inodes(store)
        assert sorted(after.values()) == sorted(before.values())
        assert set(after).isdisjoint(before)  # they are of the new generation
        with Store.open(store.path) as again:
            assert vector_search(again, "speech", query) == wanted
            assert vectors_read(again) == 0
        assert inodes(store) == after


def test_a_vector_that_was_put_again_is_read_again_by_a_process_that_knew_the_old(tmp_path: Path) -> None:
    """The owner keeps its id, in the middle of all, so only the vector's own id tells."""
    with Store.open(tmp_path / "library", create=True) as store:
        rows = big(store)
        vector_search(store, "speech", rows[0])
        with store.stage(video_id("talk 0"), "vectors", "y") as writer:
            writer.put_vectors("speech", MODEL, [7, 3], rows[[100, 101]])
        for _ in range(2):  # from what is in memory, then from the file
            with Store.open(store.path) as again:
                ((found, score),) = vector_search(again, "speech", rows[100], limit=1)
                assert (found, score) == (7, pytest.approx(1, abs=1e-3))
                assert vectors_read(again) <= 2
        assert vector_search(store, "speech", rows[101], limit=1)[0][0] == 3


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_cache_is_no_cache(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any bytes changed, cut off or added cost time, never a wrong hit and never a traceback."""
    with tempfile.TemporaryDirectory(dir=tmp_path_factory.getbasetemp()) as place:
        files = IndexFiles(Path(place))
        kept = {
            "part": np.array("1 model 8 speech window"),
            "ids": np.arange(3),
            "state": np.arange(48, dtype="u1"),
        }
        files.save("speech-window-0123456789abcdef", 5, kept)
        (path,) = Path(place).iterdir()
        whole = path.read_bytes()
        damage = data.draw(st.sampled_from(["change", "cut", "replace"]))
        at = data.draw(st.integers(0, len(whole) - 1))
        if damage == "change":
            flipped = whole[at] ^ data.draw(st.integers(1, 255))
            path.write_bytes(whole[:at] + bytes([flipped]) + whole[at + 1 :])
        elif damage == "cut":
            path.write_bytes(whole[:at])
        else:
            path.write_bytes(data.draw(st.binary(max_size=300)))
        found = files.load("speech-window-0123456789abcdef")
        if found is not None:  # the byte was one that says nothing, as a date
            assert found[0] == 5
            for name in set(kept) & set(found[1]):
                assert np.array_equal(found[1][name], kept[name])


def test_a_cache_that_says_something_else_is_not_believed(tmp_path: Path) -> None:
    """Right checksums, wrong contents: of another set, out of order, too short, compressed."""
    query = unit_vectors(1, 24, seed=9)[0]
    with Store.open(tmp_path / "library", create=True) as store:
        big(store)
        wanted = vector_search(store, "speech", query)
    path = min((store.path / "cache").iterdir())
    with np.load(path, allow_pickle=False) as file:
        saved = dict(file)
    lies: list[dict[str, Any]] = [
        {"part": np.array("another")},
        {"ids": saved["ids"][::-1]},
        {"ids": saved["ids"][1:]},
        {"state": saved["state"][:-2]},
        {"state": saved["state"].astype(np.float64)},
        {"vector_ids": saved["vector_ids"][:-1]},
        {"vector_ids": np.array(3)},
    ]
    for lie in [*lies, None]:
        with path.open("wb") as opened:
            np.savez_compressed(opened, **saved) if lie is None else np.savez(opened, **{**saved, **lie})
        with Store.open(store.path) as again:
            assert vector_search(again, "speech", query) == wanted
            assert vectors_read(again) == 160


def test_a_cache_that_is_a_link_is_neither_followed_nor_filled(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    theirs = elsewhere / "speech-sentence-0123456789abcdef-1.npz"
    theirs.write_bytes(b"not ours")
    with Store.open(tmp_path / "library", create=True) as store:
        (store.path / "cache").symlink_to(elsewhere)
        key = fill(store, "Talk", ["some words"])
        assert len(vector_search(store, "speech", np.ones(8))) == 1
        store.remove_video(key)
    assert theirs.read_bytes() == b"not ours"
    assert list(elsewhere.iterdir()) == [theirs]


def test_only_regular_files_of_ours_are_read_written_or_deleted(tmp_path: Path) -> None:
    query = unit_vectors(1, 24, seed=9)[0]
    with Store.open(tmp_path / "library", create=True) as store:
        big(store)
        wanted = vector_search(store, "speech", query)
        cache = store.path / "cache"
        path = min(cache.iterdir())
        moved = path.rename(tmp_path / "moved")
        kept = moved.read_bytes()
        for put in (lambda: path.symlink_to(moved), lambda: os.mkfifo(path), path.mkdir):
            put()
            with Store.open(store.path) as again:
                assert vector_search(again, "speech", query) == wanted
                assert vectors_read(again) == 160
            path.rmdir() if path.is_dir() else path.unlink()
        assert moved.read_bytes() == kept
        theirs = [cache / name for name in ("notes.txt", "speech.npz", "speech-window-xyz-1.npz", ".hidden")]
        for file in theirs:
            file.write_text("mine")
        (cache / "folder").mkdir()
        (cache / path.name).symlink_to(theirs[0])
        (cache / f"{path.name}.17.17.tmp").write_bytes(b"of a process that was killed")
        (cache / "speech-window-0123456789abcdef.npz").write_bytes(b"of an older version")
        store.remove_video(video_id("talk 1"))
        assert set(cache.iterdir()) == {*theirs, cache / "folder"}
        assert {file.read_text() for file in theirs} == {"mine"}


def test_a_remembered_filter_notices_a_video_that_joins_a_collection(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        fill(store, "First", ["words"], collection="courses", seed=1)
        fill(store, "Second", ["words"], seed=2)
        courses = Scope(collection="courses")
        vector_search(store, "speech", np.ones(8))
        assert [i for i, _ in vector_search(store, "speech", np.ones(8), filters=courses)] == [1]
        store.upsert_video(info("Second"), "courses")
        second = [p.id for p in seen(store).passages_of(video_id("Second"), ["speech"])]
        assert {i for i, _ in vector_search(store, "speech", np.ones(8), filters=courses)} == {1, *second}


def test_pictures_have_their_own_vectors(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        first, second = fill(store, "First", ["words"], seed=1), fill(store, "Second", ["words"], seed=2)
        query = unit_vectors(2, 4, seed=2)[1]
        ((best, score), *_) = vector_search(store, "picture", query, model_fingerprint=PICTURES)
        assert score == pytest.approx(1.0, abs=1e-3)
        assert seen(store).keyframes_by_id([best], images=True) == [(best, second, keyframes(2)[1])]
        only = vector_search(store, "picture", query, filters=Scope(video_ids=frozenset([first]), from_s=10))
        assert [
            (video, frame.time_s) for _, video, frame in seen(store).keyframes_by_id([i for i, _ in only])
        ] == [(first, 10.0)]
        assert vector_search(store, "picture", query, filters=Scope(speaker="Ada")) == []
        with store.stage(second, "visual", "v2") as writer:
            writer.replace_keyframes(keyframes(1))
        assert len(vector_search(store, "picture", query)) == 2


def test_a_model_that_was_replaced_leaves_no_cache_file(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        key = fill(store, "Talk", ["some words.", "more words."])
        vector_search(store, "speech", np.ones(8))
        (old,) = (store.path / "cache").iterdir()
        with store.stage(key, "vectors", "x2") as writer:
            writer.put_vectors("speech", "new-model", [1, 2], unit_vectors(2, 9))
        vector_search(store, "speech", np.ones(9))
        (new,) = (store.path / "cache").iterdir()
        assert new != old


def test_a_new_library_does_not_inherit_the_cache_of_one_that_lay_there(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        fill(store, "Talk", ["some words.", "more words."], seed=1)
        before = vector_search(store, "speech", np.ones(8))
    (store.path / "library.db").unlink()
    with Store.open(tmp_path / "library", create=True) as store:
        fill(store, "Talk", ["some words.", "more words."], seed=2)
        after = vector_search(store, "speech", np.ones(8))
        assert vectors_read(store) == 2
    assert after != before


# Models


def test_another_models_query_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        key = fill(store, "Talk", ["some words.", "more words."])
        for fingerprint, query in (("new-model", np.ones(8)), (None, np.ones(9)), (MODEL, np.ones(9))):
            with pytest.raises(
                ModelMismatchError,
                match=r"vectors are of toy-model:1 .*--model text=toy-model:1\), or .*longvid index --reprocess",
            ):
                vector_search(store, "speech", query, model_fingerprint=fingerprint)
        assert vector_search(store, "screen", np.ones(8), model_fingerprint="new-model") == []
        assert vector_search(store, "summary", np.ones(5)) == []
        # Indexed again with the new model, the old one is gone.
        found = seen(store).passages_without_vectors(key, "new-model")
        missing = [passage.id for passage in found if passage.kind == "speech"]
        with store.stage(key, "vectors", "x2") as writer:
            writer.put_vectors("speech", "new-model", missing, unit_vectors(2, 9))
        assert len(vector_search(store, "speech", np.ones(9), model_fingerprint="new-model")) == 2
        with pytest.raises(ModelMismatchError):
            vector_search(store, "speech", np.ones(8), model_fingerprint=MODEL)
        assert seen(store).vector_models() == {"new-model": ["speech"], PICTURES: ["picture"]}


def test_vectors_that_do_not_fit_are_refused_and_nothing_changes(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        key = fill(store, "Talk", ["some words.", "more words."])
        before = vector_search(store, "speech", np.ones(8))

        def put(channel: str, model: str, ids: list[int], array: NDArray[Any]) -> None:
            with store.stage(key, "vectors", "x2") as writer:
                writer.put_vectors(channel, model, ids, array)

        with pytest.raises(ModelMismatchError, match="wrote vectors of 8 numbers and now gives 7"):
            put("speech", MODEL, [1, 2], unit_vectors(2, 7))
        for channel, ids, array in (
            ("speech", [1, 2], unit_vectors(3)),
            ("speech", [1, 2], unit_vectors(2)[0]),
            ("speech", [1, 2], unit_vectors(2) * np.nan),
            ("speech", [1, 2], unit_vectors(2) * 1e6),
            ("speech", [1, 99], unit_vectors(2)),
            ("screen", [1, 2], unit_vectors(2)),
        ):
            with pytest.raises(ValueError, match=r"shape|finite|is not of the kind"):
                put(channel, MODEL, ids, array)
        assert vector_search(store, "speech", np.ones(8)) == before
        assert seen(store).video(key).stages["vectors"].fingerprint == "x1"
