"""What the tiny checkpoints are made of: configurations of text sides and eyes, and how one is written to disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LONGEST = 4096


def save(model: Any, processor: Any, place: Path, spread: float = 0.25) -> Path:
    """Draw the weights from a fixed seed and write model and processor to ``place``."""
    import torch

    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, spread, generator=generator)
    tokenizer = getattr(processor, "tokenizer", processor)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(place)
    processor.save_pretrained(place)
    return place


def llama(vocabulary: int, **more: Any) -> dict[str, Any]:
    """The text side of the LLaVA kin."""
    return {
        "model_type": "llama",
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": LONGEST,
        **more,
    }


def qwen(kind: str, vocabulary: int, **more: Any) -> dict[str, Any]:
    """The text side of the Qwen kin."""
    return {**llama(vocabulary), "model_type": kind, **more}


def tower(kind: str, size: int, patch: int, layers: int = 2) -> dict[str, Any]:
    """A CLIP- or SigLIP-like eye."""
    return {
        "model_type": kind,
        "image_size": size,
        "patch_size": patch,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": layers,
        "num_attention_heads": 2,
        "projection_dim": 32,
    }


def square(size: int) -> dict[str, Any]:
    """What CLIP's processors do to a picture."""
    return {"size": {"shortest_edge": size}, "crop_size": {"height": size, "width": size}}
