"""Who somebody is, what something costs: the sentence that says it is quoted, not one that only has the words."""

from __future__ import annotations

import pytest

from longvid_agents.who_is import identified
from longvid_storage.types import Scope, Utterance
from small_library import SmallLibrary, SmallVideo

OPENING = [
    "Good evening everybody, and welcome to the harbour museum.",
    "The director of the museum wants to change the opening hours.",
    "I spoke with the director of the museum last week about the roof.",
    "Helena Brandt is our director since March.",
    "She came from Basel, where she ran a gallery.",
    "Guided tours are done by Tomas Wieland.",
    "Renting the hall is possible on weekends only.",
    "The rent of the hall is paid in advance.",
    "The hall costs 400 euros for an evening.",
    "Nobody uses the garage in the yard.",
    "The price of the bed is a subject for the board.",
    "A bed in the ward costs 120 euros a day.",
]


@pytest.fixture(scope="module")
def opening() -> SmallLibrary:
    cues = [Utterance(5.0 * at, 5.0 * at + 4.5, text) for at, text in enumerate(OPENING)]
    greeting = Utterance(0.0, 4.5, "Good morning, this is the standup for March the fourth.")
    other = [greeting, Utterance(5.0, 9.5, "The compiler is finished and the tests are green.")]
    return SmallLibrary([SmallVideo("a", "opening night", cues), SmallVideo("b", "standup", other)])


@pytest.mark.parametrize(
    ("question", "start_s"),
    [
        ("Who is the director of the museum?", 15.0),
        ("Who's director of the museum?", 15.0),
        ("Who gives guided tours?", 25.0),
        ("How much is the rent of the hall?", 40.0),
        ("What is the price of the bed?", 55.0),
    ],
)
def test_who_or_what_is_asked_for_is_named_by_the_sentence_that_is_quoted(
    opening: SmallLibrary, question: str, start_s: float
) -> None:
    assert opening.ask(question).claims[0].citations[0].start_s == start_s


def test_a_day_that_is_named_far_from_every_word_of_the_question_is_none_of_its(
    opening: SmallLibrary,
) -> None:
    assert not opening.ask("When is the picnic?", Scope(video_ids=frozenset({"b"}))).found


WHO = "Who is the director of the museum?"


@pytest.mark.parametrize(
    ("question", "said", "text"),
    [
        (WHO, True, "The director, Helena Brandt, will show us the hall."),
        (WHO, True, "This is Helena Brandt, the new director of our museum."),
        (WHO, True, "Our director is called Helena Brandt."),
        (WHO, True, "The director of the museum is still Helena."),
        (WHO, True, "Director Brandt opened it."),
        (WHO, False, "The director of the clinic is Helena Brandt."),
        (WHO, False, "The director of the museum is on holiday."),
        (WHO, False, "I asked Tomas, and the director agreed."),
        (WHO, False, "Tomas is friends with the director."),
        (WHO, False, "Paris is where the director lives."),
        (WHO, False, "On Monday the director called."),
        ("Who's the doctor on duty?", True, "The doctor on duty tonight is Omar Siddiqui."),
        ("Wer ist der Direktor des Museums?", True, "Der Direktor des Museums heißt Jan Weber."),
        ("Wer ist der Direktor des Museums?", False, "Der Direktor des Museums mag Kaffee."),
        ("Qui est la directrice du musée ?", True, "La directrice, Anne Petit, arrive."),
        ("Chi è il direttore del museo?", True, "Il direttore del museo si chiama Luca Rossi."),
        ("Who is running the meeting?", False, "Ida is running it, the meeting."),
        ("Who was the first to climb it?", False, "Hillary was the first to climb it."),
        ("Who is Helena Brandt?", False, "Helena Brandt is a director."),
    ],
)
def test_who_somebody_is_said_to_be(question: str, said: bool, text: str) -> None:
    assert identified(question, [text]) == [said]
