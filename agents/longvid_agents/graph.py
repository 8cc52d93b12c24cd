"""The agent, as it is drawn: plan, search, look, answer, verify.

::

    plan ──> search ──> look ──> answer ──> verify ──> (the cited answer)
                └────────────────^   ^─────────┘

``look`` is passed through only when a video-LM can see; ``verify`` sends the answer back when it refuted a
claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from longvid_agents.answerability import model_for
from longvid_agents.cite import format_claim
from longvid_agents.evidence import gather, seen_in
from longvid_agents.extractive import choose, fitness, rank
from longvid_agents.question import Plan, make_plan
from longvid_agents.scoring import Scores, score
from longvid_agents.sentences import Sentence
from longvid_agents.state import AskState
from longvid_agents.tools import Tools
from longvid_agents.verify import supported
from longvid_agents.video_lm import VideoLM
from longvid_storage.errors import UsageError
from longvid_storage.types import Answer, Citation, Claim, Filters, Moment

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

NOT_FOUND = "The library does not contain an answer."
# A refuted claim means the index and the store disagree; trying for ever would not mend that.
MAX_ROUNDS = 3
MAX_NEAREST = 3
# Moments read for an answer: where the answer is ranked is decided on the sentences in them, not by search.
MOMENTS = 30
# Sentences embedded for a question; what the index holds of the others' places is enough to set them aside.
EMBEDDED = 32


def ask(
    question: str,
    tools: Tools,
    *,
    filters: Filters | None = None,
    lm: VideoLM | None = None,
    k: int = MOMENTS,
) -> Answer:
    """Answer ``question`` from what ``tools`` can find within ``filters``, or say that it is not in there.

    ``k`` moments are read. Every claim of the answer is a sentence of the library with its citation. Raises
    ``UsageError`` for an empty question or ``k < 1``.
    """
    if k < 1:
        raise UsageError(f"k is {k}; it is how many moments to read, so at least 1")
    make_plan(question)
    start = AskState(question=question, filters=filters or Filters(), k=k)
    final = AskState(**build_graph(tools, lm).invoke(start))
    return compose(final, tools, lm)


def build_graph(
    tools: Tools, lm: VideoLM | None = None
) -> CompiledStateGraph[AskState, None, AskState, AskState]:
    """The compiled graph over one library and at most one model; cheap once langgraph is imported."""
    from langgraph.graph import END, START, StateGraph

    nodes = Nodes(tools, lm)
    graph = StateGraph(AskState)
    graph.add_node("plan", nodes.plan)
    graph.add_node("search", nodes.search)
    graph.add_node("look", nodes.look)
    graph.add_node("answer", nodes.answer)
    graph.add_node("verify", nodes.verify)
    graph.add_edge(START, "plan")
    graph.add_edge("plan", "search")
    graph.add_conditional_edges("search", nodes.after_search, ["look", "answer"])
    graph.add_edge("look", "answer")
    graph.add_conditional_edges("answer", nodes.after_answer, {"verify": "verify", "done": END})
    graph.add_conditional_edges("verify", nodes.after_verify, {"answer": "answer", "done": END})
    return graph.compile()


class Nodes:
    """The nodes and the choices between them; each takes the state and returns the fields it changes."""

    def __init__(self, tools: Tools, lm: VideoLM | None) -> None:
        self.tools = tools
        self.lm = lm

    def plan(self, state: AskState) -> dict[str, Any]:
        """Read the question by rules."""
        return {"plan": make_plan(state.question)}

    def search(self, state: AskState) -> dict[str, Any]:
        """Find moments within the caller's filters and read what was said and shown around them."""
        moments = self.tools.search(_plan(state).query, k=state.k, filters=state.filters)
        return {"moments": tuple(moments), "evidence": gather(moments, state.filters, self.tools)}

    def look(self, state: AskState) -> dict[str, Any]:
        """Show the pictures of the best moments to the model."""
        assert self.lm is not None
        return {"seen": seen_in(state.moments, state.question, state.filters, self.tools, self.lm)}

    def answer(self, state: AskState) -> dict[str, Any]:
        """Choose the sentences that answer, or none when they probably do not."""
        plan = _plan(state)
        titles = {moment.video_id: moment for moment in state.moments}
        left = [s for s in state.evidence + state.seen if _claim(s, plan, titles) not in state.refuted]
        scores = scores_with(self.tools, state, left)
        ranking = None
        if scores is not None:
            ranking = rank(plan, left, scores, model=model_for(scores.meaning, state.filters))
        chosen = choose(left, ranking) if ranking is not None and ranking.found else []
        return {
            "claims": tuple(_claim(sentence, plan, titles) for sentence in chosen),
            "confidence": 0.0 if ranking is None else ranking.confidence,
            "rounds": state.rounds + 1,
        }

    def verify(self, state: AskState) -> dict[str, Any]:
        """Drop every claim whose quote is not where it is cited."""
        refuted = {c for c in state.claims if not supported(c, self.tools, state.seen)}
        kept = tuple(claim for claim in state.claims if claim not in refuted)
        return {"claims": kept, "refuted": state.refuted | refuted}

    def after_search(self, state: AskState) -> Literal["look", "answer"]:
        """Look only with eyes, and only where there is something to look at."""
        return "look" if self.lm is not None and self.lm.sees and state.moments else "answer"

    def after_answer(self, state: AskState) -> Literal["verify", "done"]:
        """Nothing claimed, nothing to verify."""
        return "verify" if state.claims else "done"

    def after_verify(self, state: AskState) -> Literal["answer", "done"]:
        """Answer again without the refuted claims when none is left."""
        return "done" if state.claims or state.rounds >= MAX_ROUNDS else "answer"


