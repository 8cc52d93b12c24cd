"""Where things are by now, what a source says, parts of months, and how a recording begins or ends."""

from __future__ import annotations

import re

import pytest

from longvid_storage.types import Utterance
from small_library import SmallLibrary, SmallVideo

SAID = {
    "Choir rehearsal 2024-03-04": (
        ("Vera", "Welcome everybody, tonight is our first evening after the holidays."),
        ("Vera", "We sing in the old church at the harbour, as we did last year."),
        ("Paul", "The rehearsals take place in room twelve of the town hall."),
        ("Paul", "The notes are kept in the wooden cupboard behind the piano."),
        ("Vera", "Our treasurer is Greta Olsen."),
        ("Paul", "The launch date of the website is the fifth of April."),
        ("Nora", "The entrance fee is four euros."),
        ("Paul", "That is all for today, drive home safely."),
    ),
    "Choir rehearsal 2024-03-18": (
        ("Vera", "Good evening, let us begin with the soprano parts."),
        ("Paul", "From today on the rehearsals take place in the school gym."),
        ("Nora", "The heating in the gym is fixed."),
        ("Vera", "We sing in the new concert hall on Lake Road."),
        ("Paul", "The launch date of the website has moved to the twentieth of April."),
        ("Vera", "Thank you all, see you in two weeks."),
    ),
    "Choir rehearsal 2024-04-08": (
        ("Vera", "Hello everyone, only a few announcements today."),
        ("Vera", "Our treasurer is Piet Vos."),
        ("Paul", "The notes are kept in the steel cabinet beside the door."),
        ("Nora", "The sopranos sing better at the end of the week."),
        ("Paul", "The launch date of the website is now the third of May."),
        ("Vera", "We end with the lullaby, good night."),
    ),
    "Deployment training": (
        ("Omar", "In this session I show you how the deploy tool is set up."),
        ("Omar", "The token belongs into the file secrets.env in the home folder."),
        ("Omar", "The logs go to the bucket called archive-west."),
        ("Omar", "Old backups are deleted after thirty days."),
        ("Omar", "Thanks for listening and good luck with the quiz."),
    ),
}  # fmt: skip
ELSEWHERE = {
    "de": {
        "Elternabend 2025-01-15": (
            ("Karin", "Guten Abend, schön dass Sie da sind."),
            ("Uli", "Die Kinder essen in der Mensa im Keller."),
            ("Uli", "Der Ausflug geht zum Wildpark."),
            ("Karin", "Damit sind wir fertig, gute Heimfahrt."),
        ),
        "Elternabend 2025-02-19": (
            ("Karin", "Hallo zusammen, heute geht es um das Essen."),
            ("Uli", "Die Kinder essen jetzt in der Turnhalle."),
            ("Uli", "Der Ausflug geht nun an die Ostsee."),
            ("Karin", "Zuletzt noch ein Dank an die Bäcker."),
        ),
    },
    "es": {
        "Club de ajedrez 2025-01-09": (
            ("Pía", "Buenas tardes, abrimos la temporada."),
            ("Leo", "Jugamos en la sala pequeña."),
            ("Pía", "Los relojes se guardan en el armario azul."),
            ("Leo", "Nos vemos el jueves."),
        ),
        "Club de ajedrez 2025-02-13": (
            ("Pía", "Hola, hoy toca el torneo."),
            ("Leo", "Jugamos en el gimnasio del colegio."),
            ("Pía", "Los relojes se guardan ahora en la secretaría."),
            ("Leo", "Cerramos con un aplauso para los niños."),
        ),
    },
    "fr": {
        "Conseil de quartier 2024-03-07": (
            ("Aude", "Bonsoir, je déclare ouvert le conseil de quartier."),
            ("Aude", "Le marché de Noël se tient sur la place de l'église."),
            ("Yves", "Les clés sont dans le tiroir de l'accueil."),
            ("Aude", "Merci à tous, la séance est levée."),
        ),
        "Conseil de quartier 2024-04-11": (
            ("Aude", "Bonsoir à tous, voici les nouvelles du mois."),
            ("Aude", "Le marché de Noël se tient maintenant devant la mairie."),
            ("Yves", "Les clés sont désormais chez la boulangère."),
            ("Yves", "Pour finir, nous avons choisi des lampes solaires pour le parc."),
        ),
    },
}  # fmt: skip


def library(talks: dict[str, tuple[tuple[str, str], ...]]) -> SmallLibrary:
    return SmallLibrary(
        [
            SmallVideo(
                f"v{number}",
                title,
                [Utterance(8.0 * at, 8.0 * at + 7.5, text, who) for at, (who, text) in enumerate(said)],
            )
            for number, (title, said) in enumerate(talks.items())
        ]
    )


@pytest.fixture(scope="module")
def choir() -> SmallLibrary:
    return library(SAID)


@pytest.fixture(scope="module")
def elsewhere() -> dict[str, SmallLibrary]:
    return {language: library(talks) for language, talks in ELSEWHERE.items()}


def claims(inside: SmallLibrary, question: str) -> list[str]:
    """What is quoted, without who says it."""
    return [re.sub(r"^\w+: ", "", claim.text) for claim in inside.ask(question).claims]


