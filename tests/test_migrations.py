"""A library of an older schema is brought up to date, whole or not at all; one of a newer schema is refused."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from longvid_storage.db import chats, migrate
from longvid_storage.db.library_files import APPLICATION_ID, make_engine
from longvid_storage.db.schema import HEAD, VERSIONS, Base
from longvid_storage.db.store import Store
from longvid_storage.errors import LibraryError, NotALibraryError, SchemaError
from longvid_storage.types import Sound, Utterance
from store_tools import MODEL, PICTURES, fill, hits, info, near, seen, video_id

MIGRATIONS = Path(migrate.__file__).parent / "migrations"


def old_library(path: Path, version: str) -> Path:
    """A library as longvid wrote it at that version of the schema: one video with all that is said, shown and heard
    in it, its units as they were then, vectors, and (from 0004 on) a chain that a model wrote."""
    path.mkdir()
    engine = make_engine(path, read_only=False, create=True)
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        migrate.upgrade(connection, target=version)
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        for statement in _ROWS:
            connection.execute(text(statement), {"id": video_id("old"), "model": MODEL, "pictures": PICTURES})
        for table in ("unit_vectors", "keyframe_vectors"):
            connection.execute(
                text(
                    f"INSERT INTO {table} (vector_id, owner_id, set_key, vector) VALUES (1, 1, :key, :vector)"
                ),
                {"key": 1 if table == "unit_vectors" else 2, "vector": np.eye(8, dtype="<f2")[0].tobytes()},
            )
        if version >= "0003":
            connection.execute(
                text(
                    "INSERT INTO sounds (video_key, seq, start_s, end_s, label, score) "
                    "VALUES (1, 0, 50, 55, 'Applause', 1)"
                )
            )
        if version >= "0004":
            quotes = [[video_id("old"), 0, "speech", 0, 10, "Learning rates matter a lot."]]
            connection.execute(
                text(
                    "INSERT INTO chain_links "
                    "(video_key, level, seq, start_s, end_s, fingerprint, engine, so_far, sentences) "
                    "VALUES (1, 'video', 0, 0, 60, 'f', 'a model', '', :sentences)"
                ),
                {"sentences": json.dumps([["It is about rates.", quotes]])},
            )
    engine.dispose()
    return path


_ROWS = (
    "INSERT INTO library (library_key, generation) VALUES (1, 7)",
    "INSERT INTO videos (video_key, video_id, title, duration_s, has_video, has_audio, stream_start_s, chapters, "
    "media_type) VALUES (1, :id, 'Old talk', 60, 0, 1, 0, '[]', 'audio')",
    "INSERT INTO utterances (video_key, seq, start_s, end_s, text, speaker, language) VALUES "
    "(1, 0, 0, 5, 'Learning rates', 'Ada', 'en'), (1, 1, 5, 10, 'matter a lot.', 'Ada', 'en')",
    "INSERT INTO screen_texts (video_key, seq, start_s, end_s, text, x0, y0, x1, y1, confidence) "
    "VALUES (1, 0, 0, 30, 'The rate', 0, 0, 1, 0.1, 0.9)",
    "INSERT INTO units (unit_id, video_key, channel, size, start_s, end_s, language, text, terms, length) "
    "VALUES (1, 1, 'speech', 'sentence', 0, 10, 'en', 'Learning rates matter a lot.', 'stale', 1)",
    "INSERT INTO vector_sets (set_key, model_fingerprint, dimension, channel, size) "
    "VALUES (1, :model, 8, 'speech', 'sentence'), (2, :pictures, 8, 'picture', 'keyframe')",
    "INSERT INTO keyframes (keyframe_id, video_key, time_s, start_s, end_s, width, height, kind, image) "
    "VALUES (1, 1, 3, 0, 30, 4, 3, 'slide', x'00')",
    "INSERT INTO stages (video_key, stage, fingerprint, status, seconds, counters) VALUES "
    "(1, 'transcript', 't', 'done', 1, '{}'), (1, 'vectors', 'v', 'done', 1, '{}'), "
    "(1, 'summaries', 's', 'done', 1, '{}')",
)


def _write(store: Store, name: str) -> None:
    store.upsert_video(info(name))
    with store.stage(video_id(name), "transcript", "t") as writer:
        writer.replace_utterances([Utterance(0, 5, "Other words.")])


def schema_of(path: Path) -> list[tuple[str, str, str]]:
    """Tables, columns and indexes, however the statements that made them were spelled."""
    connection = sqlite3.connect(path / "library.db")
    try:
        found = []
        for kind, name in connection.execute(
            "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'words\\_%' ESCAPE '\\'"
        ):
            pragma = "table_xinfo" if kind == "table" else "index_xinfo"
            rows = connection.execute(f"PRAGMA {pragma}('{name}')").fetchall()
            found.append((kind, name, repr(rows)))
            if kind == "table":
                keys = connection.execute(f"PRAGMA foreign_key_list('{name}')").fetchall()
                found.append(("keys", name, repr(sorted(key[2:] for key in keys))))
        return sorted(found)
    finally:
        connection.close()


def test_the_versions_named_in_the_code_are_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    assert tuple(reversed([revision.revision for revision in script.walk_revisions()])) == VERSIONS
    assert script.get_current_head() == HEAD


def test_migrations_end_where_a_new_library_begins(tmp_path: Path) -> None:
    Store.open(tmp_path / "new", create=True).close()
    migrated = old_library(tmp_path / "old", VERSIONS[0])
    Store.open(migrated).close()
    assert schema_of(migrated) == schema_of(tmp_path / "new")
    engine = make_engine(migrated, read_only=False)
    with engine.connect() as connection:
        options = {
            "include_name": lambda name, kind, parents: kind != "table" or not name.startswith("words_")
        }
        compared = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
        assert compared == []
    engine.dispose()


@pytest.mark.parametrize("version", VERSIONS[:4])
def test_an_older_library_is_upgraded_and_keeps_what_it_knows(tmp_path: Path, version: str) -> None:
    path = old_library(tmp_path / "library", version)
    with Store.open(path) as store:
        (row,) = seen(store).videos()
        key = row.info.video_id
        assert row.info.title == "Old talk"
        assert seen(store).resolve("OLD talk") == key
        passages = seen(store).passages_of(key)
        said = [(p.start_s, p.end_s, p.text, p.speaker) for p in passages if p.kind == "speech"]
        assert said == [(0, 10, "Learning rates matter a lot.", "Ada")]
        assert [p.text for p in passages if p.kind == "screen"] == ["The rate"]
        assert len([p for p in passages if p.kind == "sound"]) == (version >= "0003")
        # Text is embedded again at the next index; pictures keep their vectors, and the other stages their records.
        assert seen(store).vector_models() == {PICTURES: ["picture"]}
        assert near(store, "picture", np.eye(8)[0]) == [1]
        assert {name for name, record in row.stages.items() if not record.fingerprint} == {"vectors"}
        assert hits(store, "learn") == [p.id for p in passages if p.kind == "speech"]
        assert hits(store, "stale") == []
        if version >= "0004":  # what a model wrote is not written again: it names passages now
            (link,) = seen(store).chain(key)
            (sentence,) = link.sentences
            assert (link.engine, sentence.text) == ("a model", "It is about rates.")
            assert [p.text for p in seen(store).passages(sentence.passages)] == [said[0][2]]
        _write(store, "New talk")
    connection = sqlite3.connect(path / "library.db")
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_a_failing_migration_leaves_the_old_library(tmp_path: Path) -> None:
    path = old_library(tmp_path / "library", VERSIONS[0])
    connection = sqlite3.connect(path / "library.db")
    connection.execute(
        "ALTER TABLE library ADD COLUMN analysis TEXT"
    )  # what 0002 adds: it will trip over this
    connection.commit()
    before = list(connection.iterdump())
    connection.close()
    with pytest.raises(LibraryError):
        Store.open(path)
    connection = sqlite3.connect(path / "library.db")
    assert list(connection.iterdump()) == before
    connection.close()


def test_a_newer_library_is_refused_and_not_touched(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        fill(store, "Talk", ["some words"])
    connection = sqlite3.connect(tmp_path / "library" / "library.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = (tmp_path / "library" / "library.db").read_bytes()
    for create in (False, True):
        with pytest.raises(SchemaError, match=r"written by a newer longvid .*upgrade longvid"):
            Store.open(tmp_path / "library", create=create)
    assert (tmp_path / "library" / "library.db").read_bytes() == before


def test_another_programs_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    for name, statement in (
        ("tables", "CREATE TABLE notes (body)"),
        ("marked", "PRAGMA application_id = 42"),
    ):
        place = tmp_path / name
        place.mkdir()
        connection = sqlite3.connect(place / "library.db")
        connection.execute(statement)
        connection.commit()
        connection.close()
        before = (place / "library.db").read_bytes()
        with pytest.raises(NotALibraryError, match="another program's database"):
            Store.open(place, create=True)
        assert (place / "library.db").read_bytes() == before


def test_a_creation_that_was_killed_is_taken_up(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / ".lock").write_text("123\n")
    (library / "library.db").touch()
    with pytest.raises(LibraryError, match="there is no library"):
        Store.open(library)
    with Store.open(library, create=True) as store:
        fill(store, "Talk", ["some words"])
        assert len(seen(store).videos()) == 1


def test_opening_a_current_library_loads_neither_alembic_nor_a_vector_library(tmp_path: Path) -> None:
    Store.open(tmp_path / "library", create=True).close()
    code = (
        "import sys; from pathlib import Path; from longvid_storage.db.store import Store; "
        "Store.open(Path(sys.argv[1])).close(); "
        "print([name for name in ('alembic', 'faiss', 'torch', 'snowballstemmer') if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "library")], capture_output=True, text=True
    )
    assert (shown.returncode, shown.stdout.strip(), shown.stderr) == (0, "[]", "")


def test_conversations_keep_their_turns_when_they_get_owners(tmp_path: Path) -> None:
    path = old_library(tmp_path / "library", "0004")
    engine = make_engine(path, read_only=False)
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        migrate.upgrade(connection, target="0007")
    engine.dispose()
    with sqlite3.connect(path / "library.db") as connection:
        (key,) = connection.execute("SELECT video_key FROM videos").fetchone()
        connection.execute("INSERT INTO chats VALUES (4, 'monday', '{}', 1)")
        connection.execute("INSERT INTO turns VALUES (7, 4, 0, '{}')")
        connection.execute("INSERT INTO turn_videos VALUES (7, ?)", (key,))
    connection.close()
    with Store.open(path) as store:
        with store.conversing() as writing:
            (kept,) = chats.read(writing, "", "monday")
            assert (kept.chat_key, len(kept.turns)) == (4, 1)
            assert chats.begin(writing, "somebody", "monday", {}).chat_key == 5, "a name for each owner"
        (row,) = seen(store).videos()
        store.remove_video(row.info.video_id)
        with store.conversing() as writing:
            assert chats.read(writing, "", "monday")[0].turns == ()


def test_it_is_told_apart_what_subtitles_said_and_what_was_heard_where_it_can_be(tmp_path: Path) -> None:
    path = old_library(tmp_path / "library", "0004")
    for engine, origin in (("subtitles", "told"), ("ear", "heard"), ("subtitles + ear", None)):
        with sqlite3.connect(path / "library.db") as connection:
            connection.execute("DELETE FROM stages WHERE stage = 'sounds'")
            row = (1, "sounds", "f", "done", engine, 1.0, "{}")
            columns = "video_key, stage, fingerprint, status, engine, seconds, counters"
            connection.execute(f"INSERT INTO stages ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        connection.close()
        upgraded = Path(shutil.copytree(path, tmp_path / engine))
        sound = Sound(50, 55, "Applause")
        with Store.open(upgraded) as store, store.view() as view:
            known = {"told": ([sound], []), "heard": ([], [sound]), None: None}
            assert view.told_and_heard(video_id("old")) == known[origin]
            assert view.sounds(video_id("old")) == [sound]
