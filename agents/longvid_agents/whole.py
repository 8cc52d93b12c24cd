"""Questions about a whole ("What was the meeting about?"), answered from the chain of summaries.

Nothing is searched and no model is called: the chain was made when the video was indexed. What is cited is what
each summary sentence rests on, never the summary; a sentence whose places the store no longer holds, or that says a
number, time, name or quote they do not, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from longvid_agents.checks.claim import Source, check_claim
from longvid_agents.question import FRAME_WORDS, Plan
from longvid_agents.sentences import Sentence
from longvid_agents.tools import Tools, VideoCard
from longvid_agents.verify import supported
from longvid_storage.db.chain import ChainLink, SummarySentence
from longvid_storage.types import Citation, Claim, Scope

# Words of such a question that name no subject of their own.
_WHOLE_WORDS = """
    whole entire overall complete content contents short brief briefly quick quickly gist overview summary collection
    library recordings recording call calls session episode film week everything please key takeaways takeaway
"""
_WHOLE = frozenset(_WHOLE_WORDS.split())
_ABOUT = re.compile(r"^what (?:is|are|was|were)\b.*\babout\W*$", re.IGNORECASE)
MOST_CLAIMS = 12
_WORD = re.compile(r"\w+")


def whole_claims(plan: Plan, tools: Tools, filters: Scope, *, written: bool = False) -> tuple[Claim, ...]:
    """The summary of the one video the question or ``filters`` name, or of all they admit, as cited claims.

    Empty when the question asks for something in particular, when the filters leave only a part of a video or one
    speaker's words, or when there is no chain (``written``: none that a model wrote): it is then answered as any
    other.
    """
    if not (plan.kind == "summary" or _ABOUT.match(plan.question)) or (filters.from_s, filters.to_s) != (
        None,
        None,
    ):
        return ()
    if filters.speaker is not None or filters.language is not None:
        return ()
    cards = tools.cards(filters=filters)
    named = [card for card in cards if _names(plan.question, card.title)] if len(cards) > 1 else list(cards)
    if not asks_whole(plan, [card.title for card in named]) or len(named) > 1:
        return ()
    link = _link(tools, filters, named, cards)
    by_model = link is not None and link.engine != "extractive"
    if link is None or (written and not by_model):
        return ()
    by_id = {card.video_id: card for card in cards}
    claims = [claim for s in link.sentences[:MOST_CLAIMS] if (claim := _claim(s, by_id)) is not None]
    return tuple(claim for claim in claims if supported(claim, tools) and (not by_model or _holds(claim)))


def asks_whole(plan: Plan, titles: Sequence[str]) -> bool:
    """Whether the question has no subject but the recording itself (and the words of ``titles``)."""
    known = {word for title in titles for word in _WORD.findall(title.casefold())}
    return not [
        term
        for term in plan.terms
        if (word := term.word.casefold()) not in FRAME_WORDS
        and word not in _WHOLE
        and not set(_WORD.findall(word)) <= known
    ]


def _link(
    tools: Tools, filters: Scope, named: Sequence[VideoCard], cards: Sequence[VideoCard]
) -> ChainLink | None:
    """The video's own summary, or the one of the library or collection that the filters admit whole."""
    if len(named) == 1:
        return next((link for link in tools.chain(named[0].video_id) if link.level == "video"), None)
    if filters.video_ids is not None or not cards:
        return None
    return next((link for link in tools.library_chain(filters.collection) if link.level == "library"), None)


def _claim(sentence: SummarySentence, cards: Mapping[str, VideoCard]) -> Claim | None:
    """None when it rests on a video that the filters do not admit."""
    citations = []
    for q in sentence.quotes:
        if q.video_id not in cards:
            return None
        card = cards[q.video_id]
        citations.append(Citation(q.video_id, card.title, card.path, q.start_s, q.end_s, q.kind, q.text))
    return Claim(sentence.text, tuple(citations))


def _holds(claim: Claim) -> bool:
    sources = [
        Source(Sentence(c.video_id, c.kind, c.start_s, c.end_s, c.quote), c.title) for c in claim.citations
    ]
    return check_claim(claim.text, sources).verdict != "refuted"


def _names(question: str, title: str) -> bool:
    words = r"\W+".join(map(re.escape, _WORD.findall(title)))
    return bool(words and re.search(rf"(?<!\w){words}(?!\w)", question, re.IGNORECASE))
