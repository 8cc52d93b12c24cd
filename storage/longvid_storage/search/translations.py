"""What a question finds in translations beside the films, among the moments of what is said and shown."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from longvid_storage.db.view import View
from longvid_storage.search import lexical
from longvid_storage.search.compounds import COMPOUNDING, compounds_of
from longvid_storage.search.evidence import moment_of
from longvid_storage.search.memory import memory_of
from longvid_storage.search.question import read_question
from longvid_storage.search.sounds import COVERED, RANK_CONSTANT
from longvid_storage.search.timeline import Timeline
from longvid_storage.text.analysis import analyse
from longvid_storage.text.segmentation import UNSPACED, segment
from longvid_storage.text.stop_words import ASKING_WORDS
from longvid_storage.types import Moment, Passage

_UNSPACED_RUN = re.compile(f"[{UNSPACED}]+")
_MOST = 400
_MOST_READ = 5000
"""Among more passages of translations no compounds are looked for."""
# "How long", "wie lange": the second word asks too, and is not in the answer.
_HOW = re.compile(
    r"\b(?:how (?:long|many|much|often|far|old|high|big)|wie (?:lange|viele?|oft|weit|alt|hoch))\b", re.I
)


def with_translations(
    view: View, moments: Sequence[Moment], query: str, k: int, speakers: Sequence[str] = ()
) -> list[Moment]:
    """``moments`` and what translations say by reciprocal rank (Cormack, Clarke & Büttcher 2009), the best ``k``.

    A sentence of a translation counts by the share of the question's weight that its words have, where it is at least
    ``COVERED`` and more than what is said and shown meanwhile has: the spoken words come first. It goes to the moment
    that it lies in, which is not merely near then; else it is one of its own.
    """
    found = _translated(view, query, k, speakers)
    if not found:
        return list(moments)
    scored = [
        (0.0 if moment.near else 1 / (RANK_CONSTANT + rank), moment) for rank, moment in enumerate(moments, 1)
    ]
    for rank, (share, passage) in enumerate(found, 1):
        score = share / (RANK_CONSTANT + rank)
        for place, (so_far, moment) in enumerate(scored):
            if (
                moment.video_id == passage.video_id
                and moment.start_s < passage.end_s
                and passage.start_s < moment.end_s
            ):
                both = (passage, *moment.evidence)
                scored[place] = so_far + score, replace(moment, evidence=both, near=False)
                break
        else:
            scored.append((score, moment_of(view, passage)))
    ranked = sorted(scored, key=lambda each: -each[0])[:k]
    return [replace(moment, score=score) for score, moment in ranked]


def _translated(view: View, query: str, k: int, speakers: Sequence[str]) -> list[tuple[float, Passage]]:
    """(share of the question's weight, passage) of the translations that say more of it than is said there."""
    facts = memory_of(view).facts(view)
    counts = facts.counts.get(lexical.TRANSLATION)
    if counts is None:
        return []
    # A word has a form in each language; of a sentence only those of its own count.
    languages = dict.fromkeys([*facts.translated, *facts.languages])
    query = _HOW.sub(" ", query)
    asked = {
        language: read_question(_in_words(query, language), (language,), speakers).terms
        for language in languages
    }
    frequency = lexical.frequencies(
        view, [term for terms in asked.values() for term in terms], (lexical.TRANSLATION,)
    )
    parts = _in_compounds(view, asked, frequency, counts.passages)
    frequency = {**frequency, **lexical.frequencies(view, list(parts), (lexical.TRANSLATION,))}
    for said, of in parts.items():
        frequency.update((term, frequency.get(term, 0) + frequency[said]) for term in of)
    weights = {
        term: math.log(1 + (counts.passages - count + 0.5) / (count + 0.5))
        for term, count in frequency.items()
    }
    held = {term: weight for term, weight in weights.items() if frequency[term]}
    hits = lexical.best(view, held, lexical.TRANSLATION, counts, _MOST)
    passages = view.passages([passage_id for passage_id, _ in hits])
    words = [analyse(each.text, each.language) for each in passages]
    told = [{term for word in each for term in (word, *parts.get(word, ()))} for each in words]
    own = [_share(each, asked[p.language], weights) for each, p in zip(told, passages, strict=True)]
    ranked = sorted((-share, row) for row, share in enumerate(own) if share >= COVERED)
    near = [(-share, passages[row]) for share, row in ranked[: 4 * k]]
    ids = list(dict.fromkeys(passage.video_id for _, passage in near))
    timelines = {each.video_id: each for each in memory_of(view).timelines(view, ids, _fingerprint(view))}
    more = []
    for share, passage in near:
        there = _said_there(timelines[passage.video_id], passage, weights)
        if share > max(_share(there, terms, weights) for terms in asked.values()):
            more.append((share, passage))
    return more[:k]


def _in_words(query: str, language: str | None) -> str:
    """Scripts without spaces in words, without those that only ask: a pair of characters across two says nothing."""
    asking = sorted(ASKING_WORDS.get(language or "", ()), key=len, reverse=True)

    def spaced(run: re.Match[str]) -> str:
        parts = re.split("|".join(map(re.escape, asking)), run[0]) if asking else [run[0]]
        return " ".join(word for part in parts if part for word in segment(part)) or run[0]

    return _UNSPACED_RUN.sub(spaced, query)


def _in_compounds(
    view: View, asked: Mapping[str | None, Sequence[str]], frequency: Mapping[str, int], passages: int
) -> dict[str, tuple[str, ...]]:
    """Words of the translations that have an asked word in them which is nowhere said as asked; among few enough."""
    absent = [
        term
        for code, terms in asked.items()
        if code in COMPOUNDING
        for term in terms
        if not frequency.get(term)
    ]
    if not absent or passages > _MOST_READ:
        return {}
    translated = (p for card in view.cards() for p in view.passages_of(card.video_id, ["translation"]))
    return compounds_of(absent, sorted({word for p in translated for word in analyse(p.text, p.language)}))


def _fingerprint(view: View) -> str | None:
    encoder = view.encoders.text_encoder
    return None if encoder is None else encoder.fingerprint


def _share(said: Collection[str], terms: Sequence[str], weights: Mapping[str, float]) -> float:
    total = sum(weights.get(term, 0.0) for term in terms)
    return sum(weights.get(term, 0.0) for term in terms if term in said) / max(total, 1e-9)


def _said_there(timeline: Timeline, passage: Passage, terms: Iterable[str]) -> set[str]:
    """The terms that are said or shown during the passage."""
    rows = set(timeline.touching(passage.start_s, passage.end_s).tolist())
    return {
        term
        for term in terms
        if term in timeline.postings and not rows.isdisjoint(timeline.postings[term].rows.tolist())
    }
