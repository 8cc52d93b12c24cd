"""Files and folders as they should not be: each costs itself and a sentence, and the run goes on to its end."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from library_tools import MEETING
from longvid import Library
from longvid.cli import main
from longvid_indexer.directory import Listings
from longvid_indexer.leaving import is_being_written, is_unfinished, reason_of_name
from longvid_indexer.opening import open_regular
from longvid_indexer.report import IndexEvent, IndexReport, LeftOut
from longvid_indexer.scan import content_id, scan
from longvid_indexer.subtitles.regular import LARGEST_BYTES
from longvid_storage.errors import MediaError, UsageError
from media_factory import write_video

CUE = "1\n00:00:01,000 --> 00:00:02,000\nhello\n"
FAST = {"skip": ["visual", "sounds", "screen_text", "structure", "summaries", "vectors"]}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three films of different content."""
    folder = tmp_path_factory.mktemp("clips")
    frames = [np.full((32, 32, 3), shade, np.uint8) for shade in (0, 90, 200)]
    return [write_video(folder / f"{n}.mp4", [frame] * 10) for n, frame in enumerate(frames)]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library", create=True) as lib:
        yield lib


def index(
    library: Library, *paths: Path, **options: Any
) -> tuple[dict[str, IndexReport], dict[str, list[str]]]:
    """File name → report, and reason → names of what was left out."""
    events: list[IndexEvent] = []
    reports = library.index(paths, on_event=events.append, **FAST, **options)
    left = {e.reason: [Path(f).name for f in e.files] for e in events if isinstance(e, LeftOut)}
    return {Path(report.path).name: report for report in reports}, left


def titles(library: Library) -> list[str]:
    return [video.title for video in library.videos()]


@dataclass
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Done]


