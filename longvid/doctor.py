"""``longvid doctor``: what would run here for each role, on which device, why, and what to type to get better."""

from __future__ import annotations

import os
import platform
import textwrap
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from longvid.engines import Choice, Engines
from longvid.models.naming import ModelPlan
from longvid.models.profiles import PROFILES
from longvid.models.registry import ROLES, third_party
from longvid.paths import default_library
from longvid_storage.errors import LongvidError
from longvid_storage.text.shown import shown, without_password

_INDENT = 14
_MODELS_EXTRA = "pip install 'longvid[models]', then "


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
    """What was found.

    ``settings``: each setting and where it comes from.
    ``library_error`` is None when the library opens or does not exist yet; ``gpu`` when there is none or no torch to
    use it; ``config`` when there is no configuration.
    """

    longvid: str
    python: str
    torch: str | None
    gpu: str | None
    gpu_gb: float | None
    config: str | None
    profile: str | None
    library: str
    library_videos: int | None
    library_error: str | None
    vector_index: str
    roles: dict[str, RoleState]
    problems: tuple[str, ...]
    settings: dict[str, str]


def examine(library: str | Path | None = None, engines: Engines | None = None) -> Examination:
    """Look around; loads no model."""
    path = library or default_library()
    chosen = engines or Engines()
    videos, error = _library(path, chosen)
    gpu, gpu_gb = _gpu()
    return Examination(
        longvid=metadata.version("longvid"),
        python=platform.python_version(),
        torch=metadata.version("torch") if util.find_spec("torch") else None,
        gpu=gpu,
        gpu_gb=gpu_gb,
        config=None if chosen.config.path is None else str(chosen.config.path),
        profile=chosen.profile,
        library=without_password(str(path)),
        library_videos=videos,
        library_error=error,
        vector_index=_vector_index(str(path), chosen),
        roles=roles_of(chosen),
        problems=third_party().problems,
        settings=_settings(library, chosen),
    )


def roles_of(engines: Engines) -> dict[str, RoleState]:
    """What runs for each role; loads no model."""
    return {role: _role(choice, engines.device) for role, choice in engines.choices.items()}


def _settings(library: str | Path | None, engines: Engines) -> dict[str, str]:
    """Each setting → where it comes from."""
    from longvid_storage.search.memory import memory_bytes

    memory = f"{memory_bytes(engines.config.memory_mb) / 1e6:,.0f} MB"
    config = engines.config
    named = "$LONGVID_LIBRARY" if os.environ.get("LONGVID_LIBRARY") else "not set: the user's data directory"
    found = {
        "configuration": f"{config.path} ({config.origin})" if config.path else "none",
        "library": "given by a flag or the caller"
        if library is not None and str(library) != os.environ.get("LONGVID_LIBRARY")
        else named,
        "memory": f"not set: {memory} of a library"
        if config.memory_mb is None
        else f"{memory} of a library, from {config.path}",
        "device": engines.sources.get("device", ""),
        "profile": engines.sources.get("profile", ""),
    }
    for role in engines.choices:
        in_file = f"from {config.path}" if role in config.models else None
        by_profile = f"from the profile {engines.profile}" if engines.profile else None
        found[role] = engines.sources.get(role) or in_file or by_profile or "not set: auto"
    return found


def _library(path: str | Path, engines: Engines) -> tuple[int | None, str | None]:
    """How many videos, and what keeps the library from opening; ``auto`` is settled while it is open."""
    from longvid.library import Library

    try:
        with Library.open(path, engines=engines) as lib:
            count = lib.count()
            _ = engines.choices  # they may depend on what the library holds
            return count, None
    except LongvidError as error:
        return None, None if error.code == "no_library" else error.message


def _gpu() -> tuple[str | None, float | None]:
    """The GPU that torch sees first, and its memory in GB."""
    if util.find_spec("torch") is None:
        return None, None
    import torch

    if torch.cuda.is_available():
        seen = torch.cuda.get_device_properties(0)
        return str(seen.name), seen.total_memory / 1e9
    mps = getattr(torch.backends, "mps", None)
    return ("Apple's, through mps", None) if mps is not None and mps.is_available() else (None, None)


