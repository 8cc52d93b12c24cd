"""Speech checkpoints in their true architectures and file formats: tiny, random but for what makes them say a sentence.

Each is built through the library that owns the format and saved with ``save_pretrained`` (or that format's own
converter), so that an adapter loads it as it would load the real one.
"""

from __future__ import annotations

import atexit
import functools
import json
import tempfile
from pathlib import Path
from typing import Any

SPOKEN = " The cold rain fell softly over seven green hills all night long."
# What a multilingual Whisper has: 50257 text tokens, then the special ones.
_TEXT_TOKENS = 50_257
_WHISPER_VOCABULARY = 51_865
_ENDS = ("bos_token", "eos_token", "unk_token", "pad_token")


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
    tokenizer = WhisperTokenizer(vocab=vocabulary, merges=[], **dict.fromkeys(_ENDS, special[0]))
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


def _sentencepiece(directory: Path, tokenizer_class: str, extra: list[str], **special: str) -> Any:
    """A tokenizer of words and letters in which "▁" begins a word, as SentencePiece models have it."""
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = [*extra, *(f"▁{word}" for word in SPOKEN.split()), "▁", *(f"▁{c}" for c in letters), *letters]
    unknown = special.get("unk_token", extra[0])
    backend = Tokenizer(
        models.WordLevel({piece: index for index, piece in enumerate(pieces)}, unk_token=unknown)
    )
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    tokenizer = getattr(transformers, tokenizer_class)(tokenizer_object=backend, **special)
    tokenizer.save_pretrained(directory)
    return tokenizer


