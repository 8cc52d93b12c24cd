"""Units cover everything that is said and shown, each piece once and at its own time."""

from __future__ import annotations

import itertools

import pytest

from longvid_storage.text.units import RUN_S, RUN_WORDS, build_units
from longvid_storage.types import ScreenText, Segment, Slide, Unit, Utterance


def sentences(*utterances: Utterance) -> list[Unit]:
    return [unit for unit in build_units(utterances, [], [], []) if unit.size == "sentence"]


def test_a_speakers_run_is_one_unit_and_remarks_of_others_do_not_end_it() -> None:
    units = sentences(
        Utterance(0, 4, "We set the rate", "Ann"),
        Utterance(3, 4, "Mm-hmm.", "Bob"),
        Utterance(4, 8, "by hand.", "Ann"),
        Utterance(8, 12, "I would rather not do that", "Bob"),
        Utterance(30, 34, "So would I then say", "Bob"),
    )
    assert [(unit.start_s, unit.end_s, unit.text, unit.speaker) for unit in units] == [
        (0, 8, "We set the rate by hand.", "Ann"),
        (3, 4, "Mm-hmm.", "Bob"),
        (8, 12, "I would rather not do that", "Bob"),
        (30, 34, "So would I then say", "Bob"),
    ]


def test_runs_end_by_length() -> None:
    units = sentences(
        *(Utterance(at, at + 5, "nine words are in this one so it goes", "Ann") for at in range(0, 100, 5))
    )
    assert len(units) > 4
    for unit in units:
        assert len(unit.text.split()) <= RUN_WORDS
        assert unit.end_s - unit.start_s <= RUN_S


def test_a_long_utterance_is_cut_at_sentences_over_its_time() -> None:
    text = "The first sentence has seven words here. " * 20
    units = sentences(Utterance(100, 200, text, "Ann"))
    assert len(units) >= 4
    assert units[0].start_s == 100
    assert units[-1].end_s == pytest.approx(200)
    assert " ".join(unit.text for unit in units) == " ".join(text.split())
    assert all(one.end_s <= other.start_s + 1e-9 for one, other in itertools.pairwise(units))


@pytest.mark.parametrize("text", ["word " * 500, "学" * 500])
def test_text_without_sentence_ends_is_cut_and_complete(text: str) -> None:
    units = sentences(Utterance(0, 300, text))
    assert len(units) > 3
    assert "".join(unit.text for unit in units).replace(" ", "") == text.replace(" ", "")


def test_a_slides_lines_are_one_unit_with_its_span() -> None:
    lines = [
        ScreenText(0, 60, "Title", (0, 0, 1, 0.1)),
        ScreenText(20, 60, "later line", (0, 0.2, 1, 0.3)),
        ScreenText(60, 90, "Next", (0, 0, 1, 0.1)),
    ]
    units = build_units([], [Slide(0, 60, 50), Slide(60, 90, 70)], lines, [])
    assert [(u.channel, u.size, u.start_s, u.end_s, u.text) for u in units] == [
        ("screen", "slide", 0, 60, "Title\nlater line"),
        ("screen", "slide", 60, 90, "Next"),
    ]


def test_summaries_of_segments_but_shots() -> None:
    segments = [
        Segment("video", 0, 600, "All", "What it is."),
        Segment("event", 0, 300, "One", None),
        Segment("shot", 0, 10, "no", "no"),
        Segment("scene", 0, 30),
    ]
    units = build_units([], [], [], segments)
    assert [(unit.size, unit.text) for unit in units] == [("video", "All. What it is."), ("event", "One")]


def test_the_language_is_the_utterances_own_or_guessed_from_all() -> None:
    spoken = [
        Utterance(0, 4, "und das ist nicht so gut wie wir es hatten", None),
        Utterance(50, 54, "Wetter", None),
    ]
    assert {unit.language for unit in sentences(*spoken)} == {"de"}
    assert sentences(Utterance(0, 4, "Wetter", language="nl"))[0].language == "nl"


def test_the_same_twice_is_the_same() -> None:
    spoken = [Utterance(0, 4, "again", "Ann"), Utterance(0, 4, "again", "Ann"), Utterance(9, 12, " ", "Ann")]
    assert build_units(spoken, [], [], []) == build_units(list(spoken), [], [], [])
