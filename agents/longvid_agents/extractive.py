"""Answer without a language model: choose the sentences that answer, or none when they probably do not.

Each sentence's fit is turned into the probability that it is the place asked for (softmax), and the place is
chosen whose minute holds most of it: the decision of least expected error (minimum Bayes risk), since what
answers a question is seldom said in one sentence only. There, a question about a fact is answered by the
sentence that fits best (a list by more that fit as well); one about a discussion by those in the middle of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from longvid_agents.another_thing import (
    ASKED_THERE,
    beside_it,
    names_value,
    tells_who,
    what_is_asked_first,
    without_beside,
)
from longvid_agents.answerability import WITH_VECTORS, Features, Logistic, features
from longvid_agents.definitions import DEFINES, definition, names_asked
from longvid_agents.expected import OF_VALUES, asked_for, measures
from longvid_agents.question import QuestionPlan
from longvid_agents.scoring import Array, Scores
from longvid_storage.text.analysis import analyse
from longvid_storage.text.sentences import asks, breaks_off
from longvid_storage.text.stop_words import STOP_WORDS
from longvid_storage.types import Passage

MAX_CLAIMS = 3
# Fewer words than this are an interjection, not an answer.
MIN_WORDS, MIN_OWN_WORDS = 5, 3
# Sentences of one video this close answer together.
TOGETHER_S = 60.0
# A place that holds this share of the probability gets more than one claim; each says something new.
SURE = 0.65
TOO_SIMILAR = 0.6
# A fact is one claim. Further ones on a list may fall behind the first by this much, where 1 is a factor e in
# probability: by all that tells of them, and by what they say themselves.
NEARLY, NEARLY_OWN = 1.0, 0.5
# No line of a slide with fewer words than this is a further claim: it is a heading.
HEADING_WORDS = 5
_REPLY_WORDS = 2
# A line on screen says something when it has this many words that the question has not, or a value.
_ADDS = 2
_STATES = re.compile(r"[=<>≤≥≈→:]|\d")
# What has a number of what is measured or counted, and a word of the question, answers if it is so like it.
_MEASURED = 0.4
# A sentence's own probability counts to this power beside its minute's.
_OWN = 0.3

_WHAT_IS = re.compile(
    r"\W*(?:what(?:'s| (?:is|are))|define|explain)\s+(?:an?\s+|the\s+)?((?:[\w-]+\s+){0,3}?[\w-]+)[?.!\s]*$",
    re.IGNORECASE,
)
# What may be a verb of English that says what something does: third person, no other part of speech.
_DOES = (
    r"(?!(?:is|was|has|does|this|these|its|his|us|as|across|always|perhaps|besides|plus|versus|less|unless)\b)"
    r"[a-z]{2,}s\b"
)
_SUPPOSING = re.compile(r"\b(?:if|unless)\b|\bwhat (?:\w+ )?happen\w* (?:when|once|after)\b", re.IGNORECASE)
_BROKEN_WORDS = 12  # what breaks off after more has said something
_CONDITION = re.compile(r"\b(?:if|unless|when|whenever|once)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class QuoteWeights:
    """What each of the ``Scores`` of that name counts; ``defines``: how much it reads like a definition, where one is
    asked; ``begins``: begins with the thing asked for, there; ``supposes``: names a condition, where it is asked what
    follows from one; ``on_screen``: is read on screen, where that is asked.
    """

    cosine: float
    circumstance_near: float
    words: float
    words_near: float
    words_subject: float
    announcing: float
    named: float
    named_share: float
    found_early: float
    wording: float = 4.0
    expected: float = 2.5
    follows: float = 5.0
    opens: float = -2.5
    defines: float = 4.0
    begins: float = 1.0
    supposes: float = 1.0
    on_screen: float = 4.0


_BY_KIND = ("defines", "begins", "supposes", "on_screen")
_OF_A_FACT = ("expected", "follows", "opens")
"""These and ``_BY_KIND`` are set by hand (benchmarks/facts.py): few questions that fit the rest ask so."""
# Fitted by benchmarks/answering.py: the softmax over a question's sentences that gives those in gold spans
# most.
FIT = QuoteWeights(4.26, -4.52, 1.45, 1.38, 2.42, -4.77, 2.76, -0.86, 3.66)
# A question about one fact is answered by what is said in one sentence, less by where that is: its own words and the
# thing asked for count more (set on benchmarks/facts.py and 45 questions about talks: 125 → 131 of 165 right).
FACT_FIT = replace(FIT, words=2.2, expected=3.5)
# Without meaning a sentence's own words tell most.
WORDS_FIT = replace(FIT, words=6.0, words_near=0.7, words_subject=0.7, found_early=1.0)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows of the sentences that may answer, best first, with their fit, and how likely they do.

    At most ``most`` of them make a claim. ``own`` is the part of the fit that is due to the sentence itself.
    ``strict``: none far behind the first one makes one. ``as_said``: it is shown because a rare word is said there.
    ``on_screen``: a line on screen is followed by the others of its slide.
    """

    order: Array
    fit: Array
    own: Array
    most: int
    strict: bool
    features: Features
    confidence: float
    found: bool
    as_said: bool = False
    on_screen: bool = False


