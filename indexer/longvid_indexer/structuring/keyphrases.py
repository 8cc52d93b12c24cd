"""Keyphrases that tell one span from the others, for titles."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice, pairwise
from typing import Self

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


_Forms = dict[str, int]
"""How a phrase is written → how often."""
_Phrases = dict[tuple[str, ...], _Forms]
"""What is said in a span, by the stems of each phrase."""


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

    def __init__(self, spans: Sequence[_Phrases], nounness: dict[str, float]) -> None:
        self._spans = spans
        self._nounness = nounness
        self._frequency = Counter(chain.from_iterable(spans))

    @classmethod
    def of(cls, spans: Sequence[Sequence[str]]) -> Self:
        """Of the sentences of each span."""
        return cls([_phrases(sentences) for sentences in spans], _nounness(chain.from_iterable(spans)))

    def joined(self, sizes: Iterable[int]) -> PhraseIndex:
        """Of longer spans, each so many of these in a row: what they say is not counted again."""
        rest = iter(self._spans)
        return PhraseIndex([_together(islice(rest, size)) for size in sizes], self._nounness)

    def best(self, index: int, most: int) -> list[Phrase]:
        """Up to ``most`` phrases of span ``index``, best first. Said twice at least, unless nothing is."""
        phrases = self._spans[index]
        counts = {key: sum(forms.values()) for key, forms in phrases.items()}
        least = min(2, max(counts.values(), default=1))
        weights = {key: self._weight(key, phrases[key], n) for key, n in counts.items() if n >= least}
        ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:most]
        top = ranked[0][1] if ranked else 1.0
        texts = [_written(phrases[key]) for key, _ in ranked]
        return [
            Phrase(text, key, weight / top, self._fitness(key, text) < _WEAK)
            for text, (key, weight) in zip(texts, ranked, strict=True)
        ]

    def _weight(self, key: tuple[str, ...], forms: _Forms, count: int) -> float:
        contrast = math.log((len(self._spans) + 1) / (self._frequency[key] + 0.5)) + 0.2
        weight = math.pow(count, 0.8) * contrast * (1.0 + 0.8 * (len(key) - 1))
        return weight * self._fitness(key, _written(forms))

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


def _written(forms: _Forms) -> str:
    return (
        next(iter(forms)) if len(forms) == 1 else min(forms.items(), key=lambda item: (-item[1], item[0]))[0]
    )


def _same_root(a: str, b: str) -> bool:
    shorter = min(len(a), len(b))
    return a == b or (shorter >= 5 and a[: min(shorter, 6)] == b[: min(shorter, 6)])


def _phrases(sentences: Sequence[str]) -> _Phrases:
    said: Counter[tuple[str, ...]] = Counter()
    for sentence in sentences:
        for run in _runs(_inner_case(sentence)):
            for length in range(1, _LONGEST + 1):
                said.update(zip(*(run[at:] for at in range(length)), strict=False))
    found: _Phrases = {}
    for words, times in said.items():
        key: tuple[str, ...] = tuple(map(_inner_stem, words))
        if len(key) > 1:
            if not (key[0] and key[-1]):
                continue
            if "" in key:
                key = tuple(filter(None, key))
            if len(set(key)) < len(key):
                continue
        elif not key[0]:
            continue
        form = " ".join(words)
        if not form.isascii() and any(map(unspaced, words)):
            form = join_words(words)
        forms = found.get(key)
        if forms is None:
            found[key] = {form: times}
        else:
            forms[form] = forms.get(form, 0) + times
    return found


def _together(parts: Iterable[_Phrases]) -> _Phrases:
    found: _Phrases = {}
    for part in parts:
        for key, own in part.items():
            forms = found.get(key)
            if forms is None:
                found[key] = own.copy()
                continue
            for form, times in own.items():
                forms[form] = forms.get(form, 0) + times
    return found


def _runs(words: Iterable[str]) -> Iterator[list[str]]:
    """Neighbouring content words, with what may stand among them."""
    run: list[str] = []
    for token in words:
        lower = token.lower()
        if is_content(lower) or (run and lower in _INSIDE):
            if run and unspaced(token) and unspaced(run[-1]) and not {lower, run[-1]} & _INSIDE:
                yield run  # no space tells a compound from a verb and its object
                run = []
            run.append(token)
        elif run:
            yield run
            run = []
    if run:
        yield run


@lru_cache(maxsize=100_000)
def _inner_stem(word: str) -> str:
    """The stem of a word as written; empty for one that only stands inside."""
    lower = word.lower()
    return "" if lower in _INSIDE else stem(lower)


def _inner_case(sentence: str) -> list[str]:
    """Tokens as written, but the capital of a sentence's first word taken off: it says nothing about the
    word.
    """
    words = list(surface_tokens(sentence))
    if words and words[0][1:] == words[0][1:].lower():
        words[0] = words[0].lower()
    return words
