"""Tiny random checkpoints of Flamingo's and LLaVA's kin, each written as ``save_pretrained`` does."""

from __future__ import annotations

from pathlib import Path

from tiny_parts import llama, qwen, save, square, tower
from tiny_tokenizers import bert_tokenizer, chatml, llama_tokenizer, onevision, qwen_tokenizer, vicuna


def idefics(place: Path) -> Path:
    """IDEFICS, the open Flamingo: cross-attention to pictures between the words, through a perceiver."""
    import transformers as hf

    tokens = llama_tokenizer("<fake_token_around_image>", "<image>", "<end_of_utterance>")
    config = hf.IdeficsConfig(
        **{k: v for k, v in llama(480).items() if k not in ("model_type", "num_key_value_heads")},
        additional_vocab_size=len(tokens) - 480,
        use_resampler=True,
        cross_layer_interval=1,
        qk_layer_norms=True,
        alpha_initializer="ones",
        vision_config={
            "embed_dim": 32,
            "image_size": 28,
            "intermediate_size": 48,
            "patch_size": 14,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
        },
        perceiver_config={
            "use_resampler": True,
            "resampler_n_latents": 4,
            "resampler_depth": 1,
            "resampler_n_heads": 2,
            "resampler_head_dim": 16,
        },
    )
    images = hf.IdeficsImageProcessor(image_size=28)
    processor = hf.IdeficsProcessor(images, tokens)
    return save(hf.IdeficsForVisionText2Text(config), processor, place)


def llava(place: Path) -> Path:
    """LLaVA 1.5: CLIP, a projector, Vicuna."""
    import transformers as hf

    tokens = llama_tokenizer("<image>")
    config = hf.LlavaConfig(
        text_config=llama(len(tokens)),
        vision_config=tower("clip_vision_model", 28, 14),
        image_token_index=tokens.convert_tokens_to_ids("<image>"),
        image_seq_length=4,
    )
    processor = hf.LlavaProcessor(
        hf.CLIPImageProcessor(**square(28)),
        tokens,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=vicuna(),
    )
    return save(hf.LlavaForConditionalGeneration(config), processor, place)


def llava_next_video(place: Path) -> Path:
    """LLaVA-NeXT-Video: pictures cut into tiles, frames of a video pooled to a quarter."""
    import transformers as hf

    tokens = llama_tokenizer("<image>", "<video>")
    tiles = [[56, 28], [28, 56], [56, 56]]
    config = hf.LlavaNextVideoConfig(
        text_config=llama(len(tokens)),
        vision_config=tower("clip_vision_model", 28, 7),
        image_token_index=tokens.convert_tokens_to_ids("<image>"),
        video_token_index=tokens.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=tiles,
    )
    processor = hf.LlavaNextVideoProcessor(
        hf.LlavaNextVideoVideoProcessor(**square(28)),
        hf.LlavaNextImageProcessor(**square(28), image_grid_pinpoints=tiles),
        tokens,
        chat_template=vicuna(),
        patch_size=7,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
    return save(hf.LlavaNextVideoForConditionalGeneration(config), processor, place)


def llava_onevision(place: Path) -> Path:
    """LLaVA-OneVision: SigLIP and Qwen2, frames of a video pooled to a quarter."""
    import transformers as hf

    tokens = qwen_tokenizer("<image>", "<video>")
    tiles = [[56, 28], [28, 56], [56, 56]]
    config = hf.LlavaOnevisionConfig(
        text_config=qwen("qwen2", len(tokens)),
        vision_config={**tower("siglip_vision_model", 28, 7), "vision_use_head": False},
        image_token_index=tokens.convert_tokens_to_ids("<image>"),
        video_token_index=tokens.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=tiles,
        vision_aspect_ratio="anyres_max_9",
    )
    processor = hf.LlavaOnevisionProcessor(
        hf.LlavaOnevisionImageProcessor(size={"height": 28, "width": 28}, image_grid_pinpoints=tiles),
        tokens,
        hf.LlavaOnevisionVideoProcessor(size={"height": 28, "width": 28}),
        num_image_tokens=16,
        vision_feature_select_strategy="full",
        chat_template=onevision(),
    )
    return save(hf.LlavaOnevisionForConditionalGeneration(config), processor, place)


def video_llava(place: Path) -> Path:
    """Video-LLaVA: one eye for pictures, one for videos, Vicuna; its files carry no chat template."""
    import transformers as hf

    tokens = llama_tokenizer("<image>", "<video>")
    config = hf.VideoLlavaConfig(
        text_config=llama(len(tokens)),
        vision_config=tower("clip_vision_model", 28, 14),
        image_token_index=tokens.convert_tokens_to_ids("<image>"),
        video_token_index=tokens.convert_tokens_to_ids("<video>"),
        image_seq_length=4,
        video_seq_length=40,
    )
    processor = hf.VideoLlavaProcessor(
        hf.VideoLlavaImageProcessor(**square(28)),
        hf.VideoLlavaVideoProcessor(**square(28)),
        tokens,
        patch_size=14,
    )
    return save(hf.VideoLlavaForConditionalGeneration(config), processor, place)


def instructblip_video(place: Path) -> Path:
    """InstructBLIP-Video: four frames through a Q-Former that reads the question; no chat template."""
    import transformers as hf

    tokens = llama_tokenizer("<video>")
    config = hf.InstructBlipVideoConfig(
        text_config=llama(len(tokens)),
        vision_config={
            k: v for k, v in tower("", 28, 14).items() if k not in ("model_type", "projection_dim")
        },
        qformer_config={
            "vocab_size": len(bert_tokenizer()),
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "encoder_hidden_size": 32,
        },
        num_query_tokens=3,
        video_token_index=tokens.convert_tokens_to_ids("<video>"),
    )
    processor = hf.InstructBlipVideoProcessor(
        hf.InstructBlipVideoVideoProcessor(size={"height": 28, "width": 28}),
        tokens,
        bert_tokenizer(),
        num_query_tokens=3,
    )
    return save(hf.InstructBlipVideoForConditionalGeneration(config), processor, place)


def video_llama_3(place: Path) -> Path:
    """VideoLLaMA 3: any resolution, patches that do not change between frames left out, times in the text."""
    import transformers as hf

    tokens = qwen_tokenizer("<|image_pad|>", "<|video_pad|>")
    config = hf.VideoLlama3Config(
        text_config=qwen("qwen2", len(tokens)),
        vision_config={
            k: v
            for k, v in tower("", 28, 14).items()
            if k not in ("model_type", "image_size", "projection_dim")
        },
        image_token_id=tokens.convert_tokens_to_ids("<|image_pad|>"),
        video_token_id=tokens.convert_tokens_to_ids("<|video_pad|>"),
    )
    processor = hf.VideoLlama3Processor(
        hf.VideoLlama3ImageProcessor(size={"shortest_edge": 784, "longest_edge": 56 * 56}),
        tokens,
        hf.VideoLlama3VideoProcessor(size={"shortest_edge": 784, "longest_edge": 8 * 56 * 56}),
        chat_template=chatml("<|image_pad|>", "<|video_pad|>"),
    )
    return save(hf.VideoLlama3ForConditionalGeneration(config), processor, place)
