"""What frames cost local video-LLMs: ``python benchmarks/video_lms.py tokens`` and ``… pruning [--frames N]``.

``tokens`` prints, for every family, the tokens of one frame among several at two sizes, counted by its processor with
the settings of its published models (weights are not needed to count). ``pruning`` times the first token of a
Qwen2.5-VL with random weights (width 512, 12 layers) at the processor's real sizes, on this CPU: all visual tokens,
a share of them, and smaller frames of the same number of tokens.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import tiny_qwens
from longvid_agents.packing import LONG_SIDES
from longvid_agents.video_lm import Frame, Request
from longvid_agents.video_lms.transformers import TransformersVideoLM
from tiny_parts import save
from tiny_tokenizers import qwen_tokenizer
from tiny_video_lms import FAMILIES

SIZES = ((640, 360), (1280, 720))


def published(kind: str, processor: Any) -> None:
    """Give the tiny processor the settings of the published one."""
    images = getattr(processor, "image_processor", None)
    videos = getattr(processor, "video_processor", None)
    fixed = {"llava": (336, 14), "llava_next_video": (336, 14), "video_llava": (224, 14)}
    if kind in fixed:
        side, processor.patch_size = fixed[kind]
        for each in filter(None, (images, videos)):
            each.size = (
                type(images.size)(shortest_edge=side) if hasattr(images.size, "shortest_edge") else each.size
            )
            each.crop_size = each.crop_size.__class__(height=side, width=side)
    elif kind == "llava_onevision":
        processor.num_image_tokens = 729
    elif kind == "instructblipvideo":
        processor.num_query_tokens = 32
    elif kind == "internvl":
        processor.image_seq_length = 256
    elif kind == "smolvlm":
        processor.image_seq_len = 81
    elif kind != "idefics":
        patch = 16 if kind == "qwen3_vl" else 14
        for each in filter(None, (images, videos)):
            each.patch_size = patch
            each.size = (
                type(each).size
                if not isinstance(type(each).size, dict)
                else each.size.__class__(**type(each).size)
            )


def tokens() -> None:
    """One line a family."""
    print(f"{'family':18}" + "".join(f"{w} x {h:<6}" for w, h in SIZES))
    with tempfile.TemporaryDirectory() as root:
        for kind, build in FAMILIES.items():
            lm = TransformersVideoLM(build(Path(root) / kind), device="cpu")
            published(kind, lm._loaded.processor)
            print(f"{kind:18}" + "".join(f"{lm.counter.frame(*size):<12}" for size in SIZES), flush=True)


def slides(count: int) -> tuple[Frame, ...]:
    """Frames of a talk: every fourth shows a new slide, and a small mark moves on each."""
    rng = np.random.default_rng(0)
    frames = []
    for number in range(1, count + 1):
        if number % 4 == 1:
            slide = Image.new("RGB", (640, 360), "white")
            draw = ImageDraw.Draw(slide)
            for _ in range(12):
                x, y = rng.integers(0, 560), rng.integers(0, 330)
                draw.rectangle((x, y, x + rng.integers(20, 200), y + 14), fill=tuple(rng.integers(0, 200, 3)))
        shown = slide.copy()
        ImageDraw.Draw(shown).ellipse((20 * number, 320, 20 * number + 16, 336), fill="red")
        file = io.BytesIO()
        shown.save(file, "PNG")
        frames.append(Frame(number, file.getvalue(), "image/png", 5.0 * number, "talk"))
    return tuple(frames)


def larger_qwen(place: Path) -> Path:
    """Qwen2.5-VL of 12 layers 512 wide over an eye of 6 layers 256 wide, with its processor's real sizes."""
    import transformers as hf

    words = qwen_tokenizer(*tiny_qwens.QWEN_VISION)
    text = {
        "vocab_size": len(words),
        "hidden_size": 512,
        "intermediate_size": 1408,
        "num_hidden_layers": 12,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
        "max_position_embeddings": 32768,
        "rope_parameters": {**tiny_qwens.MROPE, "mrope_section": [8, 12, 12]},
        "bos_token_id": None,
        "eos_token_id": words.eos_token_id,
    }
    eye = {
        **tiny_qwens.windowed_eye(),
        "depth": 6,
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_heads": 4,
    }
    eye = {**eye, "out_hidden_size": 512, "window_size": 112, "fullatt_block_indexes": [2, 5]}
    config = hf.Qwen2_5_VLConfig(text_config=text, vision_config=eye, **tiny_qwens.vision_ids(words))
    processor = tiny_qwens.patched_processor("qwen2_5_vl", words, tiny_qwens.QWEN_CHAT)
    published("qwen2_5_vl", processor)
    return save(hf.Qwen2_5_VLForConditionalGeneration(config), processor, place, spread=0.02)


def first_token_s(lm: TransformersVideoLM, request: Request) -> tuple[float, int]:
    """CPU seconds, the best of three, and the tokens read."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        reply = lm.reply(request)
        best = min(best, time.process_time() - start)
    return best, reply.input_tokens


def pruning(count: int) -> None:
    """CPU seconds to the first token and tokens read, pruned and with smaller frames."""
    ask = Request("Answer.", "What is shown?", frames=slides(count), max_tokens=1)
    print(f"{'':28}{'tokens read':>12}{'CPU s':>9}")
    with tempfile.TemporaryDirectory() as root:
        place = larger_qwen(Path(root) / "qwen")
        budgets = {}
        for share in (1.0, 0.5, 0.25):
            lm = TransformersVideoLM(place, device="cpu", visual_tokens=share)
            lm.reply(ask)
            seconds, read = first_token_s(lm, ask)
            budgets[share] = read
            print(f"{f'{share:.0%} of the visual tokens':28}{read:12}{seconds:9.2f}", flush=True)
        whole = TransformersVideoLM(place, device="cpu")
        for share in (0.5, 0.25):
            packed = replace(ask, packing="pooled", budget_tokens=budgets[share])
            seconds, read = first_token_s(whole, packed)
            side = next(s for s in LONG_SIDES if s <= 640 and _fits(whole, s, count, budgets[share]))
            print(f"{f'frames {side} pixels wide':28}{read:12}{seconds:9.2f}", flush=True)


def _fits(lm: TransformersVideoLM, side: int, count: int, budget: int) -> bool:
    return lm.counter.frame(side, round(side * 360 / 640)) * count <= budget


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("tokens", "pruning"))
    parser.add_argument("--frames", type=int, default=16)
    given = parser.parse_args()
    if given.what == "tokens":
        tokens()
    else:
        pruning(given.frames)


if __name__ == "__main__":
    main()
