"""What one run of the graph knows, and what one node hands to the next."""

from __future__ import annotations

from dataclasses import dataclass, field

from longvid_agents.question import Plan
from longvid_agents.sentences import Sentence
from longvid_storage.types import Claim, Filters, Moment


@dataclass(frozen=True, slots=True)
class AskState:
    """The state of one question; nodes return the fields they change.

    ``question``, ``filters`` and ``k`` come from the caller and no node changes them. ``plan`` writes
    the plan; ``search`` the moments (best first) and the sentences said or shown around them, which are
    all the evidence there is; ``look`` what a video-LM saw in the pictures of the best moments;
    ``answer`` the claims and how likely it is, in ``[0, 1]``, that they answer the question; ``verify``
    moves claims whose quote is not in the store to ``refuted``, which ``answer`` then does without.
    ``rounds`` counts answers tried.
    """

    question: str
    filters: Filters = field(default_factory=Filters)
    k: int = 30
    plan: Plan | None = None
    moments: tuple[Moment, ...] = ()
    evidence: tuple[Sentence, ...] = ()
    seen: tuple[Sentence, ...] = ()
    confidence: float = 0.0
    claims: tuple[Claim, ...] = ()
    refuted: frozenset[Claim] = frozenset()
    rounds: int = 0
