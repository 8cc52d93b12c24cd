"""Watching again: pictures of given times out of a media file, without decoding what lies between.

Times are grouped by GOP (group of pictures, from one intra frame to the next), so that each group is decoded once
and only as far as its last wanted time. What was decoded is kept, encoded, in a cache bounded by bytes; the longest
unused go first.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import floor
from pathlib import Path
from typing import Any, Literal

from longvid_indexer.frames import DecodedFrame, decoded, fit, pixel_aspect, share_out
from longvid_indexer.picking import picked, wanted_packets
from longvid_indexer.vision.pictures import encode_jpeg, encode_webp
from longvid_storage.errors import MediaError
from longvid_storage.types import Box, VideoInfo

MOST_BYTES = 64 * 2**20
"""Bytes of encoded pictures kept."""
LONG_SIDE = 1024
"""Pixels of the longer side of a picture, at most."""
_QUALITY = 80
_JPEG_QUALITY = 90
# Without an index of intra frames, times closer together than this are decoded in one go.
_NEAR_S = 10.0
# A box is cut out of the picture as the film has it, whatever its size.
_WHOLE = 1 << 16
# So much earlier the intra frame is looked for where it was not found.
_BEFORE_S = (2.0, 10.0, 60.0)
# Times that differ by less are the same.
_SAME_S = 1e-6
# Pictures of one GOP may be shown after the intra frame of the next.
_OPEN_S = 0.5
# Behind every timestamp, in ticks.
_LATEST = 2**62

Form = Literal["webp", "jpeg"]
"""How a picture is encoded: JPEG takes a tenth of the time of a WebP, and three times the bytes."""
_Key = tuple[str, float, Box | None, int, Form]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture shown at ``asked_s``: it appeared at ``time_s``; ``image`` is upright, WebP or JPEG."""

    asked_s: float
    time_s: float
    image: bytes
    width: int
    height: int


