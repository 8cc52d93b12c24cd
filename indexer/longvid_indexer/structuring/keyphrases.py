"""Keyphrases that tell one span from the others, for titles."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from longvid_indexer.structuring.words import is_content, stem, tokens

_LONGEST = 3
_PHRASES = 2


@dataclass
class _Phrase:
    forms: Counter[str] = field(default_factory=Counter)
    count: int = 0


class PhraseIndex:
    """Phrases of several spans, weighed against each other.

    A phrase is one to three neighbouring content words. Its weight in a span grows with how often it is
    said there and falls with how many other spans say it (tf-idf over spans), and longer phrases win over
    their parts when they are said nearly as often, as in YAKE (Campos et al., "YAKE! Keyword extraction
    from single documents using multiple local features", 2020) without its capital-letter features, which
    speech transcripts lack.
    """

    def __init__(self, spans: Sequence[Sequence[str]]) -> None:
        self._spans = [_phrases(texts) for texts in spans]
        self._frequency = Counter(key for phrases in self._spans for key in phrases)

    def title(self, index: int) -> str | None:
        """The best phrases of span ``index``, or ``None`` when nothing is said twice and nothing stands
        out.
        """
        ranked = self.ranked(index)
        chosen: list[tuple[str, ...]] = []
        for key, _ in ranked:
            if not any(set(key) & set(other) for other in chosen):
                chosen.append(key)
            if len(chosen) == _PHRASES:
                break
        if not chosen:
            return None
        forms = [self._spans[index][key].forms.most_common(1)[0][0] for key in chosen]
        text = ", ".join(forms)
        return text[:1].upper() + text[1:]

    def ranked(self, index: int) -> list[tuple[tuple[str, ...], float]]:
        """Phrases of span ``index`` and their weights, best first; only those said at least twice."""
        phrases = self._spans[index]
        weights = {
            key: self._weight(key, phrase.count) for key, phrase in phrases.items() if phrase.count >= 2
        }
        return sorted(weights.items(), key=lambda item: (-item[1], item[0]))

    def _weight(self, key: tuple[str, ...], count: int) -> float:
        contrast = math.log((len(self._spans) + 1) / (self._frequency[key] + 0.5)) + 0.2
        return math.pow(count, 0.8) * contrast * (1.0 + 0.8 * (len(key) - 1))


def _phrases(texts: Sequence[str]) -> dict[tuple[str, ...], _Phrase]:
    found: dict[tuple[str, ...], _Phrase] = {}
    for text in texts:
        run: list[str] = []
        for token in [*tokens(text), ""]:
            if token and is_content(token):
                run.append(token)
                continue
            _count(run, found)
            run = []
    return found


def _count(run: list[str], found: dict[tuple[str, ...], _Phrase]) -> None:
    for size in range(1, _LONGEST + 1):
        for start in range(len(run) - size + 1):
            words = run[start : start + size]
            key = tuple(stem(w) for w in words)
            if len(set(key)) < size:
                continue
            phrase = found.setdefault(key, _Phrase())
            phrase.count += 1
            phrase.forms[" ".join(words)] += 1
