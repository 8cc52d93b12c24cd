"""The transcript of one video: subtitles beside it, subtitles inside it, or speech recognition, in that order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from longvid_indexer.info_json import spoken_language
from longvid_indexer.said import Transcript, said_in, within
from longvid_indexer.subtitles.beside import NOTHING_BESIDE, Beside, Sidecar, Sidecars, in_order
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.languages import normalise_language
from longvid_indexer.subtitles.reading import read_subtitles
from longvid_indexer.subtitles.sounds import described_sounds
from longvid_indexer.subtitles.talks import talk_of
from longvid_indexer.subtitles.telemetry import TELEMETRY
from longvid_indexer.translations import with_translations
from longvid_storage.errors import MediaError
from longvid_storage.text.languages import guess_language
from longvid_storage.types import Sound, Utterance, VideoInfo

if TYPE_CHECKING:
    from longvid_indexer.subtitles.tracks import Tracks
    from longvid_indexer.transcriber import Transcriber

_ENOUGH = 500
"""Cues that tell the language of all."""


def make_transcript(
    path: Path,
    info: VideoInfo,
    transcriber: Transcriber | None,
    beside: Beside | None = None,
    *,
    wanted: str | None = None,
) -> Transcript:
    """Take the first source that has words; ``transcriber`` None means that speech is not recognised.

    ``beside``: what lies beside the file, where that is known already. ``wanted``: the sound track to hear, as
    ``listening.sound_track`` takes it.

    Raises:
        MediaError: the file cannot be read.
        ModelError: the recogniser cannot be loaded or run.
    """
    if info.media_type == "transcript":
        return _alone(path, info, beside or NOTHING_BESIDE)
    beside = beside or Sidecars().of(path)
    notes = [*beside.notes]
    tracks = _list_tracks(path)
    spoken = tracks.spoken or spoken_language(beside.site)
    left = in_order(_with_languages(beside.taken, spoken, info), spoken)
    found = _beside(left, info, tracks.timecode_s, notes) or _inside(path, info, tracks, notes)
    if found is not None:
        return with_translations(found, path, info, left, tracks)
    if not info.has_audio:
        return Transcript((), "none", None, (*notes, "no audio stream and no subtitles: nothing is said"))
    if transcriber is None:
        return Transcript(
            (), "none", None, (*notes, "no subtitles, and speech recognition is off: no transcript")
        )
    from longvid_indexer.recognition import recognise

    heard = recognise(path, info, transcriber, wanted=wanted)
    return Transcript(
        heard.utterances,
        f"speech:{transcriber.name}",
        heard.language,
        (*notes, *heard.notes),
        counters=heard.counters,
    )


def _alone(path: Path, info: VideoInfo, beside: Beside) -> Transcript:
    """A transcript without media, with the other files of its talk."""
    read = read_subtitles(path, _language_of_name(path))
    if read.telemetry:  # the file was another one when it was probed
        return Transcript((), "file", None, (f"{path.name} {TELEMETRY}",))
    language = read.language or _language_of_name(path)
    said, more = said_in(read, language)
    notes = (*beside.notes, *read.notes(), *more)
    found = Transcript(said, "file", language, notes, described_sounds(read), _guessed(read, said))
    whole = with_translations(found, path, info, in_order(beside.taken, None))
    unsure = () if spoken_language(beside.site) else _guessed_spoken(path, whole)
    return replace(whole, notes=(*whole.notes, *unsure))


def _guessed_spoken(path: Path, whole: Transcript) -> Iterator[str]:
    """Of a talk without media, whose names call none of several languages the spoken one, and none is English."""
    name, first = talk_of(path)
    others = list(dict.fromkeys(str(said[0].language) for said in whole.translations))
    if first.language not in (None, "en") and others and not first.original:
        yield (
            f"no name says which language is spoken: {path.name} is taken for it, and not {', '.join(others)};"
            f" call the right one '{name}{path.suffix}' or '{name}.{others[0]}-orig{path.suffix}'"
        )


def _with_languages(taken: Sequence[Sidecar], spoken: str | None, info: VideoInfo) -> list[Sidecar]:
    """Where a file is of the language that is spoken, one that names none and has words of another is of that one."""
    if spoken is None or not any(each.language == spoken and not each.partial for each in taken):
        return list(taken)
    told = ((each, _language_of_words(each, info) if each.language is None else None) for each in taken)
    return [each if its in (None, spoken) else replace(each, language=its) for each, its in told]


def _language_of_words(sidecar: Sidecar, info: VideoInfo) -> str | None:
    try:
        read = read_subtitles(sidecar.path, None, info.frame_rate, info.duration_s)
    except MediaError:
        return None  # told when its turn comes
    said = " ".join(line.text for cue in read.cues[:_ENOUGH] for line in cue.lines)
    return read.language or guess_language(said)


def _language_of_name(path: Path) -> str | None:
    return normalise_language(Path(path.stem).suffix.lstrip("."))


def _list_tracks(path: Path) -> Tracks:
    from longvid_indexer.subtitles.tracks import list_tracks

    return list_tracks(path)


def _beside(
    left: list[Sidecar], info: VideoInfo, timecode_s: float | None, notes: list[str]
) -> Transcript | None:
    """The first that has words; those that were tried are taken from ``left``."""
    while left:
        sidecar = left.pop(0)
        try:
            read = read_subtitles(
                sidecar.path, sidecar.language, info.frame_rate, info.duration_s, timecode_s
            )
        except MediaError as error:
            notes.append(error.message)
            continue
        if read.telemetry:
            notes.append(f"{sidecar.path.name} {TELEMETRY}")
            continue
        language = sidecar.language or read.language
        said, more = said_in(read, language)
        utterances = within(said, info, notes)
        notes += [f"{sidecar.path.name}: {note}" for note in (*read.notes(), *more)]
        if utterances:
            source = f"sidecar:{sidecar.path.name}"
            sounds, guessed = _heard(read, info), _guessed(read, utterances)
            return Transcript(utterances, source, language, tuple(notes), sounds, guessed)
        what = "has no readable cue" if not read.cues else "says nothing while the video lasts"
        notes.append(f"{sidecar.path.name} {what} and was passed over")
    return None


def _inside(path: Path, info: VideoInfo, tracks: Tracks, notes: list[str]) -> Transcript | None:
    from longvid_indexer.subtitles.tracks import IN_PICTURES, captions_in_pictures, read_track

    for track in chain(tracks.text, captions_in_pictures(path)):
        read = read_track(path, track, info.stream_start_s, info.duration_s)
        if read.telemetry:
            notes.append(f"subtitle track {track.index} {TELEMETRY}")
            continue
        said, more = said_in(read, track.language)
        utterances = within(said, info, notes)
        if utterances:
            notes += (*read.notes(), *more)
            source = f"track:{track.index}:{track.language or 'und'}"
            sounds, guessed = _heard(read, info), _guessed(read, utterances)
            return Transcript(utterances, source, track.language, tuple(notes), sounds, guessed)
        if track.codec != IN_PICTURES:  # senders put empty ones into every picture
            notes.append(f"subtitle track {track.index} ({track.codec}) has no text and was passed over")
    if tracks.pictures:
        kinds = ", ".join(sorted(set(tracks.pictures)))
        notes.append(f"subtitle tracks of pictures or teletext are not read ({kinds})")
    return None


def _guessed(read: Subtitles, said: Sequence[Utterance]) -> dict[str, int | float]:
    return {"times_guessed": len(said)} if read.guessed else {}


def _heard(read: Subtitles, info: VideoInfo) -> tuple[Sound, ...]:
    """The sounds that a player would show a description of."""
    end_s = info.duration_s
    sounds = (sound for sound in described_sounds(read) if sound.start_s < end_s)
    return tuple(replace(sound, end_s=min(sound.end_s, end_s)) for sound in sounds)
