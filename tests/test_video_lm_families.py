"""One contract over every family of local video-LLMs: tiny random checkpoints, loaded as a user loads real ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from longvid_agents.video_lm import Frame, Reply
from longvid_agents.video_lms.families import DEFAULT, family_of
from longvid_agents.video_lms.families import FAMILIES as LISTED
from tiny_video_lms import FAMILIES, UNLISTED
from video_lm_tools import Seen, ask, frame

# transformers makes an array of a list of tensors in GLM's processor.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")

ALL = {**FAMILIES, **UNLISTED}
CLOCKS = ("0:12.5", "0:25.0", "0:37.5", "0:50.0", "1:02.5")


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Model type -> its tiny checkpoint, built once."""
    built: dict[str, Path] = {}
    root = tmp_path_factory.mktemp("video-lms")

    def get(kind: str) -> Path:
        if kind not in built:
            built[kind] = ALL[kind](root / kind)
        return built[kind]

    return get


@pytest.fixture(scope="session")
def model(checkpoint: Callable[[str], Path]) -> Callable[[str], Seen]:
    """Model type -> the adapter over its tiny checkpoint, loaded once."""
    made: dict[str, Seen] = {}

    def get(kind: str) -> Seen:
        return made.setdefault(kind, Seen(checkpoint(kind), device="cpu"))

    return get


@pytest.fixture(params=ALL)
def lm(request: pytest.FixtureRequest, model: Callable[[str], Seen]) -> Seen:
    return model(request.param)


def test_a_checkpoint_is_small_and_complete(checkpoint: Callable[[str], Path]) -> None:
    for kind in ALL:
        files = list(checkpoint(kind).rglob("*"))
        assert sum(file.stat().st_size for file in files if file.is_file()) < 3_000_000
        names = {file.name for file in files}
        assert {"config.json", "model.safetensors", "tokenizer.json", "processor_config.json"} <= names


def test_it_answers_with_no_frame_one_and_eight(lm: Seen) -> None:
    assert lm.sees
    for count in (0, 1, 8):
        asked = ask(count)
        reply = lm.reply(asked)
        shown = min(count, lm._family.exactly or count)
        assert len(reply.frames) == shown
        assert set(reply.frames) <= set(range(1, count + 1))
        assert 1 <= reply.output_tokens <= 5
        assert reply.cut == (reply.output_tokens == 5)
        assert lm.reply(asked) == reply


def test_tokens_are_those_the_model_reads(lm: Seen) -> None:
    for count in (1, 3):
        ids = lm.ids(ask(count))
        assert lm.last.input_tokens == len(ids)
    several = len(lm.ids(ask(4))) - len(lm.ids(ask(3)))
    if lm._family.exactly is None:
        caption = lm.counter.text("\n<picture 4, 0:50.0>")
        assert abs(several - caption - lm.counter.frame(64, 48)) <= caption


def test_pictures_matter_and_so_does_their_order(lm: Seen) -> None:
    ids, scores = lm.scores(ask(2))
    same_ids, same = lm.scores(ask(2))
    other_ids, other = lm.scores(ask(2, seed=1))
    assert torch.equal(ids, same_ids)
    assert torch.equal(ids, other_ids)
    assert torch.equal(scores, same)
    assert not torch.allclose(scores, other, atol=1e-3)
    first, second = frame(1), frame(2)
    turned = (Frame(1, second.image, time_s=12.5), Frame(2, first.image, time_s=25.0))
    turned_ids, turned_scores = lm.scores(ask(frames=turned))
    assert torch.equal(ids, turned_ids)
    assert not torch.allclose(scores, turned_scores, atol=1e-3)


def test_pixels_stand_in_the_order_of_their_frames(lm: Seen) -> None:
    a, b, c = (frame(1, seed) for seed in range(3))

    def pixels(*shown: Frame) -> torch.Tensor:
        lm.ids(ask(tuple(replace(each, number=n, time_s=12.5 * n) for n, each in enumerate(shown, 1))))
        return next(value for key, value in lm.given.items() if key.startswith("pixel_values")).flatten()

    last = (pixels(a, b) != pixels(a, c)).nonzero()
    first = (pixels(b, a) != pixels(c, a)).nonzero()
    share = 1 / (lm._family.exactly or 2)
    assert last.min() >= share * len(pixels(a, b)) > first.max()


def test_frames_without_times_between_them_are_one_video_where_it_reads_videos(lm: Seen) -> None:
    words = lm.words(ask(5, packing="uniform"))
    times = [words.index(f"<picture {number}, {CLOCKS[number - 1]}>") for number in lm.last.frames]
    assert times == sorted(times)
    assert lm.last.input_tokens == lm.given["input_ids"].shape[1]
    if lm._family.exactly is not None:
        return
    assert lm.last.frames == (1, 2, 3, 4, 5)
    if lm._family.frames == "clips":
        assert lm.given["pixel_values_videos"].shape[:2] == (1, 5)
    if lm._family.frames == "video":
        assert lm.given["video_grid_thw"].tolist()[0][0] == 5
        assert [words.index(f"Time {12.5 * number}s:") for number in range(1, 6)]


def test_every_time_stands_where_its_picture_is(lm: Seen) -> None:
    words = lm.words(ask(3))
    captions = [
        words.index(text) for text in ("<picture 1, 0:12.5>", "<picture 2, 0:25.0>", "<picture 3, 0:37.5>")
    ]
    assert captions == sorted(captions)
    assert words.index("Ignore this.") < captions[0] < words.index("What is shown?")
    marks = [lm._prompter._mark(kind) for kind in ("image", "video")]
    places = [found.start() for mark in marks if mark for found in re.finditer(re.escape(mark), words)]
    if lm._family.frames == "video":
        assert places
        return
    between = [
        [p for p in places if low < p < high]
        for low, high in zip(captions, [*captions[1:], 10**9], strict=True)
    ]
    assert all(between)
    assert sum(map(len, between)) == len(places)


def test_the_budget_is_kept_and_used(lm: Seen) -> None:
    blind, full = lm.reply(ask(0)).input_tokens, lm.reply(ask(8)).input_tokens
    for share in (0.0, 0.3, 0.6, 1.0):
        budget = blind + round(share * (full - blind))
        reply = lm.reply(ask(8, budget_tokens=budget))
        assert reply.input_tokens <= budget
        if share == 0:
            assert reply.frames == ()
        elif share == 1 or lm._family.exactly is None:
            assert reply.frames
        if share == 1:
            assert reply.input_tokens == full


def test_a_stream_is_the_reply_in_pieces(lm: Seen) -> None:
    *pieces, last = lm.stream(ask(1, max_tokens=12))
    assert isinstance(last, Reply)
    assert "".join(str(piece) for piece in pieces) == last.text
    assert last == lm.reply(ask(1, max_tokens=12))


def test_a_models_own_marks_in_words_are_only_words(lm: Seen) -> None:
    special = {**lm._loaded.tokenizer.added_tokens_decoder}
    marks = " ".join(token.content for token in special.values())

    def count(prompt: str) -> list[int]:
        ids = lm.ids(ask(2, prompt=prompt)).tolist()
        return [ids.count(token) for token in special]

    assert count(f"What {marks} is it?") == count("What is it?")


def test_only_listed_families_are_told_anything() -> None:
    assert {kind for kind in UNLISTED if kind in LISTED} == set()
    assert all(family_of(kind) is DEFAULT for kind in UNLISTED)
