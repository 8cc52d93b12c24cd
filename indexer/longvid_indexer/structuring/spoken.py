"""Passages of speech as titles and summaries read them: without hesitations, with their content words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.structuring.words import content_words, tokens, without_fillers
from longvid_storage.text.sentences import ends_sentence
from longvid_storage.types import Passage

_PUNCTUATED_SHARE = 0.1
# Openers that hang on what was said before; dropped when a sentence stands alone in a summary.
_OPENER_WORDS = (
    "i think that|i guess that|i mean that|okay|ok|so|well|"
    "and|but|yeah|yes|right|now|alright|all right|no|like|you know|i mean|i think|anyway|also"
    "|then|because|or|oh|uh-huh|mm-hmm|i guess|actually|basically|sure|great|cool|thanks|thank you"
)
_OPENER = re.compile(rf"^(?:(?:{_OPENER_WORDS})\b[\s,.!;:—–-]*)+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*\W*(?:\s|$)")
_CLOSED = ".?!…。？！؟।"


@dataclass(frozen=True)
class SpokenSentence:
    """A passage, its cleaned ``text`` and content ``words``, and its vector (zeros when there is none).

    ``complete``: it ends as a sentence does. ``fluency``: the share of it that was neither hesitation nor restart.
    """

    passage: Passage
    text: str
    words: tuple[str, ...]
    vector: NDArray[np.float32]
    complete: bool
    fluency: float

    @property
    def start_s(self) -> float:
        """When it begins."""
        return self.passage.start_s

    @property
    def length(self) -> int:
        """Words of the text (characters' pairs in unspaced scripts)."""
        return len(tokens(self.text))


def spoken(passages: Sequence[Passage], vectors: Mapping[int, NDArray[np.float16]]) -> list[SpokenSentence]:
    """Passages of speech cleaned, in their order; those of which nothing is left are left out.

    ``vectors``: passage id → shape ``(dimension,)``.
    """
    ends = [ends_sentence(passage.text, passage.language) for passage in passages]
    unpunctuated = sum(ends) < _PUNCTUATED_SHARE * len(ends)
    blank = np.zeros(len(next(iter(vectors.values()), (0.0,))), np.float32)
    found = []
    for passage, complete in zip(passages, ends, strict=True):
        text = readable(passage.text)
        if text:
            fluency = min(1.0, len(text) / max(1, len(_OPENER.sub("", passage.text).strip())))
            vector = vectors.get(passage.id, blank).astype(np.float32)
            words = tuple(content_words(text))
            found.append(SpokenSentence(passage, text, words, vector, unpunctuated or complete, fluency))
    return found


def readable(text: str) -> str:
    """Without hesitations and hanging openers (``Yeah, so, um …``), begun with a capital if by a word."""
    text = without_fillers(text)
    text = _OPENER.sub("", text).strip(" ,;:-–—")
    # A name of code or a brand is written as it is: torch.nn, max_retries, iPhone.
    return text[:1].upper() + text[1:] if _WORD.match(text) and text.split()[0].islower() else text


def closed(text: str) -> str:
    """``text`` with a full stop, if it ends without any."""
    return text if text[-1:] in _CLOSED else text + "."
