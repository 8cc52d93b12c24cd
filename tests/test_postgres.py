"""A library in PostgreSQL gives what one in a directory gives, to many processes at once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from sqlalchemy import event

from longvid import Library
from longvid.cli import main
from longvid.doctor import examine
from longvid_storage.db import pgvector, pgvector_tables, vectors
from longvid_storage.db.scope_signs import ScopeSigns
from longvid_storage.db.store import Store
from longvid_storage.db.view import View
from longvid_storage.errors import (
    LibraryError,
    NotALibraryError,
    NotFoundError,
    ReadOnlyError,
    SchemaError,
    UsageError,
)
from longvid_storage.search.vector_search import InMemoryWarning
from longvid_storage.sign_bits import signs_of
from longvid_storage.types import EVERYTHING, Scope, Sound, StageResult, Utterance
from postgres_tools import new_database
from store_tools import MODEL, fill, info, near, seen, unit_vectors, video_id
from test_neighbours import requests, told, transcript
from toy_engines import ToyEngines

# Indexes a folder into a library, in another process.
_INDEX = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[3]]
from longvid import Library
from toy_engines import ToyEngines
with Library.open(sys.argv[1], engines=ToyEngines()) as lib:
    lib.index(Path(sys.argv[2]), collection="b")
"""


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def talks(folder: Path, count: int, seed: int = 1) -> Path:
    chance = random.Random(seed)
    folder.mkdir()
    for number in range(count):
        (folder / f"talk {number}.vtt").write_text(transcript(chance), "utf-8")
    return folder


def indexing(place: str, folder: Path) -> subprocess.Popen[str]:
    tests = str(Path(__file__).parent)
    return subprocess.Popen([sys.executable, "-c", _INDEX, place, str(folder), tests], text=True)


