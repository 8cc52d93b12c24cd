"""Questions answered by a served model, from the command line to the bytes on the wire and back."""

from __future__ import annotations

import io
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import media_factory as mf
from longvid import Library
from longvid.cli import app
from longvid_agents.video_lms.openai import OpenAIVideoLM
from longvid_storage.errors import LongvidError, ModelError
from openai_server import Hang, OpenAIServer, Status, coded

RATE, SECONDS = 5, 20


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of one film: what is said is in its subtitles, and every picture carries its number."""
    folder = tmp_path_factory.mktemp("served")
    mf.write_video(
        folder / "talk.mp4",
        (coded(number) for number in range(RATE * SECONDS)),
        RATE,
        gop=10,
        subtitles=[
            (1.0, 4.0, "Welcome to this lecture on information theory."),
            (5.0, 9.0, "Entropy is the average surprise of a source, measured in bits."),
            (10.0, 14.0, "A fair coin has an entropy of one bit."),
        ],
    )
    with Library.open(folder / "library", create=True) as library:
        (report,) = library.index(folder / "talk.mp4", skip=["screen_text"])
        assert report.error is None
    return folder / "library"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        yield running


def claims(text: str, evidence: str) -> str:
    return json.dumps({"complete": True, "claims": [{"text": text, "evidence": [evidence]}]})


def evidence_id(server: OpenAIServer, words: str, place: Path) -> str:
    """The id under which the agent will show the piece that says ``words``: read from a first, empty answer."""
    server.play(json.dumps({"complete": True, "claims": []}))
    run(place, "When does the speaker define entropy?", "--model", f"video_lm=openai:{server.model}")
    line = next(line for line in server.requests[0].texts[0].splitlines() if words in line)
    server.requests.clear()
    server.acts.clear()
    return line[1 : line.index("]")]


def run(place: Path, question: str, *options: str) -> None:
    app(["ask", question, "-L", str(place), *options], standalone_mode=False)


def test_a_simple_question_is_one_call_and_the_citation_is_of_the_library(
    server: OpenAIServer, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = evidence_id(server, "average surprise", place)
    capsys.readouterr()
    server.play(claims("Entropy is the average surprise of a source.", known))
    run(
        place, "When does the speaker define entropy?", "--model", f"video_lm=openai:{server.model}", "--json"
    )
    answer = json.loads(capsys.readouterr().out)
    assert answer["found"]
    (cited,) = answer["claims"][0]["citations"]
    assert (cited["start_s"], cited["end_s"]) == (5.0, 9.0)
    assert len(server.requests) == answer["usage"]["model_calls"] == 1
    assert server.probes == []
    assert answer["usage"]["input_tokens"] == server.requests[0].tokens
    assert answer["usage"]["input_tokens"] + answer["usage"]["output_tokens"] <= 3000


def test_with_the_endpoint_down_ask_says_so_and_offers_to_quote(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{port}/v1")
    with pytest.raises(ModelError, match="cannot be reached") as caught:
        run(place, "When does the speaker define entropy?", "--model", "video_lm=openai:m")
    assert caught.value.message.endswith(" (or --extractive)")
    capsys.readouterr()
    run(place, "When does the speaker define entropy?", "--model", "video_lm=openai:m", "--extractive")
    assert "average surprise" in capsys.readouterr().out


@pytest.mark.parametrize("vision", [True, False])
def test_what_is_seen_is_seen_at_its_time_and_a_blind_server_is_gone_on_with(
    server: OpenAIServer, place: Path, vision: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    server.vision = vision
    looked = json.dumps(
        {"enough": False, "calls": [{"tool": "look", "video": "v1", "from": 10, "to": 12, "rate": 1}]}
    )
    seen = json.dumps({"seen": [{"frame": 1, "text": "A board of black and white fields."}]})
    none = json.dumps({"complete": True, "claims": []})
    enough = json.dumps({"enough": True, "calls": []})
    replies = {"Does the evidence answer": iter([looked, *[enough] * 9]), "You are shown": iter([seen] * 9)}
    server.describe = lambda received: next(
        (next(own) for words, own in replies.items() if words in received.texts[-1]), none
    )
    run(
        place,
        "What can be seen on the board behind the speaker?",
        "--model",
        f"video_lm=openai:{server.model}",
        "--json",
    )
    answer = json.loads(capsys.readouterr().out)
    trail = [step["did"] for step in answer["trail"] if step["node"] == "look"]
    shown = [received for received in server.requests if received.pictures]
    if not vision:
        assert shown == []
        assert any("has no vision" in did for did in trail), answer["trail"]
        return
    assert shown, answer["trail"]
    for received in shown:
        for text, code in received.timed:
            minutes, seconds = text.split()[2].rstrip(">").split(":")
            assert code == int((60 * int(minutes) + float(seconds)) * RATE + 0.3)


def test_the_server_may_be_lost_midway(server: OpenAIServer, place: Path) -> None:
    server.play(*[Status(500, "out of memory", retry_after=0.01)] * 8)
    lm = OpenAIVideoLM(server.model, attempts=2)
    from longvid_agents.graph import ask

    with (
        Library.open(place) as library,
        library._store.view(encoders=library.engines) as view,
        pytest.raises(LongvidError, match="keeps failing with HTTP 500"),
    ):
        ask("When does the speaker define entropy?", view, lm=lm)


def test_a_server_that_hangs_costs_no_more_than_the_seconds_allowed(
    server: OpenAIServer, place: Path
) -> None:
    from longvid_agents.budget import Budget
    from longvid_agents.graph import ask

    server.play(Hang(60))
    with Library.open(place) as library, library._store.view() as view:
        question = "When does the speaker define entropy?"
        ask(question, view)  # what is loaded once is loaded
        started = time.monotonic()
        answer = ask(question, view, lm=OpenAIVideoLM(server.model), budget=Budget(seconds=2))
        assert time.monotonic() - started < 8
    assert len(server.requests) == answer.usage.model_calls == 1
    assert answer.found
    assert answer.partial
    assert "the budget of 2 seconds ran out" in answer.answer
    assert "extractive" in answer.engine["language_model"]


def test_transcriptions_carry_the_times_of_the_sound() -> None:
    import numpy as np
    import openai

    from longvid_agents.video_lms.openai_parts import sound_part

    silence, tone = np.zeros(16_000, np.float32), np.sin(np.arange(16_000) / 3).astype(np.float32) / 2
    part = sound_part(np.concatenate([silence, tone, silence, tone[:8000]]), 16_000)
    import base64

    file = io.BytesIO(base64.b64decode(part["input_audio"]["data"]))
    file.name = "a.wav"
    with OpenAIServer() as server:
        client = openai.OpenAI(base_url=server.url, api_key="none", max_retries=0)
        found = client.audio.transcriptions.create(
            model=server.model,
            file=file,
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
    spans = [(round(each.start, 1), round(each.end, 1)) for each in found.segments or ()]
    assert spans == [(1.0, 2.0), (3.0, 3.5)]
    assert [word.word for word in found.words or ()] == ["sound", "number", "1", "sound", "number", "2"]


def test_a_coded_picture_survives_compression_and_shrinking() -> None:
    from openai_server import code_of

    for number in (0, 1, 12345, 65535):
        file = io.BytesIO()
        Image.fromarray(coded(number)).resize((96, 54)).save(file, "JPEG", quality=40)
        with Image.open(file) as image:
            import numpy as np

            assert code_of(np.asarray(image.convert("RGB"))) == number
