"""Indexing as a whole: identity, what is redone and what is not, and what survives a killed process."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

import media_factory as mf
from library_tools import MEETING, dump, make_media
from longvid import Library, UsageError
from longvid_indexer.report import IndexReport
from longvid_indexer.stages.job import STAGES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    make_media(folder)
    return folder


@pytest.fixture(scope="module")
def indexed(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the media, never disturbed."""
    library = tmp_path_factory.mktemp("undisturbed") / "library"
    with Library.open(library, create=True) as lib:
        reports = lib.index(media)
    assert [report.status for report in reports] == ["indexed"] * 3, reports
    return library


def statuses(reports: list[IndexReport]) -> list[str]:
    return [report.status for report in reports]


def test_every_stage_of_every_kind_of_file(indexed: Path) -> None:
    with Library.open(indexed) as lib:
        slides, subtitled, meeting = lib.show("a slides"), lib.show("b subtitled"), lib.show("c meeting")
        assert len(slides.slides) == 3
        assert [round(slide.start_s) for slide in slides.slides] == [0, 4, 8]
        assert all(slide.start_s <= slide.keyframe_s < slide.end_s for slide in slides.slides)
        assert slides.transcript_source == "none"
        assert subtitled.transcript_source is not None
        assert subtitled.transcript_source.startswith("track:")
        assert subtitled.utterances[0].text == "Osmosis moves water through a membrane."
        assert {u.speaker for u in meeting.utterances} == {"Maya", "Jonas"}
        for video in (slides, subtitled, meeting):
            for level in (
                [e.segment for e in video.events],
                [s.segment for e in video.events for s in e.scenes],
            ):
                assert level[0].start_s == 0
                assert level[-1].end_s == video.duration_s
                assert all(a.end_s == b.start_s for a, b in pairwise(level))
        visual = {r.stage: r for r in lib.stage_results("a slides")}["visual"]
        assert visual.counters["decodes"] == 1
        assert visual.counters["frames_decoded"] == 60
        words = " ".join(line.text for line in slides.screen_text).lower()
        shown = [word for page in mf.sample_slides(3, "white") for word in page.title.lower().split()]
        assert sum(word in words for word in shown) / len(shown) > 0.8


def test_second_run_changes_nothing(media: Path, indexed: Path, tmp_path: Path) -> None:
    library = Path(shutil.copytree(indexed, tmp_path / "library"))
    before = dump(library)
    with Library.open(library) as lib:
        reports = lib.index(media)
    assert statuses(reports) == ["unchanged"] * 3
    assert all(result.status == "unchanged" for report in reports for result in report.stages.values())
    assert dump(library) == before


def test_moved_copied_and_replaced_files(tmp_path: Path) -> None:
    folder, library = tmp_path / "in", tmp_path / "library"
    (folder / "one").mkdir(parents=True)
    (folder / "two").mkdir()
    first = folder / "one" / "talk.vtt"
    first.write_text(MEETING)
    (folder / "two" / "talk.vtt").write_text(MEETING.replace("Friday", "Monday"))
    with Library.open(library, create=True) as lib:
        assert statuses(lib.index(folder)) == ["indexed", "indexed"]
        assert len(lib.videos()) == 2, "two files of one name are different videos"
        by_path = {video.path: video.video_id for video in lib.videos()}

        moved = folder / "renamed.vtt"
        first.rename(moved)
        assert statuses(lib.index(moved)) == ["renamed"]
        (video,) = [video for video in lib.videos() if video.video_id == by_path[str(first)]]
        assert video.paths == (str(moved),)

        copy = folder / "one" / "copy.vtt"
        shutil.copy(moved, copy)
        assert statuses(lib.index(copy)) == ["unchanged"]
        assert len(lib.videos()) == 2
        assert len(lib.find(video.video_id).paths) == 2

        copy.write_text(MEETING.replace("Friday", "Sunday"))
        assert sorted(statuses(lib.index(folder))) == ["indexed", "unchanged", "unchanged"]
        assert len(lib.videos()) == 3
        copy.write_text(MEETING.replace("Friday", "Saturday"))
        (report,) = lib.index(copy)
        assert report.status == "indexed"
        assert len(lib.videos()) == 3, "content that lies nowhere any more is forgotten"
        assert not any("Sunday" in e.text for m in lib.search("Sunday plan") for e in m.evidence)


def test_a_copy_without_subtitles_does_not_take_them_away(tmp_path: Path) -> None:
    with_subtitles, without = tmp_path / "a" / "talk.mp4", tmp_path / "b" / "talk.mp4"
    with_subtitles.parent.mkdir()
    without.parent.mkdir()
    mf.lecture(mf.sample_slides(1, "white"), seconds=3.0, rate=5, size=(320, 180)).write(without)
    shutil.copy(without, with_subtitles)
    (tmp_path / "a" / "talk.srt").write_text("1\n00:00:00,500 --> 00:00:02,000\nEnzymes are catalysts.\n")
    with Library.open(tmp_path / "library", create=True) as lib:
        for _ in range(2):
            lib.index([without, with_subtitles])
            (video,) = lib.videos()
            assert [u.text for u in lib.show(video.video_id).utterances] == ["Enzymes are catalysts."]
        assert statuses(lib.index([without, with_subtitles])) == ["unchanged", "unchanged"]


