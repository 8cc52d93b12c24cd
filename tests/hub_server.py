"""A small model hub: a real HTTP server that speaks what huggingface_hub needs to look at and fetch a repository.

It can serve a file cut short or with other content than it says, and refuse a repository or ask for terms.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_LARGE = (".safetensors", ".bin", ".pt")


@dataclass
class FakeHub:
    """Repositories by name, each file name → content; and plain files by path.

    ``tampered`` and ``cut``: names of files that are sent with one bit changed, or only half. ``gated``: repositories
    whose terms were not accepted. ``asked``: method and path of every request.
    """

    repositories: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    plain: dict[str, bytes] = field(default_factory=dict)
    tampered: set[str] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)
    gated: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> FakeHub:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments: Any) -> None:
                """Quiet."""

            def do_HEAD(self) -> None:
                hub.answer(self)

            def do_GET(self) -> None:
                hub.answer(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """One request."""
        path = request.path.partition("?")[0].strip("/")
        self.asked.append(f"{request.command} {path}")
        if path in self.plain:
            self._send(request, path, self.plain[path], {})
            return
        parts = path.split("/")
        name = "/".join(parts[2:4] if parts[:2] == ["api", "models"] else parts[:2])
        if name not in self.repositories:
            self._refuse(request, 401, "RepoNotFound")
        elif name in self.gated:
            self._refuse(request, 403, "GatedRepo")
        elif parts[0] == "api":
            body = json.dumps(self._described(name)).encode()
            self._send(request, "", body, {"Content-Type": "application/json"})
        else:
            file = "/".join(parts[4:])
            content = self.repositories[name][file]
            told = {"X-Repo-Commit": COMMIT, "ETag": f'"{digest(file, content)}"'}
            if file.endswith(_LARGE):
                told |= {"X-Linked-ETag": f'"{digest(file, content)}"', "X-Linked-Size": str(len(content))}
            self._send(request, file, content, told)

    def _described(self, name: str) -> dict[str, Any]:
        siblings = []
        for file, content in self.repositories[name].items():
            sibling: dict[str, Any] = {"rfilename": file, "size": len(content), "blobId": git(content)}
            if file.endswith(_LARGE):
                sha256 = hashlib.sha256(content).hexdigest()
                sibling["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 130}
            siblings.append(sibling)
        return {
            "id": name,
            "modelId": name,
            "sha": COMMIT,
            "private": False,
            "tags": [],
            "siblings": siblings,
        }

    def _send(
        self, request: BaseHTTPRequestHandler, name: str, content: bytes, headers: dict[str, str]
    ) -> None:
        if name in self.tampered:
            content = bytes([content[0] ^ 1]) + content[1:]
        if name in self.cut:
            content = content[: len(content) // 2]
        request.send_response(200)
        for key, value in headers.items():
            request.send_header(key, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(content)

    def _refuse(self, request: BaseHTTPRequestHandler, status: int, code: str) -> None:
        request.send_response(status)
        request.send_header("X-Error-Code", code)
        request.send_header("X-Error-Message", "refused")
        request.send_header("Content-Length", "0")
        request.end_headers()


def git(content: bytes) -> str:
    """What git calls a file of that content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def digest(name: str, content: bytes) -> str:
    """A file's tag on the hub: sha256 of a large file, git's name of a small one."""
    return hashlib.sha256(content).hexdigest() if name.endswith(_LARGE) else git(content)
