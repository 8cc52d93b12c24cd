"""What one run of the graph knows, and what one node hands to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from longvid_agents.budget import Budget
from longvid_agents.calls import Call
from longvid_agents.question import QuestionPlan
from longvid_agents.route import Route
from longvid_agents.working_memory import WorkingMemory
from longvid_storage.types import Claim, Moment, Passage, TrailStep, Usage

if TYPE_CHECKING:
    from longvid_agents.conversation.turns import Turn
    from longvid_agents.replies import Draft
else:
    # langgraph resolves the fields' types; a question without a model starts sooner without the forms of replies.
    Draft = object

# Why an answer ends where neither a reply nor its second try is what was asked for.
UNREADABLE = "the model's reply could not be read"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A claim that was not supported, and why, for the model that wrote it."""

    draft: Draft
    reason: str


@dataclass(frozen=True, slots=True)
class Context:
    """The turns before the question at hand, oldest first; none outside a conversation."""

    turns: tuple[Turn, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.turns)


@dataclass(frozen=True, slots=True)
class AskState:
    """The state of one question; nodes return the fields they change.

    ``question``, ``k``, ``context``, ``budget`` and ``started_s`` (on the run's clock) come from the
    caller and no node changes them.

    ``plan`` writes the plan, and with a model the route and the first ``calls``. ``search`` takes the calls; it adds
    to ``moments`` (best first) and ``evidence`` (passages around them), and with a model to the ``memory``, which
    alone gives evidence its ids. ``look`` takes the ``looks`` and adds what was seen; ``blind``
    when the model turned out not to see. ``reflect`` counts ``rounds``
    and writes new calls and looks, or none; ``done`` holds every call made.

    ``answer`` writes ``drafts`` (with a model) or ``claims`` (quotes), how likely the quotes answer, in ``[0, 1]``
    (``confidence``), and the size of the memory it has ``answered`` from; ``answers`` counts its tries. ``verify``
    moves what is supported to ``claims``; what is not goes to ``refused`` for one ``repair``, or to ``refuted``,
    which quoting then does without; ``shown`` are the claims that whoever listens has heard of.

    ``declined``: the model read the evidence last shown and claims nothing of it. ``stopped`` says in a sentence why
    the answer is partial, and is empty when it is not. ``extractive``: quotes are given although there is a model,
    because no claim of it stands. ``usage`` and ``trail`` grow with every node, ``notes`` with what the reader of the
    answer must know.
    """

    question: str
    k: int = 30
    context: Context = field(default_factory=Context)
    budget: Budget = field(default_factory=Budget)
    started_s: float = 0.0
    plan: QuestionPlan | None = None
    route: Route | None = None
    calls: tuple[Call, ...] = ()
    looks: tuple[Call, ...] = ()
    done: frozenset[Call] = frozenset()
    moments: tuple[Moment, ...] = ()
    evidence: tuple[Passage, ...] = ()
    memory: WorkingMemory = field(default_factory=WorkingMemory)
    rounds: int = 0
    blind: bool = False
    drafts: tuple[Draft, ...] = ()
    complete: bool = True
    confidence: float = 0.0
    answers: int = 0
    answered: int = -1
    claims: tuple[Claim, ...] = ()
    refused: tuple[Refusal, ...] = ()
    repairs: int = 0
    refuted: frozenset[Claim] = frozenset()
    shown: frozenset[Claim] = frozenset()
    declined: bool = False
    stopped: str = ""
    extractive: bool = False
    usage: Usage = field(default_factory=Usage)
    trail: tuple[TrailStep, ...] = ()
    notes: tuple[str, ...] = ()
