"""How each kind of speech recogniser in transformers is asked, and how its answer is read.

One function a kind: it takes a batch of sounds (16 kHz mono) and gives what is said in each, with word times (from the
start of the sound) where the model has them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.subtitles.languages import normalise_language
from longvid_indexer.transcribers.asr_words import ctc_words, only_capitals, spaced_words, token_words
from longvid_indexer.transcribers.words import RecognisedWord

Sounds = Sequence[NDArray[np.float32]]
# More tokens a second than any language needs, so that a looping decoder ends.
_TOKENS_A_SECOND = 16
_TOKENS_LEAST = 32


@dataclass(frozen=True, slots=True)
class RecognisedSpeech:
    """What is said in one sound; ``words`` are empty where the model gives no times."""

    text: str
    words: tuple[RecognisedWord, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class LoadedAsr:
    """A model on its device, what prepares its input and reads its output, and how it is asked.

    ``alone``: it must hear each sound by itself.
    """

    model: Any
    processor: Any
    hear: Hear
    alone: bool = False


Hear = Callable[[LoadedAsr, Sounds, str | None], list[RecognisedSpeech]]


@dataclass(frozen=True, slots=True)
class AsrKind:
    """``auto``: the class of transformers that loads it; ``whole``: its processor has more than an extractor."""

    auto: str
    hear: Hear
    whole: bool = True

    def auto_class(self) -> Any:
        """The auto class itself."""
        from transformers.models.auto import modeling_auto

        return getattr(modeling_auto, self.auto)

    def processor(self, directory: Path, given: dict[str, Any]) -> Any:
        """What turns sound to input and tokens to text."""
        import transformers

        if self.whole:
            return transformers.AutoProcessor.from_pretrained(directory, **given)
        return Pair(
            transformers.AutoFeatureExtractor.from_pretrained(directory, **given),
            transformers.AutoTokenizer.from_pretrained(directory, **given),
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """A feature extractor and a tokenizer, for models whose directory has no processor of its own."""

    feature_extractor: Any
    tokenizer: Any

    def __call__(self, sounds: list[NDArray[np.float32]]) -> Any:
        return self.feature_extractor(
            sounds, sampling_rate=SAMPLE_RATE, return_tensors="pt", padding=True, return_attention_mask=True
        )


def kind_of(model_type: str) -> AsrKind | None:
    """How a model of that type is asked; None when it is no speech recogniser."""
    from transformers.models.auto import modeling_auto as known

    if model_type == "whisper":
        return AsrKind("AutoModelForSpeechSeq2Seq", hear_whisper, whole=False)
    if model_type in known.MODEL_FOR_CTC_MAPPING_NAMES:
        return AsrKind("AutoModelForCTC", hear_ctc, whole=False)
    if model_type in known.MODEL_FOR_TDT_MAPPING_NAMES:
        return AsrKind("AutoModelForTDT", hear_transducer)
    if model_type in known.MODEL_FOR_RNNT_MAPPING_NAMES:
        return AsrKind("AutoModelForRNNT", hear_transducer)
    for names, auto in (
        (known.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES, "AutoModelForSpeechSeq2Seq"),
        (known.MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES, "AutoModelForMultimodalLM"),
    ):
        if model_type not in names:
            continue
        if takes_requests(model_type):
            return AsrKind(auto, hear_by_request)
        if auto == "AutoModelForSpeechSeq2Seq":
            return AsrKind(auto, hear_seq2seq, whole=False)
    return None


def takes_requests(model_type: str) -> bool:
    """Whether the processor of that type writes transcription requests itself (Qwen3-ASR, GLM-ASR, Voxtral, …)."""
    import transformers
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES

    found = getattr(transformers, PROCESSOR_MAPPING_NAMES.get(model_type) or "", None)
    return hasattr(found, "apply_transcription_request")


def hears_alone(model: Any) -> bool:
    """Whether a layer takes statistics over the whole length of the sound (Moonshine, smaller wav2vec 2.0).

    The silence that a batch is filled up with would change them, and so the text.
    """
    import torch

    over_time = (torch.nn.GroupNorm, torch.nn.InstanceNorm1d)
    return any(isinstance(module, over_time) for module in model.modules())


def hear_whisper(loaded: LoadedAsr, sounds: Sounds, language: str | None) -> list[RecognisedSpeech]:
    """Whisper: text in segments, words placed by cross-attention where the checkpoint names its alignment heads."""
    extract, tokenizer = loaded.processor.feature_extractor, loaded.processor.tokenizer
    inputs = extract(list(sounds), sampling_rate=SAMPLE_RATE, return_tensors="pt", return_attention_mask=True)
    config = loaded.model.generation_config
    asked: dict[str, Any] = {"num_beams": 1, "do_sample": False, "return_timestamps": True}
    if getattr(config, "is_multilingual", False):
        asked |= {"task": "transcribe", "language": language}
    if getattr(config, "alignment_heads", None) is not None:
        asked["return_token_timestamps"] = True
    made = loaded.model.generate(**_placed(loaded, inputs), **asked, return_segments=True)
    codes = {token: name.strip("<|>") for name, token in (getattr(config, "lang_to_id", None) or {}).items()}
    heard = [_of_segments(segments, tokenizer, codes) for segments in made["segments"]]
    if getattr(config, "is_multilingual", False):
        return heard
    return [replace(spoken, language="en") for spoken in heard]


def _of_segments(
    segments: Sequence[dict[str, Any]], tokenizer: Any, codes: dict[int, str]
) -> RecognisedSpeech:
    texts: list[str] = []
    words: list[RecognisedWord] = []
    language = None
    for segment in segments:
        result = segment["result"]
        prompt = result["sequences"] if isinstance(result, dict) else result
        language = language or next((codes[t] for t in prompt.tolist() if t in codes), None)
        tokens = [t for t in segment["tokens"].tolist() if t < tokenizer.eos_token_id]
        texts.append(tokenizer.decode(tokens, skip_special_tokens=True))
        if "token_timestamps" in segment:
            kept = [t < tokenizer.eos_token_id for t in segment["tokens"].tolist()]
            times = segment["token_timestamps"].tolist()
            spans = [
                (begin, end)
                for begin, end, keep in zip(times, [*times[1:], times[-1]], kept, strict=True)
                if keep
            ]
            words += token_words(tokens, spans, tokenizer)
    return RecognisedSpeech("".join(texts), tuple(words), language)


def hear_ctc(loaded: LoadedAsr, sounds: Sounds, language: str | None) -> list[RecognisedSpeech]:
    """Connectionist temporal classification: a token or a blank for each frame (Graves et al., ICML 2006)."""
    inputs = _placed(loaded, loaded.processor(list(sounds)))
    logits = loaded.model(**inputs).logits
    best = logits.argmax(dim=-1).cpu().numpy()
    # Frames lie evenly over the sound that the batch was filled up to.
    frame_s = max(len(sound) for sound in sounds) / SAMPLE_RATE / best.shape[1]
    blank, tokenizer = loaded.model.config.pad_token_id, loaded.processor.tokenizer
    capitals = only_capitals(tokenizer)
    spoken = []
    for tokens, sound in zip(best, sounds, strict=True):
        frames = round(len(sound) / SAMPLE_RATE / frame_s)
        words = tuple(
            replace(word, text=word.text.lower()) if capitals else word
            for word in ctc_words(tokens[:frames], frame_s, blank, tokenizer)
        )
        spoken.append(RecognisedSpeech(" ".join(word.text for word in words), words))
    return spoken


def hear_transducer(loaded: LoadedAsr, sounds: Sounds, language: str | None) -> list[RecognisedSpeech]:
    """Parakeet TDT and RNN-T: tokens with the frame at which each was emitted."""
    inputs = _placed(loaded, loaded.processor(list(sounds), sampling_rate=SAMPLE_RATE))
    # One step for each token and each frame passed over.
    steps = 2 * max(_room(loaded, sound, 0) for sound in sounds)
    made = loaded.model.generate(**inputs, return_dict_in_generate=True, max_new_tokens=steps)
    durations = getattr(made, "durations", None)
    if durations is None:
        texts = loaded.processor.batch_decode(made.sequences, skip_special_tokens=True)
        return [RecognisedSpeech(text) for text in texts]
    texts, tokens = loaded.processor.decode(made.sequences, durations=durations, skip_special_tokens=True)
    return [
        RecognisedSpeech(text, tuple(spaced_words(times))) for text, times in zip(texts, tokens, strict=True)
    ]


def hear_seq2seq(loaded: LoadedAsr, sounds: Sounds, language: str | None) -> list[RecognisedSpeech]:
    """Encoder and decoder, text only (Moonshine, Speech2Text, …)."""
    inputs = _placed(loaded, loaded.processor(list(sounds)))
    rows = _generated(loaded, inputs, sounds, before=1)
    return [
        RecognisedSpeech(loaded.processor.tokenizer.decode(row, skip_special_tokens=True)) for row in rows
    ]


def hear_by_request(loaded: LoadedAsr, sounds: Sounds, language: str | None) -> list[RecognisedSpeech]:
    """Language models that hear, asked as their own processor asks (Qwen3-ASR, GLM-ASR, Voxtral, Canary, …)."""
    ask = loaded.processor.apply_transcription_request
    takes = inspect.signature(ask).parameters
    told: dict[str, Any] = {}
    if language is not None:
        told = {name: language for name in ("language", "source_language") if name in takes}
    if "model_id" in takes:
        told["model_id"] = loaded.model.name_or_path
    if "sampling_rate" in takes:
        told["sampling_rate"] = SAMPLE_RATE
    inputs = _placed(loaded, ask(audio=list(sounds), **told))
    before = 1 if loaded.model.config.is_encoder_decoder else inputs["input_ids"].shape[1]
    rows = _generated(loaded, inputs, sounds, before)
    decode = loaded.processor.decode
    if "return_format" not in inspect.signature(decode).parameters:
        return [
            RecognisedSpeech(loaded.processor.tokenizer.decode(row, skip_special_tokens=True)) for row in rows
        ]
    return [_parsed(decode(row, return_format="parsed")) for row in rows]


def _generated(loaded: LoadedAsr, inputs: dict[str, Any], sounds: Sounds, before: int) -> list[Any]:
    """The tokens written about each sound, greedily; ``before`` of each row are the question's."""
    rooms = [_room(loaded, sound, before) for sound in sounds]
    tokens = loaded.model.generate(**inputs, max_new_tokens=max(rooms), do_sample=False, num_beams=1)
    # Each row stops where it would alone: others of the batch may be longer.
    return [row[before : before + room] for row, room in zip(tokens, rooms, strict=True)]


