"""What is said right after somebody asked or announced the same: two signs of an answer that meetings have.

They stand beside the types of answers (``expected``) in ``scoring``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from longvid_agents.expected import HALF, OF_VALUES, TYPES, Array, asked_for, says
from longvid_agents.kinds import has_sign
from longvid_storage.text.sentences import asks
from longvid_storage.types import Passage

# A question is answered by what comes after it, in a few sentences and soon.
_SENTENCES_AFTER, _AFTER_S = 3, 20.0
# Two questions are alike from this cosine, or share of the question's words, on.
_ALIKE = 0.4
_FADES = 0.8
_NEGATES = re.compile(
    r"n['’]t\b|\bnever\b|\b(?:do|does|did|is|are|was|were|can|could|will|would|has|have) not\b", re.IGNORECASE
)
# A question of no more words asks of what was said before it.
_SHORT = 6

# "Second point: the launch date", "we have three points today", "let's go through the release".
_OPENS = re.compile(
    r"\b(?:(?:first|second|third|fourth|last|next|final) (?:point|item|topic|thing|question|slide|part|chapter)"
    r"|(?:two|three|four|five|some|few) (?:points|topics|items|things) (?:today|on the agenda)|(?:on|our|the) agenda"
    r"|let['’]?s (?:go through|talk about|start with|move on|turn to|look at|begin with)"
    r"|(?:we(?:['’]ll| will)?|I(?:['’]ll| will)?) (?:now )?(?:turn to|talk about|look at|go through|discuss|cover)"
    r"|(?:in )?(?:this|today['’]?s|the (?:last|next|previous)) (?:lecture|video|talk|lesson|meeting|episode|one)"
    r" (?:we|I)"
    r"|(?:today|next week|next time),? (?:we|I)|welcome (?:to|back)|my guest)\b",
    re.IGNORECASE,
)
# "Maybe we explain what it is", "I don't know how many there are": the question itself, told.
_ASKS_AGAIN = re.compile(
    r"\b(?:explain\w*|wonder\w*|ask\w*|know|talk(?:ing)? (?:a bit )?about|discuss\w*|describ\w+|understand|figure out"
    r"|find out|tell (?:us|me|you)|curious|idea|question(?: is)?)\b(?:\W+\w+){0,6}?\W+"
    r"(?:what|why|how|when|where|who|which)\b",
    re.IGNORECASE,
)
_DEFINITION = re.compile(r"^\W*what (?:is|are|was|were|does .* mean)\b", re.IGNORECASE)


def follows_question(question: str, sentences: Sequence[Passage], alike: Array, expected: Array) -> Array:
    """How nearly what was asked or announced just before each sentence is the question: in ``[0, 1]``, shape ``(n,)``.

    ``alike``: how nearly each sentence is the question itself, in ``[0, 1]``. Sentences of one video stand together in
    time order; 0 for questions, and where none was asked. What does not name the thing asked for (``expected``, of
    ``names_expected``) follows by half.
    """
    kind = asked_for(question)
    asking = [passage.kind == "speech" and asks(passage.text) for passage in sentences]
    opens = [passage.kind == "speech" and says(_OPENS, passage.text) for passage in sentences]
    follows = np.zeros(len(sentences))
    for row in map(int, np.flatnonzero(np.logical_or(asking, opens))):
        near = max(0.0, _likeness(question, kind, sentences, alike, row) - _ALIKE) / (1 - _ALIKE)
        near *= 1.0 if asking[row] else HALF
        after = row + 1
        while (
            near
            and after <= min(row + _SENTENCES_AFTER, len(sentences) - 1)
            and _answers(sentences, row, after)
        ):
            follows[after] = max(follows[after], near * _FADES ** (after - row - 1))
            if kind in OF_VALUES and asking[row] and expected[after] >= 1:
                break  # that was the answer
            after += 1
    if kind is not None:
        follows = np.where(expected > 0, follows, follows * HALF)
    return np.where(asking, 0.0, follows)


def _likeness(question: str, kind: str | None, sentences: Sequence[Passage], alike: Array, row: int) -> float:
    """How nearly the question in this row is the one asked; "why?" asks of what was said just before it."""
    asked = sentences[row]
    own, other = float(alike[row]), asked_for(asked.text)
    if kind is not None and other is not None and other != kind:
        return own / 2
    # "What went well?" is not "what didn't go well?".
    if says(_NEGATES, question) != says(_NEGATES, asked.text):
        return own / 2
    # "Can you fix it before the launch?" asks for a yes, not for a day, unless it names one ("Is it on Friday?").
    if kind in OF_VALUES and has_sign(asked.text, "yes or no") and not says(TYPES[kind], asked.text):
        return own / 2
    if kind is not None and kind == other and row and len(asked.text.split()) <= _SHORT:
        before = sentences[row - 1]
        if before.video_id == asked.video_id and asked.start_s - before.end_s <= _AFTER_S:
            return max(own, float(alike[row - 1]))
    return own


def _answers(sentences: Sequence[Passage], question: int, after: int) -> bool:
    asked, said = sentences[question], sentences[after]
    return (
        said.video_id == asked.video_id
        and said.kind == "speech"
        and said.start_s - asked.end_s <= _AFTER_S
        and not (after > question + 1 and asks(sentences[after - 1].text))
    )


def only_opens(question: str, sentences: Sequence[Passage], expected: Array) -> Array:
    """1 for each sentence that says what will be talked about, or that this is asked, and not the thing asked for; else
    0. Shape ``(n,)``.

    All 0 where no kind of thing and no definition is asked for: a subject may be all that is said of it.
    """
    if asked_for(question) is None:
        if not _DEFINITION.search(question):
            return np.zeros(len(sentences))
        return np.array([says(_ASKS_AGAIN, passage.text) for passage in sentences], np.float64)
    said = (passage.text for passage in sentences)
    opens = np.array([says(_OPENS, text) or says(_ASKS_AGAIN, text) for text in said], np.float64)
    return np.where(expected > 0, 0.0, opens)
