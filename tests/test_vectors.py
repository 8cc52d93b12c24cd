"""Vector search: FAISS gives what the exact oracle gives, filters come first, and a cache can be lost or stale."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from longvid_storage.db.store import Store
from longvid_storage.errors import ModelMismatchError
from longvid_storage.search.moments import vector_index
from longvid_storage.search.vector_index import VectorIndex, best_index_type
from longvid_storage.search.vector_indexes.exact import ExactIndex
from longvid_storage.search.vector_indexes.faiss import FaissIndex
from longvid_storage.search.vector_indexes.faiss_gpu import (
    Candidates,
    FaissGpuIndex,
    GpuFullWarning,
    cells,
    gpu_count,
    layout,
    training_rows,
)
from longvid_storage.types import Scope, Unit
from store_tools import MODEL, PICTURES, fill, fingerprints, info, keyframes, seen, unit_vectors, video_id


class HostAsGpu:
    """What FAISS does on a GPU, done by its own classes on the host: a question rounded to float16, and few results."""

    def __init__(self, most: int = 64, free_bytes: int | None = None, full: bool = False) -> None:
        self.most, self._free, self._full = most, free_bytes, full
        self.asked: list[int] = []
        self.made: list[str] = []

    def free_bytes(self) -> int | None:
        return self._free

    def flat(self, codes: NDArray[np.float16]) -> Candidates:
        if self._full:
            raise RuntimeError("StandardGpuResources: alloc fail (cudaMalloc error out of memory [2])")
        self.made.append("flat")
        return self._filled(faiss.IndexFlatIP(codes.shape[1]), codes)

    def ivf(self, codes: NDArray[np.float16], lists: int, probes: int) -> Candidates:
        self.made.append("ivf")
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(codes.shape[1]),
            codes.shape[1],
            lists,
            faiss.ScalarQuantizer.QT_8bit,
            faiss.METRIC_INNER_PRODUCT,
        )
        index.train(training_rows(codes))
        index.nprobe = probes
        return self._filled(index, codes)

    def _filled(self, index: Any, codes: NDArray[np.float16]) -> Candidates:
        index.add(codes.astype(np.float32))
        self._index = index
        return self

    def search(self, x: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        assert k <= self.most
        self.asked.append(k)
        found: tuple[NDArray[np.float32], NDArray[np.int64]] = self._index.search(
            x.astype(np.float16).astype(np.float32), k
        )
        return found


class OnStandIn(FaissGpuIndex):
    """The GPU's index with the host in the place of the GPU, from the first vector on."""

    fewest = 0

    def __init__(self, dimension: int, device: HostAsGpu | None = None) -> None:
        super().__init__(dimension)
        self.device = device or HostAsGpu()
        self.gpu = lambda: self.device  # type: ignore[method-assign,assignment]


INDEXES: tuple[type[VectorIndex], ...] = (ExactIndex, FaissIndex, OnStandIn)


# The role: one contract for every implementation


@pytest.mark.parametrize("index_type", INDEXES)
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    steps=st.lists(st.integers(0, 40) | st.floats(0, 1), max_size=6),
    limit=st.integers(1, 60),
    admitted=st.none() | st.floats(0, 1),
)
def test_any_sequence_of_adding_and_dropping_searches_as_a_sort_would(
    index_type: type[VectorIndex], seed: int, steps: list[int | float], limit: int, admitted: float | None
) -> None:
    """Whole numbers add that many vectors; fractions keep about that share."""
    random = np.random.default_rng(seed)
    index, rows = index_type(16), np.empty((0, 16), np.float16)
    for step in steps:
        if isinstance(step, int):
            new = random.standard_normal((step, 16)).astype(np.float16)
            index.add(new)
            rows = np.concatenate([rows, new])
        else:
            kept = random.random(len(rows)) < step
            index.keep(kept)
            rows = rows[kept]
    assert len(index) == len(rows)
    assert index.dimension == 16
    allowed = None if admitted is None else random.random(len(rows)) < admitted
    query = random.standard_normal(16).astype(np.float32)
    again = index_type.from_bytes(index.to_bytes(), 16)
    for tried in (index, again, index, again):
        positions, scores = tried.search(query, limit, allowed)
        _agree(positions, scores, rows, query, limit, allowed)


