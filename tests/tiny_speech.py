"""Speech checkpoints in their true architectures and file formats: tiny, random but for what makes them say a sentence.

Each is built through the library that owns the format and saved with ``save_pretrained`` (or that format's own
converter), so that an adapter loads it as it would load the real one.
"""

from __future__ import annotations

import atexit
import functools
import tempfile
from pathlib import Path
from typing import Any

SPOKEN = " The cold rain fell softly over seven green hills all night long."
# What a multilingual Whisper has: 50257 text tokens, then the special ones.
_TEXT_TOKENS = 50_257
_WHISPER_VOCABULARY = 51_865


def _byte_tokens() -> list[str]:
    """The 256 printable stand-ins for bytes of byte-level BPE, in the order of GPT-2."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    other = [byte for byte in range(256) if byte not in kept]
    return [chr(byte) for byte in kept] + [chr(256 + index) for index in range(len(other))]


def whisper_tokenizer(directory: Path) -> Any:
    """A Whisper tokenizer that has the words of ``SPOKEN`` as tokens, and every special token of the real one."""
    from transformers import WhisperTokenizer
    from whisper.tokenizer import LANGUAGES

    words = [f"Ġ{word}" for word in SPOKEN.split()]
    text = [*_byte_tokens(), *words]
    text += [f"Ġfiller{index}" for index in range(_TEXT_TOKENS - 1 - len(text))]
    # The last text token of the multilingual models is empty; CTranslate2 knows them by it.
    text.append("")
    special = [
        "<|endoftext|>",
        "<|startoftranscript|>",
        *(f"<|{language}|>" for language in list(LANGUAGES)[:99]),
        *("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>"),
        "<|notimestamps|>",
    ]
    times = [f"<|{index * 0.02:.2f}|>" for index in range(1501)]
    vocabulary = {token: index for index, token in enumerate(text)}
    tokenizer = WhisperTokenizer(vocab=vocabulary, merges=[], bos_token=special[0], eos_token=special[0])
    tokenizer.add_tokens(special, special_tokens=True)
    tokenizer.add_tokens(times)
    assert len(tokenizer) == _WHISPER_VOCABULARY, len(tokenizer)
    tokenizer.save_pretrained(directory)
    return tokenizer


def whisper(directory: Path, spoken: str = SPOKEN, end_s: float = 2.0) -> Path:
    """A multilingual Whisper that says one sentence of every sound.

    Its decoder blocks add nothing, so the next token depends on the position alone: each position's embedding is
    that of the token that shall follow.
    """
    import torch
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
    )

    tokenizer = whisper_tokenizer(directory)
    ids = tokenizer.convert_tokens_to_ids
    end, start = ids("<|endoftext|>"), ids("<|startoftranscript|>")
    config = WhisperConfig(
        vocab_size=_WHISPER_VOCABULARY, d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, pad_token_id=end, bos_token_id=end,
        eos_token_id=end, decoder_start_token_id=start,
    )  # fmt: skip
    follow = [
        ids("<|en|>"),
        ids("<|transcribe|>"),
        ids("<|0.00|>"),
        *(ids(f"Ġ{word}") for word in spoken.split()),
        ids(f"<|{end_s:.2f}|>"),
    ]
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(5)
        model = WhisperForConditionalGeneration(config)
        decoder = model.model.decoder
        tokens = torch.nn.functional.normalize(torch.randn(_WHISPER_VOCABULARY, 32), dim=-1)
        decoder.embed_tokens.weight.copy_(tokens)
        for position in range(config.max_target_positions):
            token = follow[position] if position < len(follow) else end
            decoder.embed_positions.weight[position] = 6 * tokens[token]
        decoder.layer_norm.weight.fill_(8)  # so that the next token is certain
        layer = decoder.layers[0]
        for part in (layer.self_attn.out_proj, layer.encoder_attn.out_proj, layer.fc2):
            part.weight.zero_()
            part.bias.zero_()
    model.generation_config = GenerationConfig(
        decoder_start_token_id=start, bos_token_id=end, eos_token_id=end, pad_token_id=end,
        is_multilingual=True, lang_to_id={f"<|{code}|>": ids(f"<|{code}|>") for code in ("en", "de", "zh")},
        task_to_id={task: ids(f"<|{task}|>") for task in ("transcribe", "translate")},
        no_timestamps_token_id=ids("<|notimestamps|>"), max_initial_timestamp_index=50, max_length=448,
        prev_sot_token_id=ids("<|startofprev|>"), suppress_tokens=[], begin_suppress_tokens=[end],
        alignment_heads=[[0, 0], [0, 1]], return_timestamps=False,
    )  # fmt: skip
    model.save_pretrained(directory)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(directory)
    return directory


def faster_whisper(source: Path, directory: Path) -> Path:
    """A Whisper directory of transformers in CTranslate2's format, by CTranslate2's own converter."""
    from ctranslate2.converters import TransformersConverter

    converter = TransformersConverter(str(source), copy_files=["tokenizer.json", "preprocessor_config.json"])
    converter.convert(str(directory))
    return directory


@functools.cache
def made(kind: str) -> Path:
    """The checkpoint of that kind, built once a process; each builder has the kind's name."""
    directory = _scratch() / kind
    if kind == "faster_whisper":
        return faster_whisper(made("whisper"), directory)
    return Path(_BUILDERS[kind](directory))


@functools.cache
def _scratch() -> Path:
    kept = tempfile.TemporaryDirectory(prefix="tiny-speech-")
    atexit.register(kept.cleanup)
    return Path(kept.name)


_BUILDERS = {"whisper": whisper}
