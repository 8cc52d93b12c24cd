"""Where a library lies: in a directory, or in PostgreSQL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from longvid.paths import cache_directory

if TYPE_CHECKING:
    from longvid_storage.db.store import Store

_POSTGRESQL = re.compile(r"postgresql(\+\w+)?:")


def open_store(place: str | Path, *, create: bool = False) -> Store:
    """The store of the library at ``place``: a directory, or ``postgresql://USER@HOST/DATABASE``.

    Raises as ``Store.open`` and ``PostgresStore.connect`` do.
    """
    if _POSTGRESQL.match(str(place)):
        from longvid_storage.db.postgres import PostgresStore

        return PostgresStore.connect(str(place), cache_directory(), create=create)
    from longvid_storage.db.store import Store

    return Store.open(place, create=create)
