"""What something costs is told where a price stands beside it, whether it is called one or not: in seven languages."""

from __future__ import annotations

import pytest

from longvid_agents.expected import asked_for, names_expected
from longvid_agents.prices import only_says_price
from longvid_storage.types import Passage, Utterance
from small_library import SmallLibrary, SmallVideo

MEETINGS = {
    "fr": (
        "Bonsoir à tous, parlons de l'année.",
        "La cotisation est de quarante euros par an.",
        "Le stage de voile commence en juin.",
        "Un casque neuf, c'est quatre-vingts euros.",
    ),
    "de": (
        "Guten Abend zusammen, es geht los.",
        "Der Beitrag liegt bei fünfunddreißig Euro im Jahr.",
        "Die Halle wird im Juni gestrichen.",
        "Für die Trikots zahlen wir zwanzig Euro.",
    ),
    "es": (
        "Buenas tardes a todos los socios.",
        "La cuota es de treinta euros al mes.",
        "El autobús sale a las nueve.",
        "Las camisetas son a doce euros.",
    ),
    "it": (
        "Buonasera a tutti, cominciamo subito.",
        "La quota è di cinquanta euro all'anno.",
        "Il campo viene chiuso a luglio.",
        "Per la tessera servono dieci euro.",
    ),
    "pt": (
        "Boa noite a todos os sócios.",
        "A mensalidade é de quarenta euros.",
        "O jogo começa às oito horas.",
        "A camisola fica por quinze euros.",
    ),
    "nl": (
        "Goedenavond allemaal, we beginnen nu.",
        "De contributie is veertig euro per jaar.",
        "Het veld wordt in juli gemaaid.",
        "Voor het shirt vragen we vijftien euro.",
    ),
}


@pytest.mark.parametrize(
    ("language", "question", "row"),
    [
        ("fr", "Combien coûte la cotisation ?", 1),
        ("fr", "Quel est le prix d'un casque ?", 3),
        ("fr", "Combien coûte le stage de voile ?", None),
        ("fr", "Combien coûte le parking ?", None),
        ("de", "Was kostet der Beitrag?", 1),
        ("de", "Wie teuer sind die Trikots?", 3),
        ("de", "Was kostet die Halle?", None),
        ("de", "Was kostet das Taxi?", None),
        ("es", "¿Cuánto cuesta la cuota?", 1),
        ("es", "¿Cuánto valen las camisetas?", 3),
        ("es", "¿Cuánto cuesta el autobús?", None),
        ("it", "Quanto costa la quota?", 1),
        ("it", "Quanto costa la tessera?", 3),
        ("it", "Quanto costa il campo?", None),
        ("pt", "Quanto custa a mensalidade?", 1),
        ("pt", "Qual é o preço da camisola?", 3),
        ("pt", "Quanto custa o jogo?", None),
        ("nl", "Wat kost de contributie?", 1),
        ("nl", "Hoe duur is het shirt?", 3),
        ("nl", "Wat kost het veld?", None),
    ],
)
def test_a_price_need_not_be_called_one_and_has_to_be_there(
    language: str, question: str, row: int | None
) -> None:
    said = [Utterance(6.0 * at, 6.0 * at + 5, text) for at, text in enumerate(MEETINGS[language])]
    answer = SmallLibrary([SmallVideo("v", "Club", said)], encoder=False).ask(question)
    assert [citation.start_s for claim in answer.claims for citation in claim.citations] == (
        [] if row is None else [6.0 * row]
    )


@pytest.mark.parametrize(
    "question",
    [
        "À combien faut-il estimer le voyage ?",
        "Wie viel Uhr ist es?",
        "Quanto tempo dura?",
        "Wat is de kast?",
    ],
)
def test_other_questions_ask_for_no_price(question: str) -> None:
    assert asked_for(question) != "money"


def test_a_day_is_no_price() -> None:
    said = (
        "Die Fahrt geht vom 8. bis zum 12. Juni.",
        "Sie kostet 240.",
        "Es sind 1.200,50 im Jahr.",
        "Das war 12.",
    )
    passages = [Passage(at, "v", "speech", at, at + 1, text) for at, text in enumerate(said)]
    assert names_expected("Was kostet die Fahrt?", passages).tolist() == [0, 1, 1, 0]


def test_words_that_only_say_that_there_is_a_price() -> None:
    says = [
        "costs",
        "coûte",
        "kostet",
        "cuesta",
        "costa",
        "custa",
        "kost",
        "prix",
        "Preis",
        "precio",
        "prezzo",
    ]
    assert all(map(only_says_price, says))
    assert not any(
        map(only_says_price, ["cotisation", "Beitrag", "cuota", "costume", "pricey", "value", "rent"])
    )


def test_what_something_else_costs_answers_nothing_minutes_away_from_what_is_asked_about() -> None:
    between = (
        "Nobody knows who broke the big window of the hall last night.",
        "The library has opened again, and the new chairs are very good.",
        "We met the mayor, who was glad to hear about our garden.",
        "Lunch is soup and bread for everybody who helps us on the day.",
    )
    said = (
        "It costs forty thousand euros to heat the pool.",
        *between,
        "A fence was put up behind the school.",
    )
    beside = ("A fence was put up behind the school.", "It costs forty thousand euros all in all.", *between)
    for lines, found in ((said, False), (beside, True)):
        told = [Utterance(6.0 * at, 6.0 * at + 6, text) for at, text in enumerate(lines)]
        answer = SmallLibrary([SmallVideo("board", "board", tuple(told))]).ask("What does the fence cost?")
        assert any("forty thousand" in claim.text for claim in answer.claims) == found
