"""One writer at a time: an advisory lock on a file, which the system releases when its holder dies."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from longvid_storage.db.disk import can_share, no_locks
from longvid_storage.db.library_files import mapped_os_errors
from longvid_storage.errors import BusyError, NotALibraryError

_MOST_BYTES = 32
_POLL_S = 0.1


class WriterLock:
    """The write lock of one library, for one process; reentrant, and shared by that process's threads in
    turn.

    The file holds the process id of the last holder, for messages only: what locks is ``flock``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.RLock()
        self._depth = 0
        self._descriptor = -1

    @contextmanager
    def held(self, *, wait: bool = True, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
        """Hold the lock for the ``with`` block.

        Args:
            wait: wait for another process to finish; else raise at once.
            on_wait: called once with a sentence for the user, when there is something to wait for.

        Raises:
            BusyError: another process, or another thread of this one, writes and ``wait`` is False.
            LibraryError: the disk has no locks (code ``"no_locks"``).
            ReadOnlyError: the library may not be written.
        """
        if not self._threads.acquire(blocking=wait):
            raise BusyError(
                f"the library at {self._path.parent} is being indexed: try again when that is done"
            )
        try:
            if self._depth == 0:
                self._descriptor = self._acquire(wait, on_wait)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    os.close(self._descriptor)
        finally:
            self._threads.release()

    def _acquire(self, wait: bool, on_wait: Callable[[str], None] | None) -> int:
        with mapped_os_errors(self._path.parent):
            # A link would be followed, and the file that it names be truncated below.
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            descriptor = os.open(self._path, flags, 0o666)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotALibraryError(f"{self._path} is no regular file: remove it, or name another library")
            with mapped_os_errors(self._path.parent):
                free = try_lock(descriptor)
            if not free and not can_share(self._path.parent):
                raise no_locks(self._path.parent)
            if not free:
                holder = os.pread(descriptor, _MOST_BYTES, 0).decode("ascii", "replace").strip() or "unknown"
                sentence = f"process {holder} is writing to the library at {self._path.parent}"
                if not wait:
                    raise BusyError(f"{sentence}: try again when it is done")
                if on_wait is not None:
                    on_wait(f"{sentence}: waiting for it to finish")
                while not try_lock(descriptor):
                    time.sleep(_POLL_S)
            # By another name (a hard link) it may be somebody's file: only what longvid wrote is written over.
            written = os.pread(descriptor, _MOST_BYTES + 1, 0)
            if written and not (len(written) <= _MOST_BYTES and written.strip().isdigit()):
                raise NotALibraryError(
                    f"{self._path} holds something else than longvid writes there: remove it, or name another library"
                )
            with mapped_os_errors(self._path.parent):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


class BorrowedLock(WriterLock):
    """The lock as a helper of its holder has it: nothing to take; the database keeps their writes apart."""

    @contextmanager
    def held(self, *, wait: bool = True, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
        """Nothing is waited for."""
        yield


def try_lock(descriptor: int) -> bool:
    """Lock an open file against every other opening of it, in any process, until it is closed; False: one has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        if error.errno == errno.EINVAL:  # as some shares say it
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK)) from error
        raise
    return True
