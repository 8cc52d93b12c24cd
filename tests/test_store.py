"""The store keeps what it is given, all of it or none, and forgets what it is told to."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longvid_storage.db.rows import PathRow, TranscriptInfo
from longvid_storage.db.store import Store
from longvid_storage.errors import LibraryError, NotALibraryError, NotFoundError
from longvid_storage.types import Scope, ScreenText, Slide, Sound, StageResult, Unit, Utterance
from store_tools import (
    MODEL,
    PICTURES,
    every_row,
    fill,
    info,
    keyframes,
    sentences,
    unit_vectors,
    utterances,
    video_id,
)

TALK = [
    "gradient descent takes small steps",
    "the learning rate sets their size",
    "too large and it diverges",
]


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path / "library", create=True) as opened:
        yield opened


# What goes in comes out


def test_a_video_comes_back_as_it_was_written(store: Store) -> None:
    key = fill(store, "Optimisation", TALK, collection="courses")
    row = store.video(key)
    assert row.info == info("Optimisation")
    assert row.paths == ("/media/Optimisation.mp4",)
    assert row.collections == ("courses",)
    assert store.videos() == [row]
    assert store.transcript(key) == TranscriptInfo("sidecar:Optimisation.vtt", "en")
    assert store.utterances(key) == utterances(TALK)
    assert store.slides(key) == [Slide(0, 50, 2.5, "First"), Slide(50, 100, 60)]
    assert store.screen_texts(key) == [ScreenText(0, 50, "Gradient descent", (0.1, 0.2, 0.5, 0.3), 0.9)]
    assert store.keyframes(key, images=True) == keyframes(2)
    assert [segment.level for segment in store.segments(key)] == ["video", "shot", "shot"]
    assert [segment.start_s for segment in store.segments(key, "shot")] == [0, 40]
    assert store.speakers() == {"Ada": 3}


def test_keyframes_without_pictures_keep_everything_else(store: Store) -> None:
    key = fill(store, "Optimisation", TALK)
    plain = store.keyframes(key)
    assert [frame.image for frame in plain] == [b"", b""]
    assert [frame.time_s for frame in plain] == [0.0, 10.0]


def test_reading_a_span_is_half_open(store: Store) -> None:
    key = fill(store, "Optimisation", TALK)
    assert [u.start_s for u in store.utterances(key, 5.0, 10.0)] == [5.0]
    assert [u.start_s for u in store.utterances(key, 4.999, 10.001)] == [0.0, 5.0, 10.0]
    assert store.utterances(key, 15.0, None) == []
    assert store.screen_texts(key, 50.0, 60.0) == []
    assert store.sounds(key) == store.sounds(key, 97.0) == [Sound(90, 98, "Applause", 0.75)]
    assert store.sounds(key, 98.0) == store.sounds(key, 0.0, 90.0) == []


def test_stage_records_come_back_whole(store: Store) -> None:
    key = fill(store, "Optimisation", TALK)
    record = store.stage_records(key)["transcript"]
    assert record.fingerprint == "t1"
    assert record.result == StageResult("transcript", "done", "sidecar", 0.5, {"cues": 3}, "a note")
    with store.stage(key, "visual", "v2") as writer:
        writer.result(StageResult("visual", "failed", note="no such codec"))
    assert store.stage_fingerprints(key) == {"transcript": "t1", "structure": "s1", "vectors": "x1"}
    assert store.stage_records(key)["visual"].result.status == "failed"


def test_a_stage_that_raises_leaves_no_trace(store: Store) -> None:
    key = fill(store, "Optimisation", TALK)
    before = every_row(store.path)

    def fail_half_way() -> None:
        with store.stage(key, "transcript", "t2") as writer:
            writer.replace_utterances(utterances(["something else"]), source="speech:toy")
            writer.replace_units([])
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way()
    assert every_row(store.path) == before
    assert [found for found, _ in store.lexical_search(["diverg"])] == [3]


def test_an_error_of_the_caller_is_not_taken_for_one_of_the_library(store: Store) -> None:
    key = fill(store, "Optimisation", TALK)
    with pytest.raises(FileNotFoundError), store.stage(key, "visual", "v2"):
        raise FileNotFoundError("/media/gone.mp4")


# Units keep their ids


def test_equal_units_keep_their_ids_and_vectors_and_the_rest_go(store: Store) -> None:
    key = fill(store, "Optimisation", TALK)
    spoken = sentences(utterances(TALK))
    changed = [spoken[0], Unit("speech", "sentence", 5, 10, "momentum remembers", "Ada", "en"), spoken[2]]
    with store.stage(key, "transcript", "t2") as writer:
        ids = writer.replace_units(changed)
    assert ids == [1, 4, 3]
    assert store.units_without_vectors(key, MODEL) == [(4, changed[1])]
    assert store.lexical_search(["learn"]) == []
    assert [found for found, _ in store.lexical_search(["momentum"])] == [4]
    assert [found.unit for found in store.units([3, 4, 2, 1])] == [changed[2], changed[1], changed[0]]


_UNITS = st.builds(
    Unit,
    channel=st.sampled_from(["speech", "screen"]),
    size=st.sampled_from(["sentence", "window"]),
    start_s=st.sampled_from([0.0, 1.5]),
    end_s=st.just(2.0),
    text=st.sampled_from(["", "...", "red apples", "green apples", "red 苹果"]),
    speaker=st.sampled_from([None, "Ada"]),
    language=st.sampled_from([None, "en"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.lists(_UNITS, max_size=6)), max_size=8))
def test_any_sequence_of_replacing_and_removing_equals_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, list[Unit] | None]]
) -> None:
    model: dict[str, list[Unit]] = {}
    with Store.open(tmp_path_factory.mktemp("model") / "library", create=True) as store:
        for name, units in steps:
            if units is None:
                if name in model:
                    store.remove_video(video_id(name))
                    del model[name]
                continue
            store.upsert_video(info(name))
            with store.stage(video_id(name), "transcript", "t") as writer:
                ids = writer.replace_units(units)
                for channel in ("speech", "screen"):
                    theirs = [i for i, unit in zip(ids, units, strict=True) if unit.channel == channel]
                    writer.put_vectors(channel, MODEL, theirs, unit_vectors(len(theirs)))
            assert [found.unit for found in store.units(ids)] == units
            model[name] = units
        everything = [(video_id(name), unit) for name, units in model.items() for unit in units]
        assert Counter((found.video_id, found.unit) for found in store.units_of()) == Counter(everything)
        for term, word in (("appl", "apples"), ("red", "red"), ("green", "green"), ("苹果", "苹果")):
            wanted = Counter(unit.text for _, unit in everything if word in unit.text)
            listed = store.units([found for found, _ in store.lexical_search([term], limit=1000)])
            assert Counter(found.unit.text for found in listed) == wanted
            assert store.term_counts([term]).frequency == {term: wanted.total()}
        for channel in ("speech", "screen"):
            hits = store.vector_search(channel, np.ones(8), limit=1000)
            assert len(hits) == sum(unit.channel == channel for _, unit in everything)


# Forgetting


def test_removing_the_only_video_leaves_what_an_empty_library_has(tmp_path: Path) -> None:
    with Store.open(tmp_path / "empty", create=True):
        pass
    with Store.open(tmp_path / "library", create=True) as store:
        key = fill(store, "Optimisation", TALK, collection="courses")
        store.vector_search("speech", np.ones(8))
        assert list((store.path / "cache").iterdir())
        store.remove_video(key)
        assert list((store.path / "cache").iterdir()) == []
        left, fresh = every_row(store.path), every_row(tmp_path / "empty")
    left_generation, fresh_generation = left.pop("library"), fresh.pop("library")
    assert left == fresh
    assert left_generation > fresh_generation


def test_a_removed_video_is_not_in_the_bytes_of_the_library(store: Store) -> None:
    kept = fill(store, "Kept", ["we discuss zebrafish at length"] * 50)
    gone = fill(
        store, "Secret", [f"the passphrase is xylophone {i}" for i in range(50)], collection="private"
    )
    store.vector_search("speech", np.ones(8))
    traces = (b"xylophon", b"passphras", b"Secret", b"private", gone.encode())
    assert all(trace in _bytes_of(store.path) for trace in traces)
    store.remove_video(gone)
    assert b"zebrafish" in _bytes_of(store.path)
    for trace in traces:
        assert trace not in _bytes_of(store.path)
    assert [row.info.video_id for row in store.videos()] == [kept]
    assert store.lexical_search(["xylophon"]) == []
    assert len(store.lexical_search(["zebrafish"], limit=100)) == 50


def _bytes_of(library: Path) -> bytes:
    return b"".join(path.read_bytes() for path in library.rglob("*") if path.is_file())


def test_removing_one_of_two_leaves_the_other_whole(store: Store) -> None:
    fill(store, "First", TALK, collection="both", seed=1)
    alone = {
        name: rows
        for name, rows in every_row(store.path).items()
        if not name.startswith(("lexical", "library"))
    }
    second = fill(store, "Second", ["quite other words"], collection="both", seed=2)
    assert store.collections() == ["both"]
    store.remove_video(second)
    left = {
        name: rows
        for name, rows in every_row(store.path).items()
        if not name.startswith(("lexical", "library"))
    }
    assert left == alone


def test_removing_what_is_not_there_says_so(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no video deadbeef"):
        store.remove_video("deadbeef")


# Paths and names


def test_paths_are_known_moved_and_repointed(store: Store) -> None:
    first, second = fill(store, "First", TALK), fill(store, "Second", TALK)
    assert store.known_path("/media/First.mp4") == PathRow("/media/First.mp4", first, 10, 20, "s")
    assert store.known_path("/media/none.mp4") is None
    store.set_path("/media/First.mp4", second, size=11, mtime_ns=21)
    assert store.known_paths()["/media/First.mp4"] == PathRow("/media/First.mp4", second, 11, 21, "")
    assert store.video(first).paths == ()
    assert store.video(second).paths == ("/media/First.mp4", "/media/Second.mp4")


def test_a_file_name_that_is_not_text_is_kept(store: Store) -> None:
    key = fill(store, "First", TALK)
    odd = os.fsdecode(b"/media/caf\xe9 \xff.mp4")
    store.set_path(odd, key, size=1, mtime_ns=1)
    assert odd in store.known_paths()
    assert store.known_path(odd) == PathRow(odd, key, 1, 1, "")
    store.upsert_video(replace(info("First"), title="caf\udce9"))
    assert store.video(key).info.title == "caf\ufffd"


def test_a_video_is_found_by_id_prefix_title_and_file(store: Store) -> None:
    key = fill(store, "Optimisation", TALK)
    fill(store, "Another", TALK)
    for name in (
        key,
        key[:8],
        key[:4],
        "optimisation",
        " Optimisation ",
        "/media/Optimisation.mp4",
        "Optimisation.mp4",
    ):
        assert store.resolve_video(name) == key, name
    for name in (key[:3], "Optimis", "", "   ", "%", "nope"):
        with pytest.raises(NotFoundError):
            store.resolve_video(name)
    with pytest.raises(NotFoundError, match=r"did you mean Optimisation \[\w{12}\]\?"):
        store.resolve_video("optim")


def test_an_ambiguous_name_lists_who_may_be_meant(store: Store) -> None:
    for number in range(7):
        store.upsert_video(replace(info(f"copy {number}"), title="Lecture"))
    with pytest.raises(
        NotFoundError, match=r"may be any of 7 videos \(Lecture \[.*and 2 more\): use an id"
    ) as caught:
        store.resolve_video("lecture")
    assert caught.value.code == "ambiguous"


def test_collections_must_exist_to_be_asked_for(store: Store) -> None:
    fill(store, "First", TALK, collection="courses")
    store.require_collection("courses")
    with pytest.raises(NotFoundError, match="no collection 'cooking': there are courses"):
        store.require_collection("cooking")


# Opening


def test_a_missing_library_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"there is no library at .*longvid index"):
        Store.open(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_other_things_are_not_libraries(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("hello")
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "cat.jpg").write_bytes(b"x")
    with pytest.raises(NotALibraryError, match=r"is a file, not a library"):
        Store.open(note)
    for create in (False, True):
        with pytest.raises(NotALibraryError, match=r"photos is not a library \(it holds cat.jpg\)"):
            Store.open(folder, create=create)
    assert [path.name for path in folder.iterdir()] == ["cat.jpg"]
    with pytest.raises(NotALibraryError):
        Store.open(note / "below", create=True)


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_database_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "library.db").write_bytes(content)
    for create in (False, True):
        with pytest.raises(LibraryError, match=r"library\.db|library at"):
            Store.open(tmp_path, create=create)
    assert (tmp_path / "library.db").read_bytes() == content


def test_a_library_in_an_empty_directory_and_below_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "empty", tmp_path / "new" / "deep" / "odd #1?%20 name"):
        with Store.open(place, create=True) as made:
            fill(made, "First", TALK)
        with Store.open(place) as again:
            assert len(again.videos()) == 1


def test_closing_leaves_one_database_file(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        fill(store, "First", TALK)
    assert sorted(path.name for path in store.path.iterdir()) == [".lock", "library.db"]


def test_vectors_are_asked_for_only_where_they_are_missing(store: Store) -> None:
    key = fill(store, "First", TALK)
    assert store.units_without_vectors(key, MODEL) == []
    assert [unit_id for unit_id, _ in store.units_without_vectors(key, "other")] == [1, 2, 3]
    assert store.units_without_vectors(key, "other", channels=["screen"]) == []
    assert store.units_without_vectors(key, "other", sizes=["sentence"]) != []
    assert store.keyframes_without_vectors(key, PICTURES) == []
    assert store.keyframes_without_vectors(key, "other") == list(enumerate(keyframes(2), start=1))
    assert store.vector_models() == {MODEL: ["speech"], PICTURES: ["picture"]}
    assert MODEL in store.vector_models()
    assert "other" not in store.vector_models()


def test_utterances_without_words_or_speaker_stay_so(store: Store) -> None:
    key = fill(store, "First", TALK)
    bare = [Utterance(0, 1, "hello")]
    with store.stage(key, "transcript", "t2") as writer:
        writer.replace_utterances(iter(bare), source="speech:toy", language=None)
    assert store.utterances(key) == bare
    assert store.transcript(key) == TranscriptInfo("speech:toy", None)
    assert store.speakers(Scope(video_ids=frozenset([key]))) == {}
