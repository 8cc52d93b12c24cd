"""Answer without a language model: find the sentences that answer, and decide whether they do.

A sentence is scored by what it says itself and by what is said around it, since "yes, on Friday" answers only
together with the question before it. Both are compared with the question in meaning (cosine of sentence
vectors) and in words (BM25's saturated, IDF-weighted share of the question's content words; Robertson &
Zaragoza, 2009). ``Answerability`` then turns how well the best sentences fit into the probability that they
answer; how its coefficients were fitted is written in ``docs/answering.md``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_agents.question import Plan, words_of
from longvid_agents.sentences import Sentence
from longvid_agents.tools import TermStatistics

# Words on either side of a sentence that count as said around it: a minute of speech in all, about.
CONTEXT_WORDS = 80
MAX_CLAIMS = 3
# A second claim must come this close to the first one's score, and differ from it in this share of its words.
WORTH_ADDING = 0.85
TOO_SIMILAR = 0.6
# Fewer words than this are an interjection, not an answer (scripts without spaces count pairs of characters).
MIN_WORDS = 4
_SATURATION = 1.2
# A sentence that reads like a definition gains this much when a definition is asked for.
DEFINES = 0.15
_MEANS = r"(?:is|are|was|were|means?|refers? to|denotes?|measures?|describes?|stands? for)\b"
_CALLED = r"\b(?:call(?:ed|s)?|defin(?:e[sd]?|ition of)|known as|by|term(?:ed)?)\b"

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scored:
    """A sentence with its score against the question, best possible about 1."""

    sentence: Sentence
    score: float


@dataclass(frozen=True, slots=True)
class Features:
    """What tells an answerable question from one the library knows nothing of; each in ``[0, 1]``.

    ``similarity``: cosine of the question with the best sentence (0 without a text encoder);
    ``coverage``: IDF share of the question's content words in the best passage; ``missing``: IDF share
    of those that occur nowhere in the library; ``margin``: how far the best sentence's cosine stands
    above the background's.
    """

    similarity: float
    coverage: float
    missing: float
    margin: float


@dataclass(frozen=True, slots=True)
class Answerability:
    """A logistic model: ``probability = 1 / (1 + exp(-(intercept + weights * features)))``."""

    intercept: float
    similarity: float
    coverage: float
    missing: float
    margin: float
    threshold: float = 0.5

    def probability(self, features: Features) -> float:
        """How likely the best sentences answer the question, in ``[0, 1]``."""
        z = (
            self.intercept
            + self.similarity * features.similarity
            + self.coverage * features.coverage
            + self.missing * features.missing
            + self.margin * features.margin
        )
        return 1 / (1 + math.exp(-z))


# Fitted by benchmarks/answering.py on the development sets; without a text encoder only words can tell.
WITH_VECTORS = Answerability(intercept=-4.0, similarity=6.0, coverage=4.0, missing=-3.0, margin=2.0)
WORDS_ONLY = Answerability(intercept=-3.0, similarity=0.0, coverage=6.0, missing=-3.0, margin=0.0)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Sentences best first, and what they tell about the question."""

    best: tuple[Scored, ...]
    confidence: float
    found: bool


def rank(
    plan: Plan,
    sentences: Sequence[Sentence],
    statistics: TermStatistics,
    question_vector: Vectors | None,
    vectors: Vectors | None,
) -> Ranking:
    """Order ``sentences`` by how well they answer, and judge whether the best do.

    ``question_vector`` has shape ``(dimension,)``, ``vectors`` one row for each sentence; both ``None``
    without a text encoder. ``sentences`` of one video are in time order.
    """
    if not sentences or not plan.terms:
        return Ranking((), 0.0, False)
    weights = term_weights(plan, statistics)
    neighbours = context_bounds(sentences)
    counts = term_counts(sentences, list(weights))
    share = np.array([*weights.values()]) / max(sum(weights.values()), 1e-9)
    own_words = saturate(counts) @ share
    around_words = saturate(window_sums(counts, neighbours)) @ share
    if question_vector is None or vectors is None:
        score: NDArray[Any] = 0.5 * own_words + 0.5 * around_words
        cosine: NDArray[Any] = np.zeros(len(sentences))
    else:
        cosine = vectors @ question_vector
        around = _normalise(window_sums(vectors * _lengths(sentences)[:, None], neighbours)) @ question_vector
        score = 0.3 * cosine + 0.25 * around + 0.15 * own_words + 0.3 * around_words
    if plan.kind == "define":
        score = score + DEFINES * np.array([defines(sentence.text, plan) for sentence in sentences])
    score = np.where([readable(sentence) for sentence in sentences], score, 0.0)
    order = np.argsort(-score, kind="stable")
    features = Features(
        similarity=float(np.clip(cosine[order[:3]].max(), 0, 1)),
        coverage=float(((window_sums(counts, neighbours) > 0) @ share)[order[:3]].max()),
        missing=float(
            sum(s for s, term in zip(share, weights, strict=True) if not _known(term, plan, statistics))
        ),
        margin=float(np.clip(cosine[order[0]] - np.median(cosine), 0, 1)),
    )
    model = WORDS_ONLY if vectors is None else WITH_VECTORS
    confidence = model.probability(features)
    best = tuple(Scored(sentences[i], float(score[i])) for i in order if score[i] > 0)
    return Ranking(best, confidence, bool(best) and confidence >= model.threshold)


