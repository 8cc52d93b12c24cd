"""A summary of one video without a language model: its own most central sentences, and what cue phrases find.

Every line is a sentence of the transcript with its citation, so nothing in it can be made up; nor does it read like
prose, and it says so (``Summary.how``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from longvid_agents.cues import Cue, owner_of, strength
from longvid_agents.sentences import Sentence, speech_sentences
from longvid_agents.tools import Tools
from longvid_storage.types import Citation, Segment

Length = Literal["short", "long"]

HOW = (
    "extractive: sentences of the video itself, chosen by centrality (overview) and by English cue phrases "
    "(decisions, action items, open questions); no language model read it"
)
# (sentences of the overview, lines of each list at most)
MOST: dict[Length, tuple[int, int]] = {"short": (4, 5), "long": (10, 15)}
_FEWEST_WORDS, _MOST_WORDS = 8, 45
# Maximal marginal relevance (Carbonell & Goldstein 1998): how much a sentence like one already chosen loses.
_REDUNDANCY = 0.5
# Of two items this close in time and of one kind, the stronger stands for both.
_SAME_PLACE_S = 20.0


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of a summary and where it is said; ``owner`` is who takes an action item on, if that is told.

    ``also``: further places that it rests on.
    """

    text: str
    citation: Citation
    speaker: str | None = None
    owner: str | None = None
    also: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class SummaryChapter:
    """One event of the video, ``[start_s, end_s)``, with its title."""

    start_s: float
    end_s: float
    title: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What people ask a meeting for; every line carries its citation, ``how`` says what made it."""

    video_id: str
    title: str
    path: str
    duration_s: float
    overview: tuple[Line, ...]
    chapters: tuple[SummaryChapter, ...]
    decisions: tuple[Line, ...]
    action_items: tuple[Line, ...]
    open_questions: tuple[Line, ...]
    how: str = HOW


def summarise(
    tools: Tools,
    video_id: str,
    title: str,
    path: str,
    duration_s: float,
    segments: Sequence[Segment],
    *,
    length: Length = "short",
) -> Summary:
    """Summarise a video from its transcript, its ``segments`` (those of level ``"event"`` become the chapters)
    and the vectors the index holds. A video in which nothing is said has chapters only.
    """
    sentences = speech_sentences(video_id, tools.utterances(video_id, 0.0, max(duration_s, 1e9)))
    speakers = sorted({s.speaker for s in sentences if s.speaker})
    events = [segment for segment in segments if segment.level == "event"]
    central, most = MOST[length]

    def line(sentence: Sentence, owner: str | None = None) -> Line:
        citation = Citation(
            video_id=video_id,
            title=title,
            path=path,
            start_s=sentence.start_s,
            end_s=sentence.end_s,
            kind=sentence.kind,
            quote=sentence.text,
        )
        return Line(sentence.text, citation, sentence.speaker, owner)

    def listed(cue: Cue) -> list[Sentence]:
        return strongest(sentences, cue, most)

    return Summary(
        video_id=video_id,
        title=title,
        path=path,
        duration_s=duration_s,
        overview=tuple(line(s) for s in overview(tools, video_id, sentences, central)),
        chapters=tuple(SummaryChapter(e.start_s, e.end_s, e.title or "(untitled)") for e in events),
        decisions=tuple(line(s) for s in listed("decision")),
        action_items=tuple(line(s, owner_of(s, speakers)) for s in listed("action")),
        open_questions=tuple(line(s) for s in listed("question")),
    )


def strongest(sentences: Sequence[Sentence], cue: Cue, most: int) -> list[Sentence]:
    """The ``most`` sentences that read most strongly as ``cue``, in time order, one a place."""
    chosen: list[Sentence] = []
    for sentence in sorted(sentences, key=lambda s: (-strength(s, cue), s.start_s)):
        if len(chosen) >= most or strength(sentence, cue) <= 0:
            break
        if all(
            sentence.start_s >= other.end_s + _SAME_PLACE_S or sentence.end_s + _SAME_PLACE_S <= other.start_s
            for other in chosen
        ):
            chosen.append(sentence)
    return sorted(chosen, key=lambda s: s.start_s)


def overview(tools: Tools, video_id: str, sentences: Sequence[Sentence], most: int) -> list[Sentence]:
    """The ``most`` most central sentences, in time order.

    Central is what is nearest to the mean vector of everything said, less what is already chosen (maximal marginal
    relevance); without vectors, what shares most words with the rest.
    """
    fit = [s for s in sentences if _FEWEST_WORDS <= len(s.text.split()) <= _MOST_WORDS and s.text[-1:] != "?"]
    fit = fit or list(sentences)
    if not fit:
        return []
    vectors = tools.stored_vectors(video_id, [(s.start_s, s.end_s) for s in fit], speech=True)
    if vectors is None or not vectors.any():
        vectors = _word_vectors(fit)
    centre = vectors.mean(axis=0)
    central = vectors @ (centre / max(float(np.linalg.norm(centre)), 1e-9))
    chosen: list[int] = []
    like = np.full(len(fit), -np.inf)
    while len(chosen) < min(most, len(fit)):
        worth = central - (_REDUNDANCY * np.maximum(like, 0.0) if chosen else 0.0)
        worth[chosen] = -np.inf
        best = int(np.argmax(worth))
        chosen.append(best)
        like = np.maximum(like, vectors @ vectors[best])
    return [fit[row] for row in sorted(chosen)]


def _word_vectors(sentences: Sequence[Sentence]) -> NDArray[np.float32]:
    """Unit bag-of-words vectors, shape ``(len(sentences), words)``."""
    bags = [set(sentence.text.casefold().split()) for sentence in sentences]
    columns = {word: column for column, word in enumerate(sorted(set().union(*bags)))}
    vectors = np.zeros((len(bags), len(columns)), np.float32)
    for row, bag in enumerate(bags):
        vectors[row, [columns[word] for word in bag]] = 1.0
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return vectors
