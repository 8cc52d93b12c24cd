"""A subtitle file to cues, whatever its encoding and whatever format its content really is."""

from __future__ import annotations

from pathlib import Path

from longvid_indexer.subtitles.ass import is_event, parse_ass
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.doubts import on_the_films_clock, possible_times, without_data
from longvid_indexer.subtitles.encodings import decode_text
from longvid_indexer.subtitles.rolling import unroll
from longvid_indexer.subtitles.srt import parse_srt
from longvid_indexer.subtitles.webvtt import parse_webvtt
from longvid_storage.errors import MediaError

# A day of speech is about 2 MB; what is larger was not written for people.
_LARGEST_BYTES = 64 * 2**20


def read_subtitles(path: Path, language: str | None = None, until_s: float | None = None) -> Subtitles:
    """Read ``.vtt``, ``.srt``, ``.ass`` or ``.ssa``.

    Malformed cues are mended or left out, and ``problems`` counts them; a file of nothing but those has no cues.

    Args:
        path: the file.
        language: what it is said to be written in (``"ru"``); helps to tell an encoding.
        until_s: where the recording ends that it belongs to, if that is known.

    Raises:
        MediaError: the file cannot be read, or is far too large for subtitles.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise MediaError(
                f"{path} is larger than {_LARGEST_BYTES} bytes: not a subtitle file", code="not_media"
            )
        data = path.read_bytes()
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {error.strerror}", code="unreadable") from error
    text, encoding = decode_text(data, language)
    read = parse_subtitles(text, until_s)
    if encoding is not None:
        read.problems[f"subtitle file is not UTF-8: it was read as {encoding}"] += 1
    return read


def parse_subtitles(text: str, until_s: float | None = None) -> Subtitles:
    """Parse by content: a header decides, and without one the lines of times do. The cues are those of ``finish``."""
    text = text.replace("\x00", "").lstrip("\ufeff")
    start = text.lstrip()
    if start.startswith("WEBVTT"):
        read = parse_webvtt(start)
    elif start.startswith(("[Script Info]", "[V4", "[Events]")) or any(map(is_event, _dialogue(text))):
        read = parse_ass(text)
    else:
        read = parse_srt(text)
    return finish(read, until_s)


def finish(read: Subtitles, until_s: float | None = None) -> Subtitles:
    """Bring what a parser read into the order of time, everything said once, at times that are possible."""
    without_data(read)
    on_the_films_clock(read, until_s)
    read.cues[:] = unroll(sorted(read.cues, key=lambda cue: cue.start_s))
    possible_times(read, until_s)
    return read


def _dialogue(text: str) -> list[str]:
    """The first lines that begin like an ASS event."""
    found: list[str] = []
    at = 0
    while len(found) < 10 and (at := text.find("Dialogue:", at)) >= 0:
        if not at or text[at - 1] in "\r\n":
            found.append(text[at : at + 200])
        at += 1
    return found
