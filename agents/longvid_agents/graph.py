"""The agent, as it is drawn: plan, search, look, reflect, answer, verify.

::

    plan ──> search ──> look ──> reflect ──> answer ──> verify ──> (the cited answer)
               ^ │        ^ │     │ ^  ^        ^ │       │ │
               │ └────────┼─┴─────┼─┼──┼────────┘ └───┐   │ │
               └──────────┴───────┘ └──┼──────────────┴───┘ │
                                       └─ (answer: repair) ─┘

Without a model it is plan, search, answer, verify in a line: the best evidence is quoted. With one, a simple
question goes the same way with one call of the model; ``reflect`` and ``look`` come in when that was not enough.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from longvid_agents.budget import Budget
from longvid_agents.cite import format_claim
from longvid_agents.counts import counted
from longvid_agents.cue_lists import minutes
from longvid_agents.differences import differing
from longvid_agents.first_said import at_the_edge, edge_asked
from longvid_agents.kinds import Kind, without_length
from longvid_agents.lists import Listed, dated, held, nothing_named
from longvid_agents.narrowing import only
from longvid_agents.nodes.quote import plan_quotes, quote, verify_quotes
from longvid_agents.nodes.search import search
from longvid_agents.people import who_mentions, who_speaks
from longvid_agents.question import make_plan
from longvid_agents.run import AskEvent, Run
from longvid_agents.said_there import told
from longvid_agents.state import UNREADABLE, AskState, Context
from longvid_agents.whole import asks_whole, whole_claims
from longvid_storage.db.view import View
from longvid_storage.errors import UsageError
from longvid_storage.search.question import readable
from longvid_storage.types import Answer, Claim, Searched

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

    from longvid_agents.examples import WorkedExample
    from longvid_agents.media import Media
    from longvid_agents.video_lm import VideoLM

_SAID_THEN = "What is said?"
NOT_FOUND = "The library does not contain an answer."
NOT_FOUND_IN_TIME = "No answer was found: {reason}."
# A refuted quote means the index and the store disagree; trying for ever would not mend that.
MAX_ROUNDS = 3
MAX_NEAREST = 3
# Moments read for an answer: where the answer is ranked is decided on the sentences in them, not by search.
MOMENTS = 30
# Steps of the graph: five rounds take about twenty; this only ends what should not happen.
_MOST_STEPS = 200


def ask(
    question: str,
    view: View,
    *,
    lm: VideoLM | None = None,
    media: Media | None = None,
    engines: Mapping[str, str] | None = None,
    k: int = MOMENTS,
    context: Context | None = None,
    budget: Budget | None = None,
    on_event: Callable[[AskEvent], None] | None = None,
    examples: Sequence[WorkedExample] = (),
    clock: Callable[[], float] = time.monotonic,
) -> Answer:
    """Answer ``question`` from what ``view`` can see, or say that it is not in there.

    Args:
        question: in any language.
        view: the library within the caller's scope; nothing in the question, the videos or the model widens it.
        lm: writes the answer; without one the best evidence is quoted.
        media: decodes pictures and sound anew, for a model that sees or hears.
        engines: what the library runs on, by role (``"text"``, ``"speech"``, …), for ``Answer.engine``.
        k: moments read for a search.
        context: the conversation before.
        budget: what it may cost; when it runs out, the answer is what there is by then, marked partial.
        on_event: hears each step when it is done and each claim once it is verified.
        examples: what the model reads of other questions before this one.
        clock: seconds, for the budget.

    Raises:
        UsageError: an empty question, or ``k < 1``.
        ModelError: the model failed before it gave any claim.
    """
    if k < 1:
        raise UsageError(f"k is {k}; it is how many moments to read, so at least 1")
    make_plan(question)
    view, unread = readable(view, question)
    run = Run(view, lm, media, clock, on_event or (lambda event: None), examples=tuple(examples))
    start = AskState(
        question=question,
        k=k,
        context=context or Context(),
        budget=budget or Budget(),
        started_s=clock(),
        notes=(f"{unread[0].upper()}{unread[1:]}.",) if unread else (),
    )
    if unread:
        start = replace(start, trail=(run.step(start, "plan", unread),))
    final = _answered(run, start)
    if lm is not None and not final.claims and not final.declined:
        final = _quoted_instead(run, start, final)
    seconds = round(clock() - start.started_s, 3)
    answer_ = compose(replace(final, usage=replace(final.usage, seconds=seconds)), lm, engines)
    return answer_ if answer_.found else replace(answer_, searched=_searched(view, final))


def _searched(view: View, state: AskState) -> Searched:
    """What was looked through in vain, and the words of the question and of the model's own searches."""
    from longvid_storage.search.searched import searched

    inside = view if state.route is None else view.within(state.route.inside)
    words = [term.word or term.text for term in state.plan.terms] if state.plan is not None else []
    asked = sorted({text for call in state.done for text in (call.query, *call.terms) if text})
    return searched(inside, [*words, *asked])


