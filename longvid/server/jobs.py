"""Indexing beside the questions: one thread that does the jobs of a worklist, the oldest first.

Several servers of one library in PostgreSQL share its jobs: each claims the one it does, and what a server that died
was doing is done by another. Of a library in a directory one server does all jobs, whoever took them in; when it ends
or dies, another goes on.

How far the running job is lies in memory, from where it is told as often as anybody asks, and once a second in the
library. A job that ends with the server is taken up at the next start: what was indexed by then is known, and not done
again.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longvid import jsonform
from longvid_indexer.opening import only_below
from longvid_indexer.report import (
    ErrorInfo,
    FileFinished,
    FilesFound,
    IndexEvent,
    LeftOut,
    StageReached,
    StageStarted,
    Told,
    Waiting,
)
from longvid_indexer.stages.job import STAGES
from longvid_storage.db.work import UNFINISHED, JobState, StoredJob
from longvid_storage.errors import AccessError, LongvidError, UsageError

if TYPE_CHECKING:
    from longvid.library import Library
    from longvid.server.caller import Caller
    from longvid.server.settings import ServerSettings
    from longvid.server.uploads import Uploads

LOG = logging.getLogger("longvid.server")
_KEPT_EACH_S = 1.0
_LOOK_EACH_S = 2.0
_YIELDS = 10
"""How nice a job is, as the command `nice` has it."""
_MOST_NOTES = 100
_MOST_REPORTS = 1000
EVERYBODY = "*"
"""The roots of those who may see everything."""


class JobEnds(Exception):  # noqa: N818 - it ends a run, and is no error
    """Raised inside a run, at its next event: it was cancelled, or the server ends."""


class HowFar:
    """How far a run is; one thread writes it, any may read ``told``."""

    def __init__(self, clock: Any = time.monotonic) -> None:
        self._clock = clock
        self._begun_s = clock()
        self._files = self._done = 0
        # Of each video at work: its stages that are done, and the part of the one that is not.
        self._stages: dict[str, float] = {}
        self._seen_s = 0.0
        self.told: dict[str, Any] = {"stage": "finding files", "title": None, "files": 0, "files_done": 0}
        self.told |= {"fraction": 0.0, "speed": None, "notes": [], "reports": []}

    def __call__(self, event: IndexEvent) -> None:
        """Take in what happened."""
        now: dict[str, Any] = {}
        if isinstance(event, FilesFound):
            self._files = event.count
        elif isinstance(event, StageStarted):
            self._got(event.path, STAGES.index(event.stage))
            now |= {"stage": event.stage, "title": event.title}
        elif isinstance(event, StageReached):
            # What is read twice within a stage begins at nothing again; what is told does not.
            self._got(event.path, STAGES.index(event.stage) + event.part)
        elif isinstance(event, FileFinished):
            self._done = event.number
            self._stages.pop(event.report.path, None)
            self._seen_s += event.report.duration_s or 0.0
            now["reports"] = [*self.told["reports"], _report(event)][-_MOST_REPORTS:]
        elif isinstance(event, LeftOut):
            now["notes"] = self._noted(f"{len(event.files)} left out, {event.message}: {event.then}")
        elif isinstance(event, (Told, Waiting)):
            now["notes"] = self._noted(event.message)
        files = max(self._files, self._done, 1)
        passed_s = self._clock() - self._begun_s
        now |= {
            "files": self._files,
            "files_done": self._done,
            # A video may be at one path for several collections: more are done than there are files.
            "fraction": round(min(1.0, (self._done + sum(self._stages.values()) / len(STAGES)) / files), 4),
            "speed": round(self._seen_s / passed_s, 2) if self._seen_s and passed_s else None,
        }
        self.told = {**self.told, **now}

    def _got(self, path: str, stages: float) -> None:
        self._stages[path] = max(stages, self._stages.get(path, 0.0))

    def _noted(self, message: str) -> list[str]:
        return list(dict.fromkeys([*self.told["notes"], message]))[-_MOST_NOTES:]


def _report(event: FileFinished) -> dict[str, Any]:
    report = event.report
    return {
        "video_id": report.video_id,
        "title": report.title,
        "file": Path(report.path).name,
        "status": report.status,
        "error": jsonform.to_plain(report.error),
        "notes": list(report.notes),
    }


class Jobs:
    """The jobs of one server.

    Args:
        library: the whole of it.
        settings: say from where may be indexed.
        uploads: what was sent.
    """

    def __init__(self, library: Library, settings: ServerSettings, uploads: Uploads) -> None:
        self._library = library
        self._uploads = uploads
        self._work = library.work
        self._roots = settings.roots
        self._ray = settings.ray
        self._wake = threading.Condition()
        self._ending = False
        self._cancelled: set[str] = set()
        self._running: tuple[StoredJob, HowFar] | None = None
        self._thread: threading.Thread | None = None
        self.on_end: Callable[[], None] = lambda: None
        """Called when a job has ended."""

    # What is asked

    def ask(
        self, who: Caller, paths: Sequence[str], uploads: Sequence[str], collection: str | None
    ) -> StoredJob:
        """A job that indexes files and folders, and finished uploads, into a collection.

        Raises:
            UsageError: nothing is named, or an upload that is not whole.
            AccessError: the collection, or a path, is not for them. NotFoundError: no such upload of theirs.
        """
        if not paths and not uploads:
            raise UsageError("there is nothing to index: name paths, or uploads that are finished")
        if who.collections is not None and collection not in who.collections:
            raise AccessError(
                f"you may index into {', '.join(sorted(who.collections)) or 'no collection'}: name one as collection"
            )
        found = [str(self._allowed(who, collection, path)) for path in paths]
        sent = [self._work.upload(who.key_id, upload_id) for upload_id in dict.fromkeys(uploads)]
        for upload in sent:
            if upload.path is None:
                raise UsageError(f"the upload {upload.upload_id} is not whole yet: send the rest of it")
        names = sorted({Path(path).name for path in found} | {upload.name for upload in sent})
        if sent:
            found += self._uploads.together(sent)
        asked = {"paths": sorted(set(found)), "collection": collection, "names": names}
        job = self._work.ask(who.key_id, asked)
        self.wake()
        return job

    def _allowed(self, who: Caller, collection: str | None, path: str) -> Path:
        """The place that a path is in truth, if it lies below a root of the collection."""
        roots = self._roots_of(*([collection] if who.collections is not None else [EVERYBODY, collection]))
        refusal = AccessError(
            f"{path!r:.300} is not below a folder that this server may index for you: send the file to /v1/uploads, or "
            "have the folder named in roots of [server]"
        )
        if "\0" in path or not Path(path).is_absolute():
            raise refusal
        try:
            place = Path(path).resolve()
        except (OSError, RuntimeError):
            raise refusal from None
        if not _below(place, roots):
            raise refusal
        return place

    def _roots_of(self, *names: str | None) -> list[Path]:
        return [Path(root).resolve() for name in names if name for root in self._roots.get(name, ())]

    def _roots_for(self, job: StoredJob) -> list[Path]:
        """The innermost root of each path of a job, out of which no link leads.

        It may be older than the roots are, or come with a library from somebody else.
        """
        roots = [*self._roots_of(EVERYBODY, job.asked["collection"]), self._uploads.folder.resolve()]
        innermost = []
        for path in job.asked["paths"]:
            around = [root for root in roots if _below(Path(path).resolve(), [root])]
            if not around:
                raise AccessError(
                    f"{path!r:.300} is below no folder that this server may index: name its folder in roots of [server]"
                )
            innermost.append(max(around, key=lambda root: len(root.parts)))
        return innermost

    def cancel(self, who: Caller, job_id: str) -> StoredJob:
        """Cancel a job; one that runs ends at its next step. Raises ``NotFoundError``: they have none of that id."""
        job = self._work.job(who.key_id, job_id)
        if job.state == "queued":
            self._end(job, "cancelled", job.progress)
        elif job.state == "running" and self._is_here(job):
            self._cancelled.add(job_id)
        elif job.state == "running":  # on another server, which hears of it when it next notes how far it is
            self._end(job, "cancelled", job.progress)
        return self._work.job(who.key_id, job_id)

    def _is_here(self, job: StoredJob) -> bool:
        running = self._running
        return running is not None and running[0].job_id == job.job_id

    def told(self, job: StoredJob) -> dict[str, Any]:
        """What is told of a job: what was asked, its state, how far it is, and what came of each file."""
        running = self._running
        progress = job.progress
        if job.state == "running" and running is not None and running[0].job_id == job.job_id:
            progress = running[1].told
        return job_facts(job, progress, cancelling=job.job_id in self._cancelled)

    # The thread

    def start(self) -> None:
        """Work from now on; what was not finished is taken up."""
        self._thread = threading.Thread(target=self._run, name="longvid-jobs", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something to do."""
        with self._wake:
            self._wake.notify_all()

    def stop(self, wait_s: float) -> None:
        """Let the running job end at its next step, to be taken up at the next start; waits so long at most."""
        self._ending = True
        self.wake()
        if self._thread is not None:
            self._thread.join(wait_s)

    def _run(self) -> None:
        if sys.platform == "linux":
            os.nice(_YIELDS)  # there of this thread and of those that it begins, who asks goes first
        while not self._ending:
            try:
                with self._work.working_off() as ours:
                    if ours:
                        self._work_off()
            except LongvidError as error:  # the disk is full, or another process writes: it will pass
                LOG.error("no job can be begun: %s", error)
            self._pause()

    def _work_off(self) -> None:
        """Do jobs until the server ends."""
        self._work.take_up()
        while not self._ending:
            with self._work.next_job() as job:
                if job is not None:
                    self._do(job)
                    continue
            self._pause()
            if self._work.shared:
                self._work.take_up()

    def _pause(self) -> None:
        """Until something is asked here; another process may have added a job, or ended amid one."""
        with self._wake:
            if not self._ending:
                self._wake.wait(_LOOK_EACH_S)

    def _do(self, job: StoredJob) -> None:
        progress = HowFar()
        self._running = job, progress
        kept_s = 0.0

        def heard(event: IndexEvent) -> None:
            nonlocal kept_s
            if self._ending or job.job_id in self._cancelled:
                raise JobEnds
            progress(event)
            if time.monotonic() - kept_s > _KEPT_EACH_S:
                kept_s = time.monotonic()
                if not self._work.note(job.job_id, progress.told):
                    raise JobEnds

        state = carry_out(self._library, job, progress, partial(self._roots_for, job), heard, ray=self._ray)
        try:
            if self._ending and state != "done":
                self._work.put_back(job.job_id)
            else:
                self._end(job, state, progress.told)
        except LongvidError as error:
            LOG.error("what came of job %s cannot be kept: %s", job.job_id, error)
        # ``_running`` stays: who read a moment ago that it runs is told how far it came, not what was kept before.
        self._cancelled.discard(job.job_id)

    def _end(self, job: StoredJob, state: JobState, progress: dict[str, Any]) -> None:
        ended = StoredJob(job.job_id, job.owner, state, job.asked, progress, job.created_s, time.time())
        if self._work.end(job, state, progress, self.told(ended)):
            self.on_end()


