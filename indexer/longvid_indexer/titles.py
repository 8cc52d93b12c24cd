"""Titles that a person gave a file, told from what tools leave there."""

from __future__ import annotations

import re
from pathlib import Path

from longvid_indexer.sniff import MEDIA_SUFFIXES

_TITLE_MAX = 200
_JUNK_TITLE = re.compile(
    r"(untitled|unknown|no title|title|video|movie|recording|default|none|null|test|output|new (video|project).*"
    r"|lavf.*|core media.*|isomedia.*|iso media.*|.*\bgpac\b.*|[0-9a-f]{16,}"
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    re.IGNORECASE,
)


def sensible_title(title: str | None) -> str | None:
    """The title if a person would have written it, else None: encoders leave paths, hashes and their own names."""
    text = " ".join((title or "").split())
    if not text or len(text) > _TITLE_MAX or "\ufffd" in text or not any(c.isalnum() for c in text):
        return None
    if not text.isprintable() or _JUNK_TITLE.fullmatch(text):
        return None
    is_path = re.match(r"([A-Za-z]:)?[\\/]\S|~/|https?://", text) or "\\" in text
    is_file = Path(text).suffix.lower() in MEDIA_SUFFIXES
    return None if is_path or is_file else text