@pytest.fixture
def longvid(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command line, in this process and with nobody at the keyboard."""
    interrupt, show = signal.getsignal(signal.SIGINT), warnings.showwarning

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["longvid", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(int(ended.value.code or 0), *capsys.readouterr())

    yield run
    signal.signal(signal.SIGINT, interrupt)
    warnings.showwarning = show


# What is no file, or cannot be read


def test_a_film_that_says_one_picture_in_a_thousand_years_is_indexed(
    clips: list[Path], library: Library, tmp_path: Path
) -> None:
    data = clips[0].read_bytes()
    at = data.index(b"mdhd") + 16  # ticks a second, and how many there are
    path = tmp_path / "slow.mp4"
    path.write_bytes(data[:at] + b"\0\0\0\1" + b"\x7f\xff\xff\xff" + data[at + 8 :])
    (report,) = library.index(path)
    assert report.error is None, report.error


@pytest.mark.parametrize("years", [20, 41])
def test_a_film_of_decades_costs_what_its_pictures_do(
    years: int, clips: list[Path], library: Library, tmp_path: Path
) -> None:
    path = tmp_path / "decades.mkv"
    with av.open(str(clips[0])) as source, av.open(str(path), "w") as out:
        picture = source.streams.video[0]
        made = out.add_stream_from_template(picture)
        packets = [each for each in source.demux(picture) if each.size]
        late = round(years * 365.25 * 86400 / picture.time_base)
        for number, packet in enumerate(packets):
            for name in ("pts", "dts"):
                setattr(packet, name, getattr(packet, name) + late * (number > len(packets) // 2))
            packet.stream = made
            out.mux(packet)
    (report,) = library.index(path)
    if years == 41:  # more seconds than the citations of answers can say
        assert report.error is not None
        assert "seconds long: it is damaged" in report.error.message
        return
    assert report.error is None
    (video,) = library.videos()
    assert video.duration_s > 6e8
    with library._store.view() as view:
        assert len(view.segments(video.video_id, "scene")) < 100


def test_pipes_sockets_devices_and_loops_cost_themselves(
    library: Library, tmp_path: Path, clips: list[Path]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    os.mkfifo(folder / "pipe.mp4")
    os.mkfifo(folder / "talk.srt")  # beside a film: nobody waits for it
    shutil.copy(clips[0], folder / "talk.mp4")
    (folder / "zero.mkv").symlink_to("/dev/zero")
    (folder / "zero.srt").symlink_to("/dev/zero")
    (folder / "round.mp4").symlink_to(folder / "round.mp4")
    (folder / "nowhere.mp4").symlink_to(folder / "none.mp4")
    (folder / "plain").symlink_to("/dev/zero")
    (folder / "good.vtt").write_text(MEETING)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "wire.mp4"))
        reports, _ = index(library, folder)
    assert reports["talk.mp4"].status == reports["good.vtt"].status == "indexed"
    failed = {name: report.error.message for name, report in reports.items() if report.error is not None}
    assert set(failed) == {
        "pipe.mp4", "talk.srt", "zero.mkv", "zero.srt", "round.mp4", "nowhere.mp4", "wire.mp4",
    }  # fmt: skip
    assert "is a pipe" in failed["pipe.mp4"]
    assert "is a device" in failed["zero.mkv"]
    assert "is a socket" in failed["wire.mp4"]
    assert "link to nothing" in failed["nowhere.mp4"]


def test_subtitles_of_twenty_gigabytes_are_neither_read_nor_hashed(
    library: Library, tmp_path: Path, clips: list[Path]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(clips[0], folder / "talk.mp4")
    with (folder / "talk.srt").open("wb") as file:
        file.truncate(20 * 2**30)
    reports, _ = index(library, folder)
    assert reports["talk.mp4"].status == "indexed"
    assert any(f"have at most {LARGEST_BYTES}" in note for note in reports["talk.mp4"].notes)


def test_a_film_that_is_mostly_holes_is_a_download_that_is_not_done(
    library: Library, tmp_path: Path, clips: list[Path]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    hollow = Path(shutil.copy(clips[0], folder / "torrent.mp4"))
    shutil.copy(clips[1], folder / "talk.mp4")
    with hollow.open("ab") as file:
        file.truncate(3 * 2**30)
    reports, left = index(library, folder)
    assert (list(reports), left) == (["talk.mp4"], {"unfinished": ["torrent.mp4"]})
    named, _ = index(library, hollow)
    assert named["torrent.mp4"].error is not None
    assert named["torrent.mp4"].error.code == "unfinished"
    (item,) = scan([hollow], everything=True)
    assert item.error is None


def test_fifteen_hundred_nested_folders(library: Library, tmp_path: Path) -> None:
    top = tmp_path / "in"
    top.mkdir()
    here = os.getcwd()
    try:
        os.chdir(top)
        for _ in range(1500):
            os.mkdir("d")
            os.chdir("d")
        Path("deep.vtt").write_text(MEETING)
        os.chdir(top)
        (top / "good.vtt").write_text(MEETING.replace("Maya", "Ada"))
        reports, _ = index(library, top)
        assert {name: report.status for name, report in reports.items()} == {
            "good.vtt": "indexed",
            "deep.vtt": "indexed",
        }
    finally:
        os.chdir(here)
        subprocess.run(["rm", "-rf", str(top)], check=True)


def test_folders_deeper_than_paths_can_say_are_one_sentence(library: Library, tmp_path: Path) -> None:
    top = tmp_path / "in"
    top.mkdir()
    (top / "a.vtt").write_text(MEETING)
    here = os.getcwd()
    try:
        os.chdir(top)
        for _ in range(30):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        reports, _ = index(library, top)
        assert reports.pop("a.vtt").status == "indexed"
        (failed,) = reports.values()
        assert failed.error is not None
        assert "name too long" in failed.error.message
    finally:
        os.chdir(here)
        subprocess.run(["rm", "-rf", str(top)], check=True)


def test_names_that_are_no_text_or_hold_control_characters(tmp_path: Path, clips: list[Path]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate((b"caf\xe9\x1b[31m.mp4", b"two\nlines\r.mp4")):
        shutil.copy(clips[number], os.fsencode(folder) + b"/" + name)
        with open(os.fsencode(folder) + b"/" + name[:-4] + b".srt", "w") as file:
            file.write(CUE)
    os.symlink("nowhere", os.fsencode(folder) + b"/\xff\xfe.mp4")
    command = [
        sys.executable,
        "-m",
        "longvid.cli",
        "index",
        str(folder),
        "-L",
        str(tmp_path / "library"),
        "--json",
    ]
    done = subprocess.run([*command, "--only", "transcript"], capture_output=True, timeout=120)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"\x1b[31m" not in done.stderr
    assert b"2 indexed, 1 failed" in done.stderr
    assert not any(line.startswith(b"lines") for line in done.stderr.splitlines())
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [os.path.exists(os.fsencode(report["path"])) for report in reports] == [True, True, False]


def test_a_file_that_grows_while_it_is_read_is_left_for_later(
    library: Library, tmp_path: Path, clips: list[Path]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    whole = clips[0].read_bytes()
    with (folder / "recording.mp4").open("wb") as recorder:
        recorder.write(whole[:-100])
        recorder.flush()
        reports, left = index(library, folder)
        assert (reports, left) == ({}, {"growing": ["recording.mp4"]})
        named, _ = index(library, folder / "recording.mp4")
        assert named["recording.mp4"].error is not None
        assert named["recording.mp4"].error.code == "growing"
        recorder.write(whole[-100:])
    reports, left = index(library, folder)
    assert (reports["recording.mp4"].status, left) == ("indexed", {})
    assert titles(library) == ["recording"]


def test_a_lease_is_given_back_and_readers_are_no_writers(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    with open_regular(path) as one, open_regular(path) as other:
        assert not is_being_written(one)
        assert not is_being_written(other)
    path.write_bytes(b"y")  # would wait, or be told, if a lease were left
    assert len(content_id(path)) == 64


# An exception that nobody thought of


def test_a_fault_of_longvid_costs_the_file_and_names_itself(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from longvid_indexer import said

    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.vtt").write_text(MEETING)
    (folder / "b.vtt").write_text(MEETING.replace("Maya", "Ada"))
    real = said.to_utterances

    def explode(*arguments: Any) -> Any:
        if "Maya" in repr(arguments):
            raise ZeroDivisionError("at the worst moment")
        return real(*arguments)

    monkeypatch.setattr(said, "to_utterances", explode)
    monkeypatch.setenv("LONGVID_DEBUG", "1")
    reports, _ = index(library, folder)
    error = reports["a.vtt"].error
    assert error is not None
    assert error.code == "unexpected"
    assert "ZeroDivisionError (at the worst moment)" in error.message
    assert "LONGVID_DEBUG=1" in error.message
    assert reports["b.vtt"].status == "indexed"
    assert "Traceback" in capsys.readouterr().err
    monkeypatch.delenv("LONGVID_DEBUG")
    index(library, folder)
    assert "Traceback" not in capsys.readouterr().err


def _deep(opening: str, closing: str, times: int = 240) -> str:
    return '[{"start": 1, ' + opening * times + '"x"' + closing * times + "}]"


@pytest.mark.parametrize(
    "text",
    [
        _deep('"text": [{', "}]").replace('{"x"}', '{"text": "x"}'),
        _deep('"words": [{', "}]").replace('{"x"}', '{"text": "x"}'),
        '{"events": [{"tStartMs": 0, "segs": [{"utf8": "hello to all of you", "tOffsetMs": 1' + "0" * 400 + "}]}]}",
    ],
    ids=["lines in lines", "words in words", "a number that is none"],
)  # fmt: skip
def test_json_of_any_depth_and_numbers_costs_itself(library: Library, tmp_path: Path, text: str) -> None:
    """A file of 400 bytes ended the run before it began."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.json").write_text(text)
    (folder / "b.vtt").write_text(MEETING)
    reports, _ = index(library, folder)
    assert reports["b.vtt"].status == "indexed"
    assert all(report.error is None for report in reports.values())


