"""Which files beside a film are its subtitles, by name; what is not taken is named; each directory is read once."""

from __future__ import annotations

import os
import shutil
import socket
import string
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longvid_indexer.directory import Listing
from longvid_indexer.probe import probe
from longvid_indexer.scan import ScannedFile, look_at, scan
from longvid_indexer.subtitles import beside as beside_module
from longvid_indexer.subtitles.beside import Sidecars, in_order
from longvid_indexer.subtitles.regular import LARGEST_BYTES
from longvid_indexer.subtitles.tags import Tags, read_tags
from longvid_indexer.transcript import make_transcript
from media_factory import write_video

SRT = "1\n00:00:00,000 --> 00:00:00,400\nThe pump is leaking.\n"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clip") / "clip.mp4", [np.zeros((32, 32, 3), np.uint8)] * 3)


def lay(folder: Path, clip: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in (".mp4", ".mkv", ".m4a"):
            shutil.copy(clip, path)
        else:
            path.write_text(SRT)
    return folder


def found(folder: Path) -> dict[str, ScannedFile]:
    return {item.path.name: item for item in scan([folder])}


@pytest.mark.parametrize(
    ("media", "subtitles", "language"),
    [
        ("talk.mp4", "talk.mp4.srt", None),
        ("talk.mp4", "talk.wav.srt", None),
        ("talk.mp4", "talk.wav.vtt", None),
        ("Talk [abcDEF12345].mp4", "Talk [abcDEF12345].en-nP7-2PuUl7o.vtt", "en"),
        ("Talk [abcDEF12345].mp4", "Talk [abcDEF12345].pt-BR-x_9aB3dE-Fg.vtt", "pt"),
        ("talk.mp4", "talk.ru-orig.vtt", "ru"),
        ("talk.mp4", "talk.iw.vtt", "he"),
        ("talk.mp4", "talk.in.vtt", "id"),
        ("talk.mp4", "talk.und.srt", None),
        ("talk.mp4", "talk.chs.srt", "zh"),
        ("talk.mp4", "talk.cht.srt", "zh"),
        ("talk.mp4", "talk.ceb.vtt", "ceb"),
        ("talk.mp4", "talk.haw.vtt", "haw"),
        ("talk.mp4", "talk-en.srt", "en"),
        ("talk.mp4", "talk_en.vtt", "en"),
        ("talk.mp4", "talk_pt-BR.vtt", "pt"),
        ("talk.mp4", "talk (1).srt", None),
        ("talk.mp4", "talk.en (2).srt", "en"),
        ("talk.mp4", "talk - Copy.srt", None),
        ("talk.mp4", "talk.en.transcript.vtt", "en"),
        ("talk.mp4", "talk.whisper.srt", None),
        ("talk.mp4", "talk_TurboScribe.srt", None),
        ("talk.mp4", "talk.faster-whisper.large-v3.srt", None),
        ("talk.mp4", "talk.English [SDH].srt", "en"),
        ("talk.mp4", "talk.English (auto-generated).srt", "en"),
        ("talk.mp4", "talk (German).srt", "de"),
        ("talk.mp4", "talk [de].srt", "de"),
        ("Lecture 1.mp4", "Lecture 1_Captions_English (United States).srt", "en"),
        ("GMT2_Recording_1920x1080.mp4", "GMT2_Recording.transcript.vtt", None),
        ("GMT2_Recording_gallery_1280x720.mp4", "GMT2_Recording.cc.vtt", None),
        ("Film (1080p).mp4", "Film.srt", None),
        ("Talk [id].f137.mp4", "Talk [id].en.vtt", "en"),
        ("Film.mp4", "Subs/2_English.srt", "en"),
        ("Film.mp4", "Subs/Film.srt", None),
        ("Film.mp4", "subtitles/Film.de.srt", "de"),
        ("Film.mp4", "Subs/Film/3_German.srt", "de"),
        ("Film.mp4", "English.srt", "en"),
        ("talk.mp4", "transcript.vtt", None),
        ("talk.mp4", "talk.deepgram.json", None),
        ("talk.mp4", "talk.otter.ai.srt", None),
        ("talk.mp4", "talk_otter_ai.srt", None),
        ("talk.mp4", "talk.distil-large-v3.srt", None),
        ("talk.mp4", "talk_track3_[eng].srt", "en"),
        ("talk.mp4", "talk_track4_deu.srt", "de"),
        ("talk.mp4", "talk.3.eng.srt", "en"),
        ("talk.mp4", "talk.2_Deutsch.srt", "de"),
        ("talk.mp4", "talk.stream0.srt", None),
        ("talk.mp4", "talk copy 2.srt", None),
        ("talk.mp4", "Copy of talk.srt", None),
        ("talk.mp4", "talk [German (auto-generated)].srt", "de"),
        ("talk.mp4", "[English] talk [DownSub.com].srt", None),
        ("Team sync Recording.mp4", "Team sync Transcript.vtt", None),
        (
            "Sync-20240304_100000-Meeting Recording.mp4",
            "Sync-20240304_100000-Meeting Transcript.mp4.vtt",
            None,
        ),
        ("my_talk_on_pumps.mp4", "my talk on pumps.de.srt", "de"),
        ("Pumps： part one？.mkv", "Pumps_ part one_.srt", None),
        ("talk.mp4", "talk.webvtt", None),
        ("talk.mp4", "talk.简体中文.srt", "zh"),
        ("talk.mp4", "talk.Русский.srt", "ru"),
        ("talk.mp4", "talk.Englisch.srt", "en"),
        ("talk.mp4", "talk_Untertitel.srt", None),
        ("talk.mp4", "talk.eng.2.srt", "en"),
        ("talk.mp4", "talk.en.ai.srt", "en"),
        ("会议.mp4", "会议-英文字幕.srt", "en"),
        ("会议.mp4", "会议_英文.srt", "en"),
    ],
)
def test_names_that_people_give_are_taken(
    tmp_path: Path, clip: Path, media: str, subtitles: str, language: str | None
) -> None:
    lay(tmp_path, clip, media, subtitles)
    items = found(tmp_path)
    assert list(items) == [media]
    (sidecar,) = items[media].beside.taken
    assert (sidecar.path, sidecar.language) == (tmp_path / subtitles, language)
    assert items[media].beside.notes == ()
    assert Sidecars().of(tmp_path / media) == items[media].beside


@pytest.mark.parametrize(
    "name",
    ["talk part two.srt", "talk.2.srt", "talk.en.2019.srt", "talking.srt", "talk to.srt", "talk is on.srt",
     "talk.raw.srt", "walk.srt", "Subs to check.srt", "check-in.srt"],
)  # fmt: skip
def test_another_name_is_another_talk_and_a_note_names_it_where_it_is_not_indexed(
    tmp_path: Path, clip: Path, name: str
) -> None:
    lay(tmp_path, clip, "talk.mp4", "check.mp4", name)
    items = found(tmp_path)
    assert list(items) == sorted(["talk.mp4", "check.mp4", name])
    both = scan([tmp_path / "talk.mp4", tmp_path / name])
    assert not any(item.beside.notes for item in (*items.values(), *both))
    (alone,) = scan([tmp_path / "talk.mp4"])
    (note,) = alone.beside.notes
    assert name in note


def test_a_folder_of_subtitles_with_several_films_is_matched_by_name_only(tmp_path: Path, clip: Path) -> None:
    lay(tmp_path, clip, "a.mp4", "b.mp4", "Subs/a.en.srt", "Subs/b/2_French.srt", "Subs/English.srt")
    items = found(tmp_path)
    assert [s.path.name for s in items["a.mp4"].beside.taken] == ["a.en.srt"]
    assert [(s.path.name, s.language) for s in items["b.mp4"].beside.taken] == [("2_French.srt", "fr")]
    assert "English.srt" in items  # nobody's, so a transcript of its own


def test_the_longest_stem_wins_over_tags(tmp_path: Path, clip: Path) -> None:
    lay(tmp_path, clip, "talk.mp4", "talk (1).mp4", "talk (1).srt", "talk_en.mp4", "talk_en.srt", "talk.srt")
    taken = {name: [s.path.name for s in item.beside.taken] for name, item in found(tmp_path).items()}
    assert taken == {
        "talk.mp4": ["talk.srt"],
        "talk (1).mp4": ["talk (1).srt"],
        "talk_en.mp4": ["talk_en.srt"],
    }


def test_what_is_no_file_or_too_large_neither_hangs_nor_is_read(tmp_path: Path, clip: Path) -> None:
    lay(tmp_path, clip, "talk.mp4")
    os.mkfifo(tmp_path / "talk.srt")
    (tmp_path / "talk.de.srt").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "talk.fr.srt"))
    with (tmp_path / "talk.en.vtt").open("wb") as sparse:
        sparse.truncate(20 * 2**30)
    os.mkfifo(tmp_path / "alone.vtt")
    items = found(tmp_path)
    assert items["talk.mp4"].beside.taken == ()
    assert items["talk.mp4"].sidecar_signature == ""
    told = " ".join(items["talk.mp4"].beside.notes)
    for name in ("talk.srt", "talk.de.srt", "talk.fr.srt", "talk.en.vtt"):
        assert f"{name} beside it was not read" in told
    assert str(LARGEST_BYTES) in told
    error = items["alone.vtt"].error
    assert error is not None
    assert error.code == "not_media"
    made = make_transcript(tmp_path / "talk.mp4", probe(tmp_path / "talk.mp4", "id"), None)
    assert made.source == "none"
    assert made.notes[: len(items["talk.mp4"].beside.notes)] == items["talk.mp4"].beside.notes


