"""What is said in a stretch that a question names, or by a speaker, where it asks nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from longvid_agents.asked_of import about_them, speakers_asked
from longvid_agents.lists import Listed, without
from longvid_agents.newest import newest
from longvid_agents.question import QuestionPlan, make_plan
from longvid_agents.whole import asks_whole
from longvid_storage.db.view import View
from longvid_storage.search.memory import memory_of
from longvid_storage.search.question import named_speakers
from longvid_storage.text.analysis import query_terms
from longvid_storage.text.mmr import central
from longvid_storage.text.sentences import asks
from longvid_storage.types import Citation, Claim, Passage, VideoCard

MOST_SAID = 8
"""Sentences told of a stretch or a speaker; a note says how many there are."""
_FEWEST_WORDS, _COMPARED = 5, 1000
"""Shorter sentences are interjections; so many are compared with each other at most."""
_TO_DO = re.compile(r"\bask(?:s|ed|ing)?\b.+\bto\b", re.IGNORECASE)
_REQUESTS = re.compile(
    r"\b(?:please|(?:can|could|would|will) (?:you|someone|somebody)|bitte|por favor|s['’]il (?:te|vous) pla[iî]t)\b",
    re.I,
)
_WHAT_IS_ASKED = re.compile(r"\bask(?:s|ed|ing)?\b|\bquestions?\b", re.IGNORECASE)


def told(plan: QuestionPlan, view: View, *, timed: bool) -> Listed | None:
    """What is said in a stretch that the question names, or by the speaker whom it names, when it asks nothing else.

    Of many sentences those that say most are told, of what somebody asks only questions.
    """
    speakers = memory_of(view).facts(view).speakers
    named = named_speakers(plan.question, speakers)
    if about_them(plan.question, named):
        return None
    asked = speakers_asked(plan.question, speakers)
    rest = without(plan.question, [*named, *asked, *map(str.lower, asked)]).strip(" ?.!")  # "the host"
    named = asked or named
    if not (timed or named) or (rest and not asks_whole(make_plan(rest), [])):
        return None
    if len(named) == 1 and (theirs := view.scope.narrowed(speaker=named[0])) is not None:
        view = view.within(theirs)
    view, notes = newest(view)
    found: list[tuple[VideoCard, Passage]] = []
    for card in view.cards():
        passages = view.passages_of(card.video_id, ["speech"]) or view.passages_of(card.video_id, ["screen"])
        found += [(card, p) for p in passages if not named or p.speaker in named]
    if not found:
        return None
    if _WHAT_IS_ASKED.search(plan.question):
        wanted = _REQUESTS.search if _TO_DO.search(plan.question) else asks
        found = [(card, p) for card, p in found if wanted(p.text)] or found
    chosen = _telling(found)
    claims = tuple(
        Claim(
            f"{p.speaker}: {p.text}" if p.speaker and not named else p.text,
            (Citation.of(p, card.title, card.path),),
        )
        for card, p in chosen
    )
    if len(found) > MOST_SAID:
        notes = (f"{len(chosen)} of {len(found)} sentences, those that say most.", *notes)
    return Listed(claims, "told what is said there", notes)


def _telling(found: Sequence[tuple[VideoCard, Passage]]) -> list[tuple[VideoCard, Passage]]:
    """Those of many sentences that say most of what all of them do, as they come."""
    if len(found) <= MOST_SAID:
        return list(found)
    long = [each for each in found if len(each[1].text.split()) >= _FEWEST_WORDS] or list(found)
    among = long[:_COMPARED]
    return [among[row] for row in central([query_terms(p.text) for _, p in among], MOST_SAID)]
