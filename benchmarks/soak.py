"""A long night of mixed work on one library: three processes index, remove, rename, ask, search, mention and chat, and
one of them is killed every few seconds; then the library is checked whole.

    python benchmarks/soak.py                         # 5,000 operations, 1,500 seconds at most
    python benchmarks/soak.py --seconds 60 --kill-every 5

Workers use a text encoder that hashes trigrams, so that the work is the library's and not a model's. Printed: how often
each operation was done, what went wrong other than being killed, disk at the start and at the end (each after the same
calm), and of each worker memory and descriptors after 40 operations and when last looked, none of which may grow. Exit
status 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from longvid import Library
from longvid.engines import Engines
from longvid_storage.errors import BusyError, LongvidError, NotFoundError

WORKERS = 3
MEETINGS = 24
_SPEAKERS = ("Ada", "Ben", "Cleo")
_WORDS = [
    "pump",
    "valve",
    "filter",
    "budget",
    "river",
    "tunnel",
    "report",
    "vendor",
    "bridge",
    "crane",
    "ferry",
    "harbour",
    "winter",
    "storm",
    "gate",
    "sluice",
]


class Trigrams:
    """A text encoder without a model: hashed character trigrams."""

    fingerprint, name, dimension, languages = "trigrams@1", "trigrams", 64, None

    def encode(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> NDArray[np.float32]:
        """Unit rows, ``(n, 64)``."""
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for at in range(len(text) - 2):
                row[zlib.crc32(text[at : at + 3].lower().encode()) % self.dimension] += 1
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


class LightEngines(Engines):
    """Nothing that takes a model."""

    text_encoder: Any = Trigrams()


def main() -> int:
    """Run it, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1500, help="at most")
    parser.add_argument("--operations", type=int, default=5000, help="end after so many")
    parser.add_argument("--kill-every", type=float, default=20)
    parser.add_argument("--library", type=Path, help="where, also to go on with; else a temporary folder")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(Path(options.worker[0]), int(options.worker[1]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        place = options.library or Path(folder)
        return soak(place, options.seconds, options.operations, options.kill_every)


def soak(place: Path, seconds: float, operations: int, kill_every: float) -> int:
    """Keep the workers busy for so long, kill one now and then, and look at what is left."""
    media = place / "in"
    media.mkdir(parents=True, exist_ok=True)
    for number in range(MEETINGS):
        _write(media / f"sync {number:02d}.vtt", number)
    with opened(place) as lib:
        lib.index(media)
    before = _disk(place)
    chosen, killed, begun = random.Random(1), 0, time.monotonic()
    workers = [_start(place, number) for number in range(WORKERS)]
    next_kill = begun + kill_every
    broken: list[str] = []
    sizes: list[int] = []
    while time.monotonic() - begun < seconds and _done(place).total() < operations:
        time.sleep(0.5)
        for at, worker in enumerate(workers):
            if worker.poll() is not None:
                broken.append(f"a worker ended with {worker.returncode}")
                workers[at] = _start(place, 100 + killed + at)
        if time.monotonic() >= next_kill:
            next_kill += kill_every
            sizes.append((place / "library" / "library.db").stat().st_size)
            victim = chosen.randrange(WORKERS)
            workers[victim].send_signal(signal.SIGKILL)
            workers[victim].wait()
            killed += 1
            workers[victim] = _start(place, 10 * killed + victim)
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
        worker.wait()
    print(f"{time.monotonic() - begun:.0f} s; bytes of the database at each kill: {sizes}")
    return _tell(place, before, killed, broken)


def _lines(place: Path, log: str = "log *") -> list[str]:
    logs = sorted(place.glob(log))
    return [line for each in logs for line in each.read_text(errors="replace").splitlines()]


def _done(place: Path) -> Counter[str]:
    return Counter(line for line in _lines(place) if not line.startswith(("grew ", "wrong ")))


def _tell(place: Path, before: int, killed: int, broken: list[str]) -> int:
    done = _done(place)
    wrong = Counter(line.removeprefix("wrong ") for line in _lines(place) if line.startswith("wrong "))
    sizes = (
        [line for line in _lines(place, log.name) if line.startswith("grew ")] for log in place.glob("log *")
    )
    grew = sorted(
        (tuple(map(int, each[-1].split()[1:])) for each in sizes if each), key=lambda size: -size[-1]
    )
    with opened(place) as lib:
        report = lib.check()
        for video in lib.videos():
            lib.remove(video.video_id)
        lib.index(place / "in")
        for chat in lib.chats():
            lib.delete_chat(chat.name)
    after = _disk(place)
    print(f"{sum(done.values()):,} operations, {killed} kills")
    print("  " + ", ".join(f"{name} {count:,}" for name, count in done.most_common()))
    print(f"check: {'whole' if not report.findings else report}")
    print(f"disk: {before:,} bytes with {MEETINGS} meetings before, {after:,} with the same after")
    for first_mb, last_mb, first_fds, last_fds, each in grew:
        print(
            f"worker of {each:,} operations: {first_mb} → {last_mb} MB, {first_fds} → {last_fds} descriptors"
        )
    for what, count in [*wrong.most_common(), *((each, 1) for each in broken)]:
        print(f"WRONG {count} × {what}")
    leaking = any(last > first + 64 or end > start + 4 for first, last, start, end, _ in grew)
    return int(bool(wrong or broken or leaking or report.findings or after > 1.5 * before + 2**20))


def opened(place: Path) -> Library:
    """The library with an encoder that needs no model."""
    return Library.open(place / "library", create=True, engines=LightEngines({"speech": "off"}))


def _start(place: Path, seed: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, __file__, "--worker", str(place), str(seed)])


def work(place: Path, seed: int) -> None:
    """One process: operations at random until it is told to stop, each a line in its log."""
    chosen, going = random.Random(seed), [True]
    signal.signal(signal.SIGTERM, lambda *_: going.clear())
    operations = _operations(place, chosen)
    names, weights = [name for name, _, _ in operations], [weight for _, weight, _ in operations]
    count, first = 0, (0, 0)
    with opened(place) as lib, (place / f"log {os.getpid()}").open("a", buffering=1) as log:
        while going:
            at = chosen.choices(range(len(names)), weights)[0]
            try:
                operations[at][2](lib)
                log.write(f"{names[at]}\n")
            except (NotFoundError, BusyError):
                log.write(f"{names[at]}:met-another\n")
            except LongvidError as error:
                log.write(f"wrong {names[at]}: {error.message}\n")
            except Exception as error:  # noqa: BLE001 - a soak counts whatever comes up
                log.write(f"wrong {names[at]}: {type(error).__name__}: {error}\n")
            count += 1
            if count == 40:
                first = (_memory_mb(), _descriptors())
            elif count % 40 == 0:
                log.write(f"grew {first[0]} {_memory_mb()} {first[1]} {_descriptors()} {count}\n")


def _operations(place: Path, chosen: random.Random) -> list[tuple[str, int, Callable[[Library], object]]]:
    def some(lib: Library) -> str:
        videos = lib.videos()
        if not videos:
            raise NotFoundError("all removed for the moment")
        return chosen.choice(videos).video_id

    def index(lib: Library) -> None:
        path = place / "in" / f"sync {chosen.randrange(MEETINGS):02d}.vtt"
        if chosen.random() < 0.3:
            _write(path, chosen.randrange(10_000))
        (report,) = lib.index(path)
        if report.error is not None:
            raise RuntimeError(report.error.message)

    def rename(lib: Library) -> None:
        video = some(lib)
        rows = lib.speakers(video)
        if rows:
            lib.rename_speaker(video, chosen.choice(rows).name, chosen.choice(_SPEAKERS))

    def chat(lib: Library) -> None:
        with lib.chat(f"night {chosen.randrange(4)}") as going:
            going.ask(f"Where is the {chosen.choice(_WORDS)}?")
            going.ask("and what was said after that?")

    return [
        ("index", 6, index),
        ("remove", 2, lambda lib: lib.remove(some(lib))),
        ("rename", 2, rename),
        ("search", 6, lambda lib: lib.search(" ".join(chosen.choices(_WORDS, k=2)))),
        ("mentions", 2, lambda lib: lib.mentions([chosen.choice(_WORDS)])),
        ("ask", 4, lambda lib: lib.ask(f"Who ordered the {chosen.choice(_WORDS)}?")),
        ("summary", 1, lambda lib: lib.summary(some(lib))),
        ("chat", 1, chat),
        ("backup", 1, lambda lib: lib.backup(place / f"copy {os.getpid()}", force=True)),
    ]


def _write(path: Path, seed: int) -> None:
    """A meeting, whole or not at all under its name: whoever indexes meanwhile finds one or the other."""
    chosen = random.Random(seed)
    lines = ["WEBVTT", ""]
    for number in range(20):
        words = " ".join(chosen.choices(_WORDS, k=4))
        at = f"00:{number // 12:02d}:{number % 12 * 5:02d}.000"
        lines += [
            f"{at} --> {at[:-3]}900",
            f"<v {chosen.choice(_SPEAKERS)}>I will order the {words} by friday.",
            "",
        ]
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text("\n".join(lines), encoding="utf-8")
    fresh.replace(path)


def _disk(place: Path) -> int:
    return sum(file.stat().st_size for file in (place / "library").rglob("*") if file.is_file())


def _memory_mb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


if __name__ == "__main__":
    sys.exit(main())
