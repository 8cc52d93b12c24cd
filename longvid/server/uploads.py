"""Files that clients send: the core of tus 1.0 (https://tus.io/protocols/resumable-upload), and the checks at its end.

::

    <library>.uploads/             or where uploads of [server] says
    ├── partial/ID                 what has come so far: its size is the offset
    ├── ID/the name of it.mp4      whole, and of a kind that longvid indexes; below the folders it was sent from
    └── ID.set/…                   what one job was to index together

A file is looked at once it is whole, and is gone if it is no media and no transcript. A name becomes a plain file name
before it is used at all.
"""

from __future__ import annotations

import base64
import binascii
import logging
import os
import re
import shutil
import time
import unicodedata
from collections.abc import AsyncIterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from anyio import to_thread

from longvid_storage.db.locking import try_lock
from longvid_storage.errors import AccessError, MediaError, NotFoundError, StorageFullError, UsageError
from longvid_storage.text.shown import shown

if TYPE_CHECKING:
    from longvid.server.settings import ServerSettings
    from longvid.worklist import Worklist
    from longvid_storage.db.work import StoredUpload

LOG = logging.getLogger("longvid.server")
VERSION = "1.0.0"
EXTENSIONS = "creation,termination,expiration"
QUIET_S = 60.0
"""So long a client may send nothing; what had come by then is kept, and it goes on from there."""
_BLOCK = 1 << 20
_LEAST_FREE = 1 << 28
_LONGEST_NAME = 150
_MOST_FOLDERS = 8
_PAIR = re.compile(r"([!-+\--~]+)(?: ([A-Za-z0-9+/]*={0,2}))?")
# Letters that file systems or shells take for more than themselves, everywhere longvid might be moved to.
_UNSAFE = re.compile(r'[<>:"|?*\x00-\x1f\x7f-\x9f]')
_ID = re.compile(r"up_[\w-]{16,64}", re.ASCII)
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


class LockedError(AccessError):
    """Somebody else is sending this upload right now."""

    code = "locked"


def metadata(header: str) -> dict[str, str]:
    """An ``Upload-Metadata`` header: comma-separated keys, each with a value in Base64 or none.

    Raises:
        UsageError: it is not of that form, or no UTF-8.
    """
    found = {}
    for pair in filter(None, (each.strip() for each in header.split(","))):
        match = _PAIR.fullmatch(pair)
        try:
            if not match:
                raise ValueError
            found[match[1]] = base64.b64decode(match[2] or "", validate=True).decode()
        except (ValueError, binascii.Error):
            raise UsageError("Upload-Metadata is not of the form: key base64, key base64") from None
    return found


def safe_name(name: str) -> str:
    """A plain file name from what a client calls a file: no folders, nothing hidden, at most 150 bytes."""
    last = unicodedata.normalize("NFC", re.split(r"[/\\]", shown(name))[-1])
    plain = _UNSAFE.sub("_", last).strip().lstrip(".-").strip() or "upload"
    if _DEVICES.fullmatch(plain):
        plain = f"_{plain}"
    stem, suffix = os.path.splitext(plain)
    suffix = suffix.encode()[:20].decode(errors="ignore")
    return stem.encode()[: _LONGEST_NAME - len(suffix.encode())].decode(errors="ignore").rstrip(
        " ."
    ) + suffix.rstrip(" .")


