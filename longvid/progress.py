"""Progress of ``longvid index`` on stderr; with ``--json`` one report a line on stdout, as each file ends.

On a terminal: a bar for the whole run, and one for each video at work with its stage, × real time and the time left.
Else a line now and then.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType, TracebackType
from typing import Any, get_args

from longvid import output, printing
from longvid.pace import Pace
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
from longvid_indexer.stages import STAGES
from longvid_storage.text.shown import cut, shown

_SILENT_S = 30.0
"""Where there are no bars, so long nothing is told before a line says what is at work."""


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
        """The closing lines: how many files ended how, then what was left out; with JSON a last object holds that."""
        if self._bars is not None:
            self._bars.stop()
        counts = {status: sum(r.status == status for r in reports) for status in get_args(FileStatus)}
        told = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
        self._say(f"{len(reports)} file{'s' * (len(reports) != 1)}: {told or 'nothing to do'}")
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
