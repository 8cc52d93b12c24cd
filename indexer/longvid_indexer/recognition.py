"""Speech recognition of one file: sound to voiced stretches, stretches to utterances, each at its true time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longvid_storage.types import Utterance, VideoInfo

if TYPE_CHECKING:
    from longvid_indexer.transcriber import Transcriber


@dataclass(frozen=True, slots=True)
class Heard:
    """What was recognised, in order of time, the language most of it is in, and notes for the user."""

    utterances: tuple[Utterance, ...]
    language: str | None
    notes: tuple[str, ...] = ()


def recognise(path: Path, info: VideoInfo, transcriber: Transcriber) -> Heard:
    """Transcribe the sound of a file in one pass and constant memory.

    Raises:
        MediaError: the file cannot be opened.
        ModelError: the recogniser cannot be loaded or run.
    """
    from longvid_indexer.audio import read_audio
    from longvid_indexer.voice import voiced_stretches

    audio = read_audio(path, info)
    said: list[Utterance] = []
    count = silent = 0
    for stretch in voiced_stretches(audio):
        heard = transcriber.transcribe(stretch.samples, stretch.start_s)
        count, silent = count + 1, silent + (not heard)
        said += heard
    notes = list(audio.notes())
    if not count:
        notes.append("there is sound, but no voice in it")
    elif not said:
        notes.append("no speech was recognised")
    elif silent:
        notes.append(f"{silent} of {count} voiced stretches gave no text: music, noise, or unclear speech")
    languages = Counter(utterance.language for utterance in said if utterance.language)
    return Heard(tuple(said), languages.most_common(1)[0][0] if languages else None, tuple(notes))
