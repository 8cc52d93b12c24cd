"""The server as a process: sockets, patience with clients, and an end that lets requests finish."""

from __future__ import annotations

import asyncio
import resource
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from longvid.server.app import create_app
from longvid_storage.errors import UsageError

if TYPE_CHECKING:
    from longvid.library import Library
    from longvid.server.settings import ServerSettings

HEAD_S = 15.0
"""Seconds in which the head of a request has to be here; a connection that only waits is closed."""
HEAD_BYTES = 32 * 1024
GRACE_S = 10
SWITCH_S = 0.0005
"""After so long what computes lets another thread go on. A search lets go of the interpreter at every row it reads, and
waited Python's 5 ms to go on wherever another search computed: 32 clients got 11 answers a second of 163 meetings, and
14 so (two cores)."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that gives nobody for ever: uvicorn waits without end for a head that began."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client is there."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Bytes of a request."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()
        elif self._timer is None:
            self._wait()

    def on_response_complete(self) -> None:
        """The next head is waited for from now on."""
        super().on_response_complete()
        if not self.transport.is_closing() and (self.cycle is None or self.cycle.response_complete):
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop()
        self._timer = self.loop.call_later(HEAD_S, self._late)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


def run(library: Library, settings: ServerSettings, told: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests that run then have ten seconds to end.

    ``told`` is called with the address once it listens.

    Raises:
        UsageError: it cannot listen there.
    """
    _many_files()
    sys.setswitchinterval(SWITCH_S)
    listening = listening_at(settings)
    port = listening.getsockname()[1]
    name = f"[{settings.host}]" if ":" in settings.host else settings.host
    server = server_of(library, settings)
    told(f"http://{name}:{port}")
    try:
        server.run([listening])
    finally:
        listening.close()


def server_of(library: Library, settings: ServerSettings) -> uvicorn.Server:
    """The server, ready to run on a socket."""
    config = uvicorn.Config(
        create_app(library, settings),
        http=PatientProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        h11_max_incomplete_event_size=HEAD_BYTES,
        backlog=2048,
    )
    return uvicorn.Server(config)


def listening_at(settings: ServerSettings) -> socket.socket:
    """A socket that listens where the settings say; ``UsageError`` where nobody may."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    # Connections inherit it. asyncio sets it only on sockets that name their protocol, and an answer whose head and
    # body are written apart then waits 40 ms for the acknowledgement of the first (Nagle's algorithm).
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise UsageError(
            f"{settings.host}:{settings.port} cannot be listened at ({error}): choose another --port or --host"
        ) from error
    listening.listen(2048)
    return listening


def _many_files() -> None:
    """As many connections as the system lets us have: by default a thousand idle ones would be all."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(65_536, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
