"""What a span of a file is made of, and whether its pictures can be copied as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from longvid_indexer.listening import sound_track
from longvid_indexer.opening import open_media
from longvid_indexer.packets import breaks, demux
from longvid_indexer.probe import first_video, probe
from longvid_indexer.remote import as_path
from longvid_storage.errors import MediaError
from longvid_storage.text.timecode import format_span, format_time
from longvid_storage.types import MediaSpan, VideoInfo

_FALLBACK_RATE = 25.0


@dataclass(frozen=True, slots=True)
class Pictures:
    """A video stream: stored size, pixel format, shape of a pixel, frames a second, and its header."""

    codec: str
    width: int
    height: int
    pixels: str
    aspect: float
    rate: float
    turned: bool
    header: bytes

    @property
    def alike(self) -> tuple[object, ...]:
        """What must agree for packets of two streams to follow each other."""
        return self.codec, self.width, self.height, self.pixels, round(self.aspect, 4)


@dataclass(frozen=True, slots=True)
class AudioStream:
    """An audio stream."""

    codec: str
    rate: int
    layout: str
    header: bytes


@dataclass(frozen=True, slots=True)
class ClipSource:
    """A span with the streams that it is cut from.

    ``keyframe_s`` is the time of the keyframe that is shown at its start, None when another frame is.
    ``whole``: a decoder can begin at that keyframe knowing nothing of what came before.
    """

    span: MediaSpan
    info: VideoInfo
    pictures: Pictures | None
    sound: AudioStream | None
    keyframe_s: float | None = None
    whole: bool = False


def look(span: MediaSpan) -> ClipSource:
    """Open the span's file and see what is there; the span is cut to the length of the file.

    Raises:
        MediaError: the file is gone, is no film or sound (``"no_film"``), or ends before the span (``"beyond_end"``).
    """
    path = as_path(span.path)
    info = probe(path, span.video_id)
    if info.media_type == "transcript":
        raise MediaError(
            f"{span.path} is a transcript without a film, so nothing can be cut from it: cut another video",
            code="no_film",
        )
    if span.start_s >= info.duration_s:
        raise MediaError(
            f"{span.path} is {format_time(info.duration_s)} long, and the span "
            f"{format_span(span.start_s, span.end_s)} lies behind its end: give times within it",
            code="beyond_end",
        )
    span = replace(span, end_s=min(span.end_s, info.duration_s))
    with open_media(path) as container:
        video, audio = first_video(container), heard(path, info, span.audio_track)(container)
        sound = None if audio is None else _sound(audio)
        if video is None:
            return ClipSource(span, info, None, sound)
        turned = (info.width, info.height) != (video.width, video.height) or _turned(container, video)
        pictures = _pictures(video, turned)
    with reading(path, info, first_video, span.start_s) as (container, video):
        keyframe = _keyframe_at(container, video, info, span.start_s)
    if keyframe is None:
        return ClipSource(span, info, pictures, sound)
    return ClipSource(span, info, pictures, sound, *keyframe)


def heard(path: Path, info: VideoInfo, wanted: str | None = None) -> Callable[[Any], Any]:
    """Finds in the opened file the sound that is heard, or the track that is named; None where there is none."""
    track = sound_track(path, info, wanted)
    return lambda container: None if track is None else container.streams[track.index]


@contextmanager
def reading(
    path: Path, info: VideoInfo, choose: Callable[[Any], Any], time_s: float
) -> Iterator[tuple[Any, Any]]:
    """(container, stream) placed at a keyframe of the stream ``choose`` finds, presented at or before ``time_s``.

    Some containers (transport streams) seek to a keyframe behind the time; then from further back, at last from the
    start of the file, and there at once where the file's clock breaks. Read it with ``packets.demux``.
    """
    with open_media(path) as container:
        stream = choose(container)
        broken = bool(breaks(path))
        for back_s in (0.05, 2.0, 10.0, 60.0):
            target_s = time_s - back_s
            if target_s <= 0 or broken:
                break
            place = round((target_s + info.stream_start_s) * 1_000_000)
            container.seek(place, backward=True)
            first_s = _first_keyframe(container, stream, info)
            if first_s is not None and first_s <= time_s:
                container.seek(place, backward=True)
                yield container, stream
                return
    with open_media(path) as container:
        yield container, choose(container)


def _first_keyframe(container: Any, stream: Any, info: VideoInfo) -> float | None:
    for packet in demux(container, stream):
        if packet.is_keyframe and (time_s := time_of(packet, info)) is not None:
            return time_s
    return None


def time_of(raw: Any, info: VideoInfo) -> float | None:
    """When a packet or frame is presented, on the presentation timeline."""
    return None if raw.pts is None else float(raw.pts * raw.time_base) - info.stream_start_s


def units(data: bytes) -> Iterator[int]:
    """Types of the NAL units of an H.264 packet, with start codes or with lengths of four bytes before them."""
    if data[:3] == b"\0\0\1" or data[:4] == b"\0\0\0\1":
        at = data.find(b"\0\0\1")
        while at >= 0 and at + 3 < len(data):
            yield data[at + 3] & 31
            at = data.find(b"\0\0\1", at + 3)
        return
    at = 0
    while at + 4 < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4] & 31
        at += 4 + size


def _keyframe_at(container: Any, video: Any, info: VideoInfo, start_s: float) -> tuple[float, bool] | None:
    """(time, whether decoding can begin there) of the keyframe shown at ``start_s``; None when another frame is."""
    frame_s = 1 / float(video.average_rate or _FALLBACK_RATE)
    found: tuple[float, bool] | None = None
    others: list[float] = []
    for packet in demux(container, video):
        time_s = time_of(packet, info)
        if time_s is None:
            continue
        if packet.is_keyframe and time_s <= start_s + frame_s / 2:
            found = (time_s, video.codec_context.name != "h264" or 5 in units(bytes(packet)))
        elif not packet.is_keyframe:
            others.append(time_s)
        # Frames are presented at most a few places after they are stored.
        if time_s > start_s + 1 + 8 * frame_s:
            break
    if found is None or any(found[0] < other <= start_s + frame_s / 4 for other in others):
        return None
    return found


def _pictures(video: Any, turned: bool) -> Pictures:
    context = video.codec_context
    return Pictures(
        codec=context.name,
        width=video.width,
        height=video.height,
        pixels=str(context.pix_fmt),
        aspect=float(video.sample_aspect_ratio or 1),
        rate=float(video.average_rate or _FALLBACK_RATE),
        turned=turned,
        header=bytes(context.extradata or b""),
    )


def _sound(audio: Any) -> AudioStream:
    context = audio.codec_context
    return AudioStream(context.name, context.rate, context.layout.name, bytes(context.extradata or b""))


def _turned(container: Any, video: Any) -> bool:
    """Whether players turn the pictures; the display matrix travels with them."""
    from av.error import FFmpegError

    try:
        for frame in container.decode(video):
            return bool(frame.rotation % 360)
    except FFmpegError:
        return False
    return False
