"""The rerank role: a real cross-encoder's loading and scoring on random weights, and search in its order."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from longvid import Library
from longvid_storage.errors import ModelError
from longvid_storage.models.reranker import RERANKERS, Reranker, rerank
from longvid_storage.models.rerankers.transformers import TransformersReranker
from longvid_storage.types import Channel, Moment, Passage

TALK = """WEBVTT

00:00:01.000 --> 00:00:05.000
The tax of the city is paid in the month of March.

00:02:00.000 --> 00:02:05.000
A tax on sugar was discussed at length by the council of the city.

00:04:00.000 --> 00:04:05.000
Nobody wanted the new tax on bicycles in the end.
"""


class Shortest:
    """A reranker that likes short passages: small, real, and easy to foresee."""

    name = "shortest"
    fingerprint = "shortest@1"

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        return np.array([-len(passage) for passage in passages], np.float32)


def make_tiny(directory: Path, labels: int) -> Path:
    """A random BERT cross-encoder in transformers' own format."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    directory.mkdir()
    letters = [chr(code) for code in range(97, 123)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + each for each in letters)]
    (directory / "vocab.txt").write_text("\n".join(words))
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=64,
        num_labels=labels,
        initializer_range=0.5,
    )
    BertForSequenceClassification(config).save_pretrained(directory)
    BertTokenizerFast(str(directory / "vocab.txt")).save_pretrained(directory)
    return directory


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny(tmp_path_factory.mktemp("rerank") / "one", 1)


@pytest.fixture(scope="module", params=["shortest", "one logit", "two logits"])
def reranker(
    request: pytest.FixtureRequest, tiny: Path, tmp_path_factory: pytest.TempPathFactory
) -> Reranker:
    if request.param == "shortest":
        return Shortest()
    if request.param == "one logit":
        return TransformersReranker(tiny, device="cpu")
    return TransformersReranker(make_tiny(tmp_path_factory.mktemp("rerank") / "two", 2), device="cpu")


def test_the_contract(reranker: Reranker) -> None:
    passages = ["a tax on sugar", "bicycles", "", "tax " * 300, "Die Steuer 税金"]
    scores = reranker.score("what about the tax?", passages)
    assert scores.shape == (5,)
    assert np.isfinite(scores).all()
    assert len(set(np.round(scores, 4).tolist())) > 1
    alone = np.concatenate([reranker.score("what about the tax?", [each]) for each in passages])
    assert scores == pytest.approx(alone, abs=1e-4)
    assert reranker.score("what?", []).shape == (0,)
    assert reranker.fingerprint.startswith(f"{reranker.name}@")


def test_the_question_is_read_with_the_passage(tiny: Path) -> None:
    encoder = TransformersReranker(tiny, device="cpu")
    passages = ["a tax on sugar", "bicycles"]
    assert not np.allclose(encoder.score("sugar", passages), encoder.score("wheels", passages))


def test_two_logits_count_by_their_difference(tmp_path: Path) -> None:
    import torch

    encoder = TransformersReranker(make_tiny(tmp_path / "two", 2), device="cpu")
    tokenizer, model = encoder._loaded
    with torch.inference_mode():
        logits = model(**tokenizer("sugar", "a tax", return_tensors="pt")).logits[0]
    assert encoder.score("sugar", ["a tax"])[0] == pytest.approx(float(logits[1] - logits[0]), abs=1e-5)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("library")
    (folder / "council.vtt").write_text(TALK)
    opened = Library.open(folder / "library", create=True)
    opened.index(folder / "council.vtt")
    return opened


def test_search_returns_the_same_moments_in_its_order(library: Library) -> None:
    plain = library.search("tax")
    ordered = library.search("tax", reranker=Shortest())
    assert len(plain) > 1
    assert {(m.start_s, m.end_s) for m in ordered} == {(m.start_s, m.end_s) for m in plain}
    assert ordered == sorted(ordered, key=lambda moment: -moment.score)
    assert library.search("tax", k=1, reranker=Shortest()) == ordered[:1]


def test_the_command_takes_a_directory(
    library: Library, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from longvid.cli import app

    place = str(library._store.path)
    app(["search", "tax", "--rerank", str(tiny), "--json", "-L", place], standalone_mode=False)
    assert len(capsys.readouterr().out.splitlines()) == len(library.search("tax"))
    with pytest.raises(
        ModelError, match="rerank model nobody/nothing is not on this disk: give the directory of"
    ):
        app(["search", "tax", "--rerank", "nobody/nothing", "-L", place], standalone_mode=False)


def test_a_picture_keeps_its_place() -> None:
    def moment(start_s: float, kind: Channel, text: str) -> Moment:
        passage = Passage(0, "v", kind, start_s, start_s + 5, text)
        return Moment("v", "v", "v.mp4", start_s, start_s + 5, 1.0, "moment", (passage,))

    long = moment(0, "speech", "a long sentence about very little")
    picture = moment(10, "picture", "picture")
    short = moment(20, "screen", "short")
    assert [m.start_s for m in rerank(Shortest(), "q", [long, picture, short])] == [20, 10, 0]


def test_a_truncated_or_other_file_is_one_sentence(tiny: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    shutil.copytree(tiny, cut)
    weights = cut / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        TransformersReranker(cut, device="cpu").score("q", ["p"])
    assert "\n" not in caught.value.message
    with pytest.raises(ModelError, match="has 3 outputs"):
        TransformersReranker(make_tiny(tmp_path / "three", 3), device="cpu").score("q", ["p"])


def test_a_full_gpu_halves_the_batch(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from longvid_storage.models.torch_device import HalvedBatchWarning

    encoder = TransformersReranker(tiny, device="cpu")
    passages = [f"a tax on {'x' * i}" for i in range(20)]
    wanted = encoder.score("tax", passages)
    _, model = encoder._loaded
    whole = model.forward

    def cramped(input_ids: torch.Tensor, **options: torch.Tensor) -> object:
        if len(input_ids) > 5:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(input_ids=input_ids, **options)

    monkeypatch.setattr(model, "forward", cramped)
    with pytest.warns(HalvedBatchWarning, match="the reranker .* the GPU is full"):
        scores = encoder.score("tax", passages)
    assert scores == pytest.approx(wanted, abs=1e-4)


def test_the_fingerprint_follows_files_and_precision(tiny: Path, tmp_path: Path) -> None:
    full = TransformersReranker(tiny, device="cpu").fingerprint
    assert TransformersReranker(tiny, device="cpu", precision="bf16").fingerprint == f"{full}+bf16"
    copy = shutil.copytree(tiny, tmp_path / "copy")
    first = TransformersReranker(copy, device="cpu").fingerprint
    (copy / "config.json").write_text((copy / "config.json").read_text() + " ")
    assert TransformersReranker(copy, device="cpu").fingerprint != first


def test_the_record_tells_the_truth() -> None:
    for record in RERANKERS:
        assert record.role == "rerank"
        assert record.load().name == record.name