def defines(text: str, plan: Plan) -> bool:
    """True when ``text`` says what one of the plan's terms is: "X is …", "X means …", "… is called X"."""
    for term in plan.terms:
        name = rf"\b{re.escape(term.text)}(?:s|es)?\b"
        if re.search(rf"^(?:\W*\w+\W+){{0,4}}?{name}(?:\W+\w+){{0,2}}?\W+{_MEANS}", text, re.I):
            return True
        if re.search(rf"{_CALLED}\W+(?:\w+\W+){{0,3}}?{name}", text, re.I):
            return True
    return False


def choose(best: Sequence[Scored], most: int = MAX_CLAIMS) -> list[Sentence]:
    """One to ``most`` sentences, best first: each close to the best in score and saying something new."""
    chosen: list[Scored] = []
    for candidate in best:
        if len(chosen) == most or (chosen and candidate.score < WORTH_ADDING * chosen[0].score):
            break
        if all(overlap(candidate.sentence.text, other.sentence.text) < TOO_SIMILAR for other in chosen):
            chosen.append(candidate)
    return [scored.sentence for scored in chosen]


def overlap(a: str, b: str) -> float:
    """Share of the shorter text's different words that the other one also has."""
    first, second = set(words_of(a)), set(words_of(b))
    return len(first & second) / max(1, min(len(first), len(second)))


def readable(sentence: Sentence) -> bool:
    """False for interjections and for questions, which ask and do not answer."""
    enough = sentence.kind != "speech" or len(words_of(sentence.text)) >= MIN_WORDS
    return enough and not sentence.text.rstrip("\"'”’) ").endswith(("?", "？", "؟"))


def term_weights(plan: Plan, statistics: TermStatistics) -> dict[str, float]:
    """IDF of every stem of the plan's terms; names and numbers count half as much again."""
    weights: dict[str, float] = {}
    for term in plan.terms:
        frequency = statistics.frequency.get(term.text, 0)
        idf = math.log(1 + (statistics.documents - frequency + 0.5) / (frequency + 0.5))
        weights[stem(term.text)] = max(idf, 0.0) * (1.5 if term.special else 1.0)
    return weights


def term_counts(sentences: Sequence[Sentence], stems: Sequence[str]) -> Vectors:
    """How often each stem occurs in each sentence, shape ``(len(sentences), len(stems))``."""
    column = {stem_: i for i, stem_ in enumerate(stems)}
    counts = np.zeros((len(sentences), len(stems)), np.float32)
    for row, sentence in enumerate(sentences):
        for word in words_of(sentence.text):
            if (i := column.get(stem(word))) is not None:
                counts[row, i] += 1
    return counts


def context_bounds(sentences: Sequence[Sentence]) -> NDArray[np.intp]:
    """For each sentence the half-open row range of those within ``CONTEXT_WORDS`` of it, shape ``(n, 2)``."""
    bounds = np.zeros((len(sentences), 2), np.intp)
    begin = 0
    while begin < len(sentences):
        end = begin
        while end < len(sentences) and sentences[end].video_id == sentences[begin].video_id:
            end += 1
        edges = np.concatenate([[0], np.cumsum(_lengths(sentences[begin:end]))])
        middle = (edges[:-1] + edges[1:]) / 2
        bounds[begin:end, 0] = begin + np.searchsorted(edges[1:], middle - CONTEXT_WORDS)
        bounds[begin:end, 1] = begin + np.searchsorted(edges[:-1], middle + CONTEXT_WORDS)
        begin = end
    return bounds


def window_sums(rows: Vectors, bounds: NDArray[np.intp]) -> Vectors:
    """Sum of ``rows`` over each range of ``bounds``."""
    totals = np.vstack([np.zeros((1, rows.shape[1]), np.float64), np.cumsum(rows, axis=0, dtype=np.float64)])
    return (totals[bounds[:, 1]] - totals[bounds[:, 0]]).astype(np.float32)


def saturate(counts: Vectors) -> Vectors:
    """BM25's term saturation, scaled to ``[0, 1)``: a second mention adds less than the first."""
    return counts / (counts + np.float32(_SATURATION))


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Snowball's English stem of a folded word (other languages pass through nearly unchanged)."""
    import snowballstemmer

    return str(snowballstemmer.stemmer("english").stemWord(word.casefold()))


def _known(term_stem: str, plan: Plan, statistics: TermStatistics) -> bool:
    return any(statistics.frequency.get(t.text, 0) > 0 for t in plan.terms if stem(t.text) == term_stem)


def _lengths(sentences: Sequence[Sentence]) -> NDArray[np.float32]:
    return np.array([max(1, len(sentence.text.split())) for sentence in sentences], np.float32)


def _normalise(rows: Vectors) -> Vectors:
    scaled: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return scaled
