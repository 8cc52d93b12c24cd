"""Search: from a question to the moments that answer it.

Word and meaning hits choose the videos worth a closer look, with every filter in the query; each of those videos
is then scored place by place on its timeline, and the best places grow into moments. ``docs/retrieval.md`` says
what each step gave on real meetings.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from longvid_storage.db.view import View
from longvid_storage.errors import UsageError
from longvid_storage.models.reranker import rerank
from longvid_storage.search.evidence import find_evidence, word_weights
from longvid_storage.search.looked import Looked, look
from longvid_storage.search.pictures import with_pictures
from longvid_storage.search.playing import place_values
from longvid_storage.search.sounds import with_sounds
from longvid_storage.search.spans import Grown, grow_spans, growth_for
from longvid_storage.search.timeline import Timeline
from longvid_storage.search.translations import with_translations
from longvid_storage.types import Moment

if TYPE_CHECKING:
    from longvid_storage.models.reranker import Reranker

RERANKED = 20
"""Moments that a reranker reads at least."""
LEAD_IN_S = 0.5
"""A player starts this long before the first word, where nobody else speaks then."""


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
    seen = look(view, query)
    if seen is None:
        return []
    moments = _spoken_and_shown(seen, k)
    moments = with_translations(view, moments, query, k, seen.question.speakers)
    moments = with_sounds(seen.view, moments, query, k, seen.question.speakers)
    return with_pictures(seen.view, moments, query, k)


def _spoken_and_shown(seen: Looked, k: int) -> list[Moment]:
    growth = growth_for(len(seen.pool), sums_up=seen.question.sums_up)
    spans = grow_spans(seen.pool, seen.scores, place_values(seen, k), k, growth)
    return _moments(seen, spans)


def _moments(seen: Looked, spans: Sequence[Grown]) -> list[Moment]:
    pool, scope = seen.pool, seen.view.scope
    ids = {pool[span.timeline].video_id for span in spans}
    cards = {card.video_id: card for card in seen.view.cards(ids=ids)}
    weights = {number: word_weights(pool[number], seen.idf) for number in {s.timeline for s in spans}}
    moments = []
    for span in spans:
        timeline = pool[span.timeline]
        card = cards[timeline.video_id]
        start_s = max(span.start_s, scope.from_s or 0.0)
        end_s = min(span.end_s, math.inf if scope.to_s is None else scope.to_s)
        if card.duration_s > start_s:
            end_s = min(end_s, card.duration_s)
        end_s = max(start_s, end_s)
        rows, weighed = timeline.touching(start_s, end_s), weights[span.timeline]
        evidence = find_evidence(timeline, rows, span.row, weighed, seen.idf, seen.question.speakers)
        found = (card.video_id, card.title, card.path, start_s, end_s, span.score, "moment", evidence)
        near = not seen.said or not weighed[rows].any()
        moments.append(Moment(*found, near, _play_s(timeline, span.row), card.gone))
    return moments


def _play_s(timeline: Timeline, row: int) -> float:
    """Where the row begins, with up to ``LEAD_IN_S`` of the pause before it."""
    start_s = float(timeline.starts[row])
    before = timeline.ends[timeline.speech & (timeline.starts < start_s)]
    quiet_s = float(before.max()) if len(before) else 0.0
    return min(start_s, max(quiet_s, start_s - LEAD_IN_S))
