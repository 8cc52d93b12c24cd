"""Which language a text is in: by its script, by its function words, else by a classifier of letters.

The classifier is py3langid (naive Bayes over byte n-grams: Lui & Baldwin 2012, "langid.py: An off-the-shelf language
identification tool"; BSD), whose model travels in its wheel as plain arrays (4.5 MB; numpy loads it with
``allow_pickle=False``). It takes half a second and 100 MB when it is first needed, so function words go first: where
they told, they were never wrong in what follows. Of 92 short questions, keywords and names in 27 languages this gives
83 their right language or none, 7 none though they have one, and 2 a wrong one (both Ukrainian as Russian); function
words alone 31, 55 and 6. Of 24 sentences without punctuation, as recognisers write them, it names all, they 16. Of
1,835 headlines and questions in English one is taken for another language.
"""

from __future__ import annotations

import copy
import re
import unicodedata
from collections import Counter, defaultdict
from functools import cache, lru_cache
from tempfile import gettempdir
from typing import Any

from longvid_storage.errors import StorageFullError
from longvid_storage.text.stop_words import STOP_WORDS

SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u3400-\u9fff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("ar", re.compile("[\u0620-\u06ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
)
"""The most widely used language of each script that is not Latin."""
_SHARED_SCRIPTS = {
    "ar": ("ar", "fa", "ur"),
    "hi": ("hi", "mr", "ne"),
    "ru": ("ru", "uk", "bg", "be", "sr", "mk", "kk"),
}
_UKRAINIAN = re.compile("[іїєґ]", re.IGNORECASE)
# Without dialects and small neighbours of large languages, which short texts are mistaken for ("Wie repareert" for af).
_LATIN = (
    *(
        "en",
        "de",
        "fr",
        "es",
        "it",
        "pt",
        "nl",
        "sv",
        "da",
        "no",
        "fi",
        "et",
        "lv",
        "lt",
        "pl",
        "cs",
        "sk",
        "sl",
    ),
    *("hr", "hu", "ro", "tr", "az", "id", "tl", "vi", "ca", "is"),
)
_SURE = 0.5
_SURE_OF_FEW, _FEW = 0.7, 3  # titles and names ("Pinning attacks") look like many languages
_LETTERS = 20_000
_MANY_WORDS = 2_000
_WORD = re.compile(r"[^\W\d_]+")


@lru_cache(maxsize=256)  # one question is read by search, plan and answer, at 2 ms each
def guess_language(text: str) -> str | None:
    """The language of a text as a code of two letters; None when nothing tells it surely enough, as of one word."""
    sample = text[:_LETTERS]
    script = _script(sample)
    if script is not None:
        return _in_script(sample, script)
    words = _words(sample)
    if len(words) < 2:
        return None
    sure = _SURE if len(words) > _FEW else _SURE_OF_FEW
    return _by_function_words(words) or _classified(sample, _LATIN, sure)


@lru_cache(maxsize=256)
def stop_words(text: str) -> frozenset[str]:
    """The function words to leave out of a question: English ones, and those of the language that they are of.

    Without the classifier: where function words don't tell the language, there are none to leave out.
    """
    sample = text[:_LETTERS]
    language = _script(sample) or _by_function_words(_words(sample))
    return STOP_WORDS["en"] | STOP_WORDS.get(language or "en", frozenset())


def _script(text: str) -> str | None:
    """The most widely used language of a text's script; None where it is Latin, or none of these."""
    if text.isascii():
        return None
    letters = sum(character.isalpha() for character in text)
    for language, script in SCRIPTS:
        # Japanese mixes in Chinese characters: a fifth of kana is enough.
        if letters and len(script.findall(text)) >= letters / 5:
            return language
    return None


def _in_script(sample: str, language: str) -> str:
    if language not in _SHARED_SCRIPTS:
        return language
    if language == "ru" and _UKRAINIAN.search(sample):
        return _classified(sample, ("uk", "be", "kk")) or "uk"
    return _classified(sample, _SHARED_SCRIPTS[language]) or language


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())[:_MANY_WORDS]


def _by_function_words(words: list[str]) -> str | None:
    """The language whose function words are two at least, near a third of all, and twice those of any other."""
    counted = Counter(words)
    scores = Counter(dict.fromkeys(_latin_stops(), 0))
    languages = _languages_of_stops()
    for word, count in counted.items():
        for code in languages.get(word, ()):
            scores[code] += count
    (best, score), (_, second) = scores.most_common(2)
    several = len(counted.keys() & STOP_WORDS[best]) >= 2
    return best if several and score >= 2 * second and score >= 0.3 * len(words) else None


@cache
def _latin_stops() -> dict[str, frozenset[str]]:
    others = {code for code, _ in SCRIPTS}
    return {code: words for code, words in STOP_WORDS.items() if code not in others}


@cache
def _languages_of_stops() -> dict[str, list[str]]:
    found = defaultdict[str, list[str]](list)
    for code, words in _latin_stops().items():
        for word in words:
            found[word].append(code)
    return dict(found)


def _classified(sample: str, languages: tuple[str, ...], sure: float = _SURE) -> str | None:
    language, share = _identifier(languages).classify(sample)
    return str(language) if share >= sure else None


@cache
def _identifier(languages: tuple[str, ...]) -> Any:
    """The classifier for some languages; all share one model."""
    chosen = copy.copy(_model())
    chosen.set_languages(languages)
    return chosen


@cache
def _model() -> Any:
    from py3langid import langid

    try:
        return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    except OSError as error:  # py3langid unpacks its model into a temporary file
        raise StorageFullError(
            f"no room to unpack the model that tells languages apart ({error.strerror}): free some in {gettempdir()}"
        ) from error
