"""Every kind of bad input through the real command: one sentence, the right exit status, the rest still indexed."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import media_factory as mf
from library_tools import MEETING
from longvid import Library

SIZE = (640, 360)
CUES = "1\n00:00:01,000 --> 00:00:02,500\nEnzymes are catalysts.\n"
OVERLAPPING = (
    "WEBVTT\n\n00:00:01.000 --> 00:00:05.000\n<v Ada>Enzymes are catalysts.\n\n"
    "00:00:03.000 --> 00:00:04.000\n<v Ben>Are they proteins?\n\n00:00:03.000 --> 00:00:09.000\n<v Ada>Most are.\n"
)
MALFORMED = (
    "00:00:01,000 --> 00:00:02,000\nFirst of three.\n\n2\n00:00:xx,000 --> 00:00:04,000\nLost in time.\n\n"
    "3\n00:00:09,000 --> 00:00:05,000\nEnds before it begins.\n\n4\n00:00:12,000 --> 00:00:13,000\n\n\n"
    "5\n00:00:20,000 -> 00:00:21,000\nLast of three.\n"
)
# Loosens no file permission for root: what a mode forbids is then forbidden to root as well.
AS_ORDINARY_USER = """
import ctypes, os, sys
if os.geteuid() == 0:
    libc = ctypes.CDLL(None, use_errno=True)
    PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
    if libc.prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot drop CAP_DAC_OVERRIDE")
