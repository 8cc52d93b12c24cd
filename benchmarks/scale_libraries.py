"""Large libraries for ``scale.py``: of real meetings again and again, or of many short videos."""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from longvid import Library
from longvid_indexer.stages.job import STAGES
from longvid_storage.db import list_columns, schema, word_index
from longvid_storage.db.store import Store
from longvid_storage.types import StageResult, Utterance, VideoInfo

SETS = ("calls", "qmsum", "talks")
COLLECTIONS = 10
NOISE = 0.02  # of each of 384 numbers, 0.4 of the vector's length: about as far as a sentence is from its paraphrase


@dataclass(frozen=True, slots=True)
class Source:
    """A real meeting: what is said, when, and the vectors."""

    title: str
    said: Sequence[Utterance]
    rows: np.ndarray


def read_sources(data: Path, work: Path) -> Iterator[Source]:
    """Every meeting of the data, indexed into ``work`` first."""
    for name in SETS:
        with Library.open(work / name, create=True) as library:
            library.index(data / name, only=["transcript", "vectors"])
            fingerprint = library.engines.text_encoder.fingerprint
            with library._store.view() as view:
                for row in view.videos():
                    passages = view.passages_of(row.info.video_id, ["speech"])
                    held = view.vectors([each.id for each in passages], fingerprint)
                    kept = [each for each in passages if each.id in held]
                    said = [Utterance(p.start_s, p.end_s, p.text, p.speaker, p.language) for p in kept]
                    if kept:
                        rows = np.stack([held[each.id] for each in kept]).astype(np.float32)
                        yield Source(row.info.title, said, rows)


def make_library(options: argparse.Namespace) -> Path:
    """A directory of so many passages; one that was not finished is gone on with."""
    place, count = options.work / f"made-{options.passages}", options.passages
    before = time.process_time()
    with Library.open(place, create=True) as library:
        model = library.engines.text_encoder.fingerprint
        with library._store.view() as view:
            number, made = len(view.video_ids()), sum(view.speakers().values())
        had, sources = made, list(read_sources(options.data, options.work)) if made < count else []
        while made < count:
            made += enter(library._store, sources[number % len(sources)], number, model)
            number += 1
    spent = time.process_time() - before
    cost = f"; {spent / (made - had) * 1e6:.0f} s of CPU a million" if made > had else ""
    print(f"{made:,} passages of {number:,} videos{cost}")
    return place


def enter(store: Store, source: Source, number: int, model: str) -> int:
    """One more video; how many passages it has."""
    chance, noise = random.Random(number), np.random.default_rng(number)
    video_id = f"{number:064x}"
    length_s = max(each.end_s for each in source.said)
    info = VideoInfo(video_id, f"{source.title} {number}", length_s, False, True, None, None, None, 0.0, ())
    store.upsert_video(info, f"collection {number % COLLECTIONS}")
    with store.stage(video_id, "transcript", "made") as writer:
        writer.replace_utterances(
            [_shuffled(each, chance) for each in source.said], source="made", language="en"
        )
        writer.result(StageResult("transcript", "done", "made", 0.0, {}, None))
    with store.view() as view:
        ids = [each.id for each in view.passages_of(video_id, ["speech"])]
    rows = source.rows[np.arange(len(ids)) * len(source.rows) // max(1, len(ids))]
    rows = rows + noise.normal(0, NOISE, rows.shape)
    with store.stage(video_id, "vectors", "made") as writer:
        writer.put_vectors("speech", model, ids, rows / np.linalg.norm(rows, axis=1, keepdims=True))
    return len(ids)


def _shuffled(said: Utterance, chance: random.Random) -> Utterance:
    words = said.text.rstrip(".?!").split()
    chance.shuffle(words)
    return Utterance(said.start_s, said.end_s, " ".join(words) + ".", said.speaker, said.language)


def many_videos(place: Path, count: int) -> None:
    """A library of so many videos of one sentence, as its stages would have left it."""
    keys, files = range(1, count + 1), place.with_name(f"{place.name}-files")
    files.mkdir(parents=True, exist_ok=True)
    for key in keys:
        (files / f"talk {key}.vtt").touch()
    said = [f"Talk {key} of pumps and budgets." for key in keys]
    video = {"duration_s": 5.0, "has_video": False, "has_audio": True, "stream_start_s": 0.0, "chapters": [],
             "media_type": "audio", "subtitles": ""}  # fmt: skip
    stage = {"fingerprint": "made", "status": "done", "seconds": 0.1, "counters": {"rows": 1}}
    terms = [" ".join(["talk", str(key), "pump", "budget"]) for key in keys]
    rows: dict[type[schema.Base], list[dict[str, Any]]] = {
        schema.Video: [
            {**video, "video_key": key, "video_id": f"{key:064x}", "media_id": f"{key:064x}", "title": f"Talk {key}"}
            for key in keys
        ],
        schema.Path: [
            {"path": str(files / f"talk {key}.vtt"), "video_key": key, "size": 1, "mtime_ns": 1, "sidecars": ""}
            for key in keys
        ],
        schema.Collection: [{"collection_key": key + 1, "name": f"collection {key}"} for key in range(COLLECTIONS)],
        schema.VideoCollection: [{"collection_key": key % COLLECTIONS + 1, "video_key": key} for key in keys],
        schema.Stage: [{**stage, "video_key": key, "stage": name} for key in keys for name in STAGES],
        schema.PassageRow: [
            {"video_key": key, "kind": "speech", "start_s": 0.0, "end_s": 4.0, "speaker": f"Speaker {key % 50}",
             "speaker_key": f"speaker {key % 50}", "language": "en", "text": text, "terms": words, "length": 4}
            for key, text, words in zip(keys, said, terms, strict=True)
        ],
    }  # fmt: skip
    with Store.open(place, create=True) as store, store.conversing() as connection:
        for table, each in rows.items():
            connection.execute(insert(table), each)
        word_index.rebuild(connection)
        list_columns.write_all(connection)
