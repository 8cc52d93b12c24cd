"""What indexing tells its caller: progress events while it works, one report per video at the end of it."""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass, field
from typing import Literal

from longvid_storage.errors import LongvidError, first_line
from longvid_storage.types import StageResult

FileStatus = Literal["indexed", "renamed", "unchanged", "failed"]


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """Why a file failed: a stable ``code`` for programs, one sentence for people."""

    code: str
    message: str

    @classmethod
    def of(cls, error: Exception, where: str = "") -> ErrorInfo:
        """The report form of an exception; one that is not longvid's own is a fault of longvid and names its type.

        With ``LONGVID_DEBUG`` set, the traceback of such a one goes to stderr. ``where``: the file it came up in.
        """
        if isinstance(error, LongvidError):
            return cls(error.code, error.message)
        if os.environ.get("LONGVID_DEBUG"):
            traceback.print_exception(error)
        message = (
            f"{where} cannot be indexed: longvid failed with {type(error).__name__} ({first_line(error)}), which is a"
            " fault of longvid: LONGVID_DEBUG=1 shows where, please report it"
        )
        return cls("unexpected", message)


@dataclass(frozen=True, slots=True)
class IndexReport:
    """The outcome for one input file.

    ``status`` is ``"failed"`` when the file could not be read or any stage of it failed (the other stages are
    kept), ``"renamed"`` when a known video lies under another name (a note says which it had), ``"unchanged"`` when
    nothing had to be done, else ``"indexed"``.
    """

    video_id: str | None
    title: str
    path: str
    status: FileStatus
    duration_s: float | None
    stages: dict[str, StageResult] = field(default_factory=dict)
    error: ErrorInfo | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FilesFound:
    """So many files are looked at."""

    count: int


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage of a file begins; ``duration_s`` is how long its video is."""

    path: str
    title: str
    stage: str
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class StageReached:
    """A stage of a file is at work, and ``part`` of it, in [0, 1], is done; told a few times a second."""

    path: str
    title: str
    stage: str
    part: float


@dataclass(frozen=True, slots=True)
class StageFinished:
    """A stage of a file ended; its rows are committed when ``result.status`` is ``"done"``."""

    path: str
    title: str
    result: StageResult


@dataclass(frozen=True, slots=True)
class FileFinished:
    """Everything about one file is done; ``number`` counts from 1."""

    report: IndexReport
    number: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Another process is writing to the library; ``message`` says so."""

    message: str


@dataclass(frozen=True, slots=True)
class Told:
    """Something to know while a stage is at work, in one sentence: what a model is about to read, for one."""

    message: str


@dataclass(frozen=True, slots=True)
class RunsAgain:
    """Stages of a known video run again; ``message`` says which and why, and may come for many videos."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class FileGone:
    """A known video of which no file is left where it was; it stays as it is."""

    title: str
    path: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a run passed over for one reason; told at its end.

    ``reason`` is a stable word for programs, ``message`` goes on from "3 files:", ``then`` is the next step; ``files``
    are paths of files, or of folders that were not entered.
    """

    reason: str
    message: str
    then: str
    files: tuple[str, ...]


IndexEvent = (
    Waiting
    | Told
    | RunsAgain
    | FileGone
    | FilesFound
    | LeftOut
    | StageStarted
    | StageReached
    | StageFinished
    | FileFinished
)
