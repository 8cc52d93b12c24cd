"""What the nodes of one run share: the view of the library, the model, the clock, and who listens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from longvid_agents.narrowing import Narrowed, narrow_in
from longvid_agents.state import AskState
from longvid_storage.db.view import View
from longvid_storage.types import Claim, TrailStep, Usage

if TYPE_CHECKING:
    from longvid_agents.examples import WorkedExample
    from longvid_agents.media import Media
    from longvid_agents.video_lm import VideoLM


AskEvent = TrailStep | Claim
"""What a listener hears while a question is answered: each step when it is done, each claim once it is verified."""

# Searching on is worth it only while so much of the time is left for the answer.
_SEARCHING = 0.6
# A user waits so long for a model to read. Writing a token takes as long as reading about four (Qwen2.5 on two cores).
READING_S = 30.0
_WRITTEN = 4
# Of evidence: what is shown to a model of unknown speed, and the least that is worth a call.
_UNKNOWN, _LEAST_READ = 1_500, 600


class ReadingSpeed:
    """How fast a model reads, as its own calls tell; unknown before the first."""

    def __init__(self) -> None:
        self._tokens_a_second: float | None = None

    def learn(self, usage: Usage, before: Usage, seconds: float) -> None:
        """Take in a call that brought ``before`` to ``usage``."""
        read = usage.input_tokens - before.input_tokens
        wrote = usage.output_tokens - before.output_tokens
        if read > 0 and seconds > 0:
            self._tokens_a_second = (read + _WRITTEN * wrote) / seconds

    def most(self, tokens: int, seconds: float | None) -> int:
        """``tokens``, or as many as it reads in a time that a user waits; ``seconds``: what is left of the budget."""
        if self._tokens_a_second is None:
            return min(tokens, _UNKNOWN)
        wait_s = READING_S if seconds is None else min(READING_S, max(seconds, 0.0) / 3)
        return min(tokens, max(_LEAST_READ, round(self._tokens_a_second * wait_s)))


@dataclass(frozen=True)
class Run:
    """One run over one view; ``clock`` gives seconds that only grow, ``on_event`` hears of steps and verified claims.

    ``media`` decodes pictures and sound anew; without it the model sees what the index kept. ``examples`` stand
    between the instructions and the evidence of an answer. ``narrowings``: what ``narrowed`` has read.
    """

    view: View
    lm: VideoLM | None = None
    media: Media | None = None
    clock: Callable[[], float] = time.monotonic
    on_event: Callable[[AskEvent], None] = lambda event: None
    reading: ReadingSpeed = field(default_factory=ReadingSpeed)
    examples: tuple[WorkedExample, ...] = ()
    narrowings: dict[str, Narrowed] = field(default_factory=dict)

    def narrowed(self, question: str) -> Narrowed:
        """What a question narrows itself within the view; read once a run: it looks at the title of every video."""
        if question not in self.narrowings:
            self.narrowings[question] = narrow_in(question, self.view)
        return self.narrowings[question]

    def step(self, state: AskState, node: str, did: str, found: int | None = None) -> TrailStep:
        """A step of the trail, told to the listener at once."""
        step = TrailStep(node, did, found, state.rounds, round(self.clock() - state.started_s, 3))
        self.on_event(step)
        return step

    def out_of(self, state: AskState, cost: int = 0, *, searching: bool = False) -> str:
        """Which budget does not cover ``cost`` more tokens, as the end of a sentence; empty when all do.

        ``searching``: the answer is still to come, so some of the time is kept for it.
        """
        budget = state.budget
        if budget.tokens is not None and state.usage.tokens + cost > budget.tokens:
            return f"the budget of {budget.tokens} tokens ran out"
        left_s = self.seconds_left(state, searching=searching)
        return seconds_ran_out(state) if left_s is not None and left_s <= 0 else ""

    def seconds_left(self, state: AskState, *, searching: bool = False) -> float | None:
        """Seconds left of the budget, not above zero when it is spent; None without one. ``searching`` as above."""
        if state.budget.seconds is None:
            return None
        limit_s = state.budget.seconds * (_SEARCHING if searching else 1.0)
        return limit_s - (self.clock() - state.started_s)

    def left(self, state: AskState) -> int | None:
        """Tokens left of the budget; None without one."""
        return None if state.budget.tokens is None else max(0, state.budget.tokens - state.usage.tokens)


def seconds_ran_out(state: AskState) -> str:
    """That the time is over, as the end of a sentence."""
    return f"the budget of {state.budget.seconds:g} seconds ran out"
