"""Leaves out what a recogniser invented: loops, lines said over and over, text where no voice is, text too fast to say.

One guard for every engine, by what can be seen from outside: the text, its time, and where the voice gate heard a
voice. No list of known phrases: what a model invents depends on what it was trained on. What a Whisper says about
itself (its confidence) is judged by ``is_unsure``. The compression ratio and the confidence thresholds are those of
Radford et al. 2022 (arXiv 2212.04356), section 4.5.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence

from longvid_indexer.voice import FRAME_S, Stretch
from longvid_storage.types import Utterance

VERSION = 1

COMPRESSION_MAX = 2.4
LOGPROB_MIN = -1.0
NO_SPEECH_MAX = 0.6
# A line said a third time in a row is a model looping on music or noise, not a person.
_REPEATS_MAX = 2
# A recogniser's times may be off by this much.
_LOOSE_S = 0.3
# Less voice than this carries no word (the shortest are near 0.1 s).
_VOICE_MIN_S = 0.1
# Letters a second of voice. The fastest talkers reach about 30; a gate may miss half of a voice.
_LETTERS_MAX = 60.0
_LETTERS_SLACK_S = 0.25

_REASONS = {
    "wordless": "without a word",
    "loop": "one phrase over and over",
    "repeat": "the same line again and again",
    "silence": "where no voice is",
    "rush": "faster than anyone speaks",
}


def compression_ratio(text: str) -> float:
    """How much shorter deflate makes the text; far above that of prose when a phrase repeats."""
    data = text.encode()
    return len(data) / len(zlib.compress(data))


def is_unsure(no_speech: float, logprob: float) -> bool:
    """Whether a Whisper says itself that it heard no speech: probability of none, mean log probability of its text."""
    return no_speech > NO_SPEECH_MAX and logprob < LOGPROB_MIN


class Guard:
    """Judges the utterances of one recording in order of time; ``counters`` says what was left out, by reason."""

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self._last = ""
        self._times = 0

    def keep(self, stretch: Stretch, said: Sequence[Utterance]) -> list[Utterance]:
        """The utterances of a stretch that a person may have said."""
        kept = []
        for utterance in said:
            reason = self._reason(stretch, utterance)
            if reason is None:
                kept.append(utterance)
            else:
                self.counters[reason] += 1
        return kept

    def note(self) -> str | None:
        """What was left out, in a sentence; None when nothing was."""
        if not self.counters:
            return None
        reasons = ", ".join(f"{count} {_REASONS[reason]}" for reason, count in self.counters.most_common())
        return f"{self.counters.total()} recognised lines look invented and were left out: {reasons}"

    def _reason(self, stretch: Stretch, utterance: Utterance) -> str | None:
        letters = sum(character.isalnum() for character in utterance.text)
        if not letters:
            return "wordless"
        if compression_ratio(utterance.text) > COMPRESSION_MAX:
            return "loop"
        voice_s = _voice_s(stretch, utterance)
        if voice_s < _VOICE_MIN_S:
            return "silence"
        if letters > _LETTERS_MAX * (voice_s + _LETTERS_SLACK_S):
            return "rush"
        line = "".join(c for c in utterance.text.casefold() if c.isalnum())
        self._times = self._times + 1 if line == self._last else 1
        self._last = line
        return "repeat" if self._times > _REPEATS_MAX else None


def _voice_s(stretch: Stretch, utterance: Utterance) -> float:
    """Seconds of voice at an utterance's time, give or take what times are off by."""
    begin_s = max(stretch.start_s, utterance.start_s - _LOOSE_S)
    end_s = min(stretch.end_s, utterance.end_s + _LOOSE_S)
    if stretch.voiced is None:
        return max(0.0, end_s - begin_s)
    first = int((begin_s - stretch.start_s) / FRAME_S)
    last = round((end_s - stretch.start_s) / FRAME_S)
    return float(stretch.voiced[first:last].sum()) * FRAME_S
