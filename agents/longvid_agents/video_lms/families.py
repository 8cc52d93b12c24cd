"""What the families of local video-LLMs need to be told that their own files do not say: one table, no branches.

Everything else (architecture, sizes, tokens, chat template) comes from the checkpoint. A family that is not in the
table is treated as most are: frames are pictures, each with its time before it, and the chat template decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Frames = Literal["images", "clips", "video"]


@dataclass(frozen=True, slots=True)
class Turns:
    """How a family without a chat template is prompted: ``start``, the user's words and pictures, ``end``.

    ``{system}`` in ``start`` is where instructions go. ``media`` says how its processor takes pictures:
    ``"inline"`` by tokens in the text, ``"list"`` as a list of words and pictures, ``"front"`` apart from the text.
    A mark in angle brackets in ``end`` ends the reply too; one that the tokenizer does not know is left out.
    """

    start: str = "{system}\nUSER: "
    end: str = "\nASSISTANT:"
    media: Literal["inline", "list", "front"] = "inline"


@dataclass(frozen=True, slots=True)
class Family:
    """What one model type needs.

    Attributes:
        frames: ``"images"``: each frame a picture of its own. ``"clips"``: neighbours with no time between them
            are one video input, as its eye reads videos at fewer tokens a frame than pictures. ``"video"``: all
            neighbouring frames of one video and size are one input, their times listed before it and given to the
            processor, which writes them beside each frame where the family was taught so.
        many: arguments of the processor when more than one picture is shown (one tile each instead of several).
        exactly: how many frames a video input must have; fewer are filled up with the last one.
        turns: how it is prompted when its files carry no chat template.
        model: the class to load instead of the one that transformers' auto class picks.
        part: the part of the configuration that this class reads.
        prunes: whether visual tokens may be left out (``pruning``): its pictures are tokens among the words, and the
            tests compare it with masking.
        blind: the part of the model that answers when no picture is shown, where the whole cannot.
    """

    frames: Frames = "images"
    many: Mapping[str, Any] = field(default_factory=dict)
    exactly: int | None = None
    turns: Turns = field(default_factory=Turns)
    model: str | None = None
    part: str | None = None
    blind: str | None = None
    prunes: bool = False


FAMILIES: Mapping[str, Family] = {
    # Alayrac et al. 2022, arXiv 2204.14198 (Flamingo); Laurençon et al. 2023, arXiv 2306.16527.
    "idefics": Family(turns=Turns("{system}\nUser: ", "<end_of_utterance>\nAssistant:", media="list")),
    "idefics3": Family(many={"do_image_splitting": False}),
    "smolvlm": Family(many={"do_image_splitting": False}, prunes=True),
    "llava": Family(prunes=True),
    # Frames of a video are pooled to a quarter of a picture's tokens.
    "llava_next_video": Family(frames="clips", prunes=True),
    "llava_onevision": Family(frames="clips", prunes=True),
    # Lin et al. 2023, arXiv 2311.10122: one eye for pictures, one for videos.
    "video_llava": Family(frames="clips", turns=Turns("{system} USER: ", " ASSISTANT:"), prunes=True),
    # Dai et al. 2023, arXiv 2305.06500: the Q-Former reads the question; four frames, before the text.
    "instructblipvideo": Family(
        frames="video",
        exactly=4,
        turns=Turns("{system}\n", "\nAnswer:", media="front"),
        blind="language_model",
    ),
    # Zhang et al. 2025, arXiv 2501.13106: patches that do not change between frames are left out.
    "video_llama_3": Family(frames="video", prunes=True),
    "internvl": Family(many={"crop_to_patches": False}, prunes=True),
    "glm4v": Family(prunes=True),
    "glm4v_moe": Family(prunes=True),
    "qwen2_5_vl": Family(prunes=True),
    "qwen3_vl": Family(prunes=True),
    "qwen3_vl_moe": Family(prunes=True),
    # Only the thinker reads and writes text; the talker and the vocoder stay on the disk.
    "qwen2_5_omni": Family(
        model="Qwen2_5OmniThinkerForConditionalGeneration", part="thinker_config", prunes=True
    ),
    "qwen3_omni_moe": Family(model="Qwen3OmniMoeThinkerForConditionalGeneration", part="thinker_config"),
}
"""Model type (``model_type`` of ``config.json``) -> what it needs."""

DEFAULT = Family()


def family_of(model_type: str) -> Family:
    """What ``model_type`` needs; the default for one that is not in the table."""
    return FAMILIES.get(model_type, DEFAULT)