def _parsed(found: Any) -> RecognisedSpeech:
    if isinstance(found, dict):
        return RecognisedSpeech(str(found.get("transcription") or ""), (), _code(found.get("language")))
    return RecognisedSpeech(str(found))


def _placed(loaded: LoadedAsr, inputs: Any) -> dict[str, Any]:
    """Inputs on the model's device; sound in its precision."""
    return {
        name: value.to(loaded.model.device, loaded.model.dtype if value.is_floating_point() else None)
        for name, value in inputs.items()
    }


def _room(loaded: LoadedAsr, sound: NDArray[np.float32], before: int) -> int:
    """Tokens that may be written: more than the sound can hold, less than the model has positions for."""
    wanted = _TOKENS_LEAST + int(len(sound) / SAMPLE_RATE * _TOKENS_A_SECOND)
    positions = getattr(loaded.model.config.get_text_config(decoder=True), "max_position_embeddings", None)
    return wanted if positions is None else max(1, min(wanted, positions - before))


def _code(name: str | None) -> str | None:
    """A language's two letters, of its name in English or its code."""
    if not name:
        return None
    from transformers.models.whisper.tokenization_whisper import TO_LANGUAGE_CODE

    return TO_LANGUAGE_CODE.get(name.lower()) or normalise_language(name)
