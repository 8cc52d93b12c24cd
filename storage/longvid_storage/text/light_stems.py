"""Inflection that Snowball's stemmers leave in, or languages that they don't know, by a few endings each.

Arabic: light10 (Larkey, Ballesteros & Connell 2007, "Light stemming for Arabic information retrieval"), in place of
Snowball's, which leaves "and the" in front of a word. Ukrainian: the longest ending of nouns, adjectives or verbs goes.
Portuguese: plurals that change the end of a word (Orengo & Huyck 2001, "A stemming algorithm for the Portuguese
language", its first step), before Snowball's.
"""

from __future__ import annotations

import re

_ARABIC_FRONT = ("وال", "بال", "كال", "فال", "ال", "لل")
_ARABIC_END = ("ها", "ان", "ات", "ون", "ين", "يه", "ية", "ه", "ة", "ي")
_UKRAINIAN_ENDS = (
    "а я о е є и і ї у ю й ь ою ею єю ам ям ом ем єм ами ями ах ях ів їв ей ові еві єві ий ій їй ого ього"
    " ому ьому им ім їм ими іми їми их іх їх ої ії ією ію ати яти ити іти їти ути нути увати ювати юю ює"
    " юєш юємо юєте юють ує уєш уємо уєте ують ював ювала ав ала ало али яв яла яло яли ив ила ило или"
    " іла іло іли ув ула уло ули нув нула нуло нули ать ять уть ють ить їть аю ає аєш аємо аєте ають яю"
    " яє яють иш ите имо еш емо ете ну не неш нуть увала ував увало ували ювали уючи ючи аючи ши вши"
)
_LONGEST_FIRST = tuple(sorted(_UKRAINIAN_ENDS.split(), key=len, reverse=True))
_FEWEST = 3
_PORTUGUESE = (
    (re.compile(r"(?<=\w\w)(?:õ|ã)es\Z"), "ão"),
    (re.compile(r"(?<=\w\w)ais\Z"), "al"),
    (re.compile(r"(?<=\w\w)(?:éis|eis)\Z"), "el"),
    (re.compile(r"(?<=\w\w)óis\Z"), "ol"),
    (re.compile(r"(?<=\w\w)ns\Z"), "m"),
)


def arabic(word: str) -> str:
    """A word without "and", article, preposition and the endings of number, gender and possession."""
    if word.startswith("و") and len(word) > _FEWEST + 2:
        word = word[1:]
    front = next((each for each in _ARABIC_FRONT if word.startswith(each)), "")
    if len(word) - len(front) >= _FEWEST:
        word = word[len(front) :]
    for end in _ARABIC_END:
        if word.endswith(end) and len(word) - len(end) >= _FEWEST:
            word = word[: -len(end)]
    return word


def ukrainian(word: str) -> str:
    """A word without its longest ending and what makes it reflexive; at least three letters stay."""
    word = word.replace("'", "").replace("’", "")
    if word.endswith(("ся", "сь")) and len(word) > _FEWEST + 2:
        word = word[:-2]
    end = next(
        (each for each in _LONGEST_FIRST if word.endswith(each) and len(word) - len(each) >= _FEWEST), ""
    )
    stem = word.removesuffix(end)
    return stem[:-1] if len(stem) > _FEWEST and stem[-1] == stem[-2] else stem  # "рішення", "рішень"


def portuguese_singular(word: str) -> str:
    """A plural whose end is not the singular's and an s, as the singular; any other word as it is."""
    for pattern, end in _PORTUGUESE:
        told, count = pattern.subn(end, word)
        if count:
            return told
    return word


LIGHT = {"ar": arabic, "uk": ukrainian}
"""Language → its stemmer, where Snowball's is not taken."""
