"""Follow-ups: what they refer to, by rules and by a model, and that they only ever narrow the caller's filters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from longvid_agents.conversation.resolve import Resolved, resolve
from longvid_agents.conversation.rules import read
from longvid_agents.conversation.turns import FILTERS, TURN, Cited, Turn
from longvid_agents.video_lm import Reply, Request
from longvid_storage.errors import ModelError
from longvid_storage.types import Scope, VideoCard

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
    ("before", "question"),
    [
        (DECIDED, "How much does it cost?"),
        (DECIDED, "Why not?"),
        (turn("Why?", CITED), "When?"),
        (DECIDED, "What did Jonas say about her plan?"),
        (DECIDED, "is that the biggest?"),
        (DECIDED, "and in the other meeting?"),
        (DECIDED, "And Jonas?"),
        (BUDGET, "And Maya?"),
        (turn("What did Maya tell Jonas Weber?", CITED), "And Jonas?"),
        (BUDGET, "and about the hotel in Lisbon?"),
        (BUDGET, "What about it?"),
        (ENTROPY, "and Huffman codes?"),
        (UNANSWERED, "and its population?"),
        (UNANSWERED, "Did he?"),
    ],
)
def test_what_the_rules_cannot_resolve_is_asked_as_it_stands_and_says_so(before: Turn, question: str) -> None:
    resolved = resolve(question, [before], Scope(), SPEAKERS)
    assert resolved == Resolved(question, Scope(), notes=("asked as it stands",))
    assert read(question, [before], SPEAKERS).open, "a model would be asked"


CARDS = [
    VideoCard("v1", "Standup", "2025-02-03/s.mp4", 90.0),
    VideoCard("v2", "The hotel in Lisbon", "2025-02-10/h.mp4", 90.0),
    VideoCard("v3", "Onboarding", "o.mp4", 90.0),
]


@pytest.mark.parametrize(
    ("question", "videos", "until_s"),
    [
        ("and in the other meeting?", {"v2", "v3"}, None),
        ("In other videos?", {"v2", "v3"}, None),
        ("And on 10 February?", {"v2"}, None),
        ("What about the last meeting?", {"v2"}, None),
        ("and in the last one?", {"v2"}, None),
        ("and in The hotel in Lisbon?", {"v2"}, None),
        ("and in the first 20 seconds?", None, 20.0),
    ],
)
def test_where_else_is_the_question_before_it_asked_there(
    question: str, videos: set[str] | None, until_s: float | None
) -> None:
    turns = [DECIDED, UNANSWERED]  # what found nothing is no question to go on with
    resolved = resolve(question, turns, Scope(), SPEAKERS, videos=CARDS)
    assert resolved.question == DECIDED.asked
    assert resolved.filters == Scope(video_ids=None if videos is None else frozenset(videos), to_s=until_s)
    assert resolved.notes[0] == f"asked as: {DECIDED.asked}"


@pytest.mark.parametrize(
    ("before", "question", "asked"),
    [
        ("When is the launch?", "where?", "Where is the launch?"),
        ("Does the museum open on Sunday?", "And since when?", "Since when does the museum open on Sunday?"),
        ("Tell me about the watering.", "how often", "How often the watering."),
        ("Jonas", "Why?", "Why Jonas?"),
        ("Wo findet der Kurs statt?", "Wie oft?", "Wie oft findet der Kurs statt?"),
        ("Quand est la fête ?", "Où ?", "Où est la fête?"),
        (BUDGET.asked, "And Jonas?", "What did Jonas Weber say about the budget?"),
        ("When does Jonas travel?", "And Maya?", "When does Maya travel?"),
        ("Wann reist Jonas Weber ab?", "Und Maya?", "Wann reist Maya ab?"),
    ],
)
def test_a_question_word_or_a_name_alone_asks_of_what_was_asked_before(
    before: str, question: str, asked: str
) -> None:
    resolved = resolve(question, [turn(before, CITED), UNANSWERED], Scope(), SPEAKERS)
    assert resolved == Resolved(asked, Scope(), notes=(f"asked as: {asked}",))
    assert read(question, [turn(before, CITED)], SPEAKERS).open, "a model would be asked"
    assert resolve(question, [turn(before)], Scope(), SPEAKERS).question == question, "nothing was found"


@pytest.mark.parametrize(
    ("question", "again"),
    [
        ("is that the newest?", True),
        ("And is it still the latest version?", True),
        ("Is that still true?", True),
        ("Is that the newest member of the team?", False),
        ("Is that true?", False),
    ],
)
def test_whether_that_is_the_newest_asks_the_question_before_again(question: str, again: bool) -> None:
    resolved = resolve(question, [DECIDED, UNANSWERED], Scope(), SPEAKERS)
    assert (resolved.question == DECIDED.asked) == again
    assert (f"asked again, the newest first: {DECIDED.asked}" in resolved.notes) == again
    assert resolve(question, [], Scope(), SPEAKERS).question == question


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Summarize it", "Summarize the video."),
        ("sum it up, please", "Summarize the video."),
        ("and what was it about?", "Summarize the video."),
        ("give me a short summary of that meeting", "Summarize the video."),
        ("fasse es zusammen", "fasse es zusammen"),
        ("summarize the budget", None),
        ("What is this formula about?", None),
        ("Summarize all videos", None),
    ],
)
def test_summarize_it_means_the_video_spoken_of(question: str, asked: str | None) -> None:
    resolved = resolve(question, [DECIDED], Scope(), SPEAKERS)
    videos = None if asked is None else frozenset({"v1"})
    assert (resolved.question, resolved.filters) == (asked or question, Scope(video_ids=videos))
    assert resolve(question, [], Scope(), SPEAKERS).filters == Scope()


@pytest.mark.parametrize(
    ("question", "video"),
    [
        ("And the next one?", "v2"),
        ("and in the one after that?", "v2"),
        ("What about the following meeting?", "v2"),
        ("And the one before?", None),  # there is none
    ],
)
def test_the_one_after_is_the_recording_of_the_next_day(question: str, video: str | None) -> None:
    resolved = resolve(question, [DECIDED], Scope(), SPEAKERS, videos=CARDS)
    if video is None:
        assert resolved.filters == Scope()
    else:
        assert (resolved.question, resolved.filters) == (DECIDED.asked, Scope(video_ids=frozenset((video,))))
        back = turn(DECIDED.asked, replace(CITED, video_id=video, title="The hotel in Lisbon"))
        again = resolve("And the previous one?", [back], Scope(), SPEAKERS, videos=CARDS)
        assert again.filters == Scope(video_ids=frozenset(("v1",)))


@pytest.mark.parametrize(
    "question", ["In which meeting?", "Which video was that?", "which recording is that from"]
)
def test_which_meeting_is_asked_of_the_answer(question: str) -> None:
    assert resolve(question, [DECIDED], Scope(), SPEAKERS).mode == "again"


@pytest.mark.parametrize(
    "question", ["What was said on 10 February?", "and the price in The hotel in Lisbon?", "And Jonas?"]
)
def test_what_asks_something_itself_is_not_moved(question: str) -> None:
    assert resolve(question, [DECIDED], Scope(), SPEAKERS, videos=CARDS).question != DECIDED.asked
    nowhere = resolve("and in the other meeting?", [DECIDED], Scope(), SPEAKERS, videos=CARDS[:1])
    assert nowhere.question != DECIDED.asked


@pytest.mark.parametrize(
    "question", ["What about the hotel?", "how about the hotel", "And what about the hotel?"]
)
@pytest.mark.parametrize("turns", [[], [BUDGET]])
def test_what_about_is_a_question_about_that(question: str, turns: list[Turn]) -> None:
    resolved = resolve(question, turns, Scope(), SPEAKERS)
    assert (resolved.question, resolved.filters) == ("The hotel?", Scope())
    assert resolved.notes[0].startswith("asked about: the hotel")


@pytest.mark.parametrize("name", ["Jonas", "Jonas Weber?", "Maya?"])
def test_a_name_alone_is_asked_as_it_stands(name: str) -> None:
    for turns in ([], [BUDGET], [UNANSWERED]):
        assert resolve(name, turns, Scope(), SPEAKERS) == Resolved(name, Scope())


@pytest.mark.parametrize(
    ("question", "mode", "when", "speaker", "asked"),
    [
        ("and what did she say after that?", "next", "after", "Maya", "What did Maya say?"),
        ("After that, what did she say?", "next", "after", "Maya", "What did Maya say?"),
        ("What did she say of backups after that?", "ask", "after", "Maya", "What did Maya say of backups?"),
        ("what did Jonas say about lunch right before that?", "ask", "before", None, "What did Jonas say about lunch?"),
        ("what was said before that?", "before", "before", None, "what was said before that?"),
        ("and before that?", "before", "before", None, "and before that?"),
        ("what came after that?", "next", "after", None, "what came after that?"),
        ("what happened next?", "next", "after", None, "What happened?"),
        ("what did she say earlier?", "before", "before", "Maya", "What did Maya say?"),
        ("And then?", "next", "after", None, "And then?"),
        ("tell me more", "next", "after", None, "tell me more"),
        ("What else did she say about the hotel?", "ask", "after", "Maya", "What did Maya say about the hotel?"),
        ("Who said that?", "again", None, None, "Who said that?"),
        ("when was that?", "again", None, None, "when was that?"),
        ("again, please", "ask", None, None, "again, please"),
        ("again please", "again", None, None, "again please"),
        ("what did she say?", "again", None, "Maya", "what did she say?"),
        ("What did she say about the hotel?", "ask", None, "Maya", "What did Maya say about the hotel?"),
        ("What did they say about lunch there?", "ask", None, None, "What did they say about lunch?"),
        ("What was said in that video about lunch?", "ask", None, None, "What was said about lunch?"),
        ("What was that meeting about?", "ask", None, None, "What was that meeting about?"),
    ],
)  # fmt: skip
def test_times_places_and_persons(
    question: str, mode: str, when: str | None, speaker: str | None, asked: str
) -> None:
    reading = read(question, [DECIDED], SPEAKERS)
    assert (reading.mode, reading.when, reading.speaker, reading.question) == (mode, when, speaker, asked)


@pytest.mark.parametrize(
    "question",
    [
        "What will happen after that meeting?",
        "What does it do after it is deployed?",
        "Who leaves before this release?",
        "Which functions that call the API are slow?",
        "How many people are there?",
        "What are we doing next?",
        "Have they met before?",
        "Who else was invited?",
    ],
)
def test_words_that_only_look_like_a_time_or_place_are_left_alone(question: str) -> None:
    resolved = resolve(question, [DECIDED], Scope(), SPEAKERS)
    assert (resolved.question, resolved.filters, resolved.mode) == (question, Scope(), "ask")


@pytest.mark.parametrize(
    ("before", "question", "asked"),
    [
        (ENTROPY, "And where does it come from?", "Where does entropy come from?"),
        (turn("What is a soft fork?", CITED), "why is it used", "Why is soft fork used?"),
        (ENTROPY, "How long does it take?", None),
        (turn("What is the entropy of a hash function?", CITED), "Where does it come from?", None),
        (DECIDED, "Where does it come from?", None),
        (turn("What is entropy?"), "Where does it come from?", None),  # nothing was found
    ],
)
def test_it_is_the_one_thing_whose_definition_was_asked_for(
    before: Turn, question: str, asked: str | None
) -> None:
    resolved = resolve(question, [before], Scope(), SPEAKERS)
    assert resolved.question == (asked or question)
    assert any(note.startswith("it = ") for note in resolved.notes) == (asked is not None)


def test_he_or_she_is_one_person_or_nobody() -> None:
    both = turn("What was decided?", CITED, replace(CITED, speaker="Jonas Weber"))
    alone = resolve("What did she say about the hotel?", [both], Scope(), SPEAKERS)
    assert alone == Resolved("What did she say about the hotel?", Scope(), notes=("asked as it stands",))
    then = resolve("and what did she say after that?", [both], Scope(), SPEAKERS)
    assert (then.mode, then.filters.speaker) == ("next", None)
    assert then.notes == ("after 0:46 in Standup", "she = anybody")
    named = turn("What did Jonas say about the plan?", CITED, replace(CITED, speaker="Jonas Weber"))
    assert (
        read("and did he promise the report?", [named], SPEAKERS).question
        == "Did Jonas Weber promise the report?"
    )
    stranger = turn("What was decided?", replace(CITED, speaker="Eve"))
    assert read("and did she promise the report?", [stranger], SPEAKERS).speaker is None, "not in the filters"


def test_after_that_is_the_end_of_the_last_citation_in_its_video() -> None:
    resolved = resolve("and what did she say after that?", [DECIDED, UNANSWERED], Scope(), SPEAKERS)
    assert resolved.filters == Scope(video_ids=frozenset({"v1"}), from_s=46.0, speaker="Maya")
    before = resolve("what was said before that?", [DECIDED], Scope(), SPEAKERS)
    assert before.filters == Scope(video_ids=frozenset({"v1"}), to_s=40.0)
    assert before.anchor == (CITED,)
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


@pytest.mark.parametrize(
    "question", ["and what did she say after that?", "And then?", "Who said that?", "And the budget?", "why?"]
)
def test_the_first_question_refers_to_nothing_and_says_so(question: str) -> None:
    lm = OneReply("{}")
    resolved = resolve(question, [], Scope(), SPEAKERS, lm)
    assert (resolved.question, resolved.filters, resolved.mode) == (question, Scope(), "ask")
    assert resolved.notes == ("nothing was asked before: asked as it stands",)
    assert lm.requests == []


def test_a_narrowing_that_would_leave_nothing_is_left_out() -> None:
    elsewhere = Scope(video_ids=frozenset({"v2"}))
    resolved = resolve("what happened next?", [DECIDED], elsewhere, SPEAKERS)
    assert (resolved.filters, resolved.mode) == (elsewhere, "ask")
    assert "nothing is left there" in resolved.notes[-1]
    theirs = Scope(speaker="Jonas Weber")
    other = resolve("What did she say about that?", [DECIDED], theirs, SPEAKERS)
    assert other.filters == theirs
    assert "the filters are another speaker's than Maya" in other.notes


def narrower(inner: Scope, outer: Scope) -> bool:
    return (
        (outer.video_ids is None or (inner.video_ids is not None and inner.video_ids <= outer.video_ids))
        and inner.collection == outer.collection
        and (outer.from_s is None or (inner.from_s is not None and inner.from_s >= outer.from_s))
        and (outer.to_s is None or (inner.to_s is not None and inner.to_s <= outer.to_s))
        and (outer.speaker is None or inner.speaker == outer.speaker)
    )


ANY_FILTERS = st.builds(
    Scope,
    video_ids=st.none() | st.frozensets(st.sampled_from(["v1", "v2"]), min_size=1),
    collection=st.none() | st.just("team"),
    from_s=st.none() | st.floats(0, 50),
    to_s=st.none() | st.floats(51, 90),
    speaker=st.none() | st.sampled_from(["Maya", "Jonas Weber", "nobody"]),
)
WORDS = "and what did she he say after before that there in video Maya Jonas about it else budget why other 2025-02-10"


@settings(max_examples=200, deadline=None)
@given(
    ANY_FILTERS,
    st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=9).map(" ".join),
    st.lists(st.sampled_from([DECIDED, BUDGET, ENTROPY, UNANSWERED]), max_size=3),
    st.none() | st.fixed_dictionaries(
        {
            "question": st.sampled_from(["What of v2?", "ask everything in all videos", ""]),
            "speaker": st.sampled_from([None, "Maya", "nobody", 3]),
            "citation": st.sampled_from([None, "c1", "c2", "c9", ["c1"]]),
            "when": st.sampled_from([None, "after", "before", "whenever"]),
        },
        optional={"video": st.just("v2")},
    ),
)  # fmt: skip
def test_nothing_widens_what_the_caller_allowed(
    filters: Scope, question: str, turns: list[Turn], reply: dict[str, Any] | None
) -> None:
    lm = None if reply is None else OneReply(json.dumps(reply))
    admitted = [c for c in CARDS if filters.video_ids is None or c.video_id in filters.video_ids]
    resolved = resolve(question, turns, filters, SPEAKERS, lm, admitted)
    assert narrower(resolved.filters, filters)
    assert FILTERS.validate_json(json.dumps(FILTERS.dump_python(resolved.filters, mode="json"))) == (
        resolved.filters
    )
    assert resolved.question


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


ALONE: dict[str, Any] = {"question": "What?", "speaker": None, "citation": None, "when": None}


def rewritten(
    reply: dict[str, Any] | str,
    question: str = "Und was sagte sie danach?",
    turns: Sequence[Turn] = (DECIDED,),
) -> tuple[Any, OneReply]:
    lm = OneReply(reply if isinstance(reply, str) else json.dumps(reply))
    return resolve(question, turns, Scope(), SPEAKERS, lm), lm


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
    schema = request.schema
    assert schema is not None
    assert list(schema["properties"]) == schema["required"] == list(reply)
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    "reply",
    [
        "I would rather tell a joke.",
        "[1]",
        '{"question": 3}',
        {**ALONE, "question": "   "},
        {**ALONE, "question": "x" * 501},
        {**ALONE, "question": 3},
        {**ALONE, "when": "whenever"},
        {**ALONE, "video": "v2"},
        {**ALONE, "when": "after", "citation": "c7"},
    ],
)
def test_what_the_model_writes_is_checked_and_else_asked_as_it_stands(reply: dict[str, Any] | str) -> None:
    resolved, lm = rewritten(reply, "How much does it cost?")
    assert len(lm.requests) == 1
    assert resolved == Resolved("How much does it cost?", Scope(), notes=("asked as it stands",))


def test_a_model_puts_into_words_what_the_rules_leave_open() -> None:
    asked = "How much does the migration cost?"
    for question in (
        "How much does it cost?",
        "And the migration?",
        "Why?",
        "Jonas?",
        "Und was kostet das dann alles?",
    ):
        resolved, lm = rewritten({**ALONE, "question": asked}, question)
        assert len(lm.requests) == 1
        assert resolved == Resolved(asked, Scope(), notes=(f"asked as: {asked}",))
    unchanged, _ = rewritten({**ALONE, "question": "What is that?"}, "What is that?")
    assert unchanged == Resolved("What is that?", Scope())
    fenced, _ = rewritten(f"```json\n{json.dumps({**ALONE, 'question': asked})}\n```", "Why?")
    assert fenced.question == asked


def test_a_model_that_only_finds_person_and_time_leaves_the_rest_to_the_transcript() -> None:
    reply = {"question": "What did Maya say?", "speaker": "Maya", "citation": "c1", "when": "after"}
    resolved, _ = rewritten(reply, "Und was sagte sie denn eigentlich danach?")
    assert (resolved.mode, resolved.filters.speaker, resolved.filters.from_s) == ("next", "Maya", 46.0)


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
        resolve("Is it expensive?", [DECIDED], Scope(), SPEAKERS, OneReply(ModelError("it is down")))


def test_turns_are_plain_data() -> None:
    elsewhere = replace(CITED, path="/media/\udce4.mp4")  # a file name that is no UTF-8
    for each in (DECIDED, turn("Where?", elsewhere)):
        assert TURN.validate_python(json.loads(json.dumps(TURN.dump_python(each, mode="json")))) == each
    with pytest.raises(ValidationError):
        TURN.validate_python({"question": "Where?"})
