"""Where longvid keeps things when nobody says otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def default_library() -> str | Path:
    """``$LONGVID_LIBRARY``, else ``library`` in the user's data directory."""
    named = os.environ.get("LONGVID_LIBRARY")
    return named or Path(platformdirs.user_data_dir("longvid")) / "library"


def demo_library() -> Path:
    """The demo's own library, in the user's cache directory: it can be made again at any time."""
    return cache_directory() / "demo-library"


def cache_directory() -> Path:
    """For what can be made again at any time."""
    return Path(platformdirs.user_cache_dir("longvid"))


def example_lectures() -> Path:
    """The example media: inside the installed package, or beside it in a checkout."""
    packaged = Path(__file__).parent / "examples" / "lectures"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "examples" / "lectures"
