"""Indexing on many processes and machines: Ray runs the stages of each video where there is room.

The process that was asked finds the files, says in their order who each is, and reports, as it does alone. What costs
something are tasks: reading who a file is, and its stages, which write to the library themselves, each in its own
transaction. No more tasks are given than keep every worker busy, so that a queue of any length costs no memory. A task
that dies with its process or machine is given again, and finds the stages that were committed.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import metadata
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longvid_indexer.cluster_models import Share, require_room, start_actors
from longvid_indexer.cluster_tasks import FileRead, Sent, Workplace, look, run_stages
from longvid_indexer.pipeline import Pipeline, error_of_file
from longvid_indexer.register import Register
from longvid_indexer.report import ErrorInfo, IndexEvent, IndexReport, StageFinished, StageStarted
from longvid_indexer.stages.job import Job, StageEngines
from longvid_storage.errors import MediaError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from longvid_indexer.scan import ScannedFile
    from longvid_storage.db.rows import PathRow, VideoRow
    from longvid_storage.db.store import Store
    from longvid_storage.types import StageResult, VideoInfo

LOCAL = "local"
"""The address of a cluster that is made on this machine, for one run."""
TRIES = 3
"""How often a file may end the process that reads it, in one stage; and ten times as often lose its machine."""
_STORE_BYTES = 100 << 20
_TICK_S = 2.0


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Be connected to the cluster at ``address``, or to the one this process is connected to already.

    ``address``: ``"auto"`` (the one that runs here, or ``$RAY_ADDRESS``), ``"local"``, or ``HOST:PORT``.

    Raises:
        MissingExtraError: Ray is not installed. UsageError: no cluster answers there, or none starts here.
    """
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("indexing on a cluster needs Ray: pip install 'longvid[ray]'") from error
    if ray.is_initialized():
        yield
        return
    logging.getLogger("ray").setLevel(logging.ERROR)
    alone: dict[str, Any] = {"include_dashboard": False, "object_store_memory": _STORE_BYTES}
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            configure_logging=False,
            **(alone if address == LOCAL else {}),
        )
    except Exception as error:  # of that plain class where its processes are too slow to start
        reason = str(error).splitlines()[0] if str(error) else "no reason told"
        raise UsageError(
            f"Ray does not start on this machine ({reason}): try again when it has less to do, or without --ray"
            if address == LOCAL
            else f"no Ray cluster answers at {address!r} ({reason}):"
            " start one with `ray start --head`, name its HOST:PORT, or use local"
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def resources() -> dict[str, float]:
    """What the cluster that this process is connected to has: ``"CPU"``, ``"GPU"``, …"""
    import ray

    found: dict[str, float] = ray.cluster_resources()
    return found


class _FarRegister(Register):
    """Enters files whose content a task has read."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.looked: dict[Path, FileRead] = {}

    def content_id(self, path: Path) -> str:
        """As the task read it."""
        if path not in self.looked:
            return super().content_id(path)
        media_id: str = _given(self.looked[path].media_id)
        return media_id

    def probe(self, path: Path, video_id: str) -> VideoInfo:
        """As the task read it."""
        if path not in self.looked:
            return super().probe(path, video_id)
        info: VideoInfo = _given(self.looked[path].info)
        return replace(info, video_id=video_id)


def _given(value: Any) -> Any:
    if isinstance(value, MediaError):
        raise value
    return value


@dataclass
class _Next:
    """A file whose turn comes: ``reading`` is the task that reads who it is, None when that is known."""

    found: ScannedFile
    known: PathRow | None
    reading: Any = None


@dataclass
class _Errand:
    """A video on its way.

    ``crashed`` counts the deaths of its process in one and the same stage: in another one, it has got further.
    """

    found: ScannedFile
    job: Job
    stage: str = ""
    died_in: str | None = None
    crashed: int = 0
    lost: int = 0
    heard: dict[str, StageResult] = field(default_factory=dict)


class ClusterPipeline(Pipeline):
    """Indexes on the cluster that this process is connected to; takes what ``Pipeline`` takes.

    Args:
        open_store: opens the same library in another process.
        shares: role (``cluster_models.ROLES``) → the actors that hold its model; the others load it in each process.

    Raises:
        UsageError: the cluster has not so many processors, or no such GPUs.
    """

    register = _FarRegister

    def __init__(
        self,
        store: Store,
        engines: StageEngines,
        *,
        open_store: Callable[[], Store],
        shares: Mapping[str, Share] | None = None,
        **more: Any,
    ) -> None:
        import ray

        super().__init__(store, engines, **more)
        store.wait_for_helpers()
        self._ray = ray
        place = Workplace(open_store, engines, metadata.version("longvid"))
        self._actors: dict[str, list[Any]] = {}
        if shares:
            require_room(shares, resources())
            self._place = ray.put(place)  # kept: an actor that is started again reads it again
            self._actors = start_actors(shares, partial(partial, _engine, [self._place]))
        self._boxed = [ray.put(replace(place, actors=self._actors))]
        self._look = ray.remote(num_cpus=1, max_retries=TRIES)(look)
        self._stages = ray.remote(num_cpus=1, max_retries=0, max_calls=0)(run_stages)
        self._running: dict[Any, _Errand] = {}

    def _reports(
        self, files: list[ScannedFile], rows: dict[str, VideoRow], on_event: Callable[[IndexEvent], None]
    ) -> Iterator[IndexReport]:
        source = ((found, known) for found in self._in_turn(files) for known in self._targets(found, rows))
        ahead: deque[_Next] = deque()
        try:
            room = self._room()
            while True:
                ahead += [self._next(*each) for each in islice(source, max(0, room - len(ahead)))]
                while ahead and len(self._running) < room and self._can_begin(ahead[0]):
                    report = self._begin(ahead.popleft(), rows)
                    if report is not None:
                        yield report
                if not self._running and not ahead:
                    return
                has_room = ahead and len(self._running) < room and ahead[0].reading is not None
                first = [ahead[0].reading] if has_room else []
                for task in self._ray.wait([*self._running, *first], timeout=_TICK_S)[0]:
                    report = self._heard(task, on_event) if task in self._running else None
                    if report is not None:
                        room = self._room()
                        yield report
        finally:
            for task in self._running:
                self._ray.cancel(task, force=True)
            self._running.clear()
            for actor in chain.from_iterable(self._actors.values()):
                self._ray.kill(actor)

    def _room(self) -> int:
        """How many videos are given at a time: what is at work, and as many that wait for it."""
        return 2 * max(2, int(resources().get("CPU", 1)))

    def _next(self, found: ScannedFile, known: PathRow | None) -> _Next:
        """A file, and the task that reads who it is, unless its stat tells."""
        same = known is not None and (known.size, known.mtime_ns) == (found.size, found.mtime_ns)
        return _Next(found, known, None if same or found.error is not None else self._look.remote(found.path))

    def _can_begin(self, each: _Next) -> bool:
        """Whether it is known who a file is, and no video of the same media is at work, of which it may copy."""
        if each.reading is not None:
            if not self._ray.wait([each.reading], timeout=0)[0]:
                return False
            try:
                looked = self._ray.get(each.reading)
            except self._ray.exceptions.RayTaskError:
                raise
            except self._ray.exceptions.RayError:
                error = MediaError(_deadly(each.found.path, TRIES + 1), code="crashed")
                looked = FileRead(error, error)
            self._looked[each.found.path], each.reading = looked, None
        looked = self._looked.get(each.found.path)
        media_id = looked.media_id if looked else each.known.media_id if each.known else None
        return all(errand.job.media_id != media_id for errand in self._running.values())

    @property
    def _looked(self) -> dict[Path, FileRead]:
        assert isinstance(self._register, _FarRegister)
        return self._register.looked

    def _begin(self, each: _Next, rows: dict[str, VideoRow]) -> IndexReport | None:
        """Enter a file and give its stages; a report where that cannot be."""
        found = each.found
        try:
            with self.store.claim(str(found.path)) as ours:
                if not ours:
                    self._left.add(found.path, "busy")
                    return None
                job = self._entered(found, each.known, rows)
        except Exception as error:  # noqa: BLE001 - of whatever kind, it costs this file and no other
            return self._failed(found, error_of_file(error, found.path))
        finally:
            self._looked.pop(found.path, None)
        self._give(_Errand(found, job))
        return None

    def _give(self, errand: _Errand) -> None:
        again = errand.crashed + errand.lost > 0
        run = self._boxed[0].hex()
        self._running[self._stages.remote(run, self._boxed, errand.job, self.stages, again)] = errand

    def _heard(self, task: Any, on_event: Callable[[IndexEvent], None]) -> IndexReport | None:
        """What a task sent, or that it died; the report where its video is done."""
        errors = self._ray.exceptions
        try:
            told: Sent = self._ray.get(next(task))
        except errors.RayTaskError as error:
            raise error.cause from error
        except errors.RayError as error:
            return self._died(self._running.pop(task), error)
        errand = self._running[task]
        for event in told.events:
            if isinstance(event, StageFinished):
                errand.heard[event.result.stage] = event.result
            elif isinstance(event, StageStarted):
                errand.stage = event.stage
            on_event(event)
        if not told.end:
            return None
        del self._running[task]
        if isinstance(told.outcome, ErrorInfo):
            return self._failed(errand.found, told.outcome)
        if told.outcome is None:
            self._left.add(errand.found.path, "busy")
            return None
        return self._report(told.outcome)

    def _died(self, errand: _Errand, error: Exception) -> IndexReport | None:
        """Give a video again whose process or machine is gone, but not for ever."""
        if isinstance(error, self._ray.exceptions.NodeDiedError):
            errand.lost += 1
        else:
            errand.crashed = errand.crashed + 1 if errand.stage == errand.died_in else 1
            errand.died_in = errand.stage
        if errand.crashed < TRIES and errand.lost < 10 * TRIES:
            self._give(errand)
            return None
        job = errand.job
        job.results = job.results | errand.heard
        job.error = ErrorInfo("crashed", _deadly(errand.found.path, errand.crashed or errand.lost))
        return self._report(job)


def _engine(boxed: list[Any], role: str) -> Any:
    """The model of an actor, made over there."""
    import ray

    place: Workplace = ray.get(boxed[0])
    place.require_same()
    return getattr(place.engines, role)


def _deadly(path: Path, times: int) -> str:
    return (
        f"{path} ended the process that read it {times} times, so it was given up (a fault in a decoder, or not enough "
        "memory): index it alone, without a cluster, to see more"
    )
