"""The sound of a file as mono, 16 kHz unless asked otherwise, on the video's timeline, in constant memory.

Sample ``i`` of the whole stream of blocks is the sound at ``i / rate`` seconds: time comes from the timestamps, never
from counting samples alone, so a track that starts late, has holes, or runs on a slow clock lands where it is heard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.listening import SoundTrack, sound_track
from longvid_indexer.mixing import SAMPLE_RATE, Mixer
from longvid_indexer.opening import open_media
from longvid_indexer.packets import breaks, broken_clock, demux
from longvid_indexer.reached import reached
from longvid_storage.types import VideoInfo

# Sound may lie this far from its timestamp before it is moved; a tenth of a syllable, and above timestamp rounding.
_TOLERANCE_S = 0.04
# A jump back further than this is a new count of time (joined files), not an overlap.
_RESTART_S = 1.0
# Entered this much early: decoders of sound need what comes before, and containers find their place roughly.
_LEAD_S = 2.0
# A timestamp this far beyond the end of the video is an error in the file, not a silence to wait for.
_BEYOND_S = 60.0

Samples = NDArray[np.float32]


class Audio:
    """Iterate over it once, for float32 blocks in [-1, 1] of at most one second; ``counters`` fill meanwhile.

    The first sample is the sound at ``from_s``; the file is entered near there. ``wanted``: the sound track to hear, as
    ``listening.sound_track`` takes it; ``track`` is the one that is heard, once iteration has begun.
    """

    def __init__(
        self,
        path: Path,
        info: VideoInfo,
        rate: int = SAMPLE_RATE,
        from_s: float = 0.0,
        wanted: str | None = None,
    ) -> None:
        self.path = path
        self.info = info
        self.rate = rate
        self.counters: Counter[str] = Counter()
        self.track: SoundTrack | None = None
        self._wanted = wanted
        self._from_s = from_s
        self._out = _Timeline(rate, from_s)

    def notes(self) -> tuple[str, ...]:
        """What was wrong with the sound, one sentence each."""
        found = list(self.track.notes) if self.track is not None else []
        if self.counters["cancelled"] > self.rate:
            found.append(
                f"its channels cancel each other for {self.counters['cancelled'] / self.rate:.0f} s: the louder one"
                " was heard there instead of their sum"
            )
        if count := self.counters["undecodable_packets"]:
            found.append(
                f"{count} packet{'s' * (count != 1)} of sound could not be decoded; silence stands in for them"
            )
        if self.counters["cut_off"]:
            found.append(
                f"the sound ends early, at {self._out.end_s:.1f} s: the file is damaged or cut off there"
            )
        if count := len(breaks(self.path)):
            found.append(broken_clock(count))
        if count := self.counters["restarts"]:
            found.append(
                f"the time stamps of the sound jump back {count} time{'s' * (count != 1)}; it was joined end to end"
            )
        return tuple(found)

    def __iter__(self) -> Generator[Samples]:
        frames = self._frames()
        mixer: Mixer | None = None
        shape: tuple[object, ...] = ()
        anchor_s, since = 0.0, 0.0
        for frame in frames:
            at_s = self._time(frame, anchor_s + since)
            now = (frame.format.name, frame.layout.name, frame.sample_rate)
            if mixer is None or now != shape or abs(at_s - (anchor_s + since)) > _TOLERANCE_S:
                yield from self._end(mixer)
                mixer, shape = Mixer(frame, self.rate, self.track.channel if self.track else None), now
                anchor_s, since = at_s, 0.0
                yield from self._out.move_to(at_s)
            since += frame.samples / frame.sample_rate
            reached(at_s / max(self.info.duration_s, at_s, 1e-9))
            frame.pts = None
            yield from self._out.add(mixer.add(frame))
        yield from self._end(mixer)

    def _end(self, mixer: Mixer | None) -> Iterator[Samples]:
        if mixer is not None:
            yield from self._out.add(mixer.add(None))
            self.counters["cancelled"] += mixer.cancelled

    def _time(self, frame: Any, expected_s: float) -> float:
        """Where the frame lies on the timeline; a missing or absurd timestamp means: right after the one before."""
        if frame.pts is None:
            return expected_s
        at_s = float(frame.pts * frame.time_base) - self.info.stream_start_s + self._shift_s
        if at_s > max(self.info.duration_s, expected_s) + _BEYOND_S:
            return expected_s
        if at_s < expected_s - _RESTART_S:
            self.counters["restarts"] += 1
            self._shift_s += expected_s - at_s
            return expected_s
        return at_s

    _shift_s = 0.0

    def _frames(self) -> Iterator[Any]:
        from av.error import FFmpegError

        self.track = sound_track(self.path, self.info, self._wanted)
        if self.track is None:
            return
        with open_media(self.path) as container:
            stream = container.streams[self.track.index]
            enter_s = self._from_s - _LEAD_S + self.info.stream_start_s if self._from_s > _LEAD_S else None
            # Times say nothing about places in a file whose clock breaks.
            if enter_s is not None and not breaks(self.path):
                container.seek(int(enter_s * 1_000_000))
            packets = demux(container, stream)
            while True:
                try:
                    packet = next(packets, None)
                except FFmpegError:
                    self.counters["cut_off"] += 1
                    return
                if packet is None:
                    return
                if enter_s is not None and packet.pts is not None and packet.pts * packet.time_base < enter_s:
                    continue
                try:
                    yield from packet.decode()
                except FFmpegError:
                    self.counters["undecodable_packets"] += 1


def read_audio(path: Path, info: VideoInfo, rate: int = SAMPLE_RATE, wanted: str | None = None) -> Audio:
    """The sound of a file, ``rate`` samples a second; nothing when there is none.

    ``wanted``: the sound track to hear, as ``listening.sound_track`` takes it; None for the one that holds speech.

    Raises:
        MediaError: (while iterating) the file cannot be opened.
    """
    return Audio(path, info, rate, wanted=wanted)


def audio_between(
    path: Path, info: VideoInfo, from_s: float, to_s: float, wanted: str | None = None
) -> Samples:
    """The sound of ``[from_s, to_s)`` as 16 kHz mono, shape (n,); shorter where it ends, empty when there is none.

    ``wanted``: as ``read_audio`` takes it.

    Raises:
        MediaError: the file cannot be opened.
    """
    count = max(0, round((to_s - from_s) * SAMPLE_RATE))
    blocks, had = [np.zeros(0, np.float32)], 0
    with closing(iter(Audio(path, info, from_s=from_s, wanted=wanted))) as audio:
        while had < count and (block := next(audio, None)) is not None:
            blocks.append(block)
            had += len(block)
    return np.concatenate(blocks)[:count]


class _Timeline:
    """Counts what was given out, so that the next sample can be put at a given time: by silence, or by leaving out."""

    def __init__(self, rate: int, from_s: float = 0.0) -> None:
        self.rate = rate
        self.position = round(from_s * rate)
        self.skip = 0

    @property
    def end_s(self) -> float:
        return self.position / self.rate

    def move_to(self, at_s: float) -> Iterator[Samples]:
        """Silence up to a time that lies ahead; a time that lies behind makes the next samples be left out."""
        target = round(at_s * self.rate)
        self.skip = max(0, self.position - target)
        while self.position < target:
            count = min(self.rate, target - self.position)
            self.position += count
            yield np.zeros(count, np.float32)

    def add(self, mono: list[Samples]) -> Iterator[Samples]:
        for samples in mono:
            if self.skip:
                left_out = min(self.skip, len(samples))
                self.skip -= left_out
                samples = samples[left_out:]
            for start in range(0, len(samples), self.rate):
                block = samples[start : start + self.rate]
                self.position += len(block)
                yield block
