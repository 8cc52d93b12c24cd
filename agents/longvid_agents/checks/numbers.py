"""The numbers a text names, in digits or in words, so that "9,000" and "nine thousand" are the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from longvid_storage.text.analysis import analyse

_EN_UNITS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen"""
_EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_DE = """null zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn
    achtzehn neunzehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert tausend"""
_FR = """zéro deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt trente
    quarante cinquante soixante cent mille"""
_ES = """cero dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete
    dieciocho diecinueve veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien mil"""


def _numbered(words: str, values: tuple[int, ...]) -> dict[str, int]:
    return dict(zip(words.split(), values, strict=True))


_EN_SCALES: dict[str, float] = {
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
}
_TENS = frozenset(_EN_TENS.split())
_EN = _numbered(_EN_UNITS, tuple(range(20))) | _numbered(_EN_TENS, tuple(range(20, 100, 10))) | {"dozen": 12}
# One word each; compounds of these languages are left to the model.
_WORDS: dict[str, dict[str, int]] = {
    "de": _numbered(_DE, (0, *range(2, 20), *range(20, 100, 10), 100, 1000)),
    "fr": _numbered(_FR, (0, *range(2, 17), *range(20, 70, 10), 100, 1000)),
    "es": _numbered(_ES, (0, *range(2, 21), *range(30, 100, 10), 100, 1000)),
}
_SCALES: dict[str, float] = dict(_EN_SCALES) | {
    "k": 1e3,
    "mille": 1e3,
    "bn": 1e9,
    "mio": 1e6,
    "millionen": 1e6,
}
_SCALES |= {
    "millones": 1e6,
    "millions": 1e6,
    "百": 1e2,
    "千": 1e3,
    "万": 1e4,
    "萬": 1e4,
    "亿": 1e8,
    "億": 1e8,
}
_DIGITS = re.compile(
    r"(?<![\w.,])\d(?:[\d.,'’\u00a0\u202f]*\d)?(?![\w])"
    r"|(?<=[^\x00-\u024f])\d(?:[\d.,]*\d)?|\d(?:[\d.,]*\d)?(?=[^\x00-\u024f])"  # 有3个: no space around
)
_SCALE = re.compile(
    r"[\s\u00a0-]*(" + "|".join(sorted(_SCALES, key=len, reverse=True)) + r")(?![a-z])", re.IGNORECASE
)
_HAN = re.compile("[〇零一二两兩三四五六七八九十百千万萬亿億]+")
_HAN_DIGITS = dict(zip("零〇一二两兩三四五六七八九", (0, 0, 1, 2, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_HAN_SCALES = {"十": 10, "百": 100, "千": 1_000}
_HAN_GROUPS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_LATIN_WORD = re.compile(r"[^\W\d_]+")


def numbers_in(text: str, language: str | None = None) -> set[float]:
    """Every number of ``text`` in each way it can be read ("9.000" is 9 and 9000; "9.5 million" is 9500000 and 9.5)."""
    return {value for readings in named_numbers(text, language, lone=True) for value in readings}


def named_numbers(
    text: str, language: str | None = None, *, lone: bool = False
) -> Iterator[tuple[float, ...]]:
    """The numbers in order, each as the tuple of its readings, the likeliest first.

    A lone "one" (or 一) counts only when ``lone``: it is an article or a pronoun more often than a number.
    """
    text = unicodedata.normalize("NFKC", text)
    for match in _DIGITS.finditer(text):
        plain = _readings(match.group())
        scale = _SCALE.match(text, match.end())
        if scale:
            factor = _SCALES[scale.group(1).lower()]
            yield (*(value * factor for value in plain), *(plain if lone else ()))
        elif plain:
            yield plain
    yield from ((value,) for value in _han(text, lone))
    if language in _WORDS:
        known = _WORDS[language]
        yield from ((float(known[w]),) for w in _LATIN_WORD.findall(text.casefold()) if w in known)
    else:
        yield from ((value,) for value in _english(text, lone))


def names_number(word: str) -> bool:
    """Whether a stemmed word alone is a number or a part of one: digits, "nine", "thousand"."""
    return any(map(str.isdigit, word)) or word in _number_stems() or bool(_HAN.fullmatch(word))


@cache
def _number_stems() -> frozenset[str]:
    return frozenset(analyse(" ".join([*_EN, *_EN_SCALES]), "en"))


def _readings(digits: str) -> tuple[float, ...]:
    """ "1,250.5" → 1250.5; "9.000" → 9000 and 9; "3,5" → 3.5."""
    bare = re.sub(r"['’\u00a0\u202f]", "", digits)
    bare = "".join(str(unicodedata.digit(sign)) if sign.isdigit() else sign for sign in bare)
    found: list[float] = []
    for group, point in ((",", "."), (".", ",")):
        if re.fullmatch(rf"\d{{1,3}}(?:\{group}\d{{3}})+(?:\{point}\d+)?", bare):
            found.append(float(bare.replace(group, "").replace(point, ".")))
        if re.fullmatch(rf"\d+(?:\{point}\d+)?", bare):
            found.append(float(bare.replace(point, ".")))
    if not found:  # a version, a date: its parts
        found = [float(part) for part in re.split(r"[.,]", bare) if part]
    return tuple(dict.fromkeys(found))


def _english(text: str, lone: bool) -> Iterator[float]:
    """Runs of number words, added up as they are spoken."""
    total = current = 0.0
    run: list[str] = []
    for word in [*re.findall(r"[a-z]+|[^a-z\s-]", text.casefold()), "."]:
        if word == "and" and run and run[-1] in _EN_SCALES:
            continue
        if word in _EN_SCALES and run:
            current *= _EN_SCALES[word]
            if word != "hundred":
                total, current = total + current, 0.0
        elif word in _EN and (not run or run[-1] in _EN_SCALES or (run[-1] in _TENS and _EN[word] < 10)):
            current += _EN[word]
        else:
            if len(run) > 1 or (run and (lone or run[0] not in ("one", "a"))):
                yield total + current
            run, total = [], 0.0
            current = 1.0 if word == "a" else float(_EN.get(word, 0))
            if word in _EN or word == "a":
                run = [word]
            continue
        run.append(word)


def _han(text: str, lone: bool) -> Iterator[float]:
    for match in _HAN.finditer(text):
        run = match.group()
        if not (run in "一" and not lone) and not set(run) <= set(_HAN_GROUPS) | {"千", "百"}:
            yield _han_value(run)


def _han_value(run: str) -> float:
    if all(sign in _HAN_DIGITS for sign in run):  # digit by digit: 二〇二四
        return float(int("".join(str(_HAN_DIGITS[sign]) for sign in run)))
    total = group = digit = 0
    for sign in run:
        if sign in _HAN_DIGITS:
            digit = _HAN_DIGITS[sign]
        elif sign in _HAN_SCALES:
            group += (digit or 1) * _HAN_SCALES[sign]
            digit = 0
        else:
            total += ((group + digit) or 1) * _HAN_GROUPS[sign]
            group = digit = 0
    return float(total + group + digit)
