"""What a server does besides answering: films on their way out, uploads, jobs, webhooks; from its start to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from anyio import CapacityLimiter, to_thread

from longvid.server.jobs import Jobs
from longvid.server.streaming import Places
from longvid.server.uploads import Uploads
from longvid.server.webhooks import Webhooks

if TYPE_CHECKING:
    from fastapi import FastAPI

    from longvid.library import Library
    from longvid.server.settings import ServerSettings

_TIDY_EACH_S = 600.0
_STOP_S = 5.0


class Workshop:
    """One for each server, as ``app.state.workshop``."""

    def __init__(self, library: Library, settings: ServerSettings) -> None:
        work = library.work
        folder = Path(settings.uploads) if settings.uploads else library.beside("uploads")
        self.places = Places(settings.streams_at_once)
        # Pictures are decoded one after the other anyway: more threads would only wait, and others could not have them.
        self.decoding = CapacityLimiter(2)
        self.uploads = Uploads(work, folder, settings)
        self.webhooks = Webhooks(work, settings.webhook_hosts)
        self.jobs = Jobs(library, settings, self.uploads)
        self.jobs.on_end = self.webhooks.wake


@asynccontextmanager
async def working(app: FastAPI) -> AsyncIterator[None]:
    """Work while the server runs."""
    shop: Workshop = app.state.workshop
    if not app.state.library.read_only:
        await to_thread.run_sync(shop.jobs.start)
        shop.webhooks.start()
    tidying = asyncio.create_task(_tidy(shop))
    try:
        yield
    finally:
        tidying.cancel()
        with suppress(asyncio.CancelledError):
            await tidying
        await to_thread.run_sync(shop.jobs.stop, _STOP_S)
        await to_thread.run_sync(shop.webhooks.stop, _STOP_S)


async def _tidy(shop: Workshop) -> None:
    while True:
        await to_thread.run_sync(shop.uploads.tidy)
        await asyncio.sleep(_TIDY_EACH_S)
