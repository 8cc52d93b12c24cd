"""What the processes of a cluster do: read who a file is, and bring a video's stages up to date.

Everything here is run by Ray elsewhere; who asks for it is ``cluster.py``.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, cast

from longvid_indexer.cluster_models import SharedEngines
from longvid_indexer.pipeline import error_of_file, stage_events
from longvid_indexer.report import ErrorInfo, IndexEvent, Told
from longvid_indexer.stages.job import Job, StageEngines, run_begins
from longvid_storage.errors import MediaError, UsageError
from longvid_storage.process import threads_allowed

if TYPE_CHECKING:
    from longvid_storage.db.store import Store
    from longvid_storage.types import VideoInfo

_CLAIM_S = 15.0
_CLAIM_EACH_S = 0.2
_TELL_S = 0.1


@dataclass(frozen=True)
class Workplace:
    """What a task needs besides its video; ``version`` must be that of the longvid over there."""

    open_store: Callable[[], Store]
    engines: StageEngines
    version: str
    actors: Mapping[str, list[Any]] = field(default_factory=dict)

    def require_same(self) -> None:
        """Raises ``UsageError``: this machine has another longvid."""
        here = metadata.version("longvid")
        if self.version != here:
            raise UsageError(
                f"longvid on {socket.gethostname()} is {here}, and there it is {self.version}: "
                "install the same on every machine of the cluster"
            )


# The library and the models of this worker process, by the run they are of: kept for its next video.
_OPENED: dict[str, tuple[Store, StageEngines]] = {}


def _at_work(run: str, boxed: list[Any]) -> tuple[Store, StageEngines]:
    import cv2
    import ray

    if run not in _OPENED:
        found: Workplace = ray.get(boxed[0])
        found.require_same()
        cv2.setNumThreads(threads_allowed() or 1)
        for store, _ in _OPENED.values():
            store.close()
        _OPENED.clear()
        run_begins()
        store = found.open_store()
        store.help_holder()
        _OPENED[run] = store, cast("StageEngines", SharedEngines(found.engines, found.actors))
    return _OPENED[run]


@dataclass(frozen=True)
class FileRead:
    """Which media a file holds and what it says of itself, or the sentence why that cannot be told."""

    media_id: str | MediaError
    info: VideoInfo | MediaError


def look(path: Path) -> FileRead:
    """Read who a file is, as a task."""
    from longvid_indexer.probe import probe
    from longvid_indexer.scan import content_id

    return FileRead(_or_error(path, lambda: content_id(path)), _or_error(path, lambda: probe(path, "")))


def _or_error(path: Path, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception as error:  # noqa: BLE001 - it is raised where the file is entered
        told = error_of_file(error, path)
        return MediaError(told.message, code=told.code)


@dataclass(frozen=True)
class Sent:
    """What a task tells: events, and at its ``end`` the job, an error, or None where another process works on it."""

    events: list[IndexEvent]
    end: bool = False
    outcome: Job | ErrorInfo | None = None


def run_stages(run: str, boxed: list[Any], job: Job, stages: frozenset[str], again: bool) -> Iterator[Sent]:
    """Bring the stages of a video up to date, as a task, and tell of them; each telling costs Ray 10 ms and more, so
    those within a tenth of a second are told together, while a long stage is told of as it runs.

    ``again``: one before died in it, which the database may not know yet.

    Raises:
        LibraryError: the library cannot be written.
    """
    job.store, job.engines = _at_work(run, boxed)
    told: SimpleQueue[IndexEvent | None] = SimpleQueue()
    job.tell = lambda message: told.put(Told(message))
    with ThreadPoolExecutor(1) as aside:
        working = aside.submit(_run, job, stages, again, told.put)
        working.add_done_callback(lambda _: told.put(None))
        while None not in (some := _together(told)):
            yield Sent([event for event in some if event is not None])
        yield Sent([event for event in some if event is not None], True, working.result())


def _together(told: SimpleQueue[IndexEvent | None]) -> list[IndexEvent | None]:
    """The next event, and those that follow it soon; None, the last, ends it at once."""
    some = [told.get()]
    until_s = monotonic() + _TELL_S
    with suppress(Empty):
        while some[-1] is not None:
            some.append(told.get(timeout=max(0.0, until_s - monotonic())))
    return some


def _run(
    job: Job, stages: frozenset[str], again: bool, tell: Callable[[IndexEvent], None]
) -> Job | ErrorInfo | None:
    with _claimed(job, _CLAIM_S if again else 0.0) as ours:
        if not ours:
            return None
        try:
            with job.store.view() as view:
                job.look_again(view.video(job.video_id).stages)
            for event in stage_events(job, stages, tell):
                tell(event)
        except Exception as error:  # noqa: BLE001 - of whatever kind, it costs this file; others end the run
            return error_of_file(error, job.path)
        return job


@contextmanager
def _claimed(job: Job, wait_s: float) -> Iterator[bool]:
    """Keep a video for this task; what a dead one had claimed is free once the database knows that it is dead."""
    until_s = monotonic() + wait_s
    while True:
        with job.store.claim(str(job.path)) as ours:
            if ours or monotonic() >= until_s:
                yield ours
                return
        sleep(_CLAIM_EACH_S)
