"""WebVTT (https://www.w3.org/TR/webvtt1/): voices, word times, notes and styles; header or not."""

from __future__ import annotations

import re

from longvid_indexer.subtitles.blocks import split_blocks
from longvid_indexer.subtitles.building import add_spoken
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.cue_ids import name_by_ids
from longvid_indexer.subtitles.json_items import read_piece
from longvid_indexer.subtitles.languages import normalise_language
from longvid_indexer.subtitles.times import parse_span
from longvid_indexer.subtitles.timing import add_cue
from longvid_storage.text.shown import read_json

_HEADER = re.compile(r"WEBVTT(?:[ \t]+(?:-\s*)?(?P<title>.*))?\Z")


def parse_webvtt(text: str) -> Subtitles:
    """The cues of a WebVTT file; its title and language come from the header block."""
    read = Subtitles()
    lines = text.splitlines()
    if lines and (header := _HEADER.match(lines[0].strip())):
        read.title = header["title"] or None
        for line in lines[1:]:
            if not line.strip() or parse_span(line):
                break
            key, _, value = line.partition(":")
            if key.strip().lower() == "language":
                read.language = normalise_language(value)
    for block in split_blocks(lines, read.problems, named=True):
        cue = "\n".join(block.lines)
        if spoken := _spoken_data(cue):
            add_spoken(read, block.start_s, block.end_s, *spoken)
        else:
            add_cue(read, block.start_s, block.end_s, cue)
    name_by_ids(read, lines)
    read.voices_last = "<v" in text and "</v" not in text
    return read


def _spoken_data(text: str) -> tuple[str, str] | None:
    """What is said, and by whom, where a cue is an object that tells both (Teams' ``metadataContent``)."""
    if not text.startswith("{") or "speaker" not in text.casefold():
        return None
    try:
        piece = read_piece(read_json(text))
    except (ValueError, RecursionError):
        return None
    said = " ".join((piece.text or "").split())
    return (said, piece.speaker) if said and piece.speaker else None
