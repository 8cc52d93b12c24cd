"""Which days a question asks about, by the calendar and by the clock; and the day of a video."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice

from longvid_agents import day_words as say
from longvid_storage.text.dates import MONTH_NUMBERS, WrittenDate, date_in, written_dates
from longvid_storage.types import VideoCard

# Of a question with more dates these are read, and so many letters before each.
_MOST_DATES, _BEFORE = 24, 40
_SLASHED = re.compile(
    r"(?:\b(?:on|of|from|am|vom|le|el|il) )?(?<![\d/])(0?[1-9]|[12]\d|3[01])/(0?[1-9]|[12]\d|3[01])/((?:19"
    r"|20)\d\d)(?![\d/])",
    re.IGNORECASE,
)
_MONTHS = 12
_NO_MONTHS = ("may", "march", "mar")  # in small letters


@dataclass(frozen=True, slots=True)
class AskedDays:
    """Days from ``first`` to ``last`` (inclusive), of any year where ``year_open``.

    ``words`` are those of the question, ``told`` how it is named to the reader. ``surely``: nothing but a date can be
    meant; else ("on Saturday") it is one only where a video is of that day. ``month_open``: the day of any month, and
    then a ``weekday`` (0 is Monday) if one is named; the newest of them is meant. ``other``: the day that others read
    in it ("12/3/2024"). ``unless_said``: a month that may be what is asked about, if anybody says it.
    """

    words: str
    first: date
    last: date
    told: str
    year_open: bool = False
    surely: bool = True
    weekday: int | None = None
    month_open: bool = False
    other: date | None = None
    unless_said: str = ""

    def __contains__(self, day: str) -> bool:
        if not day:
            return False
        if self.other is not None and day == self.other.isoformat():
            return True
        if self.month_open:
            right = self.weekday is None or date.fromisoformat(day).weekday() == self.weekday
            return right and int(day[8:]) == self.first.day
        if self.year_open:
            return self.first.isoformat()[5:] <= day[5:] <= self.last.isoformat()[5:]
        return self.first.isoformat() <= day <= self.last.isoformat()


def with_numbers(question: str) -> str:
    """With "the fourth of March" and "March the 4th" as "4 March"."""
    question = say.ORDINAL_OF.sub(lambda m: f"{say.ORDINALS.index(m[1].casefold()) + 1} {m[2]}", question)
    return say.MONTH_THE.sub(
        lambda m: f"{m[2] if m[2].isdecimal() else say.ORDINALS.index(m[2].casefold()) + 1} {m[1]}", question
    )


def day_of_video(card: VideoCard) -> str | None:
    """The day in a video's title, its file's name or its folder's, else in the media; not when its file was copied."""
    parts = [card.title, *reversed(re.split(r"[\\/]", card.path))]
    return next((found for part in parts[:3] if (found := date_in(part))), card.recorded_on)


def days_asked(question: str, today: date) -> Iterator[AskedDays]:
    """Every date and relative day in a question."""
    taken: list[AskedDays] = []
    for read in (
        _parts_of_months,
        _slashed,
        _written,
        _by_clock,
        _weekdays,
        _days_of_months,
        _months,
        _by_number,
    ):
        for found in read(question, today):
            if not any(found.words in each.words for each in taken):
                taken.append(found)
                yield found


def _months(question: str, today: date) -> Iterator[AskedDays]:
    for match in say.IN_MONTH.finditer(question):
        first = date(int(match["year"]), MONTH_NUMBERS[match["month"].casefold()], 1)
        begins = date.min if match["as_of"] else first
        yield AskedDays(match.group(), begins, _month_end(first), f"{first:%Y-%m}")
    if say.REPORTED.search(question) and (year := say.YEAR_ALONE.search(question)):
        first, last = date(int(year[1]), 1, 1), date(int(year[1]), 12, 31)
        yield AskedDays(year.group(), first, last, year[1], surely=False)
    if alone := _month_alone(question):
        names = [alone["month"], alone["until"] or alone["month"]]
        first, last = (date(2000, MONTH_NUMBERS[name.casefold()], 1) for name in names)
        if first <= last and all(name[0].isupper() for name in names):  # "in may" is no month
            told = " to ".join(dict.fromkeys(names))
            said = "" if say.REPORTED.search(question) or alone["as_of"] else names[0]
            first = date(2000, 1, 1) if alone["as_of"] else first
            yield AskedDays(
                alone.group(), first, _month_end(last), told, year_open=True, surely=False, unless_said=said
            )


def _parts_of_months(question: str, today: date) -> Iterator[AskedDays]:
    """ "Early March", "in the first week of March", "as of the end of March"."""
    match = say.PART_OF_MONTH.search(question)
    if match is None or match["month"] in _NO_MONTHS:
        return
    begin, end = say.PARTS[match["part"].casefold()]
    year = int(match["year"] or 2000)
    first = date(year, MONTH_NUMBERS[match["month"].casefold()], begin)
    last = min(_month_end(first), first + timedelta(end - begin))
    if match["as_of"]:
        first = date(2000, 1, 1) if match["year"] is None else date.min
    yield AskedDays(
        match.group(),
        first,
        last,
        match.group().strip(),
        year_open=match["year"] is None,
        surely=False,
        unless_said="" if say.REPORTED.search(question) or match["as_of"] else match["month"],
    )