def run(*arguments: str) -> int | str | None:
    """The command's exit status."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["longvid", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
    return left.value.code


def contents(lib: Library) -> list[Any]:
    """What is told of each video, but for ids of passages, and for when its stages ran and what they cost."""
    found = [lib.show(video.video_id) for video in lib.videos()]
    named = [(each.video_id, each.title, *each.collections) for each in found]
    return [*named, *(told(partial(list, (each.utterances, each.events))) for each in found)]


def test_both_stores_tell_the_same(tmp_path: Path) -> None:
    folder = talks(tmp_path / "talks", 12)
    with (
        Library.open(tmp_path / "lib", create=True, engines=ToyEngines()) as one,
        Library.open(new_database(), create=True, engines=ToyEngines()) as other,
    ):
        for lib in (one, other):
            assert {report.status for report in lib.index(folder, collection="b")} == {"indexed"}
            assert {report.status for report in lib.index(folder, collection="b")} == {"unchanged"}
        assert contents(one) == contents(other)
        chance = random.Random(7)
        for _ in range(15):
            for name, call in requests(chance):
                theirs, ours = told(partial(call, other)), told(partial(call, one))
                assert _rounded(theirs) == _rounded(ours), name
        for lib in (one, other):
            lib.rename_speaker("talk 3", "Maya", "Maya Lindqvist")
            lib.remove("talk 4")
            with lib.chat("monday", collection="b") as chat:
                chat.ask("What did they decide about the budget?")
        assert contents(one) == contents(other)
        assert told(one.chats) == told(other.chats)


def _rounded(value: Any) -> Any:
    """Scores are sums, which databases add up in orders of their own."""
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return round(value, 9) if isinstance(value, float) else value


def test_processes_index_side_by_side_and_a_killed_one_loses_nothing(tmp_path: Path) -> None:
    folder, place = talks(tmp_path / "talks", 12), new_database()
    Library.open(place, create=True, engines=ToyEngines()).close()
    workers = [indexing(place, folder) for _ in range(3)]
    with Library.open(place, engines=ToyEngines()) as lib:
        until = time.monotonic() + 60
        while len(lib.videos()) < 4 and time.monotonic() < until:
            assert lib.search("budget migration", k=2) is not None  # questions are answered meanwhile
        workers[0].send_signal(signal.SIGKILL)
        assert [worker.wait(timeout=120) for worker in workers[1:]] == [0, 0]
        workers[0].wait(timeout=30)
        assert {report.status for report in lib.index(folder, collection="b")} <= {"indexed", "unchanged"}
        with Library.open(tmp_path / "alone", create=True, engines=ToyEngines()) as alone:
            alone.index(folder, collection="b")
            assert contents(lib) == contents(alone)


def test_a_video_that_another_process_works_on_is_left_to_it(tmp_path: Path) -> None:
    folder, place = talks(tmp_path / "talks", 2), new_database()
    left: list[Any] = []
    with (
        Library.open(place, create=True, engines=ToyEngines()) as lib,
        Store.connect(place, tmp_path / "other") as other,
    ):
        with other.claim(str(folder / "talk 0.vtt")) as ours, lib._store.claim("another") as mine:
            assert (ours, mine) == (True, True)
            reports = lib.index(folder, on_event=left.append)
        assert [report.title for report in reports] == ["talk 1"]
        assert [event.reason for event in left if hasattr(event, "reason")] == ["busy"]
        assert len(lib.index(folder)) == 2


def test_rights_hold_there_too(tmp_path: Path) -> None:
    """A store that was narrowed shows, counts and names nothing but its collections."""
    blue, green = talks(tmp_path / "blue", 2), talks(tmp_path / "green", 2, seed=2)
    with (
        Library.open(new_database(), create=True, engines=ToyEngines()) as lib,
        Library.open(new_database(), create=True, engines=ToyEngines()) as alone,
    ):
        lib.index(blue, collection="blue")
        lib.index(green, collection="green")
        alone.index(blue, collection="blue")
        seen = lib.within({"blue"})
        assert [each.name for each in lib.collections()] == ["blue", "green"]
        assert seen.collections() == alone.collections()
        assert seen.videos() == alone.videos()
        for query in ("budget", "migration plan"):
            assert [(m.video_id, m.start_s) for m in seen.search(query)] == [
                (m.video_id, m.start_s) for m in alone.search(query)
            ]
        with pytest.raises(NotFoundError, match=r"no collection 'green': there are blue$"):
            seen.search("budget", collection="green")
        assert seen.within({"blue", "green"}).collections() == alone.collections()
        assert lib.within(()).videos() == []


def test_a_view_is_one_state_whoever_writes(tmp_path: Path) -> None:
    place = new_database()
    with Store.connect(place, tmp_path, create=True) as store:
        fill(store, "one", ["the budget is late"])
        with store.view() as view, Store.connect(place, tmp_path / "b") as other:
            assert len(view.videos()) == 1
            fill(other, "two", ["the budget is later"])
            assert len(view.videos()) == 1
        with store.view() as view:
            assert len(view.videos()) == 2


def test_an_older_schema_is_upgraded(tmp_path: Path) -> None:
    place = new_database()
    with Store.connect(place, tmp_path, create=True) as store:
        for name, engine in (("told", "subtitles"), ("heard", "ear"), ("mixed", "subtitles + ear")):
            store.upsert_video(info(name))
            with store.stage(video_id(name), "sounds", "s") as writer:
                writer.replace_sounds([Sound(5.0, 8.0, "Applause")])
                writer.result(StageResult("sounds", "done", engine))
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute("ALTER TABLE sounds DROP COLUMN origin")
        connection.execute("ALTER TABLE library DROP COLUMN remade")
        for column in ("day", "went", "cut_short", "revision"):
            connection.execute(f"ALTER TABLE videos DROP COLUMN {column}")
        connection.execute("DROP INDEX ix_videos_duration_s")
        connection.execute("DROP TABLE pictures_elsewhere")
        connection.execute(
            "ALTER TABLE postings DROP CONSTRAINT postings_pkey, ADD PRIMARY KEY (kind, term, passage_id)"
        )
        connection.execute("UPDATE alembic_version SET version_num = '0012'")
    sounds = [Sound(5.0, 8.0, "Applause")]
    with Store.connect(place, tmp_path) as store, store.view() as view:
        known = {name: view.told_and_heard(video_id(name)) for name in ("told", "heard", "mixed")}
        assert known == {"told": (sounds, []), "heard": ([], sounds), "mixed": None}
        assert view.sounds(video_id("mixed")) == sounds
    with psycopg.connect(place) as connection:
        made = connection.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname = 'postings_pkey'"
        ).fetchone()
        assert "INCLUDE (times)" in str(made)


def test_what_may_not_be_opened_is_one_sentence(tmp_path: Path) -> None:
    empty, other, newer = new_database(), new_database(), new_database()
    with pytest.raises(NotFoundError, match="there is no library at postgresql://"):
        Store.connect(empty, tmp_path)
    with psycopg.connect(other, autocommit=True) as connection:
        connection.execute("CREATE TABLE invoices (id INTEGER)")
    with pytest.raises(NotALibraryError, match="another program's database"):
        Store.connect(other, tmp_path, create=True)
    Store.connect(newer, tmp_path, create=True).close()
    with psycopg.connect(newer, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaError, match="newer longvid"):
        Store.connect(newer, tmp_path)
    for wrong in ("postgresql://", "postgresql://ada@db", "postgresql://ada:se:cr@et@:x/y"):
        with pytest.raises(UsageError, match="postgresql://USER@HOST:PORT/DATABASE") as refused:
            Store.connect(wrong, tmp_path)
        assert "cr" not in str(refused.value).partition("write")[0]
    with pytest.raises(LibraryError, match="cannot be reached") as caught:
        Store.connect("postgresql://ada:secret@127.0.0.1:1/archive", tmp_path)
    assert "secret" not in str(caught.value)
    assert "secret" not in str(examine("postgresql://ada:secret@127.0.0.1:1/archive"))


def test_a_user_who_may_only_read_reads(tmp_path: Path) -> None:
    place = new_database()
    with Store.connect(place, tmp_path, create=True) as store:
        fill(store, "one", ["the budget is late"])
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    with Library.open(place.replace("postgres:", "reader:"), engines=ToyEngines()) as lib:
        assert lib.mentions("budget")[0].title == "one"
        for change in (lambda: lib.remove("one"), lambda: lib.chat("monday")):
            with pytest.raises(
                ReadOnlyError, match=r"postgresql://reader\b.* may not be written by this user"
            ):
                change()


def test_text_that_postgresql_does_not_take_is_taken(tmp_path: Path) -> None:
    with Store.connect(new_database(), tmp_path, create=True) as store:
        about = info("one")
        store.upsert_video(about)
        with store.stage(about.video_id, "transcript", "t") as writer:
            writer.replace_utterances([Utterance(0, 5, "a\0b budget")], source="none")
        store.set_path("/media/\udcff.vtt", about.video_id, size=10, mtime_ns=1 << 60)
        with store.view() as view:
            assert view.utterances(about.video_id)[0].text == "a\ufffdb budget"
            assert view.paths()[0].path == "/media/\udcff.vtt"
            assert view.paths()[0].mtime_ns == 1 << 60


def test_a_library_is_copied_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, more, place = talks(tmp_path / "talks", 5), talks(tmp_path / "more", 1, seed=2), new_database()
    with Library.open(tmp_path / "lib", create=True, engines=ToyEngines()) as lib:
        lib.index(folder, collection="b")
        lib.rename_speaker("talk 3", "Maya", "Maya Lindqvist")
        before = contents(lib)
    for source, target in ((str(tmp_path / "lib"), place), (place, str(tmp_path / "back"))):
        assert run("copy", source, target) == 0
        assert run("copy", source, target) == 0, "a second time there is nothing to do"
    assert "each compared" in capsys.readouterr().err
    for target in (place, tmp_path / "back"):
        with Library.open(target, engines=ToyEngines()) as lib:
            assert contents(lib) == before
            assert lib.search("budget")
            assert [each.status for each in lib.index(folder, collection="b")] == ["unchanged"] * 5
            lib.index(more, collection="b")  # new rows are numbered after those that were copied
            assert len(lib.videos()) == 6
    with Store.open(tmp_path / "third", create=True) as store:
        fill(store, "foreign", ["words"])
    assert run("copy", str(tmp_path / "lib"), str(tmp_path / "third")) == 2
    assert "name a new one" in capsys.readouterr().err


def test_a_copy_that_was_cut_short_goes_on(tmp_path: Path) -> None:
    folder, place = talks(tmp_path / "talks", 5), new_database()
    with Library.open(tmp_path / "lib", create=True, engines=ToyEngines()) as lib:
        lib.index(folder, collection="b")

        def stop(name: str, rows: int) -> None:
            if name == "passages":
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            lib.copy_to(place, stop)
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute("DELETE FROM passages WHERE passage_id > 20")  # as if it had been killed in it
        lib.copy_to(place)
        with Library.open(place, engines=ToyEngines()) as copy:
            assert contents(copy) == contents(lib)
            assert told(lambda: copy.search("budget")) == told(lambda: lib.search("budget"))


# Vectors in the database

FEW = Scope(video_ids=frozenset([video_id("talk 7")]))
SOME = Scope(collection="odd")


def fill_talks(store: Store, count: int = 50, said: int = 40) -> None:
    """Talks of so many passages each, every other one in a collection."""
    for number in range(count):
        words = [f"words {number} {place}." for place in range(said)]
        fill(store, f"talk {number}", words, collection="odd" if number % 2 else "even", seed=number)


def exactly(store: Store, question: Any, scope: Scope, k: int) -> list[int]:
    """What numpy finds among the vectors that a view of the scope has."""
    with store.view(scope) as view:
        ids = [each.id for video in view.video_ids() for each in view.passages_of(video, ["speech"])]
        held = view.vectors(ids, MODEL)
    scores = {each: float(np.vecdot(vector.astype(np.float32), question)) for each, vector in held.items()}
    return sorted(scores, key=lambda each: (-scores[each], each))[:k]


def test_vectors_are_searched_in_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one they are all found; by HNSW 98 of 100, also where few are admitted and most of it is passed over."""
    place = new_database()
    with Store.connect(place, tmp_path, create=True) as store:
        fill_talks(store)
        questions = unit_vectors(20, seed=1000)
        for scope in (EVERYTHING, SOME, FEW):
            for question in questions[:3]:
                assert near(store, "speech", question, 10, scope) == exactly(store, question, scope, 10)
        monkeypatch.setattr(pgvector_tables, "EXACT", 30)
        monkeypatch.setattr(pgvector, "LARGE", 10**9)
        fill(store, "one more", ["words that make the index"], collection="odd", seed=7)
        with psycopg.connect(place) as connection:
            indexes = connection.execute(
                "SELECT indexdef FROM pg_indexes WHERE indexdef LIKE '%hnsw%'"
            ).fetchall()
        assert "halfvec(8)" in str(indexes)
        for scope in (EVERYTHING, SOME, FEW):
            found = sum(
                len({*near(store, "speech", each, 10, scope)} & {*exactly(store, each, scope, 10)})
                for each in questions
            )
            assert found >= 0.98 * 10 * len(questions), scope
        store.remove_video(video_id("talk 7"))
        assert near(store, "speech", questions[0], 10, FEW) == []
        with store.stage(video_id("talk 1"), "vectors", "x2") as writer:
            first = seen(store).passages_of(video_id("talk 1"), ["speech"])[0].id
            writer.put_vectors("speech", MODEL, [first], questions[:1])
        assert near(store, "speech", questions[0], 1) == [first]
    assert not list(tmp_path.rglob("*.npz")), "no process keeps vectors of its own"


