"""From keyframe to keyframe: what lies between two pictures that look the same need not be decoded.

A container says which packets are keyframes, each decoded by itself, and how large all packets are. Where those who
look are at rest and see nothing new in the next keyframe, and no packet on the way stands out, what lies between is
left out. All else is decoded and shown as ever, so that what changes is found to the frame.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.frames import DecodedFrame, FrameReader, decoded
from longvid_indexer.packets import demux

_CONTAINERS = frozenset(("mp4", "matroska"))
_CODECS = frozenset(("h264", "hevc", "vp9", "av1"))
# The longest leap: what shows for less time than this and leaves no trace behind must be told from packets alone.
_LONGEST_S, _MOST_BYTES = 12.0, 32 * 2**20
# A shorter leap saves no more than the keyframe costs.
_SHORTEST_S = 0.8
# After a try that failed there is none for so long; each further failure doubles it.
_PAUSE_S, _LONGEST_PAUSE_S = 1.5, 60.0
# A packet stands out that is so much larger than nine tenths of those around it, and by so many bytes.
_LARGER, _BYTES = 2.5, 100
# So many packets of before are known; of fewer than so many nothing can be told.
_KNOWN, _FEW = 250, 4
# Sums of packets over so many seconds stand out when they are less or more than so many times their median.
_WINDOWS = ((0.4, 0.5, 2.0), (1.2, 0.6, 1.6))
# As above, where a change is taken to have come with the keyframe.
_EVEN, _EVEN_WINDOWS = 1.75, ((0.4, 0.5, 1.5), (1.2, 0.6, 1.2))


class Onlooker(Protocol):
    """Who is shown the pictures, and says which need not be."""

    def at_rest(self, time_s: float) -> bool:
        """Whether the picture that was seen last, at ``time_s``, would tell nothing new if it were seen on and on."""
        ...

    def leap(self, frame: DecodedFrame, excess: float | None) -> bool:
        """Whether to go on with ``frame``, as if all that lies before it had been seen.

        ``excess``: by how much the largest packet on the way is larger than most, as a share of the keyframe's size;
        None where they are uneven.
        """
        ...


@dataclass
class LeapingReader(FrameReader):
    """A reader that leaves out what its onlooker need not see; all else is as ever."""

    onlooker: Onlooker = field(kw_only=True)

    def _pictures(self, container: Any, stream: Any) -> Iterator[Any]:
        if self.clock_breaks or not _may_leap(container, stream):
            yield from super()._pictures(container, stream)
            return
        start_s = self.info.stream_start_s
        leaps = Leaps(container, stream, start_s, self.onlooker, self._damaged, self._ended)
        for raw in leaps:
            self.frames_left_out = leaps.left_out
            yield raw
        self.frames_decoded += leaps.in_vain


def _may_leap(container: Any, stream: Any) -> bool:
    """Whether a file's keyframes are known by its container, and each is decoded by itself."""
    return (
        not _CONTAINERS.isdisjoint(container.format.name.split(","))
        and stream.codec_context.codec.canonical_name in _CODECS
    )


class _Way:
    """Packets as they lie in the file, the keyframe that follows them, where it is near, and the way before."""

    def __init__(self, packets: list[Any], following: Any, before: _Way | None) -> None:
        self.packets, self.following = packets, following
        rest = sorted((each.pts or 0, each.size) for each in packets if each.size and not each.is_keyframe)
        self.pts = np.array([pts for pts, _ in rest], np.int64)
        self.sizes = np.array([size for _, size in rest], np.float64)
        # What is usual is told from before, too: of few packets those that stand out are many.
        known = self.sizes if before is None else np.concatenate((before._known, self.sizes))
        self._known: NDArray[np.float64] = known[-max(len(rest), _KNOWN) :]

    def stands_out_until(self, time_base: float, *, even: bool = False) -> float:
        """The time, in ticks, of the last packet that stands out; minus infinity for none."""
        larger, windows = (_EVEN, _EVEN_WINDOWS) if even else (_LARGER, _WINDOWS)
        if len(self.pts) < _FEW or self.pts[-1] <= self.pts[0]:
            return float("inf")
        out = self.sizes > larger * self._usual + _BYTES
        step_s = (self.pts[-1] - self.pts[0]) * time_base / (len(self.pts) - 1)
        for seconds, least, most in windows:
            count = max(2, round(seconds / step_s))
            if count <= len(self.pts):
                sums, known = (_sums(each, count) for each in (self.sizes, self._known))
                usual = sorted((np.median(sums), np.median(known)))
                out[count - 1 :] |= (sums > most * usual[0] + _BYTES) | (sums < least * usual[1] - _BYTES)
        return float(self.pts[out][-1]) if out.any() else float("-inf")

    @cached_property
    def _usual(self) -> float:
        """What nine tenths of the packets don't exceed."""
        return float(min(np.quantile(self.sizes, 0.9), np.quantile(self._known, 0.9)))

    def excess_after(self, pts: int) -> float:
        """How much larger than most the largest packet after ``pts`` is, as a share of the keyframe that follows."""
        largest = float(self.sizes[self.pts > pts].max(initial=0.0))
        return max(0.0, largest - self._usual) / max(1.0, float(self.following.size))


