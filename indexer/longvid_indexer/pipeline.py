"""Every file through the house, in a stable order: who is known, who is new, and which stages each one needs.

A file that is unchanged costs a stat, one that was moved or renamed a hash of its content. A file that cannot
be read costs that file and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from longvid_indexer.film_gone import without_left
from longvid_indexer.leaving import Leaving, Reason
from longvid_indexer.reached import heard
from longvid_indexer.register import KnownPaths, Register
from longvid_indexer.remote import absolute, as_path, is_there
from longvid_indexer.report import (
    ErrorInfo,
    FileFinished,
    FilesFound,
    IndexEvent,
    IndexReport,
    RunsAgain,
    StageFinished,
    StageReached,
    StageStarted,
    Told,
    Waiting,
)
from longvid_indexer.stages.job import STAGES, Job, StageEngines, run_begins
from longvid_indexer.stages.run import run_stage, settled, unchanged, why_again
from longvid_storage.errors import LongvidError, MediaError
from longvid_storage.process import collector_paused
from longvid_storage.types import StageResult

if TYPE_CHECKING:
    from longvid_indexer.scan import ScannedFile
    from longvid_storage.db.rows import PathRow, VideoRow
    from longvid_storage.db.store import Store


class Pipeline:
    """Indexes files into a store, one after the other.

    Args:
        store: an open, writable store.
        engines: the models to use.
        stages: which stages to run (``choose_stages``).
        collection: the collection whose own videos the files are to be, if any.
        everything: take unfinished downloads, hidden files and what systems leave behind too.
        audio_track: the sound track to hear (``listening.sound_track``); None for what was named before, if anything.
        every_frame: leave out no frame of the pictures.
    """

    register: type[Register] = Register

    def __init__(
        self,
        store: Store,
        engines: StageEngines,
        *,
        stages: frozenset[str],
        collection: str | None = None,
        everything: bool = False,
        audio_track: str | None = None,
        every_frame: bool = False,
    ) -> None:
        self.store = store
        self.engines = engines
        self.stages = stages
        self.collection = collection
        self.everything = everything
        self.audio_track = audio_track
        self.every_frame = every_frame
        self._left = Leaving()

    def run(self, paths: list[Path], on_event: Callable[[IndexEvent], None]) -> list[IndexReport]:
        """Index everything under ``paths``; returns one report a video, in the order they were done.

        What was left out is told at the end, in one ``LeftOut`` event for each reason.
        """
        tell = _Teller(on_event)
        try:
            return self._run(paths, tell)
        except _OfCaller:
            assert tell.raised is not None
            raise tell.raised from None

    def _run(self, paths: list[Path], tell: Callable[[IndexEvent], None]) -> list[IndexReport]:
        from longvid_indexer.scan import scan
        from longvid_indexer.subtitles.beside import Sidecars

        reports: list[IndexReport] = []
        self._left = Leaving()
        run_begins()
        sidecars = Sidecars(self.everything)
        with self.store.writer_lock(on_wait=lambda message: tell(Waiting(message))):
            with collector_paused():
                files = list(scan(paths, everything=self.everything, leave=self._leave, sidecars=sidecars))
                names = [str(path) for found in files for path in (found.path, *found.sidecars)]
                folders = any(path.is_dir() for path in paths)  # what is gone of them is looked for among all
                with self.store.view() as view:  # one snapshot: a file that is unchanged asks nothing more
                    known = KnownPaths(self.store, view, None if folders else names)
                    rows = view.videos_by_id({each for name in names for each in known.at(name)})
            self._register = self.register(
                self.store,
                self.engines,
                self.collection,
                self.audio_track,
                self.every_frame,
                known,
                sidecars,
                self._left,
            )
            tell(FilesFound(len(files)))
            for report in self._reports(files, rows, tell):
                reports.append(report)
                tell(FileFinished(report, len(reports)))
            self._fold(reports, tell)
            for path in self._gone(paths, {str(found.path) for found in files}):
                self._left.add(path, "gone")
        for left_out in self._left.told():
            tell(left_out)
        return reports

    def _leave(self, path: Path, reason: Reason) -> None:
        """Note what is passed over; of the library's own files there is nothing to say."""
        if self.store.path.absolute() not in (path, *path.parents):
            self._left.add(path, reason)

    def _fold(self, reports: list[IndexReport], on_event: Callable[[IndexEvent], None]) -> None:
        """What the collections and the library are about, when a video's summary is new or a collection grew."""
        wrote = any(r.stages["summaries"].status == "done" for r in reports if "summaries" in r.stages)
        model = self.engines.summariser
        if model is not None and "summaries" in self.stages and (wrote or self._register.grew):
            from longvid_indexer.summarising.library import fold_library

            fold_library(self.store, model, lambda message: on_event(Told(message)))

    def _gone(self, paths: list[Path], seen: set[str]) -> list[Path]:
        """Known files below the given folders that are not there, of videos that lie nowhere else either."""
        tops = [absolute(path) for path in paths if path.is_dir()]
        missing = [
            as_path(path)
            for path in (self._register.known.rows if tops else ())
            if path not in seen and any(top in as_path(path).parents for top in tops) and not is_there(path)
        ]
        if not missing:
            return []
        with self.store.view() as view:
            rows = view.paths()
        names = {str(path) for path in missing}
        lost_ids = {row.video_id for row in rows if row.path in names}
        there = {row.video_id for row in rows if row.video_id in lost_ids and is_there(row.path)}
        lost = {row.path for row in rows if row.video_id not in there}
        return [path for path in missing if str(path) in lost]

    def _reports(
        self, files: list[ScannedFile], rows: dict[str, VideoRow], on_event: Callable[[IndexEvent], None]
    ) -> Iterator[IndexReport]:
        """One report a video, as each is done."""
        for found in self._in_turn(files):
            with self.store.claim(str(found.path)) as ours:
                if not ours:
                    self._left.add(found.path, "busy")
                    continue
                for known in self._targets(found, rows):
                    report = self._video(found, known, rows, on_event)
                    if report is not None:
                        yield report

    def _in_turn(self, files: list[ScannedFile]) -> Iterator[ScannedFile]:
        """The files, without transcripts whose film is gone."""
        return without_left(files, self.store, self._register.known, self.collection, self._left.add)

    def _targets(self, found: ScannedFile, rows: dict[str, VideoRow]) -> list[PathRow | None]:
        """The videos that the file is: with a collection its own, else all that are known there; None: a new one."""
        here = list(self._register.known.at(str(found.path)).values())
        if self.collection is not None:
            of = {row.video_id: rows[row.video_id].collections for row in here if row.video_id in rows}
            here = [row for row in here if self.collection in of.get(row.video_id, ())]
        return [*here] or [None]

    def _video(
        self,
        found: ScannedFile,
        known: PathRow | None,
        rows: dict[str, VideoRow],
        on_event: Callable[[IndexEvent], None],
    ) -> IndexReport | None:
        """Everything about one video; what is wrong with it becomes part of its report. None: left for later."""
        try:
            job = self._entered(found, known, rows)
            if self.store.shared:
                self._look_again(job, rows)
            job.tell = lambda message: on_event(Told(message))
            for event in stage_events(job, self.stages, on_event):
                on_event(event)
        except Exception as error:  # noqa: BLE001 - of whatever kind, it costs this file and no other
            return self._failed(found, error_of_file(error, found.path))
        return self._report(job)

    def _look_again(self, job: Job, rows: dict[str, VideoRow]) -> None:
        """What another process stored of a video since this run began is not done again."""
        with self.store.view() as view:
            now = view.video(job.video_id).stages
        if now != (rows[job.video_id].stages if job.video_id in rows else {}):
            job.look_again(now)

    def _entered(self, found: ScannedFile, known: PathRow | None, rows: dict[str, VideoRow]) -> Job:
        """The job of a video, who is known from now on."""
        if found.error is not None:
            raise found.error
        job = self._register.job(found, known, rows)
        sidecars = "" if known is None else known.sidecars
        job.same_subtitles = sidecars == job.found.beside_signature
        return job

    def _failed(self, found: ScannedFile, told: ErrorInfo) -> IndexReport | None:
        if told.code == "growing" and not found.named:
            self._left.add(found.path, "growing")
            return None
        if told.code == "data":
            self._left.add(found.path, "data")
            return None
        return IndexReport(None, found.path.stem, str(found.path), "failed", None, error=told)

    def _report(self, job: Job) -> IndexReport:
        done = any(result.status == "done" for result in job.results.values())
        if (done or job.error) and not _as_found(job.found):
            job.notes.append("the file changed while it was read: index it again")
            self._left.add(job.path, "growing")
        return IndexReport(
            job.video_id,
            job.info.title,
            str(job.path),
            "failed" if job.error else "renamed" if job.renamed else "indexed" if done else "unchanged",
            job.info.duration_s,
            job.results,
            job.error,
            tuple(job.notes),
        )


