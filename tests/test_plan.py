"""The plan by rules, and how sentences are made of cues."""

from __future__ import annotations

import pytest

from longvid_agents.question import MAX_TERMS, content_terms, kind_of, make_plan
from longvid_agents.sentences import ends_sentence, screen_sentences, speech_sentences, split_sentences
from longvid_storage.errors import UsageError
from longvid_storage.types import ScreenText, Utterance


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


def test_sentences_end_where_they_end() -> None:
    text = "Dr. Who paid 12.50 euros. Really?! Yes, e.g. on Friday… 好的。谢谢。"
    assert split_sentences(text) == [
        "Dr. Who paid 12.50 euros.",
        "Really?!",
        "Yes, e.g. on Friday…",
        "好的。",
        "谢谢。",
    ]
    assert ends_sentence("It works.")
    assert not ends_sentence("as shown by Dr.")


def test_half_sentences_of_interleaved_speakers_are_joined_each_with_its_own_cues() -> None:
    cues = [
        Utterance(0, 2, "I will send the", "Ana"),
        Utterance(1, 1.5, "Good.", "Ben"),
        Utterance(2, 4, "report on Friday.", "Ana"),
        Utterance(4, 5, "Then we meet.", "Ana"),
    ]
    assert [(s.start_s, s.end_s, s.speaker, s.text) for s in speech_sentences("v", cues)] == [
        (0, 4, "Ana", "I will send the report on Friday."),
        (1, 1.5, "Ben", "Good."),
        (4, 5, "Ana", "Then we meet."),
    ]


def test_a_pause_ends_a_sentence_that_has_no_full_stop() -> None:
    cues = [Utterance(0, 2, "so this is"), Utterance(9, 10, "the next thing")]
    assert [s.text for s in speech_sentences("v", cues)] == ["so this is", "the next thing"]


def test_one_cue_of_many_sentences_gives_each_the_span_of_the_cue() -> None:
    sentences = speech_sentences("v", [Utterance(3, 30, "First this. Then that.")])
    assert [(s.text, s.start_s, s.end_s) for s in sentences] == [
        ("First this.", 3, 30),
        ("Then that.", 3, 30),
    ]


def test_unpunctuated_speech_does_not_become_one_sentence() -> None:
    cues = [Utterance(i, i + 1, "some words without any full stop", "A") for i in range(100)]
    sentences = speech_sentences("v", cues)
    assert len(sentences) > 5
    assert sum(len(s.text.split()) for s in sentences) == 600


def test_a_slide_line_that_runs_on_is_joined() -> None:
    box = (0.0, 0.0, 1.0, 0.1)
    lines = ["Entropy", "Entropy measures the average", "surprise of a source."]
    texts = [ScreenText(5, 9, line, box) for line in lines]
    assert [s.text for s in screen_sentences("v", texts)] == [
        "Entropy",
        "Entropy measures the average surprise of a source.",
    ]
