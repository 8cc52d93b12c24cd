"""A transcript that is too long to be sent whole: where its lines are, who speaks when, and which hold some words."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from longvid_storage.db.view import View

_MOST_STRETCHES = 400
_BREATH_S = 2.0


@dataclass(frozen=True, slots=True)
class SpeakerStretch:
    """``[start_s, end_s)`` in which one speaks; of a long video, in which one speaks most."""

    start_s: float
    end_s: float
    speaker: str


@dataclass(frozen=True, slots=True)
class LineMap:
    """The lines of a transcript, without their words.

    ``starts_s``: when every ``each``-th line begins, from line 0 on. ``found``: numbers of lines that hold some words.
    """

    count: int
    each: int
    starts_s: tuple[float, ...]
    stretches: tuple[SpeakerStretch, ...]
    found: tuple[int, ...]


def line_map(view: View, video_id: str, each: int, words: str) -> LineMap:
    """The map of a video's lines; with ``words``, of which hold them as written (letter case and accents aside)."""
    wanted = _folded(words.strip())
    count, starts, found = 0, [], []
    stretches: list[SpeakerStretch] = []
    for start_s, end_s, speaker, text in view.lines(video_id):
        if count % each == 0:
            starts.append(start_s)
        if wanted and wanted in _folded(text):
            found.append(count)
        if speaker is not None:
            _add(stretches, SpeakerStretch(start_s, end_s, speaker), _BREATH_S)
        count += 1
    return LineMap(count, each, tuple(starts), tuple(_few(stretches)), tuple(found))


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).lower()


def _add(stretches: list[SpeakerStretch], new: SpeakerStretch, breath_s: float) -> None:
    """Lengthen the last stretch where the same one goes on after no more than a breath."""
    last = stretches[-1] if stretches else None
    if last is not None and last.speaker == new.speaker and new.start_s - last.end_s < breath_s:
        stretches[-1] = SpeakerStretch(last.start_s, max(last.end_s, new.end_s), last.speaker)
    else:
        stretches.append(new)


def _few(stretches: Sequence[SpeakerStretch]) -> Iterable[SpeakerStretch]:
    """No more than can be told apart on a screen: beyond that, who speaks most in each of so many equal parts."""
    if len(stretches) <= _MOST_STRETCHES:
        return stretches
    part_s = max(each.end_s for each in stretches) / _MOST_STRETCHES
    spoken = [defaultdict[str, float](float) for _ in range(_MOST_STRETCHES)]
    for each in stretches:
        first, last = int(each.start_s / part_s), min(int(each.end_s / part_s), _MOST_STRETCHES - 1)
        for number in range(first, last + 1):
            begins, ends = number * part_s, (number + 1) * part_s
            spoken[number][each.speaker] += min(each.end_s, ends) - max(each.start_s, begins)
    few: list[SpeakerStretch] = []
    for number, parts in enumerate(spoken):
        if parts:
            speaker = max(parts, key=parts.__getitem__)
            _add(few, SpeakerStretch(number * part_s, (number + 1) * part_s, speaker), part_s / 2)
    return few
