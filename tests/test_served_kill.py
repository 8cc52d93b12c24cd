"""A server that is killed at random moments, under load, loses nothing that was committed, and goes on where it was."""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from longvid.library import Library
from served_films import Running, engines, make_film

MOMENTS = int(os.environ.get("LONGVID_KILLS", "6"))
FILMS = 4


class Load:
    """Somebody who keeps asking, watching, uploading and indexing; what was answered is noted as promised."""

    def __init__(self, server: Running, key: str, folder: Path) -> None:
        self.server, self.key, self.folder = server, key, folder
        self.videos: set[str] = set()
        self.turns = 0
        self.sent: dict[str, int] = {}
        self.jobs: set[str] = set()
        self.faults: list[str] = []
        self.answered = 0
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep, args=(each,)) for each in (self.look, self.talk, self.send)
        ]

    def call(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[dict[str, str], bytes]:
        headers = {
            "Authorization": f"Bearer {self.key}",
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        request = urllib.request.Request(self.server.url + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as reply:
            answer = dict(reply.headers), reply.read()
        self.answered += 1
        return answer

    def told(self, method: str, path: str, value: Any = None) -> Any:
        body = None if value is None else json.dumps(value).encode()
        return json.loads(self.call(method, path, body, Content_Type="application/json")[1])

    def _keep(self, what: Any) -> None:
        while not self._ending.is_set():
            try:
                what()
            except urllib.error.HTTPError as error:
                self.faults.append(f"{what.__name__}: {error.code} {error.read().decode()}")
            except OSError:
                time.sleep(0.05)  # it was killed just now
            except Exception as error:  # noqa: BLE001 - cut off in the middle of an answer
                if "Incomplete" not in type(error).__name__ and "Remote" not in type(error).__name__:
                    self.faults.append(f"{what.__name__}: {error!r}")

    def look(self) -> None:
        items = self.told("GET", "/v1/videos")["items"]
        self.videos |= {each["video_id"] for each in items}
        self.told("POST", "/v1/search", {"query": "the film"})
        for each in items[:2]:
            self.call("GET", f"/v1/videos/{each['video_id']}/media?from_s=0.5")

    def talk(self) -> None:
        if self.videos:
            self.told("POST", "/v1/ask", {"question": "Which film is this?", "session": "talk"})
            self.turns += 1
        self.jobs.add(
            self.told("POST", "/v1/jobs", {"paths": [str(self.folder)], "collection": "films"})["id"]
        )
        time.sleep(0.5)

    def send(self) -> None:
        name = base64.b64encode(b"a.mp4").decode()
        made, _ = self.call(
            "POST",
            "/v1/uploads",
            b"",
            Tus_Resumable="1.0.0",
            Upload_Length="100000",
            Upload_Metadata=f"filename {name}",
        )
        place = made["location"]
        for at in range(0, 90_000, 10_000):
            self.call(
                "PATCH", place, b"x" * 10_000, Tus_Resumable="1.0.0", Upload_Offset=str(at),
                Content_Type="application/offset+octet-stream",
            )  # fmt: skip
            self.sent[place] = at + 10_000

    def start(self) -> None:
        """Begin."""
        for each in self._threads:
            each.start()

    def wait(self, answers: int, video: bool) -> None:
        """Until so many more requests were answered, and, with ``video``, one more video was seen or all are there."""
        enough, videos = self.answered + answers, min(FILMS, len(self.videos) + video)
        until_s = time.monotonic() + 120
        while (self.answered < enough or len(self.videos) < videos) and time.monotonic() < until_s:
            time.sleep(0.02)

    def end(self) -> None:
        """Stop asking."""
        self._ending.set()
        for each in self._threads:
            each.join()


@pytest.mark.slow
def test_killed_at_any_moment_under_load_nothing_that_was_committed_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    for number in range(FILMS):
        make_film(folder / f"film {number}.mp4", seconds=1 + number % 3)
    place = tmp_path / "talks.longvid"
    with Library.open(place, create=True, engines=engines()) as library:
        made, key = library.keys.add("load", scopes=["admin"])
    server = Running(place, json.dumps({"roots": {"*": [str(folder)]}, "streams_at_once": 8}))
    load = Load(server, key, folder)
    moments = random.Random(13)
    keys = [made.key_id]
    load.start()
    try:
        for number in range(MOMENTS):
            load.wait(moments.randint(1, 15), video=number % 3 == 1)
            time.sleep(moments.uniform(0.0, 0.7))
            server.end(signal.SIGKILL)
            videos, turns, sent = set(load.videos), load.turns, dict(load.sent)
            with Library.open(place, engines=engines()) as library:
                assert library.check().findings == ()
                assert videos <= {each.video_id for each in library.videos()}
                assert {each.key_id for each in library.keys.listed()} == set(keys)
                chats = {each.name: each.turns for each in library.within(None, owner=made.key_id).chats()}
                assert chats.get("talk", 0) >= turns
                keys.append(library.keys.add(f"key {number}")[0].key_id)
            server.start()
            for upload, size in list(sent.items())[-4:]:
                told, _ = load.call("HEAD", upload, Tus_Resumable="1.0.0")
                assert int(told["upload-offset"]) >= size
    finally:
        load.end()
    for _ in range(1200):
        jobs = load.told("GET", "/v1/jobs?limit=200")["items"]
        if all(each["state"] == "done" for each in jobs):
            break
        time.sleep(0.1)
    assert {each["state"] for each in jobs} == {"done"}
    assert load.jobs <= {each["id"] for each in jobs}
    assert len(load.told("GET", "/v1/videos")["items"]) == FILMS
    assert load.faults == []
    server.end()
