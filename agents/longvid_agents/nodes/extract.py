"""answer, without a model: choose the sentences that answer, or none when they probably do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_agents.answerability import model_for
from longvid_agents.extractive import choose, fitness, rank
from longvid_agents.question import Plan
from longvid_agents.run import Run
from longvid_agents.scoring import Scores, question_parts, score
from longvid_agents.sentences import Sentence
from longvid_agents.state import AskState
from longvid_agents.tools import Tools
from longvid_storage.types import Citation, Claim, Moment

# Sentences embedded for a question; what the index holds of the others' places is enough to set them aside.
EMBEDDED = 32


def extract(run: Run, state: AskState) -> dict[str, Any]:
    """Quote the sentences that answer; those whose quote the store refuted are done without."""
    plan = planned(state)
    titles = {moment.video_id: moment for moment in state.moments}
    left = [s for s in state.evidence if quoting(s, plan, titles) not in state.refuted]
    scores = scores_with(run.tools, state, left)
    ranking = None
    if scores is not None:
        ranking = rank(plan, left, scores, model=model_for(scores.meaning, state.filters))
    chosen = choose(left, ranking) if ranking is not None and ranking.found else []
    step = run.step(state, "answer", "quoted the best sentences", len(chosen))
    return {
        "claims": tuple(quoting(sentence, plan, titles) for sentence in chosen),
        "confidence": 0.0 if ranking is None else ranking.confidence,
        "answers": state.answers + 1,
        "trail": (*state.trail, step),
    }


def scores_with(
    tools: Tools, state: AskState, sentences: Sequence[Sentence], most: int = EMBEDDED
) -> Scores | None:
    """Score ``sentences`` with what ``tools`` can give; ``None`` when there is nothing to compare.

    All are scored by the vectors the index holds of their places; only the ``most`` that fit best so far are
    embedded themselves.
    """
    plan = planned(state)
    if not sentences or not plan.terms:
        return None
    statistics = tools.term_statistics([term.text for term in plan.terms], filters=state.filters)
    question = tools.encode(question_parts(plan.query), kind="query")
    if question is None:
        return score(plan, sentences, state.moments, statistics, None, None)
    stored = _stored_vectors(tools, sentences, question.shape[1])
    rough = score(plan, sentences, state.moments, statistics, question, stored)
    best = np.argsort(-fitness(plan, sentences, rough), kind="stable")[:most]
    vectors = stored.copy()
    embedded = tools.encode([sentences[row].text for row in best], kind="passage")
    assert embedded is not None, "what embeds the question embeds sentences"
    vectors[best] = embedded
    return score(plan, sentences, state.moments, statistics, question, vectors)


def planned(state: AskState) -> Plan:
    """The plan; there is one from the first node on."""
    assert state.plan is not None, "the plan node runs first"
    return state.plan


def quoting(sentence: Sentence, plan: Plan, titles: dict[str, Moment]) -> Claim:
    """A sentence as a claim with its citation; who said it comes first where that is asked."""
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
