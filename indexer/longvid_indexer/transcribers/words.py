"""Recognised words to utterances: what is said between two pauses is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from longvid_storage.types import Utterance, Word

# A pause this long ends an utterance; after the second length a shorter one does, so that citations stay tight.
_PAUSE_S = 0.45
_LONG_S = 12.0
_SHORT_PAUSE_S = 0.15


@dataclass(frozen=True, slots=True)
class RecognisedWord:
    """A recognised word; times in seconds from the start of its stretch, ``confidence`` in [0, 1].

    Some engines put the space before a word into its text; then words without one (Chinese) follow without a gap.
    """

    text: str
    start_s: float
    end_s: float
    confidence: float = 1.0


def group_words(
    words: Sequence[RecognisedWord], start_s: float, end_s: float, language: str | None
) -> list[Utterance]:
    """Utterances on the video's timeline, all within ``[start_s, end_s]``."""
    groups: list[list[RecognisedWord]] = []
    for word in words:
        if not word.text.strip():
            continue
        if groups:
            pause_s = word.start_s - groups[-1][-1].end_s
            is_long = word.end_s - groups[-1][0].start_s > _LONG_S
            if pause_s < (_SHORT_PAUSE_S if is_long else _PAUSE_S):
                groups[-1].append(word)
                continue
        groups.append([word])
    return [_utterance(group, start_s, end_s, language) for group in groups]


def _utterance(group: list[RecognisedWord], start_s: float, end_s: float, language: str | None) -> Utterance:
    words = tuple(
        Word(w.text.strip(), min(start_s + w.start_s, end_s), min(start_s + w.end_s, end_s))
        for w in group
        if w.text.strip()
    )
    spaced = any(word.text.startswith(" ") for word in group)
    text = ("" if spaced else " ").join(word.text for word in group).strip()
    return Utterance(words[0].start_s, words[-1].end_s, text, None, language, words)
