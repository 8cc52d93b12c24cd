"""Text → terms, the same for what is indexed and what is asked: the only module that knows languages.

Words are folded (compatibility forms, case, diacritics, Arabic vowel signs) and stemmed with the Snowball stemmer
of their language (Porter 2001, snowballstem.org). Scripts that write no spaces (Chinese, Japanese, Thai, Lao, Khmer,
Burmese), and Korean, whose words carry their particles, become overlapping pairs of characters, which find words
without a dictionary (Nie, Gao, Zhang & Zhou 2000, "On the use of words and n-grams for Chinese information
retrieval").
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from longvid_storage.text.stop_words import STOP_WORDS

_PAIRED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
# Combining marks belong to the word they stand in: Hindi and Arabic have them inside words.
_RUN = re.compile(f"([{_PAIRED}]+)|((?:(?![{_PAIRED}_])[\\w\u0300-\u036f\u064b-\u065f\u0670\u0900-\u0dff])+)")
_ARABIC_SIGNS = re.compile("[\u0640\u064b-\u065f\u0670]")
_ARABIC_LETTERS = str.maketrans("أإآٱى", "ااااي")
_MARKS = re.compile("[\u0300-\u036f]")
_LONGEST_WORD = 64
_MANY_WORDS = 2000
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u3400-\u9fff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("ar", re.compile("[\u0620-\u06ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
)
_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "nb": "norwegian",
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
    a single character is found too and phrases stay adjacent.
    """
    terms: list[str] = []
    for run, paired in _runs(text):
        if not paired:
            terms.append(_term(run, language))
            continue
        for position, character in enumerate(run):
            terms.append(character)
            terms.extend([run[position : position + 2]] if position + 1 < len(run) else [])
    return terms


def query_terms(text: str, languages: Iterable[str | None] = (None,)) -> list[str]:
    """The different terms to look for any of, in order; without function words unless there is nothing else.

    Args:
        text: a question or keywords.
        languages: of the texts that are searched; a word is looked for in its form in each of them.
    """
    kept: dict[str, None] = {}
    common: dict[str, None] = {}
    known = list(dict.fromkeys(languages)) or [None]
    asked_in = guess_language(text)
    stops = STOP_WORDS["en"] | STOP_WORDS.get(asked_in or "en", frozenset())
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
        for run, paired in _runs(text):
            if paired and len(run) > 1:
                terms += [run[at : at + size] for at in range(len(run) - 1) for size in (1, 2)][1:]
            else:
                terms.append(run if paired else _term(run, language))
        found[tuple(terms)] = None
    return [list(terms) for terms in found if terms]


def fold(text: str) -> list[str]:
    """The words of a text as they stand, letter case, accents and compatibility forms aside; single characters of
    scripts without spaces."""
    words: list[str] = []
    for run, paired in _runs(text):
        words.extend(run if paired else [_without_marks(_ARABIC_SIGNS.sub("", run) or run)])
    return words


def guess_language(text: str) -> str | None:
    """The language of a text by its script and its function words; None when they do not tell."""
    sample = text[:20_000]
    letters = sum(character.isalpha() for character in sample)
    for language, script in _SCRIPTS:
        # Japanese mixes in Chinese characters: a fifth of kana is enough.
        if letters and len(script.findall(sample)) >= letters / 5:
            return language
    words = Counter(run for run, _ in list(_runs(sample))[:_MANY_WORDS])
    total = sum(words.values())
    scores = {
        language: sum(words[word] for word in stops)
        for language, stops in STOP_WORDS.items()
        if language not in {code for code, _ in _SCRIPTS}
    }
    (best, score), (_, second) = Counter(scores).most_common(2)
    return best if total and score >= 3 and score > 1.2 * second and score >= total / 8 else None


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """(folded run, whether it is of paired characters); words end at apostrophes."""
    normal = unicodedata.normalize("NFKC", text).casefold()
    for match in _RUN.finditer(normal):
        paired = match.group(1)
        if paired:
            yield paired, True
        else:
            yield match.group(2)[:_LONGEST_WORD], False


@lru_cache(maxsize=200_000)
def _term(word: str, language: str | None) -> str:
    """A folded word's stem, without marks. Stemmers want the marks, so these go last."""
    word = _ARABIC_SIGNS.sub("", word).translate(_ARABIC_LETTERS) or word
    code = (
        language.split("-")[0].lower() if language else next((c for c, s in _SCRIPTS if s.search(word)), "en")
    )
    stemmer = _stemmer(code)
    if stemmer is None:
        return _without_marks(word)
    with _STEMMING:
        stem = stemmer.stemWord(word)
    return _without_marks(stem or word)


def _without_marks(word: str) -> str:
    if word.isascii():
        return word
    bare = _MARKS.sub("", unicodedata.normalize("NFD", word))
    return unicodedata.normalize("NFC", bare) or word


@lru_cache(maxsize=64)
def _stemmer(code: str) -> Any:
    import snowballstemmer

    name = _STEMMERS.get(code)
    return snowballstemmer.stemmer(name) if name is not None else None
