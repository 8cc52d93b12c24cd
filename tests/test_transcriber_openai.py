"""A served recogniser against a real HTTP server: what is sent, what is read, and every way a server can fail."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.transcribers.openai import OpenAITranscriber, segments_of, wav
from longvid_indexer.voice import Stretch
from longvid_storage.errors import MissingExtraError, ModelError
from openai_server import Hang, OpenAIServer, Raw, Status


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(model="whisper-1") as running:
        yield running


def beeps(*at_s: float, seconds: float = 5.0) -> NDArray[np.float32]:
    """Tones of half a second at known times; the server hears each as three words."""
    track = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    for start_s in at_s:
        begin = round(start_s * SAMPLE_RATE)
        track[begin : begin + SAMPLE_RATE // 2] = 0.5
    return track


def listener(server: OpenAIServer, **options: Any) -> OpenAITranscriber:
    return OpenAITranscriber(server.model, base_url=server.url, **options)


def test_sound_arrives_whole_and_words_come_back_at_their_times(server: OpenAIServer) -> None:
    track = beeps(0.6, 3.0)
    said = listener(server).transcribe(track, 7200.0)
    np.testing.assert_allclose(server.transcriptions[0]["samples"], track, atol=1e-4)
    assert [(round(u.start_s, 2), round(u.end_s, 2), u.text) for u in said] == [
        (7200.6, 7201.1, "sound number 1"),
        (7203.0, 7203.5, "sound number 2"),
    ]
    assert [w.text for u in said for w in u.words] == ["sound", "number", "1", "sound", "number", "2"]
    times = [t for u in said for w in u.words for t in (w.start_s, w.end_s)]
    assert times == sorted(times)
    assert {u.language for u in said} == {"en"}


def test_a_stretch_is_far_below_the_limit_of_hosted_servers() -> None:
    assert len(wav(np.ones(30 * SAMPLE_RATE, np.float32))) < 1_000_000 < 25 * 2**20


def test_several_are_under_way_at_once_and_come_back_in_order(server: OpenAIServer) -> None:
    stretches = [Stretch(100.0 * i, beeps(0.2 * i, seconds=3.0)) for i in range(1, 8)]
    heard = listener(server).transcribe_many(stretches)
    starts = [u.start_s for said in heard for u in said]
    assert starts == pytest.approx([100.2 * i for i in range(1, 8)], abs=0.03)
    assert len(server.transcriptions) == 7
    assert all(a < b for a, b in pairwise(starts))


def test_a_language_that_is_told_is_sent(server: OpenAIServer) -> None:
    said = listener(server, language="de").transcribe(beeps(1.0), 0.0)
    assert server.transcriptions[0]["language"] == "de"
    assert said[0].language == "de"


@pytest.mark.parametrize(
    ("refusals", "asked"),
    [
        (["timestamp_granularities is not supported by this model"], "verbose_json"),
        (["timestamp_granularities", "response_format 'verbose_json' is not compatible with model"], "json"),
    ],
)
def test_what_a_server_cannot_give_is_asked_for_once(
    server: OpenAIServer, refusals: list[str], asked: str
) -> None:
    server.play(*(Status(400, reason) for reason in refusals))
    one = listener(server)
    said = one.transcribe(beeps(1.0), 50.0)
    assert [u.text for u in said] == ["sound number 1"]
    assert all(u.words == () for u in said)
    assert all(50.0 <= u.start_s < u.end_s <= 55.0 for u in said)
    one.transcribe(beeps(1.0), 60.0)
    assert len(server.transcriptions) == len(refusals) + 2
    assert server.transcriptions[-1]["response_format"] == asked


def test_silence_short_sound_and_nothing_are_not_sent_or_give_nothing(server: OpenAIServer) -> None:
    one = listener(server)
    assert one.transcribe(np.zeros(0, np.float32), 1.0) == []
    assert one.transcribe(np.zeros(1599, np.float32), 1.0) == []
    assert one.transcribe_many([]) == []
    assert server.transcriptions == []
    assert one.transcribe(np.zeros(SAMPLE_RATE, np.float32), 1.0) == []


def test_what_the_model_takes_for_no_speech_is_left_out_and_wrong_words_are_not_believed() -> None:
    segment = {
        "start": 0.0,
        "end": 2.0,
        "text": " Good day, all.",
        "avg_logprob": -0.2,
        "no_speech_prob": 0.1,
    }
    words = [
        {"word": "Good", "start": 0.0, "end": 0.4},
        {"word": "day", "start": 0.4, "end": 0.9},
        {"word": "all", "start": 1.2, "end": 1.9},
    ]
    (right,) = segments_of({"segments": [segment], "words": words}, 2.0) or []
    assert [(w.text, w.start_s) for w in right.words] == [("Good", 0.0), ("day,", 0.4), ("all.", 1.2)]
    (other,) = segments_of({"segments": [segment], "words": words[1:]}, 2.0) or []
    assert other.words == ()
    (plain,) = segments_of({"text": "Good day, all.", "words": words}, 2.0) or []
    assert (plain.start_s, plain.end_s, len(plain.words)) == (0.0, 2.0, 3)
    assert segments_of({"words": words}, 2.0) is None
    odd = {
        "segments": [{"text": 3}, "x", {"text": "a", "start": "0"}],
        "words": ["w", {"word": "a"}],
        "text": "a",
    }
    assert [s.text for s in segments_of(odd, 2.0) or []] == ["a"]


def one_sentence(caught: pytest.ExceptionInfo[ModelError], code: str) -> str:
    assert caught.value.code == code
    assert "\n" not in caught.value.message
    return caught.value.message


def test_busy_servers_are_asked_again_and_in_the_end_it_is_said(server: OpenAIServer) -> None:
    server.play(Status(429, retry_after=0.01), Status(503, retry_after=0.01))
    assert listener(server).transcribe(beeps(1.0), 0.0)
    server.play(*[Status(429, retry_after=0.01)] * 3)
    with pytest.raises(ModelError) as caught:
        listener(server).transcribe(beeps(1.0), 0.0)
    assert not server.acts
    assert "is rate-limited" in one_sentence(caught, "rate_limited")


@pytest.mark.parametrize(
    ("act", "code", "said"),
    [
        (Hang(5.0), "slow", "sent nothing for 0.3 s"),
        (Status(401, "Incorrect API key"), "refused_key", "set OPENAI_API_KEY"),
        (Status(400, "the sound is broken"), "refused", "the sound is broken"),
        (Raw(b"<html>"), "nonsense", "usually ending in /v1"),
        (Raw(b"[1]"), "nonsense", "no object"),
        (Raw(b'{"ok": true}'), "nonsense", "without a text"),
    ],
)
def test_a_server_that_fails(server: OpenAIServer, act: Any, code: str, said: str) -> None:
    server.play(act)
    with pytest.raises(ModelError) as caught:
        listener(server, timeout_s=0.3, attempts=1).transcribe(beeps(1.0), 0.0)
    message = one_sentence(caught, code)
    assert said in message
    assert message.startswith(f"the speech model whisper-1 at {server.url}")


def test_an_error_in_one_of_several_is_raised(server: OpenAIServer) -> None:
    one = listener(server)
    one.transcribe(beeps(1.0), 0.0)
    server.play(Raw(b"<html>"))
    with pytest.raises(ModelError):
        one.transcribe_many([Stretch(float(i), beeps(1.0)) for i in range(3)])


def test_a_server_that_is_down_a_wrong_model_and_no_server(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(ModelError) as caught:
        OpenAITranscriber("whisper-1", base_url=url, attempts=1).transcribe(beeps(1.0), 0.0)
    assert "cannot be reached" in one_sentence(caught, "down")
    with pytest.raises(ModelError) as caught:
        OpenAITranscriber("other", base_url=server.url).transcribe(beeps(1.0), 0.0)
    assert "give one of its models (whisper-1)" in one_sentence(caught, "no_model")
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ModelError) as caught:
        OpenAITranscriber("whisper-1").transcribe(beeps(1.0), 0.0)
    assert "set OPENAI_BASE_URL" in one_sentence(caught, "no_key")


def test_identity_and_the_missing_extra(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    prints = {
        listener(server).fingerprint,
        listener(server, language="de").fingerprint,
        OpenAITranscriber("whisper-1", base_url="http://127.0.0.1:1/v1").fingerprint,
        OpenAITranscriber("other", base_url=server.url).fingerprint,
    }
    assert len(prints) == 4
    assert listener(server).name == "openai/whisper-1"
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'longvid\[served\]'"):
        listener(server).transcribe(beeps(1.0), 0.0)
