"""What could be a name in front of a text: before a colon, in brackets, before a dash, a bar or a point."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from longvid_indexer.subtitles.descriptions import sound_label
from longvid_storage.text.sentences import split_sentences

Kind = Literal["colon", "brackets", "parted"]

CHANGE = re.compile(r"\s{0,9}(?:>>+|»)\s{0,9}")
DASH = re.compile(r"[-–—‐](?:\s{1,9}|(?=[^\W\d]|[\[(]))")
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


@dataclass(frozen=True, slots=True)
class NameLabel:
    """What could be a name at the beginning of a line, and what follows it; ``own_line``: nothing does."""

    kind: Kind
    name: str
    rest: str
    own_line: bool


def is_numbered(name: str) -> bool:
    """Whether this is what programs call somebody unknown: ``Speaker 1``, ``spk_0``, ``Sprecherin``."""
    return _NUMBERED.match(name) is not None


def bare(text: str) -> str:
    """Without the signs of a change or of a dialogue in front, and without the time around a name."""
    text = _CLOCK_IN_FRONT.sub("", text, count=1) if _CLOCK_IN_FRONT.match(text) else text
    head = text[:120]
    text = _CLOCK_ASIDE.sub("", head, count=1) + text[120:] if ":" in head else text
    text = CHANGE.sub("", text, count=1) if CHANGE.match(text) else text
    text = _BOLD.sub(r"\2\3\4", text, count=1) if text.startswith(("*", "_")) else text
    text = _CLOCK_INSIDE.sub(r"\1", text, count=1) if _CLOCK_INSIDE.match(text) else text
    return DASH.sub("", text, count=1) if DASH.match(text) else text


def label_of(text: str) -> NameLabel | None:
    """What could be a name at the beginning of this text; None when nothing could."""
    found = _labelled(text)
    if found is None and (parted := _MACHINE.match(text)):
        return NameLabel("parted", parted["name"], parted["rest"].strip(), False)
    if found is None and (parted := _PARTED.match(text)) and len(parted["name"].split()) <= _MOST_NAME_PARTED:
        single = len(parted["name"]) == 1 or not text.startswith(". ", parted.end("name"))
        return NameLabel("parted", parted["name"].strip(), parted["rest"].strip(), False) if single else None
    return found


def _labelled(text: str) -> NameLabel | None:
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
    return NameLabel(kind, _ASIDE.sub("", name).strip() or name, rest, not rest)


def _closes_up(name: str, colon: str) -> bool:
    """Whether a name may touch what follows its colon: not in "10:30", "Genesis 1:3", "std:vector"."""
    if colon.startswith("："):
        return True
    return not name[-1].isdigit() and (not name.isascii() or name.isupper())


def begins_sentence(label: NameLabel, cased: bool) -> bool:
    """Whether a sentence begins after it; in text without capitals or points that cannot be told.

    Brackets are no definition, so that a name with a capital may stand before the middle of a sentence.
    """
    if label.kind == "brackets" and not label.name[0].islower():
        return True
    first = next((character for character in label.rest if character.isalnum()), "")
    return not cased or not first.islower() or _NUMBERED.match(label.name) is not None


def may_be_name(name: str, count: int, labels: int, *, surely: bool = False) -> bool:
    """In a file of names: not what introduces remarks, and no part of a sentence that happens once.

    ``surely``: nearly all cues open with one, so that four words may be small ("iPhone von Karl").
    """
    words = name.split()
    if words[0].casefold() in _NOT_NAMES and not (len(words) > 1 and words[0].casefold() in ("the", "first")):
        return count * 4 >= labels and count >= 2 and labels >= 4 and len(words) == 1
    small = sum(word[0].islower() for word in words)
    return count > 1 or len(words) < (5 if surely else 3) or small * 2 <= len(words) or not name.isascii()


def looks_like_name(name: str) -> bool:
    """Up to four words with capitals, or what stands between such; none that introduces remarks."""
    words = name.split()
    if not 1 <= len(words) <= 4 or words[0].casefold() in _NOT_NAMES:
        return False
    return all(map(_NAME_WORD.match, words)) and not name[0].isdigit()