def _agree(
    positions: NDArray[Any],
    scores: NDArray[Any],
    rows: NDArray[Any],
    query: NDArray[Any],
    limit: int,
    allowed: NDArray[np.bool_] | None,
    equal: float = 0.0,
) -> None:
    """As a sort of exact scores would; those closer than ``equal`` may change places."""
    truth = rows.astype(np.float64) @ query.astype(np.float64)
    candidates = np.arange(len(rows)) if allowed is None else np.flatnonzero(allowed)
    wanted = candidates[np.argsort(-truth[candidates], kind="stable")][:limit]
    if not equal:
        assert positions.tolist() == wanted.tolist()
    np.testing.assert_allclose(truth[positions], truth[wanted], atol=equal or 1e-12)
    np.testing.assert_allclose(scores, truth[wanted], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("index_type", INDEXES)
def test_equal_vectors_come_in_order_of_position(index_type: type[VectorIndex]) -> None:
    index = index_type(4)
    index.add(np.tile(np.eye(4, dtype=np.float16)[0], (9, 1)))
    for _ in range(2):
        positions, scores = index.search(np.eye(4, dtype=np.float32)[0], 5)
        assert positions.tolist() == [0, 1, 2, 3, 4]
        assert scores.tolist() == [1.0] * 5


def test_without_faiss_the_exact_index_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    assert best_index_type() is FaissIndex
    monkeypatch.setattr(vector_index.importlib.util, "find_spec", lambda name: None)
    assert best_index_type() is ExactIndex


@pytest.mark.slow
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
    rows = unit_vectors(5000, 64, seed=1).astype(np.float16)
    queries = unit_vectors(20, 64, seed=2)
    some = np.random.default_rng(0).random(5000) < 0.5
    truth = ExactIndex(64)
    truth.add(rows)
    index = OnStandIn(64, HostAsGpu(most=2048))
    index.add(rows)
    index.search(queries[0], 10)  # a process that asks once does not pay for the copy
    assert index.device.made == []
    monkeypatch.setattr(FaissIndex, "search", no_host)
    for allowed in (None, some):
        for query in queries:
            positions, scores = index.search(query, 10, allowed)
            wanted, exact = truth.search(query, 10, allowed)
            assert positions.tolist() == wanted.tolist()
            np.testing.assert_allclose(scores, exact, atol=1e-6)
    assert index.device.made == ["flat"]
    assert max(index.device.asked) < 5000 / 10


def test_where_rounding_leaves_a_doubt_more_is_asked_and_then_the_host() -> None:
    """Thousands of frames that hardly differ: no few candidates can be proved to be the best."""
    near = np.tile(unit_vectors(1, 32, seed=1), (3000, 1)) + 1e-4 * unit_vectors(3000, 32, seed=2)
    rows = near.astype(np.float16)
    query = unit_vectors(1, 32, seed=1)[0]
    truth = ExactIndex(32)
    truth.add(rows)
    for most, asked in ((64, [52, 64]), (4096, [52, 208, 832, 3000])):
        index = OnStandIn(32, HostAsGpu(most=most))
        index.add(rows)
        for _ in range(2):
            _agree(*index.search(query, 10), rows, query, 10, None, 1e-6)
        assert index.device.asked == asked


def test_a_narrow_filter_is_the_hosts_and_a_change_drops_the_copy() -> None:
    rows = unit_vectors(2000, 16, seed=1).astype(np.float16)
    query = unit_vectors(1, 16, seed=2)[0]
    index = OnStandIn(16, HostAsGpu(most=100))
    index.add(rows)
    index.search(query, 5)
    few = np.arange(2000) % 100 == 0
    _agree(*index.search(query, 5, few), rows, query, 5, few)
    assert index.device.made == []
    _agree(*index.search(query, 5), rows, query, 5, None)
    assert index.device.made == ["flat"]
    index.keep(np.arange(2000) % 2 == 0)
    _agree(*index.search(query, 5), rows[::2], query, 5, None)
    assert index.device.made == ["flat", "flat"]


def test_what_does_not_fit_is_proposed_by_an_inverted_file() -> None:
    centres = unit_vectors(50, 32, seed=1)
    rows = np.repeat(centres, 100, axis=0) + 0.05 * unit_vectors(5000, 32, seed=2)
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
    queries = centres + 0.02 * unit_vectors(50, 32, seed=3)
    for device in (HostAsGpu(2048, free_bytes=1000), HostAsGpu(2048, full=True)):
        index = OnStandIn(32, device)
        index.add(rows)
        index.search(queries[0], 10)
        right = 0
        for query in queries.astype(np.float32):
            positions, scores = index.search(query, 10)
            truth = rows.astype(np.float32) @ query
            np.testing.assert_allclose(scores, truth[positions], atol=1e-6)
            right += len(set(positions.tolist()) & set(np.argsort(-truth)[:10].tolist()))
        assert device.made == ["ivf"]
        assert right / 500 >= 0.95


def test_a_gpu_that_fills_up_later_leaves_it_to_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = unit_vectors(500, 16, seed=1).astype(np.float16)
    query = unit_vectors(1, 16, seed=2)[0]
    index = OnStandIn(16)
    index.add(rows)
    index.search(query, 5)
    says = "out of memory"

    def fails(*_: object) -> None:
        raise RuntimeError(says)

    monkeypatch.setattr(index.device, "search", fails)
    with pytest.warns(GpuFullWarning, match="the host searches"):
        _agree(*index.search(query, 5), rows, query, 5, None)
    says = "invalid device function"
    with pytest.raises(RuntimeError, match="invalid device"):
        index.search(query, 5)


def test_the_layout_follows_from_size_and_memory() -> None:
    ten_million = 10_000_000
    assert layout(ten_million, 512, 80 << 30) == "flat"
    assert layout(ten_million, 512, 8 << 30) == "ivf"
    assert layout(ten_million, 512, None) == "flat"
    assert layout(1_000_000, 512, 8 << 30) == "flat"
    assert cells(ten_million) == (12_649, 790)
    assert cells(100 * ten_million) == (126_491, 2048)
    assert cells(100) == (40, 32)
    assert cells(1) == (4, 4)


def test_a_gpu_is_used_where_faiss_sees_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gpu_count() == 0
    monkeypatch.setattr(faiss, "StandardGpuResources", object, raising=False)
    assert gpu_count() == 0
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 1)
    assert best_index_type() is FaissGpuIndex

    def no_driver() -> int:
        raise RuntimeError("CUDA driver version is insufficient")

    monkeypatch.setattr(faiss, "get_num_gpus", no_driver)
    assert best_index_type() is FaissIndex


