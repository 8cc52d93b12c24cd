"""Whether the server is there, who asks, and which collections they see."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from longvid.details import CollectionSummary
from longvid.library import Library
from longvid.server.answers import ListPage, ToldCaller, ToldHealth, gives
from longvid.server.identity import CallerDep, library
from longvid.server.replies import CursorQuery, LimitQuery, cached, page, told

router = APIRouter(prefix="/v1", tags=["about"])
LibraryDep = Annotated[Library, Depends(library)]


@router.get("/health", responses=gives(ToldHealth))
def health() -> Response:
    """Whether the server is there; needs no key."""
    return told({"status": "ok", "version": version("longvid")})


@router.get("/me", responses=gives(ToldCaller))
def me(who: CallerDep) -> Response:
    """Who asks, what they may do, and what they may see (null: everything)."""
    seen = None if who.collections is None else sorted(who.collections)
    return told({"name": who.name, "scopes": sorted(who.scopes), "collections": seen})


@router.get("/collections", responses=gives(ListPage[CollectionSummary]))
def list_collections(
    request: Request, lib: LibraryDep, cursor: CursorQuery = None, limit: LimitQuery = 100
) -> Response:
    """The collections, by name, with how many videos they hold and how long these are together."""
    items, following = page(lib.collections(), lambda each: [each.name], cursor, limit)
    return cached(request, {"items": items, "next": following})
