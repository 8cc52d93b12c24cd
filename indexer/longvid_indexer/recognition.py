"""Speech recognition of one file: sound to voiced stretches, stretches to utterances, each at its true time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from longvid_storage.types import Utterance, VideoInfo

if TYPE_CHECKING:
    from longvid_indexer.transcriber import Transcriber
    from longvid_indexer.voice import Stretch


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was recognised, in order of time, the language most of it is in, and notes for the user, what was heard."""

    utterances: tuple[Utterance, ...]
    language: str | None
    notes: tuple[str, ...] = ()
    counters: Mapping[str, int | float] = field(default_factory=dict)


def recognition_fingerprint(transcriber: Transcriber | None, gate: str = "auto") -> str:
    """Changes whenever a recognised transcript would: the recogniser, the voice gate, or the guard changed."""
    from longvid_indexer.invented import VERSION
    from longvid_indexer.voice_gate import make_gate

    if transcriber is None:
        return "off"
    return f"{transcriber.fingerprint}|{make_gate(gate).name}|{_pause_s(transcriber)}|{VERSION}"


def _pause_s(transcriber: Transcriber) -> float:
    """Up to which pause voices are one stretch: a recogniser that hears windows of 30 s wants them filled."""
    from longvid_indexer.voice import PAUSE_S

    pause_s: float = getattr(transcriber, "pause_s", PAUSE_S)
    return pause_s


def recognise(
    path: Path, info: VideoInfo, transcriber: Transcriber, gate: str = "auto", wanted: str | None = None
) -> Recognition:
    """Transcribe the sound of a file in one pass and constant memory.

    ``wanted``: the sound track, as ``listening.sound_track`` takes it. ``gate``: what tells voice from
    the rest, a name of ``voice_gate.GATES``.

    Raises:
        MediaError: the file cannot be opened.
        ModelError: the recogniser or the gate cannot be loaded or run.
    """
    from longvid_indexer.audio import read_audio
    from longvid_indexer.invented import Guard
    from longvid_indexer.voice import voiced_stretches
    from longvid_indexer.voice_gate import make_gate

    audio = read_audio(path, info, wanted=wanted)
    guard = Guard()
    said: list[Utterance] = []
    count = silent = 0
    stretches = voiced_stretches(audio, make_gate(gate), _pause_s(transcriber))
    for stretch, heard in transcribe_all(transcriber, stretches):
        kept = guard.keep(stretch, heard)
        count, silent = count + 1, silent + (not kept)
        said += kept
    notes = list(audio.notes())
    if not count:
        notes.append("there is sound, but no voice in it")
    elif not said:
        notes.append("no speech was recognised")
    elif silent:
        notes.append(
            f"{silent} of {count} voiced stretches gave no text: music, noise, unclear speech, or another language"
        )
    if invented := guard.note():
        notes.append(invented)
    languages = Counter(utterance.language for utterance in said if utterance.language)
    language = languages.most_common(1)[0][0] if languages else None
    return Recognition(tuple(said), language, tuple(notes), audio.track.counters() if audio.track else {})


def transcribe_all(
    transcriber: Transcriber, stretches: Iterable[Stretch]
) -> Iterator[tuple[Stretch, list[Utterance]]]:
    """Each stretch with what is said in it, in order; several at once where the recogniser can.

    At most ``batch_size`` stretches are held at a time.

    Raises:
        ModelError: the recogniser cannot be loaded or run.
    """
    from longvid_indexer.transcriber import Batched

    waiting = iter(stretches)
    if not isinstance(transcriber, Batched):
        for stretch in waiting:
            yield stretch, transcriber.transcribe(stretch.samples, stretch.start_s)
        return
    while group := list(islice(waiting, transcriber.batch_size)):
        yield from zip(group, transcriber.transcribe_many(group), strict=True)
