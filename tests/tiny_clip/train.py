"""Train the tiny open_clip model of this folder: ``nice python tests/tiny_clip/train.py`` (one core, minutes).

Deterministic on one machine: one thread, one seed. Prints a table while it trains, and at its end what it reaches on
drawings whose scenes it never saw; writes ``model/`` in the very form of a model fetched from a hub.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from tiny_clip import MODEL, drawings
from tiny_clip.drawings import Scene, all_scenes, draw, gallery

SEED = 7
SPECIAL = ("[PAD]", "[UNK]", "[BOS]", "[EOS]")
CONTEXT = 20
# Pictures are pressed into a square whole: a crop would cut off what is left or right.
PREPROCESS = {"mean": [0.5] * 3, "std": [0.25] * 3, "interpolation": "bicubic", "resize_mode": "squash"}
# Pictures drawn of each training scene, by kind.
DRAWN = {"pair": 20, "count": 60, "one": 30, "layout": 60}
# Scenes of each kind in one batch; each pair comes with its near misses.
BATCH = {"pair": 40, "count": 40, "one": 24, "layout": 36}


def configuration(vocabulary: int) -> dict[str, Any]:
    """The model in open_clip's own words."""
    return {
        "embed_dim": 128,
        "vision_cfg": {"image_size": 64, "layers": [1, 2, 2, 1], "width": 16, "head_width": 64},
        "text_cfg": {
            "context_length": CONTEXT,
            "vocab_size": vocabulary,
            "hf_tokenizer_name": "tiny",
            "width": 96,
            "heads": 4,
            "layers": 2,
        },
    }


