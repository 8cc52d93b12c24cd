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
from typing import Literal

from longvid_indexer.subtitles.cue import Cue, CueLine
from longvid_indexer.subtitles.descriptions import is_sound, sound_label
from longvid_storage.text.sentences import split_sentences

Turn = tuple[str | None, list[CueLine]]
"""Who speaks (None: nobody is named) and the lines of it."""

_CHANGE = re.compile(r"\s{0,9}(?:>>+|»)\s{0,9}")
_CHANGE_INSIDE = re.compile(r"\s{1,9}>>+\s{0,9}(?=[^\W\d_a-z]|\[|\(|\Z)")
_DASH = re.compile(r"[-–—‐](?:\s{1,9}|(?=[^\W\d]|[\[(]))")
_COLON = re.compile(r"(?P<name>[^:：]{1,60}?)\s?[:：](?!//)(?P<gap>\s*)(?P<rest>.*)\Z", re.DOTALL)
_BRACKETS = re.compile(
    r"[\[(（【〔<{](?P<name>[^\[\]()（）【】〔〕<>{}:]{1,60})[\])）】〕>}]\s?[:：]?\s{0,9}(?P<rest>.*)\Z",
    re.DOTALL,
)
_OPENS = frozenset("[(（【〔<{")
_PARTED = re.compile(
    r"(?P<name>[QA](?=\.\s)|[^\W\d_][^|—–:]{0,40}?)(?:\s[-–—]{1,2}\s|\s?[|｜]\s?|\s?>\s|\.[-–—]\s?|>>\s|\.\s)(?P<rest>\S.*)\Z",
    re.DOTALL,
)
# What programs call a voice is a name before anything: "SPEAKER_00 text".
_MACHINE = re.compile(
    r"(?P<name>(?:speaker|spk)_\d{1,3})\s(?:[|–—-]\s)?(?P<rest>\S.*)\Z", re.DOTALL | re.IGNORECASE
)
_BOLD = re.compile(r"(\*\*?|__?)([^*_\n]{1,60}?)(:?)\s?\1(:?)(?=\s|\Z|:)")
# When it was said, between a name and its colon, or inside its brackets: "Jane (10:02 AM): …", "[Jane 10:02] …".
_CLOCK_INSIDE = re.compile(r"([\[(][^\[\]():]{1,60}?)[\s,|]{1,3}\d{1,2}:\d\d(?::\d\d)?(?=[\])])")
_CLOCK_ASIDE = re.compile(r"\s?[\[(]\d{1,2}:\d\d(?::\d\d)?(?:\s?[AaPp][Mm])?[\])](?=\s?[:：])")
_CLOCK_IN_FRONT = re.compile(r"[\[(]\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d{1,3})?[\])]\s{1,3}(?=\S)")
# An aside to the name: "JOHN (laughing)", "MARY (V.O.)"; "(Boston)" and "(2)" are part of it.
_ASIDE = re.compile(r"\s?[\[(](?:[a-zß-öø-ÿ' -]{2,30}|V\.?O\.?|O\.?S\.?|cont'd|CONT'D)[\])]\Z")
_NUMBERED = re.compile(
    r"(?:speaker|spk|spkr|sprecher(?:in)?|locuteur|hablante|orador|falante|voice|participant|person|unknown speaker)"
    r"[\s_#-]{0,2}(?:\d{1,3}|[a-z]|\?)?\Z",
    re.IGNORECASE,
)
_NAME_WORD = re.compile(
    r"(?:[^\W\d_a-zß-öø-ÿ][\w.'’&/-]*|#?\d[\w.]*|of|the|de|da|do|dos|del|di|van|von|der|den|la|le|bin|al|&|and)\Z"
)
_NOT_NAMES_TEXT = (
    "note notes example examples warning tip tips hint step question questions answer remember "
    "important first second third finally next then so also because result results summary conclusion "
    "definition theorem lemma proof remark corollary proposition problem solution exercise problems "
    "step1 figure table equation http https www chapter section part lesson unit topic title subject "
    "agenda today rule advantage disadvantage pros cons plus update ps edit translation translated "
    "subtitles captions credits source sources copyright date time version and but or well okay ok yes "
    "no the this that what why how when where who here there it is case option method type class phase "
    "scenario day week level stage monday tuesday wednesday thursday friday saturday sunday january "
    "february march april may june july august september october november december breaking faq "
)
_NOT_NAMES = frozenset(_NOT_NAMES_TEXT.split())
_MOST_WORDS = 8
_MOST_NAME_PARTED = 4
_OFTEN = 3
# A file that names at a change only does so at least once in so many cues at its beginning.
_CHANGES_APART = 12

