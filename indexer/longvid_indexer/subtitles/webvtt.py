"""WebVTT (https://www.w3.org/TR/webvtt1/): voices, word times, notes and styles; header or not."""

from __future__ import annotations

import re

from longvid_indexer.subtitles.blocks import split_blocks
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.cue_ids import name_by_ids
from longvid_indexer.subtitles.languages import normalise_language
from longvid_indexer.subtitles.times import parse_span
from longvid_indexer.subtitles.timing import add_cue

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
        add_cue(read, block.start_s, block.end_s, "\n".join(block.lines))
    name_by_ids(read, lines)
    read.voices_last = "<v" in text and "</v" not in text
    return read
