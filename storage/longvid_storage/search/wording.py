"""How nearly a place has the wording that is asked for, and which word was meant by one that is nowhere.

The words of the question and of the place are aligned in order (local alignment: Smith & Waterman 1981), each match
counting the word's inverse document frequency, each word that one of them has more between two matches costing a
part of a mean word. 1 is the wording itself; words that are scattered over a place reach little.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from longvid_storage.db.view import View
from longvid_storage.search import lexical
from longvid_storage.search.term_sums import TermSums
from longvid_storage.search.timeline import Floats, Timeline
from longvid_storage.text.analysis import analyse

FROM = 0.75
"""Up to this share of the question's weight, a place says something else with some of its words; from 0.6 on, hits in
real meetings were lost to chance wordings."""
LIFT = 12.0
"""What the wording itself adds to a place's score, in standard deviations: more than any sum of its other parts."""
_GAP = 0.25
_FARTHEST = 12
_MOST_PLACES = 4
"""Of a word that a question says more often, the first places count: else "no no no …" costs the fourth power."""
_BREATH_S = 3.0
_ACROSS = 0.95
"""Wording that goes on in the next passage counts a little less than the same in one."""
_SHORTEST_WORD, _LONGEST_WORD, _MOST_WORDS = 5, 24, 3


def likeness(asked: Sequence[str], said: Sequence[str], weights: Mapping[str, float]) -> float:
    """How much of what is asked is said in its order and close together, in ``[0, 1]``; 0 for less than two words.

    Args:
        asked, said: analysed terms in order, function words included.
        weights: of the terms that count, above 0.
    """
    places: dict[str, list[int]] = {}
    for at, term in enumerate(asked):
        if term in weights and len(found := places.setdefault(term, [])) < _MOST_PLACES:
            found.append(at)
    total = sum(weights[term] for term in places)
    if len(places) < 2 or total <= 0:
        return 0.0
    gap = _GAP * total / len(places)
    matches = [(at, there, weights[term]) for at, term in enumerate(said) for there in places.get(term, ())]
    if len(matches) < 2:
        return 0.0
    best, score = 0.0, [0.0] * len(matches)
    for number, (at, there, weight) in enumerate(matches):
        before = 0.0
        for earlier in range(number - 1, -1, -1):
            apart, between = at - matches[earlier][0], there - matches[earlier][1]
            if apart > _FARTHEST:
                break
            if apart and between > 0:
                before = max(before, score[earlier] - gap * abs(apart - between))
        score[number] = weight + before
        best = max(best, score[number] if before > 0 else 0.0)
    return min(1.0, best / total)


def lifts(
    pool: Sequence[Timeline], wordings: Sequence[Sequence[str]], idf: Mapping[str, float], terms: TermSums
) -> list[Floats]:
    """What each row's wording adds to its score: ``LIFT`` where it is the question's, 0 up to ``FROM`` of it."""
    lifted = [np.zeros(len(timeline)) for timeline in pool]
    for asked in wordings:
        weights = {term: idf[term] for term in asked if term in idf}
        total = sum(weights.values())
        if len(weights) < 2 or total <= 0:
            continue
        # No alignment reaches more than the words that a row and the next one have.
        own = [number for number, term in enumerate(terms.terms) if term in weights]
        there = terms.rows(own)
        there[:, :-1] |= there[:, 1:].copy()
        bound = (terms.weights[own, None] * there).sum(axis=0)
        for place in np.flatnonzero(bound >= FROM * total - 1e-9).tolist():
            number = int(terms.firsts.searchsorted(place, "right")) - 1
            timeline, row = pool[number], place - int(terms.firsts[number])
            if row < len(timeline):
                found = _row_likeness(timeline, row, asked, weights)
                lift = LIFT * max(0.0, found - FROM) / (1 - FROM)
                lifted[number][row] = max(lifted[number][row], lift)
    return lifted


def _row_likeness(timeline: Timeline, row: int, asked: Sequence[str], weights: Mapping[str, float]) -> float:
    own = _terms(timeline, row)
    alone = likeness(asked, own, weights)
    follows = row + 1 < len(timeline) and timeline.speech[row] and timeline.speech[row + 1]
    if not follows or timeline.starts[row + 1] - timeline.ends[row] > _BREATH_S:
        return alone
    following = _terms(timeline, row + 1)
    both = _ACROSS * likeness(asked, [*own, *following], weights)
    return max(alone, both if both > likeness(asked, following, weights) else 0.0)


def _terms(timeline: Timeline, row: int) -> list[str]:
    pieces = timeline.pieces[timeline.first[row] : timeline.first[row + 1]]
    return [term for piece in pieces for term in piece.terms.split()]


def respelled(view: View, words: Iterable[str], languages: Sequence[str | None]) -> tuple[str, ...]:
    """For each word that may be misspelt the commonest term of the scope that one edit makes of it, if any.

    One edit is a letter changed, added, left out or swapped with the next (Damerau 1964, "A technique for computer
    detection and correction of spelling errors").
    """
    found: dict[str, None] = {}
    for word in list(words)[:_MOST_WORDS]:
        folded = word.casefold()
        if not _SHORTEST_WORD <= len(folded) <= _LONGEST_WORD or not folded.isalpha():
            continue
        terms = {
            term
            for edited in _edits(folded)
            for language in languages
            for term in analyse(edited, language)[:1]
        }
        counts = lexical.frequencies(view, sorted(terms))
        best = max(counts, key=lambda term: (counts[term], term), default="")
        if best and counts[best]:
            found[best] = None
    return tuple(found)


def _edits(word: str) -> set[str]:
    letters = sorted({*string.ascii_lowercase, *word} if word.isascii() else set(word))
    splits = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    edited = {a + b[1:] for a, b in splits if b}
    edited |= {a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1}
    edited |= {a + letter + b[1:] for a, b in splits if b for letter in letters}
    edited |= {a + letter + b for a, b in splits for letter in letters}
    return edited - {word}
