"""Who asked what, within which rights, and which videos were cited: one line of JSON a request, never a key.

The file turns over when it is full; five older ones are kept.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Any

from longvid import jsonform
from longvid_storage.errors import UsageError

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from longvid.server.caller import Caller
    from longvid.server.settings import ServerSettings

_KEPT = 5


def note(
    request: HTTPConnection, asked: str | None = None, videos: Iterable[str] = (), **filters: object
) -> None:
    """What this request asked for, and which videos its answer cites; the last note of a request counts."""
    request.scope.setdefault("state", {})["asked"] = {
        "asked": asked,
        "filters": {name: value for name, value in filters.items() if value is not None},
        "videos": sorted(set(videos)),
    }


class Audit:
    """The file; without a path nothing is written."""

    def __init__(self, settings: ServerSettings) -> None:
        self._log: RotatingFileHandler | None = None
        if settings.audit is not None:
            most = settings.audit_megabytes << 20
            try:
                self._log = RotatingFileHandler(
                    settings.audit, maxBytes=most, backupCount=_KEPT, encoding="utf-8"
                )
            except OSError as error:
                raise UsageError(
                    f"the audit log {settings.audit} cannot be written ({error.strerror}): name another place"
                ) from error

    def write(self, scope: Any, status: int, seconds: float) -> None:
        """One request that was answered."""
        if self._log is None or scope["path"] == "/v1/health":
            return
        state = scope.get("state", {})
        who: Caller | None = state.get("caller")
        line = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "who": who.name if who else None,
            "key_id": who.key_id if who else None,
            "collections": who.collections if who else [],
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "seconds": round(seconds, 3),
            **state.get("asked", {}),
        }
        self._log.handle(logging.makeLogRecord({"msg": jsonform.dumps(line)}))

    def close(self) -> None:
        """Nothing more is written."""
        if self._log is not None:
            self._log.close()
            self._log = None