def test_of_two_languages_the_spoken_one_answers_and_the_other_is_named(tmp_path: Path, clip: Path) -> None:
    lay(tmp_path, clip, "talk.mp4", "talk.en.vtt", "talk.ru-orig.vtt", "talk.de.srt")
    item = found(tmp_path)["talk.mp4"]
    made = make_transcript(item.path, probe(item.path, "id"), None, item.beside)
    assert (made.source, made.language) == ("sidecar:talk.ru-orig.vtt", "ru")
    (note,) = made.notes
    assert note == "kept as translations, found by their words: talk.en.vtt (en), talk.de.srt (de)"
    assert [each[0].language for each in made.translations] == ["en", "de"]


@pytest.mark.parametrize(
    ("names", "spoken", "first"),
    [
        (["t.en.vtt", "t.ru-orig.vtt"], None, "t.ru-orig.vtt"),
        (["t.en.vtt", "t.ru-orig.vtt"], "en", "t.ru-orig.vtt"),
        (["t.ru.vtt", "t.ru-orig.vtt"], None, "t.ru.vtt"),
        (["t.de.vtt", "t.en.vtt"], "de", "t.de.vtt"),
        (["t.json", "t.srt", "t.vtt"], None, "t.json"),
        (["t.en.forced.vtt", "t.fr.srt"], "en", "t.fr.srt"),
        (["t.cc.vtt", "t.transcript.vtt"], None, "t.transcript.vtt"),
    ],
)
def test_which_comes_first(
    tmp_path: Path, clip: Path, names: list[str], spoken: str | None, first: str
) -> None:
    lay(tmp_path, clip, "t.mp4", *names)
    if "t.json" in names:
        (tmp_path / "t.json").write_text('{"segments": [{"start": 0, "end": 1, "text": "Hi."}]}')
    taken = found(tmp_path)["t.mp4"].beside.taken
    assert in_order(taken, spoken)[0].path.name == first


