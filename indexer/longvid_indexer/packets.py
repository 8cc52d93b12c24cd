"""The packets of a file on one clock, as a player has it.

Broadcast and live formats promise no continuous time: a recorder that lost its source goes on with a clock that begins
anew or is hours ahead. Players then go on where they were (FFmpeg's ``ts_discontinuity_process``, mpv, VLC). The same
rule is here, once, for all who read packets: pictures, sound, subtitles, clips. All streams share one clock, so whoever
reads one of them sees the others' breaks too, and pictures and sound stay together.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

# FLV has no mark for it, but its live recorders break the clock just so.
_ALSO_BREAKS = frozenset(("flv",))
# Ahead of everything read so far by more than FFmpeg's own limit (``-dts_delta_threshold``) is a break, not a hole.
_AHEAD_S = 10.0
# Within one stream decoding times only grow; FFmpeg allows them this much back.
_BACK_S = 0.1
# Streams meet a break one after the other, within the interleaving of the file: that is one break.
_SAME_BREAK_S = 2.0


def may_break(container: Any) -> bool:
    """Whether the container's format lets its clock begin anew or jump in the middle of a file."""
    from av.format import Flags

    names = set(container.format.name.split(","))
    return bool(Flags(container.format.flags) & Flags.ts_discont) or bool(names & _ALSO_BREAKS)


class OneClock:
    """Tells for each packet, in the order of the file, by how much its times are moved.

    ``breaks_s``: when the clock broke, in seconds of the file's first clock.
    """

    def __init__(self) -> None:
        self.breaks_s: list[float] = []
        self._offset_s = 0.0
        self._last_s: dict[int, float] = {}
        self._lasts_s: dict[int, float] = {}
        self._latest_s: float | None = None

    def offset_s(self, stream: int, dts_s: float, lasts_s: float) -> float:
        """Seconds to add to the times of the next packet of ``stream``, which is decoded at ``dts_s``.

        ``lasts_s``: what the file says of the packet's length; 0 where it says nothing.
        """
        at_s = dts_s + self._offset_s
        last_s = self._last_s.get(stream)
        if self._latest_s is not None and self._broke(at_s, last_s):
            right_s = self._latest_s if last_s is None else last_s + self._lasts_s[stream]
            self._offset_s += right_s - at_s
            at_s = right_s
            if not self.breaks_s or at_s - self.breaks_s[-1] > _SAME_BREAK_S:
                self.breaks_s.append(at_s)
        elif last_s is not None:
            # As long as the one before it, where packets don't say how long they last.
            lasts_s = lasts_s or min(max(at_s - last_s, 0.0), _SAME_BREAK_S)
        self._lasts_s[stream] = lasts_s or self._lasts_s.get(stream, 0.0)
        self._last_s[stream] = at_s
        self._latest_s = at_s if self._latest_s is None else max(self._latest_s, at_s)
        return self._offset_s

    def _broke(self, at_s: float, last_s: float | None) -> bool:
        assert self._latest_s is not None
        behind_s = self._latest_s - _AHEAD_S if last_s is None else last_s - _BACK_S
        return at_s > self._latest_s + _AHEAD_S or at_s < behind_s

    @property
    def shift_s(self) -> float:
        """The shift in force: for packets without a decoding time, and for streams that keep no time of their own."""
        return self._offset_s


def demux(container: Any, *streams: Any, clock: OneClock | None = None) -> Iterator[Any]:
    """As ``container.demux(*streams)``, with the times of each packet on one clock.

    Raises:
        FFmpegError: (while iterating) as PyAV does.
    """
    if not may_break(container):
        yield from container.demux(*streams)
        return
    clock = clock or OneClock()
    wanted = {stream.index for stream in streams}
    for packet in container.demux():
        if packet.size:
            _move(packet, clock)
        if packet.stream.index in wanted:
            yield packet


def _move(packet: Any, clock: OneClock) -> None:
    if packet.dts is not None and packet.stream.type in ("video", "audio"):
        lasts_s = float((packet.duration or 0) * packet.time_base)
        shift_s = clock.offset_s(packet.stream.index, float(packet.dts * packet.time_base), lasts_s)
    else:
        shift_s = clock.shift_s
    if shift_s:
        ticks = round(shift_s / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts + ticks
        packet.dts = None if packet.dts is None else packet.dts + ticks


def breaks(path: Path) -> tuple[float, ...]:
    """Where the clock of a file breaks, in seconds of its first clock; reads the packets of formats that may, once.

    Raises:
        MediaError: the file cannot be opened.
    """
    stat = path.stat()
    return _breaks(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _breaks(path: Path, size: int, mtime_ns: int) -> tuple[float, ...]:
    from av.error import FFmpegError

    from longvid_indexer.opening import open_media

    clock = OneClock()
    with open_media(path) as container:
        if not may_break(container):
            return ()
        try:
            for _ in demux(container, clock=clock):
                pass
        except FFmpegError:
            # Cut off or damaged from here on: what came before it has its breaks.
            return tuple(clock.breaks_s)
    return tuple(clock.breaks_s)


def broken_clock(count: int) -> str:
    """What a user is told of it."""
    times = f"{count} time{'s' * (count != 1)}"
    return (
        f"the clock of the file begins anew or jumps {times}: it was read as one film, as a player shows it"
    )
