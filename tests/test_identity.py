"""A video is its media and what was given with it, in one collection: nobody reads or overwrites another's transcript.

What follows from the media alone is made once, however many have it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import media_factory as mf
from longvid import Library
from longvid.engines import Engines
from longvid_indexer.identity import known_video, new_id
from longvid_indexer.report import IndexReport
from longvid_indexer.scan import content_id
from longvid_indexer.stages.job import STAGES
from longvid_storage.db.rows import VideoRow
from longvid_storage.db.store import Store
from longvid_storage.errors import UsageError
from longvid_storage.text.sound_words import describe_sound
from longvid_storage.types import Scope, VideoInfo
from small_library import Trigrams
from store_tools import every_row
from test_migrations import old_library
from test_reprocess import TinyDiariser, TinyEar, TinyPictures, TinyReader, TinyTagger

OURS = "WEBVTT\n\n00:00.200 --> 00:01.000\n<v Speaker 1>The merger is called Bluebird.\n"
THEIRS = "WEBVTT\n\n00:00.200 --> 00:01.000\n<v Speaker 1>The pump of the tank is leaking.\n"
MEDIA_ONLY = ("visual", "screen_text")


class CountingReader(TinyReader):
    """Counts the pictures it reads."""

    calls = 0

    def read(self, image: Any, parts: Any = None, writing: Any = None) -> Any:
        self.calls += 1
        return super().read(image, parts, writing)


class CountingPictures(TinyPictures):
    """Counts the pictures it encodes."""

    pictures = 0

    def encode_images(self, images: Any) -> Any:
        self.pictures += len(images)
        return super().encode_images(images)


class CountingEar(TinyEar):
    """Counts the stretches it listens to."""

    calls = 0

    def transcribe(self, samples: Any, start_s: float) -> Any:
        self.calls += 1
        return super().transcribe(samples, start_s)


class CountingTagger(TinyTagger):
    """Counts the windows it listens to."""

    windows = 0

    def tag(self, windows: Any) -> Any:
        self.windows += len(windows)
        return super().tag(windows)


class Counted(Engines):
    """Small true models that count their work."""

    def __init__(self) -> None:
        super().__init__({"video_lm": "off", "rerank": "off"})

    @cached_property
    def text_encoder(self) -> Any:
        return Trigrams()

    @cached_property
    def image_encoder(self) -> Any:
        return CountingPictures("pictures")

    @cached_property
    def screen_reader(self) -> Any:
        return CountingReader("reader")

    @cached_property
    def transcriber(self) -> Any:
        return CountingEar("ear")

    @cached_property
    def sound_tagger(self) -> Any:
        return CountingTagger("tagger")

    @cached_property
    def diariser(self) -> Any:
        return TinyDiariser("voices")

    @cached_property
    def summariser(self) -> Any:
        return None


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two slides, without sound."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    mf.lecture(mf.sample_slides(2, "white"), seconds=1.0, rate=5, size=(320, 180)).write(path)
    return path


@pytest.fixture
def lib(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library", create=True, engines=Counted()) as library:
        yield library


def lay(film: Path, folder: Path, subtitles: str | None = None, name: str = "talk") -> Path:
    """A copy of the film in a folder, with subtitles beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}{film.suffix}"
    shutil.copy(film, path)
    if subtitles is not None:
        path.with_suffix(".vtt").write_text(subtitles)
    return path


def index(lib: Library, path: Path, collection: str | None = None) -> IndexReport:
    (report,) = lib.index(path, collection=collection)
    assert report.error is None, report
    return report


def said(lib: Library, collection: str) -> list[str]:
    """Everything that is said in a collection, by its own words and by search."""
    (video,) = lib.videos(collection=collection)
    utterances = [each.text for each in lib.show(video.video_id).utterances]
    found = lib.search("merger Bluebird pump tank leaking", collection=collection)
    assert {e.text for m in found for e in m.evidence if e.kind == "speech"} == set(utterances)
    return utterances


OWN = {"ours": "The merger is called Bluebird.", "theirs": "The pump of the tank is leaking."}


