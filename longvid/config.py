"""``longvid.toml``: which models to use, said once instead of with flags.

::

    profile = "standard"            # or offline, max: a model for every role
    device = "cuda"

    [models]                        # single roles; stronger than the profile
    speech = "faster-whisper:large-v3"
    text = { model = "transformers:BAAI/bge-m3", device = "cpu" }
    rerank = "off"
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from longvid_storage.errors import UsageError

NAME = "longvid.toml"
VARIABLE = "LONGVID_CONFIG"
_KEYS = ("profile", "device", "models")


@dataclass(frozen=True, slots=True)
class Config:
    """What a configuration file says; ``path`` is None when there is none. Roles and names are not checked here."""

    path: Path | None = None
    profile: str | None = None
    device: str | None = None
    models: Mapping[str, str | Mapping[str, Any]] = field(default_factory=dict)


def find_config() -> Path | None:
    """``$LONGVID_CONFIG``, else ``longvid.toml`` in the working directory, else in the user's configuration."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    places = (Path(NAME), Path(platformdirs.user_config_dir("longvid")) / NAME)
    return next((place for place in places if place.is_file()), None)


def load_config(path: str | Path | None = None) -> Config:
    """The configuration at ``path``, or the one ``find_config`` finds; only one file is ever read.

    Raises:
        UsageError: it is not there, is not TOML, or holds something unknown.
    """
    place = Path(path) if path is not None else find_config()
    if place is None:
        return Config()
    try:
        found = tomllib.loads(place.read_text("utf-8"))
    except OSError as error:
        raise UsageError(
            f"the configuration {place} cannot be read: {error.strerror or error}; "
            f"name another with --config or ${VARIABLE}"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the configuration {place} is not TOML: {error}") from error
    return _checked(place, found)


def _checked(place: Path, found: dict[str, Any]) -> Config:
    unknown = sorted(set(found) - set(_KEYS))
    if unknown:
        raise UsageError(f"{place} has the unknown key {unknown[0]!r}: the keys are {', '.join(_KEYS)}")
    for key in ("profile", "device"):
        if not isinstance(found.get(key, ""), str):
            raise UsageError(f"{place}: {key} is {found[key]!r}, it is a string")
    models = found.get("models", {})
    if not isinstance(models, dict):
        raise UsageError(f'{place}: models is {models!r}, it is a table: [models], then ROLE = "SPEC"')
    return Config(place, found.get("profile"), found.get("device"), models)
