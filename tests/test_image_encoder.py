"""The image ↔ text role: open_clip's real loading, preparing and batching, on tiny checkpoints of its own formats."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from longvid_storage.errors import MissingExtraError, ModelError, UsageError
from longvid_storage.models import torch_device
from longvid_storage.models.image_encoder import IMAGE_ENCODERS, ImageEncoder
from longvid_storage.models.image_encoders.open_clip import OpenClipEncoder
from longvid_storage.models.image_encoders.open_clip_files import find_files
from tiny_clip.train import write_tokenizer

VIT = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8, "head_width": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}
PREPARED = {"mean": [0.5] * 3, "std": [0.5] * 3}
# As SigLIP 2 says what it is: a picture tower of timm, a text tower of its own kind, a tokenizer of transformers.
SIGLIP = {
    "embed_dim": 64,
    "init_logit_bias": -10,
    "custom_text": True,
    "vision_cfg": {
        "image_size": 32,
        "timm_model_name": "test_vit",
        "timm_model_pretrained": False,
        "timm_pool": "map",
        "timm_proj": "none",
    },
    "text_cfg": {
        "context_length": 20,
        "vocab_size": 60,
        "hf_tokenizer_name": "somebody/tiny-siglip",
        "tokenizer_kwargs": {"clean": "canonicalize"},
        "width": 64,
        "heads": 4,
        "layers": 2,
        "no_causal_mask": True,
        "proj_bias": True,
        "pool_type": "last",
        "norm_kwargs": {"eps": 1e-06},
        "act_kwargs": {"approximate": "tanh"},
    },
}
# Of open_clip's own architectures, the smallest.
OWN_NAME = "ViT-S-32-alt"
TEXTS = ["a diagram of a pipeline", "a red circle", "", "Übersicht: 梯度下降", "a slide " * 200]


def write(directory: Path, config: dict[str, Any], weights: str = "open_clip_model.safetensors") -> Path:
    """A model of random weights in the form that open_clip's own ``save_for_hf`` gives it."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    directory.mkdir(parents=True)
    torch.manual_seed(0)
    kind = open_clip.CustomTextCLIP if config.get("custom_text") else open_clip.CLIP
    parts = {key: value for key, value in config.items() if key != "custom_text"}
    state = {name: tensor.contiguous() for name, tensor in kind(**parts).state_dict().items()}
    (torch.save if weights.endswith(".bin") else save_file)(state, directory / weights)
    described = {"model_cfg": config, "preprocess_cfg": PREPARED}
    (directory / "open_clip_config.json").write_text(json.dumps(described))
    return directory


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("clip") / "tiny-vit", VIT)


@pytest.fixture(scope="module")
def own_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights for an architecture that open_clip knows by name."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    state = open_clip.create_model(OWN_NAME, load_weights=False).state_dict()
    path = tmp_path_factory.mktemp("own") / "weights.safetensors"
    save_file({name: tensor.half().contiguous() for name, tensor in state.items()}, path)
    return path


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def in_hub(hub: Path, repository: str, files: Path) -> Path:
    snapshot = hub / f"models--{repository.replace('/', '--')}" / "snapshots" / "abc"
    shutil.copytree(files, snapshot)
    return snapshot


def pictures(count: int) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (20 + 3 * (i % 9), 40 + i, 3), dtype=np.uint8) for i in range(count)]


@pytest.mark.parametrize("mode", ["shortest", "longest", "squash"])
def test_a_batch_is_prepared_as_open_clip_prepares_each(mode: str) -> None:
    from open_clip.transform import image_transform
    from PIL import Image

    from longvid_storage.models.image_encoders.open_clip_pixels import in_batch

    prepare = image_transform(32, is_train=False, mean=(0.5,) * 3, std=(0.25,) * 3, resize_mode=mode)
    sizes = ((90, 160), (160, 90), (16, 20), (33, 33), (54, 128))
    rng = np.random.default_rng(2)
    given = [rng.integers(0, 255, (high, wide, 3), dtype=np.uint8)[:, ::-1] for high, wide in sizes]
    each = np.stack([prepare(Image.fromarray(one)).numpy() for one in given])
    found = in_batch(prepare)(given).numpy()
    assert found.shape == each.shape
    # Within one level of 255, of pictures of noise.
    assert np.abs(found - each).max() <= 1.01 / 255 / 0.25
    assert np.abs(found - each).mean() < 0.1 / 255 / 0.25


