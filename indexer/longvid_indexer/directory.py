"""Directories, each read once, however many of the files in them are looked at."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from longvid_indexer.opening import require_below
from longvid_indexer.remote import RemotePath

_KEPT = 256
_COPY = re.compile(
    r"\A(?:copy of|kopie von|copie de|copia d[ei]) | \(\d{1,3}\)(?=\.\w+\Z)"
    r"|[ _-](?:copy|kopie|copie|copia)(?: \d+)?(?=\.\w+\Z)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Listing:
    """The names in a directory in alphabetical order, copies last; ``files`` is whatever is no directory.

    ``hidden`` are those of both kinds that begin with a dot, and are in neither unless asked for.
    """

    folder: Path
    files: tuple[str, ...]
    folders: tuple[str, ...]
    hidden: tuple[str, ...] = ()


class Listings:
    """Reads directories and remembers the last 256 of them, as they were when first read.

    Args:
        everything: hidden names are names like others.
    """

    def __init__(self, everything: bool = False) -> None:
        self._everything = everything
        self._known: OrderedDict[Path, Listing] = OrderedDict()
        self.read = 0

    def of(self, folder: Path) -> Listing:
        """The names in ``folder``.

        Raises:
            OSError: it cannot be read.
        """
        known = self._known.get(folder)
        if known is not None:
            self._known.move_to_end(folder)
            return known
        self.read += 1
        files: list[str] = []
        folders: list[str] = []
        hidden: list[str] = []
        for name, is_folder in _names(folder):
            if name.startswith(".") and not self._everything:
                hidden.append(name)
            else:
                (folders if is_folder else files).append(name)
        made = Listing(
            folder, tuple(sorted(files, key=_copies_last)), tuple(sorted(folders)), tuple(sorted(hidden))
        )
        self._known[folder] = made
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return made


def _copies_last(name: str) -> tuple[bool, str]:
    """By name, but what systems call a copy after all others: equal files are called like the first of them."""
    return _COPY.search(name) is not None, name


def _names(folder: Path) -> Iterator[tuple[str, bool]]:
    if isinstance(folder, RemotePath):
        yield from folder.names()
        return
    require_below(folder)
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name, _is_folder(entry)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
