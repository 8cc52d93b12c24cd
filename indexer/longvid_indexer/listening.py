"""Which sound of a file is heard: of several tracks the one that holds speech, of its channels those that do.

A recorder writes the desktop, which is silent, first and the microphone second; a camera has the time code on one of
two channels; a film has several languages. So a sample of a few seconds, spread over the file, is listened to, and all
who hear (recognition, speakers, sounds, watching again) hear what was chosen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.mixing import SAMPLE_RATE
from longvid_storage.types import StageResult, VideoInfo

Samples = NDArray[np.float32]

AUTO = "auto"
_ASKED = "sound_track_asked"
# The sample: so many windows of so many seconds. A file no longer than that is heard whole.
_WINDOWS, _WINDOW_S = 24, 5.0
# A track with at least this share of the voice of the one that has most is as good as that: then its marks decide.
_ENOUGH_VOICE = 0.5
# Voices this much softer than another track's have leaked into it.
_LEAKED_DB = 20.0
# One channel alone is taken only where all of them together have less than this share of its voice.
_BURIED = 0.6
_LEAST_VOICE_S = 0.3
# Channels that are this much alike hold the same sound; only others are listened to one by one.
_ALIKE = 0.9
# No linguistic content, by ISO 639-2.
_WORDLESS = "zxx"
_PROGRAM = re.compile(r"handler|core media|mainconcept|gpac|bento4|\bISO\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """The track that is heard: its stream's index, its number among the ``of`` sound tracks (from 1), and how.

    ``channel``: the only one that is heard (from 0), None for all. ``asked``: a user named the track. ``notes``: why,
    where there was a choice.
    """

    index: int
    number: int
    of: int
    channel: int | None = None
    asked: bool = False
    notes: tuple[str, ...] = ()

    def counters(self) -> dict[str, int | float]:
        """What a stage that heard it records; nothing where there was nothing to choose."""
        found: dict[str, int | float] = {}
        if self.of > 1:
            found = {"sound_track": self.number, "sound_tracks": self.of}
        if self.asked:
            found[_ASKED] = 1
        return found if self.channel is None else {**found, "sound_channel": self.channel + 1}


def sound_track(path: Path, info: VideoInfo, wanted: str | None = None) -> SoundTrack | None:
    """The sound to hear, None where there is none; the answer is remembered while the file does not change.

    Args:
        wanted: the number of a sound track (from 1) or its language (``de``, ``deu``, ``German``); None or ``"auto"``
            for the one that holds speech. A track that isn't there is told in the notes, and the choice is automatic.

    Raises:
        MediaError: the file cannot be opened. ModelError: the voice gate fails.
    """
    stat = path.stat()
    return _chosen(path, info, None if wanted == AUTO else wanted, stat.st_size, stat.st_mtime_ns)


def asked_before(stages: Iterable[StageResult]) -> str | None:
    """The number of the sound track that a user named when the video was indexed; None where that was left open."""
    for result in stages:
        if result.counters.get(_ASKED):
            return str(int(result.counters.get("sound_track", 1)))
    return None


@dataclass(frozen=True, slots=True)
class _Track:
    index: int
    number: int
    name: str
    language: str | None
    marked: bool
    apart: bool
    channels: int


@lru_cache(maxsize=256)
def _chosen(path: Path, info: VideoInfo, wanted: str | None, size: int, mtime_ns: int) -> SoundTrack | None:
    tracks = list(_tracks(path))
    if not tracks:
        return None
    notes: list[str] = []
    asked = None if wanted is None else _asked(tracks, wanted, notes)
    listened = [asked] if asked is not None else tracks
    if len(listened) == 1 and listened[0].channels == 1:
        only = listened[0]
        return SoundTrack(only.index, only.number, len(tracks), None, asked is not None, tuple(notes))
    heard = _Sample(path, info, listened)
    track = asked or _best(tracks, heard, notes)
    channel = heard.channel(track)
    if channel is not None:
        notes.append(f"channel {channel + 1} of {track.channels} was heard: the others bury the voice in it")
    return SoundTrack(track.index, track.number, len(tracks), channel, asked is not None, tuple(notes))


def _tracks(path: Path) -> Iterator[_Track]:
    from av.stream import Disposition

    from longvid_indexer.opening import open_media
    from longvid_indexer.probe import sounding
    from longvid_indexer.subtitles.languages import normalise_language

    aside = (
        Disposition.comment | Disposition.visual_impaired | Disposition.karaoke | Disposition.clean_effects
    )
    with open_media(path) as container:
        for number, stream in enumerate(sounding(container), 1):
            tag = stream.metadata.get("language")
            title = _title(stream.metadata)
            language = normalise_language(tag)
            name = ", ".join(dict.fromkeys(filter(None, (title, language))))
            yield _Track(
                stream.index,
                number,
                f"{number} ({name})" if name else str(number),
                language,
                bool(stream.disposition & Disposition.default),
                bool(stream.disposition & aside) or tag == _WORDLESS or "commentary" in title.lower(),
                stream.codec_context.layout.nb_channels or 1,
            )


def _title(metadata: Mapping[str, str]) -> str:
    """What somebody called the track; MP4 keeps it as the name of the handler, where programs put their own."""
    handler = metadata.get("handler_name", "")
    title = metadata.get("title") or ("" if _PROGRAM.search(handler) else handler)
    return " ".join(title.split())


def _asked(tracks: Sequence[_Track], wanted: str, notes: list[str]) -> _Track | None:
    from longvid_indexer.subtitles.languages import normalise_language

    wanted = wanted.strip()
    language = normalise_language(wanted)
    for track in tracks:
        if wanted == str(track.number) or (language is not None and language == track.language):
            return track
    names = ", ".join(track.name for track in tracks)
    notes.append(f"there is no sound track {wanted!r}: the file has {names}; the choice was left to longvid")
    return None


def _best(tracks: Sequence[_Track], heard: _Sample, notes: list[str]) -> _Track:
    """The track that holds speech; of several the one that is no comment and is marked, else the first."""
    voices = {track: heard.voice(track) for track in tracks}
    most_s = max(voice.seconds for voice in voices.values())
    if most_s < _LEAST_VOICE_S:
        good = [track for track in tracks if not heard.silent(track)] or list(tracks)
    else:
        with_voice = [t for t in tracks if voices[t].seconds >= _LEAST_VOICE_S]
        loudest_db = max(voices[t].loudness_db for t in with_voice)
        loud = [t for t in with_voice if voices[t].loudness_db >= loudest_db - _LEAKED_DB]
        most_s = max(voices[t].seconds for t in loud)
        good = [t for t in loud if voices[t].seconds >= _ENOUGH_VOICE * most_s]
    best = min(good, key=lambda track: (track.apart, not track.marked, track.number))
    if len(tracks) > 1:
        others = "; ".join(
            f"{t.name}: {'silent' if heard.silent(t) else f'voice in {voices[t].share:.0%} of it'}"
            for t in tracks
        )
        notes.append(
            f"sound track {best.name} of {len(tracks)} was heard, by a sample ({others});"
            " --audio-track names another one"
        )
    return best


@dataclass(frozen=True, slots=True)
class _Voice:
    seconds: float
    share: float
    loudness_db: float


class _Sample:
    """A few seconds of each track, spread over the file."""

    def __init__(self, path: Path, info: VideoInfo, tracks: Sequence[_Track]) -> None:
        self._planar = _sample(path, info, [track.index for track in tracks])

    def _sound(self, track: _Track) -> Samples:
        return self._planar[track.index]

    def silent(self, track: _Track) -> bool:
        """Whether nothing can be heard in it (below -80 dB of full scale)."""
        return float(np.abs(self._sound(track)).max(initial=0.0)) < 1e-4

    def voice(self, track: _Track) -> _Voice:
        """How much voice there is in the loudest of its channels."""
        return max((_voice(each) for each in self._sound(track)), key=lambda voice: voice.seconds)

    def channel(self, track: _Track) -> int | None:
        """The channel to hear alone, because the others bury the voice in it; None for all of them."""
        planar = self._sound(track)
        if len(planar) != 2 or _likeness(planar) > _ALIKE:
            return None
        voices = [_voice(each) for each in planar]
        best = int(np.argmax([voice.seconds for voice in voices]))
        if voices[best].seconds < _LEAST_VOICE_S:
            return None
        # Channels that cancel are the mixer's to tell, as it may be so in a part of the file only.
        seconds = np.array_split(planar, max(1, planar.shape[1] // SAMPLE_RATE), axis=1)
        together = np.concatenate(
            [part.mean(axis=0) if _likeness(part) > -_ALIKE else part[best] for part in seconds]
        )
        return best if _voice(together).seconds < _BURIED * voices[best].seconds else None


def _likeness(planar: Samples) -> float:
    """Correlation of two channels, -1 to 1; 1 where one of them is silent."""
    energies = (planar.astype(np.float64) ** 2).sum(axis=1)
    if energies.min() <= 1e-6 * max(energies.max(), 1e-12):
        return 1.0
    return float((planar[0].astype(np.float64) * planar[1]).sum() / np.sqrt(energies.prod()))


def _voice(samples: Samples) -> _Voice:
    from longvid_indexer.voice import FRAME_S, band_energy_db
    from longvid_indexer.voice_gate import FRAME, WINDOW, make_gate

    gate = make_gate()
    size, voiced, loudness = WINDOW * FRAME, [np.zeros(0, bool)], [np.zeros(0, np.float32)]
    for start in range(0, len(samples) // FRAME * FRAME, size):
        window = samples[start : start + size]
        window = np.ascontiguousarray(window[: len(window) // FRAME * FRAME])
        energies = band_energy_db(window)
        voiced.append(gate.voiced(window, energies))
        loudness.append(energies)
    spoken = np.concatenate(voiced)
    if not spoken.any():
        return _Voice(0.0, 0.0, -120.0)
    loud_db = float(np.median(np.concatenate(loudness)[spoken]))
    return _Voice(float(spoken.sum()) * FRAME_S, float(spoken.mean()), loud_db)


def _sample(path: Path, info: VideoInfo, indices: Sequence[int]) -> dict[int, Samples]:
    """Sound of each of the streams, (channels, n) at 16 kHz: the same windows of all."""
    import av
    from av.error import FFmpegError

    from longvid_indexer.opening import open_media
    from longvid_indexer.packets import breaks

    taken: dict[int, list[Samples]] = {index: [] for index in indices}
    with open_media(path) as container:
        streams = [container.streams[index] for index in indices]
        resamplers: dict[tuple[object, ...], Any] = {}
        try:
            for frame, index in _decoded(container, streams, _windows(info), info, seek=not breaks(path)):
                shape = (index, frame.format.name, frame.layout.name, frame.sample_rate)
                if shape not in resamplers:
                    resamplers[shape] = av.AudioResampler(
                        format="fltp", layout=frame.layout, rate=SAMPLE_RATE
                    )
                frame.pts = None
                taken[index] += [each.to_ndarray() for each in resamplers[shape].resample(frame)]
        except FFmpegError:
            pass  # cut off: what was heard so far is the sample
    return {index: _joined(blocks) for index, blocks in taken.items()}


def _joined(blocks: list[Samples]) -> Samples:
    """One array; where the layout changes midway, the channels that all blocks have."""
    if not blocks:
        return np.zeros((1, 0), np.float32)
    channels = min(len(block) for block in blocks)
    return np.concatenate([block[:channels] for block in blocks], axis=1)


def _windows(info: VideoInfo) -> list[tuple[float, float]]:
    length_s = info.duration_s
    if length_s <= _WINDOWS * _WINDOW_S:
        return [(0.0, max(length_s, _WINDOWS * _WINDOW_S))]
    return [
        (middle_s - _WINDOW_S / 2, middle_s + _WINDOW_S / 2)
        for middle_s in ((i + 0.5) * length_s / _WINDOWS for i in range(_WINDOWS))
    ]


def _decoded(
    container: Any, streams: list[Any], windows: Sequence[tuple[float, float]], info: VideoInfo, *, seek: bool
) -> Iterator[tuple[Any, int]]:
    from av.error import FFmpegError

    from longvid_indexer.packets import OneClock, demux

    clock = OneClock()
    for from_s, to_s in windows:
        if seek and from_s > 0:
            container.seek(round((from_s + info.stream_start_s) * 1_000_000), backward=True)
        waiting = {stream.index for stream in streams}
        for packet in demux(container, *streams, clock=clock if not seek else None):
            at_s = _time_s(packet, info)
            if at_s is None or at_s < from_s:
                continue
            if at_s >= to_s:
                waiting.discard(packet.stream.index)
                if not waiting:
                    break
                continue
            try:
                for frame in packet.decode():
                    yield frame, packet.stream.index
            except FFmpegError:
                continue  # a damaged packet: the others tell enough


def _time_s(packet: Any, info: VideoInfo) -> float | None:
    stamp = packet.pts if packet.pts is not None else packet.dts
    return None if stamp is None else float(stamp * packet.time_base) - info.stream_start_s
