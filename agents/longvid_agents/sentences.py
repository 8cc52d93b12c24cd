"""Readable sentences out of subtitle cues: an utterance may be half a sentence, or ten of them.

Neighbouring cues of one speaker are joined until a sentence ends, the speaker pauses, or the text grows too
long; a cue holding several sentences is cut into them. A sentence keeps the span of exactly the cues it is
made of, so its citation is never wider than what the store holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from longvid_storage.types import Channel, ScreenText, Utterance

# A speaker who stops for longer than this has finished, whatever the punctuation says.
PAUSE_S = 2.0
# Without punctuation everything would become one endless sentence; there a shorter pause ends it.
UNPUNCTUATED_PAUSE_S = 0.6
MAX_WORDS = 60

_END = re.compile(r"(?:[.!?…]+[\"'”’)\]]*(?=\s|$)|[。！？]+[」』”]*|[।؟](?=\s|$))")
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|vs|etc|e\.g|i\.e|cf|fig|eq|no|approx|al)|\b[a-z])\.$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One quotable sentence: ``text`` occurs in what was said or shown during ``[start_s, end_s)``.

    ``start_s`` and ``end_s`` are those of the first and last cue (or of the slide) it was taken from.
    """

    video_id: str
    kind: Channel
    start_s: float
    end_s: float
    text: str
    speaker: str | None = None


@dataclass(slots=True)
class _Run:
    """Cues of one speaker that may still continue the same sentence."""

    cues: list[Utterance]

    def words(self) -> int:
        return sum(len(cue.text.split()) for cue in self.cues)


def speech_sentences(video_id: str, utterances: Iterable[Utterance]) -> list[Sentence]:
    """Sentences spoken in ``utterances`` (any order), by start time; interleaved speakers are kept apart."""
    ordered = sorted(utterances, key=lambda cue: (cue.start_s, cue.end_s))
    punctuated = _mostly_punctuated(ordered)
    pause_s = PAUSE_S if punctuated else UNPUNCTUATED_PAUSE_S
    open_runs: dict[str | None, _Run] = {}
    done: list[_Run] = []
    for cue in ordered:
        if not cue.text.strip():
            continue
        run = open_runs.get(cue.speaker)
        if run is not None and (cue.start_s - run.cues[-1].end_s > pause_s or run.words() >= MAX_WORDS):
            done.append(run)
            run = None
        if run is None:
            run = open_runs[cue.speaker] = _Run([])
        run.cues.append(cue)
        if ends_sentence(cue.text):
            done.append(run)
            del open_runs[cue.speaker]
    done.extend(open_runs.values())
    sentences = [sentence for run in done for sentence in _cut(video_id, run.cues)]
    return sorted(sentences, key=lambda sentence: (sentence.start_s, sentence.end_s))


def screen_sentences(video_id: str, texts: Iterable[ScreenText]) -> list[Sentence]:
    """What slides say, line by line; a line that runs on (the next in lower case) is joined with it."""
    groups: dict[tuple[float, float], list[ScreenText]] = {}
    for text in texts:
        if text.text.strip():
            groups.setdefault((text.start_s, text.end_s), []).append(text)
    sentences: list[Sentence] = []
    for (start_s, end_s), lines in sorted(groups.items()):
        joined: list[str] = []
        for line in (squeeze(text.text) for text in lines):
            if joined and line[0].islower() and not ends_sentence(joined[-1]):
                joined[-1] += " " + line
            else:
                joined.append(line)
        sentences.extend(Sentence(video_id, "screen", start_s, end_s, line) for line in joined)
    return sentences


def split_sentences(text: str) -> list[str]:
    """Cut ``text`` after sentence-ending punctuation; abbreviations and decimal points do not end one."""
    pieces, start = [], 0
    for match in _END.finditer(text):
        if match.group().startswith(".") and _ABBREVIATION.search(text[start : match.start() + 1]):
            continue
        pieces.append(text[start : match.end()].strip())
        start = match.end()
    pieces.append(text[start:].strip())
    return [piece for piece in pieces if piece]


def ends_sentence(text: str) -> bool:
    """True when ``text`` ends with sentence-ending punctuation that is not an abbreviation's."""
    text = text.rstrip()
    matches = list(_END.finditer(text))
    if not matches or matches[-1].end() != len(text):
        return False
    last = matches[-1]
    return not (last.group().startswith(".") and _ABBREVIATION.search(text[: last.start() + 1]))


def squeeze(text: str) -> str:
    """``text`` with every run of white space as one space."""
    return " ".join(text.split())


def _cut(video_id: str, cues: Sequence[Utterance]) -> list[Sentence]:
    texts = [squeeze(cue.text) for cue in cues]
    starts, position = [], 0
    for text in texts:
        starts.append(position)
        position += len(text) + 1
    joined = " ".join(texts)
    sentences, cursor = [], 0
    for piece in split_sentences(joined):
        begin = joined.index(piece, cursor)
        cursor = begin + len(piece)
        used = [
            cue
            for cue, text, start in zip(cues, texts, starts, strict=True)
            if start < cursor and start + len(text) > begin
        ]
        start_s, end_s = min(cue.start_s for cue in used), max(cue.end_s for cue in used)
        sentences.append(Sentence(video_id, "speech", start_s, end_s, piece, used[0].speaker))
    return sentences


def _mostly_punctuated(cues: Sequence[Utterance]) -> bool:
    words = sum(len(cue.text.split()) for cue in cues)
    ends = sum(len(_END.findall(cue.text)) for cue in cues)
    return ends * MAX_WORDS >= words
