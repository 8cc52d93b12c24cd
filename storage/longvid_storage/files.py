"""Whether files are where they were, and which ones desktops, disks and network storage leave in every folder."""

from __future__ import annotations

import os

_SYSTEM = frozenset(
    (
        "@eadir", "@recycle", "@recently-snapshot", "@tmp", "#recycle", "#snapshot", "$recycle.bin", "recycler",
        "recycled", "system volume information", "lost+found", "found.000", "__macosx", ".trash", ".trashes",
        ".spotlight-v100", ".fseventsd", ".temporaryitems", ".documentrevisions-v100", ".appledouble", ".appledb",
        ".appledesktop", ".ds_store", ".@__thumb", ".thumbnails", ".thumbcache", ".snapshot", ".snapshots", ".zfs",
        ".stversions", ".stfolder", ".sync", ".dropbox.cache", ".directory", ".nomedia", "thumbs.db",
        "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r",
        ".synologyworkingdirectory", "network trash folder", "temporary items", "@transcode", "@sharebin", "~snapshot",
        "backups.backupdb",
    )
)  # fmt: skip
_SYSTEM_BEGINNINGS = ("._", ".trash-", "synofile_thumb", ".nfs", ".fuse_hidden", ".~lock.")


def is_gone(path: str) -> bool:
    """Whether nothing is at a path of this machine any more; an address isn't asked, nor what may not be looked at."""
    if not path or "://" in path:
        return False
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return True
    except OSError:
        return False
    return False


def left_by_system(name: str) -> bool:
    """Whether a file or folder of that name is what systems leave behind: thumbnails, bins, snapshots, settings."""
    low = name.lower()
    return low in _SYSTEM or low.startswith(_SYSTEM_BEGINNINGS)
