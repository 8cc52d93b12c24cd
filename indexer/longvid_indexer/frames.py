"""The one decoder: a video's frames, in order, with their time on the presentation timeline.

Times are seconds with 0 = what a player shows first. Whatever a file does to its timestamps, the times given out
never run backwards, are never negative and never missing. Damage costs the damaged frames: decoding goes on behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.reached import reached
from longvid_storage.process import threads_allowed

if TYPE_CHECKING:
    from longvid_storage.types import VideoInfo

Image = NDArray[np.uint8]

# Formats whose planes are 8-bit Y, U, V with halved chroma.
_I420 = frozenset(("yuv420p", "yuvj420p"))
# Formats whose first plane is 8-bit brightness: read in place, without a conversion.
_LUMA_FIRST = frozenset(
    (
        "yuv420p",
        "yuvj420p",
        "nv12",
        "nv21",
        "gray",
        "yuv422p",
        "yuvj422p",
        "yuv444p",
        "yuvj444p",
        "yuva420p",
        "yuv410p",
    )
)
_FALLBACK_RATE = 25.0
# A timestamp this far behind the end of the video is a jump of the clock (a transport stream's wrap), not a time.
_BEYOND_END_S = 10.0
# Up to this many pixels a picture is decoded in less time than it takes threads to tell each other how far they are.
_ONE_THREAD = 1920 * 1088


@dataclass
class DecodedFrame:
    """One decoded picture; pixels are converted only when asked for.

    ``time_s``: when a player shows it. ``number``: its place in presentation order, from 0. ``scaler``: PyAV's
    ``VideoReformatter``, set up once for all frames of a video; None makes one for each.
    """

    raw: Any
    time_s: float
    number: int
    pixel_aspect: float = 1.0
    scaler: Any = None

    @property
    def rotation(self) -> int:
        """Degrees, counterclockwise, by which players turn the stored picture to show it upright: 0, 90, 180 or 270."""
        return int(round(self.raw.rotation / 90) * 90 % 360)

    def luma(self, width: int, height: int) -> Image:
        """Brightness as stored (not turned), ``(height, width)`` uint8, averaged over the area of each pixel."""
        import cv2

        if self.raw.format.name in _LUMA_FIRST:
            image = _plane(self.raw.planes[0])
        else:
            image = self.raw.reformat(format="gray", threads=1).to_ndarray()
        # Halving is an eighth of the work of averaging over larger areas.
        while image.shape[0] % 2 == image.shape[1] % 2 == 0 and image.shape[1] >= 2 * width:
            half = (image.shape[1] // 2, image.shape[0] // 2)
            image = np.asarray(cv2.resize(image, half, interpolation=cv2.INTER_AREA), np.uint8)
        if image.shape == (height, width):
            return np.ascontiguousarray(image)
        return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)

    def bgr(self, width: int, height: int) -> Image:
        """Colour as stored (not turned), ``(height, width, 3)`` uint8, sampled from the planes; for detectors.

        As PySceneDetect does, pixels are sampled, not averaged, but only those that are kept are turned into BGR.
        """
        import cv2
        from av.video.reformatter import VideoReformatter

        step = self.raw.width // width
        even = width % 2 == height % 2 == 0 and (step * width, step * height) == (
            self.raw.width,
            self.raw.height,
        )
        if even and self.raw.format.name in _I420:
            every = slice(step // 2, None, step)
            small = [_plane(plane)[every, every].ravel() for plane in self.raw.planes]
            planes = np.concatenate(small).reshape(height * 3 // 2, width)
            return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420), np.uint8)
        scaler = self.scaler or VideoReformatter()
        image = scaler.reformat(self.raw, width, height, "bgr24", interpolation="FAST_BILINEAR", threads=1)
        return np.asarray(image.to_ndarray(), np.uint8)

    def exact_bgr(self, width: int, height: int) -> Image:
        """As ``bgr``, by the very steps of PySceneDetect's own reader: full-size BGR, then linear sampling."""
        import cv2

        image: Image = self.raw.to_ndarray(format="bgr24")
        if image.shape[:2] == (height, width):
            return image
        return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)

    def upright(self, long_side: int, shrinker: Any = None) -> Image:
        """The picture as a player shows it, its long side at most ``long_side``; to be read only.

        ``(height, width, 3)`` uint8, RGB, or ``(height, width, 4)``, RGB and a byte that means nothing: so it is where
        that costs no copy, here and in Pillow (``vision.pictures``). Colours are the same.

        ``shrinker``: another ``VideoReformatter`` of the video, which shrinks the planes before colours are made of
        them. That is a third of the work; chroma is then repeated, not blended, for each two pixels, which is lost
        where it is halved again (JPEG).
        """
        width, height = fit(round(self.raw.width * self.pixel_aspect), self.raw.height, long_side)
        from av.video.reformatter import VideoReformatter

        scaler, raw, form = self.scaler or VideoReformatter(), self.raw, self.raw.format.name
        halved = form in _I420 and width % 2 == height % 2 == 0
        if shrinker is not None and halved:
            raw = shrinker.reformat(raw, width, height, form, interpolation="AREA", threads=1)
        # Of other widths FFmpeg leaves the last columns out, and of what it scales it rounds the four bytes otherwise.
        if halved and width % 8 == 0 and (raw.width, raw.height) == (width, height):
            scaled = scaler.reformat(raw, format="rgb0", interpolation="AREA", threads=1)
            image = _plane(scaled.planes[0], 4)
        else:
            scaled = scaler.reformat(raw, width, height, "rgb24", interpolation="AREA", threads=1)
            image = np.asarray(scaled.to_ndarray(), np.uint8)
        return np.ascontiguousarray(np.rot90(image, self.rotation // 90))


def fit(width: int, height: int, long_side: int) -> tuple[int, int]:
    """``width`` x ``height`` shrunk (never enlarged) so that neither exceeds ``long_side``; at least 1 x 1."""
    scale = min(1.0, long_side / max(width, height, 1))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _plane(plane: Any, numbers: int = 1) -> Image:
    """A plane where it lies: ``(height, width)``, or ``(height, width, numbers)`` of so many numbers a pixel."""
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    image = rows[: plane.height, : plane.width * numbers]
    return image if numbers == 1 else image.reshape(plane.height, plane.width, numbers)


@dataclass
class FrameReader:
    """Iterate over it, once, to decode a video; what it counted is then in its attributes.

    ``frames_decoded``: those that came out of a decoder. ``frames_left_out``: those that were not needed.
    ``decode_errors``: packets that held no readable picture.
    ``decoded_until_s``: the end of the last frame; ``promised_until_s``: where the header says that it should be, if
    it says so. ``cut_short``: why reading ended before the file did, if it did. ``clock_breaks``: how often the file's
    clock begins anew or jumps.
    """

    path: Path
    info: VideoInfo
    frames_decoded: int = 0
    frames_left_out: int = 0
    decode_errors: int = 0
    decoded_until_s: float = 0.0
    promised_until_s: float | None = None
    cut_short: str | None = None
    clock_breaks: int = 0
    time_base: Any = None
    rate: float = field(default=_FALLBACK_RATE)

    def __iter__(self) -> Iterator[DecodedFrame]:
        from av.video.reformatter import VideoReformatter

        from longvid_indexer.opening import open_media
        from longvid_indexer.packets import breaks
        from longvid_indexer.probe import first_video

        scaler = VideoReformatter()
        with open_media(self.path) as container:
            stream = first_video(container)
            if stream is None:
                return
            share_out(stream)
            self.rate = float(stream.average_rate or stream.base_rate or 0) or _FALLBACK_RATE
            self.time_base = stream.time_base
            self.clock_breaks = len(breaks(self.path))
            if not self.clock_breaks:
                self.promised_until_s = _promised(stream, self.info.stream_start_s)
            aspect = pixel_aspect(stream)
            clock = _Clock(self.info.stream_start_s, self.info.duration_s, 1 / self.rate)
            for number, raw in enumerate(self._pictures(container, stream)):
                time_s, until_s = clock.place(raw)
                frame = DecodedFrame(raw, time_s, number + self.frames_left_out, aspect, scaler)
                self.frames_decoded += 1
                self.decoded_until_s = until_s
                reached(until_s / max(self.info.duration_s, until_s, 1e-9))
                yield frame

    def _pictures(self, container: Any, stream: Any) -> Iterator[Any]:
        """The decoded pictures that are given out, in order."""
        yield from decoded(container, stream, self._damaged, self._ended)

    def _damaged(self, error: Exception) -> None:
        self.decode_errors += 1

    def _ended(self, error: Exception) -> None:
        self.cut_short = getattr(error, "strerror", None) or str(error)


def share_out(stream: Any) -> None:
    """Let threads decode a video stream where they save more than they cost, so many as are allowed."""
    stream.thread_type = "AUTO" if stream.width * stream.height > _ONE_THREAD else "NONE"
    stream.codec_context.thread_count = threads_allowed()


def decoded(
    container: Any,
    stream: Any,
    damaged: Callable[[Exception], None] | None = None,
    ended: Callable[[Exception], None] | None = None,
    packets: Iterator[Any] | None = None,
) -> Iterator[Any]:
    """Decoded pictures from here on; damage costs the damaged ones.

    ``damaged`` is told of each packet that cannot be decoded, ``ended`` of what made reading stop before the end.
    ``packets``: those to decode; None for all that are left.
    """
    from av.error import EOFError as EndOfStream
    from av.error import FFmpegError

    from longvid_indexer.packets import demux

    packets = demux(container, stream) if packets is None else packets
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError as error:
            if ended is not None:
                ended(error)
            return
        if packet is None:
            return
        try:
            pictures = packet.decode()
        except EndOfStream:
            continue
        except FFmpegError as error:
            if damaged is not None:
                damaged(error)
            continue
        yield from (picture for picture in pictures if picture.width > 0 and picture.height > 0)


def _promised(stream: Any, start_s: float) -> float | None:
    """The end of the stream as its header has it: the duration field, or Matroska's DURATION tag."""
    tag = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if tag:
        return int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3]) - start_s
    # Matroska has no length of a stream but that tag: FFmpeg then gives the whole file's, to which a screen recorder's
    # last picture need not last.
    if stream.duration and "matroska" not in stream.container.format.name:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base) - start_s
    return None


