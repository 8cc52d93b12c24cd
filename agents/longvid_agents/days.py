"""Which days a question asks about, by the calendar and by the clock; and the day of a video."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from longvid_storage.text.dates import MONTH_NAME, MONTH_NUMBERS, WrittenDate, date_in, written_dates
from longvid_storage.types import VideoCard

LEAD = r"(?:\b(?:on|of|from|in|at|am|vom|von|dem|du|de|del|le|el|il|em|na|в|на)\s+(?:the\s+)?)?"
KIND = (
    "meeting|call|video|recording|session|lecture|talk|episode|standup|stand-up|sync|film|class|interview|podcast"
    "|course"
)
_DAY_NAMES = (
    "monday mon montag lundi lunes lunedì maandag понедельник segunda-feira",
    "tuesday tues tue dienstag mardi martes martedì dinsdag вторник terça-feira",
    "wednesday wed mittwoch mercredi miércoles mercoledì woensdag среду quarta-feira",
    "thursday thurs thur thu donnerstag jeudi jueves giovedì donderdag четверг quinta-feira",
    "friday fri freitag vendredi viernes venerdì vrijdag пятницу sexta-feira",
    "saturday sat samstag samedi sábado sabato zaterdag субботу",
    "sunday sun sonntag dimanche domingo domenica zondag воскресенье",
)
_DAY_NUMBERS = {name: number for number, names in enumerate(_DAY_NAMES) for name in names.split()}
_DAY = "|".join(sorted(_DAY_NUMBERS, key=len, reverse=True))
_MONTH = f"(?P<month>{MONTH_NAME})"
# What the clock makes of a word: days from today, first and last. "hier" is here, too, in German.
_RELATIVE = (
    (
        r"the day before yesterday|vorgestern|avant-hier|anteayer|anteontem|eergisteren|позавчера|前天|おととい",
        -2,
    ),
    (r"yesterday|gestern|(?<=dit )hier|(?<=cid\w )hier|ayer|ieri|ontem|gisteren|вчера|昨天|昨日|어제", -1),
    (r"today|this morning|this afternoon|heute|aujourd'hui|hoy|oggi|hoje|vandaag|сегодня|今天|今日|오늘", 0),
)
_CLOCK = tuple((re.compile(rf"(?<!\w){LEAD}(?:{words})(?:'s)?(?!\w)", re.I), at) for words, at in _RELATIVE)
_COUNT_WORDS = (
    "a one ein einer einem une un una um uma een день",
    "two zwei deux dos due dois duas twee две два",
    "three drei trois tres tre três drie три",
    "four vier quatre cuatro quattro quatro четыре",
    "five fünf cinq cinco cinque vijf пять",
    "six sechs seis sei zes шесть",
)
_COUNTS = {word: number for number, words in enumerate(_COUNT_WORDS, 1) for word in words.split()}
_COUNT = rf"(?P<count>\d{{1,3}}|{'|'.join(_COUNTS)})"
# day, week, month or year by the letters that such a word begins with.
_UNITS = (
    ("week", ("week", "woche", "semaine", "semana", "settiman", "wek", "недел")),
    ("month", ("month", "monat", "mois", "mes", "mês", "maand", "месяц")),
    ("year", ("year", "jahr", "an", "año", "jaar", "лет", "год")),
    ("day", ("day", "tag", "jour", "día", "giorn", "dia", "dag", "дн", "день")),
)
_UNIT = (
    r"(?P<unit>days?|weeks?|months?|years?|tag(?:en)?|wochen?|monat(?:en)?|jahr(?:en)?|jours?|semaines?|mois|ans?|días?|semanas?"
    r"|mes(?:es|i)?|años?|giorn[oi]|settiman[ae]|anni|dias?|mês|anos?|dag(?:en)?|weken|maand(?:en)?|дн\w+|недел\w+|месяц\w*)"
)
_AGO = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_COUNT} {_UNIT} (?:ago|fa|geleden|назад)\b",
        r"(?<!\w)(?P<count>)(?P<unit>неделю|месяц|день|год) назад\b",
        rf"\b(?:vor|hace|há|il y a) {_COUNT} {_UNIT}\b",
    )
)
_OVER = re.compile(
    rf"\b(?:over|in|during|within|of|from|for) (?:the )?(?:last|past|previous) {_COUNT} {_UNIT}\b"
    rf"|\bin den letzten (?P<count2>\d{{1,3}}|{'|'.join(_COUNTS)}) (?P<unit2>tagen|wochen|monaten)\b",
    re.IGNORECASE,
)
_SPAN = re.compile(
    rf"\b{LEAD}(?P<which>last|this|the last|the past|past|previous|the previous) (?P<unit>week|month|year)\b(?!\s+end)",
    re.IGNORECASE,
)
_SPAN_ELSEWHERE = re.compile(
    r"(?<!\w)(?:in der |im |am |la |le |el |l'|a |no |na |в |на )?(?:"
    r"(?P<last>letzten? (?P<u1>woche|monat|jahr)|vorigen? (?P<u2>woche|monat|jahr)"
    r"|(?P<u3>semaine|mois) derni[eè]re?|(?P<u4>semana|mes|mês) pasad[ao]|(?P<u5>semana|mês) passad[ao]"
    r"|(?P<u6>settimana|mese) scors[ao]|vorige (?P<u7>week|maand)|прошл\w+ (?P<u8>недел\w|месяц\w?))"
    r"|(?:dieser? (?P<v1>woche|monat)|cette (?P<v2>semaine)|esta (?P<v3>semana)|questa (?P<v4>settimana)"
    r"|этой (?P<v5>неделе)))(?!\w)",
    re.IGNORECASE,
)
_LAST_DAY = re.compile(
    rf"\b{LEAD}(?:last|this past|previous|letzten|letzter|vergangenen|afgelopen|vorige"
    rf"|в прошл\w+) (?P<day>{_DAY})(?:'s)?\b"
    rf"|\b(?:le |el |la )?(?P<day2>{_DAY}) (?:dernier|pasado|scors[ao]|passad[ao])\b",
    re.IGNORECASE,
)
_DAYS_OWN = re.compile(rf"\b{LEAD}(?:the )?(?P<day>{_DAY})(?:'s)?(?= (?:\w+ )?(?:{KIND})\b)", re.IGNORECASE)
_OF_DAY = re.compile(rf"\b(?:{KIND}) (?P<words>(?:on|of|from) (?P<day>{_DAY})\b)", re.IGNORECASE)
_ON_DAY = re.compile(rf"\b(?:on|am) (?P<day>{_DAY})\b(?!\.? the \d)", re.IGNORECASE)
_DAY_BEFORE = rf"(?:(?:{_DAY})\.?,? (?:dem |den |the )?)?"
# "the 3rd", "Mon. the 3rd": not "the 3rd floor".
_DAY_OF_MONTH = re.compile(
    rf"(?:\b(?:on|of|from|in) )?(?:(?<!\w)(?P<day>{_DAY})\.?,? )?(?:the )?(?P<number>[12]?\d|3[01])(?:st|nd"
    rf"|rd|th)(?:'s)?\b"
    rf"(?=\W*\Z|\s*[,;:?!]|\s(?:and|or|about|at|did|was|were|what|who|we|they|that|with|(?:\w+ )?(?:{KIND}))\b)",
    re.IGNORECASE,
)
_AM = re.compile(r"\b(?:am|vom) (?:(?P<day>montag|dienstag|mittwoch|donnerstag|freitag|samstag"
                 r"|sonntag),? (?:dem |den )?)?"
                 r"(?P<number>[12]?\d|3[01])\.(?=\s*(?:\Z|[?!,]|[a-zäöü]))", re.IGNORECASE)  # fmt: skip
# Before, until, after and since a date; "by 12 March" is when something is due.
_OPEN_ENDS = tuple(
    (re.compile(rf"(?<!\w)(?:{words})\s(?:the )?\Z", re.IGNORECASE), begins, shift)
    for words, begins, shift in (
        (r"before|prior to|earlier than|vor(?: dem)?|avant(?: le)?|antes del?|prima del?|voor|до", False, -1),
        (r"until|till|up to|bis(?: zum)?|jusqu'au|hasta el|fino al|tot", False, 0),
        (r"after|later than|nach(?: dem)?|après(?: le)?|después del?|dopo il|depois de|na|после", True, 1),
        (r"since|seit(?: dem)?|depuis(?: le)?|desde el?|dal|sinds|начиная с|с", True, 0),
    )
)
_BETWEEN = re.compile(
    r"(?<!\w)(?:between|from|zwischen|vom|von|entre|du|del|tra|fra|tussen|с)\s(?:the |dem |le |el |il )?\Z",
    re.I,
)
_AND = re.compile(
    r"\s*(?:and|to|until|till|through|bis(?: zum)?|und(?: dem)?|et(?: le)?|au|y(?: el)?|al|e(?: il)?|en|tot"
    r"|по|и|-|–)\s(?:the )?\s*\Z",
    re.I,
)
_DAY_ALONE = re.compile(
    r"(?<![\d.:])(?P<number>[12]?\d|3[01])(?:st|nd|rd|th|\.)?(?:\s(?:and|to|until|till|through|bis|und|et"
    r"|au|y|al|e|en|tot|и)\s(?:the )?|\s?[-–]\s?)\Z",
    re.IGNORECASE,
)
_PART_OF_MONTH = re.compile(
    rf"\b(?:in |at |from |during )?(?:the )?(?P<part>early|mid|middle of|late|beginning of|start of|end of"
    rf"|(?:first|second|third|fourth|last) week"
    rf"(?: of| in)?|first half of|second half of|anfang|mitte|ende|début|fin)[ -]{_MONTH}(?: (?P<year>(?:19"
    rf"|20)\d{{2}}))?\b",
    re.IGNORECASE,
)
_PARTS = {
    "early": (1, 10), "beginning": (1, 10), "start": (1, 10), "anfang": (1, 10), "début": (1, 10), "mid": (11, 20),
    "middle": (11, 20), "mitte": (11, 20), "late": (21, 31), "end": (21, 31), "ende": (21, 31), "fin": (21, 31),
    "first week": (1, 7), "second week": (8, 14), "third week": (15, 21), "fourth week": (22, 28),
    "last week": (25, 31),
    "first half": (1, 15), "second half": (16, 31),
}  # fmt: skip
_QUARTER = re.compile(
    r"\b(?:in |during |of )?Q([1-4])(?: (?:of )?((?:19|20)\d\d))?\b|\b(?:in |im )?((?:19|20)\d\d)[ -]?Q([1-4])\b"
)
_WEEK = re.compile(
    r"\b(?:in |of )?(?:(?:calendar )?week|KW|CW)\s?([1-5]?\d)(?: (?:of )?((?:19|20)\d\d))?(?!\d)",
    re.IGNORECASE,
)
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
    meant; else ("on Saturday") it is one only where a video is of that day. ``month_open``: the day of any month, and
    then a ``weekday`` (0 is Monday) if one is named; the newest of them is meant.
    """

    words: str
    first: date
    last: date
    told: str
    year_open: bool = False
    surely: bool = True
    weekday: int | None = None
    month_open: bool = False

    def __contains__(self, day: str) -> bool:
        if not day:
            return False
        if self.month_open:
            right = self.weekday is None or date.fromisoformat(day).weekday() == self.weekday
            return right and int(day[8:]) == self.first.day
        if self.year_open:
            return self.first.isoformat()[5:] <= day[5:] <= self.last.isoformat()[5:]
        return self.first.isoformat() <= day <= self.last.isoformat()


