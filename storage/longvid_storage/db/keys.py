"""Keys of a server for this library: plain functions over a connection.

A key is 32 random bytes, told once to whoever makes it. What is stored is its SHA-256: with so many random bytes
there is nothing to guess that a slow hash would protect.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from longvid_storage.db.schema import ApiKeyRow
from longvid_storage.errors import NotFoundError

_PREFIX = "lv_"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What a key allows; ``collections`` None: all. ``expires_s`` is in seconds since 1970, None: never.

    ``per_minute`` requests and ``tokens_a_day`` of the language model are its limits, None: none. ``spent_tokens`` is
    what it used today.
    """

    key_id: str
    name: str
    scopes: tuple[str, ...]
    collections: tuple[str, ...] | None
    created_s: int
    expires_s: int | None = None
    per_minute: int | None = None
    tokens_a_day: int | None = None
    spent_tokens: int = 0


def add(
    connection: Connection,
    name: str,
    scopes: Iterable[str],
    collections: Iterable[str] | None,
    *,
    expires_s: int | None = None,
    per_minute: int | None = None,
    tokens_a_day: int | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; what it allows, and the key itself, which nothing can tell again."""
    secret = _PREFIX + secrets.token_urlsafe(32)
    values: dict[str, Any] = {
        "key_id": secrets.token_hex(6),
        "name": name,
        "secret_hash": _hashed(secret),
        "scopes": sorted(set(scopes)),
        "collections": None if collections is None else sorted(set(collections)),
        "created_s": int(time.time()),
        "expires_s": expires_s,
        "per_minute": per_minute,
        "tokens_a_day": tokens_a_day,
        "spent_day": "",
        "spent_tokens": 0,
    }
    connection.execute(insert(ApiKeyRow).values(values))
    return next(each for each in listed(connection) if each.key_id == values["key_id"]), secret


def listed(connection: Connection) -> list[ApiKey]:
    """Every key, the oldest first."""
    rows = connection.execute(
        select(ApiKeyRow.__table__).order_by(ApiKeyRow.created_s, ApiKeyRow.name, ApiKeyRow.key_id)
    )
    return [_key(row) for row in rows]


def any_there(connection: Connection) -> bool:
    """Whether there is a key at all, also one that has expired."""
    return connection.execute(select(ApiKeyRow.key_id).limit(1)).first() is not None


def known(connection: Connection, secret: str) -> ApiKey | None:
    """The key that this is; None when it is none, or has expired."""
    wanted = ApiKeyRow.secret_hash == _hashed(secret)
    row = connection.execute(select(ApiKeyRow.__table__).where(wanted)).first()
    if row is None or (row.expires_s is not None and row.expires_s <= time.time()):
        return None
    return _key(row)


def revoke(connection: Connection, key_id: str) -> None:
    """Forget a key, by its id or its name; from now on nothing knows it.

    Raises:
        NotFoundError: there is none, or several have that name.
    """
    ids = [each.key_id for each in listed(connection) if key_id in (each.key_id, each.name)]
    if len(ids) != 1:
        many = (
            f"{len(ids)} keys are called {key_id!r}: name one by its id"
            if ids
            else f"there is no key {key_id!r}"
        )
        raise NotFoundError(f"{many} (longvid keys list shows them)")
    connection.execute(delete(ApiKeyRow).where(ApiKeyRow.key_id == ids[0]))


def spend(connection: Connection, key_id: str, tokens: int) -> None:
    """Note what the language model read and wrote for a key today (UTC)."""
    row, day = ApiKeyRow, _today()
    its = update(row).where(row.key_id == key_id)
    connection.execute(its.where(row.spent_day != day).values(spent_day=day, spent_tokens=0))
    connection.execute(its.values(spent_tokens=row.spent_tokens + tokens))


def _today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _key(row: Any) -> ApiKey:
    return ApiKey(
        row.key_id,
        row.name,
        tuple(row.scopes),
        None if row.collections is None else tuple(row.collections),
        row.created_s,
        row.expires_s,
        row.per_minute,
        row.tokens_a_day,
        row.spent_tokens if row.spent_day == _today() else 0,
    )