def _answered(run: Run, start: AskState) -> AskState:
    """The last state: of a list or summary where one is asked for, else of the graph."""
    direct = _direct(run, start)
    if direct is not None:
        return direct
    if run.lm is None:
        return in_line(Nodes(run), start)
    return AskState(**build_graph(Nodes(run)).invoke(start, {"recursion_limit": _MOST_STEPS}))


def _quoted_instead(run: Run, start: AskState, final: AskState) -> AskState:
    """What is answered without the model, where no claim of it stands: it must not be worse to have one."""
    quoted = _answered(replace(run, lm=None, media=None), replace(start, trail=final.trail))
    if not quoted.claims:
        # It read the evidence, nothing it wrote stands, and nothing can be quoted: both say that it is not in here.
        judged = any(step.node == "verify" for step in final.trail)
        return replace(final, stopped="") if judged and final.stopped == UNREADABLE else final
    reason = final.stopped or "no claim of the model was supported by its evidence"
    return replace(
        quoted, extractive=True, stopped=f"{reason}, so the best evidence is quoted", usage=final.usage
    )


def _direct(run: Run, state: AskState) -> AskState | None:
    """The answer of a list or of the chain of summaries, where one is asked for: nothing is ranked, no model called."""
    view = run.view
    written = run.lm is not None
    question, most = without_length(state.question)
    if edge := edge_asked(question):
        narrowed = run.narrowed(edge.rest)
        if found := at_the_edge(edge, narrowed.rest, view.within(narrowed.inside)):
            notes = (*only(narrowed.said), *narrowed.notes, *found.notes)
            return _with(run, replace(state, notes=()), replace(found, notes=notes))
    narrowed = run.narrowed(question)
    whole = whole_claims(make_plan(question), view, written=written)
    # "The interview" may be one video: then that of all is not asked for.
    if whole and (not narrowed.said or len({c.video_id for claim in whole for c in claim.citations}) == 1):
        return _with(run, state, _summed_up(whole, most))
    inside = view.within(narrowed.inside)
    rest = narrowed.rest
    if not any(map(str.isalnum, rest)) and narrowed.said:
        rest = _SAID_THEN  # "bridges at 1:30", "the previous meeting"
    plan = make_plan(rest if any(map(str.isalnum, rest)) else question)
    listed = (
        held(rest, inside) or dated(rest, inside) or who_speaks(rest, inside) or who_mentions(rest, inside)
    )
    listed = listed or counted(rest, inside)
    if listed is not None:
        state = replace(state, notes=())  # in any language: nothing was compared by meaning
    if listed is None and run.lm is None:
        listed = differing(rest, inside, view) or minutes(plan, inside)
    if listed is None:
        everything = bool(narrowed.said) and asks_whole(plan, [])
        kind: Kind = "summary" if everything and inside.scope.whole else plan.kind
        claims = whole_claims(replace(plan, kind=kind), inside, written=written)
        if claims:
            listed = _summed_up(claims, most)
        elif run.lm is None:
            timed = not inside.scope.whole and view.scope != inside.scope
            listed = told(plan, inside, timed=timed)
    if listed is None and run.lm is None and not narrowed.said:
        listed = nothing_named(plan)
    if listed is None:
        return None
    within = () if listed.beyond else narrowed.said
    did = listed.did + "".join(f", inside {each}" for each in within)
    return _with(run, state, Listed(listed.claims, did, (*only(within), *narrowed.notes, *listed.notes)))


def _summed_up(claims: tuple[Claim, ...], most: int | None) -> Listed:
    """A summary, or as many of its sentences as were asked for."""
    cut = most is not None and most < len(claims)
    notes = (f"The first {most} of {len(claims)} sentences of the summary.",) if cut else ()
    return Listed(claims[:most], "from the chain of summaries", notes)


def _with(run: Run, state: AskState, listed: Listed) -> AskState:
    step = run.step(state, "answer", listed.did, len(listed.claims))
    for claim in listed.claims:
        run.on_event(claim)
    notes, trail = (*state.notes, *listed.notes), (*state.trail, step)
    return replace(state, claims=listed.claims, complete=True, trail=trail, notes=notes)


def in_line(nodes: Nodes, state: AskState) -> AskState:
    """The way through the graph without a model: the same nodes and choices, and no graph library to load."""
    for node in (nodes.plan, nodes.search):
        state = replace(state, **node(state))
    while True:
        state = replace(state, **nodes.answer(state))
        if nodes.after_answer(state) == "done":
            return state
        state = replace(state, **nodes.verify(state))
        if nodes.after_verify(state) == "done":
            return state


def build_graph(nodes: Nodes) -> CompiledStateGraph[AskState, None, AskState, AskState]:
    """The compiled graph over one run; cheap once langgraph is imported."""
    from langgraph.graph import END, START, StateGraph

    graph = StateGraph(AskState)
    graph.add_node("plan", nodes.plan)
    graph.add_node("search", nodes.search)
    graph.add_node("look", nodes.look)
    graph.add_node("reflect", nodes.reflect)
    graph.add_node("answer", nodes.answer)
    graph.add_node("verify", nodes.verify)
    graph.add_edge(START, "plan")
    graph.add_edge("plan", "search")
    graph.add_conditional_edges("search", nodes.after_search, ["look", "reflect", "answer"])
    graph.add_conditional_edges("look", nodes.after_look, ["reflect", "answer"])
    graph.add_conditional_edges(
        "reflect",
        nodes.after_reflect,
        {"search": "search", "look": "look", "answer": "answer", "verify": "verify", "done": END},
    )
    graph.add_conditional_edges(
        "answer", nodes.after_answer, {"verify": "verify", "reflect": "reflect", "done": END}
    )
    graph.add_conditional_edges(
        "verify", nodes.after_verify, {"answer": "answer", "reflect": "reflect", "done": END}
    )
    return graph.compile()


