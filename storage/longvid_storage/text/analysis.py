"""Text → terms, the same for what is indexed and what is asked.

Words are folded (compatibility forms, case, diacritics, Arabic vowel signs) and stemmed with the Snowball stemmer
of their language (Porter 2001, snowballstem.org; a few by ``light_stems``). Scripts that write no spaces (Chinese,
Japanese, Thai, Lao, Khmer, Burmese), and Korean, whose words carry their particles, become overlapping pairs of
characters, which find words without a dictionary (Nie, Gao, Zhang & Zhou 2000, "On the use of words and n-grams for
Chinese information retrieval").

Symbols belong to a term where they tell one thing from another: "C++", "C#", "R&D", "3:1", "24/7", "2.0" are one term
each, "$", "%" and "§" terms of their own. ".NET" and "Notepad++" are two each, with the symbols and without, so that
what is asked without them is found too. "v2.0" is "v" and "2.0"; "1,000" is 1000, and a decimal comma a point.
Letters that are spelled are one term with the word they make: "L.C.D." and "L_C_D_" (as meetings are transcribed) are
"lcd", and so is "LCDs", which no stemmer knows as a plural.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from longvid_storage.text.inflection import AFTER, BEFORE
from longvid_storage.text.languages import SCRIPTS, stop_words
from longvid_storage.text.light_stems import LIGHT, portuguese_singular
from longvid_storage.text.stop_words import STOP_WORDS

_PAIRED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
# 1,000.5 · 2.0, 3:1, 1.2.3 · 1.000,5 · 3,5; no date, which is asked for by its year too.
_NUMBER = (
    r"(?<![\d.,:])(?!\d{1,2}\.\d{1,2}\.(?:19|20)\d\d(?!\d))"
    r"(?:\d{1,3}/\d{1,3}(?![\d/])|\d{1,3}(?:,\d{3})++(?:\.\d++)?|\d++(?:[.:]\d++)++|\d{1,3}(?:\.\d{3})++,\d{1,2}"
    r"|\d++,\d{1,2})(?!,?\d)"
)
_NAME = r"[^\W\d_]{1,2}(?:\+\+|\#)(?![^\W\d_]|[#+])|[^\W\d_]{1,3}&[^\W\d_]{1,3}(?!\w)"
_SIGN = r"[$€£¥₹%‰٪§]"
# Combining marks belong to the word they stand in: Hindi and Arabic have them inside words. "v2.0" ends before "2.0".
_COMBINING = "\u0300-\u036f\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
_LETTER = rf"(?![{_PAIRED}_])[\w{_COMBINING}]"
_WORD = rf"{_LETTER}(?:(?!(?<=[^\W\d_])\d++[.:]\d){_LETTER})*"
_SIGNED = rf"(?<![\w.])\.(?=[^\W\d_]{{2}}){_WORD}|{_WORD}(?:\+\+(?![\w+]))?"
_RUN = re.compile(rf"(?P<paired>[{_PAIRED}]+)|(?P<number>{_NUMBER})|(?P<word>{_NAME}|{_SIGN}|{_SIGNED})")
# "C♯" is C#, "½" is 1/2.
_SIGNS_ALIKE = str.maketrans("♯\u2044", "#/")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3}){2,}|\d{1,3}\.000")
# 15’000 and 15 000 with a space that does not break; with any space only of whole thousands: "100 200" are two numbers.
_GROUPED = re.compile(
    r"(?<![\d.,:])\d{1,3}(?:(?:['’\u00a0\u2009\u202f]\d{3})+|(?: \d{3}){0,2} 000)(?![\d.,:]?\d)"
)
# L_C_D_, T_V_s, e.g., U.S., A.P.I.s, Ph.D., PCs; "x.y" is two words.
_SPELLED = re.compile(
    r"(?<![\w.])(?:(?P<letters>(?:[^\W\d_]\.){2,8}(?:[^\W\d_](?=s?(?!\w)))?|[A-Z]\.[A-Z]|Ph\.[A-Z]\b\.?|[A-Z](?:_[A-Z]){1,8}_?)s?"
    r"|(?P<plural>[A-Z]{2,8}|PhD)s)(?!\w)"
)
_CAPITAL_INSIDE = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_FEWEST_LETTERS = 3
_PRICE = re.compile(
    r"(?P<sign>[$€£¥₹])\s?(?P<number>\d[\d.,]{0,20}[kKmM]?)|(?P<before>\d[\d.,]{0,20}[kKmM]?)\s?(?P<behind>[$€£¥₹])"
)
_LETTERS_WITH_POINTS = re.compile(r"(?:[^\W\d_]\.\s?){1,4}[^\W\d_]\.?")
_NO_DIGIT = re.compile(r"\D+")
# 15.500: where the comma is the decimal point.
_DOTTED = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_DECIMAL_COMMA = frozenset(
    ("cs", "da", "de", "es", "fr", "id", "it", "nb", "nl", "no", "pl", "pt", "ro", "ru", "sv", "tr")
)
# Vowels and tones of Thai, Lao, Burmese and Khmer are signs beside their letters.
_IN_WORDS = f"{_COMBINING}\u0e31-\u0e4e\u0eb1-\u0ece\u102b-\u103e\u17b4-\u17d3"
WRITTEN_WORD = re.compile(
    rf"(?:[$€£¥₹§]\s?|(?<![\w.])\.(?=[^\W\d_]{{2}}))?[\w{_IN_WORDS}]+(?:['’\-.&][\w{_IN_WORDS}]+|[,:/]\d+)*"
    r"(?:\+\+|[\#♯]|\s?[%‰٪])?"
)
"""A word as people write it, with the symbols that tell it from another ("C++", "$5M", "don't", "torch.nn.Linear")."""
_ARABIC_SIGNS = re.compile("[\u0640\u064b-\u065f\u0670]")
_ARABIC_LETTERS = str.maketrans("أإآٱى", "ااااي")
# Letters whose marks no normal form takes off; of "Işık" small letters are "işık" or "ışık".
_LIKE = str.maketrans("ıłøđħ", "ilodh")
_MARKS = re.compile("[\u0300-\u036f]")
# Where captions were joined: Chinese and Japanese have no space inside a word, nor between two.
_UNSPACED = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_JOINT = re.compile(rf"(?<=[{_UNSPACED}])[ \u3000](?=[{_UNSPACED}])")
_LONGEST_WORD = 64
# "C++": without its signs it is another language.
_SHORT_NAME = 4
# Texts up to this length are remembered with their terms: sentences are, whole documents are not.
_SENTENCE = 500
_STEMMERS = {
    "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english", "eo": "esperanto",
    "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish", "fr": "french", "ga": "irish",
    "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali", "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
    "yi": "yiddish",
}  # fmt: skip

# A stemmer keeps the word it works on in itself.
_STEMMING = threading.Lock()


def analyse(text: str, language: str | None) -> list[str]:
    """The terms that word search sees of a text, in order, function words included.

    Args:
        text: anything.
        language: of the text, as a tag (``"de"``, ``"pt-BR"``); None takes the one its letters suggest, and English
            for Latin letters.

    A run of paired characters gives each character and each pair, interleaved (``abc`` → a, ab, b, bc, c), so that
    a single character is found too and phrases stay adjacent, also over a space where two captions were joined.
    """
    if len(text) > _SENTENCE:
        return list(_terms(text, language))
    # English is what is read where no language is given: such a text is remembered once.
    return list(_terms_of_sentence(text, None if language == "en" and text.isascii() else language))


def _terms(text: str, language: str | None) -> Iterator[str]:
    for run, paired in _runs(text if text.isascii() else _JOINT.sub("", text)):
        if not paired:
            yield _term(run, language)
            continue
        for position, character in enumerate(run):
            yield character
            if position + 1 < len(run):
                yield run[position : position + 2]


@lru_cache(maxsize=20_000)
def _terms_of_sentence(text: str, language: str | None) -> tuple[str, ...]:
    """One question weighs each sentence four times, and the next one many of the same."""
    return tuple(_terms(text, language))


def query_terms(text: str, languages: Iterable[str | None] = (None,)) -> list[str]:
    """The different terms to look for any of, in order; without function words unless there is nothing else.

    Args:
        text: a question or keywords.
        languages: of the texts that are searched; a word is looked for in its form in each of them.
    """
    kept: dict[str, None] = {}
    common: dict[str, None] = {}
    known = list(dict.fromkeys(languages)) or [None]
    stops = stop_words(text)
    for run, paired in _runs(text):
        into = common if run in stops else kept
        if paired:
            for position in range(max(1, len(run) - 1)):
                pair = run[position : position + 2]
                (common if pair in stops else into)[pair] = None
        else:
            into.update(dict.fromkeys(_term(run, language) for language in known))
    return list(kept or common)


def phrases(text: str, languages: Iterable[str | None] = (None,)) -> list[list[str]]:
    """The runs of adjacent terms that a text which contains ``text`` has one of: one run a language."""
    found: dict[tuple[str, ...], None] = {}
    for language in dict.fromkeys(languages):
        terms: list[str] = []
        for run, paired in _runs(_JOINT.sub("", text)):
            if paired and len(run) > 1:
                terms += [run[at : at + size] for at in range(len(run) - 1) for size in (1, 2)][1:]
            else:
                terms.append(run if paired else _term(run, language))
        found[tuple(terms)] = None
    return [list(terms) for terms in found if terms]


def respaced(words: Sequence[str]) -> list[str]:
    """What words that stand next to each other are as one ("packed linear" → "packedlinear"), and words with a capital
    inside as two ("PackedLinear" → "Packed Linear"); of plain words of ``_FEWEST_LETTERS`` letters and more alone."""
    parted = [_CAPITAL_INSIDE.sub(" ", word) for word in words if _CAPITAL_INSIDE.search(word)]
    plain = [
        len(w) >= _FEWEST_LETTERS and w.isalpha() and w.casefold() not in STOP_WORDS["en"] for w in words
    ]
    joined = [
        f"{one}{two}".casefold() for at, (one, two) in enumerate(pairwise(words)) if all(plain[at : at + 2])
    ]
    return parted + joined


def turned(text: str) -> list[str]:
    """A price with its sign on the other side ("€3.50", "3.50 €"), an abbreviation with or without its spaces."""
    price = _PRICE.fullmatch(text)
    if price is not None:
        sign, number = price["sign"] or price["behind"], price["number"] or price["before"]
        return [f"{sign}{number}" if price["behind"] else f"{number} {sign}"]
    if _LETTERS_WITH_POINTS.fullmatch(text):
        bare = "".join(text.split())
        return [bare, bare.replace(".", ". ").strip()]
    return []


def fold(text: str) -> list[str]:
    """The words of a text as they stand, letter case, accents and compatibility forms aside; single characters of
    scripts without spaces."""
    words: list[str] = []
    for run, paired in _runs(text):
        words.extend(run if paired else [_without_marks(_ARABIC_SIGNS.sub("", run) or run)])
    return words


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """(folded run, whether it is of paired characters); words end at apostrophes."""
    text = _GROUPED.sub(lambda number: _NO_DIGIT.sub("", number.group()), text)
    text = _SPELLED.sub(_spelled, text)
    normal = unicodedata.normalize("NFKC", text).casefold().translate(_SIGNS_ALIKE)
    for match in _RUN.finditer(normal):
        run = match.group()[:_LONGEST_WORD] if match.lastgroup != "paired" else match.group()
        if match.lastgroup == "word" and len(run) > 2 and run[0] == ".":
            yield from ((run, False), (run[1:], False))
        elif match.lastgroup == "word" and len(run) > _SHORT_NAME and run.endswith("++"):
            yield from ((run[:-2], False), (run, False))
        else:
            yield _number(run) if match.lastgroup == "number" else run, match.lastgroup == "paired"


def _spelled(match: re.Match[str]) -> str:
    """The word that letters make, unless people would read another one ("U.S." is not "us")."""
    word = re.sub(r"[._]", "", match["letters"] or match["plural"])
    return match.group() if word.casefold() in STOP_WORDS["en"] else word


def _number(run: str) -> str:
    """A number as others write it: "1,000" and "1.000" are 1000, "3,5" is 3.5."""
    if _THOUSANDS.fullmatch(run):
        return run.replace("," if "," in run else ".", "")
    return run.replace(".", "").replace(",", ".") if "," in run else run


@lru_cache(maxsize=200_000)
def _term(word: str, language: str | None) -> str:
    """A folded word's stem, without marks. Stemmers want the marks, so these go last."""
    word = _ARABIC_SIGNS.sub("", word).translate(_ARABIC_LETTERS) or word
    code = (
        language.split("-")[0].lower() if language else next((c for c, s in SCRIPTS if s.search(word)), "en")
    )
    if code in _DECIMAL_COMMA and _DOTTED.fullmatch(word):
        return word.replace(".", "")
    if (light := LIGHT.get(code)) is not None:
        return _without_marks(light(word))
    if code == "pt":
        word = portuguese_singular(word)
    stemmer = _stemmer(code)
    if stemmer is None:
        return _without_marks(word)
    if (before := BEFORE.get(code)) is not None:
        word = before(word)
    with _STEMMING:
        stem = stemmer.stemWord(word)
    if (after := AFTER.get(code)) is not None:
        stem = after(stem)
    return _without_marks(stem or word)


def _without_marks(word: str) -> str:
    if word.isascii():
        return word
    bare = _MARKS.sub("", unicodedata.normalize("NFD", word)).translate(_LIKE)
    return unicodedata.normalize("NFC", bare) or word


@lru_cache(maxsize=64)
def _stemmer(code: str) -> Any:
    import snowballstemmer

    name = _STEMMERS.get(code)
    return snowballstemmer.stemmer(name) if name is not None else None
