"""A subtitle file to cues, whatever its encoding and whatever format its content really is."""

from __future__ import annotations

from pathlib import Path

from longvid_indexer.subtitles.ass import parse_ass
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.encodings import decode_text
from longvid_indexer.subtitles.srt import parse_srt
from longvid_indexer.subtitles.webvtt import parse_webvtt
from longvid_storage.errors import MediaError

# A day of speech is about 2 MB; what is larger was not written for people.
_LARGEST_BYTES = 64 * 2**20


def read_subtitles(path: Path, language: str | None = None) -> Subtitles:
    """Read ``.vtt``, ``.srt``, ``.ass`` or ``.ssa``; ``language`` helps to guess an encoding.

    Malformed cues are mended or left out, and ``problems`` counts them; a file of nothing but those has no cues.

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
    read = parse_subtitles(text)
    if encoding is not None:
        read.problems[f"subtitle file is not UTF-8: it was read as {encoding}"] += 1
    return read


def parse_subtitles(text: str) -> Subtitles:
    """Parse by content: a header decides, and without one the lines of times do."""
    text = text.replace("\x00", "").lstrip("\ufeff")
    start = text.lstrip()
    if start.startswith("WEBVTT"):
        return parse_webvtt(start)
    if start.startswith(("[Script Info]", "[V4", "[Events]")) or "\nDialogue:" in text:
        return parse_ass(text)
    return parse_srt(text)
