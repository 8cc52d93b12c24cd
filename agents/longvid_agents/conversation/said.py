"""What is said right after or before a place, and where an answer was said: read from the store, nothing is ranked."""

from __future__ import annotations

from collections.abc import Sequence

from longvid_agents.conversation.turns import Cited
from longvid_agents.narrowing import admits
from longvid_agents.sentences import Sentence, speech_sentences
from longvid_agents.tools import Tools
from longvid_agents.verify import supported
from longvid_storage.db.filters import speaker_key
from longvid_storage.types import Citation, Claim, Scope

MOST = 3
FEWEST_WORDS = 4
# How far on is looked for somebody who says nothing for a while.
_WINDOWS_S = (300.0, 3600.0, 1e9)


def following(tools: Tools, anchor: Cited, filters: Scope, *, backwards: bool = False) -> tuple[Claim, ...]:
    """The first sentences said within ``filters`` after ``anchor`` (or the last before it), in order of time."""
    for window_s in _WINDOWS_S:
        if backwards:
            to_s = min(anchor.start_s, _or(filters.to_s, anchor.start_s))
            from_s = max(to_s - window_s, filters.from_s or 0.0)
        else:
            from_s = max(anchor.end_s, filters.from_s or 0.0)
            to_s = min(from_s + window_s, _or(filters.to_s, 1e9))
        found = _said(tools, anchor.video_id, from_s, to_s, filters)
        if found:
            chosen = found[-MOST:] if backwards else found[:MOST]
            claims = (_claim(sentence, anchor) for sentence in chosen)
            return tuple(claim for claim in claims if supported(claim, tools))
    return ()


def again(anchor: Sequence[Cited]) -> tuple[Claim, ...]:
    """The last answer's citations once more, each with who said it."""
    return tuple(
        Claim(f"{cited.speaker}: {cited.quote}" if cited.speaker else cited.quote, (cited.citation,))
        for cited in anchor
    )


def _said(tools: Tools, video_id: str, from_s: float, to_s: float, filters: Scope) -> list[Sentence]:
    """Whole sentences that begin and end in ``[from_s, to_s]``, by the filters' speaker and language."""
    own = [
        u
        for u in tools.utterances(video_id, from_s, to_s)
        if from_s <= u.start_s
        and u.end_s <= to_s
        and admits(filters, u.start_s, u.end_s)
        and (filters.speaker is None or speaker_key(u.speaker) == speaker_key(filters.speaker))
        and (filters.language is None or u.language in (None, filters.language))
    ]
    return [s for s in speech_sentences(video_id, own) if len(s.text.split()) >= FEWEST_WORDS]


def _claim(sentence: Sentence, anchor: Cited) -> Claim:
    citation = Citation(
        sentence.video_id,
        anchor.title,
        anchor.path,
        sentence.start_s,
        sentence.end_s,
        sentence.kind,
        sentence.text,
    )
    return Claim(f"{sentence.speaker}: {sentence.text}" if sentence.speaker else sentence.text, (citation,))


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
