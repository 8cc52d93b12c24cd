"""Kept pictures in an object store, each an object of its own.

An object's name is the hash of its content and a number that nobody can guess, so that no library can name another's,
and what is read is what was put there.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from longvid_storage.errors import LibraryError
from longvid_storage.object_stores import as_os_errors, system_of

_NAME = re.compile(r"[0-9a-f]{64}-[0-9a-f]{32}")
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class PictureStore:
    """Where pictures of more than ``database_bytes`` lie: below ``address`` (``s3://bucket/pictures``)."""

    address: str
    database_bytes: int

    def put(self, images: Mapping[str, bytes]) -> None:
        """Bring them there, by name.

        Raises:
            LibraryError: the store cannot be written.
        """
        with self._mapped("written"):
            self._system().pipe({self._place(name): image for name, image in images.items()})

    def read(self, names: Sequence[str]) -> list[bytes]:
        """What they hold, in their order.

        Raises:
            LibraryError: the store cannot be read, or one is not what was put there.
        """
        places = {name: self._place(name) for name in dict.fromkeys(names)}
        with self._mapped("read"), ThreadPoolExecutor(_AT_ONCE) as aside:
            found = dict(zip(places, aside.map(self._system().cat_file, places.values()), strict=True))
        for name, image in found.items():
            if content_of(name) != hashlib.sha256(image).hexdigest():
                raise LibraryError(
                    f"{places[name]} is not the picture that was put there: delete it, and longvid index --reprocess, "
                    "with the path of its film, makes it anew",
                    code="bad_image",
                )
        return [found[name] for name in names]

    def names(self) -> set[str]:
        """What is there, and whatever else lies beside it: one listing.

        Raises:
            LibraryError: the store cannot be listed.
        """
        with self._mapped("listed"):
            try:
                with as_os_errors(self.address):
                    return {each.rpartition("/")[2] for each in self._system().ls(self.address, detail=False)}
            except FileNotFoundError:
                return set()  # a store has no empty folders

    def delete(self, names: Sequence[str]) -> None:
        """Delete them, as far as they are there.

        Raises:
            LibraryError: the store cannot be written.
        """
        with self._mapped("written"):
            for name in names:
                with suppress(FileNotFoundError):  # whoever deleted it before could not say so any more
                    self._system().rm_file(self._place(name))

    def _system(self) -> Any:
        return system_of(self.address, "pictures in an object store")

    def _place(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise LibraryError(
                f"a picture of the library has the name {name[:80]!r}, which longvid gives to none: the library is "
                "damaged, or somebody else's",
                code="bad_image",
            )
        return f"{self.address.rstrip('/')}/{name}"

    @contextmanager
    def _mapped(self, done: str) -> Iterator[None]:
        try:
            with as_os_errors(self.address):
                yield
        except OSError as error:
            raise LibraryError(
                f"pictures at {self.address} cannot be {done} ({error.strerror or error}): check [pictures] in "
                "longvid.toml, and what opens the store in your environment"
            ) from error


def name_of(image: bytes) -> str:
    """A new name for a picture."""
    return f"{hashlib.sha256(image).hexdigest()}-{secrets.token_hex(16)}"


def content_of(name: str) -> str:
    """The SHA-256 of the picture that has this name."""
    return name.partition("-")[0]
