"""Titles that a person gave a file, told from what tools leave there."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from longvid_indexer.sniff import MEDIA_SUFFIXES
from longvid_indexer.subtitles.markup import visible
from longvid_storage.text.dates import date_in

_TITLE_MAX = 200
# What meeting programs and recorders call every file alike; the folder is then named for the occasion.
_SAYS_NOTHING = re.compile(
    r"(?:zoom|video|audio|recording|record|rec|movie|meeting|playback|output|untitled|index|screen|camera|presentation"
    r"|shared[ _-]?screen|gallery|speaker|closed[ _-]?captions?|captions?|subtitles?|transcript|chat|meeting[ _-]saved"
    r"[ _-]closed[ _-]captions?|audio[ _-]only)(?:[ _-]?(?:\d++|only|recording|\(\d++\)))*+",
    re.IGNORECASE,
)
# What yt-dlp puts behind a title: the key of a video on its site, which is no word.
_SITE_KEY = re.compile(
    r"(?<=\S)\s?\[(?=[\w-]{0,10}[0-9_-])(?=[\w-]{0,10}[a-z])(?=[\w-]{1,10}[A-Z])[\w-]{11}\]\Z", re.ASCII
)
_WORD = re.compile(r"[^\W\d_]{3,}")
_JUNK_TITLE = re.compile(
    r"(untitled|unknown|no title|title|video|movie|recording|default|none|null|test|output|new (video|project).*"
    r"|ohne titel|unbenannt|sans titre|sin t[ií]tulo|senza titolo|sem t[ií]tulo|zonder titel|bez tytułu"
    r"|без названия|無題|无标题|無標題|未命名|字幕|제목 없음|subtitle edit.*"
    r"|(sequence|sequenz|timeline|project|projekt|comp)[ _]?\d*"
    r"|lavf.*|core media.*|isomedia.*|iso media.*|.*\bgpac\b.*|[0-9a-f]{16,}"
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    re.IGNORECASE,
)

# What converters write where nobody named a chapter: its number, or its time.
_TIME = r"\d{1,3}(?:[:.]\d{2}){1,2}(?:[.,:]\d{1,9})?"
_COUNTED = (
    r"(?:chapter|chapitre|kapitel|cap[ií]tulo|capitolo|hoofdstuk|rozdzia[łl]|kapitola|fejezet|luku|b[öo]l[üu]m|глава|"
    r"κεφάλαιο|ch|scene|sc[èe]ne|szene|escena|part|teil|parte|track|section|segment|mark|marker|index)"
)
_ASIAN = (
    r"(?:第\s?\d{1,4}|第?\s?[一二三四五六七八九十百]{1,6})\s?[章節节話话장]?|제?\s?\d{1,4}\s?[장화]"
    r"|チャプター\s?\d{1,4}"
)
_NAMELESS = re.compile(
    rf"\W*(?:{_TIME}|(?:{_COUNTED}\W{{0,3}})?(?:\d{{1,3}}|[ivx]{{1,5}})(?:\W{{1,3}}{_TIME})?|{_ASIAN}|{_COUNTED})\W*",
    re.IGNORECASE,
)


def file_title(path: Path) -> str:
    """A file's name as its title, on one line and without what nobody sees; the folder's where the file's says nothing
    and the folder's has a date or words; without the key that yt-dlp puts behind it."""
    folder = path.parent.name
    says = date_in(folder) is not None or len(_WORD.findall(folder)) > 1
    name = folder if says and _SAYS_NOTHING.fullmatch(path.stem) else _SITE_KEY.sub("", path.stem)
    lines = " ".join(name.split())  # white space first: some of it is a control character
    return " ".join(visible(unicodedata.normalize("NFC", lines)).split()) or name


def sensible_title(title: str | None) -> str | None:
    """The title if a person would have written it, else None: encoders leave paths, hashes and their own names."""
    text = " ".join(visible(" ".join((title or "").split())).split())
    if not text or len(text) > _TITLE_MAX or "\ufffd" in text or not any(c.isalnum() for c in text):
        return None
    if not text.isprintable() or _JUNK_TITLE.fullmatch(text):
        return None
    is_path = re.match(r"([A-Za-z]:)?[\\/]\S|~/|https?://", text) or "\\" in text
    is_file = Path(text).suffix.lower() in MEDIA_SUFFIXES
    return None if is_path or is_file else text


def is_counted(title: str) -> bool:
    """Whether the title of a chapter only counts it or gives its time: nobody named it."""
    return _NAMELESS.fullmatch(title) is not None
