"""Answer without a language model: choose the sentences that answer, or none when they probably do not.

Each sentence's fit is turned into the probability that it is the place asked for (softmax), and the sentence
is chosen whose minute holds the most of it: the decision of least expected error (minimum Bayes risk), since
what answers a question is seldom said in one sentence only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from longvid_agents.answerability import WITH_VECTORS, WORDS_ONLY, Features, features
from longvid_agents.question import Plan
from longvid_agents.scoring import Array, Scores
from longvid_agents.sentences import Sentence
from longvid_storage.analysis import analyse

MAX_CLAIMS = 3
# Fewer words than this are an interjection, not an answer.
MIN_WORDS = 5
# Sentences of one video this close answer together.
TOGETHER_S = 60.0
# A place that holds this share of the probability gets more than one claim; each says something new.
SURE = 0.5
TOO_SIMILAR = 0.6
# Weights of the fit, fitted by benchmarks/answering.py as the listwise softmax of the sentences in gold
# spans.
COSINE, WORDS, NEAR, SUBJECT = 3.35, 1.36, 1.84, 7.14
ANNOUNCING, NAMED, NAMED_SHARE, FOUND_EARLY = -3.08, 2.71, 0.83, 2.18
# A sentence that reads like a definition gains this much when a definition is asked for.
DEFINES = 2.0
# The softmax is flattened by this, and a sentence's own probability counts to this power beside its minute's.
_FLATTEN, _OWN = 2.0, 0.3

_QUESTION_END = re.compile(r"[?？؟][\"'”’)\s]*$")
_MEANS = r"(?:is|are|was|were|means?|refers? to|denotes?|measures?|describes?|stands? for)\b"
_CALLED = r"\b(?:call(?:ed|s)?|defin(?:e[sd]?|ition of)|known as|term(?:ed)?)\b"


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows of the sentences that may answer, best first, and how likely they do."""

    order: Array
    mass: Array
    features: Features
    confidence: float
    found: bool


def rank(plan: Plan, sentences: Sequence[Sentence], scores: Scores, *, vectors: bool) -> Ranking | None:
    """Order ``sentences`` by how likely they answer; ``None`` when none is fit to be quoted."""
    usable = np.array([readable(sentence) for sentence in sentences], bool)
    related = (scores.words_subject > 0) | (scores.cosine > 0)
    if not (usable & related).any():
        return None
    fit = np.where(usable & related, _fit(plan, sentences, scores), -np.inf)
    probability = np.exp((fit - fit.max()) / _FLATTEN)
    probability /= probability.sum()
    mass = _nearby(sentences, probability)
    value = mass * probability**_OWN
    order = np.argsort(-value, kind="stable")[: int((value > 0).sum())]
    found_features = features(scores, order[:MAX_CLAIMS])
    model = WITH_VECTORS if vectors else WORDS_ONLY
    confidence = model.probability(found_features)
    return Ranking(order, mass[order], found_features, confidence, confidence >= model.threshold)


def choose(sentences: Sequence[Sentence], ranking: Ranking) -> list[Sentence]:
    """The best sentence, and up to two more that say something new when the place is sure."""
    chosen: list[Sentence] = []
    most = MAX_CLAIMS if ranking.mass[0] >= SURE else 1
    for row in ranking.order:
        if len(chosen) == most:
            break
        if all(overlap(sentences[row].text, other.text) < TOO_SIMILAR for other in chosen):
            chosen.append(sentences[row])
    return chosen


def overlap(a: str, b: str) -> float:
    """Share of the shorter text's different terms that the other one also has."""
    first, second = set(analyse(a, None)), set(analyse(b, None))
    return len(first & second) / max(1, min(len(first), len(second)))


def readable(sentence: Sentence) -> bool:
    """False for interjections and for questions, which ask and do not answer."""
    if sentence.kind != "speech":
        return True
    return len(analyse(sentence.text, None)) >= MIN_WORDS and not _QUESTION_END.search(sentence.text)


def defines(text: str, plan: Plan) -> bool:
    """True when ``text`` says what one of the plan's terms is: "X is …", "X means …", "… is called X"."""
    name = "|".join(re.escape(term.text) for term in plan.terms)
    named = rf"\b(?:{name})\w*\b"
    return bool(
        re.search(rf"^(?:\W*\w+\W+){{0,4}}?{named}(?:\W+\w+){{0,2}}?\W+{_MEANS}", text, re.I)
        or re.search(rf"{_CALLED}\W+(?:\w+\W+){{0,3}}?{named}", text, re.I)
    )


def _fit(plan: Plan, sentences: Sequence[Sentence], scores: Scores) -> Array:
    fit: Array = (
        COSINE * scores.cosine
        + WORDS * scores.words
        + NEAR * scores.words_near
        + SUBJECT * scores.words_subject
        + ANNOUNCING * scores.announcing
        + NAMED * scores.named
        + NAMED_SHARE * scores.named_share
        + FOUND_EARLY * scores.found_early
    )
    if plan.kind == "define":
        fit = fit + DEFINES * np.array([defines(sentence.text, plan) for sentence in sentences])
    return fit


def _nearby(sentences: Sequence[Sentence], probability: Array) -> Array:
    start_s = np.array([sentence.start_s for sentence in sentences])
    video = np.unique([sentence.video_id for sentence in sentences], return_inverse=True)[1]
    together = (video[:, None] == video) & (np.abs(start_s[:, None] - start_s) <= TOGETHER_S)
    mass: Array = together @ probability
    return mass
