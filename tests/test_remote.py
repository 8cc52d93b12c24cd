"""Media in an object store are indexed, found, played and forgotten where they lie."""

from __future__ import annotations

import functools
import http.server
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import numpy as np
import pytest

from cluster_tools import everything
from longvid import Library
from longvid.engines import Engines
from longvid.models.registry import ROLES
from longvid.server.settings import read_settings
from longvid_indexer.remote import RemotePath, as_path
from longvid_storage.errors import UsageError
from media_factory.writer import write_video
from page_tools import Page, Served, browser, wait
from serve_tools import bearer, serving
from served_films import make_film

BUCKET = "s3://archive/lectures"


def expiring(app: Callable[..., Any]) -> Callable[..., Any]:
    """S3 refuses a link that has run out; moto gives for ever what one names."""

    def asked(environ: dict[str, Any], begin: Callable[..., Any]) -> Any:
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        if "X-Amz-Expires" in query:
            signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            if datetime.now(UTC) >= signed + timedelta(seconds=int(query["X-Amz-Expires"])):
                begin("403 Forbidden", [("Content-Type", "application/xml")])
                return [b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"]
        return app(environ, begin)

    return asked


@contextmanager
def served_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where a store as S3 is answers on this machine; the environment says so."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *told: object) -> None:
            """Not in the tests' output."""

    app = expiring(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The client of a store as S3 is, for who puts something there; ``client.origin`` is where it answers."""
    import fsspec

    with served_store(monkeypatch) as origin:
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        try:
            client = fsspec.filesystem("s3", use_listings_cache=False)
            client.makedirs("archive", exist_ok=True)
            client.origin = origin
            yield client
        finally:
            fsspec.get_filesystem_class("s3").clear_instance_cache()


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


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_film_of_the_web_is_read_by_ranges_or_refused_in_a_sentence(store: Any, tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    film = noise(tmp_path / "web" / "talk.mp4", 80)
    assert film.stat().st_size > 2 << 20, "more than is read at once"
    store.put(str(film), f"{BUCKET}/talk.mp4", ACL="public-read")
    with Library.open(tmp_path / "lib", create=True, engines=engines()) as library:
        address = f"{store.origin}/archive/lectures/talk.mp4"
        assert [report.status for report in library.index(address)] == ["indexed"]
        assert [report.status for report in library.index(address)] == ["unchanged"]
        with serving(library, media_origins=(store.origin,)) as client:  # which signs nothing for the web
            media = f"/v1/videos/{library.find('talk').video_id}/media"
            part = client.get(media, headers={"range": "bytes=70000-70099"}, follow_redirects=False)
            assert (part.status_code, part.content) == (206, film.read_bytes()[70_000:70_100])
        handler = functools.partial(Whole, directory=tmp_path / "web")
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as whole:
            threading.Thread(target=whole.serve_forever).start()
            try:
                (report,) = library.index(f"http://127.0.0.1:{whole.server_port}/talk.mp4")
            finally:
                whole.shutdown()
        assert report.error is not None
        assert report.error.code == "unreadable"
        assert "sends the whole where a part of it is asked for: download it" in report.error.message


class Whole(http.server.SimpleHTTPRequestHandler):
    """A server of files that knows no ranges."""

    def log_message(self, *told: object) -> None:
        """Not in the tests' output."""


def noise(path: Path, frames: int) -> Path:
    """A film of noise, ten pictures and 400 kB a second."""
    chance = np.random.default_rng(1)
    pictures = (chance.integers(0, 255, (180, 320, 3), np.uint8) for _ in range(frames))
    write_video(path, pictures, 10, gop=50, crf=18)
    return path


def test_a_path_below_an_address_keeps_it() -> None:
    path = as_path("s3://archive/lectures/one.mp4")
    assert isinstance(path, RemotePath)
    assert str(path) == "s3://archive/lectures/one.mp4"
    assert (path.name, path.suffix, str(path.parent)) == ("one.mp4", ".mp4", "s3://archive/lectures")
    assert str(path.parent / "two.mp4") == "s3://archive/lectures/two.mp4"
    assert str(path.with_suffix(".vtt")) == "s3://archive/lectures/one.vtt"
    assert not isinstance(as_path("/archive/one.mp4"), RemotePath)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_browser_gets_a_film_from_its_store_by_a_link_that_runs_out(store: Any, tmp_path: Path) -> None:
    film = make_film(tmp_path / "one.mp4", seconds=2).read_bytes()
    store.pipe(f"{BUCKET}/one.mp4", film)
    part = {"Range": "bytes=100-299"}
    with Library.open(tmp_path / "lib", create=True, engines=engines()) as library:
        library.index(BUCKET, collection="lectures")
        media = f"/v1/videos/{library.find('one').video_id}/media"
        reader = bearer(library.keys.add("reader", collections=["lectures"])[1])
        stranger = bearer(library.keys.add("stranger", collections=["elsewhere"])[1])
        with serving(library, media_origins=(store.origin,), media_link_s=2) as client:
            client.follow_redirects = False
            sent = client.get(media, headers=reader | part)
            link = sent.headers["location"]
            assert (sent.status_code, sent.headers["cache-control"], sent.content) == (307, "no-store", b"")
            assert link.startswith(store.origin)
            found = httpx.get(link, headers=part)
            assert (found.status_code, found.content) == (206, film[100:300])
            assert found.headers["content-type"] == "video/mp4"
            assert httpx.get(link.partition("?")[0]).status_code == 403, (
                "without its signature it gives nothing"
            )
            assert (
                f"media-src 'self' blob: {store.origin};"
                in client.get("/").headers["content-security-policy"]
            )
            for refused, status in ((stranger, 404), ({}, 401)):
                answer = client.get(media, headers=refused | part)
                assert (answer.status_code, "location" in answer.headers) == (status, False)
            # Whoever cannot be sent there gets it from here: HEAD, and what scripts of other pages may read.
            assert client.head(media, headers=reader).headers["content-length"] == str(len(film))
            for shared in ({"Origin": "https://app.example.com"}, {"Sec-Fetch-Mode": "cors"}):
                assert client.get(media, headers=reader | part | shared).content == film[100:300]
            time.sleep(2.1)
            assert httpx.get(link, headers=part).status_code == 403
        for settings in ({}, {"media_origins": ("https://another.example.com",)}):
            with serving(library, **settings) as client:
                answer = client.get(media, headers=reader | part, follow_redirects=False)
                assert (answer.status_code, answer.content) == (206, film[100:300])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"media_origins": ["https://a.example.com/films"]}, "no origin"),
        ({"media_origins": ["https://a.example.com; script-src *"]}, "no origin"),
        ({"media_origins": ["*"]}, "no origin"),
        ({"media_link_s": 5}, "10 to 3600 seconds"),
    ],
)
def test_where_browsers_are_sent_is_said_exactly(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        read_settings(wrong)
    assert read_settings({"media_origins": ["https://a.example.com:8443"]}).media_link_s == 300


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_the_page_plays_on_when_a_link_has_run_out(store: Any, tmp_path: Path) -> None:
    store.put(
        str(noise(tmp_path / "noise.mp4", 300)), f"{BUCKET}/noise.mp4"
    )  # more than a browser reads ahead
    with Library.open(tmp_path / "lib", create=True, engines=engines()) as library:
        library.index(BUCKET)
        video_id = library.find("noise").video_id
    server = Served(tmp_path / "lib", media_origins=(store.origin,), media_link_s=2)
    try:
        with browser(tmp_path / "profile") as chrome:
            page = Page(chrome, server.url)
            page.open(f"?video={video_id}&t=1.5")
            at = "const [film] = deep('video'); return film?.readyState > 1 && !film.seeking && film.currentTime"
            wait(lambda: page.run(at) == pytest.approx(1.5, abs=0.1), "the film is there")
            time.sleep(2.5)
            page.run("deep('longvid-player')[0].go(25.3, false)")
            wait(lambda: page.run(at) == pytest.approx(25.3, abs=0.1), "it was asked for anew")
            assert not page.faults()
    finally:
        server.stop()
