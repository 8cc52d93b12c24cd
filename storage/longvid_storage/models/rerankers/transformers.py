"""Any cross-encoder that transformers loads: a local directory, or what the hub's cache holds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_storage.errors import ModelError, first_line
from longvid_storage.models.torch_device import (
    Precision,
    import_torch,
    import_transformers,
    in_batches,
    no_panic,
    pick_device,
    pick_precision,
)
from longvid_storage.models.weights import broken_weights, find_weights, fingerprint_of

BATCH = 32
_LONGEST = 512
_DTYPES: dict[Precision, str] = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


class TransformersReranker:
    """Scores pairs with a one-logit cross-encoder, or with the second of two logits against the first.

    Args:
        model: a directory, or the hub's name of a model whose files are in the hub's cache.
        weights: the directory that holds the named model's files.
        device: ``"cpu"``, ``"cuda"``, … or None for a GPU where there is one.
        precision: None for bf16 or fp16 on a GPU and fp32 on a CPU.

    Nothing is downloaded, and only safetensors are read. Weights are loaded at the first question, which raises:

    Raises:
        MissingExtraError: torch or transformers is not installed.
        ModelError: the model is not on this disk, is damaged, or is no cross-encoder.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        weights: str | Path | None = None,
        device: str | None = None,
        precision: Precision | None = None,
    ) -> None:
        self.name = str(model)
        self._place = weights if weights is not None else model
        self._wanted_device, self._wanted_precision = device, precision

    @property
    def _what(self) -> str:
        return f"the reranker {self.name}"

    @cached_property
    def _directory(self) -> Path:
        return find_weights(self._place, "rerank")

    @cached_property
    def precision(self) -> Precision:
        """What it computes in."""
        return pick_precision(self._wanted_precision, self._wanted_device, self._what)

    @cached_property
    def fingerprint(self) -> str:
        """Name, files, and a precision other than fp32; reading it loads no weights."""
        reduced = "" if self.precision == "fp32" else f"+{self.precision}"
        return f"{self.name}@{fingerprint_of(self._directory)}{reduced}"

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        """(tokenizer, model)."""
        directory = self._directory
        transformers = import_transformers(self._what)

        device = pick_device(self._wanted_device, self._what)
        try:
            here = {"local_files_only": True, "trust_remote_code": False}
            with no_panic(self._what):
                tokenizer = transformers.AutoTokenizer.from_pretrained(directory, **here)
            model = transformers.AutoModelForSequenceClassification.from_pretrained(
                directory, use_safetensors=True, dtype=_DTYPES[self.precision], **here
            )
            model = model.to(device).eval()
        except broken_weights() as error:
            raise ModelError(
                f"{self._what} cannot be loaded: {first_line(error)}; give the directory of a "
                "cross-encoder with its safetensors, or a hub name whose files are on this disk"
            ) from error
        if model.config.num_labels not in (1, 2):
            raise ModelError(
                f"{self._what} has {model.config.num_labels} outputs: a cross-encoder has 1 or 2"
            )
        return tokenizer, model

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """How well each passage answers ``query``, shape ``(len(passages),)``."""
        if not passages:
            return np.zeros(0, np.float32)
        torch = import_torch(self._what)
        tokenizer, model = self._loaded
        longest = min(
            tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", _LONGEST), _LONGEST
        )

        def run(batch: Sequence[str]) -> NDArray[np.float32]:
            pairs = tokenizer(
                [query] * len(batch),
                list(batch),
                padding=True,
                truncation=True,
                max_length=longest,
                return_tensors="pt",
            )
            with torch.inference_mode():
                logits = model(**pairs.to(model.device)).logits.float().cpu().numpy()
            scores: NDArray[np.float32] = (
                logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]
            )
            return scores

        return np.concatenate(in_batches(run, passages, BATCH, self._what))
