"""``longvid check`` of a library in PostgreSQL: what it finds there, in the words it has for a directory, and mends."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest

from longvid import Library
from longvid_storage.db import pgvector_tables
from postgres_tools import new_database
from test_postgres import contents, run, talks
from toy_engines import ToyEngines

_FIRST = "passage_id = (SELECT min(passage_id) FROM passages)"
OF_ROWS = [
    f"UPDATE passages SET start_s = -1 WHERE {_FIRST}",
    f"UPDATE passages SET end_s = 'Infinity' WHERE {_FIRST}",
    f"UPDATE passages SET kind = 'smell' WHERE {_FIRST}",
    f"UPDATE passages SET boxes = '[[1, 2, 3]]' WHERE {_FIRST}",
    "UPDATE utterances SET end_s = 0, start_s = 1 WHERE seq = 1",
    "UPDATE stages SET status = 'perhaps' WHERE stage = 'vectors'",
    "UPDATE videos SET day = 'soon' WHERE title = 'talk 1'",
]
"""What both databases take, and longvid never wrote."""
DERIVED = [
    ("DELETE FROM postings WHERE passage_id = (SELECT min(passage_id) FROM passages)", "postings"),
    ("UPDATE postings SET times = times + 1 WHERE passage_id = (SELECT min(passage_id) FROM passages)", "postings"),
    ("DELETE FROM near_passage_vectors WHERE vector_id = (SELECT min(vector_id) FROM passage_vectors)", "near_"),
    ("UPDATE near_passage_vectors SET video_key = 99", "near_"),
    ("UPDATE near_passage_vectors SET same = 7", "near_"),
    ("UPDATE near_passage_vectors SET leads = false", "near_"),
    ("UPDATE near_passage_vectors SET vector = vector + vector", "near_"),
    ("UPDATE near_passage_vectors SET signs = ~signs", "near_"),
    ("UPDATE videos SET went = ''", "videos"),
]  # fmt: skip


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    """The same three talks in a directory and in PostgreSQL, in the same rows."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder, place = talks(tmp_path / "talks", 3), new_database()
    with Library.open(tmp_path / "lib", create=True, engines=ToyEngines()) as lib:
        lib.index(folder, collection="b")
        lib.copy_to(place)
    return tmp_path / "lib", place


def edit(place: str, statement: str) -> None:
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute(statement.encode())


def findings(place: Any) -> list[str]:
    with Library.open(place) as lib:
        return [str(each) for each in lib.check().findings]


def _of_rows(found: list[str]) -> list[str]:
    return [each for each in found if not each.startswith(("words_", "postings"))]


def test_a_whole_library_is_whole(both: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "--library", both[1]) == 0
    assert "the library is whole" in capsys.readouterr().out


@pytest.mark.parametrize("statement", OF_ROWS)
def test_a_damaged_row_is_told_as_in_a_directory_and_mended(both: tuple[Path, str], statement: str) -> None:
    directory, place = both
    with Library.open(place, engines=ToyEngines()) as lib:
        before = contents(lib)
    connection = sqlite3.connect(directory / "library.db")
    with connection:
        connection.execute(statement.replace("'Infinity'", "9e999"))
    connection.close()
    edit(place, statement)
    assert _of_rows(findings(place)) == _of_rows(findings(directory))
    assert _of_rows(findings(place))
    with Library.open(place, engines=ToyEngines()) as lib:
        report = lib.check(repair=True)
        assert (report.repaired, report.left) == (True, ())
        assert not lib.check().findings
        lib.index(directory.parent / "talks", collection="b", reprocess=True)
        assert contents(lib) == before


@pytest.mark.parametrize(("statement", "table"), DERIVED)
def test_what_is_derived_is_compared_with_what_it_is_of_and_made_anew(
    both: tuple[Path, str], statement: str, table: str
) -> None:
    place = both[1]
    edit(place, statement)
    found = findings(place)
    assert found
    assert {each.startswith(table) for each in found} == {True}, found
    with Library.open(place, engines=ToyEngines()) as lib:
        assert lib.check(repair=True).repaired
        assert not lib.check().findings
        with lib._store.view() as view:
            assert pgvector_tables.prepared(view.connection)
        assert lib.search("budget", k=2)


def test_a_vector_of_another_length_goes_with_its_entry(both: tuple[Path, str]) -> None:
    place = both[1]
    edit(
        place,
        "UPDATE passage_vectors SET vector = 'ab' WHERE vector_id = (SELECT min(vector_id) FROM passage_vectors)",
    )
    assert any("a vector has 2 bytes" in each for each in findings(place))
    with Library.open(place, engines=ToyEngines()) as lib:
        assert lib.check(repair=True).repaired
        assert not lib.check().findings
