"""Every path through the graph, and what must hold of every answer whatever the library says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longvid_agents.graph import NOT_FOUND, ask, build_graph
from longvid_agents.verify import quote_in_span
from longvid_storage.errors import UsageError
from longvid_storage.types import Answer, Citation, Keyframe, Scope, ScreenText, Utterance
from memory_tools import MemoryTools, MemoryVideo

BOX = (0.0, 0.0, 1.0, 0.1)


def lecture() -> MemoryVideo:
    lines = [
        "Welcome to this lecture on information theory.",
        "Entropy is the average surprise of a source,",
        "measured in bits.",
        "A fair coin has an entropy of one bit.",
        "Huffman codes come close to the entropy of a source.",
        "Next week we turn to noisy channels.",
    ]
    cues = [Utterance(10.0 * i, 10.0 * i + 9, line, "Prof. Ito") for i, line in enumerate(lines)]
    slide = ScreenText(40, 60, "Kraft inequality bounds the lengths of a prefix code", BOX)
    frame = Keyframe(45, 40, 60, b"webp", 64, 36, "slide")
    return MemoryVideo("lec", "Information theory", cues, [slide], [frame], collection="course")


def meeting() -> MemoryVideo:
    said = [
        ("Ana", "Who writes the report on the budget?"),
        ("Ben", "I will write the budget report"),
        ("Ana", "Great."),
        ("Ben", "and send it before Friday."),
        ("Ana", "Then the workshop moves to Lisbon in March."),
        ("Ben", "The hotel in Lisbon is already booked for everyone."),
    ]
    cues = [Utterance(1.5 * i, 1.5 * i + 1.5, text, who) for i, (who, text) in enumerate(said)]
    return MemoryVideo("meet", "Weekly meeting", cues, collection="office")


@pytest.fixture
def tools() -> MemoryTools:
    return MemoryTools([lecture(), meeting()])


def quotes(answer: Answer) -> list[str]:
    return [citation.quote for claim in answer.claims for citation in claim.citations]


def test_a_definition_is_answered_with_the_defining_sentence_and_its_cues(tools: MemoryTools) -> None:
    answer = ask("When does the speaker define entropy?", tools)
    assert answer.found
    citation = answer.claims[0].citations[0]
    assert citation.quote == "Entropy is the average surprise of a source, measured in bits."
    assert (citation.video_id, citation.start_s, citation.end_s, citation.kind) == ("lec", 10, 29, "speech")
    assert answer.answer.startswith(f"{citation.quote} [Information theory @ 0:10–0:29]")
    assert answer.nearest == ()
    assert answer.engine["language_model"] == "none (extractive)"
    assert answer.engine["text"] == "hashed trigrams"


def test_who_is_answered_with_the_speaker_and_not_with_the_question(tools: MemoryTools) -> None:
    answer = ask("Who promised to write the budget report?", tools)
    assert answer.claims[0].text == "Ben: I will write the budget report and send it before Friday."
    assert answer.claims[0].citations[0].start_s == 1.5
    assert answer.claims[0].citations[0].end_s == 6.0


def test_what_a_slide_shows_is_cited_with_the_slides_span(tools: MemoryTools) -> None:
    citation = ask("What does the Kraft inequality bound?", tools).claims[0].citations[0]
    assert (citation.kind, citation.start_s, citation.end_s) == ("screen", 40, 60)


@pytest.mark.parametrize("encoder", [True, False])
def test_what_is_not_in_the_library_is_said_not_to_be(encoder: bool) -> None:
    tools = MemoryTools([lecture(), meeting()], encoder=encoder)
    answer = ask("How does photosynthesis store sunlight in glucose?", tools)
    assert not answer.found
    assert answer.claims == ()
    assert answer.answer == NOT_FOUND
    assert answer.nearest, "the nearest moments are shown instead"


def test_without_a_text_encoder_words_decide(tools: MemoryTools) -> None:
    tools.encoder = False
    assert "Huffman codes" in quotes(ask("Which codes come close to the entropy of a source?", tools))[0]


@pytest.mark.parametrize("videos", [[], [MemoryVideo("v", "Silent film")]])
def test_a_library_without_speech_contains_no_answer(videos: list[MemoryVideo]) -> None:
    answer = ask("What is said about entropy?", MemoryTools(videos))
    assert (answer.found, answer.claims, answer.nearest) == (False, (), ())


@pytest.mark.parametrize("question", ["", " \n "])
def test_empty_question_is_a_usage_error(tools: MemoryTools, question: str) -> None:
    with pytest.raises(UsageError, match="empty"):
        ask(question, tools)


def test_k_must_be_at_least_one(tools: MemoryTools) -> None:
    with pytest.raises(UsageError, match="k is 0"):
        ask("entropy?", tools, k=0)


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
def test_odd_questions_get_an_answer_or_none_but_never_crash(tools: MemoryTools, question: str) -> None:
    assert ask(question, tools).question == question


def test_filters_reach_every_call_and_bound_every_citation(tools: MemoryTools) -> None:
    filters = Scope(video_ids=frozenset({"meet"}), from_s=1, to_s=7, speaker="Ben")
    question = "Who will write the budget report in any video at any time?"
    answer = ask(question, tools, filters=filters)
    searched = [call for name, call in tools.calls if name == "search"]
    assert searched == [filters]
    assert quotes(answer) == ["I will write the budget report and send it before Friday."]


# --- verify sends back what the store does not hold ---------------------------------------------------


class ForgetfulTools(MemoryTools):
    """A store that changed after it was searched: sentences containing ``gone`` are no longer there."""

    gone = ""

    def utterances(self, video_id: str, from_s: float, to_s: float) -> list[Utterance]:
        found = super().utterances(video_id, from_s, to_s)
        verifying = sum(name == "answered" for name, _ in self.calls) > 0
        return [u for u in found if not (verifying and self.gone in u.text)]

    def encode(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
        self.calls.append(("answered", None))
        return super().encode(*args, **kwargs)  # type: ignore[arg-type]


def test_a_refuted_claim_is_dropped_and_the_next_best_answers() -> None:
    tools = ForgetfulTools([lecture(), meeting()])
    tools.gone = "fair coin"
    answer = ask("What is the entropy of a fair coin?", tools)
    assert all("fair coin" not in quote for quote in quotes(answer))


def test_when_every_claim_is_refuted_nothing_is_found() -> None:
    tools = ForgetfulTools([lecture(), meeting()])
    answer = ask("When does the speaker define entropy?", tools)
    assert not answer.found
    assert answer.answer == NOT_FOUND
    assert answer.nearest


# --- the invariant: nothing is cited that was not retrieved, and every quote is in its span -----------

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


@settings(max_examples=60, deadline=None)
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
    tools = MemoryTools([MemoryVideo("a", "A", *a), MemoryVideo("b", "B", *b)], encoder=encoder)
    answer = ask(question, tools, filters=filters, k=k)
    retrieved = {call for name, call in tools.calls if name in ("utterance", "screen")}
    assert answer.found == bool(answer.claims)
    assert len(answer.claims) <= 3
    for claim in answer.claims:
        assert claim.citations
        for citation in claim.citations:
            check(citation, tools, retrieved, filters)


def check(citation: Citation, tools: MemoryTools, retrieved: set[object], filters: Scope) -> None:
    assert quote_in_span(citation, tools)
    pieces = [
        piece
        for video_id, piece in retrieved  # type: ignore[misc]
        if video_id == citation.video_id
        and citation.start_s <= piece.start_s
        and piece.end_s <= citation.end_s
    ]
    assert min(p.start_s for p in pieces) == citation.start_s
    assert max(p.end_s for p in pieces) == citation.end_s
    assert filters.video_ids is None or citation.video_id in filters.video_ids
    assert filters.from_s is None or citation.end_s >= filters.from_s
    assert filters.to_s is None or citation.start_s < filters.to_s
    if filters.speaker:
        assert citation.kind == "speech"


def test_the_documented_drawing_is_the_compiled_graph() -> None:
    drawing = build_graph(MemoryTools([])).get_graph().draw_mermaid()
    document = Path(__file__).parent.parent / "docs" / "answering.md"
    assert drawing.strip() in document.read_text(encoding="utf-8")
