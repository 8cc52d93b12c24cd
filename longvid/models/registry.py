"""All models and adapters of a role: longvid's own tables, and what other distributions add by entry point.

A distribution adds models with an entry point of the group ``longvid.models`` that names a ``ModelRecord`` or an
iterable of them::

    [project.entry-points."longvid.models"]
    acme = "acme_longvid:MODELS"
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import Any

from longvid.models.roles import ROLES
from longvid_storage.models.model_record import ModelRecord, Role

GROUP = "longvid.models"


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """What entry points gave: records, and one sentence for each entry point that gave none."""

    records: tuple[ModelRecord, ...]
    problems: tuple[str, ...]


def records(role: Role) -> tuple[ModelRecord, ...]:
    """The models of a role, the preferred one first, those of other distributions last."""
    return _own(role) + tuple(record for record in third_party().records if record.role == role)


def _own(role: Role) -> tuple[ModelRecord, ...]:
    table: tuple[ModelRecord, ...] = _of_module(role, ROLES[role].table, ())
    return table


def adapters(role: Role) -> dict[str, str]:
    """Short name → ``"module:class"`` of everything that runs models of a role."""
    known: dict[str, str] = _of_module(role, "ADAPTERS", {})
    return known


def _of_module(role: Role, name: str, default: Any) -> Any:
    """A table of the role's module, ``default`` where it has none."""
    module = ROLES[role].module
    if importlib.util.find_spec(module) is None:
        return default
    return getattr(importlib.import_module(module), name, default)


def third_party() -> ThirdParty:
    """The models that installed distributions add; a broken entry point costs its own models and nothing else."""
    return _third_party(tuple(sys.path))


@lru_cache(maxsize=4)
def _third_party(path: tuple[str, ...]) -> ThirdParty:
    found: list[ModelRecord] = []
    problems: list[str] = []
    for entry in metadata.entry_points(group=GROUP):
        try:
            given = entry.load()
            new = [given] if isinstance(given, ModelRecord) else list(given)
            wrong = _what_is_wrong(new, found)
        except Exception as error:  # noqa: BLE001 -- another distribution's code may raise anything
            wrong = f"{type(error).__name__}: {error}"
        if wrong:
            origin = entry.dist.name if entry.dist is not None else entry.value
            problems.append(
                f"the models {entry.name!r} of the package {origin} are left out ({wrong}): update or remove it"
            )
        else:
            found += new
    return ThirdParty(tuple(found), tuple(problems))


def _what_is_wrong(new: Iterable[object], known: Iterable[ModelRecord]) -> str | None:
    names = {(record.role, record.name) for record in known}
    names |= {(record.role, record.name) for info in ROLES.values() for record in _own(info.role)}
    for each in new:
        if not isinstance(each, ModelRecord):
            return f"it gives a {type(each).__name__}, not a ModelRecord"
        if each.role not in ROLES:
            return f"{each.name} has the unknown role {each.role!r}"
        if (each.role, each.name) in names:
            return f"{each.name} is there already"
        names.add((each.role, each.name))
    return None
