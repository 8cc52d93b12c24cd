"""Vector search: FAISS gives what the exact oracle gives, filters come first, and a cache can be lost or stale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from longvid_storage import vector_index
from longvid_storage.errors import ModelMismatchError
from longvid_storage.store import Store
from longvid_storage.types import Filters, Unit
from longvid_storage.vector_index import VectorIndex, best_index_type
from longvid_storage.vector_indexes.exact import ExactIndex
from longvid_storage.vector_indexes.faiss import FaissIndex
from store_tools import MODEL, PICTURES, fill, info, keyframes, unit_vectors, video_id

INDEXES: tuple[type[VectorIndex], ...] = (ExactIndex, FaissIndex)


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
    for tried in (index, index_type.from_bytes(index.to_bytes(), 16)):
        positions, scores = tried.search(query, limit, allowed)
        _agree(positions, scores, rows, query, limit, allowed)


def _agree(
    positions: NDArray[Any],
    scores: NDArray[Any],
    rows: NDArray[Any],
    query: NDArray[Any],
    limit: int,
    allowed: NDArray[np.bool_] | None,
) -> None:
    truth = rows.astype(np.float64) @ query.astype(np.float64)
    candidates = np.arange(len(rows)) if allowed is None else np.flatnonzero(allowed)
    wanted = candidates[np.argsort(-truth[candidates], kind="stable")][:limit]
    assert positions.tolist() == wanted.tolist()
    np.testing.assert_allclose(scores, truth[wanted], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("index_type", INDEXES)
def test_equal_vectors_come_in_order_of_position(index_type: type[VectorIndex]) -> None:
    index = index_type(4)
    index.add(np.tile(np.eye(4, dtype=np.float16)[0], (9, 1)))
    positions, scores = index.search(np.eye(4, dtype=np.float32)[0], 5)
    assert positions.tolist() == [0, 1, 2, 3, 4]
    assert scores.tolist() == [1.0] * 5


def test_without_faiss_the_exact_index_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    assert best_index_type() is FaissIndex
    monkeypatch.setattr(vector_index.importlib.util, "find_spec", lambda name: None)
    assert best_index_type() is ExactIndex


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
    Filters(),
    Filters(video_ids=frozenset([video_id("talk 2")])),
    Filters(collection="odd"),
    Filters(speaker="bob"),
    Filters(from_s=10, to_s=20),
    Filters(
        video_ids=frozenset([video_id("talk 0"), video_id("talk 3")]), speaker="Ada", from_s=5, language="en"
    ),
    Filters(collection="nowhere"),
]


@pytest.mark.parametrize("few", [0, 4096])
@pytest.mark.parametrize("sizes", [None, ["window"], ["sentence", "window"], []])
def test_every_filter_gives_what_filtering_all_by_hand_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int, sizes: list[str] | None
) -> None:
    """By both ways: reading the few admitted vectors, and masking the index."""
    monkeypatch.setattr("longvid_storage.vector_search._FEW", few)
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
        courses = Filters(collection="courses")
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
        only = store.vector_search("picture", query, filters=Filters(video_ids=frozenset([first]), from_s=10))
        assert [(video, frame.time_s) for _, video, frame in store.keyframes_by_id([i for i, _ in only])] == [
            (first, 10.0)
        ]
        assert store.vector_search("picture", query, filters=Filters(speaker="Ada")) == []
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
        assert store.vector_models() == {"new-model": ["speech"], PICTURES: ["picture"]}


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
        assert store.stage_fingerprints(key)["vectors"] == "x1"
