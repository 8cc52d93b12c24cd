"""Titles and extractive summaries, so that the tree of segments reads like a table of contents."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.structuring.announced import announced
from longvid_indexer.structuring.keyphrases import Phrase, PhraseIndex
from longvid_indexer.structuring.spoken import SpokenSentence, closed
from longvid_indexer.structuring.words import stem, tokens
from longvid_storage.text.mmr import mmr
from longvid_storage.types import ScreenText, Slide

Span = tuple[float, float]

Encode = Callable[[Sequence[str]], NDArray[np.float32]]

# Bullets, and an upright bar beside a heading that is read as a letter ("I The code").
_MARGIN = re.compile(
    r"^(?:[|•·▪■►»*–—-]+\s*|[Il1]\s+(?=(?:The|A|An|How|What|Why|Der|Die|Das|Le|La|Les|El|Los)\b))+"
)
_TITLE_WORDS = 12
_CANDIDATES = 6
_QUESTION_WITHIN_S = 45.0
_ANNOUNCED_WITHIN_S, _ANNOUNCED_BEFORE_S = 30.0, 15.0
# How a question begins that stands for itself; "In the right corner?" and "That one has it?" do not.
_ASKS = re.compile(
    r"(?:what|how|why|when|where|who|which|can|could|do|does|did|is|are|was|were|will|would|should|shall|have|has"
    r"|was|wie|warum|wann|wo|wer|welche\w*|ist|sind|kann|können|gibt|comment|pourquoi|quand|où|qui|quel\w*"
    r"|est-ce|qué|cómo|por qué|cuándo|dónde|quién|cuál\w*|hay)\b|[^\x00-\u024f]",
    re.IGNORECASE,
)
# "If it is too large, training diverges" says nothing where nobody said what is too large. A demonstrative before a
# noun ("This rule") is left alone, and so is an "it" that stands for what follows ("It is important to").
_SUBJECT_BEFORE = re.compile(
    r"^(?:(?:if|when|because|since|while|as|although|though|once|after|before|unless|until|whether)\s+)?"
    r"(?:(?:they|he|she|it(?! (?:is|was|seems) \w+ (?:to|that)\b))\b"
    r"|(?:this|that|these|those)\s+(?:is|are|was|were|will|would|can|could|has|have|had|means?|makes?|gives?|does|do)\b)",
    re.IGNORECASE,
)
_LEFT_OPEN = 0.4
_SUMMARY_SENTENCES = {"scene": 1, "event": 2, "video": 4}
_LONGEST_SENTENCE = 45
_SHORTEST_SENTENCE = 5


@dataclass(frozen=True)
class SlideTitle:
    """The title seen on a slide and when it is seen."""

    start_s: float
    end_s: float
    text: str


def slide_titles(slides: Sequence[Slide], screen_texts: Sequence[ScreenText]) -> list[SlideTitle]:
    """The title of each slide: its own, else the tallest line of its upper part that reads like a heading."""
    found = []
    for slide in slides:
        shown = [t for t in screen_texts if t.start_s < slide.end_s and t.end_s > slide.start_s]
        title = _MARGIN.sub("", " ".join((slide.title or _heading(shown) or "").split()))
        if _reads(title):
            found.append(SlideTitle(slide.start_s, slide.end_s, shorten(title)))
    return found


def _heading(lines: Sequence[ScreenText]) -> str | None:
    upper = [t for t in lines if t.box[1] < 0.4 and t.confidence >= 0.5 and _reads(t.text)]
    if not upper:
        return None
    best = max(upper, key=lambda t: (round(t.box[3] - t.box[1], 2), -t.box[1]))
    return best.text if len(best.text) <= 90 else None


def _reads(text: str) -> bool:
    """True for words, false for formulas, numbers and scraps."""
    letters = sum(c.isalpha() for c in text)
    return letters >= 0.6 * len("".join(text.split())) and bool(
        re.search(r"[^\W\d_]{3}|[^\x00-\u024f]{2}", text)
    )


def shorten(text: str, words: int = _TITLE_WORDS) -> str:
    """At most ``words`` words and 80 characters, cut between words, with an ellipsis where cut."""
    parts = text.split()
    cut = " ".join(parts[:words])
    if len(cut) > 80:
        cut = cut[:80].rsplit(" ", 1)[0] if " " in cut[:80] else cut[:80]
    return cut.rstrip(" ,;:-–—") + "…" if len(cut) < len(text.rstrip(" .")) else cut


class Describer:
    """Words for the spans of one video; built once, asked for every scene and event.

    ``encode`` turns texts into vectors of the sentences' space; without it phrases are weighed by counts
    alone.
    """

    def __init__(
        self, sentences: Sequence[SpokenSentence], titles: Sequence[SlideTitle], encode: Encode | None = None
    ) -> None:
        self._sentences = sorted(sentences, key=lambda s: s.start_s)
        self._starts = [s.start_s for s in self._sentences]
        self._titles = titles
        self._encode = encode
        self._vectors = self._stack()
        self._mean = self._vectors.mean(axis=0) if len(self._sentences) else np.zeros(1, dtype=np.float32)
        # Each is looked at once for every level: what is the same for all is told once.
        self._stems = [[stem(word) for word in s.words] for s in self._sentences]
        self._alone = [_stands_alone(s) for s in self._sentences]
        counts = Counter(word for stems in self._stems for word in set(stems))
        self._rarity = {w: math.log((len(self._sentences) + 1) / c) for w, c in counts.items()}

    def _stack(self) -> NDArray[np.float32]:
        if not self._sentences:
            return np.zeros((0, 1), dtype=np.float32)
        return np.stack([s.vector for s in self._sentences])

    def phrases(self, spans: Sequence[Span]) -> PhraseIndex:
        """What is said in each span."""
        return PhraseIndex.of([[s.text for s in self._within(span)] for span in spans])

    def titles(self, spans: Sequence[Span], index: PhraseIndex) -> list[str | None]:
        """One title a span: of the slides that fill a third of it, else what is announced or asked where it begins,
        else its keyphrases, else its most central sentence; ``None`` when nothing is said or shown. ``index``: of these
        spans.
        """
        phrases = [index.best(i, _CANDIDATES) for i in range(len(spans))]
        fitting = self._weighed(spans, phrases)
        made: list[str | None] = []
        for span, chosen in zip(spans, fitting, strict=True):
            title = (
                self._slide_title(span, made)
                or self._announced(span, made)
                or self._opening_question(span, chosen)
            )
            title = title or _joined(chosen)
            if title is None:
                best = self.summary_sentences(span, 1)
                title = shorten(best[0].text) if best else None
            made.append(title)
        return made

    def _weighed(self, spans: Sequence[Span], phrases: Sequence[list[Phrase]]) -> list[list[Phrase]]:
        """Each span's phrases by weight plus closeness to what the span says and the rest of the video does
        not.
        """
        texts = list(dict.fromkeys(phrase.text for own in phrases for phrase in own))
        if self._encode is None or not texts:
            return [sorted(own, key=lambda p: -p.weight) for own in phrases]
        vectors = dict(zip(texts, self._encode(texts), strict=True))
        weighed = []
        for span, own in zip(spans, phrases, strict=True):
            low, high = self._range(span)
            centre = self._centre(low, high)
            scored = [
                replace(p, weight=p.weight + 2.0 * _cosine(vectors[p.text] - 0.5 * self._mean, centre))
                for p in own
            ]
            weighed.append(sorted(scored, key=lambda p: -p.weight))
        return weighed

    def _announced(self, span: Span, before: Sequence[str | None]) -> str | None:
        """What the speaker says that it is about, at its beginning or in the last sentence before it."""
        low, high = self._range((span[0], min(span[1], span[0] + _ANNOUNCED_WITHIN_S)))
        low = max(0, low - 1)
        near = (s for s in self._sentences[low:high] if s.start_s >= span[0] - _ANNOUNCED_BEFORE_S)
        found = (subject for sentence in near if (subject := announced(sentence.text)))
        return next((subject for subject in found if subject not in before), None)

    def _opening_question(self, span: Span, phrases: Sequence[Phrase]) -> str | None:
        """The question that opens the span, if it is about what the span is about: interviews go by questions."""
        low, high = self._range((span[0], min(span[1], span[0] + _QUESTION_WITHIN_S)))
        topic = {word for phrase in phrases[:2] for word in phrase.stems}
        counts: Counter[str] | None = None
        for sentence in self._sentences[low:high]:
            asked = sentence.text[-1:] in "?？؟" and _ASKS.match(sentence.text.lstrip("¿"))
            if not asked or not 4 <= sentence.length <= _TITLE_WORDS:
                continue
            counts = counts or Counter(stem(w) for s in self._within(span) for w in set(s.words))
            words = {stem(w) for w in sentence.words}
            if words & topic and sum(counts[w] > 1 for w in words) >= max(2, len(words) - 1):
                return sentence.text
        return None

    def _slide_title(self, span: Span, before: Sequence[str | None]) -> str | None:
        seconds: defaultdict[str, float] = defaultdict(float)
        for title in self._titles:
            overlap = min(title.end_s, span[1]) - max(title.start_s, span[0])
            if overlap > 0:
                seconds[title.text] += overlap
        if not seconds or sum(seconds.values()) < (span[1] - span[0]) / 3:
            return None
        longest = sorted(seconds, key=lambda text: -seconds[text])
        return next((text for text in longest if not before or text != before[-1]), longest[0])

    def summary(
        self, span: Span, level: str, parts: Sequence[Span] = ()
    ) -> tuple[str | None, tuple[int, ...]]:
        """The most central sentences of the span in the order they are said, and the ids of their passages.

        With ``parts`` (a video's events) they are chosen among the sentences that sum up the parts. Where nothing is
        said: the titles of its slides, which rest on no passage of speech; where nothing is shown either, None.
        """
        among = [s for part in parts for s in self.summary_sentences(part, 2)] if parts else None
        chosen = self.summary_sentences(span, _SUMMARY_SENTENCES[level], among)
        if chosen:
            return " ".join(closed(s.text) for s in chosen), tuple(s.passage.id for s in chosen)
        shown = [t for t in self._titles if t.start_s < span[1] and t.end_s > span[0]]
        return "; ".join(dict.fromkeys(t.text for t in shown)) or None, ()

    def summary_sentences(
        self, span: Span, count: int, among: Sequence[SpokenSentence] | None = None
    ) -> list[SpokenSentence]:
        """Up to ``count`` sentences, each the best of those that are left and unlike those already taken.

        Centrality is the cosine to the span's mean (Radev et al., "Centroid-based summarization", 2004) in
        sentence vectors with the video's mean taken off, plus tf-idf weight; redundancy is paid for as in
        maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998).
        """
        low, high = self._range(span)
        pool = [i for i in range(low, high) if self._alone[i]]
        if among is not None:
            wanted = {id(s) for s in among}
            pool = [i for i in range(low, high) if id(self._sentences[i]) in wanted]
        if not pool:
            pool = [i for i in range(low, high) if self._sentences[i].words]
        if not pool:
            return []
        scores = self._centrality(low, high, pool)
        stems = [set(self._stems[i]) for i in pool]

        def alike(row: int) -> NDArray[np.float64]:
            return np.array([len(s & stems[row]) / max(1, min(len(s), len(stems[row]))) for s in stems])

        return [self._sentences[pool[row]] for row in mmr(scores, alike, count)]

    def _centrality(self, low: int, high: int, pool: list[int]) -> NDArray[np.float64]:
        counts = Counter(chain.from_iterable(self._stems[low:high]))
        heavy = {w: math.log1p(c) * self._rarity[w] for w, c in counts.items()}
        lexical = np.array([_density(self._stems[i], heavy) for i in pool])
        lexical = lexical / max(float(lexical.max()), 1e-9)
        lengths = np.array([self._sentences[i].length for i in pool], dtype=np.float64)
        shape = -0.25 * np.abs(np.log(np.clip(lengths, 1, None) / 18.0))
        position = 0.15 * np.exp(-np.arange(len(pool)) / max(1.0, len(pool) / 6))
        clean = np.array([self._sentences[i].fluency for i in pool])
        refers = np.array([bool(_SUBJECT_BEFORE.match(self._sentences[i].text)) for i in pool])
        return np.asarray(
            self._semantic(low, high, pool)
            + 0.6 * lexical
            + shape
            + position
            + 0.5 * clean
            - _LEFT_OPEN * refers
        )

    def _semantic(self, low: int, high: int, pool: list[int]) -> NDArray[np.float64]:
        centre, rows = self._centre(low, high), self._vectors[pool] - 0.7 * self._mean
        norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(centre)
        return np.asarray(rows @ centre / np.maximum(norms, 1e-9))

    def _centre(self, low: int, high: int) -> NDArray[np.float64]:
        weights = np.array([len(s.words) for s in self._sentences[low:high]], dtype=np.float64)
        return np.asarray(weights @ (self._vectors[low:high] - 0.7 * self._mean))

    def _range(self, span: Span) -> tuple[int, int]:
        return bisect_left(self._starts, span[0] - 0.01), bisect_left(self._starts, span[1] - 0.01)

    def _within(self, span: Span) -> list[SpokenSentence]:
        low, high = self._range(span)
        return self._sentences[low:high]


def _cosine(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(a @ b) / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-9)


def _joined(phrases: Sequence[Phrase]) -> str | None:
    """The best phrase and, if it adds something, the next best: ``Battery design, solar cells``."""
    strong = [phrase for phrase in phrases if not phrase.weak]
    if not strong:
        return None
    first = strong[0]
    chosen = [first.text]
    for other in strong[1:]:
        if other.weight >= 0.5 * first.weight and not other.akin(first):
            chosen.append(other.text)
            break
    text = ", ".join(chosen)
    return text[:1].upper() + text[1:]


def _density(words: Sequence[str], heavy: dict[str, float]) -> float:
    return sum(heavy[w] for w in set(words)) / math.sqrt(max(4, len(words)))


def _stands_alone(sentence: SpokenSentence) -> bool:
    length = len(tokens(sentence.text))
    return (
        _SHORTEST_SENTENCE <= length <= _LONGEST_SENTENCE and len(sentence.words) >= 2 and sentence.complete
    )
