"""A BERT sentence encoder as an ONNX graph of fused operators, built in memory from safetensors weights.

The operators are onnxruntime's own for CPU (domain ``com.microsoft``: EmbedLayerNormalization, MatMulNBits,
MultiHeadAttention, BiasGelu) and ONNX's LayerNormalization; they compute what BERT does (Devlin et al. 2018,
arXiv 1810.04805), with the exact GELU. ``minilm.onnx`` is the drawing of it.

Matrices are of 8 bits a number with a scale for each ``BLOCK`` of them, and so is what they are multiplied by, token by
token: a text's vector owes nothing to the texts beside it. onnxruntime keeps the sums from overflowing on processors
that have no instruction for them.

Sums before a normalisation are operators of their own: SkipLayerNormalization, which does all of it, took six times as
long as the three (onnxruntime 1.31).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_storage.models.drawn_graph import external

Weights = dict[str, NDArray[np.float32]]
BLOCK = 64
"""Numbers of a matrix's column, one below the other, that share a scale."""
_FUSED = "com.microsoft"
_EPSILON = 1e-12
_DENSE = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attended": "attention.output.dense",
    "inner": "intermediate.dense",
    "outer": "output.dense",
}
"""A layer's matrices: their names here and in the checkpoint."""
_ATTENTION = ("query", "key", "value")


def fuse_weights(raw: Weights, layers: int) -> dict[str, NDArray[Any]]:
    """The graph's initialisers: of each matrix bytes and scales (``quantised``), of all else float32."""
    fused: dict[str, NDArray[Any]] = {
        "word": raw["embeddings.word_embeddings.weight"],
        # Every token is of segment 0, so its embedding belongs to the position's.
        "position": raw["embeddings.position_embeddings.weight"]
        + raw["embeddings.token_type_embeddings.weight"][0],
        "embed.gamma": raw["embeddings.LayerNorm.weight"],
        "embed.beta": raw["embeddings.LayerNorm.bias"],
    }
    for layer in range(layers):
        theirs, ours = f"encoder.layer.{layer}.", f"{layer}."
        for name, source in _DENSE.items():
            weight = raw[f"{theirs}{source}.weight"]
            fused[f"{ours}{name}.weight"], fused[f"{ours}{name}.scale"] = quantised(weight)
            fused[f"{ours}{name}.bias"] = raw[f"{theirs}{source}.bias"]
        fused[f"{ours}qkv.bias"] = np.concatenate([fused.pop(f"{ours}{name}.bias") for name in _ATTENTION])
        for name, source in (("norm1", "attention.output.LayerNorm"), ("norm2", "output.LayerNorm")):
            fused[f"{ours}{name}.gamma"] = raw[f"{theirs}{source}.weight"]
            fused[f"{ours}{name}.beta"] = raw[f"{theirs}{source}.bias"]
    return {name: np.ascontiguousarray(array) for name, array in fused.items()}


def quantised(weight: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A matrix ``(out, in)``, ``in`` a multiple of ``BLOCK``, as MatMulNBits takes it.

    Bytes ``(out, in / BLOCK, BLOCK)``, 128 for zero, and the scale of each block, ``(out * in / BLOCK,)``.
    """
    blocks = weight.reshape(len(weight), -1, BLOCK)
    scales = np.maximum(np.abs(blocks).max(axis=2) / 127, np.finfo(np.float32).tiny)
    numbers = np.rint(blocks / scales[:, :, None]) + 128
    return numbers.astype(np.uint8), scales.astype(np.float32).ravel()


def draw(raw: Weights, *, layers: int, heads: int) -> bytes:
    """The graph without its weights, as ONNX has it.

    It takes int32 ``ids`` and ``mask`` ``(n, length)``, padded on the right, and gives ``tokens`` of float32.
    """
    drawn: bytes = _model(fuse_weights(raw, layers), layers, heads).SerializeToString(deterministic=True)
    return drawn


def _model(weights: dict[str, NDArray[Any]], layers: int, heads: int) -> Any:
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node(
            "EmbedLayerNormalization",
            ["ids", "", "word", "position", "", "embed.gamma", "embed.beta", "mask"],
            ["0.in", "lengths"],
            domain=_FUSED,
            epsilon=_EPSILON,
        )
    ]
    for layer in range(layers):
        nodes += _layer(weights, f"{layer}.", f"{layer + 1}.in" if layer + 1 < layers else "tokens", heads)
    sequence = ["n", "length"]
    width = weights["embed.gamma"].shape[0]
    graph = helper.make_graph(
        nodes,
        "bert",
        [helper.make_tensor_value_info(name, TensorProto.INT32, sequence) for name in ("ids", "mask")],
        [helper.make_tensor_value_info("tokens", TensorProto.FLOAT, [*sequence, width])],
        initializer=[external(name, array) for name, array in weights.items()],
    )
    versions = [helper.make_opsetid("", 17), helper.make_opsetid(_FUSED, 1)]
    return helper.make_model(graph, opset_imports=versions, ir_version=8)


def _layer(weights: dict[str, NDArray[Any]], p: str, output: str, heads: int) -> list[Any]:
    from onnx import helper

    def fused(kind: str, inputs: list[str], out: str, **attributes: Any) -> Any:
        return helper.make_node(kind, inputs, [out], domain=_FUSED, **attributes)

    def product(name: str, source: str) -> Any:
        columns, blocks, block = weights[f"{p}{name}.weight"].shape
        inputs = [source, f"{p}{name}.weight", f"{p}{name}.scale"]
        # Accuracy level 4: what comes in is made 8 bits a number too.
        return fused(
            "MatMulNBits", inputs, f"{p}{name}", K=blocks * block, N=columns, bits=8, block_size=block, accuracy_level=4
        )  # fmt: skip

    def norm(name: str, source: str, skip: str, bias: str, out: str) -> list[Any]:
        inputs = [f"{p}{name}.sum", f"{p}{name}.gamma", f"{p}{name}.beta"]
        return [
            helper.make_node("Add", [source, f"{p}{bias}.bias"], [f"{p}{bias}.biased"]),
            helper.make_node("Add", [f"{p}{bias}.biased", skip], [f"{p}{name}.sum"]),
            helper.make_node("LayerNormalization", inputs, [out], axis=-1, epsilon=_EPSILON),
        ]

    return [
        *(product(name, f"{p}in") for name in _ATTENTION),
        fused(
            "MultiHeadAttention",
            [*(p + name for name in _ATTENTION), f"{p}qkv.bias", "lengths"],
            f"{p}context",
            num_heads=heads,
        ),
        product("attended", f"{p}context"),
        *norm("norm1", f"{p}attended", f"{p}in", "attended", f"{p}middle"),
        product("inner", f"{p}middle"),
        fused("BiasGelu", [f"{p}inner", f"{p}inner.bias"], f"{p}gelu"),
        product("outer", f"{p}gelu"),
        *norm("norm2", f"{p}outer", f"{p}middle", "outer", output),
    ]
