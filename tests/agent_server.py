"""A server that really runs: uvicorn on a port of its own, over a small real library of two collections."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from longvid.engines import Engines
from longvid.library import Library
from longvid.models.registry import ROLES
from longvid.server.app import create_app
from longvid.server.settings import ServerSettings
from longvid_storage.types import Segment, Utterance
from small_library import SmallLibrary, SmallVideo

HARBOUR, CLINIC = "a" * 64, "b" * 64
SAID = [
    ("Maya", "Welcome everybody, let us begin with the budget of the harbour project."),
    ("Maya", "The budget of the harbour project is forty thousand euros this year."),
    ("Ben", "I will send the signed contract to the architect on Tuesday."),
    ("Ben", "The old crane must not be moved before the inspection is done."),
]
SECRET = [("Ines", "The new clinic opens on the second of June and costs nine million euros.")]


def _video(video_id: str, title: str, said: list[tuple[str, str]], collection: str) -> SmallVideo:
    words = [Utterance(10.0 * n, 10.0 * n + 6, text, who, "en") for n, (who, text) in enumerate(said)]
    segments = [
        Segment("video", 0.0, words[-1].end_s, title, said[0][1]),
        Segment("event", 0.0, words[-1].end_s, f"About {title}", said[0][1]),
    ]
    return SmallVideo(video_id, title, words, collection=collection, segments=segments)


def two_collections() -> Library:
    """A library of a meeting each in ``harbour`` and ``clinic``, without any model: words alone decide."""
    small = SmallLibrary(
        [
            _video(HARBOUR, "Harbour [meeting]", SAID, "harbour"),
            _video(CLINIC, "Clinic call", SECRET, "clinic"),
        ],
        encoder=False,
    )
    library = Library(small.store, Engines(dict.fromkeys(ROLES, "off")))
    library.__dict__["_small"] = small
    return library


@contextmanager
def running(library: Library, **settings: Any) -> Iterator[str]:
    """Its address while it serves the library."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = create_app(library, ServerSettings(port=port, **settings))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