def test_a_parser_that_fails_costs_its_file_wherever_it_is_asked(
    library: Library, tmp_path: Path, clips: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from longvid_indexer.subtitles import reading

    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(clips[0], folder / "talk.mp4")
    (folder / "talk.srt").write_text(CUE.replace("hello", "Maya is here"))
    (folder / "other.json").write_text('[{"start": 1, "text": "Maya and what she said"}]')
    (folder / "meeting.vtt").write_text(MEETING.replace("Maya", "Ada"))
    real = reading.finish

    def explode(read: Any, *arguments: Any) -> Any:
        if "Maya" in repr(read):
            raise ZeroDivisionError("at the worst moment")
        return real(read, *arguments)

    monkeypatch.setattr(reading, "finish", explode)
    reports, left = index(library, folder)
    assert reports["meeting.vtt"].status == "indexed"
    assert reports["talk.mp4"].status == "indexed"
    assert any("ZeroDivisionError (at the worst moment)" in note for note in reports["talk.mp4"].notes)
    assert left == {"other": ["other.json"]}


def test_what_the_callers_callback_raises_ends_the_run(library: Library, tmp_path: Path) -> None:
    (tmp_path / "a.vtt").write_text(MEETING)

    def stop(event: IndexEvent) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        library.index(tmp_path / "a.vtt", on_event=stop)


# What others leave in folders


def test_a_folder_while_it_is_downloaded_into_and_afterwards(
    library: Library, tmp_path: Path, clips: list[Path]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    one, two = clips[0].read_bytes(), clips[1].read_bytes()
    (folder / "lecture.mp4.part").write_bytes(one[: len(one) // 2])
    (folder / "lecture.mp4").touch()  # so Firefox keeps the name
    (folder / "Unconfirmed 4711.crdownload").write_bytes(two[: len(two) // 2])
    (folder / "talk.mp4.!qB").write_bytes(one)
    (folder / "half.mp4").write_bytes(one[: len(one) // 2])
    (folder / "half.mp4.aria2").write_bytes(b"parts")
    (folder / "clip.mp4.part-Frag12").write_bytes(one)
    (folder / "joined.temp.mp4").write_bytes(one)
    reports, left = index(library, folder)
    assert [report.error.code for report in reports.values() if report.error] == ["empty_directory"]
    assert len(left["unfinished"]) == 8
    for path in folder.iterdir():
        path.unlink()
    (folder / "lecture.mp4").write_bytes(one)
    (folder / "demo.mp4").write_bytes(two)
    reports, left = index(library, folder)
    assert (len(reports), left) == (2, {})
    assert titles(library) == ["demo", "lecture"]


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("talk.mp4.az!", None),
        ("talk.mp4.dtapart", None),
        ("talk.mp4.downloading", None),
        ("talk.mp4.baiduyun.p.downloading", None),
        ("talk.bt.xltd", None),
        ("talk.mp4.inprogress", None),
        ("INCOMPLETE~talk.mp4", None),
        ("___ARESTRA___talk.mp4", None),
        ("talk.mp4", "talk.mp4.st"),
        ("talk.mp4", "talk.mp4.lftp-pget-status"),
    ],
)
def test_other_fetchers_names_of_what_is_not_whole(
    library: Library, tmp_path: Path, clips: list[Path], name: str, beside: str | None
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    data = clips[0].read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])
    if beside is not None:
        (folder / beside).write_bytes(b"parts")
    reports, left = index(library, folder)
    assert [report.error.code for report in reports.values() if report.error] == ["empty_directory"]
    assert [Path(path).name for path in left["unfinished"]] == [name]


def test_a_stream_fetched_by_itself_is_no_video_beside_the_film_that_it_is_part_of(
    library: Library, tmp_path: Path, clips: list[Path]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(clips[0], folder / "Talk [abc].f137.mp4")
    reports, left = index(library, folder)
    assert [report.status for report in reports.values()] == ["indexed"]  # nothing else is there
    shutil.copy(clips[1], folder / "Talk [abc].mp4")
    (folder / "Talk [abc].f140.m4a").write_bytes(clips[0].read_bytes())
    reports, left = index(library, folder)
    assert [name for name, report in reports.items() if report.status == "indexed"] == ["Talk [abc].mp4"]
    assert sorted(Path(path).name for path in left["unfinished"]) == [
        "Talk [abc].f137.mp4",
        "Talk [abc].f140.m4a",
    ]


def test_what_was_taken_unfinished_is_one_video_when_it_is_whole(
    library: Library, tmp_path: Path, clips: list[Path]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(clips[0], folder / "talk.mp4.part")
    named, _ = index(library, folder / "talk.mp4.part")
    assert named["talk.mp4.part"].error is not None
    assert named["talk.mp4.part"].error.code == "unfinished"
    reports, _ = index(library, folder, everything=True)
    assert reports["talk.mp4.part"].status == "indexed"
    (folder / "talk.mp4.part").unlink()
    shutil.copy(clips[1], folder / "talk.mp4")
    reports, left = index(library, folder)
    assert any("unfinished download was removed" in note for note in reports["talk.mp4"].notes)
    assert (titles(library), left) == (["talk"], {})


def test_what_systems_leave_is_left_out_with_one_line_and_taken_with_all(
    tmp_path: Path, clips: list[Path], longvid: Command
) -> None:
    folder = tmp_path / "in"
    for place in ("@eaDir/talk.mp4", "$RECYCLE.BIN/S-1-5", ".Trash-1000/files", "#recycle", "lost+found"):
        (folder / place).mkdir(parents=True)
        shutil.copy(clips[1], folder / place / "old.mp4")
    shutil.copy(clips[0], folder / "talk.mp4")
    shutil.copy(clips[0], folder / "copy of talk.mp4")
    (folder / "._talk.mp4").write_bytes(b"\x00\x05\x16\x07" + bytes(100))
    for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (folder / name).write_bytes(b"\x00\x01")
    (folder / "notes.txt").write_text("read me")
    (folder / "radio.m3u8").write_text("#EXTM3U\nhttp://radio.example/stream\n")
    done = longvid("index", folder, "-L", tmp_path / "library", "--only", "transcript", "--json")
    assert done.returncode == 0, done.stderr
    *reports, last = map(json.loads, done.stdout.splitlines())
    assert [Path(report["path"]).name for report in reports] == ["talk.mp4", "copy of talk.mp4"]
    notes = {note["reason"]: [Path(f).name for f in note["files"]] for note in last["notes"]}
    assert set(notes) == {"system", "copy", "other", "reference"}
    assert notes["copy"][0] == "copy of talk.mp4"
    assert len(notes["system"]) == 9
    assert notes["reference"] == ["radio.m3u8"]
    lines = [line for line in done.stderr.splitlines() if line.startswith("left out ")]
    assert len(lines) == 4
    assert any("9 files" in line and "--all" in line for line in lines)
    with Library.open(tmp_path / "library") as lib:
        assert len(titles(lib)) == 1
        everything = index(lib, folder, everything=True)[0]
        assert len(titles(lib)) == 2, "the film in the bins, once"
        assert "old.mp4" in everything


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.mp4.part", "unfinished"), ("a.MP4.CRDOWNLOAD", "unfinished"), ("a.mkv.!qB", "unfinished"),
        ("a.f137.mp4.part", "unfinished"), ("a.temp.mkv", "unfinished"), ("~syncthing~a.mp4.tmp", "unfinished"),
        ("a.mp4.part-Frag1", "unfinished"), ("._a.mp4", "system"), (".DS_Store", "system"), ("@eaDir", "system"),
        ("a.mp4.xltd", "unfinished"), ("a.mp4.crswap", "unfinished"), ("~uTorrentPartFile_1A.dat", "unfinished"),
        ("a.mp4.part-Frag3.part", "unfinished"), ("@Transcode", "system"), ("Backups.backupdb", "system"),
        (".Trash-501", "system"), ("$Recycle.Bin", "system"), (".git", "hidden"), ("a.mp4", None),
        ("a.mp4~", "system"), ("a.mkv.BAK", "system"), ("a.srt.swp", "system"), ("bak.mp4", None),
        ("part.mp4", None), ("temp.mp4", None), ("The last part", None), ("download.mp4", None),
    ],
)  # fmt: skip
def test_names_tell(name: str, reason: str | None) -> None:
    assert reason_of_name(name, folder=False) == reason


@pytest.mark.parametrize(
    "copy", ["Copy of talk.mp4", "a (1).mp4", "a copy 2.mp4", "a - Kopie.mp4", "Kopie von b.mp4"]
)
def test_of_equal_files_a_copy_gives_no_name(tmp_path: Path, copy: str) -> None:
    for name in (copy, "talk.mp4", "zz copying talk.mp4"):
        (tmp_path / name).write_bytes(b"same")
    assert Listings().of(tmp_path).files == ("talk.mp4", "zz copying talk.mp4", copy)


def test_a_folder_may_be_called_part_and_safaris_is_a_download() -> None:
    assert reason_of_name("Wagner.part", folder=True) is None
    assert reason_of_name("talk.mp4.download", folder=True) == "unfinished"
    assert is_unfinished("talk.mp4.download")


# Deleted, renamed, replaced


@pytest.fixture
def shelf(library: Library, tmp_path: Path, clips: list[Path]) -> tuple[Library, Path]:
    """Two films with subtitles, indexed."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate(("VID_20240304", "exam-info")):
        shutil.copy(clips[number], folder / f"{name}.mp4")
        (folder / f"{name}.srt").write_text(CUE.replace("hello", f"hello from the {name}"))
    index(library, folder)
    return library, folder


def test_a_deleted_file_is_told_and_pruned(
    shelf: tuple[Library, Path], tmp_path: Path, longvid: Command
) -> None:
    library, folder = shelf
    for suffix in (".mp4", ".srt"):
        (folder / f"exam-info{suffix}").unlink()
    _, left = index(library, folder)
    assert left["gone"] == ["exam-info.mp4"]
    assert [video.title for video in library.videos() if video.gone] == ["exam-info"]
    place = tmp_path / "library"
    listed = longvid("ls", "-L", place).stdout
    assert [line.split()[2] for line in listed.splitlines()[1:]] == ["gone", "partial"]
    found = longvid("search", "hello exam", "-L", place).stdout
    assert "gone: no file is there any more" in found
    listed = longvid("search", "hello from", "-L", place, "--json").stdout
    moments = [json.loads(line) for line in listed.splitlines()]
    assert {each["title"]: each["gone"] for each in moments} == {"exam-info": True, "VID_20240304": False}
    said = longvid("ask", "who says hello from the exam-info?", "-L", place, "--json").stdout
    assert [cited["gone"] for claim in json.loads(said)["claims"] for cited in claim["citations"]] == [True]
    refused = longvid("index", folder, "--prune", "-L", place, "--only", "transcript")
    assert refused.returncode == 130
    assert "exam-info" in refused.stderr
    assert len(titles(library)) == 2
    done = longvid("index", folder, "--prune", "--yes", "-L", place, "--only", "transcript")
    assert done.returncode == 0, done.stderr
    assert titles(library) == ["VID_20240304"]


def test_a_transcript_whose_film_was_deleted_says_nothing_twice(
    shelf: tuple[Library, Path], tmp_path: Path, clips: list[Path], longvid: Command
) -> None:
    library, folder = shelf
    film = folder / "exam-info.mp4"
    place = tmp_path / "library"
    film.unlink()
    before = library.find("exam-info").video_id
    reports, left = index(library, folder)
    assert left == {"gone": ["exam-info.mp4"], "film_gone": ["exam-info.srt"]}
    assert list(reports) == ["VID_20240304.mp4"]
    assert [(video.title, video.gone) for video in library.videos()] == [
        ("exam-info", True),
        ("VID_20240304", False),
    ]
    # Named by itself too, and whoever cites the film says that it is not there.
    assert index(library, folder / "exam-info.srt")[1] == {"film_gone": ["exam-info.srt"]}
    for told in (
        longvid("search", "hello exam-info", "-L", place).stdout,
        longvid("ask", "who says hello from the exam-info?", "-L", place).stdout,
        longvid("show", "exam-info", "-L", place).stdout,
    ):
        assert "exam-info.mp4" in told or "exam-info @" in told
        assert "gone: no file is there any more" in told
    cut = longvid("clip", "exam-info", "0", "1", "-o", tmp_path / "c.mp4", "-L", place)
    assert cut.returncode == 1
    assert "gone or holds something else by now" in cut.stderr
    # It comes back as who it was, or is forgotten and its transcript is a video.
    shutil.copy(clips[1], film)
    assert index(library, folder)[1] == {}
    assert library.find("exam-info").video_id == before
    film.unlink()
    longvid("index", folder, "--prune", "--yes", "-L", place, "--only", "transcript")
    index(library, folder)
    assert {video.path for video in library.videos()} == {
        str(folder / "VID_20240304.mp4"),
        str(folder / "exam-info.srt"),
    }
    assert not any(video.gone for video in library.videos())


@pytest.mark.parametrize("beside", ["exam-info-en.srt", "exam-info_en (1).srt", "Subs/exam-info.srt"])
def test_a_transcript_of_any_name_is_left_with_its_film_that_is_gone_edited_too(
    library: Library, tmp_path: Path, clips: list[Path], beside: str
) -> None:
    folder = tmp_path / "in"
    (folder / "Subs").mkdir(parents=True)
    shutil.copy(clips[0], folder / "exam-info.MP4")
    transcript = folder / beside
    transcript.write_text(CUE)
    index(library, folder)
    (folder / "exam-info.MP4").unlink()
    for text in (CUE, CUE.replace("hello", "hello again")):
        transcript.write_text(text)
        assert index(library, folder)[1] == {"gone": ["exam-info.MP4"], "film_gone": [transcript.name]}
    assert titles(library) == ["exam-info"]
    # One that the film never had says something new.
    (folder / "exam-info.de.srt").write_text(CUE.replace("hello", "guten Tag"))
    assert "film_gone" not in index(library, folder / "exam-info.de.srt")[1]
    assert len(titles(library)) == 2


def test_the_transcript_of_a_film_with_another_name_is_not_left(shelf: tuple[Library, Path]) -> None:
    library, folder = shelf
    (folder / "exam-info.mp4").rename(folder / "zz autumn.mp4")
    _, left = index(library, folder)
    assert left == {}
    assert sorted(Path(video.path).name for video in library.videos()) == [
        "VID_20240304.mp4",
        "exam-info.srt",
        "zz autumn.mp4",
    ]


def test_a_disk_that_is_not_there_forgets_nothing(
    shelf: tuple[Library, Path], tmp_path: Path, longvid: Command
) -> None:
    library, folder = shelf
    folder.rename(tmp_path / "unmounted")
    folder.mkdir()
    done = longvid("index", folder, "--prune", "--yes", "-L", tmp_path / "library")
    assert "is its disk there?" in done.stderr
    assert len(titles(library)) == 2
    # Where no folder is named, or one above, that one is there and not empty.
    done = longvid("index", "--prune", "--yes", "-L", tmp_path / "library")
    assert f"{folder} is empty, so nothing is forgotten" in done.stderr
    assert len(titles(library)) == 2
    folder.rmdir()
    done = longvid("index", "--prune", "--yes", "-L", tmp_path / "library")
    assert titles(library) == []


def test_what_may_not_be_looked_at_is_not_gone(
    shelf: tuple[Library, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    library, folder = shelf
    for path in folder.iterdir():
        path.unlink()
    (folder / "other.txt").touch()
    assert len(library.gone([folder])) == 2
    refused = PermissionError(errno.EACCES, "Permission denied")

    def refuse(*_: object, **__: object) -> None:
        raise refused

    with monkeypatch.context() as within:
        within.setattr(Path, "iterdir", refuse)
        for below in (None, [folder]):
            with pytest.raises(UsageError, match=r"Permission denied.*nothing is forgotten"):
                library.gone(below)
    with monkeypatch.context() as within:
        within.setattr(Path, "stat", refuse)
        assert library.gone() == []


def test_a_renamed_file_keeps_its_knowledge_and_takes_its_name(shelf: tuple[Library, Path]) -> None:
    library, folder = shelf
    before = library.find("VID_20240304")
    for suffix in (".mp4", ".srt"):
        (folder / f"VID_20240304{suffix}").rename(folder / f"Lighthouse tour{suffix}")
    reports, left = index(library, folder)
    assert left == {}
    assert reports["Lighthouse tour.mp4"].status == "renamed"
    assert reports["Lighthouse tour.mp4"].notes[0] == "it was VID_20240304.mp4 before"
    stages = reports["Lighthouse tour.mp4"].stages
    assert {name for name, stage in stages.items() if stage.status == "done"} == {
        "transcript"
    }  # by its new name
    source = library.transcript_info("Lighthouse tour")
    assert source is not None
    assert source.source == "sidecar:Lighthouse tour.srt"
    after = library.find("Lighthouse tour")
    assert after.video_id == before.video_id
    assert after.paths == (str(folder / "Lighthouse tour.mp4"),)
    assert titles(library) == ["exam-info", "Lighthouse tour"]


def test_a_lone_transcript_becomes_its_films_when_that_comes(
    library: Library, tmp_path: Path, clips: list[Path]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "talk.srt").write_text(CUE.replace("hello", "an early draft"))
    index(library, folder)
    (folder / "talk.srt").write_text(CUE.replace("hello", "what was really said"))
    shutil.copy(clips[0], folder / "talk.mp4")
    reports, _ = index(library, folder)
    assert any("what was known of talk.srt alone was removed" in note for note in reports["talk.mp4"].notes)
    (video,) = library.videos()
    assert [utterance.text for utterance in library.show(video.video_id).utterances] == [
        "what was really said"
    ]


def replace_film(path: Path, other: Path, *, keep_time: bool = False) -> None:
    before = path.stat()
    shutil.copy(other, path)
    if keep_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_path_that_holds_another_film_is_not_cut(
    shelf: tuple[Library, Path], tmp_path: Path, clips: list[Path], longvid: Command
) -> None:
    library, folder = shelf
    answer = library.ask("who says hello from the exam-info?", extractive=True)
    replace_film(folder / "exam-info.mp4", clips[2])
    with pytest.raises(MediaError, match="gone or holds something else"):
        library.media_path("exam-info")
    done = longvid("clip", "exam-info", "0", "1", "-o", tmp_path / "c.mp4", "-L", tmp_path / "library")
    assert done.returncode == 1
    assert "gone or holds something else" in done.stderr
    assert answer.claims
    with pytest.raises(MediaError, match="gone or holds something else"):
        library.clip(answer, tmp_path / "d.mp4")
    assert not (tmp_path / "c.mp4").exists()


def test_reprocess_never_reads_another_film_as_the_known_one(
    shelf: tuple[Library, Path], clips: list[Path]
) -> None:
    library, folder = shelf
    copy = folder / "a copy.mp4"  # in alphabetical order it is read first
    shutil.copy(folder / "exam-info.mp4", copy)
    index(library, folder)
    known = library.find("exam-info").video_id
    replace_film(copy, clips[2])
    events: list[IndexEvent] = []
    reports = library.index(reprocess=True, on_event=events.append, **FAST)
    assert {report.path for report in reports if report.video_id == known} == {str(folder / "exam-info.mp4")}
    assert content_id(copy) not in {report.video_id for report in reports}


def test_only_the_time_of_a_file_changed(shelf: tuple[Library, Path]) -> None:
    library, folder = shelf
    os.utime(folder / "exam-info.mp4", (1, 1))
    assert library.media_path("exam-info") == folder / "exam-info.mp4"


def test_links_to_folders_are_entered_once(tmp_path: Path, clips: list[Path]) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    shutil.copy(clips[0], tmp_path / "a" / "b" / "talk.mp4")
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path, target_is_directory=True)
    assert [found.path.name for found in scan([tmp_path])] == ["talk.mp4"]


def test_a_name_of_nothing_makes_no_library(tmp_path: Path, longvid: Command) -> None:
    place = tmp_path / "library"
    done = longvid("index", tmp_path / "talk.mp4", tmp_path / "more.mp4", "-L", place)
    assert done.returncode == 1
    assert done.stderr == f"longvid: {tmp_path / 'talk.mp4'} does not exist: check the path\n"
    (tmp_path / "talk.srt").write_text(CUE)
    done = longvid("index", tmp_path, "-L", place, "--only", "subtitles")
    assert done.returncode == 2
    assert "no stage is called 'subtitles'" in done.stderr
    assert not place.exists()
    done = longvid("index", tmp_path / "talk.mp4", tmp_path / "talk.srt", "-L", place, "--only", "transcript")
    assert (done.returncode, titles(Library.open(place))) == (1, ["talk"])
