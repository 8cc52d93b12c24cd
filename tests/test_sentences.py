"""Where sentences end: a table by language, what is always kept, and linear cost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longvid_storage.models import sentence_begins
from longvid_storage.text import sentence_ends, sentences
from longvid_storage.text.sentences import asks, breaks_off, ends_sentence, split_sentences
from sentence_cases import SENTENCES, UNSPACED


def parts(words: list[str], paused: list[bool] | None = None) -> list[tuple[int, int]]:
    """Sentences of words that nobody punctuated."""
    model = sentence_begins.carried()
    assert model is not None
    return sentence_ends.parts(words, paused or [False] * len(words), model.scores)


CASES = [(language, case) for language, cases in SENTENCES.items() for case in cases]
PIECES = st.lists(
    st.sampled_from(
        [
            "Dr.",
            "14.",
            "Juli",
            "U.S.",
            "z.",
            "B.",
            "he",
            "She",
            "…",
            "...",
            "?!",
            "」",
            "。",
            '"',
            "3.5",
            " ",
            ". .",
            "的",
            "ok.",
            ")",
        ]
    ),
    max_size=40,
)


@pytest.mark.parametrize(("language", "case"), CASES)
def test_sentences_end_where_they_do_in_their_language(language: str, case: list[str]) -> None:
    text = ("" if language in UNSPACED else " ").join(case)
    assert split_sentences(text, language) == case
    assert split_sentences(text, f"{language}-XX") == case


@given(
    st.one_of(st.text(), PIECES.map("".join), PIECES.map(" ".join)), st.sampled_from(["en", "de", "zh", None])
)
def test_every_letter_is_in_one_piece(text: str, language: str | None) -> None:
    pieces = split_sentences(text, language)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(piece == piece.strip() and piece for piece in pieces)
    position = 0
    for piece in pieces:  # each is in the text as it stands
        position = text.index(piece, position) + len(piece)


@pytest.mark.parametrize(
    "text", ["It works.", "Really?", 'He said "no."', "你好。", "क्या है।", "Yes...", "pears, etc.", "No."]
)
def test_an_end_is_an_end(text: str) -> None:
    assert ends_sentence(text, None)
    assert ends_sentence(f"{text}  ", None)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("as shown by Dr.", "en"),
        ("on", None),
        ("am 14.", "de"),
        ("z. B.", "de"),
        ("in the U.S.", "en"),
        ("by J.", None),
        ("", None),
    ],
)
def test_where_only_the_next_word_can_tell_a_sentence_may_go_on(text: str, language: str | None) -> None:
    assert not ends_sentence(text, language)


def test_a_number_is_an_end_where_ordinals_have_no_full_stop() -> None:
    assert ends_sentence("We sold 14.", "en")
    assert ends_sentence("Es endete 1945.", "de")


@pytest.mark.parametrize(
    "unit",
    [".", ". ", " .", "a.", "!)", "Dr. ", '."', "。", "It is so. ", "Am 14. Juli ", "(", "x" * 50 + ". "],
)
def test_looking_costs_the_same_for_each_letter(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words looked at around the ends, counted: twice the text costs twice as much."""
    looked: list[int] = []
    real = sentences._token

    def counted(text: str, start: int, end: int) -> tuple[str, str]:
        looked[-1] += end - max(start, end - sentences._WINDOW)
        return real(text, start, end)

    monkeypatch.setattr(sentences, "_token", counted)
    for times in (1_000, 2_000):
        looked.append(0)
        split_sentences(unit * times, "de")
    assert looked[1] <= 2.1 * looked[0] + 1_000


def test_no_pattern_tries_again_what_it_has_read() -> None:
    assert re.match(sentences._END, "." * 100_000 + "x")
    assert len(split_sentences(".x" * 100_000, None)) == 1


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ["Forty people came, incl. Mr. Lee.", "Fine."]),
        ("de", ["Frau Prof. Dr. med. Kurz sprach.", "Dr. rer. nat. Ada Lind auch."]),
        ("pl", ["Spotkanie jest o godz. 14, wg dr hab. Nowak.", "Zapraszamy."]),
    ],
)
def test_abbreviations_that_were_missed_in_new_texts(language: str, sentences: list[str]) -> None:
    assert split_sentences(" ".join(sentences), language) == sentences