def _by_number(question: str, today: date) -> Iterator[AskedDays]:
    """ "Q1 2024", "week 11": of this year where none is named."""
    if not say.REPORTED.search(question):
        return
    if match := say.QUARTER.search(question):
        year, number = int(match[2] or match[3] or today.year), int(match[1] or match[4])
        first = date(year, 3 * number - 2, 1)
        yield AskedDays(
            match.group(), first, _month_end(date(year, 3 * number, 1)), match.group().strip(), surely=False
        )
    if (match := say.WEEK.search(question)) and 1 <= int(match[1]) <= 53:
        try:
            first = date.fromisocalendar(int(match[2] or today.year), int(match[1]), 1)
        except ValueError:
            return
        yield replace(_span(match.group(), first, 7), surely=False)


def _month_alone(question: str) -> re.Match[str] | None:
    taken = [found.where.span() for found in islice(written_dates(question), _MOST_DATES)]
    for match in say.MONTHS_ALONE.finditer(question):
        if not any(begin <= match.start("month") < end for begin, end in taken):
            return match
    return None


def _slashed(question: str, today: date) -> Iterator[AskedDays]:
    """ "12/3/2024": of the two days that it may be, those that some video is of are looked at."""
    for match in islice(_SLASHED.finditer(question), _MOST_DATES):
        one, two, year = int(match[1]), int(match[2]), int(match[3])
        days = [
            date(year, month, day)
            for day, month in dict.fromkeys([(one, two), (two, one)])
            if month <= _MONTHS and day <= _month_end(date(year, month, 1)).day
        ]
        if days:
            told = " or ".join(day.isoformat() for day in days)
            yield AskedDays(match.group(), days[0], days[0], told, other=days[-1])


def _written(question: str, today: date) -> Iterator[AskedDays]:
    """Dates as they are written, from one to another, and before, until, after and since one."""
    dates = sorted(islice(written_dates(question), _MOST_DATES), key=lambda found: found.where.start())
    reported = say.REPORTED.search(question) is not None
    skip = -1
    for number, found in enumerate(dates):
        if number == skip:
            continue
        following = dates[number + 1] if number + 1 < len(dates) else None
        if several := _from_one_to_another(question, found, following):
            skip = number + (following is not None and several.words.endswith(following.where.group()))
            yield several
            continue
        before = question[max(0, found.where.start() - _BEFORE) : found.where.start()]
        if any(pattern.search(before) for pattern, _, _ in say.OPEN_ENDS):
            if reported or re.search(rf"(?<!\w)(?:{say.AS_OF})\s(?:the )?\Z", before, re.IGNORECASE):
                yield _open_ended(before, found)
            continue
        words = found.where.group()
        weekday = re.search(say.LEAD + say.DAY_BEFORE + r"\Z", before, re.IGNORECASE)
        told = _day(found).isoformat() if found.year else words.strip()
        lead = weekday.group() if weekday else ""
        yield AskedDays(lead + words, _day(found), _day(found), told, year_open=found.year is None)


def _from_one_to_another(
    question: str, found: WrittenDate, following: WrittenDate | None
) -> AskedDays | None:
    """ "Between March 4 and March 12", "4 to 12 March"; None where the date stands for itself."""
    begin, end = found.where.span()
    before, day = question[max(0, begin - _BEFORE) : begin], _day(found)
    lead = say.BETWEEN.search(before)
    if following and lead and say.AND.search(question[end : following.where.start()]):
        last = _day(following)
        first = day if found.year else _day(replace(found, year=following.year))
        words = lead.group() + question[begin : following.where.end()]
        return AskedDays(words, first, last, _told(first, last, following.year), year_open=not following.year)
    if lead and (other := say.DAY_BEHIND.match(question, end)) and day.day < int(other[1]) <= 31:
        last = min(_month_end(day), day + timedelta(int(other[1]) - day.day))
        words = lead.group() + found.where.group() + other.group()
        return AskedDays(words, day, last, _told(day, last, found.year), year_open=not found.year)
    alone = say.DAY_ALONE.search(before)
    if alone is None or int(alone["number"]) >= day.day:
        return None
    lead = say.LEAD_OF_DAYS.search(before[: alone.start()])
    first = day.replace(day=int(alone["number"]))
    words = (lead.group() if lead else "") + alone.group() + found.where.group()
    return AskedDays(words, first, day, _told(first, day, found.year), year_open=not found.year)


def _open_ended(before: str, found: WrittenDate) -> AskedDays:
    match, begins, shift = next(
        (match, begins, shift)
        for pattern, begins, shift in say.OPEN_ENDS
        if (match := pattern.search(before)) is not None
    )
    near = _day(found) + timedelta(shift)
    first, last = (near, date.max) if begins else (date.min, near)
    if not found.year:
        first, last = (near, date(near.year, 12, 31)) if begins else (date(near.year, 1, 1), near)
    words = match.group() + found.where.group()
    return AskedDays(words, first, last, words.strip(), year_open=not found.year, surely=False)


