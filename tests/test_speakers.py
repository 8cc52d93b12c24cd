"""Who speaks, and what the user calls them: names outlive transcripts, and everything that names a speaker follows."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from longvid import Library
from longvid.cli import app
from longvid_storage.db.store import Store
from longvid_storage.errors import NotFoundError, UsageError
from longvid_storage.types import EVERYTHING, Passage, Scope, Utterance
from store_tools import every_row, fill, near, seen, unit_vectors

MEETING = """WEBVTT

00:00.000 --> 00:06.000
<v MAYA>We should move the database to the new cluster before Friday.

00:06.000 --> 00:12.000
<v JONAS>I will write the migration plan for the database by Wednesday.

00:12.000 --> 00:20.000
<v MAYA>Then the budget for the servers is settled as well.

00:20.000 --> 00:30.000
<v JONAS>The printer in the hall is broken again and needs new toner.
"""


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("speakers")
    talk = folder / "meeting.vtt"
    talk.write_text(MEETING)
    with Library.open(folder / "library", create=True) as lib:
        (report,) = lib.index(talk)
    assert report.status == "indexed"
    return folder / "library"


@pytest.fixture
def library(indexed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(indexed, tmp_path / "library"))


def passages(store: Store, scope: Scope = EVERYTHING) -> list[Passage]:
    """What is said within the scope."""
    found = [p for row in seen(store).videos() for p in seen(store, scope).passages_of(row.info.video_id)]
    return [p for p in found if p.kind == "speech"]


def test_talk_time_counts_no_second_twice(tmp_path: Path) -> None:
    spoken = [
        Utterance(0, 10, "one", "Ada"),
        Utterance(5, 12, "two", "ada"),
        Utterance(12, 15, "three", "Bob"),
        Utterance(20, 21, "four", None),
        Utterance(30, 33.5, "five", "Ada"),
    ]
    with Store.open(tmp_path / "library", create=True) as store:
        key = fill(store, "Talk", ["x"])
        with store.stage(key, "transcript", "t2") as writer:
            writer.replace_utterances(spoken)
        ada, bob = seen(store).speakers_of(key)
    assert (ada.name, ada.labels, ada.utterances, ada.talk_s, ada.first_s) == (
        "Ada",
        ("Ada", "ada"),
        3,
        15.5,
        0,
    )
    assert (bob.name, bob.utterances, bob.talk_s, bob.first_s) == ("Bob", 1, 3, 12)


def test_everything_follows_a_new_name(library: Path) -> None:
    with Library.open(library) as lib:
        assert lib.search("migration plan database", speaker="Grace Hopper") == []
        grace, maya = lib.rename_speaker("meeting", "jonas", "  Grace   Hopper ")
        assert (grace.name, grace.labels, maya.name) == ("Grace Hopper", ("JONAS",), "MAYA")
        assert [u.speaker for u in lib.show("meeting").utterances] == ["MAYA", "Grace Hopper"] * 2
        (moment, *_) = lib.search("migration plan database", speaker="grace hopper")
        assert {each.speaker for each in moment.evidence} == {"Grace Hopper"}
        assert lib.search("migration plan database", speaker="JONAS") == []
        (mentions,) = lib.mentions("database", speaker="Grace Hopper")
        assert [(each.speaker, each.start_s) for each in mentions.mentions] == [("Grace Hopper", 6.0)]
        answer = lib.ask("Who will write the migration plan?")
        assert answer.found
        assert answer.claims[0].text.startswith("Grace Hopper: ")
        summary = lib.summary("meeting", length="long")
        assert "Grace Hopper" in {item.owner for item in summary.action_items}


def test_renaming_back_leaves_the_library_as_it_was(library: Path) -> None:
    before = every_row(library)
    with Library.open(library) as lib:
        lib.rename_speaker("meeting", "MAYA", "Ada")
        assert every_row(library)["speaker_names"] != []
        lib.rename_speaker("meeting", "ada", "MAYA")
    after = every_row(library)
    assert [row[:1] for row in after.pop("library")] == [row[:1] for row in before.pop("library")]
    with sqlite3.connect(library / "library.db") as connection:  # how often it changed is another
        columns = [column for _, column, *_ in connection.execute("PRAGMA table_info(videos)")]
    connection.close()
    at = columns.index("revision")
    for rows in (before, after):
        rows["videos"] = [(*row[:at], *row[at + 1 :]) for row in rows["videos"]]
    assert after == before


def test_passages_keep_their_ids_and_vectors(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        key = fill(store, "Talk", ["Alpha beta.", "Gamma delta."], speaker="Speaker 1")
        before = every_row(store.path)
        store.rename_speaker(key, "Speaker 1", "Ada")
        after = every_row(store.path)
        assert after["passage_vectors"] == before["passage_vectors"]
        assert [row[0] for row in after["passages"]] == [row[0] for row in before["passages"]]
        only = Scope(speaker="ADA")
        query = unit_vectors(2)[0]
        assert len(near(store, "speech", query, scope=only)) == 2
        assert [p.speaker for p in passages(store, only)] == ["Ada", "Ada"]
        assert seen(store).speakers() == {"Ada": 2}


def test_names_outlive_a_new_transcript_where_the_label_still_occurs(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        key = fill(store, "Talk", ["alpha"], speaker="Speaker 1")
        store.rename_speaker(key, "Speaker 1", "Ada")
        again = [Utterance(0, 5, "epsilon", "Speaker 1"), Utterance(5, 9, "zeta", "Speaker 2")]
        with store.stage(key, "transcript", "t2") as writer:
            writer.replace_utterances(again)
        assert [u.speaker for u in seen(store).utterances(key)] == ["Ada", "Speaker 2"]
        assert [u.speaker for u in seen(store).utterances(key, labels=True)] == ["Speaker 1", "Speaker 2"]
        assert [p.text for p in passages(store, Scope(speaker="Ada"))] == ["epsilon"]
        store.remove_video(key)
        assert every_row(store.path)["speaker_names"] == []


def test_two_speakers_become_one_and_are_told_apart_again(tmp_path: Path) -> None:
    spoken = [Utterance(0, 5, "alpha", "Speaker 1"), Utterance(5, 9, "beta", "Speaker 2")]
    with Store.open(tmp_path / "library", create=True) as store:
        key = fill(store, "Talk", ["x"])
        with store.stage(key, "transcript", "t2") as writer:
            writer.replace_utterances(spoken)
        store.rename_speaker(key, "Speaker 1", "Ada")
        store.rename_speaker(key, "Speaker 2", "Ada")
        (ada,) = seen(store).speakers_of(key)
        assert (ada.labels, ada.talk_s) == (("Speaker 1", "Speaker 2"), 9)
        assert len(passages(store, Scope(speaker="Ada"))) == 2
        store.rename_speaker(key, "Speaker 2", "Speaker 2")
        assert [row.name for row in seen(store).speakers_of(key)] == ["Ada", "Speaker 2"]
        assert [p.text for p in passages(store, Scope(speaker="Speaker 2"))] == ["beta"]


def test_names_are_of_one_video(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        one = fill(store, "One", ["alpha"], speaker="Speaker 1")
        two = fill(store, "Two", ["beta"], speaker="Speaker 1")
        store.rename_speaker(one, "Speaker 1", "Ada")
        assert [u.speaker for u in seen(store).utterances(two)] == ["Speaker 1"]
        assert {p.video_id: p.speaker for p in passages(store)} == {one: "Ada", two: "Speaker 1"}
        assert seen(store).speakers() == {"Ada": 1, "Speaker 1": 1}


def test_what_cannot_be_renamed_is_said(library: Path) -> None:
    with Library.open(library) as lib:
        with pytest.raises(
            NotFoundError, match="nobody called 'Bob' speaks in this video: there are MAYA, JONAS"
        ):
            lib.rename_speaker("meeting", "Bob", "Ada")
        for name in ("", "  ", "x" * 201, "Ada\x07"):
            with pytest.raises(UsageError, match="a speaker cannot be called"):
                lib.rename_speaker("meeting", "MAYA", name)
        assert [row.name for row in lib.speakers("meeting")] == ["JONAS", "MAYA"]


def test_the_command(library: Path) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["speakers", "meeting", "--library", str(library), *arguments])
        assert result.exception is None, result.exception
        return result.stdout

    assert run().splitlines()[1:] == [
        "     0:16     0:06           2  JONAS",
        "     0:14     0:00           2  MAYA",
    ]
    shown = run("--rename", "MAYA=Ada", "--rename", "JONAS=Grace Hopper").splitlines()
    assert [line.split(maxsplit=3)[3] for line in shown[1:]] == ["Grace Hopper  (JONAS)", "Ada  (MAYA)"]
    assert json.loads(run("--json").splitlines()[0]) == {
        "name": "Grace Hopper",
        "labels": ["JONAS"],
        "utterances": 2,
        "talk_s": 16.0,
        "first_s": 6.0,
    }
    for wrong in ("MAYA", "=Ada", "MAYA="):
        result = CliRunner().invoke(
            app, ["speakers", "meeting", "--library", str(library), "--rename", wrong]
        )
        assert isinstance(result.exception, UsageError)
        assert "OLD=NEW" in result.exception.message


def test_no_speakers_is_said_with_the_reason(tmp_path: Path) -> None:
    talk = tmp_path / "talk.vtt"
    talk.write_text("WEBVTT\n\n00:00.000 --> 00:06.000\nNobody knows who says this.\n")
    library = tmp_path / "library"
    with Library.open(library, create=True) as lib:
        lib.index(talk, only=["transcript"])
    result = CliRunner().invoke(app, ["speakers", "talk", "--library", str(library)])
    assert result.stdout == "No speakers are known: its subtitles name none.\n"


def test_speakers_assigned_to_a_transcript(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        key = fill(store, "Talk", ["alpha", "beta"], speaker=None)
        said = seen(store).utterances(key, labels=True)
        with store.stage(key, "speakers", "s1") as writer:
            writer.assign_speakers([replace(said[0], speaker="Speaker 1"), said[1]], "toy")
        assert [p.speaker for p in passages(store)] == ["Speaker 1", None]
        assert [u.speaker for u in seen(store).utterances(key)] == ["Speaker 1", None]
        transcript = seen(store).transcript(key)
        assert transcript is not None
        assert transcript.speakers_by == "toy"
        with (
            pytest.raises(ValueError, match="1 utterances have speakers and the transcript has 2"),
            store.stage(key, "speakers", "s2") as writer,
        ):
            writer.assign_speakers(said[:1], "toy")
    connection = sqlite3.connect(tmp_path / "library" / "library.db")
    assert connection.execute("SELECT count(*) FROM stages WHERE stage = 'speakers'").fetchall() == [(1,)]
    connection.close()