def wav2vec2(directory: Path) -> Path:
    """A wav2vec 2.0 with a CTC head over capitals; its frames jump from letter to letter."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

    directory.mkdir(parents=True)
    tokens = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAOINSHRDLU"]
    (directory / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}), encoding="utf-8")
    Wav2Vec2CTCTokenizer(str(directory / "vocab.json")).save_pretrained(directory)
    Wav2Vec2FeatureExtractor(return_attention_mask=True).save_pretrained(directory)
    config = Wav2Vec2Config(
        vocab_size=len(tokens), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        conv_dim=(16,) * 7, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2, pad_token_id=0,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(3)
        model = Wav2Vec2ForCTC(config)
        model.lm_head.weight.copy_(torch.randn_like(model.lm_head.weight))
    model.save_pretrained(directory)
    return directory


def _parakeet_encoder() -> Any:
    from transformers import ParakeetEncoderConfig

    return ParakeetEncoderConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_mel_bins=80,
        subsampling_conv_channels=8, dropout=0.0,
    )  # fmt: skip


def parakeet_ctc(directory: Path) -> Path:
    """A Parakeet with a CTC head."""
    import torch
    from transformers import ParakeetCTCConfig, ParakeetFeatureExtractor, ParakeetForCTC, ParakeetProcessor

    tokenizer = _sentencepiece(
        directory, "ParakeetTokenizer", ["<unk>", "<pad>"], unk_token="<unk>", pad_token="<pad>"
    )
    config = ParakeetCTCConfig(vocab_size=len(tokenizer), encoder_config=_parakeet_encoder(), pad_token_id=1)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(4)
        model = ParakeetForCTC(config)
        model.ctc_head.weight.copy_(torch.randn_like(model.ctc_head.weight))
    model.save_pretrained(directory)
    ParakeetProcessor(ParakeetFeatureExtractor(feature_size=80), tokenizer).save_pretrained(directory)
    return directory


def parakeet_tdt(directory: Path) -> Path:
    """A Parakeet with a token-and-duration transducer."""
    import torch
    from transformers import ParakeetFeatureExtractor, ParakeetForTDT, ParakeetProcessor, ParakeetTDTConfig

    tokenizer = _sentencepiece(
        directory, "ParakeetTokenizer", ["<unk>", "<pad>", "<blank>"], unk_token="<unk>", pad_token="<pad>"
    )
    config = ParakeetTDTConfig(
        vocab_size=len(tokenizer), decoder_hidden_size=16, num_decoder_layers=1, encoder_config=_parakeet_encoder(),
        pad_token_id=1, blank_token_id=2,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(6)
        model = ParakeetForTDT(config)
        for name, parameter in model.named_parameters():
            if "joint" in name and parameter.dim() == 2:
                parameter.copy_(torch.randn_like(parameter))
    model.generation_config.decoder_start_token_id = 2
    model.save_pretrained(directory)
    processor = ParakeetProcessor(ParakeetFeatureExtractor(feature_size=80), tokenizer, decoder_type="tdt")
    processor.save_pretrained(directory)
    return directory


def moonshine(directory: Path) -> Path:
    """A Moonshine: raw sound in, text without times out."""
    import torch
    from transformers import (
        MoonshineConfig,
        MoonshineForConditionalGeneration,
        Wav2Vec2FeatureExtractor,
    )

    special = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<unk>"}
    tokenizer = _sentencepiece(directory, "PreTrainedTokenizerFast", ["<unk>", "<s>", "</s>"], **special)
    config = MoonshineConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=32, encoder_num_hidden_layers=1,
        decoder_num_hidden_layers=1, encoder_num_attention_heads=2, decoder_num_attention_heads=2, pad_token_id=0,
        max_position_embeddings=64, tie_word_embeddings=False,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(7)
        model = MoonshineForConditionalGeneration(config)
        model.proj_out.weight.copy_(torch.randn_like(model.proj_out.weight))
    model.save_pretrained(directory)
    Wav2Vec2FeatureExtractor(return_attention_mask=True, do_normalize=False).save_pretrained(directory)
    return directory


def qwen3_asr(directory: Path) -> Path:
    """A Qwen3-ASR: a language model that hears, asked through its processor's own request."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import (
        PreTrainedTokenizerFast,
        Qwen3ASRConfig,
        Qwen3ASRFeatureExtractor,
        Qwen3ASRForConditionalGeneration,
        Qwen3ASRProcessor,
    )

    audio = {
        "audio_token": "<|audio_pad|>",
        "audio_bos_token": "<|audio_start|>",
        "audio_eos_token": "<|audio_end|>",
    }
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *audio.values()]
    pieces = [
        *special,
        "<asr_text>",
        "<timestamp>",
        *_byte_tokens(),
        *(f"Ġ{word}" for word in SPOKEN.split()),
    ]
    ids = {piece: index for index, piece in enumerate(pieces)}
    backend = Tokenizer(models.BPE(ids, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens=audio,
    )
    tokenizer.add_tokens(["<|im_start|>"], special_tokens=True)
    tokenizer.add_tokens(["<asr_text>", "<timestamp>"])
    config = Qwen3ASRConfig(
        audio_config={
            "num_mel_bins": 128, "encoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 16,
            "d_model": 16, "output_dim": 32, "downsample_hidden_size": 8,
        },
        text_config={
            "model_type": "qwen3", "vocab_size": len(ids), "hidden_size": 32, "intermediate_size": 32,
            "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16,
        },
        audio_token_id=ids["<|audio_pad|>"], timestamp_token_id=ids["<timestamp>"], pad_token_id=0,
        eos_token_id=[0, 2], tie_word_embeddings=False,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(8)
        model = Qwen3ASRForConditionalGeneration(config)
        head = model.get_output_embeddings().weight
        head.copy_(torch.randn_like(head))
    model.save_pretrained(directory)
    template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}{% if c['type'] == 'audio' %}"
        "<|audio_start|><|audio_pad|><|audio_end|>{% else %}{{ c['text'] }}{% endif %}{% endfor %}"
        "{% if not loop.last %}<|im_end|>\n{% endif %}{% endfor %}"
    )
    Qwen3ASRProcessor(Qwen3ASRFeatureExtractor(), tokenizer, chat_template=template).save_pretrained(
        directory
    )
    return directory


_BUILDERS |= {
    "wav2vec2": wav2vec2,
    "parakeet_ctc": parakeet_ctc,
    "parakeet_tdt": parakeet_tdt,
    "moonshine": moonshine,
    "qwen3_asr": qwen3_asr,
}
