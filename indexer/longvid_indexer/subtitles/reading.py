"""A subtitle file to cues, whatever its encoding and whatever format its content really is."""

from __future__ import annotations

from io import BufferedReader
from pathlib import Path

from longvid_indexer.opening import open_regular, unreadable
from longvid_indexer.subtitles.ass import parse_ass
from longvid_indexer.subtitles.beside import LARGEST_BYTES
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.encodings import decode_text
from longvid_indexer.subtitles.srt import parse_srt
from longvid_indexer.subtitles.webvtt import parse_webvtt
from longvid_storage.errors import MediaError


def read_subtitles(path: Path, language: str | None = None) -> Subtitles:
    """Read ``.vtt``, ``.srt``, ``.ass`` or ``.ssa``; ``language`` helps to guess an encoding.

    Malformed cues are mended or left out, and ``problems`` counts them; a file of nothing but those has no cues.

    Raises:
        MediaError: the file cannot be read, or is far too large for subtitles.
    """
    try:
        with open_regular(path) as file, BufferedReader(file) as whole:
            data = whole.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from error
    if len(data) > LARGEST_BYTES:
        raise MediaError(
            f"{path} is larger than {LARGEST_BYTES} bytes: not a subtitle file", code="not_media"
        )
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
