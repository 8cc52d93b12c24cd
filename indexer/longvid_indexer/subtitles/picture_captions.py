"""Closed captions inside the pictures of broadcasts and live streams (ATSC A/53): pairs, in the order they are shown.

They lie in the packets of H.264, HEVC and MPEG-2 beside the coded picture, so that none has to be decoded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from longvid_indexer.opening import open_media
from longvid_indexer.packets import demux

CODECS = frozenset(("h264", "hevc", "mpeg2video"))
_MARK = b"GA94\x03"  # "user data of ATSC: caption data"
_COUNT = 0x1F
# Who sends captions sends them with every picture, empty ones too: a film without any in so many has none.
_TRIED = 150
_WITHOUT_PARITY = 0x7F7F


def has_captions(path: Path) -> int | None:
    """The stream whose pictures carry captions; None where the first ones carry none.

    Raises:
        MediaError: the file cannot be opened.
    """
    from av.error import FFmpegError

    with open_media(path) as container:
        stream = next(iter(container.streams.video), None)
        if stream is None or stream.codec_context is None or stream.codec_context.name not in CODECS:
            return None
        try:
            for number, packet in enumerate(container.demux(stream)):
                if _MARK in bytes(packet):
                    return int(stream.index)
                if number == _TRIED:
                    return None
        except FFmpegError:
            return None  # whoever decodes the pictures tells of the damage
    return None


def caption_pairs(path: Path, index: int, problems: Counter[str]) -> Iterator[tuple[float, bytes]]:
    """When each picture of a stream is shown, in seconds of the file, and the caption pairs that come with it.

    Pictures are coded in another order than they are shown in; captions are few enough to be sorted whole. Of pairs
    that say nothing the first one after something is kept: it parts a code that is repeated from one sent twice.
    Damage ends the list, and ``problems`` counts it.

    Raises:
        MediaError: the file cannot be opened.
    """
    from av.error import FFmpegError

    found: list[tuple[float, bytes]] = []
    with open_media(path) as container:
        try:
            for packet in demux(container, container.streams[index]):
                if packet.pts is not None and (pairs := b"".join(_pairs(bytes(packet)))):
                    found.append((float(packet.pts * packet.time_base), pairs))
        except FFmpegError as error:
            problems[damaged(error)] += 1
    says = [True, True]
    for at_s, pairs in sorted(found, key=lambda each: each[0]):
        kept = bytearray()
        for at in range(0, len(pairs), 3):
            field, before = pairs[at] & 1, says[pairs[at] & 1]
            says[field] = (int.from_bytes(pairs[at + 1 : at + 3], "big") & _WITHOUT_PARITY) != 0
            if says[field] or before:
                kept += pairs[at : at + 3]
        if kept:
            yield at_s, bytes(kept)


def damaged(error: Exception) -> str:
    """What is said of a subtitle track that ends in what FFmpeg cannot read."""
    return (
        f"damage inside the subtitle track ({getattr(error, 'strerror', error)}); what came before it is kept"
    )


def _pairs(data: bytes) -> Iterator[bytes]:
    """The valid pairs of either field, three bytes each, out of a packet of pictures."""
    at = data.find(_MARK)
    while at >= 0:
        at += len(_MARK)
        count = data[at] & _COUNT if at < len(data) else 0
        block = data[at + 2 : at + 2 + 3 * count]
        for place in range(0, len(block) - 2, 3):
            if block[place] & 0xFE == 0xFC:
                yield block[place : place + 3]
        at = data.find(_MARK, at)
