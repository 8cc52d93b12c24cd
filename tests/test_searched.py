"""A "no" that can be relied on: what was looked through, what was tried, and what could not be read."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest

import media_factory as mf
from longvid import Library
from longvid.cli import main
from longvid.engines import Engines
from longvid.exports.saved import read_answer
from longvid_storage.errors import UsageError
from longvid_storage.search.searched import searched
from longvid_storage.types import Scope, Utterance, VideoInfo
from small_library import SmallLibrary, SmallVideo

OFF = {"image": "off", "speech": "off", "screen": "off", "sound": "off", "text": "off"}


@pytest.fixture
def library() -> SmallLibrary:
    said = [
        Utterance(0.0, 5.0, "The budget is nine thousand euros.", "Maya"),
        Utterance(3595.0, 3600.0, "That is all, thank you.", "Maya"),
    ]
    small = SmallLibrary(
        [
            SmallVideo("a" * 64, "Budget call", said, collection="team"),
            SmallVideo("b" * 64, "Silent walk", [], collection="team"),
        ]
    )
    small.store.upsert_video(VideoInfo("c" * 64, "Just arrived", 600.0, True, True), "team")
    small.store.upsert_video(VideoInfo("d" * 64, "Of others", 900.0, False, True), "others")
    return small


def test_what_cannot_be_looked_through_is_named_inside_the_scope_only(library: SmallLibrary) -> None:
    with library.view(Scope(collection="team")) as view:
        found = searched(view, ["zebra", "zebra"])
    assert (found.videos, found.duration_s, found.words) == (3, 4200.0, ("zebra",))
    assert [(each.title, each.why) for each in found.unsearched] == [
        ("Just arrived", "not indexed"),
    ]
    assert found.unsearched[0].what == "transcript, screen text, vectors"


@pytest.mark.parametrize("times", [{"from_s": math.nan}, {"to_s": math.nan}])
def test_a_time_that_is_no_number_is_refused(library: SmallLibrary, times: dict[str, float]) -> None:
    """It admitted nothing, so that a search found nothing and said no more."""
    with pytest.raises(UsageError, match=r"(from|to) is nan: give seconds"):
        Library(library.store).search("budget", **times)


def test_times_cut_the_hours(library: SmallLibrary) -> None:
    scope = Scope(video_ids=frozenset(["a" * 64]), from_s=600.0, to_s=4000.0)
    with library.view(scope) as view:
        assert searched(view, []).duration_s == 3000.0


def test_an_answer_that_finds_nothing_says_what_it_looked_through(library: SmallLibrary) -> None:
    answer = library.ask("Who feeds the zebras in winter?", Scope(collection="team"))
    assert not answer.found
    assert answer.searched is not None
    assert answer.searched.videos == 3
    assert {"feeds", "zebras", "winter"} <= set(answer.searched.words)
    assert "Of others" not in repr(answer.searched)
    assert library.ask("What is the budget?").searched is None


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of a film that is cut off, a silent one, and a transcript."""
    folder = tmp_path_factory.mktemp("searched")
    media = folder / "media"
    media.mkdir()
    mf.truncated(media / "cut.mp4")
    mf.lecture(mf.sample_slides(2, "white"), seconds=2.0, rate=5, size=(320, 180)).write(media / "silent.mp4")
    (media / "call.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:04.000\n<v Maya>The budget is fine.\n")
    with Library.open(folder / "library", create=True, engines=Engines(OFF)) as lib:
        lib.index([media])
    return folder


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> str:
    monkeypatch.setattr(sys, "argv", ["longvid", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    return capsys.readouterr().out


def test_mentions_of_nothing_say_so_in_print_and_as_json(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = run(capsys, monkeypatch, "mentions", "zebra", "gnu", "-L", files / "library")
    assert told.startswith("Nowhere said or shown.\nLooked through 3 videos (")
    assert "for: zebra, gnu." in told
    assert "Nothing said could be searched in: " in told
    assert "Damaged, and searched as far as it can be read: cut (" in told
    (line,) = run(capsys, monkeypatch, "mentions", "zebra", "--json", "-L", files / "library").splitlines()
    said = json.loads(line)["searched"]
    assert said["videos"] == 3
    assert said["words"] == ["zebra"]
    whys = {(each["title"], each["why"]) for each in said["unsearched"]}
    assert {("silent", "no transcript"), ("cut", "damaged")} <= whys
    assert "call" not in {title for title, _ in whys}
    found = run(capsys, monkeypatch, "mentions", "budget", "--json", "-L", files / "library")
    assert "searched" not in json.loads(found)


def test_ask_of_nothing_says_so_and_is_read_back(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    off = [word for role, spec in OFF.items() for word in ("--model", f"{role}={spec}")]
    asked = ("ask", "who feeds the zebras?", "-L", files / "library", *off)
    told = run(capsys, monkeypatch, *asked)
    assert "Looked through 3 videos (" in told
    saved = tmp_path / "answer.json"
    saved.write_text(run(capsys, monkeypatch, *asked, "--json"))
    assert json.loads(saved.read_text())["searched"]["videos"] == 3
    assert read_answer(saved).searched is not None
    old = json.loads(saved.read_text())
    del old["searched"]
    saved.write_text(json.dumps(old))
    assert read_answer(saved).searched is None
