"""Small libraries for the storage tests: two talks by different speakers, and a look at every row of a database."""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_storage.db.chain import ChainLink, SummarySentence
from longvid_storage.db.store import Store
from longvid_storage.db.view import View
from longvid_storage.search import lexical
from longvid_storage.search.memory import memory_of, vectors_of
from longvid_storage.types import (
    EVERYTHING,
    Chapter,
    Keyframe,
    Scope,
    ScreenText,
    Segment,
    Slide,
    Sound,
    StageResult,
    Utterance,
    VideoInfo,
    Word,
)

MODEL = "toy-model:1"
PICTURES = "toy-pictures:1"


def video_id(name: str) -> str:
    """A content hash, as the scanner would give."""
    return hashlib.sha256(name.encode()).hexdigest()


def info(name: str, duration_s: float = 100.0) -> VideoInfo:
    """A video called ``name``."""
    return VideoInfo(
        video_id(name), name, duration_s, True, True, 640, 360, 25.0, 0.04, (Chapter(0, 50, "One"),)
    )


def utterances(texts: Iterable[str], speaker: str | None = "Ada", step_s: float = 5.0) -> list[Utterance]:
    """One utterance every ``step_s`` seconds."""
    return [
        Utterance(
            i * step_s,
            (i + 1) * step_s - 0.5,  # a text without a full stop may be one passage with its neighbours
            text,
            speaker,
            "en",
            (Word(text.split()[0], i * step_s, i * step_s + 1),),
        )
        for i, text in enumerate(texts)
    ]


