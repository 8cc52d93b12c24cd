"""How a model's answer is planned by rules, and that filters are only ever narrowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longvid_agents.question import make_plan
from longvid_agents.route import Route, make_route
from longvid_storage.types import Scope, VideoCard

CARDS = [
    VideoCard("a", "Gradient descent in practice", "a.mp4", 600.0),
    VideoCard("b", "Entropy", "b.mp4", 1800.0),
]


def route(question: str, filters: Scope | None = None, cards: list[VideoCard] | None = None) -> Route:
    return make_route(
        question, make_plan(question).query, filters or Scope(), CARDS if cards is None else cards
    )


@pytest.mark.parametrize(
    ("question", "kind", "simple", "sure"),
    [
        ("When does the speaker define entropy?", "locate", True, True),
        ("Where do they talk about Lisbon?", "locate", True, True),
        ("Why does the loss grow?", "explain", True, True),
        ("Who promised the report?", "who", True, True),
        ("How many people objected?", "count", True, True),
        ("List all risks that were named.", "list", False, True),
        ("Why must the list be sorted?", "explain", True, True),
        ("Summarise the meeting.", "summarise", False, True),
        ("What was the meeting about?", "summarise", False, True),
        ("Which colour is the curve?", "visual", False, True),
        ("Compare the two optimisers.", "compare", False, False),
        ("In which videos is Adam mentioned?", "compare", False, False),
        ("什么时候讲到熵？", "locate", True, True),
        ("谁答应写报告？", "who", True, True),
        ("learning rate", "explain", True, False),
    ],
)
def test_kinds_by_rules(question: str, kind: str, simple: bool, sure: bool) -> None:
    found = route(question)
    assert (found.kind, found.simple, found.sure) == (kind, simple, sure)


def test_a_question_of_several_is_searched_part_by_part() -> None:
    found = route("When is the launch, and who writes the tests? Why is it late?")
    assert found.queries[1:] == ("When is the launch", "who writes the tests", "Why is it late")
    assert not found.simple


@pytest.mark.parametrize(
    ("question", "filters"),
    [
        ("What is momentum in Gradient descent in practice?", Scope(video_ids=frozenset({"a"}))),
        ('What is said in "Entropy"?', Scope(video_ids=frozenset({"b"}))),
        ("What is entropy?", Scope()),
        ("What is said between 1:00 and 2:30?", Scope(from_s=60, to_s=150)),
        ("What is said in the first 5 minutes?", Scope(to_s=300)),
        (
            'What is said in the last 10 minutes of "Entropy"?',
            Scope(video_ids=frozenset({"b"}), from_s=1200),
        ),
        ("What is said after 10:00?", Scope(from_s=600)),
        ("What happens after 5 minutes?", Scope()),
        ("What is said from 3:00 to 2:00?", Scope()),
    ],
)
def test_what_the_question_narrows(question: str, filters: Scope) -> None:
    assert route(question).inside == filters


def test_the_question_cannot_leave_what_the_caller_gave() -> None:
    given_ = Scope(video_ids=frozenset({"a"}), from_s=100, to_s=200)
    found = route('What is said in "Entropy" after 10:00?', given_, [CARDS[0]])
    assert found.inside == given_


bound = st.one_of(st.none(), st.integers(0, 100).map(float))
ids = st.one_of(st.none(), st.frozensets(st.sampled_from("abc")))


@given(
    own=ids,
    more=ids,
    from_s=bound,
    to_s=bound,
    from2=bound,
    to2=bound,
    who=st.sampled_from([None, "Ana", "ana"]),
)
def test_narrowing_admits_nothing_new(
    own: frozenset[str] | None,
    more: frozenset[str] | None,
    from_s: float | None,
    to_s: float | None,
    from2: float | None,
    to2: float | None,
    who: str | None,
) -> None:
    caller = Scope(own, "office", from_s, to_s, "Ana")
    found = caller.narrowed(videos=more, from_s=from2, to_s=to2, speaker=who)
    if found is None:
        return
    assert found.collection == "office"
    assert found.speaker == "Ana"
    assert own is None or (found.video_ids is not None and found.video_ids <= own)
    assert from_s is None or (found.from_s is not None and found.from_s >= from_s)
    assert to_s is None or (found.to_s is not None and found.to_s <= to_s)
    assert caller.narrowed(speaker="Ben") is None
