"""``longvid ask`` with a language model behind a real server, as a user meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from library_tools import MEETING
from longvid import Library
from openai_server import Cut, OpenAIServer, Status

QUESTION = "Who will send the migration plan?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that holds one meeting transcript."""
    folder = tmp_path_factory.mktemp("ask")
    (folder / "standup.vtt").write_text(MEETING)
    with Library.open(folder / "library", create=True) as lib:
        lib.index(folder / "standup.vtt", only=["transcript"])
    return folder / "library"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


def reply(*claims: tuple[str, list[str]], complete: bool = True) -> str:
    written: dict[str, Any] = {
        "complete": complete,
        "claims": [{"text": text, "evidence": ids} for text, ids in claims],
    }
    return json.dumps(written)


SENDS = ("Jonas will send the migration plan by Friday.", ["e1"])
COSTS = ("The new database costs 9,000 euros.", ["e3"])


def ask(
    library: Path, url: str, *arguments: str, question: str = QUESTION
) -> subprocess.CompletedProcess[str]:
    given = ["ask", question, "--library", str(library), "--model", "video_lm=openai:tiny-vlm", *arguments]
    return subprocess.run(
        [sys.executable, "-m", "longvid.cli", *given],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "OPENAI_BASE_URL": url, "COLUMNS": "100"},
    )


