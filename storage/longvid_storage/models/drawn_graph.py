"""ONNX graphs that are drawn once, without their weights, and kept beside the code; the weights come from elsewhere.

So onnxruntime runs a published checkpoint with no converter and no torch, and a question does not load onnx.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from longvid_storage.errors import MissingExtraError


def open_graph(drawing: Path, weights: Mapping[str, NDArray[Any]]) -> Any:
    """An ``onnxruntime.InferenceSession`` of the graph in a file, with the weights that it names.

    It computes in the thread that calls it; several may at once.

    Raises:
        MissingExtraError: onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError(
            "the offline models need onnxruntime: pip install 'longvid[offline]'"
        ) from error

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    # It is drawn as the optimiser would leave it.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    # Handed over as they are: writing 90 MB into the graph and parsing it again would take longer than a
    # question.
    options.add_external_initializers(
        list(weights), [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
    )
    return onnxruntime.InferenceSession(drawing.read_bytes(), options, providers=["CPUExecutionProvider"])


def external(name: str, array: NDArray[Any]) -> Any:
    """A graph's initialiser whose numbers ``open_graph`` is given."""
    from onnx import TensorProto, helper

    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    tensor = TensorProto(name=name, data_type=kind, dims=array.shape)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="in memory")
    return tensor
