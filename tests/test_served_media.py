"""Films, frames and storyboards over HTTP: the right bytes, at the library's times, whatever the reader does."""

from __future__ import annotations

import asyncio
import io
import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

import media_factory as mf
from longvid.library import Library
from longvid.server import streaming
from longvid.server.streaming import Places, StreamReply, byte_range
from longvid_storage.errors import BusyError
from longvid_storage.text.timecode import parse_time
from serve_tools import bearer, serving
from served_films import RATE, SECONDS, grey, indexed, make_film


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    make_film(folder / "plain.mp4", gop=40, scene_cuts=False)
    make_film(folder / "old.avi", codec="mpeg4", audio_codec="mp3")
    make_film(folder / "other.mkv", gop=40, scene_cuts=False, audio_rate=48_000)
    lecture = mf.lecture(mf.sample_slides(3, "white"), seconds=4.0, rate=5, size=(640, 360))
    lecture.write(folder / "slides.mp4")
    (folder / "talk.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:04.000\nOnly words.\n")
    return folder


@pytest.fixture(scope="module")
def library(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with indexed(tmp_path_factory.mktemp("library") / "films.longvid", films) as library:
        yield library


@pytest.fixture(scope="module")
def client(library: Library) -> Iterator[TestClient]:
    with serving(library) as client:
        yield client


def url(library: Library, title: str) -> str:
    return f"/v1/videos/{library.find(title).video_id}"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-", (0, 1000)),
        ("bytes=0-0", (0, 1)),
        ("bytes=200-499", (200, 500)),
        ("bytes=200-5000", (200, 1000)),
        ("bytes=-300", (700, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("bytes = 5-6", (5, 7)),
        (None, None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=5-3", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-5", None),
        ("bytes=0x1-5", None),
        (f"bytes={'9' * 30}-", None),
    ],
)
def test_ranges_are_read_as_the_rfc_says(header: str | None, expected: tuple[int, int] | None) -> None:
    assert byte_range(header, 1000) == expected


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=99999-100000", "bytes=-0"])
def test_ranges_behind_the_end(header: str) -> None:
    with pytest.raises(IndexError):
        byte_range(header, 1000)


def test_a_playable_file_is_served_byte_by_byte(client: TestClient, library: Library, films: Path) -> None:
    data = (films / "plain.mp4").read_bytes()
    media = url(library, "plain") + "/media"
    whole = client.get(media)
    assert whole.status_code == 200
    assert whole.content == data
    names = ("content-type", "accept-ranges", "longvid-media", "content-length")
    assert [whole.headers[name] for name in names] == ["video/mp4", "bytes", "file", str(len(data))]
    # A browser that cannot play the file all the same (AV1 on an old one, say) gets a stream of it.
    stream = client.get(media, params={"from_s": 3})
    assert stream.headers["longvid-media"] == "copied"
    assert [time_s for time_s, _ in decoded(stream.content)][-1] == pytest.approx(
        SECONDS - 1 / RATE, abs=0.01
    )
    rng = np.random.default_rng(1)
    for first, length in zip(rng.integers(0, len(data), 12), rng.integers(1, 300_000, 12), strict=True):
        end = min(len(data), int(first + length))
        part = client.get(media, headers={"Range": f"bytes={first}-{end - 1}"})
        assert part.status_code == 206
        assert part.content == data[first:end]
        assert part.headers["content-range"] == f"bytes {first}-{end - 1}/{len(data)}"
    behind = client.get(media, headers={"Range": f"bytes={len(data)}-"})
    assert behind.status_code == 416
    assert behind.headers["content-range"] == f"bytes */{len(data)}"
    assert "ask for a range within it" in behind.json()["detail"]


def test_etag_if_range_and_head(client: TestClient, library: Library, films: Path) -> None:
    data = (films / "plain.mp4").read_bytes()
    media = url(library, "plain") + "/media"
    head = client.head(media)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(data))
    tag = head.headers["etag"]
    assert client.get(media, headers={"If-None-Match": tag}).status_code == 304
    part = {"Range": "bytes=5-9"}
    assert client.get(media, headers=part | {"If-Range": tag}).content == data[5:10]
    assert client.get(media, headers=part | {"If-Range": '"another"'}).content == data
    headed = client.head(media, headers=part)
    assert (headed.status_code, headed.headers["content-length"], headed.content) == (206, "5", b"")


