"""Search: from a question to the moments that answer it.

Word and meaning hits choose the videos worth a closer look, with every filter in the query; each of those videos
is then scored place by place on its timeline, and the best places grow into moments. ``docs/retrieval.md`` says
what each step gave on real meetings.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longvid_storage.db.view import View
from longvid_storage.errors import UsageError
from longvid_storage.models.reranker import rerank
from longvid_storage.search import lexical, scoring, wording
from longvid_storage.search.evidence import encoded, find_evidence
from longvid_storage.search.memory import memory_of, vectors_of
from longvid_storage.search.pictures import with_pictures
from longvid_storage.search.question import RankingQuery, read_question
from longvid_storage.search.reading import readable
from longvid_storage.search.scoring import score_pool
from longvid_storage.search.sounds import with_sounds
from longvid_storage.search.spans import Grown, grow_spans, growth_for
from longvid_storage.search.timeline import Timeline, admitted
from longvid_storage.types import Moment, Passage

if TYPE_CHECKING:
    from longvid_storage.models.reranker import Reranker

POOL = 12
"""Videos looked at closely."""
HITS = 400
"""Word hits, and meaning hits, that vote for them."""
MOST_TERMS = 48
RERANKED = 20
"""Moments that a reranker reads at least."""
LEAD_IN_S = 0.5
"""A player starts this long before the first word, where nobody else speaks then."""
_VOTERS = 3


def search(view: View, query: str, k: int = 10, *, reranker: Reranker | None = None) -> list[Moment]:
    """The ``k`` best moments for ``query`` in the view, best first; those of one video do not overlap. None for a query
    without a letter or digit.

    The view's encoders compare meaning; without a text encoder words decide alone, without one of images no picture
    is looked at.

    Args:
        reranker: puts the best ``max(k, RERANKED)`` moments in its own order before the first ``k`` are taken.

    Raises:
        UsageError: ``query`` is empty or ``k`` is below 1.
        ModelMismatchError: the library's vectors are of another model.
    """
    if not query.strip():
        raise UsageError("the query is empty: say what to look for, in quotes")
    if k < 1:
        raise UsageError(f"k is {k}: ask for at least one moment")
    if reranker is not None:
        return rerank(reranker, query, search(view, query, max(k, RERANKED)))[:k]
    view, _ = readable(view, query)
    memory = memory_of(view)
    facts = memory.facts(view)
    question = read_question(query, facts.languages, facts.speakers)
    if not question.terms:
        return []
    idf = facts.idf(view, question.terms, MOST_TERMS)
    said = bool(idf)
    if not said and not question.asks:
        # In a question that no word of was said, the words may be right and the answer in others.
        idf = facts.idf(view, wording.respelled(view, question.words, facts.languages), MOST_TERMS)
    text_encoder = view.encoders.text_encoder
    if text_encoder is not None:
        memory.check_model(view, text_encoder.fingerprint)
    asked = encoded(view, question.texts)
    few = view.video_ids(POOL + 1)
    pool = _pool(view, few if len(few) <= POOL else _choose(view, idf, asked))
    peaks = [scoring.near_speakers(timeline, question.speakers) for timeline in pool]
    if question.speakers and len(few) > POOL and not _any(peaks):
        theirs = view.scope.narrowed(speaker=question.speakers[0]) or view.scope
        pool = _pool(view, _choose(view.within(theirs), idf, asked)) or pool
        peaks = [scoring.near_speakers(timeline, question.speakers) for timeline in pool]
    weights = scoring.WITHIN if len(few) == 1 else scoring.ACROSS
    scores = score_pool(pool, question, asked, idf, weights)
    lifts = [wording.lifts(timeline, question.wordings, idf) for timeline in pool]
    spans = grow_spans(pool, scores, k, growth_for(len(pool)), peaks if _any(peaks) else None, lifts)
    moments = _moments(view, pool, spans, idf, question)
    if not said:
        moments = [replace(moment, near=True) for moment in moments]
    moments = with_sounds(view, moments, query, k, question.speakers)
    return with_pictures(view, moments, query, k)


def _any(peaks: Sequence[NDArray[np.bool_]]) -> bool:
    return any(each.any() for each in peaks)


def _choose(view: View, idf: Mapping[str, float], asked: NDArray[np.float32] | None) -> list[str]:
    """The ``POOL`` videos whose best passages fit best, by words and by meaning."""
    counts = memory_of(view).facts(view).counts
    rankings = [
        lexical.best(view, idf, kind, counts[kind], HITS)
        for kind in lexical.SPOKEN_AND_SHOWN
        if kind in counts
    ]
    encoder = view.encoders.text_encoder
    if asked is not None and encoder is not None:
        mean = asked.sum(axis=0)
        mean = mean / max(float(np.linalg.norm(mean)), 1e-6)
        rankings += [
            vectors_of(view).search(view, kind, mean, HITS, encoder.fingerprint)
            for kind in lexical.SPOKEN_AND_SHOWN
        ]
    owners = lexical.videos_of(view, {each for ranking in rankings for each, _ in ranking})
    votes: defaultdict[str, float] = defaultdict(float)
    for ranking in rankings:
        best: defaultdict[str, list[float]] = defaultdict(list)
        for passage_id, score in ranking:
            if len(best[owners[passage_id]]) < _VOTERS:
                best[owners[passage_id]].append(score)
        strongest = max((sum(each) for each in best.values()), default=0.0)
        for video_id, each in best.items():
            votes[video_id] += sum(each) / max(strongest, 1e-6)
    return sorted(votes, key=lambda video_id: (-votes[video_id], video_id))[:POOL]


def _pool(view: View, chosen: Sequence[str]) -> list[Timeline]:
    """The timelines of the chosen videos, of only what the scope admits."""
    encoder = view.encoders.text_encoder
    timelines = memory_of(view).timelines(view, chosen, None if encoder is None else encoder.fingerprint)
    return [scoped for each in timelines if len(scoped := admitted(each, view.scope))]


def _has_word(timeline: Timeline, start_s: float, end_s: float, idf: Mapping[str, float]) -> bool:
    rows = timeline.touching(start_s, end_s)
    return any(np.isin(rows, timeline.postings[term].rows).any() for term in idf if term in timeline.postings)


def _play_s(timeline: Timeline, evidence: Sequence[Passage], start_s: float) -> float:
    """Where the best passage begins, with up to ``LEAD_IN_S`` of the pause before it."""
    best_s = evidence[0].start_s if evidence else start_s
    before = timeline.ends[timeline.speech & (timeline.starts < best_s)]
    quiet_s = float(before.max()) if len(before) else 0.0
    return max(start_s, min(best_s, max(quiet_s, best_s - LEAD_IN_S)))


def _moments(
    view: View,
    pool: Sequence[Timeline],
    spans: Sequence[Grown],
    idf: Mapping[str, float],
    question: RankingQuery,
) -> list[Moment]:
    cards = {card.video_id: card for card in view.cards(ids={pool[span.timeline].video_id for span in spans})}
    moments = []
    for span in spans:
        timeline = pool[span.timeline]
        card = cards[timeline.video_id]
        start_s = max(span.start_s, view.scope.from_s or 0.0)
        end_s = min(span.end_s, math.inf if view.scope.to_s is None else view.scope.to_s)
        if card.duration_s > start_s:
            end_s = min(end_s, card.duration_s)
        end_s = max(start_s, end_s)
        peak_s = float(timeline.middles[span.row])
        evidence = find_evidence(timeline, start_s, end_s, peak_s, idf, question.speakers)
        found = (card.video_id, card.title, card.path, start_s, end_s, span.score, "moment", evidence)
        near = not _has_word(timeline, start_s, end_s, idf)
        moments.append(Moment(*found, near, _play_s(timeline, evidence, start_s)))
    return moments