def test_one_request_answers_and_is_printed_with_its_citation(library: Path, server: OpenAIServer) -> None:
    server.play(reply(SENDS))
    done = ask(library, server.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"{SENDS[0]} [standup @ 0:05–0:09]"
    assert done.stderr == ""
    assert len(server.requests) == 1
    assert server.probes == []
    assert server.requests[0].body["response_format"]["json_schema"]["strict"] is True


def test_json_has_trail_partial_and_usage_and_nothing_else_is_printed(
    library: Path, server: OpenAIServer
) -> None:
    server.play(reply(SENDS))
    found = json.loads(ask(library, server.url, "--json").stdout)
    assert found["partial"] is False
    assert [step["node"] for step in found["trail"]] == ["plan", "search", "answer", "verify"]
    assert found["usage"]["model_calls"] == 1
    assert 0 < found["usage"]["input_tokens"] + found["usage"]["output_tokens"] <= 3_000
    assert found["engine"]["language_model"] == "tiny-vlm"
    assert found["claims"][0]["citations"][0]["start_s"] == 5.0


def test_verbose_tells_searches_and_rounds_on_stderr(library: Path, server: OpenAIServer) -> None:
    wanted = {"enough": False, "calls": [{"tool": "search", "query": "plan Friday"}], "rule_out": []}
    server.play(reply(), json.dumps(wanted), reply(SENDS))
    done = ask(library, server.url, "-v")
    assert done.stdout.startswith(SENDS[0])
    assert [line.split()[2] for line in done.stderr.splitlines()] == [
        "plan", "search", "answer", "answer", "reflect", "search", "answer", "answer", "verify",
    ]  # fmt: skip
    assert "tiny-vlm reads 3 pieces of evidence" in done.stderr
    assert 'search "plan Friday"' in done.stderr
    assert SENDS[0] not in done.stderr


def test_an_endpoint_that_is_down_says_so_and_offers_to_quote(library: Path) -> None:
    with OpenAIServer() as server:
        url = server.url
    done = ask(library, url)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("longvid: ")
    assert done.stderr.count("--extractive") == 1
    quoted = ask(library, url, "--extractive")
    assert quoted.returncode == 0
    assert "I will send the migration plan to everyone by Friday." in quoted.stdout


def test_a_stream_that_breaks_off_keeps_what_was_verified_and_says_so(
    library: Path, server: OpenAIServer
) -> None:
    whole = reply(SENDS, COSTS)
    first = whole[: whole.index("}") + 1]
    server.play(Cut(whole, pieces=len(first.split()) + 2))
    done = ask(library, server.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith(SENDS[0])
    assert "(Partial: the model failed midway:" in done.stdout
    assert COSTS[0] not in done.stdout


def test_a_budget_that_covers_no_reply_quotes_and_says_so(library: Path, server: OpenAIServer) -> None:
    done = ask(library, server.url, "--budget-tokens", "50")
    assert done.returncode == 0, done.stderr
    assert "I will send the migration plan" in done.stdout
    assert (
        "(Partial: the budget of 50 tokens ran out, so the best evidence is quoted.)"
        in done.stdout.replace("\n", " ")
    )
    assert server.requests == []


@pytest.mark.parametrize(
    "wrong",
    [("--budget-tokens", "0"), ("--budget-seconds", "-1"), ("--rounds", "-1"), ("--budget-seconds", "nan")],
)
def test_a_budget_that_allows_nothing_is_wrong_usage(library: Path, wrong: tuple[str, str]) -> None:
    done = ask(library, "http://127.0.0.1:9/v1", *wrong)
    assert done.returncode == 2
    assert "the budget is" in done.stderr


def test_a_refused_request_is_one_sentence(library: Path, server: OpenAIServer) -> None:
    server.play(Status(401, "Incorrect API key provided"))
    done = ask(library, server.url)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_each_call_of_a_turn_gives_what_it_gives_alone_within_the_scope(library: Path) -> None:
    from longvid_agents.calls import Call
    from longvid_agents.toolbox import run_calls
    from longvid_storage.types import Scope

    with Library.open(library) as lib, lib._store.view() as view:
        (video,) = lib.videos()
        video_id = video.video_id
        calls = [
            Call("search", query="migration plan"),
            Call("search", query="budget"),
            Call("mentions", terms=("Friday",)),
            Call("transcript", video_id=video_id, from_s=0.0, to_s=60.0),
            Call("library"),
        ]
        found = run_calls(calls * 2, view, k=5)
        assert found[5:] == found[:5] == [run_calls([call], view, k=5)[0] for call in calls]
        assert [s.text for s in found[2].sentences] == [
            "I will send the migration plan to everyone by Friday."
        ]
        assert len(found[3].sentences) == 3
        assert found[4].sources == {video_id: ("standup", video.path)}
        none = run_calls(calls, view.within(Scope(collection="none")), k=5)
        assert not any(each.sentences or each.moments or each.cards for each in none)
        assert none[3].note == "no such video"
        maya = run_calls(calls, view.within(Scope(speaker="maya")), k=5)
        assert {s.speaker for each in maya for s in each.sentences} == {"Maya"}
        early = run_calls(calls, view.within(Scope(to_s=5.0)), k=5)
        assert {s.text for each in early for s in each.sentences} <= {
            "Good morning, let us talk about the data migration."
        }
        assert len(early[3].sentences) == 1


def test_a_list_of_a_real_library_has_dates_lengths_and_the_names_that_users_gave(tmp_path: Path) -> None:
    from longvid_agents.calls import Call
    from longvid_agents.toolbox import run_calls
    from longvid_storage.types import Scope, VideoCard

    dated = tmp_path / "standup 2026-03-02.vtt"
    dated.write_text(MEETING.replace("<v Jonas>", "<v Speaker 2>"))
    plain = tmp_path / "retro.vtt"
    plain.write_text(MEETING.replace("<v Maya>", "<v Ada>").replace("good", "hello"))
    os.utime(plain, (86_400 * 365, 86_400 * 365))
    with Library.open(tmp_path / "library", create=True, models={"text": "off", "image": "off"}) as lib:
        lib.index(dated, only=["transcript"], collection="week")
        lib.index(plain, only=["transcript"])
        lib.rename_speaker("standup 2026-03-02", "Speaker 2", "Jonas")

        def listed(**filters: Any) -> dict[str, VideoCard]:
            with lib._store.view(Scope(**filters)) as view:
                (found,) = run_calls([Call("library")], view, k=5)
            assert not found.sentences
            return {card.title: card for card in found.cards}

        both = listed()
        assert {title: (card.date, card.speakers) for title, card in both.items()} == {
            "standup 2026-03-02": ("2026-03-02", ("Maya", "Jonas")),
            "retro": ("1971-01-01", ("Ada", "Jonas")),
        }
        assert {card.duration_s for card in both.values()} == {14.0}
        assert list(listed(collection="week")) == ["standup 2026-03-02"]
        assert [card.speakers for card in listed(speaker="maya").values()] == [("Maya",)]
        assert listed(from_s=4.5, to_s=9.5)["retro"].speakers == ("Jonas",)
        with lib._store.view() as view:
            assert [card.speakers for card in view.cards()] == [(), ()]
