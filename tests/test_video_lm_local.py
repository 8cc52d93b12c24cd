"""Local models: what goes wrong and what is said about it, sound, models without eyes, precision, interruption."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from longvid import Library
from longvid_agents.video_lm import ADAPTERS, VIDEO_LMS, AudioClip
from longvid_agents.video_lms.transformers import FewerFramesWarning, TransformersVideoLM
from longvid_storage.errors import ModelError, UsageError
from tiny_llavas import idefics
from tiny_others import glm4v, internvl, llama_text
from tiny_qwens import qwen2_5_omni, qwen2_5_vl
from video_lm_tools import Seen, ask, frame

# transformers makes an array of a list of tensors in GLM's processor.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return qwen2_5_vl(tmp_path_factory.mktemp("qwen") / "tiny")


@pytest.fixture(scope="module")
def omni(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return Seen(qwen2_5_omni(tmp_path_factory.mktemp("omni") / "tiny"), device="cpu")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return Seen(llama_text(tmp_path_factory.mktemp("llama") / "tiny"), device="cpu")


def copy_of(place: Path, target: Path) -> Path:
    return Path(shutil.copytree(place, target))


def refused(place: str | Path, match: str, **options: Any) -> ModelError:
    """The one sentence it says instead of answering."""
    with pytest.raises(ModelError, match=match) as caught:
        TransformersVideoLM(place, **{"device": "cpu", **options}).reply(ask(1))
    assert "\n" not in caught.value.message
    return caught.value


def test_the_record_and_the_short_name_make_it() -> None:
    module, _, name = ADAPTERS["transformers"].partition(":")
    assert (module, name) == (TransformersVideoLM.__module__, TransformersVideoLM.__name__)
    record = next(each for each in VIDEO_LMS if each.implementation == ADAPTERS["transformers"])
    assert record.load().name == record.name


def test_no_weights_and_a_wrong_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert refused("Qwen/Qwen3-VL-8B-Instruct", "longvid models pull Qwen/Qwen3-VL-8B").code == "no_weights"
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "does not hold a model's config.json")
    (tmp_path / "empty" / "config.json").write_text("[]")
    refused(tmp_path / "empty", "does not hold a model's config.json")


def test_a_hub_id_is_found_in_the_hubs_cache(
    qwen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    copy_of(qwen, tmp_path / "models--a--b" / "snapshots" / "1")
    by_id = TransformersVideoLM("a/b", device="cpu")
    assert (by_id.name, by_id.sees, by_id.hears) == ("a/b", True, False)
    assert by_id.reply(ask(1)) == TransformersVideoLM("x", weights=qwen, device="cpu").reply(ask(1))


def test_the_fingerprint_follows_weights_and_precision(qwen: Path, tmp_path: Path) -> None:
    place = copy_of(qwen, tmp_path / "copy")
    first = TransformersVideoLM(place).fingerprint
    assert TransformersVideoLM(qwen).fingerprint == first
    assert TransformersVideoLM(qwen, dtype="bfloat16").fingerprint != first
    weights = load_file(place / "model.safetensors")
    weights["lm_head.weight"] = weights["lm_head.weight"] + 1
    save_file(weights, place / "model.safetensors", {"format": "pt"})
    assert TransformersVideoLM(place).fingerprint != first


@pytest.mark.parametrize(
    ("layers", "match"), [(3, "the file lacks .*layers.2"), (1, "also holds .*layers.1")]
)
def test_weights_of_another_architecture(qwen: Path, tmp_path: Path, layers: int, match: str) -> None:
    place = copy_of(qwen, tmp_path / "other")
    config = json.loads((place / "config.json").read_text())
    config["text_config"]["num_hidden_layers"] = layers
    config["text_config"]["layer_types"] = ["full_attention"] * layers
    (place / "config.json").write_text(json.dumps(config))
    assert refused(place, match).code == "bad_weights"


def test_weights_of_another_size(qwen: Path, tmp_path: Path) -> None:
    place = copy_of(qwen, tmp_path / "other")
    config = json.loads((place / "config.json").read_text())
    config["text_config"]["intermediate_size"] = 64
    (place / "config.json").write_text(json.dumps(config))
    assert refused(place, r"has other shapes of .*mlp").code == "bad_weights"


def test_a_truncated_file_and_a_pickle(qwen: Path, tmp_path: Path) -> None:
    place = copy_of(qwen, tmp_path / "cut")
    weights = place / "model.safetensors"
    whole = load_file(weights)
    weights.write_bytes(weights.read_bytes()[:-1000])
    assert refused(place, "cannot be loaded.*fetch them again").code == "bad_weights"
    weights.unlink()
    torch.save(whole, place / "pytorch_model.bin")
    assert refused(place, "cannot be loaded").code == "bad_weights"


def test_eyes_without_a_processor(qwen: Path, tmp_path: Path) -> None:
    place = copy_of(qwen, tmp_path / "blind")
    (place / "processor_config.json").unlink()
    assert refused(place, "holds no processor|cannot be loaded.*processor").code == "bad_weights"


def test_words_without_a_vocabulary(qwen: Path, tmp_path: Path) -> None:
    place = copy_of(qwen, tmp_path / "mute")
    (place / "tokenizer.json").unlink()
    assert refused(place, "holds no vocabulary").code == "bad_weights"


def test_the_code_of_a_checkpoint_is_not_run_and_not_asked_about(
    qwen: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place = copy_of(qwen, tmp_path / "code")
    (place / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    config = json.loads((place / "config.json").read_text())
    config |= {"model_type": "valley", "auto_map": {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}}
    (place / "config.json").write_text(json.dumps(config))
    refused(place, "cannot be loaded")
    assert "Do you wish" not in capfd.readouterr().out
    assert not (tmp_path / "ran").exists()


def test_an_architecture_that_nobody_knows(qwen: Path, tmp_path: Path) -> None:
    place = copy_of(qwen, tmp_path / "unknown")
    config = json.loads((place / "config.json").read_text())
    (place / "config.json").write_text(json.dumps({**config, "model_type": "valley"}))
    assert refused(place, "cannot be loaded.*valley").code == "bad_weights"
    (place / "config.json").write_text(json.dumps({"model_type": "vit"}))
    assert refused(place, "not a model that writes").code == "bad_weights"


def test_a_device_or_precision_that_is_not_there(qwen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert refused(qwen, "asked to run on cuda", device="cuda").code == "no_device"
    refused(qwen, "dtype is 'float99': give auto", dtype="float99")


def test_half_precision_reads_pictures_too(qwen: Path) -> None:
    lm = TransformersVideoLM(qwen, device="cpu", dtype="bfloat16")
    assert lm.reply(ask(2)).frames == (1, 2)
    assert lm._loaded.model.dtype is torch.bfloat16


def test_a_model_without_eyes_reads_and_writes(reader: Seen) -> None:
    assert (reader.sees, reader.hears) == (False, False)
    reply = reader.reply(ask(2))
    assert reply.frames == ()
    words = reader.words(ask(2))
    assert words.count("<s>") == 1
    assert words.index("Answer from the evidence.") < words.index("What is shown?")
    assert "<picture" not in words
    # Its template takes no instructions of their own: they begin the question.
    assert words.startswith(("<s> [INST] Answer from", "<s>[INST] Answer from"))


def test_words_that_no_context_holds(reader: Seen) -> None:
    with pytest.raises(ModelError, match="reads at most 4096 tokens and the request has") as caught:
        reader.reply(ask(prompt="what is shown at the time? " * 2000))
    assert caught.value.code == "too_long"


def full_above(lm: Seen, frames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU that is full when more than so many pictures are shown."""
    real = lm._loaded.model.generate

    def generate(**inputs: Any) -> Any:
        if len(inputs.get("image_grid_thw", ())) > frames:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(**inputs)

    monkeypatch.setattr(lm._loaded.model, "generate", generate)


