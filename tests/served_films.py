"""Servers over films that were made by code and indexed by the real pipeline, without a model."""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.forkserver
import os
import signal
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import media_factory as mf
from longvid.engines import Engines
from longvid.library import Library
from longvid.models.registry import ROLES
from serve_tools import free_port

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
    mf.write_video(path, frames, RATE, audio=tone.astype(np.float32), **how)
    words = "WEBVTT\n\n00:01.000 --> 00:04.000\nThis is the film called {}.\n"
    path.with_suffix(".vtt").write_text(words.format(path.stem))
    return path


@cache
def _warm() -> Any:
    """What servers are forked from: a process that has loaded all they need, since that takes longest."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(
        ["pytest", "uvicorn", "longvid.server.app", "longvid_indexer.pipeline", __name__]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), *sys.path]))
        multiprocessing.forkserver.ensure_running()
    return made


def _serve(place: str, port: int, settings: str, said: str) -> None:
    """As `longvid serve` does, without models; what it says on stderr goes to the file ``said``."""
    import uvicorn

    from longvid.server.app import create_app
    from longvid.server.settings import read_settings

    with open(said, "a", encoding="utf-8") as file:
        os.dup2(file.fileno(), 2)
    with Library.open(place, create=True, engines=engines()) as library:
        app = create_app(library, read_settings(json.loads(settings)))
        uvicorn.run(app, port=port, log_level="warning", timeout_graceful_shutdown=5)


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
        self._said = Path(tempfile.mkstemp(prefix="served", suffix=".txt")[1])
        what = (str(self.library), self.port, self.settings, str(self._said))
        self.process = _warm().Process(target=_serve, args=what)
        self.process.start()
        until_s = time.monotonic() + 300  # a machine that is busy loads for minutes
        while time.monotonic() < until_s:
            try:
                with urllib.request.urlopen(f"{self.url}/v1/health", timeout=5):
                    return
            except OSError:
                if not self.process.is_alive():
                    raise AssertionError(self._said.read_text("utf-8")) from None
                time.sleep(0.05)
        raise AssertionError("the server did not start")

    def end(self, number: int = signal.SIGTERM) -> str:
        """End it, and what it said on stderr."""
        os.kill(self.process.pid, number)
        self.process.join(60)
        said = self._said.read_text("utf-8")
        self._said.unlink()
        return said


@contextmanager
def running(library: Path, settings: str = "{}") -> Iterator[Running]:
    """A running server, ended at the end."""
    server = Running(library, settings)
    try:
        yield server
    finally:
        if server.process.is_alive():
            server.end(signal.SIGKILL)


def indexed(path: Path, films: Path) -> Library:
    """A library of a folder of films, in the collection ``films``."""
    library = Library.open(path, create=True, engines=engines())
    reports = library.index([films], collection="films")
    assert [report.error for report in reports] == [None] * len(reports)
    return library
