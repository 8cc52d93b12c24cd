"""Many processes index into one PostgreSQL and several servers answer from it while they are killed at random.

CI has a few of them for some seconds; what docs/cluster.md tells was run with more and longer:
LONGVID_CROWD="8 4 600" (processes that index, servers, seconds).
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from cluster_tools import everything
from longvid import Library
from postgres_tools import new_database
from served_films import Running, engines, make_film
from test_neighbours import transcript

INDEXING, SERVERS, SECONDS = map(int, os.environ.get("LONGVID_CROWD", "3 2 15").split())
_INDEX = """
import sys
from longvid import Library
from served_films import engines
with Library.open(sys.argv[1], engines=engines()) as lib:
    for _ in range(1000):
        lib.index(sys.argv[2], collection="b")
"""


class Crowd:
    """Keeps a number of processes alive; ``kill`` ends one of them at random."""

    def __init__(self, place: str, folder: Path) -> None:
        self.place, self.folder = place, folder
        self.faults: list[str] = []
        self.killed = self.answered = 0
        self.over = threading.Event()
        self.alive: dict[threading.Thread, int] = {}

    def keep_indexing(self) -> None:
        """Index again and again, in a process that may be killed."""
        path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        while not self.over.is_set():
            command = [sys.executable, "-c", _INDEX, self.place, str(self.folder)]
            process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}, stderr=subprocess.PIPE)
            self._until_dead(process, "index")

    def keep_serving(self) -> None:
        """Serve, ask, and have the folder indexed, in a process that may be killed."""
        settings = json.dumps({"roots": {"*": [str(self.folder)]}})
        while not self.over.is_set():
            server = Running(self.place, settings)
            asking = threading.Thread(target=self.ask, args=(server,))
            asking.start()
            self._until_dead(server.process, "server")
            asking.join()

    def _until_dead(self, process: subprocess.Popen[bytes] | subprocess.Popen[str], what: str) -> None:
        self.alive[threading.current_thread()] = process.pid
        while process.poll() is None:
            if self.over.wait(0.1):
                process.kill()
        said = process.communicate()[1]
        del self.alive[threading.current_thread()]
        if process.returncode not in (0, -signal.SIGKILL):
            self.faults.append(f"{what} ended with {process.returncode}: {said!r:.800}")

    def ask(self, server: Running) -> None:
        """Search, and ask for jobs, until the server is dead."""
        while server.process.poll() is None:
            for path, body in (
                ("search", {"query": "budget migration"}),
                ("jobs", {"paths": [str(self.folder)], "collection": "b"}),
            ):
                request = urllib.request.Request(
                    f"{server.url}/v1/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
                )
                try:
                    urllib.request.urlopen(request, timeout=60).close()
                    self.answered += 1
                except urllib.error.HTTPError as error:
                    if error.code != 503:  # another one writes: it may be asked again
                        self.faults.append(f"{path}: {error.code} {error.read()!r:.300}")
                except OSError:
                    pass  # it was killed
            time.sleep(0.2)

    def kill(self, chance: random.Random) -> None:
        """End one at random."""
        if pids := list(self.alive.values()):
            try:
                os.kill(chance.choice(pids), signal.SIGKILL)
            except ProcessLookupError:
                return
            self.killed += 1


@pytest.mark.slow
def test_a_crowd_that_is_killed_leaves_the_library_of_an_undisturbed_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder, chance, place = tmp_path / "media", random.Random(2), new_database()
    folder.mkdir()
    for number in range(20):
        (folder / f"talk {number}.vtt").write_text(transcript(chance), "utf-8")
    make_film(folder / "one.mp4", seconds=2)
    Library.open(place, create=True, engines=engines()).close()
    crowd = Crowd(place, folder)
    kinds = [crowd.keep_indexing] * INDEXING + [crowd.keep_serving] * SERVERS
    threads = [threading.Thread(target=kind) for kind in kinds]
    for thread in threads:
        thread.start()
    while not crowd.answered:  # the first server is there
        time.sleep(0.1)
    until_s = time.monotonic() + SECONDS
    try:
        while time.monotonic() < until_s:
            time.sleep(chance.uniform(0.5, 3.0))
            crowd.kill(chance)
            edited = folder / f"talk {chance.randrange(20)}.vtt"
            edited.write_text(transcript(chance), "utf-8")
    finally:
        crowd.over.set()
        for thread in threads:
            thread.join()
    print(f"{crowd.killed} kills, {crowd.answered} answers in {SECONDS} s")
    assert not crowd.faults
    assert crowd.killed
    with (
        Library.open(place, engines=engines()) as lib,
        Library.open(tmp_path / "alone", create=True, engines=engines()) as alone,
    ):
        for each in (lib, alone):
            assert {r.status for r in each.index(folder, collection="b")} <= {"indexed", "unchanged"}
        told, expected = everything(lib), everything(alone)
        for table in set(told) - {"jobs", "library"}:
            assert told[table] == expected[table], table
