"""Questions about a whole are answered from the chain of summaries, with citations of what was said."""

from __future__ import annotations

import pytest

from ask_tools import check_answer
from longvid_agents.question import make_plan
from longvid_agents.verify import supported
from longvid_agents.whole import asks_whole
from longvid_storage.db.chain import ChainLink, SummarySentence
from longvid_storage.types import Citation, Claim, Scope, Utterance
from scripted_lm import ScriptedLM
from small_library import SmallLibrary, SmallVideo

SAID = [
    "Entropy is the average surprise of a source.",
    "A fair coin has an entropy of one bit.",
    "Huffman codes come close to the entropy.",
]


@pytest.fixture
def tools() -> SmallLibrary:
    cues = [Utterance(10.0 * n, 10.0 * n + 9, text) for n, text in enumerate(SAID)]
    garden = SmallVideo("b", "Gardening", [Utterance(0, 9, "Tomato plants need compost.")], collection="home")
    made = SmallLibrary([SmallVideo("a", "Information theory", cues), garden])
    tell(made, "a model")
    return made


def tell(made: SmallLibrary, engine: str) -> None:
    """Write the chains of both videos, and that of the library, as ``engine``."""

    def sentence(text: str, *rows: int) -> SummarySentence:
        return SummarySentence(text, tuple(made.passage(SAID[row]).id for row in rows))

    theory = (sentence("They explain entropy and Huffman codes.", 0, 2), sentence("A coin has 99 bits.", 1))
    compost = SummarySentence("Tomatoes need compost.", (made.passage("compost").id,))
    made.write_chain("a", [ChainLink("video", 0, 0, 29, theory, "f", engine)])
    made.write_chain("b", [ChainLink("video", 0, 0, 9, (compost,), "f", engine)])
    made.store.replace_library_chain(None, [ChainLink("library", 0, 0, 0, (theory[0], compost), "f", engine)])


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
    tools: SmallLibrary, question: str, filters: Scope
) -> None:
    lm = ScriptedLM()  # has no reply: a call would fail
    for model in (None, lm):
        answer = tools.ask(question, filters, lm=model)
        assert [claim.text for claim in answer.claims] == ["They explain entropy and Huffman codes."]
        assert [c.start_s for c in answer.claims[0].citations] == [0.0, 20.0]
        check_answer(answer, tools, filters)
        assert [step.did for step in answer.trail] == ["from the chain of summaries"]
    assert lm.requests == []


def test_what_a_library_is_about_comes_from_all_of_it(tools: SmallLibrary) -> None:
    for question in ("What are these recordings about?", "Summarise the library"):
        answer = tools.ask(question)
        assert {c.video_id for claim in answer.claims for c in claim.citations} == {"a", "b"}


def test_a_collection_does_not_see_what_another_says(tools: SmallLibrary) -> None:
    answer = tools.ask("Summarise the collection", Scope(collection="home"))
    assert [claim.text for claim in answer.claims] == ["Tomatoes need compost."]
    assert {c.video_id for claim in answer.claims for c in claim.citations} == {"b"}


def test_without_a_summary_of_all_those_of_each_are_chosen_from(tools: SmallLibrary) -> None:
    tools.store.replace_library_chain(None, [])
    answer = tools.ask("Summarise the library")
    assert "They explain entropy and Huffman codes." in [claim.text for claim in answer.claims]
    assert {c.video_id for claim in answer.claims for c in claim.citations} == {"a", "b"}
    check_answer(answer, tools)


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
def test_everything_else_is_searched(tools: SmallLibrary, question: str, filters: Scope) -> None:
    answer = tools.ask(question, filters)
    assert "from the chain of summaries" not in [step.did for step in answer.trail]
    assert "search" in [step.node for step in answer.trail]


def test_a_summary_sentence_whose_place_is_gone_is_left_out(tools: SmallLibrary) -> None:
    with tools.store.stage("a", "transcript", "2") as writer:
        writer.replace_utterances(tools.videos["a"].utterances[:2])
    answer = tools.ask("What is the lecture about?", Scope(video_ids=frozenset({"a"})))
    assert "They explain entropy and Huffman codes." not in [claim.text for claim in answer.claims]


def test_with_a_model_quotes_are_no_summary_to_be_content_with(tools: SmallLibrary) -> None:
    tell(tools, "extractive")
    only = Scope(video_ids=frozenset({"a"}))
    answer = tools.ask("What is the lecture about?", only)
    assert answer.trail[-1].did == "from the chain of summaries"
    lm = ScriptedLM(otherwise={"claims": []})
    tools.ask("What is the lecture about?", only, lm=lm)
    assert lm.requests, "the model reads the video itself"


def test_a_summary_is_no_evidence_of_itself(tools: SmallLibrary) -> None:
    cited = Citation("a", "", "", 0, 29, "summary", "They explain entropy and Huffman codes.")
    with tools.view() as view:
        assert supported([Claim(cited.quote, (cited,))], view) == []


def test_a_subject_of_its_own_is_no_whole() -> None:
    assert asks_whole(make_plan("What was the meeting about?"), [])
    assert not asks_whole(make_plan("What was the budget about?"), [])
    assert asks_whole(make_plan("Summarise Gradient descent"), ["Gradient descent"])
