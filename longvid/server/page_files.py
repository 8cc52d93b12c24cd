"""The files of the page, from memory: forty small ones are wanted before somebody can ask."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import Request

FOLDER = Path(__file__).parent.parent / "page"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file as it is sent; ``tag`` signs its content."""

    whole: bytes
    zipped: bytes
    media_type: str
    tag: str


class PageFiles:
    """ASGI application of the files below a folder, ``index.html`` where none is named."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
        }
        self._read: dict[str, tuple[int, PageFile]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request; a file that was edited is read again."""
        request = Request(scope)
        if request.method not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        file = self._file(scope["path"].removeprefix("/") or "index.html")
        headers = {"ETag": file.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == file.tag:
            await Response(None, 304, headers)(scope, receive, send)
            return
        body = file.whole
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"], body = "gzip", file.zipped
        await Response(body, 200, headers, file.media_type)(scope, receive, send)

    def _file(self, name: str) -> PageFile:
        path = self._files.get(name)
        if path is None:
            raise HTTPException(404)
        changed = path.stat().st_mtime_ns
        if name not in self._read or self._read[name][0] != changed:
            whole = path.read_bytes()
            media_type = _TYPES.get(path.suffix, "text/plain")
            tag = f'"{hashlib.sha256(whole).hexdigest()[:32]}"'
            zipped = gzip.compress(whole, 9, mtime=0)
            self._read[name] = changed, PageFile(whole, zipped, media_type, tag)
        return self._read[name][1]
