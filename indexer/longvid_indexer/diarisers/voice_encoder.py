"""Vectors of voices by the encoder that travels in the package ``resemblyzer``: an LSTM, run by onnxruntime.

Wan et al. 2018, "Generalized end-to-end loss for speaker verification", ICASSP, arXiv 1710.10467: three LSTM layers of
256 over 40 mel bands, the last state through a linear layer and a ReLU. ``voice_encoder.onnx`` is the drawing of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.diariser import SpeakerTurn
from longvid_indexer.diarisers.clustering import cluster_voices
from longvid_indexer.diarisers.embedding import SHORTEST_S, embed_windows, plan_windows
from longvid_indexer.spectrum import HOP, mel_power
from longvid_indexer.windows import windows_at
from longvid_storage.models.carried import VOICE_ENCODER
from longvid_storage.models.drawn_graph import external, open_graph

Weights = dict[str, NDArray[np.float32]]
GRAPH = Path(__file__).parent / "voice_encoder.onnx"
MELS, WIDTH, LAYERS = 40, 256, 3
WINDOW_S, HOP_S = 1.6, 0.4
"""What the encoder was taught on, and how finely a change of voice is told."""
_BATCH = 32
_LOUDNESS = 10 ** (-30 / 20)

# Where the tensors lie in the one published file (its sha256 is checked first), so that nothing in it is unpickled:
# the LSTM's in one run (for each layer what weighs the input and what weighs the state; then the biases of each).
_LSTM, _LINEAR, _LINEAR_BIAS = 269_883, 7_731, 6_699


class VoiceEncoderDiariser:
    """Embeds windows of every utterance and clusters them; no torch.

    Args:
        threshold: mean cosine from which two groups of windows are one voice; lower it when one speaker becomes
            several, raise it when several become one.

    Raises:
        MissingExtraError: onnxruntime or the carrier of the weights is not installed (at the first recording).
    """

    name = "resemblyzer"

    def __init__(self, *, threshold: float = 0.6) -> None:
        self._threshold = threshold

    @property
    def fingerprint(self) -> str:
        """Of the weights and everything that decides the turns; raises MissingExtraError when they are not here."""
        weights = VOICE_ENCODER.sha256("pretrained.pt")[:16]
        return f"{self.name}:{weights}:{self._threshold}:{WINDOW_S}:{HOP_S}:{SHORTEST_S}"

    def diarise(
        self, blocks: Iterable[NDArray[np.float32]], spans: Sequence[tuple[float, float]]
    ) -> list[SpeakerTurn]:
        """One turn for each window of the spans: what of it is nearer to its middle than to any other's."""
        planned = windows_at(blocks, plan_windows(spans, WINDOW_S, HOP_S))
        windows, vectors = embed_windows(planned, self.vectors, _BATCH)
        if not windows:
            return []
        voices = cluster_voices(vectors, np.full(len(windows), HOP_S), threshold=self._threshold)
        return [SpeakerTurn(*span, int(voice)) for span, voice in zip(windows, voices, strict=True)]

    def vectors(self, samples: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Samples of one length to unit vectors, in one array."""
        together = np.stack(samples)
        loudness = np.sqrt((together**2).mean(axis=1, keepdims=True))
        louder = np.maximum(1.0, _LOUDNESS / np.maximum(loudness, 1e-6)).astype(np.float32)
        mels = mel_power(together * louder)[:, : together.shape[1] // HOP]
        (found,) = self._session.run(["voices"], {"mels": mels})
        return [found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)]

    @cached_property
    def _session(self) -> Any:
        # More threads cost more than they save: 6.0 ms of CPU a window on two, 4.1 ms on one.
        return open_graph(GRAPH, read_weights(VOICE_ENCODER.verified() / "pretrained.pt"))


def read_weights(path: Path) -> Weights:
    """The graph's initialisers from ``pretrained.pt``; the file must have been verified."""
    content = path.read_bytes()
    offset = _LSTM

    def taken(*shape: int) -> NDArray[np.float32]:
        nonlocal offset
        found = _floats(content, offset, *shape)
        offset += found.nbytes
        return found

    weights: Weights = {
        "linear.weight": _floats(content, _LINEAR, WIDTH, WIDTH),
        "linear.bias": _floats(content, _LINEAR_BIAS, WIDTH),
    }
    for layer in range(LAYERS):
        weights[f"{layer}.input"] = _as_onnx(taken(4 * WIDTH, MELS if layer == 0 else WIDTH))[None]
        weights[f"{layer}.state"] = _as_onnx(taken(4 * WIDTH, WIDTH))[None]
    for layer in range(LAYERS):
        biases = [_as_onnx(taken(4 * WIDTH)) for _ in range(2)]
        weights[f"{layer}.bias"] = np.concatenate(biases)[None]
    return weights


def _floats(content: bytes, offset: int, *shape: int) -> NDArray[np.float32]:
    return np.frombuffer(content, "<f4", int(np.prod(shape)), offset).reshape(shape).astype(np.float32)


def _as_onnx(gates: NDArray[np.float32]) -> NDArray[np.float32]:
    """torch's order of gates (input, forget, cell, output) in ONNX's (input, output, forget, cell)."""
    entry, forget, cell, output = np.split(gates, 4)
    return np.concatenate([entry, output, forget, cell])


def draw(weights: Weights) -> bytes:
    """The graph without its weights: ``mels`` ``(n, frames, 40)`` to ``voices`` ``(n, 256)``, not yet normalised."""
    from onnx import TensorProto, helper

    node = helper.make_node
    nodes = [
        node("Constant", [], ["first"], value_ints=[0]),
        node("Constant", [], ["direction"], value_ints=[1]),
        node("Transpose", ["mels"], ["0.in"], perm=[1, 0, 2]),
    ]
    for layer in range(LAYERS):
        given = [f"{layer}.{name}" for name in ("in", "input", "state", "bias")]
        nodes.append(node("LSTM", given, [f"{layer}.out", f"{layer}.last"], hidden_size=WIDTH))
        nodes.append(node("Squeeze", [f"{layer}.out", "direction"], [f"{layer + 1}.in"]))
    nodes[-1] = node("Squeeze", [f"{LAYERS - 1}.last", "first"], ["end"])
    nodes += [
        node("Gemm", ["end", "linear.weight", "linear.bias"], ["linear"], transB=1),
        node("Relu", ["linear"], ["voices"]),
    ]
    graph = helper.make_graph(
        nodes,
        "voice encoder",
        [helper.make_tensor_value_info("mels", TensorProto.FLOAT, ["n", "frames", MELS])],
        [helper.make_tensor_value_info("voices", TensorProto.FLOAT, ["n", WIDTH])],
        initializer=[external(name, array) for name, array in weights.items()],
    )
    made: Any = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    drawn: bytes = made.SerializeToString(deterministic=True)
    return drawn
