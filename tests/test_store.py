"""The store keeps what it is given, all of it or none, and forgets what it is told to."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longvid_storage.db.rows import PathRow, TranscriptInfo
from longvid_storage.db.store import Store
from longvid_storage.errors import LibraryError, NotALibraryError, NotFoundError
from longvid_storage.text.passages import speech_passages
from longvid_storage.types import Passage, Scope, ScreenText, Slide, Sound, StageResult, Utterance
from store_tools import (
    MODEL,
    PICTURES,
    every_row,
    fill,
    fingerprints,
    frames_of,
    hits,
    info,
    keyframes,
    near,
    seen,
    unit_vectors,
    utterances,
    video_id,
)

TALK = [
    "gradient descent takes small steps.",
    "the learning rate sets their size.",
    "too large and it diverges.",
]


# What goes in comes out


def test_a_video_comes_back_as_it_was_written(store: Store) -> None:
    key = fill(store, "Optimisation", TALK, collection="courses")
    row = seen(store).video(key)
    assert row.info == info("Optimisation")
    assert row.paths == ("/media/Optimisation.mp4",)
    assert row.collections == ("courses",)
    assert seen(store).videos() == [row]
    assert seen(store).transcript(key) == TranscriptInfo("sidecar:Optimisation.vtt", "en")
    assert seen(store).utterances(key) == utterances(TALK)
    assert seen(store).slides(key) == [Slide(0, 50, 2.5, "First"), Slide(50, 100, 60)]
    assert seen(store).screen_texts(key) == [ScreenText(0, 50, "Gradient descent", (0.1, 0.2, 0.5, 0.3), 0.9)]
    assert frames_of(store, key, images=True) == keyframes(2)
    assert [segment.level for segment in seen(store).segments(key)] == ["video", "shot", "shot"]
    assert [segment.start_s for segment in seen(store).segments(key, "shot")] == [0, 40]
    assert seen(store).speakers() == {"Ada": 3}


def test_keyframes_without_pictures_keep_everything_else(store: Store) -> None:
    key = fill(store, "Optimisation", TALK)
    plain = frames_of(store, key)
    assert [frame.image for frame in plain] == [b"", b""]
    assert [frame.time_s for frame in plain] == [0.0, 10.0]


def test_reading_a_span_is_half_open(store: Store) -> None:
    key = fill(store, "Optimisation", TALK)

    def within(from_s: float | None, to_s: float | None = None) -> Any:
        return seen(store, Scope(from_s=from_s, to_s=to_s))

    assert [u.start_s for u in within(5.0, 10.0).utterances(key)] == [5.0]
    assert [u.start_s for u in within(4.4, 10.001).utterances(key)] == [0.0, 5.0, 10.0]
    assert within(15.0).utterances(key) == []
    assert within(50.0, 60.0).screen_texts(key) == []
    assert seen(store).sounds(key) == within(97.0).sounds(key) == [Sound(90, 98, "Applause", 0.75)]
    assert within(98.0).sounds(key) == within(0.0, 90.0).sounds(key) == []


def test_stage_records_come_back_whole(store: Store) -> None:
    key = fill(store, "Optimisation", TALK)
    record = seen(store).video(key).stages["transcript"]
    assert record.fingerprint == "t1"
    assert record.result == StageResult("transcript", "done", "sidecar", 0.5, {"cues": 3}, "a note")
    with store.stage(key, "visual", "v2") as writer:
        writer.result(StageResult("visual", "failed", note="no such codec"))
    assert fingerprints(store, key) == {"transcript": "t1", "structure": "s1", "vectors": "x1"}
    assert seen(store).video(key).stages["visual"].result.status == "failed"


def test_a_stage_that_raises_leaves_no_trace(store: Store) -> None:
    key = fill(store, "Optimisation", TALK)
    before = every_row(store.path)

    def fail_half_way() -> None:
        with store.stage(key, "transcript", "t2") as writer:
            writer.replace_utterances(utterances(["something else"]), source="speech:toy")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way()
    assert every_row(store.path) == before
    assert hits(store, "diverg") == [3]


def test_an_error_of_the_caller_is_not_taken_for_one_of_the_library(store: Store) -> None:
    key = fill(store, "Optimisation", TALK)
    with pytest.raises(FileNotFoundError), store.stage(key, "visual", "v2"):
        raise FileNotFoundError("/media/gone.mp4")


# Passages keep their ids


def test_equal_passages_keep_their_ids_and_vectors_and_the_rest_go(store: Store) -> None:
    key = fill(store, "Optimisation", TALK)
    changed = utterances([TALK[0], "momentum remembers.", TALK[2]])
    with store.stage(key, "transcript", "t2") as writer:
        writer.replace_utterances(changed)
    spoken = seen(store).passages_of(key, ["speech"])
    assert [(p.start_s, p.text) for p in spoken] == [(u.start_s, u.text) for u in changed]
    new = spoken[1].id
    assert [spoken[0].id, spoken[2].id] == [1, 3]
    assert new > 3
    assert [p.id for p in seen(store).passages_without_vectors(key, MODEL) if p.kind == "speech"] == [new]
    assert hits(store, "learn") == []
    assert hits(store, "momentum") == [new]
    assert [p.id for p in seen(store).passages([3, new, 2, 1])] == [3, new, 1]


_SAID = st.builds(
    Utterance,
    start_s=st.sampled_from([0.0, 1.5]),
    end_s=st.just(2.0),
    text=st.sampled_from(["", "...", "red apples.", "green apples.", "red 苹果。"]),
    speaker=st.sampled_from([None, "Ada"]),
    language=st.sampled_from([None, "en"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.lists(_SAID, max_size=6)), max_size=8))
def test_any_sequence_of_replacing_and_removing_equals_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, list[Utterance] | None]]
) -> None:
    model: dict[str, list[tuple[float, str, str | None]]] = {}
    with Store.open(tmp_path_factory.mktemp("model") / "library", create=True) as store:
        for name, said in steps:
            if said is None:
                if name in model:
                    store.remove_video(video_id(name))
                    del model[name]
                continue
            store.upsert_video(info(name))
            with store.stage(video_id(name), "transcript", "t") as writer:
                writer.replace_utterances(said)
            made = [p for p, _ in speech_passages(video_id(name), said)]
            stored = seen(store).passages_of(video_id(name))
            assert sorted(map(_words, stored), key=repr) == sorted(map(_words, made), key=repr)
            with store.stage(video_id(name), "vectors", "v") as writer:
                writer.put_vectors("speech", MODEL, [p.id for p in stored], unit_vectors(len(stored)))
            model[name] = [_words(p) for p in stored]
        everything = [words for each in model.values() for words in each]
        # Among Chinese an English word keeps its ending.
        for word, *terms in (
            ("apples", "appl", "apples"),
            ("red", "red"),
            ("green", "green"),
            ("苹果", "苹果"),
        ):
            wanted = Counter(words for words in everything if word in words[1])
            listed = seen(store).passages(hits(store, *terms))
            assert Counter(map(_words, listed)) == wanted
        assert len(near(store, "speech", np.ones(8))) == len(everything)


def _words(passage: Passage) -> tuple[float, str, str | None]:
    return passage.start_s, passage.text, passage.speaker


# Forgetting


def test_removing_the_only_video_leaves_what_an_empty_library_has(tmp_path: Path) -> None:
    with Store.open(tmp_path / "empty", create=True):
        pass
    with Store.open(tmp_path / "library", create=True) as store:
        key = fill(store, "Optimisation", TALK, collection="courses")
        near(store, "speech", np.ones(8))
        assert list((store.path / "cache").iterdir())
        store.remove_video(key)
        assert list((store.path / "cache").iterdir()) == []
        left, fresh = every_row(store.path), every_row(tmp_path / "empty")
    left_generation, fresh_generation = left.pop("library"), fresh.pop("library")
    assert left == fresh
    assert left_generation > fresh_generation


def test_a_removed_video_is_not_in_the_bytes_of_the_library(store: Store) -> None:
    kept = fill(store, "Kept", ["we discuss zebrafish at length."] * 50)
    gone = fill(
        store, "Secret", [f"the passphrase is xylophone {i}." for i in range(50)], collection="private"
    )
    near(store, "speech", np.ones(8))
    traces = (b"xylophon", b"passphras", b"Secret", b"private", gone.encode())
    assert all(trace in _bytes_of(store.path) for trace in traces)
    store.remove_video(gone)
    assert b"zebrafish" in _bytes_of(store.path)
    for trace in traces:
        assert trace not in _bytes_of(store.path)
    assert [row.info.video_id for row in seen(store).videos()] == [kept]
    assert hits(store, "xylophon") == []
    assert len(hits(store, "zebrafish")) == 50


def _bytes_of(library: Path) -> bytes:
    return b"".join(path.read_bytes() for path in library.rglob("*") if path.is_file())


def test_removing_one_of_two_leaves_the_other_whole(store: Store) -> None:
    fill(store, "First", TALK, collection="both", seed=1)
    alone = {
        name: rows
        for name, rows in every_row(store.path).items()
        if not name.startswith(("words_", "library"))
    }
    second = fill(store, "Second", ["quite other words."], collection="both", seed=2)
    assert seen(store).collections() == ["both"]
    store.remove_video(second)
    left = {
        name: rows
        for name, rows in every_row(store.path).items()
        if not name.startswith(("words_", "library"))
    }
    assert left == alone


def test_removing_what_is_not_there_says_so(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no video deadbeef"):
        store.remove_video("deadbeef")


# Paths and names


def test_paths_are_known_moved_and_repointed(store: Store) -> None:
    first, second = fill(store, "First", TALK), fill(store, "Second", TALK)
    known = PathRow("/media/First.mp4", first, first, 10, 20, "s")
    assert seen(store).paths() == [known, PathRow("/media/Second.mp4", second, second, 10, 20, "s")]
    store.set_path("/media/First.mp4", second, size=11, mtime_ns=21)
    here = PathRow("/media/First.mp4", second, second, 11, 21, "")
    both = [row for row in seen(store).paths() if row.path == "/media/First.mp4"]
    assert sorted(both, key=lambda row: row.size) == [known, here]
    store.forget_path("/media/First.mp4", first)
    assert [row for row in seen(store).paths() if row.path == "/media/First.mp4"] == [here]
    assert seen(store).video(first).paths == ()
    assert seen(store).video(second).paths == ("/media/First.mp4", "/media/Second.mp4")


def test_a_file_name_that_is_not_text_is_kept(store: Store) -> None:
    key = fill(store, "First", TALK)
    odd = os.fsdecode(b"/media/caf\xe9 \xff.mp4")
    store.set_path(odd, key, size=1, mtime_ns=1)
    assert PathRow(odd, key, key, 1, 1, "") in seen(store).paths()
    store.upsert_video(replace(info("First"), title="caf\udce9"))
    assert seen(store).video(key).info.title == "caf\ufffd"


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
        assert seen(store).resolve(name) == key, name
    for name in (key[:3], "Optimis", "", "   ", "%", "nope"):
        with pytest.raises(NotFoundError):
            seen(store).resolve(name)
    with pytest.raises(NotFoundError, match=r"did you mean Optimisation \[\w{12}\]\?"):
        seen(store).resolve("optim")


def test_an_ambiguous_name_lists_who_may_be_meant(store: Store) -> None:
    for number in range(7):
        store.upsert_video(replace(info(f"copy {number}"), title="Lecture"))
    with pytest.raises(
        NotFoundError, match=r"may be any of 7 videos \(Lecture \(.*and 2 more\): use an id"
    ) as caught:
        seen(store).resolve("lecture")
    assert caught.value.code == "ambiguous"


def test_collections_must_exist_to_be_asked_for(store: Store) -> None:
    fill(store, "First", TALK, collection="courses")
    seen(store).require_collection("courses")
    with pytest.raises(NotFoundError, match="no collection 'cooking': there are courses"):
        seen(store).require_collection("cooking")


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
            assert len(seen(again).videos()) == 1


def test_closing_leaves_one_database_file(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        fill(store, "First", TALK)
    assert sorted(path.name for path in store.path.iterdir()) == [".lock", "library.db"]


def test_vectors_are_asked_for_only_where_they_are_missing(store: Store) -> None:
    key = fill(store, "First", TALK)
    without = seen(store).passages_without_vectors
    assert [p.id for p in without(key, MODEL) if p.kind == "speech"] == []
    assert [p.id for p in without(key, "other") if p.kind == "speech"] == [1, 2, 3]
    assert seen(store).keyframes(key, without_vector_of=PICTURES) == []
    missing = seen(store).keyframes(key, images=True, without_vector_of="other")
    assert missing == list(enumerate(keyframes(2), start=1))
    assert seen(store).vector_models() == {MODEL: ["speech"], PICTURES: ["picture"]}


def test_utterances_without_words_or_speaker_stay_so(store: Store) -> None:
    key = fill(store, "First", TALK)
    bare = [Utterance(0, 1, "hello")]
    with store.stage(key, "transcript", "t2") as writer:
        writer.replace_utterances(iter(bare), source="speech:toy", language=None)
    assert seen(store).utterances(key) == bare
    assert seen(store).transcript(key) == TranscriptInfo("speech:toy", None)
    assert seen(store, Scope(video_ids=frozenset([key]))).speakers() == {}
