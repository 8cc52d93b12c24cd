"""Loading a local language model, with eyes and ears where it has them, from the files of its checkpoint.

Nothing is fetched, no code of the checkpoint is run, weights are read from safetensors or one GGUF file, and every
weight of the architecture must come from the file: one that is missing would be drawn at random and answer nonsense.
"""

from __future__ import annotations

import io
import json
import re
import sys
from contextlib import AbstractContextManager, nullcontext, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longvid_agents.video_lms.families import Family, family_of
from longvid_storage.errors import MissingExtraError, ModelError, first_line
from longvid_storage.models.torch_device import (
    import_torch,
    import_transformers,
    no_panic,
    pick_device,
    pick_dtype,
    quiet_transformers,
)
from longvid_storage.models.weights import broken_weights

# What a configuration calls the part that sees; one of these makes a model one with eyes.
_EYES = {"vision_config", "vision_tower_config", "vq_config"}
_EARS = {"audio_config"}
# Tables that older versions saved with the weights and every version computes anew.
_COMPUTED = re.compile(r"(position_ids|inv_freq|masked_bias|num_batches_tracked)$")
_NAMED = 3
# False, not None: None asks at the terminal whether to run a checkpoint's code.
_HERE = {"local_files_only": True, "trust_remote_code": False}
# Without one of these a tokenizer is made with no words in it, and says nothing.
_VOCABULARIES = ("tokenizer.json", "vocab.json", "vocab.txt", "*.model", "tekken.json", "*.tiktoken")


@dataclass(frozen=True, slots=True)
class ModelKind:
    """What ``config.json`` says without loading anything."""

    model_type: str
    sees: bool
    hears: bool

    @property
    def family(self) -> Family:
        """What this type needs to be told."""
        return family_of(self.model_type)


@dataclass(frozen=True, slots=True)
class LoadedVideoLM:
    """A model ready to answer; ``processor`` is the tokenizer itself for one without eyes."""

    torch: Any
    model: Any
    processor: Any
    config: Any
    kind: ModelKind
    device: str

    @property
    def tokenizer(self) -> Any:
        """The tokenizer."""
        return getattr(self.processor, "tokenizer", self.processor)

    @property
    def context_tokens(self) -> int | None:
        """Tokens that fit its context, None when its files do not say."""
        text = self.config.get_text_config()
        known = getattr(text, "max_position_embeddings", None) or self.tokenizer.model_max_length
        return int(known) if known < 10**8 else None


def kind_of(place: Path, name: str) -> ModelKind:
    """Read ``config.json``; a GGUF file holds a model of words alone.

    Raises:
        ModelError: there is none, or it is not a model's.
    """
    if place.suffix == ".gguf":
        return ModelKind("gguf", sees=False, hears=False)
    try:
        config = json.loads((place / "config.json").read_text(encoding="utf-8"))
        parts = [config, config.get("thinker_config") or {}]
        return ModelKind(
            model_type=config["model_type"],
            sees=any(_EYES & set(part) for part in parts),
            hears=any(_EARS & set(part) for part in parts),
        )
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ModelError(
            f"{place} does not hold a model's config.json, so {name} cannot be loaded from it: give the directory "
            "that save_pretrained wrote or a .gguf file, or fetch the model again with longvid models pull"
        ) from error


