"""The days a text names: weekdays, months, and days of a month. Where evidence names another one, that is no detail."""

from __future__ import annotations

import re

from longvid_storage.text.dates import WEEKDAYS

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
_WORDS = frozenset(["march", "may", "mars", "mayo", "august"])
_NAMED = re.compile(rf"\b(?:{'|'.join(_NAMES)})\b", re.IGNORECASE)
_ORDINAL = re.compile(r"\b([12]?\d|3[01])(?:st|nd|rd|th)\b", re.IGNORECASE)

Day = tuple[str, str, int]


def days_in(text: str) -> set[Day]:
    """``("weekday", "Tuesday", 2)``, ``("month", "mai", 5)``, ``("day", "3rd", 3)``, named as the text names them."""
    found = {("day", match.group(), int(match.group(1))) for match in _ORDINAL.finditer(text)}
    for match in _NAMED.finditer(text):
        name = match.group()
        if name not in _WORDS:
            found.add((_NAMES[name.casefold()][0], name, _NAMES[name.casefold()][1]))
    return found
