"""A stream ends with the key that opened it: who was locked out hears and sees no more, also of what is on its way."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from anyio import to_thread

if TYPE_CHECKING:
    from longvid.server.identity import Identity

EACH_S = 2.0
"""Seconds between two looks at the key of a stream that is open."""


class EndsWithKey:
    """ASGI middleware; answers that are sent at once cost nothing more."""

    def __init__(self, app: Any, identity: Identity) -> None:
        self._app = app
        self._identity = identity

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        watching: asyncio.Task[None] | None = None
        request = asyncio.current_task()
        revoked = False
        chunked = True  # whether it can be ended before its length

        async def watch() -> None:
            nonlocal revoked
            while await to_thread.run_sync(self._identity.holds, scope):
                await asyncio.sleep(EACH_S)
            revoked = True
            if request is not None:
                request.cancel()

        async def told(message: Any) -> None:
            nonlocal watching, chunked
            if message["type"] == "http.response.start":
                chunked = not any(name == b"content-length" for name, _ in message["headers"])
            elif message.get("more_body") and watching is None:
                watching = asyncio.create_task(watch())
            await send(message)

        try:
            await self._app(scope, receive, told)
        except asyncio.CancelledError:
            if not revoked:
                raise
            if chunked:
                with suppress(OSError):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if watching is not None:
                watching.cancel()
