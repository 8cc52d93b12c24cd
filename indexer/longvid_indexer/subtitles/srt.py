"""SubRip (``.srt``): never standardised, so only the lines of times are trusted."""

from __future__ import annotations

from longvid_indexer.subtitles.blocks import split_blocks
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.timing import add_cue


def parse_srt(text: str) -> Subtitles:
    """The cues of a SubRip file."""
    read = Subtitles()
    for block in split_blocks(text.splitlines(), read.problems, named=False):
        add_cue(read, block.start_s, block.end_s, "\n".join(block.lines))
    return read
