"""Captions that show again what they showed and go on: rolling, scrolling, growing and paint-on captions.

What is on screen is a list of lines. The next cue shows the last of them again, whole, and then what is new: a new line
below (rolling, scrolling), or more words in the last line (growing, paint-on). Lines are compared by their words: not
by where they break, since converters break them anew, nor by capitals and marks, which live captions mend when they
show a line again. Only what is new is taken from such a cue.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise

from longvid_indexer.subtitles.cue import Cue, CueLine
from longvid_indexer.subtitles.repeated import (
    FEWEST_CUES,
    NEARLY_ALL,
    PARTS_MAX,
    TOUCH_S,
    end_of,
    once_a_moment,
    shown_on,
    whole_words,
    without_overlap,
    word_by_word,
)
from longvid_storage.text.segmentation import UNSPACED

# Some converters leave a pause between them; then nearly every cue must show again what was just shown.
_PAUSE_S = 1.0
# The share of cues that show again what was just shown in a rolling file.
_ROLLING_SHARE = 0.15
# In a file of a handful of cues two of them do, where they are half of it.
_FEW_ROLLING, _FEW_SHARE = 2, 0.5
# A file whose screens are cleared so many times as often as they scroll does not scroll.
_CLEARED_TIMES = 5
# No screen of captions has more lines.
_LINES_MAX = 8
# Where words were added to a line, so many must be shown again to tell a scrolled line from a word said twice.
_WORDS_MIN = 2
# A line is mended where no more than one in so many words is another, which has as much of the letters.
_MENDED_WORDS, _ALIKE = 4, 0.5
_UNSPACED = re.compile(f"[{UNSPACED}]")
_MARKS = ".,;:!?…"


@dataclass(slots=True)
class _Shown:
    """Words on screen that came at one time in one line: who says them, and the kept cue that has them.

    ``words`` as they are compared (``_bare``); ``inside`` when they were added to a line.
    """

    speaker: str | None
    words: list[str]
    kept: int
    inside: bool = False


@dataclass(frozen=True, slots=True)
class _Screen:
    """A cue, and of each of its lines the words as they stand and as they are compared (``_bare``)."""

    cue: Cue
    lines: list[list[str]]
    bare: list[list[str]]

    @classmethod
    def of(cls, cue: Cue) -> _Screen:
        lines = [line.text.split() for line in cue.lines]
        return cls(cue, lines, [_bare(words) for words in lines])

    def newest_first(self) -> _Screen:
        """The lines in the other order."""
        return _Screen(replace(self.cue, lines=self.cue.lines[::-1]), self.lines[::-1], self.bare[::-1])


def unroll(cues: Sequence[Cue]) -> list[Cue]:
    """Each line once, at the time it first appeared; ``cues`` are in order of their starts.

    A file in which fewer than three cues, or fewer than 15 %, show again what was there is no rolling one: people do
    say things twice. In a file of two to four cues two of them tell.
    """
    cues, typed = whole_words(word_by_word(shown_on(once_a_moment(cues))))
    screens = [_Screen.of(cue) for cue in cues]
    found = _unroll(screens, scrolls=True)
    if found.scrolled * _CLEARED_TIMES < found.cleared:
        # Its screens are cleared, not scrolled: a page that begins as the one before it ended says so again.
        found = _unroll(screens, scrolls=False)
    again = found.grown + found.scrolled
    rolling = again >= max(FEWEST_CUES, _ROLLING_SHARE * len(cues))
    rolling |= again >= max(_FEW_ROLLING, _FEW_SHARE * len(cues)) or (typed and again > 0)
    paused = _unroll(screens, scrolls=True, touch_s=_PAUSE_S)
    if rolling:
        pauses = sum(TOUCH_S < cue.start_s - before.end_s <= _PAUSE_S for before, cue in pairwise(cues))
        more = paused.grown + paused.scrolled - again
        return paused.kept if more >= max(FEWEST_CUES, NEARLY_ALL * pauses) else found.kept
    newest_first = _unroll([screen.newest_first() for screen in screens], scrolls=True)
    for other in (paused, newest_first):
        if other.scrolled >= max(FEWEST_CUES, NEARLY_ALL * (len(cues) - 1)):
            return other.kept
    return without_overlap(cues)


@dataclass(slots=True)
class _Unrolled:
    """The cues without what the one before them showed, and how often a cue grew, scrolled or cleared the screen."""

    kept: list[Cue]
    grown: int = 0
    scrolled: int = 0
    cleared: int = 0


def _unroll(screens: Sequence[_Screen], *, scrolls: bool, touch_s: float = TOUCH_S) -> _Unrolled:
    found = _Unrolled([])
    shown: list[_Shown] = []
    end_s = 0.0
    for screen in screens:
        cue, lines = screen.cue, screen.lines
        touches = bool(shown) and cue.start_s - end_s <= touch_s
        words = [word for line in screen.bare for word in line] if touches else []
        again = _again(shown, cue, words, scrolls=scrolls) if touches else None
        old = sum(len(part.words) for part in again or ())
        if again is None and touches:
            again, old = _cut_again(found.kept, shown, screen, scrolls=scrolls)
        if again is None:
            shown = [
                _Shown(line.speaker, own, len(found.kept))
                for line, own in zip(cue.lines, screen.bare, strict=True)
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
    later = range(max(1, len(shown) - PARTS_MAX), len(shown)) if scrolls else ()
    for at in (0, *later):
        part = shown[at]
        if part.words[0] != words[0] or (first is not None and part.speaker not in (None, first)):
            continue
        old = [word for other in shown[at:] for word in other.words]
        if words[: len(old)] == old and (_count(old) >= _WORDS_MIN or not part.inside):
            return shown[at:]
    return None


def _cut_again(
    kept: list[Cue], shown: list[_Shown], screen: _Screen, *, scrolls: bool
) -> tuple[list[_Shown] | None, int]:
    """The last lines on screen with which the cue begins although either was cut off at an end, and how many of the
    cue's words they are; None when there are none, or the cue is one line. Where the cue has more of a
    line, that is kept; below cut lines the last one may have grown."""
    cue, lines = screen.cue, screen.lines
    if len(lines) == 1:
        return None, 0
    there = _by_line(shown)
    for at in range(max(0, len(there) - len(lines)), len(there) if scrolls else 1):
        parts, own = there[at:], lines[: len(there) - at]
        bare = screen.bare[: len(own)]
        last = _words_of(parts[-1])
        grown = len(own) > 1 and len(bare[-1]) > len(last) and bare[-1][: len(last)] == last
        whole = len(own) - grown
        cut = all(
            _cut(_words_of(line), words) or _mended(_words_of(line), words)
            for line, words in zip(parts[:whole], bare, strict=False)
        )
        if parts[0][0].inside or not cut:
            continue
        for (part, *more), words, line in zip(parts[:whole], own, cue.lines, strict=False):
            before = kept[part.kept].lines
            longer = len(" ".join(words)) > len(" ".join(part.words)) or _mended(part.words, _bare(words))
            if longer and len(before) == 1 and not more:
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


def _mended(there: list[str], words: list[str]) -> bool:
    """Whether the words are those of a line on screen in which live captions have put one in four right, at most."""
    if len(there) != len(words) or len(words) < _MENDED_WORDS:
        return False
    others = [(one, other) for one, other in zip(there, words, strict=True) if one != other]
    few = 0 < len(others) <= len(words) // _MENDED_WORDS
    return few and all(SequenceMatcher(None, *pair).ratio() >= _ALIKE for pair in others)


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
            fresh.append(end_of(line, words[rest:]))
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


def _grow(kept: list[Cue], last: _Shown, cue: Cue, line: CueLine, words: list[str]) -> _Shown:
    """Add words to the last line that was kept."""
    before = kept[last.kept]
    *others, old = before.lines
    added = end_of(line, words)
    told = (*old.words, *added.words) if old.words and added.words else ()
    grown = replace(old, text=f"{old.text} {added.text}", words=told)
    kept[last.kept] = replace(before, end_s=max(before.end_s, cue.end_s), lines=(*others, grown))
    return _Shown(last.speaker, _bare(words), last.kept, inside=True)