Kind = Literal["colon", "brackets", "parted"]
_KINDS: tuple[Kind, ...] = ("colon", "brackets", "parted")


@dataclass(frozen=True, slots=True)
class _Label:
    """What could be a name at the beginning of a line, and what follows it; ``own_line``: nothing does."""

    kind: Kind
    name: str
    rest: str
    own_line: bool


@dataclass
class Habits:
    """How a file tells who speaks: which names, whether they last until the next one, whether ``>>`` marks changes.

    ``throughout``: the kinds of labels with which most cues open.
    """

    names: dict[Kind, set[str]] = field(default_factory=lambda: {kind: set() for kind in _KINDS})
    throughout: set[Kind] = field(default_factory=set)
    lasting: bool = False
    marked: bool = False


def is_numbered(name: str) -> bool:
    """Whether this is what programs call somebody unknown: ``Speaker 1``, ``spk_0``, ``Sprecherin``."""
    return _NUMBERED.match(name) is not None


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
    """With a colon behind the names, where nearly every cue has one on a line of its own that comes back."""
    firsts = [_bare(cue.lines[0].text) for cue in cues if len(cue.lines) > 1 and cue.lines[0].speaker is None]
    names = set(firsts)
    few = 2 <= len(names) <= len(firsts) // 2 and len(firsts) * 10 >= len(cues) * 9
    if not few or not all(map(_looks_like_name, names)) or any(name[-1] in ".,?!;" for name in names):
        return cues
    return [
        replace(cue, lines=(replace(cue.lines[0], text=f"{_bare(cue.lines[0].text)}:"), *cue.lines[1:]))
        if len(cue.lines) > 1 and _bare(cue.lines[0].text) in names
        else cue
        for cue in cues
    ]


def find_habits(cues: Sequence[Cue]) -> Habits:
    """What the file as a whole shows of its names."""
    habits = Habits()
    lines = [line.text for cue in cues for line in cue.lines if line.speaker is None]
    marks = sum(_CHANGE.match(line) is not None for line in lines)
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


def _learn(habits: Habits, kind: Kind, labels: Sequence[_Label | None], cased: bool) -> None:
    """Add the names to which the labels at the beginnings of cues amount."""
    given = [label for label in labels if label is not None]
    if kind == "parted":
        names = {label.name for label in given}
        if len(given) >= 4 and len(given) * 10 >= len(labels) * 9 and 2 <= len(names) <= len(given) // 2:
            habits.names[kind] |= names
        return
    good = Counter(label.name for label in given if _is_label(label, cased))
    names = {name for name, count in good.items() if _may_be_name(name, count, good.total())}
    sequence = _sequence(labels, names)
    most = 2 <= sum(name is not None for name in sequence) > len(labels) / 2
    if most:
        habits.throughout.add(kind)
    if _all_repeated(given, labels):
        names = {label.name for label in given}
    elif not most and not (_names_at_change(sequence) and good.total() == len(given)):
        names = {name for name in names if _NUMBERED.match(name)}
    habits.names[kind] |= names
    habits.lasting = habits.lasting or _names_at_change(_sequence(labels, names))


