"""What holds while a request runs: a key that is revoked, and that nobody can tell a foreign id from a missing one."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from fastapi import Request, Response
from fastapi.testclient import TestClient
from sqlalchemy import event

from longvid.library import Library
from longvid.server.answering import Asking, InTurn
from longvid.server.app import create_app
from longvid.server.run import listening_at
from longvid.server.settings import ServerSettings
from serve_tools import URL, bearer, library_of, video

FOREIGN = video("team", 0)
MISSING = "f" * 64


@pytest.fixture(scope="module")
def library() -> Library:
    return library_of([video(name, number) for number in range(2) for name in ("garden", "team")])


@contextmanager
def statements(library: Library) -> Iterator[list[str]]:
    """What the database is asked meanwhile, and how many rows it finds."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    event.listen(library._store._engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(library._store._engine, "before_cursor_execute", note)


def test_the_work_for_a_foreign_id_is_that_for_a_missing_one(library: Library) -> None:
    _, key = library.keys.add("gardener", scopes=["index"], collections=["garden"])
    parts = ("", "/transcript", "/lines", "/slides", "/sounds", "/chapters", "/speakers", "/summary")
    asked: list[tuple[str, str, dict[str, Any]]] = [
        *(("GET", f"/v1/videos/{{}}{part}", {}) for part in parts),
        *(
            ("GET", f"/v1/videos/{{}}/{part}", {})
            for part in ("media", "frame?t=1", "storyboard.vtt", "slides/0")
        ),
        ("DELETE", "/v1/videos/{}", {}),
        ("PATCH", "/v1/videos/{}/speakers", {"json": {"old": "Maya", "new": "Jonas"}}),
        ("POST", "/v1/search", {"json": {"query": "migration plan", "video": "{}"}}),
        ("POST", "/v1/mentions", {"json": {"terms": ["migration"], "video": "{}"}}),
        ("POST", "/v1/ask", {"json": {"question": "What moves?", "video": "{}"}}),
    ]
    names = (
        (FOREIGN.video_id, MISSING),
        (FOREIGN.video_id[:12], MISSING[:12]),
        (FOREIGN.title, "team 9, 2024-03-09"),
    )
    # Not entered: its jobs and webhooks, which look for work meanwhile, don't run.
    client = TestClient(create_app(library, ServerSettings()), base_url=URL, headers=bearer(key))
    for method, path, more in asked:
        for pair in (("nobody", "nobody"), *names):  # the first one fills what is kept
            told = []
            for name in pair:
                body = {
                    each: {k: name if v == "{}" else v for k, v in value.items()}
                    for each, value in more.items()
                }
                with statements(library) as seen:
                    reply = client.request(method, path.format(name), **body)
                assert reply.status_code == 404, (method, path, reply.text)
                told.append((list(seen), reply.text.replace(name, "NAME") if len(name) == 64 else ""))
            assert told[0] == told[1] or "nobody" in pair, (method, path, pair)


def test_a_stream_ends_when_its_key_is_revoked(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("longvid.server.revoked.EACH_S", 0.05)
    made, key = library.keys.add("listener", scopes=["index"])
    other, kept = library.keys.add("another", scopes=["index"])
    app = create_app(library, ServerSettings())  # its jobs don't run: nothing else would end their streams

    async def listens(owner: str, secret: str, heard: asyncio.Event, sent: list[Any]) -> None:
        job = library.work.ask(owner, {"paths": ["/nowhere"], "collection": None, "names": []})
        scope = {
            "type": "http", "method": "GET", "path": f"/v1/jobs/{job.job_id}/events", "query_string": b"",
            "headers": [(b"host", b"localhost"), (b"authorization", f"Bearer {secret}".encode())],
        }  # fmt: skip
        waits = asyncio.Event()
        first = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Any:
            if first:
                return first.pop()
            return await waits.wait()

        async def send(message: Any) -> None:
            sent.append(message)
            if message["type"] == "http.response.body":
                heard.set()

        await app(scope, receive, send)

    async def both() -> tuple[list[Any], bool]:
        heard = (asyncio.Event(), asyncio.Event())
        sent: tuple[list[Any], list[Any]] = ([], [])
        first = asyncio.create_task(listens(made.key_id, key, heard[0], sent[0]))
        second = asyncio.create_task(listens(other.key_id, kept, heard[1], sent[1]))
        for each in heard:
            await asyncio.wait_for(each.wait(), 20)
        library.keys.revoke(made.key_id)
        await asyncio.wait_for(first, 20)
        await asyncio.sleep(0.3)
        goes_on = not second.done()
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        return sent[0], goes_on

    sent, goes_on = asyncio.run(both())
    assert sent[0]["status"] == 200
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert goes_on, "what others hear goes on"


def test_an_answer_waits_for_no_acknowledgement() -> None:
    """Head and body are written apart: without this flag each answer took 40 ms longer."""
    with listening_at(ServerSettings(port=0)) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_who_never_reads_keeps_no_question_from_being_answered() -> None:
    """An event stream that stands still after its first event: its question ends, and the next one has its place."""
    found = SimpleNamespace(found=True)

    def work(heard: Callable[[Any], None]) -> Any:
        for _ in range(1000):
            heard(SimpleNamespace(step="x" * 10_000))
        return found

    async def scenario() -> None:
        asking = Asking(at_once=1)

        async def stand_still() -> None:
            async for _ in asking.events(work):
                await asyncio.Event().wait()

        stuck = [asyncio.create_task(stand_still()) for _ in range(3)]
        async with asyncio.timeout(60):
            told = [name async for name, _ in asking.events(work)]
        assert (len(told), told[-1]) == (1001, "answer")
        for each in stuck:
            assert not each.done()
            each.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)

    asyncio.run(scenario())


def test_who_went_away_while_others_were_served_is_not_served() -> None:
    turns, begun, go, ran = InTurn(1), threading.Event(), threading.Event(), []

    def long() -> Response:
        begun.set()
        assert go.wait(10)
        return Response("here")

    def never() -> Response:
        ran.append("it ran")
        return Response("gone")

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def run() -> list[int]:
        statuses = []

        async def asked(request: Request, work: Callable[[], Response]) -> None:
            statuses.append((await turns.reply(request, work)).status_code)

        async with anyio.create_task_group() as group:
            group.start_soon(asked, Request({"type": "http"}), long)
            await anyio.to_thread.run_sync(begun.wait, 10)
            group.start_soon(asked, Request({"type": "http"}, gone), never)
            await anyio.wait_all_tasks_blocked()
            go.set()
        return statuses

    assert anyio.run(run) == [200, 499]
    assert not ran
