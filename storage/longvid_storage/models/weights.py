"""Where a model's files lie on this disk, and what tells two versions of them apart. Nothing is fetched here."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from longvid_storage.errors import ModelError

# What decides how a model computes: weights, settings, vocabularies.
_TELLING = {".safetensors", ".bin", ".pt", ".onnx", ".json", ".txt", ".model", ".jinja"}
_WEIGHTS = {".safetensors", ".bin", ".pt", ".pth", ".onnx"}
_EDGE = 1 << 20
MOST_LAYERS = 10_000
"""Of a model, far more than any has."""
BROKEN_WEIGHTS = (
    *(
        OSError,
        RuntimeError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        AssertionError,
        ArithmeticError,
    ),
    *(EOFError, MemoryError, UnpicklingError, struct.error),
)
"""What the libraries that read weights raise where a file is damaged or another's: they check little, and fall where
they come to."""


def broken_weights(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """The same, ``more``, and what safetensors and the checks of transformers' configurations raise: classes of their
    own, asked for by who has loaded these."""
    from huggingface_hub import errors
    from safetensors import SafetensorError

    strict = getattr(errors, "StrictDataclassError", SafetensorError)
    return (*BROKEN_WEIGHTS, SafetensorError, strict, *more)


def hub_cache() -> Path:
    """The Hugging Face hub's cache directory, by its own environment variables."""
    if place := os.environ.get("HF_HUB_CACHE"):
        return Path(place)
    if home := os.environ.get("HF_HOME"):
        return Path(home) / "hub"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huggingface" / "hub"


def hub_folder(repository: str) -> str:
    """What the hub's cache calls the folder of a repository: ``Qwen/Qwen3`` → ``models--Qwen--Qwen3``."""
    return f"models--{repository.replace('/', '--')}"


def find_weights(model: str | Path, role: str) -> Path:
    """The directory of a model given as a directory or as a hub id (``"Qwen/Qwen3-VL-8B-Instruct"``).

    Of a hub id it is the snapshot that the cache's ``refs/main`` names, else the newest one.

    Raises:
        ModelError: it is not on this disk (code ``"no_weights"``); ``role`` says in the message what it is for. Or its
            configuration asks for more than ``MOST_LAYERS``, its tokenizer for what no model's does.
    """
    from longvid_storage.models.tokenizer_file import check_tokenizer

    directory = _found(model, role)
    _check_layers(directory / "config.json")
    for pattern in ("tokenizer.json", "*/tokenizer.json"):
        for tokenizer in directory.glob(pattern):
            check_tokenizer(tokenizer)
    return directory


def _check_layers(config: Path) -> None:
    """Whoever builds a model makes its layers before any weight is read, however many are asked for."""
    try:
        waiting: list[Any] = [json.loads(config.read_text(encoding="utf-8"))]
    except (OSError, ValueError):
        return  # not there, or nothing that can be read: whoever loads it says so
    while waiting:
        each = waiting.pop()
        waiting += each.values() if isinstance(each, dict) else each if isinstance(each, list) else []
        for key, value in each.items() if isinstance(each, dict) else ():
            if "layers" in key and isinstance(value, int | float) and value > MOST_LAYERS:
                raise ModelError(
                    f"{config} asks for more than {MOST_LAYERS:,} layers ({key}): no model has so many, check where "
                    "the directory comes from"
                )


def _found(model: str | Path, role: str) -> Path:
    directory = Path(model).expanduser()
    if directory.is_dir():
        return directory
    repository = hub_cache() / hub_folder(str(model))
    reference = repository / "refs" / "main"
    if reference.is_file():
        named = repository / "snapshots" / reference.read_text(encoding="utf-8").strip()
        if named.is_dir():
            return named
    snapshots = [path for path in (repository / "snapshots").glob("*") if path.is_dir()]
    if snapshots:
        return max(snapshots, key=lambda path: path.stat().st_mtime)
    raise ModelError(
        f"the {role} model {model} is not on this disk: give the directory of its files, or fetch it with "
        f"longvid models pull {model}",
        code="no_weights",
    )


def complete(directory: Path) -> bool:
    """Whether a model's directory holds weights, and of weights in several files each one that its index names."""
    indexes = list(directory.glob("*.safetensors.index.json"))
    for index in indexes:
        try:
            parts = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (ValueError, KeyError, TypeError, AttributeError):
            return False  # an index cut short names nothing: the model has to be fetched again
        if not all((directory / part).is_file() for part in parts):
            return False
    return bool(indexes) or any(path.suffix in _WEIGHTS and path.is_file() for path in directory.iterdir())


def is_main(path: Path) -> bool:
    """Whether a path in the hub's cache lies in the snapshot that the repository's ``refs/main`` names."""
    for snapshot in (path, *path.parents):
        if snapshot.parent.name == "snapshots":
            reference = snapshot.parent.parent / "refs" / "main"
            return reference.is_file() and reference.read_text(encoding="utf-8").strip() == snapshot.name
    return False


def fingerprint_of(paths: Path | Iterable[Path]) -> str:
    """Sixteen hex digits over names, sizes and the first and last mebibyte of each file.

    ``paths``: files, or one directory whose weights, settings and vocabularies count. Tells versions apart without
    reading gigabytes; it is no checksum.
    """
    if isinstance(paths, Path) and paths.is_dir():
        root = paths
        files = sorted(path for path in root.rglob("*") if path.is_file() and path.suffix in _TELLING)
        names = [path.relative_to(root).as_posix() for path in files]
    else:
        files = [paths] if isinstance(paths, Path) else list(paths)
        names = [path.name for path in files]
    digest = hashlib.sha256()
    for name, path in zip(names, files, strict=True):
        size = path.stat().st_size
        digest.update(f"{name}\0{size}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read(_EDGE))
            file.seek(max(0, size - _EDGE))
            digest.update(file.read())
    return digest.hexdigest()[:16]


@contextmanager
def offline_hub() -> Iterator[None]:
    """The Hugging Face hub out of reach: its libraries read their cache, and fail where they would fetch.

    For a third party's loading code that cannot be told so by an argument of its own.
    """
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
