"""faster-whisper on a tiny model in CTranslate2's true format: what it says, and every way it can go wrong."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import pytest

from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.transcribers.faster_whisper import FasterWhisperTranscriber
from longvid_indexer.voice import Stretch
from longvid_storage.errors import MissingExtraError, ModelError
from longvid_storage.models.torch_device import HalvedBatchWarning
from longvid_storage.types import Utterance
from media_factory import speech_clip
from tiny_speech import SPOKEN, made

# The tokenizer of whisper, of which the tiny one takes its languages, leaves its vocabulary file open.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning",
    "ignore:Exception ignored in.*FileIO:pytest.PytestUnraisableExceptionWarning",
)


@pytest.fixture(scope="module")
def model() -> Path:
    return made("faster_whisper")


@pytest.fixture(scope="module")
def listener(model: Path) -> FasterWhisperTranscriber:
    return FasterWhisperTranscriber(model, device="cpu")


def stretch(start_s: float, seconds: float) -> Stretch:
    return Stretch(start_s, speech_clip().samples[: round(seconds * SAMPLE_RATE)])


def test_each_stretch_of_a_batch_gets_its_own_words_at_its_own_time(
    listener: FasterWhisperTranscriber,
) -> None:
    stretches = [
        stretch(start_s, seconds) for start_s, seconds in ((10.0, 3.0), (3600.5, 0.7), (5000.0, 8.0))
    ]
    heard = listener.transcribe_many(stretches)
    for one, said in zip(stretches, heard, strict=True):
        assert " ".join(u.text for u in said) == SPOKEN.strip()
        assert [w.text for u in said for w in u.words] == SPOKEN.split()
        assert all(one.start_s <= w.start_s <= w.end_s <= one.end_s for u in said for w in u.words)
        assert {u.language for u in said} == {"en"}


def test_no_more_than_a_batch_is_decoded_at_once_and_a_full_gpu_halves_it(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = FasterWhisperTranscriber(model, device="cpu", language="en", batch_size=4)
    listener.transcribe_many([stretch(0.0, 1.0)])
    sizes: list[int] = []
    pipeline = listener._pipeline
    decode = type(pipeline).generate_segment_batched

    def too_big(self: Any, features: Any, *rest: Any) -> Any:
        sizes.append(len(features))
        if len(features) > 2:
            raise RuntimeError("CUDA failed with error out of memory")
        return decode(self, features, *rest)

    monkeypatch.setattr(type(pipeline), "generate_segment_batched", too_big)
    with pytest.warns(HalvedBatchWarning, match="batches of 2"):
        heard = listener.transcribe_many([stretch(float(i), 1.0) for i in range(5)])
    assert sizes == [4, 2, 2, 1]
    assert [u.start_s for said in heard for u in said[:1]] == pytest.approx(range(5), abs=1.0)

    def broken(self: Any, *rest: Any) -> Any:
        raise RuntimeError("CUDA failed with error unspecified launch failure")

    monkeypatch.setattr(type(pipeline), "generate_segment_batched", broken)
    with pytest.raises(ModelError, match=r"faster-whisper/.* failed on stretches of sound: CUDA failed"):
        listener.transcribe_many([stretch(0.0, 1.0)])


def test_a_failed_decoding_is_tried_again_by_itself(
    listener: FasterWhisperTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone: list[float] = []
    again = FasterWhisperTranscriber._again

    def watched(self: Any, one: Stretch, language: str) -> list[Any]:
        alone.append(one.start_s)
        return again(self, one, language)

    monkeypatch.setattr(FasterWhisperTranscriber, "_again", watched)
    monkeypatch.setattr("longvid_indexer.transcribers.faster_whisper.COMPRESSION_MAX", 0.1)
    for said in listener.transcribe_many([stretch(0.0, 2.0), stretch(50.0, 2.0)]):
        # At every temperature it says the same: its text stays, for the guard to judge.
        assert " ".join(u.text for u in said) == SPOKEN.strip()
    assert alone == [0.0, 50.0]


class Skipping(FasterWhisperTranscriber):
    """Writes the first and the last second of what it hears, but of six seconds and less all of it."""

    def _hear(self, stretches: Sequence[Stretch]) -> list[list[Utterance]]:
        heard = []
        for each in stretches:
            begins_s = np.arange(each.start_s, each.end_s - 0.5)
            kept = begins_s if len(begins_s) <= 6 else begins_s[[0, -1]]
            heard.append([Utterance(at_s, at_s + 1.0, f"second {at_s:.0f}") for at_s in kept.tolist()])
        return heard


@pytest.mark.parametrize(
    ("voiced", "seconds"),
    [(slice(None), range(10, 18)), (slice(0, 50), [10, 17]), (None, range(10, 18))],
    ids=["voices", "no voice", "no gate"],
)
def test_what_is_stepped_over_is_heard_by_itself(
    model: Path, voiced: slice | None, seconds: Sequence[int]
) -> None:
    gate = None
    if voiced is not None:
        gate = np.zeros(400, np.bool_)
        gate[voiced] = True
    sound = np.ones(8 * SAMPLE_RATE, np.float32)
    said = Skipping(model).transcribe_many([Stretch(10.0, sound, gate)])[0]
    assert [(each.text, each.start_s) for each in said] == [(f"second {at_s}", at_s) for at_s in seconds]


def test_silence_and_nothing_are_no_error(listener: FasterWhisperTranscriber) -> None:
    assert listener.transcribe(np.zeros(0, np.float32), 1.0) == []
    assert listener.transcribe(np.zeros(399, np.float32), 1.0) == []
    assert listener.transcribe_many([]) == []


def test_an_official_name_is_looked_for_in_the_hub_cache_and_never_fetched(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="longvid models pull faster-whisper:large-v3,") as caught:
        FasterWhisperTranscriber("large").transcribe(speech_clip().samples, 0.0)
    assert caught.value.code == "no_weights"
    snapshot = tmp_path / "models--Systran--faster-whisper-large-v3" / "snapshots" / "abc"
    shutil.copytree(model, snapshot)
    listener = FasterWhisperTranscriber("large", device="cpu")
    assert listener.name == "faster-whisper/large"
    assert listener.fingerprint.startswith("faster-whisper/large-")
    assert (
        FasterWhisperTranscriber("large", weights=snapshot / "model.bin").fingerprint == listener.fingerprint
    )


def test_fingerprint_follows_content_and_settings(model: Path, tmp_path: Path) -> None:
    other = shutil.copytree(model, tmp_path / model.name)
    assert FasterWhisperTranscriber(other).fingerprint == FasterWhisperTranscriber(model).fingerprint
    (other / "config.json").write_text("{}", encoding="utf-8")
    prints = {
        FasterWhisperTranscriber(model).fingerprint,
        FasterWhisperTranscriber(other).fingerprint,
        FasterWhisperTranscriber(model, language="de").fingerprint,
        FasterWhisperTranscriber(model, beam_size=1).fingerprint,
    }
    assert len(prints) == 4


def test_bad_weights_are_told_apart_from_good_ones(model: Path, tmp_path: Path) -> None:
    def copy(name: str) -> Path:
        return shutil.copytree(model, tmp_path / name)

    truncated = copy("truncated")
    whole = (truncated / "model.bin").read_bytes()
    (truncated / "model.bin").write_bytes(whole[: len(whole) // 2])
    junk = copy("junk")
    (junk / "model.bin").write_bytes(b"not a model")
    for directory in (truncated, junk):
        with pytest.raises(ModelError, match="fetch or convert it again") as caught:
            FasterWhisperTranscriber(directory, device="cpu").transcribe(speech_clip().samples, 0.0)
        assert caught.value.code == "bad_weights"
        assert str(directory) in caught.value.message
    for missing in ("tokenizer.json", "model.bin"):
        (lacking := copy(f"no {missing}")).joinpath(missing).unlink()
        with pytest.raises(ModelError, match=f"has no {missing}: give a directory") as caught:
            FasterWhisperTranscriber(lacking, device="cpu").transcribe(speech_clip().samples, 0.0)
        assert caught.value.code == "bad_weights"


def test_a_gpu_that_is_not_there_and_a_package_that_is_not_installed(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 0)
    with pytest.raises(
        ModelError, match="asked to run on cuda, and CTranslate2 sees no such device"
    ) as caught:
        FasterWhisperTranscriber(model, device="cuda").transcribe(speech_clip().samples, 0.0)
    assert caught.value.code == "no_device"
    monkeypatch.setitem(__import__("sys").modules, "faster_whisper", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'longvid\[fast\]'"):
        FasterWhisperTranscriber(model, device="cpu").transcribe(speech_clip().samples, 0.0)
