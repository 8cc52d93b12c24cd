"""What the question itself narrows: a video by its title or date, a time on its clock; never wider than the caller's.

Every choice is told in a sentence. A date that no video has is told too, and nothing is guessed from it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from longvid_agents.day_words import KIND, LEAD
from longvid_agents.days import AskedDays, day_of_video, days_asked, with_numbers
from longvid_agents.moments_asked import is_point, needs_one, stretch_asked, with_digits
from longvid_storage.db.view import View
from longvid_storage.text.stop_words import STOP_WORDS
from longvid_storage.text.timecode import format_span, format_time
from longvid_storage.types import Scope, VideoCard

_IN = r"(?:in|of|from|during|im|von|aus|dans|de|du|en|del|из|в)"
_NEWEST = re.compile(rf"\b(?:(?:in|at|of|from|during|since) )?(?:the |our |my )?(?:last|latest|most recent|newest)"
                     rf" ((?:\w+ )?)({KIND})\b", re.IGNORECASE)  # fmt: skip
_OLDEST = re.compile(rf"\b(?:(?:in|at|of|from|during) )?(?:the |our |my )?(?:first|earliest|oldest)"
                     rf" ((?:\w+ )?)({KIND})\b", re.IGNORECASE)  # fmt: skip
# The last one, in German, French, Spanish, Italian, Portuguese, Russian and Chinese.
_NEWEST_ELSEWHERE = re.compile(
    r"(?:\b(?:in|bei|beim|im|dans|lors de|en|durante|nella|na|в|на)\s)?(?:\b(?:der|dem|la|le|el)\s)?(?:\b|nell['’])()"
    r"(?:letzten?|jüngsten?|derni[eè]re?|último?a?|ultim[oa]|последн\w+)\s"
    r"(\w*(?:besprechung|sitzung|meeting|treffen|vorlesung|aufnahme)|video|réunion|séance|vidéo|conférence|cours|reunión"
    r"|sesión|clase|vídeo|riunione|lezione|reunião|sessão|aula|встреч\w*|совещани\w*|лекци\w*|видео)\b"
    r"|在?(?:上次|最近一?次?|最后一次)()的?(会议|会上|视频|课)",
    re.IGNORECASE,
)
_TO_IT = r"\b(?:(?:in|at|of|from|during|since|over) )?(?:the |our |my )?"
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_LAST_FEW = re.compile(
    rf"{_TO_IT}(?:last|past|previous|latest) ({'|'.join(_COUNTS)}|\d{{1,2}}) ((?:\w+ )?)({KIND})s\b",
    re.IGNORECASE,
)
_LAST_BUT_ONE = re.compile(
    rf"{_TO_IT}(?:previous|penultimate|second[- ]to[- ]last|next[- ]to[- ]last|last but one) ((?:\w+ )?)({KIND})\b"
    rf"|{_TO_IT}((?:\w+ )?)({KIND}) before (?:the )?last(?: one)?\b",
    re.IGNORECASE,
)
_NTH = re.compile(rf"{_TO_IT}(second|third|fourth|fifth) ((?:\w+ )?)({KIND})\b", re.IGNORECASE)
_PLACES = {"second": 1, "third": 2, "fourth": 3, "fifth": 4}
_LAST_TIME = re.compile(r"(?<!the )\blast time(?=\W*\Z)", re.IGNORECASE)
# Of a series that no word of ``KIND`` names: "the most recent harbour board".
_OF_TITLES = rf"{_TO_IT}(?:{{}})((?: [\w'-]+){{{{1,4}}}})"
# "The episode about Easypaysy"; the words are tried longest first.
_ABOUT = re.compile(
    rf"\b(?:the|this|that|our|your) (?:{KIND})( (?:about|on|called|titled|named))((?: [\w'#+.-]+){{1,6}})",
    re.IGNORECASE,
)
# "ES2002d", "sync_2026-03-09", "rec-0042"; "covid19" may be what is talked about.
_NUMBERED = re.compile(r"(?=[\w-]*[^\W\d_])(?=(?:[\w-]*?\d){3})[\w-]+")
# "Lecture 2" is the one that is called so: "Lecture 02 - Lakes".
_OF_A_SERIES = re.compile(
    rf"\b(?:(?:in|of|from|during|im|von|aus|dans|en|nella|в) )?(?:the )?(?P<word>{KIND}|lesson|chapter|part|unit|module"
    r"|webinar|vorlesung|kapitel|folge|teil|sitzung|stunde|leçon|épisode|chapitre|séance|clase|capítulo|episodio|sesión"
    r"|lezione|puntata|aula|лекци\w|урок|глав\w)"
    r"(?: (?:no\.?|nr\.?|number))? ?#?0{0,2}(?P<number>\d{1,3})(?![\d:.,]|\w)",
    re.IGNORECASE,
)
_HOW_LONG = re.compile(
    r"\W*(?:how (?:long|many (?:minutes|hours|seconds)) (?:is|was|are|were|does|did|do)"
    r"|what(?:['’]s| is| was) the (?:length|duration) of) (?:the |our |my )?"
    r"(?P<what>[^?.!]{1,80}?)"
    r"(?: (?:last|take|run))?\W*\Z",
    re.IGNORECASE,
)
_FEWEST_LETTERS = 3
_AT_THE_END = re.compile(
    r" (?:in|at|of|during|from|on) (?:the|our|my|this) (?P<what>(?:[\w'-]{1,40} ){0,3}[\w'-]{1,40})(?=\W*\Z)",
    re.IGNORECASE,
)
_BY_WORDS = re.compile(rf"\b(?:the|in|of|this|our) ((?:[\w'-]+ ){{0,3}})({KIND})s?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """``inside`` is where to look; ``said`` what narrowed it, a phrase each; ``notes`` what could not, as sentences.

    ``rest`` is the question without the words that only narrowed.
    """

    inside: Scope
    said: tuple[str, ...]
    notes: tuple[str, ...]
    rest: str


def narrow(question: str, scope: Scope, videos: Sequence[VideoCard], today: date | None = None) -> Narrowed:
    """Read what ``question`` narrows among ``videos``, those that ``scope`` admits; ``today`` is the clock's day."""
    reading = _Reading(question, scope, list(videos), today or date.today())
    for step in (_by_title, _by_date, _by_order, _by_series, _by_number, _by_words, _by_subject, _by_clock):
        step(reading)
    _without_name(reading)
    return Narrowed(reading.inside, tuple(reading.said), tuple(reading.notes), " ".join(reading.rest.split()))