_ORDINAL_WORDS = """
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
    sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth
    twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first
"""
_ORDINALS = _ORDINAL_WORDS.split()
_ORDINAL = "|".join(sorted(_ORDINALS, key=len, reverse=True))
_ORDINAL_OF = re.compile(rf"\b(?:the )?({_ORDINAL}) of ({MONTH_NAME})\b", re.IGNORECASE)
_MONTH_THE = re.compile(rf"\b({MONTH_NAME}) the ({_ORDINAL}|\d{{1,2}})(?:st|nd|rd|th)?\b", re.IGNORECASE)


def with_numbers(question: str) -> str:
    """With "the fourth of March" and "March the 4th" as "4 March"."""
    question = _ORDINAL_OF.sub(lambda m: f"{_ORDINALS.index(m[1].casefold()) + 1} {m[2]}", question)
    return _MONTH_THE.sub(
        lambda m: f"{m[2] if m[2].isdecimal() else _ORDINALS.index(m[2].casefold()) + 1} {m[1]}", question
    )


def day_of_video(card: VideoCard) -> str | None:
    """The day in a video's title, its file's name or its folder's, else in the media; not when its file was copied."""
    parts = [card.title, *reversed(re.split(r"[\\/]", card.path))]
    return next((found for part in parts[:3] if (found := date_in(part))), card.recorded_on)


