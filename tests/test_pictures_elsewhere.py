"""Pictures too large for the database lie in an object store, are read within rights, and go with their video."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from cluster_tools import everything, for_workers
from longvid import Library
from longvid.config import Config, load_config
from longvid.engines import Engines
from longvid.models.registry import ROLES
from longvid.paths import open_store
from longvid_storage.db import pictures
from longvid_storage.db.schema import ElsewhereRow
from longvid_storage.db.store import Store
from longvid_storage.errors import LibraryError, LongvidWarning, UsageError
from longvid_storage.picture_store import PictureStore
from longvid_storage.types import Scope
from postgres_tools import new_database
from served_films import make_film
from store_tools import fill, keyframes
from test_remote import served_store

PLACE = PictureStore("s3://archive/pictures", 0)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The client of a store as S3 is."""
    import fsspec

    with served_store(monkeypatch):
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        client = fsspec.filesystem("s3", use_listings_cache=False)
        client.makedirs("archive", exist_ok=True)
        if there := client.find("archive"):  # moto is one for all tests
            client.rm(there)
        yield client
        fsspec.get_filesystem_class("s3").clear_instance_cache()


pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


def engines(place: PictureStore | None) -> Engines:
    return Engines(dict.fromkeys(ROLES, "off"), config=Config(pictures=place))


def objects(bucket: Any, folder: str = "archive/pictures") -> list[str]:
    return sorted(bucket.find(folder))


def images(lib: Library) -> list[bytes]:
    with lib._store.view() as view:
        ids = sorted(view.video_ids())
        return [frame.image for video in ids for _, frame in view.keyframes(video, images=True)]


