"""What a run says of its speed and of the time that is left is worked out from what it has seen done."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from longvid.progress import Pace
from longvid_indexer.report import FileFinished, FilesFound, IndexReport, StageFinished, StageStarted
from longvid_indexer.stages.job import STAGES
from longvid_storage.types import StageResult


class HandClock:
    """Seconds that pass when told."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def work(
    pace: Pace, clock: HandClock, path: str, duration_s: float, speed: float, until: str | None = None
) -> None:
    """Every stage takes a second of each ``speed`` seconds of video, up to the one that is begun last."""
    for stage in STAGES:
        pace(StageStarted(path, path, stage, duration_s))
        if stage == until:
            return
        seconds = duration_s / speed
        clock.now_s += seconds
        pace(StageFinished(path, path, StageResult(stage, "done", seconds=seconds)))
    pace(FileFinished(IndexReport(path, path, path, "indexed", duration_s), 1))


def test_nothing_is_promised_before_it_was_seen() -> None:
    clock = HandClock()
    pace = Pace(clock)
    pace(FilesFound(3))
    work(pace, clock, "a", 800.0, speed=80.0, until="structure")
    assert pace.left_s("a") is None
    assert pace.all_left_s() is None
    assert pace.told("a") == pace.told(None) == ""


def test_the_next_video_goes_as_fast_as_the_one_before() -> None:
    clock = HandClock()
    pace = Pace(clock)
    pace(FilesFound(3))
    work(pace, clock, "a", 800.0, speed=80.0)
    assert pace.all_left_s() == pytest.approx(2 * 80.0)
    work(pace, clock, "b", 400.0, speed=80.0, until="visual")
    # Two of eight stages of 5 s each are done.
    assert pace.left_s("b") == pytest.approx(6 * 5.0)
    assert pace.times("b") == pytest.approx(10.0)
    clock.now_s += 2.0
    assert pace.left_s("b") == pytest.approx(28.0)
    assert pace.told("b") == "10× real time, 0:28 left"
    clock.now_s += 100.0  # longer than expected: what is ahead is still ahead
    assert pace.left_s("b") == pytest.approx(25.0)


def test_stages_that_are_left_out_take_no_time() -> None:
    clock = HandClock()
    pace = Pace(clock)
    pace(FilesFound(1))
    pace(StageStarted("a", "a", "transcript", 60.0))
    pace(StageFinished("a", "a", StageResult("transcript", "done", seconds=6.0)))
    for stage in STAGES[1:]:
        pace(StageStarted("a", "a", stage, 60.0))
        pace(StageFinished("a", "a", StageResult(stage, "skipped")))
    pace(StageStarted("a", "a", "summaries", 60.0))
    assert pace.left_s("a") == 0.0


def test_a_nice_run_lets_others_go_first(tmp_path: Path) -> None:
    here = str(tmp_path)
    code = (
        "import os, sys; from longvid.cli import main\n"
        f"sys.argv = ['longvid', 'index', '--nice', {here!r}, '--only', 'no_stage', '-L', {here!r} + '/lib']\n"
        "try: main()\n"
        "finally: print(os.nice(0))"
    )
    before = os.nice(0)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "no stage is called 'no_stage'" in ran.stderr
    assert int(ran.stdout) == min(19, before + 10)


def test_bars_fit_a_terminal_of_eighty_columns() -> None:
    from rich.console import Console

    from longvid import progress

    clock = HandClock()
    bars = progress.Bars()
    drawn = bars._drawn
    out = io.StringIO()
    drawn.live.console = Console(file=out, width=80, force_terminal=True)
    bars._pace.clock = clock
    bars._pace(FilesFound(2))
    work(bars._pace, clock, "a", 800.0, speed=80.0)
    drawn.disable = True
    for stage in STAGES[:2]:
        bars(StageStarted("b", "A title that is much longer than any line of a terminal", stage, 800.0))
    table = drawn.make_tasks_table(drawn.tasks)
    drawn.live.console.print(table)
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.getvalue()).splitlines()
    assert len(lines) == 2
    assert all(len(line.rstrip()) <= 80 for line in lines)
    assert re.search(r"\d+× real time, \d+:\d\d left$", lines[1].rstrip())
    assert "left" in lines[0]