def _sure_names(openings: Sequence[_Label | None]) -> set[str]:
    """Of names without a colon those that need no habit: what programs call a voice; ``Q.`` and ``A.`` by turns."""
    counts = Counter(label.name for label in openings if label is not None and label.kind == "parted")
    asked = {"Q", "A"} if min(counts["Q"], counts["A"]) >= 2 else set()
    numbered = {name for name in counts if is_numbered(name) and name[-1].isdigit()}
    return asked | (numbered if len(numbered) > 1 else set())


def _sequence(labels: Sequence[_Label | None], names: set[str]) -> list[str | None]:
    return [label.name if label is not None and label.name in names else None for label in labels]


def _names_at_change(sequence: Sequence[str | None]) -> bool:
    """Whether a file names somebody when it is another's turn, and nobody in between."""
    named = [name for name in sequence if name is not None]
    if len(set(named)) < 2 or sequence[0] is None or len(sequence) > len(named) * _CHANGES_APART:
        return False
    goes_on = sum(name is None and before is not None for before, name in pairwise(sequence))
    return goes_on * 3 >= len(named) and not any(a == b for a, b in pairwise(named))


def _all_repeated(given: Sequence[_Label], labels: Sequence[_Label | None]) -> bool:
    """Whether nearly all cues open with one of a few names that come again and again, even before lower case."""
    distinct = len({label.name for label in given})
    return len(given) >= 6 and len(given) * 10 >= len(labels) * 9 and 2 <= distinct <= len(given) // 3


def _learn_marked(habits: Habits, lines: Sequence[str]) -> None:
    """After ``>>`` whatever looks like a name is one."""
    for line in lines:
        for changed, part in _parts(line, inside=habits.marked):
            label = _label(part) if changed else None
            if label is not None and label.kind == "colon" and _looks_like_name(label.name):
                habits.names["colon"].add(label.name)


def _likely(lines: Sequence[str], cased: bool) -> set[str]:
    """Names in a file that names somebody now and then: they look like names and come back."""
    labels = [label for line in lines if (label := _label(_bare(line))) and label.kind == "colon"]
    good = [label for label in labels if _is_label(label, cased) and _looks_like_name(label.name)]
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
            label = _label(_bare(part.text))
            dashed = _DASH.match(part.text) is not None
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


def _names_here(label: _Label, habits: Habits, *, dashed: bool) -> bool:
    if label.name in habits.names[label.kind]:
        return True
    # Before a sound nobody defines a word: "JANE: [laughs]". In a file of names, one may never open a cue.
    makes_sound = label.kind == "colon" and label.rest != "" and is_sound(label.rest)
    inside = label.kind in habits.throughout and (label.own_line or dashed)
    return (makes_sound or inside) and _looks_like_name(label.name)


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
    opening = _CHANGE.match(text)
    rest = text[opening.end() :] if opening else text
    parts = _CHANGE_INSIDE.split(rest) if inside or opening else [rest]
    return [(number > 0 or opening is not None, part) for number, part in enumerate(parts)]


def _is_speech(cue: Cue) -> bool:
    return any(not is_sound(line.text) or _label(_bare(line.text)) for line in cue.lines)


def _opening(cue: Cue) -> _Label | None:
    """The label with which a cue opens; on a line of its own only if more follows in the cue."""
    label = _label(_bare(cue.lines[0].text))
    if label is not None and label.own_line and len(cue.lines) < 2:
        return None
    return replace(label, rest=cue.lines[1].text) if label is not None and label.own_line else label


def _bare(text: str) -> str:
    """Without the signs of a change or of a dialogue in front, and without the time around a name."""
    text = _CLOCK_IN_FRONT.sub("", text, count=1) if _CLOCK_IN_FRONT.match(text) else text
    head = text[:120]
    text = _CLOCK_ASIDE.sub("", head, count=1) + text[120:] if ":" in head else text
    text = _CHANGE.sub("", text, count=1) if _CHANGE.match(text) else text
    text = _BOLD.sub(r"\2\3\4", text, count=1) if text.startswith(("*", "_")) else text
    text = _CLOCK_INSIDE.sub(r"\1", text, count=1) if _CLOCK_INSIDE.match(text) else text
    return _DASH.sub("", text, count=1) if _DASH.match(text) else text


