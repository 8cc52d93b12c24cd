"""Leaves out what a recogniser invented: loops, lines said over and over, text where no voice is, text too fast to say.

``Guard`` judges what was just recognised: one guard for every engine, by what can be seen from outside: the text, its
time, and where the voice gate heard a voice. ``without_loops`` judges files, which a recogniser may have written too,
by their text alone, and lets more repetition pass, since people sing and cheer. No list of known phrases: what a model
invents depends on what it was trained on. What a Whisper says about itself (its confidence) is judged by ``is_unsure``.
The compression ratio and the confidence thresholds are those of
Radford et al. 2022 (arXiv 2212.04356), section 4.5.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace

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

# In files: a phrase of up to so many words, said over and over in one line, so many times and so many words in all.
_PHRASE_WORDS = 12
_PHRASE_TIMES = 4
_PHRASES_WORDS = 12
# In files: a line, or up to so many lines in turn, again and again; one word ("Yeah.") more often than other lines.
_TURNS = 3
_LINE_TIMES = 4
_WORD_TIMES = 6
# Scripts without spaces: each character counts as a word.
_TOKEN = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|[^\W_\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]+"
)

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


def without_loops(said: Sequence[Utterance]) -> tuple[tuple[Utterance, ...], str | None]:
    """The utterances of a file with each loop said once, and a sentence about what was left out, None if nothing was.

    A loop is a phrase of up to 12 words that fills a line four times or more (12 words or more in all), or a line, or
    two or three in turn, by one speaker four times in a row (six times, if it is a single word).
    """
    lines: list[Utterance] = []
    keys: list[tuple[str | None, tuple[str, ...]]] = []
    changed: set[int] = set()
    for number, utterance in enumerate(said):
        tokens = _tokens(utterance.text)
        line = _without_phrases(utterance, tokens)
        if line is not utterance:
            changed.add(number)
            tokens = _tokens(line.text)
        lines.append(line)
        keys.append((line.speaker, tuple(word for word, _ in tokens)))
    dropped: set[int] = set()
    for start, length, end in _runs(keys, _TURNS):
        words = sum(len(words) for _, words in keys[start : start + length])
        if words and end - start >= length * (_LINE_TIMES if words > length else _WORD_TIMES):
            dropped.update(range(start + length, end))
    if not changed and not dropped:
        return tuple(said), None
    kept = tuple(line for number, line in enumerate(lines) if number not in dropped)
    count = len(changed | dropped)
    told, were = (
        ("1 line repeats itself", "was") if count == 1 else (f"{count} lines repeat themselves", "were")
    )
    return kept, f"{told} as only a recogniser does and {were} left out or said once"


def _tokens(text: str) -> list[tuple[str, int]]:
    """Words in lower case, and where they begin."""
    return [(match.group().casefold(), match.start()) for match in _TOKEN.finditer(text)]


def _without_phrases(utterance: Utterance, tokens: Sequence[tuple[str, int]]) -> Utterance:
    words = [word for word, _ in tokens]
    # All but one in ``_PHRASE_TIMES`` words of a loop were said before.
    if _PHRASE_TIMES * (len(words) - len(set(words))) < (_PHRASE_TIMES - 1) * _PHRASES_WORDS:
        return utterance
    kept, at = [], 0
    for start, length, end in _runs(words, _PHRASE_WORDS):
        if end - start >= max(_PHRASES_WORDS, _PHRASE_TIMES * length):
            kept.append(utterance.text[at : tokens[start + length][1]])
            at = tokens[end][1] if end < len(tokens) else len(utterance.text)
    if not kept:
        return utterance
    return replace(utterance, text="".join([*kept, utterance.text[at:]]).strip(), words=())


def _runs(items: Sequence[Hashable], longest: int) -> Iterator[tuple[int, int, int]]:
    """``(start, length, end)`` of stretches in which a unit of up to ``longest`` items follows itself, in order.

    The shortest unit that fits four times wins. Stretches do not overlap. An item is compared with fewer than four
    units of what follows it, or with what is then passed over, so the cost is linear.
    """
    start = 0
    while start < len(items):
        for length in range(1, longest + 1):
            end = start + length
            while end < len(items) and items[end] == items[end - length]:
                end += 1
            if end - start >= _PHRASE_TIMES * length:
                yield start, length, end
                start = end - 1
                break
        start += 1
