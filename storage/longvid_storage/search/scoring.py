"""How well each place of each video fits the question, as one number that is comparable across the pool.

A place is a row of a timeline and the window around it. Its score sums, each as deviations from the pool's mean:
words in the window (BM25; Robertson & Zaragoza 2009), words in the minutes around it, meaning of the window, how much
of it the named speaker says, and the slide on screen. ``docs/retrieval.md`` says what each part gave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.question import RankingQuery
from longvid_storage.search.term_sums import TermSums, sums_apart
from longvid_storage.search.timeline import (
    CONTEXT_S,
    WINDOW_S,
    WORDS_A_SECOND,
    Floats,
    Timeline,
    window_sums,
)
from longvid_storage.types import speaker_key

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
    terms: TermSums,
    weights: RankingWeights,
) -> list[Floats]:
    """A score for each piece of each timeline.

    Args:
        cosines: of each row of each timeline with the question (``cosines_of``); None without an encoder.
        idf: weight of each of the question's terms; ``terms``: how often they occur there.
    """
    sizes = [len(timeline) for timeline in pool]
    total = np.zeros(sum(sizes))
    if not len(total):
        return [np.zeros(0) for _ in pool]
    lengths = np.concatenate([timeline.lengths * timeline.speech for timeline in pool])
    # A row counts by what is said in it: "Yeah." is no more of a place than a word is.
    said = np.maximum(1.0, lengths)
    spoken = terms.spoken(pool)
    near = [None] * len(pool) if cosines is None else cosines
    window, context = (_Windows.of(pool, terms, width_s) for width_s in (WINDOW_S, CONTEXT_S))

    def add(weight: float, part: Floats) -> None:
        if weight:
            nonlocal total
            total += weight * standardised(part, said)

    for weight, windows in ((weights.words, window), (weights.context, context)):
        add(weight, spoken.bm25(spoken.counts(windows.low, windows.high), windows.lengths, windows.full))
    if cosines is not None:
        add(weights.meaning, _meaning(pool, cosines, lengths, window))
    if question.speakers:
        add(weights.speaker, np.concatenate([_share(timeline, question.speakers) for timeline in pool]))
    if any(not timeline.speech.all() for timeline in pool):
        shown = [_slides(each, idf, own) for each, own in zip(pool, near, strict=True)]
        add(weights.slide, np.concatenate(shown))
    if cosines is None:
        # Without meaning, only a place with some of the words is a hit.
        total[~np.concatenate([_has_words(timeline, idf) for timeline in pool])] = NO_HIT
    return np.split(total, np.cumsum(sizes)[:-1])


@dataclass(frozen=True, slots=True)
class _Windows:
    """The windows of one width around each of the pool's ``n`` rows, each ``(n,)``.

    Attributes:
        low, high: half-open ranges of sums that lie as those of ``TermSums`` do.
        lengths: how many terms are said in each; ``full``: in one of ordinary speech.
    """

    low: NDArray[np.intp]
    high: NDArray[np.intp]
    lengths: Floats
    full: Floats

    @classmethod
    def of(cls, pool: Sequence[Timeline], terms: TermSums, width_s: float) -> _Windows:
        each = [timeline.windows_of(width_s * timeline.scale) for timeline in pool]
        sizes = [len(timeline) for timeline in pool]
        firsts = np.repeat(terms.firsts, sizes)
        low, high, lengths = (np.concatenate(part) for part in zip(*each, strict=True))
        full = [width_s * timeline.scale * WORDS_A_SECOND for timeline in pool]
        return cls(low + firsts, high + firsts, lengths, np.repeat(full, sizes))


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


def cosines_of(timeline: Timeline, query: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Of each row's vector with the question's unit vector; None where the timeline has no vectors."""
    return None if timeline.vectors is None else timeline.vectors @ query


def _meaning(
    pool: Sequence[Timeline],
    cosines: Sequence[NDArray[np.float32] | None],
    lengths: Floats,
    windows: _Windows,
) -> Floats:
    """The cosine of the sum of what is said in the window around each piece; 0 on timelines without vectors."""
    nothing = [np.zeros(len(timeline)) for timeline in pool]
    own = [each if each is not None else zero for each, zero in zip(cosines, nothing, strict=True)]
    norms = [each.norms if each.norms is not None else zero for each, zero in zip(pool, nothing, strict=True)]
    near: Floats = np.concatenate(own, dtype=np.float64)
    weighted = np.split(near * lengths, np.cumsum([len(each) for each in own])[:-1])
    sums = sums_apart(weighted)
    inside: Floats = (sums[windows.high] - sums[windows.low]) / np.maximum(np.concatenate(norms), 1e-6)
    return inside


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
