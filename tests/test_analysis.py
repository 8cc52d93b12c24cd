"""What text analysis makes of words, in several scripts, on both sides of a search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longvid_storage.text.analysis import WRITTEN_WORD, analyse, fold, phrases, query_terms
from longvid_storage.text.languages import guess_language


@pytest.mark.parametrize(
    ("language", "said", "asked"),
    [
        ("en", "running learning RATES", "run rate"),
        ("de", "die Häuser der Städte", "Haus Stadt"),
        ("de", "Straße", "STRASSE"),
        ("fr", "les évaluations", "evaluation"),
        ("ru", "нейронных сетей", "нейронная сеть"),
        ("ar", "المشاريع الجَدِيدة", "الجديدة"),
        ("ar", "إدارة", "ادارة"),
        ("zh", "今天学习率很高", "学习率"),
        ("ja", "ニューラルネットワークの学習率", "学習率"),
        ("ja", "ﾃｽﾄ", "テスト"),
        ("ko", "기계학습에서는", "기계학습"),
        ("th", "การเรียนรู้ของเครื่อง", "เรียนรู้"),
        ("hi", "गहरी शिक्षा", "शिक्षा"),
        ("xx", "Blaa", "blaa"),
        (None, "EIP-7702, café", "eip cafe 7702"),
        ("en", "an L_C_D_ display of two T_V_s", "LCD TVs"),
        ("en", "the A.P.I.s of both GPUs, by two PhDs", "API GPU Ph.D."),
        ("de", "z.B. die EU", "zB eu"),
        ("ar", "نتحدث عن المضخات والصمامات", "صمام مضخة"),
        ("ar", "وميزانية القرارات", "ميزانية قرار"),
        ("uk", "насоси працюють, рішень клапанів", "насос працювати рішення клапан"),
        ("uk", "купили фарбу для зустрічі", "купити фарба зустріч"),
        ("pt", "as decisões dos animais, os papéis e os homens", "decisão animal papel homem"),
        ("pl", "pompy i zaworów", "pompa zawory"),
        ("fa", "کتاب‌ها", "کتاب"),
    ],
)
def test_a_form_of_the_word_finds_it(language: str | None, said: str, asked: str) -> None:
    terms = query_terms(asked, [language])
    assert terms
    assert set(terms) <= set(analyse(said, language))


def test_function_words_are_asked_for_only_when_there_is_nothing_else() -> None:
    assert query_terms("What is the rate of the learning?") == ["rate", "learn"]
    assert query_terms("to be or not to be") == ["to", "be", "or", "not"]
    assert query_terms("wie ist das Wetter und wo sind die Leute", ["de"]) == ["wett", "leut"]
    assert query_terms("?!") == []


def test_a_word_is_asked_for_in_its_form_in_every_language() -> None:
    assert set(query_terms("Häuser", ["de", "en"])) == {"haus", "hauser"}


def test_phrases_are_adjacent_in_what_is_indexed() -> None:
    for said, asked in (
        ("the state of the art is", "state of the art"),
        ("很高学习率下降", "学习率"),
        ("学", "学"),
    ):
        (run,) = phrases(asked)
        terms = analyse(said, None)
        assert any(terms[at : at + len(run)] == run for at in range(len(terms)))
    (run,) = phrases("学率")
    terms = analyse("学习率", None)
    assert not any(terms[at : at + len(run)] == run for at in range(len(terms)))
    assert phrases("...") == []


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("C++ and C++17", ["c++", "and", "c++", "17"]),
        ("C# is no C.", ["c#", "is", "no", "c"]),
        ("the .NET runtime", ["the", ".net", "net", "runtim"]),
        ("ASP.NET... ends", ["asp", "net", "end"]),
        ("Notepad++ is no Notepad", ["notepad", "notepad++", "is", "no", "notepad"]),
        ("count+++ and i++", ["count", "and", "i++"]),
        ("v2.0, not v1.9", ["v", "2.0", "not", "v", "1.9"]),
        ("Section 2, 0 comments", ["section", "2", "0", "comment"]),
        ("3:1, and 3. 1 back", ["3:1", "and", "3", "1", "back"]),
        ("24/7, 24 or 7, ½ and 1/2", ["24/7", "24", "or", "7", "1/2", "and", "1/2"]),
        ("on 3/4/2024", ["on", "3", "4", "2024"]),
        ("C♯ is C#", ["c#", "is", "c#"]),
        ("$5M is 5m", ["$", "5m", "is", "5m"]),
        ("50% of § 5", ["50", "%", "of", "§", "5"]),
        ("Q&A", ["q&a"]),
        ("torch.nn.Linear", ["torch", "nn", "linear"]),
        ("1,000 and 1000 and 3,5 GHz", ["1000", "and", "1000", "and", "3.5", "ghz"]),
        ("15000 15,000 15.000 15’000 15'000 15 000", ["15000"] * 6),
        (
            "1 250 000 and 15\u202f500, 100 200 or 3.141",
            ["1250000", "and", "15500", "100", "200", "or", "3.141"],
        ),
        ("on 28.11.2026", ["on", "28", "11", "2026"]),
        ("x=1.5,y=2 of (1, 2)", ["x", "1.5", "y", "2", "of", "1", "2"]),
    ],
)
def test_symbols_that_tell_one_thing_from_another_are_kept(text: str, terms: list[str]) -> None:
    assert analyse(text, "en") == terms
    assert phrases(text, ["en"]) == [terms]
    assert set(query_terms(text, ["en"])) <= set(terms)
    assert len(fold(text)) == len(terms)


def test_a_dot_groups_thousands_where_the_comma_is_the_decimal_point() -> None:
    for said in ("15.500 Euro", "15500 Euro", "15 500 Euro".replace(" 5", "\u00a05"), "15,500 Euro"):
        assert analyse(said, "de") == ["15500", "euro"]
    assert analyse("15.500 euros", "en") == ["15.500", "euro"]


@pytest.mark.parametrize("asked", ["C#", ".NET", "Notepad++", "$5M", "3:1", "2.0", "24/7"])
def test_a_name_with_a_symbol_is_no_word_without_it(asked: str) -> None:
    said = [
        "Vitamin C is on page three.",
        "The C sharp bindings",
        "net profit. NET income",
        "the notepad + a pen",
        "5m long",
        "Take 3. 1 goes",
        "24 of 7",
        "Section 2, 0",
    ]
    (run,) = phrases(asked, ["en"])
    assert not any(
        terms[at : at + len(run)] == run
        for terms in (analyse(each, "en") for each in said)
        for at in range(len(terms))
    )
    assert asked in WRITTEN_WORD.findall(f"What is {asked}?")


@pytest.mark.parametrize("unit", ["1", "1,", "1.", "a1.", "1,000,", ".a", "c+", "a&b", "1:1,", "x1"])
def test_the_terms_of_a_line_are_those_of_its_words(unit: str) -> None:
    assert analyse(f"{unit} " * 20_000, None) == 20_000 * analyse(unit, None)
    assert analyse(unit * 20_000, None)  # and a run without spaces is read in one go


@pytest.mark.parametrize(
    ("language", "one", "other"), [("ar", "كاتب", "كتاب"), ("uk", "рада", "радар"), ("pt", "mais", "mal")]
)
def test_other_words_stay_apart(language: str, one: str, other: str) -> None:
    assert analyse(one, language) != analyse(other, language)


def test_fold_keeps_forms_apart() -> None:
    assert fold("Learning RATES, naïve") == ["learning", "rates", "naive"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Das ist ein Haus und wir sind nicht hier", "de"),
        ("what we have here is the thing that you want", "en"),
        ("nous avons une maison et elle est dans la ville", "fr"),
        ("这是一个关于学习率的讨论", "zh"),
        ("これは学習率についての話です", "ja"),
        ("ناقشنا اليوم المشاريع", "ar"),
        ("backpropagation", None),
        ("", None),
        ("123 456", None),
        ("what did Lena decide?", "en"),
        ("Wie lange trocknet die Farbe?", "de"),
        ("combien coûte le billet", "fr"),
        ("quién arregla el techo", "es"),
        ("quanto costa il biglietto", "it"),
        ("Quando começa a reunião?", "pt"),
        ("hoe lang droogt de verf", "nl"),
        ("hur länge torkar färgen", "sv"),
        ("gdzie jest klucz", "pl"),
        ("Kdo opravuje střechu?", "cs"),
        ("Toplantı ne zaman başlıyor?", "tr"),
        ("kuinka kauan maali kuivuu", "fi"),
        ("Сколько сохнет краска?", "ru"),
        ("Скільки сохне фарба?", "uk"),
        ("رنگ چقدر طول می‌کشد تا خشک شود؟", "fa"),
        ("من يصلح السقف", "ar"),
        ("屋根を直すのは誰", "ja"),
        ("垫圈坏了怎么办？", "zh"),
        ("gas limit", None),
        ("Pinning attacks", None),
        ("n-of-n outputs", None),
    ],
)
def test_the_language_is_guessed_or_not_told(text: str, language: str | None) -> None:
    assert guess_language(text) == language


@given(st.text(max_size=200), st.sampled_from([None, "en", "de", "ar", "zh", "tr"]))
def test_no_text_breaks_it_and_terms_have_no_spaces(text: str, language: str | None) -> None:
    terms = analyse(text, language)
    assert all(term and not any(character.isspace() for character in term) for term in terms)
    assert set(query_terms(text, [language])) <= set(terms)
