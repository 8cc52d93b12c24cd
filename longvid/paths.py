"""Where longvid keeps things when nobody says otherwise; where a library lies: in a directory, or in PostgreSQL."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from longvid_storage.db.store import Store
    from longvid_storage.picture_store import PictureStore


def read_text(path: Path, most: int = 1 << 26) -> str:
    """The text in a file, which may begin with a byte-order mark; no more than ``most`` bytes are ever read.

    Raises:
        OSError: it cannot be read, or holds more. UnicodeDecodeError: it is no UTF-8.
    """
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it holds more than {most:,} bytes")
    return data.decode("utf-8-sig")


def default_library() -> str | Path:
    """``$LONGVID_LIBRARY``, else ``library`` in the user's data directory."""
    named = os.environ.get("LONGVID_LIBRARY")
    return named or Path(platformdirs.user_data_dir("longvid")) / "library"


def demo_library() -> Path:
    """The demo's own library, in the user's cache directory: it can be made again at any time."""
    return cache_directory() / "demo-library"


def cache_directory() -> Path:
    """For what can be made again at any time."""
    return Path(platformdirs.user_cache_dir("longvid"))


def example_lectures() -> Path:
    """The example media: inside the installed package, or beside it in a checkout."""
    packaged = Path(__file__).parent / "examples" / "lectures"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "examples" / "lectures"


_POSTGRESQL = re.compile(r"postgresql(\+\w+)?:")


def open_store(place: str | Path, *, create: bool = False, pictures: PictureStore | None = None) -> Store:
    """The store of the library at ``place``: a directory, or ``postgresql://USER@HOST/DATABASE``.

    ``pictures``: where those lie that are too large for its database.

    Raises as ``Store.open`` and ``Store.connect`` do.
    """
    from longvid_storage.db.store import Store

    if _POSTGRESQL.match(str(place)):
        store = Store.connect(str(place), cache_directory(), create=create)
    else:
        store = Store.open(place, create=create)
    store.pictures = pictures
    return store
