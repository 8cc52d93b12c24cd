"""Workers and machines of a cluster are killed while it indexes: no video is lost, and no row is there twice."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cluster_tools import SHARED_TEXT, SlowEngines, everything, for_workers
from longvid import Library
from longvid.config import Config
from postgres_tools import new_database
from test_neighbours import transcript

NODES = 3
TALKS = 10
SOON = {"health_check_initial_delay_ms": 1000, "health_check_period_ms": 500, "health_check_timeout_ms": 3000}
"""A machine that is gone is noticed in seconds; Ray waits for five checks, three seconds apart."""


@contextmanager
def machines() -> Iterator[Any]:
    """A cluster of three, each with one processor, on this machine; this process is connected to it."""
    import ray
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, "_system_config": SOON}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(NODES):
            cluster.add_node(num_cpus=1, object_store_memory=80 << 20, include_dashboard=False)
        ray.init(address=cluster.address, log_to_driver=False, configure_logging=False)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def workers(kind: bytes) -> list[int]:
    """The processes that are at the stages of a video, or hold a model that videos share."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            name = (process / "cmdline").read_bytes()
            raylet = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            above = int(Path(f"/proc/{raylet}/stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):  # it has ended meanwhile
            continue
        if name.startswith(kind) and above == os.getpid():
            found.append(int(process.name))
    return found


def kill_some(cluster: Any, done: threading.Event, killed: list[str], kinds: list[bytes], most: int) -> None:
    chance = random.Random(11)
    while not done.wait(chance.uniform(0.1, 0.8)) and len(killed) < most:
        if len(killed) in (3, 7):  # a whole machine, and another one in its place
            cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
            killed.append("machine")
            cluster.add_node(num_cpus=1, object_store_memory=80 << 20, include_dashboard=False)
        elif found := workers(kinds[len(killed) % len(kinds)]):
            try:
                os.kill(chance.choice(found), signal.SIGKILL)
            except ProcessLookupError:
                continue
            killed.append(kinds[len(killed) % len(kinds)].decode())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "kinds", "kills"),
    [(Config(), [b"ray::run_stages"], 4), (SHARED_TEXT, [b"ray::run_stages", b"ray::Model"], 10)],
    ids=["in each process", "shared"],
)
def test_what_is_killed_goes_on_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Config, kinds: list[bytes], kills: int
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", for_workers())
    folder, chance = tmp_path / "talks", random.Random(3)
    folder.mkdir()
    for number in range(TALKS):
        (folder / f"talk {number}.vtt").write_text(transcript(chance), "utf-8")
    killed: list[str] = []
    done = threading.Event()
    engines = SlowEngines()
    engines.config = config
    with (
        Library.open(new_database(), create=True, engines=engines) as lib,
        Library.open(tmp_path / "alone", create=True, engines=SlowEngines(0.0)) as alone,
        machines() as cluster,
    ):
        began_s = time.monotonic()
        # Machines are added by the main thread: Ray takes signals there.
        with ThreadPoolExecutor(1) as aside:
            indexing = aside.submit(lib.index, folder, collection="b", ray="auto")
            indexing.add_done_callback(lambda _: done.set())
            kill_some(cluster, done, killed, kinds, kills)
            reports = indexing.result()
        print(f"{len(killed)} kills in {time.monotonic() - began_s:.0f} s: {killed}")
        assert killed.count("machine") >= 1
        assert len(killed) >= 4
        assert sorted(report.title for report in reports) == sorted(f"talk {n}" for n in range(TALKS))
        # What was hit in one stage as often as a poisonous file may be is told so, and waits for the next run.
        assert {report.error.code for report in reports if report.error} <= {"crashed"}
        lib.index(folder, collection="b")
        alone.index(folder, collection="b")
        assert everything(lib) == everything(alone)
