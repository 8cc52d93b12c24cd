"""Voices told apart: windows, clusters, a small model that really hears, and the stage that assigns speakers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from longvid import Library
from longvid.engines import Engines
from longvid_indexer.diariser import ADAPTERS, DIARISERS, SpeakerTurn, assign_speakers
from longvid_indexer.diarisers import voice_encoder
from longvid_indexer.diarisers.clustering import cluster_voices
from longvid_indexer.diarisers.embedding import plan_windows
from longvid_indexer.diarisers.transformers import HOP_S, WINDOW_S, TransformersDiariser
from longvid_indexer.windows import regular_windows, windows_at
from longvid_storage.errors import ModelError
from longvid_storage.models.carried import VOICE_ENCODER
from longvid_storage.types import Utterance, Word
from media_factory import speech_clip
from tiny_sounds import VOICE_MODEL
from tiny_sounds import factory as sf

THRESHOLD = 0.65
# Who speaks when in the recording of the tests, seconds.
SCENE = (
    ("high", 1.0, 8.0),
    ("deep", 9.0, 14.0),
    ("high", 15.0, 17.0),
    ("small", 18.0, 26.0),
    ("deep", 27.0, 35.0),
)


def recording() -> NDArray[np.float32]:
    """36 s: the people of ``SCENE`` in a quiet room."""
    track = sf.hiss(36.0)
    for number, (who, start_s, end_s) in enumerate(SCENE):
        said = sf.voice(who, end_s - start_s, seed=500 + number)
        at = round(start_s * sf.RATE)
        track[at : at + len(said)] += said
    return track


def blocks(samples: NDArray[np.float32], size: int = 16_000) -> Iterator[NDArray[np.float32]]:
    return (samples[at : at + size] for at in range(0, len(samples), size))


def labels(said: list[Utterance], turns: list[SpeakerTurn]) -> list[str | None]:
    return [each.speaker for each in assign_speakers(said, turns)]


def test_regular_windows_cover_the_sound_once_and_end_with_it() -> None:
    samples = np.arange(16_000 * 5 + 7, dtype=np.float32)
    for size in (16_000, 999):
        windows = list(regular_windows(blocks(samples, size), 2.0, 1.5))
        assert [window.start_s for window in windows] == [0.0, 1.5, 3.0, 4.5]
        assert windows[-1].end_s == len(samples) / 16_000
        for window in windows:
            at = round(window.start_s * 16_000)
            assert np.array_equal(window.samples, samples[at : at + len(window.samples)])
    assert list(regular_windows(blocks(samples[:0]), 2.0, 1.5)) == []


def test_windows_at_chosen_times_hold_their_own_sound() -> None:
    samples = np.arange(16_000 * 9, dtype=np.float32)
    spans = [(0.5, 1.25), (0.75, 2.5), (6.0, 7.0), (8.5, 9.5), (12.0, 13.0)]
    windows = list(windows_at(blocks(samples, 5_000), spans))
    assert [(window.start_s, window.end_s) for window in windows] == [*spans[:3], (8.5, 9.0)]
    for window in windows:
        at = round(window.start_s * 16_000)
        assert np.array_equal(window.samples, samples[at : at + len(window.samples)])


def test_planned_windows_stay_inside_their_spans_and_cover_them() -> None:
    spans = [(0.0, 1.0), (2.0, 5.0), (6.0, 14.2)]
    planned = list(plan_windows(spans, WINDOW_S, HOP_S))
    assert planned == sorted(planned)
    assert planned[:2] == spans[:2]
    inside = [each for each in planned if each[0] >= 6.0]
    assert inside[0][0] == 6.0
    assert inside[-1] == (pytest.approx(14.2 - WINDOW_S), 14.2)
    assert all(later[0] - earlier[0] <= HOP_S + 1e-9 for earlier, later in pairwise(inside))


def test_clusters_are_the_voices_whatever_their_order_and_number() -> None:
    random = np.random.default_rng(3)
    voices = random.normal(0, 1, (4, 64))
    owners = random.permutation(np.repeat(np.arange(4), 60))
    vectors = (voices[owners] + random.normal(0, 0.3, (240, 64))).astype(np.float32)
    for most in (3000, 80):
        found = cluster_voices(vectors, np.full(240, 3.0), threshold=0.5, most=most)
        pairs = set(zip(owners.tolist(), found.tolist(), strict=True))
        assert len(pairs) == len(set(found.tolist())) == 4


def test_a_voice_heard_too_briefly_joins_the_most_similar_one() -> None:
    vectors = np.array([[1, 0], [1, 0.01], [0.6, 0.8], [-1, 0.01], [-1, 0]], np.float32)
    seconds = np.array([3.0, 3.0, 1.0, 3.0, 3.0])
    found = cluster_voices(vectors, seconds, threshold=0.9)
    assert found[0] == found[1] == found[2] != found[3] == found[4]
    apart = cluster_voices(vectors, seconds, threshold=0.9, shortest_s=0.5)
    assert len(set(apart.tolist())) == 3


def test_one_window_and_no_window_are_no_special_case() -> None:
    assert cluster_voices(np.ones((1, 4), np.float32), np.ones(1), threshold=0.5).tolist() == [0]
    assert cluster_voices(np.ones((0, 4), np.float32), np.ones(0), threshold=0.5).tolist() == []
    assert cluster_voices(np.ones((3, 4), np.float32), np.ones(3), threshold=0.99).tolist() == [0, 0, 0]


def test_speakers_are_numbered_by_first_appearance_and_own_what_they_say_most_of() -> None:
    said = [Utterance(at, at + 4.0, "words") for at in (0.0, 4.0, 8.0, 20.0)]
    turns = [
        SpeakerTurn(3.0, 9.0, 7),
        SpeakerTurn(0.0, 3.0, 2),
        SpeakerTurn(8.0, 12.0, 2),
        SpeakerTurn(9.0, 12.0, 5),
    ]
    assert labels(said, turns) == ["Speaker 1", "Speaker 2", "Speaker 1", None]
    assert labels(said, []) == [None] * 4
    assert labels([], turns) == []


def test_an_utterance_is_cut_between_words_where_the_voice_changes() -> None:
    spoken = "Is it open? No, it is not. Oh. I see."
    words = tuple(Word(word, at * 0.5, at * 0.5 + 0.4) for at, word in enumerate(spoken.split()))
    said = Utterance(0.0, 5.2, spoken, language="en", words=words)
    turns = [SpeakerTurn(0.0, 1.5, 4), SpeakerTurn(1.5, 3.6, 9), SpeakerTurn(3.6, 5.2, 4)]
    cut = assign_speakers([said], turns)
    assert [(each.text, each.speaker) for each in cut] == [
        ("Is it open?", "Speaker 1"),
        ("No, it is not.", "Speaker 2"),
        ("Oh. I see.", "Speaker 1"),
    ]
    assert [(each.start_s, each.end_s) for each in cut] == [(0.0, 1.4), (1.5, 3.4), (3.5, 5.2)]
    assert tuple(word for each in cut for word in each.words) == words
    assert {each.language for each in cut} == {"en"}
    # Half a second of another voice is no turn, wherever it is; without word times nothing can be cut.
    slips = [
        SpeakerTurn(0.0, 0.45, 9),
        SpeakerTurn(0.5, 2.0, 4),
        SpeakerTurn(2.0, 2.4, 9),
        SpeakerTurn(2.5, 5.2, 4),
    ]
    assert labels([said], slips) == ["Speaker 1"]
    assert labels([Utterance(0.0, 5.2, spoken)], turns) == ["Speaker 1"]
    assert labels([Utterance(0.0, 5.2, "Other text", words=words)], turns) == ["Speaker 1"]


@pytest.mark.parametrize("count", [2, 40, 200])
def test_clusters_are_those_of_average_linkage(count: int) -> None:
    from scipy.cluster.hierarchy import fcluster, linkage

    random = np.random.default_rng(count)
    vectors = random.normal(0, 1, (5, 16))[random.integers(0, 5, count)] + random.normal(0, 0.7, (count, 16))
    for threshold in (0.2, 0.6):
        found = cluster_voices(
            vectors.astype(np.float32), np.ones(count), threshold=threshold, shortest_s=0.0
        )
        true = fcluster(linkage(vectors, "average", "cosine"), 1 - threshold, "distance")
        pairs = set(zip(found.tolist(), true.tolist(), strict=True))
        assert len(pairs) == len(set(found.tolist())) == len(set(true.tolist()))


def test_a_model_that_hears_tells_three_voices_apart() -> None:
    diariser = TransformersDiariser(VOICE_MODEL, device="cpu", threshold=THRESHOLD)
    spans = [(start_s, end_s) for _, start_s, end_s in SCENE]
    turns = diariser.diarise(blocks(recording()), spans)
    said = [Utterance(start_s, end_s, who) for who, start_s, end_s in SCENE]
    assert labels(said, turns) == ["Speaker 1", "Speaker 2", "Speaker 1", "Speaker 3", "Speaker 2"]
    for who, start_s, end_s in SCENE:
        voices = {turn.speaker for turn in turns if start_s <= turn.start_s and turn.end_s <= end_s}
        assert len(voices) == 1, (who, voices)


def test_a_voice_too_short_to_be_recognised_has_no_turn() -> None:
    diariser = TransformersDiariser(VOICE_MODEL, device="cpu", threshold=THRESHOLD)
    assert diariser.diarise(blocks(recording()), [(1.0, 1.3)]) == []
    assert diariser.diarise(blocks(recording()), []) == []


def test_the_fingerprint_is_of_the_weights_and_the_threshold(tmp_path: Path) -> None:
    made = TransformersDiariser("microsoft/wavlm-base-plus-sv", weights=VOICE_MODEL)
    assert made.name == "microsoft/wavlm-base-plus-sv"
    assert made.fingerprint == TransformersDiariser(VOICE_MODEL).fingerprint
    assert made.fingerprint != TransformersDiariser(VOICE_MODEL, threshold=0.5).fingerprint
    other = Path(shutil.copytree(VOICE_MODEL, tmp_path / "other"))
    weights = other / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    assert made.fingerprint != TransformersDiariser(other).fingerprint


def test_what_cannot_be_loaded_is_said_in_one_sentence(tmp_path: Path) -> None:
    def fails(place: Path | str, match: str) -> None:
        with pytest.raises(ModelError, match=match) as error:
            TransformersDiariser(place, device="cpu").diarise(blocks(recording()), [(1.0, 4.0)])
        assert "\n" not in error.value.message

    fails("nobody/nothing", "the speakers model nobody/nothing is not on this disk")
    torn = Path(shutil.copytree(VOICE_MODEL, tmp_path / "torn"))
    weights = torn / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:2000])
    fails(torn, "cannot be loaded")
    from transformers import WavLMConfig, WavLMModel

    bare = WavLMModel(WavLMConfig.from_pretrained(VOICE_MODEL))
    bare.save_pretrained(tmp_path / "bare")
    shutil.copy(VOICE_MODEL / "preprocessor_config.json", tmp_path / "bare")
    fails(tmp_path / "bare", "has no weights for .* it is a model of another kind")
    with pytest.raises(ModelError, match="torch sees no such device") as error:
        TransformersDiariser(VOICE_MODEL, device="mps").diarise(blocks(recording()), [(1.0, 4.0)])
    assert error.value.code == "no_device"


def test_weights_of_the_older_format_are_read_and_code_in_them_is_not_run(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    older = Path(shutil.copytree(VOICE_MODEL, tmp_path / "older"))
    tensors = load_file(older / "model.safetensors")
    (older / "model.safetensors").unlink()
    torch.save(tensors, older / "pytorch_model.bin")
    spans = [(1.0, 4.0), (9.0, 12.0)]
    made = [TransformersDiariser(each, device="cpu", threshold=THRESHOLD) for each in (VOICE_MODEL, older)]
    first, second = (each.diarise(blocks(recording()), spans) for each in made)
    assert first == second
    assert len({turn.speaker for turn in first}) == 2

    ran = tmp_path / "ran"

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (str(ran),)

    torch.save({"bomb": Bomb()}, older / "pytorch_model.bin")
    with pytest.raises(ModelError, match="holds more than tensors, and code in one is never run"):
        TransformersDiariser(older, device="cpu").diarise(blocks(recording()), spans)
    assert not ran.exists()


def test_every_record_names_an_adapter() -> None:
    assert {record.implementation for record in DIARISERS} <= set(ADAPTERS.values())
    assert {record.role for record in DIARISERS} == {"speakers"}
    made = DIARISERS[0].load(weights="somewhere", device="cpu")
    assert isinstance(made, TransformersDiariser)


class EachStretch:
    """A recogniser that hears the same words in every stretch; ``named`` are the speakers it names itself."""

    name = "each-stretch"
    fingerprint = "each-stretch@1"

    def __init__(self, named: str | None = None) -> None:
        self.named = named

    def transcribe(self, samples: NDArray[np.float32], start_s: float) -> list[Utterance]:
        end_s = start_s + len(samples) / 16_000
        return [Utterance(start_s, end_s, f"We babble at second {round(start_s)}.", self.named, "en")]


def engines(diariser: TransformersDiariser | None, named: str | None = None) -> Engines:
    made = Engines()
    vars(made).update(
        transcriber=EachStretch(named), diariser=diariser, screen_reader=None, text_encoder=None
    )
    return made


@pytest.mark.slow
def test_a_recognised_transcript_gets_speakers_that_search_knows(tmp_path: Path) -> None:
    talk = tmp_path / "talk.wav"
    sf.write_wav(talk, recording())
    diariser = TransformersDiariser(VOICE_MODEL, device="cpu", threshold=THRESHOLD)
    with Library.open(tmp_path / "library", create=True, engines=engines(diariser)) as lib:
        (report,) = lib.index(talk)
        assert report.stages["speakers"].counters == {"speakers": 3, "unassigned": 0}
        assert report.stages["speakers"].engine == str(VOICE_MODEL)
        heard = lib.show("talk").utterances
        truth = {start_s: who for who, start_s, _ in SCENE}
        owners = {(truth[min(truth, key=lambda at: abs(at - u.start_s))], u.speaker) for u in heard}
        assert owners == {("high", "Speaker 1"), ("deep", "Speaker 2"), ("small", "Speaker 3")}
        found = lib.search("babble second", speaker="Speaker 3")
        assert found
        assert all(17.5 <= piece.start_s < 26.5 for moment in found for piece in moment.evidence)
        lib.rename_speaker("talk", "Speaker 3", "Ada")
        assert [report.status for report in lib.index(talk)] == ["unchanged"]
        assert {row.name for row in lib.speakers("talk")} == {"Speaker 1", "Speaker 2", "Ada"}

    # Another threshold is another model: the stage runs again, and the name stays.
    coarse = TransformersDiariser(VOICE_MODEL, device="cpu", threshold=-1.0)
    with Library.open(tmp_path / "library", engines=engines(coarse)) as lib:
        (report,) = lib.index(talk)
        assert report.stages["transcript"].status == "unchanged"
        assert report.stages["speakers"].counters["speakers"] == 1
        assert report.stages["speakers"].note == (
            "names given to speakers were kept where the label still occurs: check them"
        )
        assert [row.name for row in lib.speakers("talk")] == ["Speaker 1"]
    with Library.open(tmp_path / "library", engines=engines(diariser)) as lib:
        lib.index(talk)
        assert {row.name for row in lib.speakers("talk")} == {"Speaker 1", "Speaker 2", "Ada"}

    # Without the model nothing says who speaks.
    with Library.open(tmp_path / "library", engines=engines(None)) as lib:
        (report,) = lib.index(talk)
        assert report.stages["speakers"].engine == "off"
        assert lib.speakers("talk") == []
        assert lib.search("babble second", speaker="Ada") == []


@pytest.mark.slow
def test_whoever_names_speakers_wins_over_voices(tmp_path: Path) -> None:
    named, subtitled = tmp_path / "named.wav", tmp_path / "subtitled.wav"
    for path in (named, subtitled):
        sf.write_wav(path, recording()[: 14 * sf.RATE] * (1.0 if path is named else 0.9))
    subtitled.with_suffix(".vtt").write_text(
        "WEBVTT\n\n00:01.000 --> 00:08.000\n<v Maya>High words.\n\n00:09.000 --> 00:14.000\nDeep words.\n"
    )
    diariser = TransformersDiariser(VOICE_MODEL, device="cpu", threshold=THRESHOLD)
    with Library.open(tmp_path / "library", create=True, engines=engines(diariser, "Anchor")) as lib:
        lib.index([named, subtitled], only=["transcript", "speakers"])
        assert {u.speaker for u in lib.show("named").utterances} == {"Anchor"}
        assert [u.speaker for u in lib.show("subtitled").utterances] == ["Maya", None]
    with Library.open(tmp_path / "library", engines=engines(None, "Anchor")) as lib:
        reports = lib.index([named, subtitled], only=["transcript", "speakers"])
        assert [report.status for report in reports] == ["unchanged", "unchanged"]


def test_the_carried_voice_encoder_is_read_and_drawn_as_torch_has_it() -> None:
    import onnx
    import torch

    path = VOICE_ENCODER.verified() / "pretrained.pt"
    drawn = voice_encoder.draw(voice_encoder.read_weights(path))
    committed = onnx.load_model(str(voice_encoder.GRAPH), load_external_data=False)
    assert onnx.load_model_from_string(drawn) == committed

    state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
    lstm, linear = torch.nn.LSTM(40, 256, 3, batch_first=True), torch.nn.Linear(256, 256)
    for module, prefix in ((lstm, "lstm."), (linear, "linear.")):
        module.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
    samples = [sf.voice(who, 1.6, seed=7) for who in ("high", "deep", "small")]
    (found,) = voice_encoder.VoiceEncoderDiariser().vectors(samples)
    loud = [each * max(1.0, 10 ** (-30 / 20) / np.sqrt((each**2).mean())) for each in samples]
    with torch.inference_mode():
        mels = torch.from_numpy(voice_encoder.mel_power(np.stack(loud).astype(np.float32))[:, :160])
        true = torch.relu(linear(lstm(mels)[1][0][-1]))
    assert np.abs(found - (true / true.norm(dim=1, keepdim=True)).numpy()).max() < 1e-5


def test_the_carried_voice_encoder_tells_two_people_apart_within_an_utterance() -> None:
    """A reader, and a larger one: the same recording played slower."""
    reader = speech_clip().samples
    larger = np.interp(np.arange(0, len(reader), 0.75), np.arange(len(reader)), reader).astype(np.float32)
    pieces = (reader, larger, reader)
    track = np.concatenate(pieces)
    ends_s = np.cumsum([len(piece) for piece in pieces]) / sf.RATE
    words = tuple(Word("word", at / 2, at / 2 + 0.4) for at in range(int(ends_s[-1] * 2) - 1))
    said = [Utterance(0.0, float(ends_s[-1]), " ".join(["word"] * len(words)), words=words)]
    turns = voice_encoder.VoiceEncoderDiariser().diarise(blocks(track), [(0.0, float(ends_s[-1]))])
    told = assign_speakers(said, turns)
    assert [each.speaker for each in told] == ["Speaker 1", "Speaker 2", "Speaker 1"]
    assert [each.end_s for each in told[:2]] == pytest.approx(ends_s[:2], abs=0.8)
