"""``longvid doctor``: for each role what would run, where, why, and what to type."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from longvid.cli import app
from longvid.doctor import Examination, examine, render
from longvid.engines import Engines
from longvid.models.registry import ROLES


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration, no weights, no GPU."""
    import torch

    monkeypatch.delenv("LONGVID_CONFIG", raising=False)
    for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HF_HUB_CACHE", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.chdir(tmp_path)


def found(tmp_path: Path, engines: Engines | None = None) -> Examination:
    return examine(tmp_path / "library", engines)


def test_every_role_is_told_with_a_reason_and_a_next_step(tmp_path: Path) -> None:
    roles = found(tmp_path).roles
    assert set(roles) == set(ROLES)
    assert all(role.why for role in roles.values())
    assert (roles["text"].runs, roles["text"].device) == ("all-MiniLM-L6-v2", "cpu")
    assert roles["text"].better == (
        "longvid models pull ibm-granite/granite-embedding-97m-multilingual-r2 (195 MB)"
    )
    assert roles["image"].runs == "off"
    assert roles["image"].device is None
    assert "--model video_lm=Qwen/Qwen3-VL-2B-Instruct" in (roles["video_lm"].better or "")
    assert not any(role.problem for role in roles.values())


def test_what_is_asked_for_and_cannot_run_says_why(tmp_path: Path) -> None:
    engines = Engines(
        {
            "text": "transformers:no/such",
            "rerank": "cross-encoder/ms-marco-MiniLM-L6-v2",
            "screen": "rapidocr",
        }
    )
    roles = found(tmp_path, engines).roles
    assert "no/such is not on this disk" in (roles["text"].problem or "")
    assert "longvid models pull cross-encoder/ms-marco" in (roles["rerank"].problem or "")
    assert roles["text"].device is None
    assert roles["screen"].problem is None
    assert roles["screen"].why == "asked for"


def test_a_gpu_that_is_not_there_is_told(tmp_path: Path) -> None:
    from test_reranker import make_tiny

    engines = Engines({"rerank": f"transformers:{make_tiny(tmp_path / 'tiny', 1)}"}, device="cuda")
    assert "torch sees no such device" in (found(tmp_path, engines).roles["rerank"].problem or "")
    engines = Engines({"rerank": f"transformers:{tmp_path / 'tiny'}"}, device="cpu")
    assert found(tmp_path, engines).roles["rerank"].device == "cpu"


def test_a_server_is_named_by_its_address(tmp_path: Path) -> None:
    model = {"model": "openai:some-model", "base_url": "http://127.0.0.1:8000/v1"}
    role = found(tmp_path, Engines({"video_lm": model})).roles["video_lm"]
    assert (role.runs, role.device) == ("openai:some-model", "http://127.0.0.1:8000/v1")


def test_people_read_it_at_a_hundred_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    told = render(found(tmp_path))
    assert max(map(len, told.splitlines())) <= 100 + len(str(tmp_path))
    assert told.splitlines()[-1] == 'Then put this line into longvid.toml: profile = "standard"'
    assert all(info.title in told for info in ROLES.values())
    assert "--model video_lm=openai:NAME" in told
    missing = render(found(tmp_path, Engines(profile="standard")))
    assert missing.splitlines()[-1] == "All that is missing: longvid models pull --profile standard"


def test_a_broken_package_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    information = tmp_path / "site" / "acme-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[longvid.models]\nacme = acme_is_gone:MODELS\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    (line,) = [line for line in render(found(tmp_path)).splitlines() if line.startswith("! ")]
    assert "the models 'acme' of the package acme are left out (ModuleNotFoundError" in line


def test_the_command_takes_the_options_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.toml").write_text('[models]\nscreen = "off"\n')
    monkeypatch.setitem(sys.modules, "easyocr", None)
    arguments = [
        "doctor",
        "--json",
        "-L",
        str(tmp_path / "library"),
        "--config",
        "own.toml",
        "--model",
        "image=off",
    ]
    app(arguments, standalone_mode=False)
    roles = json.loads(capsys.readouterr().out)["roles"]
    assert roles["screen"]["why"] == "switched off by own.toml: text on slides is not found"
    assert roles["image"]["why"].startswith("switched off: ")


def test_every_setting_says_where_it_comes_from(tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text('device = "cpu"\nmemory_mb = 50\n[models]\nscreen = "off"\n')
    examined = found(tmp_path, Engines({"text": "all-MiniLM-L6-v2"}, config=config))
    assert examined.settings["configuration"] == f"{config} (named by --config)"
    assert examined.settings["device"] == examined.settings["screen"] == f"from {config}"
    assert examined.settings["text"] == "given by --model or the caller"
    assert examined.settings["speech"] == "not set: auto"
    assert examined.settings["memory"] == f"50 MB of a library, from {config}"
    assert set(examined.settings) == {"configuration", "library", "memory", "device", "profile", *ROLES}
    assert f"device: from {config}" in " ".join(render(examined).split())
    by_profile = found(tmp_path, Engines(profile="offline"))
    assert by_profile.settings["speech"] == "from the profile offline"
