"""Models that all videos of a cluster share: an actor holds one, loaded once, and the tasks ask it.

A task sees its engines as ever; what it computes (``_ASKED``) is computed by an actor of that role, which has
its own processors and part of a GPU. What several videos ask meanwhile is computed in one batch where the role
promises that an answer does not depend on what is beside it (``_TOGETHER``).

An actor that dies is started again by Ray. A call that it was computing then counts as an attempt, and is tried again
by itself; a call that waited does not, so that what ends an actor fails alone.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from longvid_storage.errors import MediaError, UsageError

if TYPE_CHECKING:
    from longvid_indexer.stages.job import StageEngines

# Telling voices apart is not here: it takes the sound of a whole video, which goes through no store of objects.
_ASKED = {
    "transcriber": ("transcribe", "transcribe_many"),
    "sound_tagger": ("tag",),
    "screen_reader": ("read",),
    "text_encoder": ("encode",),
    "image_encoder": ("encode_images", "encode_texts"),
}
ROLES = tuple(_ASKED)
"""The engines that can be shared."""
_TOGETHER = {"encode": 512, "transcribe_many": 32}
"""What is computed for several videos at once, and of how many texts or stretches at most."""
TRIES = 3
"""How often a call may end the actor that computes it, and a hundred times as often wait for one that died."""
_CALLS_AT_ONCE = 256
_AGAIN_S = 0.3


@dataclass(frozen=True, slots=True)
class Share:
    """How many actors hold the model of a role, and what each of them takes: processors, parts of a GPU."""

    actors: int
    cpus: float
    gpus: float


@dataclass(eq=False)
class _Call:
    name: str
    arguments: tuple[Any, ...]
    named: dict[str, Any]
    alone: bool
    done: bool = False
    answer: Any = None
    error: Exception | None = None


class Model:
    """What an actor is: one model. Calls come on threads, one of which computes, for those who wait beside it too.

    Args:
        engine: gives the model.
    """

    def __init__(self, engine: Callable[[], Any]) -> None:
        self._engine = engine()
        self._waiting: list[_Call] = []
        self._changing, self._computing = threading.Lock(), threading.Lock()

    def ask(
        self, name: str, alone: bool, arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> Iterator[tuple[Any, Exception | None] | None]:
        """None once it is begun, unless it was computed with another; then the answer, or what was raised."""
        call = _Call(name, arguments, named, alone)
        with self._changing:
            self._waiting.append(call)
        with self._computing:
            if not call.done:
                yield None
                self._compute(self._batch(call))
        yield call.answer, call.error

    def _batch(self, first: _Call) -> list[_Call]:
        """The call, and of those that wait what fits beside it."""
        with self._changing:
            batch, room = [first], _TOGETHER.get(first.name, 0)
            self._waiting.remove(first)
            if room and not first.alone:
                room -= len(first.arguments[0])
                for each in list(self._waiting):
                    alike = (each.name, each.named, each.alone) == (first.name, first.named, False)
                    if alike and len(each.arguments[0]) <= room:
                        room -= len(each.arguments[0])
                        self._waiting.remove(each)
                        batch.append(each)
        return batch

    def _compute(self, batch: list[_Call]) -> None:
        if len(batch) == 1:
            self._compute_alone(batch[0])
            return
        try:
            together = [one for call in batch for one in call.arguments[0]]
            answers = getattr(self._engine, batch[0].name)(together, **batch[0].named)
        except Exception:  # noqa: BLE001 - whose fault it is, is told where each is computed by itself
            for call in batch:
                self._compute_alone(call)
            return
        ends = accumulate((len(call.arguments[0]) for call in batch), initial=0)
        for call, (start, end) in zip(batch, pairwise(ends), strict=True):
            call.answer, call.done = answers[start:end], True

    def _compute_alone(self, call: _Call) -> None:
        try:
            found = getattr(self._engine, call.name)
            call.answer = found(*call.arguments, **call.named) if callable(found) else found
        except Exception as error:  # noqa: BLE001 - it is raised where it was asked
            call.error = error
        call.done = True


def require_room(shares: Mapping[str, Share], has: Mapping[str, float]) -> None:
    """Raise ``UsageError`` where a cluster that ``has`` so much could never start the actors and a task beside them."""
    cpus = sum(share.actors * share.cpus for share in shares.values())
    gpus = sum(share.actors * share.gpus for share in shares.values())
    if cpus > has.get("CPU", 0) - 1 or gpus > has.get("GPU", 0):
        raise UsageError(
            f"the shared models take {cpus:g} processors and {gpus:g} GPUs, and the cluster has {has.get('CPU', 0):g}, "
            f"one of which a video needs, and {has.get('GPU', 0):g}: give less to [ray.models] in longvid.toml"
        )


def start_actors(
    shares: Mapping[str, Share], engine: Callable[[str], Callable[[], Any]]
) -> dict[str, list[Any]]:
    """The actors of each role; ``engine(role)`` is called here, and what it gives in the actor."""
    import ray

    actor = ray.remote(max_restarts=-1, max_task_retries=0, max_concurrency=_CALLS_AT_ONCE)(Model)
    return {
        role: [
            actor.options(num_cpus=share.cpus, num_gpus=share.gpus).remote(engine(role))
            for _ in range(share.actors)
        ]
        for role, share in shares.items()
    }


class SharedEngines:
    """Engines of a task, of which some compute elsewhere.

    Args:
        engines: those of this process; what is shared of them loads no weights here.
        actors: role → the actors that hold its model.
    """

    def __init__(self, engines: StageEngines, actors: Mapping[str, list[Any]]) -> None:
        self._engines = engines
        self._shared = {
            role: _Asked(engine, role, held)
            for role, held in actors.items()
            if (engine := getattr(engines, role)) is not None
        }

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._shared.get(name) or getattr(self._engines, name)


class _Asked:
    """An engine that computes elsewhere, and what it is there: on a GPU its precision, so its fingerprint, is another.

    Args:
        engine: one that is here and never loads; it tells which methods there are.
        role: what it is.
        actors: one of them is asked.
    """

    def __init__(self, engine: Any, role: str, actors: list[Any]) -> None:
        self._engine, self._role, self._actors = engine, role, actors
        self._known: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in _ASKED[self._role]:
            getattr(self._engine, name)  # raises where it has no such method
            return lambda *arguments, **named: self._ask(name, arguments, named)
        if name not in self._known:
            self._known[name] = self._ask(name, (), {})
        return self._known[name]

    def _ask(self, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        import ray

        ended = waited = 0
        while ended < TRIES and waited < 100 * TRIES:
            began = False
            actor = random.choice(self._actors)
            try:
                for told in actor.ask.options(
                    num_returns="streaming", _generator_backpressure_num_objects=1
                ).remote(name, ended + waited > 0, arguments, named):
                    outcome = ray.get(told)
                    if outcome is not None:
                        answer, error = outcome
                        if error is not None:
                            raise error
                        return answer
                    began = True
            except ray.exceptions.RayActorError:
                ended, waited = ended + began, waited + (not began)
                time.sleep(_AGAIN_S)
        raise MediaError(
            f"the process of the {self._role} ended {ended or waited} times when this was asked of it, so the file was "
            "given up (a fault of the model, or not enough memory): index it alone, without a cluster, to see more",
            code="crashed",
        )