def _label(text: str) -> _Label | None:
    """What could be a name at the beginning of this text; None when nothing could."""
    found = _labelled(text)
    if found is None and (parted := _MACHINE.match(text)):
        return _Label("parted", parted["name"], parted["rest"].strip(), False)
    if found is None and (parted := _PARTED.match(text)) and len(parted["name"].split()) <= _MOST_NAME_PARTED:
        single = len(parted["name"]) == 1 or not text.startswith(". ", parted.end("name"))
        return _Label("parted", parted["name"].strip(), parted["rest"].strip(), False) if single else None
    return found


def _labelled(text: str) -> _Label | None:
    kind: Kind = "colon"
    match = _COLON.match(text)
    if text[:1] in _OPENS:
        kind, match = "brackets", _BRACKETS.match(text)
        if match is not None and sound_label(match["name"]) is not None:
            return None
    if match is None:
        return None
    name, rest = match["name"].strip().lstrip("@♪♫ "), match["rest"].strip()
    words = name.split()
    if not words or len(words) > _MOST_WORDS or not any(map(str.isalnum, name)) or "://" in name:
        return None
    # A sentence may end in front of a colon: "That is all. One thing: …"; "Prof." and "Room 5.12" are none.
    ended = any(len(word) > 4 and word[-1] in ".?!" for word in words) and len(split_sentences(name)) > 1
    if ended or (name[-1] in "?!;," and not is_numbered(name)):
        return None
    if (
        kind == "colon"
        and rest
        and not match["gap"]
        and not (text[match.end("name")].isspace() and rest[0].isalpha())
        and not _closes_up(name, text[match.end("name") :].lstrip())
    ):
        return None
    return _Label(kind, _ASIDE.sub("", name).strip() or name, rest, not rest)


def _closes_up(name: str, colon: str) -> bool:
    """Whether a name may touch what follows its colon: not in "10:30", "Genesis 1:3", "std:vector"."""
    if colon.startswith("："):
        return True
    return not name[-1].isdigit() and (not name.isascii() or name.isupper())


def _is_label(label: _Label, cased: bool) -> bool:
    """Whether a sentence begins after it; in text without capitals or points that cannot be told.

    Brackets are no definition, so that a name with a capital may stand before the middle of a sentence.
    """
    if label.kind == "brackets" and not label.name[0].islower():
        return True
    first = next((character for character in label.rest if character.isalnum()), "")
    return not cased or not first.islower() or _NUMBERED.match(label.name) is not None


def _is_cased(cues: Sequence[Cue]) -> bool:
    """Whether sentences are written as sentences: most cues have a point or the like, and some text begins large."""
    texts = [" ".join(line.text for line in cue.lines) for cue in cues]
    pointed = sum(any(mark in text for mark in ".?!。？！") for text in texts)
    return pointed * 2 >= len(texts)


def _may_be_name(name: str, count: int, labels: int) -> bool:
    """In a file of names: not what introduces remarks, and no part of a sentence that happens once."""
    words = name.split()
    if words[0].casefold() in _NOT_NAMES and not (len(words) > 1 and words[0].casefold() in ("the", "first")):
        return count * 4 >= labels and count >= 2 and labels >= 4 and len(words) == 1
    small = sum(word[0].islower() for word in words)
    return count > 1 or len(words) < 3 or small * 2 <= len(words) or not name.isascii()


def _looks_like_name(name: str) -> bool:
    words = name.split()
    if not 1 <= len(words) <= 4 or words[0].casefold() in _NOT_NAMES:
        return False
    return all(map(_NAME_WORD.match, words)) and not name[0].isdigit()
