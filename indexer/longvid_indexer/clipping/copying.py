"""Packets of a span, as they lie in the file, on the timeline of the clip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from longvid_indexer.clipping.sources import ClipSource, heard, reading, time_of
from longvid_indexer.packets import demux
from longvid_indexer.probe import first_video
from longvid_indexer.remote import as_path

# Every codec's times fit into it without loss that matters.
TICKS = 90_000
BASE = Fraction(1, TICKS)


# Times this far apart are still two times in every container (Matroska counts milliseconds).
_STEP = TICKS // 1000


@dataclass
class Clock:
    """Decoding times of one stream of the clip, which must never stand still."""

    last: int | None = None

    def place(self, packet: Any, pts_s: float, dts_s: float) -> None:
        """Give a packet its times in the clip; its decoding time comes behind that of the one before."""
        lasts_s = (packet.duration or 0) * packet.time_base
        dts = round(dts_s * TICKS)
        if self.last is not None:
            dts = max(dts, self.last + _STEP)
        # A decoding time behind the presentation time would be a picture shown before it exists.
        packet.pts, packet.dts = max(round(pts_s * TICKS), dts), dts
        packet.duration = round(lasts_s * TICKS)
        packet.time_base = BASE
        self.last = dts


@dataclass(frozen=True, slots=True)
class Copied:
    """Pictures to be copied: how long they last, and when each is decoded, in seconds after the first is shown."""

    length_s: float
    dts_s: tuple[float, ...]


def video_packets(source: ClipSource) -> Iterator[Any]:
    """Packets from the keyframe at the span's start until its end, in the order of decoding.

    A picture that is shown after the end comes along only when one within the span is made from it.
    """
    assert source.keyframe_s is not None
    assert source.pictures is not None
    begin_s, end_s = source.keyframe_s, source.span.end_s
    slack_s = 0.25 / source.pictures.rate
    with reading(as_path(source.span.path), source.info, first_video, begin_s) as (container, video):
        waiting: list[Any] = []
        begun = False
        for packet in demux(container, video):
            time_s = time_of(packet, source.info)
            if time_s is None:
                continue
            begun = begun or (packet.is_keyframe and abs(time_s - begin_s) < slack_s)
            # Pictures before the keyframe that are stored behind it need what is not here.
            if not begun or time_s < begin_s - slack_s:
                continue
            if time_s < end_s - slack_s:
                yield from (*waiting, packet)
                waiting = []
            elif (
                packet.dts is None
                or float(packet.dts * packet.time_base) - source.info.stream_start_s < end_s
            ):
                waiting.append(packet)
            else:
                return


def measure(source: ClipSource) -> Copied:
    """Read the times of the packets that would be copied.

    Decoding times come from the times of presentation, in order, moved back until none is behind its picture's:
    what files say about decoding is missing in places (Matroska) and wrong in others.
    """
    assert source.keyframe_s is not None
    assert source.pictures is not None
    times, last_s = [], source.keyframe_s
    for packet in video_packets(source):
        time_s = time_of(packet, source.info)
        assert time_s is not None
        lasts_s = float(packet.duration * packet.time_base) if packet.duration else 1 / source.pictures.rate
        times.append(time_s - source.keyframe_s)
        last_s = max(last_s, time_s + lasts_s)
    ordered = sorted(times)
    delay_s = max(shown - own for shown, own in zip(ordered, times, strict=True))
    return Copied(last_s - source.keyframe_s, tuple(shown - delay_s for shown in ordered))


def audio_packets(source: ClipSource, begin_s: float, end_s: float) -> Iterator[Any]:
    """Packets of sound that begin within ``[begin_s, end_s)``."""
    path = as_path(source.span.path)
    with reading(path, source.info, heard(path, source.info, source.span.audio_track), begin_s) as (
        container,
        audio,
    ):
        for packet in demux(container, audio):
            time_s = time_of(packet, source.info)
            if time_s is None or time_s < begin_s:
                continue
            if time_s >= end_s:
                return
            yield packet