def test_a_graph_is_built_in_memory_where_the_server_has_room_for_it() -> None:
    assert pgvector_tables.graph_megabytes(60_000, 384, 2**27) == 152
    assert pgvector_tables.graph_megabytes(1_000_000, 384, 2**27) == 1536
    assert pgvector_tables.graph_megabytes(5_000_000, 384, 2**27) == 2048, "a server as it comes"
    assert pgvector_tables.graph_megabytes(5_000_000, 384, 8 * 2**30) == 7424
    assert pgvector_tables.graph_megabytes(50_000_000, 384, 8 * 2**30) == 8192


def nearest_by_signs(view: View, question: Any, k: int, named: int) -> dict[int, float]:
    """Owner id → score of the ``k`` nearest of the ``named`` whose signs differ least, of equals the eldest."""
    (part,) = (each for each in vectors.sets(view.connection, None) if each.kind == "speech")
    eldest_first = [owner for _, owner in vectors.pairs(view.connection, part.admitted(view.scope)).tolist()]
    held = view.vectors(eldest_first, MODEL)
    asked = signs_of(question[None])
    like = sorted(eldest_first, key=lambda each: np.bitwise_count(signs_of(held[each][None]) ^ asked).sum())
    scores = {each: float(np.vecdot(held[each].astype(np.float32), question)) for each in like[:named]}
    return {each: scores[each] for each in sorted(scores, key=lambda each: -scores[each])[:k]}


