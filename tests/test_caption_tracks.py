"""Captions inside a film that FFmpeg does not hand on as text: CEA-608, also in pictures, TTML, WebVTT in MP4."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from longvid_indexer.probe import probe
from longvid_indexer.subtitles.tracks import list_tracks, read_track
from longvid_indexer.transcript import make_transcript

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


def box(name: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + name + content


def test_webvtt_in_mp4_is_read_each_cue_once(tmp_path: Path) -> None:
    crane, ida = (box(b"vttc", box(b"payl", text)) for text in (b"The crane is stuck", b"<v Bo>Call Ida"))
    samples = [(0, 1000, box(b"vtte", b"")), (1000, 1000, crane), (2000, 2000, crane + ida), (4000, 500, ida)]
    path = film(tmp_path / "film.mp4", "mov_text", samples)
    path.write_bytes(path.read_bytes().replace(b"tx3g", b"wvtt"))
    assert said(path) == [(1.0, 4.0, "The crane is stuck"), (2.0, 4.5, "Call Ida")]
    assert [u.speaker for u in make_transcript(path, probe(path, "id"), None).utterances] == [None, "Bo"]


Pairs = list[tuple[int, int]]


def popped(text: str, field: int = 0) -> Pairs:
    """The pairs of ``shown``, control codes twice as they are sent, of the first channel of a field."""
    control = 0x14 + field
    letters = list(zip(map(ord, text[::2]), map(ord, (text + "\0")[1::2]), strict=False))
    begin, end = [(control, code) for code in (0x20, 0x2E, 0x70) for _ in range(2)], [(control, 0x2F)] * 2
    return begin + letters + end


def broadcast(path: Path, codes: dict[int, Pairs], field: int = 0) -> Path:
    """Ten seconds of 25 pictures each, out of order as they are coded, a pair of captions in each (A/53).

    ``codes``: the pairs that are sent from a picture on; of other pictures an empty one.
    """
    sent = {start + n: pair for start, pairs in codes.items() for n, pair in enumerate(pairs)}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt, stream.codec_context.max_b_frames = "yuv420p", 2

        def mux(packets: Sequence[av.Packet]) -> None:
            for packet in packets:
                assert packet.pts is not None
                assert packet.time_base is not None
                pair = sent.get(round(packet.pts * packet.time_base * 25), (0x80, 0x80))
                user = b"\0\0\1\xb2GA94\3" + bytes((0x41, 0xFF, 0xFC | field, *pair, 0xFF))
                before, slices, rest = bytes(packet).partition(b"\0\0\1\1")
                carried = av.Packet(before + user + slices + rest)
                carried.stream, carried.time_base = packet.stream, packet.time_base
                carried.pts, carried.dts, carried.duration = packet.pts, packet.dts, packet.duration
                container.mux(carried)

        for number in range(250):
            picture = av.VideoFrame.from_ndarray(np.full((96, 64), number, np.uint8), format="yuv420p")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            mux(stream.encode(picture))
        mux(stream.encode())
    return path


@pytest.mark.parametrize("field", [0, 1])
def test_captions_in_the_pictures_of_a_broadcast_are_read(field: int, tmp_path: Path) -> None:
    erase = [(0x14 + field, 0x2C)] * 2
    named = [
        (0x01, 0x03),
        (ord("N"), ord("o")),
        (0x0F, 0x1D),
    ] * field  # the second field has more than captions
    codes = {25: popped("The crane is stuck", field), 70: named, 100: erase, 125: popped("Call Ida", field)}
    path = broadcast(tmp_path / "film.ts", codes, field)
    made = make_transcript(path, probe(path, "id"), None)
    assert made.source == "track:0:und"
    assert [(round(u.start_s, 2), round(u.end_s, 2), u.text) for u in made.utterances] == [
        (1.6, 4.0, "The crane is stuck"), (5.4, 6.4, "Call Ida"),
    ]  # fmt: skip
    assert made.notes == ()


def test_a_broadcast_that_sends_empty_captions_has_none(tmp_path: Path) -> None:
    path = broadcast(tmp_path / "film.ts", {})
    assert make_transcript(path, probe(path, "id"), None).notes == (
        "no audio stream and no subtitles: nothing is said",
    )


def test_the_other_channel_is_read_where_the_first_is_empty_and_named_where_it_is_not(tmp_path: Path) -> None:
    second = bytes(byte | 0x08 if byte == 0x14 else byte for byte in shown("Call Ida"))
    path = film(tmp_path / "film.mov", "eia_608", [(5000, 3000, second)])
    assert said(path) == [CUES[1]]
    both = film(
        tmp_path / "both.mov", "eia_608", [(1000, 3000, shown("The crane is stuck")), (4000, 3000, second)]
    )
    assert (
        "closed captions were read in the channel CC1, and not in CC2"
        in make_transcript(both, probe(both, "id"), None).notes
    )
