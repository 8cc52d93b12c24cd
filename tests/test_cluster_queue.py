"""A queue of any length costs the memory of its list and of its reports: tasks are given a window at a time."""

from __future__ import annotations

import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from longvid.engines import Engines
from longvid.models.registry import ROLES
from longvid_indexer.cluster import ClusterPipeline
from longvid_indexer.cluster_tasks import FileRead, Sent
from longvid_indexer.report import FileFinished
from longvid_indexer.scan import ScannedFile
from longvid_indexer.stages.job import Job
from longvid_storage.db.store import Store
from longvid_storage.types import VideoInfo

WORKERS = 4
_REPORT_BYTES = 800  # of a file that was left as it is, its place in two lists included; a job has more


class Instant:
    """Ray's calls, of a cluster whose tasks cost nothing; ``most``: so many were given and not heard of, at most."""

    exceptions = SimpleNamespace(RayTaskError=RuntimeError, RayError=OSError)

    def __init__(self) -> None:
        self.given = self.most = 0

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": float(WORKERS)}

    def put(self, value: object) -> Any:
        return SimpleNamespace(hex=lambda: "run")

    def remote(self, **options: object) -> Callable[[Callable[..., Any]], Any]:
        return lambda task: SimpleNamespace(remote=lambda *arguments: self._give(task.__name__, arguments))

    def _give(self, name: str, arguments: tuple[Any, ...]) -> Any:
        self.given += 1
        self.most = max(self.most, self.given)
        return _Looked(arguments[0]) if name == "look" else iter([[arguments[2]]])

    def wait(self, tasks: list[Any], timeout: float) -> tuple[list[Any], list[Any]]:
        return tasks[:1], tasks[1:]

    def get(self, told: Any) -> Any:
        self.given -= 1
        if isinstance(told, _Looked):
            return FileRead(told.path.stem, info(told.path.stem))
        return Sent([], True, told[0])


class _Looked:
    def __init__(self, path: Path) -> None:
        self.path = path


def info(name: str) -> VideoInfo:
    return VideoInfo(name, name, 9.0, False, False, None, None, None, 0.0, ())


class Entered(ClusterPipeline):
    """Enters nothing: a job for each file."""

    def _entered(self, found: ScannedFile, known: object, rows: object) -> Job:
        name = found.path.stem
        return Job(self.store, self.engines, found, info(name), media_id=name)


class Told:
    """Counts the events of each kind."""

    def __init__(self) -> None:
        self.counts: Counter[type] = Counter()

    def __call__(self, event: object) -> None:
        self.counts[type(event)] += 1


@pytest.mark.slow
def test_of_a_hundred_thousand_files_no_more_is_kept_than_their_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither tasks, nor jobs, nor what was read of files."""
    peaks = []
    for count in (1000, 1000, 100_000):  # what is imported and cached is there after the first
        cluster = Instant()
        monkeypatch.setitem(sys.modules, "ray", cluster)
        queue = [ScannedFile(Path(f"/archive/lectures/talk {number}.vtt"), 1, 1) for number in range(count)]
        monkeypatch.setattr("longvid_indexer.scan.scan", lambda paths, queue=queue, **_: iter(queue))
        with Store.open(tmp_path / "lib", create=True) as store:
            monkeypatch.setattr(store, "claim", lambda path: nullcontext(True))
            engines = Engines(dict.fromkeys(ROLES, "off"))
            pipeline = Entered(store, engines, open_store=lambda: store, stages=frozenset())
            tracemalloc.start()
            told = Told()
            reports = pipeline.run([tmp_path / "lectures"], told)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert len(reports) == told.counts[FileFinished] == count
        assert cluster.given == 0
        assert cluster.most <= 4 * WORKERS
    assert (peaks[2] - peaks[1]) / 99_000 < _REPORT_BYTES, peaks
