"""``longvid doctor``: what would run here for each role, on which device, why, and what to type to get better."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from longvid.engines import Choice, Engines
from longvid.models.naming import Plan
from longvid.models.registry import third_party
from longvid.models.roles import ROLES
from longvid.paths import default_library
from longvid_storage.errors import LongvidError


@dataclass(frozen=True, slots=True)
class RoleState:
    """One role: what runs (``"off"``: nothing) and where; ``problem`` is why it cannot, though it is asked for."""

    title: str
    runs: str
    device: str | None
    why: str
    better: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found; ``library_error`` is None when the library opens or does not exist yet."""

    longvid: str
    python: str
    config: str | None
    library: str
    library_videos: int | None
    library_error: str | None
    vector_index: str
    roles: dict[str, RoleState]
    problems: tuple[str, ...]


def examine(library: Path | None = None, engines: Engines | None = None) -> Examination:
    """Look around; loads no model."""
    path = library or default_library()
    chosen = engines or Engines()
    videos, error = _library(path, chosen)
    return Examination(
        longvid=metadata.version("longvid"),
        python=platform.python_version(),
        config=None if chosen.config.path is None else str(chosen.config.path),
        library=str(path),
        library_videos=videos,
        library_error=error,
        vector_index="faiss"
        if util.find_spec("faiss")
        else "exact (numpy); for speed: pip install 'longvid[cpu]'",
        roles={role: _role(choice, chosen.device) for role, choice in chosen.choices.items()},
        problems=third_party().problems,
    )


def _library(path: Path, engines: Engines) -> tuple[int | None, str | None]:
    """How many videos, and what keeps the library from opening; ``auto`` is settled while it is open."""
    from longvid.library import Library

    if not path.exists():
        return None, None
    try:
        with Library.open(path, engines=engines) as lib:
            count = len(lib.videos())
            _ = engines.choices  # they may depend on what the library holds
            return count, None
    except LongvidError as error:
        return None, error.message


def _role(choice: Choice, device: str | None) -> RoleState:
    title = ROLES[choice.role].title
    if choice.plan is None:
        return RoleState(title, "off", None, choice.why, choice.better, None)
    try:
        choice.plan.make(device)
        where, problem = _device(choice.plan, device), None
    except LongvidError as error:
        where, problem = None, error.message
    return RoleState(title, choice.name, where, choice.why, choice.better, problem)


def _device(plan: Plan, device: str | None) -> str:
    """Where it would run; an adapter that takes no device runs on the processor, or on a server of its own.

    Raises:
        ModelError: that device is not here.
    """
    if plan.options.get("base_url"):
        return str(plan.options["base_url"])
    if "base_url" in plan.takes:
        return "a server"
    if "device" not in plan.takes or util.find_spec("torch") is None:
        return "cpu"
    from longvid_storage.torch_device import pick_device

    return pick_device(plan.options.get("device", device), f"the {plan.role} model {plan.name}")


def render(found: Examination) -> str:
    """For people."""
    state = found.library_error or (
        "none there yet" if found.library_videos is None else f"{found.library_videos} videos"
    )
    lines = [
        f"longvid {found.longvid} on Python {found.python}",
        f"library       {found.library} ({state})",
        f"models from   {found.config or 'no longvid.toml: auto'}",
        f"vector index  {found.vector_index}",
        "",
    ]
    for role in found.roles.values():
        place = f" on {role.device}" if role.device else ""
        lines.append(f"{role.title:13} {role.runs}{place} ({role.why})")
        if role.problem:
            lines.append(f"{'':13} cannot run: {role.problem}")
        if role.better:
            lines.append(f"{'':13} better: {role.better}")
    lines += [f"! {problem}" for problem in found.problems]
    return "\n".join(lines)