# The store on top


def _unit(number: int, i: int) -> Unit:
    size, speaker = "sentence" if i % 3 else "window", "Ada" if i % 5 else "Bob"
    return Unit("speech", size, i, i + 2, f"unit {number} {i}", speaker, "en")


def big(store: Store, videos: int = 4, each: int = 60) -> NDArray[np.float32]:
    """Several videos of units in two sizes; returns the vector of unit i + 1 in row i."""
    rows = unit_vectors(videos * each, 24, seed=3)
    for number in range(videos):
        name = f"talk {number}"
        units = [_unit(number, i) for i in range(each)]
        store.upsert_video(info(name), "even" if number % 2 == 0 else "odd")
        with store.stage(video_id(name), "vectors", "x") as writer:
            ids = writer.replace_units(units)
            writer.put_vectors("speech", MODEL, ids, rows[number * each : (number + 1) * each])
    return rows


FILTERS = [
    Scope(),
    Scope(video_ids=frozenset([video_id("talk 2")])),
    Scope(collection="odd"),
    Scope(speaker="bob"),
    Scope(from_s=10, to_s=20),
    Scope(
        video_ids=frozenset([video_id("talk 0"), video_id("talk 3")]), speaker="Ada", from_s=5, language="en"
    ),
    Scope(collection="nowhere"),
]


