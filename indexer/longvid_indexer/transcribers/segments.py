"""What Whisper-like engines give, a segment with words, as utterances on the video's timeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from longvid_indexer.invented import is_unsure
from longvid_indexer.transcribers.words import RecognisedWord
from longvid_indexer.voice import FRAME_S, Stretch
from longvid_indexer.voice_gate import FRAME
from longvid_storage.types import Utterance, Word

# Voices of a stretch are at most two seconds apart for Whisper (``pause_s``): in a longer hole somebody speaks.
_HOLE_S, _VOICED_S = 2.5, 1.0


@dataclass(frozen=True, slots=True)
class RecognisedSegment:
    """One recognised segment; times in seconds from the start of its stretch.

    ``no_speech`` and ``logprob``: what the model says of itself (probability of no speech, mean log probability of
    the text); None where the engine does not tell.
    """

    text: str
    start_s: float
    end_s: float
    words: tuple[RecognisedWord, ...] = ()
    no_speech: float | None = None
    logprob: float | None = None


def to_utterances(
    segments: Iterable[RecognisedSegment], start_s: float, length_s: float, language: str | None
) -> list[Utterance]:
    """Utterances in order of time, all within ``[start_s, start_s + length_s]``.

    Left out: what the model itself takes for no speech, and what begins after the sound ends (such models hear 30 s,
    the rest of which is silence that was added).
    """
    said = []
    for segment in segments:
        begins_s = segment.words[0].start_s if segment.words else segment.start_s
        if not segment.text.strip() or begins_s >= length_s:
            continue
        if (
            segment.no_speech is not None
            and segment.logprob is not None
            and is_unsure(segment.no_speech, segment.logprob)
        ):
            continue
        said.append(_utterance(segment, start_s, length_s, language))
    # Such segments may overlap by some hundredths of a second.
    return sorted(said, key=lambda utterance: (utterance.start_s, utterance.end_s))


def holes(stretch: Stretch, heard: Sequence[Utterance]) -> list[Stretch]:
    """The parts of a stretch before, between and behind what was heard in it, in which there is a voice nevertheless.

    None where nothing was heard: that is what the model takes for no speech.
    """
    if not heard:
        return []
    found, at_s = [], stretch.start_s
    for begin_s, end_s in [*((each.start_s, each.end_s) for each in heard), (stretch.end_s, stretch.end_s)]:
        part = _part(stretch, at_s, begin_s)
        voiced_s = begin_s - at_s if part.voiced is None else float(part.voiced.sum()) * FRAME_S
        if begin_s - at_s >= _HOLE_S and voiced_s >= _VOICED_S:
            found.append(part)
        at_s = max(at_s, end_s)
    return found


def _part(stretch: Stretch, start_s: float, end_s: float) -> Stretch:
    first, last = (max(0, round((at_s - stretch.start_s) / FRAME_S)) for at_s in (start_s, end_s))
    voiced = None if stretch.voiced is None else stretch.voiced[first:last]
    return Stretch(stretch.start_s + first * FRAME_S, stretch.samples[first * FRAME : last * FRAME], voiced)


def _utterance(
    segment: RecognisedSegment, start_s: float, length_s: float, language: str | None
) -> Utterance:
    """The segment's own text is kept: words of Chinese are not joined by spaces."""

    def place(at_s: float, not_before_s: float) -> float:
        return max(not_before_s, start_s + min(max(at_s, 0.0), length_s))

    words: list[Word] = []
    at_s = start_s
    for word in segment.words:
        if text := word.text.strip():
            begin_s = place(word.start_s, at_s)
            at_s = place(word.end_s, begin_s)
            words.append(Word(text, begin_s, at_s))
    begin_s = words[0].start_s if words else place(segment.start_s, start_s)
    until_s = words[-1].end_s if words else place(segment.end_s, begin_s)
    return Utterance(begin_s, until_s, segment.text.strip(), None, language, tuple(words))