@pytest.mark.parametrize("order", [("ours", "theirs", "ours"), ("theirs", "ours", "theirs")])
def test_each_collection_reads_its_own_whoever_indexes_next(
    order: tuple[str, ...], film: Path, tmp_path: Path, lib: Library
) -> None:
    paths = {name: lay(film, tmp_path / name, {"ours": OURS, "theirs": THEIRS}[name]) for name in OWN}
    ids: dict[str, str | None] = {}
    for name in order:
        report = index(lib, paths[name], name)
        assert ids.setdefault(name, report.video_id) == report.video_id
    for name in ids:
        assert said(lib, name) == [OWN[name]]
        (video,) = lib.videos(collection=name)
        assert (video.paths, video.collections) == ((str(paths[name]),), (name,))
        assert lib.show(video.video_id).paths == (str(paths[name]),)
    assert len(set(ids.values())) == len(ids)


def test_work_on_the_media_alone_is_done_once(film: Path, tmp_path: Path, lib: Library) -> None:
    first = index(lib, lay(film, tmp_path / "a", OURS), "ours")
    engines = lib.engines
    read, seen = engines.screen_reader.calls, engines.image_encoder.pictures
    assert read
    assert seen
    assert first.stages["visual"].counters["frames_decoded"] == 10
    second = index(lib, lay(film, tmp_path / "b", THEIRS), "theirs")
    assert second.stages["visual"].counters["frames_decoded"] == 0
    assert second.stages["visual"].counters["decodes"] == 0
    assert second.stages["screen_text"].counters["ocr_calls"] == 0
    assert second.stages["vectors"].counters["pictures_encoded"] == 0
    for stage in MEDIA_ONLY:
        assert second.stages[stage].status == "done"
        assert second.stages[stage].counters["copied_from_same_media"] == 1
        assert "copied_from_same_media" not in first.stages[stage].counters
    assert "copied_from_same_media" not in second.stages["transcript"].counters
    assert (engines.screen_reader.calls, engines.image_encoder.pictures) == (read, seen)
    one, other = (lib.show(str(report.video_id)) for report in (first, second))
    assert (one.slides, one.screen_text) == (other.slides, other.screen_text)
    assert one.slides
    assert one.screen_text
    with lib._store.view() as view:
        frames = [[f for _, f in view.keyframes(v.video_id, images=True)] for v in (one, other)]
        assert frames[0] == frames[1]
        shots = [view.segments(v.video_id, "shot") for v in (one, other)]
        assert shots[0] == shots[1]
        assert view.keyframes(other.video_id, without_vector_of=engines.image_encoder.fingerprint) == []
    assert index(lib, tmp_path / "b", "theirs").status == "unchanged"


def test_what_was_recognised_is_recognised_once(tmp_path: Path, lib: Library) -> None:
    speech = Path(__file__).parent / "media" / "speech.opus"
    first = index(lib, lay(speech, tmp_path / "a"), "ours")
    engines: Any = lib.engines
    calls = engines.transcriber.calls, engines.sound_tagger.windows
    assert all(calls)
    lib.rename_speaker(str(first.video_id), "Speaker 1", "Ada")
    second = index(lib, lay(speech, tmp_path / "b"), "theirs")
    for stage in ("transcript", "speakers", "sounds"):
        assert second.stages[stage].counters["copied_from_same_media"] == 1, stage
    assert (engines.transcriber.calls, engines.sound_tagger.windows) == calls
    one, other = (lib.show(str(report.video_id)) for report in (first, second))
    assert [u.text for u in one.utterances] == [u.text for u in other.utterances]
    assert one.sounds == other.sounds
    assert {u.speaker for u in one.utterances} == {"Ada"}
    assert {u.speaker for u in other.utterances} == {"Speaker 1"}, "names are nobody else's"
    third = index(lib, lay(speech, tmp_path / "c", OURS), "others")
    assert third.stages["sounds"].counters["copied_from_same_media"] == 1, (
        "subtitles do not change what is heard"
    )
    assert engines.sound_tagger.windows == calls[1]
    assert [u.text for u in lib.show(str(third.video_id)).utterances] == [OWN["ours"]]


