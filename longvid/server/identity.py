"""Who asks, what they may see, and what they may do: asked once a request, and anew with each."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

from anyio import to_thread
from fastapi import Depends, Request

from longvid.server.caller import LOCAL, Caller
from longvid.server.tokens import Tokens
from longvid_storage.errors import AccessError

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from longvid.library import Library
    from longvid.server.settings import ServerSettings
    from longvid_storage.db.keys import ApiKey

COOKIE = "longvid_session"
# What a page puts in src= and can send no header with; nothing here changes anything.
_BY_COOKIE = re.compile(
    r"/v1/videos/[^/]+/(media|frame|storyboard\.vtt|storyboard/[^/]+|slides/[^/]+|transcript|chapters)"
)


class Identity:
    """Tells who asks, for one library and one server.

    Args:
        library: the whole of it; its keys say who may ask.
        settings: of the server.
    """

    def __init__(self, library: Library, settings: ServerSettings) -> None:
        self._keys = library.keys
        self._settings = settings
        self._tokens = Tokens(settings)
        self._rates: dict[str, tuple[float, float]] = {}  # key id → (requests left, when that was, in s)
        self._lock = threading.Lock()

    def caller(self, request: HTTPConnection) -> Caller:
        """Who asks.

        Raises:
            AccessError: nobody who is known, or more often than they may.
        """
        token = _token(request)
        ours = token is not None and token.startswith("lv_")
        anybody = self._settings.on_loopback and not self._settings.has_identity
        if anybody and not ours and not self._keys.any():
            # Whatever they send as a key: clients of OpenAI's shapes always send one.
            request.scope.setdefault("state", {})["caller"] = LOCAL
            return LOCAL
        if token is None:
            raise _unknown("this needs a key: send Authorization: Bearer KEY (longvid keys add makes one)")
        if token.startswith("lv_"):
            key = self._keys.known(token)
            if key is None:
                raise _unknown(
                    "this key is not known here, was revoked, or has expired: longvid keys add makes one"
                )
            found = _of_key(key)
        else:
            found = self._tokens.caller(token)
        if found.per_minute is not None:
            self._count(found.key_id, found.per_minute)
        request.scope.setdefault("state", {})["caller"] = found  # for the audit log
        return found

    def holds(self, scope: Any) -> bool:
        """Whether the key with which a request began is still one; tokens say themselves until when they are."""
        token = _token(Request(scope))
        return token is None or not token.startswith("lv_") or self._keys.known(token) is not None

    def _count(self, key_id: str, per_minute: int) -> None:
        """One request more; what a key has left fills up again over a minute."""
        now = time.monotonic()
        with self._lock:
            left, then = self._rates.get(key_id, (float(per_minute), now))
            left = min(float(per_minute), left + (now - then) * per_minute / 60)
            self._rates[key_id] = (max(left - 1, 0.0) if left >= 1 else left, now)
        if left < 1:
            raise AccessError(f"more than {per_minute} requests a minute: wait a moment", code="rate_limit")

    def spend(self, who: Caller, tokens: int) -> None:
        """Note what the language model read and wrote for them."""
        if tokens and who.tokens_left is not None:
            self._keys.spend(who.key_id, tokens)


def _token(request: HTTPConnection) -> str | None:
    given = request.headers.get("authorization")
    if given is not None:
        kind, _, token = given.partition(" ")
        if kind.casefold() != "bearer" or not token.strip():
            raise _unknown("the Authorization is none that is read here: send Authorization: Bearer KEY")
        return token.strip()
    reads = request.scope.get("method") in ("GET", "HEAD")
    if reads and _BY_COOKIE.fullmatch(request.scope["path"]):
        return request.cookies.get(COOKIE)
    return None


def _unknown(message: str) -> AccessError:
    return AccessError(message, code="unauthorized")


def _of_key(key: ApiKey) -> Caller:
    left = None if key.tokens_a_day is None else max(0, key.tokens_a_day - key.spent_tokens)
    seen = None if key.collections is None else frozenset(key.collections)
    return Caller(key.name, frozenset(key.scopes), seen, key.key_id, key.per_minute, left)


async def caller(request: Request) -> Caller:
    """The dependency of routes that tells who asks; they may at least read.

    It alone reads the library, and on a thread: what depends on it costs no change of threads.
    """
    identity: Identity = request.app.state.identity
    who = await to_thread.run_sync(identity.caller, request)
    who.require("read")
    return who


def needs(scope: str) -> Callable[[Caller], Awaitable[Caller]]:
    """The dependency of routes that not everybody may use."""

    async def required(who: Annotated[Caller, Depends(caller)]) -> Caller:
        who.require(scope)
        return who

    return required


async def library(request: Request, who: Annotated[Caller, Depends(caller)]) -> Library:
    """The dependency of routes that gives the library as who asks may see it."""
    whole: Library = request.app.state.library
    return whole.within(who.collections, owner=who.key_id)


CallerDep = Annotated[Caller, Depends(caller)]
IndexerDep = Annotated[Caller, Depends(needs("index"))]
AdminDep = Annotated[Caller, Depends(needs("admin"))]
