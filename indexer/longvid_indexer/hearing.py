"""Loading a model that hears through transformers: the same steps, and the same sentences, for every role."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from longvid_storage.errors import ModelError, first_line
from longvid_storage.models.torch_device import (
    import_torch,
    import_transformers,
    no_panic,
    pick_device,
    pick_dtype,
    quiet_transformers,
)
from longvid_storage.models.weights import broken_weights, find_weights


@dataclass(frozen=True, slots=True)
class Hearing:
    """A loaded model, what prepares sound (and text) for it, and torch."""

    torch: Any
    processor: Any
    model: Any


def load_hearing(
    place: str | Path,
    *,
    role: str,
    name: str,
    model_class: str,
    processor_class: str,
    device: str | None,
    wanted: str,
    without: tuple[str, ...] = (),
) -> Hearing:
    """Load a checkpoint from this disk; nothing is fetched, and weights are read without running code in them.

    Args:
        place: a directory, or a hub id.
        role, name: whom an error is about, such as ``"speakers"``, ``"microsoft/wavlm-base-plus-sv"``.
        model_class, processor_class: names in transformers.
        device: as ``pick_device`` takes it.
        wanted: what to give instead, for the error message.
        without: beginnings of the names of weights that the model does without.

    Raises:
        MissingExtraError: torch or transformers is not installed.
        ModelError: the files are not here, not whole, or of another kind of model.
    """
    what = f"the {role} model {name}"
    torch = import_torch(what)
    transformers = import_transformers(what)

    directory = find_weights(place, role)
    at = pick_device(device, what)
    try:
        with quiet_transformers(transformers), no_panic(what):
            processor = getattr(transformers, processor_class).from_pretrained(
                directory, local_files_only=True, trust_remote_code=False
            )
            model, found = getattr(transformers, model_class).from_pretrained(
                directory,
                local_files_only=True,
                trust_remote_code=False,
                dtype=pick_dtype(at),
                output_loading_info=True,
            )
    except UnpicklingError as error:
        raise ModelError(
            f"{what} cannot be loaded: its weights file holds more than tensors, and code in one is never run; "
            f"give {wanted}",
            code="bad_weights",
        ) from error
    except broken_weights() as error:
        raise ModelError(f"{what} cannot be loaded: {first_line(error)}; give {wanted}") from error
    # What a file lacks would be drawn at random, and hear nonsense.
    lacking = sorted(key for key in found["missing_keys"] if not key.startswith(without))
    lacking += sorted(str(key) for key in found["mismatched_keys"])
    if lacking:
        raise ModelError(
            f"{what} has no weights for {lacking[0]}: it is a model of another kind; give {wanted}"
        )
    return Hearing(torch, processor, model.to(at).eval())