def stage_events(
    job: Job, stages: frozenset[str], amid: Callable[[IndexEvent], None]
) -> Iterator[IndexEvent]:
    """Bring the stages of a video up to date, one after the other; what is to be told of each, before and after it.

    ``amid`` is told how far a stage is; only ``stages`` are run. Of a video of which none is to be run nothing is told.

    Raises:
        LibraryError: the library cannot be written.
    """
    path, title = str(job.path), job.info.title
    if job.same_subtitles and not job.results:
        if settled(job, stages):
            job.results |= _SKIPPED | {stage: unchanged(job, stage) for stage in stages}
            return
        for message in why_again(job, stages):
            yield RunsAgain(path, message)
    for stage in STAGES:
        yield StageStarted(path, title, stage, job.info.duration_s)
        if stage not in stages:
            result = _SKIPPED[stage]
        else:
            with heard(partial(_reached, amid, path, title, stage)):
                result = run_stage(job, stage)
        job.results[stage] = result
        yield StageFinished(path, title, result)


_SKIPPED = {stage: StageResult(stage, "skipped") for stage in STAGES}


def error_of_file(error: Exception, path: Path) -> ErrorInfo:
    """What went wrong with one file; raises ``error`` itself where it is no matter of one file."""
    if isinstance(error, LongvidError) and not isinstance(error, MediaError):
        raise error
    return ErrorInfo.of(error, str(path))


def _reached(on_event: Callable[[IndexEvent], None], path: str, title: str, stage: str, part: float) -> None:
    on_event(StageReached(path, title, stage, part))


def _as_found(found: ScannedFile) -> bool:
    """Whether the file is still as it was when it was found."""
    try:
        status = found.path.stat()
    except (OSError, ValueError):
        return False
    return (status.st_size, status.st_mtime_ns) == (found.size, found.mtime_ns)


class _OfCaller(BaseException):
    """An exception of the caller's own callback on its way out, past what catches those of one file."""


class _Teller:
    """The caller's callback; what it raises ends the run, whichever file is being read."""

    def __init__(self, on_event: Callable[[IndexEvent], None]) -> None:
        self._on_event = on_event
        self.raised: Exception | None = None

    def __call__(self, event: IndexEvent) -> None:
        try:
            self._on_event(event)
        except Exception as error:
            self.raised = error
            raise _OfCaller from error
