"""What yt-dlp notes of a video beside it: title, day, language and chapters are the site's; the rest is left alone."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longvid.library import Library
from longvid_indexer.info_json import LARGEST_BYTES, described, is_info, read_info
from longvid_indexer.report import LeftOut
from longvid_storage.errors import MediaError
from longvid_storage.types import Chapter, VideoInfo
from media_factory import write_video
from toy_engines import ToyEngines

CUES = "".join(
    f"00:00:{at:02d}.000 --> 00:00:{at + 4:02d}.000\n{text}\n\n"
    for at, text in enumerate(["The pump is leaking.", "We need a new valve."] * 5)
)
VTT = "WEBVTT\n\n" + CUES
NOTED: dict[str, Any] = {
    "id": "x9QwR4w-gXc",
    "title": "How pumps are mended",
    "formats": [{"url": "https://example.invalid/x", "fps": 25}],
    "chapters": [
        {"start_time": 0.0, "end_time": 5.0, "title": "The leak"},
        {"start_time": 5.0, "end_time": 13.0, "title": "The valve"},
    ],
    "comments": [{"text": "Great talk, thank you so much", "timestamp": 4, "author": "@somebody"}] * 3,
    "upload_date": "20240304",
    "language": "en-US",
    "duration": 13,
    "webpage_url": "https://example.invalid/watch",
    "_type": "video",
}


def noted(folder: Path, stem: str = "talk [x9QwR4w-gXc]", **more: Any) -> Path:
    path = folder / f"{stem}.info.json"
    path.write_text(json.dumps(NOTED | more))
    return path


def indexed(library: Library, *paths: Path) -> dict[str, Any]:
    events: list[Any] = []
    reports = library.index(list(paths), on_event=events.append)
    assert [report.error for report in reports if report.error] == []
    return {each.reason: each for each in events if isinstance(each, LeftOut)}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.open(tmp_path / "library", create=True, engines=ToyEngines())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def test_title_day_and_chapters_of_a_transcript_are_the_sites(library: Library, folder: Path) -> None:
    (folder / "talk [x9QwR4w-gXc].en.vtt").write_text(VTT)
    noted(folder)
    assert indexed(library, folder) == {}
    (video,) = library.videos()
    shown = library.show(video.video_id)
    assert video.title == "How pumps are mended"
    assert [(each.segment.start_s, each.segment.title) for each in shown.events] == [
        (0.0, "The leak"),
        (5.0, "The valve"),
    ]
    with library._store.view() as view:
        assert view.video(video.video_id).info.recorded_on == "2024-03-04"


def test_it_may_come_or_change_later_and_speech_is_not_recognised_again(
    library: Library, folder: Path
) -> None:
    write_video(folder / "talk.mp4", [np.zeros((32, 32, 3), np.uint8)] * 3)
    indexed(library, folder)
    (before,) = library.videos()
    assert before.title == "talk"
    noted(folder, "talk", duration=None, chapters=[{"start_time": 0, "title": "All of it"}])
    (report,) = library.index([folder])
    (after,) = library.videos()
    assert (after.video_id, after.title) == (before.video_id, "How pumps are mended")
    assert [event.segment.title for event in library.show(after.video_id).events] == ["All of it"]
    assert report.stages["transcript"].status == "unchanged"
    assert report.stages["structure"].status == "done"
    (report,) = library.index([folder])
    assert report.status == "unchanged"


def test_the_language_that_the_site_names_is_the_spoken_one(library: Library, folder: Path) -> None:
    (folder / "talk.en.vtt").write_text(VTT)
    (folder / "talk.de.vtt").write_text(
        "WEBVTT\n\n00:00.000 --> 00:04.000\nDie Pumpe ist seit Freitag undicht.\n"
    )
    noted(folder, "talk", language="de")
    indexed(library, folder)
    (video,) = library.videos()
    with library._store.view() as view:
        assert view.utterances(video.video_id)[0].text == "Die Pumpe ist seit Freitag undicht."


def test_without_film_or_transcript_it_is_named_and_no_error(library: Library, folder: Path) -> None:
    lone = noted(folder, "gone")
    (folder / "talk.vtt").write_text(VTT)
    left = indexed(library, folder)
    assert left["data"].files == (str(lone),)
    assert [video.title for video in library.videos()] == ["talk"]
    assert indexed(library, lone)["data"].files == (str(lone),)


def test_named_one_by_one_beside_its_film_it_is_no_input(library: Library, folder: Path) -> None:
    (folder / "talk.vtt").write_text(VTT)
    assert indexed(library, folder / "talk.vtt", noted(folder, "talk")) == {}
    assert [video.title for video in library.videos()] == ["How pumps are mended"]


def test_a_transcript_of_that_name_is_still_one(folder: Path) -> None:
    path = folder / "talk.info.json"
    path.write_text('{"segments": [{"start": 0, "end": 2, "text": "The pump is leaking."}]}')
    assert not is_info(path)


def info(duration_s: float = 13.0, **more: Any) -> VideoInfo:
    return VideoInfo("v", "talk", duration_s, True, True, **more)


def test_what_cannot_be_true_is_left_out(folder: Path) -> None:
    odd = [
        {"start_time": -5, "title": "Before the beginning"},
        {"start_time": "0", "title": "A time that is text"},
        {"start_time": float("nan"), "title": "Never"},
        {"start_time": 1e400, "title": "Later than ever"},
        {"start_time": True, "title": "Yes"},
        {"start_time": 9.0, "title": ["a list"]},
        {"start_time": 6.0, "title": "The valve"},
        {"start_time": 6.0, "title": "The valve once more"},
        {"start_time": 2.0, "title": "The\u202e leak\n"},
        {"start_time": 0.0, "title": "<Untitled Chapter 1>"},
        {"start_time": 99.0, "title": "After the end"},
        "no chapter",
        None,
    ]
    path = noted(
        folder, chapters=odd, title={"text": "x"}, upload_date="20241399", language=7, duration=10**400
    )
    site = read_info(path)
    assert (site.title, site.day, site.language, site.duration_s) == (None, None, None, None)
    told, notes = described(info(), site)
    assert told.chapters == (Chapter(2.0, 6.0, "The leak"), Chapter(6.0, 9.0, "The valve"))
    assert (told.title, notes) == ("talk", [])


def test_a_films_own_chapters_stay_and_those_of_another_cut_are_left_out(folder: Path) -> None:
    site = read_info(noted(folder))
    own = (Chapter(0.0, 3.0, "Own"),)
    assert described(info(chapters=own), site)[0].chapters == own
    told, (note,) = described(info(60.0), site)
    assert told.chapters == ()
    assert "13 s and the file has 60 s" in note


@pytest.mark.parametrize(
    "content", ['{"id": "x", ', '{"id": ' + "[" * 100_000, '{"id": 1' + "0" * 5000 + "}", ""]
)
def test_what_is_no_json_is_a_note_of_the_film(folder: Path, library: Library, content: str) -> None:
    (folder / "talk.vtt").write_text(VTT)
    (folder / "talk.info.json").write_text(content)
    indexed(library, folder)
    assert [video.title for video in library.videos()] == ["talk"]


def test_more_than_is_allowed_is_not_read(folder: Path) -> None:
    path = folder / "talk.info.json"
    with path.open("wb") as file:
        file.write(b'{"id": "x", "title": "')
        file.truncate(LARGEST_BYTES + 1)
    with pytest.raises(MediaError, match="more than"):
        read_info(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
CHAPTER = st.fixed_dictionaries({}, optional={"start_time": JSON, "title": JSON})


@given(st.fixed_dictionaries({"id": JSON}, optional={
    "title": JSON, "upload_date": JSON, "language": JSON, "duration": JSON, "chapters": JSON | st.lists(CHAPTER)
}))  # fmt: skip
def test_whatever_stands_in_it_chapters_lie_in_the_film_in_order(
    tmp_path_factory: pytest.TempPathFactory, told: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.info.json"
    path.write_text(json.dumps(told))
    found = described(info(), read_info(path))[0]
    spans = [(each.start_s, each.end_s) for each in found.chapters]
    assert all(0 <= start < end <= 13.0 for start, end in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert found.title.isprintable()