def rank(
    plan: QuestionPlan,
    sentences: Sequence[Passage],
    scores: Scores,
    *,
    model: Logistic = WITH_VECTORS,
    weights: QuoteWeights = FIT,
) -> Ranking | None:
    """Order ``sentences`` by how likely they answer; ``None`` when none is fit to be quoted."""
    if weights is FIT:
        weights = WORDS_FIT if not scores.meaning else FIT if plan.broad else FACT_FIT
    fit = fitness(plan, sentences, scores, weights)
    if not np.isfinite(fit).any():
        return None
    together = _together(sentences)
    beside = beside_it(plan, scores)
    probability, mass, value = _likely(fit, together)
    best = int(np.argmax(value))
    if beside[best] and (left := without_beside(plan, scores, fit, beside)) is not None:
        fit = left
        probability, mass, value = _likely(fit, together)
        best = int(np.argmax(value))
    place = together[best]
    if not plan.broad:
        value = np.where(np.isfinite(fit), place + probability, -1.0)
    order = np.argsort(-value, kind="stable")[: int(np.isfinite(fit).sum())]
    order = what_is_asked_first(plan, scores, order, together)
    found_features = features(scores, order[:MAX_CLAIMS])
    confidence = model.probability(found_features)
    told = tells_who(plan, sentences, scores)
    found = confidence >= model.threshold and not beside[best] and bool(told[order[0]])
    found = found and names_value(plan, sentences, scores, int(order[0]))
    said = (scores.said & told) | ((scores.follows >= ASKED_THERE) & (scores.expected > 0))
    if not plan.broad and measures(plan.question):  # "how heavy is the cat?" "she weighs seven kilos"
        said |= (scores.expected >= 1) & (scores.words > 0) & (scores.cosine >= _MEASURED)
    if not found and (said & np.isfinite(fit)).any():
        return _as_said(plan, np.where(said, fit, -np.inf), found_features, confidence)
    return Ranking(
        order=order,
        fit=fit[order],
        own=(weights.cosine * scores.cosine + weights.words * scores.words)[order],
        most=MAX_CLAIMS if mass[best] >= SURE and (plan.broad or plan.kind == "list") else 1,
        strict=not plan.broad,
        features=found_features,
        confidence=confidence,
        found=found,
        on_screen=plan.on_screen,
    )


