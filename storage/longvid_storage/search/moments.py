"""Search: from a question to the moments that answer it.

Word and meaning hits choose the videos worth a closer look, with every filter in the query; each of those videos
is then scored place by place on its timeline, and the best places grow into moments. ``docs/retrieval.md`` says
what each step gave on real meetings.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longvid_storage.db import search_reads
from longvid_storage.db.filters import UNFILTERED
from longvid_storage.errors import UsageError
from longvid_storage.models.reranker import rerank
from longvid_storage.search import scoring
from longvid_storage.search.evidence import find_evidence
from longvid_storage.search.memory import Memory, memory_of
from longvid_storage.search.pictures import with_pictures
from longvid_storage.search.question import read_question
from longvid_storage.search.scoring import score_pool
from longvid_storage.search.sounds import with_sounds
from longvid_storage.search.spans import Span, grow_spans, growth_for
from longvid_storage.search.timeline import Timeline, admitted
from longvid_storage.types import Filters, Moment

if TYPE_CHECKING:
    from longvid_storage.db.store import Store
    from longvid_storage.models.image_encoder import ImageEncoder
    from longvid_storage.models.reranker import Reranker
    from longvid_storage.models.text_encoder import TextEncoder

POOL = 12
"""Videos looked at closely."""
HITS = 400
"""Word hits, and meaning hits, that vote for them."""
MOST_TERMS = 48
RERANKED = 20
"""Moments that a reranker reads at least."""
CHANNELS = ("screen", "speech")
_VOTERS = 3


def search(
    store: Store,
    query: str,
    k: int = 10,
    filters: Filters = UNFILTERED,
    text_encoder: TextEncoder | None = None,
    image_encoder: ImageEncoder | None = None,
    reranker: Reranker | None = None,
) -> list[Moment]:
    """The ``k`` best moments for ``query`` in what ``filters`` admit, best first; those of one video do not overlap.

    Args:
        text_encoder: the encoder that the library's text vectors are of; without one, words decide alone.
        image_encoder: likewise for pictures.
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
        found = search(store, query, max(k, RERANKED), filters, text_encoder, image_encoder)
        return rerank(reranker, query, found)[:k]
    memory = memory_of(store)
    question = read_question(query, memory.languages(store), memory.speakers(store, filters))
    idf = memory.idf(store, question.terms, MOST_TERMS)
    if text_encoder is not None:
        memory.check_model(store, text_encoder.fingerprint)
    encoded = _Encoded.of(question.texts, text_encoder)
    with store.snapshot() as connection:
        few = search_reads.admitted_videos(connection, filters, POOL + 1)
    chosen = few if len(few) <= POOL else _choose(store, tuple(idf), encoded, filters)
    pool = _pool(store, memory, chosen, encoded, filters)
    peaks = [scoring.near_speakers(timeline, question.speakers) for timeline in pool]
    if question.speakers and len(few) > POOL and not _any(peaks):
        theirs = replace(filters, speaker=filters.speaker or question.speakers[0])
        pool = _pool(store, memory, _choose(store, tuple(idf), encoded, theirs), encoded, filters) or pool
        peaks = [scoring.near_speakers(timeline, question.speakers) for timeline in pool]
    weights = scoring.WITHIN if len(few) == 1 else scoring.ACROSS
    scores = score_pool(pool, question, encoded.vectors, idf, weights)
    spans = grow_spans(pool, scores, k, growth_for(len(pool)), peaks if _any(peaks) else None)
    moments = _moments(store, memory, pool, spans, idf, filters, question.speakers)
    moments = with_sounds(store, moments, query, k, filters, question.speakers)
    if image_encoder is None:
        return moments
    return with_pictures(store, moments, query, k, filters, image_encoder)


def _any(peaks: Sequence[NDArray[np.bool_]]) -> bool:
    return any(each.any() for each in peaks)


@dataclass(frozen=True, slots=True)
class _Encoded:
    """The question's texts embedded, and by what; both None without an encoder."""

    vectors: NDArray[np.float32] | None = None
    fingerprint: str | None = None

    @classmethod
    def of(cls, texts: Sequence[str], encoder: TextEncoder | None) -> _Encoded:
        if encoder is None:
            return cls()
        return cls(encoder.encode(texts, kind="query"), encoder.fingerprint)


def _choose(store: Store, terms: Sequence[str], encoded: _Encoded, filters: Filters) -> list[str]:
    """The ``POOL`` videos whose best sentences and slides fit best, by words and by meaning."""
    rankings = [
        store.lexical_search(terms, channels=[channel], filters=filters, limit=HITS) for channel in CHANNELS
    ]
    if encoded.vectors is not None:
        mean = encoded.vectors.sum(axis=0)
        rankings += [
            store.vector_search(
                channel,
                mean / max(float(np.linalg.norm(mean)), 1e-6),
                filters=filters,
                limit=HITS,
                sizes=[size],
                model_fingerprint=encoded.fingerprint,
            )
            for channel, size in search_reads.SEARCHED
        ]
    with store.snapshot() as connection:
        owners = search_reads.videos_of_units(
            connection, {unit for ranking in rankings for unit, _ in ranking}
        )
    votes: defaultdict[str, float] = defaultdict(float)
    for ranking in rankings:
        best: defaultdict[str, list[float]] = defaultdict(list)
        for unit_id, score in ranking:
            if unit_id in owners and len(best[owners[unit_id]]) < _VOTERS:
                best[owners[unit_id]].append(score)
        strongest = max((sum(each) for each in best.values()), default=0.0)
        for video_id, each in best.items():
            votes[video_id] += sum(each) / max(strongest, 1e-6)
    return sorted(votes, key=lambda video_id: (-votes[video_id], video_id))[:POOL]


def _pool(
    store: Store, memory: Memory, chosen: Sequence[str], encoded: _Encoded, filters: Filters
) -> list[Timeline]:
    """The timelines of the chosen videos, of only what the filters admit."""
    timelines = (admitted(each, filters) for each in memory.timelines(store, chosen, encoded.fingerprint))
    return [timeline for timeline in timelines if len(timeline)]


def _moments(
    store: Store,
    memory: Memory,
    pool: Sequence[Timeline],
    spans: Sequence[Span],
    idf: dict[str, float],
    filters: Filters,
    named: Sequence[str],
) -> list[Moment]:
    with store.snapshot() as connection:
        labels = search_reads.labels(connection, {pool[span.timeline].video_id for span in spans})
    moments = []
    for span in spans:
        timeline = pool[span.timeline]
        title, path, duration_s = labels[timeline.video_id]
        start_s = max(span.start_s, filters.from_s or 0.0)
        end_s = min(span.end_s, math.inf if filters.to_s is None else filters.to_s)
        if duration_s > start_s:
            end_s = min(end_s, duration_s)
        end_s = max(start_s, end_s)
        peak_s = float(timeline.middles[span.row])
        quotes = memory.quotes(store, timeline.video_id)
        evidence = find_evidence(quotes, start_s, end_s, peak_s, idf, filters, named)
        moments.append(Moment(timeline.video_id, title, path, start_s, end_s, span.score, "moment", evidence))
    return moments