def check_contract(encoder: ImageEncoder, tolerance: float = 1e-5) -> None:
    images = pictures(35)
    vectors = encoder.encode_images(images)
    assert vectors.shape == (35, encoder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_images(images[34:])[0], vectors[34], atol=tolerance)
    assert len({tuple(vector) for vector in vectors}) == 35
    texts = encoder.encode_texts(TEXTS)
    assert texts.shape == (len(TEXTS), encoder.dimension)
    assert texts.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-5)
    for row, text in enumerate(TEXTS):
        np.testing.assert_allclose(encoder.encode_texts([text])[0], texts[row], atol=tolerance)
    assert len({tuple(vector) for vector in texts}) == len(TEXTS)
    assert encoder.encode_texts([]).shape == encoder.encode_images([]).shape == (0, encoder.dimension)
    assert encoder.fingerprint.startswith(f"{encoder.name}@")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["directory", "local-dir:", "hf-hub:", "hub id", "pickled", "custom text"])
def test_every_form_of_a_model_keeps_the_contract(form: str, vit: Path, hub: Path, tmp_path: Path) -> None:
    if form == "directory":
        encoder = OpenClipEncoder(vit, device="cpu")
    elif form == "local-dir:":
        encoder = OpenClipEncoder(f"local-dir:{vit}", device="cpu")
    elif form in ("hf-hub:", "hub id"):
        in_hub(hub, "somebody/tiny-vit", vit)
        encoder = OpenClipEncoder(f"{form.removesuffix('hub id')}somebody/tiny-vit", device="cpu")
        assert encoder.name == "open_clip/somebody/tiny-vit"
    elif form == "pickled":
        encoder = OpenClipEncoder(write(tmp_path / "vit", VIT, "open_clip_pytorch_model.bin"), device="cpu")
    else:
        encoder = OpenClipEncoder(write(tmp_path / "vit", {**VIT, "custom_text": True}), device="cpu")
    assert encoder.dimension == 32
    check_contract(encoder)
    same = OpenClipEncoder(vit, device="cpu")
    np.testing.assert_allclose(encoder.encode_texts(TEXTS), same.encode_texts(TEXTS), atol=1e-5)


@pytest.mark.slow
def test_one_of_open_clips_own_names_with_local_weights(own_weights: Path) -> None:
    encoder = OpenClipEncoder(OWN_NAME, weights=own_weights, device="cpu")
    assert encoder.name == f"open_clip/{OWN_NAME}"
    check_contract(encoder, 1e-4)
    # Loaded with the text tower first, then whole: the same numbers.
    assert "_whole" in encoder.__dict__
    again = OpenClipEncoder(OWN_NAME, weights=own_weights, device="cpu")
    np.testing.assert_allclose(again.encode_texts(TEXTS), encoder.encode_texts(TEXTS), atol=1e-6)
    assert "_whole" not in again.__dict__


@pytest.mark.slow
def test_a_model_of_siglips_kind_from_the_hubs_cache(hub: Path, tmp_path: Path) -> None:
    write(tmp_path / "siglip", SIGLIP)
    assert write_tokenizer(tmp_path / "siglip") == SIGLIP["text_cfg"]["vocab_size"]
    in_hub(hub, "somebody/tiny-siglip", tmp_path / "siglip")
    for precision in ("fp32", "bf16"):
        encoder = OpenClipEncoder("hf-hub:somebody/tiny-siglip", device="cpu", precision=precision)
        texts = ["a red circle", "A Red, Circle!", "a blue square"]
        plain, canonical, other = encoder.encode_texts(texts)  # by the text tower alone
        assert "_whole" not in encoder.__dict__
        np.testing.assert_allclose(plain, canonical, atol=1e-6)
        assert np.abs(plain - other).max() > 1e-3
        assert encoder.encode_images(pictures(3)).shape == (3, 64)
        np.testing.assert_allclose(encoder.encode_texts(texts)[0], plain, atol=1e-6)


