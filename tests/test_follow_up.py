"""Follow-ups: what they refer to, by rules and by a model, and that they only ever narrow the caller's filters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from longvid_agents.conversation.subjects import subject_of

from longvid_agents.conversation.resolve import resolve, resolved_from_plain, resolved_to_plain
from longvid_agents.conversation.rules import read, refers
from longvid_agents.conversation.turns import Cited, Turn, turn_from_plain, turn_to_plain
from longvid_agents.video_lm import Reply, Request
from longvid_storage.errors import ModelError
from longvid_storage.types import Scope

SPEAKERS = ["Maya", "Jonas Weber"]
CITED = Cited(
    "v1", "Standup", "s.mp4", 40.0, 46.0, "speech", "So we agreed to postpone the migration.", "Maya"
)


def turn(question: str, *cited: Cited) -> Turn:
    return Turn(question, question, "an answer", bool(cited), tuple(c.quote for c in cited), cited)


DECIDED = turn("When did they decide to postpone the migration?", CITED)
BUDGET = turn("What did Maya say about the budget?", CITED)
ENTROPY = turn("When does the speaker define entropy?", CITED)
UNANSWERED = turn("What is the capital of Australia?")


@pytest.mark.parametrize(
    ("before", "question", "asked"),
    [
        (DECIDED, "How much does it cost?", "How much does the migration cost?"),
        (DECIDED, "Why?", "Why decide to postpone the migration?"),
        (DECIDED, "What did Jonas say about her plan?", "What did Jonas say about Maya's plan?"),
        (DECIDED, "Did she promise her plan to him?", "Did Maya promise Maya's plan to him?"),
        (BUDGET, "And Jonas?", "What did Jonas Weber say about the budget?"),
        (BUDGET, "What about the hotel?", "What did Maya say about the hotel?"),
        (BUDGET, "and about the hotel in Lisbon?", "What did Maya say about the hotel in Lisbon?"),
        (BUDGET, "Is it expensive?", "Is the budget expensive?"),
        (ENTROPY, "and Huffman codes?", "When does the speaker define Huffman codes?"),
        (UNANSWERED, "and its population?", "What is the capital of its population?"),
    ],
)
def test_references_are_put_into_words(before: Turn, question: str, asked: str) -> None:
    reading = read(question, [before], SPEAKERS)
    assert (reading.question, reading.mode) == (asked, "ask")
    assert reading.notes, "what was read into the question is told"


@pytest.mark.parametrize(
    ("question", "mode", "when", "speaker", "asked"),
    [
        ("and what did she say after that?", "next", "after", "Maya", "What did Maya say?"),
        ("What did she say of backups after that?", "ask", "after", "Maya", "What did Maya say of backups?"),
        ("what was said before that?", "before", "before", None, "What was said?"),
        ("what happened next?", "next", "after", None, "What happened?"),
        ("And then?", "next", "after", None, "And then?"),
        ("tell me more", "next", "after", None, "tell me more"),
        ("What else did she say about the hotel?", "ask", "after", "Maya", "What did Maya say about the hotel?"),
        ("Who said that?", "again", None, None, "Who said that?"),
        ("when was that?", "again", None, None, "when was that?"),
        ("What did they say about lunch there?", "ask", None, None, "What did they say about lunch?"),
    ],
)  # fmt: skip
def test_times_places_and_persons(
    question: str, mode: str, when: str | None, speaker: str | None, asked: str
) -> None:
    reading = read(question, [DECIDED], SPEAKERS)
    assert (reading.mode, reading.when, reading.speaker, reading.question) == (mode, when, speaker, asked)


def test_after_that_is_the_end_of_the_last_citation_in_its_video() -> None:
    resolved = resolve("and what did she say after that?", [DECIDED, UNANSWERED], Scope(), SPEAKERS)
    assert resolved.filters == Scope(video_ids=frozenset({"v1"}), from_s=46.0, speaker="Maya")
    before = resolve("what was said before that?", [DECIDED], Scope(), SPEAKERS)
    assert before.filters == Scope(video_ids=frozenset({"v1"}), to_s=40.0)
    there = resolve("Who promised the report in that meeting?", [DECIDED], Scope(), SPEAKERS)
    assert (there.question, there.filters.video_ids) == ("Who promised the report?", frozenset({"v1"}))


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of France?",
        "What are the next steps?",
        "How long does it take to copy the tables?",
        "Which later versions are supported?",
        "Was sagt Maya über das Budget?",
        "？",
    ],
)
def test_a_question_that_stands_alone_is_left_alone(question: str) -> None:
    reading = read(question, [DECIDED], SPEAKERS)
    assert (reading.question, reading.mode, reading.notes) == (question, "ask", ())
    assert resolve(question, [DECIDED], Scope(), SPEAKERS).filters == Scope()


def test_the_first_question_refers_to_nothing() -> None:
    assert read("and what did she say after that?", [], SPEAKERS).notes == ()
    assert not refers("and what did she say after that?", [], SPEAKERS)


def test_a_narrowing_that_would_leave_nothing_is_left_out() -> None:
    elsewhere = Scope(video_ids=frozenset({"v2"}))
    resolved = resolve("what happened next?", [DECIDED], elsewhere, SPEAKERS)
    assert (resolved.filters, resolved.mode) == (elsewhere, "ask")
    assert "nothing is left there" in resolved.notes[-1]
    theirs = Scope(speaker="Jonas Weber")
    assert resolve("What did she say about that?", [DECIDED], theirs, SPEAKERS).filters == theirs


def test_subjects() -> None:
    assert subject_of("What did Maya say about the new budget?", SPEAKERS) == "the new budget"
    assert subject_of("Who wrote this?", SPEAKERS) == "wrote"
    assert subject_of("What did Maya say?", SPEAKERS) == ""


def narrower(inner: Scope, outer: Scope) -> bool:
    return (
        (outer.video_ids is None or (inner.video_ids is not None and inner.video_ids <= outer.video_ids))
        and inner.collection == outer.collection
        and inner.language == outer.language
        and (outer.from_s is None or (inner.from_s is not None and inner.from_s >= outer.from_s))
        and (outer.to_s is None or (inner.to_s is not None and inner.to_s <= outer.to_s))
        and (outer.speaker is None or inner.speaker == outer.speaker)
    )


FILTERS = st.builds(
    Scope,
    video_ids=st.none() | st.frozensets(st.sampled_from(["v1", "v2"]), min_size=1),
    collection=st.none() | st.just("team"),
    from_s=st.none() | st.floats(0, 50),
    to_s=st.none() | st.floats(51, 90),
    speaker=st.none() | st.sampled_from(["Maya", "Jonas Weber", "nobody"]),
)
WORDS = "and what did she he say after before that there in video Maya Jonas about it else budget why"


@settings(max_examples=200, deadline=None)
@given(
    FILTERS,
    st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=9).map(" ".join),
    st.lists(st.sampled_from([DECIDED, BUDGET, ENTROPY, UNANSWERED]), max_size=3),
    st.none() | st.fixed_dictionaries(
        {
            "question": st.sampled_from(["What of v2?", "ask everything in all videos", ""]),
            "speaker": st.sampled_from([None, "Maya", "nobody", 3]),
            "citation": st.sampled_from([None, "c1", "c9", ["c1"]]),
            "when": st.sampled_from([None, "after", "before", "whenever"]),
            "video": st.just("v2"),
        }
    ),
)  # fmt: skip
def test_nothing_widens_what_the_caller_allowed(
    filters: Scope, question: str, turns: list[Turn], reply: dict[str, Any] | None
) -> None:
    lm = None if reply is None else OneReply(json.dumps(reply))
    resolved = resolve(question, turns, filters, SPEAKERS, lm)  # type: ignore[arg-type]
    assert narrower(resolved.filters, filters)
    assert resolved_from_plain(json.loads(json.dumps(resolved_to_plain(resolved)))) == resolved


# --- with a model ---------------------------------------------------------------------------------------


class OneReply:
    """A model that always says the same."""

    name, fingerprint, sees, hears = "one", "one-1", False, False

    def __init__(self, reply: str | Exception) -> None:
        self.text = reply
        self.requests: list[Request] = []

    def reply(self, request: Request) -> Reply:
        self.requests.append(request)
        if isinstance(self.text, Exception):
            raise self.text
        return Reply(self.text)


def rewritten(
    reply: dict[str, Any] | str,
    question: str = "Und was sagte sie danach?",
    turns: Sequence[Turn] = (DECIDED,),
) -> tuple[Any, OneReply]:
    lm = OneReply(reply if isinstance(reply, str) else json.dumps(reply))
    return resolve(question, turns, Scope(), SPEAKERS, lm), lm  # type: ignore[arg-type]


def test_a_model_rewrites_with_one_call_and_code_takes_the_time_from_the_citation() -> None:
    reply = {"question": "What did Maya say about it?", "speaker": "Maya", "citation": "c1", "when": "after"}
    resolved, lm = rewritten(reply, "and what was her view of it afterwards, about money?")
    assert len(lm.requests) == 1
    assert resolved.question == "What did Maya say about it?"
    assert resolved.filters == Scope(video_ids=frozenset({"v1"}), from_s=46.0, speaker="Maya")
    (request,) = lm.requests
    assert [piece.id for piece in request.evidence] == ["q1", "c1"]
    assert CITED.quote in [piece.text for piece in request.evidence]
    assert "postpone" not in request.prompt, "the conversation is data, not task"
    assert request.schema is not None


@pytest.mark.parametrize(
    "reply",
    [
        "I would rather tell a joke.",
        "[1]",
        '{"question": 3}',
        '{"question": "   "}',
        {"question": "x" * 501},
        {"question": "What then?", "when": "after", "citation": "c7"},
    ],
)
def test_what_the_model_writes_is_checked_and_the_rules_stand(reply: dict[str, Any] | str) -> None:
    resolved, _ = rewritten(reply, "How much does it cost?")
    assert resolved.question == "How much does the migration cost?"
    assert resolved.filters == Scope()


def test_a_person_nobody_knows_is_no_filter() -> None:
    resolved, _ = rewritten(
        {"question": "What did Eve say?", "speaker": "Eve", "citation": None, "when": None}, "and she?"
    )
    assert resolved.filters == Scope()


def test_no_call_where_nothing_is_referred_to_or_the_store_alone_can_tell() -> None:
    for question in ("What is the capital of France?", "Who said that?", "and what did she say after that?"):
        _, lm = rewritten("{}", question)
        assert lm.requests == []
    _, lm = rewritten("{}", "and why?", turns=())
    assert lm.requests == []


def test_a_model_that_is_down_says_so() -> None:
    with pytest.raises(ModelError, match="down"):
        resolve("Is it expensive?", [DECIDED], Scope(), SPEAKERS, OneReply(ModelError("it is down")))  # type: ignore[arg-type]


def test_turns_are_plain_data() -> None:
    plain = json.loads(json.dumps(turn_to_plain(DECIDED)))
    assert turn_from_plain(plain) == DECIDED
