"""Somebody's text against the recordings: what of it they support, contradict, or say nothing of.

Each sentence is searched for as it stands. A place is what was said or shown there: the passage that fits best, alone
and with those beside it. The checks are those that a model's claim has to pass (``checks/``, ``nodes/judge.py``), only
that here the evidence has to be found first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from longvid_agents.checks.claim import Check, Support, check_claim
from longvid_agents.checks.names import has_name, names_in
from longvid_agents.checks.numbers import numbers_in
from longvid_agents.checks.support import coverage
from longvid_agents.checks.times import days_in
from longvid_agents.nodes.judge import likelihood
from longvid_agents.working_memory import Names, sources_of
from longvid_agents.written import sentences_of
from longvid_storage.db.view import View
from longvid_storage.search.evidence import around, vectors_of
from longvid_storage.search.moments import search
from longvid_storage.search.question import readable
from longvid_storage.text.languages import guess_language
from longvid_storage.types import Citation, Passage

TextVerdict = Literal["supported", "contradicted", "unsupported"]

# Moments that are looked at for a sentence, and passages in them that are looked at as the middle of a place.
MOMENTS, PLACES = 8, 6
# From this likelihood on a place supports a sentence that it does not speak against, and from this on it is the place
# that a sentence is about, so that another number or name there contradicts it. ``benchmarks/verifying.py``.
LIKELY, SAME_PLACE = 0.8, 0.8
# What is longer is no sentence, and takes as long as all the rest of a text.
LONGEST = 4000
# A place is up to so many passages, this close to each other.
CITED, TOGETHER_S = 3, 60.0


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """One sentence of a text and what the recordings say to it.

    ``likelihood`` in ``[0, 1]``: how likely the best place supports it. ``citations`` are where it is said, or where
    something else is (``contradicted``); of an unsupported one there are none, and ``nearest`` is what comes nearest.
    ``reason`` says why it is not supported.
    """

    text: str
    verdict: TextVerdict
    likelihood: float
    citations: tuple[Citation, ...] = ()
    nearest: tuple[Citation, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CheckedPlace:
    """What is said or shown at one place, how likely it supports a sentence, and what code says of the two.

    ``passages``: the one that fits best, alone or with others beside it; ``citations`` in time order. ``otherwise``:
    it is what the sentence is about, and says something else.
    """

    passages: tuple[Passage, ...]
    citations: tuple[Citation, ...]
    likelihood: float
    check: Check
    otherwise: bool = False


def check_text(text: str, view: View) -> list[CheckedSentence]:
    """Every sentence of ``text`` (plain or Markdown; headings and citations are passed over), in order."""
    people = set(view.speakers())
    return [_checked(each, readable(view, each)[0], people) for each in sentences_of(text)]


def _checked(text: str, view: View, people: Collection[str]) -> CheckedSentence:
    if len(text) > LONGEST:
        reason = f"it is longer than {LONGEST:,} letters: cut it into sentences"
        return CheckedSentence(text, "unsupported", 0.0, reason=reason)
    places = places_in(text, view, people)
    if not places:
        return CheckedSentence(text, "unsupported", 0.0, reason="nothing like it was found")
    best = places[0]
    found = next((place for place in places if supports(place)), None)
    if found is not None:
        return CheckedSentence(text, "supported", found.likelihood, found.citations)
    other = next((place for place in places if place.otherwise), None)
    if other is not None:
        return CheckedSentence(
            text, "contradicted", best.likelihood, other.citations, reason=other.check.reason
        )
    reason = best.check.reason or "nothing near it says so"
    return CheckedSentence(text, "unsupported", best.likelihood, nearest=best.citations, reason=reason)


def places_in(text: str, view: View, people: Collection[str]) -> list[CheckedPlace]:
    """The places of the view that fit a sentence best, judged, the likeliest first; ``people`` are who speaks there."""
    moments = search(view, text, MOMENTS)
    places = _places(text, view, around(view, moments), sources_of(moments), people)
    return sorted(places, key=lambda place: -place.likelihood)


def _places(
    text: str, view: View, passages: Sequence[Passage], sources: dict[str, Names], people: Collection[str]
) -> Iterator[CheckedPlace]:
    if not passages:
        return
    claimed = None
    fit = np.array([coverage(text, f"{p.speaker or ''} {p.text}") for p in passages])
    encoder, vectors = view.encoders.text_encoder, vectors_of(view, passages)
    if encoder is not None and vectors is not None:
        claimed = encoder.encode([text], kind="passage")[0]
        fit = fit + vectors @ claimed
    order = [passages[row] for row in np.argsort(-fit, kind="stable")]
    alone = [_judged(text, view, [middle], sources, people, claimed) for middle in order[:PLACES]]
    yield from alone
    # That somebody else speaks beside it makes it no word of theirs.
    theirs = {p for place in alone if place.otherwise and place.check.about == "name" for p in place.passages}
    left = [passage for passage in order if passage not in theirs]
    for middle in order[:PLACES]:
        near = [p for p in left if p is not middle and _together(middle, p)][: CITED - 1]
        if near and middle not in theirs:
            yield _judged(text, view, [middle, *near], sources, people, claimed)


def _judged(
    text: str,
    view: View,
    passages: Sequence[Passage],
    sources: dict[str, Names],
    people: Collection[str],
    claimed: NDArray[np.float32] | None,
) -> CheckedPlace:
    check = check_claim(text, [Support(p, sources[p.video_id][0]) for p in passages], people=people)
    likely = None if claimed is None else likelihood(view, text, claimed, passages)
    if likely is None:  # without meaning, by words alone
        likely = coverage(text, "\n".join(p.text for p in passages))
    ordered = sorted(passages, key=lambda p: (p.start_s, p.end_s, p.id))
    cited = tuple(Citation.of(p, *sources[p.video_id]) for p in ordered)
    title = sources[passages[0].video_id][0]
    otherwise = len(passages) == 1 and _says_otherwise(text, passages[0], likely, check.about, title, people)
    return CheckedPlace(tuple(passages), cited, likely, check, otherwise)


def _together(one: Passage, other: Passage) -> bool:
    return one.video_id == other.video_id and abs(one.start_s - other.start_s) <= TOGETHER_S


def supports(place: CheckedPlace, likely: float = LIKELY) -> bool:
    """Whether the place says what the sentence does: code finds it, or it is likely and nothing speaks against."""
    if place.check.verdict == "supported":
        return True
    return place.check.about == "words" and place.likelihood >= likely


def _says_otherwise(
    text: str, said: Passage, likely: float, about: str, title: str, people: Collection[str]
) -> bool:
    """Whether it is what the sentence is about, and has another number, time, day or name, or a no, in its place."""
    language = said.language
    if likely < SAME_PLACE:
        return False
    if about == "negation":
        return True
    if about in ("number", "time"):
        return bool(numbers_in(said.text, language) - numbers_in(text, guess_language(text)))
    if about == "day":
        return bool(days_in(said.text))
    if about == "name":
        evidence = Support(said, title).text
        missing = [name for name in chain(*names_in(text)) if not has_name(name, evidence)]
        others = names_in(said.text, language)[0]
        if said.speaker and any(has_name(name, who) for name in missing for who in people):
            others.append(said.speaker)
        return any(not has_name(name, text) for name in others)
    return False
