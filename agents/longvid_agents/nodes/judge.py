"""A model's claim against the evidence it names: what code alone can tell, and the claim with its citations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from longvid_agents.checks.claim import Check, Support, check_claim
from longvid_agents.checks.support import FIT, SUPPORTED, coverage, likeness
from longvid_agents.kinds import has_sign
from longvid_agents.replies import Draft
from longvid_agents.run import Run
from longvid_agents.state import AskState
from longvid_agents.verify import supported
from longvid_agents.working_memory import MemoryItem
from longvid_storage.db.view import View
from longvid_storage.search.evidence import vectors_of
from longvid_storage.text.analysis import analyse, query_terms
from longvid_storage.text.languages import guess_language
from longvid_storage.text.stop_words import ASKING_WORDS
from longvid_storage.types import Claim, Passage


@dataclass(frozen=True, slots=True)
class Judged:
    """A draft, the claim it makes with the citations of the evidence it names, and what code says of it."""

    draft: Draft
    items: tuple[MemoryItem, ...]
    check: Check

    @property
    def claim(self) -> Claim:
        """The claim; its times are those of the evidence."""
        return Claim(self.draft.text, tuple(item.citation() for item in self.items))


# Content words that a claim must have, and the share of them that one piece must have, for code to cite it instead of
# what the model named. Of wrong pieces 0.2 % reach that share (docs/answering.md), and about a dozen are tried.
_MOVED_WORDS, _MOVED = 3, 0.8
# Below this probability by words and meaning a model's verdict is not asked for. Of claims that only words leave open
# 0.74 of those beside their own evidence are asked for, and 0.16 of those beside other places (0.83 and 0.27 at 0.2).
_PLAUSIBLE = 0.35
# A claim of so few content words beside those of the question is a word or two ("Water"): any place that has them would
# support it. Read together with the question, below this probability its evidence says nothing of what was asked; of
# right places 6 % lie there and of others that have the words 89 % (``benchmarks/facts.py --fragments``).
FRAGMENT_WORDS, FRAGMENT = 2, 0.15


def judge(run: Run, state: AskState, draft: Draft) -> Judged:
    """Resolve the ids a claim names, read their places from the store again, and compare claim and evidence.

    Small models name a wrong id beside words that they copied: where what is named does not support the claim and
    the words of another piece do, that one is cited.
    """
    judged = _judged(run, state, draft)
    if judged.check.verdict == "supported" or len(set(query_terms(draft.text))) < _MOVED_WORDS:
        return judged
    others = [
        (share, item)
        for item in state.memory.items
        if item.passage.kind in ("speech", "screen")
        and (share := coverage(draft.text, f"{item.passage.speaker or ''} {item.passage.text}")) >= _MOVED
    ]
    for _, item in sorted(others, key=lambda each: -each[0]):
        moved = _judged(run, state, draft.model_copy(update={"evidence": (item.id,)}))
        if moved.check.verdict == "supported":
            return moved
    return judged


def _judged(run: Run, state: AskState, draft: Draft) -> Judged:
    if _repeats(draft.text, state.question):
        return Judged(draft, (), Check("refuted", "it only repeats the question"))
    items = tuple(item for each in draft.evidence if (item := state.memory.get(each)) is not None)
    if not items:
        named = ", ".join(draft.evidence) or "none"
        return Judged(draft, (), Check("refuted", f"it names no evidence that exists ({named})"))
    items = tuple(item for item in items if item.passage.kind != "summary")
    if not items:
        return Judged(draft, (), Check("refuted", "it cites a summary: cite what was said or shown"))
    judged = _checked(state, draft, items)
    unsure = judged.check.verdict == "unsure"
    saying = tuple(item for item in items if _says_some(draft.text, item.passage.text, unsure))
    if 0 < len(saying) < len(items):
        # A small model cites the "Mm yeah." between two sentences as well: whoever opens it hears nothing of the claim.
        alone = _checked(state, draft, saying)
        judged = alone if alone.check.verdict == judged.check.verdict else judged
    if judged.check.verdict != "refuted" and not supported([judged.claim], run.view, state.memory.seen()):
        return Judged(draft, items, Check("refuted", "its evidence is no longer in the library"))
    if judged.check.verdict == "supported" and _beside_the_question(run, state, judged):
        return Judged(draft, items, Check("refuted", "its evidence says nothing of what is asked"))
    return judged


def _beside_the_question(run: Run, state: AskState, judged: Judged) -> bool:
    """Whether a claim is a word or two, and what it cites is not about the question."""
    question, text = state.question, judged.draft.text
    encoder = run.view.encoders.text_encoder
    if encoder is None or len(set(query_terms(text)) - set(query_terms(question))) > FRAGMENT_WORDS:
        return False
    passages = [item.passage for item in judged.items]
    languages = {guess_language(question), guess_language(" ".join(passage.text for passage in passages))}
    if len(languages - {None}) > 1 or has_sign(question, "yes or no"):
        return False
    found = answering(run.view, question, text, passages)
    return found is not None and found < FRAGMENT


def answering(view: View, question: str, text: str, passages: Sequence[Passage]) -> float | None:
    """How likely ``passages`` say that ``text`` answers ``question``, by words and meaning; None where that is unknown.

    Raises:
        AssertionError: the view has no text encoder.
    """
    encoder = view.encoders.text_encoder
    assert encoder is not None
    together = f"{question} {text}"
    return likelihood(view, together, encoder.encode([together], kind="passage")[0], passages)


def _says_some(claim: str, text: str, unsure: bool) -> bool:
    """Whether a piece has a word of the claim; where words leave that open, one of other words may be what says it."""
    return coverage(claim, text) > 0 or (unsure and len(query_terms(text)) >= _MOVED_WORDS)


def _checked(state: AskState, draft: Draft, items: tuple[MemoryItem, ...]) -> Judged:
    sources = [Support(item.passage, item.title) for item in items]
    counts = state.route is not None and state.route.kind == "count"
    people = {item.passage.speaker for item in state.memory.items if item.passage.speaker}
    return Judged(draft, items, check_claim(draft.text, sources, people=people, counts=counts))


def _repeats(text: str, question: str) -> bool:
    """Whether a claim says nothing that the question does not say, words that only report ("the group discussed …")
    aside: what small models write where they know nothing. Not of a question that can be answered by yes.
    """
    said = set(query_terms(text))
    if not said or has_sign(question, "yes or no"):
        return False
    return said - _reporting(guess_language(text)) <= set(query_terms(question))


@cache
def _reporting(language: str | None) -> frozenset[str]:
    words = ASKING_WORDS.get(language or "en", frozenset())
    return frozenset(term for word in words for term in analyse(word, language))


def likely(run: Run, judged: Judged) -> bool:
    """Whether words and meaning make it likely enough that the evidence supports a claim no model judges.

    Only of claims that nothing speaks against but that their words are others; never without a text encoder.
    """
    found = _by_meaning(run, judged) if judged.check.about == "words" else None
    return found is not None and found >= SUPPORTED


def plausible(run: Run, judged: Judged) -> bool:
    """Whether it is worth asking a model if the evidence supports a claim: a small one says yes to anything.

    Claims are not that neither by words nor by meaning come near what they cite, whatever code is unsure of: "Paris"
    beside "About 400 euros". Across languages words and meaning tell nothing, and the model alone decides.
    """
    found = _by_meaning(run, judged)
    return found is None or found >= _PLAUSIBLE


def _by_meaning(run: Run, judged: Judged) -> float | None:
    """How likely the evidence supports the claim; None where words and meaning cannot tell."""
    encoder = run.view.encoders.text_encoder
    if judged.check.about == "language" or encoder is None:
        return None
    claimed = encoder.encode([judged.draft.text], kind="passage")[0]
    return likelihood(run.view, judged.draft.text, claimed, [item.passage for item in judged.items])


def likelihood(
    view: View, text: str, claimed: NDArray[np.float32], passages: Sequence[Passage]
) -> float | None:
    """How likely ``passages`` support a claim, by words and meaning; ``claimed`` is its vector, shape ``(d,)``.

    None where the index has no vector of them.
    """
    vectors = vectors_of(view, passages)
    if vectors is None:
        return None
    covered = coverage(text, "\n".join(passage.text for passage in passages))
    return FIT.probability(covered, likeness(claimed, vectors))