def narrow_in(question: str, view: View) -> Narrowed:
    """``narrow`` among the videos of ``view``. What is still being said when the stretch begins ("after 1:40") belongs
    to it if half of it lies there, if it fills half of the stretch, or if nothing begins there.

    Only where one recording is left: a moment is another sentence in each.
    """
    narrowed = narrow(question, view.scope, view.cards())
    inside = narrowed.inside
    videos = list(inside.video_ids or ())
    if inside.from_s is None or inside.from_s == view.scope.from_s or len(videos) != 1:
        return narrowed
    begin_s, end_s = inside.from_s, math.inf if inside.to_s is None else inside.to_s
    said = view.within(inside).passages_of(videos[0], ["speech"])
    if not any(p.start_s >= begin_s for p in said):
        return narrowed
    over = [
        p.end_s
        for p in said
        if p.start_s < begin_s
        and min(p.end_s, end_s) - begin_s < min(p.end_s - p.start_s, end_s - begin_s) / 2
    ]
    return replace(narrowed, inside=inside.narrowed(from_s=max(over, default=begin_s)) or inside)


def only(said: Sequence[str]) -> tuple[str, ...]:
    """That the question was asked of a part only, as a note; none when it was of all."""
    several = len(said) > 1 or any(each.startswith("the videos ") for each in said)
    return (f"Only {', '.join(said)} {'were' if several else 'was'} looked at.",) if said else ()


