"""Words of scripts that write no spaces between them, for texts that people read: titles and chapters.

BudouX (github.com/google/budoux, Apache; small linear models that travel in its package, 300 KB) cuts Thai and
traditional Chinese into words and Japanese into phrases, whose particles are cut off here. Simplified Chinese is cut
into the likeliest words of a list, as jieba does without its model for unknown ones. Search does without words (see
``analysis``): pairs of characters find every word, also where one is cut in two.

``chinese_words.txt.gz`` is made of the dictionary of jieba 0.42.1 (github.com/fxsjy/jieba, MIT): its words of up to 4
characters that it counted 5 times or more. A line is 4 · ln(count + 1), rounded, and the words.
"""

from __future__ import annotations

import gzip
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Characters of these scripts, as ranges in a character class."""
_MODELS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh", re.compile("[\u3400-\u9fff\uf900-\ufaff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
)
# After two characters, or one that is no hiragana ("方を", but not "もの").
_PARTICLE = re.compile(
    "(?:(?<=..)(?:から|まで|より|には|では|とは|への|での|です|ます)|(?:(?<=..)|(?<=[\u30a0-\u9fff]))[のをがはにでともへや])\\Z"
)
_SUFFIXES = frozenset("率器性化者员费剂症")
_LEADS = frozenset("下上出掉完开好")
_NO_VERBS = frozenset("在从到把被对向和与的了是我你他她它这那先再又也就都不没很最更等为以因")
_LONGEST = 4
# From this share of characters on that are in no word of the list, a run is in traditional characters.
_TRADITIONAL = 0.1


@lru_cache(maxsize=50_000)
def segment(run: str) -> tuple[str, ...]:
    """The words of a run of one of these scripts, in order; together they are the run.

    Lao, Burmese and Khmer, for which there is no model, give the run as one.
    """
    language = next((code for code, script in _MODELS if script.search(run)), None)
    if language is None:
        return (run,)
    if language == "zh":
        known = _chinese()
        if sum(character not in known.characters for character in run) <= _TRADITIONAL * len(run):
            return tuple(_with_parts(_likeliest(run, known)))
    words: list[str] = _parser(language).parse(run)
    if language != "ja":
        return tuple(words)
    return tuple(part for word in words for part in _without_particle(word))


def _with_parts(words: list[str]) -> list[str]:
    """ "拧", "下" as "拧下", "学习", "率" as "学习率": where a verb leads, and what makes nouns, belong to a word."""
    made: list[str] = []
    for word in words:
        before = made[-1] if made else ""
        leads = word in _LEADS and len(before) == 1 and before not in _NO_VERBS
        if leads or (word in _SUFFIXES and len(before) > 1):
            made[-1] += word
        else:
            made.append(word)
    return made


@dataclass(frozen=True, slots=True)
class _Words:
    """Words with the logarithms of their shares in texts, and the characters that words of several have."""

    shares: Mapping[str, float]
    rarest: float
    characters: frozenset[str]


@cache
def _chinese() -> _Words:
    text = gzip.decompress(files(__package__).joinpath("chinese_words.txt.gz").read_bytes()).decode()
    groups = [
        (int(weight) / 4, words.split(" "))
        for weight, _, words in (s.partition(" ") for s in text.splitlines())
    ]
    total = math.log(sum(math.exp(count) * len(words) for count, words in groups))
    shares: dict[str, float] = {}
    for count, words in groups:
        shares.update(dict.fromkeys(words, count - total))
    return _Words(shares, -total, frozenset("".join(word for word in shares if len(word) > 1)))


def _likeliest(run: str, known: _Words) -> list[str]:
    """The words, one after the other, whose shares multiply to most; a character that is none counts as the rarest."""
    best, ends = [0.0] * (len(run) + 1), [0] * len(run)
    for start in range(len(run) - 1, -1, -1):
        best[start], ends[start] = max(
            (share + best[end], end)
            for end in range(start + 1, min(start + _LONGEST, len(run)) + 1)
            if (share := known.shares.get(run[start:end], known.rarest if end == start + 1 else None))
            is not None
        )
    words, start = list[str](), 0
    while start < len(run):
        words.append(run[start : ends[start]])
        start = ends[start]
    return words


def _without_particle(phrase: str) -> list[str]:
    found = _PARTICLE.search(phrase)
    return [phrase[: found.start()], found.group()] if found else [phrase]


@cache
def _parser(language: str) -> Any:
    import budoux

    if language == "ja":
        return budoux.load_default_japanese_parser()
    return (
        budoux.load_default_thai_parser()
        if language == "th"
        else budoux.load_default_traditional_chinese_parser()
    )
