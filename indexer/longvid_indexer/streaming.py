"""A film as browsers play it: told whether they can play the file itself, else made into fragmented MP4 on the way.

The times in the stream are the library's (0 = what a player shows first), and it begins exactly at the second asked
for. H.264 and AAC are copied, all else is made anew. Nothing is written to disk, and no more is made than is read.

Copied pictures must begin at a keyframe: so they are where one is shown at the second asked for, else made anew. (To
send those from the keyframe before along, in no time, shows the first of them in a player that is paused.)
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from heapq import merge
from pathlib import Path
from typing import Any, Literal

import numpy as np

from longvid_indexer.clipping.copying import audio_packets
from longvid_indexer.clipping.making import RATE, fitted, shown_from, sound
from longvid_indexer.clipping.sources import ClipSource, heard, look, reading, time_of
from longvid_indexer.frames import fit
from longvid_indexer.opening import open_media, open_regular
from longvid_indexer.packets import breaks, demux, may_break
from longvid_indexer.probe import first_audio, first_video
from longvid_indexer.remote import as_path
from longvid_storage.types import MediaSpan, VideoInfo

Way = Literal["file", "copied", "made"]

LONG_SIDE = 1280
"""Pixels of the longer side of pictures that are made anew, at most: two cores make them faster than they play."""
_TICKS = 1_000_000
_BASE = Fraction(1, _TICKS)
_SQUEEZE = 1000.0
# Two tracks of one file are heard together when they begin this close; players differ in whether they take more off.
_AT_ZERO_S = 0.05
_FRAGMENT_S = 1.0
# H.264 stores no more pictures than this between one and those that are shown before it.
_REORDERED = 17
_DIRECT: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    # format: codecs of pictures, of sound, type
    "mp4": (("h264", "av1", "vp9"), ("aac", "mp3", "opus", "flac"), "video/mp4"),
    "webm": (("vp8", "vp9", "av1"), ("opus", "vorbis"), "video/webm"),
    "mp3": ((), ("mp3",), "audio/mpeg"),
    "ogg": ((), ("opus", "vorbis"), "audio/ogg"),
    "wav": ((), ("pcm_s16le", "pcm_u8"), "audio/wav"),
    "flac": ((), ("flac",), "audio/flac"),
}
_PIXELS = frozenset(("yuv420p", "yuvj420p"))
_FLAGS = "frag_keyframe+empty_moov+default_base_moof+frag_discont"

_Part = tuple[float, Any]


@dataclass(frozen=True, slots=True)
class Playback:
    """How a browser gets to play a file: ``way`` is ``"file"`` where it plays the file itself, of type ``media_type``.

    Else a stream, which ``stream_way`` says of any file: ``"copied"`` where at least the pictures (or, without any,
    the sound) are those of the file.
    """

    way: Way
    media_type: str
    stream_way: Way
    stream_type: str


def playback(path: Path, info: VideoInfo) -> Playback:
    """How browsers can play a file.

    Raises:
        MediaError: it cannot be opened.
    """
    with open_media(path) as container:
        kind = _kind(path, container)
        video, audio = first_video(container), first_audio(container)
        if video is None:
            copies, stream_type = _copies_sound(audio), "audio/mp4"
        else:
            copies, stream_type = _copies_pictures(path, video, container, info), "video/mp4"
        stream_way: Way = "copied" if copies else "made"
        names = tuple(None if s is None else s.codec_context.name for s in (video, audio))
        pictures, sounds, media_type = _DIRECT.get(kind, ((), (), ""))
        playable = names[0] in (None, *pictures) and names[1] in (None, *sounds) and _eight_bits(video)
        if (
            kind in _DIRECT
            and playable
            and abs(info.stream_start_s) <= _AT_ZERO_S
            and not may_break(container)
        ):
            media_type = media_type if video is not None or kind != "mp4" else "audio/mp4"
            return Playback("file", media_type, stream_way, stream_type)
        return Playback(stream_way, stream_type, stream_way, stream_type)


def _kind(path: Path, container: Any) -> str:
    names = container.format.name.split(",")
    if "matroska" in names:
        with open_regular(path) as file:
            return "webm" if b"webm" in file.read(64) else "matroska"
    return "mp4" if "mov" in names else str(names[0])


def _eight_bits(video: Any) -> bool:
    return video is None or video.codec_context.name != "h264" or video.codec_context.pix_fmt in _PIXELS


def _copies_pictures(path: Path, video: Any, container: Any, info: VideoInfo) -> bool:
    context = video.codec_context
    return bool(
        context.name == "h264"
        and context.pix_fmt in _PIXELS
        and context.extradata
        and container.format.name != "avi"  # no times of presentation
        and (info.width, info.height) in ((None, None), (video.width, video.height))
        and not breaks(path)
    )


def _copies_sound(audio: Any) -> bool:
    """AAC that says in its header what it is; that of transport streams says so before each frame."""
    context = None if audio is None else audio.codec_context
    return bool(context is not None and context.name == "aac" and context.extradata)


def stream(path: Path, info: VideoInfo, from_s: float = 0.0) -> Generator[bytes]:
    """Fragmented MP4 from ``from_s`` on, piece by piece; close the generator to let go of the file.

    Raises:
        MediaError: (while iterating) it cannot be opened, holds no film or sound, or ends before ``from_s``.
    """
    import av

    span = MediaSpan(
        str(path), from_s, max(info.duration_s, from_s + 0.001), info.title, video_id=info.video_id
    )
    source = look(span)
    out = _Pieces()
    options = {
        "movflags": _FLAGS, "use_editlist": "0", "avoid_negative_ts": "disabled",
        "video_track_timescale": str(_TICKS), "frag_duration": str(round(_FRAGMENT_S * 1e6)),
    }  # fmt: skip
    with open_media(path) as first, av.open(out, "w", format="mp4", options=options) as container:
        tracks = [*_tracks(source, first, container, from_s)]
        try:
            for _, packet in merge(*tracks, key=lambda part: part[0]):
                container.mux(packet)
                if out.pieces:
                    yield out.take()
        finally:
            for track in tracks:
                track.close()
    if out.pieces:
        yield out.take()


class _Pieces:
    """What the muxer writes, until it is taken."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """All that was written since."""
        data = b"".join(self.pieces)
        self.pieces.clear()
        return data


def _tracks(source: ClipSource, first: Any, container: Any, from_s: float) -> Iterator[Any]:
    path = as_path(source.span.path)
    video = first_video(first)
    if source.pictures is not None:
        begins = from_s == 0 or (source.keyframe_s is not None and source.whole)
        if begins and _copies_pictures(path, video, first, source.info):
            yield _copied_pictures(source, container.add_stream_from_template(video), from_s)
        else:
            yield _made_pictures(source, *_encoder(source, container), from_s)
    if source.sound is not None:
        audio = heard(path, source.info)(first)
        if _copies_sound(audio) and not breaks(path):
            yield _copied_sound(source, container.add_stream_from_template(audio), from_s)
        else:
            yield _made_sound(source, container.add_stream("aac", rate=RATE, layout="stereo"), from_s)


def _copied_pictures(source: ClipSource, stream: Any, from_s: float) -> Iterator[_Part]:
    with reading(as_path(source.span.path), source.info, first_video, from_s) as (container, video):
        last_s = -1.0
        for pts_s, dts_s, packet in _decodable(demux(container, video), source):
            # Squeezed alike, both keep their order; what is decoded must be so at a time of its own, from 0 on.
            last_s = max(_squeezed(dts_s, from_s) - _REORDERED / _TICKS, last_s + 1 / _TICKS, 0.0)
            packet.pts, packet.dts = round(_squeezed(pts_s, from_s) * _TICKS), round(last_s * _TICKS)
            packet.duration, packet.time_base = (
                round((packet.duration or 0) * packet.time_base * _TICKS),
                _BASE,
            )
            packet.stream = stream
            yield last_s, packet


def _squeezed(time_s: float, from_s: float) -> float:
    return time_s if time_s >= from_s else max(0.0, from_s - (from_s - time_s) / _SQUEEZE)


def _decodable(packets: Iterator[Any], source: ClipSource) -> Iterator[tuple[float, float, Any]]:
    """(presented, decoded, packet) from the keyframe on that is shown at the start of the span.

    What files say about decoding is missing in places (Matroska) and wrong in others: a picture is decoded, at the
    latest, when the earliest of those that come behind it is shown.
    """
    begin_s: float | None = None
    waiting: deque[tuple[float, Any]] = deque()
    last_s = 0.0
    for packet in packets:
        time_s = time_of(packet, source.info)
        last_s = last_s + 1 / _TICKS if time_s is None else time_s
        if begin_s is None and packet.is_keyframe and last_s > (source.keyframe_s or 0.0) - 1e-3:
            begin_s = last_s
        # Pictures stored behind the keyframe and shown before it need what is not here.
        if not packet.size or begin_s is None or last_s < begin_s:
            continue
        waiting.append((last_s, packet))
        if len(waiting) > _REORDERED:
            yield waiting[0][0], min(each for each, _ in waiting), waiting.popleft()[1]
    while waiting:
        yield waiting[0][0], min(each for each, _ in waiting), waiting.popleft()[1]


def _encoder(source: ClipSource, container: Any) -> tuple[Any, tuple[int, int]]:
    pictures, info = source.pictures, source.info
    assert pictures is not None
    wide, high = info.width or pictures.width, info.height or pictures.height
    if pictures.turned and (wide, high) != (pictures.width, pictures.height):
        high = round(high * pictures.aspect)
    else:
        wide = round(wide * pictures.aspect)
    width, height = fit(wide, high, LONG_SIDE)
    size = max(2, width - width % 2), max(2, height - height % 2)
    rate = Fraction(min(max(pictures.rate, 1.0), 60.0)).limit_denominator(1001)
    options = {"preset": "veryfast", "crf": "23", "bf": "0", "rc-lookahead": "10"}
    stream = container.add_stream("libx264", rate=rate, options=options)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = _BASE
    stream.codec_context.gop_size = max(1, math.ceil(2 * rate))
    return stream, size


def _made_pictures(source: ClipSource, stream: Any, size: tuple[int, int], from_s: float) -> Iterator[_Part]:
    assert source.pictures is not None
    last = -1
    for time_s, frame in shown_from(source, from_s):
        picture = fitted(frame, source.pictures.aspect, size)
        last = max(round(max(time_s, from_s) * _TICKS), last + 1)
        picture.pts, picture.time_base = last, _BASE
        picture.pict_type = 0
        for packet in stream.encode(picture):
            yield last / _TICKS, packet
    for packet in stream.encode(None):
        yield last / _TICKS, packet


def _copied_sound(source: ClipSource, stream: Any, from_s: float) -> Iterator[_Part]:
    for packet in audio_packets(source, from_s, math.inf):
        time_s = time_of(packet, source.info) or 0.0
        packet.pts = packet.dts = round(time_s / packet.time_base)
        packet.stream = stream
        yield time_s, packet


def _made_sound(source: ClipSource, stream: Any, from_s: float) -> Iterator[_Part]:
    import av

    begin = done = round(from_s * RATE)
    left = max(0, math.ceil((source.span.end_s - from_s) * RATE))
    for block in sound(source, from_s, left):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout="stereo")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), done
        done += block.shape[1]
        for packet in stream.encode(frame):
            if packet.pts >= begin:  # the encoder begins with silence before the first sample
                yield float(packet.pts * packet.time_base), packet
    for packet in stream.encode(None):
        yield float(packet.pts * packet.time_base), packet
