"""Dates in titles, file names and questions: as numbers, the year first, or with the month's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

_MONTHS = (
    "january jan januar janvier enero gennaio janeiro января",
    "february feb februar février febrero febbraio fevereiro февраля",
    "march mar märz mars marzo março марта",
    "april apr avril abril aprile апреля",
    "may mai mayo maggio maio мая",
    "june jun juni juin junio giugno junho июня",
    "july jul juli juillet julio luglio julho июля",
    "august aug août agosto августа",
    "september sep sept septembre septiembre settembre setembro сентября",
    "october oct oktober octobre octubre ottobre outubro октября",
    "november nov novembre noviembre novembro ноября",
    "december dec dezember décembre diciembre dicembre dezembro декабря",
)
MONTH_NUMBERS = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
MONTH_NAME = "|".join(sorted(MONTH_NUMBERS, key=len, reverse=True))
_YEAR = r"((?:19|20)\d{2})"
_NUMBERS = re.compile(rf"(?<!\d){_YEAR}[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")
_EAST_ASIAN = re.compile(
    rf"(?:{_YEAR}\s?年\s?)?(?<!\d)(1[0-2]|0?[1-9])\s?月\s?(3[01]|[12]\d|0?[1-9])\s?[日号]"
)
# With dots the day is first everywhere; with strokes it depends on who writes, and is not read.
_DOTTED = re.compile(rf"(?<![\d.])(0?[1-9]|[12]\d|3[01])\.\s?(0?[1-9]|1[0-2])\.\s?{_YEAR}(?!\d)")
_ORDINAL = r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|\.|º|er)?"
_DAY_FIRST = re.compile(
    rf"{_ORDINAL}[\s_-]+(?:of\s+|de\s+)?({MONTH_NAME})(?![^\W_])\.?(?:,?[\s_-]+(?:de\s+)?{_YEAR}(?!\d))?",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    rf"(?<![^\W_])({MONTH_NAME})\.?[\s_-]+{_ORDINAL}(?![^\W_])(?:,?[\s_-]+{_YEAR}(?!\d))?", re.IGNORECASE
)
# (pattern, group of the year, of the month, of the day)
_FORMS = (
    (_NUMBERS, 1, 2, 3),
    (_EAST_ASIAN, 1, 2, 3),
    (_DOTTED, 3, 2, 1),
    (_DAY_FIRST, 3, 2, 1),
    (_MONTH_FIRST, 3, 1, 2),
)


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date where it stands in a text; ``year`` is None where none is written."""

    where: re.Match[str]
    year: int | None
    month: int
    day: int


def written_dates(text: str) -> Iterator[WrittenDate]:
    """The dates in a text, form by form; those that no calendar has are none, nor is "may 5"."""
    for pattern, year, month, day in _FORMS:
        for match in pattern.finditer(text):
            name = match[month]
            if name in ("may", "mar", "march", "mai") and not match[year]:
                continue  # in small letters it is another word
            number = int(name) if name.isdigit() else MONTH_NUMBERS[name.casefold()]
            try:
                date(int(match[year] or 2000), number, int(match[day]))
            except ValueError:
                continue
            yield WrittenDate(match, int(match[year]) if match[year] else None, number, int(match[day]))


@lru_cache(maxsize=1 << 15)  # lists ask for the same titles each time, at 35 µs each
def date_in(text: str) -> str | None:
    """The first date with a year in a title or file name, as ``YYYY-MM-DD``: ``20260308``, ``8 March 2026``, …"""
    whole = (found for found in written_dates(text) if found.year is not None)
    return next((f"{found.year}-{found.month:02d}-{found.day:02d}" for found in whole), None)


def day_of(time_s: float) -> str:
    """The day (UTC) of a time in seconds since 1970."""
    return datetime.fromtimestamp(time_s, UTC).date().isoformat()