def test_sounds_are_heard_once_whatever_the_subtitles_tell(tmp_path: Path, lib: Library) -> None:
    """What subtitles cover of a sound is kept for the others of the media, and shown to nobody."""
    speech = Path(__file__).parent / "media" / "speech.opus"
    tagger: Any = lib.engines.sound_tagger

    def heard(name: str, told: str) -> dict[str, tuple[float, float]]:
        words = f"WEBVTT\n\n00:00.200 --> 00:01.000\n[{told}]\n\n00:01.500 --> 00:02.000\nWords.\n"
        report = index(lib, lay(speech, tmp_path / name, words), name)
        sounds = report.stages["sounds"]
        assert (sounds.status, sounds.engine) == ("done", "subtitles + tagger")
        assert sounds.counters.get("copied_from_same_media", 0) == (told != "applause")
        shown = lib.show(str(report.video_id)).sounds
        with lib._store.view(Scope(collection=name)) as view:
            found = view.passages_of(str(report.video_id), ["sound"])
        assert [(p.text, p.start_s) for p in found] == [(describe_sound(s.label), s.start_s) for s in shown]
        assert sounds.counters["sounds"] == len(shown)
        return {sound.label: (sound.start_s, sound.end_s) for sound in shown}

    assert heard("ours", "applause") == {"Applause": (0.2, 1.0)}, "what was heard is covered"
    calls = tagger.windows
    assert calls
    theirs, others = heard("theirs", "laughter"), heard("others", "bell rings")
    assert theirs.pop("Laughter") == others.pop("Bell rings") == (0.2, 1.0)
    assert theirs == others != {"Applause": (0.2, 1.0)}
    assert heard("ours", "laughter") == {**theirs, "Laughter": (0.2, 1.0)}, "one's own are edited"
    assert tagger.windows == calls


@pytest.mark.parametrize(
    "name", ["", " ", "a ", "a\0b", "Cafe\u0301", "a\u202eb", "a\u200bb", "x" * 201, "\ud800"]
)
def test_a_collection_is_called_what_can_be_told_from_others(name: str, film: Path, lib: Library) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a collection"):
        lib.index(film, collection=name)
    assert lib.index(film, collection="Caf\u00e9 \u4f1a\u8bae 2")[0].error is None


def test_names_of_speakers_are_the_collections_own(film: Path, tmp_path: Path, lib: Library) -> None:
    ours = index(lib, lay(film, tmp_path / "a", OURS), "ours")
    theirs = index(lib, lay(film, tmp_path / "b", OURS), "theirs")
    lib.rename_speaker(str(ours.video_id), "Speaker 1", "Ada")
    assert [row.name for row in lib.speakers(str(ours.video_id))] == ["Ada"]
    assert [row.name for row in lib.speakers(str(theirs.video_id))] == ["Speaker 1"]
    index(lib, tmp_path / "b", "theirs")
    assert [row.name for row in lib.speakers(str(ours.video_id))] == ["Ada"]
    assert lib.search("merger", collection="theirs", speaker="Ada") == []


@pytest.mark.parametrize("gone", ["ours", "theirs"])
def test_removing_ones_own_leaves_the_others_whole(
    gone: str, film: Path, tmp_path: Path, lib: Library
) -> None:
    stays = "theirs" if gone == "ours" else "ours"
    reports = {
        "ours": index(lib, lay(film, tmp_path / "a", OURS), "ours"),
        "theirs": index(lib, lay(film, tmp_path / "b", THEIRS), "theirs"),
    }

    def rows() -> dict[str, int]:
        return {
            name: len(found) for name, found in every_row(tmp_path / "library").items() if name[:5] != "words"
        }

    both = rows()
    before = lib.search("reader", collection=stays)
    lib.remove(str(reports[gone].video_id))
    left = rows()
    for table in (
        "videos",
        "paths",
        "keyframes",
        "keyframe_vectors",
        "passages",
        "passage_vectors",
        "utterances",
    ):
        assert left[table] * 2 == both[table], table
    assert said(lib, stays) == [OWN[stays]]
    assert lib.search("reader", collection=stays) == before
    folder = tmp_path / ("b" if stays == "theirs" else "a")
    assert index(lib, folder, stays).status == "unchanged"


