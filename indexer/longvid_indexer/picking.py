"""Single pictures out of a run of packets: what no wanted one needs is not decoded.

Which packet is on screen at a time is told by the packets' times alone. Pictures that no other refers to (most B
frames) then need not be decoded unless they are wanted, and none behind the last wanted one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# Packets are held until all wanted ones are known: so many bytes of them at most.
_MOST_BYTES = 64 * 2**20


def wanted_packets(
    packets: Iterator[Any], held: list[Any], times: Sequence[float]
) -> Mapping[int, Sequence[int]] | None:
    """Read packets into ``held`` until it is known which are on screen at ``times``.

    Args:
        packets: of one stream, beginning with an intra frame.
        times: ascending, in ticks of the stream.

    Returns:
        ``{time of a packet: numbers of the times at which it is shown}``; None where the packets cannot tell: some have
        no times, they are too many, or they end in an error.
    """
    from av.error import FFmpegError

    size = 0
    try:
        for packet in packets:
            held.append(packet)
            size += packet.size
            if size > _MOST_BYTES or (packet.size and packet.pts is None):
                return None
            # Nothing is shown before it is decoded.
            if packet.size and packet.dts is not None and packet.dts > times[-1]:
                break
    except FFmpegError:
        return None
    shown = sorted(packet.pts for packet in held if packet.size and not packet.is_discard)
    found: dict[int, list[int]] = defaultdict(list)
    for number, time in enumerate(times):
        # A picture is on screen until the next one appears.
        place = bisect_right(shown, time)
        if not place:
            return None
        found[shown[place - 1]].append(number)
    return found


def picked(stream: Any, packets: Sequence[Any], wanted: Mapping[int, object]) -> Iterator[Any]:
    """Decoded pictures of a run of packets: those whose time is in ``wanted`` and those that they need, in order.

    They are the same as if all had been decoded; damage costs what is damaged. The decoder is empty afterwards.
    """
    from av.error import FFmpegError

    decoder = stream.codec_context
    last = max(n for n, packet in enumerate(packets) if packet.size and packet.pts in wanted)
    try:
        for packet in (*packets[: last + 1], None):
            if packet is not None:
                decoder.skip_frame = "DEFAULT" if packet.pts in wanted else "NONREF"
            try:
                yield from stream.decode(packet)
            except FFmpegError:
                continue
    finally:
        decoder.skip_frame = "DEFAULT"
        decoder.flush_buffers()
