"""TMPlayer, in which Polish films have their subtitles: ``00:01:02:Text|next line``, a start alone.

``00:01:02,1=Text`` is the first of two lines that are shown together.
"""

from __future__ import annotations

import re

from longvid_indexer.subtitles.building import until_next
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.timing import add_cue

_LINE = re.compile(r"\s{0,9}(\d{1,2}):([0-5]\d):([0-5]\d)(?:,(\d{1,2}))?[:=](.*)\Z")
# "00:00:20:12 people": two digits behind the seconds may be pictures, so that such a line tells no format.
_TOLD = re.compile(r"\s{0,9}\d{1,2}:[0-5]\d:[0-5]\d(?:,\d{1,2}=|[:=](?!\d\d(?!\d))(?:\S|\Z))")
_LOOKED_AT, _FEWEST, _SHARE = 40, 2, 0.7


def is_tmplayer(text: str) -> bool:
    """Whether most of the first lines begin with a time of whole seconds and a colon, and no space behind it."""
    lines = [line for line in text[:8000].splitlines() if line.strip()][:_LOOKED_AT]
    told = sum(_TOLD.match(line) is not None for line in lines)
    written = sum(_LINE.match(line) is not None for line in lines)
    return told >= _FEWEST and told >= _SHARE * written and written >= _SHARE * len(lines)


def parse_tmplayer(text: str) -> Subtitles:
    """Cues until the next time, sooner where nobody could be so slow; a time without text ends the one before."""
    read = Subtitles()
    written: list[tuple[float, list[str]]] = []
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            if line.strip():
                read.problems["lines without a time were left out"] += 1
            continue
        at_s = int(match[1]) * 3600.0 + int(match[2]) * 60 + int(match[3])
        said = "\n".join(part.lstrip("/") for part in match[5].split("|")).strip()
        if match[4] not in (None, "1") and written and written[-1][0] == at_s:
            written[-1][1].append(said)
        else:
            written.append((at_s, [said]))
    written.sort(key=lambda each: each[0])
    shown = [(at_s, "\n".join(lines).strip()) for at_s, lines in written]
    ends = until_next([at_s for at_s, _ in shown], [said for _, said in shown])
    for (at_s, said), end_s in zip(shown, ends, strict=True):
        if said:
            add_cue(read, at_s, end_s, said)
    return read
