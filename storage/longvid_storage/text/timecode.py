"""Times as people write them: ``12:34``, ``1:02:03``."""

from __future__ import annotations

import math
import re

from longvid_storage.errors import UsageError

_TWO = tuple(f"{number:02d}" for number in range(60))  # looked up, a list of thousands is told twice as fast
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)\Z")


def format_time(seconds: float) -> str:
    """``754.2`` → ``"12:34"``; from one hour on ``"1:02:03"``. Fractions are cut: a link never overshoots."""
    if (whole := int(seconds)) < 0:
        whole = 0
    minutes, rest = whole // 60, _TWO[whole % 60]
    return f"{minutes}:{rest}" if minutes < 60 else f"{minutes // 60}:{_TWO[minutes % 60]}:{rest}"


def format_span(start_s: float, end_s: float) -> str:
    """``"12:34–13:02"``; the end is rounded up, so that the printed span covers the real one."""
    return f"{format_time(start_s)}–{format_time(math.ceil(end_s))}"


def format_clock(seconds: float, point: str = ".") -> str:
    """``754.2`` → ``"00:12:34.200"``, as WebVTT has it; SubRip has a comma for its ``point``."""
    total = round(seconds * 1000)
    hours, minutes, whole = total // 3_600_000, total // 60_000 % 60, total // 1000 % 60
    return f"{hours:02d}:{minutes:02d}:{whole:02d}{point}{total % 1000:03d}"


def parse_time(text: str, name: str = "time") -> float:
    """Seconds from ``"90"``, ``"90.5"``, ``"1:30"`` or ``"0:01:30"``.

    Raises:
        UsageError: it is none of these.
    """
    match = _CLOCK.match(text.strip())
    if match:
        hours, minutes, seconds = match.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise UsageError(f"{name} is {text!r}: give seconds (90.5) or a clock time (1:30 or 0:01:30)")
    return value
