"""Any sentence-transformers model behind the text role: a local directory, or what the hub's cache holds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_storage.errors import MissingExtraError, ModelError
from longvid_storage.text_encoder import TextKind

BATCH = 32
_EDGE = 1 << 20
_WEIGHTS = (".safetensors", ".bin", ".onnx")
_PROMPTS = {"query": ("query",), "passage": ("passage", "document", "corpus")}


class SentenceTransformersEncoder:
    """Embeds texts with a sentence-transformers model; its prompts come from its own files.

    Args:
        model: a directory, or the hub's name of a model.
        weights: the directory that holds the named model's files.
        device: ``"cpu"``, ``"cuda"``, … or None for a GPU where there is one.

    Nothing is downloaded: a model that is not on this disk is an error.

    Raises:
        MissingExtraError: sentence-transformers is not installed.
        ModelError: the model is not on this disk, or cannot be loaded.
    """

    def __init__(
        self, model: str | Path, weights: str | Path | None = None, device: str | None = None
    ) -> None:
        self.directory = Path(weights if weights is not None else model)
        if not self.directory.is_dir():
            raise ModelError(
                f"the text model {model} is not here: give the directory of a sentence-transformers model"
            )
        self.name = str(model) if weights is not None else self.directory.resolve().name
        self.device = device

    @cached_property
    def fingerprint(self) -> str:
        """Name, settings and weights (size and edges of each file); reading it loads nothing."""
        digest = hashlib.sha256()
        for path in sorted(path for path in self.directory.rglob("*") if path.is_file()):
            relative = path.relative_to(self.directory).as_posix()
            if path.suffix not in {".json", ".txt", ".model", *_WEIGHTS}:
                continue
            digest.update(f"{relative}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                digest.update(file.read(_EDGE))
                file.seek(max(0, path.stat().st_size - _EDGE))
                digest.update(file.read())
        return f"{self.name}@{digest.hexdigest()[:16]}"

    @cached_property
    def dimension(self) -> int:
        """Length of the vectors."""
        return int(self._model.get_embedding_dimension())

    @cached_property
    def _model(self) -> Any:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise MissingExtraError(
                f"the text model {self.name} needs {error.name}: pip install 'longvid[models]'"
            ) from error
        try:
            return SentenceTransformer(str(self.directory), device=self.device, local_files_only=True)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelError(
                f"sentence-transformers cannot load {self.directory}: {str(error).splitlines()[0]}; "
                "check that the directory is complete"
            ) from error

    def encode(self, texts: Sequence[str], *, kind: TextKind) -> NDArray[np.float32]:
        """Embed texts to L2-normalised ``(n, dimension)``, with the model's prompt for ``kind``."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        prompts = self._model.prompts or {}
        prompt = next((prompts[name] for name in _PROMPTS[kind] if prompts.get(name)), "")
        vectors: NDArray[np.float32] = self._model.encode(
            list(texts), prompt=prompt, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, np.float32)
