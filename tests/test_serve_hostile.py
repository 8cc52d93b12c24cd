"""Clients that mean harm, or go away: what each gets, and that the others do not notice."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from longvid.library import Library
from scripted_lm import ScriptedLM
from serve_tools import bearer, library_of, live, serving, video
from served_films import running

KILLS = int(os.environ.get("LONGVID_KILLS", "6"))
_MINUTE = 60


@pytest.fixture(scope="module")
def library() -> Library:
    return library_of([video("garden", number) for number in range(2)], encoder=False)


@pytest.fixture(scope="module")
def port(library: Library) -> Iterator[int]:
    with live(library) as port:
        yield port


def raw(port: int, data: bytes, *, end: bool = False) -> bytes:
    """All that a connection answers to these bytes; ``end``: nothing more will come."""
    with socket.create_connection(("127.0.0.1", port), timeout=_MINUTE) as client:
        with suppress(BrokenPipeError, ConnectionResetError):  # it may have been refused before all was sent
            client.sendall(data)
            if end:
                client.shutdown(socket.SHUT_WR)
        return received(client)


def received(client: socket.socket) -> bytes:
    parts = []
    with suppress(ConnectionResetError):
        while part := client.recv(65536):
            parts.append(part)
    return b"".join(parts)


def status(reply: bytes) -> int:
    return int(reply.split(b" ", 2)[1])


def head(line: str, port: int, *more: str) -> bytes:
    return "\r\n".join(
        [f"{line} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close", *more, "", ""]
    ).encode()


def healthy(port: int) -> bool:
    return httpx.get(f"http://127.0.0.1:{port}/v1/health", timeout=_MINUTE).status_code == 200


def test_a_thousand_half_open_connections_keep_nobody_out(port: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    try:
        with ExitStack() as stack:
            for _ in range(1000):
                client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=_MINUTE))
                client.sendall(b"GET /v1/health HTTP/1.1\r\nHost: 127.0")
            assert healthy(port)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert healthy(port)


def test_who_never_ends_a_head_is_left(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("longvid.server.run.HEAD_S", 0.2)
    with live(library) as port:
        assert raw(port, b"GET /v1/health HTTP/1.1\r\nHost:") == b"", "closed, without an answer"
        reply = raw(port, head("GET /v1/health", port).replace(b"Connection: close\r\n", b"") + b"GET /v1")
        assert status(reply) == 200, "a first request is answered, then the head that never ends is left"


def test_a_body_without_end_is_refused_while_it_comes(port: int) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=_MINUTE) as client:
        client.sendall(
            head("POST /v1/search", port, "Transfer-Encoding: chunked", "Content-Type: application/json")
        )
        sent = 0
        with suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(2000):  # 130 MB, if nobody stops it
                client.sendall(chunk)
                sent += len(chunk)
        reply = received(client)
    assert sent < 100 << 20
    assert reply == b"" or status(reply) == 413
    assert healthy(port)


def test_a_body_that_comes_too_slowly_is_given_up(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("longvid.server.guards.BODY_S", 0.2)
    with live(library) as port:
        lines = ("Content-Length: 100", "Content-Type: application/json")
        assert status(raw(port, head("POST /v1/search", port, *lines) + b'{"query"')) == 408


@pytest.mark.parametrize(
    ("length", "body", "wanted"),
    [
        ("2147483648", b"", 413),
        ("9" * 5000, b"", 400),
        ("-5", b"{}", 400),
        ("ten", b"{}", 400),
        ("5, 7", b"{}", 400),
        ("2", b"{}GET /v1/keys HTTP/1.1\r\n\r\n", 422),
    ],
)
def test_a_wrong_length_is_told(port: int, length: str, body: bytes, wanted: int) -> None:
    lines = (f"Content-Length: {length}", "Content-Type: application/json")
    reply = raw(port, head("POST /v1/search", port, *lines) + body)
    assert status(reply) == wanted
    assert reply.count(b"HTTP/1.1 ") == 1, "what comes behind is no request"


def test_a_body_shorter_than_it_says_is_no_request(port: int) -> None:
    lines = ("Content-Length: 100", "Content-Type: application/json")
    reply = raw(port, head("POST /v1/search", port, *lines) + b'{"query": "tomato"}', end=True)
    assert reply == b"" or status(reply) == 400
    assert healthy(port)


@pytest.mark.parametrize("bomb", [["X: " + "x" * 200_000], [f"X-{n}: y" for n in range(20_000)]])
def test_heads_are_read_up_to_a_size(port: int, bomb: list[str]) -> None:
    reply = raw(port, head("GET /v1/health", port, *bomb))
    assert reply == b"" or status(reply) == 400
    assert healthy(port)


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "/v1/videos/..%2f..%2fetc%2fpasswd",
        "/v1/videos/%00",
        "/v1/videos/%ff%fe/transcript",
        "/v1/videos/' OR 1=1 --".replace(" ", "%20"),
        "/v1/chats/..%2f..%2fx",
        "//etc/passwd",
        "/v1/../../pyproject.toml",
    ],
)
def test_a_path_leads_nowhere_but_to_routes(port: int, path: str) -> None:
    reply = raw(port, head(f"GET {path}", port))
    assert status(reply) == 404
    assert b"root:" not in reply
    assert b"[project]" not in reply


def test_a_name_that_is_not_ours_is_refused(library: Library) -> None:
    with serving(library) as client:
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "a" * 400):
            assert client.get("/v1/videos", headers={"Host": host}).status_code == 421, host
        for host in ("localhost:8765", "127.0.0.1", "[::1]:8765"):
            assert client.get("/v1/videos", headers={"Host": host}).status_code == 200, host
    with serving(library, allowed_hosts=("archive.example",)) as client:
        assert client.get("/v1/videos", headers={"Host": "archive.example"}).status_code == 200


def test_pages_elsewhere_may_not_call_it_unless_named(library: Library) -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    with serving(library) as client:
        assert client.options("/v1/search", headers=asked).status_code == 405
        reply = client.get("/v1/videos", headers=asked)
        assert not [name for name in reply.headers if name.startswith("access-control")]
        assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
    with serving(library, origins=("https://app.example",)) as client:
        assert (
            client.options("/v1/search", headers=asked).headers["access-control-allow-origin"]
            == asked["Origin"]
        )
        other = client.get("/v1/videos", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers


def test_the_cookie_of_a_page_reads_media_and_nothing_else(tmp_path: Path) -> None:
    library = library_of([video("garden", 0)], encoder=False)
    _, key = library.keys.add("page", scopes=["admin"])
    own = video("garden", 0).video_id
    with serving(library, audit=str(tmp_path / "audit.jsonl")) as client:
        begun = client.post("/v1/session", headers=bearer(key))
        cookie = begun.headers["set-cookie"]
        assert begun.status_code == 204
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert client.get(f"/v1/videos/{own}/transcript").status_code == 200
        for refused in (
            client.delete(f"/v1/videos/{own}"),
            client.patch(f"/v1/videos/{own}/speakers", json={"old": "Maya", "new": "Eve"}),
            client.post(f"/v1/videos/{own}/transcript"),
            client.post("/v1/search", json={"query": "tomato"}),
            client.get("/v1/videos"),
            client.get("/v1/keys"),
        ):
            assert refused.status_code in (401, 405)
        assert len(library.videos()) == 1


def test_a_question_whose_client_went_away_stops(library: Library) -> None:
    reached, gone = threading.Event(), threading.Event()

    def slow(request: object) -> str:
        reached.set()
        gone.wait(_MINUTE)
        return "unreadable"

    lm = ScriptedLM(otherwise=slow)
    library.engines.__dict__["video_lm"] = lm
    try:
        with live(library) as port:
            for accept in ("application/json", "text/event-stream"):
                reached.clear()
                gone.clear()
                before = len(lm.requests)
                client = http.client.HTTPConnection("127.0.0.1", port)
                body = json.dumps({"question": "What do tomato plants need?"})
                client.request(
                    "POST", "/v1/ask", body, {"Content-Type": "application/json", "Accept": accept}
                )
                assert reached.wait(_MINUTE)
                client.close()
                if client.sock is not None:
                    client.sock.close()
                time.sleep(0.5)  # the server hears that it is gone
                gone.set()
                time.sleep(0.5)  # a question that went on would ask the model again and again
                assert len(lm.requests) - before <= 2
                assert healthy(port)
    finally:
        del library.engines.__dict__["video_lm"]


def test_no_secret_is_written_down(tmp_path: Path) -> None:
    library = library_of([video("garden", 0)], encoder=False)
    _, key = library.keys.add("reader", collections=["garden"])
    log = tmp_path / "audit.jsonl"
    with serving(library, audit=str(log), assertion_key="k" * 32) as client:
        unsigned = bearer("eyJhbGciOiJIUzI1NiJ9.e30.c2VjcmV0")
        for header in (bearer(key), bearer(key[:-1]), unsigned, {"Authorization": key}):
            client.post("/v1/ask", json={"question": "What do tomato plants need?"}, headers=header)
        client.post("/v1/session", headers=bearer(key))
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["status"] for line in lines] == [200, 401, 401, 401, 204]
    assert lines[0]["who"] == "reader"
    assert lines[0]["asked"] == "What do tomato plants need?"
    assert lines[0]["collections"] == ["garden"]
    assert lines[0]["videos"] == [video("garden", 0).video_id]
    text = log.read_text()
    assert key[:20] not in text
    assert "c2VjcmV0" not in text
    assert key not in "".join(map(str, library.keys.listed()))
    stored = b"".join(path.read_bytes() for path in library.path.glob("library.db*"))
    assert key.encode() not in stored, "only its hash is kept"


# As a process


@contextmanager
def process(place: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """``longvid serve`` of a library, and its port."""
    command = [sys.executable, "-m", "longvid.cli", "serve", "--port", "0", "--library", str(place)]
    command += [f"--model={role}=off" for role in ("text", "image", "video_lm", "rerank")]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert running.stderr is not None
        said = running.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", said)
        assert found, said + running.stderr.read()
        while True:
            with suppress(httpx.ConnectError):
                if healthy(int(found[1])):
                    break
        yield running, int(found[1])
    finally:
        running.kill()
        running.communicate()


@pytest.mark.slow
def test_sigterm_lets_requests_end() -> None:
    library = library_of([video("garden", number) for number in range(2)], encoder=False)
    body = json.dumps({"question": "What do tomato plants need?"}).encode()
    with process(library.path) as (served, port), ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=_MINUTE))
            for _ in range(8)
        ]
        lines = (f"Content-Length: {len(body)}", "Content-Type: application/json")
        for client in clients:
            client.sendall(head("POST /v1/ask", port, *lines) + body)
        first = received(clients[0])
        served.send_signal(signal.SIGTERM)
        replies = [first, *map(received, clients[1:])]
        assert [status(reply) for reply in replies] == [200] * 8
        assert served.wait(_MINUTE) in (0, -signal.SIGTERM)


@pytest.mark.slow
def test_sigkill_loses_only_what_was_in_flight() -> None:
    library = library_of([video("garden", number) for number in range(2)], encoder=False)
    chance = random.Random(3)
    names, asked = [], 0
    for number in range(KILLS):
        with running(library.path) as server:
            begun, port = threading.Event(), server.port
            kept: dict[str, list[str]] = {"keys": [], "turns": []}

            def work(
                kind: str, url: str, port: int, kept: dict[str, list[str]], begun: threading.Event
            ) -> None:
                with suppress(httpx.HTTPError), httpx.Client(base_url=url, timeout=_MINUTE) as client:
                    for n in range(10_000):
                        if kind == "keys":
                            reply = client.post(
                                "/v1/keys", json={"name": f"key {port} {n}", "scopes": ["admin"]}
                            )
                            told = reply.json()["key"]
                            client.headers.update(bearer(told))
                        else:
                            question = f"What do tomato plants need, {n}?"
                            reply = client.post("/v1/chats/one/ask", json={"question": question})
                            told = question
                        assert reply.status_code in (200, 201), reply.text
                        kept[kind].append(told)
                        begun.set()

            url = server.url
            for key in library.keys.listed():
                library.keys.revoke(key.key_id)  # so that nobody needs one
            kinds = ["keys"] if number % 2 else ["turns"]
            if kinds == ["turns"] and not library.chats():
                assert httpx.post(f"{url}/v1/chats", json={"name": "one"}).status_code == 201
            threads = [threading.Thread(target=work, args=(kind, url, port, kept, begun)) for kind in kinds]
            for thread in threads:
                thread.start()
            assert begun.wait(_MINUTE)
            time.sleep(chance.uniform(0.05, 1.0))
            server.end(signal.SIGKILL)
            for thread in threads:
                thread.join()
        names += kept["keys"]
        asked += len(kept["turns"])
        assert all(library.keys.known(key) for key in kept["keys"])
        if asked:
            told = len(library.chat_turns("one")[1])
            assert asked <= told <= asked + number + 1
        assert len(library.videos()) == 2
        assert not library.check().findings
    assert names or KILLS < 2
