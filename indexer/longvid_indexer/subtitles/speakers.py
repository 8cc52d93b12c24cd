"""Who speaks, where the text itself says so: ``Name: text``, ``[Name] text``, ``(Name)`` on its own line, ``>> Name:``.

Not every colon is a speaker, and there is no list of names: the file decides. A **label** is what could be a name in
brackets or before a colon, followed by the beginning of a sentence ("DNA: the molecule" goes on in lower case).

- Most cues open with a label: every such opening is a name, whatever it looks like.
- The first cue has a label and no name follows itself: the file names at a change only; every label is a name.
- A name may also be parted by a dash, a bar or (``Q. A.``) a point: only where nearly all cues open so, with few names.
- Else only what looks like a name (up to four words with capitals) and comes back; capitals alone make none. What is
  in doubt stays in the text, where search finds it.

A name holds for its own cue; until the next one only where the file names at a change, or marks changes with ``>>``. A
dash begins what somebody else says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from longvid_indexer.subtitles.cue import Cue, CueLine
from longvid_indexer.subtitles.descriptions import is_sound
from longvid_indexer.subtitles.name_labels import (
    CHANGE,
    DASH,
    Kind,
    NameLabel,
    bare,
    begins_sentence,
    is_numbered,
    label_of,
    looks_like_name,
    may_be_name,
)

Turn = tuple[str | None, list[CueLine]]
"""Who speaks (None: nobody is named) and the lines of it."""

_CHANGE_INSIDE = re.compile(r"\s{1,9}>>+\s{0,9}(?=[^\W\d_a-z]|\[|\(|\Z)")
_OFTEN = 3
# A file that names at a change only does so at least once in so many cues at its beginning.
_CHANGES_APART = 12

_MOSTLY_SMALL = 10
"""Where all but one of so many cues begin small, what is said is written so."""

_KINDS: tuple[Kind, ...] = ("colon", "brackets", "parted")


@dataclass
class Habits:
    """How a file tells who speaks: which names, whether they last until the next one, whether ``>>`` marks changes.

    ``throughout``: the kinds of labels with which most cues open.
    """

    names: dict[Kind, set[str]] = field(default_factory=lambda: {kind: set() for kind in _KINDS})
    throughout: set[Kind] = field(default_factory=set)
    lasting: bool = False
    marked: bool = False


def turns_of(cues: Sequence[Cue], *, voices_last: bool = False) -> list[list[Turn]]:
    """For each cue, in order of time, who says which of its lines; what names somebody is taken off the text.

    ``voices_last``: a speaker that the format itself gives may go on until the next one.
    """
    cues = _names_above(cues)
    habits = find_habits(cues)
    voices = [cue.lines[0].speaker for cue in cues if cue.lines]
    habits.lasting = habits.lasting or (voices_last and _names_at_change(voices))
    now: str | None = None
    found = []
    for cue in cues:
        turns, now = _turns(cue, habits, now)
        found.append(turns)
    return found


def _names_above(cues: Sequence[Cue]) -> Sequence[Cue]:
    """With a colon behind the names, where nearly every cue has one on a line of its own that comes back, or each that
    has several lines has another one than the last."""
    firsts = [bare(cue.lines[0].text) for cue in cues if len(cue.lines) > 1 and cue.lines[0].speaker is None]
    names = set(firsts)
    at_change = (
        len(firsts) >= 4
        and len(cues[0].lines) > 1
        and len(cues) <= len(firsts) * _CHANGES_APART
        and not any(a == b for a, b in pairwise(firsts))
    )
    few = 2 <= len(names) <= len(firsts) // 2 and (len(firsts) * 10 >= len(cues) * 9 or at_change)
    if not few or not all(map(looks_like_name, names)) or any(name[-1] in ".,?!;" for name in names):
        return cues
    return [
        replace(cue, lines=(replace(cue.lines[0], text=f"{bare(cue.lines[0].text)}:"), *cue.lines[1:]))
        if len(cue.lines) > 1 and bare(cue.lines[0].text) in names
        else cue
        for cue in cues
    ]


def find_habits(cues: Sequence[Cue]) -> Habits:
    """What the file as a whole shows of its names."""
    habits = Habits()
    lines = [line.text for cue in cues for line in cue.lines if line.speaker is None]
    marks = sum(CHANGE.match(line) is not None for line in lines)
    habits.marked = marks >= 2
    openings = [_opening(cue) for cue in cues if _is_speech(cue) and cue.lines[0].speaker is None]
    cased = _is_cased(cues)
    sure = habits.names["parted"] = _sure_names(openings)
    openings = [
        label for label in openings if label is None or label.kind != "parted" or label.name not in sure
    ]
    for kind in _KINDS:
        labels = [label if label is not None and label.kind == kind else None for label in openings]
        _learn(habits, kind, labels, cased)
    _learn_marked(habits, lines)
    if not habits.names["colon"]:
        habits.names["colon"] = _likely(lines, cased)
    return habits


def _learn(habits: Habits, kind: Kind, labels: Sequence[NameLabel | None], cased: bool) -> None:
    """Add the names to which the labels at the beginnings of cues amount."""
    given = [label for label in labels if label is not None]
    if kind == "parted":
        names = {label.name for label in given}
        if len(given) >= 4 and len(given) * 10 >= len(labels) * 9 and 2 <= len(names) <= len(given) // 2:
            habits.names[kind] |= names
        return
    good = Counter(label.name for label in given if begins_sentence(label, cased))
    surely = good.total() >= 4 and good.total() * 4 >= len(labels) * 3
    names = {name for name, count in good.items() if may_be_name(name, count, good.total(), surely=surely)}
    sequence = _sequence(labels, names)
    most = 2 <= sum(name is not None for name in sequence) > len(labels) / 2
    if most:
        habits.throughout.add(kind)
    if _all_repeated(given, labels):
        names = {label.name for label in given}
    elif not most and not (_names_at_change(sequence) and good.total() == len(given)):
        names = {name for name in names if is_numbered(name)}
    habits.names[kind] |= names
    habits.lasting = habits.lasting or _names_at_change(_sequence(labels, names))


def _sure_names(openings: Sequence[NameLabel | None]) -> set[str]:
    """Of names without a colon those that need no habit: what programs call a voice; ``Q.`` and ``A.`` by turns."""
    counts = Counter(label.name for label in openings if label is not None and label.kind == "parted")
    asked = {"Q", "A"} if min(counts["Q"], counts["A"]) >= 2 else set()
    numbered = {name for name in counts if is_numbered(name) and name[-1].isdigit()}
    return asked | (numbered if len(numbered) > 1 else set())


def _sequence(labels: Sequence[NameLabel | None], names: set[str]) -> list[str | None]:
    return [label.name if label is not None and label.name in names else None for label in labels]


def _names_at_change(sequence: Sequence[str | None]) -> bool:
    """Whether a file names somebody when it is another's turn, and nobody in between."""
    named = [name for name in sequence if name is not None]
    if len(set(named)) < 2 or sequence[0] is None or len(sequence) > len(named) * _CHANGES_APART:
        return False
    goes_on = sum(name is None and before is not None for before, name in pairwise(sequence))
    return goes_on * 3 >= len(named) and not any(a == b for a, b in pairwise(named))