class _Reading:
    def __init__(self, question: str, scope: Scope, videos: list[VideoCard], today: date) -> None:
        self.today = today
        self.rest = with_numbers(unicodedata.normalize("NFC", question))
        self.inside = scope
        self.videos = videos
        self.said: list[str] = []
        self.notes: list[str] = []

    def choose(self, chosen: Sequence[VideoCard], why: str) -> None:
        """Only these videos, which are some of those at hand."""
        self.inside = self.inside.narrowed(videos=[card.video_id for card in chosen]) or self.inside
        self.videos = list(chosen)
        titles = dict.fromkeys(card.title for card in chosen)
        named = ", ".join(f'"{title}"' for title in titles)
        self.said.append(f"the video{'s' * (len(titles) > 1)} {named}{f' ({why})' if why else ''}")

    def without(self, words: str) -> None:
        self.rest = self.rest.replace(words, " ", 1)


def _by_title(reading: _Reading) -> None:
    """A video whose whole title is in the question."""
    if len(reading.videos) < 2:
        return
    told = [
        c for c in reading.videos if has_title(reading.rest, c.title, surely=c.named not in ("", c.title))
    ]
    named = told or [card for card in reading.videos if card.named and has_title(reading.rest, card.named)]
    titles = {(card.title if told else card.named) for card in named}
    if len({title.casefold() for title in titles}) == 1:
        reading.choose(named, "")
        words = _as_written(titles.pop())
        written = re.search(rf"{LEAD}[\"“”'‘’«»„]?\W?{words}\W?[\"“”'‘’«»„]?", reading.rest, re.IGNORECASE)
        if written:
            reading.without(written.group())


def _as_written(title: str) -> str:
    return r"\W+".join(re.escape(word) for word in title.split())


def has_title(question: str, title: str, *, surely: bool = False) -> bool:
    """A title of a common word or two ("Entropy") may be what is asked about: it counts in quotes, or if ``surely``;
    one of two words also after "in" or "of", in its own letters; a number of a series ("ES2002d") always."""
    folded = question.casefold()
    if not title.split() or not all(word in folded for word in title.casefold().split()):
        return False  # before a pattern is made of it: ten thousand titles took seconds
    words = _as_written(title)
    quoted = rf"[\"“”'‘’«»„]\W*{words}\W*[\"“”'‘’«»„]"
    surely = surely or len(title.split()) > 2 or _NUMBERED.fullmatch(title) is not None
    pattern = rf"(?<!\w){words}(?!\w)" if surely else quoted
    if len(title.split()) == 2 and not title.islower() and re.search(rf"\b{_IN}\s+{words}(?!\w)", question):
        return True  # in the letters of the title, where a recording may be named
    return bool(re.search(pattern, question, re.IGNORECASE))


def _by_date(reading: _Reading) -> None:
    """Every day that is named counts: "on 4 March and 11 March" is two meetings."""
    dates = {card.video_id: day for card in reading.videos if (day := day_of_video(card))}
    asked, given = list(days_asked(reading.rest, reading.today)), reading.videos
    wanted = {day for each in asked if (days := _days_in(each, dates.values())) for day in days}
    fits = [c for c in reading.videos if dates.get(c.video_id, "") in wanted]
    if fits and len(fits) < len(reading.videos):
        reading.choose(fits, "of " + ", ".join(sorted({dates[card.video_id] for card in fits})))
    for each in asked:
        if not any(day in each for day in dates.values()):
            if dates and each.surely:
                reading.notes.append(
                    f"No video is dated {each.told} by its name or its file, so that date chose none."
                )
        elif len(fits) < len(given):
            reading.without(each.words)


def _days_in(asked: AskedDays, days: Iterable[str]) -> set[str]:
    """Those of the days that are asked; of "the 3rd" of any month the newest."""
    inside = {day for day in days if day in asked}
    return {max(inside)} if inside and asked.month_open else inside


