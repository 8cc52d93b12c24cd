"""Times and days a text names, in digits or in words: a model never writes one that nobody in the video said."""

from __future__ import annotations

import re
import unicodedata

from longvid_agents.checks.numbers import named_numbers
from longvid_storage.text.dates import WEEKDAYS

_UNITS = {
    "hour": "hours? hrs? stunden? heures? horas? ore часов часа час 小时 小時 点钟 點鐘 時間",
    "minute": "minutes? mins? minuten? minutos? minut[oi] минут[аы]? 分钟 分鐘 分 분",
    "second": "seconds? secs? sekunden? secondes? segundos? second[oi] секунд[аы]? 秒钟 秒鐘 秒 초",
}
_CLOCK = re.compile(r"(?<![\d:])(?:\d{1,2}:)?\d{1,3}:\d{2}(?![\d:])|(?<!\d)\d{1,2} ?h ?\d{2}(?!\d)")
# At most five words: "quatre-vingt-dix-sept".
_NUMBER = r"(?:\d[\d.,]{0,30}|[〇零一二两三四五六七八九十百]{1,20}|[^\W\d_]{1,30}(?:[- ][^\W\d_]{1,30}){0,4})"
# A unit of letters is a word: "more" is no "ore" (hours), and "五分" is five minutes.
_WORD = r"(?<![a-zа-яà-ÿ])(?=[a-zа-я])|(?![a-zа-я])"
_BEFORE = {unit: re.compile(rf"({_NUMBER})[\s-]{{0,9}}(?:{_WORD})(?:{'|'.join(words.split())})(?![a-zа-я])", re.I)
           for unit, words in _UNITS.items()}  # fmt: skip
_AFTER = {unit: re.compile(rf"(?<!\w)(?:{'|'.join(words.split())})\s+({_NUMBER})", re.I)
          for unit, words in _UNITS.items()}  # fmt: skip

Time = tuple[str, float]

_MONTHS = """january januar janvier enero|february februar février febrero|march märz mars marzo|april avril abril
    |may mai mayo|june juni juin junio|july juli juillet julio|august août agosto
    |september septembre septiembre|october oktober octobre octubre|november novembre noviembre
    |december dezember décembre diciembre"""
_NAMES = {
    name: (kind, number)
    for kind, listed in (("weekday", WEEKDAYS), ("month", tuple(_MONTHS.split("|"))))
    for number, names in enumerate(listed, 1)
    for name in names.split()
}
# Words of their own, which name a month only with a capital letter.
_ALSO_WORDS = frozenset(["march", "may", "mars", "mayo", "august"])
_NAMED = re.compile(rf"\b(?:{'|'.join(_NAMES)})\b", re.IGNORECASE)
_ORDINAL = re.compile(r"\b([12]?\d|3[01])(?:st|nd|rd|th)\b", re.IGNORECASE)

Day = tuple[str, str, int]


def times_in(text: str, language: str | None = None) -> set[Time]:
    """Clock times as ``("clock", seconds)`` and counted ones as ``("minute", 12.0)``: "at 12:30", "minute twelve"."""
    text = unicodedata.normalize("NFKC", text)
    found: set[Time] = set()
    for match in _CLOCK.finditer(text):
        parts = [int(part) for part in re.split(r"\D+", match.group()) if part]
        found.add(("clock", float(sum(part * 60**place for place, part in enumerate(reversed(parts))))))
    for unit in _UNITS:
        for match in _BEFORE[unit].finditer(text):  # "one of the five minutes": the last one counts them
            named = list(named_numbers(match.group(1), language, lone=True))
            found |= {(unit, value) for readings in named[-1:] for value in readings}
        for match in _AFTER[unit].finditer(text):  # "the second one" is no time
            found |= {(unit, readings[0]) for readings in named_numbers(match.group(1), language)}
    return found


def days_in(text: str) -> set[Day]:
    """``("weekday", "Tuesday", 2)``, ``("month", "mai", 5)``, ``("day", "3rd", 3)``, named as the text names them."""
    found = {("day", match.group(), int(match.group(1))) for match in _ORDINAL.finditer(text)}
    for match in _NAMED.finditer(text):
        name = match.group()
        if name not in _ALSO_WORDS:
            found.add((_NAMES[name.casefold()][0], name, _NAMES[name.casefold()][1]))
    return found
