"""Uploads: tus 1.0, resumable, within limits, and looked at before anything else reads them."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request
from tusclient.client import TusClient

from longvid.library import Library
from longvid.server import routes, uploads
from longvid.server.settings import ServerSettings
from longvid.server.uploads import Uploads, metadata, safe_name
from longvid_storage.errors import AccessError, UsageError
from serve_tools import bearer, serving
from served_films import engines, make_film, running

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = TUS | {"Content-Type": "application/offset+octet-stream"}


def named(name: str) -> dict[str, str]:
    return {"Upload-Metadata": f"filename {base64.b64encode(name.encode()).decode()},other dmFsdWU="}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "talks.longvid", create=True, engines=engines()) as library:
        yield library


@pytest.fixture
def client(library: Library) -> Iterator[TestClient]:
    with serving(library) as client:
        yield client


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_film(tmp_path_factory.mktemp("film") / "a.mp4", seconds=2).read_bytes()


def begin(client: TestClient, length: int, name: str = "talk.mp4", **headers: str) -> str:
    made = client.post("/v1/uploads", headers=TUS | named(name) | {"Upload-Length": str(length)} | headers)
    assert made.status_code == 201, made.text
    return str(made.headers["location"])


def send(client: TestClient, place: str, offset: int, data: bytes, **headers: str) -> Any:
    return client.patch(place, content=data, headers=BYTES | {"Upload-Offset": str(offset)} | headers)


def offset(client: TestClient, place: str) -> str:
    return str(client.head(place, headers=TUS).headers["upload-offset"])


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("talk.mp4", "talk.mp4"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\a.mp4", "a.mp4"),
        ("/", "upload"),
        ("..", "upload"),
        (".hidden.mp4", "hidden.mp4"),
        ("-rf.mp4", "rf.mp4"),
        ("a\0b.mp4", "ab.mp4"),
        ("CON.mp4", "_CON.mp4"),
        ("", "upload"),
        ('a<b>:"c|d?*.mp4', "a_b___c_d__.mp4"),
        ("Vorträge 会議.mp4", "Vorträge 会議.mp4"),
        ("a.mp4 . .", "a.mp4"),
    ],
)
def test_a_name_becomes_a_plain_file_name(name: str, safe: str) -> None:
    found = safe_name(name)
    assert "/" not in found
    assert found not in ("", ".", "..")
    assert found == safe
    assert len(safe_name(name + "x" * 5000 + ".mp4").encode()) <= 150
    assert safe_name("会" * 500 + ".mp4").endswith(".mp4")


def test_metadata_is_read_or_refused() -> None:
    assert metadata("filename dGFsaw==,is_confidential, a ") == {
        "filename": "talk",
        "is_confidential": "",
        "a": "",
    }
    assert metadata("") == {}
    for bad in ("filename dGFsa", "filename ===", "a b c", "filename /////w=="):
        with pytest.raises(UsageError, match="Upload-Metadata"):
            metadata(bad)


def test_an_upload_in_pieces_is_there_whole(client: TestClient, library: Library, film: bytes) -> None:
    options = client.options("/v1/uploads")
    assert options.status_code == 204
    assert options.headers["tus-extension"] == "creation,termination,expiration"
    assert options.headers["tus-max-size"] == str(2 << 30)
    place = begin(client, len(film), "../../a talk.mp4")
    assert offset(client, place) == "0"
    at = 0
    for size in (1, 1000, 30_000, len(film)):
        sent = send(client, place, at, film[at : at + size])
        at = min(len(film), at + size)
        assert (sent.status_code, sent.headers["upload-offset"]) == (204, str(at))
        assert offset(client, place) == str(at)
    upload = library.work.upload("", place.rpartition("/")[2])
    assert upload.path is not None
    assert Path(upload.path).name == "a talk.mp4"
    assert Path(upload.path).read_bytes() == film
    assert Path(upload.path).is_relative_to(library.beside("uploads"))
    assert os.stat(upload.path).st_mode & 0o077 == 0
    assert send(client, place, len(film), b"").status_code == 204
    assert client.delete(place, headers=TUS).status_code == 204
    assert not Path(upload.path).exists()
    assert client.head(place, headers=TUS).status_code == 404


def test_what_is_no_media_is_deleted_and_told(client: TestClient, library: Library) -> None:
    for data, name in (
        (b"MZ this is a program" * 100, "film.mp4"),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "list.mp4"),
        (b"#EXTM3U\nhttp://169.254.169.254/\n", "film.ts"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "film.mkv"),
        (b"just some text that is long enough", "film.webm"),
    ):
        place = begin(client, len(data), name)
        refused = send(client, place, 0, data)
        assert refused.status_code == 422
        assert name in refused.json()["detail"]
        assert str(library.beside("uploads")) not in refused.text
        assert client.head(place, headers=TUS).status_code == 404
    assert [each.name for each in library.beside("uploads").iterdir()] == ["partial"]
    assert list((library.beside("uploads") / "partial").iterdir()) == []
    transcript = b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello.\n"
    assert send(client, begin(client, len(transcript), "t.vtt"), 0, transcript).status_code == 204


def test_the_protocol_is_kept(client: TestClient, film: bytes) -> None:
    post = {"Upload-Length": "10"} | named("a.mp4")
    assert client.post("/v1/uploads", headers=post).status_code == 412
    assert client.post("/v1/uploads", headers=post | {"Tus-Resumable": "0.2.2"}).status_code == 412
    for length in ("-1", "x", "1e3", "", "9" * 30):
        assert client.post("/v1/uploads", headers=TUS | {"Upload-Length": length}).status_code == 400
    assert client.post("/v1/uploads", headers=TUS | {"Upload-Defer-Length": "1"}).status_code == 400
    assert (
        client.post("/v1/uploads", headers=TUS | post | {"Upload-Metadata": "filename ==="}).status_code
        == 400
    )
    place = begin(client, len(film))
    assert send(client, place, 5, film[5:]).status_code == 409
    assert client.patch(place, content=film, headers=TUS | {"Upload-Offset": "0"}).status_code == 415
    assert client.patch(place, content=film, headers=BYTES).status_code == 400
    assert offset(client, place) == "0"
    more = send(client, place, 0, film + b"more")
    assert more.status_code == 413


def test_too_large_is_refused_before_anything_is_sent(client: TestClient, library: Library) -> None:
    refused = client.post("/v1/uploads", headers=TUS | named("a.mp4") | {"Upload-Length": str((2 << 30) + 1)})
    assert refused.status_code == 413
    assert "one file may have 2147483648 here" in refused.json()["detail"]
    with serving(library, quota_bytes=1000) as small:
        first = begin(small, 600)
        over = small.post("/v1/uploads", headers=TUS | named("b.mp4") | {"Upload-Length": "600"})
        assert (over.status_code, "room for 400" in over.json()["detail"]) == (413, True)
        assert small.delete(first, headers=TUS).status_code == 204
        begin(small, 600)


def test_uploads_are_their_owners(library: Library, film: bytes) -> None:
    keys = [library.keys.add(name, scopes=["index"], collections=[name])[1] for name in ("one", "two")]
    reader = library.keys.add("reader")[1]
    with serving(library) as client:
        place = begin(client, len(film), **bearer(keys[0]))
        headers = TUS | bearer(keys[1])
        assert client.head(place, headers=headers).status_code == 404
        assert send(client, place, 0, film, **bearer(keys[1])).status_code == 404
        assert client.delete(place, headers=headers).status_code == 404
        denied = client.post("/v1/uploads", headers=TUS | {"Upload-Length": "5"} | bearer(reader))
        assert denied.status_code == 403
        assert client.post("/v1/uploads", headers=TUS | {"Upload-Length": "5"}).status_code == 401


def test_only_one_sends_and_what_came_of_a_broken_connection_is_kept(
    library: Library, tmp_path: Path
) -> None:
    async def scenario() -> None:
        shop = Uploads(library.work, tmp_path / "up", ServerSettings())
        upload = shop.begin("", 100, "a.mp4")
        gate = asyncio.Event()

        async def broken() -> AsyncIterator[bytes]:
            yield b"x" * 30
            gate.set()
            await asyncio.sleep(0.1)
            raise ConnectionError

        async def more() -> AsyncIterator[bytes]:
            yield b"y" * 10

        sending = asyncio.create_task(shop.append(upload, 0, broken()))
        await gate.wait()
        for each in (shop, Uploads(library.work, tmp_path / "up", ServerSettings())):  # and another server
            with pytest.raises(uploads.LockedError, match="another connection"):
                await each.append(upload, 0, more())
        with pytest.raises(ConnectionError):
            await sending
        assert shop.offset(upload) == 30
        assert await shop.append(upload, 30, more()) == 40
        assert (tmp_path / "up" / "partial" / upload.upload_id).read_bytes() == b"x" * 30 + b"y" * 10

    asyncio.run(scenario())


def test_a_body_that_stops_coming_is_given_up_and_kept(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes.uploads, "QUIET_S", 0.1)

    async def scenario() -> None:
        shop = Uploads(library.work, tmp_path / "up", ServerSettings())
        upload = shop.begin("", 100, "a.mp4")
        came = [{"type": "http.request", "body": b"x" * 40, "more_body": True}]

        async def receive() -> Any:
            return came.pop() if came else await asyncio.Event().wait()

        request = Request({"type": "http", "headers": []}, receive)
        with pytest.raises(AccessError, match="go on where HEAD says"):
            await shop.append(upload, 0, routes.uploads._body(request))
        assert shop.offset(upload) == 40

    asyncio.run(scenario())


def test_unfinished_ones_are_deleted_in_time(library: Library, tmp_path: Path) -> None:
    shop = Uploads(library.work, tmp_path / "up", ServerSettings(upload_hours=1.0))
    old, new = shop.begin("", 100, "old.mp4"), shop.begin("", 100, "new.mp4")
    part = tmp_path / "up" / "partial" / old.upload_id
    past_s = time.time() - 2 * 3600
    os.utime(part, (past_s, past_s))
    with library._store.conversing() as connection:
        connection.exec_driver_sql("UPDATE uploads SET created_s = ?", (past_s,))
    assert shop.tidy() == 1
    assert not part.exists()
    assert shop.offset(new) == 0


@pytest.mark.parametrize("column", ["upload_id", "name", "path", "path within"])
def test_a_row_of_somebody_elses_library_deletes_and_reads_no_file_of_this_disk(
    column: str, library: Library, tmp_path: Path
) -> None:
    treasure = tmp_path / "treasure.mp4"
    treasure.write_bytes(b"gold")
    shop = Uploads(library.work, tmp_path / "up", ServerSettings(upload_hours=1.0))
    begun = shop.begin("", 4, "talk.mp4")
    past_s = time.time() - 7200
    os.utime(treasure, (past_s, past_s))
    aims = {"upload_id": str(treasure), "name": "../../treasure.mp4", "path": str(treasure)}
    aim = aims.get(column, str(tmp_path / "up" / ".." / "treasure.mp4"))
    with library._store.conversing() as connection:
        connection.exec_driver_sql(
            f"UPDATE uploads SET {column.split()[0]} = ?, created_s = ?", (aim, past_s)
        )
    row = library.work.upload("", aim if column == "upload_id" else begun.upload_id)
    shop.tidy()
    with pytest.raises(AccessError, match="is gone: send it anew"):
        shop.offset(row)
    with pytest.raises(AccessError, match="is gone: send it anew"):
        shop.together([row])
    shop.remove(row)
    assert treasure.read_bytes() == b"gold"


def test_a_client_of_tus_sends_to_a_running_server_that_is_killed_and_goes_on(
    tmp_path: Path, film: bytes
) -> None:
    with running(tmp_path / "talks.longvid") as server:
        client = TusClient(f"{server.url}/v1/uploads")
        about = {"filename": "my talk.mp4"}
        uploader = client.uploader(file_stream=io.BytesIO(film), chunk_size=2000, metadata=about)
        uploader.upload_chunk()
        uploader.upload_chunk()
        server.end(signal.SIGKILL)
        server.start()
        again = client.uploader(file_stream=io.BytesIO(film), url=uploader.url, chunk_size=5000)
        assert again.offset == 4000
        # Connections that say nothing more, in the middle of a header or of a body, block nobody.
        head = "PATCH /v1/uploads/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999999\r\n"
        half = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
        for number, each in enumerate(half):
            each.sendall((head + ("\r\n12345" if number % 2 else "")).encode())
        again.upload()
        assert again.get_offset() == len(film)
        for each in half:
            each.close()
        stored = list((tmp_path / "talks.longvid.uploads").glob("up_*/*"))
        assert [each.name for each in stored] == ["my talk.mp4"]
        assert stored[0].read_bytes() == film
        server.end()
