"""Cues to utterances: captions that roll are said once, sound descriptions are not speech, dashes are not words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from longvid_indexer.subtitles.cue import Cue, Line

# Two cues touch when the second begins this close to the end of the first.
_TOUCH_S = 0.1
# So many repeats of what was just shown make a file a rolling one; fewer may be people repeating themselves.
_ROLLING_CUES = 3
_ROLLING_SHARE = 0.15
_SOUND = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|[♪♫♬#\s.…-]+")
_SOUND_WORDS_MAX = 6


def _shown(cue: Cue) -> list[str]:
    return [line.text for line in cue.lines]


def _carried_over(before: Cue, cue: Cue) -> int:
    """How many of the cue's first lines are the last lines that were on screen already."""
    if not -0.5 <= cue.start_s - before.end_s <= _TOUCH_S and not before.start_s < cue.start_s < before.end_s:
        return 0
    old, new = _shown(before), _shown(cue)
    for count in range(min(len(old), len(new)), 0, -1):
        if old[-count:] == new[:count]:
            return count
    return 0


def _grows(before: Cue, cue: Cue) -> bool:
    """Whether the cue shows what was there and more words of the same speaker: live captions write as they hear."""
    if cue.start_s - before.end_s > _TOUCH_S:
        return False
    old, new = " ".join(_shown(before)).split(), " ".join(_shown(cue)).split()
    same_voice = before.lines[0].speaker == cue.lines[0].speaker
    return same_voice and len(new) > len(old) > 0 and new[: len(old)] == old


def unroll(cues: Sequence[Cue]) -> list[Cue]:
    """Each line once, at the time it first appeared.

    YouTube's automatic captions show every line twice or three times (as it scrolls up), live captions show a line
    again with every new word, animated ones once a frame. Only a file that does so throughout is treated so: people
    do say things twice.
    """
    pairs = list(pairwise(cues))
    rolls = sum(_carried_over(a, b) > 0 and len(b.lines) + len(a.lines) > 2 for a, b in pairs)
    grows = sum(_grows(a, b) for a, b in pairs)
    enough = max(_ROLLING_CUES, _ROLLING_SHARE * len(cues))
    rolling, growing = rolls >= enough, grows >= enough
    repeating = sum(a.lines == b.lines and _carried_over(a, b) > 0 for a, b in pairs) >= enough
    kept: list[Cue] = []
    before: Cue | None = None  # as shown, not as kept
    for cue in cues:
        carried = _carried_over(before, cue) if before is not None else 0
        if before is not None and kept and growing and _grows(before, cue):
            kept[-1] = replace(cue, start_s=kept[-1].start_s)
        elif before is not None and kept and carried == len(cue.lines) and (rolling or repeating):
            if _shown(kept[-1]) == _shown(cue):
                kept[-1] = replace(kept[-1], end_s=max(kept[-1].end_s, cue.end_s))
        elif rolling and carried:
            kept.append(replace(cue, lines=cue.lines[carried:]))
        else:
            kept.append(cue)
        before = cue
    return kept


def is_sound(text: str) -> bool:
    """Whether a whole line describes sound instead of speech: ``[Music]``, ``(door slams)``, ``♪``."""
    is_link = "](" in text or "://" in text
    return not is_link and not _SOUND.sub("", text) and len(text.split()) <= _SOUND_WORDS_MAX


def tidy_line(line: Line) -> Line | None:
    """The line without its dialogue dash or music signs; None when it describes sound only."""
    if is_sound(line.text):
        return None
    text = re.sub(r"^[-–—‐](?:\s+|(?=[^\W\d]))", "", line.text)
    text = re.sub(r"\s*[♪♫♬]+\s*", " ", text).strip()
    return replace(line, text=text) if text else None
