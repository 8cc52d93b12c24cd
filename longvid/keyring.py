"""Keys of a server for a library: made, listed, recognised, revoked."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from longvid_storage.db import keys
from longvid_storage.db.keys import ApiKey
from longvid_storage.errors import UsageError

if TYPE_CHECKING:
    from longvid_storage.db.store import Store

SCOPES = ("read", "index", "admin")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,80}")


class Keyring:
    """The keys of one library; every change counts from the next request on, in every process."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self,
        name: str,
        *,
        scopes: Collection[str] = ("read",),
        collections: Collection[str] | None = None,
        expires_s: int | None = None,
        per_minute: int | None = None,
        tokens_a_day: int | None = None,
    ) -> tuple[ApiKey, str]:
        """A new key: what it allows, and the key itself, which is told this once.

        Args:
            name: for people.
            scopes: ``read``, ``index`` (read, and change what is indexed), ``admin`` (all of it, and keys).
            collections: what it may see; None for everything, whether there now or later.
            expires_s: in seconds since 1970. per_minute: requests. tokens_a_day: of the language model.

        Raises:
            UsageError: an unknown scope, a name that cannot be one, or a limit that allows nothing.
            ReadOnlyError: the library may not be written.
        """
        if not _NAME.fullmatch(name.strip()):
            raise UsageError(f"the name of the key is {name!r:.90}: use 1 to 80 printable characters")
        unknown = sorted(set(scopes) - set(SCOPES))
        if unknown or not scopes:
            raise UsageError(
                f"the scope is {unknown[0] if unknown else ''!r}: it is one of {', '.join(SCOPES)}"
            )
        for what, limit in (("per minute", per_minute), ("tokens a day", tokens_a_day)):
            if limit is not None and limit < 1:
                raise UsageError(f"the limit is {limit} {what}: allow at least one, or revoke the key")
        with self._store.conversing() as connection:
            return keys.add(
                connection,
                name.strip(),
                scopes,
                collections,
                expires_s=expires_s,
                per_minute=per_minute,
                tokens_a_day=tokens_a_day,
            )

    def listed(self) -> list[ApiKey]:
        """Every key, the oldest first; none of them can be told again."""
        with self._store.view() as view:
            return keys.listed(view.connection)

    def known(self, secret: str) -> ApiKey | None:
        """The key that this is; None when it is none of this library's, was revoked, or has expired."""
        with self._store.view() as view:
            return keys.known(view.connection, secret)

    def any(self) -> bool:
        """Whether there is any key, so that nobody is served without one."""
        with self._store.view() as view:
            return keys.any_there(view.connection)

    def revoke(self, key_id: str) -> None:
        """Forget a key, by its id or name.

        Raises:
            NotFoundError: there is none, or several have that name.
        """
        with self._store.conversing(erase=True) as connection:
            keys.revoke(connection, key_id)

    def spend(self, key_id: str, tokens: int) -> None:
        """Note what the language model read and wrote for a key."""
        with self._store.conversing() as connection:
            keys.spend(connection, key_id, tokens)
