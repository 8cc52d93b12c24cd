"""Bytes of films on their way out: ranges of a file, and streams that are made while they are read.

A reader who is slow keeps a piece and its place, and nothing else: a piece is made on a thread when the one before has
gone. There are so many places; when all are taken, the stream that nobody has read from longest gives way.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import AsyncIterator, Generator
from typing import BinaryIO

from anyio import CancelScope, CapacityLimiter, to_thread
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from longvid_storage.errors import BusyError

PIECE = 256 * 1024
IDLE_S = 10.0
"""Nobody has read for so long: a player that is paused. Its stream may be ended for another's; it asks again."""
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """``[first, end)`` of the one range that a ``Range`` header asks for; None: the whole file is sent.

    What is no range of bytes, or several, is answered by the whole file (RFC 9110, 14.2).

    Raises:
        IndexError: the range lies behind the end.
    """
    found = _RANGE.fullmatch(header.replace(" ", "")) if header else None
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        first, end = max(0, size - int(found[2])), size
    else:
        first, end = int(found[1]), min(size, int(found[2]) + 1) if found[2] else size
        if found[2] and int(found[2]) < first:
            return None
    if first >= size or first >= end:
        raise IndexError(f"bytes */{size}")
    return first, end


class FileReply(StreamingResponse):
    """``[first, end)`` of a file that is open; it is closed at the end, however that comes."""

    def __init__(self, file: BinaryIO, first: int, end: int, status: int, headers: dict[str, str]) -> None:
        length = {"Content-Length": str(end - first)}
        super().__init__(self._pieces(file, first, end), status, headers | length)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One reply."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()

    async def _pieces(self, file: BinaryIO, first: int, end: int) -> AsyncIterator[bytes]:
        await to_thread.run_sync(file.seek, first)
        while first < end:
            piece = await to_thread.run_sync(file.read, min(PIECE, end - first))
            if not piece:
                return  # cut short meanwhile: the connection ends before its length, as it must
            first += len(piece)
            yield piece


class Places:
    """The streams that may be made at once.

    Args:
        count: how many.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._taken: list[StreamReply] = []
        # Threads of their own, so that no other request waits for one on which a film is made.
        self.limiter = CapacityLimiter(count)

    def take(self, reply: StreamReply) -> None:
        """A place for a stream.

        Raises:
            BusyError: all are taken, and each is being read.
        """
        if len(self._taken) >= self._count:
            idlest = min(self._taken, key=lambda each: each.read_s)
            if time.monotonic() - idlest.read_s < IDLE_S:
                raise BusyError(
                    f"{self._count} films are being made playable, which is all this server does at once: "
                    "try again in a moment"
                )
            self.leave(idlest)
            idlest.ends.cancel()
        self._taken.append(reply)

    def leave(self, reply: StreamReply) -> None:
        """The place is free again."""
        if reply in self._taken:
            self._taken.remove(reply)


class StreamReply(StreamingResponse):
    """A stream that is made while it is read; ends when its reader goes, or its place is needed."""

    def __init__(self, made: Generator[bytes], places: Places, headers: dict[str, str]) -> None:
        super().__init__(self._pieces(), headers=headers)
        self._made = made
        self._first = b""
        self._places = places
        self._making = threading.Lock()
        self.ends = CancelScope()
        self.read_s = time.monotonic()

    async def begin(self) -> None:
        """Take a place and make the first piece, so that what is wrong with the film is told as a problem.

        Raises:
            BusyError: there is no place. MediaError: the film cannot be read.
        """
        self._places.take(self)
        try:
            self._first = await to_thread.run_sync(self._next, limiter=self._places.limiter)
        except BaseException:
            self._places.leave(self)
            raise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One reply; its place is free when it ends, however it does."""
        try:
            with self.ends:
                await super().__call__(scope, receive, send)
        finally:
            self._places.leave(self)
            with CancelScope(shield=True):
                await to_thread.run_sync(self._close)

    async def _pieces(self) -> AsyncIterator[bytes]:
        piece = self._first
        while piece:
            yield piece
            self.read_s = time.monotonic()
            piece = await to_thread.run_sync(self._next, limiter=self._places.limiter)

    def _next(self) -> bytes:
        with self._making:
            return next(self._made, b"")

    def _close(self) -> None:
        with self._making:
            self._made.close()
