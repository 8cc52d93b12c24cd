"""Subtitles in other languages than the transcript's: kept beside it, so that they are found by their words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from unicodedata import name

from longvid_indexer.said import Transcript, said_in, within
from longvid_indexer.subtitles.beside import Sidecar
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.languages import normalise_language
from longvid_indexer.subtitles.reading import read_subtitles
from longvid_indexer.subtitles.tracks import Track, Tracks, read_tracks
from longvid_storage.errors import MediaError
from longvid_storage.text.languages import guess_language
from longvid_storage.types import Utterance, VideoInfo

MOST_TRANSLATIONS = 8
"""Of a film whose subtitles a site translates into a hundred languages, the first so many."""
_NAMED_IN_A_NOTE = 3
_OTHER_LETTERS = 0.1
"""Beyond this share of letters that another text of the same language has not, a text is in another script."""


def with_translations(
    found: Transcript, path: Path, info: VideoInfo, left: Sequence[Sidecar], tracks: Tracks | None = None
) -> Transcript:
    """``found`` with one translation a language and script: out of the files ``left``, then of the film's tracks.

    A language that neither name nor words tell is none; forced subtitles tell a part only. Of a language in two scripts
    (Chinese, Serbian) each is kept.
    """
    kept: list[tuple[Utterance, ...]] = []
    names: list[str] = []
    unused: list[str] = []
    notes = list(found.notes)
    spoken = found.language or _told(found.utterances)
    letters: dict[str, set[str]] = {spoken: set(_letters(found.utterances))} if spoken else {}

    def keep(read: Subtitles, language: str | None, file: str) -> bool:
        late: list[str] = []
        said = within(said_in(read, language)[0], info, late)
        language = language or normalise_language(read.language) or _told(said)
        if language is None or read.telemetry or not said or len(kept) == MOST_TRANSLATIONS:
            return False
        written, known = _letters(said), letters.get(language)
        if known is not None:
            others = sum(count for script, count in written.items() if script not in known)
            if others <= _OTHER_LETTERS * written.total():
                return False
        letters.setdefault(language, set()).update(written)
        kept.append(tuple(replace(each, language=language) for each in said))
        names.append(f"{file} ({language})")
        notes.extend(f"{file}: {note}" for note in (*late, *read.notes()))
        return True

    for sidecar in left:
        read = None if sidecar.partial else _read(sidecar, info, tracks)
        if read is None or not keep(read, sidecar.language, sidecar.path.name):
            unused.append(sidecar.path.name)
    others = _worth_reading(tracks, found.source, tuple(letters)) if tracks else []
    for track, read in zip(others, _read_tracks(path, others, info), strict=True):
        keep(read, track.language, f"track {track.index}")
    if names:
        notes.append(f"kept as translations, found by their words: {_listed(names)}")
    if unused:
        notes.append(
            f"a video has one transcript: other subtitles beside it were not used ({_listed(unused)})"
        )
    counters = {"translations": len(kept)} if kept else {}
    return replace(
        found,
        notes=tuple(notes),
        translations=tuple(kept),
        counters={**found.counters, **counters},
    )


def _told(said: Sequence[Utterance]) -> str | None:
    return guess_language(" ".join(each.text for each in said[:500]))


def _letters(said: Sequence[Utterance]) -> Counter[str]:
    """How many letters are of each script; a Chinese character, which two scripts may share or not, is itself."""
    scripts: Counter[str] = Counter()
    for letter, count in Counter("".join(each.text for each in said)).items():
        if letter.isalpha():
            script = name(letter, "").partition(" ")[0]
            scripts[letter if script == "CJK" else script] += count
    return scripts


def _read(sidecar: Sidecar, info: VideoInfo, tracks: Tracks | None) -> Subtitles | None:
    try:
        timecode_s = tracks.timecode_s if tracks is not None else None
        return read_subtitles(sidecar.path, sidecar.language, info.frame_rate, info.duration_s, timecode_s)
    except MediaError:
        return None


def _worth_reading(tracks: Tracks, source: str, known: Sequence[str | None]) -> list[Track]:
    """The first complete track of each language that is not ``known``, and those that name none."""
    chosen: list[Track] = []
    for track in tracks.text:
        had = (*known, *(each.language for each in chosen))
        other = track.language is None or track.language not in had
        if other and not track.rank[0] and not source.startswith(f"track:{track.index}:"):
            chosen.append(track)
    return chosen[:MOST_TRANSLATIONS]


def _read_tracks(path: Path, tracks: Sequence[Track], info: VideoInfo) -> list[Subtitles]:
    return read_tracks(path, tracks, info.stream_start_s, info.duration_s) if tracks else []


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED_IN_A_NOTE} more" if len(names) > _NAMED_IN_A_NOTE else ""
    return ", ".join(names[:_NAMED_IN_A_NOTE]) + more
