"""Forms of a word that Snowball leaves apart are one term, and words that only look alike stay two."""

from __future__ import annotations

import pytest

from longvid_storage.text.analysis import analyse


def terms(words: str, language: str) -> set[str]:
    return {analyse(word, language)[0] for word in words.split()}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", "coûte coûtent coûtait"),
        ("fr", "vendre vend vendu vendent"),
        ("fr", "prendre prennent pris prenons"),
        ("fr", "contenir contient contenu"),
        ("fr", "ouvrir ouvert ouverte ouvre"),
        ("fr", "directeur directrice directeurs"),
        ("fr", "présent présente présentent"),
        ("fr", "client clients cliente"),
        ("it", "aprire apre aperta aprono"),
        ("it", "direttore direttrice direttori"),
        ("it", "chiudere chiuso chiudono"),
        ("es", "costar cuesta cuestan"),
        ("es", "luz luces"),
        ("es", "cerrar cierra cerrado"),
        ("pl", "kosztować kosztuje kosztowało"),
        ("pl", "książka książki książek książce książkę"),
        ("pl", "osoba osoby osobę"),
        ("pl", "woda wody wodzie"),
        ("pl", "rynek rynku rynki"),
        ("pl", "miasto mieście miasta"),
        ("pl", "otworzyć otwiera otwarte"),
    ],
)
def test_forms_of_a_word_are_one_term(language: str, words: str) -> None:
    assert len(terms(words, language)) == 1


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", "client clé"),
        ("fr", "avenue avenir"),
        ("fr", "argent large"),
        ("fr", "moment momie"),
        ("it", "museo musa"),
        ("it", "letto leggere"),
        ("es", "suelo sol"),
        ("pl", "ulice ulika"),
        ("pl", "robiłby osoba"),
    ],
)
def test_words_that_only_look_alike_are_several(language: str, words: str) -> None:
    assert len(terms(words, language)) == len(words.split())
