"""Libraries that are damaged, or somebody else's: one sentence, never a traceback; ``check`` names and mends them."""

from __future__ import annotations

import io
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, get_args

import pytest
from sqlalchemy import select, update

from longvid import Library
from longvid.cli import main
from longvid_storage.db import schema
from longvid_storage.db.backup import exchange
from longvid_storage.db.columns import in_columns, objects_of
from longvid_storage.db.store import Store
from longvid_storage.errors import LibraryError, LongvidError, NotALibraryError, UsageError
from longvid_storage.types import Keyframe, KeyframeKind, StageResult, StageStatus, VideoCard
from small_library import Trigrams
from store_tools import fill
from toy_engines import ToyEngines

TALK = "The migration plan"
SAID = ["We move the database on Friday.", "The budget is nine thousand euros.", "Who sends the plan?"]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with something in every table."""
    path = tmp_path_factory.mktemp("sound") / "library"
    with Store.open(path, create=True) as store:
        key = fill(store, TALK, SAID, collection="work")
        store.rename_speaker(key, "Ada", "Ada Lovelace")
        with store.view() as view:
            passages = view.passages_of(key, ["speech"])
        with store.stage(key, "vectors", "y") as writer:
            found = Trigrams().encode([p.text for p in passages], kind="passage")
            writer.put_vectors("speech", Trigrams.fingerprint, [p.id for p in passages], found)
    with Library.open(path, engines=ToyEngines()) as lib, lib.chat("monday") as chat:
        chat.ask("Who sends the plan?")
    return path


@pytest.fixture
def library(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "library"))


def edit(library: Path, *statements: str, values: tuple[Any, ...] = ()) -> None:
    """Do to the database what longvid would not."""
    connection = sqlite3.connect(library / "library.db")
    connection.execute("PRAGMA foreign_keys = OFF")
    with connection:
        for statement in statements:
            connection.execute(statement, values)
    connection.close()


# Somebody else's schema


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("CREATE TRIGGER t AFTER INSERT ON chats BEGIN DELETE FROM videos; END", "trigger 't'"),
        ("CREATE VIEW v AS SELECT * FROM videos", "view 'v'"),
        ("CREATE TABLE extra (a)", "table 'extra'"),
        ("CREATE VIRTUAL TABLE w USING fts5(a)", "table 'w'"),
        ("CREATE VIRTUAL TABLE words_other USING rtree(a, b, c)", "virtual table 'words_other'"),
        ("ANALYZE", None),
    ],
)
def test_what_longvid_did_not_make_is_refused_at_opening(
    library: Path, statement: str, named: str | None
) -> None:
    edit(library, statement)
    if named is None:
        Store.open(library).close()
        return
    with pytest.raises(NotALibraryError, match=named) as refused:
        Store.open(library)
    assert "\n" not in refused.value.message


def test_every_connection_distrusts_the_file(library: Path) -> None:
    with Store.open(library) as store, store.view() as view, store.conversing() as other:
        for connection in (view.connection, other):
            for pragma, value in (("trusted_schema", 0), ("cell_size_check", 1), ("secure_delete", 1)):
                assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value


def test_removed_and_replaced_words_leave_the_files(tmp_path: Path) -> None:
    path = tmp_path / "library"
    with Store.open(path, create=True) as store:
        gone = fill(store, "secret talk", ["The xylophone is under the zeppelin."])
        kept = fill(store, "open talk", ["The quokkas sleep in the wombatorium."])
        store.remove_video(gone)
        fill(store, "open talk", ["Nothing of it."])
        assert kept
    for file in path.iterdir():
        if file.is_file():
            data = file.read_bytes().lower()
            for word in (b"xylophon", b"zeppelin", b"quokka", b"wombatori", b"secret talk"):
                assert word not in data, (file.name, word)


# Damaged rows

HUGE = "x" * 50_000_000
SPANS = ("utterances", "passages", "segments", "sounds", "screen_texts", "keyframes", "slides", "chain_links")
BAD: list[tuple[str, str, Any]] = [
    *((table, "end_s", 9e999) for table in SPANS),
    *((table, "start_s", -1.0) for table in SPANS),
    *((table, "start_s", 1e6) for table in SPANS),
    *((table, "start_s", "soon") for table in SPANS),
    *(
        (table, column, value)
        for table, column in (
            ("videos", "title"),
            ("utterances", "text"),
            ("passages", "text"),
            ("segments", "title"),
            ("screen_texts", "text"),
            ("stages", "engine"),
        )
        for value in (b"\xff\x00", HUGE)
    ),
    ("videos", "video_id", "a\0b"),
    ("videos", "went", "well"),
    ("videos", "day", "soon"),
    ("videos", "recorded_on", "2024-99-99"),
    ("collections", "name", "work\0"),
    ("videos", "duration_s", 9e999),
    ("videos", "duration_s", -5.0),
    ("videos", "duration_s", b"long"),
    ("videos", "chapters", "[[0, 1]]"),
    ("videos", "chapters", "nothing"),
    ("stages", "counters", "{"),
    ("stages", "counters", "[]"),
    ("stages", "seconds", "long"),
    ("utterances", "words", '[["a", "b", 1]]'),
    ("utterances", "words", "[" * 100_000),
    ("passages", "boxes", "[[1, 2, 3]]"),
    ("passages", "boxes", '[["a", 0, 1, 1]]'),
    ("passages", "times", "[[0, 1]]"),
    ("passages", "kind", "smell"),
    ("segments", "level", "century"),
    ("segments", "passages", '["one"]'),
    ("chain_links", "sentences", "[1]"),
    ("chain_links", "sentences", "{"),
    ("library_links", "sentences", '[["a"]]'),
    ("passage_vectors", "vector", b"abc"),
    ("passage_vectors", "vector", b""),
    ("passage_vectors", "vector", "text"),
    ("vector_sets", "dimension", "wide"),
    ("turns", "turn", "{"),
    ("turns", "turn", "[]"),
    ("chats", "scope", "[1]"),
    ("library", "generation", "old"),
    ("library", "analysis", b"x"),
]


@pytest.fixture
def commands(tmp_path: Path, sound: Path) -> dict[str, list[str]]:
    with Library.open(sound, engines=ToyEngines()) as lib:
        saved = tmp_path / "answer.json"
        from longvid.jsonform import dumps

        saved.write_text(dumps(lib.ask("Who sends the plan?")))
    off = ["--model", "text=off", "--model", "image=off"]
    (tmp_path / "new.vtt").write_text("WEBVTT\n\n00:00:01.000 --> 00:00:04.000\nA new talk.\n")
    return {
        "ask": ["ask", "Who sends the plan?", *off],
        "search": ["search", "budget", *off],
        "mentions": ["mentions", "budget"],
        "ls": ["ls"],
        "show": ["show", TALK, "--json"],
        "summary": ["summary", TALK],
        "digest": ["summary", "--collection", "work"],
        "chat": ["chat", "--session", "monday", *off],
        "chats": ["chat", "--list"],
        "export": ["export", str(saved)],
        "index": ["index", str(tmp_path / "new.vtt"), "--skip", "vectors,visual", "--quiet", *off],
    }


def run(
    arguments: list[str], library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    """Exit status and stderr of a command; anything but an exit is a traceback."""
    monkeypatch.setattr("sys.argv", ["longvid", *arguments, "--library", str(library)])
    monkeypatch.setattr("sys.stdin", io.StringIO("What is the budget?\n"))
    with pytest.raises(SystemExit) as exit_:
        main()
    return int(exit_.value.code or 0), capsys.readouterr().err


def with_vectors(library: Path) -> tuple[int, str]:
    with Library.open(library, engines=ToyEngines()) as lib:
        try:
            lib.search("budget")
            lib.ask("Who sends the plan?")
        except LibraryError as error:
            return 1, error.message
    return 0, ""


@pytest.mark.slow
@pytest.mark.parametrize(("table", "column", "value"), BAD, ids=[f"{t}-{c}-{v!r:.12}" for t, c, v in BAD])
def test_a_damaged_row_is_one_sentence_in_every_command(
    library: Path,
    commands: dict[str, list[str]],
    table: str,
    column: str,
    value: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change = f"UPDATE {table} SET {column} = ? WHERE rowid = (SELECT min(rowid) FROM {table})"
    edit(library, change, values=(value,))
    said = {name: run(arguments, library, monkeypatch, capsys) for name, arguments in commands.items()}
    said["vectors"] = with_vectors(library)
    failed = {name: text for name, (status, text) in said.items() if status}
    for name, text in failed.items():
        assert "Traceback" not in text
        assert "check --repair" in text or "chat --delete" in text, (name, text)
        assert table in text or "the conversation" in text, (name, text)
        if table not in ("library", "library_links", "vector_sets", "turns", "chats", "collections"):
            assert TALK in text or "videos of" in text, (name, text)
    edit(library, change, values=(value,))  # indexing may have written the row anew
    with Store.open(library) as store:
        report = store.check()
        assert [each.table for each in report.findings if each.table == table], "check finds it"
        assert not report.repaired
        mended = store.check(repair=True)
        assert mended.repaired, [str(each) for each in mended.left]
        assert not store.check().findings
    assert with_vectors(library)[0] == 0


def test_a_missing_state_row_is_one_sentence(library: Path) -> None:
    edit(library, "DELETE FROM library")
    status, text = with_vectors(library)
    assert status == 1
    assert "library" in text
    assert "check --repair" in text
    with Store.open(library) as store:
        assert store.check(repair=True).repaired
    assert with_vectors(library) == (0, "")


# check and backup


def test_a_sound_library_is_whole(library: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert run(["check"], library, monkeypatch, capsys)[0] == 0
    with Store.open(library) as store:
        assert store.check().findings == ()
        assert store.check(repair=True).repaired


def test_no_kind_that_may_be_stored_is_damage(library: Path) -> None:
    with Store.open(library) as store:
        with store.view() as view:
            video_id = view.video_ids()[0]
        with store.stage(video_id, "visual", "v2") as writer:
            kinds = get_args(KeyframeKind)
            writer.replace_keyframes(
                Keyframe(float(i), float(i), i + 1.0, b"picture", 4, 3, kind) for i, kind in enumerate(kinds)
            )
        for status in get_args(StageStatus):
            with store.stage(video_id, f"extra {status}", "v1") as writer:
                writer.result(StageResult(f"extra {status}", status))
        assert store.check().findings == ()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO words_speech (rowid, terms) VALUES (9999, 'ghost')",
        "INSERT INTO words_speech (words_speech) VALUES ('delete-all')",
        "DELETE FROM words_speech_data",
        "UPDATE passages SET terms = 'other words'",
        "DELETE FROM passages",
        "INSERT INTO paths VALUES ('/x', 99, 1, 1, '')",
        "UPDATE videos SET title = X'00'",
        "UPDATE videos SET day = '1999-12-31'",
        "UPDATE videos SET went = 'visual=failed'",
    ],
)
def test_check_finds_and_repairs(
    library: Path, statement: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(library, statement)
    assert run(["check"], library, monkeypatch, capsys)[0] == 1
    assert run(["check", "--repair", "--json"], library, monkeypatch, capsys)[0] == 0
    assert run(["check"], library, monkeypatch, capsys)[0] == 0


def test_repair_reopens_the_stages_of_what_it_deletes(library: Path) -> None:
    edit(library, "UPDATE segments SET end_s = -5 WHERE level = 'video'")
    with Store.open(library) as store:
        assert store.check(repair=True).repaired
        with store.view() as view:
            (row,) = view.videos()
    assert sorted(row.stages) == ["transcript", "visual"]


def test_a_damaged_cache_is_dropped(library: Path) -> None:
    with Library.open(library, engines=ToyEngines()) as lib:
        lib.search("budget")
    (library / "cache").mkdir(exist_ok=True)
    (library / "cache" / f"speech-{'0' * 16}-3.npz").write_bytes(b"nothing")
    with Store.open(library) as store:
        assert [each.table for each in store.check().findings] == ["cache"]
        assert store.check(repair=True).repaired


INDEXING = """
import sys
sys.path.insert(0, {tests!r})
from store_tools import fill
from longvid_storage.db.store import Store
with Store.open({path!r}) as store:
    print("begun", flush=True)
    for number in range(40):
        fill(store, f"talk {{number}}", [f"words of {{number}}", "and more"])
