"""Utterances put together into readable sentences: caption lines end anywhere, people interrupt each
other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.structuring.words import content_words, tokens, without_fillers
from longvid_storage.types import Utterance

_JOIN_GAP_S = 1.5
_MAX_WORDS = 60
# A recogniser writes no full stops; there a pause is all that ends a sentence.
_UNPUNCTUATED_GAP_S, _UNPUNCTUATED_WORDS = 0.35, 25
_PUNCTUATED_SHARE = 0.1
_ENDS = re.compile(r"[.?!…。？！؟।]['\"”’)\]]*\s*$")
_SPLIT = re.compile(r"(?<=[.?!…。？！؟।])['\"”’)\]]*\s+(?=\S)|(?<=[。？！])(?=\S)")
# Openers that hang on what was said before; dropped when a sentence stands alone in a summary.
_OPENER_WORDS = (
    "i think that|i guess that|i mean that|okay|ok|so|well|"
    "and|but|yeah|yes|right|now|alright|all right|no|like|you know|i mean|i think|anyway|also"
    "|then|because|or|oh|uh-huh|mm-hmm|i guess|actually|basically|sure|great|cool|thanks|thank you"
)
_OPENER = re.compile(rf"^(?:(?:{_OPENER_WORDS})\b[\s,.!;:—–-]*)+", re.IGNORECASE)


@dataclass(frozen=True)
class Sentence:
    """A cleaned sentence, its span, its content words, and its vector (zeros when there is no encoder)."""

    start_s: float
    end_s: float
    text: str
    words: tuple[str, ...]
    vector: NDArray[np.float32]
    complete: bool
    fluency: float = 1.0  # share of it that was neither hesitation nor restart

    @property
    def length(self) -> int:
        """Words of the text (characters' pairs in unspaced scripts)."""
        return len(tokens(self.text))


def make_sentences(utterances: Sequence[Utterance], vectors: NDArray[np.float32] | None) -> list[Sentence]:
    """Join what one speaker says until it ends a sentence, then clean it. In order of start; empty ones are
    left out.

    A sentence's vector is the mean of its utterances' vectors (``vectors`` is (n, d)) weighted by their
    words, so nothing is encoded twice.
    """
    ends = [bool(_ENDS.search(utterance.text)) for utterance in utterances]
    punctuated = sum(ends) >= _PUNCTUATED_SHARE * len(ends)
    gap_s = _JOIN_GAP_S if punctuated else _UNPUNCTUATED_GAP_S
    most = _MAX_WORDS if punctuated else _UNPUNCTUATED_WORDS
    groups: list[list[int]] = []
    open_group: dict[str | None, list[int]] = {}
    for index, utterance in enumerate(utterances):
        group = open_group.get(utterance.speaker)
        if group is not None:
            last = utterances[group[-1]]
            length = sum(len(utterances[i].text.split()) for i in (*group, index))
            if utterance.start_s - last.end_s <= gap_s and not ends[group[-1]] and length <= most:
                group.append(index)
                continue
        group = [index]
        groups.append(group)
        open_group[utterance.speaker] = group
    sentences: list[Sentence] = []
    for group in groups:
        rows = None if vectors is None else vectors[group]
        sentences.extend(_of_group([utterances[i] for i in group], rows, not punctuated))
    return sentences


def _of_group(
    parts: Sequence[Utterance], vectors: NDArray[np.float32] | None, complete: bool
) -> list[Sentence]:
    joined = " ".join(part.text.strip() for part in parts)
    vector = np.zeros(1, dtype=np.float32)
    if vectors is not None:
        weights = np.array([len(part.text) for part in parts], dtype=np.float32)
        vector = (vectors * weights[:, None]).sum(axis=0) / weights.sum() if weights.sum() else vectors[0] * 0
    start_s, end_s = parts[0].start_s, max(part.end_s for part in parts)
    pieces = [piece for piece in _SPLIT.split(joined) if piece and piece.strip()]
    total = sum(len(piece) for piece in pieces) or 1
    made, seen = [], 0
    for piece in pieces:
        span = (
            start_s + (end_s - start_s) * seen / total,
            start_s + (end_s - start_s) * (seen + len(piece)) / total,
        )
        seen += len(piece)
        text = readable(piece)
        if text:
            words = tuple(content_words(text))
            fluency = min(1.0, len(text) / max(1, len(_OPENER.sub("", piece).strip())))
            made.append(Sentence(*span, text, words, vector, complete or bool(_ENDS.search(piece)), fluency))
    return made


def readable(text: str) -> str:
    """Without hesitations and hanging openers (``Yeah, so, um …``), first letter upper case."""
    text = without_fillers(text)
    text = _OPENER.sub("", text).strip(" ,;:-–—")
    return text[:1].upper() + text[1:]
