"""When a video is from, as far as its names and its file tell."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING

from longvid_agents.digest import date_in

if TYPE_CHECKING:
    from longvid_storage.db.rows import VideoRow
    from longvid_storage.db.store import Store


def date_of(store: Store, row: VideoRow) -> str | None:
    """``YYYY-MM-DD`` in the title, else in a file's name, else when the file last changed (UTC); None if unknown."""
    for name in (row.info.title, *(PurePath(path).stem for path in row.paths)):
        if found := date_in(name):
            return found
    for path in row.paths:
        if known := store.known_path(path):
            return datetime.fromtimestamp(known.mtime_ns / 1e9, UTC).date().isoformat()
    return None
