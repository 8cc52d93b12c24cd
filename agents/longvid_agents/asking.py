"""One question to the language model: what it may cost, the second try, and what was spent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from longvid_agents.budget import spent
from longvid_agents.material import as_data, evidence_block
from longvid_agents.prompts import RETRY
from longvid_agents.run import Run, seconds_ran_out
from longvid_agents.state import AskState
from longvid_agents.video_lm import Reply, Request
from longvid_storage.errors import OUT_OF_TIME, ModelError
from longvid_storage.models.replies import UnreadableError, whole_part
from longvid_storage.types import Usage

T = TypeVar("T")

_TRIES = 2
# What a chat template adds to the words of a request, in tokens.
_TEMPLATE = 40


@dataclass(frozen=True)
class ReplyOutcome(Generic[T]):
    """What a model replied, read; None with the ``problem`` when it could not be read even on a second try.

    ``late``: there is no reply because the budget of seconds ran out, which is the ``problem``. ``cut``: the reply was
    cut off, and what was whole of it was read.
    """

    value: T | None
    usage: Usage
    problem: str = ""
    late: bool = False
    cut: bool = False


def ask_model(
    run: Run, state: AskState, request: Request, read: Callable[[str], T], *, searching: bool = False
) -> ReplyOutcome[T]:
    """One question to the model, asked again once with the error when ``read`` cannot use the reply.

    The model gets the seconds that are left; ``searching``: of those that are not kept for the answer.
    Raises ``ModelError`` when the model fails.
    """
    assert run.lm is not None
    usage, problem, prompt = state.usage, "", request.prompt
    for _ in range(_TRIES):
        before, began_s = usage, run.clock()
        try:
            reply = run.lm.reply(replace(request, timeout_s=run.seconds_left(state, searching=searching)))
        except ModelError as error:
            if error.code != OUT_OF_TIME:
                raise
            usage = usage_after(usage, request, Reply(""))
            return ReplyOutcome(None, usage, seconds_ran_out(state), late=True)
        usage = usage_after(usage, request, reply)
        run.reading.learn(usage, before, run.clock() - began_s)
        try:
            text = whole_part(reply.text) if reply.cut else reply.text
            return ReplyOutcome(read(text), usage, cut=reply.cut)
        except UnreadableError as error:
            problem = str(error)
        request = replace(request, prompt=retry_prompt(prompt, problem))
        if run.out_of(replace(state, usage=usage), cost(run, state, request), searching=searching):
            break
    return ReplyOutcome(None, usage, problem)


def cost(run: Run, state: AskState, request: Request) -> int:
    """What a request without frames may cost at most, by the model's own counter: all it reads and may write.

    0 without a budget of tokens: a served model may have to be asked for its counts.
    """
    if run.lm is None or state.budget.tokens is None:
        return 0
    words = [request.system, evidence_block(request.evidence), request.prompt]
    return sum(run.lm.counter.text(text) for text in words) + _TEMPLATE + request.max_tokens


def retry_prompt(prompt: str, problem: str) -> str:
    """The task again, with what was wrong about the last reply."""
    return RETRY.format(prompt=prompt, problem=as_data(problem)[:300])


def usage_after(usage: Usage, request: Request, reply: Reply) -> Usage:
    """``usage`` with one more call counted."""
    read = (request.system, evidence_block(request.evidence), request.prompt)
    return spent(usage, read, reply.text, (reply.input_tokens, reply.output_tokens))
