"""What every request meets before any route: the Host it names, the size and time of its body."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from longvid.server.problems import of_error
from longvid.server.settings import LOOPBACK
from longvid_storage.errors import AccessError

if TYPE_CHECKING:
    from longvid.server.settings import ServerSettings

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_S = 30.0
"""Seconds in which the whole body of a request that is no upload has to be here."""
UPLOADS = "/v1/uploads"
"""Below this, routes look after the size of a body themselves."""
_HOST = re.compile(r"(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{1,5})?")
# The page runs its own scripts alone, shows what comes from here, and is shown in nobody's frame.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:{media}; connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Guards:
    """ASGI middleware; nothing else comes before it."""

    def __init__(self, app: Callable[..., Awaitable[None]], settings: ServerSettings) -> None:
        self._app = app
        self._settings = settings
        named = {settings.host, *settings.allowed_hosts}
        self._hosts = {each.casefold() for each in named} | set(LOOPBACK)
        sharing = (
            b"cross-origin" if settings.origins else b"same-origin"
        )  # pages elsewhere show pictures of ours
        policy = POLICY.format(media="".join(f" {each}" for each in settings.media_origins)).encode()
        self._headers = (
            (b"content-security-policy", policy),
            *_HEADERS,
            (b"cross-origin-resource-policy", sharing),
        )
        # Reached from elsewhere under a name that nobody told us: whoever asks has a key, which no page can take along.
        self._any_host = not settings.on_loopback and not settings.allowed_hosts

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(each for each in self._headers if each[0] not in there),
                ]
            await send(message)

        try:
            self._check_host(headers.get(b"host", b"").decode("latin-1"))
            if not scope["path"].startswith(UPLOADS):
                receive = _Body(headers, receive, self._settings.body_bytes)
            await self._app(scope, receive, with_headers)
        except AccessError as error:  # the body's fault, met while a route read it: nothing was answered yet
            await of_error(error)(scope, receive, with_headers)

    def _check_host(self, host: str) -> None:
        found = _HOST.fullmatch(host)
        name = found[1].strip("[]").casefold() if found else ""
        if not found or not (self._any_host or name in self._hosts):
            raise AccessError(
                f"nobody asks for this server as {host!r:.80}: name it in allowed_hosts of [server] in longvid.toml",
                code="wrong_host",
            )


class _Body:
    """Receives a body of at most so many bytes within so many seconds."""

    def __init__(self, headers: dict[bytes, bytes], receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._read = 0
        self._whole = False
        self._until = asyncio.get_running_loop().time() + BODY_S
        told = headers.get(b"content-length", b"0")
        if not told.isdigit() or int(told) > most:
            raise self._too_large()

    def _too_large(self) -> AccessError:
        return AccessError(
            f"the body of this request is larger than {self._most} bytes: files are sent to {UPLOADS}",
            code="too_large",
        )

    async def __call__(self) -> Message:
        if self._whole:
            return await self._receive()  # waits until the client goes away
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise AccessError(f"the body did not come within {BODY_S:g} seconds", code="timeout") from None
        self._read += len(message.get("body", b""))
        self._whole = message["type"] != "http.request" or not message.get("more_body", False)
        if self._read > self._most:
            raise self._too_large()
        return message
