"""search: run the calls of this turn together, and keep of what they give what fits the question best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from longvid_agents.budget import estimate_tokens
from longvid_agents.definitions import defined
from longvid_agents.extractive import fitness
from longvid_agents.narrowing import only
from longvid_agents.nodes.quote import planned, scores_with
from longvid_agents.question import make_plan
from longvid_agents.route import widened
from longvid_agents.run import Run
from longvid_agents.state import AskState
from longvid_agents.working_memory import WorkingMemory
from longvid_storage.search.evidence import around
from longvid_storage.search.moments import search as find
from longvid_storage.types import Moment, Passage, TrailStep

if TYPE_CHECKING:
    from longvid_agents.calls import Call
    from longvid_agents.toolbox import CallResult


# Tokens of evidence kept of one turn of searching: for a simple question, and for any other.
SIMPLE_TOKENS, TURN_TOKENS = 450, 3_000
# A sentence is kept together with the ones right before and behind it, when they are this close.
BESIDE_S = 8.0
_FRAME_TOKENS = 16
# However small the budget, so much is kept: quotes need no model.
_LEAST = 200


def search(run: Run, state: AskState) -> dict[str, Any]:
    """Find moments within the caller's filters and read what was said and shown around them."""
    assert state.route is not None
    route = state.route
    if run.lm is None:
        inside = run.view.within(route.inside)
        plan = planned(state)
        moments = (*defined(inside, plan), *find(inside, plan.query, state.k))
        step = run.step(state, "search", f'search "{plan.query}"', len(moments))
        evidence = tuple(around(inside, moments))
        return {"moments": moments, "evidence": evidence, "trail": (*state.trail, step)}
    from longvid_agents.toolbox import run_calls

    inside = run.view if state.rounds else run.view.within(route.inside)
    found = run_calls(state.calls, inside, k=state.k)
    trail = [*state.trail]
    if route.narrowing and not state.rounds and not any(each.sentences for each in found):
        trail.append(run.step(state, "search", f"nothing inside {route.narrowing}; searched without that"))
        state = replace(state, notes=tuple(set(state.notes) - set(only([route.narrowing]))))
        route = widened(route, run.view.scope)
        found = run_calls(state.calls, run.view, k=state.k)
    memory = _remember(run, state, found)
    trail += _steps(run, state, memory, found)
    return {
        "route": route,
        "notes": state.notes,
        "moments": _distinct([*state.moments, *(moment for each in found for moment in each.moments)]),
        "evidence": tuple(dict.fromkeys([*state.evidence, *_searched(found)])),
        "memory": memory,
        "calls": (),
        "done": state.done | set(state.calls),
        "trail": tuple(trail),
    }


def _remember(run: Run, state: AskState, found: Sequence[CallResult]) -> WorkingMemory:
    """The memory with the best of what each call gave, an even share of the turn's tokens each."""
    assert state.route is not None
    memory = state.memory
    most = SIMPLE_TOKENS if state.route.simple and not state.rounds else TURN_TOKENS
    left = run.left(state)
    most = most if left is None else min(most, max(_LEAST, left // 2))
    for number, each in enumerate(found):
        share = most // (len(found) - number)
        memory = memory.meeting(each.sources).listing(each.cards)
        kept = best_of(run, each, share) if each.call.tool == "search" else each.sentences
        kept = within_tokens(kept, share, estimate_tokens)
        memory = memory.adding(kept)
        most -= sum(estimate_tokens(sentence.text) + _FRAME_TOKENS for sentence in kept)
    return memory


def best_of(run: Run, found: CallResult, most_tokens: int) -> list[Passage]:
    """The sentences that fit the call's query best, each with its neighbours, best first."""
    sentences = found.sentences
    plan = make_plan(found.call.query)
    scores = scores_with(run.view, plan, sentences, found.moments)
    if scores is None:
        return list(sentences)
    fit = fitness(plan, sentences, scores)
    kept: dict[Passage, None] = {}
    tokens = 0
    for row in np.argsort(-fit, kind="stable"):
        if tokens >= most_tokens or not np.isfinite(fit[row]):
            break
        for near in _beside(sentences, int(row)):
            if near not in kept:
                kept[near] = None
                tokens += estimate_tokens(near.text) + _FRAME_TOKENS
    return list(kept)


def _beside(sentences: Sequence[Passage], row: int) -> list[Passage]:
    """The sentence of this row, then its neighbours of the same kind and video that are close in time."""
    chosen = sentences[row]
    near = [chosen]
    for other in (row - 1, row + 1):
        if 0 <= other < len(sentences):
            beside = sentences[other]
            apart_s = max(beside.start_s - chosen.end_s, chosen.start_s - beside.end_s)
            same = (beside.video_id, beside.kind) == (chosen.video_id, chosen.kind)
            if same and beside.kind == "speech" and apart_s <= BESIDE_S:
                near.append(beside)
    return near


def within_tokens(
    sentences: Sequence[Passage], most_tokens: int, count: Callable[[str], int]
) -> list[Passage]:
    """The first sentences that fit; a longer one is passed over for shorter ones behind it."""
    kept: list[Passage] = []
    for sentence in sentences:
        cost = count(sentence.text) + _FRAME_TOKENS
        if cost <= most_tokens:
            kept.append(sentence)
            most_tokens -= cost
    return kept


def _steps(run: Run, state: AskState, memory: WorkingMemory, found: Sequence[CallResult]) -> list[TrailStep]:
    def described(call: Call) -> str:
        return call.described(memory.label)

    return [
        run.step(
            state,
            "search",
            described(each.call) + (f" ({each.note})" if each.note else ""),
            len(each.moments) if each.call.tool == "search" else len(each.sentences) or len(each.sources),
        )
        for each in found
    ]


def _searched(found: Sequence[CallResult]) -> list[Passage]:
    """What searches found: the evidence quotes are chosen from."""
    return [sentence for each in found if each.call.tool == "search" for sentence in each.sentences]


def _distinct(moments: Sequence[Moment]) -> tuple[Moment, ...]:
    """Each place once, where it first came."""
    spans: dict[tuple[str, float, float], Moment] = {}
    for moment in moments:
        spans.setdefault((moment.video_id, moment.start_s, moment.end_s), moment)
    return tuple(spans.values())
