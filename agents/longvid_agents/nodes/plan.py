"""plan: read the question; by rules, and by the model where the rules are unsure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from longvid_agents import replies
from longvid_agents.asked_of import speakers_asked, without_listeners
from longvid_agents.calls import Call
from longvid_agents.kinds import Kind
from longvid_agents.material import as_data
from longvid_agents.narrowing import narrow, only
from longvid_agents.nodes.hints import conversation
from longvid_agents.prompts import PLAN, SYSTEM
from longvid_agents.question import make_plan
from longvid_agents.replies import PlanReply, read_plan
from longvid_agents.route import MOST_QUESTIONS, Route, make_route
from longvid_agents.run import Run, ask_model
from longvid_agents.state import AskState
from longvid_agents.video_lm import Request
from longvid_storage.search.memory import memory_of
from longvid_storage.types import VideoCard

# The outline of so many videos is read at once to summarise them.
MOST_OUTLINES = 4
PLAN_TOKENS = 200
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
_QUOTED = re.compile(r"[\"“„«「]([^\"“”„«»「」]{2,60})[\"”“»」]")


def plan(run: Run, state: AskState) -> dict[str, Any]:
    """The plan by rules, and with a model the route and the first calls."""
    made = make_plan(state.question)
    cards = run.view.cards()
    if run.lm is None:
        return _narrowed(run, state, cards)
    route = make_route(made.question, made.query, run.view.scope, cards)
    usage, by = state.usage, "by rules"
    if not route.sure:
        request = _request(state)
        if not run.out_of(state, 2 * run.cost(state, request), searching=True):
            outcome = ask_model(run, state, request, read_plan, searching=True)
            usage = outcome.usage
            by = f"by rules ({outcome.problem})" if outcome.late else by
            if outcome.value is not None:
                route, by = _replanned(route, outcome.value), "by the model"
    calls = _first_calls(route, [card.video_id for card in cards])
    inside = f", inside {route.narrowing}" if route.narrowing else ""
    step = run.step(state, "plan", f"{route.kind}, {by}{inside}")
    notes = (*state.notes, *only([route.narrowing] if route.narrowing else []), *route.notes)
    found = {"plan": made, "route": route, "calls": calls, "usage": usage, "notes": notes}
    return {**found, "trail": (*state.trail, step)}


def _narrowed(run: Run, state: AskState, cards: Sequence[VideoCard]) -> dict[str, Any]:
    """The plan for quoting: what the question narrows is taken out of what is searched for."""
    narrowed = narrow(state.question, run.view.scope, cards)
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


def _request(state: AskState) -> Request:
    prompt = PLAN.format(
        question=as_data(state.question), hints=conversation(state.context), most=MOST_QUESTIONS
    )
    return Request(SYSTEM, prompt, max_tokens=PLAN_TOKENS, schema=replies.PLAN)


def _replanned(route: Route, read: PlanReply) -> Route:
    """The route as the model reads the question; the question itself is always searched for too."""
    queries = tuple(dict.fromkeys([route.queries[0], *read.questions]))
    simple = len(queries) <= 2 and read.kind in ("locate", "who", "explain", "count")
    return replace(route, kind=read.kind, queries=queries, simple=simple)


def _first_calls(route: Route, videos: list[str]) -> tuple[Call, ...]:
    """A search for each query, every mention of a quoted phrase that is counted or listed, outlines to summarise."""
    calls = [Call("search", query=query) for query in route.queries]
    quoted = tuple(_QUOTED.findall(route.queries[0]))
    if route.kind in ("count", "list") and quoted:
        calls.append(Call("mentions", terms=quoted[:4]))
    admitted = [each for each in videos if route.inside.video_ids is None or each in route.inside.video_ids]
    if route.kind == "summarise" and len(admitted) <= MOST_OUTLINES:
        calls += [Call("outline", video_id=video_id) for video_id in admitted]
    return tuple(dict.fromkeys(calls))
