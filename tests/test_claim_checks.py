"""What code alone can tell about a claim: numbers, times, names, quotes, and when it must ask."""

from __future__ import annotations

import math

import pytest

from longvid_agents.checks.claim import Support, Verdict, check_claim
from longvid_agents.checks.names import has_name, names_in
from longvid_agents.checks.negation import speaks_against
from longvid_agents.checks.numbers import named_numbers, numbers_in
from longvid_agents.checks.times import times_in
from longvid_storage.types import Passage


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("The budget is nine thousand euros.", {9000}),
        ("The budget is 9,000 euros.", {9000, 9}),
        ("9.5 million people", {9_500_000, 9.5}),
        ("nine point five", {9.5}),
        ("nine point five million people", {9_500_000}),
        ("in nineteen-eighty-four", {19, 84}),
        ("twenty, five", {20, 5}),
        ("two thousand and twenty-six", {2026}),
        ("millions of people", set()),
        ("the first one of them", {1}),
        ("one hundred and twenty three thousand four hundred and five", {123_405}),
        ("twenty-five of them", {25}),
        ("a hundred steps", {100}),
        ("a dozen eggs", {12}),
        ("nineteen eighty four", {19, 84}),
        ("It is 1.250,50 €.", {1250.5}),
        ("3,5 Prozent", {3.5}),
        ("version v1.7.0 of CS229", set()),
        ("90% of 1'000", {90, 1000}),
        ("两百三十五个人", {235}),
        ("二〇二四年", {2024}),
        ("一万二千", {12_000}),
        ("有3个人", {3}),
        ("٣ كتب", {3}),
        ("no number at all", set()),
        ("one of them", {1}),
    ],
)
def test_numbers_in_digits_and_in_words(text: str, numbers: set[float]) -> None:
    assert numbers <= numbers_in(text)
    if not numbers:
        assert numbers_in(text) == set()


@pytest.mark.parametrize("digit", ["三", "9", "²", "१", "亿", "1."])
@pytest.mark.parametrize("times", [400, 5_000])
def test_digits_without_end_are_no_fault(digit: str, times: int) -> None:
    """More than a float holds, and more than Python reads: once a traceback of ``ask``."""
    assert all(map(math.isfinite, numbers_in(digit * times)))


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [
        ("zwölf Monate", "de", 12),
        ("zweitausenddreihundertvierzig Leute", "de", 2340),
        ("sechs Komma fünf", "de", 6.5),
        ("drei Millionen", "de-DE", 3_000_000),
        ("Dutzend Leute", "de", 12),
        ("quarante ans", "fr", 40),
        ("quatre-vingt-dix-sept", "fr", 97),
        ("quatre vingt dix sept", "fr", 97),
        ("cent euros", "fr", 100),
        ("treinta días", "es", 30),
        ("mil doscientos noventa y siete", "es", 1297),
        ("novantasette", "it", 97),
        ("noventa e sete", "pt", 97),
        ("zevenennegentig", "nl", 97),
        ("syvoghalvfems", "da", 97),
    ],
)
def test_number_words_of_other_languages(text: str, language: str, number: float) -> None:
    assert numbers_in(text, language) == {number}


def test_a_lone_one_names_no_number() -> None:
    assert list(named_numbers("One of them said that one.")) == []
    assert list(named_numbers("这是一个问题")) == []


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("at 12:34", {("clock", 754.0)}),
        ("at 1:02:03 h", {("clock", 3723.0)}),
        ("after twelve minutes and 30 seconds", {("minute", 12.0), ("second", 30.0)}),
        ("around the two-minute mark", {("minute", 2.0)}),
        ("in minute 7", {("minute", 7.0)}),
        ("twenty five minutes in", {("minute", 25.0)}),
        ("for 3 hrs", {("hour", 3.0)}),
        ("在第12分30秒", {("minute", 12.0), ("second", 30.0)}),
        ("第十二分钟", {("minute", 12.0)}),
        ("nach 12 Minuten", {("minute", 12.0)}),
        ("через 5 минут", {("minute", 5.0)}),
        ("for several minutes", set()),
        ("the second one is better", set()),
        ("a ratio of 3 to 4", set()),
        ("sold for a hundred euros and more", set()),
    ],
)
def test_times_in_digits_and_in_words(text: str, times: set[tuple[str, float]]) -> None:
    assert times_in(text) == times


@pytest.mark.parametrize(
    ("text", "language", "times"),
    [
        ("quatre-vingt-dix-sept minutes", "fr", {("minute", 97)}),
        ("zweiundvierzig Minuten", "de", {("minute", 42)}),
        ("cuarenta y cinco segundos", "es", {("second", 45)}),
        ("one of the five minutes", "en", {("minute", 5)}),
    ],
)
def test_times_of_several_words(text: str, language: str, times: set[tuple[str, float]]) -> None:
    assert times_in(text, language) == times