def days_asked(question: str, today: date) -> Iterator[AskedDays]:
    """Every date and relative day in a question."""
    taken: list[AskedDays] = []
    for read in (_parts_of_months, _written, _by_clock, _weekdays, _days_of_months, _months, _by_number):
        for found in read(question, today):
            if not any(found.words in each.words for each in taken):
                taken.append(found)
                yield found


def _months(question: str, today: date) -> Iterator[AskedDays]:
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


def _parts_of_months(question: str, today: date) -> Iterator[AskedDays]:
    """ "Early March", "in the first week of March"."""
    match = _PART_OF_MONTH.search(question)
    if match is None or not match["month"][0].isupper() or not _REPORTED.search(question):
        return
    part = re.sub(r"[ -](?:of|in)\Z", "", match["part"].casefold())
    begin, end = _PARTS[part]
    year = int(match["year"] or 2000)
    first = date(year, MONTH_NUMBERS[match["month"].casefold()], begin)
    last = min(_month_end(first), first + timedelta(end - begin))
    yield AskedDays(
        match.group(), first, last, match.group().strip(), year_open=match["year"] is None, surely=False
    )


def _by_number(question: str, today: date) -> Iterator[AskedDays]:
    """ "Q1 2024", "week 11": of this year where none is named."""
    if not _REPORTED.search(question):
        return
    if match := _QUARTER.search(question):
        year, number = int(match[2] or match[3] or today.year), int(match[1] or match[4])
        first = date(year, 3 * number - 2, 1)
        yield AskedDays(
            match.group(), first, _month_end(date(year, 3 * number, 1)), match.group().strip(), surely=False
        )
    if (match := _WEEK.search(question)) and 1 <= int(match[1]) <= 53:
        try:
            first = date.fromisocalendar(int(match[2] or today.year), int(match[1]), 1)
        except ValueError:
            return
        yield replace(_span(match.group(), first, 7), surely=False)


