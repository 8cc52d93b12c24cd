"""What yt-dlp notes of a video beside it (``NAME.info.json``): title, day, language and chapters, as the site has them.

It is written by a stranger: only these four are taken, each where it is of the right kind and could be true, and no
address in it is followed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from longvid_indexer.subtitles.languages import normalise_language
from longvid_indexer.subtitles.markup import visible
from longvid_indexer.subtitles.regular import read_regular
from longvid_indexer.subtitles.tags import composed
from longvid_indexer.titles import is_counted, sensible_title
from longvid_storage.errors import MediaError
from longvid_storage.text.dates import date_in
from longvid_storage.text.shown import read_json
from longvid_storage.types import Chapter, VideoInfo

SUFFIX = ".info.json"
# Formats and captions in a hundred languages are 1 MB; what is larger holds comments, which are not wanted.
LARGEST_BYTES = 32 * 2**20
_HEAD_BYTES = 4096
# How it begins, whoever wrote it: yt-dlp and youtube-dl name the video first.
_BEGINS = re.compile(r"""\s{0,1000}\{\s{0,1000}"(?:id|_type|title|display_id|extractor)"\s{0,9}:""")
_MOST_CHAPTERS = 1000
_LONGEST_TITLE = 200
# A film is as long as the site says, but for rounding; else its chapters are those of another cut.
_ABOUT_S = 5.0
_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")
_UNTITLED = re.compile(r"<?untitled chapter.{0,10}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SiteInfo:
    """What could be true of it; ``None`` or empty for the rest. ``duration_s`` is the site's length of the video.

    ``chapters`` are (start in s, title) in order of time, one a second.
    """

    title: str | None = None
    day: str | None = None
    language: str | None = None
    duration_s: float | None = None
    chapters: tuple[tuple[float, str], ...] = ()


def info_files(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """The directory's ``NAME.info.json`` by NAME, composed and without case; those which yt-dlp would have written."""
    return {
        composed(name[: -len(SUFFIX)]).casefold(): folder / name for name in names if is_info(folder / name)
    }


def is_info(path: Path) -> bool:
    """Whether a file is yt-dlp's of a video, by its name and its beginning; False where it cannot be read."""
    if not path.name.lower().endswith(SUFFIX):
        return False
    try:
        return _BEGINS.match(_text(read_regular(path, _HEAD_BYTES))) is not None
    except MediaError:
        return False


def read_info(path: Path) -> SiteInfo:
    """What it says that could be true.

    Raises:
        MediaError: it cannot be read, is larger than ``LARGEST_BYTES``, or is no JSON object.
    """
    data = read_regular(path, LARGEST_BYTES + 1)
    if len(data) > LARGEST_BYTES:
        raise MediaError(
            f"{path.name} was not read: it has more than {LARGEST_BYTES} bytes", code="not_media"
        )
    try:
        told = read_json(_text(data))
    except (ValueError, RecursionError) as error:
        raise MediaError(f"{path.name} was not read: it is no JSON ({error})", code="not_media") from error
    if not isinstance(told, dict):
        raise MediaError(f"{path.name} was not read: it is no JSON object", code="not_media")
    return SiteInfo(
        _title(told.get("title")),
        _day(told.get("upload_date")),
        _language(told.get("language")),
        _seconds(told.get("duration")),
        _chapters(told.get("chapters")),
    )


def described(info: VideoInfo, site: SiteInfo) -> tuple[VideoInfo, list[str]]:
    """The video with what the site says of it, and notes on what was left out of that.

    Its title and day are the site's; its chapters where the file has none of its own and is as long as the site says.
    """
    notes, chapters = [], info.chapters
    if site.chapters and not chapters:
        other = site.duration_s is not None and abs(site.duration_s - info.duration_s) > max(
            _ABOUT_S, info.duration_s / 100
        )
        if other and info.media_type != "transcript":
            notes.append(
                f"the site's chapters are of {site.duration_s:.0f} s and the file has {info.duration_s:.0f} s:"
                " they were left out"
            )
        else:
            chapters = _placed(site.chapters, info.duration_s)
    whole = replace(
        info,
        title=site.title or info.title,
        recorded_on=site.day or info.recorded_on,
        chapters=chapters,
    )
    return whole, notes


def no_transcript(path: Path) -> MediaError:
    """What to say of one that lies beside neither a film nor a transcript."""
    return MediaError(
        f"{path} is what yt-dlp noted of a video, and neither the video nor its subtitles lie beside it",
        code="data",
    )


def spoken_language(path: Path | None) -> str | None:
    """The language that the site says is spoken; None where it says nothing, or the file cannot be read."""
    try:
        return None if path is None else read_info(path).language
    except MediaError:
        return None  # told where its title is asked for


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig", errors="replace")


def _placed(starts: tuple[tuple[float, str], ...], duration_s: float) -> tuple[Chapter, ...]:
    inside = [(start_s, title) for start_s, title in starts if start_s < duration_s]
    ends = [*(start_s for start_s, _ in inside[1:]), duration_s]
    marks = zip(inside, ends, strict=True)
    return tuple(Chapter(start_s, end_s, title) for (start_s, title), end_s in marks if title)


def _chapters(told: Any) -> tuple[tuple[float, str], ...]:
    """Beginnings and titles; of several at one time the first, and an empty title where it has none of its own."""
    if not isinstance(told, list):
        return ()
    starts: dict[float, str] = {}
    for each in told[:_MOST_CHAPTERS]:
        start_s = _seconds(each.get("start_time")) if isinstance(each, dict) else None
        if start_s is not None:
            title = _line(each.get("title"))
            nameless = is_counted(title) or _UNTITLED.fullmatch(title)
            starts.setdefault(round(start_s, 3), "" if nameless else title)
    found = tuple(sorted(starts.items()))
    return found if any(title for _, title in found) else ()


def _title(told: Any) -> str | None:
    return sensible_title(told) if isinstance(told, str) else None


def _line(told: Any) -> str:
    text = " ".join(visible(" ".join(told.split())).split()) if isinstance(told, str) else ""
    return text if len(text) <= _LONGEST_TITLE else ""


def _day(told: Any) -> str | None:
    match = _DAY.fullmatch(told) if isinstance(told, str) else None
    return None if match is None else date_in("-".join(match.groups()))


def _language(told: Any) -> str | None:
    return normalise_language(told) if isinstance(told, str) and len(told) <= 35 else None


def _seconds(told: Any) -> float | None:
    """A time that a video can have."""
    if isinstance(told, bool) or not isinstance(told, (int, float)):
        return None
    try:
        value = float(told)
    except OverflowError:
        return None
    return value if math.isfinite(value) and 0 <= value < 1e9 else None
