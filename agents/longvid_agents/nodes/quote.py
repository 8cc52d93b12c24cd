"""plan, answer and verify without a model: quote the sentences that answer, or none when they probably do not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from longvid_agents.answerability import model_for
from longvid_agents.asked_of import asks_what_is_said, speakers_asked, without_listeners
from longvid_agents.changed import names_kind, oldest_asked, with_other_values
from longvid_agents.days import day_of_video
from longvid_agents.definitions import names_asked
from longvid_agents.extractive import MAX_CLAIMS, choose, rank
from longvid_agents.kinds import Kind
from longvid_agents.narrowing import only
from longvid_agents.question import QuestionPlan, make_plan, without_names
from longvid_agents.route import make_route
from longvid_agents.run import Run
from longvid_agents.scoring import Scores, question_parts, score
from longvid_agents.state import AskState
from longvid_agents.verify import supported
from longvid_storage.db.view import View
from longvid_storage.search.compounds import SHORT, compounds_of
from longvid_storage.search.evidence import encoded, terms_of, vectors_of
from longvid_storage.search.memory import memory_of
from longvid_storage.text.analysis import analyse
from longvid_storage.types import Citation, Claim, Moment, Passage

# Cosine from which a sentence without any word of the subject may be about it.
_NEAR = 0.4
# EIP-7907, RFC 1918, ES2002d: names of one thing, that no other words stand for.
# "The greatest danger" is no name.
_COMPARES = re.compile(
    r"(?:(?:bigg|great|larg|small|high|low|long|short|old|new|lat|earli|fast|slow|strong|weak|cheap|near|b|hard|easi)est"
    r"|worst|main|most|least|only)",
    re.IGNORECASE,
)
_CODE = re.compile(r"\b(?:[A-Z]{2,8}[ -]\d{3,8}|[A-Za-z]{1,8}-?\d{3,8})[a-z]?\b")
_AS_SAID = "The words are said there; whether that answers the question is not sure."
_ASKS_FOR: dict[Kind, str] = {
    "summary": "a summary",
    "discussion": "what was said of a subject",
    "define": "what a thing is",
    "count": "a number",
    "when": "a time",
    "who": "a person",
    "list": "several things",
    "explain": "an explanation",
}


def plan_quotes(run: Run, state: AskState) -> dict[str, Any]:
    """The plan for quoting: what the question narrows is taken out of what is searched for."""
    narrowed = run.narrowed(state.question)
    question = narrowed.rest if any(map(str.isalnum, narrowed.rest)) else state.question
    scope, said = narrowed.inside, narrowed.said
    speakers = memory_of(run.view).facts(run.view.within(scope)).speakers
    for speaker in speakers_asked(question, speakers):
        if (theirs := scope.narrowed(speaker=speaker)) is not None:
            scope, said = theirs, (*said, f"what {speaker} says")
            question = without_listeners(question, speakers)
    made = make_plan(question)
    route = make_route(made.question, made.query, scope, ())
    route = replace(route, inside=scope, narrowing=", ".join(said))
    inside = f", inside {route.narrowing}" if route.narrowing else ""
    step = run.step(state, "plan", f"asks for {_ASKS_FOR[made.kind]}{inside}")
    notes = (*state.notes, *only(said), *narrowed.notes)
    return {"plan": made, "route": route, "notes": notes, "trail": (*state.trail, step)}


def quote(run: Run, state: AskState) -> dict[str, Any]:
    """Quote the sentences that answer; those whose quote the store refuted are done without."""
    plan = planned(state)
    titles = {moment.video_id: moment for moment in state.moments}
    left = [s for s in state.evidence if quoting(s, plan, titles) not in state.refuted]
    view = run.view if state.route is None else run.view.within(state.route.inside)
    theirs = view.scope.speaker if run.view.scope.speaker is None else None
    if theirs is not None and not _about_something_said(run, view, plan, theirs):
        # Of a name that is of words ("Industrial Designer") none is what is asked about.
        plan = replace(plan, query=without_names(plan.query, [theirs]))
    scores = scores_with(view, plan, left, state.moments)
    if scores is not None and theirs is not None:
        left = _on_the_subject(left, scores)
        scores = scores_with(view, plan, left, state.moments)
    ranking = None
    if scores is not None:
        ranking = rank(plan, left, scores, model=model_for(scores.meaning, view.scope))
    if ranking is not None and theirs is not None and plan.broad:
        ranking = replace(ranking, most=MAX_CLAIMS, strict=False)  # all of them are theirs and on the subject
    chosen = choose(left, ranking) if ranking is not None and ranking.found else []
    chosen, newest = _by_day(run, plan, chosen, left, scores)
    as_said = ranking is not None and ranking.as_said
    did = "quoted where the rare word is said" if as_said else "quoted the best sentences"
    step = run.step(state, "answer", did, len(chosen))
    told = " ".join(state.notes)
    unsaid = _unsaid(view, plan, told, chosen) if chosen else []
    quoted = ", ".join(f'"{word}"' for word in unsaid)
    missing = (f"Neither said nor shown in what was searched: {quoted}.",) if unsaid else ()
    defined = [word for name in names_asked(plan)[:1] for word in name if not _says_no_name(word)]
    coded = [word for code in _CODE.findall(plan.question) for word in (code, code.split()[-1])]
    if any(word.casefold() in defined or word in coded for word in unsaid):
        chosen = []  # nobody defines what nobody names, and of EIP-7907 nobody speaks who says another number
    notes = (*state.notes, *newest, *((_AS_SAID,) if as_said else ()), *missing)
    return {
        "notes": notes,
        "claims": tuple(quoting(sentence, plan, titles) for sentence in chosen),
        "confidence": 0.0 if ranking is None else ranking.confidence,
        "answers": state.answers + 1,
        "trail": (*state.trail, step),
    }


def verify_quotes(run: Run, state: AskState) -> dict[str, Any]:
    """Drop the quotes that the store does not hold."""
    kept = tuple(supported(state.claims, run.view))
    refuted = set(state.claims) - set(kept)
    for claim in kept:
        run.on_event(claim)
    step = run.step(
        state, "verify", f"{len(kept)} of {len(state.claims)} quotes are where they are cited", len(kept)
    )
    return {"claims": kept, "refuted": state.refuted | refuted, "trail": (*state.trail, step)}


def _about_something_said(run: Run, view: View, plan: QuestionPlan, speaker: str) -> bool:
    """Whether anybody says a word of what the speaker is asked about."""
    anybody = run.view.within(replace(view.scope, speaker=None))
    about = [t.text for t in plan.without([speaker]) if not asks_what_is_said(t.word)]
    return not about or any(memory_of(anybody).facts(anybody).frequencies(anybody, about).values())


def _on_the_subject(sentences: Sequence[Passage], scores: Scores) -> list[Passage]:
    """Of what somebody says the sentences with a word of the subject; else those whose meaning is near it."""
    about = scores.words > 0 if (scores.words > 0).any() else scores.cosine >= _NEAR
    return [sentence for sentence, is_about in zip(sentences, about, strict=True) if is_about]


def _unsaid(view: View, plan: QuestionPlan, told: str, chosen: Sequence[Passage]) -> list[str]:
    """Names and numbers of the question that are nowhere in the scope, not even as a speaker's or in a word of what is
    ``chosen``, and not in what is ``told`` already; words of a longer name that is to be defined count as names."""
    facts = memory_of(view).facts(view)
    defined = {
        w for name in names_asked(plan)[:1] if len(name) > 1 for w in name if not _COMPARES.fullmatch(w)
    }
    defined = defined if plan.language in (None, "en") else set()
    names = [t for t in plan.terms if (t.special or t.word.casefold() in defined) and not t.loose]
    found = facts.frequencies(view, [term.text for term in names])
    quoted_words = [word for passage in chosen for word in analyse(passage.text, plan.language)]
    known = {word for speaker in facts.speakers for word in speaker.casefold().split()}
    return [
        t.word
        for t in names
        if not found.get(t.text)
        and t.word[0].isalnum()
        and re.sub("['’]s$", "", t.word.casefold()) not in known
        and t.word not in told
        and t.text not in quoted_words
        and not compounds_of([t.text], quoted_words)
        and not (len(t.text) >= SHORT and any(word.endswith(t.text) for word in quoted_words))
    ]


def _says_no_name(word: str) -> bool:
    """Of a thing that is to be defined: "price", and "greatest" in "the greatest danger"."""
    return names_kind(word) or _COMPARES.fullmatch(word) is not None


def _by_day(
    run: Run, plan: QuestionPlan, chosen: list[Passage], left: Sequence[Passage], scores: Scores | None
) -> tuple[list[Passage], tuple[str, ...]]:
    """The chosen sentence with what other days say instead, and the note that tells the days."""
    ids = {passage.video_id for passage in left}
    if scores is None or len(chosen) != 1 or len(ids) < 2:
        return chosen, ()
    dates = {card.video_id: day for card in run.view.cards(ids=ids) if (day := day_of_video(card))}
    both = with_other_values(plan, chosen, left, scores, dates)
    if len(both) == 1:
        return both, ()
    first = "oldest" if oldest_asked(plan.question) else "newest"
    return both, (f"Values differ by day, the {first} first: {', '.join(dates[p.video_id] for p in both)}.",)


def scores_with(
    view: View, plan: QuestionPlan, passages: Sequence[Passage], moments: Sequence[Moment]
) -> Scores | None:
    """Score ``passages``, found by ``moments``; ``None`` when there is nothing to compare.

    Their vectors are those of the index; the question is all that is embedded.
    """
    if not passages or not plan.terms:
        return None
    facts = memory_of(view).facts(view)
    frequency = facts.frequencies(view, [term.text for term in plan.terms])
    vectors = vectors_of(view, passages)
    asked = None if vectors is None else encoded(view, question_parts(plan.query))
    terms = terms_of(view, passages, plan.language)
    return score(plan, passages, moments, facts.passages, frequency, asked, vectors, terms)


def planned(state: AskState) -> QuestionPlan:
    """The plan; there is one from the first node on."""
    assert state.plan is not None, "the plan node runs first"
    return state.plan


def quoting(passage: Passage, plan: QuestionPlan, titles: dict[str, Moment]) -> Claim:
    """A passage as a claim with its citation; who said it comes first where that is asked."""
    moment = titles[passage.video_id]
    named = plan.kind == "who" and passage.speaker
    text = f"{passage.speaker}: {passage.text}" if named else passage.text
    return Claim(text, (Citation.of(passage, moment.title, moment.path),))