def _all_repeated(given: Sequence[NameLabel], labels: Sequence[NameLabel | None]) -> bool:
    """Whether nearly all cues open with one of a few names that come again and again, even before lower case."""
    counts = Counter(label.name for label in given)
    few = len(counts) <= len(given) // (2 if min(counts.values(), default=0) > 1 else 3)
    return len(given) >= 6 and len(given) * 10 >= len(labels) * 9 and len(counts) >= 2 and few


def _learn_marked(habits: Habits, lines: Sequence[str]) -> None:
    """After ``>>`` whatever looks like a name is one."""
    for line in lines:
        for changed, part in _parts(line, inside=habits.marked):
            label = label_of(part) if changed else None
            if label is not None and label.kind == "colon" and looks_like_name(label.name):
                habits.names["colon"].add(label.name)


def _likely(lines: Sequence[str], cased: bool) -> set[str]:
    """Names in a file that names somebody now and then: they look like names and come back."""
    labels = [label for line in lines if (label := label_of(bare(line))) and label.kind == "colon"]
    good = [label for label in labels if begins_sentence(label, cased) and looks_like_name(label.name)]
    counts = Counter(label.name for label in good)
    back = {name for name, count in counts.items() if count >= 2}
    if len(back) < 2:
        return {name for name in back if counts[name] >= _OFTEN}
    return back | {name for name in counts if len(name.split()) > 1}


