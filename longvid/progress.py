"""Progress of ``longvid index`` on stderr; with ``--json`` one report a line on stdout, as each file ends.

On a terminal: a bar for the whole run, and one for each video at work with its stage, × real time and the time left.
Else a line now and then.
"""

from __future__ import annotations

import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Any, get_args

from longvid import output, printing
from longvid_indexer.report import (
    FileFinished,
    FileGone,
    FilesFound,
    FileStatus,
    IndexEvent,
    IndexReport,
    LeftOut,
    RunsAgain,
    StageFinished,
    StageReached,
    StageStarted,
    Told,
    Waiting,
)
from longvid_indexer.stages.job import STAGES
from longvid_storage.text.shown import cut, shown
from longvid_storage.text.timecode import format_time

_SILENT_S = 30.0
"""Where there are no bars, so long nothing is told before a line says what is at work."""
_SCREEN = 20
"""So many files are told on one screen."""


class Progress:
    """Prints a line for every finished file, and what is being done right now; a context, for the bars' sake.

    Args:
        json: print reports as JSON on stdout too.
        quiet: tell of failures only.
        clock: gives seconds that only grow.
    """

    def __init__(
        self, *, json: bool, quiet: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.json = json
        self.quiet = quiet
        self._bars = Bars() if sys.stderr.isatty() and not quiet else None
        self._clock = clock
        self._told_s = clock()
        self._interrupted = False
        self._told: set[str] = set()
        self._left_out: list[LeftOut] = []

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def watch_for_interrupt(self) -> None:
        """Ctrl-C stops at once; where a library swallows the exception, it stops at the next event."""
        signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._interrupted = True
        raise KeyboardInterrupt

    def __call__(self, event: IndexEvent) -> None:
        if self._interrupted:
            raise KeyboardInterrupt
        if self._bars is not None:
            self._bars(event)
        elif isinstance(event, StageStarted) and self._clock() - self._told_s >= _SILENT_S:
            self._say(f"at work    {event.title}: {event.stage.replace('_', ' ')}")
        if isinstance(event, Waiting | Told):
            self._say(event.message)
        elif isinstance(event, RunsAgain):
            self._once(f"again      {event.message}")
        elif isinstance(event, FileGone):
            self._once(f"gone       {event.title} stays as it is: there is no {event.path} any more")
        elif isinstance(event, LeftOut):
            self._left_out.append(event)
        elif isinstance(event, FileFinished):
            self._finished(event.report)

    def _finished(self, report: IndexReport) -> None:
        self._say(printing.report_line(report), failed=report.status == "failed")
        for note in report.notes:
            self._say(f"           note: {note}")
        if self.json:
            output.record(report)

    def _once(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            self._say(line)

    def _say(self, line: str, *, failed: bool = False) -> None:
        self._told_s = self._clock()
        if failed or not self.quiet:
            output.note(shown(line))

    def close(self, reports: Sequence[IndexReport]) -> None:
        """The closing lines: how many files ended how, which failed where they were many, then what was left out; with
        JSON a last object holds that."""
        if self._bars is not None:
            self._bars.stop()
        counts = {status: sum(r.status == status for r in reports) for status in get_args(FileStatus)}
        told = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
        self._say(f"{len(reports)} file{'s' * (len(reports) != 1)}: {told or 'nothing to do'}")
        if len(reports) > _SCREEN and not self.quiet:  # those that were told on the way are out of sight
            for report in reports:
                if report.status == "failed":
                    self._say(printing.report_line(report))
        for each in self._left_out:
            for line in printing.left_out(each):
                self._say(line)
        if self.json and self._left_out:
            output.record({"notes": self._left_out})


class Bars:
    """The bars, drawn by rich; what they say of time is worked out anew each time they are drawn."""

    def __init__(self) -> None:
        self._pace = Pace()
        self._drawn = output.bars(output.told_by(self._time), left=False)
        self._whole = self._drawn.add_task("files", total=None, path=None)
        self._videos: dict[str, Any] = {}
        # Rows stay when their video is done: rich loses a line now and then that is told while their number changes.
        self._idle: list[Any] = []

    def __call__(self, event: IndexEvent) -> None:
        """Draw what an event changes."""
        self._pace(event)
        self._drawn.start()
        if isinstance(event, FilesFound):
            self._drawn.update(self._whole, total=event.count)
        elif isinstance(event, StageStarted):
            told = f"{cut(event.title, 24)}: {event.stage.replace('_', ' ')}"
            if event.path not in self._videos:
                self._videos[event.path] = self._row()
            self._drawn.update(self._videos[event.path], description=told, path=event.path)
        elif isinstance(event, StageReached) and event.path in self._videos:
            self._drawn.update(self._videos[event.path], completed=STAGES.index(event.stage) + event.part)
        elif isinstance(event, StageFinished) and event.path in self._videos:
            self._drawn.update(self._videos[event.path], completed=STAGES.index(event.result.stage) + 1)
        elif isinstance(event, FileFinished):
            self._drawn.advance(self._whole)
            if event.report.path in self._videos:
                self._idle.append(self._videos.pop(event.report.path))

    def _row(self) -> Any:
        """A row for one more video, at its beginning."""
        row = self._idle.pop() if self._idle else self._drawn.add_task("", total=len(STAGES), path="")
        self._drawn.reset(row)
        return row

    def _time(self, path: str | None) -> str:
        return self._pace.told(path)

    def stop(self) -> None:
        """Take the bars away."""
        self._drawn.stop()


def for_terminal(json: bool, quiet: bool = False) -> Progress:
    """The progress printer for this process's standard streams."""
    return Progress(json=json, quiet=quiet)


@dataclass
class _Running:
    """A video at work: its length, when its present stage began, and what the stages before took."""

    duration_s: float
    since_s: float
    stage: str = ""
    spent_s: float = 0.0


@dataclass
class Pace:
    """Fed with the events of a run; it promises nothing of a stage that it has not yet seen done.

    ``clock`` gives seconds that only grow.
    """

    clock: Callable[[], float] = time.monotonic
    _took_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _of_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _running: dict[str, _Running] = field(default_factory=dict)
    _files: int = 0
    _done: int = 0
    _began_s: float | None = None

    def __call__(self, event: IndexEvent) -> None:
        """Take in what happened."""
        if isinstance(event, FilesFound):
            self._files, self._began_s = event.count, self.clock()
        elif isinstance(event, StageStarted):
            one = self._running.setdefault(event.path, _Running(event.duration_s, self.clock()))
            one.stage, one.since_s = event.stage, self.clock()
        elif isinstance(event, StageFinished) and event.path in self._running:
            one = self._running[event.path]
            if event.result.status == "done":
                one.spent_s += event.result.seconds
                self._took_s[event.result.stage] += event.result.seconds
                self._of_s[event.result.stage] += one.duration_s
            elif event.result.stage not in self._of_s:
                self._took_s[event.result.stage] = 0.0
        elif isinstance(event, FileFinished):
            self._done += 1
            self._running.pop(event.report.path, None)

    def left_s(self, path: str) -> float | None:
        """Seconds until a video at work is done; None while a stage before it was never seen done."""
        one = self._running.get(path)
        if one is None or not one.stage:
            return None
        ahead = STAGES[STAGES.index(one.stage) :]
        if any(stage not in self._took_s for stage in ahead):
            return None
        each = [self._took_s[s] / self._of_s[s] * one.duration_s if self._of_s[s] else 0.0 for s in ahead]
        return sum(each[1:]) + max(0.0, each[0] - (self.clock() - one.since_s))

    def times(self, path: str) -> float | None:
        """Seconds of video a second, of a video at work: as it will be in the end, where that is known, else so far."""
        one = self._running.get(path)
        if one is None or one.duration_s <= 0:
            return None
        spent_s = one.spent_s + self.clock() - one.since_s
        left_s = self.left_s(path)
        whole_s = spent_s + (left_s or 0.0)
        return one.duration_s / whole_s if whole_s > 0 and left_s is not None else None

    def all_left_s(self) -> float | None:
        """Seconds until the last file is done, as fast as those before; None before the first."""
        if not self._done or self._began_s is None:
            return None
        return (self.clock() - self._began_s) / self._done * max(0, self._files - self._done)

    def told(self, path: str | None) -> str:
        """Of a video at work, or with None of the whole run: such as ``"12× real time, 3:40 left"``."""
        left_s = self.all_left_s() if path is None else self.left_s(path)
        times = None if path is None else self.times(path)
        said = (
            [] if times is None else [f"{times:.1f}× real time" if times < 10 else f"{times:.0f}× real time"]
        )
        return ", ".join([*said, *([] if left_s is None else [f"{format_time(left_s)} left"])])