def _vector_index(place: str, engines: Engines) -> str:
    from longvid_storage.search.memory import vector_bytes
    from longvid_storage.search.vector_indexes import best_index_type

    if server := engines.config.vectors.get("milvus"):
        return f"Milvus at {without_password(server)}"
    if place.startswith("postgresql"):
        return "pgvector, where the server has it; else faiss in each process"
    kind = best_index_type().__name__
    if kind == "ExactIndex":
        return "exact (numpy); for speed: pip install 'longvid[cpu]'"
    most = f"up to {vector_bytes(engines.config.memory_mb) / 1e6:,.0f} MB, else by signs and SQL"
    return f"faiss{' on the GPU' if kind == 'FaissGpuIndex' else ''}, {most}"


def _role(choice: Choice, device: str | None) -> RoleState:
    title = ROLES[choice.role].title
    if choice.plan is None:
        return RoleState(title, "off", None, choice.why, choice.better, None)
    try:
        engine = choice.plan.make(device)
        getattr(engine, "fingerprint", None)  # cheap, and it needs the weights
        where, problem = _device(choice.plan, device), None
    except LongvidError as error:
        where, problem = None, error.message
    return RoleState(title, choice.name, where, choice.why, choice.better, problem)


def _device(plan: ModelPlan, device: str | None) -> str:
    """Where it would run; an adapter that takes no device runs on the processor, or on a server of its own.

    Raises:
        ModelError: that device is not here.
    """
    if "base_url" in plan.takes:
        return str(plan.options.get("base_url") or "a server")
    if "device" not in plan.takes or util.find_spec("torch") is None:
        return "cpu"
    from longvid_storage.models.torch_device import pick_device

    return pick_device(plan.options.get("device", device), f"the {plan.role} model {plan.name}")


def render(found: Examination) -> str:
    """For people: a few facts, then a paragraph for each role, then what to type to get everything."""
    state = found.library_error or (
        "none there yet"
        if found.library_videos is None
        else f"{found.library_videos} video{'s' * (found.library_videos != 1)}"
    )
    memory = f", {found.gpu_gb:.0f} GB" if found.gpu_gb else ""
    gpu = f"{found.gpu}{memory}" if found.gpu else "no GPU seen" if found.torch else "no torch"
    lines = [
        _fact("longvid", f"{found.longvid} on Python {found.python}"),
        _fact("torch", f"{found.torch or 'not installed'} ({gpu})"),
        _fact("vectors", found.vector_index),
        _fact(
            "models from",
            found.settings["configuration"] if found.config else "no longvid.toml: auto, and flags",
        ),
        _fact("library", f"{found.library.replace(str(Path.home()), '~', 1)} ({state})"),
    ]
    lines += ["", _fact("settings", "where each comes from")]
    lines += [
        _more(name, source) for name, source in found.settings.items() if not source.startswith("not set")
    ]
    for role in found.roles.values():
        place = f" on {role.device}" if role.device else ""
        lines += ["", _fact(role.title, f"{role.runs}{place}"), _more("why", role.why)]
        if role.problem:
            lines.append(_more("cannot run", role.problem))
        if role.better:
            lines.append(_more("better", role.better))
    if found.profile and any(role.problem for role in found.roles.values()):
        lines += ["", f"All that is missing: longvid models pull --profile {found.profile}"]
    elif found.config is None and any(role.better for role in found.roles.values()):
        name = "max" if (found.gpu_gb or 0) >= 0.9 * PROFILES["max"].memory_gb else "standard"
        lines += [
            "",
            f"Everything at once: {'' if found.torch else _MODELS_EXTRA}longvid models pull --profile {name}",
            f'Then put this line into longvid.toml: profile = "{name}"',
        ]
    lines += [f"! {shown(problem)}" for problem in found.problems]
    return "\n".join(lines)


def _fact(name: str, text: str) -> str:
    return f"{name:{_INDENT}}{shown(text)}"


def _more(name: str, text: str) -> str:
    """An indented line that wraps where the terminal ends, but not between an option and its value."""
    from longvid.printing import width

    whole = shown(text).replace("--model ", "--model\0")
    filled = textwrap.fill(
        f"{name}: {whole}",
        width(),
        initial_indent=" " * _INDENT,
        subsequent_indent=" " * (_INDENT + 2),
        break_on_hyphens=False,
        break_long_words=False,
    )
    return filled.replace("\0", " ")
