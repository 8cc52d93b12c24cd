"""Which of the videos a question names by their order or number: the last, the previous weekly, lecture 2."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date

from longvid_agents.day_words import KIND
from longvid_agents.days import day_of_video, with_numbers
from longvid_storage.types import Scope, VideoCard

_TO_IT = r"\b(?:(?:in|at|of|from|during|since|over|according to|as of|by) )?(?:the |our |my )?"
_NEWEST = re.compile(rf"{_TO_IT}(?:last|latest|most recent|newest) ((?:\w+ )?)({KIND})\b", re.IGNORECASE)
_OLDEST = re.compile(rf"{_TO_IT}(?:first|earliest|oldest) ((?:\w+ )?)({KIND})\b", re.IGNORECASE)
# The last one, in German, French, Spanish, Italian, Portuguese, Russian and Chinese.
_NEWEST_ELSEWHERE = re.compile(
    r"(?:\b(?:in|bei|beim|im|laut|dans|lors de|selon|d['’]après|en|durante|según|nella|secondo|na|segundo|в|на"
    r"|согласно)\s)?(?:\b(?:der|dem|la|le|el)\s)?(?:\b|nell['’])()"
    r"(?:letzten?|jüngsten?|derni[eè]re?|último?a?|ultim[oa]|последн\w+)\s"
    r"(\w*(?:besprechung|sitzung|meeting|treffen|vorlesung|aufnahme)|video|réunion|séance|vidéo|conférence|cours|reunión"
    r"|sesión|clase|vídeo|riunione|lezione|reunião|sessão|aula|встреч\w*|совещани\w*|лекци\w*|видео)\b"
    r"|在?(?:上次|最近一?次?|最后一次)()的?(会议|会上|视频|课)",
    re.IGNORECASE,
)
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
_OF_TITLES = r"(?:{})((?: [\w'-]+){{1,4}})"
# "Second" may count anything: it is a day's only after one of these.
_SURELY_TO_IT = r"\b(?:in|at|of|from|during|according to|as of) (?:the |our |my )?"
_TO_IT_ELSEWHERE = (
    r"(?<!\w)(?:(?:in|bei|laut|seit|dans|lors de|selon|de|d['’]après|en|durante|según|nella?|secondo|na|no|segundo|в|на"
    r"|согласно|op|volgens)\s)?(?:(?:der|die|das|dem|den|la|le|el|il|o|a|de|het)\s|l['’])?"
)
_AS_OF = re.compile(r"as of\b", re.IGNORECASE)
_MANY = {"two": 2, "both": 2, "three": 3, "four": 4}
_SEVERAL = re.compile(
    rf"(?:\bbetween )?{_TO_IT}(?P<many>{'|'.join(_MANY)}) (?:of )?(?:the )?"
    r"(?P<what>(?:[\w'-]{1,40} ){0,3}?[\w'-]{1,40}s)\b",
    re.IGNORECASE,
)
# "Lecture 2" is the one that is called so: "Lecture 02 - Lakes".
_OF_A_SERIES = re.compile(
    rf"\b(?:(?:in|of|from|during|im|von|aus|dans|en|nella|в) )?(?:the )?(?P<word>{KIND}|lesson|chapter|part|unit|module"
    r"|webinar|vorlesung|kapitel|folge|teil|sitzung|stunde|leçon|épisode|chapitre|séance|clase|capítulo|episodio|sesión"
    r"|lezione|puntata|aula|лекци\w|урок|глав\w)"
    r"(?: (?:no\.?|nr\.?|number))? ?#?0{0,2}(?P<number>\d{1,3})(?![\d:.,]|\w)",
    re.IGNORECASE,
)

IsSaid = Callable[[str, Sequence[VideoCard]], bool]


class AskedVideos:
    """A question while it is read: what is ``inside``, the ``videos`` left, what was ``said``, and the ``rest``;
    ``is_said`` tells whether a word is said in some videos."""

    def __init__(
        self,
        question: str,
        scope: Scope,
        videos: list[VideoCard],
        today: date,
        is_said: IsSaid = lambda word, videos: True,
    ) -> None:
        self.today = today
        self.is_said = is_said
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


def words_of(text: str) -> set[str]:
    """The words of a title or question, in small letters."""
    return set(re.findall(r"[^\W_]+", text.casefold()))


def by_order(reading: AskedVideos) -> None:
    """ "The last meeting", "the second standup", "the last two calls": by their dates."""
    for pattern, pick, name in _ORDERS:
        match = pattern.search(reading.rest)
        if match is None or len(reading.videos) < 2:
            continue
        words = [word.casefold() for group in match.groups() for word in (group or "").split()]
        words = [
            word for word in words if word not in _COUNTS and word not in _PLACES and not word.isdecimal()
        ]
        named = [card for card in reading.videos if any(word in words_of(card.title) for word in words)]
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
        _choose_of(reading, among, dates, days, match.group(), name)


def _choose_of(
    reading: AskedVideos,
    among: Sequence[VideoCard],
    dates: dict[str, str],
    days: Sequence[str],
    words: str,
    name: str,
) -> None:
    """Those of these days; "as of" them, those before too."""
    if _AS_OF.match(words):
        chosen = [card for card in among if dates.get(card.video_id, "9") <= days[-1]]
        why = f"until {days[-1]}"
    else:
        chosen = [card for card in among if dates.get(card.video_id) in days]
        why = f"{name}, of {', '.join(days)}"
    if len(chosen) < len(reading.videos):
        reading.choose(chosen, why)
    reading.without(words)


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


def by_series(reading: AskedVideos) -> None:
    """ "The most recent harbour board": the newest of those whose titles have these words."""
    for pattern, at, name in _IN_SERIES:
        match = pattern.search(reading.rest)
        if match is not None and not reading.said and len(reading.videos) > 1:
            _of_series(reading, match, at, name)
    _several(reading)


def _several(reading: AskedVideos) -> None:
    """ "The two choir rehearsals": as many as are called so."""
    match = _SEVERAL.search(reading.rest)
    if match is None or reading.said:
        return
    *words, last = (word.casefold() for word in match["what"].split())
    called = {*words, last}, {*words, last.removesuffix("s")}
    fits = [card for card in reading.videos if any(each <= words_of(card.title) for each in called)]
    if len(fits) == _MANY[match["many"].casefold()]:
        reading.choose(fits, "")
        reading.without(match.group())


def _of_series(reading: AskedVideos, match: re.Match[str], at: int, name: str) -> None:
    words = match.group(1).split()
    for count in range(len(words), 0, -1):
        of_them = {word.casefold() for word in words[:count]}
        among = [card for card in reading.videos if of_them <= words_of(card.title)]
        dates: dict[str, str] = {card.video_id: date for card in among if (date := day_of_video(card))}
        if len(dates) > 1:
            tail = match.group(1).lstrip()
            kept = " ".join(words[:count])
            whole = match.group()[: len(match.group()) - len(tail)] + kept
            days = sorted(set(dates.values()))
            if not -len(days) <= at < len(days):
                return
            _choose_of(reading, among, dates, days[at:][:1], whole, name)
            return


# Before words of titles, which of their days in order, and how that is told.
_LAST_NAME, _BEFORE_NAME, _FIRST_NAME = "the newest", "the one before the newest", "the oldest"
_BEFORE_LAST = "previous|penultimate|second[- ]to[- ]last|next[- ]to[- ]last|last but one"
_IN_SERIES = tuple(
    (re.compile(lead + _OF_TITLES.format(words), re.IGNORECASE), at, name)
    for lead, words, at, name in (
        (_TO_IT, _BEFORE_LAST, -2, _BEFORE_NAME),
        (_TO_IT, "last|latest|most recent|newest", -1, _LAST_NAME),
        (_TO_IT, "first|earliest|oldest", 0, _FIRST_NAME),
        *((_SURELY_TO_IT, word, at, "in this place by date") for word, at in _PLACES.items()),
        (
            _TO_IT_ELSEWHERE,
            r"vorletzte[nrms]?|avant-derni[eè]re?|penúltim[oa]|penultim[oa]|voorlaatste|предпоследн\w+",
            -2,
            _BEFORE_NAME,
        ),
        (
            _TO_IT_ELSEWHERE,
            r"letzte[nrms]?|jüngste[nrms]?|derni[eè]re?|últim[oa]|ultim[oa]|laatste|последн\w+",
            -1,
            _LAST_NAME,
        ),
        (
            _TO_IT_ELSEWHERE,
            r"erste[nrms]?|premi[eè]re?|primera?|prim[oa]|primeir[oa]|eerste|перв(?:ом|ой|ую|ый|ая)",
            0,
            _FIRST_NAME,
        ),
    )
)


def by_number(reading: AskedVideos) -> None:
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