def test_one_file_in_two_collections_is_two_videos(film: Path, tmp_path: Path, lib: Library) -> None:
    path = lay(film, tmp_path / "a", OURS)
    ours, theirs = index(lib, path, "ours"), index(lib, path, "theirs")
    assert ours.video_id != theirs.video_id
    assert theirs.stages["visual"].counters["frames_decoded"] == 0
    for name in ("ours", "theirs"):
        (video,) = lib.videos(collection=name)
        assert video.paths == (str(path),)
        assert lib.media_path(video.video_id) == path
        assert index(lib, path, name).status == "unchanged"
    path.with_suffix(".vtt").write_text(THEIRS)
    assert index(lib, path, "theirs").video_id == theirs.video_id
    assert said(lib, "ours") == [OWN["ours"]], "only whoever indexes reads anew"
    assert said(lib, "theirs") == [OWN["theirs"]]
    reports = lib.index(path)  # the library's owner brings up to date whatever lies there
    assert {report.video_id for report in reports} == {ours.video_id, theirs.video_id}
    assert said(lib, "ours") == [OWN["theirs"]]
    assert len(lib.videos()) == 2
    assert {report.status for report in lib.index(reprocess=True)} == {"unchanged"}


def test_the_same_media_without_subtitles_is_one_video(film: Path, tmp_path: Path, lib: Library) -> None:
    first, copy = lay(film, tmp_path / "a"), lay(film, tmp_path / "b")
    assert index(lib, first).video_id == content_id(first)
    report = index(lib, copy)
    assert (report.status, report.video_id) == ("unchanged", content_id(first))
    (video,) = lib.videos()
    assert video.paths == (str(first), str(copy))


@pytest.mark.parametrize("collection", [None, "ours"])
def test_the_same_media_with_other_subtitles_is_another_video(
    collection: str | None, film: Path, tmp_path: Path, lib: Library
) -> None:
    first = index(lib, lay(film, tmp_path / "a", OURS), collection)
    other = index(lib, lay(film, tmp_path / "b", THEIRS), collection)
    same = index(lib, lay(film, tmp_path / "c", OURS, "other name"), collection)
    bare = index(lib, lay(film, tmp_path / "d"), collection)
    assert len({first.video_id, other.video_id}) == 2
    assert same.video_id == first.video_id
    assert bare.video_id in (first.video_id, other.video_id)
    assert len(lib.videos()) == 2
    for report, text in ((first, OWN["ours"]), (other, OWN["theirs"])):
        assert [u.text for u in lib.show(str(report.video_id)).utterances] == [text]
    assert all(
        report.status == "unchanged"
        for report in lib.index(tmp_path, collection=collection)
        if "library" not in report.path
    )


@pytest.mark.parametrize("collection", [None, "ours"])
def test_edited_subtitles_are_the_same_video(
    collection: str | None, film: Path, tmp_path: Path, lib: Library
) -> None:
    path = lay(film, tmp_path / "a", OURS)
    first = index(lib, path, collection)
    path.with_suffix(".vtt").write_text(THEIRS)
    edited = index(lib, path, collection)
    assert edited.video_id == first.video_id
    assert edited.stages["transcript"].status == "done"
    assert {edited.stages[stage].status for stage in MEDIA_ONLY} == {"unchanged"}
    (video,) = lib.videos()
    assert [u.text for u in lib.show(video.video_id).utterances] == [OWN["theirs"]]
    # Those that it had before make a video of their own elsewhere, whose id must be another one.
    again = index(lib, lay(film, tmp_path / "b", OURS), collection)
    assert again.video_id != first.video_id
    assert [u.text for u in lib.show(first.video_id or "").utterances] == [OWN["theirs"]]
    path.with_suffix(".vtt").unlink()
    assert index(lib, path, collection).video_id == first.video_id


