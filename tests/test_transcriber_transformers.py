"""Speech recognisers of transformers, tiny but of their true architectures: what they say, and what can go wrong."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.transcribers.asr_kinds import RecognisedSpeech, kind_of
from longvid_indexer.transcribers.asr_words import ctc_words, token_words
from longvid_indexer.transcribers.transformers import TransformersTranscriber
from longvid_indexer.transcribers.words import RecognisedWord, group_words
from longvid_indexer.voice import Stretch
from longvid_storage.errors import MissingExtraError, ModelError
from longvid_storage.models.torch_device import HalvedBatchWarning
from media_factory import speech_clip
from tiny_speech import SPOKEN, made

# The tokenizer of whisper, of which the tiny one takes its languages, leaves its vocabulary file open.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning",
    "ignore:Exception ignored in.*FileIO:pytest.PytestUnraisableExceptionWarning",
    # transformers gives a tensor to numpy.repeat where sounds of a batch differ in length.
    "ignore:__array_wrap__ must accept context:DeprecationWarning",
)


def listen(directory: Path, **options: Any) -> list[Any]:
    return TransformersTranscriber(directory, device="cpu", **options).transcribe(
        speech_clip().samples[: 2 * SAMPLE_RATE], 0.0
    )


def test_whisper_says_its_sentence_with_word_times_and_language() -> None:
    listener = TransformersTranscriber(made("whisper"), device="cpu")
    stretches = [
        Stretch(at_s, speech_clip().samples[: n * SAMPLE_RATE]) for at_s, n in ((9.0, 2), (700.0, 4))
    ]
    for stretch, said in zip(stretches, listener.transcribe_many(stretches), strict=True):
        assert " ".join(u.text for u in said) == SPOKEN.strip()
        assert [w.text for u in said for w in u.words] == SPOKEN.split()
        assert all(stretch.start_s <= w.start_s <= w.end_s <= stretch.end_s for u in said for w in u.words)
        assert {u.language for u in said} == {"en"}


def test_which_models_recognise_speech_and_how_each_is_asked() -> None:
    asked = {
        name: kind.hear.__name__
        for name in (
            "whisper", "wav2vec2", "hubert", "parakeet_ctc", "parakeet_tdt", "parakeet_rnnt", "moonshine",
            "speech_to_text", "qwen3_asr", "glmasr", "voxtral", "canary",
        )
        if (kind := kind_of(name)) is not None
    }  # fmt: skip
    assert asked == {
        "whisper": "hear_whisper",
        "wav2vec2": "hear_ctc",
        "hubert": "hear_ctc",
        "parakeet_ctc": "hear_ctc",
        "parakeet_tdt": "hear_transducer",
        "parakeet_rnnt": "hear_transducer",
        "moonshine": "hear_seq2seq",
        "speech_to_text": "hear_seq2seq",
        "qwen3_asr": "hear_by_request",
        "glmasr": "hear_by_request",
        "voxtral": "hear_by_request",
        "canary": "hear_by_request",
    }
    for name in ("bert", "llama", "qwen3_vl", "clip"):
        assert kind_of(name) is None


def test_ctc_frames_become_words_at_their_frames() -> None:
    from transformers import AutoTokenizer

    letters = AutoTokenizer.from_pretrained(made("wav2vec2"))
    ids = letters.convert_tokens_to_ids
    # blank, "NO" over three frames, a blank between the two letters of one kind, a delimiter, "SEE"
    path = ["<pad>", "N", "N", "O", "|", "|", "S", "E", "<pad>", "E", "E", "<pad>", "|"]
    found = list(ctc_words(np.array([ids(t) for t in path]), 0.02, 0, letters))
    assert [(w.text, round(w.start_s, 2), round(w.end_s, 2)) for w in found] == [
        ("NO", 0.02, 0.08),
        ("SEE", 0.12, 0.22),
    ]
    pieces = AutoTokenizer.from_pretrained(made("parakeet_ctc"))
    path = ["▁h", "i", "<pad>", "i", "▁The", "▁The", "<pad>"]
    found = list(ctc_words(np.array([pieces.convert_tokens_to_ids(t) for t in path]), 0.08, 1, pieces))
    assert [(w.text, round(w.start_s, 2), round(w.end_s, 2)) for w in found] == [
        ("hii", 0.0, 0.32),
        ("The", 0.32, 0.48),
    ]
    assert list(ctc_words(np.zeros(0, np.int64), 0.02, 0, letters)) == []
    assert list(ctc_words(np.zeros(9, np.int64), 0.02, 0, letters)) == []


def test_capitals_of_a_model_without_small_letters_mean_nothing() -> None:
    assert all(u.text == u.text.lower() for u in listen(made("wav2vec2")))


def test_tokens_become_words_also_where_words_have_no_spaces() -> None:
    class Bytes:
        """Tokens are bytes of UTF-8."""

        @staticmethod
        def decode(tokens: list[int]) -> str:
            return bytes(tokens).decode("utf-8", errors="replace")

    def words(text: str) -> list[str]:
        tokens = list(text.encode())
        spans = [(index * 0.1, index * 0.1 + 0.1) for index in range(len(tokens))]
        found = list(token_words(tokens, spans, Bytes()))
        assert "".join(word.text for word in found) == text
        assert [w.start_s for w in found] == sorted(w.start_s for w in found)
        return [word.text for word in found]

    assert words(" Good day, Zoë!") == [" Good", " day,", " Zoë!"]
    assert words("我们讨论。") == ["我", "们", "讨", "论。"]


def test_an_utterance_keeps_the_spacing_of_its_engine() -> None:
    english = [
        RecognisedWord(" Good", 0.0, 0.2),
        RecognisedWord(" day,", 0.2, 0.4),
        RecognisedWord(" ", 0.4, 0.4),
    ]
    (said,) = group_words(english, 10.0, 20.0, "en")
    assert (said.text, [w.text for w in said.words]) == ("Good day,", ["Good", "day,"])
    chinese = [RecognisedWord(" 我", 0.0, 0.2), RecognisedWord("们", 0.2, 0.4)]
    assert group_words(chinese, 10.0, 20.0, "zh")[0].text == "我们"


def test_a_full_gpu_halves_the_batch() -> None:
    import torch

    listener = TransformersTranscriber(made("parakeet_ctc"), device="cpu", batch_size=4)
    listener.transcribe(speech_clip().samples[:SAMPLE_RATE], 0.0)
    sizes: list[int] = []

    def hear(loaded: Any, sounds: Any, language: Any) -> list[RecognisedSpeech]:
        sizes.append(len(sounds))
        if len(sounds) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [RecognisedSpeech("one")]

    object.__setattr__(listener._loaded, "hear", hear)
    with pytest.warns(HalvedBatchWarning):
        heard = listener.transcribe_many([Stretch(float(i), speech_clip().samples[:8000]) for i in range(3)])
    assert sizes == [3, 2, 1, 1, 1]
    assert [(u.start_s, u.end_s, u.text) for said in heard for u in said] == [
        (0.0, 0.5, "one"),
        (1.0, 1.5, "one"),
        (2.0, 2.5, "one"),
    ]

    def broken(loaded: Any, sounds: Any, language: Any) -> list[RecognisedSpeech]:
        raise RuntimeError("the sizes of tensors must match\nand more")

    object.__setattr__(listener._loaded, "hear", broken)
    with pytest.raises(
        ModelError, match=r"transformers/parakeet_ctc failed .*: the sizes of tensors must match$"
    ):
        listener.transcribe(speech_clip().samples, 0.0)


def test_a_model_that_is_not_here_or_of_another_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import BertConfig, BertModel, Wav2Vec2Config, Wav2Vec2Model

    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="longvid models pull openai/whisper-tiny") as caught:
        listen(Path("openai/whisper-tiny"))
    assert caught.value.code == "no_weights"
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertModel(BertConfig(**size)).save_pretrained(tmp_path / "bert")
    with pytest.raises(ModelError, match="of type 'bert', which recognises no speech") as caught:
        listen(tmp_path / "bert")
    assert caught.value.code == "wrong_architecture"
    headless = shutil.copytree(made("wav2vec2"), tmp_path / "headless")
    small = Wav2Vec2Config.from_pretrained(headless)
    Wav2Vec2Model(small).save_pretrained(headless)
    with pytest.raises(ModelError, match="lacks 2 of the weights of a wav2vec2") as caught:
        listen(headless)
    assert caught.value.code == "bad_weights"


def test_damaged_weights(tmp_path: Path) -> None:
    truncated = shutil.copytree(made("moonshine"), tmp_path / "truncated")
    whole = (truncated / "model.safetensors").read_bytes()
    (truncated / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    settings = shutil.copytree(made("moonshine"), tmp_path / "settings")
    (settings / "config.json").write_text("{}", encoding="utf-8")
    missing = shutil.copytree(made("moonshine"), tmp_path / "missing")
    (missing / "model.safetensors").unlink()
    for directory in (truncated, settings, missing):
        with pytest.raises(ModelError, match="cannot be loaded as a speech recogniser") as caught:
            listen(directory)
        assert caught.value.code == "bad_weights"
        assert str(directory) in caught.value.message
        assert "\n" not in caught.value.message


def test_no_gpu_and_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    listener = TransformersTranscriber(made("moonshine"), device="cuda")
    with pytest.raises(ModelError, match="asked to run on cuda, and torch sees no such device") as caught:
        listener.transcribe(speech_clip().samples, 0.0)
    assert caught.value.code == "no_device"
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'longvid\[models\]'"):
        listen(made("moonshine"))


def test_fingerprint_follows_content_and_language(tmp_path: Path) -> None:
    model = made("moonshine")
    same = shutil.copytree(model, tmp_path / model.name)
    first = TransformersTranscriber(model).fingerprint
    assert TransformersTranscriber(same).fingerprint == first
    assert TransformersTranscriber(model, language="de").fingerprint != first
    (same / "config.json").write_text("{}", encoding="utf-8")
    assert TransformersTranscriber(same).fingerprint != first
    assert TransformersTranscriber("some/name", weights=model / "config.json").name == "transformers/name"
