"""A tiny random checkpoint of every family of video-LLMs: true architecture, processor, tokenizer and chat template.

Each builder writes a directory as ``save_pretrained`` does, ready to be loaded as a user loads a downloaded one.
Weights are drawn wide enough for pictures to matter to the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import tiny_llavas
import tiny_others
import tiny_qwens

FAMILIES: dict[str, Callable[[Path], Path]] = {
    "idefics": tiny_llavas.idefics,
    "llava": tiny_llavas.llava,
    "llava_next_video": tiny_llavas.llava_next_video,
    "llava_onevision": tiny_llavas.llava_onevision,
    "video_llava": tiny_llavas.video_llava,
    "instructblipvideo": tiny_llavas.instructblip_video,
    "video_llama_3": tiny_llavas.video_llama_3,
    "glm4v": tiny_others.glm4v,
    "glm4v_moe": tiny_others.glm4v_moe,
    "qwen2_5_vl": tiny_qwens.qwen2_5_vl,
    "qwen3_vl": tiny_qwens.qwen3_vl,
    "qwen3_vl_moe": tiny_qwens.qwen3_vl_moe,
    "internvl": tiny_others.internvl,
    "smolvlm": tiny_others.smolvlm2,
    "qwen2_5_omni": tiny_qwens.qwen2_5_omni,
}
"""Model type -> builder."""

UNLISTED: dict[str, Callable[[Path], Path]] = {"gemma3": tiny_others.gemma3}
"""A family that the adapter is told nothing about: its files say enough."""
