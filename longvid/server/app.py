"""The server as one application: routers over ``Library``, the page at ``/``, and the guards around them."""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from longvid.server import mcp, openai_shapes, problems
from longvid.server.answering import Asking, InTurn
from longvid.server.audit import Audit
from longvid.server.guards import Guards
from longvid.server.identity import Identity
from longvid.server.metrics import Measured, Metrics
from longvid.server.revoked import EndsWithKey
from longvid.server.routes import (
    about,
    admin,
    asking,
    chats,
    contents,
    exporting,
    finding,
    jobs,
    media,
    state,
    uploads,
    videos,
    webhooks,
)
from longvid.server.workshop import Workshop, working

if TYPE_CHECKING:
    from longvid.library import Library
    from longvid.server.settings import ServerSettings

ROUTERS: tuple[APIRouter, ...] = (
    about.router,
    videos.router,
    finding.router,
    contents.router,
    asking.router,
    chats.router,
    exporting.router,
    admin.router,
    state.router,
    media.router,
    uploads.router,
    jobs.router,
    webhooks.router,
    openai_shapes.router,
)

# What is more than routes: called with the application once its routers are there.
MOUNTS: tuple[Callable[[FastAPI], None], ...] = (mcp.mount,)

# What lives as long as the server runs: entered when it starts, left when it ends.
LIFESPANS: tuple[Callable[[FastAPI], AbstractAsyncContextManager[None]], ...] = (working, mcp.running)

EXPOSED = (
    "ETag", "Location", "Retry-After", "Content-Range", "Longvid-Media", "Longvid-Start-S", "Longvid-Duration-S",
    "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Upload-Offset", "Upload-Length", "Upload-Expires",
)  # fmt: skip
"""What scripts of other origins (``origins``) may read of an answer."""
# A system may have it otherwise, and a browser runs no module of another type.
mimetypes.add_type("text/javascript", ".js")


def create_app(library: Library, settings: ServerSettings) -> FastAPI:
    """The server of one library, which stays the caller's to close.

    ``app.state`` has ``library`` (the whole: routes take ``identity.library``, which is narrowed), ``settings``,
    ``identity``, ``asking``, ``in_turn`` and ``workshop``.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for each in LIFESPANS:
                await stack.enter_async_context(each(app))
            yield
        audit.close()

    app = FastAPI(
        title="longvid",
        version=version("longvid"),
        description="Ask hours of video a question; every claim of the answer cites video and time.",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=_operation,
    )
    app.state.library = library
    app.state.settings = settings
    app.state.identity = Identity(library, settings)
    app.state.metrics = Metrics()
    audit = Audit(settings)
    app.state.asking = Asking(settings.questions_at_once)
    app.state.in_turn = InTurn()
    app.state.workshop = Workshop(library, settings)
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    for mount in MOUNTS:
        mount(app)
    app.mount("/", page_files(), name="page")
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.origins),
            allow_methods=["*"],
            allow_headers=["*"],
            # For pictures and films, which a page asks for with the cookie of `/v1/session` alone.
            allow_credentials=True,
            expose_headers=EXPOSED,
        )
    app.add_middleware(EndsWithKey, identity=app.state.identity)
    app.add_middleware(Guards, settings=settings)
    app.add_middleware(Measured, metrics=app.state.metrics, audit=audit)
    return app


def _operation(route: APIRoute) -> str:
    """The stable id of an operation is the name of the function that does it."""
    return route.name


class PageFiles(StaticFiles):
    """The page's folder; nothing is kept unasked, so that a renewed page is whole."""

    def file_response(self, *args: Any, **named: Any) -> Response:
        """The file, or that it did not change."""
        response = super().file_response(*args, **named)
        response.headers["Cache-Control"] = "no-cache"
        return response


def page_files() -> GZipMiddleware:
    """The page as an ASGI application."""
    return GZipMiddleware(PageFiles(directory=Path(__file__).parent.parent / "page", html=True))