@pytest.mark.slow
def test_a_question_reads_the_text_tower_only(vit: Path, caplog: pytest.LogCaptureFixture) -> None:
    encoder = OpenClipEncoder(vit, device="cpu")
    with caplog.at_level(logging.WARNING):
        first = encoder.encode_texts(TEXTS)
    assert not caplog.records
    assert "_whole" not in encoder.__dict__
    assert not [name for name in encoder._text_tower.state_dict() if name.startswith("visual.")]
    encoder.encode_images(pictures(1))
    np.testing.assert_allclose(encoder.encode_texts(TEXTS), first, atol=1e-6)


@pytest.mark.slow
def test_a_precision_is_part_of_the_fingerprint(vit: Path) -> None:
    full = OpenClipEncoder(vit, device="cpu")
    reduced = OpenClipEncoder(vit, device="cpu", precision="bf16")
    assert reduced.fingerprint == f"{full.fingerprint}+bf16"
    for encode in ("encode_images", "encode_texts"):
        given: list[Any] = pictures(4) if encode == "encode_images" else TEXTS
        cosine = (getattr(full, encode)(given) * getattr(reduced, encode)(given)).sum(axis=1)
        assert (cosine > 0.99).all()
        assert (cosine < 1).any()
    assert OpenClipEncoder(vit).precision in ("fp32", "bf16", "fp16")
    with pytest.raises(UsageError, match="precision is 'int8'"):
        OpenClipEncoder(vit, precision="int8").fingerprint  # noqa: B018


