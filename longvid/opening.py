"""Where a library lies: in a directory, or in PostgreSQL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from longvid.paths import cache_directory

if TYPE_CHECKING:
    from longvid_storage.db.store import Store
    from longvid_storage.picture_store import PictureStore

_POSTGRESQL = re.compile(r"postgresql(\+\w+)?:")


def open_store(place: str | Path, *, create: bool = False, pictures: PictureStore | None = None) -> Store:
    """The store of the library at ``place``: a directory, or ``postgresql://USER@HOST/DATABASE``.

    ``pictures``: where those lie that are too large for its database.

    Raises as ``Store.open`` and ``PostgresStore.connect`` do.
    """
    if _POSTGRESQL.match(str(place)):
        from longvid_storage.db.postgres import PostgresStore

        store: Store = PostgresStore.connect(str(place), cache_directory(), create=create)
    else:
        from longvid_storage.db.store import Store

        store = Store.open(place, create=create)
    store.pictures = pictures
    return store