def _month_alone(question: str) -> re.Match[str] | None:
    taken = [found.where.span() for found in written_dates(question)]
    for match in _MONTHS_ALONE.finditer(question):
        if not any(begin <= match.start("month") < end for begin, end in taken):
            return match
    return None


def _written(question: str, today: date) -> Iterator[AskedDays]:
    """Dates as they are written, from one to another, and before, until, after and since one."""
    dates = sorted(written_dates(question), key=lambda found: found.where.start())
    reported = _REPORTED.search(question) is not None
    skip = -1
    for number, found in enumerate(dates):
        if number == skip:
            continue
        day, begin, end = _day(found), found.where.start(), found.where.end()
        open_year = found.year is None
        before = question[:begin]
        after = dates[number + 1] if number + 1 < len(dates) else None
        if after and _BETWEEN.search(before) and _AND.search(question[end : after.where.start()]):
            lead = _BETWEEN.search(before)
            skip, last = number + 1, _day(after)
            day = day.replace(year=last.year) if open_year else day
            words = question[lead.start() if lead else begin : after.where.end()]
            yield AskedDays(words, day, last, _told(day, last, after.year), year_open=after.year is None)
            continue
        if (alone := _DAY_ALONE.search(before)) and int(alone["number"]) < day.day:
            lead = re.search(
                r"(?:\b(?:between|from|zwischen|vom|entre|du|del|tra|on|of)\s(?:the )?)?\Z",
                before[: alone.start()],
            )
            first = day.replace(day=int(alone["number"]))
            words = question[lead.start() if lead else alone.start() : end]
            yield AskedDays(words, first, day, _told(first, day, found.year), year_open=open_year)
            continue
        edge = next(((m, begins, shift) for p, begins, shift in _OPEN_ENDS if (m := p.search(before))), None)
        if edge is not None:
            if reported:
                match, begins, shift = edge
                near = day + timedelta(shift)
                first, last = (near, date(near.year, 12, 31)) if begins else (date(near.year, 1, 1), near)
                if not open_year:
                    first, last = (near, date.max) if begins else (date.min, near)
                words = question[match.start() : end]
                yield AskedDays(words, first, last, words.strip(), year_open=open_year, surely=False)
            continue
        words = found.where.group()
        lead = re.search(_DAY_BEFORE + r"\Z", before, re.IGNORECASE)
        with_day = question[lead.start() if lead else begin : end]
        whole = re.search(LEAD + re.escape(with_day), question, re.IGNORECASE)
        told = day.isoformat() if found.year else words.strip()
        yield AskedDays(whole.group() if whole else words, day, day, told, year_open=open_year)


