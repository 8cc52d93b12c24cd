"""Decisions, action items and open questions, listed by the phrases that tell them: of a subject or of a speaker."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby

from longvid_agents.cues_elsewhere import Cue, asked_elsewhere
from longvid_agents.days import day_of_video
from longvid_agents.lists import Listed, without
from longvid_agents.newest import newest
from longvid_agents.question import QuestionPlan, Term, make_plan
from longvid_agents.whole import asks_whole
from longvid_storage.db.view import View
from longvid_storage.search.lexical import matching
from longvid_storage.search.memory import memory_of
from longvid_storage.search.question import named_speakers
from longvid_storage.text.analysis import analyse
from longvid_storage.types import Citation, Claim, Passage

MOST_ITEMS = 5
_AROUND_S = 20.0
# A discussion comes to its decision within this time; what decides in other words than its subject's has to be surer.
_DECIDED_AFTER_S, _SURELY_DECIDES = 60.0, 2.0
_LISTS = re.compile(
    r"^\W*(?:what|which|list|show|give|tell|any|are there|were there|summari[sz]e|was|welche[nrs]?|wozu|qu['’]"
    r"|quel(?:le)?s?"
    r"|quoi|qué|cuáles|cosa|che|quali|o que|quais|wat|welke|что|каки[ех]|какое)\b|什么|什麼|哪些|何|무엇",
    re.IGNORECASE,
)
_CUES: tuple[tuple[Cue, re.Pattern[str]], ...] = (
    ("action", re.compile(r"\b(?:action (?:items?|points?)|to-?dos?|next steps?)\b", re.IGNORECASE)),
    (
        "question",
        re.compile(
            r"\b(?:(?:open|unresolved|unanswered) (?:questions?|issues?|points?)"
            r"|(?:questions?|issues?|points?) (?:are |were |is |was )?(?:still |left |remain(?:s|ed)? )?"
            r"(?:open|unanswered)"
            r"|unresolved)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "decision",
        re.compile(
            r"\b(?:decid(?:e|ed|ing)|decisions?(?: (?:were|was|are|is) (?:made|taken|reached))?)\b",
            re.IGNORECASE,
        ),
    ),
)
_CUES_OF_SOMEBODY: tuple[tuple[Cue, re.Pattern[str]], ...] = (
    (
        "action",
        re.compile(
            r"\b(?:promis(?:e[sd]?|ing)|commit(?:s|ted)? to|commitments?|volunteer(?:ed)? (?:to|for)"
            r"|tak(?:e|es|ing) on|took on|tasks?|homework"
            r"|(?:should|will|must|shall) +do|(?:supposed|going|has|have|had|needs?) to do)\b",
            re.IGNORECASE,
        ),
    ),
    ("decision", re.compile(r"\bagree(?:d|s)? (?:to|on)\b", re.IGNORECASE)),
)
# What is left where a list is asked for by its name alone: "action items for Ada".
_BARE = re.compile(
    r"\W*(?:(?:the|all|any|our|my|of|for|by|from)\b\W*)*(?:(?:on|about|regarding)\b.*)?\Z", re.IGNORECASE
)


def minutes(plan: QuestionPlan, view: View) -> Listed | None:
    """Decisions, action items or open questions, of those about the question's subject; None when that is not asked.

    Of a speaker whom the question names: what they decided or asked, and what they take on.
    """
    named = named_speakers(plan.question, memory_of(view).facts(view).speakers)
    question = without(plan.question, named)
    cue, rest = next(
        (
            (cue, pattern.sub(" ", question))
            for cue, pattern in (*_CUES, *(_CUES_OF_SOMEBODY if named else ()))
            if pattern.search(question)
        ),
        asked_elsewhere(question) or (None, ""),
    )
    if cue is None or not (_LISTS.search(question) or _BARE.match(rest)):
        return None
    from longvid_agents.summarise import strongest

    subject = make_plan(rest) if any(map(str.isalnum, rest)) else None
    terms = () if subject is None or asks_whole(subject, []) else subject.terms
    cards = sorted(view.cards(), key=lambda card: (day_of_video(card) or "", card.title))
    asked = {term.text for term in terms}
    titled = [card for card in cards if terms and asked <= set(analyse(card.title, plan.language))]
    if titled:  # "the decisions of the harbour board"
        terms = ()
        view = view.within(view.scope.narrowed(videos=[card.video_id for card in titled]) or view.scope)
    of_video = _about(view, terms) if terms else None
    notes: tuple[str, ...] = ()
    if of_video is None:
        few, notes = newest(view)
        read = {card.video_id for card in few.cards()}
        cards = [card for card in cards if card.video_id in read]
    claims = []
    for card in cards:
        if of_video is not None and card.video_id not in of_video:
            continue
        tasks_of = named if cue == "action" else ()
        said = view.passages_of(card.video_id, ["speech"]) if tasks_of or of_video is None else []
        about = said if of_video is None else of_video[card.video_id]
        if named and not tasks_of:
            about = [p for p in about if p.speaker in named]
        there = sorted({p.speaker for p in said if p.speaker})
        items = strongest(about, cue, MOST_ITEMS, about=of_video is not None, owners=tasks_of, speakers=there)
        claims += [Claim(p.text, (Citation.of(p, card.title, card.path),)) for p in items]
    if not claims and cue == "decision" and of_video and not named:
        few, notes = newest(view)
        for card in few.cards():
            items = _decided_after(of_video.get(card.video_id, ()), few)
            claims += [Claim(p.text, (Citation.of(p, card.title, card.path),)) for p in items]
    whose = f" of {', '.join(named)}" if named else ""
    return Listed(tuple(claims), f"listed by cue phrases: {cue}{whose}", notes) if claims else None


def _decided_after(brought_up: Sequence[Passage], view: View) -> list[Passage]:
    """What is decided soon after the subject is brought up, in other words: "Okay, we go with a screen."."""
    if not brought_up:
        return []
    from longvid_agents.cues import FEWEST_ABOUT, strength
    from longvid_agents.summarise import strongest

    said = view.passages_of(brought_up[0].video_id, ["speech"])
    soon = [
        p for p in said if any(0 < p.start_s - subject.start_s <= _DECIDED_AFTER_S for subject in brought_up)
    ]
    sure = [p for p in soon if strength(p, "decision", p.language, FEWEST_ABOUT) >= _SURELY_DECIDES]
    return strongest(sure, "decision", MOST_ITEMS, about=True)


def _about(view: View, terms: Sequence[Term]) -> dict[str, list[Passage]]:
    """Of each video what has all of the subject's words in it or, some in it, within a breath of it, in time order.

    The word index names what has them: reading all that is said in 163 meetings took six seconds a question.
    """
    languages = memory_of(view).facts(view).languages
    held = []
    for term in terms:
        words = (analyse(term.word, language) for language in languages)
        forms = {term.text, *(each[0] for each in words if len(each) == 1)}
        held.append(matching(view, [[form] for form in sorted(forms)], ["speech"]))
    has: defaultdict[int, set[str]] = defaultdict(set)
    for key in set.intersection(*map(set, held)):
        for term, found in zip(terms, held, strict=True):
            for passage_id in found[key]:
                has[passage_id].add(term.text)
    passages = sorted(view.passages(list(has)), key=lambda p: (p.video_id, p.start_s))
    wanted, chosen = {term.text for term in terms}, defaultdict[str, list[Passage]](list)
    for video_id, group in groupby(passages, key=lambda p: p.video_id):
        said = list(group)
        for passage in said:
            near = (has[p.id] for p in said if abs(p.start_s - passage.start_s) <= _AROUND_S)
            if set().union(*near) >= wanted:
                chosen[video_id].append(passage)
    return chosen
