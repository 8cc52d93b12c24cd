"""``longvid.toml``: which models to use, said once instead of with flags.

::

    profile = "standard"            # or offline, max: a model for every role
    device = "cuda"
memory_mb = 2000                # of a library for searching it: docs/models.md

    [models]                        # single roles; stronger than the profile
    speech = "faster-whisper:large-v3"
    text = { model = "transformers:BAAI/bge-m3", device = "cpu" }
    rerank = "off"

    [answering]
    examples = "examples.jsonl"     # what a language model reads before a question: docs/answering.md

    [vectors]                       # search them in Milvus instead of in each process
    milvus = "http://milvus:19530"  # or a file, for milvus-lite
    index = "HNSW"                  # or FLAT, IVF_RABITQ, GPU_CAGRA

    [pictures]                      # large ones in an object store: docs/storage.md
    store = "s3://archive/pictures"
    database_kb = 16                # up to so much stays in the database

    [ray.models]                    # with --ray: models that all videos share: docs/cluster.md
    speech = { actors = 2, cpus = 1, gpus = 0.5 }

    [server]                        # of `longvid serve`: see longvid/server/settings.py
"""

from __future__ import annotations

import os
import re
import tomllib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from longvid.paths import read_text
from longvid_storage.errors import LongvidWarning, UsageError

if TYPE_CHECKING:
    from longvid_storage.picture_store import PictureStore


_MOST_BYTES = 1 << 20
NAME = "longvid.toml"
VARIABLE = "LONGVID_CONFIG"
_KEYS = ("profile", "device", "models", "memory_mb", "answering", "vectors", "pictures", "ray", "server")
_ANSWERING = ("examples",)
_VECTORS = ("milvus", "index")
_PICTURES = ("store", "database_kb")
_PICTURE_STORES = ("s3", "gs", "gcs", "az", "abfs", "abfss")
_DATABASE_KB = 16


_HERE = "found in the working directory, so for local models only"
# Options of adapters that a file may set which only happens to lie where longvid is run; and anything that is a number.
_HARMLESS = frozenset(("model", "device", "dtype", "compute_type", "language"))


@dataclass(frozen=True, slots=True)
class Config:
    """What a configuration file says; ``path`` is None when there is none. Roles and names are not checked here.

    ``found_here``: nobody named the file, it lies in the working directory, where somebody else may have put it; such
    a file may choose local models and no more. ``origin`` says in words how the file was found. ``examples``: the file
    of worked examples, where there is one. ``memory_mb``: the most that searching keeps of a library in memory.
    """

    path: Path | None = None
    profile: str | None = None
    device: str | None = None
    models: Mapping[str, str | Mapping[str, Any]] = field(default_factory=dict)
    server: Mapping[str, Any] = field(default_factory=dict, repr=False)
    vectors: Mapping[str, str] = field(default_factory=dict, repr=False)
    found_here: bool = False
    origin: str = ""
    examples: Path | None = None
    memory_mb: int | None = None
    ray: Mapping[str, Any] = field(default_factory=dict)
    pictures: PictureStore | None = None


def user_config() -> Path:
    """Where the user's own configuration lies."""
    return Path(platformdirs.user_config_dir("longvid")) / NAME


def _find(path: str | Path | None) -> tuple[Path, str] | None:
    """The file to read and how it was found; only one file is ever read."""
    if path is not None:
        return Path(path), "named by --config"
    if named := os.environ.get(VARIABLE):
        return Path(named), f"named by ${VARIABLE}"
    if Path(NAME).is_file():
        return Path(NAME), _HERE
    return (user_config(), "the user's own") if user_config().is_file() else None


def load_config(path: str | Path | None = None) -> Config:
    """The configuration at ``path``, else at ``$LONGVID_CONFIG``, else ``longvid.toml`` here, else the user's own.

    The one in the working directory is announced by a ``LongvidWarning``.

    Raises:
        UsageError: it is not there, is not TOML, holds something unknown, or lies in the working directory and names
            a server, a key or anything else than local models.
    """
    found = _find(path)
    if found is None:
        return Config()
    place, origin = found
    try:
        read = tomllib.loads(read_text(place, _MOST_BYTES))
    except OSError as error:
        raise UsageError(
            f"the configuration {place} cannot be read: {error.strerror or error}; "
            f"name another with --config or ${VARIABLE}"
        ) from error
    except (
        ValueError,
        RecursionError,
    ) as error:  # what is no TOML or UTF-8, too long a number, too deep a table
        raise UsageError(f"the configuration {place} is not TOML: {error}") from error
    return _checked(place, read, origin)