class Nodes:
    """The nodes and the choices between them; each takes the state and returns the fields it changes.

    Those that ask a model are loaded where there is one.
    """

    def __init__(self, run: Run) -> None:
        self.run = run

    def plan(self, state: AskState) -> dict[str, Any]:
        """Read the question: by rules, by the model where they are unsure."""
        if self.run.lm is None:
            return plan_quotes(self.run, state)
        from longvid_agents.nodes.plan import plan

        return plan(self.run, state)

    def search(self, state: AskState) -> dict[str, Any]:
        """Run the calls of the turn together, within the caller's filters."""
        return search(self.run, state)

    def look(self, state: AskState) -> dict[str, Any]:
        """Watch again: show pictures of the media to a model that sees."""
        from longvid_agents.nodes.look import look

        return look(self.run, state)

    def reflect(self, state: AskState) -> dict[str, Any]:
        """Enough? Else what to look up next, while the budget lasts."""
        from longvid_agents.nodes.reflect import reflect

        return reflect(self.run, state)

    def answer(self, state: AskState) -> dict[str, Any]:
        """Write claims with evidence ids, or choose the sentences to quote; none when they do not answer."""
        if self.run.lm is None:
            return quote(self.run, state)
        from longvid_agents.nodes.answer import answer

        return answer(self.run, state)

    def verify(self, state: AskState) -> dict[str, Any]:
        """Drop every claim that its cited evidence does not support."""
        if self.run.lm is None:
            return verify_quotes(self.run, state)
        from longvid_agents.nodes.verify import verify

        return verify(self.run, state)

    def after_search(self, state: AskState) -> Literal["look", "reflect", "answer"]:
        """Look when it was asked for, or when the question is about what is to be seen."""
        lm, route = self.run.lm, state.route
        if lm is None or route is None:
            return "answer"
        first = route.kind == "visual" and not state.rounds and bool(state.moments)
        if state.looks or (first and lm.sees and not state.blind):
            return "look"
        return self.after_look(state)

    def after_look(self, state: AskState) -> Literal["reflect", "answer"]:
        """A simple question may be answered now; for any other, think first what is missing."""
        assert state.route is not None
        return "answer" if state.route.simple or state.route.kind == "visual" else "reflect"

    def after_reflect(self, state: AskState) -> Literal["search", "look", "answer", "verify", "done"]:
        """Look things up; with nothing to look up, answer if there is anything not yet answered from."""
        if state.calls:
            return "search"
        if state.looks:
            return "look"
        if state.drafts:
            return "verify"
        return "answer" if len(state.memory) > max(state.answered, 0) else "done"

    def after_answer(self, state: AskState) -> Literal["verify", "reflect", "done"]:
        """Verify what is claimed; think again about what stays open, unless it is too late for that."""
        if self.run.lm is None:
            return "verify" if state.claims else "done"
        if state.repairs or state.stopped:
            return "verify" if state.drafts else "done"
        return "verify" if state.drafts and state.complete else "reflect"

    def after_verify(self, state: AskState) -> Literal["answer", "reflect", "done"]:
        """Repair once what was refused; with nothing left, quote others or look on."""
        if self.run.lm is None:
            return "done" if state.claims or state.answers >= MAX_ROUNDS else "answer"
        if state.refused:
            return "answer"
        return "done" if state.claims or state.stopped else "reflect"


def compose(state: AskState, lm: VideoLM | None, engines: Mapping[str, str] | None = None) -> Answer:
    """The final state as an ``Answer``: claims line by line, or the sentence that says there is none."""
    found = bool(state.claims)
    reason = state.stopped
    if found and not reason and not state.complete:
        reason = "the evidence leaves a part of the question open"
    lines = [format_claim(claim) for claim in state.claims]
    notes = tuple(dict.fromkeys(state.notes))
    if not found:
        lines = [NOT_FOUND_IN_TIME.format(reason=reason) if reason else NOT_FOUND]
    lines += [f"({note})" for note in notes]
    if found and reason:
        lines.append(f"(Partial: {reason}.)")
    model = "none (extractive)" if lm is None else lm.name
    if state.extractive and lm is not None:
        model = f"{lm.name} (but the answer is extractive: {reason})"
    return Answer(
        question=state.question,
        answer="\n".join(lines),
        found=found,
        claims=state.claims,
        nearest=() if found else state.moments[:MAX_NEAREST],
        engine={"language_model": model, **(engines or {})},
        partial=bool(reason),
        trail=state.trail,
        usage=state.usage,
        notes=notes,
    )
