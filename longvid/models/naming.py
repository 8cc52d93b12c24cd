"""How a user names a model: ``NAME`` of a record, ``ADAPTER:MODEL``, ``auto`` or ``off``; and what that becomes."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from longvid.models.registry import adapters, records
from longvid_storage.errors import MissingExtraError, ModelError, UsageError
from longvid_storage.models.model_record import ModelRecord, Role

ModelSpec = str | Mapping[str, Any]
"""``"NAME"``, ``"ADAPTER:MODEL"``, ``"auto"``, ``"off"``, or a table: ``model`` and the adapter's options."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a user asked of a role: ``spec`` as written, ``options`` for the adapter, ``where`` it was written."""

    role: Role
    spec: str = "auto"
    options: Mapping[str, Any] = field(default_factory=dict)
    where: str = ""


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """How to make what runs: the adapter, the model it is given (None: the record's options name it), the options."""

    role: Role
    name: str
    implementation: str
    model: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    record: ModelRecord | None = None

    @property
    def adapter(self) -> type[Any]:
        """The class; the packages it needs are imported when it is first used."""
        module, _, name = self.implementation.partition(":")
        found: type[Any] = getattr(importlib.import_module(module), name)
        return found

    @property
    def takes(self) -> frozenset[str]:
        """The keywords of the adapter."""
        return frozenset(inspect.signature(self.adapter).parameters)

    @property
    def takes_model(self) -> bool:
        """Whether the adapter can be told a model: some have only the one that travels in their wheel."""
        parameters = inspect.signature(self.adapter).parameters.values()
        return any(each.kind is each.POSITIONAL_OR_KEYWORD for each in parameters)

    def make(self, device: str | None = None) -> Any:
        """The engine; ``device`` goes to an adapter that runs on one, unless the options name another.

        Raises:
            UsageError: the adapter does not take such an option, or no model.
            MissingExtraError: the package that runs it is not installed. ModelError: its weights are not here.
        """
        options = dict(self.options)
        if device is not None and "device" in self.takes:
            options.setdefault("device", device)
        if self.record is not None:
            options = {**self.record.options, **_weights(self.record, options, self.takes), **options}
        self._check(options)
        return self.adapter(*([] if self.model is None else [self.model]), **options)

    def _check(self, options: Mapping[str, Any]) -> None:
        parameters = inspect.signature(self.adapter).parameters
        if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
            return
        unknown = sorted(set(options) - set(parameters))
        given = next(iter(parameters), None) if self.model is not None else None
        if unknown or given in options:
            free = sorted(set(parameters) - {given, "weights"})
            raise UsageError(
                f"{self.role} = {self.name} has no option {', '.join(unknown) or given}: "
                f"its options are {', '.join(free) or 'none'}"
            )
        if self.model is not None and not self.takes_model:
            raise UsageError(
                f"{self.role} = {self.name} names a model, and that adapter has one only: "
                f"use {' or '.join(record.name for record in records(self.role))}"
            )


def _weights(record: ModelRecord, options: Mapping[str, Any], takes: frozenset[str]) -> dict[str, Any]:
    """The record's weights as an option, when it has files of its own that must be here."""
    if not record.installed:
        raise MissingExtraError(
            f"{record.name} needs {record.missing}: {record.how_to_install}",
            code="missing_extra",
        )
    if not record.weights or "weights" in options:
        return {}
    if record.weights_path is None:
        raise ModelError(
            f"the {record.role} model {record.name} is not on this disk: longvid models pull {record.name} "
            f"({record.download_mb} MB), or name another (longvid models --role {record.role})",
            code="no_weights",
        )
    return {"weights": record.weights_path} if "weights" in takes else {}


def wanted(role: Role, value: ModelSpec, where: str = "") -> Wanted:
    """What a string or a table asks of a role; ``where`` names the file or profile that says it.

    Raises:
        UsageError: it is neither, or no model answers to it.
    """
    if isinstance(value, str):
        asked = Wanted(role, value.strip(), {}, where)
    elif isinstance(value, Mapping) and isinstance(value.get("model", "auto"), str):
        options = {str(key): _option(each) for key, each in value.items() if key != "model"}
        asked = Wanted(role, value.get("model", "auto").strip(), options, where)
    else:
        raise UsageError(
            f"{role} is {value!r}{_inside(where)}: it is a string such as 'auto', or a table with the key 'model'"
        )
    if asked.spec not in ("auto", "off"):
        plan(asked)
    return asked


def _option(value: object) -> object:
    """TOML has lists; adapters take tuples."""
    return tuple(value) if isinstance(value, list) else value


def _inside(where: str) -> str:
    return f" in {where}" if where else ""


def plan(asked: Wanted) -> ModelPlan:
    """How to make the model that ``asked`` names (a record's name, or ``ADAPTER:MODEL``).

    Raises:
        UsageError: no model answers to that name.
    """
    role, spec = asked.role, asked.spec
    for record in records(role):
        if record.name == spec:
            return plan_of(record, asked.options)
    adapter, colon, model = spec.partition(":")
    known = adapters(role)
    if colon and model and adapter in known:
        return ModelPlan(role, spec, known[adapter], model, asked.options)
    names = "".join(f"{record.name}, " for record in records(role))
    raise UsageError(
        f"{role} is {spec!r}{_inside(asked.where)}: it is auto, off, {names}or ADAPTER:MODEL where ADAPTER is "
        f"{' or '.join(known) or 'nothing yet'}"
    )


def plan_of(record: ModelRecord, options: Mapping[str, Any] | None = None) -> ModelPlan:
    """How to make the model of a record."""
    return ModelPlan(record.role, record.name, record.implementation, None, options or {}, record)
