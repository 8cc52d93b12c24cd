"""The speech role: one contract for every implementation, then what is particular to each."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.recognition import transcribe_all
from longvid_indexer.transcriber import ADAPTERS, TRANSCRIBERS, Batched, Transcriber
from longvid_indexer.transcribers.faster_whisper import FasterWhisperTranscriber
from longvid_indexer.transcribers.openai import OpenAITranscriber
from longvid_indexer.transcribers.pocketsphinx import PocketsphinxTranscriber
from longvid_indexer.transcribers.segments import RecognisedSegment, to_utterances
from longvid_indexer.transcribers.transformers import TransformersTranscriber
from longvid_indexer.transcribers.whisper import WhisperTranscriber, checkpoint_path
from longvid_indexer.transcribers.words import RecognisedWord, group_words
from longvid_indexer.voice import Stretch, voiced_stretches
from longvid_indexer.voice_gate import EnergyGate
from longvid_storage.errors import ModelError
from longvid_storage.types import Utterance
from media_factory import place, speech_clip
from openai_server import OpenAIServer
from tiny_speech import SPOKEN, made

# The tokenizer of whisper leaves its vocabulary file open.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning",
    "ignore:Exception ignored in.*FileIO:pytest.PytestUnraisableExceptionWarning",
    # transformers gives a tensor to numpy.repeat where sounds of a batch differ in length.
    "ignore:__array_wrap__ must accept context:DeprecationWarning",
)


def write_checkpoint(path: Path, spoken: str = SPOKEN, end_s: float = 2.0) -> Path:
    """A whisper checkpoint in its true file format, of random weights but for what makes it say one sentence.

    Its decoder blocks add nothing, so the next token depends on the position alone: each position's embedding is
    that of the token that shall follow.
    """
    import torch
    from whisper.model import ModelDimensions, Whisper
    from whisper.tokenizer import get_tokenizer

    dims = ModelDimensions(80, 1500, 64, 2, 1, 51_865, 448, 64, 2, 1)
    state = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = Whisper(dims)
        state = model.state_dict()
        state["decoder.token_embedding.weight"] = torch.randn(51_865, 64)
    tokenizer = get_tokenizer(True, num_languages=99, language="en", task="transcribe")
    follow = [
        tokenizer.to_language_token("en"),
        tokenizer.transcribe,
        tokenizer.timestamp_begin,
        *tokenizer.encode(spoken),
        tokenizer.timestamp_begin + round(end_s / 0.02),
        tokenizer.eot,
    ]
    positions = torch.zeros(448, 64)
    for position, token in enumerate(follow):
        positions[position] = 6 * state["decoder.token_embedding.weight"][token]
    positions[len(follow) :] = 6 * state["decoder.token_embedding.weight"][tokenizer.eot]
    state["decoder.positional_embedding"] = positions
    for part in ("attn.out", "cross_attn.out", "mlp.2"):
        for name in ("weight", "bias"):
            state[f"decoder.blocks.0.{part}.{name}"].zero_()
    torch.save({"dims": asdict(dims), "model_state_dict": state}, path)
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = write_checkpoint(tmp_path_factory.mktemp("whisper") / "tiny-random.pt")
    yield path
    path.unlink()


MAKERS: dict[str, Callable[[Path], Transcriber]] = {
    "pocketsphinx": lambda _: PocketsphinxTranscriber(),
    "whisper": lambda path: WhisperTranscriber(path, device="cpu", temperatures=(0.0,)),
    "faster-whisper": lambda _: FasterWhisperTranscriber(made("faster_whisper"), device="cpu"),
    **{
        f"transformers {kind}": lambda _, kind=kind: TransformersTranscriber(made(kind), device="cpu")
        for kind in ("whisper", "wav2vec2", "parakeet_ctc", "parakeet_tdt", "moonshine", "qwen3_asr")
    },
}
# Of these no times inside a stretch are to be had, and these do not say which language they heard.
NO_WORDS = {"moonshine", "qwen3_asr"}
NO_LANGUAGE = {"wav2vec2", "parakeet_ctc", "parakeet_tdt", "moonshine", "qwen3_asr"}


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(model="whisper-1") as running:
        yield running


@pytest.fixture(scope="module", params=[*MAKERS, "openai"])
def transcriber(request: pytest.FixtureRequest, checkpoint: Path, server: OpenAIServer) -> Transcriber:
    if request.param == "openai":
        return OpenAITranscriber(server.model, base_url=server.url)
    return MAKERS[request.param](checkpoint)


@pytest.fixture(scope="module")
def runs(transcriber: Transcriber) -> dict[float, list[Utterance]]:
    """The same sound, said to begin at two times."""
    return {start_s: transcriber.transcribe(speech_clip().samples, start_s) for start_s in (0.0, 7190.25)}


def test_contract_utterances_lie_inside_their_stretch_in_order_with_words(
    transcriber: Transcriber, runs: dict[float, list[Utterance]]
) -> None:
    for start_s, said in runs.items():
        assert said
        end_s = start_s + speech_clip().duration_s
        assert [u.start_s for u in said] == sorted(u.start_s for u in said)
        for utterance in said:
            assert start_s <= utterance.start_s < utterance.end_s <= end_s
            assert utterance.text == utterance.text.strip() != ""
            kind = transcriber.name.partition("/")[2]
            assert utterance.language == (None if kind in NO_LANGUAGE else "en")
            assert [w.text for w in utterance.words] == ([] if kind in NO_WORDS else utterance.text.split())
            times = [
                utterance.start_s,
                *(t for word in utterance.words for t in (word.start_s, word.end_s)),
                utterance.end_s,
            ]
            assert times == sorted(times)
            assert all(isinstance(t, float) for t in times)


def test_contract_the_start_only_moves_the_times(runs: dict[float, list[Utterance]]) -> None:
    early, late = runs.values()
    assert [u.text for u in early] == [u.text for u in late]
    assert [u.start_s + 7190.25 for u in early] == pytest.approx([u.start_s for u in late])


def test_contract_identity_is_cheap_and_stable(transcriber: Transcriber) -> None:
    assert transcriber.name
    assert transcriber.fingerprint == transcriber.fingerprint != ""


def test_contract_a_very_short_stretch_is_no_error(transcriber: Transcriber) -> None:
    for count in (0, 1, 400):
        for utterance in transcriber.transcribe(np.zeros(count, np.float32), 5.0):
            assert 5.0 <= utterance.start_s <= utterance.end_s <= 5.0 + count / SAMPLE_RATE


def test_contract_several_stretches_are_each_heard_as_if_alone(transcriber: Transcriber) -> None:
    clip = speech_clip().samples[: 4 * SAMPLE_RATE]
    stretches = [Stretch(3.0, clip), Stretch(60.0, clip[:0]), Stretch(61.0, clip[SAMPLE_RATE:])]
    heard = list(transcribe_all(transcriber, stretches))
    assert [stretch.start_s for stretch, _ in heard] == [3.0, 60.0, 61.0]
    assert heard[1][1] == []
    for stretch, said in heard:
        alone = transcriber.transcribe(stretch.samples, stretch.start_s)
        assert [u.text for u in said] == [u.text for u in alone]
        # How long a first word may be depends on the pause before it, in faster-whisper.
        assert [u.start_s for u in said] == pytest.approx([u.start_s for u in alone], abs=0.5)
        assert all(stretch.start_s <= u.start_s <= u.end_s <= stretch.end_s for u in said)
    if isinstance(transcriber, Batched):
        assert transcriber.transcribe_many([]) == []


def test_every_record_names_an_adapter_that_exists() -> None:
    import importlib

    for record in TRANSCRIBERS:
        module, _, name = record.implementation.partition(":")
        assert hasattr(importlib.import_module(module), name)
        assert record.role == "speech"
    assert TRANSCRIBERS[-1].ready, "the one that needs no download must run here"


def test_every_adapter_is_made_as_a_user_names_it_and_loads_nothing() -> None:
    import importlib

    for name, implementation in ADAPTERS.items():
        module, _, adapter = implementation.partition(":")
        make = getattr(importlib.import_module(module), adapter)
        one = make() if name == "pocketsphinx" else make("some/model", weights=None, device=None)
        assert one.name.startswith(name)


@pytest.fixture(scope="module")
def sphinx() -> PocketsphinxTranscriber:
    return PocketsphinxTranscriber()


def test_pocketsphinx_hears_the_sentences_at_their_times(sphinx: PocketsphinxTranscriber) -> None:
    track, said = place(speech_clip(), (5.0,), 20.0, noise=0.0005)
    heard = [u for s in voiced_stretches([track]) for u in sphinx.transcribe(s.samples, s.start_s)]
    expected = " ".join(s.text for s in said).lower().replace(".", "").split()
    words = " ".join(u.text for u in heard).split()
    assert len(set(expected) & set(words)) >= 0.85 * len(set(expected))
    boils = next(w for u in heard for w in u.words if w.text == "boils")
    assert said[0].start_s < boils.start_s < boils.end_s < said[0].end_s


def test_the_end_of_a_two_hour_recording_lands_at_its_end(sphinx: PocketsphinxTranscriber) -> None:
    clip = speech_clip()
    hours_s = 7200.0
    begin_s = hours_s - clip.duration_s - 1.0

    def blocks() -> Iterator[np.ndarray[Any, np.dtype[np.float32]]]:
        silence = np.zeros(SAMPLE_RATE, np.float32)
        for _ in range(int(begin_s)):
            yield silence
        yield np.zeros(round((begin_s % 1) * SAMPLE_RATE), np.float32)
        yield clip.samples

    heard = [
        u for s in voiced_stretches(blocks(), EnergyGate()) for u in sphinx.transcribe(s.samples, s.start_s)
    ]
    first, last = clip.sentences[0], clip.sentences[-1]
    assert heard[0].start_s == pytest.approx(begin_s + first.start_s, abs=0.3)
    assert heard[-1].end_s == pytest.approx(begin_s + last.end_s, abs=0.3)
    assert "morning" in heard[-1].text


def test_pocketsphinx_hears_the_same_whatever_it_heard_before(sphinx: PocketsphinxTranscriber) -> None:
    clip = speech_clip().samples[: 4 * SAMPLE_RATE]
    before = sphinx.transcribe(clip, 0.0)
    for other in (clip[SAMPLE_RATE:], np.random.default_rng(1).normal(0, 0.2, 32_000).astype(np.float32)):
        sphinx.transcribe(other, 0.0)
        assert sphinx.transcribe(clip, 0.0) == before


def test_while_pocketsphinx_hears_others_are_served_and_its_end_is_told(
    sphinx: PocketsphinxTranscriber,
) -> None:
    clip, served, heard = speech_clip().samples[: 4 * SAMPLE_RATE], 0, threading.Event()

    def hear() -> None:
        sphinx.transcribe(clip, 0.0)
        heard.set()

    thread = threading.Thread(target=hear)
    thread.start()
    while not heard.wait(0.001):
        served += 1
    thread.join()
    assert served > 20, "it keeps Python's lock"
    before = sphinx.transcribe(clip, 0.0)
    assert sphinx._decoder is not None
    sphinx._decoder._process.kill()
    with pytest.raises(ModelError, match=r"ended amid its work \(exit status -9\)"):
        sphinx._decoder.hear(bytes(32_000))
    assert sphinx.transcribe(clip, 0.0) == before, "another is begun"


def test_pocketsphinx_invents_nothing_on_noise_tones_and_silence(sphinx: PocketsphinxTranscriber) -> None:
    generator = np.random.default_rng(2)
    time_s = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    chord = sum(np.sin(2 * np.pi * f * time_s) for f in (220, 277, 330, 440)) * 0.1
    beats = (np.sin(2 * np.pi * 2 * time_s) > 0) * chord
    for sound in (generator.normal(0, 0.1, len(time_s)), chord, beats, np.zeros(len(time_s))):
        assert sphinx.transcribe(sound.astype(np.float32), 0.0) == []


def test_words_between_pauses_are_one_utterance() -> None:
    words = [RecognisedWord("a", 0.0, 0.2), RecognisedWord("b", 0.3, 0.5), RecognisedWord("c", 1.2, 1.4)]
    assert [(u.text, u.start_s, u.end_s) for u in group_words(words, 10.0, 20.0, "en")] == [
        ("a b", 10.0, 10.5),
        ("c", 11.2, 11.4),
    ]
    flow = [RecognisedWord(str(i), i * 0.5, i * 0.5 + 0.3) for i in range(60)]
    lengths = [u.end_s - u.start_s for u in group_words(flow, 0.0, 30.0, None)]
    assert max(lengths) < 13


def test_whisper_says_what_its_checkpoint_holds(checkpoint: Path) -> None:
    said = WhisperTranscriber(checkpoint, device="cpu", temperatures=(0.0,)).transcribe(
        speech_clip().samples, 100.0
    )
    assert " ".join(u.text for u in said) == SPOKEN.strip()


def test_whisper_on_a_full_gpu_or_one_that_is_not_there(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    listener = WhisperTranscriber(checkpoint, device="cpu", temperatures=(0.0,))

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(listener._load(), "transcribe", full)
    with pytest.raises(ModelError, match="does not fit on the GPU with one item at a time") as caught:
        listener.transcribe(speech_clip().samples, 0.0)
    assert caught.value.code == "out_of_memory"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelError, match="asked to run on cuda, and torch sees no such device") as caught:
        WhisperTranscriber(checkpoint, device="cuda").transcribe(speech_clip().samples, 0.0)
    assert caught.value.code == "no_device"


def test_whisper_never_fetches_and_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelError, match=r"longvid models pull whisper:small .*\(461 MB\)") as caught:
        WhisperTranscriber("small").transcribe(np.zeros(16_000, np.float32), 0.0)
    assert caught.value.code == "no_weights"
    with pytest.raises(ModelError, match="tiny"):
        checkpoint_path("nonsense")
    assert list(tmp_path.iterdir()) == []


def test_whisper_finds_an_official_name_in_its_cache(
    tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "whisper").mkdir()
    (tmp_path / "whisper" / "large-v3-turbo.pt").symlink_to(checkpoint)
    assert checkpoint_path("turbo").samefile(checkpoint)


class Malice:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (os.environ["LONGVID_TEST_TRAP"],)


def test_whisper_runs_no_code_from_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    trap = tmp_path / "trap"
    monkeypatch.setenv("LONGVID_TEST_TRAP", str(trap))
    evil = tmp_path / "evil.pt"
    torch.save({"dims": Malice(), "model_state_dict": {}}, evil)
    plain = tmp_path / "plain.pt"
    plain.write_bytes(pickle.dumps(Malice(), protocol=2))
    other = tmp_path / "other.pt"
    torch.save({"weights": torch.zeros(2)}, other)
    junk = tmp_path / "junk.pt"
    junk.write_bytes(b"not a checkpoint")
    for path in (evil, plain, other, junk):
        with pytest.raises(ModelError) as caught:
            WhisperTranscriber(path, device="cpu").transcribe(np.zeros(16_000, np.float32), 0.0)
        assert caught.value.code == "bad_weights"
        assert str(path) in caught.value.message
    assert not trap.exists()


def test_whisper_fingerprint_follows_content_and_settings(tmp_path: Path, checkpoint: Path) -> None:
    prints = {
        WhisperTranscriber(checkpoint).fingerprint,
        WhisperTranscriber(checkpoint, language="de").fingerprint,
        WhisperTranscriber(
            write_checkpoint(tmp_path / checkpoint.name, " Other words entirely spoken here.")
        ).fingerprint,
    }
    assert len(prints) == 3
    copy = tmp_path / "copy" / checkpoint.name
    copy.parent.mkdir()
    copy.write_bytes(checkpoint.read_bytes())
    assert WhisperTranscriber(copy).fingerprint in prints


def test_a_segment_that_the_model_takes_for_no_speech_or_that_begins_after_the_sound_is_left_out() -> None:
    sure = RecognisedSegment(" Words.", 0.0, 2.0, (), 0.1, -0.3)
    unsure = RecognisedSegment(" Thanks.", 2.0, 3.0, (), 0.9, -1.4)
    late = RecognisedSegment(" Bye.", 5.2, 6.0, (RecognisedWord(" Bye.", 5.2, 6.0),), 0.1, -0.3)
    said = to_utterances([sure, unsure, late, RecognisedSegment(" ", 0.0, 1.0)], 100.0, 5.0, "en")
    assert [(u.start_s, u.end_s, u.text) for u in said] == [(100.0, 102.0, "Words.")]


def test_words_of_a_segment_never_go_backwards_or_beyond_the_sound() -> None:
    words = (RecognisedWord("一", -0.1, 0.4), RecognisedWord("二", 0.3, 0.9), RecognisedWord("三", 4.8, 5.7))
    (said,) = to_utterances([RecognisedSegment("一二三", 0.0, 5.7, words)], 10.0, 5.0, "zh")
    assert said.text == "一二三"
    assert [(w.start_s, w.end_s) for w in said.words] == [(10.0, 10.4), (10.4, 10.9), (14.8, 15.0)]
    assert (said.start_s, said.end_s) == (10.0, 15.0)