ODD = "so we go the pump will is under and tom 12 müde . 字"
GREETING = "good morning everyone today we talk about the pump so tom will order one and i think it is cheap"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(ODD.split()), max_size=120))
def test_words_without_ends_are_parted_and_none_is_lost(words: list[str]) -> None:
    said = parts(words)
    assert [at for begin, end in said for at in range(begin, end)] == list(range(len(words)))
    assert all(0 < end - begin <= 30 for begin, end in said)


def test_the_words_around_tell_an_end_and_a_pause_makes_it_likelier() -> None:
    words = GREETING.split()
    begins = [begin for begin, _ in parts(words)]
    assert words.index("so") in begins
    assert not {words.index("the") + 1, words.index("will") + 1, words.index("about") + 1} & {*begins}
    words = " ".join(TOLD).split()
    without = {begin for begin, _ in parts(words)}
    with_pause = {
        at
        for at in range(1, len(words))
        if at in {begin for begin, _ in parts(words, [n == at for n in range(len(words))])}
    }
    assert without - {0} < with_pause
    assert len(with_pause) < len(words) / 3


TOLD = [
    "the pump leaks and we have to close the plant for a day",
    "so we decided to buy a new one",
    "it costs two hundred thousand euros",
    "peter will order the valve by monday",
    "the report for this year is ready",
    "the last point is about the tunnel",
]


def test_sentences_of_words_that_were_never_learned_are_told_apart() -> None:
    words = " ".join(TOLD).split()
    said = [" ".join(words[begin:end]) for begin, end in parts(words)]
    assert sum(one in TOLD for one in said) >= 4, said
    assert not any(one.endswith((" two", " hundred", " costs", " the")) for one in said)


@pytest.mark.parametrize("words", [["tom"], ["12", "müde"], ["…"], ["x" * 5000], ["'"], ["字"] * 70])
def test_any_words_have_scores(words: list[str]) -> None:
    assert parts(words, [True] * len(words))[-1][1] == len(words)


@pytest.mark.parametrize(
    ("text", "asking"),
    [
        ("Is it ready?", True),
        ("你好吗？", True),
        ("Like how much does, you know, a remote control cost.", True),
        ("Like how much does the remote control cost.", True),
        ("So when do we meet.", True),
        ("How many people do you need.", True),
        ("Why don't we go.", True),
        ("What we do is wait.", False),
        ("When it does work, fine.", False),
        ("What does matter is speed.", False),
        ("I know how much they cost.", False),
    ],
)
def test_a_question_is_told_by_its_mark_or_by_the_order_of_its_words(text: str, asking: bool) -> None:
    assert asks(text) is asking


def test_a_row_of_serial_numbers_is_one_sentence() -> None:
    words = [f"w{number * 7919 % 1_000_003}" for number in range(20)]
    assert parts(words) == [(0, 20)]


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ["It takes 5 min. of work.", "It takes 5 min.", "Then we go."]),
        (
            "de",
            [
                "Er kommt ca. 10 Min. später.",
                "Das sind 3 Std. Arbeit.",
                "Das dauert 3 Std.",
                "Dann gehen wir.",
            ],
        ),
        ("cs", ["Přijde v 5 hod. ráno.", "Potom jdeme."]),
    ],
)
def test_a_unit_after_a_number_ends_no_sentence_that_goes_on(language: str, sentences: list[str]) -> None:
    assert split_sentences(" ".join(sentences), language) == sentences


@pytest.mark.parametrize(
    ("text", "asking"),
    [
        ("how many customers noticed", True),
        ("where do I find the runbook", True),
        ("so what did you study", True),
        ("is there enough for one pump", True),
        ("is there enough for one pump.", False),  # who set a mark here set none that asks
        ("what we need is a pump", False),
        ("tom will order the valve tomorrow", False),
        ("how many", False),
        ("are they better in blind tests the players preferred the new ones", False),  # the answer is in it
    ],
)
def test_without_marks_words_tell_what_asks(text: str, asking: bool) -> None:
    assert asks(text) is asking


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("FROST is really like the...", True),
        ("What I will do is, I will…", True),
        ("so that means that the —", True),
        ("and so on…", False),
        ("That is what it is for.", False),
        ("which one is it for?", False),
    ],
)
def test_what_breaks_off_where_something_must_follow(text: str, broken: bool) -> None:
    assert breaks_off(text) is broken