def job_facts(job: StoredJob, progress: dict[str, Any] | None, *, cancelling: bool) -> dict[str, Any]:
    """What is told of a job."""
    return {
        "id": job.job_id,
        "state": job.state,
        "cancelling": cancelling and job.state in UNFINISHED,
        "collection": job.asked.get("collection"),
        "files_named": job.asked.get("names", []),
        "created_s": job.created_s,
        "ended_s": job.ended_s,
        **(progress or HowFar().told | {"stage": None}),
    }


def carry_out(
    library: Library,
    job: StoredJob,
    progress: HowFar,
    begun: Callable[[], Sequence[Path] | None],
    heard: Callable[[IndexEvent], None],
    ray: str | None = None,
) -> JobState:
    """Do a job; what came of it is told by ``progress``.

    ``begun`` and ``heard`` (of each event) may raise ``JobEnds``, and ``begun`` whatever is wrong with the job; it
    gives the folders below which everything lies that may be read, None: anywhere.
    """
    try:
        roots = begun()
        with nullcontext() if roots is None else only_below(roots):
            reports = library.index(
                job.asked["paths"], collection=job.asked["collection"], ray=ray, on_event=heard
            )
    except JobEnds:
        return "cancelled"
    except Exception as error:
        progress.told |= {"error": jsonform.to_plain(ErrorInfo.of(error, "the job"))}
        LOG.error("job %s failed", job.job_id, exc_info=None if isinstance(error, LongvidError) else error)
        return "failed"
    progress.told |= {"stage": None, "title": None, "fraction": 1.0}
    broken = [report for report in reports if report.status == "failed"]
    return "failed" if broken and len(broken) == len(reports) else "done"


def _below(place: Path, roots: Sequence[Path]) -> bool:
    return any(place == root or root in place.parents for root in roots)
