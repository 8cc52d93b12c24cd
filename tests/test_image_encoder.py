"""open_clip is loaded for real, from a tiny random checkpoint in its own format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from longvid_storage.errors import ModelError
from longvid_storage.image_encoders.open_clip import OpenClipEncoder

CONFIG = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8, "head_width": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory as open_clip's own ``save_for_hf`` writes it: config and weights."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    directory = tmp_path_factory.mktemp("clip") / "tiny-clip"
    directory.mkdir()
    torch.manual_seed(0)
    model = open_clip.CLIP(
        CONFIG["embed_dim"],
        open_clip.CLIPVisionCfg(**CONFIG["vision_cfg"]),
        open_clip.CLIPTextCfg(**CONFIG["text_cfg"]),
    )
    save_file(
        {k: v.contiguous() for k, v in model.state_dict().items()}, directory / "open_clip_model.safetensors"
    )
    (directory / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": CONFIG, "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3}})
    )
    return directory


@pytest.mark.slow
def test_open_clip_embeds_pictures_and_texts_into_one_space(checkpoint: Path) -> None:
    encoder = OpenClipEncoder(f"local-dir:{checkpoint}", device="cpu")
    assert encoder.dimension == 32
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (20 + 3 * i, 40, 3), dtype=np.uint8) for i in range(18)]
    vectors = encoder.encode_images(images)
    assert vectors.shape == (18, 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_images(images[17:])[0], vectors[17], atol=1e-5)
    texts = encoder.encode_texts(["a diagram of a pipeline", "a red circle"])
    assert texts.shape == (2, 32)
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-5)
    assert abs(float(texts[0] @ texts[1])) < 0.999999


def test_missing_weights_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"weights of open_clip ViT-B-32 are not here"):
        OpenClipEncoder("ViT-B-32", weights=tmp_path / "none.pt")
    with pytest.raises(ModelError, match=r"expected open_clip_model\.safetensors"):
        OpenClipEncoder(f"local-dir:{tmp_path}")


@pytest.mark.slow
def test_weights_of_another_architecture_are_one_sentence(checkpoint: Path) -> None:
    encoder = OpenClipEncoder("ViT-B-32", weights=checkpoint / "open_clip_model.safetensors", device="cpu")
    with pytest.raises(ModelError, match="weights belong to that architecture"):
        encoder.encode_texts(["x"])
