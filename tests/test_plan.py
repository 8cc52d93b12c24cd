"""The plan by rules."""

from __future__ import annotations

import pytest

from longvid_agents.kinds import kind_of
from longvid_agents.question import MAX_TERMS, content_terms, make_plan
from longvid_storage.errors import UsageError


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When does the speaker define entropy?", "define"),
        ("What is a gradient?", "define"),
        ("When is the break?", "when"),
        ("Who promised to send the report?", "who"),
        ("Who sends it, and by when?", "who"),
        ("What did they think about the price?", "discussion"),
        ("How many layers does it have?", "count"),
        ("Summarize the discussion about prices.", "summary"),
        ("What was the meeting about?", "summary"),
        ("List all the risks", "list"),
        ("Why is the sky blue?", "explain"),
    ],
)
def test_kind_of_question(question: str, kind: str) -> None:
    assert kind_of(question) == kind


def test_terms_leave_out_the_words_that_only_ask() -> None:
    terms = content_terms("What did the speaker say about the Krebs cycle in 1937?")
    assert [(t.text, t.special) for t in terms] == [("kreb", True), ("cycl", False), ("1937", True)]


def test_asking_words_count_when_there_is_nothing_else() -> None:
    assert [t.text for t in content_terms("What is the definition?")] == ["definit"]


@pytest.mark.parametrize("question", ["", "   ", "\n\t"])
def test_empty_question_is_a_usage_error(question: str) -> None:
    with pytest.raises(UsageError, match="empty"):
        make_plan(question)


def test_a_very_long_question_becomes_a_short_query() -> None:
    plan = make_plan(" ".join(f"word{i}" for i in range(10_000)))
    assert len(plan.terms) == MAX_TERMS
    assert plan.query.split() == [f"word{i}" for i in range(MAX_TERMS)]


def test_scripts_without_spaces_give_pairs_of_characters() -> None:
    assert [t.text for t in content_terms("梯度下降")] == ["梯度", "度下", "下降"]


def test_terms_can_leave_out_who_is_asked_about() -> None:
    plan = make_plan("What did the Project Manager think of Ana's project plan?")
    assert [t.text for t in plan.without(["Project Manager", "Ana"])] == ["project", "plan"]
    assert make_plan("Ana Lopez").without(["Ana Lopez"]) == make_plan("Ana Lopez").terms


@pytest.mark.parametrize("question", ["🎉🎉🎉", "???", "the of and"])
def test_question_without_content_has_no_terms(question: str) -> None:
    assert make_plan(question).terms == ()
