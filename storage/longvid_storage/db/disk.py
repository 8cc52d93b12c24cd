"""Whether a disk can hold a library: SQLite's write-ahead log needs file locks and memory shared between processes.

Network shares may lack both, or have locks that other machines do not see (https://sqlite.org/wal.html: "WAL does not
work over a network filesystem").
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import re
import warnings
from pathlib import Path

from longvid_storage.errors import LibraryError, LongvidWarning

NO_LOCKS = frozenset((errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENODEV))
"""What the system says where files cannot be locked or mapped."""
_NETWORK = re.compile(r"nfs\d?|cifs|smb\d?|smbfs|9p|afs|ncpfs|vboxsf|vmhgfs|prl_fs|davfs|fuse\.(sshfs|rclone|s3fs"
                      r"|gcsfuse|vmhgfs-fuse|davfs2?|glusterfs|goofys|smbnetfs|curlftpfs)")  # fmt: skip
_MOUNTS = Path("/proc/mounts")
_ROOM = 1 << 20


def can_share(folder: Path) -> bool:
    """Whether files in a folder can be locked and mapped the way SQLite does; True too where that cannot be tried.

    Tried on a nameless file, where the disk has such, else on the library's own lock file, which SQLite never locks:
    closing a file gives up all locks that the process has on it.
    """
    try:
        descriptor, ours = _scratch(folder)
    except OSError:
        return True  # it may not be written, or is not there: whoever opens the library is told
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if size := os.fstat(descriptor).st_size:
            mmap.mmap(descriptor, size).close()
    except OSError as error:
        # Nobody else can have locked a nameless file: some shares refuse as if somebody had.
        taken = error.errno in (errno.EACCES, errno.EAGAIN)
        return not (error.errno in (*NO_LOCKS, errno.EINVAL) or (taken and ours))
    finally:
        os.close(descriptor)
    return True


def _scratch(folder: Path) -> tuple[int, bool]:
    """A file to try, and whether it is nameless, so that no other process can open it."""
    if hasattr(os, "O_TMPFILE"):
        with contextlib.suppress(OSError):  # network shares and older disks have none
            descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
            with contextlib.suppress(OSError):  # a full disk can be locked all the same
                os.pwrite(descriptor, b"?", 0)
            return descriptor, True
    return os.open(folder / ".lock", os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), False


def has_room(folder: Path) -> bool:
    """Whether a disk has room for a file of a megabyte, as far as the system tells: quotas are told of by few."""
    import resource

    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if limit != resource.RLIM_INFINITY:
        return False
    try:
        free = os.statvfs(folder)
    except OSError:
        return True  # it went away
    return free.f_bavail * free.f_frsize >= _ROOM


def no_locks(path: Path) -> LibraryError:
    """The error for a library on a disk without locks."""
    kind = network_kind(path)
    what = f"it is a network share, {kind}" if kind else "a network share?"
    return LibraryError(
        f"the disk of the library at {path} cannot lock files or share them between processes ({what}): "
        "keep the library on a local disk, and name it with --library",
        code="no_locks",
    )


def warn_of_network(path: Path) -> None:
    """A line for the user where locks work but other machines may not see them."""
    kind = network_kind(path)
    if kind:
        warnings.warn(
            f"the library at {path} lies on a network share ({kind}): use it from one machine at a time, or keep it "
            "on a local disk",
            LongvidWarning,
            stacklevel=2,
        )


def network_kind(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """The kind of network filesystem that a path lies on (``"nfs4"``), None for local disks and unknown ones.

    Args:
        path: need not exist yet.
        mounts: a table of mounts as Linux writes it; where there is none, nothing is known.
    """
    try:
        lines = mounts.read_text("utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    real = os.path.realpath(path)
    best, kind = "", ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[1])
        inside = real == place or real.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= len(best):  # of two mounts at one place the later one is seen
            best, kind = place, fields[2]
    return kind if _NETWORK.fullmatch(kind) else None
