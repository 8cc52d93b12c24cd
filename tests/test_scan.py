"""Scanning: which files are videos, which are subtitles of one, and which are nothing."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path, PurePath

import numpy as np
import pytest

from longvid_indexer.scan import ScannedFile, content_id, scan
from longvid_indexer.subtitles.beside import Sidecars
from longvid_storage.errors import MediaError
from media_factory import write_video

CUE = "1\n00:00:01,000 --> 00:00:02,000\nhello\n"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clip") / "clip.mp4", [np.zeros((32, 32, 3), np.uint8)] * 3)


def fill(folder: Path, clip: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in (".mp4", ".mkv", ".mov", ""):
            shutil.copy(clip, path)
        else:
            path.write_text(CUE)
    return folder


def found(*paths: Path) -> dict[str, list[str]]:
    """Name → names of its sidecars, in the order found; every item must be free of errors."""
    items = list(scan(paths))
    assert [item.error for item in items] == [None] * len(items)
    return {item.path.name: [sidecar.name for sidecar in item.sidecars] for item in items}


def only(*paths: Path) -> ScannedFile:
    (item,) = scan(paths)
    return item


def test_a_folder_in_order_with_sidecars_and_lone_transcripts(tmp_path: Path, clip: Path) -> None:
    fill(
        tmp_path, clip, "b.mp4", "a.mp4", "a.srt", "a.en.vtt", "a.en-US.srt", "alone.vtt", "notes.md", "sub/c.mkv",
        "sub/c.ass", ".hidden.mp4", ".git/d.mp4",
    )  # fmt: skip
    assert found(tmp_path) == {
        "a.mp4": ["a.en-US.srt", "a.en.vtt", "a.srt"],
        "alone.vtt": [],
        "b.mp4": [],
        "c.mkv": ["c.ass"],
    }


def test_numbers_in_names_are_no_languages(tmp_path: Path, clip: Path) -> None:
    fill(tmp_path, clip, "a.1.mp4", "a.2.mp4", "a.1.srt", "a.mp4", "a.3.srt", "a.raw.srt")
    assert found(tmp_path) == {
        "a.1.mp4": ["a.1.srt"],
        "a.2.mp4": [],
        "a.3.srt": [],
        "a.mp4": [],
        "a.raw.srt": [],
    }


def test_the_longest_stem_wins_and_equal_stems_share(tmp_path: Path, clip: Path) -> None:
    fill(
        tmp_path, clip, "talk.mp4", "talk.en.mp4", "talk.mov", "talk.en.vtt", "talk.srt", "talk.de.forced.srt"
    )
    assert found(tmp_path) == {
        "talk.en.mp4": ["talk.en.vtt"],
        "talk.mov": ["talk.de.forced.srt", "talk.srt"],
        "talk.mp4": ["talk.de.forced.srt", "talk.srt"],
    }
    assert [s.path.name for s in Sidecars().of(tmp_path / "talk.en.mp4").taken] == ["talk.en.vtt"]


def test_one_name_in_two_folders_is_two_files(tmp_path: Path, clip: Path) -> None:
    fill(tmp_path, clip, "x/talk.mp4", "y/talk.mp4")
    assert [item.path.parent.name for item in scan([tmp_path])] == ["x", "y"]


def test_media_is_told_by_content(tmp_path: Path, clip: Path) -> None:
    fill(tmp_path, clip, "recording", "other.dat")
    (tmp_path / "noise.dat").write_bytes(b"\x00\x01" * 99)
    (tmp_path / "module.ts").write_text("export const a = 1;\n")
    (tmp_path / "fake.mp4").write_text("I am not a video")
    assert found(tmp_path) == {"fake.mp4": [], "recording": []}


def test_missing_empty_and_strange_paths_are_one_sentence_each(tmp_path: Path, clip: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    bare = fill(tmp_path / "bare", clip, "readme.md")
    os.mkfifo(tmp_path / "pipe.mp4")
    codes = {}
    for path in (tmp_path / "none.mp4", empty, bare, tmp_path / "pipe.mp4", clip / "below.mp4"):
        item = only(path)
        assert isinstance(item.error, MediaError)
        assert str(path) in item.error.message
        codes[path.name] = item.error.code
    assert codes == {
        "none.mp4": "missing",
        "empty": "empty_directory",
        "bare": "empty_directory",
        "pipe.mp4": "not_media",
        "below.mp4": "missing",
    }


def test_links_are_followed_once_and_loops_end(tmp_path: Path, clip: Path) -> None:
    folder = fill(tmp_path / "top", clip, "a.mp4", "sub/b.mp4")
    (folder / "sub" / "up").symlink_to(folder, target_is_directory=True)
    (folder / "gone.mp4").symlink_to(tmp_path / "nowhere.mp4")
    items = list(scan([folder]))
    assert [item.path.name for item in items] == ["a.mp4", "gone.mp4", "b.mp4"]
    assert items[1].error is not None
    assert items[1].error.code == "missing"


def test_a_file_given_twice_comes_once(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, clip, "a.mp4", "b.mp4")
    monkeypatch.chdir(tmp_path)
    items = list(scan([Path("b.mp4"), Path("."), Path("./a.mp4")]))
    assert [item.path for item in items] == [tmp_path / "b.mp4", tmp_path / "a.mp4"]


def test_what_a_shell_expands_treats_sidecars_as_sidecars(tmp_path: Path, clip: Path) -> None:
    fill(tmp_path, clip, "a.mp4", "a.srt")
    assert found(tmp_path / "a.mp4", tmp_path / "a.srt") == {"a.mp4": ["a.srt"]}
    assert found(tmp_path / "a.srt") == {"a.srt": []}


def test_looking_for_subtitles_costs_the_number_of_files(tmp_path: Path, clip: Path) -> None:
    """Counted in calls; every pair looked at with every other one would be sixteen times as many."""

    def calls(pairs: int) -> int:
        folder = tmp_path / str(pairs)
        (folder / "Subs").mkdir(parents=True)
        for number in range(pairs):
            os.link(clip, folder / f"talk {number}.mp4")
            (folder / ("Subs" if number % 2 else "") / f"talk {number}.en.srt").write_text(CUE)
        made = 0

        def note(frame: object, event: str, argument: object) -> None:
            nonlocal made
            made += event in ("call", "c_call")

        sys.setprofile(note)
        try:
            items = list(scan([folder]))
        finally:
            sys.setprofile(None)
        assert [len(item.sidecars) for item in items] == [1] * pairs
        return made

    calls(2)  # loads what is needed
    assert calls(160) < 5 * calls(40)


def test_the_signature_follows_the_content_of_the_sidecars(tmp_path: Path, clip: Path) -> None:
    fill(tmp_path, clip, "a.mp4")
    assert only(tmp_path / "a.mp4").sidecar_signature == ""
    fill(tmp_path, clip, "a.srt")
    first = only(tmp_path / "a.mp4").sidecar_signature
    os.utime(tmp_path / "a.srt", (1, 1))
    assert only(tmp_path / "a.mp4").sidecar_signature == first != ""
    (tmp_path / "a.mp4").rename(tmp_path / "b.mp4")
    (tmp_path / "a.srt").rename(tmp_path / "b.srt")
    assert only(tmp_path / "b.mp4").sidecar_signature == first
    (tmp_path / "b.srt").write_text(CUE + "\n")
    assert only(tmp_path / "b.mp4").sidecar_signature != first


def test_what_stat_says_and_who_the_content_is(clip: Path) -> None:
    item = only(clip)
    assert (item.size, item.mtime_ns) == (clip.stat().st_size, clip.stat().st_mtime_ns)
    assert content_id(clip) == hashlib.sha256(clip.read_bytes()).hexdigest()
    with pytest.raises(MediaError):
        content_id(clip.with_name("none"))


def test_accents_stored_in_two_ways_still_match(tmp_path: Path, clip: Path) -> None:
    fill(tmp_path, clip, "caf\u00e9.mp4", "cafe\u0301.srt", "UPPER.MP4", "upper.SRT")
    shutil.copy(clip, tmp_path / "UPPER.MP4")
    assert found(tmp_path) == {"UPPER.MP4": ["upper.SRT"], "caf\u00e9.mp4": ["cafe\u0301.srt"]}


def test_a_folder_of_many_transcripts_compares_each_name_a_few_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(300):
        (tmp_path / f"talk {number}.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:02.000\nHello.\n")
    compared, equal = [0], PurePath.__eq__

    def counted(one: PurePath, other: object) -> bool:
        compared[0] += 1
        return equal(one, other)

    monkeypatch.setattr(PurePath, "__eq__", counted)
    assert len(found(tmp_path)) == 300
    assert compared[0] < 10 * 300
