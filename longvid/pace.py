"""How fast a run of ``longvid index`` goes: × real time and the time left, from what its videos took so far."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from longvid_indexer.report import FileFinished, FilesFound, IndexEvent, StageFinished, StageStarted
from longvid_indexer.stages import STAGES
from longvid_storage.text.timecode import format_time


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
