"""Devices, precisions and batches; the weights of a model on this disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from longvid_storage.errors import ModelError
from longvid_storage.models.torch_device import HalvedBatchWarning, in_batches, pick_device, pick_dtype
from longvid_storage.models.weights import find_weights, fingerprint_of


def test_a_full_gpu_halves_the_batch_and_goes_on() -> None:
    seen: list[int] = []

    def run(items: Sequence[int]) -> int:
        if len(items) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        seen.append(len(items))
        return sum(items)

    with pytest.warns(HalvedBatchWarning, match="batches of"):
        results = in_batches(run, list(range(10)), 8, "the model")
    assert sum(results) == 45
    assert seen == [2, 2, 2, 2, 2]


def test_one_item_that_does_not_fit_is_one_sentence() -> None:
    def run(items: Sequence[int]) -> int:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(ModelError, match="one item at a time") as caught:
        in_batches(run, [1], 1, "the model")
    assert caught.value.code == "out_of_memory"


def test_a_gpu_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device("cpu", "x") == "cpu"
    assert pick_dtype("cpu") is torch.float32
    with pytest.raises(ModelError, match="asked to run on cuda:1") as caught:
        pick_device("cuda:1", "the reranker")
    assert caught.value.code == "no_device"


def test_weights_are_a_directory_or_the_hub_caches_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert find_weights(tmp_path, "text") == tmp_path
    with pytest.raises(ModelError, match="longvid models pull a/b") as caught:
        find_weights("a/b", "text")
    assert caught.value.code == "no_weights"
    repository = tmp_path / "hub" / "models--a--b"
    for name in ("old", "new"):
        (repository / "snapshots" / name).mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("old")
    assert find_weights("a/b", "text") == repository / "snapshots" / "old"


def test_a_fingerprint_changes_with_the_files_that_matter(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    first = fingerprint_of(tmp_path)
    (tmp_path / "README.md").write_text("hello")
    assert fingerprint_of(tmp_path) == first
    (tmp_path / "model.safetensors").write_bytes(b"1" * 100)
    assert fingerprint_of(tmp_path) != first
