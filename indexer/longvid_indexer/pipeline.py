"""Every file through the house, in a stable order: who is known, who is new, and which stages each one needs.

A file that is unchanged costs a stat, one that was moved or renamed a hash of its content. A file that cannot
be read costs that file and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from longvid_indexer.report import (
    ErrorInfo,
    FileFinished,
    FilesFound,
    IndexEvent,
    IndexReport,
    RunsAgain,
    StageFinished,
    StageStarted,
    Told,
    Waiting,
)
from longvid_indexer.stages import STAGES, Engines, Job, run_stage, why_again
from longvid_storage.errors import MediaError
from longvid_storage.types import StageResult

if TYPE_CHECKING:
    from longvid_indexer.scan import Found
    from longvid_indexer.subtitles.beside import Sidecars
    from longvid_storage.db.rows import PathRow, VideoRow
    from longvid_storage.db.store import Store


class Pipeline:
    """Indexes files into a store, one after the other.

    Args:
        store: an open, writable store.
        engines: the models to use.
        stages: which stages to run (``choose_stages``).
        collection: the collection the videos join, if any.
    """

    def __init__(
        self, store: Store, engines: Engines, *, stages: frozenset[str], collection: str | None = None
    ) -> None:
        self.store = store
        self.engines = engines
        self.stages = stages
        self.collection = collection
        self._grew = False
        self._sidecars: Sidecars | None = None

    def run(self, paths: list[Path], on_event: Callable[[IndexEvent], None]) -> list[IndexReport]:
        """Index everything under ``paths``; returns one report a file, in the order they were done."""
        from longvid_indexer.scan import scan
        from longvid_indexer.subtitles.beside import Sidecars

        self._sidecars = Sidecars()
        reports: list[IndexReport] = []
        with self.store.writer_lock(on_wait=lambda message: on_event(Waiting(message))):
            with self.store.view() as view:  # one snapshot: a file that is unchanged asks nothing more
                known = view.paths()
                rows = {row.info.video_id: row for row in view.videos()}
            everything = list(scan(paths))
            on_event(FilesFound(len(everything)))
            for found in everything:
                report = self._file(found, known.get(str(found.path)), rows, on_event)
                reports.append(report)
                on_event(FileFinished(report, len(reports)))
            self._fold(reports, on_event)
        return reports

    def _fold(self, reports: list[IndexReport], on_event: Callable[[IndexEvent], None]) -> None:
        """What the collections and the library are about, when a video's summary is new or a collection grew."""
        from longvid_indexer.summarising.library import fold_library

        wrote = any(r.stages["summaries"].status == "done" for r in reports if "summaries" in r.stages)
        model = self.engines.summariser
        if model is not None and "summaries" in self.stages and (wrote or self._grew):
            fold_library(self.store, model, lambda message: on_event(Told(message)))

    def _file(
        self,
        found: Found,
        known: PathRow | None,
        rows: dict[str, VideoRow],
        on_event: Callable[[IndexEvent], None],
    ) -> IndexReport:
        """Everything about one file; what is wrong with it becomes part of its report."""
        try:
            if found.error is not None:
                raise found.error
            job = self._job(found, known, rows)
        except MediaError as error:
            return IndexReport(
                None, found.path.stem, str(found.path), "failed", None, error=ErrorInfo.of(error)
            )
        job.tell = lambda message: on_event(Told(message))
        if known is None or known.sidecars == found.sidecar_signature:
            for message in why_again(job, self.stages):
                on_event(RunsAgain(str(job.path), message))
        for stage in STAGES:
            on_event(StageStarted(str(job.path), job.info.title, stage))
            result = run_stage(job, stage) if stage in self.stages else StageResult(stage, "skipped")
            job.results[stage] = result
            on_event(StageFinished(str(job.path), job.info.title, result))
        done = any(result.status == "done" for result in job.results.values())
        return IndexReport(
            job.video_id,
            job.info.title,
            str(job.path),
            "failed" if job.error else "indexed" if done else "unchanged",
            job.info.duration_s,
            job.results,
            job.error,
            tuple(job.notes),
        )

    def _job(self, found: Found, known: PathRow | None, rows: dict[str, VideoRow]) -> Job:
        """Who this is: by its stat when nothing changed, else by the hash of its content."""
        from longvid_indexer.probe import probe
        from longvid_indexer.scan import content_id

        store = self.store
        same = known is not None and (known.size, known.mtime_ns) == (found.size, found.mtime_ns)
        video_id = known.video_id if known is not None and same else content_id(found.path)
        row = rows.get(video_id)
        if row is None and not same:  # this run may have indexed a copy of it
            row = self._row(video_id)
        info = row.info if row is not None else probe(found.path, video_id)
        if row is None and found.title_is_shared:
            info = replace(info, title=found.path.stem)
        if row is None or (self.collection is not None and self.collection not in row.collections):
            store.upsert_video(info, self.collection)
            self._grew = True
        if known is None or not same or known.sidecars != found.sidecar_signature:
            store.set_path(
                found.path,
                video_id,
                size=found.size,
                mtime_ns=found.mtime_ns,
                sidecars=found.sidecar_signature,
            )
        job = Job(store, self.engines, self._speaker_for(found, row), info)
        job.recorded = dict(row.stages) if row is not None else {}
        if known is not None and known.video_id != video_id:
            self._retire(known.video_id, job)
        return job

    def _row(self, video_id: str) -> VideoRow | None:
        with self.store.view() as view:
            return view.video(video_id) if view.has_video(video_id) else None

    def _speaker_for(self, found: Found, row: VideoRow | None) -> Found:
        """Which of a video's paths is read: a copy adds a path, not a second opinion about the transcript.

        The first path with subtitles beside it speaks for the video; a path whose file is gone is forgotten.
        """
        from longvid_indexer.scan import look_at

        candidates = [found]
        for path in row.paths if row is not None else ():
            if path == str(found.path):
                continue
            other = look_at(Path(path), self._sidecars)
            if other.error is None:
                candidates.append(other)
            else:
                self.store.forget_path(path)
        return min(candidates, key=lambda each: (not each.sidecars, str(each.path)))

    def _retire(self, video_id: str, job: Job) -> None:
        """A path holds new content: what it held before is removed unless it lies somewhere else too."""
        row = self._row(video_id)
        if row is not None and not any(Path(path).exists() for path in row.paths):
            self.store.remove_video(video_id)
            job.notes.append("its content changed: what the library knew of the older version was removed")
