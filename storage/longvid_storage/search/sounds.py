"""Sounds that the question asks for by name, among the moments that words and meaning found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from longvid_storage.db.view import View
from longvid_storage.search import lexical
from longvid_storage.search.memory import memory_of
from longvid_storage.search.question import read_question
from longvid_storage.text.analysis import analyse
from longvid_storage.types import Moment

RANK_CONSTANT = 60
COVERED = 0.5
"""A sound is a hit when its description has at least this share of the question's content words."""
_SHORTEST_S = 5.0
_MOST = 400


def with_sounds(
    view: View, moments: Sequence[Moment], query: str, k: int, speakers: Sequence[str] = ()
) -> list[Moment]:
    """``moments`` and sounds by reciprocal rank (Cormack, Clarke & Büttcher 2009), the best ``k``.

    A sound counts by the share of the question's words that describe it; one that all words describe comes before
    the moment of its rank. It is a moment of its own, as long as it is heard; what lies beside it keeps the rest.
    """
    heard = _heard(view, query, k, speakers)
    if not heard:
        return list(moments)
    ranked = [(-moment.score, 0, rank, moment) for rank, moment in enumerate(heard, 1)]
    for rank, moment in enumerate(moments, 1):
        rest = _rest(moment, heard)
        if rest is not None:
            score = 1 / (RANK_CONSTANT + rank)
            ranked.append((-score, 1, rank, replace(rest, score=score)))
    return [moment for *_, moment in sorted(ranked, key=lambda each: each[:3])[:k]]


def _heard(view: View, query: str, k: int, speakers: Sequence[str]) -> list[Moment]:
    """The sounds that the query describes, best first, none overlapping."""
    facts = memory_of(view).facts(view)
    if "sound" not in facts.counts:
        return []
    terms = set(read_question(query, ("en",), speakers).terms)  # descriptions of sounds are English
    weights, words = dict.fromkeys(terms, 1.0), memory_of(view).words_read.get("sound")
    if words is None:
        hits = lexical.best(view, weights, "sound", facts.counts["sound"], _MOST)
    else:
        hits = words.best(view, weights, facts.counts["sound"].mean_length, _MOST)
    if not hits:
        return []
    passages = view.passages([passage_id for passage_id, _ in hits])
    shares = [len(terms.intersection(analyse(each.text, "en"))) / max(1, len(terms)) for each in passages]
    best = sorted((-share, row) for row, share in enumerate(shares) if share >= COVERED)[:k]
    cards = {card.video_id: card for card in view.cards(ids={passages[row].video_id for _, row in best})}
    heard = []
    for rank, (share, row) in enumerate(best, 1):
        sound = passages[row]
        card = cards[sound.video_id]
        start_s = max(sound.start_s, view.scope.from_s or 0.0)
        end_s = sound.end_s if view.scope.to_s is None else min(sound.end_s, view.scope.to_s)
        score = -share / (RANK_CONSTANT + rank)
        heard.append(
            Moment(
                card.video_id,
                card.title,
                card.path,
                start_s,
                end_s,
                score,
                "moment",
                (sound,),
                gone=card.gone,
            )
        )
    return _apart(heard)


def _apart(heard: Sequence[Moment]) -> list[Moment]:
    """Without those that overlap a better one of their video: two names of one sound are one moment."""
    kept: list[Moment] = []
    for moment in heard:
        for number, other in enumerate(kept):
            if _overlap(moment, other):
                kept[number] = replace(other, evidence=(*other.evidence, *moment.evidence))
                break
        else:
            kept.append(moment)
    return kept


def _overlap(one: Moment, other: Moment) -> bool:
    return one.video_id == other.video_id and one.start_s < other.end_s and other.start_s < one.end_s


def _rest(moment: Moment, heard: Sequence[Moment]) -> Moment | None:
    """The longest part of a moment that no sound takes, with the evidence in it; None when too little is left."""
    start_s, end_s = moment.start_s, moment.end_s
    for sound in heard:
        if sound.video_id != moment.video_id or sound.start_s >= end_s or sound.end_s <= start_s:
            continue
        if sound.start_s - start_s >= end_s - sound.end_s:
            end_s = sound.start_s
        else:
            start_s = sound.end_s
    if (start_s, end_s) == (moment.start_s, moment.end_s):
        return moment
    evidence = tuple(piece for piece in moment.evidence if piece.start_s < end_s and piece.end_s > start_s)
    if end_s - start_s < _SHORTEST_S or not evidence:
        return None
    return replace(moment, start_s=start_s, end_s=end_s, evidence=evidence)
