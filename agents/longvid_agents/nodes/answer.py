"""answer: claims with evidence ids, written by the model."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from longvid_agents.asking import ask_model, cost, retry_prompt, usage_after
from longvid_agents.budget import estimate_tokens
from longvid_agents.examples import EXAMPLE_TOKENS, examples_within
from longvid_agents.material import as_data
from longvid_agents.nodes.judge import judge
from longvid_agents.prompts import ANSWER, ANSWER_SYSTEM, REPAIR, hints
from longvid_agents.replies import DRAFTS, SIMPLE_DRAFTS, ClaimStream, Draft, Drafts
from longvid_agents.run import Run, seconds_ran_out
from longvid_agents.state import UNREADABLE, AskState, Refusal
from longvid_agents.video_lm import Reply, Request
from longvid_agents.working_memory import MemoryItem
from longvid_storage.errors import OUT_OF_TIME, ModelError
from longvid_storage.models.replies import UnreadableError, read_reply
from longvid_storage.types import Claim, Usage

# Tokens of evidence shown, and of the answer written: for a simple question, and for any other.
SIMPLE_EVIDENCE, EVIDENCE = 500, 8_000
SIMPLE_ANSWER, LONG_ANSWER = 500, 1_500
REPAIR_TOKENS, REPAIR_EVIDENCE = 600, 1_500
# With less evidence than this a reply is not worth its tokens: quotes are better.
_LEAST_EVIDENCE = 120
# Evidence is chosen by estimated tokens; where the model's own count exceeds the budget there is less of it.
_TRIES = 4


def answer(run: Run, state: AskState) -> dict[str, Any]:
    """Write claims, or repair those refused."""
    if state.refused:
        return _repair(run, state)
    if not state.memory.items:
        step = run.step(state, "answer", "no evidence to answer from", 0)
        return {"answered": 0, "answers": state.answers + 1, "trail": (*state.trail, step)}
    request = answer_request(run, state)
    short = run.out_of(state, cost(run, state, request) if request else 0) or (
        "" if request else _no_room(state)
    )
    if request is None or short:
        step = run.step(state, "answer", short)
        return {"stopped": short, "answered": len(state.memory), "trail": (*state.trail, step)}
    written = _write(run, state, request)
    step = run.step(state, "answer", written.said, len(written.drafts.claims))
    return {
        "drafts": written.drafts.claims,
        "complete": written.drafts.complete,
        "answered": len(state.memory),
        "answers": state.answers + 1,
        "declined": not written.stopped and written.drafts.complete and not written.drafts.claims,
        "stopped": written.stopped or state.stopped,
        "shown": state.shown | written.shown,
        "usage": written.usage,
        "trail": (*state.trail, step),
    }


def answer_request(run: Run, state: AskState) -> Request | None:
    """The question with the window of evidence that the budget leaves room for; None when it leaves none."""
    assert state.route is not None
    simple = state.route.simple
    schema, tokens = (SIMPLE_DRAFTS, SIMPLE_ANSWER) if simple else (DRAFTS, LONG_ANSWER)
    request = Request(_instructions(run, state), "", schema=schema, max_tokens=tokens)
    most = SIMPLE_EVIDENCE if simple and not state.rounds else EVIDENCE
    most = run.reading.most(most, run.seconds_left(state))
    left = run.left(state)
    if left is not None:
        request = replace(request, max_tokens=max(1, min(request.max_tokens, left // 3)))
        most = min(most, left - cost(run, state, replace(request, prompt=_prompt(state, ()))))
    for _ in range(_TRIES):
        if most < _LEAST_EVIDENCE:
            return None
        window = state.memory.window(most, estimate_tokens)
        evidence = state.memory.texts(window.items)
        request = replace(
            request, prompt=_prompt(state, window.digests), evidence=evidence, budget_tokens=left
        )
        over = 0 if left is None else cost(run, state, request) - left
        if over <= 0:
            return request
        most -= over + _LEAST_EVIDENCE // 4
    return None


def _instructions(run: Run, state: AskState) -> str:
    left = run.left(state)
    most = EXAMPLE_TOKENS if left is None else min(EXAMPLE_TOKENS, left // 8)
    return ANSWER_SYSTEM + examples_within(run.examples, most, estimate_tokens)


def _prompt(state: AskState, digests: Sequence[str]) -> str:
    parts = state.route.queries[1:] if state.route else ()
    return ANSWER.format(question=as_data(state.question), hints=hints(state.context, digests, parts))


def _no_room(state: AskState) -> str:
    return f"the budget of {state.budget.tokens} tokens ran out"


@dataclass(frozen=True, slots=True)
class _Written:
    drafts: Drafts
    usage: Usage
    said: str = "claims written"
    stopped: str = ""
    shown: frozenset[Claim] = frozenset()


def _write(run: Run, state: AskState, request: Request) -> _Written:
    """Stream the reply, showing each claim as soon as it is verified; a reply that cannot be read is retried once."""
    written = _stream(run, state, request)
    if not isinstance(written, tuple):
        return written
    usage, problem = written
    again = replace(request, prompt=retry_prompt(request.prompt, problem))
    after = replace(state, usage=usage)
    if not run.out_of(after, cost(run, after, again)):
        written = _stream(run, after, again)
        if not isinstance(written, tuple):
            return written
        usage, problem = written
    said = f"no answer: {UNREADABLE} ({as_data(problem)[:200]})"
    return _Written(Drafts(claims=()), usage, said, UNREADABLE)


def _stream(run: Run, state: AskState, request: Request) -> _Written | tuple[Usage, str]:
    """One try; what was spent and what is wrong with the reply when it gives no claim that can be read."""
    assert run.lm is not None
    stream, drafts, shown = ClaimStream(), list[Draft](), set[Claim]()
    reply: Reply | None = None
    failed, late, began_s = "", False, run.clock()
    try:
        for piece in _in_time(run, state, request):
            if isinstance(piece, Reply):
                reply = piece
                continue
            for draft in stream.feed(piece):
                drafts.append(draft)
                _show(run, state, draft, shown, stream.final)
    except ModelError as error:
        late = error.code == OUT_OF_TIME
        if error.code == "nonsense" and not drafts:
            return usage_after(state.usage, request, Reply("")), error.message
        if not drafts and not late:
            raise
        failed = seconds_ran_out(state) if late else f"the model failed midway: {error.message}"
    whole = frozenset(shown)
    if reply is None:
        if not failed and not drafts:
            raise ModelError(
                f"{run.lm.name} ended its answer without a reply: ask again, or with --extractive"
            )
        usage = usage_after(state.usage, request, Reply("".join(draft.text for draft in drafts)))
        stopped = failed or "the model's reply was cut off"
        return _Written(Drafts(claims=tuple(drafts)), usage, stopped, stopped, whole)
    usage = usage_after(state.usage, request, reply)
    run.reading.learn(usage, state.usage, run.clock() - began_s)
    try:
        return _Written(read_reply(reply.text, Drafts), usage, shown=whole)
    except UnreadableError as error:
        if shown or (drafts and reply.cut):
            stopped = (
                "the model's reply was cut off"
                if reply.cut
                else "the end of the model's reply could not be read"
            )
            return _Written(Drafts(claims=tuple(drafts)), usage, stopped, stopped, whole)
        return usage, str(error)


def _in_time(run: Run, state: AskState, request: Request) -> Iterator[str | Reply]:
    """What the model writes, as it writes it; ``ModelError`` (code ``OUT_OF_TIME``) once the time is over."""
    assert run.lm is not None
    pieces_read = len(request.evidence)
    run.step(
        state, "answer", f"{run.lm.name} reads {pieces_read} piece{'s' * (pieces_read != 1)} of evidence"
    )
    pieces = run.lm.stream(replace(request, timeout_s=run.seconds_left(state)))
    try:
        for piece in pieces:
            yield piece
            left_s = run.seconds_left(state)
            if left_s is not None and left_s <= 0 and not isinstance(piece, Reply):
                raise ModelError(seconds_ran_out(state), code=OUT_OF_TIME)
    finally:
        if isinstance(pieces, Generator):
            pieces.close()


def _show(run: Run, state: AskState, draft: Draft, shown: set[Claim], final: bool) -> None:
    """Tell the listener of a claim that code alone verifies, when nothing can replace it any more."""
    if final:
        judged = judge(run, state, draft)
        if judged.check.verdict == "supported" and judged.claim not in shown:
            shown.add(judged.claim)
            run.on_event(judged.claim)


def _repair(run: Run, state: AskState) -> dict[str, Any]:
    """Let the model write the refused claims anew, once, from the evidence they name and what is near it."""
    refused = [f"- {as_data(each.draft.text)} ({as_data(each.reason)})" for each in state.refused]
    assert state.route is not None
    # A simple question's evidence again, as it was: what a server has read and kept it need not read anew.
    most = SIMPLE_EVIDENCE if state.route.simple and not state.rounds else REPAIR_EVIDENCE
    window = state.memory.window(run.reading.most(most, run.seconds_left(state)), estimate_tokens)
    named = [
        item
        for each in state.refused
        for i in each.draft.evidence
        if (item := state.memory.get(i)) is not None
    ]
    items: dict[str, MemoryItem] = {item.id: item for item in [*named, *window.items]}
    request = Request(
        _instructions(run, state),
        REPAIR.format(question=as_data(state.question), refused="\n".join(refused)),
        evidence=state.memory.texts(list(items.values())),
        max_tokens=REPAIR_TOKENS,
        schema=DRAFTS,
    )
    spent: dict[str, Any] = {"refused": (), "repairs": state.repairs + 1}
    short = run.out_of(state, cost(run, state, request))
    if short:
        step = run.step(state, "answer", f"{short}: {len(refused)} refused claims are left out")
        return {**spent, "stopped": state.stopped or short, "trail": (*state.trail, step)}
    outcome = ask_model(run, state, request, partial(read_reply, form=Drafts))
    written = outcome.value.claims if outcome.value is not None else ()
    anew = [_without(state.refused, draft) for draft in written]
    # Who writes the same once more has nothing else to say: with no claim left the graph ends, and quotes.
    drafts = tuple(draft for draft in anew if not _same(state.refused, draft))
    did = f"{len(refused)} refused claims written anew"
    did += f", {len(anew) - len(drafts)} the same as before" if len(drafts) < len(anew) else ""
    step = run.step(state, "answer", did, len(drafts))
    stopped = outcome.problem if outcome.late else state.stopped
    return {
        **spent,
        "drafts": drafts,
        "stopped": stopped,
        "usage": outcome.usage,
        "trail": (*state.trail, step),
    }


def _without(refused: Sequence[Refusal], draft: Draft) -> Draft:
    """``draft`` less the reason of a refusal, which small models copy together with the claim."""
    text = draft.text
    for each in refused:
        text = text.replace(f"({as_data(each.reason)})", "").strip()
    return draft.model_copy(update={"text": text})


def _same(refused: Sequence[Refusal], draft: Draft) -> bool:
    """Whether ``draft`` was refused already: the same words, and no evidence that was not named before."""
    return any(
        draft.text == each.draft.text and set(draft.evidence) <= set(each.draft.evidence) for each in refused
    )