def test_pictures_are_elsewhere_and_as_they_would_be_here(bucket: Any, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    film = make_film(folder / "one.mp4", seconds=3)
    (folder / "again.mp4").write_bytes(film.read_bytes())
    (folder / "again.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nOther words.\n")
    with (
        Library.open(tmp_path / "here", create=True, engines=engines(None)) as here,
        Library.open(tmp_path / "there", create=True, engines=engines(PLACE)) as there,
    ):
        for lib in (here, there):
            assert [report.status for report in lib.index(folder)] == ["indexed"] * 2
        assert images(there) == images(here)
        assert all(images(here))
        kept = objects(bucket)
        assert len(kept) == len(images(here)) / 2, "what was copied from the same media is there once"
        assert not any(b"WEBP" in path.read_bytes() for path in (tmp_path / "there").glob("library.db*"))
        first, second = (video.video_id for video in there.videos())
        there.remove(first)
        assert objects(bucket) == kept
        assert images(there)
        there.remove(second)
        assert objects(bucket) == []
        assert everything(there)["pictures_elsewhere"] == []


@pytest.mark.slow
def test_a_cluster_keeps_them_where_one_process_does(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", for_workers())
    folder = tmp_path / "films"
    folder.mkdir()
    make_film(folder / "one.mp4", seconds=3)
    with (
        Library.open(tmp_path / "near", create=True, engines=engines(None)) as near,
        Library.open(tmp_path / "far", create=True, engines=engines(PLACE)) as far,
    ):
        near.index(folder)
        assert [report.status for report in far.index(folder, ray="local")] == ["indexed"]
        assert images(far) == images(near)
        assert len(objects(bucket)) == len(images(near)) > 0


@pytest.mark.parametrize("in_postgresql", [False, True], ids=["in a directory", "in PostgreSQL"])
def test_a_copy_has_its_own(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_postgresql: bool
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = new_database() if in_postgresql else tmp_path / "copy"
    small = PictureStore("s3://archive/pictures", 8)
    with Library.open(tmp_path / "lib", create=True, engines=engines(PLACE)) as lib:
        fill(lib._store, "a", ["One."])
        keep(lib._store, "a")
        lib.copy_to(place)
        lib.copy_to(place)  # goes on where it was: at the end
        assert len(objects(bucket)) == 4
        lib._store.home.pictures = None
        with pytest.raises(
            LibraryError, match=r"2 pictures .* lie in an object store: name it in your longvid.toml"
        ):
            lib.copy_to(tmp_path / "without")
        lib._store.home.pictures = PLACE
        wanted = images(lib)
        lib.remove(lib.videos()[0].video_id)
    assert len(objects(bucket)) == 2
    with Library.open(place, engines=engines(small)) as copy:
        assert images(copy) == wanted == [each.image for each in keyframes(2)]
        bucket.pipe(objects(bucket)[0], b"something else")
        with pytest.raises(LibraryError, match=r"is not the picture that was put there"):
            images(copy)
        bucket.rm(objects(bucket)[0])
        with pytest.raises(
            LibraryError, match=r"pictures at s3://archive/pictures cannot be read .*No such file"
        ):
            images(copy)
        copy.remove(copy.videos()[0].video_id)
    assert objects(bucket) == []


def keep(store: Store, name: str) -> str:
    """Keep the pictures of a video anew, as its stage does; its id."""
    (video,) = (each.info.video_id for each in rows(store) if each.info.title == name)
    frames = keyframes(2)
    names = store.keep_pictures([each.image for each in frames])
    with store.stage(video, "visual", "v2") as writer:
        writer.replace_keyframes(frames, names)
    return video


def rows(store: Store) -> Any:
    with store.view() as view:
        return view.videos()


def test_nobody_reads_a_picture_that_they_may_not_see(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    read = PictureStore.read

    def noted(self: PictureStore, names: Any) -> Any:
        asked.extend(names)
        return read(self, names)

    monkeypatch.setattr(PictureStore, "read", noted)
    with Store.open(tmp_path / "lib", create=True) as store:
        store.pictures = PLACE
        videos = {}
        for name in ("a", "b"):
            fill(store, name, ["One."], collection=name)
            videos[name] = keep(store, name)
        with store.view() as view:
            theirs = [each for each, _ in view.keyframes(videos["a"])]
        for narrowed, scope in ((store.within(["b"]), Scope()), (store, Scope(collection="b"))):
            with narrowed.view(scope) as view:
                assert view.keyframes_by_id(theirs, images=True) == []
                with pytest.raises(LibraryError, match="no video"):
                    view.keyframes(videos["a"], images=True)
                with pytest.raises(LibraryError, match="no video"):
                    view.screen_states(videos["a"])
        assert asked == []
        with store.within(["a"]).view() as view:
            assert [f.image for *_, f in view.keyframes_by_id(theirs, images=True)] == [
                b"picture 0",
                b"picture 1",
            ]


def test_what_a_process_left_that_died_is_deleted_and_what_is_brought_is_not(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path / "lib", create=True) as store:
        store.pictures = PLACE
        fill(store, "a", ["One."])
        store.keep_pictures([b"of a process that dies", b"another"])
        keep(store, "a")
        assert len(objects(bucket)) == 4, "it may be at work"
        now, delete = pictures.time.time(), PictureStore.delete
        monkeypatch.setattr(pictures.time, "time", lambda: now + 90_000)
        keep(store, "a")
        assert len(objects(bucket)) == 2
        monkeypatch.setattr(PictureStore, "delete", refused)
        with pytest.warns(
            LongvidWarning, match=r"2 pictures of what was removed are still there: no network"
        ):
            store.remove_video(rows(store)[0].info.video_id)
        monkeypatch.setattr(PictureStore, "delete", delete)
        store.sweep_pictures()
        assert objects(bucket) == []


@pytest.mark.parametrize("in_postgresql", [False, True], ids=["in a directory", "in PostgreSQL"])
def test_check_says_which_pictures_are_not_there(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_postgresql: bool
) -> None:
    opened = (
        Store.connect(new_database(), tmp_path / "cache", create=True)
        if in_postgresql
        else Store.open(tmp_path / "lib", create=True)
    )
    with opened as store:
        store.pictures = PLACE
        for name in ("a", "b"):
            fill(store, name, ["One."])
            keep(store, name)
        assert store.check().findings == ()
        with store.view() as view:
            (of_a,) = (each.info.video_id for each in view.videos() if each.info.title == "a")
            ids = [keyframe_id for keyframe_id, _ in view.keyframes(of_a)]
            lost = pictures.names_of(view.connection, ids)[ids[0]]
        PLACE.delete([lost])
        (found,) = store.check().findings
        assert (found.video_id, found.title) == (of_a, "a")
        assert found.what.startswith("1 of its 2 pictures are not at s3://archive/pictures")
        assert store.check(repair=True).left == (found,), "it may be the wrong bucket"
        bucket.rm(objects(bucket))
        assert {each.title for each in store.check().findings} == {"a", "b"}
        monkeypatch.setattr(PictureStore, "names", refused)
        assert [each.what for each in store.check().findings] == ["no network"]
        store.pictures = None
        assert "of 2 videos were not looked for" in str(*store.check().findings)


def refused(self: PictureStore, names: Any = ()) -> Any:
    raise LibraryError("no network")


def test_a_backup_says_how_many_pictures_are_not_in_it(bucket: Any, tmp_path: Path) -> None:
    with Library.open(tmp_path / "lib", create=True, engines=engines(PLACE)) as lib:
        fill(lib._store, "a", ["One."])
        assert lib.backup(tmp_path / "without pictures") == []
        keep(lib._store, "a")
        (line,) = lib.backup(tmp_path / "copy")
        assert line.startswith("2 pictures of it stay at s3://archive/pictures: what this library ")
        wanted = images(lib)
        lib._store.home.pictures = None
        (line,) = lib.backup(tmp_path / "other")
        assert line.startswith("2 pictures of it stay in the object store: ")
    with Library.open(tmp_path / "copy", engines=engines(PLACE)) as copy:
        assert images(copy) == wanted


def test_what_a_backup_removes_stays_with_the_library_that_put_it_there(bucket: Any, tmp_path: Path) -> None:
    with Library.open(tmp_path / "lib", create=True, engines=engines(PLACE)) as lib:
        for name in ("a", "b"):
            fill(lib._store, name, ["One."])
            keep(lib._store, name)
        kept, wanted = objects(bucket), images(lib)
        lib.backup(tmp_path / "copy")
        with Library.open(tmp_path / "copy", engines=engines(PLACE)) as copy:
            with pytest.warns(
                LongvidWarning,
                match=r"2 pictures of what was removed stay at s3://archive/pictures: they are those",
            ):
                copy.remove(copy.find("a").video_id)
            assert objects(bucket) == kept
            assert len(everything(copy)["pictures_elsewhere"]) == 2, "those of b"
            copy.backup(tmp_path / "copy of the copy")
            fill(copy._store, "c", ["Two."])
            keep(copy._store, "c")
            assert len(objects(bucket)) == 6
            with warnings.catch_warnings():
                warnings.simplefilter("error", LongvidWarning)
                copy.remove(copy.find("c").video_id)
        assert objects(bucket) == kept, "its own went, no other"
        with (
            Library.open(tmp_path / "copy of the copy", engines=engines(PLACE)) as second,
            pytest.warns(LongvidWarning, match="2 pictures"),
        ):
            second.remove(second.find("b").video_id)
        assert images(lib) == wanted
        with warnings.catch_warnings():
            warnings.simplefilter("error", LongvidWarning)
            lib.remove(lib.find("a").video_id)
        assert len(objects(bucket)) == 2


def test_a_copy_of_the_same_media_in_a_backup_is_borrowed_too(bucket: Any, tmp_path: Path) -> None:
    with Library.open(tmp_path / "lib", create=True, engines=engines(PLACE)) as lib:
        fill(lib._store, "a", ["One."])
        keep(lib._store, "a")
        lib.backup(tmp_path / "copy")
    with Store.open(tmp_path / "copy") as store, store.conversing() as connection:
        row = ElsewhereRow
        old, new = connection.execute(select(row.keyframe_id).order_by(row.keyframe_id)).scalars()
        connection.execute(delete(row).where(row.keyframe_id == new))
        pictures.share(connection, old, new)
        assert [tuple(each) for each in connection.execute(select(row.keyframe_id, row.borrowed))] == [
            (old, True),
            (new, True),
        ]
        assert len(set(connection.execute(select(row.name)).scalars())) == 1


def test_a_hostile_name_reaches_no_other_object(bucket: Any, tmp_path: Path) -> None:
    bucket.pipe("archive/secret", b"not for this library")
    for name in ("../secret", "secret", "0" * 64 + "-" + "0" * 31 + "/"):
        for reach in (PLACE.read, PLACE.delete):
            with pytest.raises(LibraryError, match="which longvid gives to none"):
                reach([name])
    assert bucket.cat("archive/secret") == b"not for this library"


def test_another_process_opens_the_same(tmp_path: Path) -> None:
    Store.open(tmp_path / "lib", create=True).close()
    opened = pickle.loads(pickle.dumps(partial(open_store, str(tmp_path / "lib"), pictures=PLACE)))  # noqa: S301 - what was just made
    with opened() as store:
        assert store.within(["a"]).home.pictures == PLACE


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ('store = "s3://archive/pictures"', PictureStore("s3://archive/pictures", 16_000)),
        ('store = "gs://archive"\ndatabase_kb = 0', PictureStore("gs://archive", 0)),
        ('store = "https://archive/pictures"', None),
        ('store = "s3://me:secret@archive"', None),
        ('store = "pictures"', None),
        ("database_kb = 3", None),
        ('store = "s3://archive"\ndatabase_kb = -1', None),
        ('store = "s3://archive"\nkey = "secret"', None),
    ],
)
def test_where_pictures_are_kept_is_said_in_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, place: PictureStore | None
) -> None:
    file = tmp_path / "longvid.toml"
    file.write_text(f"[pictures]\n{said}\n")
    if place is None:
        with pytest.raises(UsageError, match=r"pictures is .*it is a table: \[pictures\], then store"):
            load_config(file)
        return
    assert load_config(file).pictures == place
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="names a store for the pictures"), warnings.catch_warnings():
        load_config()
