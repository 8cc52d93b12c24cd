"""The files of the page: compressed, and asked again each time whether they changed."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

from fastapi.responses import Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

# A system may have it otherwise, and a browser runs no module of another type.
mimetypes.add_type("text/javascript", ".js")


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
