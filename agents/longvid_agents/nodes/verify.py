"""verify: keep what its cited evidence says. Code first; the model judges only what code is unsure of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from longvid_agents.asking import ask_model, cost
from longvid_agents.material import as_data
from longvid_agents.nodes.judge import Judged, judge, likely, plausible
from longvid_agents.prompts import SYSTEM, VERIFY
from longvid_agents.replies import VERDICTS, read_verdicts
from longvid_agents.run import Run
from longvid_agents.state import AskState, Refusal
from longvid_agents.video_lm import Request
from longvid_agents.working_memory import MemoryItem
from longvid_storage.types import Usage

# Tokens of one verdict, and of what stands around them.
_VERDICT_TOKENS, _AROUND_TOKENS = 24, 40


def verify(run: Run, state: AskState) -> dict[str, Any]:
    """Drop the claims that their evidence does not support."""
    judged = [judge(run, state, draft) for draft in dict.fromkeys(state.drafts)]
    unsure = [each for each in judged if each.check.verdict == "unsure" and plausible(run, each)]
    usage, entailed, how = _entailed(run, state, unsure)
    kept = [each for each in judged if each.check.verdict == "supported" or each in entailed]
    refused = [each for each in judged if each not in kept]
    claims = tuple(dict.fromkeys([*state.claims, *(each.claim for each in kept)]))
    for claim in claims:
        if claim not in state.shown:
            run.on_event(claim)
    did = f"{len(kept)} of {len(judged)} claims are supported{how}"
    trail = [*state.trail, run.step(state, "verify", did, len(kept))]
    trail += [
        run.step(state, "verify", f'refused "{each.draft.text}": {each.check.reason}') for each in refused
    ]
    repairing = not state.repairs
    return {
        "claims": claims,
        "shown": state.shown | set(claims),
        "refused": tuple(Refusal(each.draft, each.check.reason) for each in refused) if repairing else (),
        "drafts": (),
        "usage": usage,
        "trail": tuple(trail),
    }


def _entailed(run: Run, state: AskState, unsure: Sequence[Judged]) -> tuple[Usage, list[Judged], str]:
    """Those of ``unsure`` whose evidence says so as the model reads it, or by words and meaning past the budget."""
    if not unsure:
        return state.usage, [], ""
    items: dict[str, MemoryItem] = {item.id: item for each in unsure for item in each.items}
    numbered = [
        f"{number}. {as_data(each.draft.text)} ({', '.join(item.id for item in each.items)})"
        for number, each in enumerate(unsure, 1)
    ]
    request = Request(
        SYSTEM,
        VERIFY.format(claims="\n".join(numbered)),
        evidence=state.memory.texts(list(items.values())),
        max_tokens=_AROUND_TOKENS + _VERDICT_TOKENS * len(unsure),
        schema=VERDICTS,
    )
    if short := run.out_of(state, cost(run, state, request)):
        return state.usage, *_near_enough(run, unsure, short)
    outcome = ask_model(run, state, request, lambda text: read_verdicts(text, len(unsure)))
    if outcome.value is None and outcome.late:
        return outcome.usage, *_near_enough(run, unsure, outcome.problem)
    if outcome.value is None:
        how = f"; the model's verdicts could not be read: {as_data(outcome.problem)[:120]}"
        return outcome.usage, [], how
    verdicts = zip(unsure, outcome.value, strict=True)
    return outcome.usage, [each for each, yes in verdicts if yes], f" ({len(unsure)} judged by the model)"


def _near_enough(run: Run, unsure: Sequence[Judged], short: str) -> tuple[list[Judged], str]:
    kept = [each for each in unsure if likely(run, each)]
    how = f"{len(unsure)} could not be judged by the model ({as_data(short)}), {len(kept)} are near enough"
    return kept, f"; {how}"