def test_several_files_of_one_talk_without_media_are_one_video(tmp_path: Path, clip: Path) -> None:
    lay(tmp_path, clip, "talk.en.vtt", "talk.ru-orig.vtt", "talk.srt", "other-de.srt", "other-fr.srt", "a (1).srt",
        "a (2).srt")  # fmt: skip
    items = found(tmp_path)
    assert sorted(items) == ["a (1).srt", "a (2).srt", "other-de.srt", "talk.srt"]
    assert [path.name for path in items["talk.srt"].sidecars] == ["talk.ru-orig.vtt", "talk.en.vtt"]
    assert [path.name for path in items["other-de.srt"].sidecars] == ["other-fr.srt"]
    assert not items["a (1).srt"].sidecars
    for name, item in items.items():
        assert look_at(tmp_path / name) == replace(item, titles=None)
        (named,) = scan([tmp_path / name])
        assert (named.path, named.beside) == (item.path, item.beside)
    (by_name,) = scan([tmp_path / "talk.en.vtt", tmp_path / "talk.ru-orig.vtt"])  # without the first
    assert by_name.path.name == "talk.ru-orig.vtt"
    assert [path.name for path in by_name.sidecars] == ["talk.en.vtt"]
    (alone,) = scan([tmp_path / "talk.en.vtt"])
    assert (alone.path.name, alone.sidecars) == ("talk.en.vtt", ())
    (tmp_path / "talk.srt").unlink()
    assert [path.name for path in found(tmp_path)["talk.ru-orig.vtt"].sidecars] == ["talk.en.vtt"]


def test_what_belongs_to_a_film_is_in_no_talk(tmp_path: Path, clip: Path) -> None:
    lay(
        tmp_path,
        clip,
        "film.mp4",
        "film.de.srt",
        "film.en.srt",
        "Subs/film.fr.srt",
        "Subs/lone.fr.srt",
        "Subs/lone.de.srt",
    )
    items = found(tmp_path)
    assert list(items) == ["film.mp4", "lone.de.srt"]
    for name in ("film.en.srt", "Subs/film.fr.srt"):
        assert look_at(tmp_path / name).sidecars == ()
    assert [path.name for path in look_at(tmp_path / "Subs" / "lone.de.srt").sidecars] == ["lone.fr.srt"]


