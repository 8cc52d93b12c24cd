"""reflect: is the evidence enough? Else what to look up next; the place where rounds and budgets end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from longvid_agents.asking import ask_model, cost
from longvid_agents.budget import estimate_tokens
from longvid_agents.calls import BadCallError, Call, read_call
from longvid_agents.material import as_data
from longvid_agents.nodes.answer import answer_request
from longvid_agents.prompts import LOOK_TOOL, REFLECT, SYSTEM, TOOLS, hints
from longvid_agents.replies import MOST_CALLS, Reflection
from longvid_agents.run import Run
from longvid_agents.state import UNREADABLE, AskState
from longvid_agents.toolbox import MOST_SHOWN
from longvid_agents.video_lm import Request
from longvid_storage.models.replies import read_reply
from longvid_storage.text.timecode import format_time
from longvid_storage.types import TrailStep, VideoCard

EVIDENCE_TOKENS = 4_000
REFLECT_TOKENS = 400
_MOST_SPEAKERS, _NAME_LETTERS = 8, 40
_MOST_DONE = 20


def reflect(run: Run, state: AskState) -> dict[str, Any]:
    """Ask the model what is missing; with nothing asked for, or no budget left, the graph goes on to answer."""
    stopped = _stopped(run, state)
    if stopped:
        return {"stopped": stopped, "trail": (*state.trail, run.step(state, "reflect", stopped))}
    outcome = ask_model(
        run, state, reflect_request(run, state), partial(read_reply, form=Reflection), searching=True
    )
    reflection = outcome.value
    if outcome.late:
        step = run.step(state, "reflect", outcome.problem)
        return {"stopped": outcome.problem, "usage": outcome.usage, "trail": (*state.trail, step)}
    if reflection is None:
        problem = UNREADABLE
        step = run.step(state, "reflect", f"{problem} ({as_data(outcome.problem)[:200]})")
        return {"stopped": problem, "usage": outcome.usage, "trail": (*state.trail, step)}
    wanted, notes = _wanted(run, state, reflection)
    did = "enough" if reflection.enough else f"not enough, {len(wanted)} more to look up" if wanted else (
        "not enough, but nothing new to look up"
    )  # fmt: skip
    trail = [*state.trail, run.step(state, "reflect", did, len(wanted)), *notes]
    return {
        "calls": tuple(call for call in wanted if call.tool != "look"),
        "looks": tuple(call for call in wanted if call.tool == "look"),
        "rounds": state.rounds + bool(wanted),
        "memory": state.memory.ruling_out(reflection.rule_out),
        "usage": outcome.usage,
        "trail": tuple(trail),
    }


def _stopped(run: Run, state: AskState) -> str:
    """Why there is no further round: rounds used up, or a budget that must keep enough for the answer."""
    if state.rounds >= state.budget.rounds:
        return f"the {state.budget.rounds} search rounds were used up"
    answer = answer_request(run, state) if state.memory.items else None
    reserve = cost(run, state, answer) if answer is not None else 0
    return run.out_of(state, cost(run, state, reflect_request(run, state)) + reserve, searching=True)


def reflect_request(run: Run, state: AskState) -> Request:
    """The question, what was done, and the window of evidence."""
    assert state.route is not None
    assert run.lm is not None
    left = run.left(state)
    most = run.reading.most(EVIDENCE_TOKENS, run.seconds_left(state, searching=True))
    window = state.memory.window(most if left is None else min(most, left // 3), estimate_tokens)
    prompt = REFLECT.format(
        question=as_data(state.question),
        kind=state.route.kind,
        hints=hints(state.context, window.digests, state.route.queries[1:]),
        done=_done(state),
        videos=_videos(state),
        most=MOST_CALLS,
        tools=f"{TOOLS}\n{LOOK_TOOL}" if run.lm.sees and not state.blind else TOOLS,
    )
    return Request(
        SYSTEM,
        prompt,
        evidence=state.memory.texts(window.items),
        max_tokens=REFLECT_TOKENS,
        budget_tokens=left,
    )


def _done(state: AskState) -> str:
    steps = [step for step in state.trail if step.node in ("search", "look")][-_MOST_DONE:]
    return "\n".join(f"- {as_data(step.did)}: {step.found or 0} found" for step in steps) or "- nothing"


def _videos(state: AskState) -> str:
    """The videos met, by label: titles, and of those that were listed their date, length and speakers."""
    memory = state.memory
    lines = [
        f"v{number} = {as_data(memory.sources[video_id][0])}{_described(memory.cards.get(video_id))}"
        for number, video_id in enumerate(memory.videos[:MOST_SHOWN], 1)
    ]
    return "\n".join(lines) or "none met yet"


def _described(card: VideoCard | None) -> str:
    """`` (2026-03-02, 1:02:03, Ana, Ben)``; empty for a video that was not listed."""
    if card is None:
        return ""
    names = [as_data(name)[:_NAME_LETTERS] for name in card.speakers[:_MOST_SPEAKERS]]
    more = len(card.speakers) - len(names)
    known = [card.date or "", format_time(card.duration_s), *names, f"{more} more" if more else ""]
    return f" ({', '.join(each for each in known if each)})"


def _wanted(run: Run, state: AskState, reflection: Reflection) -> tuple[list[Call], list[TrailStep]]:
    """The calls that are allowed and new, and a note for the trail on each that is not."""
    assert run.lm is not None
    wanted: list[Call] = []
    notes: list[TrailStep] = []
    if reflection.enough:
        return wanted, notes
    for each in reflection.calls:
        try:
            call = _read(each, state, run.lm.sees and not state.blind)
        except BadCallError as error:
            notes.append(run.step(state, "reflect", f"ignored a call: {as_data(str(error))[:160]}"))
            continue
        if call in state.done or call in wanted:
            notes.append(
                run.step(state, "reflect", f"ignored, already done: {call.described(state.memory.label)}")
            )
        elif len(wanted) < MOST_CALLS:
            wanted.append(call)
    return wanted, notes


def _read(found: Mapping[str, Any], state: AskState, sees: bool) -> Call:
    call = read_call(found, state.memory.video, sees=sees)
    return replace(call, query=call.query[:300])
