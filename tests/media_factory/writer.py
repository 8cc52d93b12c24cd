"""Write frames, sound, subtitles and chapters to a file, with every time under the caller's control."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.subtitles.subtitle import SubtitleSet
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Cue = tuple[float, float, str]

_MS = Fraction(1, 1000)
_SUBTITLE_CODEC = {".mp4": "mov_text", ".mov": "mov_text", ".mkv": "srt", ".webm": "webvtt"}
_AUDIO_CODEC = {".mp4": "aac", ".mov": "aac", ".mkv": "libopus", ".webm": "libopus", ".ts": "aac"}
# The subtitle encoders take ASS events and refuse to open without a header that declares their fields.
_ASS_HEADER = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, \
Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, \
MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def write_video(
    path: Path,
    frames: Iterable[Picture] | None,
    rate: float | Fraction = 5,
    *,
    codec: str = "libx264",
    gop: int | None = None,
    scene_cuts: bool = True,
    crf: int | None = None,
    bitrate: int | None = None,
    audio: NDArray[np.float32] | None = None,
    audio_rate: int = 16_000,
    audio_codec: str | None = None,
    more_audio: Sequence[NDArray[np.float32]] = (),
    audio_names: Sequence[tuple[str, str]] = (),
    subtitles: Sequence[Cue] | None = None,
    subtitle_codec: str | None = None,
    subtitle_language: str = "eng",
    title: str | None = None,
    chapters: Sequence[Cue] = (),
    start_offset_s: float = 0.0,
    rotation: int = 0,
    times_s: Sequence[float] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a media file and return its path; the container follows from the suffix.

    ``frames``: upright RGB pictures (H, W, 3) uint8, all of one even size; None writes no video stream.
    ``gop``: most frames from one intra frame to the next; with ``scene_cuts`` false, exactly that many.
    ``audio``: float samples in [-1, 1], shape (n,) or (n, channels).
    ``more_audio``: further sound tracks, like ``audio``. ``audio_names``: (title, language) of each sound track.
    ``subtitles``, ``chapters``: (start_s, end_s, text) on the presentation timeline.
    ``start_offset_s``: what the first timestamp of every stream is, instead of zero.
    ``rotation``: 0, 90, 180 or 270: the pictures are stored turned counterclockwise by so many degrees, and
    the display matrix tells players to turn them clockwise by as many, so that they appear upright.
    ``times_s``: the presentation time of each frame (variable frame rate); ``rate`` is then nominal.
    ``options``: muxer options, e.g. ``{"movflags": "faststart"}``.
    """
    path = Path(path)
    pictures = iter(frames) if frames is not None else None
    with av.open(str(path), "w", options=options or {}) as container:
        if title is not None:
            container.metadata["title"] = title
        if chapters:
            container.set_chapters([_chapter(i, c, start_offset_s) for i, c in enumerate(chapters)])
        tracks: list[Iterator[tuple[float, Callable[[], None]]]] = []
        flushes: list[Any] = []
        if pictures is not None:
            first = next(pictures)
            video = _video_stream(container, codec, first, rate, rotation, gop, scene_cuts, crf, bitrate)
            flushes.append(video)
            tracks.append(
                _video_steps(container, video, first, pictures, rate, times_s, start_offset_s, rotation // 90)
            )
        for number, samples in enumerate([] if audio is None else [audio, *more_audio]):
            name = audio_codec or _AUDIO_CODEC.get(path.suffix.lower(), "aac")
            sound = container.add_stream(
                name, rate=audio_rate, layout="mono" if samples.ndim == 1 else "stereo"
            )
            if name in {"aac", "libopus"}:
                sound.bit_rate = 32_000
            if number < len(audio_names):
                sound.metadata["title"], sound.metadata["language"] = audio_names[number]
            flushes.append(sound)
            tracks.append(_audio_steps(container, sound, samples, audio_rate, start_offset_s))
        if subtitles is not None:
            text = container.add_stream(subtitle_codec or _SUBTITLE_CODEC[path.suffix.lower()])
            text.time_base = text.codec_context.time_base = _MS
            text.codec_context.subtitle_header = _ASS_HEADER
            text.metadata["language"] = subtitle_language
            tracks.append(_subtitle_steps(container, text, subtitles, start_offset_s))
        _run_in_time_order(tracks)
        for stream in flushes:
            container.mux(stream.encode())
    return path


def _chapter(number: int, chapter: Cue, offset_s: float) -> dict[str, Any]:
    start_s, end_s, text = chapter
    return {
        "id": number,
        "start": round((start_s + offset_s) * 1000),
        "end": round((end_s + offset_s) * 1000),
        "time_base": _MS,
        "metadata": {"title": text},
    }


def _video_stream(
    container: Any,
    codec: str,
    first: Picture,
    rate: float | Fraction,
    rotation: int,
    gop: int | None,
    scene_cuts: bool,
    crf: int | None,
    bitrate: int | None,
) -> Any:
    if rotation % 90:
        raise ValueError(f"rotation {rotation}: only multiples of 90 degrees can be stored")
    options = {}
    if codec == "libx264":
        options["preset"] = "veryfast"
        if not scene_cuts:
            options["sc_threshold"] = "0"
    if crf is not None:
        options["crf"] = str(crf)
    stream = container.add_stream(codec, rate=Fraction(rate).limit_denominator(1001), options=options)
    height, width = first.shape[:2]
    stream.width, stream.height = (height, width) if rotation % 180 else (width, height)
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = Fraction(1, 90_000) if codec != "mpeg4" else _MS
    stream.codec_context.thread_count = 1
    if gop is not None:
        stream.codec_context.gop_size = gop
    if bitrate is not None:
        stream.bit_rate = bitrate
    if rotation % 360:
        stream.set_display_rotation(-rotation)
    return stream


def _video_steps(
    container: Any,
    stream: Any,
    first: Picture,
    rest: Iterator[Picture],
    rate: float | Fraction,
    times_s: Sequence[float] | None,
    offset_s: float,
    turns: int,
) -> Iterator[tuple[float, Callable[[], None]]]:
    base = stream.codec_context.time_base
    picture: Picture | None = first
    number = 0
    while picture is not None:
        time_s = times_s[number] if times_s is not None else float(number / Fraction(rate))

        def step(picture: Picture = picture, time_s: float = time_s) -> None:
            stored = np.ascontiguousarray(np.rot90(picture, turns))
            frame = av.VideoFrame.from_ndarray(stored, format="rgb24")
            frame.pts = round((time_s + offset_s) / base)
            frame.time_base = base
            container.mux(stream.encode(frame))

        yield time_s, step
        number += 1
        if times_s is not None and number == len(times_s):
            return
        picture = next(rest, None)


def _audio_steps(
    container: Any, stream: Any, audio: NDArray[np.float32], rate: int, offset_s: float
) -> Iterator[tuple[float, Callable[[], None]]]:
    channels = audio[:, None] if audio.ndim == 1 else audio
    for start in range(0, len(channels), rate):
        block = channels[start : start + rate]

        def step(block: NDArray[np.float32] = block, start: int = start) -> None:
            samples = np.ascontiguousarray(block.astype(np.float32).reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(samples, format="flt", layout=stream.layout.name)
            frame.sample_rate = rate
            frame.time_base = Fraction(1, rate)
            frame.pts = start + round(offset_s * rate)
            container.mux(stream.encode(frame))

        yield start / rate, step


def _subtitle_steps(
    container: Any, stream: Any, cues: Sequence[Cue], offset_s: float
) -> Iterator[tuple[float, Callable[[], None]]]:
    for start_s, end_s, text in cues:

        def step(start_s: float = start_s, end_s: float = end_s, text: str = text) -> None:
            event = b"0,0,Default,,0,0,0,," + text.replace("\n", "\\N").encode()
            pts = round((start_s + offset_s) * 1000)
            packet = stream.codec_context.encode_subtitle(
                SubtitleSet.create(event, 0, round((end_s - start_s) * 1000), pts=pts)
            )
            packet.stream = stream
            packet.time_base = _MS
            container.mux(packet)

        yield start_s, step


def _run_in_time_order(tracks: list[Iterator[tuple[float, Callable[[], None]]]]) -> None:
    # Interleaved by time: the muxer holds little, and a truncated file has a bit of each stream.
    waiting = [(item, track) for track in tracks if (item := next(track, None)) is not None]
    while waiting:
        index = min(range(len(waiting)), key=lambda i: waiting[i][0][0])
        (_, step), track = waiting[index]
        step()
        following = next(track, None)
        if following is None:
            del waiting[index]
        else:
            waiting[index] = (following, track)
