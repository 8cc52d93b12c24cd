"""How much does the server add to a search, and does it hold? Writes the figures of docs/server.md.

    python benchmarks/serve.py ../shared/data/meetings work/meetings.longvid --seconds 60
    python benchmarks/serve.py ../shared/data/meetings work/meetings.longvid --parts flood

The first is a folder of transcripts, the second a library of them, indexed when it is not there. The same searches go
to ``Library`` in one process (threads) and to ``longvid serve`` (clients in a process of their own): by one client,
search by search, which tells what the server itself adds; by many at once, in turns of a few seconds; and by many while
the server indexes uploads and four clients play films that it makes playable. At the end ten thousand requests, and the
memory of the server after each quarter of them. Two runs can be compared by seconds of processor, not of the clock.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx

from longvid_storage.process import sum_alone

sum_alone()  # as `longvid serve` does, before numpy is loaded

from longvid import Library  # noqa: E402 - it loads numpy
from longvid.paths import example_lectures  # noqa: E402 - as above
from longvid_storage.db.store import Store  # noqa: E402 - as above

FILMS = "films of the benchmark"
PARTS = ("one", "change", "many", "busy", "flood")
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


def drive(client_of: Callable[[], Callable[[str], object]], clients: int, seconds: float) -> list[float]:
    """So many threads search for so long, each as its own client; how long each search took, in s."""
    until = time.perf_counter() + seconds
    times: list[float] = []

    def client(number: int) -> None:
        turn, search = number, client_of()
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


def client_of(url: str) -> Callable[[str], object]:
    """Searches by a server; every answer must be one. It does next to nothing itself: the client is not measured."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)

    def search(query: str) -> None:
        body = json.dumps({"query": query, "k": 5})
        connection.request("POST", "/v1/search", body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        if (said := reply.read()) and reply.status != 200:
            raise SystemExit(f"{reply.status}: {said!r}")

    return search


def drive_url(url: str, clients: int, seconds: float) -> list[float]:
    """``drive`` against a server."""
    return drive(partial(client_of, url), clients, seconds)


def side_by_side(library: Library, url: str, rounds: int) -> str:
    """One client: each question to ``Library`` and to the server, one right after the other, so many times."""
    served, times = client_of(url), list[tuple[float, float]]()
    for turn in range(rounds + 1):
        for query in QUESTIONS:
            took = {}
            for name, search in (("in", partial(library.search, k=5)), ("by", served))[:: 1 - 2 * (turn % 2)]:
                began = time.perf_counter()
                search(query)
                took[name] = time.perf_counter() - began
            if turn:  # the first one warms both
                times.append((took["in"], took["by"]))
    inside, outside = ([pair[i] for pair in times] for i in (0, 1))
    more = [(by - within) * 1000 for within, by in times]
    low, middle, high = statistics.quantiles(more, n=4)
    return (
        f"1 client, Library: {spread(inside)}\n1 client, longvid serve: {spread(outside)}\n"
        f"1 client: the server adds {middle:.1f} ms to the same search, half of them {low:.1f} to {high:.1f}"
    )


def after_a_change(data: Path, path: Path, rounds: int) -> str:
    """What a question costs when one more transcript was indexed by another process, against the same one asked again
    and against before; in a copy of the library, in ms of processor."""
    told, whole = [], next(data.rglob("*.vtt")).read_text(encoding="utf-8")
    with TemporaryDirectory() as place:
        with Store.open(path) as store:
            store.backup(Path(place) / "copy.longvid")
        with Library.open(Path(place) / "copy.longvid") as library:
            asked = [[_cost_ms(library, query) for query in QUESTIONS] for _ in range(4)][-1]
            for turn in range(rounds):
                more = Path(place) / f"{turn}.vtt"
                more.write_text(f"{whole}\n\n99:00:00.000 --> 99:00:01.000\nMeeting number {turn}.\n")
                for stage in ("transcript", "vectors"):
                    given = [sys.executable, "-m", "longvid.cli", "index", str(more), "--only", stage]
                    subprocess.run([*given, "--library", str(library.path), "--quiet"], check=True)
                    first, second = ([_cost_ms(library, query) for query in QUESTIONS] for _ in range(2))
                    told.append(
                        f"after {stage}: the first question {first[0]:.0f} ms (warm {asked[0]:.0f}), all once "
                        f"{statistics.mean(first):.1f} each, again {statistics.mean(second):.1f}"
                    )
        return "\n".join([f"before: {statistics.mean(asked):.1f} ms a question", *told])


def _cost_ms(library: Library, query: str) -> float:
    began = time.process_time()
    library.search(query, k=5)
    return (time.process_time() - began) * 1000


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


@contextmanager
def busy(url: str) -> Iterator[Counter[str]]:
    """Meanwhile four clients play films that are made playable, and one sends films to be indexed; what they did."""
    done, until = Counter[str](), threading.Event()

    def play(client: httpx.Client, video_id: str) -> None:
        params = {"from_s": 1}  # not the file as it is
        with client.stream("GET", f"/v1/videos/{video_id}/media", params=params) as reply:
            reply.raise_for_status()
            for piece in reply.iter_bytes():
                done["bytes of film"] += len(piece)
                if until.wait(0.05):
                    return

    def send(client: httpx.Client, film: bytes) -> None:
        number = os.urandom(8)  # a box of MP4 that holds nothing else: another film by its content
        data = film + (16).to_bytes(4, "big") + b"free" + number
        tus = {"Tus-Resumable": "1.0.0"}
        named = {
            "Upload-Length": str(len(data)),
            "Upload-Metadata": "filename " + b64encode(b"sent.mp4").decode(),
        }
        place = client.post("/v1/uploads", headers=tus | named).headers["location"]
        begins = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        client.patch(place, headers=tus | begins, content=data).raise_for_status()
        body = {"uploads": [place.rpartition("/")[2]], "collection": "sent by the benchmark"}
        job = client.post("/v1/jobs", json=body).json()["id"]
        while client.get(f"/v1/jobs/{job}").json()["state"] in ("queued", "running") and not until.wait(1):
            pass
        done["films indexed"] += 1

    def again(work: Callable[..., None], *given: object) -> None:
        with httpx.Client(base_url=url, timeout=300) as client:
            while not until.is_set():
                work(client, *given)

    with httpx.Client(base_url=url, timeout=120) as client:
        films = client.get("/v1/videos", params={"collection": FILMS}).json()["items"]
    film = next(Path(each["path"]) for each in films if each["path"].endswith(".mp4")).read_bytes()
    played = [each["video_id"] for each in films if not each["path"].endswith(".vtt")][:4]
    threads = [threading.Thread(target=again, args=(play, video_id)) for video_id in played]
    threads.append(threading.Thread(target=again, args=(send, film)))
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        until.set()
        for thread in threads:
            thread.join()


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
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    given = parser.parse_args()
    with Library.open(given.library, create=True) as library, ProcessPoolExecutor(1) as elsewhere:
        stages = ["transcript", "vectors"]
        if not library.videos():
            library.index(given.data, only=stages)
        library.index([example_lectures()], collection=FILMS, only=stages)
        print(f"{len(library.videos())} videos")
        if "change" in given.parts:
            print(after_a_change(given.data, given.library, given.rounds))
        running, url = served(given.library)
        try:
            if "one" in given.parts:
                print(side_by_side(library, url, given.rounds))
            if "many" in given.parts:
                compared(library, running.pid, url, elsewhere, given.clients, given)
            if "busy" in given.parts:
                with busy(url) as done:
                    times = elsewhere.submit(drive_url, url, given.clients, given.seconds).result()
                print(
                    f"{given.clients} clients beside a job and 4 films: {spread(times)}; meanwhile {dict(done)}"
                )
            if "flood" in given.parts:
                elsewhere.submit(flood, url, 500).result()
                memory = [memory_mb(running.pid)]
                for _ in range(4):
                    elsewhere.submit(flood, url, given.requests // 4).result()
                    memory.append(memory_mb(running.pid))
                told = ", ".join(f"{each:.0f}" for each in memory)
                print(f"{given.requests} requests: memory before and after each quarter {told} MB")
        finally:
            running.terminate()
            running.wait(30)


def compared(
    library: Library,
    pid: int,
    url: str,
    elsewhere: ProcessPoolExecutor,
    clients: int,
    given: argparse.Namespace,
) -> None:
    """The same searches in turn in this process and by the server, each a few seconds at a time."""
    seconds = given.seconds / given.rounds
    times: dict[str, list[float]] = {"Library": [], "longvid serve": []}
    cpu_ms: dict[str, list[float]] = {"Library": [], "longvid serve": []}
    for round_ in range(given.rounds + 1):
        began = time.process_time()
        inside = drive(lambda: partial(library.search, k=5), clients, seconds)
        used, began = time.process_time() - began, cpu_s(pid)
        outside = elsewhere.submit(drive_url, url, clients, seconds).result()
        if round_ == 0:
            continue  # it warms both
        for name, took, used_s in (("Library", inside, used), ("longvid serve", outside, cpu_s(pid) - began)):
            times[name] += took
            cpu_ms[name].append(used_s / len(took) * 1000)
    for name, took in times.items():
        each = sorted(cpu_ms[name])
        middle = f"{statistics.median(each):.1f} ms of processor each ({each[0]:.1f} to {each[-1]:.1f})"
        print(f"{clients} clients, {name}: {spread(took)}, {middle}", flush=True)
    more = [b - a for a, b in zip(cpu_ms["Library"], cpu_ms["longvid serve"], strict=True)]
    print(f"{clients} clients: the server adds {statistics.median(more):.1f} ms of processor, round by round")


if __name__ == "__main__":
    main()
