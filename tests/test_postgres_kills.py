"""Many processes index into and serve one library in PostgreSQL and are killed at random: nothing is lost or twice.

For ten minutes: ``LONGVID_KILLING_S=600 pytest -s tests/test_postgres_kills.py``.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cluster_tools import SlowEngines, everything
from longvid import Library
from postgres_tools import new_database
from serve_tools import free_port
from served_films import _warm
from test_neighbours import WORDS, transcript

KILLING_S = float(os.environ.get("LONGVID_KILLING_S", "30"))
INDEXERS, SERVERS = 8, 4
_TALK_EACH_S = 1.5
# What was asked of servers, and is not of the videos.
_WORK = {"jobs", "uploads", "deliveries", "webhooks", "api_keys"}


def index_on_and_on(address: str, folder: str) -> None:
    """Bring the folder up to date, again and again."""
    os.environ["OMP_NUM_THREADS"] = "1"
    with Library.open(address, engines=SlowEngines(0.0)) as library:
        while True:
            library.index(folder, collection="b")


def serve(address: str, folder: str, port: int) -> None:
    """As `longvid serve` does, with the same encoder."""
    import uvicorn

    from longvid.server.app import create_app
    from longvid.server.settings import ServerSettings

    os.environ["OMP_NUM_THREADS"] = "1"
    with Library.open(address, engines=SlowEngines(0.0)) as library:
        app = create_app(library, ServerSettings(port=port, roots={"*": (folder,)}))
        uvicorn.run(app, port=port, log_level="critical")


class Crowd:
    """Processes of which each that is killed is followed by another; ``port`` of a server, else 0."""

    def __init__(self, address: str, folder: Path) -> None:
        self._place = (address, str(folder))
        self.running: list[tuple[Any, int]] = []
        for number in range(INDEXERS + SERVERS):
            self._start(number >= INDEXERS)

    def _start(self, serves: bool) -> None:
        port = free_port() if serves else 0
        target: Callable[..., None] = serve if serves else index_on_and_on
        arguments = (*self._place, port) if serves else self._place
        process = _warm().Process(target=target, args=arguments, daemon=True)
        process.start()
        self.running.append((process, port))

    def kill(self, chance: random.Random) -> str:
        """One of them, and another in its place."""
        process, port = self.running.pop(chance.randrange(len(self.running)))
        assert process.exitcode is None, f"{'a server' if port else 'an indexer'} ended by itself"
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        self._start(port > 0)
        return "server" if port else "indexer"

    def end(self) -> None:
        """Kill them all."""
        for process, _ in self.running:
            os.kill(process.pid, signal.SIGKILL)
            process.join()

    def ask(self, chance: random.Random, told: Counter[str]) -> None:
        """A search or a job, of one of the servers; what answers otherwise than well is a fault."""
        port = chance.choice([port for _, port in self.running if port])
        path, body = chance.choice(
            [
                ("search", {"query": chance.choice(WORDS)}),
                ("jobs", {"paths": [self._place[1]], "collection": "b"}),
            ]
        )
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/{path}", json.dumps(body).encode(), headers
        )
        try:
            with urllib.request.urlopen(asked, timeout=60) as reply:
                told[f"{path} {reply.status}"] += 1
        except urllib.error.HTTPError as error:
            told[f"{path} {error.code}"] += 1
        except OSError:  # it starts, or was killed while it answered
            told["away"] += 1


@pytest.mark.slow
def test_many_are_killed_and_the_library_is_as_if_none_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    chance, folder, address = random.Random(7), tmp_path / "talks", new_database()
    folder.mkdir()
    told: Counter[str] = Counter()
    with Library.open(address, create=True, engines=SlowEngines(0.0)) as library:
        crowd, ending = Crowd(address, folder), threading.Event()
        asking = threading.Thread(target=lambda: _ask_on_and_on(crowd, ending, told))
        asking.start()
        talks = 0
        try:
            until_s = time.monotonic() + 120
            while not told["search 200"]:  # they have started
                assert time.monotonic() < until_s, told
                time.sleep(0.1)
            next_kill_s = began_s = time.monotonic()
            while (passed_s := time.monotonic() - began_s) < KILLING_S:
                if talks < passed_s / _TALK_EACH_S:
                    written = tmp_path / "talk"
                    written.write_text(transcript(chance), "utf-8")
                    written.rename(folder / f"talk {talks}.vtt")
                    talks += 1
                if time.monotonic() > next_kill_s:
                    told[f"killed {crowd.kill(chance)}"] += 1
                    next_kill_s = time.monotonic() + chance.uniform(0.5, 4)
                time.sleep(0.05)
        finally:
            ending.set()
            asking.join()
            crowd.end()
        left = talks - len(library.videos())
        print(f"{talks} talks, {left} of them still to be indexed; {dict(sorted(told.items()))}")
        reports = library.index(folder, collection="b")
        assert len(reports) == talks
        assert not [report for report in reports if report.error]
        with Library.open(tmp_path / "alone", create=True, engines=SlowEngines(0.0)) as alone:
            alone.index(folder, collection="b")
            made, expected = everything(library), everything(alone)
        for table in set(expected) - _WORK:
            assert made[table] == expected[table], table
    assert told["killed indexer"], told
    assert not any(name.endswith((" 500", " 400")) for name in told), told
    assert told["search 200"], told


def _ask_on_and_on(crowd: Crowd, ending: threading.Event, told: Counter[str]) -> None:
    chance = random.Random(8)
    while not ending.wait(0.2):
        crowd.ask(chance, told)


def test_what_another_did_meanwhile_is_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder, address = tmp_path / "talks", new_database()
    folder.mkdir()
    (folder / "talk.vtt").write_text(transcript(random.Random(1)), "utf-8")
    with (
        Library.open(address, create=True, engines=SlowEngines(0.0)) as one,
        Library.open(address, engines=SlowEngines(0.0)) as two,
    ):
        one.index(folder, only=["transcript"])  # and was killed
        claim = two._store.claim

        @contextmanager
        def late(path: str) -> Iterator[bool]:
            one.index(folder)
            with claim(path) as ours:
                yield ours

        monkeypatch.setattr(two._store, "claim", late)
        assert [report.status for report in two.index(folder)] == ["unchanged"]