def _checked(place: Path, found: dict[str, Any], origin: str) -> Config:
    unknown = sorted(set(found) - set(_KEYS))
    if unknown:
        raise UsageError(f"{place} has the unknown key {unknown[0]!r}: the keys are {', '.join(_KEYS)}")
    for key in ("profile", "device"):
        if not isinstance(found.get(key, ""), str):
            raise UsageError(f"{place}: {key} is {found[key]!r}, it is a string")
    memory_mb = found.get("memory_mb")
    if memory_mb is not None and (type(memory_mb) is not int or not 1 <= memory_mb <= 1_000_000_000):
        raise UsageError(
            f"{place}: memory_mb is {memory_mb!r:.40}, it is a whole number of megabytes, 1 to 1,000,000,000"
        )
    models = found.get("models", {})
    if not isinstance(models, dict):
        raise UsageError(f'{place}: models is {models!r}, it is a table: [models], then ROLE = "SPEC"')
    server = found.get("server", {})
    if not isinstance(server, dict):
        raise UsageError(f"{place}: server is {server!r}, it is a table: [server], then NAME = VALUE")
    vectors = found.get("vectors", {})
    if not isinstance(vectors, dict) or (vectors and "milvus" not in vectors):
        raise UsageError(
            f'{place}: vectors is a table that names a server: [vectors], then milvus = "http://HOST:PORT"'
        )
    ray = found.get("ray", {})
    if not isinstance(ray, dict):
        raise UsageError(
            f"{place}: ray is {ray!r}, it is a table: [ray.models], then ROLE = {{ actors = 1 }}"
        )
    for key, value in vectors.items():
        if key not in _VECTORS or not isinstance(value, str):
            raise UsageError(
                f"{place}: vectors has {key} = {value!r}: its keys are {', '.join(_VECTORS)}, all strings"
            )
    pictures = _pictures(place, found.get("pictures"))
    here = origin == _HERE
    examples = _examples(place, found.get("answering", {}))
    if here and examples:
        raise not_from_here(place, "the answers", "names examples")
    if here and server:
        raise not_from_here(place, "the server", "has settings")
    if here and vectors:
        raise not_from_here(place, "the vectors", "names a server")
    if here and pictures:
        raise not_from_here(place, "the pictures", "names a store")
    if here:
        for role, spec in models.items():
            _require_harmless(place, role, spec)
        warnings.warn(f"settings are taken from {place.absolute()}, {origin}", LongvidWarning, stacklevel=3)
    return Config(
        place, found.get("profile"), found.get("device"), models, server, vectors, here, origin, examples,
        memory_mb, ray, pictures,
    )  # fmt: skip


def _pictures(place: Path, given: object) -> PictureStore | None:
    """Where the table ``[pictures]`` puts those that are too large for the database."""
    if given is None:
        return None
    from longvid_storage.picture_store import PictureStore

    kilobytes = given.get("database_kb", _DATABASE_KB) if isinstance(given, dict) else None
    if (
        not isinstance(given, dict)
        or set(given) - set(_PICTURES)
        or type(kilobytes) is not int
        or not 0 <= kilobytes <= 1_000_000
        or not isinstance(address := given.get("store"), str)
        or not re.fullmatch(rf"({'|'.join(_PICTURE_STORES)})://[^\s?#@]+", address)
    ):
        raise UsageError(
            f'{place}: pictures is {given!r:.200}, it is a table: [pictures], then store = "s3://BUCKET/FOLDER" (or '
            f"{', '.join(_PICTURE_STORES[1:])}; without user, key or query) and perhaps database_kb, 0 to 1,000,000"
        )
    return PictureStore(address, 1000 * kilobytes)


def _examples(place: Path, answering: object) -> Path | None:
    """The file that the table ``[answering]`` names, found from where the configuration lies."""
    if not isinstance(answering, dict) or set(answering) - set(_ANSWERING):
        raise UsageError(
            f'{place}: answering is {answering!r}, it is a table: [answering], then examples = "FILE"'
        )
    named = answering.get("examples")
    if named is not None and not isinstance(named, str):
        raise UsageError(f"{place}: examples is {named!r}, it is the name of a file of JSON lines")
    return None if named is None else place.parent / Path(named).expanduser()


def _require_harmless(place: Path, role: str, spec: object) -> None:
    for option, value in spec.items() if isinstance(spec, dict) else ():
        if option not in _HARMLESS and not isinstance(value, (bool, int, float)):
            raise not_from_here(place, role, f"sets {option}")


def not_from_here(place: Path | None, role: str, what: str) -> UsageError:
    """The refusal of a setting that only the user's own configuration may hold; ``what`` is a verb and its object."""
    return UsageError(
        f"{place} {what} for {role}, and a file that lies in the working directory may only choose local models: "
        f"put it into {user_config()}, or name the file with --config {place}"
    )
