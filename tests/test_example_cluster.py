"""The example cluster, started by its one command, indexes and answers at both of its servers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_one_command_starts_indexes_and_asks() -> None:
    lecture = ROOT / "examples" / "lectures" / "gradient-descent.srt"
    command = [sys.executable, str(ROOT / "examples" / "cluster" / "cluster.py"), str(lecture), "--once"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    answers = [line for line in done.stdout.splitlines() if line.startswith("http://")]
    assert len(answers) == 2
    assert all("every step jumps over" in answer.partition("? ")[2] for answer in answers), answers
    assert "1 file: 1 indexed" in done.stderr
