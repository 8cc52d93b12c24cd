"""Which days a question asks about, by the calendar and by the clock; and the day of a video."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from longvid_storage.text.dates import MONTH_NAME, MONTH_NUMBERS, date_in, written_dates
from longvid_storage.types import VideoCard

LEAD = r"(?:(?:on|of|from|in|at|am|vom|du|del|le|el|seit)\s+(?:the\s+)?)?"
KIND = (
    "meeting|call|video|recording|session|lecture|talk|episode|standup|stand-up|sync|film|class|interview|podcast"
    "|course"
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = "|".join(_DAYS)
_MONTH = f"(?P<month>{MONTH_NAME})"
# What the clock makes of a word: days from today, first and last.
_RELATIVE = (
    (r"the day before yesterday|vorgestern|anteayer|前天|おととい", -2),
    (r"yesterday|gestern|ayer|вчера|昨天|昨日", -1),
    (r"today|this morning|this afternoon|heute|hoy|сегодня|今天|今日", 0),
)
_CLOCK = tuple((re.compile(rf"(?<!\w){LEAD}(?:{words})(?:'s)?(?!\w)", re.I), at) for words, at in _RELATIVE)
_AGO = re.compile(r"\b(\d{1,3}|a|one|two|three|four|five|six) (day|week)s? ago\b", re.IGNORECASE)
_COUNTS = {word: number for number, word in enumerate(["one", "two", "three", "four", "five", "six"], 1)} | {
    "a": 1
}
_SPAN = re.compile(
    rf"\b{LEAD}(?P<which>last|this|the last|the past|past|previous|the previous) (?P<unit>week|month|year)\b(?!\s+end)",
    re.IGNORECASE,
)
_LAST_DAY = re.compile(rf"\b{LEAD}(?:last|this past|previous) (?P<day>{_DAY})(?:'s)?\b", re.IGNORECASE)
_DAYS_OWN = re.compile(rf"\b{LEAD}(?:the )?(?P<day>{_DAY})(?:'s)?(?= (?:\w+ )?(?:{KIND})\b)", re.IGNORECASE)
_OF_DAY = re.compile(rf"\b(?:{KIND}) (?P<words>(?:on|of|from) (?P<day>{_DAY})\b)", re.IGNORECASE)
_ON_DAY = re.compile(rf"\bon (?P<day>{_DAY})\b", re.IGNORECASE)
_IN_MONTH = re.compile(rf"\b(?:in|of|from|im) {_MONTH} (?P<year>(?:19|20)\d{{2}})\b", re.IGNORECASE)
# A month alone is that of a recording where the question asks what was said or decided then: "in March" may also be
# when something is to happen.
_MONTHS_ALONE = re.compile(
    rf"\b(?:(?:in|during|of|from|between|im|en) |(?=\w+(?:'s)? (?:\w+ ){{0,2}}(?:{KIND})\b)){_MONTH}(?:'s)?"
    rf"(?: (?:and|to|until) (?P<until>{MONTH_NAME}))?(?!\w|\.? \d)",
    re.IGNORECASE,
)
_YEAR_ALONE = re.compile(r"\b(?:in|during|from|of|im|en|nel|em|в) ((?:19|20)\d{2})\b(?![-.]\d)")
_REPORTED = re.compile(
    rf"\b(?:said|say|sa[iy]s|told|decid\w+|discuss\w*|talk\w*|mention\w*|happened|agreed|changed|promised|presented"
    rf"|summar\w+|action (?:items?|points?)|decisions?|open questions?|(?:{KIND})s?"
    r"|gesagt|beschlossen|entschieden|besprochen|dit|décidé|discuté|dijo|dicho|decidió|decidi\w+|habló|detto|deciso"
    r"|сказал\w*|решил\w*|обсуждал\w*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class AskedDays:
    """Days from ``first`` to ``last`` (inclusive), of any year where ``year_open``.

    ``words`` are those of the question, ``told`` how it is named to the reader. ``surely``: nothing but a date can be
    meant; else ("on Saturday") it is one only where a video is of that day.
    """

    words: str
    first: date
    last: date
    told: str
    year_open: bool = False
    surely: bool = True

    def __contains__(self, day: str) -> bool:
        if self.year_open:
            return self.first.isoformat()[5:] <= day[5:] <= self.last.isoformat()[5:]
        return self.first.isoformat() <= day <= self.last.isoformat()


def day_of_video(card: VideoCard) -> str | None:
    """The day in a video's title, its file's name or its folder's, else in the media; not when its file was copied."""
    parts = [card.title, *reversed(re.split(r"[\\/]", card.path))]
    return next((found for part in parts[:3] if (found := date_in(part))), card.recorded_on)


