"""Captions that show again what they showed: rolling, scrolling, growing and paint-on captions, and typeset layers.

What is on screen is a list of lines. The next cue shows the last of them again, whole, and then what is new: a new line
below (rolling, scrolling), or more words in the last line (growing, paint-on). Lines are compared by their words: not
by where they break, since converters break them anew, nor by capitals and marks, which live captions mend when they
show a line again. Only what is new is taken from such a cue.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from longvid_indexer.subtitles.cue import Cue, CueLine
from longvid_storage.text.segmentation import UNSPACED

# Two cues touch when the second begins this close to the end of the first.
_TOUCH_S = 0.1
# Some converters leave a pause between them; then nearly every cue must show again what was just shown.
_PAUSE_S = 1.0
_NEARLY_ALL = 0.6
# So many cues that show again what was just shown make a file a rolling one; fewer may be people repeating themselves.
_ROLLING_CUES = 3
_ROLLING_SHARE = 0.15
# In a file of a handful of cues two of them do, where they are half of it.
_FEW_ROLLING, _FEW_SHARE = 2, 0.5
# A file whose screens are cleared so many times as often as they scroll does not scroll.
_CLEARED_TIMES = 5
# No screen of captions has more lines, or words that came one by one; a longer cue is compared by its last ones.
_LINES_MAX = 8
_PARTS_MAX = 48
# Where words were added to a line, so many must be shown again to tell a scrolled line from a word said twice.
_WORDS_MIN = 2
_UNSPACED = re.compile(f"[{UNSPACED}]")
_MARKS = ".,;:!?…"
# A line shown again for less time than this, and than anyone needs to say it (30 letters a second), is the same line:
# a frame of an animation. People do say "Mm-hmm." again in 0.2 s.
_FRAME_S = 0.1
_LETTERS_A_SECOND = 30.0
_SLOWEST_LETTERS_A_SECOND = 2.0
# Words that most cues of a moving window share with the one before them, and how many cues are most.
_OVERLAP = 2
_MOVING_SHARE = 0.6


@dataclass(slots=True)
class _Shown:
    """Words on screen that came at one time in one line: who says them, and the kept cue that has them.

    ``words`` as they are compared (``_bare``); ``inside`` when they were added to a line.
    """

    speaker: str | None
    words: list[str]
    kept: int
    inside: bool = False


def unroll(cues: Sequence[Cue]) -> list[Cue]:
    """Each line once, at the time it first appeared; ``cues`` are in order of their starts.

    A file in which fewer than three cues, or fewer than 15 %, show again what was there is no rolling one: people do
    say things twice. In a file of two to four cues two of them tell.
    """
    cues, typed = _whole_words(_word_by_word(_shown_on(_once_a_moment(cues))))
    found = _unroll(cues, scrolls=True)
    if found.scrolled * _CLEARED_TIMES < found.cleared:
        # Its screens are cleared, not scrolled: a page that begins as the one before it ended says so again.
        found = _unroll(cues, scrolls=False)
    again = found.grown + found.scrolled
    rolling = again >= max(_ROLLING_CUES, _ROLLING_SHARE * len(cues))
    rolling |= again >= max(_FEW_ROLLING, _FEW_SHARE * len(cues)) or (typed and again > 0)
    paused = _unroll(cues, scrolls=True, touch_s=_PAUSE_S)
    if rolling:
        pauses = sum(_TOUCH_S < cue.start_s - before.end_s <= _PAUSE_S for before, cue in pairwise(cues))
        more = paused.grown + paused.scrolled - again
        return paused.kept if more >= max(_ROLLING_CUES, _NEARLY_ALL * pauses) else found.kept
    newest_first = _unroll([replace(cue, lines=cue.lines[::-1]) for cue in cues], scrolls=True)
    for other in (paused, newest_first):
        if other.scrolled >= max(_ROLLING_CUES, _NEARLY_ALL * (len(cues) - 1)):
            return other.kept
    return _without_overlap(cues)


def _word_by_word(cues: list[Cue]) -> list[Cue]:
    """Without cues that show the same words as the one they touch, another of them marked (Whisper's highlighted
    words, karaoke), where half of all do: one for each word and each pause, and no slower than anyone speaks."""
    kept: list[Cue] = []
    again = 0
    for text, group in groupby(enumerate(cues), key=lambda each: [line.text for line in each[1].lines]):
        own = [cue for _, cue in group]
        words = " ".join(text).split()
        length_s = own[-1].end_s - own[0].start_s
        touching = all(abs(cue.start_s - before.end_s) <= _TOUCH_S for before, cue in pairwise(own))
        same = all(_same_people(own[0], cue) for cue in own)
        spoken = sum(map(len, text)) >= _SLOWEST_LETTERS_A_SECOND * length_s
        if touching and same and spoken and len(own) <= 2 * len(words) + 1:
            again += len(own) - 1
            own = [replace(own[0], end_s=own[-1].end_s)]
        kept += own
    return kept if again >= max(_ROLLING_CUES, len(cues) / 2) else cues


def _shown_on(cues: list[Cue]) -> list[Cue]:
    """Without cues that only show on what stands there while another appears, where most lines are written twice so."""
    last: dict[tuple[CueLine, ...], int] = {}
    kept: list[Cue] = []
    again = 0
    for number, cue in enumerate(cues):
        key = tuple(CueLine(line.text, line.speaker) for line in cue.lines)
        place = last.get(key)
        beside = [*cues[max(0, number - 1) : number], *cues[number + 1 : number + 2]]
        together = any(abs(other.start_s - cue.start_s) <= _TOUCH_S for other in beside)
        if place is not None and together and abs(cue.start_s - kept[place].end_s) <= _TOUCH_S:
            kept[place] = replace(kept[place], end_s=max(kept[place].end_s, cue.end_s))
            again += 1
            continue
        last[key] = len(kept)
        kept.append(cue)
    return kept if again >= max(_ROLLING_CUES, _NEARLY_ALL * (len(kept) - 1)) else cues


def _whole_words(cues: list[Cue]) -> tuple[list[Cue], bool]:
    """Without cues that the next one shows again with more letters of the last word, and whether there are some:
    captions that are typed, or painted two letters at a time. Fewer than three in a file are left."""
    kept: list[Cue] = []
    typed = 0
    for cue in cues:
        last = kept[-1] if kept else None
        text = _text(cue)
        if last is not None and cue.start_s - last.end_s <= _TOUCH_S:
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
    return (kept, True) if typed >= _ROLLING_CUES else (cues, False)


def _in_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character or " ").startswith("M")


def _text(cue: Cue) -> str:
    return " ".join(line.text for line in cue.lines)


def _without_overlap(cues: list[Cue]) -> list[Cue]:
    """A window of words that moves on by a few at a time, said once; other files as they are.

    In such a file most cues begin with the last ``_OVERLAP`` words or more of the one before them, and go on.
    """
    if len(cues) < _ROLLING_CUES:
        return cues
    words = [_text(cue).split() for cue in cues]
    touching = [cue.start_s - before.end_s <= _TOUCH_S for before, cue in pairwise(cues)]
    overlaps = (_overlap(one, other) for one, other in pairwise(words))
    shared = [0, *(count if near else 0 for count, near in zip(overlaps, touching, strict=True))]
    moving = sum(_OVERLAP <= count < len(own) for count, own in zip(shared, words, strict=True))
    if moving < max(_ROLLING_CUES, _MOVING_SHARE * (len(cues) - 1)):
        return cues
    kept = []
    for cue, own, count in zip(cues, words, shared, strict=True):
        if count < _OVERLAP:
            kept.append(cue)
        elif count < len(own):
            kept.append(replace(cue, lines=(_end_of(cue.lines[-1], own[count:]),)))
    return kept


def _overlap(one: list[str], other: list[str]) -> int:
    """How many words the second begins with that the first ends with."""
    for count in range(min(len(one), len(other), _PARTS_MAX), 0, -1):
        if one[-1] == other[count - 1] and one[-count:] == other[:count]:
            return count
    return 0


def _once_a_moment(cues: Sequence[Cue]) -> list[Cue]:
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


def _same_people(one: Cue, other: Cue) -> bool:
    pairs = zip(one.lines, other.lines, strict=True)
    return all(None in (a.speaker, b.speaker) or a.speaker == b.speaker for a, b in pairs)


def _same_moment(before: Cue, cue: Cue, lines: tuple[CueLine, ...]) -> bool:
    length_s = cue.end_s - cue.start_s
    shared_s = min(before.end_s, cue.end_s) - cue.start_s
    if shared_s * 2 >= min(length_s, before.end_s - before.start_s):
        return True
    letters = sum(len(line.text) for line in lines)
    brief = length_s <= _FRAME_S + 1e-6 and letters > _LETTERS_A_SECOND * length_s
    return brief and cue.start_s - before.end_s <= _TOUCH_S


@dataclass(slots=True)
class _Unrolled:
    """The cues without what the one before them showed, and how often a cue grew, scrolled or cleared the screen."""

    kept: list[Cue]
    grown: int = 0
    scrolled: int = 0
    cleared: int = 0


def _unroll(cues: Sequence[Cue], *, scrolls: bool, touch_s: float = _TOUCH_S) -> _Unrolled:
    found = _Unrolled([])
    shown: list[_Shown] = []
    end_s = 0.0
    for cue in cues:
        lines = [line.text.split() for line in cue.lines]
        words = [word for line in lines for word in line]
        touches = bool(shown) and cue.start_s - end_s <= touch_s
        again = _again(shown, cue, _bare(words), scrolls=scrolls) if touches else None
        old = sum(len(part.words) for part in again or ())
        if again is None and touches:
            again, old = _cut_again(found.kept, shown, cue, lines, scrolls=scrolls)
        if again is None:
            shown = [
                _Shown(line.speaker, _bare(own), len(found.kept))
                for line, own in zip(cue.lines, lines, strict=True)
            ]
            found.kept.append(cue)
            found.cleared += touches
        else:
            scrolled = len(again) < len(shown)
            found.scrolled += scrolled
            found.grown += len(words) > old and not scrolled
            _punctuate(found.kept, {part.kept for part in again}, cue)
            shown = _take_new(found.kept, again, cue, lines, old, scrolled=scrolled)
        end_s = cue.end_s
    return found


def _again(shown: list[_Shown], cue: Cue, words: list[str], *, scrolls: bool) -> list[_Shown] | None:
    """The last words on screen with which the cue begins, as many as possible; None when there are none."""
    first = cue.lines[0].speaker
    later = range(max(1, len(shown) - _PARTS_MAX), len(shown)) if scrolls else ()
    for at in (0, *later):
        part = shown[at]
        if part.words[0] != words[0] or (first is not None and part.speaker not in (None, first)):
            continue
        old = [word for other in shown[at:] for word in other.words]
        if words[: len(old)] == old and (_count(old) >= _WORDS_MIN or not part.inside):
            return shown[at:]
    return None


def _cut_again(
    kept: list[Cue], shown: list[_Shown], cue: Cue, lines: list[list[str]], *, scrolls: bool
) -> tuple[list[_Shown] | None, int]:
    """The last lines on screen with which the cue begins although either was cut off at an end, and how many of the
    cue's words they are; None when there are none, or the cue is one line. Where the cue has more of a
    line, that is kept; below cut lines the last one may have grown."""
    if len(lines) == 1:
        return None, 0
    there = _by_line(shown)
    for at in range(max(0, len(there) - len(lines)), len(there) if scrolls else 1):
        parts, own = there[at:], lines[: len(there) - at]
        bare = [_bare(words) for words in own]
        last = _words_of(parts[-1])
        grown = len(own) > 1 and len(bare[-1]) > len(last) and bare[-1][: len(last)] == last
        whole = len(own) - grown
        cut = all(_cut(_words_of(line), words) for line, words in zip(parts[:whole], bare, strict=False))
        if parts[0][0].inside or not cut:
            continue
        for (part, *more), words, line in zip(parts[:whole], own, cue.lines, strict=False):
            before = kept[part.kept].lines
            if len(" ".join(words)) > len(" ".join(part.words)) and len(before) == 1 and not more:
                kept[part.kept] = replace(kept[part.kept], lines=(replace(line, speaker=before[0].speaker),))
                part.words = _bare(words)
        old = sum(map(len, own[:whole])) + len(last) * grown
        return [part for line in parts for part in line], old
    return None, 0


def _by_line(shown: Sequence[_Shown]) -> list[list[_Shown]]:
    """What is on screen, line by line: with a line the words that were added to it."""
    found: list[list[_Shown]] = []
    for part in shown:
        if part.inside and found and found[-1][-1].kept == part.kept:
            found[-1].append(part)
        else:
            found.append([part])
    return found


def _words_of(line: Sequence[_Shown]) -> list[str]:
    return [word for part in line for word in part.words]


def _cut(there: list[str], words: list[str]) -> bool:
    """Whether the words are those of a line on screen, or one of the two is the other cut off at its end or
    beginning: half of it and more, and ``_WORDS_MIN`` words."""
    one, other = sorted((" ".join(there), " ".join(words)), key=len)
    if one == other:
        return True
    enough = min(_count(there), _count(words)) >= _WORDS_MIN and 2 * len(one) >= len(other)
    return enough and (other.startswith(one) or other.endswith(one))


def _bare(words: Sequence[str]) -> list[str]:
    """Words without capitals and the marks at their ends, one for one."""
    return [word.casefold().strip(_MARKS) or word for word in words]


def _count(words: Sequence[str]) -> int:
    """Words; a line of a script without spaces is several."""
    return sum(2 if len(word) > 3 and _UNSPACED.match(word) else 1 for word in words)


def _take_new(
    kept: list[Cue], again: list[_Shown], cue: Cue, lines: list[list[str]], old: int, *, scrolled: bool
) -> list[_Shown]:
    """Add what is new in a cue to what is kept; returns what is on screen now.

    Words in a line that was there belong to it, unless the screen has scrolled: then a converter has joined two lines.
    """
    shown = list(again)
    rest = old
    fresh: list[CueLine] = []
    for line, words in zip(cue.lines, lines, strict=True):
        if rest >= len(words):
            rest -= len(words)
            continue
        if rest and not scrolled and len(kept[shown[-1].kept].lines) <= _LINES_MAX:
            shown.append(_grow(kept, shown[-1], cue, line, words[rest:]))
        elif rest:
            fresh.append(_end_of(line, words[rest:]))
        else:
            fresh.append(line)
        rest = 0
    if fresh:
        shown += [_Shown(line.speaker, _bare(line.text.split()), len(kept)) for line in fresh]
        kept.append(replace(cue, lines=tuple(fresh)))
    elif old == sum(map(len, lines)) and not scrolled:
        last = shown[-1].kept
        kept[last] = replace(kept[last], end_s=max(kept[last].end_s, cue.end_s))
    return shown


def _punctuate(kept: list[Cue], places: set[int], cue: Cue) -> None:
    """Lines without a point at their end, which the cue shows again with one, as it shows them."""
    ended = {
        tuple(_bare(line.text.split())): line.text for line in cue.lines if line.text.endswith(tuple(_MARKS))
    }
    for place in places if ended else ():
        kept[place] = replace(
            kept[place],
            lines=tuple(
                replace(line, text=ended.get(tuple(_bare(line.text.split())), line.text))
                if not line.words and not line.text.endswith(tuple(_MARKS))
                else line
                for line in kept[place].lines
            ),
        )


def _end_of(line: CueLine, words: list[str]) -> CueLine:
    """The last words of a line, with their times if it has them."""
    timed = line.words[-len(words) :]
    told = timed if [word.text for word in timed] == words else ()
    return replace(line, text=" ".join(words), words=told)


def _grow(kept: list[Cue], last: _Shown, cue: Cue, line: CueLine, words: list[str]) -> _Shown:
    """Add words to the last line that was kept."""
    before = kept[last.kept]
    *others, old = before.lines
    added = _end_of(line, words)
    told = (*old.words, *added.words) if old.words and added.words else ()
    grown = replace(old, text=f"{old.text} {added.text}", words=told)
    kept[last.kept] = replace(before, end_s=max(before.end_s, cue.end_s), lines=(*others, grown))
    return _Shown(last.speaker, _bare(words), last.kept, inside=True)
