"""Speakers in the names of WebVTT cues: ``1 "Jane Miller" (1234567)`` (Webex), ``Speaker 1``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.times import parse_span

_WEBEX = re.compile(r"\d{1,6} \"(?P<name>[^\"]{1,80})\"(?: \(\d{1,20}\))?\Z")
_NUMBERED = re.compile(
    r"(?:speaker|spk|voice|participant|unknown speaker)[\s_#-]{0,2}(?:\d{1,3}|[A-Za-z])\Z", re.IGNORECASE
)
_LONGEST_NAME = 60
_COUNTER = re.compile(r"\A\d{1,6}\s?[-–:.]\s(?=[^\W\d_])")  # "12 - Jane Miller"


def name_by_ids(read: Subtitles, lines: Sequence[str]) -> None:
    """Give the cues without a speaker the one their name tells.

    Webex's form and numbered speakers are surely names; any other is one where names come back and are no numbers
    (a counter, or an id of each cue's own, never does).
    """
    ids = {span: _COUNTER.sub("", text) for span, text in _ids(lines).items()}
    if not ids:
        return
    counts = Counter(ids.values())
    come_back = len(counts) < len(ids) and all(any(map(str.isalpha, text)) for text in counts)
    for number, cue in enumerate(read.cues):
        text = ids.get((cue.start_s, cue.end_s), "")
        match = _WEBEX.match(text)
        sure = match is not None or _NUMBERED.match(text) is not None
        if (sure or come_back) and text and all(line.speaker is None for line in cue.lines):
            name = match["name"].strip() if match else text
            read.cues[number] = replace(cue, lines=tuple(replace(line, speaker=name) for line in cue.lines))


def _ids(lines: Sequence[str]) -> dict[tuple[float, float | None], str]:
    """The name of each cue by its times: the line above them, below an empty one."""
    found: dict[tuple[float, float | None], str] = {}
    for before, above, line in zip(["", *lines], lines, lines[1:], strict=False):
        text = above.strip()
        if (
            text
            and len(text) <= _LONGEST_NAME + 40
            and not before.strip()
            and "-->" in line
            and "-->" not in text
        ):
            span = parse_span(line)
            if span is not None and not text.startswith(("NOTE", "STYLE", "REGION", "WEBVTT")):
                found[span] = text
    return found