def scores_with(
    tools: Tools, state: AskState, sentences: Sequence[Sentence], most: int = EMBEDDED
) -> Scores | None:
    """Score ``sentences`` with what ``tools`` can give; ``None`` when there is nothing to compare.

    All are scored by the vectors the index holds of their places; only the ``most`` that fit best so far are
    embedded themselves.
    """
    plan = _plan(state)
    if not sentences or not plan.terms:
        return None
    statistics = tools.term_statistics([term.text for term in plan.terms], filters=state.filters)
    question = tools.encode([plan.query], kind="query")
    if question is None:
        return score(plan, sentences, state.moments, statistics, None, None)
    stored = _stored_vectors(tools, sentences, question.shape[1])
    rough = score(plan, sentences, state.moments, statistics, question[0], stored)
    fit = fitness(plan, sentences, rough)
    fit[[sentence.kind == "picture" for sentence in sentences]] = (
        np.inf
    )  # the index cannot know what was seen
    best = np.argsort(-fit, kind="stable")[:most]
    vectors = stored.copy()
    embedded = tools.encode([sentences[row].text for row in best], kind="passage")
    assert embedded is not None, "what embeds the question embeds sentences"
    vectors[best] = embedded
    return score(plan, sentences, state.moments, statistics, question[0], vectors)


def _stored_vectors(tools: Tools, sentences: Sequence[Sentence], dimension: int) -> NDArray[np.float32]:
    """What the index holds of each sentence's place, shape ``(len(sentences), dimension)``; else zeros."""
    vectors = np.zeros((len(sentences), dimension), np.float32)
    rows: dict[tuple[str, bool], list[int]] = {}
    for row, sentence in enumerate(sentences):
        if sentence.kind in ("speech", "screen"):
            rows.setdefault((sentence.video_id, sentence.kind == "speech"), []).append(row)
    for (video_id, speech), own in rows.items():
        spans = [(sentences[row].start_s, sentences[row].end_s) for row in own]
        stored = tools.stored_vectors(video_id, spans, speech=speech)
        if stored is not None:
            vectors[own] = stored
    return vectors


def compose(state: AskState, tools: Tools, lm: VideoLM | None) -> Answer:
    """The final state as an ``Answer``: claims line by line, or the sentence that says there is none."""
    found = bool(state.claims)
    language_model = (
        "none (extractive)" if lm is None else f"{lm.name} (pictures only; the answer is extractive)"
    )
    return Answer(
        question=state.question,
        answer="\n".join(format_claim(claim) for claim in state.claims) if found else NOT_FOUND,
        found=found,
        claims=state.claims,
        nearest=() if found else state.moments[:MAX_NEAREST],
        engine={"language_model": language_model, **tools.engine()},
    )


def _plan(state: AskState) -> Plan:
    assert state.plan is not None, "the plan node runs first"
    return state.plan


def _claim(sentence: Sentence, plan: Plan, titles: dict[str, Moment]) -> Claim:
    moment = titles[sentence.video_id]
    citation = Citation(
        video_id=sentence.video_id,
        title=moment.title,
        path=moment.path,
        start_s=sentence.start_s,
        end_s=sentence.end_s,
        kind=sentence.kind,
        quote=sentence.text,
    )
    named = plan.kind == "who" and sentence.speaker
    return Claim(f"{sentence.speaker}: {sentence.text}" if named else sentence.text, (citation,))
