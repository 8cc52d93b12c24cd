"""Tiny random checkpoints of GLM-V, InternVL, SmolVLM, Gemma 3, and of a model without eyes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tiny_parts import llama, qwen, save, tower
from tiny_qwens import MROPE, patched_processor
from tiny_tokenizers import chatml, gemma, glm, llama_tokenizer, qwen_tokenizer, smolvlm


def glm_tokenizer() -> Any:
    """With the marks of GLM."""
    marks = [f"<|{edge}_of_{kind}|>" for kind in ("image", "video") for edge in ("begin", "end")]
    roles = ("<|user|>", "<|system|>", "<|assistant|>")
    return qwen_tokenizer("[gMASK]", "<sop>", *roles, "<|image|>", "<|video|>", *marks, end="<|user|>")


def glm_rest(tokens: Any) -> dict[str, Any]:
    """The eye, and the ids that GLM's configurations name."""
    identity = tokens.convert_tokens_to_ids
    return {
        "vision_config": {
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_heads": 2,
            "patch_size": 14,
            "image_size": 56,
            "out_hidden_size": 32,
        },
        "image_token_id": identity("<|image|>"),
        "video_token_id": identity("<|video|>"),
        "image_start_token_id": identity("<|begin_of_image|>"),
        "image_end_token_id": identity("<|end_of_image|>"),
        "video_start_token_id": identity("<|begin_of_video|>"),
        "video_end_token_id": identity("<|end_of_video|>"),
    }


def glm4v(place: Path) -> Path:
    """GLM-4.1V: M-RoPE, pictures and video frames by one token between different marks."""
    import transformers as hf

    tokens = glm_tokenizer()
    text = qwen("glm4v_text", len(tokens), rope_parameters={**MROPE, "partial_rotary_factor": 1.0})
    config = hf.Glm4vConfig(text_config=text, **glm_rest(tokens))
    processor = patched_processor("glm4v", tokens, glm())
    return save(hf.Glm4vForConditionalGeneration(config), processor, place)


def glm4v_moe(place: Path) -> Path:
    """GLM-4.5V: the same with a mixture of experts."""
    import transformers as hf

    tokens = glm_tokenizer()
    text = qwen(
        "glm4v_moe_text",
        len(tokens),
        rope_parameters={**MROPE, "partial_rotary_factor": 1.0},
        moe_intermediate_size=16,
        n_routed_experts=4,
        num_experts_per_tok=2,
    )
    config = hf.Glm4vMoeConfig(text_config=text, **glm_rest(tokens))
    processor = patched_processor("glm4v", tokens, glm())
    return save(hf.Glm4vMoeForConditionalGeneration(config), processor, place)


def internvl(place: Path) -> Path:
    """InternVL 3: tiles of a picture, pixel shuffle, Qwen2."""
    import transformers as hf

    named = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    tokens = qwen_tokenizer(named=named)
    config = hf.InternVLConfig(
        text_config=qwen("qwen2", len(tokens)),
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": [28, 28],
            "patch_size": [7, 7],
        },
        image_token_id=tokens.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
    )
    processor = hf.InternVLProcessor(
        hf.GotOcr2ImageProcessor(size={"height": 28, "width": 28}, max_patches=4),
        tokens,
        hf.InternVLVideoProcessor(size={"height": 28, "width": 28}),
        image_seq_length=4,
        chat_template=chatml("<IMG_CONTEXT>\n", "<video>\n"),
    )
    return save(hf.InternVLForConditionalGeneration(config), processor, place)


def smolvlm2(place: Path) -> Path:
    """SmolVLM 2: SigLIP, pixel shuffle, tiles of a picture unless told not to."""
    import transformers as hf

    rows = [f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5)]
    tokens = qwen_tokenizer(
        "<fake_token_around_image>",
        "<image>",
        "<global-img>",
        "<video>",
        "<end_of_utterance>",
        *rows,
        end="<end_of_utterance>",
    )
    config = hf.SmolVLMConfig(
        text_config=llama(len(tokens)),
        vision_config={
            k: v for k, v in tower("", 28, 7).items() if k not in ("model_type", "projection_dim")
        },
        image_token_id=tokens.convert_tokens_to_ids("<image>"),
        scale_factor=2,
    )
    edges = {"size": {"longest_edge": 56}, "max_image_size": {"longest_edge": 28}}
    processor = hf.SmolVLMProcessor(
        hf.SmolVLMImageProcessor(**edges),
        tokens,
        hf.SmolVLMVideoProcessor(
            size={"longest_edge": 28}, max_image_size={"longest_edge": 28}, num_frames=64, fps=1
        ),
        image_seq_len=4,
        chat_template=smolvlm(),
    )
    return save(hf.SmolVLMForConditionalGeneration(config), processor, place)


def gemma3(place: Path) -> Path:
    """Gemma 3, which the adapter is told nothing about: layers that see a window, others that see all."""
    import transformers as hf

    named = {
        "boi_token": "<start_of_image>",
        "eoi_token": "<end_of_image>",
        "image_token": "<image_soft_token>",
    }
    tokens = qwen_tokenizer("<start_of_turn>", "<end_of_turn>", named=named, end="<end_of_turn>")
    identity = tokens.convert_tokens_to_ids
    config = hf.Gemma3Config(
        text_config={
            **qwen("gemma3_text", len(tokens)),
            "head_dim": 16,
            "sliding_window": 64,
            "layer_types": ["sliding_attention", "full_attention"],
            "query_pre_attn_scalar": 16,
        },
        vision_config={**tower("siglip_vision_model", 28, 7), "vision_use_head": False},
        mm_tokens_per_image=4,
        boi_token_index=identity("<start_of_image>"),
        eoi_token_index=identity("<end_of_image>"),
        image_token_index=identity("<image_soft_token>"),
    )
    images = hf.Gemma3ImageProcessor(size={"height": 28, "width": 28})
    processor = hf.Gemma3Processor(images, tokens, chat_template=gemma(), image_seq_length=4)
    return save(hf.Gemma3ForConditionalGeneration(config), processor, place)


def llama_text(place: Path) -> Path:
    """A language model without eyes."""
    import transformers as hf

    tokens = llama_tokenizer()
    tokens.chat_template = (
        "{% for m in messages %}"
        "{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
        "[INST] {{ m.content }} [/INST]{% endfor %}"
    )
    config = hf.LlamaConfig(**{k: v for k, v in llama(len(tokens)).items() if k != "model_type"})
    return save(hf.LlamaForCausalLM(config), tokens, place)