def _by_order(reading: _Reading) -> None:
    """ "The last meeting", "the second standup", "the last two calls": by their dates."""
    for pattern, pick, name in _ORDERS:
        match = pattern.search(reading.rest)
        if match is None or len(reading.videos) < 2:
            continue
        words = [word.casefold() for group in match.groups() for word in (group or "").split()]
        words = [
            word for word in words if word not in _COUNTS and word not in _PLACES and not word.isdecimal()
        ]
        named = [card for card in reading.videos if any(word in _words(card.title) for word in words)]
        among = named or reading.videos
        dates: dict[str, str] = {card.video_id: date for card in among if (date := day_of_video(card))}
        if not dates:
            reading.notes.append(
                f'The videos have no dates in their names or files, so "{match.group().strip()}" chose none.'
            )
            continue
        days = pick(sorted(set(dates.values())), match)
        if not days:
            reading.notes.append(
                f'There are only {len(set(dates.values()))} days, so "{match.group().strip()}" chose none.'
            )
            continue
        chosen = [card for card in among if dates.get(card.video_id) in days]
        reading.choose(chosen, f"{name}, of {', '.join(days)}")
        reading.without(match.group())


def _last_few(days: list[str], match: re.Match[str]) -> list[str]:
    return days[-(_COUNTS.get(match[1].casefold()) or int(match[1]) or 1) :]


def _nth(days: list[str], match: re.Match[str]) -> list[str]:
    return days[_PLACES[match[1].casefold()] :][:1]


# A pattern, what it chooses of the days in order, and how that is told.
_ORDERS: tuple[tuple[re.Pattern[str], Callable[[list[str], re.Match[str]], list[str]], str], ...] = (
    (_LAST_FEW, _last_few, "the newest"),
    (_LAST_BUT_ONE, lambda days, match: days[-2:-1], "the one before the newest"),
    (_NTH, _nth, "in this place by date"),
    (_NEWEST, lambda days, match: days[-1:], "the newest"),
    (_NEWEST_ELSEWHERE, lambda days, match: days[-1:], "the newest"),
    (_LAST_TIME, lambda days, match: days[-1:], "the newest"),
    (_OLDEST, lambda days, match: days[:1], "the oldest"),
)


def _by_series(reading: _Reading) -> None:
    """ "The most recent harbour board": the newest of those whose titles have these words."""
    for pattern, at, name in _IN_SERIES:
        match = pattern.search(reading.rest)
        if match is not None and not reading.said and len(reading.videos) > 1:
            _of_series(reading, match, at, name)


def _of_series(reading: _Reading, match: re.Match[str], at: int, name: str) -> None:
    words = match.group(1).split()
    for count in range(len(words), 0, -1):
        of_them = {word.casefold() for word in words[:count]}
        among = [card for card in reading.videos if of_them <= _words(card.title)]
        dates: dict[str, str] = {card.video_id: date for card in among if (date := day_of_video(card))}
        if len(dates) > 1:
            tail = match.group(1).lstrip()
            kept = " ".join(words[:count])
            whole = match.group()[: len(match.group()) - len(tail)] + kept
            days = sorted(set(dates.values()))
            if not -len(days) <= at < len(days):
                return
            chosen = [card for card in among if dates.get(card.video_id) == days[at]]
            reading.choose(chosen, f"{name}, of {days[at]}")
            reading.without(whole)
            return


# Before words of titles, which of their days in order, and how that is told.
_IN_SERIES = tuple(
    (re.compile(_OF_TITLES.format(words), re.IGNORECASE), at, name)
    for words, at, name in (
        ("last|latest|most recent|newest", -1, "the newest"),
        (
            "previous|penultimate|second[- ]to[- ]last|next[- ]to[- ]last|last but one",
            -2,
            "the one before the newest",
        ),
        ("first|earliest|oldest", 0, "the oldest"),
    )
)


def _by_number(reading: _Reading) -> None:
    """ "Lecture 2", "Folge 12": where one title alone has this word with this number behind it."""
    if reading.said or len(reading.videos) < 2:
        return
    for match in _OF_A_SERIES.finditer(reading.rest):
        called = re.compile(
            rf"(?<!\w){re.escape(match['word'])}\W{{0,3}}0{{0,3}}{match['number']}(?!\d)", re.IGNORECASE
        )
        fits = [card for card in reading.videos if called.search(card.title)]
        if len(fits) == 1:
            reading.choose(fits, "")
            reading.without(match.group())
            return


