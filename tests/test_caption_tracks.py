"""Caption tracks inside a film that FFmpeg does not hand on as text: CEA-608 and TTML."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from longvid_indexer.subtitles.tracks import list_tracks, read_track

_MS = Fraction(1, 1000)
Sample = tuple[int, int, bytes]


def film(path: Path, codec: str, samples: Sequence[Sample]) -> Path:
    """Ten seconds of grey with one track of ready packets, each (start in ms, length in ms, bytes)."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=5)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        track = container.add_mux_stream(codec)
        track.time_base = _MS
        for number in range(50):
            picture = av.VideoFrame.from_ndarray(np.full((96, 64), 128, np.uint8), format="yuv420p")
            picture.pts, picture.time_base = number, Fraction(1, 5)
            container.mux(video.encode(picture))
        container.mux(video.encode())
        for start_ms, lasts_ms, data in samples:
            packet = av.Packet(data)
            packet.stream = track
            packet.pts = packet.dts = start_ms
            packet.duration, packet.time_base = lasts_ms, _MS
            container.mux(packet)
    return path


def said(path: Path) -> list[tuple[float, float, str]]:
    (track,) = list_tracks(path).text
    cues = read_track(path, track, 0.0, 10.0).cues
    return [(cue.start_s, cue.end_s, " ".join(line.text for line in cue.lines)) for cue in cues]


def shown(text: str) -> bytes:
    """A pop-on caption as CEA-708 wraps it: resume loading, erase, a position, the letters, end of caption."""
    padded = text + "\0" * (len(text) % 2)
    letters = list(zip(map(ord, padded[::2]), map(ord, padded[1::2]), strict=True))
    codes = [(0x14, 0x20), (0x14, 0x2E), (0x14, 0x70), *letters, (0x14, 0x2F)]
    return b"".join(bytes((0xFC, first, second)) for first, second in codes)


def document(*cues: tuple[str, str, str]) -> bytes:
    body = "".join(f'<p begin="{begin}" end="{end}">{text}</p>' for begin, end, text in cues)
    return f'<?xml version="1.0"?><tt xmlns="http://www.w3.org/ns/ttml"><body><div>{body}</div></body></tt>'.encode()


CUES = [(1.0, 4.0, "The crane is stuck"), (5.0, 8.0, "Call Ida")]


def test_closed_captions_are_read_whole(tmp_path: Path) -> None:
    erased = bytes((0xFC, 0x14, 0x2C))
    samples = [
        (1000, 3000, shown("The crane is stuck")),
        (4000, 1000, erased),
        (5000, 3000, shown("Call Ida")),
    ]
    assert said(film(tmp_path / "film.mov", "eia_608", samples)) == CUES


def test_the_second_field_and_invalid_pairs_are_not_read(tmp_path: Path) -> None:
    other = b"".join(bytes((marker, ord("X"), ord("Y"))) for marker in (0xFD, 0xF8))
    samples = [(1000, 3000, other + shown("The crane is stuck") + other)]
    assert said(film(tmp_path / "film.mov", "eia_608", samples)) == CUES[:1]


@pytest.mark.parametrize(
    "samples",
    [
        [(0, 10000, document(("1s", "4s", "The crane is stuck"), ("5s", "8s", "Call Ida")))],
        # A document a packet, on the track's clock; what lasts longer is in the next one again.
        [
            (0, 2000, document(("1s", "4s", "The crane is stuck"))),
            (2000, 8000, document(("1s", "4s", "The crane is stuck"), ("5s", "8s", "Call Ida"))),
        ],
        # Each counts from its packet.
        [
            (0, 5000, document(("1s", "4s", "The crane is stuck"))),
            (5000, 3000, document(("0s", "3s", "Call Ida"))),
        ],
    ],
    ids=["one document", "on the track's clock", "from the packet"],
)
def test_timed_text_in_a_film_is_read(tmp_path: Path, samples: list[Sample]) -> None:
    assert said(film(tmp_path / "film.mp4", "ttml", samples)) == CUES
