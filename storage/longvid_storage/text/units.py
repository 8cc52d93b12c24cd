"""Which pieces of a video's text search can find: pure, from what the stages wrote.

====================  ===========================================================================
speech / sentence     what one speaker says in a row, up to ``RUN_WORDS`` words or ``RUN_S`` seconds
screen / slide        all text of one slide, or of lines that are on screen together where there are no slides
summary / scene …     title and summary of each scene and event, and of the video
sound / stretch       what is heard, in words, for as long as it is heard
====================  ===========================================================================

A sentence is the smallest thing worth finding; longer spans are sums of sentences, made when a question is asked
(``longvid_storage.search``), so each spoken word is analysed and embedded once.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from longvid_storage.text.languages import guess_language
from longvid_storage.text.sound_words import describe_sound
from longvid_storage.types import ScreenText, Segment, Slide, Sound, Unit, Utterance

RUN_WORDS = 45
RUN_S = 20.0
PAUSE_S = 3.0
ASIDE_WORDS = 3
"""A remark of at most so many words by another ("Mm-hmm") does not end a speaker's run."""

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])")
_UNSPACED_WORD = 2  # letters of a script without spaces that weigh as much as a word
_LETTER_RUN = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


def build_units(
    utterances: Sequence[Utterance],
    slides: Sequence[Slide],
    screen_texts: Sequence[ScreenText],
    segments: Sequence[Segment],
    sounds: Sequence[Sound] = (),
) -> list[Unit]:
    """All units of a video from whatever is known of it so far, each once, in order of channel, size and time."""
    spoken = " ".join(utterance.text for utterance in utterances)
    language = guess_language(spoken or " ".join(line.text for line in screen_texts))
    units = [
        *_sentences(utterances, language),
        *_slide_units(slides, screen_texts, language),
        *_summaries(segments, language),
        *_sounds(sounds),
    ]
    return list(dict.fromkeys(unit for unit in units if unit.text))


def words_in(text: str) -> int:
    """Words as a measure of length; in scripts without spaces, pairs of letters."""
    unspaced = len(_LETTER_RUN.findall(text))
    return len(text.split()) + unspaced // _UNSPACED_WORD


def _sentences(utterances: Iterable[Utterance], language: str | None) -> list[Unit]:
    units: list[Unit] = []
    run: Unit | None = None
    ordered = sorted(utterances, key=lambda utterance: (utterance.start_s, utterance.end_s))
    for piece in (piece for utterance in ordered for piece in _pieces(utterance, language)):
        if run is not None and _continues(run, piece):
            run = _joined(run, piece)
        elif run is not None and piece.speaker != run.speaker and words_in(piece.text) <= ASIDE_WORDS:
            units.append(piece)
        else:
            units.extend([run] if run is not None else [])
            run = piece
    units.extend([run] if run is not None else [])
    return sorted(units, key=lambda unit: (unit.start_s, unit.end_s))


def _continues(run: Unit, piece: Unit) -> bool:
    return (
        piece.speaker == run.speaker
        and piece.language == run.language
        and piece.start_s - run.end_s <= PAUSE_S
        and max(piece.end_s, run.end_s) - run.start_s <= RUN_S
        and words_in(run.text) + words_in(piece.text) <= RUN_WORDS
    )


def _joined(run: Unit, piece: Unit) -> Unit:
    text = f"{run.text} {piece.text}"
    end_s = max(run.end_s, piece.end_s)
    return Unit("speech", "sentence", run.start_s, end_s, text, run.speaker, run.language)


def _pieces(utterance: Utterance, language: str | None) -> Iterator[Unit]:
    """The utterance, or its sentences when it is too long to be found as one."""
    text = " ".join(utterance.text.split())
    spoken = utterance.language or language
    span_s = utterance.end_s - utterance.start_s
    texts = [text]
    if words_in(text) > RUN_WORDS or span_s > 2 * RUN_S:
        texts = [part for sentence in _SENTENCE_END.split(text) if sentence for part in _cut(sentence)]
    letters = sum(map(len, texts))
    done = 0
    for part in texts:
        start_s = utterance.start_s + span_s * done / max(1, letters)
        done += len(part)
        end_s = utterance.start_s + span_s * done / max(1, letters)
        yield Unit("speech", "sentence", start_s, end_s, part, utterance.speaker, spoken)


def _cut(sentence: str) -> list[str]:
    """A sentence without end, in parts of a length that can be found."""
    words = sentence.split()
    if words_in(sentence) <= 2 * RUN_WORDS:
        return [sentence]
    if len(words) > RUN_WORDS:
        return [" ".join(words[at : at + RUN_WORDS]) for at in range(0, len(words), RUN_WORDS)]
    letters = 2 * RUN_WORDS
    return [sentence[at : at + letters] for at in range(0, len(sentence), letters)]


def _slide_units(
    slides: Sequence[Slide], screen_texts: Sequence[ScreenText], language: str | None
) -> Iterator[Unit]:
    lines: defaultdict[tuple[float, float], list[str]] = defaultdict(list)
    for line in screen_texts:
        middle_s = (line.start_s + line.end_s) / 2
        on = next((slide for slide in slides if slide.start_s <= middle_s < slide.end_s), None)
        lines[(on.start_s, on.end_s) if on is not None else (line.start_s, line.end_s)].append(line.text)
    for (start_s, end_s), texts in sorted(lines.items()):
        text = "\n".join(dict.fromkeys(text.strip() for text in texts if text.strip()))
        yield Unit("screen", "slide", start_s, end_s, text, None, guess_language(text) or language)


def _summaries(segments: Sequence[Segment], language: str | None) -> Iterator[Unit]:
    for segment in segments:
        if segment.level == "shot":
            continue
        parts = (part.strip() for part in (segment.title, segment.summary) if part)
        text = ". ".join(dict.fromkeys(part for part in parts if part))
        yield Unit("summary", segment.level, segment.start_s, segment.end_s, text, None, language)


def _sounds(sounds: Sequence[Sound]) -> Iterator[Unit]:
    for sound in sounds:
        yield Unit("sound", "stretch", sound.start_s, sound.end_s, describe_sound(sound.label), None, "en")
