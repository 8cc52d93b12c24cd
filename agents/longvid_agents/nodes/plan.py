"""plan, with a model: read the question by rules, and by the model where they are unsure."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import Any

from longvid_agents import replies
from longvid_agents.asking import ask_model, cost
from longvid_agents.calls import Call
from longvid_agents.material import as_data
from longvid_agents.narrowing import only
from longvid_agents.prompts import PLAN, SYSTEM, conversation
from longvid_agents.question import make_plan
from longvid_agents.replies import PlanReply
from longvid_agents.route import MOST_QUESTIONS, Route, make_route
from longvid_agents.run import Run
from longvid_agents.state import AskState
from longvid_agents.video_lm import Request
from longvid_storage.models.replies import read_reply

# The outline of so many videos is read at once to summarise them.
MOST_OUTLINES = 4
PLAN_TOKENS = 200
_QUOTED = re.compile(r"[\"“„«「]([^\"“”„«»「」]{2,60})[\"”“»」]")


def plan(run: Run, state: AskState) -> dict[str, Any]:
    """The plan by rules, the route and the first calls."""
    made = make_plan(state.question)
    cards = run.view.cards()
    route = make_route(made.question, made.query, run.view.scope, cards)
    usage, by = state.usage, "by rules"
    if not route.sure:
        request = _request(state)
        if not run.out_of(state, 2 * cost(run, state, request), searching=True):
            outcome = ask_model(run, state, request, partial(read_reply, form=PlanReply), searching=True)
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