def test_a_copy_whose_subtitles_are_edited_becomes_a_video_of_its_own(
    film: Path, tmp_path: Path, lib: Library
) -> None:
    first, copy = lay(film, tmp_path / "a", OURS), lay(film, tmp_path / "b", OURS)
    assert index(lib, first).video_id == index(lib, copy).video_id
    copy.with_suffix(".vtt").write_text(THEIRS)
    assert len({index(lib, first).video_id, index(lib, copy).video_id}) == 2
    texts = {v.paths: [u.text for u in lib.show(v.video_id).utterances] for v in lib.videos()}
    assert texts == {(str(first),): [OWN["ours"]], (str(copy),): [OWN["theirs"]]}
    for path in (first, copy):
        assert index(lib, path).status == "unchanged"


@pytest.mark.parametrize("collection", [None, "ours"])
def test_a_renamed_pair_is_the_same_video(
    collection: str | None, film: Path, tmp_path: Path, lib: Library
) -> None:
    path = lay(film, tmp_path / "a", OURS)
    first = index(lib, path, collection)
    for each in (path, path.with_suffix(".vtt")):
        each.rename(each.with_stem("renamed"))
    report = index(lib, tmp_path / "a", collection)
    assert (report.video_id, report.title) == (first.video_id, "renamed")
    (video,) = lib.videos()
    assert video.paths == (str(path.with_stem("renamed")),)


@pytest.mark.parametrize("name", ["talk", "renamed"])
def test_a_film_that_was_moved_and_whose_subtitles_were_edited_is_the_same_video(
    name: str, film: Path, tmp_path: Path, lib: Library
) -> None:
    path = lay(film, tmp_path / "a", OURS)
    first = index(lib, path)
    moved = tmp_path / "a" / "deep" / f"{name}{film.suffix}"
    moved.parent.mkdir()
    path.rename(moved)
    path.with_suffix(".vtt").unlink()
    moved.with_suffix(".vtt").write_text(THEIRS)
    report = index(lib, tmp_path / "a")
    assert (report.video_id, report.title) == (first.video_id, name)
    (video,) = lib.videos()
    assert [each.text for each in lib.show(video.video_id).utterances] == [OWN["theirs"]]
    assert index(lib, moved).status == "unchanged"


def test_films_that_change_places_have_the_subtitles_that_are_beside_them_now(
    film: Path, tmp_path: Path, lib: Library
) -> None:
    one = lay(film, tmp_path / "a", OURS, "one")
    other = tmp_path / "a" / f"other{film.suffix}"
    mf.lecture(mf.sample_slides(1, "dark"), seconds=1.0, rate=5, size=(320, 180)).write(other)
    other.with_suffix(".vtt").write_text(THEIRS)
    assert [report.error for report in lib.index(tmp_path / "a")] == [None, None]
    one.rename(tmp_path / "between")
    other.rename(one)
    (tmp_path / "between").rename(other)
    assert [report.error for report in lib.index(tmp_path / "a")] == [None, None]
    texts = {Path(v.path).stem: [u.text for u in lib.show(v.video_id).utterances] for v in lib.videos()}
    assert texts == {"one": [OWN["ours"]], "other": [OWN["theirs"]]}
    assert {v.title for v in lib.videos()} == {"one", "other"}


def test_a_video_of_no_collection_joins_the_first_that_indexes_its_file(
    film: Path, tmp_path: Path, lib: Library
) -> None:
    path = lay(film, tmp_path / "a", OURS)
    first = index(lib, path)
    assert index(lib, path, "ours").video_id == first.video_id
    assert [video.collections for video in lib.videos()] == [("ours",)]
    assert index(lib, lay(film, tmp_path / "b", OURS), "theirs").video_id != first.video_id
    (video,) = lib.videos(collection="ours")
    assert video.paths == (str(path),)


def test_another_film_at_a_shared_path_stays_the_others_until_they_index(
    film: Path, tmp_path: Path, lib: Library
) -> None:
    path = lay(film, tmp_path / "a", OURS)
    ours, theirs = index(lib, path, "ours"), index(lib, path, "theirs")
    mf.lecture(mf.sample_slides(1, "dark"), seconds=1.0, rate=5, size=(320, 180)).write(path)
    changed = index(lib, path, "ours")
    assert changed.video_id not in (ours.video_id, theirs.video_id)
    assert [video.video_id for video in lib.videos(collection="ours")] == [changed.video_id]
    assert said(lib, "theirs") == [OWN["ours"]]


