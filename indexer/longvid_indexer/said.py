"""What subtitles say: cues to utterances, without what nobody said, as far as the video goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from longvid_indexer.invented import without_loops
from longvid_indexer.subtitles.cleaning import join_brackets, tidy_line
from longvid_indexer.subtitles.cue import Cue, CueLine, Subtitles
from longvid_indexer.subtitles.speakers import Turn, turns_of
from longvid_storage.types import Sound, Utterance, VideoInfo, Word

_JOINS_HALVES = (
    "and",
    "or",
    "und",
    "oder",
    "bis",
    "sowie",
    "et",
    "ou",
    "y",
    "o",
    "e",
    "en",
    "of",
    "och",
    "eller",
    "og",
    "i",
    "и",
    "или",
    "to",
)


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is said, in order of time.

    ``source``: ``"sidecar:NAME"``, ``"track:INDEX:LANGUAGE"``, ``"speech:ENGINE"``, ``"file"`` (a lone transcript), or
    ``"none"``. ``language``: two letters where known. ``notes``: what a user should know about it, one sentence each.
    ``sounds``: those that subtitles describe. ``translations``: subtitles in other languages, one a language.
    ``counters``: which sound was heard, where there was a choice;
    ``times_guessed`` of so many utterances.
    """

    utterances: tuple[Utterance, ...]
    source: str
    language: str | None = None
    notes: tuple[str, ...] = ()
    sounds: tuple[Sound, ...] = ()
    counters: Mapping[str, int | float] = field(default_factory=dict)
    translations: tuple[tuple[Utterance, ...], ...] = ()


def said_in(read: Subtitles, language: str | None) -> tuple[tuple[Utterance, ...], tuple[str, ...]]:
    """What a file says without what a recogniser invented, and a note on that."""
    said, note = without_loops(to_utterances(read, language))
    return said, () if note is None else (note,)


def within(utterances: Iterable[Utterance], info: VideoInfo, notes: list[str]) -> tuple[Utterance, ...]:
    """Only what a player would show: cues after the end are left out, the last one ends with the video."""
    utterances = tuple(utterances)
    kept = tuple(_cut(u, info.duration_s) for u in utterances if u.start_s < info.duration_s)
    if late := len(utterances) - len(kept):
        begin, were = ("cue begins", "was") if late == 1 else ("cues begin", "were")
        notes.append(
            f"{late} {begin} after the end of the video and {were} left out: are they of another cut?"
        )
    return kept


def _cut(utterance: Utterance, end_s: float) -> Utterance:
    if utterance.end_s <= end_s:
        return utterance
    words = tuple(
        Word(w.text, min(w.start_s, end_s), min(w.end_s, end_s)) for w in utterance.words if w.start_s < end_s
    )
    # Words that no longer tell the whole text are worse than none.
    return replace(utterance, end_s=end_s, words=words if len(words) == len(utterance.words) else ())


def to_utterances(read: Subtitles, language: str | None) -> tuple[Utterance, ...]:
    """Cues to utterances in order of time: one a cue, or one a speaker where several speak in it."""
    cues = [replace(cue, lines=tuple(join_brackets(cue.lines))) for cue in read.cues]
    spoken = zip(cues, turns_of(cues, voices_last=read.voices_last), strict=True)
    made = [u for cue, turns in spoken for u in _cue_utterances(cue, turns, language)]
    return tuple(sorted(made, key=lambda u: (u.start_s, u.end_s)))


def _cue_utterances(cue: Cue, turns: list[Turn], language: str | None) -> list[Utterance]:
    made = []
    for speaker, raw in turns:
        lines = list(filter(None, map(tidy_line, raw)))
        text = _together(lines)
        if text:
            made.append(Utterance(cue.start_s, cue.end_s, text, speaker, language, _words_of(lines)))
    return made


def _together(lines: list[CueLine]) -> str:
    """The lines as one text; a word that was broken at a hyphen has no space behind it ("well-" and "known")."""
    parts = [line.text for line in lines[:1]]
    for before, line in pairwise(lines):
        broken = before.text[-1:] == "-" and before.text[-3:-1].isalpha() and line.text[:1].islower()
        # "Vor- und Nachteile": the hyphen stands for what comes later.
        whole = broken and line.text.split(maxsplit=1)[0] not in _JOINS_HALVES
        parts.append(line.text if whole else f" {line.text}")
    return "".join(parts)


def _words_of(lines: list[CueLine]) -> tuple[Word, ...]:
    """The words of all lines, if they are exactly the text (a name or a dash taken off leaves them out)."""
    words = tuple(word for line in lines for word in line.words)
    said = " ".join(line.text for line in lines).split()
    at = len(words) - len(said)
    if at < 0 or [word.text for word in words[at:]] != said:
        return ()
    return words[at:]
