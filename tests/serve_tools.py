"""Servers for tests: a real application over a small real library of collections, asked in this process."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi.testclient import TestClient

from longvid.engines import Engines
from longvid.library import Library
from longvid.models.registry import ROLES
from longvid.server.app import create_app
from longvid.server.run import server_of
from longvid.server.settings import ServerSettings
from longvid_storage.types import ScreenText, Segment, Sound, Utterance
from small_library import SmallLibrary, SmallVideo

URL = "http://127.0.0.1:8765"
_WORDS = {
    "garden": "tomato plants need water and light every morning before the compost is turned over",
    "team": "the migration plan moves every database to the new cluster before the budget ends",
    "ocean": "tides follow the moon while currents carry warm water along the western coast",
}


def video(collection: str, number: int) -> SmallVideo:
    """A video of a collection, in which its two speakers say its words, each video in an order of its own."""
    words = _WORDS.get(collection, collection).split()
    turned = words[number % len(words) :] + words[: number % len(words)]
    said = [
        Utterance(
            10.0 * n,
            10.0 * n + 8,
            f"{' '.join(turned[n:] + turned[:n])}, part {number}.".capitalize(),
            ("Maya", "Jonas", f"Guest of {collection}")[(n + number) % 3],
            "en",
        )
        for n in range(6)
    ]
    title = f"{collection} {number}, 2024-03-{number + 1:02d}"
    shown = [ScreenText(0.0, 30.0, f"{words[0]} {words[1]} of {number}", (0.1, 0.1, 0.8, 0.2))]
    segments = [
        Segment("video", 0.0, 58.0, title, said[0].text),
        Segment("event", 0.0, 28.0, words[1], said[0].text),
        Segment("event", 28.0, 58.0, words[2], said[3].text),
    ]
    video_id = f"{abs(hash_of(collection, number)):064x}"
    sounds = [Sound(5.0, 6.0, "Applause", 0.9)]
    return SmallVideo(video_id, title, said, shown, [], collection, segments, sounds)


def hash_of(collection: str, number: int) -> int:
    """A number that looks like a hash and is the same in every process."""
    return int(hashlib.sha256(f"{collection} {number}".encode()).hexdigest(), 16)


def library_of(videos: Iterable[SmallVideo], *, encoder: bool = True) -> Library:
    """A library of these videos, without a language model; gone when nothing holds it any more."""
    small = SmallLibrary(list(videos), encoder=encoder)
    engines = Engines(dict.fromkeys(ROLES, "off"))
    engines.__dict__["text_encoder"] = small.text_encoder
    library = Library(small.store, engines)
    library.__dict__["_small"] = small
    return library


@contextmanager
def serving(library: Library, **settings: Any) -> Iterator[TestClient]:
    """A client of a server of the library."""
    with TestClient(create_app(library, ServerSettings(**settings)), base_url=URL) as client:
        yield client


@contextmanager
def live(library: Library, **settings: Any) -> Iterator[int]:
    """The port of a server of the library that listens on this machine, on a thread of this process."""
    server = server_of(library, ServerSettings(**settings))
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def bearer(key: str) -> dict[str, str]:
    """The header that a key goes in."""
    return {"Authorization": f"Bearer {key}"}


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