@pytest.mark.parametrize("few", [0, 4096])
@pytest.mark.parametrize("sizes", [None, ["window"], ["sentence", "window"], []])
def test_every_filter_gives_what_filtering_all_by_hand_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int, sizes: list[str] | None
) -> None:
    """By both ways: reading the few admitted vectors, and masking the index."""
    monkeypatch.setattr("longvid_storage.search.vector_search._FEW", few)
    with Store.open(tmp_path / "library", create=True) as store:
        rows = big(store)
        for seed, filters in enumerate(FILTERS * 2):
            query = unit_vectors(1, 24, seed=seed)[0]
            admitted = [found.unit_id for found in store.units_of(filters, channels=["speech"], sizes=sizes)]
            truth = {i: float(rows[i - 1] @ query) for i in admitted}
            wanted = sorted(truth, key=lambda i: (-truth[i], i))[:25]
            found = store.vector_search("speech", query, filters=filters, sizes=sizes, limit=25)
            assert [i for i, _ in found] == wanted
            assert [score for _, score in found] == pytest.approx([truth[i] for i in wanted], abs=1e-5)


def test_the_cache_file_spares_reading_and_can_be_lost(tmp_path: Path) -> None:
    query = unit_vectors(1, 24, seed=9)[0]
    with Store.open(tmp_path / "library", create=True) as store:
        big(store)
        wanted = store.vector_search("speech", query)
        assert store.vectors_read == 240
        assert store.vector_search("speech", query) == wanted
        assert store.vectors_read == 240
    files = sorted((store.path / "cache").iterdir())
    assert [path.name.split("-")[:2] for path in files] == [["speech", "sentence"], ["speech", "window"]]
    with Store.open(store.path) as again:
        assert again.vector_search("speech", query) == wanted
        assert again.vectors_read == 0
    for damage in (b"", b"not an index", files[0].read_bytes()[:-300], files[1].read_bytes()):
        files[0].write_bytes(damage)
        with Store.open(store.path) as again:
            assert again.vector_search("speech", query) == wanted
            assert again.vectors_read == 160
    for path in files:
        path.unlink()
    (store.path / "cache").rmdir()
    with Store.open(store.path) as again:
        assert again.vector_search("speech", query) == wanted
        assert again.vectors_read == 240


def test_a_stale_cache_reads_only_what_is_new(tmp_path: Path) -> None:
    query = unit_vectors(1, 24, seed=9)[0]
    with Store.open(tmp_path / "library", create=True) as store, Store.open(store.path) as reader:
        rows = big(store)
        reader.vector_search("speech", query)
        assert reader.vectors_read == 240
        store.upsert_video(info("late"))
        with store.stage(video_id("late"), "vectors", "x") as writer:
            ids = writer.replace_units([Unit("speech", "window", 0, 1, f"late {i}") for i in range(10)])
            writer.put_vectors("speech", MODEL, ids, np.tile(query, (10, 1)))
        assert {i for i, _ in reader.vector_search("speech", query, limit=10)} == set(ids)
        assert reader.vectors_read == 250
        store.remove_video(video_id("talk 1"))
        found = reader.vector_search("speech", query, limit=1000)
        assert {i for i, _ in found} == {*range(1, 61), *range(121, 241), *ids}
        assert reader.vectors_read == 250
        with store.stage(video_id("talk 0"), "vectors", "y") as writer:
            writer.put_vectors("speech", MODEL, [1], -rows[:1])  # the same unit, another vector
        found = dict(reader.vector_search("speech", query, limit=1000))
        assert found[1] == pytest.approx(-float(rows[0] @ query), abs=1e-5)
        assert reader.vectors_read == 251


