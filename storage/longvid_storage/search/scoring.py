"""How well each place of each video fits the question, as one number that is comparable across the pool.

A place is a row of a timeline and the window around it. Its score sums, each as deviations from the pool's mean:
words in the window (BM25; Robertson & Zaragoza 2009), words in the minutes around it, meaning of the window, how much
of it the named speaker says, and the slide on screen. ``docs/retrieval.md`` says what each part gave.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.question import RankingQuery
from longvid_storage.search.timeline import (
    CONTEXT_S,
    WINDOW_S,
    WORDS_A_SECOND,
    Floats,
    Timeline,
    window_sums,
)
from longvid_storage.types import speaker_key

K1, B = 1.2, 0.5
NEAR_S = 10.0
"""A moment that a named speaker is asked for grows from a place this near to what they say."""
NO_HIT = -1e3
"""The score of a place that does not fit at all."""


@dataclass(frozen=True, slots=True)
class RankingWeights:
    """What each part of the score counts, in standard deviations of the pool."""

    words: float = 1.0
    context: float = 1.0
    meaning: float = 0.5
    speaker: float = 1.0
    slide: float = 0.5


WITHIN = RankingWeights(context=0.3, meaning=0.8)
"""Inside one video, where every place is about the same things and meaning tells them apart."""
ACROSS = RankingWeights()
"""In many videos, where the words that only some of them have tell most."""


def score_pool(
    pool: Sequence[Timeline],
    question: RankingQuery,
    cosines: Sequence[NDArray[np.float32] | None] | None,
    idf: Mapping[str, float],
    weights: RankingWeights,
) -> list[Floats]:
    """A score for each piece of each timeline.

    Args:
        cosines: of each row of each timeline with the question (``cosines_of``); None without an encoder.
        idf: weight of each of the question's terms.
    """
    sizes = [len(timeline) for timeline in pool]
    total = np.zeros(sum(sizes))
    # A row counts by what is said in it: "Yeah." is no more of a place than a word is.
    said = np.concatenate([np.maximum(1.0, each.lengths * each.speech) for each in pool] or [total])
    if not len(total):
        return [np.zeros(0) for _ in pool]
    spoken = [_SpokenTerms.of(timeline, idf) for timeline in pool]
    near = [None] * len(pool) if cosines is None else cosines

    def add(weight: float, parts: Iterable[Floats]) -> None:
        if weight:
            nonlocal total
            total = total + weight * standardised(np.concatenate(list(parts)), said)

    add(weights.words, (each.bm25(WINDOW_S * each.timeline.scale) for each in spoken))
    add(weights.context, (each.bm25(CONTEXT_S * each.timeline.scale) for each in spoken))
    if cosines is not None:
        add(weights.meaning, map(_meaning, pool, near))
    if question.speakers:
        add(weights.speaker, (_share(timeline, question.speakers) for timeline in pool))
    if any(not timeline.speech.all() for timeline in pool):
        add(weights.slide, (_slides(each, idf, own) for each, own in zip(pool, near, strict=True)))
    if cosines is None:
        # Without meaning, only a place with some of the words is a hit.
        total[~np.concatenate([_has_words(timeline, idf) for timeline in pool])] = NO_HIT
    return np.split(total, np.cumsum(sizes)[:-1])


def _has_words(timeline: Timeline, idf: Mapping[str, float]) -> NDArray[np.bool_]:
    low, high, _ = timeline.windows_of(WINDOW_S * timeline.scale)
    found = np.zeros(len(timeline))
    for term in idf:
        if term in timeline.postings:
            found[timeline.postings[term].rows] = 1
    return (window_sums(found, low, high) > 0) | (_slides(timeline, idf, None) > 0)


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vector in length 1."""
    scaled: NDArray[np.float32] = vector / max(float(np.linalg.norm(vector)), 1e-6)
    return scaled


def standardised(values: Floats, weights: Floats) -> Floats:
    """Values, of the last axis, as deviations from their weighted mean."""
    total = weights.sum()
    apart = values - (values * weights).sum(axis=-1, keepdims=True) / total
    spread = np.sqrt((apart**2 * weights).sum(axis=-1, keepdims=True) / total)
    deviations: Floats = apart / (spread + 1e-9)
    return deviations


