"""Keyphrases that tell one span from the others, for titles."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from longvid_indexer.structuring.words import is_content, join_words, stem, surface_tokens, tokens, unspaced

_LONGEST = 3
# Words that may stand inside a phrase ("end of life", "prix de vente"), never at its ends.
_INSIDE = frozenset({"of", "de", "du", "des", "del", "von", "vom", "の", "的"})
# What stands before a noun. A word that seldom follows one is a verb or an adjective, and a poor title.
_ARTICLES = """
a an the this that these those my our your his her their its no any some every each of with per
der die das den dem des ein eine einen einem einer eines kein keine unser unsere
le la les l un une des du ce cette ces notre nos votre
el los las una unos unas este esta nuestro nuestra
"""
_BEFORE_NOUNS = frozenset(_ARTICLES.split())
_OFTEN = 0.3
_WEAK = 0.6
# Single words of these forms are seldom what a passage is about; as part of a longer phrase they may be.
_WEAK_ENDING = re.compile(r"(?:ing|ly|ed|ize|ise|able)\Z")


@dataclass
class _Found:
    forms: dict[str, int] = field(default_factory=dict)
    count: int = 0


@dataclass(frozen=True)
class Phrase:
    """A keyphrase as it is written most often, its stems, and its weight: 1 for the best of its span.

    ``weak`` ones are single words that seem to be no nouns: no title by themselves.
    """

    text: str
    stems: tuple[str, ...]
    weight: float
    weak: bool = False

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
        self._nounness = _nounness(sentence for sentences in spans for sentence in sentences)
        self._frequency = Counter(key for phrases in self._spans for key in phrases)

    def best(self, index: int, most: int) -> list[Phrase]:
        """Up to ``most`` phrases of span ``index``, best first. Said twice at least, unless nothing is."""
        phrases = self._spans[index]
        least = 2 if any(found.count >= 2 for found in phrases.values()) else 1
        weights = {key: self._weight(key, found) for key, found in phrases.items() if found.count >= least}
        ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:most]
        top = ranked[0][1] if ranked else 1.0
        texts = [_written(phrases[key]) for key, _ in ranked]
        return [
            Phrase(text, key, weight / top, self._fitness(key, text) < _WEAK)
            for text, (key, weight) in zip(texts, ranked, strict=True)
        ]

    def _weight(self, key: tuple[str, ...], found: _Found) -> float:
        contrast = math.log((len(self._spans) + 1) / (self._frequency[key] + 0.5)) + 0.2
        weight = math.pow(found.count, 0.8) * contrast * (1.0 + 0.8 * (len(key) - 1))
        return weight * self._fitness(key, _written(found))

    def _fitness(self, key: tuple[str, ...], text: str) -> float:
        """Names (they keep their capital inside a sentence) above phrases above single words that are no nouns."""
        if text != text.lower():
            return 1.3
        if len(key) > 1:
            return 1.0
        if len(text) == 1:  # a character of Chinese: half a word as a rule
            return 0.4
        return self._nounness.get(key[0], 1.0) * (0.4 if _WEAK_ENDING.search(text) else 1.0)


def _nounness(sentences: Iterable[str]) -> dict[str, float]:
    """How much each stem behaves as a noun, 0.3 to 1; empty for languages whose articles are not known here."""
    after: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for sentence in sentences:
        words = tokens(sentence)
        for before, word in pairwise(["", *words]):
            if is_content(word):
                total[stem(word)] += 1
                after[stem(word)] += before in _BEFORE_NOUNS or is_content(before)
    if sum(after.values()) < 0.1 * sum(total.values()):
        return {}
    return {word: 0.3 + 0.7 * min(1.0, after[word] / count / _OFTEN) for word, count in total.items()}


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
                if run and unspaced(token) and unspaced(run[-1]) and not {lower, run[-1]} & _INSIDE:
                    _count(run, found)  # no space tells a compound from a verb and its object
                    run = []
                run.append(token)
                continue
            _count(run, found)
            run = []
    return found


def _inner_case(sentence: str) -> list[str]:
    """Tokens as written, but the capital of a sentence's first word taken off: it says nothing about the
    word.
    """
    words = list(surface_tokens(sentence))
    if words and words[0][1:] == words[0][1:].lower():
        words[0] = words[0].lower()
    return words


def _count(run: list[str], found: dict[tuple[str, ...], _Found]) -> None:
    stems = ["" if word in _INSIDE else stem(word) for word in map(str.lower, run)]
    join = join_words if any(map(unspaced, run)) else " ".join
    for start, first in enumerate(stems):
        for end in range(start + 1, min(start + _LONGEST, len(stems)) + 1 if first else 0):
            if not stems[end - 1]:
                continue
            key = tuple(filter(None, stems[start:end]))
            if len(key) > 1 and len(set(key)) < len(key):
                continue
            phrase = found.get(key)
            if phrase is None:
                phrase = found[key] = _Found()
            phrase.count += 1
            form = join(run[start:end])
            phrase.forms[form] = phrase.forms.get(form, 0) + 1
