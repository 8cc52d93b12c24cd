"""A cue is taken into what was read only with a span that can be shown; wrong ends are mended and counted."""

from __future__ import annotations

from longvid_indexer.subtitles.cue import DAY_S, Cue, Subtitles
from longvid_indexer.subtitles.markup import parse_lines

# Fast readers manage about 20 characters a second; a cue with a lost end was shown at least so long.
READING_SPEED = 20.0
_SHORTEST_S = 1.0


def add_cue(
    read: Subtitles, start_s: float, end_s: float | None, raw: str, speaker: str | None = None
) -> None:
    """Append one cue; ``speaker`` is what the format says beside the text (ASS), else the markup tells.

    An end that is missing or not after the start is replaced by an estimate from the length of the text, except after
    midnight, where a clock begins anew.
    """
    if end_s is not None and start_s - end_s > DAY_S / 2:
        end_s += DAY_S
    mended = end_s is not None and end_s <= start_s
    if end_s is None or end_s <= start_s:
        letters = sum(len(line.text) for line in parse_lines(raw, start_s, start_s))
        end_s = start_s + max(_SHORTEST_S, letters / READING_SPEED)
    lines = parse_lines(raw, start_s, end_s)
    if not lines:
        read.problems["empty cues were left out"] += 1
        return
    if mended:
        read.problems["cues that ended before they began got an estimated end"] += 1
    if speaker is not None:
        lines = tuple(type(line)(line.text, line.speaker or speaker, line.words) for line in lines)
    read.cues.append(Cue(start_s, end_s, lines))