def pixel_aspect(stream: Any) -> float:
    """Width of a stored pixel over its height; 1 where the header is not to be believed."""
    ratio = stream.sample_aspect_ratio
    aspect = float(ratio) if ratio else 1.0
    # Beyond this the header is wrong more often than the picture is that anamorphic.
    return aspect if 0.25 <= aspect <= 4 else 1.0


class _Clock:
    """Turns timestamps, good or bad, into times that never run backwards."""

    def __init__(self, start_s: float, duration_s: float, step_s: float) -> None:
        self._start_s = start_s
        self._end_s = duration_s + _BEYOND_END_S if duration_s > 0 else float("inf")
        self._step_s = step_s
        self._last_s: float | None = None

    def place(self, raw: Any) -> tuple[float, float]:
        """When the picture appears and until when it lasts (as far as the file says)."""
        time_s = raw.time
        if time_s is not None:
            time_s -= self._start_s
        expected_s = 0.0 if self._last_s is None else self._last_s + self._step_s
        if time_s is None or time_s > self._end_s or (self._last_s is not None and time_s <= self._last_s):
            time_s = expected_s
        time_s = max(time_s, 0.0)
        self._last_s = time_s
        lasts_s = float(raw.duration * raw.time_base) if raw.duration and raw.time_base else 0.0
        return time_s, time_s + (lasts_s if 0 < lasts_s < _BEYOND_END_S else self._step_s)
