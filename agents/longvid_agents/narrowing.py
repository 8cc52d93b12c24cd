"""What the question itself narrows: a video by its title or date, a time on its clock; never wider than the caller's.

Every choice is told in a sentence. A date that no video has is told too, and nothing is guessed from it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from longvid_agents.days import KIND, LEAD, day_of_video, days_asked
from longvid_storage.text.timecode import format_span, format_time, parse_time
from longvid_storage.types import Scope, VideoCard

_IN = r"(?:in|of|from|during|im|von|aus|dans|de|du|en|del|из|в)"
_CLOCK = r"((?:\d+:)?\d{1,2}:\d{2}|\d+(?:\.\d+)?\s*(?:seconds?|secs?|s|minutes?|mins?|hours?|h)\b)"
_NUMBERS = {
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
}
_NUMBER = re.compile(rf"\b({'|'.join(_NUMBERS)})(?= (?:seconds?|minutes?|hours?)\b)", re.IGNORECASE)
_ONE = re.compile(r"\b(the (?:first|last|final)) (?=(?:second|minute|hour)\b)", re.IGNORECASE)
_FIRST = re.compile(rf"\b(?:in|during|within|of|from) the first {_CLOCK}", re.IGNORECASE)
_LAST = re.compile(rf"\b(?:in|during|within|of|from) the (?:last|final) {_CLOCK}", re.IGNORECASE)
_BETWEEN = re.compile(rf"\b(?:between|from) {_CLOCK} (?:and|to|until|till) {_CLOCK}", re.IGNORECASE)
_AFTER = re.compile(r"\b(?:after|since|from) ((?:\d+:)?\d{1,2}:\d{2})", re.IGNORECASE)
_BEFORE = re.compile(r"\b(?:before|until) ((?:\d+:)?\d{1,2}:\d{2})", re.IGNORECASE)
_AT = re.compile(r"(?:\bat|@) ((?:\d+:)?\d{1,2}:\d{2})(?!\w| ?[ap]\.?m)", re.IGNORECASE)
_BEGINNING = re.compile(r"\b(?:at|in) the (?:very )?(?:beginning|start)\b", re.IGNORECASE)
_END = re.compile(r"\b(?:at|near) the (?:very )?end\b", re.IGNORECASE)
_SECONDS = (("h", 3600.0), ("m", 60.0), ("s", 1.0))
_EDGE, _EDGE_LEAST_S, _EDGE_MOST_S = 0.1, 10.0, 300.0
"""The beginning and the end are a tenth of a video, within these bounds."""

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
# Of a series that no word of ``KIND`` names: "the most recent harbour board".
_NEWEST_OF = re.compile(
    r"\b(?:(?:in|at|of|from|during|since) )?(?:the |our |my )?(?:last|latest|most recent|newest)"
    r"((?: [\w'-]+){1,4})",
    re.IGNORECASE,
)
_BY_WORDS = re.compile(rf"\b(?:the|in|of|this|our) ((?:[\w'-]+ ){{1,3}})({KIND})s?\b", re.IGNORECASE)


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
    for step in (_by_title, _by_date, _by_order, _by_series, _by_words, _by_clock):
        step(reading)
    return Narrowed(reading.inside, tuple(reading.said), tuple(reading.notes), " ".join(reading.rest.split()))


def only(said: Sequence[str]) -> tuple[str, ...]:
    """That the question was asked of a part only, as a note; none when it was of all."""
    several = len(said) > 1 or any(each.startswith("the videos ") for each in said)
    return (f"Only {', '.join(said)} {'were' if several else 'was'} looked at.",) if said else ()


class _Reading:
    def __init__(self, question: str, scope: Scope, videos: list[VideoCard], today: date) -> None:
        self.today = today
        self.rest = unicodedata.normalize("NFC", question)
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
    one of two words also after "in" or "of", in its own letters."""
    folded = question.casefold()
    if not title.split() or not all(word in folded for word in title.casefold().split()):
        return False  # before a pattern is made of it: ten thousand titles took seconds
    words = _as_written(title)
    quoted = rf"[\"“”'‘’«»„]\W*{words}\W*[\"“”'‘’«»„]"
    pattern = rf"(?<!\w){words}(?!\w)" if surely or len(title.split()) > 2 else quoted
    if len(title.split()) == 2 and not title.islower() and re.search(rf"\b{_IN}\s+{words}(?!\w)", question):
        return True  # in the letters of the title, where a recording may be named
    return bool(re.search(pattern, question, re.IGNORECASE))


def _by_date(reading: _Reading) -> None:
    """Every day that is named counts: "on 4 March and 11 March" is two meetings."""
    dates = {card.video_id: day for card in reading.videos if (day := day_of_video(card))}
    asked, given = list(days_asked(reading.rest, reading.today)), reading.videos
    fits = [c for c in reading.videos if any(dates.get(c.video_id, "") in each for each in asked)]
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