def test_new_subtitles_redo_the_transcript_but_not_the_decode(tmp_path: Path) -> None:
    talk = tmp_path / "talk.mp4"
    mf.lecture(mf.sample_slides(1, "white"), seconds=3.0, rate=5, size=(320, 180)).write(talk)
    with Library.open(tmp_path / "library", create=True) as lib:
        lib.index(talk)
        (tmp_path / "talk.srt").write_text("1\n00:00:00,500 --> 00:00:02,000\nEnzymes are catalysts.\n")
        (report,) = lib.index(talk)
        assert report.status == "indexed"
        assert report.stages["transcript"].status == "done"
        assert report.stages["visual"].status == "unchanged"
        assert report.stages["screen_text"].status == "unchanged"
        assert lib.search("enzymes catalysts")[0].evidence[0].text == "Enzymes are catalysts."


def test_only_and_skip_choose_stages(media: Path, tmp_path: Path) -> None:
    with Library.open(tmp_path / "library", create=True) as lib:
        (report,) = lib.index(media / "c meeting.vtt", only=["transcript"])
        assert {stage: r.status for stage, r in report.stages.items()} == {
            stage: "done" if stage == "transcript" else "skipped" for stage in STAGES
        }
        assert lib.search("migration plan"), "a video is searchable as soon as its transcript is committed"
        (report,) = lib.index(media / "c meeting.vtt", skip=["vectors"])
        assert report.stages["transcript"].status == "unchanged"
        assert report.stages["vectors"].status == "skipped"
        with pytest.raises(UsageError, match="leave no stage"):
            lib.index(media, only=["visual"], skip=["visual"])


def test_structure_made_without_vectors_is_made_again_with_them(media: Path, tmp_path: Path) -> None:
    talk = media / "c meeting.vtt"
    with Library.open(tmp_path / "library", create=True) as lib:
        (report,) = lib.index(talk, skip=["vectors"])
        assert report.stages["structure"].status == "done"
        (report,) = lib.index(talk)
        assert (report.stages["vectors"].status, report.stages["structure"].status) == ("done", "done")
        (report,) = lib.index(talk)
        assert {result.status for result in report.stages.values()} == {"unchanged"}
        (report,) = lib.index(talk, skip=["vectors"])  # they are there
        assert report.stages["structure"].status == "unchanged"


def test_a_broken_file_costs_only_itself(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.vtt").write_text(MEETING)
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("no video")
    with Library.open(tmp_path / "library", create=True) as lib:
        reports = {Path(r.path).name: r for r in lib.index([folder, tmp_path / "missing.mp4"])}
        assert reports["good.vtt"].status == "indexed"
        codes = {name: r.error.code for name, r in reports.items() if r.error is not None}
        assert codes == {"empty.mp4": "empty_file", "text.mp4": "not_media", "missing.mp4": "missing"}
        assert [video.title for video in lib.videos()] == ["good"]


def test_removing_a_video_leaves_nothing_behind(indexed: Path, tmp_path: Path) -> None:
    library = Path(shutil.copytree(indexed, tmp_path / "library"))
    with Library.open(library) as lib:
        for video in lib.videos():
            lib.remove(video.video_id)
    kept = {"alembic_version", "library"}
    for name, rows in dump(library).items():
        if name not in kept and not name.startswith("words_"):  # FTS5 keeps its own bookkeeping
            assert rows == [], name
    assert b"Osmosis" not in (library / "library.db").read_bytes()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_random_points_ends_with_the_same_library(
    seed: int, media: Path, indexed: Path, tmp_path: Path
) -> None:
    """Twelve kills in all (four a run), anywhere between start-up and the last commit."""
    library = tmp_path / "library"
    command = [sys.executable, "-m", "longvid.cli", "index", str(media), "--library", str(library)]
    dice = random.Random(seed)
    started = time.monotonic()
    with Library.open(tmp_path / "timing", create=True) as lib:
        lib.index(media)
    whole_s = time.monotonic() - started + 1.0
    undisturbed, kills = dump(indexed), 0

    def check() -> None:
        killed = dump(library)
        assert killed.keys() == undisturbed.keys()
        for table, rows in undisturbed.items():
            assert killed[table] == rows, table

    for _ in range(40):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert process.wait(timeout=dice.uniform(0.3, whole_s)) == 0
            check()
            shutil.rmtree(
                library
            )  # it was through before the kill: begin again, so that every kill hits work
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
        if kills == 4:
            break
    assert kills == 4
    assert subprocess.run(command, capture_output=True, timeout=300).returncode == 0
    check()


def test_interrupting_keeps_what_is_done_and_exits_130(media: Path, indexed: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    command = [sys.executable, "-m", "longvid.cli", "index", str(media), "--library", str(library), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()  # the first file is done
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    with Library.open(library) as lib:
        assert lib.find("a slides")
        assert statuses(lib.index(media)).count("failed") == 0
    assert dump(library) == dump(indexed)


def test_two_index_processes_at_once(media: Path, indexed: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    command = [sys.executable, "-m", "longvid.cli", "index", str(media), "--library", str(library)]
    both = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=300)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("3 unchanged" in text for text in said) == 1, said
    assert dump(library) == dump(indexed)
