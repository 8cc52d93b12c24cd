"""Which models the videos of a cluster share: those of ``[ray.models]``, where it is silent those that GPUs run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from longvid.models.registry import ROLES, role_named
from longvid_indexer.cluster_models import ROLES as SHARED
from longvid_indexer.cluster_models import Share
from longvid_storage.errors import UsageError

if TYPE_CHECKING:
    from longvid.engines import Engines

_KEYS = {"actors": 1, "cpus": 1.0, "gpus": 0.0}
_MOST = {"actors": 1000, "cpus": 1000, "gpus": 100}


def shares(engines: Engines, has: Mapping[str, float]) -> dict[str, Share]:
    """Engine → its actors, on a cluster that ``has`` so many ``"CPU"`` and ``"GPU"``.

    Without a configuration, models that can run on a GPU are shared where there is one: each role has one actor for
    each GPU, an equal part of it, and all actors together at most half of the processors. Without a GPU nothing is.

    Raises:
        UsageError: ``[ray.models]`` names something else.
    """
    told = engines.config.ray
    unknown = sorted(set(told) - {"models"})
    models = told.get("models", {})
    if unknown or not isinstance(models, dict):
        raise UsageError(
            f"{engines.config.path}: ray is {dict(told)!r:.200}, it is a table: [ray.models], then "
            "ROLE = { actors = 1, cpus = 1, gpus = 0.5 }"
        )
    if models:
        named = {
            ROLES[role_named(role, str(engines.config.path))].engine: each for role, each in models.items()
        }
        return {engine: _share(engine, each, str(engines.config.path)) for engine, each in named.items()}
    gpus = int(has.get("GPU", 0))
    if not gpus or not (engines.device or "cuda").startswith("cuda"):
        return {}
    plans = {info.engine: engines.choices[info.role].plan for info in ROLES.values() if info.engine in SHARED}
    on_gpu = [engine for engine, plan in plans.items() if plan is not None and "device" in plan.takes]
    if not on_gpu:
        return {}
    cpus = min(1.0, has.get("CPU", 0) / 2 / (gpus * len(on_gpu)))
    part = math.floor(100 / len(on_gpu)) / 100
    return {engine: Share(gpus, round(cpus, 2), part) for engine in on_gpu}


def _share(engine: str, given: Any, place: str) -> Share:
    if engine not in SHARED:
        shared = sorted(info.role for info in ROLES.values() if info.engine in SHARED)
        raise UsageError(f"{place} [ray.models]: only {', '.join(shared)} can be shared by videos")
    numbers = {**_KEYS, **given} if isinstance(given, dict) else {}
    sound = set(numbers) == set(_KEYS) and all(
        type(value) in (int, float) and 0 <= value <= _MOST[key] for key, value in numbers.items()
    )
    if not sound or numbers["actors"] != int(numbers["actors"]) or numbers["actors"] < 1:
        raise UsageError(
            f"{place} [ray.models]: {given!r:.200} is no share: give actors (1 and more), cpus and gpus (0 and more)"
        )
    return Share(int(numbers["actors"]), numbers["cpus"], numbers["gpus"])
