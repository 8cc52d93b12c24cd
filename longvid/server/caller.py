"""Who asks a server, what they may see, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass

from longvid.keyring import SCOPES
from longvid_storage.errors import AccessError


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks; ``collections`` None: they may see everything.

    ``key_id`` is whose conversations and jobs are theirs: of a key its id, of a user of an identity provider or of a
    host product their name there, and empty for whoever sits at this machine.
    """

    name: str
    scopes: frozenset[str]
    collections: frozenset[str] | None
    key_id: str
    per_minute: int | None = None
    tokens_left: int | None = None

    def require(self, scope: str) -> None:
        """Raise ``AccessError`` unless they may do this; ``admin`` may do all, and ``index`` may read."""
        if not {scope, "admin"} & self.scopes and not (scope == "read" and "index" in self.scopes):
            raise AccessError(
                f"{self.name!r} may not do this: it needs the scope {scope}, and has "
                f"{', '.join(sorted(self.scopes)) or 'none'}"
            )


LOCAL = Caller("local", frozenset(SCOPES), None, "")