def _day(found: WrittenDate) -> date:
    """Of a leap year, where none is written; the 28th where a year has no 29 February."""
    try:
        return date(found.year or 2000, found.month, found.day)
    except ValueError:
        return date(found.year or 2000, found.month, 28)


def _told(first: date, last: date, year: int | None) -> str:
    return f"from {first} to {last}" if year else f"from {first:%m-%d} to {last:%m-%d}"


def _by_clock(question: str, today: date) -> Iterator[AskedDays]:
    for pattern, days in say.CLOCK:
        if match := pattern.search(question):
            yield _one(match.group(), today + timedelta(days))
            break
    for pattern in say.AGO:
        for match in pattern.finditer(question):
            yield _ago(match.group(), _count(match["count"]), _unit(match["unit"]), today)
    if match := say.BEFORE_LAST.search(question):
        if unit := match["unit"] or match["unit2"]:
            yield _ago(match.group(), 2, _unit(unit), today)
        else:
            day = say.DAY_NUMBERS[(match["day"] or match["day2"]).casefold()]
            yield _one(match.group(), today - timedelta((today.weekday() - day - 1) % 7 + 8))
    if match := say.OVER.search(question):
        days = (
            _count(match["count"] or match["count2"])
            * {"day": 1, "week": 7, "month": 30, "year": 365}[_unit(match["unit"] or match["unit2"])]
        )
        yield _span(match.group(), today - timedelta(days), days + 1)
    for match in say.SPAN.finditer(question):
        yield _calendar(match.group(), _unit(match["unit"]), match["which"].casefold() != "this", today)
    if match := say.SPAN_ELSEWHERE.search(question):
        unit = next(value for name, value in match.groupdict().items() if value and name != "last")
        yield _calendar(match.group(), _unit(unit), match["last"] is not None, today)


def _ago(words: str, count: int, unit: str, today: date) -> AskedDays:
    if unit == "day":
        return _one(words, today - timedelta(count))
    if unit == "week":
        return _span(words, _monday(today) - timedelta(7 * count), 7)
    if unit == "month":
        months = today.year * 12 + today.month - 1 - count
        first = date(months // 12, months % 12 + 1, 1)
        return _span(words, first, _month_end(first).day)
    first = date(today.year - count, 1, 1)
    return _span(words, first, (date(first.year, 12, 31) - first).days + 1)


def _calendar(words: str, unit: str, earlier: bool, today: date) -> AskedDays:
    """This or the last week, month or year."""
    if unit == "month" and not earlier:
        first = today.replace(day=1)
        return _span(words, first, _month_end(first).day)
    return _ago(words, int(earlier), unit, today)


def _count(text: str) -> int:
    return int(text) if text.isdecimal() else say.COUNTS.get(text.casefold(), 1)


def _unit(text: str) -> str:
    return next(unit for unit, begins in say.UNITS if text.casefold().startswith(begins))


def _weekdays(question: str, today: date) -> Iterator[AskedDays]:
    """The last day of that name before today, where the question surely means the day of a recording."""
    if any(written_dates(question)) or any(p.search(question) for p in (say.DAY_OF_MONTH, say.AM)):
        return  # "Monday, 11 March"
    for pattern in (say.LAST_DAY, say.DAYS_OWN, say.OF_DAY, say.ON_DAY):
        if match := pattern.search(question):
            named = match["day"] or match["day2"] if pattern is say.LAST_DAY else match["day"]
            back = (today.weekday() - say.DAY_NUMBERS[named.casefold()] - 1) % 7 + 1
            words = match["words"] if pattern is say.OF_DAY else match.group()
            found = _one(words, today - timedelta(back))
            yield replace(found, surely=pattern is not say.ON_DAY)
            return


def _days_of_months(question: str, today: date) -> Iterator[AskedDays]:
    """ "On the 3rd", "Mon. the 3rd": of any month, where the question asks what was said or decided then."""
    for pattern in (say.DAY_OF_MONTH, say.AM):
        for match in pattern.finditer(question):
            if match["day"] or say.REPORTED.search(question):
                weekday = say.DAY_NUMBERS[match["day"].casefold()] if match["day"] else None
                day = date(2000, 1, int(match["number"]))
                told = " ".join(match.group().split())
                yield AskedDays(
                    match.group(),
                    day,
                    day,
                    told,
                    surely=weekday is not None,
                    weekday=weekday,
                    month_open=True,
                )


def _one(words: str, day: date) -> AskedDays:
    return AskedDays(words, day, day, f"{day} ({words.strip()})")


def _span(words: str, first: date, days: int) -> AskedDays:
    last = first + timedelta(days - 1)
    return AskedDays(words, first, last, f"from {first} to {last} ({words.strip()})")


def _monday(day: date) -> date:
    return day - timedelta(day.weekday())


def _month_end(first: date) -> date:
    return (first.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
