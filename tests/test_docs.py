"""README and docs say what the commands print today, the example script runs, links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs_tools import DOCUMENTS, PICTURE, ROOT, picture, replay, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("docs") / "library"
    run("longvid index examples/lectures", library)
    return library


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_console_blocks_are_current(document: Path, library: Path) -> None:
    text = document.read_text("utf-8")
    assert "```console" in text
    assert replay(text, library) == text, "run: .venv/bin/python tests/docs_tools.py"


def test_the_picture_is_a_real_answer(library: Path) -> None:
    assert picture(library) == PICTURE.read_text("utf-8"), "run: .venv/bin/python tests/docs_tools.py"


def test_every_command_has_its_help_in_the_docs() -> None:
    from longvid.cli import app

    text = (ROOT / "docs" / "cli.md").read_text("utf-8")
    names = [command.name or command.callback.__name__ for command in app.registered_commands]
    names += [group.name for group in app.registered_groups]
    for name in names:
        assert f"$ longvid {name} --help" in text, name


def test_the_example_script_runs(library: Path) -> None:
    command = [sys.executable, ROOT / "examples" / "ask.py", library]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "team-meeting.vtt#t=" in done.stdout


def test_links_between_documents_lead_somewhere() -> None:
    for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_every_family_of_models_names_tests_that_there_are() -> None:
    from tiny_video_lms import FAMILIES, UNLISTED

    text = (ROOT / "docs" / "video-lms.md").read_text("utf-8")
    columns, rows = "| shown by |", 0
    for table in (part for part in text.split("\n\n") if columns in part):
        for row in table.splitlines()[2:]:
            rows += 1
            cell = row.rstrip(" |").rpartition(" | ")[2]
            named = re.findall(r"`(test_\w+)(?:::(test_\w+)|\[(\w+)\])?`", cell)
            assert named or cell == "–", row
            for file, function, kind in named:
                source = (ROOT / "tests" / f"{file}.py").read_text("utf-8")
                assert not function or f"\ndef {function}(" in source, (file, function)
                assert not kind or kind in {**FAMILIES, **UNLISTED}, kind
    assert rows >= 20


def test_every_kind_of_file_and_question_names_tests_that_there_are() -> None:
    rows = [row for row in (ROOT / "docs" / "kinds.md").read_text("utf-8").splitlines() if "`test_" in row]
    assert len(rows) > 40
    for row in rows:
        for file, function in re.findall(r"`(test_\w+)(?:::(test_\w+))?`", row):
            source = (ROOT / "tests" / f"{file}.py").read_text("utf-8")
            assert not function or f"\ndef {function}(" in source, row
