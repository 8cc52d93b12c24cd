"""Questions about a whole are answered from the chain of summaries, with citations of what was said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from longvid_agents.graph import ask
from longvid_agents.question import make_plan
from longvid_agents.verify import quote_in_span
from longvid_agents.whole import asks_whole
from longvid_storage.db.chain import ChainLink, Quote, SummarySentence
from longvid_storage.types import Citation, Scope, Utterance
from memory_tools import MemoryTools, MemoryVideo
from scripted_lm import ScriptedLM

SAID = [
    "Entropy is the average surprise of a source.",
    "A fair coin has an entropy of one bit.",
    "Huffman codes come close to the entropy.",
]


@pytest.fixture
def tools() -> MemoryTools:
    first = MemoryVideo(
        "a", "Information theory", [Utterance(10.0 * n, 10.0 * n + 9, t) for n, t in enumerate(SAID)]
    )
    other = MemoryVideo("b", "Gardening", [Utterance(0, 9, "Tomato plants need compost.")], collection="home")
    made = MemoryTools([first, other])
    chain = [sentence("They explain entropy and Huffman codes.", 0, 2), sentence("A coin has 99 bits.", 1)]
    garden = SummarySentence(
        "Tomatoes need compost.", (Quote("b", 0, "speech", 0, 9, "Tomato plants need compost."),)
    )
    made.chains = [
        ChainLink("video", 0, 0, 29, tuple(chain), "f", "a model"),
        ChainLink("video", 0, 0, 9, (garden,), "f", "a model"),
        ChainLink("library", 0, 0, 0, (chain[0], garden), "f", "a model"),
    ]
    return made


def sentence(text: str, *rows: int) -> SummarySentence:
    return SummarySentence(
        text, tuple(Quote("a", 0, "speech", 10.0 * r, 10.0 * r + 9, SAID[r]) for r in rows)
    )


@pytest.mark.parametrize(
    ("question", "filters"),
    [
        ("What is the lecture about?", Scope(video_ids=frozenset({"a"}))),
        ("Summarise the whole video", Scope(video_ids=frozenset({"a"}))),
        ("What is Information theory about?", Scope()),
        ('Give me a short overview of "Information theory"', Scope()),
    ],
)
def test_what_a_video_is_about_comes_from_its_chain_and_cites_what_was_said(
    tools: MemoryTools, question: str, filters: Scope
) -> None:
    lm = ScriptedLM()  # has no reply: a call would fail
    for model in (None, lm):
        answer = ask(question, tools, filters=filters, lm=model)
        assert [claim.text for claim in answer.claims] == ["They explain entropy and Huffman codes."]
        assert [c.start_s for c in answer.claims[0].citations] == [0.0, 20.0]
        assert all(quote_in_span(c, tools) for claim in answer.claims for c in claim.citations)
        assert answer.trail[-1].did == "from the chain of summaries"
        assert "search" not in [name for name, _ in tools.calls]
    assert lm.requests == []


def test_what_a_library_is_about_comes_from_all_of_it(tools: MemoryTools) -> None:
    for question in ("What are these recordings about?", "Summarise the library"):
        answer = ask(question, tools)
        assert {c.video_id for claim in answer.claims for c in claim.citations} == {"a", "b"}


def test_a_collection_does_not_see_what_another_says(tools: MemoryTools) -> None:
    answer = ask("Summarise the collection", tools, filters=Scope(collection="home"))
    assert {c.video_id for claim in answer.claims for c in claim.citations} <= {"b"}


@pytest.mark.parametrize(
    ("question", "filters"),
    [
        ("Summarise the discussion about Huffman codes", Scope(video_ids=frozenset({"a"}))),
        ("What is entropy about?", Scope(video_ids=frozenset({"a"}))),
        ("What is the lecture about?", Scope(video_ids=frozenset({"a"}), from_s=10.0)),
        ("What is the lecture about?", Scope(video_ids=frozenset({"a"}), speaker="Ada")),
        ("When is entropy defined?", Scope()),
    ],
)
def test_everything_else_is_searched(tools: MemoryTools, question: str, filters: Scope) -> None:
    answer = ask(question, tools, filters=filters)
    assert "from the chain of summaries" not in [step.did for step in answer.trail]
    assert "search" in [name for name, _ in tools.calls]


def test_a_summary_sentence_whose_place_is_gone_is_left_out(tools: MemoryTools) -> None:
    tools.videos["a"].utterances = tools.videos["a"].utterances[:2]
    answer = ask("What is the lecture about?", tools, filters=Scope(video_ids=frozenset({"a"})))
    assert "They explain entropy and Huffman codes." not in [claim.text for claim in answer.claims]


def test_with_a_model_quotes_are_no_summary_to_be_content_with(tools: MemoryTools) -> None:
    tools.chains = [replace(link, engine="extractive") for link in tools.chains]
    only = Scope(video_ids=frozenset({"a"}))
    assert (
        ask("What is the lecture about?", tools, filters=only).trail[-1].did == "from the chain of summaries"
    )
    lm = ScriptedLM(otherwise={"claims": []})
    ask("What is the lecture about?", tools, filters=only, lm=lm)
    assert lm.requests, "the model reads the video itself"


def test_a_summary_is_no_evidence_of_itself(tools: MemoryTools) -> None:
    cited = Citation("a", "", "", 0, 29, "summary", "They explain entropy and Huffman codes.")
    assert not quote_in_span(cited, tools)


def test_a_subject_of_its_own_is_no_whole() -> None:
    assert asks_whole(make_plan("What was the meeting about?"), [])
    assert not asks_whole(make_plan("What was the budget about?"), [])
    assert asks_whole(make_plan("Summarise Gradient descent"), ["Gradient descent"])
