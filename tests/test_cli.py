"""The command line as a user meets it: exit status, stdout for results, stderr for the rest, quick help."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from library_tools import MEETING

HEAVY = ("torch", "transformers", "open_clip", "whisper", "easyocr", "faiss", "langgraph", "cv2", "sqlalchemy", "numpy",
         "av", "onnxruntime", "scenedetect", "rapidocr", "matplotlib")  # fmt: skip


def longvid(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "longvid.cli", *arguments], capture_output=True, text=True, timeout=120, **more
    )


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that holds one meeting transcript."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "standup.vtt").write_text(MEETING)
    done = longvid(
        "index", str(folder / "standup.vtt"), "--library", str(folder / "library"), "--collection", "team"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return folder / "library"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom longvid.cli import app\napp(['--help'], standalone_mode=False)\n"
        f"loaded = set({HEAVY!r}) & set(sys.modules)\nassert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for command in ("index", "ask", "search", "ls", "show", "rm", "doctor", "demo"):
        assert command in done.stdout


def test_index_json_is_one_object_a_file(tmp_path: Path) -> None:
    (tmp_path / "standup.vtt").write_text(MEETING)
    (tmp_path / "broken.mp4").write_text("this is not a video")
    done = longvid("index", str(tmp_path), "--library", str(tmp_path / "library"), "--json")
    assert done.returncode == 1
    reports = {report["title"]: report for report in map(json.loads, done.stdout.splitlines())}
    assert set(reports) == {"standup", "broken"}
    assert set(reports["standup"]) >= {"video_id", "title", "path", "status", "duration_s", "stages", "error"}
    assert reports["standup"]["status"] == "indexed"
    assert reports["standup"]["stages"]["transcript"]["status"] == "done"
    assert reports["broken"]["status"] == "failed"
    assert reports["broken"]["error"]["code"] == "not_media"
    assert "broken.mp4" in reports["broken"]["error"]["message"]


def test_second_index_is_unchanged(library: Path) -> None:
    done = longvid("index", str(library.parent / "standup.vtt"), "--library", str(library), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["status"] == "unchanged"


def test_ask_cites_video_and_time(library: Path) -> None:
    done = longvid("ask", "Who will send the migration plan?", "--library", str(library))
    assert done.returncode == 0, done.stderr
    assert "[standup @ 0:05–0:09]" in done.stdout
    done = longvid("ask", "Who will send the migration plan?", "--library", str(library), "--json")
    answer = json.loads(done.stdout)
    assert set(answer) >= {"question", "answer", "found", "claims", "nearest", "engine"}
    assert answer["found"] is True
    (citation,) = answer["claims"][0]["citations"]
    assert (citation["start_s"], citation["end_s"], citation["kind"]) == (5.0, 9.0, "speech")
    assert citation["quote"] == "I will send the migration plan to everyone by Friday."


def test_ask_that_finds_nothing_exits_0(library: Path) -> None:
    done = longvid("ask", "What is the boiling point of tungsten?", "--library", str(library), "--json")
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    assert answer["found"] is False
    assert answer["claims"] == []


def test_search_json_is_the_contract(library: Path) -> None:
    done = longvid("search", "database budget", "-k", "2", "--library", str(library), "--json")
    assert done.returncode == 0, done.stderr
    moments = [json.loads(line) for line in done.stdout.splitlines()]
    assert 1 <= len(moments) <= 2
    keys = {"video_id", "title", "path", "start_s", "end_s", "score", "level", "evidence", "near"}
    keys |= {"play_s", "gone"}
    assert set(moments[0]) == keys
    of_a_passage = {
        "id",
        "video_id",
        "kind",
        "start_s",
        "end_s",
        "text",
        "speaker",
        "language",
        "boxes",
        "guessed",
    }
    assert set(moments[0]["evidence"][0]) == of_a_passage


def test_ls_show_and_rm(library: Path, tmp_path: Path) -> None:
    (video,) = [
        json.loads(line) for line in longvid("ls", "--library", str(library), "--json").stdout.splitlines()
    ]
    assert video["title"] == "standup"
    assert video["collections"] == ["team"]
    shown = json.loads(longvid("show", video["video_id"][:8], "--library", str(library), "--json").stdout)
    assert [u["speaker"] for u in shown["utterances"]] == ["Maya", "Jonas", "Maya"]
    assert "standup" in longvid("show", "standup", "--library", str(library)).stdout

    copy = tmp_path / "own"
    shutil.copytree(library, copy)
    refused = longvid("rm", "standup", "--library", str(copy), input="n\n")
    assert refused.returncode != 0
    assert refused.stderr.endswith("longvid: not confirmed, so nothing was done (--yes answers for you)\n")
    assert longvid("rm", "standup", "--library", str(copy), "--yes").returncode == 0
    assert longvid("ls", "--library", str(copy), "--json").stdout == ""
    assert (library.parent / "standup.vtt").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("ask", "  "), "the question is empty"),
        (("search", "x", "-k", "0"), "k is 0"),
        (("index",), "name folders or files to index, or --reprocess"),
        (("search", "x", "--from", "soon"), "--from is 'soon'"),
        (("search", "x", "--from", "20", "--to", "10"), "is not before"),
        (("index", ".", "--only", "colours"), "no stage is called 'colours'"),
        (("search", "x", "--frobnicate"), "frobnicate"),
        (("mentions", "--no-cache"), "text that begins with a dash stands after --"),
    ],
)
def test_wrong_usage_exits_2_with_a_sentence(
    arguments: tuple[str, ...], sentence: str, library: Path
) -> None:
    done = longvid(*arguments, "--library", str(library))
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "nothing like it"), "nothing like it"),
        (("search", "x", "--collection", "nobody"), "no collection 'nobody'"),
        (("index", "no/such/folder"), "no/such/folder"),
    ],
)
def test_what_is_not_there_exits_1_with_a_sentence(
    arguments: tuple[str, ...], sentence: str, library: Path
) -> None:
    done = longvid(*arguments, "--library", str(library))
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_models_are_chosen_on_the_command_line(library: Path) -> None:
    question = ("ask", "Who will send the migration plan?", "--library", str(library), "--json")
    done = longvid(*question, "--profile", "offline", "--model", "text=off")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["found"] is True
    assert answer["engine"]["text"] == "off"
    assert answer["engine"]["speech"] == "faster-whisper/tiny.en"
    for arguments, sentence in (
        (("--model", "text"), "--model is 'text': write ROLE=SPEC"),
        (("--model", "text=bert"), "text is 'bert': it is auto, off, "),
        (("--profile", "huge"), "there is no profile 'huge'"),
        (("--config", "nowhere.toml"), "the configuration nowhere.toml cannot be read"),
    ):
        done = longvid(*question, *arguments)
        assert done.returncode == 2
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr


def test_a_name_that_nobody_has_is_told_beside_the_empty_result(library: Path) -> None:
    for arguments in (("mentions", "migration"), ("ask", "Who sends the plan?")):
        done = longvid(*arguments, "--speaker", "Grace", "--library", str(library))
        assert done.returncode == 0, done.stderr
        assert done.stderr == "longvid: nobody called 'Grace' speaks in this library: there are Jonas, Maya\n"
    assert longvid("mentions", "plan", "--speaker", "jonas", "--library", str(library)).stderr == ""


def test_a_device_that_is_not_here_is_told_although_no_model_needs_it(library: Path) -> None:
    without = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    search = ("search", "migration", "--library", str(library))
    for device, sentence, status in (
        ("cuda", "asked to run on cuda, and torch sees no such device", 1),
        ("gpu", "the device is 'gpu': it is cpu, cuda", 2),
    ):
        done = longvid(*search, "--device", device, env=without)
        assert done.returncode == status
        assert sentence in done.stderr
        assert done.stdout == ""


def test_extractive_is_offered_only_where_it_would_help(library: Path, tmp_path: Path) -> None:
    done = longvid(
        "ask", "Who?", "--model", "text=transformers:nobody/nothing", "--library", str(library),
        env={**os.environ, "HF_HUB_CACHE": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1
    assert "nobody/nothing" in done.stderr
    assert "--extractive" not in done.stderr


def test_what_is_off_is_told_when_something_was_indexed(tmp_path: Path) -> None:
    (tmp_path / "standup.vtt").write_text(MEETING)
    index = ("index", str(tmp_path / "standup.vtt"), "-L", str(tmp_path / "lib"), "--model", "image=off")
    assert "off        pictures" in longvid(*index).stderr
    assert longvid(*index).stderr.splitlines()[-1] == "1 file: 1 unchanged"


def test_a_missing_library_says_what_to_do(tmp_path: Path) -> None:
    done = longvid("ask", "anything?", "--library", str(tmp_path / "none"))
    assert done.returncode == 1
    assert "longvid index" in done.stderr


def test_a_path_that_is_no_library_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.txt").write_text("sun")
    for command in (("ls",), ("index", str(tmp_path / "holiday.txt"))):
        done = longvid(*command, "--library", str(tmp_path))
        assert done.returncode == 1
        assert "is not a library (it holds holiday.txt)" in done.stderr
        assert sorted(path.name for path in tmp_path.iterdir()) == ["holiday.txt"]


def test_a_question_of_a_thousand_words_is_answered(library: Path) -> None:
    done = longvid("ask", "migration plan " * 600, "--library", str(library), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["found"] in (True, False)


def test_a_warning_of_ours_is_one_line_and_others_stay_pythons(capsys: pytest.CaptureFixture[str]) -> None:
    from longvid.cli import _tell
    from longvid_storage.models.torch_device import HalvedBatchWarning

    others: list[object] = []

    def otherwise(*what: object) -> None:
        others.append(what)

    _tell(otherwise, HalvedBatchWarning("the GPU is full"), HalvedBatchWarning, "x.py", 1)
    assert capsys.readouterr().err == "longvid: the GPU is full\n"
    assert not others
    _tell(otherwise, "old", DeprecationWarning, "x.py", 1)
    assert len(others) == 1