def _by_order(reading: _Reading) -> None:
    """ "The last meeting", "the most recent standup": by their dates."""
    orders = ((_NEWEST, max, "newest"), (_NEWEST_ELSEWHERE, max, "newest"), (_OLDEST, min, "oldest"))
    for pattern, choose, name in orders:
        match = pattern.search(reading.rest)
        if match is None or len(reading.videos) < 2:
            continue
        words = [word.casefold() for group in match.groups() for word in (group or "").split()]
        named = [card for card in reading.videos if any(word in _words(card.title) for word in words)]
        among = named or reading.videos
        dates: dict[str, str] = {card.video_id: date for card in among if (date := day_of_video(card))}
        if not dates:
            reading.notes.append(
                f'The videos have no dates in their names or files, so "{match.group().strip()}" chose none.'
            )
            continue
        _chosen(reading, among, dates, choose, name, match)


def _by_series(reading: _Reading) -> None:
    """ "The most recent harbour board": the newest of those whose titles have these words."""
    match = _NEWEST_OF.search(reading.rest)
    if match is None or reading.said or len(reading.videos) < 2:
        return
    words = match.group(1).split()
    for count in range(len(words), 0, -1):
        of_them = {word.casefold() for word in words[:count]}
        among = [card for card in reading.videos if of_them <= _words(card.title)]
        dates: dict[str, str] = {card.video_id: date for card in among if (date := day_of_video(card))}
        if len(dates) > 1:
            tail = match.group(1).lstrip()
            kept = " ".join(words[:count])
            whole = match.group()[: len(match.group()) - len(tail)] + kept
            date = max(dates.values())
            chosen = [card for card in among if dates.get(card.video_id) == date]
            reading.choose(chosen, f"the newest, of {date}")
            reading.without(whole)
            return


def _chosen(
    reading: _Reading,
    among: Sequence[VideoCard],
    dates: dict[str, str],
    choose: Callable[[Sequence[str]], str],
    name: str,
    match: re.Match[str],
) -> None:
    date = choose(list(dates.values()))
    reading.choose([card for card in among if dates.get(card.video_id) == date], f"the {name}, of {date}")
    reading.without(match.group())


def _by_words(reading: _Reading) -> None:
    """ "The physics lecture": words that one title alone has."""
    if reading.said or len(reading.videos) < 2:
        return
    for match in _BY_WORDS.finditer(reading.rest):
        words = {word.casefold() for word in match.group(1).split()} - {"the", "this", "our", "whole", "last"}
        fits = [card for card in reading.videos if words and words <= _words(card.title)]
        if len(fits) == 1:
            reading.choose(fits, "")
            reading.without(match.group())
            return


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _by_clock(reading: _Reading) -> None:
    text = _NUMBER.sub(lambda match: _NUMBERS[match.group(1).casefold()], reading.rest)
    text = _ONE.sub(r"\1 1 ", text)
    lengths = [card.duration_s for card in reading.videos]
    span, matches = _span(text, lengths[0] if len(lengths) == 1 else None)
    if not matches:
        return
    if span[0] is not None and lengths and span[0] >= max(lengths):
        if _AT.search(text) is None:  # "at 03:15" of a film of two minutes is a time of day
            reading.notes.append(
                f"No video there is as long as {format_time(span[0])}, so that time chose none."
            )
        return
    tighter = reading.inside.narrowed(from_s=span[0], to_s=span[1])
    if tighter is None:
        return
    reading.inside = tighter
    reading.rest = text
    for match in matches:
        reading.without(match.group())
    from_s, to_s = span[0] or 0.0, span[1]
    reading.said.append(f"{format_time(from_s)} to the end" if to_s is None else format_span(from_s, to_s))


def _span(text: str, length_s: float | None) -> tuple[tuple[float | None, float | None], list[re.Match[str]]]:
    """The seconds that a text names, and where; "at the end" means something in one video only."""
    if match := _BETWEEN.search(text):
        from_s, to_s = _seconds(match.group(1)), _seconds(match.group(2))
        return ((from_s, to_s), [match]) if from_s < to_s else ((None, None), [])
    if match := _FIRST.search(text):
        return (None, _seconds(match.group(1))), [match]
    if match := _AT.search(text):
        return (_seconds(match.group(1)), _seconds(match.group(1)) + 1.0), [match]
    if length_s is not None:
        edge_s = min(max(_EDGE * length_s, _EDGE_LEAST_S), _EDGE_MOST_S)
        if match := _LAST.search(text):
            return (max(0.0, length_s - _seconds(match.group(1))), None), [match]
        if match := _BEGINNING.search(text):
            return (None, edge_s), [match]
        if match := _END.search(text):
            return (max(0.0, length_s - edge_s), None), [match]
    after, before = _AFTER.search(text), _BEFORE.search(text)
    return (
        _seconds(after.group(1)) if after else None,
        _seconds(before.group(1)) if before else None,
    ), [match for match in (after, before) if match]


def _seconds(text: str) -> float:
    if ":" in text:
        return parse_time(text)
    number = re.match(r"[\d.]+", text)
    assert number is not None
    unit = re.sub(r"[\d.\s]", "", text).casefold()
    return float(number.group()) * next(seconds for letter, seconds in _SECONDS if unit.startswith(letter))
