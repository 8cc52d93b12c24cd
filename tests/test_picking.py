"""Single pictures out of a run of packets: the same as if all were decoded, and fewer are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import media_factory as mf
from longvid_indexer.picking import wanted_packets
from longvid_indexer.probe import probe
from longvid_indexer.rewatch import Rewatcher
from openai_server import coded

RATE, FRAMES, GOP = 10, 60, 30
WANTED_S = [0.0, 0.05, 0.9, 1.1, 1.3, 2.95, 3.0, 4.4, 5.9, 9.0]


def drawn() -> list[Any]:
    """Pictures with noise that moves, so that no two are alike and B frames pay."""
    noise = np.random.default_rng(1).integers(0, 60, (200, 320, 3), dtype=np.uint8)
    return [np.maximum(coded(n), noise[n // 3 : n // 3 + 180]) for n in range(FRAMES)]


@pytest.mark.parametrize(
    ("suffix", "codec", "options"),
    [
        (".mp4", "libx264", {"bf": "3", "b-pyramid": "normal"}),
        (".mkv", "libx264", {"bf": "3", "x264-params": "open-gop=1"}),
        (".mp4", "libx265", {"x265-params": "bframes=4:log-level=none"}),
        (".ts", "libx264", {"bf": "2"}),
        (".webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
        (".avi", "mpeg4", {"bf": "2"}),
    ],
)
def test_they_are_the_pictures_that_decoding_all_of_it_gives(
    tmp_path: Path, suffix: str, codec: str, options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"film{suffix}"
    mf.write_video(path, drawn(), RATE, codec=codec, gop=GOP, scene_cuts=False, options=options)
    info = probe(path, "film")
    picking, plain = Rewatcher(), Rewatcher()
    found = picking.pictures(path, info, WANTED_S)
    monkeypatch.setattr("longvid_indexer.rewatch.wanted_packets", lambda *_: None)
    assert found == plain.pictures(path, info, WANTED_S)
    assert picking.frames_decoded <= plain.frames_decoded
    if codec.startswith("libx26"):
        assert picking.frames_decoded < 0.9 * plain.frames_decoded


def test_a_wanted_picture_that_is_damaged_is_the_one_before_it(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    mf.write_video(path, drawn(), RATE, gop=GOP, scene_cuts=False, options={"bf": "0"})
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        [hit] = [packet for packet in packets if abs(float(packet.pts * packet.time_base) - 2.0) < 1e-3]
        # All but the length before it, so that the decoder takes the packet for one and finds nothing in it.
        place = data.index(bytes(hit))
        data[place + 4 : place + hit.size] = b"\xff" * (hit.size - 4)
    path.write_bytes(data)
    picture, after = Rewatcher().pictures(path, probe(path, "film"), [2.05, 3.05])
    assert (picture.time_s, after.time_s) == (pytest.approx(1.9, abs=0.01), pytest.approx(3.0, abs=0.01))


class Packet:
    """What is asked of a packet, and no more."""

    def __init__(self, pts: int | None, dts: int | None, size: int = 1, is_discard: bool = False) -> None:
        self.pts, self.dts, self.size, self.is_discard = pts, dts, size, is_discard


def test_what_is_shown_is_told_by_the_packets_times_alone() -> None:
    def told(packets: list[Packet], times: list[float]) -> Any:
        return wanted_packets(iter(packets), [], times)

    run = [Packet(0, -1), Packet(4, 0), Packet(2, 1), Packet(1, 2), Packet(3, 3), Packet(5, 4), Packet(9, 9)]
    assert told(run, [0.0, 1.5, 2.0, 4.9]) == {0: [0], 1: [1], 2: [2], 4: [3]}
    assert told([*run[:3], Packet(None, None)], [4.0]) is None
    assert told([Packet(4, 0)], [3.0]) is None
    assert told([Packet(0, 0), Packet(1, 1, is_discard=True)], [2.0]) == {0: [0]}
    assert told([Packet(0, 0, 2**26), Packet(1, 1)], [2.0]) is None


def test_no_more_is_read_than_tells_what_is_shown() -> None:
    left: Iterator[Packet] = iter([Packet(n, n) for n in range(9)])
    held: list[Packet] = []
    assert wanted_packets(left, held, [2.5]) == {2: [0]}
    assert len(held) == 4
    assert len(list(left)) == 5
