"""Whether files are where they were."""

from __future__ import annotations

import os


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
