"""Pictures and sound of a span made anew, at a steady rate, exactly as long as asked for."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.clipping.sources import ClipSource, heard, reading, time_of
from longvid_indexer.packets import demux
from longvid_indexer.probe import first_video
from longvid_indexer.remote import as_path

RATE = 48_000
_BLOCK = 4_800
# Sound this far from where the samples before it end is moved to its time.
_TOLERANCE_S = 0.04
_CRF = "18"


def video_encoder(width: int, height: int, rate: Fraction) -> Any:
    """An H.264 encoder that repeats its parameters before every keyframe, so that its pictures may follow others'."""
    import av

    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = "yuv420p"
    encoder.framerate, encoder.time_base = rate, 1 / rate
    encoder.options = {"preset": "veryfast", "crf": _CRF}
    return encoder


def pictures(
    source: ClipSource, begin_s: float, count: int, size: tuple[int, int], rate: Fraction
) -> Iterator[Any]:
    """``count`` frames at ``rate`` from ``begin_s`` on: each the one that a player shows at its time.

    Upright, ``size`` (width, height) with black around pictures of another shape; all black where there are none.
    """
    aspect = 1.0 if source.pictures is None else source.pictures.aspect
    coming = shown_from(source, begin_s) if source.pictures is not None else iter(())
    current: Any = None
    following = next(coming, None)
    for number in range(count):
        time_s = begin_s + float(number / rate)
        while following is not None and (current is None or following[0] <= time_s + 0.25 / float(rate)):
            current, following = following[1], next(coming, None)
        picture = fitted(current, aspect, size)
        picture.pts, picture.time_base = number, 1 / rate
        yield picture


def sound(source: ClipSource, begin_s: float, count: int) -> Iterator[NDArray[np.float32]]:
    """``count`` samples of stereo at ``RATE`` from ``begin_s`` on, in blocks of shape (2, n); silence where none is."""
    done = 0
    for at, samples in _heard(source, begin_s) if source.sound is not None else ():
        if at >= count:
            break
        if at > done:
            yield from _silence(at - done)
            done = at
        samples = samples[:, max(0, done - at) : count - at]
        if samples.shape[1]:
            yield samples
            done += samples.shape[1]
    yield from _silence(count - done)


def shown_from(source: ClipSource, begin_s: float) -> Iterator[tuple[float, Any]]:
    """(time, decoded frame) from the one shown at ``begin_s`` on."""
    from av.error import FFmpegError

    with reading(as_path(source.span.path), source.info, first_video, begin_s) as (container, video):
        video.thread_type = "AUTO"
        before: tuple[float, Any] | None = None
        for packet in demux(container, video):
            try:
                frames = packet.decode()
            except FFmpegError:
                continue  # a damaged packet costs its frame: the one before stays on screen, as in a player
            for frame in frames:
                time_s = time_of(frame, source.info)
                if time_s is None:
                    continue
                if time_s <= begin_s:
                    before = (time_s, frame)
                    continue
                if before is not None:
                    yield before
                    before = None
                yield time_s, frame
        if before is not None:
            yield before


def fitted(frame: Any, aspect: float, size: tuple[int, int]) -> Any:
    """The frame upright, at ``size``, in the encoder's pixel format; ``aspect`` is the shape of its pixels."""
    import av

    width, height = size
    if frame is None:
        black = np.zeros((height, width, 3), np.uint8)
        return av.VideoFrame.from_ndarray(black, format="rgb24").reformat(format="yuv420p")
    turned = round(frame.rotation / 90) % 4
    wide, high = round(frame.width * aspect), frame.height
    if not turned and wide * height == high * width:
        return frame.reformat(width=width, height=height, format="yuv420p")
    if turned % 2:
        wide, high = high, wide
    scale = min(width / wide, height / high)
    inner = (max(1, round(wide * scale)), max(1, round(high * scale)))
    stored = inner[::-1] if turned % 2 else inner
    image = frame.reformat(width=stored[0], height=stored[1], format="rgb24").to_ndarray()
    canvas = np.zeros((height, width, 3), np.uint8)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = np.rot90(image, turned)
    return av.VideoFrame.from_ndarray(canvas, format="rgb24").reformat(format="yuv420p")


def _heard(source: ClipSource, begin_s: float) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """(place in samples after ``begin_s``, stereo samples); what comes before ``begin_s`` is cut off."""
    import av
    from av.error import FFmpegError

    # Codecs with overlapping blocks need some sound before the start.
    before_s = max(0.0, begin_s - 0.2)
    path = as_path(source.span.path)
    with reading(path, source.info, heard(path, source.info, source.span.audio_track), before_s) as (
        container,
        audio,
    ):
        resampler: Any = None
        anchor, given = 0, 0
        for packet in demux(container, audio):
            try:
                frames: list[Any] = list(packet.decode())
            except FFmpegError:
                continue  # silence stands in for a damaged packet
            for frame in frames:
                time_s = time_of(frame, source.info)
                place = anchor + given if time_s is None else round((time_s - begin_s) * RATE)
                if resampler is None or abs(place - anchor - given) > _TOLERANCE_S * RATE:
                    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
                    anchor, given = place, 0
                frame.pts = None
                for out in resampler.resample(frame):
                    samples = out.to_ndarray()
                    at = anchor + given
                    given += samples.shape[1]
                    if at + samples.shape[1] > 0:
                        yield max(at, 0), samples[:, max(0, -at) :]


def _silence(count: int) -> Iterator[NDArray[np.float32]]:
    for start in range(0, count, _BLOCK):
        yield np.zeros((2, min(_BLOCK, count - start)), np.float32)
