"""Files to be fetched: what each should be, fetching one over HTTP, and checking one that is here."""

from __future__ import annotations

import hashlib
import shutil
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from longvid_storage.errors import ModelError

Grew = Callable[[int], None]
"""Told of every piece that arrived, in bytes."""

_CHUNK = 1 << 20
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model.

    ``digest``: ``"sha256:…"``, ``"git:…"`` (the SHA-1 of a git blob) or ``"md5:…"``; None when nobody says what it
    should be. ``path``: where it is, or will be. ``size``: bytes, None when only the server knows.
    """

    name: str
    path: Path
    digest: str | None = None
    size: int | None = None

    @property
    def here(self) -> bool:
        """Whether it is on this disk, as far as its size tells."""
        return self.path.is_file() and self.size in (None, self.path.stat().st_size)

    def check(self) -> None:
        """Hash the file.

        Raises:
            ModelError: it is not what was published (code ``"checksum"``).
        """
        if self.digest is None:
            return
        kind, _, expected = self.digest.partition(":")
        with self.path.open("rb") as file:
            found = _hash(file, kind, self.path.stat().st_size)
        if found != expected:
            raise ModelError(
                f"{self.path} is not the file that was published ({kind} {found[:12]}…, expected {expected[:12]}…), "
                "it was damaged or tampered with: delete it, then fetch it again with longvid models pull",
                code="checksum",
            )


class ModelSource(Protocol):
    """Where a model's files come from."""

    @property
    def place(self) -> str:
        """For people: a hub's repository, or a host."""
        ...

    def files(self) -> list[ModelFile]:
        """What is to be fetched, asked of the server. Raises ``ModelError`` when it cannot be reached."""
        ...

    def fetch(self, file: ModelFile, grew: Grew) -> ModelFile:
        """Fetch and check one file; returns it as it is here. Raises ``ModelError``."""
        ...

    def present(self) -> list[ModelFile]:
        """What of it is on this disk, with what each should be; asks no server."""
        ...


def _hash(file: BinaryIO, kind: str, size: int) -> str:
    if kind == "git":  # what git calls a file's content
        digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    else:
        digest = hashlib.new(kind, usedforsecurity=kind != "md5")
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def no_network(place: str, why: object) -> ModelError:
    """The error for a server that cannot be reached."""
    first = str(why).splitlines()[0] if str(why) else type(why).__name__
    return ModelError(
        f"{place} cannot be reached ({first}): check the network or proxy, or copy the model's files from a machine "
        "that has one and name their directory",
        code="no_network",
    )


def remote_size(url: str, place: str) -> int | None:
    """The size of what lies at ``url``, in bytes; None when the server does not say.

    Raises:
        ModelError: it cannot be reached, or has no such file.
    """
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=_TIMEOUT_S) as answer:
            length = answer.headers.get("Content-Length")
    except (OSError, ValueError) as error:
        raise no_network(place, getattr(error, "reason", error)) from error
    return int(length) if length else None


def download(url: str, file: ModelFile, place: str, grew: Grew, member: str | None = None) -> None:
    """Fetch ``url`` to ``file.path``, or from the zip archive there its ``member``; checked before it is put there.

    Raises:
        ModelError: the server cannot be reached, the file came incomplete, or is not what was published.
    """
    partial = file.path.with_name(f"{file.path.name}.part")
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        _copy(url, partial, place, grew)
        if member is not None:
            _extract(partial, member, url)
        ModelFile(file.name, partial, file.digest).check()
        partial.replace(file.path)
    finally:
        partial.unlink(missing_ok=True)


def _copy(url: str, path: Path, place: str, grew: Grew) -> None:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer, path.open("wb") as out:
            expected = answer.headers.get("Content-Length")
            while chunk := answer.read(_CHUNK):
                out.write(chunk)
                grew(len(chunk))
    except OSError as error:
        raise no_network(place, getattr(error, "reason", error)) from error
    if expected and path.stat().st_size != int(expected):
        raise ModelError(
            f"{url} ended after {path.stat().st_size} of {expected} bytes: run the same command again",
            code="truncated",
        )


def _extract(archive: Path, member: str, url: str) -> None:
    """Put the member of the archive in the archive's place."""
    inner = archive.with_name(f"{archive.name}.member")
    try:
        with zipfile.ZipFile(archive) as packed, packed.open(member) as source, inner.open("wb") as out:
            shutil.copyfileobj(source, out)
        inner.replace(archive)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelError(
            f"{url} is no archive that holds {member} ({error}): run the same command again", code="checksum"
        ) from error
    finally:
        inner.unlink(missing_ok=True)
