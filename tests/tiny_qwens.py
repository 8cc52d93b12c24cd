"""Tiny random checkpoints of Qwen's kin, each written as ``save_pretrained`` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tiny_parts import qwen, save
from tiny_tokenizers import chatml, qwen_tokenizer

QWEN_VISION = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
PATCHED = {"patch_size": 14, "temporal_patch_size": 2, "merge_size": 2}
MROPE = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [2, 3, 3]}
QWEN_CHAT = chatml(
    "<|vision_start|><|image_pad|><|vision_end|>", "<|vision_start|><|video_pad|><|vision_end|>"
)


def patched_processor(kind: str, tokens: Any, template: str) -> Any:
    """Image and video processors of the Qwen kin over ``tokens``; pictures of at most 56 × 56 pixels."""
    import transformers as hf

    # GLM counts the pixels of both frames that it makes of a picture.
    doubled = 2 if kind == "glm4v" else 1
    images = {"size": {"shortest_edge": 28 * 28, "longest_edge": doubled * 56 * 56}, **PATCHED}
    videos = {"size": {"shortest_edge": 28 * 28, "longest_edge": 8 * 56 * 56}, **PATCHED}
    eye, clip, whole = {
        "qwen2_5_vl": (hf.Qwen2VLImageProcessor, hf.Qwen2VLVideoProcessor, hf.Qwen2_5_VLProcessor),
        "qwen3_vl": (hf.Qwen2VLImageProcessor, hf.Qwen3VLVideoProcessor, hf.Qwen3VLProcessor),
        "glm4v": (hf.Glm4vImageProcessor, hf.Glm4vVideoProcessor, hf.Glm4vProcessor),
    }[kind]
    return whole(eye(**images), tokens, clip(**videos), chat_template=template)


def qwen2_5_vl(place: Path) -> Path:
    """Qwen2.5-VL: any resolution, window attention, positions in time, height and width (M-RoPE)."""
    import transformers as hf

    tokens = qwen_tokenizer(*QWEN_VISION)
    config = hf.Qwen2_5_VLConfig(
        text_config=qwen("qwen2_5_vl_text", len(tokens), rope_parameters=MROPE),
        vision_config=windowed_eye(),
        **vision_ids(tokens),
    )
    model = hf.Qwen2_5_VLForConditionalGeneration(config)
    return save(model, patched_processor("qwen2_5_vl", tokens, QWEN_CHAT), place)


def windowed_eye() -> dict[str, Any]:
    """The eye of Qwen2.5-VL and Qwen2.5-Omni."""
    return {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_heads": 2,
        "patch_size": 14,
        "out_hidden_size": 32,
        "fullatt_block_indexes": [1],
        "window_size": 56,
    }


def vision_ids(tokens: Any) -> dict[str, int]:
    """The ids that the Qwen kin's configurations name."""
    identity = tokens.convert_tokens_to_ids
    return {
        "image_token_id": identity("<|image_pad|>"),
        "video_token_id": identity("<|video_pad|>"),
        "vision_start_token_id": identity("<|vision_start|>"),
        "vision_end_token_id": identity("<|vision_end|>"),
    }


def deep_eye() -> dict[str, Any]:
    """The eye of Qwen3-VL, which hands on features of several depths (DeepStack)."""
    return {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_heads": 2,
        "patch_size": 14,
        "out_hidden_size": 32,
        "num_position_embeddings": 16,
        "deepstack_visual_indexes": [0],
    }


def qwen3_vl(place: Path) -> Path:
    """Qwen3-VL."""
    import transformers as hf

    tokens = qwen_tokenizer(*QWEN_VISION)
    text = qwen("qwen3_vl_text", len(tokens), head_dim=16, rope_parameters=MROPE)
    config = hf.Qwen3VLConfig(text_config=text, vision_config=deep_eye(), **vision_ids(tokens))
    processor = patched_processor("qwen3_vl", tokens, QWEN_CHAT)
    return save(hf.Qwen3VLForConditionalGeneration(config), processor, place)