def days_asked(question: str, today: date) -> Iterator[AskedDays]:
    """Every date and relative day in a question."""
    yield from _written(question)
    yield from _by_clock(question, today)
    yield from _weekdays(question, today)
    for match in _IN_MONTH.finditer(question):
        first = date(int(match["year"]), MONTH_NUMBERS[match["month"].casefold()], 1)
        yield AskedDays(match.group(), first, _month_end(first), f"{first:%Y-%m}")
    if _REPORTED.search(question) and (year := _YEAR_ALONE.search(question)):
        first, last = date(int(year[1]), 1, 1), date(int(year[1]), 12, 31)
        yield AskedDays(year.group(), first, last, year[1], surely=False)
    if _REPORTED.search(question) and (alone := _month_alone(question)):
        names = [alone["month"], alone["until"] or alone["month"]]
        first, last = (date(2000, MONTH_NUMBERS[name.casefold()], 1) for name in names)
        if first <= last and all(name[0].isupper() for name in names):  # "in may" is no month
            told = " to ".join(dict.fromkeys(names))
            yield AskedDays(alone.group(), first, _month_end(last), told, year_open=True, surely=False)


def _month_alone(question: str) -> re.Match[str] | None:
    taken = [found.where.span() for found in written_dates(question)]
    for match in _MONTHS_ALONE.finditer(question):
        if not any(begin <= match.start("month") < end for begin, end in taken):
            return match
    return None


def _written(question: str) -> Iterator[AskedDays]:
    for found in written_dates(question):
        day = date(found.year or 2000, found.month, found.day)  # a leap year, where none is written
        words = found.where.group()
        lead = re.search(LEAD + re.escape(words), question, re.IGNORECASE)
        told = day.isoformat() if found.year else words.strip()
        yield AskedDays(lead.group() if lead else words, day, day, told, year_open=found.year is None)


def _by_clock(question: str, today: date) -> Iterator[AskedDays]:
    for pattern, days in _CLOCK:
        if match := pattern.search(question):
            yield _one(match.group(), today + timedelta(days))
            break
    for match in _AGO.finditer(question):
        count = int(match[1]) if match[1].isdigit() else _COUNTS[match[1].casefold()]
        if match[2].casefold() == "day":
            yield _one(match.group(), today - timedelta(count))
        else:
            yield _span(match.group(), _monday(today) - timedelta(7 * count), 7)
    for match in _SPAN.finditer(question):
        earlier = match["which"].casefold() != "this"
        if match["unit"].casefold() == "week":
            yield _span(match.group(), _monday(today) - timedelta(7 * earlier), 7)
        elif match["unit"].casefold() == "month":
            first = today.replace(day=1)
            first = (first - timedelta(1)).replace(day=1) if earlier else first
            yield _span(match.group(), first, _month_end(first).day)
        else:
            first = date(today.year - earlier, 1, 1)
            yield _span(match.group(), first, (date(first.year, 12, 31) - first).days + 1)


def _weekdays(question: str, today: date) -> Iterator[AskedDays]:
    """The last day of that name before today, where the question surely means the day of a recording."""
    for pattern in (_LAST_DAY, _DAYS_OWN, _OF_DAY, _ON_DAY):
        if match := pattern.search(question):
            back = (today.weekday() - _DAYS.index(match["day"].casefold()) - 1) % 7 + 1
            words = match["words"] if pattern is _OF_DAY else match.group()
            found = _one(words, today - timedelta(back))
            yield replace(found, surely=pattern is not _ON_DAY)
            return


def _one(words: str, day: date) -> AskedDays:
    return AskedDays(words, day, day, f"{day} ({words.strip()})")


def _span(words: str, first: date, days: int) -> AskedDays:
    last = first + timedelta(days - 1)
    return AskedDays(words, first, last, f"from {first} to {last} ({words.strip()})")


def _monday(day: date) -> date:
    return day - timedelta(day.weekday())


def _month_end(first: date) -> date:
    return (first.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