def begins(said: list[str], with_these: list[str]) -> bool:
    return len(said) == len(with_these) and all(
        text.startswith(begin) for text, begin in zip(said, with_these, strict=True)
    )


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Where do we sing?", ["We sing in the new", "We sing in the old"]),
        ("Where do the rehearsals take place?", ["From today on", "The rehearsals take place in room"]),
        (
            "Where are the notes kept?",
            ["The notes are kept in the steel", "The notes are kept in the wooden"],
        ),
        ("Where did we sing at first?", ["We sing in the old", "We sing in the new"]),
        ("Who is the treasurer?", ["Our treasurer is Piet", "Our treasurer is Greta"]),
        ("Where do the logs go?", ["The logs go to the bucket"]),
    ],
)
def test_a_place_or_a_person_of_another_day_stands_beside_it(
    choir: SmallLibrary, question: str, said: list[str]
) -> None:
    assert begins(claims(choir, question), said), claims(choir, question)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Where are the notes kept in early March?", "The notes are kept in the wooden"),
        ("What was the launch date in mid-March?", "The launch date of the website has moved"),
        ("Where did the rehearsals take place in the first week of March?", "The rehearsals take place in room"),
        ("What was the launch date in March according to the second rehearsal?", "The launch date of the website has"),
        ("What is the launch date as of 18 March 2024?", "The launch date of the website has moved"),
        ("What is the launch date as of the end of March?", "The launch date of the website has moved"),
        ("Where are the notes kept as of March 2024?", "The notes are kept in the wooden"),
        ("As of the second rehearsal, where are the notes kept?", "The notes are kept in the wooden"),
        ("What is the launch date according to the last meeting?", "The launch date of the website is now the third"),
        ("According to the first rehearsal, where do we sing?", "We sing in the old church"),
        ("According to the deployment training, where do the logs go?", "The logs go to"),
        ("In Paul's words, where are the notes kept?", "The notes are kept in the steel"),
        ("According to Nora, what is fixed?", "The heating in the gym is fixed"),
        ("Where does the token go?", "The token belongs into"),
        ("What is the price of the entrance?", "The entrance fee is four euros"),
    ],
)  # fmt: skip
def test_a_source_and_a_part_of_a_month_choose_where_to_look(
    choir: SmallLibrary, question: str, first: str
) -> None:
    said = claims(choir, question)
    assert said, question
    assert said[0].startswith(first), said


def test_a_month_that_recordings_of_others_name_may_be_what_is_asked_about(choir: SmallLibrary) -> None:
    answer = choir.ask("What is the launch date in early April?")
    assert not any("looked at" in note for note in answer.notes), answer.notes


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How does Deployment training end?", "Thanks for listening"),
        ("How does Deployment training begin?", "In this session I show you"),
        ("What is the end of Deployment training?", "Thanks for listening"),
        ("How does the choir rehearsal of 18 March end?", "Thank you all, see you"),
        ("How does the choir rehearsal of 18 March start?", "Good evening, let us begin"),
        ("What is the beginning of the last choir rehearsal?", "Hello everyone"),
        ("How did the last rehearsal finish?", "We end with the lullaby"),
        ('What is the end of "Choir rehearsal 2024-03-04"?', "That is all for today"),
        ("How the second-to-last rehearsal ends", "Thank you all, see you"),
    ],
)
def test_how_a_recording_begins_and_ends_is_said_there(choir: SmallLibrary, question: str, said: str) -> None:
    found = claims(choir, question)
    assert any(text.startswith(said) for text in found), found
    assert len(found) <= 2, found


def test_what_else_ends_is_not_told_of_the_recording(choir: SmallLibrary) -> None:
    answer = choir.ask("How does photosynthesis end?")
    assert not answer.found
    assert not any("looked at" in note for note in answer.notes)


@pytest.mark.parametrize(
    ("language", "question", "said"),
    [
        ("de", "Wo essen die Kinder?", ["Die Kinder essen jetzt", "Die Kinder essen in der Mensa"]),
        ("de", "Wohin geht der Ausflug?", ["Der Ausflug geht nun", "Der Ausflug geht zum"]),
        ("de", "Wo essen die Kinder Mitte Januar?", ["Die Kinder essen in der Mensa"]),
        ("de", "Wohin geht laut dem ersten Elternabend der Ausflug?", ["Der Ausflug geht zum"]),
        ("de", "Wie endet der letzte Elternabend?", ["Zuletzt noch ein Dank"]),
        ("de", "Wie fängt der erste Elternabend an?", ["Guten Abend, schön", "Die Kinder essen in der Mensa"]),
        ("es", "¿Dónde jugamos?", ["Jugamos en el gimnasio", "Jugamos en la sala"]),
        ("es", "¿Dónde se guardan los relojes?", ["Los relojes se guardan ahora", "Los relojes se guardan en"]),
        ("es", "¿Dónde jugamos a principios de enero?", ["Jugamos en la sala"]),
        ("es", "Según el primer club de ajedrez, ¿dónde jugamos?", ["Jugamos en la sala"]),
        ("es", "¿Cómo termina el último club de ajedrez?", ["Cerramos con un aplauso"]),
        ("fr", "Où se tient le marché ?", ["Le marché de Noël se tient main", "Le marché de Noël se tient sur"]),
        ("fr", "Où sont les clés début mars ?", ["Les clés sont dans le tiroir"]),
        ("fr", "D'après le dernier conseil, où sont les clés ?", ["Les clés sont désormais"]),
        ("fr", "Comment se termine le dernier conseil ?", ["Pour finir, nous avons"]),
    ],
)  # fmt: skip
def test_the_same_in_other_languages(
    elsewhere: dict[str, SmallLibrary], language: str, question: str, said: list[str]
) -> None:
    found = claims(elsewhere[language], question)
    assert begins(found, said), found
