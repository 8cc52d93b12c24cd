"""The contract of the video-LLM role, over every implementation: what the agent may rely on."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest
from PIL import Image

from longvid_agents.video_lm import ADAPTERS, VIDEO_LMS, Frame, Reply, Request, VideoLM
from longvid_agents.video_lms.openai import OpenAIVideoLM
from longvid_storage.types import EvidenceText
from openai_server import OpenAIServer, coded

Maker = Callable[[], Iterator[VideoLM]]


def served() -> Iterator[VideoLM]:
    with OpenAIServer() as server:
        yield OpenAIVideoLM(server.model, base_url=server.url)


def served_without_tokenizer() -> Iterator[VideoLM]:
    with OpenAIServer(tokenizer=False, context=None) as server:
        yield OpenAIVideoLM(server.model, base_url=server.url)


# One line each: a generator that yields a model and cleans up behind it.
IMPLEMENTATIONS: dict[str, Maker] = {
    "openai": served,
    "openai, no tokenizer": served_without_tokenizer,
}


@pytest.fixture(scope="module", params=IMPLEMENTATIONS)
def lm(request: pytest.FixtureRequest) -> Iterator[VideoLM]:
    yield from IMPLEMENTATIONS[request.param]()


def frame(number: int, size: tuple[int, int] = (224, 126)) -> Frame:
    file = io.BytesIO()
    Image.fromarray(coded(number, *size)).save(file, "WEBP", lossless=True)
    return Frame(number, file.getvalue(), time_s=2.0 * number, video_id="v")


FRAMES = tuple(frame(number) for number in range(1, 9))
EVIDENCE = (EvidenceText("e1", "Talk", 5.0, 9.5, "speech", "Entropy is the average surprise.", "Prof. Ito"),)


def ask(**changes: object) -> Request:
    given: dict[str, object] = {"system": "Be exact.", "prompt": "What is entropy?", "max_tokens": 16}
    return Request(**{**given, **changes})


@pytest.mark.parametrize("count", [0, 1, 8])
def test_a_reply_has_text_usage_and_the_frames_it_was_shown(lm: VideoLM, count: int) -> None:
    reply = lm.reply(ask(frames=FRAMES[:count] if lm.sees else (), evidence=EVIDENCE))
    assert reply.text
    assert reply.input_tokens > 0
    assert reply.output_tokens > 0
    assert reply.frames == tuple(range(1, count + 1)) * lm.sees


def test_more_material_is_more_tokens(lm: VideoLM) -> None:
    bare = lm.reply(ask()).input_tokens
    assert lm.reply(ask(evidence=EVIDENCE)).input_tokens > bare
    if lm.sees:
        assert (
            lm.reply(ask(frames=FRAMES[:2])).input_tokens
            > lm.reply(ask(frames=FRAMES[:1])).input_tokens
            > bare
        )


def test_a_stream_ends_in_the_reply_that_its_pieces_make(lm: VideoLM) -> None:
    request = ask(frames=FRAMES[:3] if lm.sees else (), evidence=EVIDENCE)
    *pieces, last = lm.stream(request)
    assert isinstance(last, Reply)
    assert all(isinstance(piece, str) for piece in pieces)
    assert "".join(str(piece) for piece in pieces) == last.text
    assert last == lm.reply(request)


@pytest.mark.parametrize("packing", ["uniform", "interleaved", "slow_fast", "pooled", "relevant"])
def test_the_budget_is_kept_as_the_model_itself_counts(lm: VideoLM, packing: str) -> None:
    if not lm.sees:
        return
    whole = lm.reply(ask(frames=FRAMES, packing=packing)).input_tokens
    bare = lm.reply(ask()).input_tokens
    budget = bare + (whole - bare) // 2
    reply = lm.reply(ask(frames=FRAMES, packing=packing, budget_tokens=budget))
    assert reply.input_tokens <= budget
    assert 1 <= len(reply.frames) <= 8
    assert lm.reply(ask(frames=FRAMES, packing=packing, budget_tokens=1)).frames == ()


def test_the_counter_counts_words_and_pictures(lm: VideoLM) -> None:
    assert lm.counter.text("entropy " * 200) > lm.counter.text("entropy " * 20) > 0
    if lm.sees:
        assert lm.counter.frame(448, 448) >= lm.counter.frame(56, 56) > 0


def test_name_and_fingerprint_are_steady_and_cheap(lm: VideoLM) -> None:
    assert lm.name
    assert lm.fingerprint == lm.fingerprint != ""
    assert isinstance(lm.sees, bool)
    assert isinstance(lm.hears, bool)


def test_the_records_tell_the_truth() -> None:
    assert len({record.name for record in VIDEO_LMS}) == len(VIDEO_LMS)
    for record in VIDEO_LMS:
        assert record.role == "video_lm"
        assert record.licence
        assert record.download_mb > 1000
        assert record.implementation in ADAPTERS.values()
        assert record.options["model"] == record.name
