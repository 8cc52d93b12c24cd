"""How much does the server add to a search, and does it hold? Writes the figures of docs/server.md.

    python benchmarks/serve.py ../shared/data/meetings work/meetings.longvid --seconds 60

The first is a folder of transcripts, the second a library of them, indexed when it is not there. The same searches go
to ``Library`` in one process (threads) and to ``longvid serve`` (clients in a process of their own), in turn, in the
same run: by one client, which tells what the server itself adds, and by many at once. At the end ten thousand requests,
and the memory of the server before and after.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import httpx

from longvid import Library

QUESTIONS = [
    "remote control design budget", "energy source of the remote", "lightning network routing fees",
    "who takes the action item", "child protection in Wales", "soft fork activation", "marketing presentation",
    "blob fee market change", "speech recognition button", "privacy of payments", "education funding",
    "microphone array recording", "hard fork timeline", "user requirements", "mempool policy", "next meeting date",
]  # fmt: skip


def spread(times_s: list[float]) -> str:
    """Median and 95th percentile in milliseconds, and how many."""
    ordered = sorted(times_s)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    return f"p50 {statistics.median(ordered) * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms, {len(ordered)} searches"


def drive(search: Callable[[str], object], clients: int, seconds: float) -> list[float]:
    """So many threads search for so long; how long each search took, in s."""
    until = time.perf_counter() + seconds
    times: list[float] = []

    def client(number: int) -> None:
        turn = number
        while (began := time.perf_counter()) < until:
            search(QUESTIONS[turn % len(QUESTIONS)])
            times.append(time.perf_counter() - began)
            turn += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def drive_url(url: str, clients: int, seconds: float) -> list[float]:
    """The same against a server; every answer must be one."""
    with httpx.Client(base_url=url, timeout=120, limits=httpx.Limits(max_connections=clients)) as client:

        def search(query: str) -> None:
            client.post("/v1/search", json={"query": query, "k": 5}).raise_for_status()

        return drive(search, clients, seconds)


def cpu_s(pid: int) -> float:
    """Seconds of processor that a process has used, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """What a process holds in memory, in MB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def flood(url: str, number: int) -> list[float]:
    """So many requests of several kinds, by four clients; how long each took, in s."""
    with httpx.Client(base_url=url, timeout=120) as client:
        own = client.get("/v1/videos", params={"limit": 50}).json()["items"]
        paths = [f"/v1/videos/{each['video_id']}/speakers" for each in own] + [
            "/v1/collections",
            "/v1/videos?limit=5",
        ]
        count, lock, times = iter(range(number)), threading.Lock(), []

        def work() -> None:
            while True:
                with lock:
                    turn = next(count, None)
                if turn is None:
                    return
                began = time.perf_counter()
                if turn % 4 == 0:
                    reply = client.post(
                        "/v1/search", json={"query": QUESTIONS[turn % len(QUESTIONS)], "k": 5}
                    )
                else:
                    reply = client.get(paths[turn % len(paths)])
                reply.raise_for_status()
                times.append(time.perf_counter() - began)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return times


def served(library: Path) -> tuple[subprocess.Popen[str], str]:
    """A server of the library, and its address."""
    command = [sys.executable, "-m", "longvid.cli", "serve", "--port", "0", "--library", str(library)]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    found = re.search(r"http://\S+", running.stderr.readline())
    if found is None:
        raise SystemExit(running.stderr.read())
    return running, found[0]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("library", type=Path)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--requests", type=int, default=10_000)
    given = parser.parse_args()
    with Library.open(given.library, create=True) as library, ProcessPoolExecutor(1) as elsewhere:
        if not library.videos():
            library.index(given.data, only=["transcript", "vectors"])
        print(f"{len(library.videos())} videos")
        running, url = served(given.library)
        try:
            for _ in range(2):  # the first warms both
                drive(lambda query: library.search(query, k=5), 1, 2)
                elsewhere.submit(drive_url, url, 1, 2).result()
            for clients in (1, given.clients):
                seconds = given.seconds if clients > 1 else given.seconds / 4
                began = time.process_time()
                inside = drive(lambda query: library.search(query, k=5), clients, seconds)
                used, began = time.process_time() - began, cpu_s(running.pid)
                outside = elsewhere.submit(drive_url, url, clients, seconds).result()
                used_there = cpu_s(running.pid) - began
                for name, times, used_s in (
                    ("Library in one process", inside, used),
                    ("longvid serve", outside, used_there),
                ):
                    each = used_s / len(times) * 1000
                    print(f"{clients} clients, {name}: {spread(times)}, {each:.1f} ms of processor each")
            elsewhere.submit(flood, url, 500).result()
            before = memory_mb(running.pid)
            times = elsewhere.submit(flood, url, given.requests).result()
            print(
                f"{len(times)} requests: memory {before:.0f} MB before, {memory_mb(running.pid):.0f} MB after"
            )
        finally:
            running.terminate()
            running.wait(30)


if __name__ == "__main__":
    main()