@pytest.mark.slow
def test_a_full_gpu_halves_the_batch(vit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    encoder = OpenClipEncoder(vit, device="cpu")
    wanted = encoder.encode_images(pictures(20))
    model, _ = encoder._whole
    whole = model.encode_image

    def cramped(pixels: Any) -> Any:
        if len(pixels) > 5:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(pixels)

    monkeypatch.setattr(model, "encode_image", cramped)
    with pytest.warns(torch_device.HalvedBatchWarning, match="picture model tiny-vit: the GPU is full"):
        vectors = encoder.encode_images(pictures(20))
    np.testing.assert_allclose(vectors, wanted, atol=1e-5)


def test_the_fingerprint_follows_the_files_that_matter(vit: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(vit, tmp_path / vit.name)
    first = OpenClipEncoder(vit, device="cpu").fingerprint
    assert OpenClipEncoder(copy, device="cpu").fingerprint == first
    (copy / "README.md").write_text("words")
    assert OpenClipEncoder(copy, device="cpu").fingerprint == first
    config = copy / "open_clip_config.json"
    config.write_text(config.read_text().replace("0.5", "0.4"))
    assert OpenClipEncoder(copy, device="cpu").fingerprint != first


# How a model is named


def test_tags_of_open_clips_names_are_found_in_the_hubs_cache(hub: Path, tmp_path: Path) -> None:
    import open_clip

    files = tmp_path / "files"
    files.mkdir()
    (files / "open_clip_model.safetensors").write_bytes(b"weights")
    place = open_clip.get_pretrained_cfg("ViT-B-32", "openai")["hf_hub"].rstrip("/")
    snapshot = in_hub(hub, place, files)
    for name in ("ViT-B-32", "ViT-B-32/openai"):
        found = find_files(name)
        assert (found.label, found.source) == ("ViT-B-32/openai", "ViT-B-32")
        assert found.weights == snapshot / "open_clip_model.safetensors"
        # These weights were trained with another activation than the architecture's own.
        assert found.settings["force_quick_gelu"] is True
        assert found.settings["image_mean"] == open_clip.OPENAI_DATASET_MEAN
    in_hub(hub, open_clip.get_pretrained_cfg("ViT-B-32", "laion2b_s34b_b79k")["hf_hub"].rstrip("/"), files)
    with pytest.raises(ModelError, match=r"several weights .*ViT-B-32/openai or ViT-B-32/laion2b_s34b_b79k"):
        find_files("ViT-B-32")


@pytest.mark.parametrize(
    ("model", "weights", "says", "code"),
    [
        ("ViT-B-32", None, r"weights of open_clip ViT-B-32 are not on this disk", "no_weights"),
        ("ViT-B-32", "none.pt", r"there is no file .*none\.pt", "no_weights"),
        ("hf-hub:nobody/nothing", None, "image model nobody/nothing is not on this disk", "no_weights"),
        ("local-dir:empty", None, r"no open_clip_config\.json in", "no_weights"),
        ("VIT-B-23", None, r"knows no model VIT-B-23 \(did you mean", "unknown_model"),
        ("nobody/nothing", None, "knows no model nobody/nothing", "unknown_model"),
        ("ViT-B-32/laion3b", None, "knows no weights laion3b of ViT-B-32: it is openai, ", "unknown_model"),
    ],
)
def test_what_is_not_here_is_one_sentence(
    model: str, weights: str | None, says: str, code: str, hub: Path
) -> None:
    encoder = OpenClipEncoder(model, weights=weights, device="cpu")  # making one reads nothing
    with pytest.raises(ModelError, match=says) as caught:
        encoder.fingerprint  # noqa: B018
    assert caught.value.code == code
    with pytest.raises(ModelError, match=says):
        encoder.encode_texts(["x"])


def test_a_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'longvid\[models\]'"):
        OpenClipEncoder("ViT-B-32", device="cpu").encode_texts(["x"])


# Weights that cannot be used


class _Bomb:
    """An object that a careless reader of pickles would run."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (Path.touch, (Path("exploded"),))


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["other architecture", "truncated", "not a model", "pickled code"])
def test_weights_that_do_not_fit_are_one_sentence(
    damage: str, vit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.chdir(tmp_path)
    copy = shutil.copytree(vit, tmp_path / "copy")
    weights = copy / "open_clip_model.safetensors"
    if damage == "other architecture":
        config = json.loads((copy / "open_clip_config.json").read_text())
        config["model_cfg"]["vision_cfg"]["width"] = 32
        config["model_cfg"]["text_cfg"]["width"] = 64
        (copy / "open_clip_config.json").write_text(json.dumps(config))
    elif damage == "truncated":
        weights.write_bytes(weights.read_bytes()[:-1000])
    elif damage == "not a model":
        weights.write_bytes(b"<html>404</html>")
    else:
        weights.unlink()
        torch.save({"state_dict": _Bomb()}, copy / "open_clip_pytorch_model.bin")
    encoder = OpenClipEncoder(copy, device="cpu")
    for use in (lambda: encoder.encode_texts(["x"]), lambda: encoder.encode_images(pictures(1))):
        with pytest.raises(
            ModelError, match=r"weights belong to that architecture and are complete"
        ) as caught:
            use()
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.slow
def test_a_tokenizer_that_lies_in_another_model_of_the_cache(vit: Path, hub: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(vit, tmp_path / "copy")
    config = json.loads((copy / "open_clip_config.json").read_text())
    config["model_cfg"]["text_cfg"]["hf_tokenizer_name"] = "somebody/words"
    (copy / "open_clip_config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="tokenizer model somebody/words is not on this disk"):
        OpenClipEncoder(copy, device="cpu").encode_texts(["x"])
    write_tokenizer(tmp_path / "words")
    in_hub(hub, "somebody/words", tmp_path / "words")
    assert OpenClipEncoder(copy, device="cpu").encode_texts(["a red circle"]).shape == (1, 32)


def test_records_name_real_architectures() -> None:
    import open_clip

    for record in IMAGE_ENCODERS:
        assert open_clip.get_model_config(record.options["model"])["embed_dim"] == record.dimension
        assert record.weights
