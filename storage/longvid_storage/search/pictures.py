"""Keyframes that look like what the question says, among the moments that words and meaning found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

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
    ranked.append((Moment(video_id, card.title, card.path, start_s, end_s, score, "moment", (shown,)), score))


def _cut(moment: Moment, start_s: float, end_s: float) -> Moment:
    """The part of a moment that lies in ``[start_s, end_s)``, with the evidence that touches it."""
    start_s, end_s = max(start_s, moment.start_s), min(end_s, moment.end_s)
    touching = tuple(each for each in moment.evidence if each.start_s < end_s and each.end_s > start_s)
    return replace(moment, start_s=start_s, end_s=end_s, play_s=start_s, evidence=touching)
