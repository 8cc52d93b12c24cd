"""What happens to a library when processes die, meet, or find the disk full or closed."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event

from longvid_storage.db import library_files
from longvid_storage.db.store import Store
from longvid_storage.errors import BusyError, ReadOnlyError, StorageFullError
from longvid_storage.search.memory import vectors_of
from longvid_storage.types import Utterance
from store_tools import (
    every_row,
    fill,
    hits,
    holding,
    index_talks,
    info,
    near,
    seen,
    unit_vectors,
    utterances,
    video_id,
)

TESTS = Path(__file__).parent


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process that runs ``code`` with the store's names at hand; its errors show in the test's output."""
    head = "import os, sys; from pathlib import Path; from store_tools import *\n"
    head += "from longvid_storage.db.store import Store\n"
    return subprocess.Popen(
        [sys.executable, "-c", head + code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return output


def sound(library: Path) -> bool:
    connection = sqlite3.connect(library / "library.db")
    try:
        return (
            connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            and connection.execute("PRAGMA foreign_key_check").fetchall() == []
        )
    finally:
        connection.close()


# Killed


KILLED = """
import signal
from sqlalchemy import event
base, points = Path(sys.argv[1]), [int(argument) for argument in sys.argv[2:]]
with Store.open(base / "undisturbed", create=True) as store:
    count = [0]
    event.listen(store._engine, "before_cursor_execute", lambda *a: count.__setitem__(0, count[0] + 1))
    index_talks(store)
print(count[0])
for point in points:
    pid = os.fork()
    if pid == 0:
        left = [point * count[0] // 1000]
        def step(*arguments):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        with Store.open(base / f"killed {point}", create=True) as store:
            event.listen(store._engine, "before_cursor_execute", step)
            index_talks(store)
        os._exit(9)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, (point, status)
"""


@pytest.mark.slow
def test_killed_at_any_statement_a_second_run_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    """Twelve places, the first and last statements among them; every table is compared, the word index's too."""
    points = [0, 999, *random.Random(5).sample(range(1, 999), 10)]
    statements = int(finish(child(KILLED, tmp_path, *points)))
    assert statements > 100
    wanted = every_row(tmp_path / "undisturbed")
    for point in points:
        library = tmp_path / f"killed {point}"
        assert sound(library)
        with Store.open(library) as store:
            index_talks(store)
        assert sound(library)
        assert every_row(library) == wanted, point


def test_a_process_killed_inside_a_stage_leaves_the_state_before_and_no_lock(store: Store) -> None:
    key = fill(store, "Talk", ["some words"])
    before = every_row(store.path)
    process = child(
        """
with Store.open(sys.argv[1]) as store, store.stage(sys.argv[2], "transcript", "t2") as writer:
    writer.replace_utterances(utterances(["other words"] * 5000), source="other")
    print("inside", flush=True)
    sys.stdin.read()
""",
        store.path,
        key,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "inside\n"
    with pytest.raises(BusyError), store.writer_lock(wait=False):
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with store.writer_lock(wait=False):
        assert every_row(store.path) == before
    fill(store, "Next", ["goes on"])
    assert sound(store.path)


# Two at once


def test_who_writes_beside_others_of_one_run_does_not_give_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.open(tmp_path / "library", create=True).close()
    monkeypatch.setattr(library_files, "_BUSY_MS", 20)
    one, other, helping = (Store.open(tmp_path / "library") for _ in range(3))
    with one, other, helping:
        helping.help_holder()
        with one.writer_lock():
            with one.conversing():
                with pytest.raises(BusyError, match="another process is writing"), other.conversing():
                    pass
                late = threading.Thread(target=fill, args=(helping, "Talk", ["some words"]))
                late.start()
                late.join(0.3)
                assert late.is_alive()
            late.join()
        assert [row.info.title for row in seen(one).videos()] == ["Talk"]


def test_a_second_writer_waits_and_says_for_whom(store: Store) -> None:
    holder = child(
        """
with Store.open(sys.argv[1]) as store, store.writer_lock():
    print("held", flush=True)
    sys.stdin.readline()
    fill(store, "theirs", ["first words"])
""",
        store.path,
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(BusyError, match=f"process {holder.pid} is writing to the library at"):
        store.writer_lock(wait=False).__enter__()
    assert seen(store).videos() == []  # reading goes on
    said: list[str] = []

    def on_wait(sentence: str) -> None:
        said.append(sentence)
        holder.stdin.write("go\n")
        holder.stdin.flush()

    with store.writer_lock(on_wait=on_wait):
        assert [row.info.title for row in seen(store).videos()] == ["theirs"]
        fill(store, "ours", ["second words"])
    finish(holder)
    assert said == [
        f"process {holder.pid} is writing to the library at {store.path}: waiting for it to finish"
    ]
    assert len(seen(store).videos()) == 2


@pytest.mark.slow
def test_two_writing_processes_lose_nothing(tmp_path: Path) -> None:
    library = tmp_path / "library"
    code = """
with Store.open(sys.argv[1], create=True) as store:
    for number in range(8):
        fill(store, f"{sys.argv[2]} {number}", [f"word{number}.", f"{sys.argv[2]}."], collection="all", seed=number)
"""
    both = [child(code, library, name) for name in ("left", "right")]
    for process in both:
        finish(process)
    assert sound(library)
    with Store.open(library) as store:
        assert len(seen(store).videos()) == 16
        assert all(
            set(row.stages) == {"transcript", "visual", "structure", "vectors"}
            for row in seen(store).videos()
        )
        assert len(hits(store, "left")) == 8
        assert len(hits(store, "word5")) == 2
        assert len(near(store, "speech", np.ones(8))) == 32


def test_a_reader_sees_all_of_a_stage_or_nothing(store: Store) -> None:
    key = fill(store, "Talk", ["old words"])
    with Store.open(store.path) as reader:
        with store.stage(key, "transcript", "t2") as writer:
            writer.replace_utterances(utterances(["new words."] * 9))
            assert len(hits(reader, "new")) == 0
            assert len(hits(reader, "old")) == 1
            assert len(near(reader, "speech", np.ones(8))) == 1
        assert len(hits(reader, "new")) == 9
        assert len(hits(reader, "old")) == 0
        assert near(reader, "speech", np.ones(8)) == []


def test_threads_share_a_store(store: Store) -> None:
    fill(store, "Talk 0", ["common words"], seed=0)
    done = threading.Event()

    def read(number: int) -> int:
        rounds = 0
        while not done.is_set() or rounds < 3:
            with store.view() as view:
                words = holding(view, [["common"]], ["speech"])
                vectors = vectors_of(view).search(view, "speech", unit_vectors(1, seed=number)[0], 1000)
                assert 1 <= len(words) == len(view.passages(words)) <= 11
                assert 1 <= len(vectors) <= 11
            rounds += 1
        return rounds

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read, number) for number in range(6)]
        writers = [
            pool.submit(fill, store, f"Talk {number}", ["common words"], seed=number)
            for number in range(1, 11)
        ]
        try:
            for written in writers:
                written.result(timeout=60)
        finally:
            done.set()
        assert all(reader.result(timeout=60) >= 3 for reader in readers)
    assert len(near(store, "speech", np.ones(8))) == 11


# Full


def long_talk(number: int) -> list[Utterance]:
    words = random.Random(number)
    return utterances(" ".join(f"w{words.randrange(10**6)}" for _ in range(20)) + "." for _ in range(2000))


def test_a_database_that_cannot_grow_is_a_full_disk_and_keeps_what_it_had(store: Store) -> None:
    key = fill(store, "Talk", ["some words"])
    before = every_row(store.path)

    @event.listens_for(store._engine, "begin")
    def limit(connection: object) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 100")

    with pytest.raises(StorageFullError, match=r"disk .* is full: free some space and run it again"):
        _write(store, key, long_talk(1))
    assert every_row(store.path) == before
    assert hits(store, "word") != []


def _write(store: Store, key: str, spoken: list[Utterance]) -> None:
    with store.stage(key, "transcript", "t2") as writer:
        writer.replace_utterances(spoken)


@pytest.mark.slow
def test_a_write_beyond_the_quota_is_a_full_disk_too(store: Store) -> None:
    """A file-size limit makes the system refuse the write itself, as quotas and full network disks do."""
    key = fill(store, "Talk", ["some words"])
    before = every_row(store.path)
    code = """
import resource
sys.dont_write_bytecode = True  # a compiled module cut short breaks whoever imports it next
from longvid_storage.errors import LongvidError
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
store = Store.open(sys.argv[1])
spoken = utterances([f"w{i} " * 50 for i in range(3000)])
try:
    with store.stage(sys.argv[2], "transcript", "t2") as writer:
        writer.replace_utterances(spoken)
except LongvidError as error:
    print(error.code)
print(len(hits(store, "word")))
store.close()
"""
    assert finish(child(code, store.path, key)).split() == ["disk_full", "1"]
    assert every_row(store.path) == before
    assert sound(store.path)
    _write(store, key, long_talk(2))
    assert len(seen(store).passages_of(key, ["speech"])) == 2000


def test_a_search_whose_cache_cannot_be_written_still_answers(store: Store) -> None:
    fill(store, "Talk", ["some words."] * 500)
    code = """
import resource
sys.dont_write_bytecode = True  # a compiled module cut short breaks whoever imports it next
import numpy as np
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
store = Store.open(sys.argv[1])
print(len(near(store, "speech", np.ones(8))))
store.close()
"""
    assert finish(child(code, store.path)) == "500\n"
    assert [path for path in (store.path / "cache").iterdir() if path.stat().st_size] == []


@pytest.mark.slow
def test_a_full_disk_can_be_read(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        fill(store, "Talk", ["some words"])
    code = """
import resource
sys.dont_write_bytecode = True  # a compiled module cut short breaks whoever imports it next
from longvid_storage.errors import LongvidError
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
store = Store.open(sys.argv[1])
print(len(hits(store, "word")))
try:
    store.require_writable()
except LongvidError as error:
    print(error.code)
store.close()
"""
    assert finish(child(code, tmp_path / "library")).split() == ["1", "disk_full"]


# Closed


CLOSED = """
import stat
import numpy as np
from longvid_storage.errors import LongvidError
import faiss, longvid_storage.text.analysis
import longvid_storage.search.vector_indexes.exact, longvid_storage.search.vector_indexes.faiss
place, key, make = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "writer"
fill(Store.open(place / "warm", create=True), "warm", ["load all that loads late"])
library = place / "library"
writer = None
if make:
    writer = Store.open(library)
    fill(writer, "Open", ["written words, not yet moved out of the log"])
for path in [*place.rglob("*"), place]:
    path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o555)
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)  # permissions do not hold root back
def code(action):
    try:
        action()
    except LongvidError as error:
        return error.code
before = sorted(path.name for path in library.iterdir())
with Store.open(library) as store:
    print(len(seen(store).videos()), len(hits(store, "word")), len(near(store, "speech", np.ones(8))))
    print(code(lambda: fill(store, "Other", ["words"])), code(lambda: store.remove_video(key)))
    print(code(lambda: store.writer_lock().__enter__()))
print(code(lambda: Store.open(place / "new", create=True)))
print(sorted(path.name for path in library.iterdir()) == before)
"""


@pytest.mark.parametrize(("other", "videos"), [("alone", 1), ("writer", 2)])
def test_a_library_that_may_only_be_read_is_searched_and_not_written(other: str, videos: int) -> None:
    """By a user who may not write there; with nobody else, and while its owner has it open with a fresh log."""
    with tempfile.TemporaryDirectory(prefix="longvid-") as place:
        os.chmod(place, 0o755)
        with Store.open(Path(place) / "library", create=True) as store:
            key = fill(store, "Talk", ["some words"])
        try:
            shown = finish(child(CLOSED, place, key, other)).splitlines()
        finally:
            for path in [Path(place), *(path for path in Path(place).rglob("*") if path.is_dir())]:
                path.chmod(0o755)
    assert shown == [f"{videos} {videos} {videos}", "read_only read_only", "read_only", "read_only", "True"]


CUT_SHORT = """
import shutil
from longvid_storage.errors import LongvidError
place = Path(sys.argv[1])
with Store.open(place / "owner", create=True) as owner:
    fill(owner, "Talk", ["some words"])
    (place / "copy").mkdir()
    for name in ("library.db", "library.db-wal"):
        shutil.copy(place / "owner" / name, place / "copy" / name)
for path in [*(place / "copy").iterdir(), place / "copy"]:
    path.chmod(path.stat().st_mode & 0o555)
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
try:
    Store.open(place / "copy")
except LongvidError as error:
    print(error.code, error)
"""


def test_a_log_that_nobody_finished_is_not_passed_over_where_nothing_can_be_written() -> None:
    with tempfile.TemporaryDirectory(prefix="longvid-") as place:
        os.chmod(place, 0o755)
        shown = finish(child(CUT_SHORT, place))
        (Path(place) / "copy").chmod(0o755)
        with Store.open(Path(place) / "copy") as store:
            assert len(seen(store).videos()) == 1
    assert shown.startswith("read_only the library at ")
    assert shown.endswith("was cut short while it was written, and finishing that needs to write there: "
                          "open it once as a user who may\n")  # fmt: skip


def test_writing_to_a_store_opened_closed_raises_before_anything_else(store: Store) -> None:
    store._database.read_only = True
    for write in (
        lambda: store.upsert_video(info("Talk")),
        lambda: store.remove_video(video_id("Talk")),
        lambda: store.set_path("/x", video_id("Talk"), size=1, mtime_ns=1),
    ):
        with pytest.raises(ReadOnlyError, match="may not be written: check its permissions"):
            write()
