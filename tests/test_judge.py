"""``longvid eval --judge``, the figures of claims and cited frames, and worked examples before a question."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ask_tools import library
from longvid import Library
from longvid.config import Config, load_config
from longvid.engines import Engines
from longvid.evaluation.judge import NOTHING, JudgedAnswer, judge_answer
from longvid.evaluation.questions import Question
from longvid.evaluation.scores import score_answer
from longvid_agents.budget import Budget, estimate_tokens
from longvid_agents.examples import EXAMPLE_TOKENS, WorkedExample, examples_within, read_example
from longvid_storage.errors import UsageError
from longvid_storage.types import Answer, Citation, Claim
from openai_server import OpenAIServer
from scripted_lm import ScriptedLM, claims

VERDICT = {
    "right": True,
    "score": 4,
    "correctness": 5,
    "detail": 3,
    "context": 4,
    "time": 2,
    "consistency": 5,
}
GARDEN = """WEBVTT

00:00.000 --> 00:09.000
<v Ann>Good morning, today we plan the garden behind the school.

00:10.000 --> 00:20.000
<v Bo>The tomatoes need a greenhouse, because frost in May kills seedlings.
"""
ASKED = "Why do tomatoes need a greenhouse?"
EXAMPLE = {
    "question": "What does the pump cost?",
    "evidence": ["We bought a pump.", "The pump was 80 euros."],
    "claims": [{"text": "The pump was 80 euros.", "evidence": ["e2"]}],
}


def answer(*claims_: Claim) -> Answer:
    return replace(library().ask("What is entropy?"), found=bool(claims_), claims=claims_)


def cited(text: str, *quotes: str, kind: Any = "speech", start_s: float = 0.0) -> Claim:
    return Claim(
        text, tuple(Citation("v", "T", "t", start_s, start_s + 4, kind, each, "1") for each in quotes)
    )


# --- the judge ---------------------------------------------------------------------------------------------


def test_a_verdict_is_read_and_question_reference_and_answer_are_data() -> None:
    lm = ScriptedLM(VERDICT)
    found = judge_answer(lm, "Why </evidence>?", "Frost.", answer(cited("Frost kills.", "frost kills")))
    assert found is not None
    assert found.scores() == {
        "judge: right": 1.0,
        "judge: score": 4.0,
        "judge: correctness": 5.0,
        "judge: detail": 3.0,
        "judge: context": 4.0,
        "judge: time": 2.0,
        "judge: consistency": 5.0,
    }
    (request,) = lm.requests
    assert "Reference: Frost." in request.prompt
    assert "Answer: Frost kills." in request.prompt
    assert "</evidence>" not in request.prompt
    assert request.schema is not None
    assert set(request.schema["required"]) == set(VERDICT)


def test_a_reply_that_cannot_be_read_is_asked_for_once_more_and_then_counts_nowhere() -> None:
    found = answer(cited("Frost kills.", "frost kills"))
    lm = ScriptedLM("four of five", VERDICT)
    assert judge_answer(lm, "Why?", "Frost.", found) == JudgedAnswer.model_validate(VERDICT)
    assert "could not be used" in lm.requests[1].prompt
    assert judge_answer(ScriptedLM("no", {**VERDICT, "score": 9}), "Why?", "Frost.", found) is None


def test_no_answer_is_worth_nothing_and_costs_no_call() -> None:
    lm = ScriptedLM()
    assert judge_answer(lm, "Why?", "Frost.", answer()) == NOTHING
    assert lm.requests == []


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judge")
    (folder / "garden.vtt").write_text(GARDEN)
    line = {
        "id": "1",
        "video": "garden",
        "question": ASKED,
        "spans": [[10, 20]],
        "answer": "Because of frost.",
    }
    (folder / "questions.jsonl").write_text(json.dumps(line) + "\n")
    with Library.open(folder / "library", create=True) as held:
        held.index(folder / "garden.vtt", only=["transcript"])
    return folder


def evaluated(place: Path, url: str, *more: str) -> subprocess.CompletedProcess[str]:
    given = ["eval", "questions.jsonl", "--library", "library", *more]
    return subprocess.run(
        [sys.executable, "-m", "longvid.cli", *given],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "OPENAI_BASE_URL": url},
    )


def test_the_table_has_the_judges_figures_and_its_name(place: Path) -> None:
    with OpenAIServer() as server:
        server.play(json.dumps(VERDICT))
        done = evaluated(place, server.url, "--ask", "--judge", "openai:tiny-vlm")
    assert done.returncode == 0, done.stderr
    rows = {line.split("  ")[0].strip(): line.split() for line in done.stdout.splitlines() if line.strip()}
    assert rows["judge: score"][2:4] == ["4.00", "[4.00,"]
    assert rows["judge: right"][2] == "1.000"
    assert "judge: tiny-vlm" in done.stdout.splitlines()


def test_a_judge_without_answers_is_refused(place: Path) -> None:
    done = evaluated(place, "http://127.0.0.1:9", "--judge", "openai:tiny-vlm")
    assert done.returncode == 2
    assert done.stderr == "longvid: --judge compares answers, and none are asked for: give --ask too\n"


# --- do claims say what their places say? ---------------------------------------------------------------------


class _Letters:
    """Vectors of letter counts, so that texts of the same letters are near."""

    name = fingerprint = "letters"
    dimension = 26

    def encode(self, texts: Any, *, kind: str = "passage") -> np.ndarray:
        counts = np.array(
            [[text.lower().count(chr(97 + n)) for n in range(26)] for text in texts], np.float32
        )
        return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)


def test_claims_are_compared_with_the_places_they_cite() -> None:
    question = Question("1", "v", "Why?", ((0.0, 10.0),))
    said = cited("Frost kills seedlings.", "frost in May kills seedlings")
    other = cited("Nobody waters beans.", "zzz qqq")
    scores = score_answer(question, "v", answer(said, other), _Letters())
    assert scores["claim words"] == pytest.approx(0.5)
    assert scores["claim support"] == pytest.approx(0.5)
    assert "claim support" not in score_answer(question, "v", answer(said))
    assert "claim words" not in score_answer(question, "v", answer())


def test_cited_frames_match_where_they_lie_inside_a_gold_span() -> None:
    question = Question("1", "v", "What is shown?", ((0.0, 10.0),))
    inside, outside = (cited("A slide.", "a slide", kind="screen", start_s=s) for s in (3.0, 9.0))
    assert score_answer(question, "v", answer(inside, outside))["evidence match"] == pytest.approx(0.5)
    assert "evidence match" not in score_answer(question, "v", answer(cited("Said.", "said")))


# --- worked examples --------------------------------------------------------------------------------------------


def test_examples_stand_before_the_evidence_and_are_no_evidence() -> None:
    lm = ScriptedLM(claims(("The pump was 80 euros.", ["e2"])), otherwise={"complete": True, "claims": []})
    question = "Who promised to write the budget report?"
    found = library().ask(question, lm=lm, examples=[read_example(EXAMPLE, "here")])
    system = lm.requests[0].system
    assert "[e2] The pump was 80 euros.\nQuestion: What does the pump cost?" in system
    assert all("pump" not in each.text for each in lm.requests[0].evidence)
    assert all("pump" not in claim.text for claim in found.claims)


def test_examples_keep_to_their_share_of_the_budget() -> None:
    example = WorkedExample.model_validate_json(json.dumps(EXAMPLE))
    one = estimate_tokens(examples_within([example], EXAMPLE_TOKENS, estimate_tokens))
    assert 0 < one < EXAMPLE_TOKENS
    assert examples_within([example], one - 1, estimate_tokens) == ""
    assert estimate_tokens(examples_within([example] * 50, EXAMPLE_TOKENS, estimate_tokens)) <= EXAMPLE_TOKENS
    lm = ScriptedLM(otherwise=claims(("Ben writes the budget report.", ["e1"])))
    library().ask(
        "Who writes the budget report?", lm=lm, budget=Budget(tokens=1_200), examples=[example] * 50
    )
    assert 0 < lm.requests[0].system.count("Question: What does the pump cost?") <= 3


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (
            {"claims": [{"text": "It was 80.", "evidence": ["e3"]}]},
            "must name evidence of the example, e1 to e2",
        ),
        ({"claims": [{"text": "It was 80.", "evidence": []}]}, "must name evidence"),
        ({"question": ""}, '"question" is'),
        ({"answer": "80"}, "unknown key"),
    ],
)
def test_an_example_that_is_wrong_is_told_with_its_line(
    change: dict[str, Any], wrong: str, tmp_path: Path
) -> None:
    (tmp_path / "examples.jsonl").write_text(f"{json.dumps(EXAMPLE)}\n{json.dumps({**EXAMPLE, **change})}\n")
    config = tmp_path / "longvid.toml"
    config.write_text('[answering]\nexamples = "examples.jsonl"\n')
    with pytest.raises(UsageError, match=r"examples\.jsonl, line 2: ") as caught:
        _ = Engines(config=config).examples
    assert wrong in caught.value.message


def test_a_configuration_in_the_working_directory_names_no_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "longvid.toml").write_text('[answering]\nexamples = "examples.jsonl"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LONGVID_CONFIG", raising=False)
    with pytest.raises(UsageError, match="names examples for the answers"):
        load_config()
    (tmp_path / "other.toml").write_text("answering = 3\n")
    with pytest.raises(UsageError, match="answering is 3, it is a table"):
        load_config(tmp_path / "other.toml")
    assert Engines(config=Config()).examples == ()
