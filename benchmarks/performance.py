"""How fast the heavy parts are: vector search, and pictures and questions through open_clip.

    OMP_NUM_THREADS=1 python benchmarks/performance.py            # all of it, about five minutes
    python benchmarks/performance.py --vectors 100000 --only search

Times are processor seconds of one thread, so that a machine that others use gives the same numbers. Weights are random:
speed does not depend on them. Rows that need a GPU are run where there is one. Needs the ``models`` and ``cpu`` extras.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longvid_storage.models.image_encoders.open_clip import OpenClipEncoder
from longvid_storage.search.vector_index import Admitted, VectorIndex
from longvid_storage.search.vector_indexes.exact import ExactIndex
from longvid_storage.search.vector_indexes.faiss import FaissIndex
from longvid_storage.search.vector_indexes.faiss_gpu import FaissGpuIndex, gpu_count
from longvid_storage.types import Scope

TINY = Path(__file__).parent.parent / "tests" / "tiny_clip" / "model"
K = 10


def main() -> None:
    """Print the tables of ``docs/performance.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--only", choices=("search", "pictures"))
    options = parser.parse_args()
    import faiss
    import torch

    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    if options.only != "pictures":
        search(options.vectors, options.dimension, options.questions)
    if options.only != "search":
        pictures(options.pictures)


def random_rows(count: int, dimension: int) -> NDArray[np.float16]:
    """Unit vectors in random directions."""
    random = np.random.default_rng(0)
    rows = np.empty((count, dimension), np.float16)
    for start in range(0, count, 65_536):
        block = random.standard_normal((min(65_536, count - start), dimension), np.float32)
        rows[start : start + len(block)] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return rows


def median_ms(run: Callable[[NDArray[np.float32]], object], given: NDArray[np.float32], wall: bool) -> float:
    """The median over ``given``, after one that is not counted; processor time, or wall time for a GPU."""
    clock = time.perf_counter if wall else time.process_time
    run(given[0])
    times = []
    for each in given:
        start = clock()
        run(each)
        times.append(clock() - start)
    return 1000 * statistics.median(times)


def search(count: int, dimension: int, questions: int) -> None:
    """Exact search by each index, and whether the results agree with numpy's."""
    rows = random_rows(count, dimension)
    asked = random_rows(questions, dimension).astype(np.float32)[::-1].copy()
    ids = np.arange(1, count + 1, dtype=np.int64)
    some = ids[np.random.default_rng(1).random(count) < 0.1]
    scopes = (None, Admitted(Scope(), lambda: some))
    print(f"Search: {count:,} vectors of {dimension}, best {K}, median of {questions} questions\n")
    print("| index | memory | a question | a tenth admitted | agrees |\n|---|---|---|---|---|")
    truth: list[list[list[int]]] = []
    kinds: list[type[VectorIndex]] = [ExactIndex, FaissIndex, *([FaissGpuIndex] if gpu_count() else [])]
    for kind in kinds:
        index = kind(dimension)
        index.insert(ids, rows)
        wall = kind is FaissGpuIndex
        times = [
            median_ms(lambda query, index=index, scope=scope: index.query(query, K, scope), asked, wall)
            for scope in scopes
        ]
        found = [[index.query(query, K, scope)[0].tolist() for query in asked] for scope in scopes]
        truth = truth or found
        same = found == truth
        bytes_each = 4 if kind is ExactIndex else 2
        size = f"{count * dimension * bytes_each / 2**30:.2f} GiB"
        cells = [kind.__name__, size, *(f"{each:.1f} ms" for each in times), "yes" if same else "NO"]
        print(f"| {' | '.join(cells)} |", flush=True)
        del index
    if not gpu_count():
        print("| FaissGpuIndex | not run: FAISS sees no GPU here | | | |")
    print()


def random_weights(architecture: str, directory: Path) -> Path:
    """Random weights of one of open_clip's architectures, in a file."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    model = open_clip.create_model(architecture, load_weights=False)
    state = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    save_file(state, directory / f"{architecture}.safetensors")
    return directory / f"{architecture}.safetensors"


def pictures(count: int) -> None:
    """Keyframes and questions a second, preparing included."""
    import torch

    for name in ("open_clip", "transformers.models.auto.tokenization_auto"):
        importlib.import_module(name)  # so that the first question does not pay for it
    logging.disable(logging.WARNING)  # open_clip warns of the random weights that are wanted here
    cuda = torch.cuda.is_available()
    random = np.random.default_rng(0)
    frames = [random.integers(0, 255, (360, 640, 3), dtype=np.uint8) for _ in range(count)]
    print(f"Pictures: {count} of 640 x 360, from pixels to vectors\n")
    print(
        "| model | device | pictures a second | a question | loading the text tower and the first question |\n"
        "|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as place:
        for architecture, device in (("tiny", "cpu"), ("ViT-B-32", "cpu"), ("ViT-L-14", "cuda")):
            if device == "cuda" and not cuda:
                print(f"| {architecture} | {device} | not run: no GPU here | | |")
                continue
            if architecture == "tiny":
                make = partial(OpenClipEncoder, TINY, device="cpu")
            else:
                weights = random_weights(architecture, Path(place))
                make = partial(OpenClipEncoder, architecture, weights=weights, device=device)
            print(
                f"| {architecture} | {device} | {' | '.join(_measured(make, frames, device))} |", flush=True
            )


def _measured(make: Callable[[], OpenClipEncoder], frames: list[NDArray[np.uint8]], device: str) -> list[str]:
    clock = time.perf_counter if device == "cuda" else time.process_time
    encoder = make()
    start = clock()
    encoder.encode_texts(["a diagram of a pipeline"])
    first = clock() - start
    times = []
    for number in range(10):
        start = clock()
        encoder.encode_texts([f"a diagram of a pipeline with {number} boxes"])
        times.append(clock() - start)
    encoder.encode_images(frames[:2])
    start = clock()
    encoder.encode_images(frames)
    rate = len(frames) / (clock() - start)
    return [f"{rate:.1f}", f"{1000 * statistics.median(times):.1f} ms", f"{first:.1f} s"]


if __name__ == "__main__":
    sys.exit(main())