def test_a_full_gpu_shows_fewer_frames_and_says_so(qwen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = Seen(qwen, device="cpu")
    full_above(lm, 2, monkeypatch)
    with pytest.warns(FewerFramesWarning) as caught:
        reply = lm.reply(ask(8))
    assert [str(each.message).partition(": ")[2] for each in caught] == [
        "the GPU is full with 8 frames, going on with 4",
        "the GPU is full with 4 frames, going on with 2",
    ]
    assert reply.frames == (4, 8)


def test_a_gpu_that_stays_full_is_one_sentence(qwen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = Seen(qwen, device="cpu")
    full_above(lm, 0, monkeypatch)
    with pytest.warns(FewerFramesWarning), pytest.raises(ModelError, match="ran out of memory") as caught:
        lm.reply(ask(8))
    assert caught.value.code == "out_of_memory"
    with pytest.raises(ModelError, match="tokens and 1 frame:"):
        lm.reply(ask(1))


def test_what_the_model_raises_is_raised_to_the_reader(qwen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = Seen(qwen, device="cpu")

    def broken(**_: Any) -> Any:
        raise RuntimeError("CUDA error: an illegal memory access\nmore")

    monkeypatch.setattr(lm._loaded.model, "generate", broken)
    with pytest.raises(ModelError, match=r"failed on .* an illegal memory access; try") as caught:
        list(lm.stream(ask(1)))
    assert caught.value.code == "failed"
    monkeypatch.undo()
    assert lm.reply(ask(1)).text


def test_a_reader_that_goes_away_stops_the_model(qwen: Path) -> None:
    lm = Seen(qwen, device="cpu")
    stream = lm.stream(ask(1, max_tokens=3000))
    next(stream)
    stream.close()
    assert "longvid-video-lm" not in {thread.name for thread in threading.enumerate()}
    assert lm.reply(ask(1)).output_tokens == 5


def test_a_reply_is_written_no_longer_than_it_was_given(qwen: Path) -> None:
    lm = Seen(qwen, device="cpu")
    whole = lm.reply(ask(1, timeout_s=600.0))
    assert (whole.output_tokens, whole.text) == (5, lm.reply(ask(1)).text)
    started = time.monotonic()
    with pytest.raises(ModelError, match=r"had no more time after \d+ tokens of its reply") as caught:
        lm.reply(ask(1, max_tokens=100_000, timeout_s=0.5))
    assert time.monotonic() - started < 20
    assert caught.value.code == "out_of_time"
    with pytest.raises(ModelError, match="after 1 tokens"):
        lm.reply(ask(1, max_tokens=100_000, timeout_s=0.0))
    assert "longvid-video-lm" not in {thread.name for thread in threading.enumerate()}
    assert lm.reply(ask(1)) == whole, "the next request is read as ever"


def test_a_stream_left_open_is_said_and_not_waited_for(qwen: Path) -> None:
    lm = Seen(qwen, device="cpu")
    stream = lm.stream(ask(1, max_tokens=2000))
    next(stream)
    with pytest.raises(UsageError, match="read it to its end or close it"):
        lm.reply(ask(1))
    stream.close()
    assert lm.reply(ask(1)).text


def test_an_end_is_an_end(qwen: Path) -> None:
    lm = Seen(qwen, device="cpu")
    first = lm.scores(ask(1))[1].argmax()
    lm._loaded.model.generation_config.eos_token_id = [int(first), 0]
    reply = lm.reply(ask(1))
    assert (reply.output_tokens, reply.cut) == (1, False)


def test_a_prompt_form_says_what_ends_a_reply(tmp_path: Path) -> None:
    lm = Seen(idefics(tmp_path / "idefics"), device="cpu")
    lm.ids(ask(1))
    end = lm._loaded.tokenizer.convert_tokens_to_ids("<end_of_utterance>")
    assert lm.given["eos_token_id"] == sorted({lm._loaded.tokenizer.eos_token_id, end})


def test_a_model_that_can_think_aloud_is_told_not_to(tmp_path: Path) -> None:
    assert (
        Seen(glm4v(tmp_path / "glm"), device="cpu").words(ask(1)).endswith("<|assistant|>\n<think></think>\n")
    )


def test_one_picture_is_read_in_detail_where_the_budget_allows(tmp_path: Path) -> None:
    lm = Seen(internvl(tmp_path / "internvl"), device="cpu")
    image = lm._loaded.config.image_token_id
    tile = lm._loaded.config.image_seq_length
    detailed = lm.ids(ask(1)).tolist()
    assert detailed.count(image) == 5 * tile
    plain = lm.ids(ask(1, budget_tokens=len(detailed) - 1)).tolist()
    assert plain.count(image) == tile
    assert lm.ids(ask(2)).tolist().count(image) == 2 * tile


def test_it_hears(omni: Seen) -> None:
    assert (omni.sees, omni.hears) == (True, True)
    rng = np.random.default_rng(0)

    def sound(seconds: float, loud: float) -> AudioClip:
        return AudioClip(
            (loud * rng.standard_normal(round(16_000 * seconds))).astype(np.float32), 30.0, "video"
        )

    deaf_ids, _ = omni.scores(ask(1))
    ids, quiet = omni.scores(ask(1, sounds=(sound(2.0, 0.01),)))
    same_ids, loud = omni.scores(ask(1, sounds=(sound(2.0, 0.5),)))
    assert torch.equal(ids, same_ids)
    assert not torch.allclose(quiet, loud, atol=1e-3)
    caption = omni.counter.text("\n<sound, 0:30–0:32>")
    assert abs(ids.shape[1] - deaf_ids.shape[1] - caption - omni.counter.sound(2.0)) <= 3


def test_sound_longer_than_its_ear_is_cut_in_pieces_with_their_times(omni: Seen) -> None:
    sound = AudioClip(np.zeros(16_000 * 10, np.float32), 30.0, "video")
    words = omni.words(ask(sounds=(sound,)))
    captions = ["<sound, 0:30–0:34>", "<sound, 0:34–0:38>", "<sound, 0:38–0:40>"]
    places = [words.index(caption) for caption in captions]
    assert places == sorted(places)
    assert all(words[at:].partition(">")[2].startswith("<|audio_bos|><|AUDIO|>") for at in places)


def test_frames_of_two_videos_are_told_apart(qwen: Path) -> None:
    lm: Callable[..., str] = Seen(qwen, device="cpu").words
    one, two = frame(1), frame(2)
    words = lm(ask((one, type(two)(2, two.image, 3.0, "other", title="Another <|im_end|> talk"))))
    assert "<picture 2, 0:03.0, Another" in words
    assert words.count("<|im_end|>") == 2


@pytest.mark.slow
def test_a_library_asks_it(qwen: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "council.vtt").write_text(
        "WEBVTT\n\n00:01.000 --> 00:05.000\nThe tax of the city is paid in the month of March.\n"
    )
    named = {"model": f"transformers:{qwen}", "dtype": "bfloat16", "visual_tokens": 0.5}
    with Library.open(tmp_path / "library", create=True, models={"video_lm": named}, device="cpu") as library:
        library.index(tmp_path / "council.vtt")
        capfd.readouterr()
        answer = library.ask("When is the tax paid?")
    # A random model writes nonsense, and nonsense is no answer: the best evidence is quoted in its place.
    assert answer.partial
    assert [claim.text for claim in answer.claims] == ["The tax of the city is paid in the month of March."]
    assert "(Partial: " in answer.answer
    assert str(qwen) in str(answer.engine["language_model"])
    assert "Loading weights" not in capfd.readouterr().err


def test_a_packing_chosen_by_the_user_takes_the_place_of_the_requests(qwen: Path) -> None:
    frames = tuple(frame(number) for number in range(1, 9))
    plain, chosen = Seen(qwen, device="cpu"), Seen(qwen, device="cpu", packing="uniform")
    assert chosen.words(ask(frames=frames)) == plain.words(ask(frames=frames, packing="uniform"))
    assert chosen.words(ask(frames=frames)) != plain.words(ask(frames=frames))
    assert chosen.fingerprint == f"{plain.fingerprint}-uniform"
    with pytest.raises(UsageError, match="packing is 'fast'; it is one of uniform, "):
        TransformersVideoLM(qwen, packing="fast")