def qwen3_vl_moe(place: Path) -> Path:
    """Qwen3-VL with a mixture of experts."""
    import transformers as hf

    tokens = qwen_tokenizer(*QWEN_VISION)
    text = qwen("qwen3_vl_moe_text", len(tokens), head_dim=16, rope_parameters=MROPE)
    text |= {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
    config = hf.Qwen3VLMoeConfig(text_config=text, vision_config=deep_eye(), **vision_ids(tokens))
    processor = patched_processor("qwen3_vl", tokens, QWEN_CHAT)
    return save(hf.Qwen3VLMoeForConditionalGeneration(config), processor, place)


def qwen2_5_omni(place: Path) -> Path:
    """Qwen2.5-Omni whole: the thinker that sees and hears, and the talker and vocoder that longvid leaves aside."""
    import transformers as hf

    named = {
        "image_token": "<|IMAGE|>",
        "audio_token": "<|AUDIO|>",
        "video_token": "<|VIDEO|>",
        "vision_bos_token": "<|vision_bos|>",
        "vision_eos_token": "<|vision_eos|>",
        "audio_bos_token": "<|audio_bos|>",
        "audio_eos_token": "<|audio_eos|>",
    }
    tokens = qwen_tokenizer(named=named)
    identity = tokens.convert_tokens_to_ids
    ids = {
        "audio_token_index": identity("<|AUDIO|>"),
        "image_token_index": identity("<|IMAGE|>"),
        "video_token_index": identity("<|VIDEO|>"),
        "audio_start_token_id": identity("<|audio_bos|>"),
        "audio_end_token_id": identity("<|audio_eos|>"),
        "vision_start_token_id": identity("<|vision_bos|>"),
        "vision_end_token_id": identity("<|vision_eos|>"),
    }
    text = qwen("qwen2_5_omni_text", len(tokens), rope_parameters=MROPE, tie_word_embeddings=False)
    config = hf.Qwen2_5OmniConfig(
        thinker_config={
            "text_config": text,
            "vision_config": windowed_eye(),
            "audio_config": {
                "num_mel_bins": 16,
                "encoder_layers": 1,
                "encoder_attention_heads": 2,
                "encoder_ffn_dim": 48,
                "d_model": 32,
                "n_window": 20,
                "output_dim": 32,
            },
            **ids,
        },
        talker_config={
            **qwen("qwen2_5_omni_talker", 64),
            "head_dim": 16,
            "embedding_size": 32,
            "rope_parameters": MROPE,
        },
        token2wav_config={
            "dit_config": {
                "hidden_size": 32,
                "num_hidden_layers": 1,
                "num_attention_heads": 2,
                "head_dim": 16,
                "emb_dim": 16,
                "num_embeds": 17,
                "mel_dim": 8,
                "enc_emb_dim": 8,
                "enc_dim": 8,
                "enc_channels": [8, 8, 8, 8, 24],
                "enc_attention_channels": 4,
                "enc_se_channels": 4,
                "look_ahead_layers": [0],
                "look_backward_layers": [0],
            },
            "bigvgan_config": {
                "mel_dim": 8,
                "upsample_initial_channel": 64,
                "resblock_kernel_sizes": [3],
                "resblock_dilation_sizes": [[1, 3, 5]],
            },
        },
    )
    patched = {"size": {"shortest_edge": 28 * 28, "longest_edge": 56 * 56}, **PATCHED}
    processor = hf.Qwen2_5OmniProcessor(
        hf.Qwen2VLImageProcessor(**patched),
        hf.Qwen2VLVideoProcessor(**patched),
        hf.WhisperFeatureExtractor(
            feature_size=16, chunk_length=4, hop_length=160, return_attention_mask=True
        ),
        tokens,
        chat_template=chatml(
            "<|vision_bos|><|IMAGE|><|vision_eos|>",
            "<|vision_bos|><|VIDEO|><|vision_eos|>",
            "<|audio_bos|><|AUDIO|><|audio_eos|>",
        ),
    )
    return save(hf.Qwen2_5OmniForConditionalGeneration(config), processor, place)