os.execv(sys.executable, [sys.executable, "-m", "longvid.cli", *sys.argv[1:]])
"""
WITH_SMALL_DISK = f"""
import os, resource, sys
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # a compiled module cut short breaks whoever imports it next
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), {resource.RLIM_INFINITY}))
os.execv(sys.executable, [sys.executable, "-m", "longvid.cli", *sys.argv[2:]])
"""


def longvid(*arguments: object, through: str = "", limit: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command; whatever happens, its user never sees a traceback."""
    head = ["-c", through, *([limit] if limit else [])] if through else ["-m", "longvid.cli"]
    command = [sys.executable, *head, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def one_sentence(done: subprocess.CompletedProcess[str], status: int = 1) -> str:
    """What a command that could do nothing said: one line, on stderr."""
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("longvid: ")
    return line


# One folder of everything that may be wrong with a file, indexed by one command


def make_bad_media(folder: Path) -> None:
    pages = mf.sample_slides(2, "white")
    (folder / "empty folder").mkdir(parents=True)
    files = folder / "files"
    files.mkdir()
    (files / "good.vtt").write_text(MEETING)
    mf.zero_bytes(files / "zero.mp4")
    mf.fake_mp4(files / "text.mp4")
    mf.truncated(files / "truncated.mp4")
    mf.truncated(files / "headless.mp4", header_first=False)
    mf.no_video(files / "tone.m4a", seconds=2)
    mf.lecture(pages[:1], seconds=2, size=SIZE).write(files / "silent.mp4")
    hum = np.random.default_rng(3).normal(0, 0.02, 2 * 16_000).astype(np.float32)
    mf.lecture(pages[:1], seconds=2, size=SIZE).write(files / "wordless.mkv", audio=hum)
    mf.variable_rate(files / "uneven.mp4")
    mf.lecture(pages, seconds=4, size=SIZE).write(
        files / "late.mkv", start_offset_s=100.0, subtitles=[(5.0, 7.0, "Halve the range.")]
    )
    mf.lecture(pages, seconds=4, size=SIZE).write(files / "late beside.ts", start_offset_s=50.0)
    (files / "late beside.srt").write_text(CUES)
    for degrees in (90, 180, 270):
        turned = mf.lecture([mf.sample_slides(3)[degrees // 90 - 1]], seconds=2, size=SIZE)
        turned.write(files / f"turned {degrees}.mp4", rotation=degrees)
    (files / "overlapping.vtt").write_text(OVERLAPPING)
    (files / "malformed.srt").write_text(MALFORMED)
    (files / "latin.srt").write_bytes(CUES.replace("Enzymes", "Où l'été, Zoë: enzymes").encode("cp1252"))
    (files / "wide.srt").write_bytes(CUES.replace("Enzymes", "Ферменты enzymes").encode("utf-16"))
    (files / "cueless.vtt").write_text("WEBVTT\n\nNOTE nothing is said here\n")


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    make_bad_media(folder)
    return folder


@pytest.fixture(scope="module")
def indexed(media: Path) -> dict[str, dict[str, Any]]:
    """File name → what ``index --json`` said of it; the library is at ``media / "library"``."""
    given = (media / "files", media / "missing.mp4", media / "empty folder")
    done = longvid("index", *given, "--library", media / "library", "--json")
    assert done.returncode == 1, done.stderr
    return {Path(report["path"]).name: report for report in map(json.loads, done.stdout.splitlines())}


@pytest.fixture(scope="module")
def library(media: Path, indexed: dict[str, dict[str, Any]]) -> Iterator[Library]:
    with Library.open(media / "library") as opened:
        yield opened


def notes(report: dict[str, Any]) -> str:
    assert report["status"] == "indexed", report
    assert report["error"] is None
    return " | ".join(report["notes"])


BAD = {
    "missing.mp4": ("missing", "does not exist: check the path"),
    "empty folder": ("empty_directory", "holds nothing to index"),
    "zero.mp4": ("empty_file", "is empty (0 bytes): copy or download it again"),
    "text.mp4": ("not_media", "is a text file, not media"),
    "headless.mp4": ("not_media", "damaged, cut off before its index"),
    "cueless.vtt": ("no_cues", "without a single readable cue"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_fails_with_its_own_sentence(
    name: str, media: Path, indexed: dict[str, dict[str, Any]]
) -> None:
    code, words = BAD[name]
    report = indexed[name]
    assert (report["status"], report["video_id"], report["duration_s"]) == ("failed", None, None)
    assert report["error"]["code"] == code
    assert words in report["error"]["message"]
    assert name in report["error"]["message"]
    assert "\n" not in report["error"]["message"]


@pytest.mark.slow
def test_every_other_file_is_indexed(
    media: Path, indexed: dict[str, dict[str, Any]], library: Library
) -> None:
    here = {path.name for path in (media / "files").iterdir()} - {"late beside.srt"}
    assert set(indexed) == here | {"missing.mp4", "empty folder"}
    assert {name for name, report in indexed.items() if report["status"] == "failed"} == set(BAD)
    assert {Path(video.path).name for video in library.videos()} == set(indexed) - set(BAD)


@pytest.mark.slow
def test_a_truncated_file_is_indexed_as_far_as_it_decodes(
    indexed: dict[str, dict[str, Any]], library: Library
) -> None:
    report = indexed["truncated.mp4"]
    assert "of 24.0 s" in notes(report)
    until_s = float(notes(report).split("only until ")[1].split(" s")[0])
    assert 8 < until_s < 20
    assert [video.title for video in library.videos() if video.cut_short] == ["truncated"]
    slides = library.show(report["video_id"]).slides
    assert len(slides) == 1 + sum(boundary < until_s for boundary in (6, 12, 18))
    assert slides[-1].end_s == pytest.approx(until_s, abs=0.3)


@pytest.mark.slow
def test_no_pictures(indexed: dict[str, dict[str, Any]], library: Library) -> None:
    report = indexed["tone.m4a"]
    assert "no pictures" in notes(report)
    assert report["duration_s"] == pytest.approx(2.0, abs=0.1)
    assert library.show(report["video_id"]).slides == ()


@pytest.mark.slow
def test_no_sound(indexed: dict[str, dict[str, Any]], library: Library) -> None:
    report = indexed["silent.mp4"]
    assert "no audio stream and no subtitles" in notes(report)
    assert "Gradient descent" in " ".join(t.text for t in library.show(report["video_id"]).screen_text)


@pytest.mark.slow
def test_sound_without_speech(indexed: dict[str, dict[str, Any]], library: Library) -> None:
    report = indexed["wordless.mkv"]
    assert "no voice in it" in notes(report) or "no speech was recognised" in notes(report)
    assert library.show(report["video_id"]).utterances == ()


@pytest.mark.slow
def test_a_variable_frame_rate(indexed: dict[str, dict[str, Any]], library: Library) -> None:
    """Frames up to 1.5 s apart: the slides change with the first picture of the new one."""
    assert notes(indexed["uneven.mp4"])
    slides = library.show(indexed["uneven.mp4"]["video_id"]).slides
    assert [slide.start_s for slide in slides] == pytest.approx([0.0, 4.0, 8.0], abs=0.01)


@pytest.mark.slow
def test_a_first_timestamp_that_is_not_zero(indexed: dict[str, dict[str, Any]], library: Library) -> None:
    """Pictures, subtitles inside and beside: all where a player shows them, which starts at 0."""
    inside, beside = (library.show(indexed[name]["video_id"]) for name in ("late.mkv", "late beside.ts"))
    for video in (inside, beside):
        assert video.duration_s == pytest.approx(8.0, abs=0.25)
        assert [slide.start_s for slide in video.slides] == pytest.approx([0.0, 4.0], abs=0.05)
        assert {text.start_s for text in video.screen_text} == {slide.start_s for slide in video.slides}
        assert video.events[-1].segment.end_s == video.duration_s
    (said,) = inside.utterances
    assert said.text == "Halve the range."
    assert (said.start_s, said.end_s) == pytest.approx((5.0, 7.0), abs=0.01)
    assert [(u.start_s, u.end_s) for u in beside.utterances] == [(1.0, 2.5)]


@pytest.mark.slow
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_rotated_video_is_read_upright(
    degrees: int, indexed: dict[str, dict[str, Any]], library: Library
) -> None:
    """The stored picture lies on its side; the title is still a wide line at the top left."""
    page = mf.sample_slides(3)[degrees // 90 - 1]
    video = library.show(indexed[f"turned {degrees}.mp4"]["video_id"])
    assert video.slides[0].title == page.title
    lines = {line.text: line.box for line in video.screen_text}
    x0, y0, x1, y1 = lines[page.title]
    assert (x1 - x0) * SIZE[0] > 2 * (y1 - y0) * SIZE[1]
    assert x0 < 0.2
    assert y1 < 0.4
    for bullet in page.bullets:
        assert lines[bullet][1] > y0, "what is written below it is below it"


@pytest.mark.slow
def test_overlapping_cues_keep_their_times(indexed: dict[str, dict[str, Any]], library: Library) -> None:
    notes(indexed["overlapping.vtt"])
    spoken = library.show("overlapping").utterances
    assert [(u.start_s, u.end_s, u.speaker) for u in spoken] == [
        (1.0, 5.0, "Ada"),
        (3.0, 4.0, "Ben"),
        (3.0, 9.0, "Ada"),
    ]


@pytest.mark.slow
def test_empty_and_malformed_cues_cost_only_themselves(
    indexed: dict[str, dict[str, Any]], library: Library
) -> None:
    told = notes(indexed["malformed.srt"])
    assert "1 cue without readable times was left out" in told
    assert "1 cue that ended before it began" in told
    assert "1 empty cue was left out" in told
    spoken = {u.text: u for u in library.show("malformed").utterances}
    assert list(spoken) == ["First of three.", "Ends before it begins.", "Last of three."]
    assert spoken["Ends before it begins."].start_s == 9.0
    assert (spoken["Last of three."].start_s, spoken["Last of three."].end_s) == (20.0, 21.0)


@pytest.mark.slow
def test_subtitles_in_other_encodings(indexed: dict[str, dict[str, Any]], library: Library) -> None:
    assert "not UTF-8: it was read as cp1252" in notes(indexed["latin.srt"])
    assert "not UTF-8: it was read as UTF-16" in notes(indexed["wide.srt"])
    assert "Où l'été, Zoë: enzymes are catalysts." in [u.text for u in library.show("latin").utterances]
    assert [u.text for u in library.show("wide").utterances] == ["Ферменты enzymes are catalysts."]


# The library


@pytest.fixture(scope="module")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a meeting, and at ``library`` the library of it."""
    folder = tmp_path_factory.mktemp("meeting")
    (folder / "standup.vtt").write_text(MEETING)
    with Library.open(folder / "library", create=True) as lib:
        lib.index(folder / "standup.vtt")
    return folder


def test_a_library_of_a_newer_schema_is_refused_untouched(meeting: Path, tmp_path: Path) -> None:
    library = Path(shutil.copytree(meeting / "library", tmp_path / "library"))
    connection = sqlite3.connect(library / "library.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = (library / "library.db").read_bytes()
    for command in (("ls",), ("index", meeting / "standup.vtt")):
        said = one_sentence(longvid(*command, "--library", library))
        assert "newer" in said
        assert "longvid" in said
    assert (library / "library.db").read_bytes() == before


@pytest.mark.parametrize("kind", ["a file", "a folder of other things", "another database", "garbage"])
def test_a_path_that_is_not_a_library_is_refused_untouched(kind: str, meeting: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    if kind == "a file":
        place.write_text("holiday")
    else:
        place.mkdir()
    if kind == "a folder of other things":
        (place / "holiday.txt").write_text("sun")
    elif kind == "garbage":
        (place / "library.db").write_bytes(b"garbage" * 1000)
    elif kind == "another database":
        connection = sqlite3.connect(place / "library.db")
        connection.execute("CREATE TABLE recipes (name TEXT)")
        connection.close()
    before = {path: path.read_bytes() for path in [place, *place.rglob("*")] if path.is_file()}
    said = one_sentence(longvid("index", meeting / "standup.vtt", "--library", place))
    assert str(place) in said
    assert {path: path.read_bytes() for path in [place, *place.rglob("*")] if path.is_file()} == before


@pytest.mark.slow
def test_a_library_that_may_only_be_read(meeting: Path, tmp_path: Path) -> None:
    library = Path(shutil.copytree(meeting / "library", tmp_path / "library"))
    everything = [library, *library.rglob("*")]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in everything}
    try:
        for path in everything:
            path.chmod(modes[path] & 0o555)
        with_it = {"through": AS_ORDINARY_USER}
        listed = longvid("ls", "--library", library, "--json", **with_it)
        assert (listed.returncode, json.loads(listed.stdout)["title"]) == (0, "standup"), listed.stderr
        found = longvid("search", "migration plan", "-k", "1", "--library", library, "--json", **with_it)
        assert (found.returncode, json.loads(found.stdout)["title"]) == (0, "standup"), found.stderr
        asked = longvid("ask", "Who sends the migration plan?", "--library", library, "--json", **with_it)
        assert (asked.returncode, json.loads(asked.stdout)["found"]) == (0, True), asked.stderr
        refused = one_sentence(longvid("index", meeting / "standup.vtt", "--library", library, **with_it))
        assert f"the library at {library} may not be written" in refused
        refused = one_sentence(longvid("rm", "standup", "--yes", "--library", library, **with_it))
        assert f"the library at {library} may not be written" in refused
    finally:
        for path, mode in modes.items():
            if path.exists():
                path.chmod(mode)


@pytest.mark.slow
def test_two_index_processes_at_once(meeting: Path, tmp_path: Path) -> None:
    """Both are started together; one waits for the other, and each file is in the library once."""
    commands: list[list[str | Path]] = []
    for name in ("one", "two"):
        (tmp_path / f"{name}.vtt").write_text(MEETING.replace("Maya", name))
        paths = [tmp_path / f"{name}.vtt", meeting / "standup.vtt"]
        commands.append([sys.executable, "-m", "longvid.cli", "index", *paths, "-L", tmp_path / "library"])
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for command in commands
    ]
    for process in both:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors
    with Library.open(tmp_path / "library") as lib:
        assert [video.title for video in lib.videos()] == ["one", "standup", "two"]
        assert all(set(video.stages.values()) == {"done"} for video in lib.videos())


@pytest.mark.slow
def test_a_full_disk(meeting: Path, tmp_path: Path) -> None:
    """No file may grow beyond the size of the library: the long transcript fails it, what was there stays."""
    library = Path(shutil.copytree(meeting / "library", tmp_path / "library"))
    cue = (
        "00:{:02}:{:02}.000 --> 00:{:02}:{:02}.900\nSentence {} of a long talk about enzymes and proteins.\n"
    )
    cues = [cue.format(*divmod(second, 60), *divmod(second, 60), second) for second in range(3000)]
    (tmp_path / "long.vtt").write_text("WEBVTT\n\n" + "\n".join(cues))
    limit = (library / "library.db").stat().st_size
    command = ("index", tmp_path / "long.vtt", "--library", library, "--skip", "structure,vectors")
    said = one_sentence(longvid(*command, through=WITH_SMALL_DISK, limit=str(limit)))
    assert "full" in said
    assert "free some space" in said
    with Library.open(library) as lib:
        assert lib.search("migration plan")[0].title == "standup"
    done = longvid(*command)
    assert done.returncode == 0, done.stderr
    with Library.open(library) as lib:
        assert len(lib.show("long").utterances) == 3000


def test_an_output_that_cannot_be_written(meeting: Path) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "longvid.cli", "ls", "--library", str(meeting / "library")]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == "longvid: the output cannot be written: No space left on device\n"


def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    """Names of files are bytes; whatever the encoding of the terminal, JSON gives the very same name back."""
    name = os.fsencode(tmp_path) + b"/caf\xe9.vtt"
    with open(name, "w") as file:
        file.write(MEETING)
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    command: list[str | bytes] = [sys.executable, "-m", "longvid.cli", "index", name, "--json"]
    command += ["--library", str(tmp_path / "library"), "--only", "transcript"]
    done = subprocess.run(command, capture_output=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    assert os.fsencode(json.loads(done.stdout)["path"]) == name


# The question


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ask", ""), "the question is empty"),
        (("search", " \n"), "the query is empty"),
        (("ask", "who " * 3000), "the question has 12,000 letters: at most 10,000"),
        (("search", "who " * 3000), "has 12,000 letters: at most 10,000"),
        (("search", "enzymes", "-k", "0"), "k is 0"),
        (("search", "enzymes", "-k", "-3"), "k is -3"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], words: str, meeting: Path, tmp_path: Path) -> None:
    """Whether or not there is a library."""
    for library in (meeting / "library", tmp_path / "none"):
        assert words in one_sentence(longvid(*arguments, "--library", library), status=2)


@pytest.mark.slow
def test_a_question_of_a_thousand_words(meeting: Path) -> None:
    words = [f"word{number}" for number in range(997)]
    question = " ".join(["Who", *words, "migration", "plan?"])
    done = longvid("ask", question, "--library", meeting / "library", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["question"] == question
    found = longvid("search", question, "--library", meeting / "library", "--json")
    assert found.returncode == 0, found.stderr
    assert {json.loads(line)["title"] for line in found.stdout.splitlines()} <= {"standup"}


def test_a_question_of_bytes_that_are_no_text(meeting: Path) -> None:
    """Shells pass any bytes on; SQLite, JSON and terminals take only Unicode."""
    with Library.open(meeting / "library") as lib:
        assert lib.ask(os.fsdecode(b"migration \xff plan")).claims is not None
    command: list[str | bytes] = [sys.executable, "-m", "longvid.cli", "ask", b"migration \xff\x01 plan"]
    command += ["--json", "--library", str(meeting / "library")]
    done = subprocess.run(command, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.decode())["question"]