def test_a_remembered_filter_notices_a_video_that_joins_a_collection(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        fill(store, "First", ["words"], collection="courses", seed=1)
        fill(store, "Second", ["words"], seed=2)
        courses = Scope(collection="courses")
        store.vector_search("speech", np.ones(8))
        assert [i for i, _ in store.vector_search("speech", np.ones(8), filters=courses)] == [1]
        store.upsert_video(info("Second"), "courses")
        assert {i for i, _ in store.vector_search("speech", np.ones(8), filters=courses)} == {1, 2}


def test_pictures_have_their_own_vectors(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        first, second = fill(store, "First", ["words"], seed=1), fill(store, "Second", ["words"], seed=2)
        query = unit_vectors(2, 4, seed=2)[1]
        ((best, score), *_) = store.vector_search("picture", query, model_fingerprint=PICTURES)
        assert score == pytest.approx(1.0, abs=1e-3)
        assert store.keyframes_by_id([best], images=True) == [(best, second, keyframes(2)[1])]
        only = store.vector_search("picture", query, filters=Scope(video_ids=frozenset([first]), from_s=10))
        assert [(video, frame.time_s) for _, video, frame in store.keyframes_by_id([i for i, _ in only])] == [
            (first, 10.0)
        ]
        assert store.vector_search("picture", query, filters=Scope(speaker="Ada")) == []
        with store.stage(second, "visual", "v2") as writer:
            writer.replace_keyframes(keyframes(1))
        assert len(store.vector_search("picture", query)) == 2


def test_a_model_that_was_replaced_leaves_no_cache_file(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        key = fill(store, "Talk", ["some words", "more words"])
        store.vector_search("speech", np.ones(8))
        (old,) = (store.path / "cache").iterdir()
        with store.stage(key, "vectors", "x2") as writer:
            writer.put_vectors("speech", "new-model", [1, 2], unit_vectors(2, 9))
        store.vector_search("speech", np.ones(9))
        (new,) = (store.path / "cache").iterdir()
        assert new != old


def test_a_new_library_does_not_inherit_the_cache_of_one_that_lay_there(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        fill(store, "Talk", ["some words", "more words"], seed=1)
        before = store.vector_search("speech", np.ones(8))
    (store.path / "library.db").unlink()
    with Store.open(tmp_path / "library", create=True) as store:
        fill(store, "Talk", ["some words", "more words"], seed=2)
        after = store.vector_search("speech", np.ones(8))
        assert store.vectors_read == 2
    assert after != before


# Models


def test_another_models_query_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        key = fill(store, "Talk", ["some words", "more words"])
        for fingerprint, query in (("new-model", np.ones(8)), (None, np.ones(9)), (MODEL, np.ones(9))):
            with pytest.raises(
                ModelMismatchError,
                match=r"vectors are of toy-model:1 .*--model text=toy-model:1\), or .*longvid index --reprocess",
            ):
                store.vector_search("speech", query, model_fingerprint=fingerprint)
        assert store.vector_search("screen", np.ones(8), model_fingerprint="new-model") == []
        assert store.vector_search("summary", np.ones(5)) == []
        # Indexed again with the new model, the old one is gone.
        missing = store.units_without_vectors(key, "new-model")
        with store.stage(key, "vectors", "x2") as writer:
            writer.put_vectors("speech", "new-model", [unit_id for unit_id, _ in missing], unit_vectors(2, 9))
        assert len(store.vector_search("speech", np.ones(9), model_fingerprint="new-model")) == 2
        with pytest.raises(ModelMismatchError):
            store.vector_search("speech", np.ones(8), model_fingerprint=MODEL)
        assert seen(store).vector_models() == {"new-model": ["speech"], PICTURES: ["picture"]}


def test_vectors_that_do_not_fit_are_refused_and_nothing_changes(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        key = fill(store, "Talk", ["some words", "more words"])
        before = store.vector_search("speech", np.ones(8))

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
            with pytest.raises(ValueError, match=r"shape|finite|is not a unit of the"):
                put(channel, MODEL, ids, array)
        assert store.vector_search("speech", np.ones(8)) == before
        assert fingerprints(store, key)["vectors"] == "x1"
