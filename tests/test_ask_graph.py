"""Every path through the graph, and what must hold of every answer whatever the library says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ask_tools import BOX, check_answer, lecture, library, meeting
from longvid_agents.graph import MAX_ROUNDS, NOT_FOUND, AskEvent, Nodes, build_graph, compose
from longvid_agents.question import make_plan
from longvid_agents.run import Run
from longvid_agents.state import AskState
from longvid_storage.errors import UsageError
from longvid_storage.search.evidence import around
from longvid_storage.search.moments import search
from longvid_storage.types import Answer, Scope, ScreenText, TrailStep, Utterance
from small_library import SmallLibrary, SmallVideo


@pytest.fixture(scope="module")
def held() -> SmallLibrary:
    return library()


def quotes(answer: Answer) -> list[str]:
    return [citation.quote for claim in answer.claims for citation in claim.citations]


def test_a_definition_is_answered_with_the_defining_sentence_and_its_cues(held: SmallLibrary) -> None:
    answer = held.ask("When does the speaker define entropy?")
    assert answer.found
    citation = answer.claims[0].citations[0]
    assert citation.quote == "Entropy is the average surprise of a source, measured in bits."
    assert (citation.video_id, citation.start_s, citation.end_s, citation.kind) == ("lec", 10, 29, "speech")
    assert answer.answer.startswith(f"{citation.quote} [Information theory @ 0:10–0:29]")
    assert answer.nearest == ()
    assert answer.engine["language_model"] == "none (extractive)"
    assert answer.engine["text"] == "hashed trigrams"


def test_who_is_answered_with_the_speaker_and_not_with_the_question(held: SmallLibrary) -> None:
    answer = held.ask("Who promised to write the budget report?")
    assert answer.claims[0].text == "Ben: I will write the budget report and send it before Friday."
    assert answer.claims[0].citations[0].start_s == 1.5
    assert answer.claims[0].citations[0].end_s == 6.0


def test_what_a_slide_shows_is_cited_with_the_slides_span(held: SmallLibrary) -> None:
    citation = held.ask("What does the Kraft inequality bound?").claims[0].citations[0]
    assert (citation.kind, citation.start_s, citation.end_s) == ("screen", 40, 60)


@pytest.mark.parametrize("encoder", [True, False])
def test_what_is_not_in_the_library_is_said_not_to_be(encoder: bool) -> None:
    held = SmallLibrary([lecture(), meeting()], encoder=encoder)
    answer = held.ask("How does photosynthesis store sunlight in glucose?")
    assert not answer.found
    assert answer.claims == ()
    assert answer.answer == NOT_FOUND
    # The nearest moments are shown instead; words alone have none, where the library has no word of the question.
    assert bool(answer.nearest) == encoder


def test_without_a_text_encoder_words_decide() -> None:
    held = SmallLibrary([lecture(), meeting()], encoder=False)
    assert "Huffman codes" in quotes(held.ask("Which codes come close to the entropy of a source?"))[0]


@pytest.mark.parametrize("videos", [[], [SmallVideo("v", "Silent film")]])
def test_a_library_without_speech_contains_no_answer(videos: list[SmallVideo]) -> None:
    answer = SmallLibrary(videos).ask("What is said about entropy?")
    assert (answer.found, answer.claims, answer.nearest) == (False, (), ())


@pytest.mark.parametrize("question", ["", " \n "])
def test_empty_question_is_a_usage_error(held: SmallLibrary, question: str) -> None:
    with pytest.raises(UsageError, match="empty"):
        held.ask(question)


def test_k_must_be_at_least_one(held: SmallLibrary) -> None:
    with pytest.raises(UsageError, match="k is 0"):
        held.ask("entropy?", k=0)


@pytest.mark.parametrize(
    "question",
    [
        "entropy " * 10_000,
        "🎉🎉",
        "什么是熵？",
        "¿Qué es la entropía?",
        "\x00\u202e entropy",
        "the of and",
        "?" * 500,
    ],
)
def test_odd_questions_get_an_answer_or_none_but_never_crash(held: SmallLibrary, question: str) -> None:
    assert held.ask(question).question == question


def test_the_scope_bounds_what_is_found_and_cited(held: SmallLibrary) -> None:
    scope = Scope(video_ids=frozenset({"meet"}), from_s=1, to_s=7, speaker="Ben")
    answer = held.ask("Who will write the budget report in any video at any time?", scope)
    assert quotes(answer) == ["I will write the budget report and send it before Friday."]
    check_answer(answer, held, scope)
    outside = held.ask("Who will write the budget report?", Scope(collection="course"))
    assert {moment.video_id for moment in outside.nearest} <= {"lec"}
    check_answer(outside, held, Scope(collection="course"))


def test_an_answer_is_of_one_state_of_a_library_that_changes_meanwhile() -> None:
    held = library()

    def rewrite(event: AskEvent) -> None:
        if isinstance(event, TrailStep) and event.node == "search":
            with held.store.stage("lec", "transcript", "2") as writer:
                writer.replace_utterances([Utterance(0, 9, "Nothing of that was ever said here.")])

    question = "When does the speaker define entropy?"
    before = held.ask(question, on_event=rewrite)
    assert quotes(before) == ["Entropy is the average surprise of a source, measured in bits."]
    assert "average surprise" not in held.ask(question).answer


# --- verify sends back what the library does not hold -------------------------------------------------


def answered_late(question: str, gone: str) -> tuple[Answer, int]:
    """An answer whose evidence was read before everything said with ``gone`` in it was taken away; and its tries."""
    held = library()
    state = AskState(question=question, k=30)
    with held.view() as view:
        nodes = Nodes(Run(view))
        for node in (nodes.plan, nodes.search):
            state = replace(state, **node(state))
    assert any(gone in passage.text for passage in state.evidence)
    with held.store.stage("lec", "transcript", "2") as writer:
        writer.replace_utterances(u for u in held.videos["lec"].utterances if gone not in u.text)
    with held.view() as view:
        nodes = Nodes(Run(view))
        node = nodes.answer
        while True:
            state = replace(state, **node(state))
            turn = nodes.after_answer(state) if node == nodes.answer else nodes.after_verify(state)
            if turn == "done":
                break
            node = nodes.verify if turn == "verify" else nodes.answer
        answer = compose(state, None)
    check_answer(answer, held)
    return answer, state.answers


def test_a_refuted_claim_is_dropped_and_the_next_best_answers() -> None:
    answer, tries = answered_late("What is entropy?", "average surprise")
    assert tries == 2
    assert quotes(answer) == ["A fair coin has an entropy of one bit."]
    assert "0 of 1 quotes are where they are cited" in [step.did for step in answer.trail]


def test_when_every_claim_is_refuted_nothing_is_found() -> None:
    answer, tries = answered_late("When does the speaker define entropy?", "")
    assert tries <= MAX_ROUNDS
    assert not answer.found
    assert answer.answer == NOT_FOUND
    assert answer.nearest


# --- the invariant: nothing is cited that was not retrieved or is not there ---------------------------

WORDS = [
    "entropy",
    "budget",
    "Lisbon",
    "is",
    "the",
    "report",
    "of",
    "code",
    "source",
    "bits",
    "熵",
    "¿qué",
    "🎉",
]
sentence = st.lists(st.sampled_from(WORDS), min_size=0, max_size=9).map(" ".join)
ended = st.tuples(sentence, st.sampled_from([".", "", "?", " …", "。"])).map("".join)
span = st.tuples(st.integers(0, 90), st.integers(0, 12)).map(lambda t: (float(t[0]), float(t[0] + t[1])))
utterances = st.lists(
    st.builds(
        lambda s, text, who: Utterance(s[0], s[1], text, who),
        span,
        ended,
        st.sampled_from([None, "Ana", "Ben"]),
    ),
    max_size=12,
)
screens = st.lists(st.builds(lambda s, text: ScreenText(s[0], s[1], text, BOX), span, ended), max_size=4)
filters_strategy = st.builds(
    Scope,
    video_ids=st.sampled_from([None, frozenset({"a"}), frozenset({"b"}), frozenset[str]()]),
    from_s=st.sampled_from([None, 0.0, 30.0]),
    to_s=st.sampled_from([None, 40.0, 80.0]),
    speaker=st.sampled_from([None, "Ana"]),
)


@settings(max_examples=40, deadline=None)
@given(
    a=st.tuples(utterances, screens),
    b=st.tuples(utterances, screens),
    question=ended.filter(str.strip),
    filters=filters_strategy,
    encoder=st.booleans(),
    k=st.integers(1, 9),
)
def test_every_citation_lies_in_retrieved_evidence_and_is_true(
    a: tuple[list[Utterance], list[ScreenText]],
    b: tuple[list[Utterance], list[ScreenText]],
    question: str,
    filters: Scope,
    encoder: bool,
    k: int,
) -> None:
    held = SmallLibrary([SmallVideo("a", "A", *a), SmallVideo("b", "B", *b)], encoder=encoder)
    answer = held.ask(question, filters, k=k)
    with held.view(filters) as view:
        retrieved = {passage.id for passage in around(view, search(view, make_plan(question).query, k))}
    assert len(answer.claims) <= 3
    check_answer(answer, held, filters)
    for claim in answer.claims:
        assert {citation.passage_id for citation in claim.citations} <= retrieved


def test_the_documented_drawing_is_the_compiled_graph() -> None:
    with SmallLibrary([]).view() as view:
        drawing = build_graph(Nodes(Run(view))).get_graph().draw_mermaid()
    document = Path(__file__).parent.parent / "docs" / "answering.md"
    assert drawing.strip() in document.read_text(encoding="utf-8")
