"""Any sentence-transformers model behind the text role: a local directory, or what the hub's cache holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_storage.errors import MissingExtraError, ModelError, first_line
from longvid_storage.models.text_encoder import TextKind
from longvid_storage.models.torch_device import (
    Precision,
    import_torch,
    in_batches,
    no_panic,
    pick_device,
    pick_precision,
)
from longvid_storage.models.weights import broken_weights, find_weights, fingerprint_of

BATCH = 32


class SentenceTransformersEncoder:
    """Embeds texts with a sentence-transformers model; pooling and prompts come from its own files.

    ``modules.json`` says how tokens become one vector (mean, first token, last token, …) and
    ``config_sentence_transformers.json`` what is put before a question and before a passage. A model whose files
    name no prompts gets none, whatever its documentation says: then give them here.

    Args:
        model: a directory, or the hub's name of a model whose files are in the hub's cache.
        weights: the directory that holds the named model's files.
        device: ``"cpu"``, ``"cuda"``, … or None for a GPU where there is one.
        precision: None for bf16 or fp16 on a GPU and fp32 on a CPU. It is part of the fingerprint: name it where
            one library is used on machines of both kinds.
        query_prompt: what to put before a question instead of what the model's files say (``"query: "``).
        passage_prompt: the same for a passage.

    Nothing is downloaded. The first use raises:

    Raises:
        MissingExtraError: sentence-transformers is not installed.
        ModelError: the model is not on this disk, is no sentence-transformers model, or cannot be loaded.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        weights: str | Path | None = None,
        device: str | None = None,
        precision: Precision | None = None,
        query_prompt: str | None = None,
        passage_prompt: str | None = None,
    ) -> None:
        self._model_name, self._weights = model, weights
        self._wanted_device, self._wanted_precision = device, precision
        self._prompts: dict[TextKind, str | None] = {"query": query_prompt, "passage": passage_prompt}

    @cached_property
    def directory(self) -> Path:
        """Where the model's files are."""
        directory = find_weights(self._weights if self._weights is not None else self._model_name, "text")
        if not (directory / "modules.json").is_file():
            raise ModelError(
                f"{directory} is no sentence-transformers model: it has no modules.json, which says how its "
                "vectors are made; give the directory or the hub's name of one that has"
            )
        return directory

    @cached_property
    def name(self) -> str:
        """The hub's name, or the name of the directory."""
        given = Path(self._model_name).expanduser()
        return given.resolve().name if given.is_dir() else str(self._model_name)

    @property
    def _what(self) -> str:
        return f"the text model {self.name}"

    @cached_property
    def precision(self) -> Precision:
        """What it computes in."""
        return pick_precision(self._wanted_precision, self._wanted_device, self._what)

    @cached_property
    def fingerprint(self) -> str:
        """Name, files, prompts given here, a precision other than fp32; reading it loads no weights."""
        reduced = "" if self.precision == "fp32" else f"+{self.precision}"
        prompts = json.dumps(self._prompts)
        given = f"+{hashlib.sha256(prompts.encode()).hexdigest()[:8]}" if any(self._prompts.values()) else ""
        return f"{self.name}@{fingerprint_of(self.directory)}{reduced}{given}"

    @cached_property
    def dimension(self) -> int:
        """Length of the vectors."""
        return int(self._model.get_embedding_dimension())

    @cached_property
    def _model(self) -> Any:
        directory = self.directory
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise MissingExtraError(
                f"{self._what} needs {error.name}: pip install 'longvid[models]'"
            ) from error
        device = pick_device(self._wanted_device, self._what)
        try:
            with no_panic(self._what):
                return SentenceTransformer(
                    str(directory),
                    device=device,
                    local_files_only=True,
                    model_kwargs={"dtype": _DTYPES[self.precision]},
                )
        except broken_weights(ImportError) as error:
            raise ModelError(
                f"sentence-transformers cannot load {directory}: {first_line(error)}; "
                "check that the directory is complete"
            ) from error

    def encode(self, texts: Sequence[str], *, kind: TextKind) -> NDArray[np.float32]:
        """Embed texts to L2-normalised ``(n, dimension)``, with the model's prompt for ``kind``."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        encode = self._model.encode_query if kind == "query" else self._model.encode_document
        prompt = self._prompt(kind)
        torch = import_torch(self._what)

        def run(batch: Sequence[str]) -> NDArray[np.float32]:
            vectors = encode(
                list(batch),
                prompt=prompt,
                batch_size=len(batch),
                convert_to_tensor=True,
                show_progress_bar=False,
            )
            unit: NDArray[np.float32] = torch.nn.functional.normalize(vectors.float(), dim=-1).cpu().numpy()
            return unit

        order = sorted(
            range(len(texts)), key=lambda row: -len(texts[row])
        )  # little padding, the largest first
        batches = in_batches(run, [texts[row] for row in order], BATCH, self._what)
        out = np.empty((len(texts), self.dimension), np.float32)
        out[order] = np.concatenate(batches)
        return out

    def _prompt(self, kind: TextKind) -> str:
        """What was given here, else the first prompt for ``kind`` in the model's files that is not empty.

        Not left to sentence-transformers: a model with a prompt for ``passage`` that it saves again gets an empty
        one for ``document``, which it then prefers.
        """
        given = self._prompts[kind]
        if given is not None:
            return given
        known = self._model.prompts or {}
        return next((known[name] for name in _NAMES[kind] if known.get(name)), "")


_NAMES: dict[TextKind, tuple[str, ...]] = {"query": ("query",), "passage": ("document", "passage", "corpus")}
_DTYPES: dict[Precision, str] = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