def load(place: Path, name: str, *, device: str | None, dtype: str) -> LoadedVideoLM:
    """The model at ``place`` (a directory, or a GGUF file) on ``device``.

    ``dtype``: ``"auto"`` for what the device computes best in.

    Raises:
        MissingExtraError: torch, transformers, or a package that its processor needs is not installed.
        ModelError: the files are not a whole model of a known architecture (code ``"bad_weights"``), or it does
            not fit on the device (``"out_of_memory"``, ``"no_device"``).
    """
    what = f"the video-language model {name}"
    torch = import_torch(what)
    transformers = import_transformers(what)

    kind = kind_of(place, name)
    at = pick_device(device, what)
    precision = pick_dtype(at) if dtype == "auto" else getattr(torch, dtype, None)
    if not isinstance(precision, torch.dtype):
        raise ModelError(f"dtype is {dtype!r}: give auto, float32, bfloat16 or float16")
    if place.is_dir() and not any(any(place.glob(vocabulary)) for vocabulary in _VOCABULARIES):
        raise ModelError(
            f"{place} holds no vocabulary ({', '.join(_VOCABULARIES)}), so {name} can read nothing: fetch the model "
            "again with longvid models pull",
            code="bad_weights",
        )
    try:
        with quiet_transformers(transformers, bar=sys.stderr.isatty()), _no_bar_of(place), no_panic(what):
            processor, config, model, report = _read(transformers, place, kind, name, precision)
        _check(report, what)
        model = model.to(at).eval()
    except torch.OutOfMemoryError as error:
        raise ModelError(
            f"{what} does not fit into the memory of {at}: use a smaller model, or device='cpu'",
            code="out_of_memory",
        ) from error
    except ImportError as error:
        raise MissingExtraError(f"{what} needs more packages: {first_line(error)}") from error
    except broken_weights() as error:
        raise ModelError(
            f"{what} cannot be loaded from {place}: {first_line(error)}; its files may be cut short or of another "
            "model: fetch them again with longvid models pull, or name another model",
            code="bad_weights",
        ) from error
    return LoadedVideoLM(torch, model, processor, config, kind, at)


def _no_bar_of(place: Path) -> AbstractContextManager[object]:
    """transformers draws its bar of a GGUF file whatever it was told: only a terminal gets it."""
    drawn = place.is_dir() or sys.stderr.isatty()
    return nullcontext() if drawn else redirect_stderr(io.StringIO())


def _read(
    transformers: Any, place: Path, kind: ModelKind, name: str, precision: Any
) -> tuple[Any, Any, Any, Any]:
    """Processor (or tokenizer), configuration, model, and what transformers reports of its weights."""
    where: dict[str, Any] = dict(_HERE)
    if place.is_file():
        place, where["gguf_file"] = place.parent, place.name
    media = kind.sees or kind.hears
    reader = transformers.AutoProcessor if media else transformers.AutoTokenizer
    processor = reader.from_pretrained(place, **where)
    if media and not hasattr(processor, "tokenizer"):
        raise ModelError(
            f"{name} sees or hears, and {place} holds no processor for that (preprocessor_config.json or "
            "processor_config.json): fetch the model again with longvid models pull",
            code="bad_weights",
        )
    config = transformers.AutoConfig.from_pretrained(place, **where)
    if kind.family.part:
        config = getattr(config, kind.family.part)
    model, report = _class(transformers, kind, config, name).from_pretrained(
        place,
        config=config,
        dtype=precision,
        use_safetensors=True,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
        **where,
    )
    return processor, config, model, report


def _class(transformers: Any, kind: ModelKind, config: Any, name: str) -> Any:
    """The auto class that knows this configuration, or the family's own class."""
    if kind.family.model:
        return getattr(transformers, kind.family.model)
    names = ["AutoModelForMultimodalLM", "AutoModelForImageTextToText", "AutoModelForCausalLM"]
    for each in names if kind.sees or kind.hears else names[-1:]:
        auto = getattr(transformers, each, None)
        if auto is not None and type(config) in auto._model_mapping:
            return auto
    raise ModelError(
        f"{name} is a {kind.model_type}, which is not a model that writes: name one that transformers carries as "
        "image-text-to-text or as a causal language model",
        code="bad_weights",
    )


def _check(report: Any, what: str) -> None:
    """Raise unless the file held exactly the weights of the architecture."""
    found = {
        "lacks": sorted(report["missing_keys"]),
        "has other shapes of": sorted(str(key[0]) for key in report["mismatched_keys"]),
        "also holds": sorted(key for key in report["unexpected_keys"] if not _COMPUTED.search(key)),
    }
    wrong = [
        f"{verb} {', '.join(keys[:_NAMED])}{f' and {len(keys) - _NAMED} more' if len(keys) > _NAMED else ''}"
        for verb, keys in found.items()
        if keys
    ]
    if wrong:
        raise ModelError(
            f"the weights of {what} are of another architecture than its config.json: the file {' and '.join(wrong)}; "
            "fetch the model again with longvid models pull, or name another model",
            code="bad_weights",
        )