def term_sums(timeline: Timeline, idf: Mapping[str, float]) -> tuple[Floats, Floats]:
    """The weights of those terms that the timeline has, shape ``(t, 1)``, and how often each occurs before each row,
    ``(t, n + 1)``: what a window holds is a difference of two."""
    there = [(weight, timeline.postings[term]) for term, weight in idf.items() if term in timeline.postings]
    sums = np.zeros((len(there), len(timeline) + 1))
    for own, (_, places) in zip(sums, there, strict=True):
        own[places.rows + 1] = places.counts
    return np.array([[weight] for weight, _ in there]).reshape(-1, 1), np.cumsum(sums, axis=1, out=sums)


@dataclass(frozen=True, slots=True)
class _SpokenTerms:
    """The question's terms in what is said on a timeline; ``weights`` and ``sums`` as ``term_sums`` gives them."""

    timeline: Timeline
    weights: Floats
    sums: Floats

    @classmethod
    def of(cls, timeline: Timeline, idf: Mapping[str, float]) -> _SpokenTerms:
        weights, sums = term_sums(timeline, idf)
        if not timeline.speech.all():
            np.cumsum(np.diff(sums) * timeline.speech, axis=1, out=sums[:, 1:])
        return cls(timeline, weights, sums)

    def bm25(self, width_s: float) -> Floats:
        """BM25 of the speech in the window around each piece."""
        low, high, length = self.timeline.windows_of(width_s)
        # A full window of ordinary speech, rather than the mean of this pool, so that a pool of one is no exception.
        norm = K1 * (1 - B + B * length / (width_s * WORDS_A_SECOND))
        counts = self.sums[:, high] - self.sums[:, low]
        score: Floats = (self.weights * counts * (K1 + 1) / (counts + norm)).sum(axis=0)
        return score


def cosines_of(timeline: Timeline, query: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Of each row's vector with the question's unit vector; None where the timeline has no vectors."""
    return None if timeline.vectors is None else timeline.vectors @ query


def _meaning(timeline: Timeline, cosines: NDArray[np.float32] | None) -> Floats:
    """The cosine of the sum of what is said in the window around each piece."""
    if cosines is None or timeline.norms is None:
        return np.zeros(len(timeline))
    low, high, _ = timeline.windows_of(WINDOW_S * timeline.scale)
    each = cosines * (timeline.lengths * timeline.speech)
    return window_sums(each, low, high) / np.maximum(timeline.norms, 1e-6)


def _share(timeline: Timeline, names: Sequence[str]) -> Floats:
    """Which part of what is said around each piece the named speakers say."""
    low, high, said = timeline.windows_of(WINDOW_S * timeline.scale)
    spoken = theirs(timeline, names) * timeline.lengths
    return window_sums(spoken, low, high) / np.maximum(said, 1)


def near_speakers(timeline: Timeline, names: Sequence[str]) -> NDArray[np.bool_]:
    """The pieces within ``NEAR_S`` of one that the named speakers say."""
    if not names:
        return np.zeros(len(timeline), np.bool_)
    low, high, _ = timeline.windows_of(2 * NEAR_S)
    near: NDArray[np.bool_] = window_sums(theirs(timeline, names), low, high) > 0
    return near


def theirs(timeline: Timeline, names: Sequence[str]) -> Floats:
    """1 for each piece that one of the named speakers says, else 0."""
    said = np.zeros(len(timeline), np.bool_)
    for key in filter(None, map(speaker_key, names)):
        said |= timeline.said_by(key)
    return said.astype(np.float64)


def _slides(timeline: Timeline, idf: Mapping[str, float], cosines: NDArray[np.float32] | None) -> Floats:
    """The fit of the best slide on screen at each piece: words it has, by weight, and meaning."""
    score = np.zeros(len(timeline))
    slides = np.flatnonzero(~timeline.speech)
    if not len(slides):
        return score
    fit = np.zeros(len(timeline))
    for term, weight in idf.items():
        if term in timeline.postings:
            fit[timeline.postings[term].rows] += weight
    fit /= sum(idf.values()) or 1.0
    if cosines is not None:
        fit[slides] += np.maximum(0.0, cosines[slides])
    first = np.searchsorted(timeline.middles, timeline.starts[slides], "left")
    last = np.searchsorted(timeline.middles, timeline.ends[slides], "right")
    for row, low, high in zip(slides, first, last, strict=True):
        score[low:high] = np.maximum(score[low:high], fit[row])
    return score