def write_tokenizer(directory: Path) -> int:
    """A word-level tokenizer in transformers' own files, into ``directory``; returns how many words it knows.

    The end of the text has the highest number, which is where the text tower looks for it.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    pad, unknown, begin, end = SPECIAL
    words = [pad, unknown, begin, *drawings.words(), end]
    ids = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token=unknown))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}", special_tokens=[(begin, ids[begin]), (end, ids[end])]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=pad,
        unk_token=unknown,
        bos_token=begin,
        eos_token=end,
        model_max_length=CONTEXT,
    ).save_pretrained(directory)
    return len(words)


def build(directory: Path) -> tuple[Any, Any, Any]:
    """(model with random weights, preprocessing, tokenizer) made by open_clip from the files in ``directory``."""
    import open_clip

    directory.mkdir(parents=True, exist_ok=True)
    config = {"model_cfg": configuration(write_tokenizer(directory)), "preprocess_cfg": PREPROCESS}
    (directory / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{directory}", load_weights=False)
    return model, preprocess, open_clip.get_tokenizer(f"local-dir:{directory}")


class Drawn:
    """Every training picture, drawn once: ``pictures[kind][scene]`` is a uint8 tensor (n, 3, 64, 64)."""

    def __init__(self, resize: Any, random: np.random.Generator, share: float) -> None:
        self.scenes = {
            kind: [scene for scene in scenes if not scene.held_out] for kind, scenes in all_scenes().items()
        }
        self.pictures: dict[Scene, torch.Tensor] = {}
        for kind, scenes in self.scenes.items():
            for scene in scenes:
                count = max(1, round(DRAWN[kind] * share))
                small = [np.asarray(resize(Image.fromarray(draw(scene, random)))) for _ in range(count)]
                self.pictures[scene] = torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).contiguous()

    def batches(self, random: np.random.Generator) -> Iterator[tuple[torch.Tensor, list[str]]]:
        """Without end: (uint8 pictures, one true caption each); no two of a batch show the same scene."""
        while True:
            scenes: dict[Scene, None] = {}
            for kind, count in BATCH.items():
                known = self.scenes[kind]
                for i in random.permutation(len(known))[:count]:
                    scenes[known[i]] = None
                    if kind == "pair":
                        scenes.update((rival, None) for rival in known[i].rivals() if rival in self.pictures)
            pictures = [self.pictures[scene][random.integers(len(self.pictures[scene]))] for scene in scenes]
            captions = [scene.captions[random.integers(len(scene.captions))] for scene in scenes]
            yield torch.stack(pictures), [_framed(caption, random) for caption in captions]


def _framed(caption: str, random: np.random.Generator) -> str:
    """As a person might say it: sometimes with words around it that the tokenizer does not know."""
    if random.random() < 0.8:
        return caption
    return ["show me {}", "where is {} ?", "find {}", "{} please"][random.integers(4)].format(caption)


def train(model: Any, tokenizer: Any, drawn: Drawn, steps: int, rate: float) -> None:
    """Contrastive training (Radford et al. 2021, arXiv 2103.00020) with AdamW, warm-up and a cosine."""
    decayed = [p for p in model.parameters() if p.ndim >= 2]
    plain = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps, pct_start=0.08)
    mean = torch.tensor(PREPROCESS["mean"]).view(1, 3, 1, 1) * 255
    std = torch.tensor(PREPROCESS["std"]).view(1, 3, 1, 1) * 255
    batches = drawn.batches(np.random.default_rng(SEED + 1))
    print(f"{'step':>6} {'loss':>7} {'right':>6} {'scale':>6} {'s':>6}")
    began, losses, rights = time.monotonic(), [], []
    for step in range(1, steps + 1):
        pictures, captions = next(batches)
        model.train()
        images = model.encode_image((pictures.float() - mean) / std, normalize=True)
        texts = model.encode_text(tokenizer(captions), normalize=True)
        logits = model.logit_scale.exp() * images @ texts.T
        truth = torch.arange(len(captions))
        cross = torch.nn.functional.cross_entropy
        loss = (cross(logits, truth) + cross(logits.T, truth)) / 2
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, np.log(60))
        losses.append(loss.item())
        rights.append((logits.argmax(0) == truth).float().mean().item())
        if step % 50 == 0:
            scale = model.logit_scale.exp().item()
            row = f"{step:>6} {np.mean(losses):>7.3f} {np.mean(rights):>6.3f} {scale:>6.1f}"
            print(f"{row} {time.monotonic() - began:>6.0f}", flush=True)
            losses, rights = [], []


def right_at_1(model: Any, preprocess: Any, tokenizer: Any, scenes: list[Scene], seed: int) -> float:
    """The share of scenes whose first caption finds their own drawing among all of theirs."""
    random = np.random.default_rng(seed)
    pictures = torch.stack([preprocess(Image.fromarray(draw(scene, random))) for scene in scenes])
    model.eval()
    with torch.inference_mode():
        images = model.encode_image(pictures, normalize=True)
        texts = model.encode_text(tokenizer([scene.captions[-1] for scene in scenes]), normalize=True)
    return float(((texts @ images.T).argmax(1) == torch.arange(len(scenes))).float().mean())


def hard_gallery(seed: int, size: int) -> list[Scene]:
    """Held-out pairs together with those of their near misses that are held out too, and no others."""
    unseen = {scene for scene in all_scenes()["pair"] if scene.held_out}
    chosen: dict[Scene, None] = {}
    for scene in gallery(seed, len(unseen), shares={"pair": 1}):
        near = [rival for rival in scene.rivals() if rival in unseen]
        if near and len(chosen) < size:
            chosen.update(dict.fromkeys([scene, *near]))
    return list(chosen)[:size]


def report(model: Any, preprocess: Any, tokenizer: Any) -> dict[str, float]:
    """Text → picture R@1 among 50 held-out drawings, ten galleries each."""
    kinds: dict[str, Any] = {
        "mixed": lambda seed: gallery(seed, 50),
        "pairs": lambda seed: gallery(seed, 50, shares={"pair": 1}),
        "near misses": lambda seed: hard_gallery(seed, 50),
    }
    found = {}
    for name, make in kinds.items():
        scores = [right_at_1(model, preprocess, tokenizer, make(seed), 1000 + seed) for seed in range(10)]
        found[name] = round(float(np.mean(scores)), 3)
        print(f"{name:>12}: R@1 among 50 = {np.mean(scores):.3f} (least {min(scores):.2f})")
    return found


def main() -> None:
    """Train, report, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=MODEL)
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--share", type=float, default=1.0, help="of the pictures to draw (for a quick try)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model, preprocess, tokenizer = fit(options.out, options.steps, options.rate, options.share)
    reached = report(model, preprocess, tokenizer)
    save(model, options.out, {"seed": SEED, "steps": options.steps, "rate": options.rate, "R@1": reached})


def fit(directory: Path, steps: int, rate: float, share: float = 1.0) -> tuple[Any, Any, Any]:
    """Draw, build into ``directory``, train; returns what ``build`` returns, trained."""
    torch.manual_seed(SEED)
    model, preprocess, tokenizer = build(directory)
    print(f"{sum(p.numel() for p in model.parameters()):,} numbers")
    began = time.monotonic()
    drawn = Drawn(preprocess.transforms[0], np.random.default_rng(SEED), share)
    print(f"{sum(len(p) for p in drawn.pictures.values()):,} pictures, {time.monotonic() - began:.0f} s")
    train(model, tokenizer, drawn, steps, rate)
    return model, preprocess, tokenizer


def save(model: Any, directory: Path, how: dict[str, Any]) -> None:
    """The weights, and ``training.json``: how they were made, what they reach, and their sha256."""
    from safetensors.torch import save_file

    weights = directory / "open_clip_model.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, weights)
    weights.chmod(0o644)
    how["sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()
    how["bytes"] = weights.stat().st_size
    (directory / "training.json").write_text(json.dumps(how, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
