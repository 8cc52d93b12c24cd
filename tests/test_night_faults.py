"""Long nights: killed in the middle of anything, a dying disk, a clock that jumps, too little memory."""

from __future__ import annotations

import errno
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fault_shim import build, needs_gcc, run_longvid
from library_tools import MEETING
from longvid import Library
from longvid_storage.db import migrate
from longvid_storage.db.library_files import make_engine
from longvid_storage.db.store import Store
from test_migrations import old_library
from toy_engines import ToyEngines

KILLS = int(os.environ.get("LONGVID_KILLS", "12"))


def opened(path: Path) -> Library:
    return Library.open(path, create=True, engines=ToyEngines())


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("night")
    for number in range(3):
        (folder / f"standup {number}.vtt").write_text(MEETING.replace("Friday", f"Friday {number}"))
    with opened(folder / "library") as lib:
        lib.index([folder / f"standup {number}.vtt" for number in range(3)])
        with lib.chat("monday") as chat:
            chat.ask("Who sends the migration plan?")
    return folder / "library"


# Killed


def _chat(library: Path) -> None:
    with opened(library) as lib, lib.chat("monday") as chat:
        for _ in range(4):
            chat.ask("Who sends the migration plan?")


def _cache(library: Path) -> None:
    """Search, which writes the cache of vectors."""
    for _ in range(4):
        shutil.rmtree(library / "cache", ignore_errors=True)
        with opened(library) as lib:
            lib.search("migration plan")


def _remove(library: Path) -> None:
    with opened(library) as lib:
        for video in lib.videos():
            lib.remove(video.video_id)


def _repair(library: Path) -> None:
    with Store.open(library) as store, store._engine.connect().execution_options(write=True) as connection:
        connection.exec_driver_sql("DELETE FROM passages WHERE passage_id % 2 = 0")
        connection.commit()
    with opened(library) as lib:
        lib.check(repair=True)


def _migrate(library: Path) -> None:
    Store.open(library).close()


def _copy(library: Path) -> None:
    """Copy it beside itself, which compares every row at the end; what was cut short goes on."""
    with opened(library) as lib:
        lib.copy_to(str(library.with_name(f"{library.name} copied")), lambda name, rows: None)


MIGRATED = ("0003", "0012", "0013", "0014")
"""Schemas that a migration begins at: once all of them are run, then the last three alone."""
OPERATIONS: dict[str, Callable[[Path], None]] = {
    **{f"migration from {version}": _migrate for version in MIGRATED},
    "rm": _remove,
    "copy": _copy,
    "chat": _chat,
    "check --repair": _repair,
    "vector cache": _cache,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", OPERATIONS)
def test_killed_in_any_operation_the_library_is_whole_and_the_next_run_goes_on(
    name: str, sound: Path, tmp_path: Path
) -> None:
    """Some kills each (``LONGVID_KILLS`` in all), at random moments of the time that it takes undisturbed."""
    work, chosen = OPERATIONS[name], random.Random(7)

    def fresh(to: str) -> Path:
        if name.startswith("migration"):
            return _older(tmp_path / to, name.split()[-1])
        return Path(shutil.copytree(sound, tmp_path / to))

    begun = time.monotonic()
    work(fresh("undisturbed"))
    lasts_s = time.monotonic() - begun
    for number in range(max(1, round(KILLS / len(OPERATIONS)))):
        library = fresh(f"killed {number}")
        pid = os.fork()
        if pid == 0:
            work(library)
            os._exit(0)
        time.sleep(lasts_s * chosen.random())
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        with opened(library) as lib:
            findings = lib.check().findings
        assert not findings or name == "check --repair", (number, findings)
        work(library)
        with opened(library) as lib:
            assert not lib.check().findings, number
            assert bool(lib.videos()) == (name != "rm")
        if name.startswith("migration"):
            assert _rows(library) == _rows(tmp_path / "undisturbed"), number


def _older(path: Path, version: str) -> Path:
    library = old_library(path, "0003")
    engine = make_engine(library, read_only=False)
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        migrate.upgrade(connection, target=version)
    engine.dispose()
    return library


def _rows(library: Path) -> list[str]:
    """Every row of every table."""
    with sqlite3.connect(library / "library.db") as connection:
        return list(connection.iterdump())


# A dying disk, a clock that jumps


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("shim"))


