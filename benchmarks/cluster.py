"""What a cluster adds to indexing: stages replaced by sleeps, in one process and on 1, 4 and 16 workers.

    python benchmarks/cluster.py                    # about six minutes
    python benchmarks/cluster.py --sleep 4 --workers 1 4

Sleeps take no processor, so that sixteen workers run on two cores; what is left is what distribution costs: finding
files, entering them, tasks, events and writing. Workers are started, and have their first video, before the clock runs.
All wake at the same time here, and then want a processor each: on few cores, or beside other jobs, a wait for one
counts as overhead. Processor milliseconds, of all processes that this one started, less what Ray takes when it idles,
do not.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from longvid import Library
from longvid.engines import Engines
from longvid.models.registry import ROLES

_IDLE_S = 3.0


class Asleep:
    """A text encoder that sleeps for each call; the vectors stage calls it once for a short transcript."""

    name, fingerprint, dimension = "asleep", "asleep@1", 4

    def __init__(self, sleep_s: float) -> None:
        self.sleep_s = sleep_s

    def encode(self, texts: Any, *, kind: Any) -> Any:
        """Vectors ``(n, 4)``, after a while."""
        time.sleep(self.sleep_s)
        return np.tile(np.float32([1, 0, 0, 0]), (len(texts), 1))


class AsleepEngines(Engines):
    """No model but that one."""

    def __init__(self, sleep_s: float) -> None:
        super().__init__(dict.fromkeys(ROLES, "off"))
        self.sleep_s = sleep_s

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "sleep_s": self.sleep_s}

    @property  # one that caches has a lock, and workers get this class by value
    def text_encoder(self) -> Any:
        """Made in each process."""
        return Asleep(self.sleep_s)


def talks(folder: Path, count: int, name: str) -> Path:
    """A folder of short transcripts."""
    folder.mkdir()
    for number in range(count):
        said = f"WEBVTT\n\n00:01.000 --> 00:09.000\n{name} {number}.\n"
        (folder / f"{name} {number}.vtt").write_text(said)
    return folder


def measured(place: Path, sleep_s: float, workers: int | None, count: int) -> tuple[float, float]:
    """Seconds for ``count`` videos, and processor seconds; ``workers`` None: in this process."""
    ray = None if workers is None else "local"
    with Library.open(place / "lib", create=True, engines=AsleepEngines(sleep_s)) as lib:
        lib.index(talks(place / "first", 2 * (workers or 1), "first"), ray=ray)
        folder, family = talks(place / "talks", count, "talk"), Family()
        idle = family.share(_IDLE_S)
        began_s, taken_s = time.perf_counter(), family.taken_s()
        reports = lib.index(folder, ray=ray)
        seconds, taken_s = time.perf_counter() - began_s, family.taken_s() - taken_s
    assert [report.status for report in reports] == ["indexed"] * count
    return seconds, taken_s - idle * seconds


class Family:
    """This process and all that it has started."""

    def __init__(self) -> None:
        me = psutil.Process()
        self._members = [me, *me.children(recursive=True)]

    def taken_s(self) -> float:
        """Processor seconds of those that live."""
        total = 0.0
        for each in self._members:
            with contextlib.suppress(psutil.NoSuchProcess):
                times = each.cpu_times()
                total += times.user + times.system
        return total

    def share(self, seconds: float) -> float:
        """Processors that are taken now, while nothing is asked."""
        before_s = self.taken_s()
        time.sleep(seconds)
        return (self.taken_s() - before_s) / seconds


def main() -> None:
    """Print one row for each number of workers."""
    import ray

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sleep", type=float, default=5.0, help="seconds of each call of the encoder")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 4, 16])
    parser.add_argument("--each", type=int, default=6, help="videos for each worker")
    options = parser.parse_args()
    print(
        "| workers | videos | s | videos/hour | of linear | overhead, ms a video | of processor |\n"
        "|---|---|---|---|---|---|---|"
    )
    alone_s = alone_taken_s = 0.0
    for workers in (None, *options.workers):
        count = options.each * (workers or 1)
        with tempfile.TemporaryDirectory() as folder:
            if workers is not None:
                ray.init(address="local", num_cpus=workers, include_dashboard=False, log_to_driver=False)
            try:
                seconds, taken_s = measured(Path(folder), options.sleep, workers, count)
            finally:
                ray.shutdown()
        each_s = seconds / count * (workers or 1)
        if workers is None:
            alone_s, alone_taken_s = each_s, taken_s / count
        told = f"{count} | {seconds:.1f} | {3600 * count / seconds:.0f} | {alone_s / each_s:.3f}"
        print(
            f"| {workers or 'one process'} | {told} | {1000 * (each_s - alone_s):.0f} | "
            f"{1000 * (taken_s / count - alone_taken_s):.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
