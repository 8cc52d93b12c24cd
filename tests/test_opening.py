"""One way in: FFmpeg reads the file that longvid opened, and no other, whatever the content asks for."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import media_factory as mf
from longvid_indexer.audio import read_audio
from longvid_indexer.clipping.sources import look
from longvid_indexer.frames import FrameReader
from longvid_indexer.opening import FORMATS, open_media, open_regular
from longvid_indexer.probe import probe
from longvid_indexer.rewatch import Rewatcher
from longvid_indexer.sniff import reference_kind, sniff_bytes
from longvid_indexer.subtitles.tracks import Track, list_tracks, read_track
from longvid_storage.errors import MediaError
from longvid_storage.types import MediaSpan, VideoInfo

INFO = VideoInfo("0" * 64, "x", 4.0, True, True)
SECRET = "The keys lie under the third stone."


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another film on the same disk, which nobody asked to index."""
    path = tmp_path_factory.mktemp("elsewhere") / "secret.mkv"
    film = mf.lecture(mf.sample_slides(1), seconds=4.0, rate=5, size=(160, 90))
    return film.write(path, subtitles=[(0.5, 3.0, SECRET)])


@pytest.fixture
def address() -> Iterator[tuple[socket.socket, str]]:
    """A server that answers nothing and would notice a call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server, f"http://127.0.0.1:{server.getsockname()[1]}/film.mp4"


def references(target: str) -> dict[str, bytes]:
    """File name → content: every way known to name another film, under names that longvid reads as media."""
    hls = f"#EXTINF:4.0,\n{target}\n#EXT-X-ENDLIST\n"
    master = '#EXT-X-STREAM-INF:BANDWIDTH=1,SUBTITLES="s"\n'
    dash = (
        '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT4S"><Period>'
        '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
        f"<BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    )
    return {
        "avi.m3u8": f"#EXTM3U\nAVI \n{hls}".encode(),
        "wave.mp4": f"#EXTM3U\nWAVE\n#EXT-X-TARGETDURATION:4\n{hls}".encode(),
        "plain.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n{hls}".encode(),
        "control.mkv": f"#EXTM3U\n#\x01\n#EXT-X-TARGETDURATION:4\n{hls}".encode(),
        "master.ts": f"#EXTM3U\n\x02\n{master}{target}\n".encode(),
        "concat.mp4": f"ffconcat version 1.0\nfile '{target}'\n# \x01\n".encode(),
        "concat.srt": f"ffconcat version 1.0\n# \x01\nfile '{target}'\n".encode(),
        "spaced.mp4": f" \n\tffconcat version 1.0\nfile '{target}'\n# \x01\n".encode(),
        "dash.mp4": f'<?xml version="1.0"?>\n<!-- \x01 -->\n{dash}'.encode(),
        "late dash.mp4": b"<?xml?>\n<!--" + b" \x01" * 5000 + b"-->" + dash.encode(),
        "list.webm": f"[playlist]\nFile1={target}\n\x01".encode(),
        "session.ts": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=\x01\nu={target}\nm=video 5000 RTP/AVP 96\n".encode(),
        "edl.mkv": f"# mpv EDL v0\n{target}\n\x01".encode(),
        "wide.mp4": f"#EXTM3U\n{hls}".encode("utf-16"),
        "images.mp4": b"<CompositionPlaylist \x01 xmlns='http://www.smpte-ra.org/schemas/2067-3/2016'>",
        "vobsub.mkv": f"# VobSub index file, v7 (do not modify this line!)\n\x01id: en\n{target}".encode(),
    }


READERS: dict[str, Callable[[Path], object]] = {
    "open_media": lambda path: open_media(path).__enter__(),
    "probe": lambda path: probe(path, "0" * 64),
    "frames": lambda path: list(FrameReader(path, INFO)),
    "audio": lambda path: list(read_audio(path, INFO)),
    "tracks": lambda path: list_tracks(path),
    "track": lambda path: read_track(path, Track(1, "subrip", None, (False, 0, 0)), 0.0),
    "rewatch": lambda path: Rewatcher().pictures(path, INFO, [1.0]),
    "clip": lambda path: look(MediaSpan(str(path), 0.0, 1.0, "x")),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", references(""))
def test_what_names_other_films_opens_none_of_them(
    name: str, reader: str, secret: Path, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(references(str(secret))[name])
    with pytest.raises(MediaError) as refused:
        READERS[reader](path)
    assert refused.value.code in ("refers_elsewhere", "not_media")
    assert str(path) in refused.value.message
    if name != "late dash.mp4":
        assert "names other files" in refused.value.message


@pytest.mark.parametrize("name", references(""))
def test_no_address_is_called(name: str, address: tuple[socket.socket, str], tmp_path: Path) -> None:
    server, url = address
    path = tmp_path / name
    path.write_bytes(references(url)[name])
    for read in READERS.values():
        with pytest.raises(MediaError):
            read(path)
    with pytest.raises(BlockingIOError):
        server.accept()


def test_a_film_itself_opens_through_every_reader(secret: Path) -> None:
    info = probe(secret, "0" * 64)
    assert len(list(FrameReader(secret, info))) == 20
    (track,) = list_tracks(secret).text
    assert [line.text for cue in read_track(secret, track, 0.0).cues for line in cue.lines] == [SECRET]
    assert Rewatcher().pictures(secret, info, [1.0])[0].time_s == pytest.approx(1.0, abs=0.01)
    assert look(MediaSpan(str(secret), 1.0, 2.0, "x")).pictures is not None


def test_every_format_that_may_run_is_one_of_ffmpegs_and_none_follows_names() -> None:
    import av

    known = {name for format_ in av.formats_available for name in format_.split(",")}
    assert set(FORMATS) <= known
    assert not set(FORMATS) & {
        "hls",
        "dash",
        "concat",
        "imf",
        "sdp",
        "rtsp",
        "rtp",
        "sap",
        "vobsub",
        "hds",
        "tee",
    }
    assert not set(FORMATS) & {"image2", "image2pipe", "lavfi", "webm_dash_manifest"}


def test_what_is_no_regular_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "zero.mp4").symlink_to("/dev/zero")
    (tmp_path / "one.mp4").symlink_to(tmp_path / "two.mp4")
    (tmp_path / "two.mp4").symlink_to(tmp_path / "one.mp4")
    (tmp_path / "folder.mp4").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.mp4"))
        said = {}
        for path in sorted(tmp_path.iterdir()):
            with pytest.raises(MediaError) as refused:
                open_regular(path)
            said[path.stem] = refused.value.message
    assert "is a pipe" in said["pipe"]
    assert "is a device" in said["zero"]
    assert "is a socket" in said["socket"]
    assert "is a directory" in said["folder"]
    assert "cannot be read" in said["one"]


def test_nothing_stays_open(secret: Path, tmp_path: Path) -> None:
    (tmp_path / "list.mp4").write_text("#EXTM3U\n")
    before = set(os.listdir("/proc/self/fd"))
    for _ in range(3):
        probe(secret, "0" * 64)
        with pytest.raises(MediaError):
            probe(tmp_path / "list.mp4", "0" * 64)
    assert set(os.listdir("/proc/self/fd")) == before


@given(st.binary(max_size=300), st.sampled_from([b"#EXTM3U\n", b"ffconcat version 1.0\n", b"[playlist]\n"]))
def test_no_bytes_behind_its_first_line_make_a_list_media(rest: bytes, first: bytes) -> None:
    assert reference_kind(first + rest) is not None
    assert sniff_bytes(first + rest) == "reference"


def test_subtitles_that_mention_an_address_are_subtitles() -> None:
    assert sniff_bytes(b"http://subs.example\n\n1\n00:00:01,000 --> 00:00:02,000\nhello\n") == "subtitles"
    assert sniff_bytes(b"http://films.example/one.mp4\n") == "reference"
    assert sniff_bytes(b"some words and an address http://films.example/one.mp4\n") == "text"
