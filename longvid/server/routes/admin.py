"""Keys, the page's cookie, and the numbers of the server."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request
from fastapi.responses import Response

from longvid.library import Library
from longvid.server.answers import ListPage, MadeKey, gives
from longvid.server.caller import Caller
from longvid.server.forms import KeyForm
from longvid.server.identity import COOKIE, AdminDep, CallerDep
from longvid.server.metrics import Metrics
from longvid.server.replies import CursorQuery, LimitQuery, page, told
from longvid_storage.db.keys import ApiKey
from longvid_storage.errors import AccessError, NotFoundError

router = APIRouter(tags=["admin"])
_DAY_S = 86_400


@router.get("/v1/keys", responses=gives(ListPage[ApiKey]))
def list_keys(
    request: Request, who: AdminDep, cursor: CursorQuery = None, limit: LimitQuery = 100
) -> Response:
    """The keys that see no more than the caller, the oldest first; none of them can be told again."""
    found = _within(request, who)
    shown, following = page(found, lambda key: [key.created_s, key.name, key.key_id], cursor, limit)
    return told({"items": shown, "next": following})


@router.post("/v1/keys", status_code=201, responses=gives(MadeKey, 201))
def add_key(request: Request, who: AdminDep, form: KeyForm) -> Response:
    """Make a key; the answer is the only place where it is ever told."""
    if not _contains(who, form.collections):
        raise AccessError(f"{who.name!r} can give no key more collections than it has: name some of its own")
    library: Library = request.app.state.library
    made, key = library.keys.add(
        form.name,
        scopes=form.scopes,
        collections=form.collections,
        expires_s=None if form.days is None else int(time.time() + form.days * _DAY_S),
        per_minute=form.per_minute,
        tokens_a_day=form.tokens_a_day,
    )
    return told({"key": key, "made": made}, 201, {"Cache-Control": "no-store"})


@router.delete("/v1/keys/{key_id}", status_code=204)
def revoke_key(request: Request, who: AdminDep, key_id: str) -> Response:
    """Revoke a key; the next request with it is refused."""
    if key_id not in [key.key_id for key in _within(request, who)]:
        raise NotFoundError(f"there is no key {key_id!r} (longvid keys list shows them)")
    library: Library = request.app.state.library
    library.keys.revoke(key_id)
    return Response(status_code=204)


def _within(request: Request, who: Caller) -> list[ApiKey]:
    library: Library = request.app.state.library
    return [key for key in library.keys.listed() if _contains(who, key.collections)]


def _contains(who: Caller, collections: tuple[str, ...] | list[str] | None) -> bool:
    return who.collections is None or (collections is not None and who.collections.issuperset(collections))


@router.post("/v1/session", status_code=204)
def begin_session(request: Request, who: CallerDep) -> Response:
    """Let this browser load media, frames and storyboards with the key of this request; it can do nothing else."""
    reply = Response(status_code=204)
    token = request.headers.get("authorization", "").partition(" ")[2].strip()
    if token:
        secure = request.url.scheme == "https"
        reply.set_cookie(COOKIE, token, path="/v1/videos", httponly=True, samesite="strict", secure=secure)
    return reply


@router.delete("/v1/session", status_code=204)
def end_session() -> Response:
    """Forget the key in this browser."""
    reply = Response(status_code=204)
    reply.delete_cookie(COOKIE, path="/v1/videos", httponly=True, samesite="strict")
    return reply


@router.get("/metrics")
def metrics(request: Request, who: AdminDep) -> Response:
    """How often, how long and with what end, in the text format of Prometheus; for who may see everything."""
    if who.collections is not None:
        raise AccessError("the numbers are of the whole server: they need a key for all collections")
    found: Metrics = request.app.state.metrics
    return Response(found.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
