"""Lines of times, as files write them: one arrow between two times, in any of the forms that real files use.

Read by bounded patterns at one place of a line each, so that a line costs its length at most, whatever is in it.
"""

from __future__ import annotations

import re

# Times, arrow and settings fit in this; what lies beyond is not looked at.
_HEAD = 300
_CLOCK = re.compile(
    r"\s{0,20}(?P<minus>-?)(?:(?P<hours>\d{1,4})\s{0,2}:\s{0,2})?(?P<minutes>\d{1,5})\s{0,2}:\s{0,2}"
    r"(?P<below>-?)(?P<seconds>\d{1,2})(?:\s{0,2}(?P<sign>[.,:;])\s{0,2}(?P<fraction>\d{1,12}))?(?!\d)"
)
_SECONDS = re.compile(r"\s{0,20}(?P<seconds>\d{1,7})(?:[.,](?P<fraction>\d{1,12}))?(?![\d:])")
_SETTINGS = re.compile(r"\s{0,20}(?:\Z|(?:align|line|position|size|vertical|region):)")
# A dash alone is one between spaces only; "--&gt;" was copied out of a page.
_ARROW = re.compile(r"\s{0,20}(?:[-=]{1,8}\s{0,2}(?:>|&gt;)|[—–](?:>|&gt;)|[→➔➜⇒]|(?<=\s)[—–](?=\s))\s{0,20}")
_POINTS = re.compile(r"(?<![\d.])(\d{1,2})\.(\d\d)\.(\d\d)(?=[.,\s]|\Z)")  # "00.00.01.500"
_RATES = (25, 30, 60, 100)
_GAP = re.compile(r"\s{1,20}(?:-\s{1,20})?")
_USUAL = re.compile(
    r"(\d\d):(\d\d):(\d\d)[,.](\d\d\d) --> (\d\d):(\d\d):(\d\d)[,.](\d\d\d)(?:[ \t][^\n]{0,200})?\Z"
)
_ANY_ARROW = re.compile(r"[-=]\s{0,2}(?:>|&gt;)|[→➔➜⇒]")
# Full-width digits and signs, as input methods of East Asia write them.
_NARROW = str.maketrans("０１２３４５６７８９：；，．－＞", "0123456789:;,.->")


def parse_span(line: str) -> tuple[float, float | None] | None:
    """The two times of a timing line in seconds, or None when it is not one.

    The end is None where nothing follows the arrow. Times before the beginning are 0.
    """
    if (usual := _USUAL.match(line)) is not None:
        h, m, s, f, h2, m2, s2, f2 = map(int, usual.groups())
        return h * 3600 + m * 60 + s + f / 1000, h2 * 3600 + m2 * 60 + s2 + f2 / 1000
    head = line[:_HEAD] if line.isascii() else line[:_HEAD].translate(_NARROW)
    if ":" not in head:
        if "-->" not in head:
            return None
        head = _POINTS.sub(r"\1:\2:\3", head)
    start = _CLOCK.match(head)
    if start is None:
        return _in_seconds(head)
    arrow = _ARROW.match(head, start.end())
    gap = arrow or _GAP.match(head, start.end())
    if gap is None:
        return None
    end = _CLOCK.match(head, gap.end())
    if end is None:
        return (_clock(start), None) if arrow and not head[arrow.end() :].strip() else None
    rest = head[end.end() :]
    if rest.strip() and (not arrow or not rest[0].isspace()):
        return None  # a sentence that begins with two times
    return _clock(start), _clock(end)


def is_broken_span(line: str) -> bool:
    """Whether a line that is no timing line was meant to be one: an arrow with a clock, or nothing, before it."""
    arrow = _ANY_ARROW.search(line[:_HEAD])
    if arrow is None:
        return False
    before = line[: arrow.start()].rstrip("-").strip()
    if not before:
        return line[: arrow.end()].lstrip().startswith("--")
    at = before.find(":")
    return not any(map(str.isspace, before)) and at > 0 and any(map(str.isdigit, before[:at]))


def _in_seconds(head: str) -> tuple[float, float] | None:
    """Seconds alone (``1.5 --> 3``): only with the arrow that WebVTT and SubRip have."""
    start = _SECONDS.match(head)
    arrow = _ARROW.match(head, start.end()) if start is not None else None
    if start is None or arrow is None or "-->" not in arrow.group():
        return None
    end = _SECONDS.match(head, arrow.end())
    if end is None or _SETTINGS.match(head, end.end()) is None:
        return None
    return _value(start), _value(end)


def _clock(match: re.Match[str]) -> float:
    if match["minus"] or match["below"]:
        return 0.0
    whole_s = int(match["hours"] or 0) * 3600 + int(match["minutes"]) * 60
    counts_frames = match["sign"] in (":", ";") and len(match["fraction"]) == 2
    return whole_s + (_frames(match) if counts_frames else _value(match))


def _frames(match: re.Match[str]) -> float:
    """Seconds of a timecode that ends in frames (``00:01:02:12``), at the slowest rate that has so many."""
    frames = int(match["fraction"])
    return int(match["seconds"]) + frames / next(rate for rate in _RATES if frames < rate)


def _value(match: re.Match[str]) -> float:
    return int(match["seconds"]) + float(f"0.{match['fraction'] or 0}")
