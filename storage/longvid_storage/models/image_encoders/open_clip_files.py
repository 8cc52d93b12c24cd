"""Where the files of an open_clip model lie on this disk, however the user named it. Nothing is fetched here."""

from __future__ import annotations

import difflib
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longvid_storage.errors import MissingExtraError, ModelError
from longvid_storage.models.weights import find_weights, fingerprint_of, hub_cache, hub_folder

CONFIG = "open_clip_config.json"
# In the order in which open_clip itself prefers them.
WEIGHTS = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth",
    "model.safetensors",
    "pytorch_model.bin",
    "pytorch_model.pth",
    "model.pth",
)
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "spiece.model")


@dataclass(frozen=True, slots=True)
class OpenClipFiles:
    """An open_clip model on this disk.

    Attributes:
        label: its name without the place where it lies.
        source: what open_clip's own functions are told: an architecture, or ``local-dir:`` and a directory.
        weights: the file of its weights.
        directory: the directory that holds its configuration, or None for an architecture that open_clip knows.
        settings: what those weights were trained with, in the words of ``create_model_from_pretrained``.
    """

    label: str
    source: str
    weights: Path
    directory: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def fingerprint(self) -> str:
        """Weights, and where they are beside them, configuration and vocabulary."""
        beside = [] if self.directory is None else [self.directory / name for name in (CONFIG, *_TOKENIZER)]
        return fingerprint_of([self.weights, *(path for path in beside if path.is_file())])

    @property
    def has_tokenizer(self) -> bool:
        """Whether a tokenizer of transformers lies beside the weights."""
        return any((self.weights.parent / name).is_file() for name in _TOKENIZER)

    def config(self) -> dict[str, Any]:
        """open_clip's description of the model.

        Raises:
            ModelError: it cannot be read. MissingExtraError: open_clip is needed for it, and not installed.
        """
        if self.directory is None:
            return dict(import_open_clip().get_model_config(self.source))
        path = self.directory / CONFIG
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
            return dict(config["model_cfg"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{path} is no description of an open_clip model ({error}): copy the model's own {CONFIG} there"
            ) from error


def import_open_clip() -> Any:
    """open_clip, or one sentence that says what to install."""
    try:
        return importlib.import_module("open_clip")
    except ImportError as error:
        raise MissingExtraError(
            f"picture search needs {error.name}, which is not installed: pip install 'longvid[models]'"
        ) from error


def find_files(model: str | Path, weights: str | Path | None = None) -> OpenClipFiles:
    """The files of ``model``: a directory (also ``local-dir:PATH``), a hub id (also ``hf-hub:ID``), one of
    open_clip's names (``"ViT-L-14"``), or a name and a tag (``"ViT-L-14/laion2b_s32b_b82k"``).

    Args:
        weights: a file of weights for an architecture, or a directory with configuration and weights.

    Raises:
        ModelError: they are not on this disk (code ``"no_weights"``), or open_clip knows no such name.
        MissingExtraError: open_clip is needed to understand the name, and not installed.
    """
    name = str(model)
    kind, _, rest = name.partition(":")
    given = Path(weights).expanduser() if weights is not None else None
    if given is not None and given.is_dir():
        return _in_directory(given, name)
    if kind == "hf-hub":
        return _in_directory(find_weights(rest, "image"), rest)
    place = Path(rest if kind == "local-dir" else name).expanduser()
    if kind == "local-dir" or (given is None and place.is_dir()):
        return _in_directory(place, place.resolve().name)
    if given is None and (hub_cache() / hub_folder(name)).is_dir():
        return _in_directory(find_weights(name, "image"), name)
    if given is not None and not given.is_file():
        raise _no_weights(name, f"there is no file {given}")
    return _of_architecture(name, given)


def _no_weights(name: str, why: str) -> ModelError:
    return ModelError(
        f"the weights of open_clip {name} are not on this disk ({why}): give weights=FILE, a directory with "
        f"{CONFIG} and weights, or hf-hub:ID of a model in the hub's cache",
        code="no_weights",
    )


def _in_directory(directory: Path, label: str) -> OpenClipFiles:
    if not (directory / CONFIG).is_file():
        raise _no_weights(label, f"no {CONFIG} in {directory}")
    names = [name for name in WEIGHTS if (directory / name).is_file()]
    others = sorted(path.name for end in ("safetensors", "bin", "pth") for path in directory.glob(f"*.{end}"))
    if not names and len(others) != 1:
        raise _no_weights(label, f"no {WEIGHTS[0]} beside {directory / CONFIG}")
    return OpenClipFiles(label, f"local-dir:{directory}", directory / (names or others)[0], directory)


def _of_architecture(name: str, weights: Path | None) -> OpenClipFiles:
    """One of open_clip's own names, with the file given or with those of its tags that the hub's cache holds."""
    open_clip = import_open_clip()
    architecture, _, tag = name.partition("/")
    if open_clip.get_model_config(architecture) is None:
        near = difflib.get_close_matches(architecture, open_clip.list_models(), 3)
        like = f" (did you mean {' or '.join(near)}?)" if near else ""
        raise ModelError(
            f"open_clip knows no model {name}{like}: give one of its names, a hub id whose files are on this "
            "disk, or a directory",
            code="unknown_model",
        )
    tags = [tag] if tag else ([] if weights else open_clip.list_pretrained_tags_by_model(architecture))
    known = {each: open_clip.get_pretrained_cfg(architecture, each) for each in tags}
    if tag and not known[tag]:
        all_tags = ", ".join(open_clip.list_pretrained_tags_by_model(architecture))
        raise ModelError(
            f"open_clip knows no weights {tag} of {architecture}: it is {all_tags}", code="unknown_model"
        )
    if weights is not None:
        return OpenClipFiles(name, architecture, weights, settings=_settings(known[tag]) if tag else {})
    here = {each: path for each, settings in known.items() if (path := _cached(settings)) is not None}
    if not here:
        raise _no_weights(name, "none of its tags is in the hub's cache")
    if len(here) > 1:
        raise ModelError(
            f"the hub's cache holds several weights of open_clip {name}: say which, "
            + " or ".join(f"{architecture}/{each}" for each in here)
        )
    ((tag, path),) = here.items()
    return OpenClipFiles(f"{architecture}/{tag}", architecture, path, settings=_settings(known[tag]))


def _cached(settings: Mapping[str, Any]) -> Path | None:
    """The weights of a tag in the hub's cache; its place is ``"org/repository/"`` or ``"org/repository/file"``."""
    repository, _, file = str(settings.get("hf_hub", "")).rpartition("/")
    if not repository:
        return None
    try:
        directory = find_weights(repository, "image")
    except ModelError:
        return None  # this tag is not here; others may be
    safe = Path(file).with_suffix(".safetensors").name if file else ""
    names = [name for name in (safe, file) if name] or list(WEIGHTS[:3])
    return next((directory / name for name in names if (directory / name).is_file()), None)


def _settings(known: Mapping[str, Any]) -> dict[str, Any]:
    """How a tag's pictures were prepared, and which activation its weights were trained with."""
    settings = {
        f"image_{key}": known[key]
        for key in ("mean", "std", "interpolation", "resize_mode")
        if known.get(key) is not None
    }
    if known.get("quick_gelu"):
        settings["force_quick_gelu"] = True
    return settings