def _turns(cue: Cue, habits: Habits, now: str | None) -> tuple[list[Turn], str | None]:
    """The turns of one cue, and who has the word after it."""
    turns: list[Turn] = []
    lasting = habits.lasting or habits.marked
    speaker = now if lasting else None
    fresh, alone = True, False  # alone: the line above is a name and no more
    for line in cue.lines:
        if line.speaker is not None:
            name = line.speaker if any(map(str.isalnum, line.speaker)) else None
            speaker, fresh = name, True
            _append(turns, name, replace(line, speaker=name), fresh=fresh)
            continue
        for changed, part in _split(line, habits):
            label = label_of(bare(part.text))
            dashed = DASH.match(part.text) is not None
            if label is not None and _names_here(label, habits, dashed=dashed):
                speaker, fresh, part = label.name, True, replace(part, text=label.rest)
                alone = not label.rest.strip()
            elif not alone and (changed or (speaker is not None and dashed)):
                speaker, fresh = None, True
            if part.text.strip():
                alone = False
                _append(turns, speaker, part, fresh=fresh)
                fresh = False
    return turns, speaker if lasting else None


def _names_here(label: NameLabel, habits: Habits, *, dashed: bool) -> bool:
    if label.name in habits.names[label.kind]:
        return True
    # Before a sound nobody defines a word: "JANE: [laughs]". In a file of names, one may never open a cue.
    makes_sound = label.kind == "colon" and label.rest != "" and is_sound(label.rest)
    inside = label.kind in habits.throughout and (label.own_line or dashed)
    return (makes_sound or inside) and looks_like_name(label.name)


def _append(turns: list[Turn], speaker: str | None, line: CueLine, *, fresh: bool) -> None:
    """A line without a name goes on with what the line above it says."""
    if turns and (turns[-1][0] == speaker if speaker is not None else not fresh):
        turns[-1][1].append(line)
    else:
        turns.append((speaker, [line]))


def _split(line: CueLine, habits: Habits) -> list[tuple[bool, CueLine]]:
    """The line in parts, and whether each comes after a ``>>``, which is taken off; words with times go with them."""
    parts = _parts(line.text, inside=habits.marked)
    counts = [len(part.split()) for _, part in parts]
    words = tuple(word for word in line.words if word.text.strip(">»"))
    if len(words) != sum(counts):
        words = ()
    made, at = [], 0
    for (changed, part), count in zip(parts, counts, strict=True):
        made.append((changed, replace(line, text=part, words=words[at : at + count])))
        at += count
    return made


def _parts(text: str, *, inside: bool) -> list[tuple[bool, str]]:
    """The text between its ``>>``, each part with whether one stands before it."""
    opening = CHANGE.match(text)
    rest = text[opening.end() :] if opening else text
    parts = _CHANGE_INSIDE.split(rest) if inside or opening else [rest]
    return [(number > 0 or opening is not None, part) for number, part in enumerate(parts)]


def _is_speech(cue: Cue) -> bool:
    return any(not is_sound(line.text) or label_of(bare(line.text)) for line in cue.lines)


def _opening(cue: Cue) -> NameLabel | None:
    """The label with which a cue opens; on a line of its own only if more follows in the cue."""
    label = label_of(bare(cue.lines[0].text))
    if label is not None and label.own_line and len(cue.lines) < 2:
        return None
    return replace(label, rest=cue.lines[1].text) if label is not None and label.own_line else label


def _is_cased(cues: Sequence[Cue]) -> bool:
    """Whether sentences are written as sentences: most cues have a point or the like, and some text begins large."""
    texts = [bare(" ".join(line.text for line in cue.lines)) for cue in cues]
    pointed = sum(any(mark in text for mark in ".?!。？！") for text in texts)
    firsts = [next(filter(str.isalpha, text), "") for text in texts]
    small = sum(map(str.islower, firsts))
    return pointed * 2 >= len(texts) and (
        small == 0 or small * _MOSTLY_SMALL < len(firsts) * (_MOSTLY_SMALL - 1)
    )