def test_a_large_scope_is_compared_by_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many times as many whose signs differ least are named, and of these the nearest are exactly numpy's, whatever
    changes between two questions; of the signs those of what has changed are read again."""
    monkeypatch.setattr(pgvector_tables, "EXACT", 30)
    monkeypatch.setattr(pgvector, "LARGE", 1)
    monkeypatch.setattr(pgvector, "_BY_SIGNS", 3)
    monkeypatch.setattr(pgvector, "_LEAST", 1)
    questions, signs = unit_vectors(10, seed=1000), ScopeSigns(most_bytes=10**6)

    def as_numpy(view: View, question: Any) -> None:
        (part,) = (each for each in vectors.sets(view.connection, None) if each.kind == "speech")
        found = pgvector.nearest(view, part, question, 20, signs)
        assert dict(found or ()) == pytest.approx(nearest_by_signs(view, question, 20, 60), abs=1e-6)

    with Store.connect(new_database(), tmp_path, create=True) as store:
        fill_talks(store, 20)
        with store.view(SOME) as before:
            for question in questions:
                as_numpy(before, question)
            all_of_them, (gone, other, *_) = signs.read, before.video_ids()
            new = fill(
                store, "one more", [f"words {place}." for place in range(50)], collection="odd", seed=7
            )
            with store.view(SOME) as view:
                as_numpy(view, questions[0])
                assert signs.read == all_of_them + len(view.passages_of(new, ["speech"]))
            as_numpy(before, questions[1])
        with store.stage(other, "vectors", "x2") as writer:
            ids = [each.id for each in seen(store).passages_of(other, ["speech"])]
            writer.put_vectors("speech", MODEL, ids, unit_vectors(len(ids), seed=77))
        for change in (lambda: None, lambda: store.remove_video(gone)):
            change()
            with store.view(SOME) as view:
                for question in questions:
                    as_numpy(view, question)
        none = ScopeSigns(most_bytes=100)
        with store.view(SOME) as view:
            (part,) = (each for each in vectors.sets(view.connection, None) if each.kind == "speech")
            found = pgvector.nearest(view, part, questions[0], 20, none)
            assert len(found or ()) == 20
            assert not none.read, "where there is no room PostgreSQL compares"


def test_vectors_are_asked_for_in_few_statements_and_not_read(tmp_path: Path) -> None:
    with Store.connect(new_database(), tmp_path, create=True) as store:
        fill(store, "one", ["the budget is late", "the budget is later"])
        question = unit_vectors(1, seed=3)[0]
        first = near(store, "speech", question)
        asked: list[str] = []
        event.listen(store._engine, "before_cursor_execute", lambda *each: asked.append(each[2]))
        assert near(store, "speech", question) == first
        assert len(asked) <= 4
        assert not [sql for sql in asked if sql.startswith("SELECT passage_vectors.vector")]
        fill(store, "two", ["written meanwhile"], seed=1)
        assert len(near(store, "speech", question)) == 3


def test_equal_vectors_are_one_node_of_the_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever video the row in the graph is of, the equals in others are found, also once that video has gone."""
    place = new_database()
    monkeypatch.setattr(pgvector_tables, "EXACT", 2)
    monkeypatch.setattr(pgvector, "LARGE", 10**9)
    (said,) = unit_vectors(1, seed=99)
    with Store.connect(place, tmp_path, create=True) as store:
        for name in ("first", "second", "third"):
            key = fill(
                store, name, [f"words {number}." for number in range(8)], collection=name, seed=len(name)
            )
            with store.view() as view:
                ids = [each.id for each in view.passages_of(key, ["speech"])][1:]
            with store.stage(key, "vectors", "x2") as writer:
                writer.put_vectors("speech", MODEL, ids, np.stack([said] * len(ids)))

        def equals(scope: Scope = EVERYTHING) -> list[int]:
            return near(store, "speech", said, 3, scope)

        def graph() -> tuple[int, int]:
            """Rows in it, and distinct vectors."""
            query = (
                "SELECT count(*) FILTER (WHERE leads), count(DISTINCT vector::text) FROM near_passage_vectors"
            )
            with psycopg.connect(place) as connection:
                return connection.execute(query).fetchone() or (0, 0)

        assert graph()[0] == graph()[1] == 3
        assert equals() == exactly(store, said, EVERYTHING, 3)
        for name in ("first", "second"):
            for scope in (EVERYTHING, Scope(collection="third")):
                assert equals(scope) == exactly(store, said, scope, 3)
            store.remove_video(video_id(name))
            assert graph()[0] == graph()[1]
        assert len(equals()) == 3


@pytest.mark.parametrize(
    "added",
    [
        "ADD COLUMN other int",
        "ADD COLUMN signs BIT VARYING NOT NULL GENERATED ALWAYS AS (binary_quantize(vector)) STORED",
    ],
)
def test_where_the_tables_are_an_older_longvids_the_process_searches(tmp_path: Path, added: str) -> None:
    place = new_database()
    with Store.connect(place, tmp_path, create=True) as store:
        fill(store, "one", ["the budget is late", "the budget is later"])
        question = unit_vectors(1, seed=3)[0]
        before = near(store, "speech", question)
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute("ALTER TABLE near_passage_vectors DROP COLUMN signs CASCADE")
            connection.execute(f"ALTER TABLE near_passage_vectors {added}")  # an older longvid's
        with pytest.warns(InMemoryWarning, match="install that on the server"):
            assert near(store, "speech", question) == before
        fill(store, "two", ["written meanwhile"], seed=1)
    with Store.connect(place, tmp_path) as store:  # who may write makes it anew
        assert len(near(store, "speech", question)) == 3


@pytest.mark.both_stores
def test_a_test_of_both_stores_runs_on_both(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        assert store.shared == ("postgresql" in request.node.name)
