"""Dates in titles and file names."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_DATE = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")


def date_in(text: str) -> str | None:
    """The first date in a title or file name: ``2026-03-08``, ``20260308`` or ``2026_03_08``, as ``YYYY-MM-DD``."""
    found = _DATE.search(text)
    return "-".join(found.groups()) if found else None


def day_of(time_s: float) -> str:
    """The day (UTC) of a time in seconds since 1970."""
    return datetime.fromtimestamp(time_s, UTC).date().isoformat()
