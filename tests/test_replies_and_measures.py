"""What one sentence answers in talk: a bare reply, a measure, a price without its coin, where something is from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from longvid import Library
from longvid_agents.expected import asked_for, names_expected
from longvid_storage.text.analysis import analyse
from longvid_storage.text.timecode import format_clock
from longvid_storage.types import Passage, Utterance
from small_library import SmallLibrary, SmallVideo

TALK = (
    ("Guide", "Welcome to the old brewery, please stay close together."),
    ("Guide", "The copper kettle is the oldest in the county, and it holds nine hundred litres."),
    ("Visitor", "What would a new kettle cost?"),
    ("Guide", "About twelve thousand two hundred, delivery included."),
    ("Guide", "Then again we would mend ours if that costs less than a thousand."),
    ("Guide", "And please do not feed the brewery horse, she weighs eight hundred kilos."),
    ("Guide", "The belt between the two wheels is fourteen metres long."),
    ("Guide", "Here stand the barrels of the cellar."),
    ("Guide", "Each is made of one tree, and they come from a workshop in Bohemia."),
    ("Guide", "Last winter somebody stole the sign, and we had to throw away thirty crates."),
    ("Guide", "A bottle is three fifty, in the shop by the gate."),
    ("Chair", "What went well on the open day?"),
    ("Guide", "The new ticket desk."),
    ("Chair", "What didn't go well on the open day?"),
    ("Guide", "The long queue at the toilets."),
    ("Guide", "The terrace is too loud in the evening."),
    ("Chair", "We could close it at ten."),
    ("Guide", "Okay, we go with a fence of bamboo."),
    ("Guide", "I'll replace the lamp above the stairs."),
    ("Visitor", "Who was that painter you had for the ceiling?"),
    ("Guide", "Mr. Oduya."),
    ("Guide", "He lives somewhere in Bergen now."),
    ("Guide", "Later the savings bank in our street sponsored the benches."),
    ("Visitor", "And what is the biggest danger for such old beams?"),
    ("Guide", "Beetles, clearly."),
)


@pytest.fixture(scope="module")
def brewery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("brewery")
    at_s, cues = 0.0, ["WEBVTT\n"]
    for speaker, text in TALK:
        end_s = at_s + max(1.5, len(text.split()) / 2.6)
        cues.append(f"{format_clock(at_s)} --> {format_clock(end_s)}\n<v {speaker}>{text}\n")
        at_s = end_s + 0.4
    (folder / "brewery.vtt").write_text("\n".join(cues), encoding="utf-8")
    with Library.open(folder / "library", create=True) as library:
        library.index(folder / "brewery.vtt")
        yield library


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            "What does a new kettle cost?",
            "twelve thousand two hundred",
        ),  # not the later "less than a thousand"
        ("How heavy is the horse?", "eight hundred kilos"),
        ("How long is the belt?", "fourteen metres"),
        ("Where do the barrels come from?", "Bohemia"),
        ("How many crates were thrown away?", "thirty crates"),
        ("What does a bottle cost?", "three fifty"),
        ("What went well on the open day?", "ticket desk"),
        ("What didn't go well on the open day?", "long queue"),
        ("What was decided about the terrace?", "fence of bamboo"),
        ("Who painted the ceiling?", "Oduya"),  # and not who lives in Bergen
        ("Who sponsored the benches?", "savings bank"),
        ("What is the greatest danger for the beams?", "Beetles"),
    ],
)
def test_the_sentence_that_answers_is_quoted(brewery: Library, question: str, answer: str) -> None:
    claims = brewery.ask(question, extractive=True).claims
    assert claims, "refused"
    assert answer in claims[0].text


@pytest.mark.parametrize(
    "question",
    [
        "How many visitors come each year?",
        "How many eggs does the horse lay?",
        "How tall is the copper kettle?",
    ],
)
def test_a_number_of_something_else_measures_nothing(brewery: Library, question: str) -> None:
    assert not brewery.ask(question, extractive=True).claims


def test_what_something_is_called_is_a_name() -> None:
    said = (
        "Our oldest cat is nineteen, her name is Florentine.",
        "The cats have four bowls.",
        "Ask Florentine.",
    )
    passages = [Passage(at, "v", "speech", at, at + 1, text) for at, text in enumerate(said)]
    for question in ("What is the oldest cat called?", "What is the name of the oldest cat?"):
        assert asked_for(question) == "name"
        assert names_expected(question, passages).tolist() == [1, 0, 1]


def test_a_clock_in_words_is_a_time() -> None:
    said = (
        "The bus leaves at seven.",
        "It opens at half past nine on Sundays.",
        "At one point two of five left.",
    )
    passages = [Passage(at, "v", "speech", at, at + 1, text) for at, text in enumerate(said)]
    assert names_expected("When does the bus leave?", passages).tolist() == [1, 1, 0]


def test_who_does_it_comes_before_who_is_looked_for() -> None:
    said = (
        "Drittens suchen wir jemanden, der das Sommerfest organisiert.",
        "Das mache ich gern, letztes Jahr habe ich den Grill betreut.",
        "Wunderbar, dann übernimmt Frau Yilmaz das Sommerfest.",
        "Die Turnhalle wird im Herbst abgerissen.",
    )
    evening = SmallVideo(
        "v", "Abend", [Utterance(6.0 * at, 6.0 * at + 5, text) for at, text in enumerate(said)]
    )
    library = SmallLibrary([evening], encoder=False)
    for question, row in (("Wer organisiert das Sommerfest?", 2), ("Was passiert mit der Turnhalle?", 3)):
        assert [claim.text for claim in library.ask(question).claims] == [said[row]]


def test_what_is_replaced_is_a_task(brewery: Library) -> None:
    summary = brewery.summary("brewery")
    assert any("replace the lamp" in line.text for line in summary.action_items)


def test_irregular_forms_of_english_words_meet() -> None:
    for forms in ("throw throws threw thrown", "build built", "child children", "foot feet", "index indices"):
        assert len(set(analyse(forms, "en"))) == 1, forms
    for words in ("ground grind", "left leave", "founded find", "saw see"):
        assert len(set(analyse(words, "en"))) == 2, words
