"""Any cross-encoder that transformers loads: a local directory, or what the hub's cache holds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_storage.errors import MissingExtraError, ModelError

BATCH = 32
_LONGEST = 512


class TransformersReranker:
    """Scores pairs with a one-logit cross-encoder, or with the second of two logits against the first.

    Args:
        model: a directory, or the hub's name of a model whose files are in the hub's cache.
        weights: the directory that holds the named model's files.
        device: ``"cpu"``, ``"cuda"``, … or None for a GPU where there is one.

    Nothing is downloaded, and only safetensors are read. Weights are loaded at the first question.
    """

    def __init__(
        self, model: str | Path, weights: str | Path | None = None, device: str | None = None
    ) -> None:
        self.name = str(model)
        self._place = str(weights if weights is not None else model)
        self._device = device

    @cached_property
    def _loaded(self) -> tuple[Any, Any, Any]:
        """(torch, tokenizer, model)."""
        try:
            import torch
            from safetensors import SafetensorError
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
        except ImportError as error:
            raise MissingExtraError(
                f"the reranker {self.name} needs {error.name}: pip install 'longvid[models]'"
            ) from error
        device = self._device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            tokenizer = AutoTokenizer.from_pretrained(self._place, local_files_only=True)
            model = AutoModelForSequenceClassification.from_pretrained(
                self._place, local_files_only=True, use_safetensors=True
            )
            model = model.to(device).eval()
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise ModelError(
                f"the reranker {self.name} cannot be loaded: {str(error).splitlines()[0]}; give the directory of a "
                "cross-encoder with its safetensors, or a hub name whose files are on this disk"
            ) from error
        if model.config.num_labels not in (1, 2):
            raise ModelError(
                f"the reranker {self.name} has {model.config.num_labels} outputs: a cross-encoder has 1 or 2"
            )
        return torch, tokenizer, model

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """How well each passage answers ``query``, shape ``(len(passages),)``."""
        if not passages:
            return np.zeros(0, np.float32)
        torch, _, _ = self._loaded
        batch = BATCH
        while True:
            try:
                return np.concatenate(
                    [
                        self._batch(query, passages[start : start + batch])
                        for start in range(0, len(passages), batch)
                    ]
                )
            except torch.OutOfMemoryError as error:
                if batch == 1:
                    raise ModelError(
                        f"the reranker {self.name} does not fit on the GPU with one pair at a time: use device='cpu'"
                    ) from error
                batch //= 2

    def _batch(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        torch, tokenizer, model = self._loaded
        longest = min(
            tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", _LONGEST), _LONGEST
        )
        pairs = tokenizer(
            [query] * len(passages),
            list(passages),
            padding=True,
            truncation=True,
            max_length=longest,
            return_tensors="pt",
        )
        with torch.inference_mode():
            logits = model(**pairs.to(model.device)).logits.float().cpu().numpy()
        scores: NDArray[np.float32] = logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]
        return scores
