"""What a cluster adds to indexing: stages replaced by sleeps, in one process and on 1, 4 and 16 workers.

    python benchmarks/cluster.py                    # about six minutes
    python benchmarks/cluster.py --sleep 4 --workers 1 4

Sleeps take no processor, so that sixteen workers run on two cores; what is left is what distribution costs: finding
files, entering them, tasks, events and writing. Workers are started, and have their first video, before the clock runs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from longvid import Library
from longvid.engines import Engines
from longvid.models.registry import ROLES


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


def measured(place: Path, sleep_s: float, workers: int | None, count: int) -> float:
    """Seconds for ``count`` videos; ``workers`` None: in this process."""
    ray = None if workers is None else "local"
    with Library.open(place / "lib", create=True, engines=AsleepEngines(sleep_s)) as lib:
        lib.index(talks(place / "first", 2 * (workers or 1), "first"), ray=ray)
        began_s = time.perf_counter()
        reports = lib.index(talks(place / "talks", count, "talk"), ray=ray)
        seconds = time.perf_counter() - began_s
    assert [report.status for report in reports] == ["indexed"] * count
    return seconds


def main() -> None:
    """Print one row for each number of workers."""
    import ray

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sleep", type=float, default=5.0, help="seconds of each call of the encoder")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 4, 16])
    parser.add_argument("--each", type=int, default=6, help="videos for each worker")
    options = parser.parse_args()
    print(
        "| workers | videos | s | videos/hour | of linear | overhead, ms a video |\n|---|---|---|---|---|---|"
    )
    alone_s = 0.0
    for workers in (None, *options.workers):
        count = options.each * (workers or 1)
        with tempfile.TemporaryDirectory() as folder:
            if workers is not None:
                ray.init(address="local", num_cpus=workers, include_dashboard=False, log_to_driver=False)
            try:
                seconds = measured(Path(folder), options.sleep, workers, count)
            finally:
                ray.shutdown()
        each_s = seconds / count * (workers or 1)
        alone_s = alone_s or each_s
        told = f"{count} | {seconds:.1f} | {3600 * count / seconds:.0f} | {alone_s / each_s:.3f}"
        print(f"| {workers or 'one process'} | {told} | {1000 * (each_s - alone_s):.0f} |", flush=True)


if __name__ == "__main__":
    main()
