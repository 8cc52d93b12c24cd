"""Keyframes that look like what the question says, among the moments that words and meaning found; and how
much what is on screen at a time looks like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from longvid_storage.db.schema import KeyframeRow, KeyframeVector, VectorSet, Video
from longvid_storage.db.vectors import PICTURE, rows_of
from longvid_storage.db.view import View
from longvid_storage.search.memory import vectors_of
from longvid_storage.text.analysis import analyse, query_terms
from longvid_storage.types import Keyframe, Moment, Passage, VideoCard

RANK_CONSTANT = 60
FEWEST = 20  # keyframes whose similarities tell what is usual
LONGEST_S = 60.0


def with_pictures(view: View, moments: Sequence[Moment], query: str, k: int) -> list[Moment]:
    """``moments`` and keyframe hits by reciprocal rank (Cormack, Clarke & Büttcher 2009), the best ``k``.

    Only keyframes that stand out count. One inside a moment is evidence of it; one outside any becomes a moment of its
    own. A moment that shares no word with the question comes after the keyframe of the same rank.
    """
    encoder = view.encoders.image_encoder
    if encoder is None:
        return list(moments)
    asked = encoder.encode_texts([query])[0]
    hits = vectors_of(view).search(view, "picture", asked, 4 * k + FEWEST, encoder.fingerprint)
    hits = standing_out(hits)
    if not hits:
        return list(moments)
    terms = set(query_terms(query))
    ranked = [
        (moment, 1 / (RANK_CONSTANT + rank + (0 if _shares_word(moment, terms) else 0.5)))
        for rank, moment in enumerate(moments, 1)
    ]
    frames = view.keyframes_by_id([frame_id for frame_id, _ in hits])
    cards = {card.video_id: card for card in view.cards(ids={video_id for _, video_id, _ in frames})}
    for rank, (_, video_id, frame) in enumerate(frames, 1):
        _enter(ranked, cards[video_id], frame, 1 / (RANK_CONSTANT + rank))
    ranked.sort(key=lambda each: (-each[1], each[0].video_id, each[0].start_s))
    return [replace(moment, score=score) for moment, score in ranked[:k]]


def standing_out(hits: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Those of ``hits`` (id, similarity; best first) that are nearer to the best than to the median of all.

    An image model finds every picture somewhat like every question, and how much is different for each model: only
    the distances between pictures tell.
    """
    if not hits:
        return []
    similar = [similarity for _, similarity in hits]
    least = (similar[0] + median(similar)) / 2
    return [hit for hit in hits if hit[1] >= least]


def _shares_word(moment: Moment, terms: set[str]) -> bool:
    return any(not terms.isdisjoint(analyse(evidence.text, None)) for evidence in moment.evidence)


def _enter(ranked: list[tuple[Moment, float]], card: VideoCard, frame: Keyframe, score: float) -> None:
    video_id = card.video_id
    shown = Passage(0, video_id, "picture", frame.start_s, frame.end_s, "")
    start_s = max(frame.start_s, frame.time_s - LONGEST_S / 2)
    end_s = min(frame.end_s, start_s + LONGEST_S)
    for place, (moment, so_far) in enumerate(ranked):
        if moment.video_id == video_id and moment.start_s <= frame.time_s < moment.end_s:
            if any(evidence.kind == "picture" for evidence in moment.evidence):
                return
            both = so_far + score
            if moment.near:  # only what is seen led there: the moment is as long as that, and no better
                moment, both = _cut(moment, start_s, end_s), max(so_far, score)
            ranked[place] = (replace(moment, evidence=(*moment.evidence, shown), near=False), both)
            return
    if any(m.video_id == video_id and m.start_s < end_s and start_s < m.end_s for m, _ in ranked):
        return
    ranked.append(
        (
            Moment(
                video_id, card.title, card.path, start_s, end_s, score, "moment", (shown,), gone=card.gone
            ),
            score,
        )
    )


def _cut(moment: Moment, start_s: float, end_s: float) -> Moment:
    """The part of a moment that lies in ``[start_s, end_s)``, with the evidence that touches it."""
    start_s, end_s = max(start_s, moment.start_s), min(end_s, moment.end_s)
    touching = tuple(each for each in moment.evidence if each.start_s < end_s and each.end_s > start_s)
    return replace(moment, start_s=start_s, end_s=end_s, play_s=start_s, evidence=touching)


def similarity_at(
    view: View, video_id: str, times_s: Sequence[float], query: NDArray[np.float32], *, fingerprint: str
) -> NDArray[np.float32] | None:
    """The cosine of ``query`` and the keyframe on screen at each time, or else the nearest one.

    Args:
        times_s: seconds of the video's timeline, in any order.
        query: unit vector of the question, shape ``(dimension,)``, by the model of ``fingerprint``.

    Returns:
        Shape ``(len(times_s),)``. None when the video has no picture vectors of that model.
    """
    columns = (KeyframeRow.time_s, KeyframeRow.start_s, KeyframeRow.end_s, KeyframeVector.vector)
    rows = (
        select(*columns)
        .join(KeyframeVector, KeyframeVector.owner_id == KeyframeRow.keyframe_id)
        .join(VectorSet, VectorSet.set_key == KeyframeVector.set_key)
        .join(Video, Video.video_key == KeyframeRow.video_key)
        .where(Video.video_id == video_id, VectorSet.model_fingerprint == fingerprint)
        .where(VectorSet.kind == PICTURE)
        .order_by(KeyframeRow.time_s, KeyframeRow.keyframe_id)
    )
    found = view.connection.execute(rows).all()
    if not found:
        return None
    vectors = rows_of([row.vector for row in found])
    similar: NDArray[np.float32] = vectors.astype(np.float32) @ query
    shown_s, start_s, end_s = (
        np.array([getattr(row, name) for row in found]) for name in ("time_s", "start_s", "end_s")
    )
    return similar[[_nearest(time_s, shown_s, start_s, end_s) for time_s in times_s]]


def _nearest(
    time_s: float, shown_s: NDArray[np.float64], start_s: NDArray[np.float64], end_s: NDArray[np.float64]
) -> int:
    """The keyframe whose span ``[start_s, end_s)`` holds the time, or is nearest; among several the nearest itself."""
    inside = (start_s <= time_s) & (time_s < end_s)
    away_s = np.where(inside, -1.0, np.maximum(start_s - time_s, time_s - end_s))
    return int(np.argmin(np.where(away_s == away_s.min(), np.abs(shown_s - time_s), np.inf)))
