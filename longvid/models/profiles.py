"""Profiles: a model for every role, chosen to fit a kind of machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from longvid_storage.errors import UsageError


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile.

    Attributes:
        name: what a user types.
        memory_gb: what all its models need together, of the GPU's memory where there is one: the sum of their weights
            in the precision they run in, and a fifth more to compute in. Reckoned from published sizes.
        models: role → spec.
    """

    name: str
    memory_gb: int
    models: Mapping[str, str]


PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            "offline",  # any machine; no download
            1,
            {
                "speech": "faster-whisper/tiny.en",
                "speakers": "resemblyzer",
                "sound": "firered-aed",
                "screen": "rapidocr",
                "image": "off",
                "text": "all-MiniLM-L6-v2",
                "rerank": "off",
                "video_lm": "off",
            },
        ),
        Profile(
            "standard",  # a GPU with 8 GB, or a patient CPU
            8,
            {
                "speech": "whisper/large-v3-turbo",
                "speakers": "wavlm-base-plus-sv",
                "sound": "ast-audioset",
                "screen": "easyocr/english",
                "image": "open_clip/ViT-B-32",
                "text": "ibm-granite/granite-embedding-97m-multilingual-r2",
                "rerank": "off",
                "video_lm": "Qwen/Qwen3-VL-2B-Instruct",
            },
        ),
        Profile(
            "max",  # a GPU with 80 GB
            80,
            {
                "speech": "whisper:large-v3",
                "speakers": "wavlm-base-plus-sv",
                "sound": "ast-audioset",
                "screen": "easyocr/english",
                "image": "open_clip:hf-hub:timm/ViT-SO400M-14-SigLIP2-378",
                "text": "transformers:Qwen/Qwen3-Embedding-0.6B",
                "rerank": "transformers:BAAI/bge-reranker-v2-m3",
                "video_lm": "transformers:Qwen/Qwen3-VL-30B-A3B-Instruct",
            },
        ),
    )
}


def profile_named(name: str, where: str) -> Profile:
    """The profile of that name; ``where`` names the file that says it, empty for the caller.

    Raises:
        UsageError: there is none.
    """
    if name not in PROFILES:
        inside = f" (in {where})" if where else ""
        raise UsageError(f"there is no profile {name!r}{inside}: the profiles are {', '.join(PROFILES)}")
    return PROFILES[name]