def _day(found: WrittenDate) -> date:
    return date(found.year or 2000, found.month, found.day)  # a leap year, where none is written


def _told(first: date, last: date, year: int | None) -> str:
    return f"from {first} to {last}" if year else f"from {first:%m-%d} to {last:%m-%d}"


def _by_clock(question: str, today: date) -> Iterator[AskedDays]:
    for pattern, days in _CLOCK:
        if match := pattern.search(question):
            yield _one(match.group(), today + timedelta(days))
            break
    for pattern in _AGO:
        for match in pattern.finditer(question):
            yield _ago(match.group(), _count(match["count"]), _unit(match["unit"]), today)
    if match := _OVER.search(question):
        days = (
            _count(match["count"] or match["count2"])
            * {"day": 1, "week": 7, "month": 30, "year": 365}[_unit(match["unit"] or match["unit2"])]
        )
        yield _span(match.group(), today - timedelta(days), days + 1)
    for match in _SPAN.finditer(question):
        yield _calendar(match.group(), _unit(match["unit"]), match["which"].casefold() != "this", today)
    if match := _SPAN_ELSEWHERE.search(question):
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
    return int(text) if text.isdecimal() else _COUNTS.get(text.casefold(), 1)


def _unit(text: str) -> str:
    return next(unit for unit, begins in _UNITS if text.casefold().startswith(begins))


def _weekdays(question: str, today: date) -> Iterator[AskedDays]:
    """The last day of that name before today, where the question surely means the day of a recording."""
    if any(written_dates(question)) or any(p.search(question) for p in (_DAY_OF_MONTH, _AM)):
        return  # "Monday, 11 March"
    for pattern in (_LAST_DAY, _DAYS_OWN, _OF_DAY, _ON_DAY):
        if match := pattern.search(question):
            named = match["day"] or match["day2"] if pattern is _LAST_DAY else match["day"]
            back = (today.weekday() - _DAY_NUMBERS[named.casefold()] - 1) % 7 + 1
            words = match["words"] if pattern is _OF_DAY else match.group()
            found = _one(words, today - timedelta(back))
            yield replace(found, surely=pattern is not _ON_DAY)
            return


def _days_of_months(question: str, today: date) -> Iterator[AskedDays]:
    """ "On the 3rd", "Mon. the 3rd": of any month, where the question asks what was said or decided then."""
    for pattern in (_DAY_OF_MONTH, _AM):
        for match in pattern.finditer(question):
            if match["day"] or _REPORTED.search(question):
                weekday = _DAY_NUMBERS[match["day"].casefold()] if match["day"] else None
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
