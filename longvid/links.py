"""How a moment is named to programs and to people: ``longvid://video/ID#t=87.7,92.5``, and the page at that second."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from longvid_storage.types import Citation, Moment

_LATEST_S = 1e9
_ADDRESS = re.compile(
    r"longvid://video/(?P<video>[^/#?]+)(?:/(?P<part>[a-z]+))?(?:/(?P<at>\d{1,9}(?:\.\d{1,6})?))?"
    r"(?:#t=(?P<start>\d{1,9}(?:\.\d{1,6})?)(?:,(?P<end>\d{1,9}(?:\.\d{1,6})?))?)?"
)


def page_link(base: str, video_id: str, start_s: float) -> str:
    """The page of a video, which opens at that second."""
    return f"{base.rstrip('/')}/?{urlencode({'video': video_id, 't': seconds(start_s)})}"


def film_link(base: str, video_id: str) -> str:
    """Where a server gives the film of a video as it is."""
    return f"{base.rstrip('/')}/v1/videos/{quote(video_id, safe='')}/media?original=true"


def moment_uri(video_id: str, start_s: float, end_s: float) -> str:
    """The address of ``[start_s, end_s)`` of a video (a media fragment, W3C 2012)."""
    return f"{video_uri(video_id)}#t={seconds(start_s)},{seconds(end_s)}"


def video_uri(video_id: str, part: str = "") -> str:
    """The address of a video, or of its ``transcript`` or ``chapters``."""
    return f"longvid://video/{quote(video_id, safe='')}" + (f"/{part}" if part else "")


def seconds(value: float) -> str:
    """Seconds to the millisecond, without needless zeros."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Address:
    """What a ``longvid://`` address names: a video, a part of it (``""``: what is said), and times in seconds."""

    video: str
    part: str
    at_s: float | None
    start_s: float | None
    end_s: float | None


def read_address(uri: str) -> Address | None:
    """The parts of an address; None for one that is none."""
    found = _ADDRESS.fullmatch(uri)
    if found is None:
        return None
    times = (None if found[name] is None else float(found[name]) for name in ("at", "start", "end"))
    return Address(unquote(found["video"]), found["part"] or "", *times)


def place(base: str, where: Moment | Citation) -> dict[str, object]:
    """A moment or citation as every tool and shape tells it: names, times in seconds, words, address and link."""
    kind, text, speaker = "", "", None
    if isinstance(where, Citation):
        kind, text = where.kind, where.quote
    elif where.evidence:
        first = where.evidence[0]
        kind, text, speaker = first.kind, first.text, first.speaker
    return {
        "video_id": where.video_id,
        "title": where.title,
        "start_s": round(where.start_s, 3),
        "end_s": round(where.end_s, 3),
        "kind": kind,
        "speaker": speaker,
        "text": text,
        "uri": moment_uri(where.video_id, where.start_s, where.end_s),
        "url": page_link(base, where.video_id, where.play_s),
    }


def read_page_link(url: str) -> tuple[str, float] | None:
    """The video and the second that a link of ``page_link`` names; None for any other."""
    given = parse_qs(urlsplit(url).query)
    try:
        video_id, start_s = given["video"][0], float(given["t"][0])
    except (KeyError, ValueError):
        return None
    return (video_id, start_s) if 0 <= start_s < _LATEST_S else None
