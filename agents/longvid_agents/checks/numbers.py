"""The numbers a text names, in digits or in words, so that "9,000" and "nine thousand" are the same.

Words of European languages are read by text2num (github.com/allo-media/text2num-rs), which knows how they are put
together ("quatre-vingt-dix-sept", "zweitausenddreihundert"); Chinese numerals here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from text_to_num import find_numbers

from longvid_storage.text.analysis import analyse

_LANGUAGES = frozenset(["da", "de", "en", "es", "fr", "it", "nl", "pt"])
_ENGLISH = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion
    dozen"""
_DOZENS = {"dozen": "twelve", "dutzend": "zwölf", "douzaine": "douze", "docena": "doce", "dozzina": "dodici"}
# Said alone, these count nothing: "millions of people".
_VAGUE_WORDS = """hundreds thousands millions billions hunderte tausende millionen milliarden milliards miles cientos
    millones milioni miliardi milhões miljoenen miljarden millioner"""
_VAGUE = frozenset(_VAGUE_WORDS.split())
_SCALES = {
    **dict.fromkeys(["k", "thousand", "mille", "千"], 1e3),
    **dict.fromkeys(["million", "millions", "mio", "millionen", "millones"], 1e6),
    **dict.fromkeys(["billion", "bn"], 1e9),
    **dict.fromkeys(["hundred", "百"], 1e2),
    **dict.fromkeys(["万", "萬"], 1e4),
    **dict.fromkeys(["亿", "億"], 1e8),
}
# A run of more digits is no number that anybody says.
_DIGITS = re.compile(
    r"(?<![\w.,])\d(?:[\d.,'’\u00a0\u202f]{0,60}\d)?(?![\w])"
    r"|(?<=[^\x00-\u024f])\d(?:[\d.,]{0,60}\d)?|\d(?:[\d.,]{0,60}\d)?(?=[^\x00-\u024f])"  # 有3个: no space around
)
_SCALE = re.compile(
    r"[\s\u00a0-]*(" + "|".join(sorted(_SCALES, key=len, reverse=True)) + r")(?![a-z])", re.IGNORECASE
)
_HAN = re.compile("[〇零一二两兩三四五六七八九十百千万萬亿億]{1,60}")
_HAN_DIGITS = dict(zip("零〇一二两兩三四五六七八九", (0, 0, 1, 2, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_HAN_SCALES = {"十": 10, "百": 100, "千": 1_000}
_HAN_GROUPS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
# Words, and marks between them, which end a number.
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|[^\w\s'’-]")


@dataclass(frozen=True, slots=True)
class _Token:
    """A word as text2num wants it."""

    word: str

    def text(self) -> str:
        return self.word

    def nt_separated(self, previous: _Token) -> bool:
        return False

    def not_a_number_part(self) -> bool:
        return False


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
    words, end = [], 0
    for match in _DIGITS.finditer(text):
        words.append(text[end : match.start()])
        end = match.end()
        plain = _readings(match.group())
        scale = _SCALE.match(text, match.end())
        if scale:
            end = scale.end()
            factor = _SCALES[scale.group(1).lower()]
            yield (*(value * factor for value in plain), *(plain if lone else ()))
        elif plain:
            yield plain
    yield from ((value,) for value in _han(text, lone))
    yield from ((value,) for value in _spoken(" . ".join([*words, text[end:]]), language, lone))


def names_number(word: str) -> bool:
    """Whether a stemmed word alone is a number or a part of one: digits, "nine", "thousand"."""
    return any(map(str.isdigit, word)) or word in _number_stems() or bool(_HAN.fullmatch(word))


@cache
def _number_stems() -> frozenset[str]:
    return frozenset(analyse(_ENGLISH, "en"))


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


def _spoken(text: str, language: str | None, lone: bool) -> Iterator[float]:
    """Numbers in words. Ordinals are none, and languages that text2num does not know have none."""
    code = language.split("-")[0].lower() if language else "en"
    if code not in _LANGUAGES:
        return
    words = [_DOZENS.get(word, word) for word in _TOKEN.findall(text.casefold())]
    values: list[float] = []
    end = -1
    for found in find_numbers([_Token(word) for word in words], code, threshold=0):
        value, word = float(found.value), words[found.start]
        alone = found.end - found.start == 1
        if found.start == end and value >= 1_000 and not values[-1].is_integer():
            values[-1] *= value  # "nine point five" "million"
        elif not found.is_ordinal and not (alone and (word in _VAGUE or (value == 1 and not lone))):
            values.append(value)
            end = found.end
    yield from values


def _han(text: str, lone: bool) -> Iterator[float]:
    for match in _HAN.finditer(text):
        run = match.group()
        if not (run in "一" and not lone) and not set(run) <= set(_HAN_GROUPS) | {"千", "百"}:
            yield _han_value(run)


def _han_value(run: str) -> float:
    if all(sign in _HAN_DIGITS for sign in run):  # digit by digit: 二〇二四
        return float("".join(str(_HAN_DIGITS[sign]) for sign in run))
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
