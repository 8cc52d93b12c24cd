"""Cues that show again what stands there already, and say nothing by it: layers and frames of a typeset line, captions
with one word marked after the other, typed ones, lines shown on while others appear, and windows that move over words.

Each function gives its cues as they are where too few of them are of its kind: people do say things twice.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from longvid_indexer.subtitles.cue import Cue, CueLine

# Two cues touch when the second begins this close to the end of the first.
TOUCH_S = 0.1
# So many cues that show again what was just shown make a file one of that kind; fewer may be people repeating
# themselves. Some kinds do so in nearly every cue.
FEWEST_CUES, NEARLY_ALL = 3, 0.6
# No screen of captions has more words that came one by one; a longer cue is compared by its last ones.
PARTS_MAX = 48
# A line shown again for less time than this, and than anyone needs to say it (30 letters a second), is the same line:
# a frame of an animation. People do say "Mm-hmm." again in 0.2 s.
_FRAME_S = 0.1
_LETTERS_A_SECOND = 30.0
_SLOWEST_LETTERS_A_SECOND = 2.0
# Words that most cues of a moving window share with the one before them.
_OVERLAP = 2


def once_a_moment(cues: Sequence[Cue]) -> list[Cue]:
    """Without what is shown twice at a time (layers of a typeset line), or again for a moment only (its frames)."""
    kept: list[Cue] = []
    last: dict[tuple[str, ...], int] = {}
    for cue in cues:
        # Word times differ where a line is shown again, and only one layer may name who speaks.
        key = tuple(line.text for line in cue.lines)
        place = last.get(key)
        if place is not None and _same_people(kept[place], cue) and _same_moment(kept[place], cue, cue.lines):
            named = [any(line.speaker for line in each.lines) for each in (kept[place], cue)]
            lines = cue.lines if named == [False, True] else kept[place].lines
            kept[place] = replace(kept[place], end_s=max(kept[place].end_s, cue.end_s), lines=lines)
            continue
        last[key] = len(kept)
        kept.append(cue)
    return kept


def _same_moment(before: Cue, cue: Cue, lines: tuple[CueLine, ...]) -> bool:
    length_s = cue.end_s - cue.start_s
    shared_s = min(before.end_s, cue.end_s) - cue.start_s
    if shared_s * 2 >= min(length_s, before.end_s - before.start_s):
        return True
    letters = sum(len(line.text) for line in lines)
    brief = length_s <= _FRAME_S + 1e-6 and letters > _LETTERS_A_SECOND * length_s
    return brief and cue.start_s - before.end_s <= TOUCH_S


def shown_on(cues: list[Cue]) -> list[Cue]:
    """Without cues that only show on what stands there while another appears, where most lines are written twice so."""
    last: dict[tuple[CueLine, ...], int] = {}
    kept: list[Cue] = []
    again = 0
    for number, cue in enumerate(cues):
        key = tuple(CueLine(line.text, line.speaker) for line in cue.lines)
        place = last.get(key)
        beside = [*cues[max(0, number - 1) : number], *cues[number + 1 : number + 2]]
        together = any(abs(other.start_s - cue.start_s) <= TOUCH_S for other in beside)
        if place is not None and together and abs(cue.start_s - kept[place].end_s) <= TOUCH_S:
            kept[place] = replace(kept[place], end_s=max(kept[place].end_s, cue.end_s))
            again += 1
            continue
        last[key] = len(kept)
        kept.append(cue)
    return kept if again >= max(FEWEST_CUES, NEARLY_ALL * (len(kept) - 1)) else cues


def word_by_word(cues: list[Cue]) -> list[Cue]:
    """Without cues that show the same words as the one they touch, another of them marked (Whisper's highlighted
    words, karaoke), where half of all do: one for each word and each pause, and no slower than anyone speaks."""
    kept: list[Cue] = []
    again = 0
    for text, group in groupby(enumerate(cues), key=lambda each: [line.text for line in each[1].lines]):
        own = [cue for _, cue in group]
        words = " ".join(text).split()
        length_s = own[-1].end_s - own[0].start_s
        touching = all(abs(cue.start_s - before.end_s) <= TOUCH_S for before, cue in pairwise(own))
        same = all(_same_people(own[0], cue) for cue in own)
        spoken = sum(map(len, text)) >= _SLOWEST_LETTERS_A_SECOND * length_s
        if touching and same and spoken and len(own) <= 2 * len(words) + 1:
            again += len(own) - 1
            own = [replace(own[0], end_s=own[-1].end_s)]
        kept += own
    return kept if again >= max(FEWEST_CUES, len(cues) / 2) else cues


def _same_people(one: Cue, other: Cue) -> bool:
    pairs = zip(one.lines, other.lines, strict=True)
    return all(None in (a.speaker, b.speaker) or a.speaker == b.speaker for a, b in pairs)


def whole_words(cues: list[Cue]) -> tuple[list[Cue], bool]:
    """Without cues that the next one shows again with more letters of the last word, and whether there are some:
    captions that are typed, or painted two letters at a time. Fewer than three in a file are left."""
    kept: list[Cue] = []
    typed = 0
    for cue in cues:
        last = kept[-1] if kept else None
        text = _text(cue)
        if last is not None and cue.start_s - last.end_s <= TOUCH_S:
            before = _text(last)
            if (
                text.startswith(before)
                and _in_word(text[len(before) : len(before) + 1])
                and _in_word(before[-1:])
            ):
                kept[-1] = replace(cue, start_s=last.start_s, end_s=max(cue.end_s, last.end_s))
                typed += 1
                continue
        kept.append(cue)
    return (kept, True) if typed >= FEWEST_CUES else (cues, False)


def _in_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character or " ").startswith("M")


def without_overlap(cues: list[Cue]) -> list[Cue]:
    """A window of words that moves on by a few at a time, said once; other files as they are.

    In such a file most cues begin with the last ``_OVERLAP`` words or more of the one before them, and go on.
    """
    if len(cues) < FEWEST_CUES:
        return cues
    words = [_text(cue).split() for cue in cues]
    touching = [cue.start_s - before.end_s <= TOUCH_S for before, cue in pairwise(cues)]
    overlaps = (_overlap(one, other) for one, other in pairwise(words))
    shared = [0, *(count if near else 0 for count, near in zip(overlaps, touching, strict=True))]
    moving = sum(_OVERLAP <= count < len(own) for count, own in zip(shared, words, strict=True))
    if moving < max(FEWEST_CUES, NEARLY_ALL * (len(cues) - 1)):
        return cues
    kept = []
    for cue, own, count in zip(cues, words, shared, strict=True):
        if count < _OVERLAP:
            kept.append(cue)
        elif count < len(own):
            kept.append(replace(cue, lines=(end_of(cue.lines[-1], own[count:]),)))
    return kept


def _overlap(one: list[str], other: list[str]) -> int:
    """How many words the second begins with that the first ends with."""
    for count in range(min(len(one), len(other), PARTS_MAX), 0, -1):
        if one[-1] == other[count - 1] and one[-count:] == other[:count]:
            return count
    return 0


def _text(cue: Cue) -> str:
    return " ".join(line.text for line in cue.lines)


def end_of(line: CueLine, words: Sequence[str]) -> CueLine:
    """The last words of a line, with their times if it has them."""
    timed = line.words[-len(words) :]
    told = timed if [word.text for word in timed] == [*words] else ()
    return replace(line, text=" ".join(words), words=told)