def _sums(sizes: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Of every ``count`` packets that follow each other."""
    total = np.concatenate(([0.0], np.cumsum(sizes)))
    return np.asarray(total[count:] - total[:-count])


class Leaps:
    """Iterate over it, once, for a stream's decoded pictures in order, without those that are left out.

    ``left_out``: pictures that were not decoded. ``in_vain``: pictures that were, and were not given out.
    """

    def __init__(
        self,
        container: Any,
        stream: Any,
        start_s: float,
        onlooker: Onlooker,
        damaged: Callable[[Exception], None],
        ended: Callable[[Exception], None],
    ) -> None:
        self._container, self._stream, self._start_s = container, stream, start_s
        self._onlooker, self._damaged, self._ended = onlooker, damaged, ended
        self._time_base = float(stream.time_base)
        self._decoder: Any = None
        self._leapt_to: int | None = None
        self._format: Any = None
        self._failures = 0
        self._not_before_s = 0.0
        self._off = False
        self.left_out = 0
        self.in_vain = 0

    def __iter__(self) -> Iterator[Any]:
        at: int | None = None  # the picture that was leapt to: the first of the way, and not in the decoder
        for way in self._ways():
            key = None if at is None else self._leap(way, at)
            if key is None:
                key = yield from self._decode(way)
            at = None if key is None else key.pts
            if key is not None:
                yield key

    def _ways(self) -> Iterator[_Way]:
        from av.error import FFmpegError

        held: list[Any] = []
        size, way = 0, None
        try:
            for packet in demux(self._container, self._stream):
                if held and packet.size and packet.is_keyframe:
                    yield (way := _Way(held, packet, way))
                    held, size = [], 0
                held.append(packet)
                size += packet.size
                # An edit list, a jump, pictures that hang on both sides of a keyframe: all is decoded from here on.
                self._off |= packet.size > 0 and (
                    packet.is_discard or packet.pts is None or packet.pts < held[0].pts
                )
                if size > _MOST_BYTES or self._s(packet.pts) - self._s(held[0].pts) > _LONGEST_S:
                    yield (way := _Way(held, None, way))
                    held, size = [], 0
        except FFmpegError as error:
            self._ended(error)
        yield _Way(held, None, way)

    def _s(self, pts: int | None) -> float:
        return 0.0 if pts is None else pts * self._time_base - self._start_s

    def _decode(self, way: _Way) -> Generator[Any, None, Any]:
        """Give out the pictures of a way until the rest of it can be left out; returns the keyframe behind it then."""
        tried = False
        for raw in decoded(self._container, self._stream, self._damaged, None, iter(way.packets)):
            if self._leapt_to is not None and raw.pts is not None and raw.pts <= self._leapt_to:
                self.in_vain += 1
                continue
            yield raw
            self._format = (raw.format.name, raw.width, raw.height)
            self._off |= bool(raw.rotation)  # of which the second decoder would know nothing
            if tried or raw.pts is None or not self._may_try(way, raw.pts):
                continue
            tried = True
            if (key := self._leap(way, raw.pts)) is not None:
                self._stream.codec_context.flush_buffers()
                return key
        return None

    def _may_try(self, way: _Way, pts: int) -> bool:
        if self._off or way.following is None or way.following.pts is None or pts < way.packets[0].pts:
            return False
        at_s = self._s(pts)
        return (
            at_s >= self._not_before_s
            and self._s(way.following.pts) - at_s >= _SHORTEST_S
            and self._onlooker.at_rest(at_s)
            and way.stands_out_until(self._time_base) <= pts
        )

    def _leap(self, way: _Way, pts: int) -> Any:
        """The keyframe behind the way, decoded, if all that is shown after ``pts`` can be left out."""
        if not self._may_try(way, pts):
            return None
        key = self._decoded(way.following)
        even = way.stands_out_until(self._time_base, even=True) <= pts
        if key is not None and self._onlooker.leap(
            DecodedFrame(key, self._s(key.pts), 0), way.excess_after(pts) if even else None
        ):
            self.left_out += int((way.pts > pts).sum())
            self._leapt_to = key.pts
            self._failures = 0
            return key
        self.in_vain += 1
        self._not_before_s = self._s(pts) + min(_PAUSE_S * 2**self._failures, _LONGEST_PAUSE_S)
        self._failures += 1
        return None

    def _decoded(self, packet: Any) -> Any:
        """The picture of a keyframe's packet; None where it is not whole or is another kind of picture."""
        from av.error import FFmpegError

        self._decoder = self._decoder or _like(self._stream)
        try:
            pictures = [*self._decoder.decode(packet), *self._decoder.decode(None)]
        except FFmpegError:
            return None
        finally:
            self._decoder.flush_buffers()
        if len(pictures) != 1 or pictures[0].is_corrupt or pictures[0].pts is None:
            return None
        [key] = pictures
        key.time_base = self._stream.time_base
        return key if (key.format.name, key.width, key.height) == self._format else None


def _like(stream: Any) -> Any:
    """A second decoder for a stream's packets."""
    from av.codec import CodecContext

    theirs = stream.codec_context
    decoder = CodecContext.create(theirs.name, "r")
    decoder.extradata = theirs.extradata
    decoder.thread_type, decoder.thread_count = theirs.thread_type, theirs.thread_count
    for name in ("color_range", "color_primaries", "color_trc", "colorspace"):
        setattr(decoder, name, getattr(theirs, name))
    return decoder