def test_a_transcript_alone_stays_the_others_when_its_film_comes(
    film: Path, tmp_path: Path, lib: Library
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "talk.vtt").write_text(OURS)
    index(lib, tmp_path / "a", "theirs")
    index(lib, tmp_path / "a", "ours")
    lay(film, tmp_path / "a")
    index(lib, tmp_path / "a", "ours")
    assert [Path(video.path).suffix for video in lib.videos(collection="ours")] == [".mp4"]
    assert [Path(video.path).suffix for video in lib.videos(collection="theirs")] == [".vtt"]


def test_an_older_library_keeps_its_ids(film: Path, tmp_path: Path) -> None:
    path = old_library(tmp_path / "library", "0004")
    with Store.open(path) as store, store.view() as view:
        (row,) = view.videos()
        assert row.media_id == row.info.video_id
        assert row.subtitles == ""


def test_a_video_that_older_libraries_shared_is_parted_when_one_indexes_it(
    film: Path, tmp_path: Path, lib: Library
) -> None:
    path = lay(film, tmp_path / "a", OURS)
    shared = str(index(lib, path, "ours").video_id)
    lib.rename_speaker(shared, "Speaker 1", "Ada")
    with lib._store.view() as view:
        info = view.video(shared).info
    lib._store.upsert_video(info, "theirs")
    own = str(index(lib, path, "theirs").video_id)
    assert own != shared
    assert [video.video_id for video in lib.videos(collection="ours")] == [shared]
    assert [video.video_id for video in lib.videos(collection="theirs")] == [own]
    assert [row.name for row in lib.speakers(own)] == ["Ada"]
    lib.rename_speaker(own, "Ada", "Grace")
    assert [row.name for row in lib.speakers(shared)] == ["Ada"]


def test_the_stages_told_of_are_all_there(film: Path, tmp_path: Path, lib: Library) -> None:
    report = index(lib, lay(film, tmp_path / "a", OURS), "ours")
    assert tuple(report.stages) == STAGES


SIGNATURES = st.sampled_from(["", "x", "y"])
GROUPS = st.sampled_from([(), ("a",), ("b",)])


def row(number: int, collections: tuple[str, ...], subtitles: str) -> VideoRow:
    return VideoRow(VideoInfo(str(number), "", 1.0, True, True), (), collections, {}, "m", subtitles)


@given(st.lists(st.tuples(GROUPS, SIGNATURES), max_size=6), GROUPS, SIGNATURES)
def test_a_new_path_is_never_a_video_of_others_or_of_other_subtitles(
    there: list[tuple[tuple[str, ...], str]], collections: tuple[str, ...], subtitles: str
) -> None:
    rows = [row(number, *each) for number, each in enumerate(there)]
    found = known_video(rows, collections, [subtitles])
    fits = [each for each in rows if each.collections == collections]
    fits = [each for each in fits if "" in (each.subtitles, subtitles) or each.subtitles == subtitles]
    assert (found is None) == (not fits)
    if found is not None:
        assert found in fits
        assert found.subtitles == subtitles or all(each.subtitles != subtitles for each in fits)


@given(st.lists(st.tuples(st.sampled_from("mn"), GROUPS, SIGNATURES), max_size=8))
def test_no_id_is_given_twice(given_: list[tuple[str, tuple[str, ...], str]]) -> None:
    taken: set[str] = set()
    for media_id, collections, subtitles in given_:
        made = new_id(media_id, collections, subtitles, taken.__contains__)
        assert made not in taken
        taken.add(made)
    assert new_id("z", (), "", taken.__contains__) == "z"


def test_a_scope_shows_only_its_own_files(film: Path, tmp_path: Path, lib: Library) -> None:
    for name in ("ours", "theirs"):
        index(lib, lay(film, tmp_path / name, OURS), name)
    with lib._store.view(Scope(collection="ours")) as view:
        assert {Path(known.path).parent.name for known in view.paths()} == {"ours"}
        assert [card.path for card in view.cards()] == [str(tmp_path / "ours" / "talk.mp4")]
        assert np.all([Path(p).parent.name == "ours" for video in view.videos() for p in video.paths])