class Rewatcher:
    """Gives pictures of media files; may be used from several threads.

    ``frames_decoded`` and ``groups_decoded`` count all pictures and GOPs decoded so far.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.frames_decoded = 0
        self.groups_decoded = 0
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[_Key, Picture] = OrderedDict()
        self._lock = threading.Lock()

    def pictures(
        self,
        path: Path,
        info: VideoInfo,
        times_s: Sequence[float],
        *,
        box: Box | None = None,
        long_side: int = LONG_SIDE,
        form: Form = "webp",
    ) -> list[Picture]:
        """What is on screen at each of ``times_s`` (seconds of the presentation timeline), by time.

        Args:
            box: only this part of the picture, in fractions of the upright picture.
            long_side: pixels; pictures are shrunk to it, never enlarged.

        Raises:
            MediaError: the file cannot be opened or holds no picture at any of these times.
        """
        wanted = sorted(set(times_s))
        with self._lock:
            keys: dict[float, _Key] = {t: (info.video_id, t, box, long_side, form) for t in wanted}
            found = {t: self._kept[key] for t, key in keys.items() if key in self._kept}
            for time_s in found:
                self._kept.move_to_end(keys[time_s])
            missing = [time_s for time_s in wanted if time_s not in found]
            if missing:
                for picture in self._decode(path, info, missing, box, long_side, form):
                    found[picture.asked_s] = picture
                    self._keep(keys[picture.asked_s], picture)
        if not found:
            raise MediaError(f"{path} has no readable picture at {wanted[0]:.1f} s", code="no_picture")
        return [found[time_s] for time_s in wanted if time_s in found]

    def _keep(self, key: _Key, picture: Picture) -> None:
        self._kept[key] = picture
        self._bytes += len(picture.image)
        while self._bytes > self._most_bytes and self._kept:
            self._bytes -= len(self._kept.popitem(last=False)[1].image)

    def _decode(
        self,
        path: Path,
        info: VideoInfo,
        times_s: Sequence[float],
        box: Box | None,
        long_side: int,
        form: Form,
    ) -> Iterator[Picture]:
        from av.video.reformatter import VideoReformatter

        from longvid_indexer.opening import open_media
        from longvid_indexer.packets import breaks
        from longvid_indexer.probe import first_video

        with open_media(path) as container:
            stream = first_video(container)
            if stream is None:
                raise MediaError(f"{path} has no pictures", code="no_picture")
            share_out(stream)
            aspect, scaler = pixel_aspect(stream), VideoReformatter()
            shrinker = VideoReformatter() if form == "jpeg" else None
            made: Picture | None = None
            broken = bool(breaks(path))
            intra_s = [] if broken else intra_times(stream, info.stream_start_s, times_s)
            for group in [list(times_s)] if broken else groups_of(times_s, intra_s):
                self.groups_decoded += 1
                packets = _around(container, stream, group, info.stream_start_s) if broken else None
                for asked_s, raw, time_s in self._group(
                    container, stream, group, info.stream_start_s, packets
                ):
                    if made is None or made.time_s != time_s:
                        frame = DecodedFrame(raw, time_s, 0, aspect, scaler)
                        made = _picture(frame, box, long_side, form, shrinker)
                    yield replace(made, asked_s=asked_s)

    def _group(
        self,
        container: Any,
        stream: Any,
        times_s: Sequence[float],
        start_s: float,
        packets: Iterator[Any] | None = None,
    ) -> Iterator[tuple[float, Any, float]]:
        """``(asked, picture, time)`` for times in one stretch of the stream, decoded from the intra frame before."""
        if packets is None:
            packets = _enter(container, stream, times_s[0] + start_s + _SAME_S)
        held: list[Any] = []
        left = list(times_s)
        ticks = [(time_s + start_s + _SAME_S) / stream.time_base for time_s in times_s]
        wanted = dict(wanted_packets(packets, held, ticks) or {})
        for raw in picked(stream, held, wanted) if wanted else ():
            self.frames_decoded += 1
            for number in wanted.pop(raw.pts, ()):
                left.remove(times_s[number])
                yield times_s[number], raw, _time_s(raw, stream, start_s)
        if left:
            yield from self._one_by_one(container, stream, left, start_s, chain(held, packets))

    def _one_by_one(
        self, container: Any, stream: Any, left: list[float], start_s: float, packets: Iterator[Any]
    ) -> Iterator[tuple[float, Any, float]]:
        """The same by decoding every picture, where packets cannot tell or do not hold what they promise."""
        last: tuple[Any, float] | None = None
        for raw in decoded(container, stream, packets=packets):
            self.frames_decoded += 1
            if raw.pts is None:
                continue
            time_s = _time_s(raw, stream, start_s)
            # A frame is on screen until the next one appears.
            while left and time_s > left[0] + _SAME_S:
                shown = last or (raw, time_s)
                yield left.pop(0), *shown
            if not left:
                return
            last = (raw, time_s)
        if last is not None:
            yield from ((asked_s, *last) for asked_s in left)


def _time_s(raw: Any, stream: Any, start_s: float) -> float:
    return max(0.0, float(raw.pts * stream.time_base) - start_s)


def _enter(container: Any, stream: Any, at_s: float) -> Iterator[Any]:
    """Packets from the intra frame on that is needed to show what is on screen at ``at_s`` of the stream's own time.

    Formats without an index find a place near the time, maybe behind that frame: it is looked for farther and farther
    before, at last from the beginning.
    """
    from av.error import FFmpegError

    from longvid_indexer.packets import demux

    at = at_s / stream.time_base
    for before_s in (0.0, *_BEFORE_S):
        try:
            container.seek(round((at_s - before_s) / stream.time_base), stream=stream, backward=True)
        except FFmpegError:
            break
        packets = demux(container, stream)
        first = _intra(packets, at)
        if first is not None:
            return chain([first], packets)
    # The place of a byte: by time, formats without an index may not find the beginning.
    container.seek(0, unsupported_byte_offset=container.format.name.startswith("mpeg"))
    return demux(container, stream)


def _intra(packets: Iterator[Any], at: float) -> Any:
    """The next intra frame, if it is shown at ``at`` (ticks) or before."""
    from av.error import FFmpegError

    try:
        for packet in packets:
            if packet.is_keyframe and packet.size:
                return packet if packet.pts is None or packet.pts <= at else None
            if packet.dts is not None and packet.dts > at:
                return None
    except FFmpegError:
        return None
    return None


def _around(container: Any, stream: Any, times_s: Sequence[float], start_s: float) -> Iterator[Any]:
    """The packets of the GOPs that show ``times_s``, from a file whose clock breaks: all is read, little is decoded."""
    from longvid_indexer.packets import demux

    held: list[Any] = []
    for packet in demux(container, stream):
        if packet.is_keyframe or not packet.size:
            if _shows(held, packet, times_s, start_s):
                yield from held
            held = []
        held.append(packet)
    yield from held


def _shows(held: Sequence[Any], following: Any, times_s: Sequence[float], start_s: float) -> bool:
    def time_s(packet: Any) -> float:
        return float("inf") if packet.pts is None else float(packet.pts * packet.time_base) - start_s

    return bool(held) and any(time_s(held[0]) <= each < time_s(following) + _OPEN_S for each in times_s)


def groups_of(times_s: Sequence[float], intra_s: Sequence[float]) -> list[list[float]]:
    """Sorted times in groups that one decoder run serves: those behind the same intra frame.

    Where no intra frames are known, times less than ``_NEAR_S`` apart.
    """
    groups: list[list[float]] = []
    for time_s in times_s:
        if groups and _together(groups[-1][-1], time_s, intra_s):
            groups[-1].append(time_s)
        else:
            groups.append([time_s])
    return groups


def _together(before_s: float, time_s: float, intra_s: Sequence[float]) -> bool:
    if bisect_right(intra_s, before_s + 1e-6) != bisect_right(intra_s, time_s + 1e-6):
        return False
    # Behind the last intra frame of the index there may be more of them: some formats index only what was read.
    return time_s - before_s <= _NEAR_S or bool(intra_s and time_s < intra_s[-1])


def intra_times(stream: Any, start_s: float, times_s: Sequence[float]) -> list[float]:
    """When the intra frames appear behind which ``times_s`` lie, and the last, as the stream's index has it.

    They are looked up, since an index of hours has a line for each picture; empty without an index.
    """
    index, ticks, over = stream.index_entries, stream.time_base.numerator, stream.time_base.denominator
    sought = [floor((time_s + start_s + _SAME_S) * over / ticks) for time_s in times_s]
    places = {index.search_timestamp(tick, backward=True) for tick in (*sought, _LATEST)}
    return sorted(index[place].timestamp * ticks / over - start_s for place in places if place >= 0)


def _picture(frame: DecodedFrame, box: Box | None, long_side: int, form: Form, shrinker: Any) -> Picture:
    image = frame.upright(long_side if box is None else _WHOLE, shrinker)
    if box is not None:
        import cv2
        import numpy as np

        height, width = image.shape[:2]
        left, top = int(box[0] * width), int(box[1] * height)
        right, bottom = max(left + 1, round(box[2] * width)), max(top + 1, round(box[3] * height))
        image = np.ascontiguousarray(image[top:bottom, left:right])
        size = fit(image.shape[1], image.shape[0], long_side)
        if size != (image.shape[1], image.shape[0]):
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    height, width = image.shape[:2]
    encoded = encode_jpeg(image, _JPEG_QUALITY) if form == "jpeg" else encode_webp(image, _QUALITY)
    return Picture(frame.time_s, frame.time_s, encoded, width, height)
