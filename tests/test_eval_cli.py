"""``longvid eval`` as a person runs it, on a real library of two small transcripts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from longvid.evaluation.loaders import DATASETS
from longvid.evaluation.scores import FIGURES
from longvid.evaluation.structure import TOLERANCE_S

GARDEN = """WEBVTT

00:00.000 --> 00:09.000
<v Ann>Good morning, today we plan the garden behind the school.

00:10.000 --> 00:20.000
<v Bo>The tomatoes need a greenhouse, because frost in May kills seedlings.

01:30.000 --> 01:42.000
<v Ann>We water the beans every second evening with rain from the barrel.
"""
BRIDGE = """WEBVTT

00:00.000 --> 00:11.000
<v Cy>The suspension bridge hangs from two steel cables.

00:40.000 --> 00:52.000
<v Cy>Rust on the anchor bolts was found by the inspection in autumn.
"""
QUESTIONS = [
    {
        "id": "1",
        "video": "garden",
        "question": "Why do tomatoes need a greenhouse?",
        "spans": [[10, 20]],
        "kind": "why",
    },
    {
        "id": "2",
        "video": "bridge",
        "question": "Where was rust found?",
        "spans": [[40, 52]],
        "answer": "On the bolts.",
    },
]


def longvid(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "longvid.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library of two transcripts and a file of questions."""
    place = tmp_path_factory.mktemp("eval")
    (place / "garden.vtt").write_text(GARDEN, encoding="utf-8")
    (place / "bridge.vtt").write_text(BRIDGE, encoding="utf-8")
    done = longvid("index", place / "garden.vtt", place / "bridge.vtt", "-L", place / "lib")
    assert done.returncode == 0, done.stderr
    write(place / "questions.jsonl", QUESTIONS)
    return place


def write(path: Path, records: list[dict]) -> Path:
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return path


@pytest.mark.slow
def test_figures_as_json_and_nothing_else_on_stdout(place: Path) -> None:
    done = longvid("eval", place / "questions.jsonl", "-L", place / "lib", "--json", "--ask")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert (record["questions"], record["videos"], record["within"]) == (2, 2, False)
    assert record["library"] == str(place / "lib")
    assert record["overall"]["hit@1"]["value"] == 1.0
    assert record["overall"]["video@1"]["n"] == 2
    assert record["answers"]["asked"] == 2
    assert record["cost"]["index_s_per_hour"] > 0
    assert record["cost"]["video_hours"] == pytest.approx((102 + 52) / 3600)


@pytest.mark.slow
def test_figures_as_a_table_and_a_report(place: Path, tmp_path: Path) -> None:
    done = longvid(
        "eval", "--within", place / "questions.jsonl", "-L", place / "lib", "--out", tmp_path / "report"
    )
    assert done.returncode == 0, done.stderr
    assert "2 questions on 2 videos, each within its video" in done.stdout
    assert "hit@1" in done.stdout
    assert "report: " in done.stderr
    assert "Why do tomatoes need a greenhouse?" in (tmp_path / "report" / "index.html").read_text(
        encoding="utf-8"
    )


@pytest.mark.slow
def test_boundaries(place: Path) -> None:
    gold = write(place / "topics.jsonl", [{"video": "garden", "level": "event", "boundaries": [60]}])
    done = longvid("eval", "structure", gold, "-L", place / "lib", "--json", "--tolerance", "30")
    assert done.returncode == 0, done.stderr
    event = json.loads(done.stdout)["levels"]["event"]
    assert (event["videos"], event["gold"], event["tolerance_s"]) == (1, 1, 30.0)
    assert 0 <= event["library"]["pk"]["value"] <= 1
    table = longvid("eval", "structure", gold, "-L", place / "lib")
    assert table.stdout.splitlines()[0].split()[:2] == ["level", "boundaries"]


@pytest.mark.slow
def test_an_imported_dataset_is_a_question_file(place: Path, tmp_path: Path) -> None:
    row = {
        "qid": 1,
        "query": "rust on the bolts",
        "duration": 52,
        "vid": "bridge",
        "relevant_windows": [[40, 52]],
    }
    done = longvid("eval", "import", "qvhighlights", write(tmp_path / "val.jsonl", [row]))
    assert done.returncode == 0, done.stderr
    assert "1 questions, 1 with spans" in done.stderr
    (tmp_path / "questions.jsonl").write_text(done.stdout, encoding="utf-8")
    again = longvid("eval", tmp_path / "questions.jsonl", "-L", place / "lib", "--json")
    assert json.loads(again.stdout)["overall"]["hit@1"]["value"] == 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"video": "castle"}, 'line 1: the video "castle" is not in the library'),
        ({"spans": [[20, 10]]}, 'line 1: "spans" holds [20, 10]; it must satisfy 0 <= start_s <= end_s'),
    ],
)
def test_a_wrong_question_file_costs_one_sentence(
    place: Path, tmp_path: Path, change: dict, problem: str
) -> None:
    done = longvid("eval", write(tmp_path / "q.jsonl", [QUESTIONS[0] | change]), "-L", place / "lib")
    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_names_the_commands() -> None:
    done = longvid("eval", "--help")
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("questions", "structure", "import"))


def test_the_command_line_loads_nothing_heavy() -> None:
    heavy = {"numpy", "sqlalchemy", "matplotlib"}
    code = f"import sys, longvid.cli_eval; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == ""


def test_the_manual_names_every_dataset_figure_and_level() -> None:
    manual = (Path(__file__).parent.parent / "docs" / "evaluation.md").read_text(encoding="utf-8")
    names = [*DATASETS, *(figure.key.split("@")[0] for figure in FIGURES), *TOLERANCE_S]
    assert [name for name in names if f"`{name}" not in manual] == []
    for level, tolerance_s in TOLERANCE_S.items():
        assert f"{level} {tolerance_s:g} s" in manual.replace("\n ", "")
