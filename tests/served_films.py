"""Servers over films that were made by code and indexed by the real pipeline, without a model."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import media_factory as mf
from longvid.engines import Engines
from longvid.library import Library
from longvid.models.roles import ROLES

SECONDS = 12
RATE = 10


def engines() -> Engines:
    """No model at all."""
    return Engines(dict.fromkeys(ROLES, "off"))


def grey(number: int) -> int:
    """What every pixel of picture ``number`` of a film has."""
    return round(16 + 1.5 * number)


def make_film(path: Path, *, seconds: int = SECONDS, **how: object) -> Path:
    """A film whose pictures tell their number (``grey``), with subtitles beside it."""
    frames = (np.full((96, 160, 3), grey(n % (SECONDS * RATE)), np.uint8) for n in range(seconds * RATE))
    tone = 0.3 * np.sin(np.arange(seconds * 16_000) * 2 * np.pi * 440 / 16_000)
    mf.write_video(path, frames, RATE, audio=tone.astype(np.float32), **how)  # type: ignore[arg-type]
    words = "WEBVTT\n\n00:01.000 --> 00:04.000\nThis is the film called {}.\n"
    path.with_suffix(".vtt").write_text(words.format(path.stem))
    return path


# A server in a process of its own, as `longvid serve` runs it, without models: argv is library, port, settings as JSON.
_SERVER = """
import json, sys
import uvicorn
from longvid.library import Library
from longvid.server.app import create_app
from longvid.server.settings import read_settings
from served_films import engines
settings = read_settings(json.loads(sys.argv[3]))
with Library.open(sys.argv[1], create=True, engines=engines()) as library:
    uvicorn.run(create_app(library, settings), port=int(sys.argv[2]), log_level="warning", timeout_graceful_shutdown=5)
"""


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Running:
    """A server in a process of its own, which can be killed and started again."""

    def __init__(self, library: Path | str, settings: str = "{}") -> None:
        self.library = library
        self.settings = settings
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [sys.executable, "-c", _SERVER, str(self.library), str(self.port), self.settings]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        until_s = time.monotonic() + 300  # a machine that is busy loads for minutes
        while time.monotonic() < until_s:
            try:
                with urllib.request.urlopen(f"{self.url}/v1/health", timeout=5):
                    return
            except OSError:
                if self.process.poll() is not None:
                    raise AssertionError(self.process.communicate()[1]) from None
                time.sleep(0.1)
        raise AssertionError("the server did not start")

    def end(self, number: int = signal.SIGTERM) -> str:
        """End it, and what it said on stderr."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=60)[1]


@contextmanager
def running(library: Path, settings: str = "{}") -> Iterator[Running]:
    """A running server, ended at the end."""
    server = Running(library, settings)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.end(signal.SIGKILL)


def indexed(path: Path, films: Path) -> Library:
    """A library of a folder of films, in the collection ``films``."""
    library = Library.open(path, create=True, engines=engines())
    reports = library.index([films], collection="films")
    assert [report.error for report in reports] == [None] * len(reports)
    return library