@pytest.mark.parametrize(
    ("text", "certain", "perhaps"),
    [
        ("Yesterday Maya met Dr. Chen.", ["Maya", "Dr", "Chen"], ["Yesterday"]),
        ("The model GPT-4 beats BERT on SQuAD.", ["GPT-4", "BERT", "SQuAD"], []),
        ("Maya's plan is late.", [], ["Maya"]),
        ("They meet on Friday, I think.", [], []),
        ("It takes 3rd place and 5x the time.", [], []),
    ],
)
def test_names(text: str, certain: list[str], perhaps: list[str]) -> None:
    assert names_in(text) == (certain, perhaps)


def test_german_nouns_may_be_names() -> None:
    assert names_in("Der Bericht ist von Maya.", "de") == ([], ["Bericht", "Maya"])


def test_a_name_is_found_in_any_form() -> None:
    assert has_name("GPT-4", "we use gpt 4 here")
    assert has_name("Huffman", "Huffmans code")
    assert not has_name("Zoe", "Zoetrope was mentioned")


def source(text: str, speaker: str | None = "Ben", title: str = "Weekly meeting") -> Support:
    return Support(Passage(1, "v", "speech", 0, 5, text, speaker), title)


REPORT = "I will write the budget report and send it before Friday."
COST = "The new database costs nine thousand euros a year."


@pytest.mark.parametrize(
    ("claim", "evidence", "verdict"),
    [
        ("Ben writes the budget report.", REPORT, "supported"),
        ('Ben says that he "will write the budget report".', REPORT, "supported"),
        ('Ben says that he "writes all the budget reports".', REPORT, "refuted"),
        ("Ben 说 «budget report»。", REPORT, "unsure"),
        ("Maya and Ben write the budget report.", REPORT, "unsure"),
        ("Ben and Maya write the budget report.", REPORT, "refuted"),
        ("Ana wins.", REPORT, "refuted"),
        ("Zoe wins.", REPORT, "unsure"),
        ("Ben will not send the budget report before Friday.", REPORT, "unsure"),
        ("Finances are described by him in a document.", REPORT, "unsure"),
        ("The database costs 9,000 euros a year.", COST, "supported"),
        ("The database costs 8,000 euros a year.", COST, "refuted"),
        ("The database costs nineteen thousand euros a year.", COST, "refuted"),
        ("The database costs nine thousand euros, said at 12:30.", COST, "refuted"),
        ("新数据库每年花费九千欧元。", COST, "unsure"),
        ("新数据库每年花费八千欧元。", COST, "refuted"),
        ("Die neue Datenbank kostet im Jahr 9.000 Euro und das ist nicht zu viel.", COST, "unsure"),
        ("At the weekly meeting the database is said to cost nine thousand euros a year.", COST, "supported"),
    ],
)
def test_a_claim_against_its_evidence(claim: str, evidence: str, verdict: Verdict) -> None:
    check = check_claim(claim, [source(evidence)], people={"Ana Lopez", "Ben"})
    assert check.verdict == verdict, check
    assert (check.reason == "") == (verdict == "supported")


def test_a_claim_may_need_several_pieces() -> None:
    both = [source(REPORT), source(COST, "Ana")]
    claim = "Ben writes the report, and Ana says that the database costs 9,000 euros."
    assert check_claim(claim, both).verdict == "supported"
    assert check_claim(claim, both[:1]).verdict == "refuted"


def test_who_counts_may_name_the_number_of_pieces_speakers_or_videos() -> None:
    both = [source("I am late with the report."), source("My report is late too.", "Ana")]
    claim = "2 reports are late."
    assert check_claim(claim, both).verdict == "refuted"
    assert check_claim(claim, both, counts=True).verdict == "supported"
    assert check_claim("7 reports are late.", both, counts=True).verdict == "unsure"


def test_a_time_that_was_said_may_be_repeated() -> None:
    evidence = [source("Cook it for ten minutes, until 12:30.")]
    assert check_claim("It is cooked for 10 minutes until 12:30.", evidence).verdict == "supported"


def test_number_words_of_other_languages_are_left_to_the_model() -> None:
    german = [source("Die neue Datenbank kostet uns im Jahr neuntausend Euro, und das ist viel.")]
    assert check_claim("The database costs 9,000 euros.", german).verdict == "unsure"


@pytest.mark.parametrize(
    ("claim", "said", "against"),
    [
        (
            "The team will use a lithium battery.",
            "No, I don't think so, but we will use a lithium battery.",
            False,
        ),
        (
            "The remote has no teletext.",
            "Well, I don't know. We agreed that there is no teletext on it.",
            False,
        ),
        ("The remote has teletext.", "We agreed that there is no teletext on the remote.", True),
        (
            "The remote has no teletext.",
            "The remote has teletext, and that is not a question of price.",
            True,
        ),
        ("They can't afford recognition.", "recognition is too expensive so we cannot afford it", False),
        ("They dropped the display.", "It is not about cost. The display is dropped.", False),
        ("The budget never grows.", "Let us talk about lunch.", True),
        ("Das Budget wächst nicht.", "Ja, aber das Budget wächst, wir sind nicht arm.", True),
    ],
)
def test_a_no_counts_where_it_is_said_of_the_same(claim: str, said: str, against: bool) -> None:
    assert speaks_against(claim, said) is against