def _by_words(reading: _Reading) -> None:
    """ "The physics lecture": words that one title alone has."""
    if reading.said or len(reading.videos) < 2:
        return
    if match := _HOW_LONG.match(reading.rest):  # "How long is the keynote?", where one or more are called so
        words = _words(match["what"]) - STOP_WORDS["en"]
        fits = [card for card in reading.videos if words and _is_called(card.title, words)]
        if 0 < len(fits) < len(reading.videos):
            reading.choose(fits, "")
            reading.without(match["what"])
            return
    for match in _BY_WORDS.finditer(reading.rest):
        words = {word.casefold() for word in match.group(1).split()} - {"the", "this", "our", "whole", "last"}
        words = words or {match.group(2).casefold()}  # "the interview", where one is called so
        fits = [card for card in reading.videos if words <= _words(card.title)]
        if len(fits) == 1:
            reading.choose(fits, "")
            reading.without(match.group())
            return
    for match in _ABOUT.finditer(reading.rest):
        written = match.group(2).split()
        for count in range(len(written), 0, -1):
            words = {word for each in written[:count] for word in _words(each)} - STOP_WORDS["en"]
            fits = [card for card in reading.videos if words and words <= _words(card.title)]
            if len(fits) == 1 and written[count - 1].casefold() not in STOP_WORDS["en"]:
                reading.choose(fits, "")
                reading.without(f"{match.group(1)} {' '.join(written[:count])}")
                return


def _by_subject(reading: _Reading) -> None:
    """ "What is said about bridges at 1:30?": a time is one of a recording, and one title alone has the subject."""
    text = with_digits(reading.rest)
    if reading.said or len(reading.videos) < 2 or not stretch_asked(text, 1.0)[1]:
        return
    asked = {word for word in _words(reading.rest) if len(word) >= _FEWEST_LETTERS} - STOP_WORDS["en"]
    fits = [card for card in reading.videos if asked & _words(card.title)]
    if len(fits) != 1:
        return
    reading.choose(fits, "")
    named = "|".join(map(re.escape, sorted(asked & _words(fits[0].title), key=len, reverse=True)))
    for match in list(
        re.finditer(
            rf"(?:\babout |\bin |\bof )?(?:\bthe |\bour )?\b(?:{named})\b", reading.rest, re.IGNORECASE
        )
    ):
        reading.without(match.group())


def _without_name(reading: _Reading) -> None:
    """ "Who spoke most in the weekly of 4 March?": a date has chosen what "the weekly" is, in words of its title."""
    match = _AT_THE_END.search(reading.rest)
    if match is None or not reading.said:
        return
    called = {word for card in reading.videos for word in _words(card.title)}
    if _words(match["what"]) <= called:
        reading.without(match.group())


def _is_called(title: str, words: set[str]) -> bool:
    """Whether a title is these words, but for function words, and for numbers and dates where they are more."""
    titled = _words(title) - STOP_WORDS["en"]
    return words <= titled and all(word.isdecimal() for word in titled - words)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.casefold()))


def _by_clock(reading: _Reading) -> None:
    text = with_digits(reading.rest)
    lengths = [card.duration_s for card in reading.videos]
    (from_s, to_s), words = stretch_asked(text, lengths[0] if len(lengths) == 1 else None)
    if not words:
        if len(lengths) > 1 and needs_one(text):
            reading.notes.append(
                "A part of a recording is named, but not of which one: all were looked at whole."
            )
        return
    if from_s is not None and lengths and from_s >= max(lengths):
        if not is_point(text):  # "at 03:15" of a film of two minutes is a time of day
            reading.notes.append(
                f"No video there is as long as {format_time(from_s)}, so that time chose none."
            )
        return
    tighter = reading.inside.narrowed(from_s=from_s, to_s=to_s)
    if tighter is None:
        return
    reading.inside = tighter
    reading.rest = text
    for each in words:
        reading.without(each)
    begin_s = from_s or 0.0
    reading.said.append(f"{format_time(begin_s)} to the end" if to_s is None else format_span(begin_s, to_s))