def decoded(data: bytes) -> list[tuple[float, float]]:
    with av.open(io.BytesIO(data)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.streams.audio[0].codec_context.name == "aac"
        return [(float(f.time), float(f.to_ndarray(format="gray").mean())) for f in container.decode(video=0)]


@pytest.mark.parametrize(("title", "way"), [("old", "made"), ("other", "copied")])
def test_what_browsers_cannot_play_comes_from_the_second_asked_for(
    client: TestClient, library: Library, title: str, way: str
) -> None:
    media = url(library, title) + "/media"
    for from_s in (0.0, 4.25):
        head = client.head(media, params={"from_s": from_s})
        reply = client.get(media, params={"from_s": from_s})
        for each in (head, reply):
            assert each.status_code == 200
            assert (each.headers["longvid-media"], each.headers["content-type"]) == (way, "video/mp4")
            assert each.headers["longvid-start-s"] == f"{from_s:.3f}"
        pictures = decoded(reply.content)
        shown = [(time_s, value) for time_s, value in pictures if time_s > from_s + 1e-3]
        at_second = next(value for time_s, value in reversed(pictures) if time_s <= from_s + 1e-3)
        # The AVI's own times are a little uneven; the library's are those of its decoder.
        frame = url(library, title) + "/frame"
        for time_s, value in [(from_s, at_second), shown[0], shown[len(shown) // 2], shown[-1]]:
            picture = Image.open(io.BytesIO(client.get(frame, params={"t": time_s + 2e-3}).content))
            assert np.asarray(picture.convert("L")).mean() == pytest.approx(value, abs=4)
        assert shown[-1][0] == pytest.approx(SECONDS - 1 / RATE, abs=0.25)


def test_what_is_not_there_is_told_in_a_sentence(client: TestClient, library: Library) -> None:
    assert client.get("/v1/videos/ffffffff/media").status_code == 404
    transcript = client.get(url(library, "talk") + "/media")
    assert (transcript.status_code, transcript.json()["detail"]) == (
        404,
        '"talk" is a transcript: there is no film to play',
    )
    late = client.get(url(library, "old") + "/media", params={"from_s": 500})
    assert late.status_code == 400
    assert "500 is not in it" in late.json()["detail"]
    for bad in ("nan", "inf", "-1", "x"):
        assert client.get(url(library, "old") + "/media", params={"from_s": bad}).status_code == 422
        assert client.get(url(library, "old") + "/frame", params={"t": bad}).status_code == 422
    assert client.get(url(library, "old") + "/frame", params={"t": 1, "width": 100_000}).status_code == 422


def test_a_file_that_is_gone_or_another_is_410(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    path = make_film(folder / "short.mp4", seconds=2)
    with indexed(tmp_path / "library", folder) as library, serving(library) as client:
        media = url(library, "short") + "/media"
        assert client.get(media).status_code == 200
        with path.open("ab") as file:
            file.write(b"more")
        changed = client.get(media)
        assert changed.status_code == 410
        assert "holds something else by now" in changed.json()["detail"]
        path.unlink()
        os.mkfifo(path)  # waiting for somebody to write to it would hang
        assert client.get(media).status_code == 410
        path.unlink()
        for what in ("media", "frame?t=1.9"):
            assert client.get(f"{url(library, 'short')}/{what}").status_code == 410


def test_frames_are_those_shown_at_the_time(client: TestClient, library: Library) -> None:
    frame = url(library, "plain") + "/frame"
    for number in (0, 1, 37, 80, 119):
        reply = client.get(frame, params={"t": number / RATE + 0.05, "width": 100})
        assert reply.headers["content-type"] == "image/webp"
        picture = Image.open(io.BytesIO(reply.content))
        assert picture.size == (100, 60)
        near = grey(number), 1.5 * 0.5 * RATE + 4  # a small one may be half a second older
        assert np.asarray(picture.convert("L")).mean() == pytest.approx(near[0], abs=near[1])
        exact = Image.open(io.BytesIO(client.get(frame, params={"t": number / RATE + 0.05}).content))
        assert exact.size == (160, 96)
        assert np.asarray(exact.convert("L")).mean() == pytest.approx(grey(number), abs=3)
    tag = client.get(frame, params={"t": 3}).headers["etag"]
    assert client.get(frame, params={"t": 3}, headers={"If-None-Match": tag}).status_code == 304


def test_the_storyboard_covers_the_film_with_pictures_of_it(client: TestClient, library: Library) -> None:
    base = url(library, "slides")
    text = client.get(f"{base}/storyboard.vtt")
    assert text.headers["content-type"].startswith("text/vtt")
    cues = re.findall(r"(\S+) --> (\S+)\nstoryboard/(\d+)\.webp#xywh=(\d+),(\d+),(\d+),(\d+)", text.text)
    assert len(cues) >= 3
    assert cues[0][0] == "00:00:00.000"
    assert cues[-1][1] == "00:00:12.000"
    assert all(one[1] == two[0] for one, two in pairwise(cues))
    for cue in cues:
        x, y, width, height = map(int, cue[3:])
        sheet = Image.open(io.BytesIO(client.get(f"{base}/storyboard/{cue[2]}.webp").content))
        assert x + width <= sheet.width
        assert y + height <= sheet.height
        if cue is cues[0]:  # whose picture may be of a moment later
            continue
        tile = np.asarray(sheet.convert("L"))[y : y + height, x : x + width].astype(float)
        asked = {"t": parse_time(cue[0]) + 0.01, "width": width * 4}
        shown = Image.open(io.BytesIO(client.get(f"{base}/frame", params=asked).content)).convert("L")
        assert np.abs(tile - np.asarray(shown.resize((width, height)))).mean() < 8
    missing = client.get(f"{base}/storyboard/99.webp")
    assert (missing.status_code, "no sheet 99" in missing.json()["detail"]) == (404, True)
    assert client.get(url(library, "talk") + "/storyboard.vtt").text.strip() == "WEBVTT"


def test_slides_have_their_pictures(client: TestClient, library: Library) -> None:
    base = url(library, "slides")
    count = len(library.show("slides").slides)
    assert count == 3
    for number in range(count):
        assert Image.open(io.BytesIO(client.get(f"{base}/slides/{number}").content)).format == "WEBP"
    assert client.get(f"{base}/slides/{count}").status_code == 404
    assert client.get(f"{base}/slides/-1").status_code == 404


def test_others_films_are_as_if_they_were_not_there(library: Library) -> None:
    made, key = library.keys.add("reader of elsewhere", collections=["elsewhere"])
    try:
        with serving(library) as client:
            client.headers.update(bearer(key))
            mine, none = library.find("plain").video_id, "f" * 64
            for what in ("media", "frame?t=1", "storyboard.vtt", "storyboard/0.webp", "slides/0"):
                foreign, missing = (client.get(f"/v1/videos/{each}/{what}") for each in (mine, none))
                assert (foreign.status_code, foreign.text.replace(mine, "")) == (
                    404,
                    missing.text.replace(none, ""),
                )
    finally:
        library.keys.revoke(made.key_id)


# Readers


def endless(made: list[int]) -> Any:
    try:
        while True:
            made[0] += 1
            yield b"x" * 1000
    finally:
        made[1] += 1


def test_a_slow_reader_holds_a_piece_and_its_place_and_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        places = Places(2)
        counts = [[0, 0] for _ in range(4)]
        stuck = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await stuck.wait()
            return {"type": "http.disconnect"}

        async def blocked(message: Any) -> None:
            if message["type"] == "http.response.body":
                await stuck.wait()

        async def play(number: int) -> None:
            reply = StreamReply(endless(counts[number]), places, {})
            await reply.begin()
            await reply({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, blocked)

        paused = [asyncio.create_task(play(number)) for number in range(2)]
        await asyncio.sleep(0.2)
        assert [each[0] for each in counts[:2]] == [1, 1], "nothing is made that nobody takes"
        with pytest.raises(BusyError, match="try again"):
            await play(2)
        monkeypatch.setattr(streaming, "IDLE_S", 0.1)
        third = asyncio.create_task(play(3))
        await asyncio.sleep(0.3)
        assert [each.done() for each in paused].count(True) == 1, "the one nobody read from longest gave way"
        assert sorted(each[1] for each in counts[:2]) == [0, 1], "and let go of its file"
        stuck.set()
        await asyncio.gather(third, *paused)
        assert places._taken == []
        assert counts[3][1] == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("form", ["edl", "otio"])
def test_a_cut_list_names_films_of_the_server_and_no_file(
    client: TestClient, library: Library, films: Path, form: str
) -> None:
    answer = client.post("/v1/ask", json={"question": "Which film is called plain?"}).json()
    cut = client.post("/v1/exports", json={"format": form, "answer": answer}).text
    assert "file:" not in cut
    assert str(films) not in cut
    (link,) = {*re.findall(r"http\S+?/media\?original=true", cut)}
    assert client.get(link).content == (films / "plain.mp4").read_bytes()
