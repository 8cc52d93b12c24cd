"""Tokenizers trained here in milliseconds, and chat templates of the forms the families of video-LLMs use.

The two kinds of vocabulary in the field: byte-level BPE (Qwen, GLM, InternVL, SmolVLM) and BPE over words marked with
``▁`` that falls back to bytes (Llama, Vicuna). Each is made through the class that a real checkpoint names.
"""

from __future__ import annotations

import json
from typing import Any

WORDS = (
    "frame picture video second what is shown at the time a red circle left of a blue square slide talk "
    "answer only from the evidence given speaker said Picture Frames taken User Assistant USER ASSISTANT question "
)
TEXTS = [WORDS * 3, "0 1 2 3 4 5 6 7 8 9 : . , ? ! [ ] < > ( ) / @ - e1 e2 e3 0:00 0:12 1:02:03 " * 3]


def qwen_tokenizer(*tokens: str, named: dict[str, str] | None = None, end: str = "<|im_end|>") -> Any:
    """A ``Qwen2Tokenizer`` whose special ``tokens`` exist; ``named`` become its attributes (``image_token`` …)."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import Qwen2Tokenizer

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    raw.train_from_iterator(
        TEXTS, trainers.BpeTrainer(vocab_size=420, initial_alphabet=alphabet, show_progress=False)
    )
    vocab, merges = _parts(raw)
    special = dict.fromkeys(["<|endoftext|>", "<|im_start|>", "<|im_end|>", *tokens, *(named or {}).values()])
    return Qwen2Tokenizer(
        vocab=vocab,
        merges=merges,
        eos_token=end,
        pad_token="<|endoftext|>",
        unk_token="<|endoftext|>",
        additional_special_tokens=list(special),
        model_max_length=8192,
        **(named or {}),
    )


def llama_tokenizer(*tokens: str) -> Any:
    """A ``LlamaTokenizer`` with ``<s>``, ``</s>``, ``<pad>`` and the special ``tokens``."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import LlamaTokenizer

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.Metaspace()
    falls_back = [f"<0x{byte:02X}>" for byte in range(256)]
    start = ["<unk>", "<s>", "</s>", *falls_back]
    raw.train_from_iterator(
        TEXTS, trainers.BpeTrainer(vocab_size=480, special_tokens=start, show_progress=False)
    )
    vocab, merges = _parts(raw)
    return LlamaTokenizer(
        vocab=vocab,
        merges=merges,
        pad_token="<pad>",
        add_bos_token=True,
        additional_special_tokens=list(tokens),
        model_max_length=8192,
    )


def bert_tokenizer() -> Any:
    """The Q-Former's tokenizer: WordPiece over letters."""
    from transformers import BertTokenizerFast

    letters = [chr(code) for code in range(33, 127)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + each for each in letters)]
    return BertTokenizerFast(vocab={word: place for place, word in enumerate(words)})


def _parts(raw: Any) -> tuple[dict[str, int], list[tuple[str, str]]]:
    model = json.loads(raw.to_str())["model"]
    return model["vocab"], [tuple(pair) for pair in model["merges"]]


def chatml(image: str, video: str = "", audio: str = "", *, name: str = "{{ m.role }}") -> str:
    """``<|im_start|>role … <|im_end|>``, pictures where they stand among the text (Qwen, InternVL, VideoLLaMA 3)."""
    return (
        "{% for m in messages %}<|im_start|>" + name + "\n"
        "{% if m.content is string %}{{ m.content }}{% else %}{% for c in m.content %}"
        "{% if c.type == 'image' %}"
        + image
        + "{% elif c.type == 'video' %}"
        + video
        + "{% elif c.type == 'audio' %}"
        "" + audio + "{% else %}{{ c.text }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )


def vicuna() -> str:
    """``USER: … ASSISTANT:`` with every picture before the text, as LLaVA 1.5 has it."""
    return (
        "{% for m in messages %}{% if m.role != 'system' %}{{ m.role | upper }}: {% endif %}"
        "{% for c in m.content if c.type == 'image' %}<image>\n{% endfor %}"
        "{% for c in m.content if c.type == 'video' %}<video>\n{% endfor %}"
        "{% for c in m.content if c.type == 'text' %}{{ c.text }} {% endfor %}{% endfor %}"
        "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
    )


def onevision() -> str:
    """ChatML with every picture before the text, as LLaVA-OneVision has it."""
    return (
        "{% for m in messages %}<|im_start|>{{ m.role }} "
        "{% for c in m.content if c.type == 'image' %}<image>{% endfor %}"
        "{% for c in m.content if c.type == 'video' %}<video>{% endfor %}"
        "{% for c in m.content if c.type == 'text' %}\n{{ c.text }}{% endfor %}<|im_end|>{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )


def glm() -> str:
    """``[gMASK]<sop><|user|> … <|assistant|>``, which knows ``enable_thinking``."""
    return (
        "[gMASK]<sop>{% for m in messages %}<|{{ m.role }}|>\n"
        "{% for c in m.content %}{% if c.type == 'image' %}<|begin_of_image|><|image|><|end_of_image|>"
        "{% elif c.type == 'video' %}<|begin_of_video|><|video|><|end_of_video|>{% else %}{{ c.text }}{% endif %}"
        "{% endfor %}{% endfor %}{% if add_generation_prompt %}<|assistant|>\n"
        "{% if enable_thinking is defined and not enable_thinking %}<think></think>\n{% endif %}{% endif %}"
    )


def smolvlm() -> str:
    """``<|im_start|>User: … <end_of_utterance>``."""
    return (
        "<|im_start|>{% for m in messages %}{{ m.role | capitalize }}:"
        "{% if m.content[0].type != 'image' %} {% endif %}{% for c in m.content %}{% if c.type == 'image' %}<image>"
        "{% elif c.type == 'video' %}<video>{% else %}{{ c.text }}{% endif %}{% endfor %}<end_of_utterance>\n"
        "{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
    )


def gemma() -> str:
    """``<start_of_turn>user … <end_of_turn>``; instructions begin the user's turn."""
    return (
        "{% set told = namespace(first='') %}{% for m in messages %}{% if m.role == 'system' %}"
        "{% set told.first = m.content[0].text + '\n\n' %}{% else %}<start_of_turn>{{ m.role }}\n{{ told.first }}"
        "{% for c in m.content %}{% if c.type == 'image' %}<start_of_image>{% else %}{{ c.text }}{% endif %}"
        "{% endfor %}<end_of_turn>\n{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
    )