def unit_vectors(count: int, dimension: int = 8, seed: int = 0) -> NDArray[np.float32]:
    """Random directions, rounded to what float16 can hold."""
    rows = np.random.default_rng(seed).standard_normal((count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


def keyframes(count: int) -> list[Keyframe]:
    """Pictures that are recognisable bytes."""
    return [
        Keyframe(i * 10.0, i * 10.0, i * 10.0 + 10, b"picture %d" % i, 4, 3, "slide") for i in range(count)
    ]


def fill(
    store: Store,
    name: str,
    texts: Iterable[str],
    *,
    speaker: str | None = "Ada",
    collection: str | None = None,
    seed: int = 0,
) -> str:
    """Index a video with something in every table; returns its id."""
    about = info(name)
    key = about.video_id
    store.upsert_video(about, collection)
    store.set_path(f"/media/{name}.mp4", key, size=10, mtime_ns=20, sidecars="s")
    spoken = utterances(texts, speaker)
    with store.stage(key, "transcript", "t1") as writer:
        writer.replace_utterances(spoken, source=f"sidecar:{name}.vtt", language="en")
        writer.result(StageResult("transcript", "done", "sidecar", 0.5, {"cues": len(spoken)}, "a note"))
    with store.stage(key, "visual", "v1") as writer:
        writer.replace_slides([Slide(0, 50, 2.5, "First"), Slide(50, 100, 60)])
        frames = writer.replace_keyframes(keyframes(2))
        writer.replace_screen_texts([ScreenText(0, 50, "Gradient descent", (0.1, 0.2, 0.5, 0.3), 0.9)])
        writer.replace_sounds([Sound(90, 98, "Applause", 0.75)])
    with store.view() as view:
        ids = [passage.id for passage in view.passages_of(key, ["speech"])]
    with store.stage(key, "structure", "s1") as writer:
        writer.replace_segments(
            [Segment("video", 0, 100, name, "All of it"), Segment("shot", 0, 40), Segment("shot", 40, 100)]
        )
        sentence = SummarySentence("It begins.", (ids[0],))
        writer.replace_chain([ChainLink("video", 0, 0, 100, (sentence,), "f", "toy", "so far")])
    store.replace_library_chain(collection, [ChainLink("library", 0, 0, 0, (sentence,), "f", "toy")])
    with store.stage(key, "vectors", "x1") as writer:
        writer.put_vectors("speech", MODEL, ids, unit_vectors(len(ids), seed=seed))
        writer.put_vectors("picture", PICTURES, frames, unit_vectors(len(frames), 4, seed=seed))
    return key


@contextmanager
def empty_view() -> Iterator[View]:
    """A view of a library that holds nothing."""
    with (
        tempfile.TemporaryDirectory(prefix="longvid-empty-") as folder,
        Store.open(f"{folder}/library", create=True) as store,
        store.view() as view,
    ):
        yield view


def index_talks(store: Store) -> None:
    """Index four talks as the pipeline does: what is recorded is not done again."""
    for number in range(4):
        about = info(f"talk {number}")
        key = about.video_id
        with store.view() as view:
            if not view.has_video(key):
                store.upsert_video(about, "all")
        with store.view() as view:
            done = view.video(key).stages
        spoken = utterances([f"talk {number} says {word}" for word in ("one", "two", "three")])
        if "transcript" not in done:
            with store.stage(key, "transcript", "t") as writer:
                writer.replace_utterances(spoken, source="toy")
        if "visual" not in done:
            with store.stage(key, "visual", "v") as writer:
                writer.replace_keyframes(keyframes(3))
                writer.replace_screen_texts([ScreenText(0, 9, f"about talk {number}", (0, 0, 1, 1))])
        if "vectors" not in done:
            with store.view() as view:
                found = view.passages_without_vectors(key, MODEL)
            todo = [passage.id for passage in found if passage.kind == "speech"]
            with store.stage(key, "vectors", "x") as writer:
                writer.put_vectors("speech", MODEL, todo, unit_vectors(len(todo)))
        store.set_path(about.title, key, size=1, mtime_ns=1)


def every_row(library: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, the word index's own included, as they lie in the database."""
    connection = sqlite3.connect(library / "library.db")
    try:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr)
            for (name,) in names
            if name != "sqlite_sequence"
        }
    finally:
        connection.close()


class _Seen:
    """Each call of a method is that of a view opened for it."""

    def __init__(self, store: Store, scope: Scope) -> None:
        self._store = store
        self._scope = scope

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            with self._store.view(self._scope) as view:
                return getattr(view, name)(*args, **options)

        return call


def seen(store: Store, scope: Scope = EVERYTHING) -> Any:
    """What a view of the library within ``scope`` gives, method by method."""
    return _Seen(store, scope)


def frames_of(store: Store, key: str, *, images: bool = False) -> list[Keyframe]:
    """A video's keyframes."""
    return [frame for _, frame in seen(store).keyframes(key, images=images)]


def holding(view: View, phrases: list[list[str]], kinds: list[str]) -> list[int]:
    """Ids of the passages that ``lexical.matching`` finds, ascending."""
    return sorted(each for ids in lexical.matching(view, phrases, kinds).values() for each in ids)


def hits(
    store: Store, *terms: str, kind: str = "speech", scope: Scope = EVERYTHING, limit: int = 1000
) -> list[int]:
    """Ids of passages with any of the analysed terms, best first."""
    with store.view(scope) as view:
        facts = memory_of(view).facts(view)
        idf = facts.idf(view, terms, 100)
        counts = facts.counts.get(kind)
        return [] if counts is None else [i for i, _ in lexical.best(view, idf, kind, counts, limit)]


def near(
    store: Store, kind: str, vector: NDArray[Any], limit: int = 1000, scope: Scope = EVERYTHING
) -> list[int]:
    """Ids of passages or keyframes whose vectors are nearest, best first."""
    with store.view(scope) as view:
        return [i for i, _ in vectors_of(view).search(view, kind, vector, limit)]


def fingerprints(store: Store, key: str) -> dict[str, str]:
    """Stage → fingerprint, of stages that did not fail."""
    records = seen(store).video(key).stages.items()
    return {stage: record.fingerprint for stage, record in records if record.result.status != "failed"}