def _likely(fit: Array, together: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """How likely each sentence is the place asked for; its minute; and what both are worth together."""
    probability = np.exp(fit - fit.max())
    probability /= probability.sum()
    mass = together @ probability
    return probability, mass, mass * probability**_OWN


def _as_said(plan: QuestionPlan, worth: Array, found: Features, confidence: float) -> Ranking:
    """Nothing answers by its meaning: what has the question's rare word or was asked there, best first, as found."""
    order = np.argsort(-worth, kind="stable")[: int(np.isfinite(worth).sum())]
    return Ranking(
        order=order,
        fit=worth[order],
        own=worth[order],
        most=MAX_CLAIMS if plan.broad else 1,
        strict=not plan.broad,
        features=found,
        confidence=confidence,
        found=True,
        as_said=True,
    )


def fitness(
    plan: QuestionPlan, sentences: Sequence[Passage], scores: Scores, weights: QuoteWeights = FIT
) -> Array:
    """The weighted sum of each sentence's scores; minus infinity for one that cannot be quoted as an answer."""
    fit: Array = np.zeros(len(sentences))
    for name in QuoteWeights.__slots__:
        if name not in _BY_KIND and not (plan.broad and name in _OF_A_FACT):
            fit = fit + getattr(weights, name) * getattr(scores, name)
    shown = np.array([sentence.kind == "screen" for sentence in sentences], bool)
    if plan.kind == "define" and asked_for(plan.question) not in OF_VALUES:  # "what is the price of the bed?"
        names = names_asked(plan)
        strength = np.array([definition(sentence.text, names) for sentence in sentences])
        says = strength >= DEFINES
        # A label on a picture defines nothing.
        fit = fit + weights.defines * (strength * says - (shown & ~says))
        opens = np.array([begins_with_subject(sentence.text, plan.question) for sentence in sentences], bool)
        fit = fit + weights.begins * (opens & ~says & ~shown)
    if _SUPPOSING.search(plan.question):
        fit = fit + weights.supposes * np.array([bool(_CONDITION.search(s.text)) for s in sentences])
    if plan.on_screen:
        fit = fit + weights.on_screen * shown
    heading_too = plan.kind == "when" or plan.on_screen
    related = (scores.words_subject > 0) | (scores.cosine > 0)
    related &= np.array([heading_too or not _repeats(sentence, plan) for sentence in sentences], bool)
    quotable, few = (
        np.array([readable(s, n, fewest) for s, n in zip(sentences, scores.terms, strict=True)], bool)
        for fewest in (MIN_WORDS, MIN_OWN_WORDS)
    )
    # "Then this is an option": what has neither the question's words nor three of its own tells nothing by itself.
    tells = np.array([plan.broad or _says_something(s, plan) for s in sentences], bool)
    if asked_for(plan.question) in OF_VALUES:
        tells |= scores.expected >= 1
    quotable &= tells
    # With the question's own words, fewer make a sentence.
    quotable |= (
        (scores.follows > 0) & (scores.expected > 0) & ~np.array([asks(s.text) for s in sentences], bool)
    )
    quotable |= scores.said & few
    # "What went well?" "The new pipeline.": a reply needs no verb.
    quotable |= (scores.follows >= ASKED_THERE) & np.array([_replies(s) for s in sentences], bool)
    return np.where(quotable & related, fit, -np.inf)


def choose(sentences: Sequence[Passage], ranking: Ranking) -> list[Passage]:
    """The best sentence, and up to two more that fit nearly as well and say something new when it is sure."""
    first = sentences[ranking.order[0]]
    if ranking.on_screen and first.kind == "screen":
        return _of_slide(first, sentences)
    chosen: list[Passage] = []
    near = (ranking.fit >= ranking.fit[0] - NEARLY) & (ranking.own >= ranking.own[0] - NEARLY_OWN)
    for row, nearly in zip(ranking.order, near, strict=True):
        if len(chosen) == ranking.most:
            break
        if chosen and ((ranking.strict and not nearly) or _heading(sentences[row])):
            continue
        if all(overlap(sentences[row].text, other.text) < TOO_SIMILAR for other in chosen):
            chosen.append(sentences[row])
    return chosen


def _of_slide(line: Passage, sentences: Sequence[Passage]) -> list[Passage]:
    """A line on screen and the next ones of its slide that say something."""
    slide = [
        s for s in sentences if (s.video_id, s.kind, s.start_s) == (line.video_id, line.kind, line.start_s)
    ]
    further = [s for s in slide if s is not line and len(s.text.split()) >= MIN_OWN_WORDS]
    after = [s for s in further if s.id > line.id] or further
    return [line, *after[: MAX_CLAIMS - 1]]


def _heading(sentence: Passage) -> bool:
    return sentence.kind == "screen" and len(sentence.text.split()) < HEADING_WORDS


def _repeats(sentence: Passage, plan: QuestionPlan) -> bool:
    """True for a line on screen that says hardly more than the question does: a heading tells when, and no more."""
    if sentence.kind != "screen" or _STATES.search(sentence.text):
        return False
    known = {term.text for term in plan.terms} | STOP_WORDS.get(plan.language or "en", frozenset())
    return len(set(analyse(sentence.text, plan.language)) - known) < _ADDS


def overlap(a: str, b: str) -> float:
    """Share of the shorter text's different terms that the other one also has."""
    first, second = set(analyse(a, None)), set(analyse(b, None))
    return len(first & second) / max(1, min(len(first), len(second)))


def readable(sentence: Passage, terms: int, fewest: int = MIN_WORDS) -> bool:
    """False for interjections, which have few terms, for questions, which ask and do not answer, and for what breaks
    off where something must follow ("It is really like the …")."""
    if sentence.kind != "speech":
        return True
    if breaks_off(sentence.text) and len(sentence.text.split()) <= _BROKEN_WORDS:
        return False
    if sentence.language not in (None, "en"):  # others say in three words what English says in five
        fewest = min(fewest, MIN_OWN_WORDS)
    return terms >= fewest and not asks(sentence.text)


def _says_something(sentence: Passage, plan: QuestionPlan) -> bool:
    """Whether it has a word of the question, or three that are no stop words, or a value."""
    if sentence.kind != "speech" or plan.language not in (None, "en"):
        return True
    said = set(analyse(sentence.text, plan.language))
    if said & {term.text for term in plan.terms} or _STATES.search(sentence.text):
        return True
    return len(said - STOP_WORDS["en"]) >= MIN_OWN_WORDS


def _replies(sentence: Passage) -> bool:
    """Whether it has two words that are no stop words and asks nothing."""
    said = {*analyse(sentence.text, sentence.language)} - STOP_WORDS["en"]
    return sentence.kind == "speech" and len(said) >= _REPLY_WORDS and not asks(sentence.text)


def begins_with_subject(text: str, question: str) -> bool:
    """True when what ``question`` asks for ("what is X?") is what ``text`` is about and does something: "X turns …"."""
    asked = _WHAT_IS.match(question)
    return bool(
        asked
        and re.match(
            rf"\W*(?:(?:so|now|and|well|okay|then)\b\W*)?(?:(?:an?|the)\s+)?{re.escape(asked[1])}\s+{_DOES}",
            text,
            re.I,
        )
    )


def _together(sentences: Sequence[Passage]) -> NDArray[np.bool_]:
    """Which sentences are of one video and within ``TOGETHER_S`` of each other, shape ``(n, n)``."""
    start_s = np.array([sentence.start_s for sentence in sentences])
    video = np.unique([sentence.video_id for sentence in sentences], return_inverse=True)[1]
    together: NDArray[np.bool_] = np.abs(start_s[:, None] - start_s) <= TOGETHER_S
    together &= video[:, None] == video
    return together
