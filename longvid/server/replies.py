"""Answers as JSON: the objects that ``--json`` prints, lists in pages, and what has not changed not sent again."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Query
from fastapi.responses import Response

from longvid import jsonform
from longvid_storage.errors import UsageError

if TYPE_CHECKING:
    from fastapi import Request
    from starlette.requests import HTTPConnection

Item = TypeVar("Item")

MOST = 200
LimitQuery = Annotated[int, Query(ge=1, le=MOST, description="How many, at most.")]
FirstQuery = Annotated[
    int | None, Query(ge=0, le=10**9, description="From this number (from 0) on: any page at once.")
]
CursorQuery = Annotated[str | None, Query(max_length=2000, description="The `next` of the page before.")]


def told(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """One object as JSON."""
    return Response(jsonform.dumps(value), status, headers, "application/json")


def cached(request: Request, value: object) -> Response:
    """The same, marked by its content: who has it already is told just that."""
    return tagged(request, jsonform.dumps(value).encode(), "application/json")


def tagged(request: Request, body: bytes, media_type: str) -> Response:
    """A body with an ``ETag``; 304 without it where the client has it already."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if tag in known or known == ["*"]:
        return Response(None, 304, headers)
    return Response(body, 200, headers, media_type)


def public_base(request: HTTPConnection) -> str:
    """What the address of the page begins with: as configured, else as this request named it."""
    return str(request.app.state.settings.public_url or request.base_url)


def page(
    items: Sequence[Item], key: Callable[[Item], Sequence[Any]], cursor: str | None, limit: int
) -> tuple[list[Item], str | None]:
    """The items after a cursor, and the cursor of the next page, None at the end.

    Args:
        items: in the order of ``key``.
        key: what an item is sorted by, of strings and numbers, no two the same; a list that changes between two pages
            neither repeats nor loses what it has in both.

    Raises:
        UsageError: a cursor that no list gave.
    """
    after = read_cursor(cursor)
    try:
        rest = [each for each in items if after is None or list(key(each)) > after]
    except TypeError:
        raise no_cursor() from None
    shown = rest[:limit]
    return shown, cursor_of(key(shown[-1])) if len(rest) > len(shown) else None


def cursor_of(key: Sequence[Any]) -> str:
    """The key of the last item of a page, as the cursor of the next one."""
    return base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> list[Any] | None:
    """The key that a cursor stands for. Raises ``UsageError``: it is none."""
    if cursor is None:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        json.dumps(found, ensure_ascii=False).encode()  # no half of a letter, which no database takes
    except (ValueError, binascii.Error, RecursionError):
        raise no_cursor() from None
    if not isinstance(found, list):
        raise no_cursor()
    return found


def no_cursor() -> UsageError:
    """The error for a cursor that no list gave."""
    return UsageError("the cursor is none: give the `next` of the page before, or none for the first page")
