"""Keyphrases that tell one span from the others, for titles."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from longvid_indexer.structuring.words import is_content, stem, surface_tokens

_LONGEST = 3
# Words that may stand inside a phrase ("end of life", "prix de vente"), never at its ends.
_INSIDE = frozenset({"of", "de", "du", "des", "del", "von", "vom"})
# Single words of these forms are seldom what a passage is about; as part of a longer phrase they may be.
_WEAK_ENDING = re.compile(r"(?:ing|ly|ed|ize|ise|able)\Z")


@dataclass
class _Found:
    forms: Counter[str] = field(default_factory=Counter)
    count: int = 0


@dataclass(frozen=True)
class Phrase:
    """A keyphrase as it is written most often, its stems, and its weight: 1 for the best of its span."""

    text: str
    stems: tuple[str, ...]
    weight: float

    def akin(self, other: Phrase) -> bool:
        """True when both phrases are about the same word (``disclosing``, ``new disclosures``)."""
        return any(_same_root(a, b) for a in self.stems for b in other.stems)


class PhraseIndex:
    """Phrases of several spans, weighed against each other.

    A phrase is one to three neighbouring content words. Its weight in a span grows with how often it is said
    there and falls with how many other spans say it (tf-idf over spans), and longer phrases win over their
    parts when said nearly as often, in the manner of YAKE (Campos et al., "YAKE! Keyword extraction from single
    documents using multiple local features", Information Sciences 509, 2020).
    """

    def __init__(self, spans: Sequence[Sequence[str]]) -> None:
        self._spans = [_phrases(sentences) for sentences in spans]
        self._frequency = Counter(key for phrases in self._spans for key in phrases)

    def best(self, index: int, most: int) -> list[Phrase]:
        """Up to ``most`` phrases of span ``index``, best first. Said twice at least, unless nothing is."""
        phrases = self._spans[index]
        least = 2 if any(found.count >= 2 for found in phrases.values()) else 1
        weights = {key: self._weight(key, found) for key, found in phrases.items() if found.count >= least}
        ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:most]
        top = ranked[0][1] if ranked else 1.0
        return [Phrase(_written(phrases[key]), key, weight / top) for key, weight in ranked]

    def _weight(self, key: tuple[str, ...], found: _Found) -> float:
        contrast = math.log((len(self._spans) + 1) / (self._frequency[key] + 0.5)) + 0.2
        weight = math.pow(found.count, 0.8) * contrast * (1.0 + 0.8 * (len(key) - 1))
        text = _written(found)
        if len(key) == 1 and _WEAK_ENDING.search(text):
            weight *= 0.4
        # A name keeps its capital inside a sentence.
        return weight * 1.3 if text != text.lower() else weight


def _written(found: _Found) -> str:
    return min(found.forms.items(), key=lambda item: (-item[1], item[0]))[0]


def _same_root(a: str, b: str) -> bool:
    shorter = min(len(a), len(b))
    return a == b or (shorter >= 5 and a[: min(shorter, 6)] == b[: min(shorter, 6)])


def _phrases(sentences: Sequence[str]) -> dict[tuple[str, ...], _Found]:
    found: dict[tuple[str, ...], _Found] = {}
    for sentence in sentences:
        run: list[str] = []
        for token in [*_inner_case(sentence), ""]:
            lower = token.lower()
            if token and (is_content(lower) or (run and lower in _INSIDE)):
                run.append(token)
                continue
            _count(run, found)
            run = []
    return found


def _inner_case(sentence: str) -> list[str]:
    """Tokens as written, but the capital of a sentence's first word taken off: it says nothing about the
    word.
    """
    tokens = surface_tokens(sentence)
    if tokens and tokens[0][1:] == tokens[0][1:].lower():
        tokens[0] = tokens[0].lower()
    return tokens


def _count(run: list[str], found: dict[tuple[str, ...], _Found]) -> None:
    for size in range(1, _LONGEST + 1):
        for start in range(len(run) - size + 1):
            words = run[start : start + size]
            if words[0].lower() in _INSIDE or words[-1].lower() in _INSIDE:
                continue
            key = tuple(stem(w.lower()) for w in words if w.lower() not in _INSIDE)
            if len(set(key)) < len(key):
                continue
            phrase = found.setdefault(key, _Found())
            phrase.count += 1
            phrase.forms[" ".join(words)] += 1
