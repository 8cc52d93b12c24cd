"""Progress of ``longvid index`` on stderr; with ``--json`` one report a line on stdout, as each file ends."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType

from longvid import jsonform, printing
from longvid_indexer.report import (
    FileFinished,
    FileGone,
    IndexEvent,
    IndexReport,
    LeftOut,
    RunsAgain,
    StageStarted,
    Told,
    Waiting,
)


class Progress:
    """Prints a line for every finished file, and on a terminal what is being done right now."""

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self.live = sys.stderr.isatty()
        self._interrupted = False
        self._told: set[str] = set()
        self._left_out: list[LeftOut] = []

    def watch_for_interrupt(self) -> None:
        """Ctrl-C stops at once; where a library swallows the exception, it stops at the next event."""
        signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._interrupted = True
        raise KeyboardInterrupt

    def __call__(self, event: IndexEvent) -> None:
        if self._interrupted:
            raise KeyboardInterrupt
        if isinstance(event, StageStarted) and self.live:
            print(
                f"\r\x1b[K{printing.one_line(event.title)}: {event.stage} …",
                end="",
                file=sys.stderr,
                flush=True,
            )
        elif isinstance(event, Waiting | Told):
            self._clear()
            print(printing.one_line(event.message), file=sys.stderr, flush=True)
        elif isinstance(event, RunsAgain):
            self._once(f"again      {event.message}")
        elif isinstance(event, FileGone):
            self._once(f"gone       {event.title} stays as it is: there is no {event.path} any more")
        elif isinstance(event, LeftOut):
            self._left_out.append(event)
        elif isinstance(event, FileFinished):
            self._clear()
            print(printing.report_line(event.report), file=sys.stderr, flush=True)
            for note in event.report.notes:
                print(f"           note: {printing.one_line(note)}", file=sys.stderr, flush=True)
            if self.json:
                print(jsonform.dumps(event.report), flush=True)

    def _once(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            self._clear()
            print(printing.one_line(line), file=sys.stderr, flush=True)

    def _clear(self) -> None:
        if self.live:
            print("\r\x1b[K", end="", file=sys.stderr)

    def close(self, reports: Sequence[IndexReport]) -> None:
        """The closing lines: how many files ended how, then what was left out; with JSON a last object holds that."""
        self._clear()
        counts = {
            status: sum(r.status == status for r in reports) for status in ("indexed", "unchanged", "failed")
        }
        told = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
        print(f"{len(reports)} file{'s' * (len(reports) != 1)}: {told or 'nothing to do'}", file=sys.stderr)
        for each in self._left_out:
            print(printing.left_out(each), file=sys.stderr)
        if self.json and self._left_out:
            print(jsonform.dumps({"notes": self._left_out}), flush=True)


def for_terminal(json: bool) -> Progress:
    """The progress printer for this process's standard streams."""
    return Progress(json=json)
