"""Media in an object store are indexed, found, played and forgotten where they lie."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster_tools import everything
from longvid import Library
from longvid.engines import Engines
from longvid.models.roles import ROLES
from longvid_indexer.remote import RemotePath, as_path
from longvid_storage.errors import UsageError
from serve_tools import serving
from served_films import make_film

BUCKET = "s3://archive/lectures"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A store as S3 is, on this machine: its client, for who puts something there."""
    import fsspec
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    try:
        client = fsspec.filesystem("s3", use_listings_cache=False)
        client.makedirs("archive", exist_ok=True)
        yield client
    finally:
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        server.stop()


def engines() -> Engines:
    return Engines(dict.fromkeys(ROLES, "off"))


def filled(store: Any, folder: Path) -> Path:
    """The same media in a folder and in the store."""
    (folder / "more").mkdir(parents=True)
    make_film(folder / "one.mp4", seconds=3)
    (folder / "more" / "talk.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:09.000\nWords alone.\n")
    for path in folder.rglob("*.*"):
        store.put(str(path), f"{BUCKET}/{path.relative_to(folder)}")
    return folder


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_media_in_a_store_are_as_media_in_a_folder(store: Any, tmp_path: Path) -> None:
    folder = filled(store, tmp_path / "lectures")
    with (
        Library.open(tmp_path / "far", create=True, engines=engines()) as far,
        Library.open(tmp_path / "near", create=True, engines=engines()) as near,
    ):
        assert [report.status for report in far.index(BUCKET)] == ["indexed"] * 2
        near.index(folder)
        told, expected = everything(far), everything(near)
        assert sorted(video.path for video in far.videos()) == [
            f"{BUCKET}/more/talk.vtt",
            f"{BUCKET}/one.mp4",
        ]
        assert all('"day": ""' in row for row in told["videos"])
        for rows in (told, expected):  # a file has a date, an object has none
            rows["videos"] = [re.sub(r'"day": "[^"]*", ', "", row) for row in rows["videos"]]
        for table in set(told) - {
            "paths",
            "stages",
        }:  # where they lie, and signs of the subtitles beside them
            assert told[table] == expected[table], table
        assert [report.status for report in far.index(BUCKET)] == ["unchanged"] * 2
        film = (folder / "one.mp4").read_bytes()
        with serving(far) as client:
            video_id = far.find("one").video_id
            part = client.get(f"/v1/videos/{video_id}/media", headers={"range": "bytes=100-299"})
            assert (part.status_code, part.content) == (206, film[100:300])
            assert (
                client.get(f"/v1/videos/{video_id}/frame", params={"t": 1.0, "width": 640}).status_code == 200
            )
        store.pipe(f"{BUCKET}/more/talk.vtt", b"WEBVTT\n\n00:01.000 --> 00:09.000\nOther words.\n")
        assert sorted(report.status for report in far.index(BUCKET)) == ["indexed", "unchanged"]
        assert far.mentions("other words")
        store.rm(f"{BUCKET}/one.mp4")
        assert [video.title for video in far.gone()] == ["one"]


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_what_is_wrong_with_an_address_is_one_sentence(store: Any, tmp_path: Path) -> None:
    store.pipe(f"{BUCKET}/list.m3u8", b"#EXTM3U\n#EXTINF:10,\nhttp://10.0.0.1/a.ts\n")
    store.pipe(f"{BUCKET}/broken.mp4", b"\0\0\0\x20ftypisom" + b"nothing" * 100)
    with Library.open(tmp_path / "lib", create=True, engines=engines()) as lib:
        named = {
            report.path: report.error
            for report in lib.index([f"{BUCKET}/{name}" for name in ("list.m3u8", "broken.mp4", "none.mp4")])
        }
        errors = {path.rpartition("/")[2]: error.code for path, error in named.items() if error}
        assert errors == {"list.m3u8": "refers_elsewhere", "broken.mp4": "not_media", "none.mp4": "missing"}
        for wrong in ("s3://me:secret@archive/one.mp4", "https://a/b.mp4?X-Amz-Signature=1", "ftp://a/b.mp4"):
            with pytest.raises(UsageError, match="address"):
                lib.index(wrong)


def test_a_path_below_an_address_keeps_it() -> None:
    path = as_path("s3://archive/lectures/one.mp4")
    assert isinstance(path, RemotePath)
    assert str(path) == "s3://archive/lectures/one.mp4"
    assert (path.name, path.suffix, str(path.parent)) == ("one.mp4", ".mp4", "s3://archive/lectures")
    assert str(path.parent / "two.mp4") == "s3://archive/lectures/two.mp4"
    assert str(path.with_suffix(".vtt")) == "s3://archive/lectures/one.vtt"
    assert not isinstance(as_path("/archive/one.mp4"), RemotePath)
