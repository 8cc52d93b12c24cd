"""Keyframes that look like what the question says, among the moments that words and meaning found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from longvid_storage import search_reads
from longvid_storage.types import Evidence, Filters, Keyframe, Moment

if TYPE_CHECKING:
    from longvid_storage.image_encoder import ImageEncoder
    from longvid_storage.store import Store

RANK_CONSTANT = 60
LONGEST_S = 60.0


def with_pictures(
    store: Store, moments: Sequence[Moment], query: str, k: int, filters: Filters, encoder: ImageEncoder
) -> list[Moment]:
    """``moments`` and keyframe hits by reciprocal rank (Cormack, Clarke & Büttcher 2009), the best ``k``.

    A keyframe inside a moment is evidence of it; one outside any becomes a moment of its own.
    """
    hits = store.vector_search(
        "picture",
        encoder.encode_texts([query])[0],
        filters=filters,
        limit=4 * k,
        model_fingerprint=encoder.fingerprint,
    )
    scores = {id(moment): 1 / (RANK_CONSTANT + rank) for rank, moment in enumerate(moments, 1)}
    ranked = [(moment, scores[id(moment)]) for moment in moments]
    frames = store.keyframes_by_id([frame_id for frame_id, _ in hits])
    for rank, (_, video_id, frame) in enumerate(frames, 1):
        _enter(store, ranked, video_id, frame, 1 / (RANK_CONSTANT + rank))
    if not frames:
        return list(moments)
    ranked.sort(key=lambda each: (-each[1], each[0].video_id, each[0].start_s))
    return [replace(moment, score=score) for moment, score in ranked[:k]]


def _enter(
    store: Store, ranked: list[tuple[Moment, float]], video_id: str, frame: Keyframe, score: float
) -> None:
    shown = Evidence("picture", frame.start_s, frame.end_s, "")
    for place, (moment, so_far) in enumerate(ranked):
        if moment.video_id == video_id and moment.start_s <= frame.time_s < moment.end_s:
            seen = any(evidence.kind == "picture" for evidence in moment.evidence)
            grown = moment if seen else replace(moment, evidence=(*moment.evidence, shown))
            ranked[place] = (grown, so_far if seen else so_far + score)
            return
    with store.snapshot() as connection:
        title, path, _ = search_reads.labels(connection, [video_id])[video_id]
    start_s = max(frame.start_s, frame.time_s - LONGEST_S / 2)
    end_s = min(frame.end_s, start_s + LONGEST_S)
    if any(m.video_id == video_id and m.start_s < end_s and start_s < m.end_s for m, _ in ranked):
        return
    ranked.append((Moment(video_id, title, path, start_s, end_s, score, "moment", (shown,)), score))
