"""Dates in titles, file names and questions: as numbers, the year first, or with the month's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

# English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Danish, Russian, Ukrainian, Polish, Czech,
# Romanian, Turkish, Greek, Hindi, Indonesian: in the form that stands beside a day.
_MONTHS = (
    "january jan januar janvier enero gennaio janeiro januari января січня stycznia ledna ianuarie ocak "
    "ιανουαρίου जनवरी",
    "february feb februar février febrero febbraio fevereiro februari февраля лютого lutego února februarie şubat "
    "φεβρουαρίου फ़रवरी फरवरी",
    "march mar märz mars marzo março maart marts марта березня marca března martie mart μαρτίου मार्च maret",
    "april apr avril abril aprile апреля квітня kwietnia dubna aprilie nisan απριλίου अप्रैल",
    "may mai mayo maggio maio mei maj мая травня maja května mayıs μαΐου मई",
    "june jun juni juin junio giugno junho июня червня czerwca června iunie haziran ιουνίου जून",
    "july jul juli juillet julio luglio julho июля липня lipca července iulie temmuz ιουλίου जुलाई",
    "august aug août agosto augustus augusti августа серпня sierpnia srpna ağustos αυγούστου अगस्त agustus",
    "september sep sept septembre septiembre settembre setembro сентября вересня września září septembrie eylül "
    "σεπτεμβρίου सितंबर सितम्बर",
    "october oct oktober octobre octubre ottobre outubro октября жовтня października října octombrie ekim οκτωβρίου "
    "अक्टूबर अक्तूबर",
    "november nov novembre noviembre novembro ноября листопада listopada listopadu noiembrie kasım "
    "νοεμβρίου नवंबर नवम्बर",
    "december dec dezember décembre diciembre dicembre dezembro декабря грудня grudnia prosince decembrie aralık "
    "δεκεμβρίου दिसंबर दिसम्बर desember",
)
WEEKDAYS = (
    "monday montag lundi lunes",
    "tuesday dienstag mardi martes",
    "wednesday mittwoch mercredi miércoles miercoles",
    "thursday donnerstag jeudi jueves",
    "friday freitag vendredi viernes",
    "saturday samstag samedi sábado sabado",
    "sunday sonntag dimanche domingo",
)
WEEKDAY_NAME = "|".join(name for names in WEEKDAYS for name in names.split())
MONTH_NUMBERS = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
MONTH_NAME = "|".join(sorted(MONTH_NUMBERS, key=len, reverse=True))
_YEAR = r"((?:19|20)\d{2})"
_NUMBERS = re.compile(rf"(?<!\d){_YEAR}[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")
# One digit only between strokes of one kind: "2024.3.4" is as likely a version.
_SHORT_NUMBERS = re.compile(rf"(?<![\d/-]){_YEAR}([-_/])(1[0-2]|0?[1-9])\2(3[01]|[12]\d|0?[1-9])(?![\d/-])")
_EAST_ASIAN = re.compile(
    rf"(?:{_YEAR}\s?[年년]\s?)?(?<!\d)(1[0-2]|0?[1-9])\s?[月월]\s?(3[01]|[12]\d|0?[1-9])\s?[日号일]"
)
# With dots the day is first everywhere; with strokes it depends on who writes, and is read where one is no month.
_DOTTED = re.compile(rf"(?<![\d.])(0?[1-9]|[12]\d|3[01])\.\s?(0?[1-9]|1[0-2])\.\s?{_YEAR}(?!\d)")
_STROKES_DAY = re.compile(rf"(?<![\d/])(1[3-9]|2\d|3[01])/(0?[1-9]|1[0-2])/{_YEAR}(?![\d/])")
_STROKES_MONTH = re.compile(rf"(?<![\d/])(0?[1-9]|1[0-2])/(1[3-9]|2\d|3[01])/{_YEAR}(?![\d/])")
_ORDINAL = r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|\.|º|er)?"
_DAY_FIRST = re.compile(
    rf"{_ORDINAL}[\s_-]+(?:of\s+|de\s+)?({MONTH_NAME})(?![^\W_])\.?(?:,?[\s_-]+(?:de\s+)?{_YEAR}(?!\d))?",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    rf"(?<![^\W_])(?<!\d-)({MONTH_NAME})\.?[\s_-]+{_ORDINAL}(?![^\W_])(?:,?[\s_-]+{_YEAR}(?!\d))?",
    re.IGNORECASE,
)
# "04-Mar-24", as mail programs and spreadsheets write it.
_SHORT_YEAR = re.compile(rf"(?<!\d)(\d{{1,2}})-({MONTH_NAME})-(\d{{2}})(?!\d)", re.IGNORECASE)
# (pattern, group of the year, of the month, of the day)
_FORMS = (
    (_NUMBERS, 1, 2, 3),
    (_SHORT_NUMBERS, 1, 3, 4),
    (_SHORT_YEAR, 3, 2, 1),
    (_EAST_ASIAN, 1, 2, 3),
    (_DOTTED, 3, 2, 1),
    (_STROKES_DAY, 3, 2, 1),
    (_STROKES_MONTH, 3, 1, 2),
    (_DAY_FIRST, 3, 2, 1),
    (_MONTH_FIRST, 3, 1, 2),
)


# In small letters these are other words, but for who writes all so: "on march 4".
_OTHER_WORDS = ("may", "mar", "mart", "march", "mai")
_BEFORE_A_DAY = re.compile(
    r"\b(?:on|of|from|since|until|before|after|le|du|am|vom|el|del|il)\s+(?:the\s+)?\Z", re.IGNORECASE
)
_LEAD = 16


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date where it stands in a text; ``year`` is None where none is written."""

    where: re.Match[str]
    year: int | None
    month: int
    day: int


def written_dates(text: str) -> Iterator[WrittenDate]:
    """The dates in a text, form by form; those that no calendar has are none, nor is "may 5" (but "on may 5")."""
    taken: list[tuple[int, int]] = []
    for pattern, year, month, day in _FORMS:
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            name = match[month]
            before = text[max(0, match.start() - _LEAD) : match.start()]
            if name in _OTHER_WORDS and not match[year] and not _BEFORE_A_DAY.search(before):
                continue
            number = int(name) if name.isdigit() else MONTH_NUMBERS[name.casefold()]
            full = None if not match[year] else int(match[year]) + (2000 if len(match[year]) == 2 else 0)
            try:
                date(full or 2000, number, int(match[day]))
            except ValueError:
                continue
            taken.append(match.span())
            yield WrittenDate(match, full, number, int(match[day]))


@lru_cache(maxsize=1 << 15)  # lists ask for the same titles each time, at 35 µs each
def date_in(text: str) -> str | None:
    """The first date with a year in a title or file name, as ``YYYY-MM-DD``: ``20260308``, ``8 March 2026``, …"""
    whole = (found for found in written_dates(text) if found.year is not None)
    return next((f"{found.year}-{found.month:02d}-{found.day:02d}" for found in whole), None)


def day_of(time_s: float) -> str:
    """The day (UTC) of a time in seconds since 1970."""
    return datetime.fromtimestamp(time_s, UTC).date().isoformat()
