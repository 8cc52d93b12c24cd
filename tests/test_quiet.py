"""Nothing that longvid loads calls anybody: no connection, no look-up of a name, no file in the user's cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from library_tools import MEETING
from longvid_storage.process import OFF, silence, sum_alone

# Python's own calls are seen by an audit hook; those of native code (onnxruntime) by strace, where that is allowed.
HOOK = """
import os, sys
def seen(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        with open(os.environ["SEEN_BY_PYTHON"], "a") as log:
            print(event, arguments[-1:], file=log)
sys.addaudithook(seen)
"""
CALLS = re.compile(r"(connect|sendto|sendmsg|sendmmsg)\(.*(AF_INET|sin_addr|sin6_addr|/nscd/)")


def strace() -> list[str]:
    found = shutil.which("strace")
    if found is None or subprocess.run([found, "-o", os.devnull, "true"], capture_output=True).returncode:
        return []
    return [found, "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg"]


def test_whatever_was_set_is_off() -> None:
    environment = {"LANGSMITH_TRACING": "true", "LANGCHAIN_TRACING_V2": "true", "HOME": "/home/me"}
    silence(environment)
    assert environment == {"HOME": "/home/me", **OFF}


def test_sums_keep_to_one_thread_unless_somebody_chose_otherwise() -> None:
    nothing: dict[str, str] = {}
    chosen = {"OPENBLAS_NUM_THREADS": "4"}
    for environment in (nothing, chosen):
        sum_alone(environment)
    assert (nothing, chosen) == ({"OPENBLAS_NUM_THREADS": "1"}, {"OPENBLAS_NUM_THREADS": "4"})


@pytest.mark.parametrize("package", ["longvid", "longvid_agents", "longvid_indexer", "longvid_storage"])
def test_every_package_is_silent_before_anything_else_is_imported(package: str) -> None:
    program = (
        f"import os, sys, {package}\nprint(os.environ['ORT_DISABLE_TELEMETRY'], 'onnxruntime' in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if name not in OFF}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.stdout == "1 False\n", done.stderr


@pytest.mark.slow
def test_indexing_and_asking_call_nobody(tmp_path: Path) -> None:
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(HOOK)
    (tmp_path / "standup.vtt").write_text(MEETING)
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name not in OFF} | {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "SEEN_BY_PYTHON": str(tmp_path / "python.log"),
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "hook"), os.environ.get("PYTHONPATH", "")]),
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_API_KEY": "of another program",
        "LANGSMITH_ENDPOINT": "http://127.0.0.1:9",
    }
    watch = strace()
    native = tmp_path / "native.log"
    commands = (("index", tmp_path / "standup.vtt"), ("ask", "Who sends the migration plan?"))
    for number, command in enumerate(commands):
        log = ["-o", f"{native}{number}"] if watch else []
        whole = [
            *watch,
            *log,
            sys.executable,
            "-m",
            "longvid.cli",
            *map(str, command),
            "-L",
            str(tmp_path / "library"),
        ]
        done = subprocess.run(
            whole, capture_output=True, text=True, timeout=300, env=environment, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
    assert not (tmp_path / "python.log").exists(), (tmp_path / "python.log").read_text()
    for log_file in tmp_path.glob("native.log*"):
        assert not [line for line in log_file.read_text().splitlines() if CALLS.search(line)]
    # That its own text model's weights were found whole, longvid remembers itself.
    left = {path.relative_to(home).parts[:2] for path in home.rglob("*") if path.is_file()}
    assert left <= {(".cache", "longvid")}