"""


def test_a_backup_made_while_another_process_indexes_is_whole(library: Path, tmp_path: Path) -> None:
    code = INDEXING.format(tests=str(Path(__file__).parent), path=str(library))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with Library.open(library, engines=ToyEngines()) as lib:
            for number in range(3):
                lib.backup(tmp_path / f"copy {number}")
    assert writer.returncode == 0
    for number in range(3):
        with Library.open(tmp_path / f"copy {number}", engines=ToyEngines()) as copy:
            assert copy.check().findings == ()
            assert TALK in [video.title for video in copy.videos()]
            copy.remove(TALK)  # it can be written too
    assert not list(tmp_path.glob(".*"))


def test_whoever_opens_a_backup_while_it_is_replaced_finds_one(library: Path, tmp_path: Path) -> None:
    """Fifteen replacements, and another thread that never finds the name without a library behind it."""
    target, done, missing = tmp_path / "copy", threading.Event(), []
    with Store.open(library) as store:
        store.backup(target)
        if not exchange(target, target):
            pytest.skip("names cannot be exchanged here")

        def watch() -> None:
            while not done.is_set():
                missing.extend([1] * (not (target / "library.db").exists()))

        watcher = threading.Thread(target=watch)
        watcher.start()
        for _ in range(15):
            store.backup(target, force=True)
        done.set()
        watcher.join()
    assert not missing
    assert sorted(each.name for each in tmp_path.iterdir()) == ["copy", "library"]


def test_a_backup_replaces_only_a_library_and_only_when_told(library: Path, tmp_path: Path) -> None:
    with Store.open(library) as store:
        store.backup(tmp_path / "copy")
        with pytest.raises(UsageError, match="--force"):
            store.backup(tmp_path / "copy")
        store.backup(tmp_path / "copy", force=True)
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "letter.txt").write_text("dear")
        with pytest.raises(LongvidError, match=r"is not a library"):
            store.backup(tmp_path / "mine", force=True)
        (tmp_path / "link").symlink_to(tmp_path / "copy")
        for force in (False, True):
            with pytest.raises(UsageError, match="is a link: name what it leads to"):
                store.backup(tmp_path / "link", force=force)
    assert (tmp_path / "mine" / "letter.txt").exists()
    assert (tmp_path / "link").is_symlink()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("column", "value"),
    [("duration_s", "'long'"), ("duration_s", "-1"), ("duration_s", "9e999"), ("title", "x'00'"), ("went", "x'01'")],
)  # fmt: skip
def test_what_is_checked_a_column_at_once_is_refused_as_one_by_one(
    library: Path, column: str, value: str
) -> None:
    edit(library, f"UPDATE videos SET {column} = {value}")
    with Store.open(library) as store, store.view() as view:
        taken = getattr(schema.Video, column)
        with pytest.raises(ValueError, match=r"is no (text|positive finite number)$") as one_by_one:
            view.connection.execute(select(taken)).all()
        with pytest.raises(ValueError, match=re.escape(str(one_by_one.value))):
            in_columns(view.connection, [taken], lambda columns: select(*columns))
    with Library.open(library, engines=ToyEngines()) as lib, pytest.raises(LibraryError):
        lib.page()


def test_text_that_is_none_is_told_of_by_a_list(library: Path) -> None:
    edit(library, "UPDATE videos SET title = CAST(x'ff' AS TEXT)")
    with (
        Library.open(library, engines=ToyEngines()) as lib,
        pytest.raises(LibraryError, match=r"damaged \(videos"),
    ):
        lib.videos()


def test_rows_are_the_same_whichever_way_they_are_checked(library: Path) -> None:
    name = os.fsdecode(b"talk \xff.vtt")
    with Store.open(library) as store, store.conversing() as connection:
        connection.execute(update(schema.Path).values(path=name))
        connection.execute(update(schema.Video).values(duration_s=5))
    with Store.open(library) as store, store.view() as view:
        for table in (schema.Path, schema.Video, schema.Collection, schema.PassageRow):
            taken = list(table.__table__.columns)
            found = in_columns(view.connection, taken, lambda columns: select(*columns))
            assert list(zip(*found, strict=True)) == view.connection.execute(select(*taken)).all()
        assert view.cards()[0].path == name


def test_objects_made_a_field_at_a_time_are_those_of_their_class() -> None:
    fields = (
        ["a", "b"],
        ("A", "B"),
        [(), ("x",)],
        iter([1.0, 2.0]),
        [None, "2020-01-01"],
        [()] * 2,
        ["", "B"],
        ["", None],
    )
    rows = [("a", "A", (), 1.0, None, (), "", ""), ("b", "B", ("x",), 2.0, "2020-01-01", (), "B", None)]
    assert objects_of(VideoCard, *fields) == [VideoCard(*row) for row in rows]
    assert objects_of(VideoCard, *[()] * 8) == []
    with pytest.raises(ValueError, match=r"VideoCard have \[1, 2, 1"):
        objects_of(VideoCard, ["a"], ["a", "b"], *[["a"]] * 6)
    with pytest.raises(ValueError, match="argument"):
        objects_of(VideoCard, ["a"])
