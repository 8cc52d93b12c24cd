"""What Praat's TextGrid and ELAN have in common: tiers of timed texts, of which those of speech are read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from statistics import mean

from longvid_indexer.subtitles.building import TimedWord, add_spoken
from longvid_indexer.subtitles.cue import Subtitles

Interval = tuple[float, float, str]
"""From and to, in seconds, and what is written there."""

_ANALYSIS = re.compile(
    r"\b(?:phon(?:e|es|eme|emes|etic|etics)?|segments?|syll(?:able)?s?|morph(?:s|eme|emes)?|gloss(?:es)?|pos|tones?|tobi|pitch|f0|ipa|comments?|notes?|breaks?|translations?)\b",
    re.IGNORECASE,
)
_NO_NAME = re.compile(
    r"(?:tier|words?|utterances?|sentences?|sent|text|transcript(?:s|ion)?|transcriptions|speech|orthography|ort|default"
    r"|intervals?|mots?|phrases?|labels?)[-_ ]?\d{0,4}",
    re.IGNORECASE,
)
_SPEAKER = re.compile(
    r"\s?[-_@]?\s?\b(?:words?|utterances?|sentences?|ort|transcription|text)\Z", re.IGNORECASE
)
_SILENCE = re.compile(
    r"[<\[({]?(?:sil|sp|spn|silence|pause|p:|noise|xxx|#|_)?[>\])}]?|<p:>|##", re.IGNORECASE
)
_PAUSE_S = 0.6
_WORDS_ALONE = 1.3
"""Intervals of so many words on average are of a word each."""


@dataclass
class Tier:
    """One line of annotation: its name, who speaks in it where that is given, and its intervals in order."""

    name: str
    speaker: str | None = None
    intervals: list[Interval] = field(default_factory=list)

    @property
    def said(self) -> list[Interval]:
        """Without pauses."""
        return [each for each in self.intervals if not _SILENCE.fullmatch(each[2].strip())]


def add_tiers(read: Subtitles, tiers: list[Tier]) -> None:
    """Add what is said in the tiers: none of phones, glosses and the like, where others are there; of two tiers that
    say the same the one of whole sentences, and words alone put together up to a pause."""
    full = [tier for tier in tiers if tier.said]
    spoken = [tier for tier in full if not _ANALYSIS.search(tier.name)] or full
    kept: dict[str, Tier] = {}
    for tier in sorted(spoken, key=lambda each: len(each.said)):
        kept.setdefault("".join("".join(text.split()) for _, _, text in tier.said).casefold(), tier)
    chosen = set(map(id, kept.values()))
    if len(kept) < len(full):
        read.remarks.append(f"{len(kept)} of {len(full)} tiers are read as speech.")
    for tier in (tier for tier in spoken if id(tier) in chosen):
        bare = _SPEAKER.sub("", tier.name).strip()
        speaker = tier.speaker or (None if not bare or _NO_NAME.fullmatch(bare) else bare)
        alone = mean(len(text.split()) for _, _, text in tier.said) < _WORDS_ALONE
        for words in _joined(tier.said) if alone else [[each] for each in tier.said]:
            timed: list[TimedWord] = [(text, start, end) for start, end, text in words]
            text = " ".join(text for _, _, text in words)
            add_spoken(read, words[0][0], words[-1][1], text, speaker, timed if alone else ())


def _joined(words: list[Interval]) -> list[list[Interval]]:
    found: list[list[Interval]] = []
    for word in words:
        if found and word[0] - found[-1][-1][1] < _PAUSE_S:
            found[-1].append(word)
        else:
            found.append([word])
    return found