OFF = ["--model", "text=off", "--model", "image=off", "--model", "speech=off"]


@needs_gcc
@pytest.mark.slow
@pytest.mark.parametrize(("mode", "after"), [("w", 0), ("w", 9), ("s", 0), ("r", 12)])
def test_a_dying_disk_is_one_sentence_and_nothing_is_lost(
    mode: str, after: int, sound: Path, shim: Path, tmp_path: Path
) -> None:
    library = Path(shutil.copytree(sound, tmp_path / "library"))
    (tmp_path / "new.vtt").write_text(MEETING.replace("Friday", "Monday"))
    done = run_longvid(
        "index",
        tmp_path / "new.vtt",
        "-L",
        library,
        *OFF,
        shim=shim,
        below=library,
        mode=mode,
        after=after,
        error=errno.EIO,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert "input/output error" in last.lower() or "disk" in last.lower(), done.stderr
    with opened(library) as lib:
        assert not lib.check().findings
        titles = {video.title for video in lib.videos()}
        assert titles >= {"standup 0", "standup 1", "standup 2"}
        (report,) = lib.index(tmp_path / "new.vtt")
        assert report.error is None
        assert len(lib.videos()) == 4


@needs_gcc
@pytest.mark.slow
def test_a_clock_that_jumps_by_years_changes_nothing(sound: Path, shim: Path, tmp_path: Path) -> None:
    library = Path(shutil.copytree(sound, tmp_path / "library"))
    (tmp_path / "new.vtt").write_text(MEETING.replace("Friday", "Monday"))

    def longvid(*arguments: object) -> subprocess.CompletedProcess[str]:
        return run_longvid(*arguments, "-L", library, *OFF, shim=shim, below=library, mode="c")

    for arguments in (
        ("index", tmp_path / "new.vtt"),
        ("index", tmp_path / "new.vtt"),
        ("ask", "Who sends the migration plan?"),
    ):
        done = longvid(*arguments)
        assert done.returncode == 0, done.stderr
    with opened(library) as lib:
        (new,) = [video for video in lib.videos() if video.title == "new"]
        assert all(result.seconds >= 0 for result in lib.stage_results(new.video_id))
        (report,) = lib.index(tmp_path / "new.vtt", only=["transcript"])
        assert report.stages["transcript"].status == "unchanged"
        assert not lib.check().findings


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [250, 400, 700])
def test_too_little_memory_is_one_sentence_and_nothing_is_lost(
    megabytes: int, sound: Path, tmp_path: Path
) -> None:
    """``ulimit -v``: as much as Python takes to start, and more; where it is enough, the run succeeds."""
    library = Path(shutil.copytree(sound, tmp_path / "library"))
    cues = [f"00:{at // 60:02d}:{at % 60:02d}.000 --> 00:{at // 60:02d}:{at % 60:02d}.900\nWord {at} of the talk.\n"
            for at in range(3000)]  # fmt: skip
    (tmp_path / "new.vtt").write_text("\n".join(["WEBVTT\n", *cues]))
    done = subprocess.run(
        [sys.executable, "-m", "longvid.cli", "index", str(tmp_path / "new.vtt"), "-L", str(library), *OFF],
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20,) * 2),
        check=False,
    )
    if done.returncode:
        assert "Traceback" not in done.stderr, done.stderr
        assert "memory" in done.stderr.lower(), done.stderr
    with opened(library) as lib:
        assert not lib.check().findings
        assert {video.title for video in lib.videos()} >= {"standup 0", "standup 1", "standup 2"}
        (report,) = lib.index(tmp_path / "new.vtt")
        assert report.error is None