def test_documents_beside_a_film_are_no_subtitles(tmp_path: Path, clip: Path) -> None:
    lay(tmp_path, clip, "talk.mp4", "other.mp4", "other.srt")
    (tmp_path / "talk.txt").write_text("The pump is leaking. We need a new one.\n")
    (tmp_path / "other.txt").write_text("Just text.\n")
    (tmp_path / "talk.info.json").write_text('{"id": 1}')
    (tmp_path / "readme.txt").write_text("Read me at 10:30.\n")
    items = found(tmp_path)
    assert list(items) == ["other.mp4", "talk.mp4"]
    assert items["other.mp4"].beside.notes == ()
    (note,) = items["talk.mp4"].beside.notes
    assert note.startswith("talk.txt beside it was not read")
    assert ".vtt, .srt" in note


def test_subtitles_that_are_not_read_are_told_beside_their_film_and_fail_by_themselves_only(
    tmp_path: Path, clip: Path
) -> None:
    lay(tmp_path, clip, "talk.mp4")
    for name in ("talk.en.sup", "lone.sup"):
        (tmp_path / name).write_bytes(b"PG" + b"\0" * 300)
    items = found(tmp_path)
    assert list(items) == ["lone.sup", "talk.mp4"]
    assert items["talk.mp4"].beside.notes[0].startswith("talk.en.sup beside it was not read")
    error = items["lone.sup"].error
    assert error is not None
    assert "Subtitle Edit reads its pictures" in error.message


def test_each_directory_is_read_once_and_each_name_looked_at_a_bounded_number_of_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cost(pairs: int) -> tuple[int, int]:
        top = tmp_path / str(pairs)
        for folder in (top, top / "Subs", top / "deep" / "deeper"):
            folder.mkdir(parents=True)
        for number in range(pairs):
            (top / f"talk {number:04}.mp4").touch()
            (top / f"talk {number:04}.en.srt").write_text(SRT)
        steps = 0

        def counted(rest: str) -> Tags | None:
            nonlocal steps
            steps += 1
            return read_tags(rest)

        monkeypatch.setattr(beside_module, "read_tags", counted)

        class Names(tuple[str, ...]):
            passes = 0

            def __iter__(self) -> Iterator[str]:
                Names.passes += 1
                return super().__iter__()

        sidecars = Sidecars()
        listing = sidecars.listings.of(top)
        sidecars.listings._known[top] = Listing(top, Names(listing.files), listing.folders)
        for name in listing.files:
            if name.endswith(".mp4"):
                assert len(sidecars.of(top / name).taken) == 1
        assert Names.passes == 3
        return sidecars.listings.read, steps

    small, large = cost(50), cost(200)
    assert small[0] == large[0] == 2  # the folder and its Subs
    assert large[1] <= 4 * small[1] + 4


def test_folders_deeper_than_calls_may_nest_are_walked(tmp_path: Path) -> None:
    folders = [tmp_path]
    while len(folders) < 1200:
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()
    talk = folders[-1] / "talk.srt"
    talk.write_text(SRT)
    try:
        assert [item.path for item in scan([tmp_path])] == [talk]
    finally:  # what clears up after the tests nests calls
        talk.unlink()
        for folder in reversed(folders[1:]):
            folder.rmdir()


@given(st.text(alphabet=string.ascii_letters + string.digits + " ._-()[]é中", max_size=40))
def test_any_rest_of_a_name_is_tags_or_not_and_a_word_is_never_one(rest: str) -> None:
    tags = read_tags(rest)
    assert tags is None or isinstance(tags, Tags)
    assert read_tags(f"{rest}.lecture") is None


def test_a_meeting_kept_as_film_and_as_sound_has_its_captions_at_the_film(tmp_path: Path, clip: Path) -> None:
    lay(tmp_path, clip, "video1234.mp4", "audio1234.m4a", "closed_caption.srt")
    items = found(tmp_path)
    assert [s.path.name for s in items["video1234.mp4"].beside.taken] == ["closed_caption.srt"]
    assert not items["audio1234.m4a"].beside.taken


def test_tracks_of_a_conference_without_films_are_talks_of_their_own(tmp_path: Path, clip: Path) -> None:
    lay(tmp_path, clip, "Pumps track1.srt", "Pumps track2.srt", "Pumps.srt")
    assert len(found(tmp_path)) == 3


def test_a_name_that_two_films_have_but_for_signs_belongs_to_neither(tmp_path: Path, clip: Path) -> None:
    lay(tmp_path, clip, "my_talk.mp4", "my-talk.mp4", "my talk.srt")
    assert not any(item.beside.taken for item in found(tmp_path).values())
