"""The one decoder: a video's frames, in order, with their time on the presentation timeline.

Times are seconds with 0 = what a player shows first. Whatever a file does to its timestamps, the times given out
never run backwards, are never negative and never missing. Damage costs the damaged frames: decoding goes on behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.reached import reached
from longvid_storage.threads import threads_allowed

if TYPE_CHECKING:
    from longvid_storage.types import VideoInfo

Image = NDArray[np.uint8]

# Formats whose first three planes are 8-bit Y, U, V with halved chroma: read in place, without a conversion.
_I420 = frozenset(("yuv420p", "yuvj420p"))
_LUMA_FIRST = _I420 | {
    "nv12",
    "nv21",
    "gray",
    "yuv422p",
    "yuvj422p",
    "yuv444p",
    "yuvj444p",
    "yuva420p",
    "yuv410p",
}
_FALLBACK_RATE = 25.0
# A timestamp this far behind the end of the video is a jump of the clock (a transport stream's wrap), not a time.
_BEYOND_END_S = 10.0


@dataclass
class DecodedFrame:
    """One decoded picture; pixels are converted only when asked for.

    ``time_s``: when a player shows it. ``number``: its place in presentation order, from 0.
    """

    raw: Any
    time_s: float
    number: int
    pixel_aspect: float = 1.0

    @property
    def rotation(self) -> int:
        """Degrees, counterclockwise, by which players turn the stored picture to show it upright: 0, 90, 180 or 270."""
        return int(round(self.raw.rotation / 90) * 90 % 360)

    @cached_property
    def _planes(self) -> list[Image]:
        return [_plane(plane) for plane in self.raw.planes]

    def luma(self, width: int, height: int) -> Image:
        """Brightness as stored (not turned), ``(height, width)`` uint8, averaged over the area of each pixel."""
        import cv2

        if self.raw.format.name in _LUMA_FIRST:
            image = self._planes[0]
        else:
            image = self.raw.reformat(format="gray", threads=1).to_ndarray()
        if image.shape == (height, width):
            return np.ascontiguousarray(image)
        return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)

    def bgr(self, width: int, height: int) -> Image:
        """Colour as stored (not turned), ``(height, width, 3)`` uint8, sampled as PySceneDetect does; for detectors.

        Planes are shrunk before they are turned into BGR, which costs a tenth of the other order; pixel values differ
        from it by rounding.
        """
        import cv2

        if (
            self.raw.format.name not in _I420
            or width % 2
            or height % 2
            or min(self.raw.width, self.raw.height) < 4
        ):
            return self.exact_bgr(width, height)
        half = (width // 2, height // 2)
        small = [
            cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)
            for plane, size in zip(self._planes, ((width, height), half, half), strict=True)
        ]
        stacked = np.concatenate([plane.reshape(-1) for plane in small]).reshape(height * 3 // 2, width)
        return np.asarray(cv2.cvtColor(stacked, cv2.COLOR_YUV2BGR_I420), np.uint8)

    def exact_bgr(self, width: int, height: int) -> Image:
        """As ``bgr``, by the very steps of PySceneDetect's own reader: full-size BGR, then linear sampling."""
        import cv2

        image: Image = self.raw.to_ndarray(format="bgr24")
        if image.shape[:2] == (height, width):
            return image
        return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)

    def upright_rgb(self, long_side: int) -> Image:
        """The picture as a player shows it, ``(height, width, 3)`` uint8, its long side at most ``long_side``."""
        width, height = fit(round(self.raw.width * self.pixel_aspect), self.raw.height, long_side)
        image: Image = self.raw.reformat(
            width=width, height=height, format="rgb24", interpolation="AREA", threads=1
        ).to_ndarray()
        return np.ascontiguousarray(np.rot90(image, self.rotation // 90))


def fit(width: int, height: int, long_side: int) -> tuple[int, int]:
    """``width`` x ``height`` shrunk (never enlarged) so that neither exceeds ``long_side``; at least 1 x 1."""
    scale = min(1.0, long_side / max(width, height, 1))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _plane(plane: Any) -> Image:
    data = np.frombuffer(plane, np.uint8)
    return data.reshape(-1, plane.line_size)[: plane.height, : plane.width]


@dataclass
class FrameReader:
    """Iterate over it, once, to decode a video; what it counted is then in its attributes.

    ``frames_decoded``: frames given out. ``decode_errors``: packets that held no readable picture.
    ``decoded_until_s``: the end of the last frame; ``promised_until_s``: where the header says that it should be, if
    it says so. ``cut_short``: why reading ended before the file did, if it did. ``clock_breaks``: how often the file's
    clock begins anew or jumps.
    """

    path: Path
    info: VideoInfo
    frames_decoded: int = 0
    decode_errors: int = 0
    decoded_until_s: float = 0.0
    promised_until_s: float | None = None
    cut_short: str | None = None
    clock_breaks: int = 0
    time_base: Any = None
    rate: float = field(default=_FALLBACK_RATE)

    def __iter__(self) -> Iterator[DecodedFrame]:
        from longvid_indexer.opening import open_media
        from longvid_indexer.packets import breaks
        from longvid_indexer.probe import first_video

        with open_media(self.path) as container:
            stream = first_video(container)
            if stream is None:
                return
            stream.thread_type, stream.codec_context.thread_count = "AUTO", threads_allowed()
            self.rate = float(stream.average_rate or stream.base_rate or 0) or _FALLBACK_RATE
            self.time_base = stream.time_base
            self.clock_breaks = len(breaks(self.path))
            if not self.clock_breaks:
                self.promised_until_s = _promised(stream, self.info.stream_start_s)
            aspect = pixel_aspect(stream)
            clock = _Clock(self.info.stream_start_s, self.info.duration_s, 1 / self.rate)
            for raw in decoded(container, stream, self._damaged, self._ended):
                time_s, until_s = clock.place(raw)
                frame = DecodedFrame(raw, time_s, self.frames_decoded, aspect)
                self.frames_decoded += 1
                self.decoded_until_s = until_s
                reached(until_s / max(self.info.duration_s, until_s, 1e-9))
                yield frame

    def _damaged(self, error: Exception) -> None:
        self.decode_errors += 1

    def _ended(self, error: Exception) -> None:
        self.cut_short = getattr(error, "strerror", None) or str(error)


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
        time_s = None
        if raw.pts is not None and raw.time_base:
            time_s = float(raw.pts * raw.time_base) - self._start_s
        expected_s = 0.0 if self._last_s is None else self._last_s + self._step_s
        if time_s is None or time_s > self._end_s or (self._last_s is not None and time_s <= self._last_s):
            time_s = expected_s
        time_s = max(time_s, 0.0)
        self._last_s = time_s
        lasts_s = float(raw.duration * raw.time_base) if raw.duration and raw.time_base else 0.0
        return time_s, time_s + (lasts_s if 0 < lasts_s < _BEYOND_END_S else self._step_s)