class Uploads:
    """The uploads of one server; owners are told apart by the worklist."""

    def __init__(self, work: Worklist, folder: Path, settings: ServerSettings) -> None:
        self._work = work
        self.folder = folder
        self._partial = folder / "partial"
        self._most = settings.upload_bytes
        self._quota = settings.quota_bytes
        self._keep_s = settings.upload_hours * 3600.0

    @property
    def largest(self) -> int:
        """Bytes of the largest file that is taken."""
        return self._most

    def begin(self, owner: str, length: int, name: str, folder: str = "") -> StoredUpload:
        """A new upload, of which nothing is there yet; ``folder/sub`` is where it lay, below what was sent whole.

        Raises:
            AccessError: too large, for one file or for what the owner may store. StorageFullError: no room on the disk.
        """
        within = [part for part in re.split(r"[/\\]", folder) if part.strip(". ")][-_MOST_FOLDERS:]
        name = "/".join(safe_name(part) for part in [*within, name])
        if length > self._most:
            raise AccessError(
                f"{name} has {length} bytes, and one file may have {self._most} here: upload_bytes of [server] says so",
                code="too_large",
            )
        self._partial.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(self._partial).free < length + _LEAST_FREE:
            raise StorageFullError(f"the disk of the server has no room for the {length} bytes of {name}")
        upload = self._work.begin_upload(owner, name, length, self._quota)
        os.close(
            os.open(
                self._partial / upload.upload_id, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600
            )
        )
        return upload

    def offset(self, upload: StoredUpload) -> int:
        """How much of it is there.

        Raises:
            AccessError: nothing any more (code ``"gone"``). MediaError: it is whole, and none that is indexed.
        """
        if not self._ours(upload):
            raise _gone(upload)
        with self._alone(upload) as own:
            at = self._there(own or upload)
            if own is not None and at == own.length and own.path is None:
                self.finish(own)  # the server ended between its last byte and the look at it
            return at

    @contextmanager
    def _alone(self, upload: StoredUpload) -> Iterator[StoredUpload | None]:
        """It as it stands by now, while nobody else has it, in this process or in another; None: somebody has it."""
        file = None
        for path in (self._partial / upload.upload_id, self.folder / upload.upload_id / upload.name):
            with suppress(FileNotFoundError):
                file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
                break  # the lock goes with the file when it is moved
        try:
            free = file is None or try_lock(file)
            yield self._work.upload(upload.owner, upload.upload_id) if free else None
        finally:
            if file is not None:
                os.close(file)

    def _there(self, upload: StoredUpload) -> int:
        """How many bytes of it there are, in its place too: a server may end before that is noted."""
        part, path = self._partial / upload.upload_id, self.folder / upload.upload_id / upload.name
        if upload.path is not None:
            return upload.length
        with suppress(FileNotFoundError):
            return part.stat().st_size
        if path.is_file() and path.stat().st_size == upload.length:
            return upload.length
        self._work.forget_upload(upload.upload_id)
        raise _gone(upload)

    def _ours(self, upload: StoredUpload) -> bool:
        """Whether it lies in this folder: the row of a library from somebody else may name any file of this disk."""
        parts = upload.name.split("/")
        if not _ID.fullmatch(upload.upload_id) or parts != [safe_name(part) for part in parts]:
            return False
        if upload.path is None:
            return True
        top, *within = os.path.relpath(upload.path, self.folder).split(os.sep)
        return bool(_ID.fullmatch(top.removesuffix(".set"))) and within == parts

    def expires_s(self, upload: StoredUpload) -> float:
        """When what is there of it is deleted, in seconds since 1970, unless more comes."""
        try:
            return (self._partial / upload.upload_id).stat().st_mtime + self._keep_s
        except FileNotFoundError:
            return time.time() + self._keep_s

    async def append(self, upload: StoredUpload, offset: int, body: AsyncIterable[bytes]) -> int:
        """Add what comes, from ``offset`` on; how much is there then. Whole, it is checked (``finish``).

        What had come when the client went away is kept.

        Raises:
            AccessError: somebody else sends it (``"locked"``), another offset (``"conflict"``), or more than was said.
            MediaError: it is whole, and no media or transcript.
        """
        with ExitStack() as stack:
            own = await to_thread.run_sync(stack.enter_context, self._alone(upload))
            if own is None:
                raise LockedError(
                    f"{upload.name} is being sent by another connection: wait until it has ended"
                )
            at = await to_thread.run_sync(self._there, own)
            if at != offset:
                raise AccessError(
                    f"{at} bytes of {upload.name} are here, and these begin at {offset}: HEAD tells where to go on",
                    code="conflict",
                )
            if at < own.length:
                at = await self._write(own, at, body)
            if at == own.length and own.path is None:
                await to_thread.run_sync(self.finish, own)
            return at

    async def _write(self, upload: StoredUpload, at: int, body: AsyncIterable[bytes]) -> int:
        path = self._partial / upload.upload_id
        with path.open("ab", buffering=0) as file:
            held = bytearray()
            try:
                async for piece in body:
                    held += piece
                    if at + len(held) > upload.length:
                        raise AccessError(
                            f"{upload.name} was said to have {upload.length} bytes, and more came: begin it anew",
                            code="too_large",
                        )
                    if len(held) >= _BLOCK:
                        at += await to_thread.run_sync(_write_all, file, bytes(held))
                        held.clear()
            finally:
                # Of a client that goes away, too, all is kept that came; but of one that sends too much nothing more.
                if at + len(held) <= upload.length:
                    at += _write_all(file, bytes(held))
        return at

    def finish(self, upload: StoredUpload) -> None:
        """Look at a file that is whole, and put it where it stays under its name.

        Raises:
            MediaError: it is none that longvid indexes; it is deleted.
        """
        from longvid_indexer.probe import probe

        part = self._partial / upload.upload_id
        place = self.folder / upload.upload_id
        place.mkdir(mode=0o700, exist_ok=True)
        path = place / upload.name
        path.parent.mkdir(parents=True, exist_ok=True)
        if part.exists():  # else it was moved, and the server ended before that was noted
            os.replace(part, path)
        try:
            probe(path, upload.upload_id)
        except MediaError as error:
            self.remove(upload)
            raise MediaError(error.message.replace(str(path), upload.name), code="not_media") from error
        self._work.finish_upload(upload.upload_id, str(path))

    def together(self, uploads: Sequence[StoredUpload]) -> list[str]:
        """Where these uploads, which are whole, are indexed: several in one folder, as subtitles lie beside films.

        Of those with the same name, and those that were brought together with others before, each stays where it is.
        """
        for each in uploads:
            if not self._ours(each):
                raise _gone(each)
        paths = {each.upload_id: Path(each.path or "") for each in uploads}
        common = self.folder / f"{min(paths)}.set"
        for each in uploads if len(paths) > 1 else ():
            old, new = paths[each.upload_id], common / each.name
            if old != self.folder / each.upload_id / each.name or new.exists():
                continue
            common.mkdir(mode=0o700, exist_ok=True)
            new.parent.mkdir(parents=True, exist_ok=True)
            os.link(
                old, new
            )  # there twice until the new place is noted: a server that ends here loses nothing
            self._work.finish_upload(each.upload_id, str(new))
            self._unlink(old)
            paths[each.upload_id] = new
        apart = [str(path) for path in paths.values() if common not in path.parents]
        return [*apart, *([str(common)] if len(apart) < len(paths) else [])]

    def remove(self, upload: StoredUpload) -> None:
        """Delete an upload and what there is of it."""
        if self._ours(upload):
            (self._partial / upload.upload_id).unlink(missing_ok=True)
            self._unlink(Path(upload.path) if upload.path else self.folder / upload.upload_id / upload.name)
        self._work.forget_upload(upload.upload_id)

    def _unlink(self, path: Path) -> None:
        """Delete a file, and the folders in which it was the last."""
        path.unlink(missing_ok=True)
        with suppress(OSError):
            for folder in path.parents[: len(path.relative_to(self.folder).parts) - 1]:
                folder.rmdir()

    def tidy(self) -> int:
        """Delete unfinished uploads of which nothing came for longer than they are kept; how many."""
        gone = 0
        for upload in self._work.expired_uploads(self._keep_s):
            with suppress(NotFoundError), self._alone(upload) as own:
                if own is not None and self._ours(own) and self.expires_s(own) < time.time():
                    self.remove(own)
                    gone += 1
        return gone


def _gone(upload: StoredUpload) -> AccessError:
    return AccessError(f"what was sent of {upload.name} is gone: send it anew", code="gone")


def _write_all(file: BinaryIO, data: bytes) -> int:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
    return len(data)
