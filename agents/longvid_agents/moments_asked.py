"""Which stretch of a recording a question asks about: clocks, minutes, halves, its beginning and its end."""

from __future__ import annotations

import re
from collections.abc import Callable

from longvid_storage.text.timecode import parse_time

Stretch = tuple[float | None, float | None]
"""From and to, in seconds of the recording; None is its beginning or end."""

NUMBER_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "zehn": 10, "fünfzehn": 15, "zwanzig": 20, "dreißig": 30,
    "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "dix": 10, "quinze": 15, "vingt": 20, "trente": 30,
    "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "diez": 10, "veinte": 20, "treinta": 30,
    "due": 2, "tre": 3, "cinque": 5, "dieci": 10, "venti": 20, "dois": 2, "duas": 2, "três": 3, "dez": 10, "vinte": 20,
    "twee": 2, "drie": 3, "vijf": 5, "tien": 10, "twintig": 20,
    "две": 2, "три": 3, "четыре": 4, "пять": 5, "десять": 10, "двадцать": 20,
}  # fmt: skip
"""Small ones, as a question counts minutes or sentences with them; what is said is read by ``checks.numbers``."""
_UNIT = (
    r"(?:seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|sekunden?|minuten?|stunden?|secondes?|heures?|segundos?|minutos?"
    r"|horas?|secondi|minuti?|ore|ora|seconden|uur|секунд\w*|минут\w*|час\w*)"
)
# "in ten minutes", but neither "one speaker" nor "the two halves".
_COUNTED = re.compile(rf"\b({'|'.join(NUMBER_WORDS)})\b(?=\s(?:[\w-]+\s)?{_UNIT}\b)", re.IGNORECASE)
_ONE = re.compile(r"\b(the (?:first|last|final)) (?=(?:second|minute|hour)\b)", re.IGNORECASE)
_HALF_AN_HOUR = re.compile(r"\b(?:half an hour|eine halbe stunde|une demi-heure|media hora)\b", re.IGNORECASE)
_QUARTER_OF_AN_HOUR = re.compile(r"\b(?:an? )?quarter of an hour\b", re.IGNORECASE)
_AMOUNT = (
    rf"\d+(?:\.\d+)?(?:\s*|-){_UNIT}(?![^\W\d_])"
    r"(?:\s?(?:and )?\d{1,2}\s*(?:minutes?|mins?|m|seconds?|secs?|s)\b)?"
)
_TIME = rf"((?:\d+:)?\d{{1,2}}:\d{{2}}|{_AMOUNT})"
_CLOCK = r"((?:\d+:)?\d{1,2}:\d{2})(?!\w| ?[ap]\.?m)"
# Units written after the last time hold for both: "between 10 and 12 minutes"; so does a clock: "between 10 and 10:30".
_FIRST_WORDS = (
    r"first|(?:in |während )?(?:den|der|die) ersten|(?:les|las|los|i|le|nei|nelle|os|as) (?:primi|prime"
    r"|primeros|primeras"
    r"|primeiros|premi[eè]res?)|de eerste|первые|первых"
)
_LAST_WORDS = (
    r"last|final|(?:den|der|die) letzten|(?:les|las|los|gli|le|negli|nelle|os|as) (?:ultim[ie]|últim[oa]s"
    r"|derni[eè]res?)"
    r"|de laatste|последние|последних"
)
_LEADS = r"(?:(?:in|during|within|of|from|over|dans|en|durante|nos?|nas?|в|за)\s+)?(?:the\s+)?"
_HALF = (
    (r"(?:the )?first half|(?:der )?ersten hälfte|la première moitié|la primera mitad|la prima metà"
     r"|a primeira metade", 0, 1 / 2),
    (r"(?:the )?(?:second|last|latter|other) half|(?:der )?zweiten hälfte|la (?:deuxième|seconde) moitié"
     r"|la segunda mitad"
     r"|la seconda metà|a segunda metade", 1 / 2, 1),
    (r"(?:the )?first third|(?:dem )?ersten drittel", 0, 1 / 3),
    (r"(?:the )?last third|(?:dem )?letzten drittel", 2 / 3, 1),
    (r"(?:the )?first quarter(?! of)", 0, 1 / 4),
    (r"(?:the )?last quarter(?! of)", 3 / 4, 1),
    (r"the middle|der mitte", 1 / 3, 2 / 3),
)  # fmt: skip
_HALFWAY = re.compile(
    r"\b(?:(?:about |around |roughly )?half ?-?way(?: through| in(?:to)?)?"
    r"|at (?:about )?(?:the )?half ?-?way (?:point|mark)|auf halber strecke|à mi-chemin|a mitad de camino)\b",
    re.IGNORECASE,
)
_HALFWAY_PART = 0.05
_OF_IT = tuple(
    (re.compile(rf"\b(?:in|during|of|from|within|dans|en|nella|na) (?:{words})\b", re.IGNORECASE), begin, end)
    for words, begin, end in _HALF
)
_BEGINNING = re.compile(
    r"\b(?:at|in) the (?:very )?(?:beginning|start)\b|\bthe (?:very )?first (?:thing|words?|sentences?)\b"
    r"|\b(?:am|zu) (?:anfang|beginn)\b"
    r"|\bau début\b|\bal (?:principio|inicio|comienzo)\b|\ball'inizio\b|\bno (?:início|começo)\b|в начале",
    re.IGNORECASE,
)
_END = re.compile(
    r"\b(?:at|near) the (?:very )?end\b|\bthe (?:very )?last (?:thing|words?|sentences?)\b|\b(?:am"
    r"|zum) (?:ende|schluss)\b|\bà la fin\b"
    r"|\bal final\b|\balla fine\b|\bno (?:fim|final)\b|в конце",
    re.IGNORECASE,
)
_FIRST = re.compile(
    rf"\b{_LEADS}(?:{_FIRST_WORDS}) {_TIME}|\b{_LEADS}(?:les|los) {_TIME} (?:premi[eè]res|primeros)",
    re.IGNORECASE,
)
_FIRST_BEHIND = re.compile(r"\bdans les (\d+) premi[eè]res (minutes?|secondes?|heures?)\b", re.IGNORECASE)
_LAST_BEHIND = re.compile(r"\bdans les (\d+) derni[eè]res (minutes?|secondes?|heures?)\b", re.IGNORECASE)
_LAST = re.compile(rf"\b{_LEADS}(?:{_LAST_WORDS}) {_TIME}", re.IGNORECASE)
_JOIN = r"(?:and|to|until|till|und|bis|et|à|y|a|e|и|до)"
_BETWEEN_WORDS = r"(?:between|from|zwischen|von|entre|de|desde|tra|с|между)"
_BETWEEN = re.compile(rf"\b{_BETWEEN_WORDS} {_TIME} {_JOIN} {_TIME}", re.IGNORECASE)
_BETWEEN_BARE = re.compile(
    rf"\b(?:between|from|zwischen|entre) (\d{{1,3}}) {_JOIN} (?:{_CLOCK}|(\d{{1,3}}) ({_UNIT})\b)",
    re.IGNORECASE,
)
_MINUTES = re.compile(
    rf"\b(?:between|from|zwischen|von|entre|in|at|bei|in der) ?(?:the )?(?:minutes?|minuto)s? (\d{{1,3}})"
    rf"(?:\s?(?:{_JOIN}|[-–])\s?(?:minutes? )?(\d{{1,3}}))?\b",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rf"\b(?:after|since|from|nach|ab|après|después de(?: las)?|после) {_CLOCK}", re.IGNORECASE
)
_BEFORE = re.compile(rf"\b(?:before|until|vor|bis|avant|antes de(?: las)?|до) {_CLOCK}", re.IGNORECASE)
_AT = re.compile(
    rf"(?:\bat|@|\bbei|\bà|\ba(?: los)?|\bна) {_TIME}(?!\w| ?[ap]\.?m| (?:past|ago|later|before|after|each))",
    re.IGNORECASE,
)
_AROUND = re.compile(
    rf"\b(?:around|about|near|roughly|circa|ca\.|etwa bei|gegen|vers) {_CLOCK}", re.IGNORECASE
)
_INTO = re.compile(rf"\b(?:about |around |roughly )?{_TIME} (?:into|in(?=\W*\Z))", re.IGNORECASE)
_MARK = re.compile(rf"\b(?:at|around|near|about) the {_TIME}(?=(?: |-)mark\b)(?: |-)mark", re.IGNORECASE)
_AROUND_S = 15.0
_EDGE, _EDGE_LEAST_S, _EDGE_MOST_S = 0.1, 10.0, 300.0
"""The beginning and the end are a tenth of a video, within these bounds."""


def with_digits(text: str) -> str:
    """Amounts of time with digits: "in the last ten minutes" → "in the last 10 minutes"."""
    text = _HALF_AN_HOUR.sub("30 minutes", _QUARTER_OF_AN_HOUR.sub("15 minutes", text))
    text = _COUNTED.sub(lambda match: str(NUMBER_WORDS[match.group(1).casefold()]), text)
    return _ONE.sub(r"\1 1 ", text)


def needs_one(text: str) -> bool:
    """Whether a part of a recording is named that only one recording has: "in the second half"."""
    return any(pattern.search(text) for pattern, _, _ in _OF_IT) or _HALFWAY.search(text) is not None


def stretch_asked(text: str, length_s: float | None) -> tuple[Stretch, list[str]]:
    """The stretch that a question names, and the words that do; ``length_s`` of the one recording there is.

    The end of a recording, and its parts, mean something in one only.
    """
    if _BETWEEN.search(text):
        return _between(text)  # also where it ends before it begins
    for read in (_between, _from_the_edges(length_s), _points):
        stretch, words = read(text)
        if words:
            return stretch, words
    after, before = _AFTER.search(text), _BEFORE.search(text)
    stretch = (amount_s(after[1]) if after else None, amount_s(before[1]) if before else None)
    return stretch, [match.group() for match in (after, before) if match]


def _between(text: str) -> tuple[Stretch, list[str]]:
    if match := _BETWEEN.search(text):
        from_s, to_s = amount_s(match[1]), amount_s(match[2])
    elif match := _BETWEEN_BARE.search(text):
        clock = match[2]
        from_s = amount_s(f"{match[1]}:00" if clock else f"{match[1]} {match[4]}")
        to_s = amount_s(clock or f"{match[3]} {match[4]}")
    elif match := _MINUTES.search(text):
        from_s = 60.0 * int(match[1])
        to_s = 60.0 * int(match[2]) if match[2] else from_s + 60.0
    else:
        return (None, None), []
    return ((from_s, to_s), [match.group()]) if from_s < to_s else ((None, None), [])


def _from_the_edges(length_s: float | None) -> Callable[[str], tuple[Stretch, list[str]]]:
    def read(text: str) -> tuple[Stretch, list[str]]:
        if match := _FIRST.search(text):
            return (None, amount_s(match[1] or match[2])), [match.group()]
        if match := _FIRST_BEHIND.search(text):
            return (None, amount_s(f"{match[1]} {match[2]}")), [match.group()]
        if length_s is None:
            return (None, None), []
        if match := _LAST.search(text):
            return (max(0.0, length_s - amount_s(match[1])), None), [match.group()]
        if match := _LAST_BEHIND.search(text):
            return (max(0.0, length_s - amount_s(f"{match[1]} {match[2]}")), None), [match.group()]
        if match := _HALFWAY.search(text):
            around_s = max(_HALFWAY_PART * length_s, _AROUND_S)
            return (max(0.0, length_s / 2 - around_s), length_s / 2 + around_s), [match.group()]
        for pattern, begin, end in _OF_IT:
            if match := pattern.search(text):
                return (begin * length_s or None, None if end == 1 else end * length_s), [match.group()]
        return _edge(text, length_s)

    return read


def _edge(text: str, length_s: float) -> tuple[Stretch, list[str]]:
    if first := _BEGINNING.search(text):
        return (None, edge_s(length_s)), [first.group()]
    if last := _END.search(text):
        return (max(0.0, length_s - edge_s(length_s)), None), [last.group()]
    return (None, None), []


def edge_s(length_s: float) -> float:
    """How long its beginning and its end are."""
    return min(max(_EDGE * length_s, _EDGE_LEAST_S), _EDGE_MOST_S)


def _points(text: str) -> tuple[Stretch, list[str]]:
    if match := _AROUND.search(text) or _INTO.search(text) or _MARK.search(text):
        at_s = amount_s(match[1])
        return (max(0.0, at_s - _AROUND_S), at_s + _AROUND_S), [match.group()]
    if match := _AT.search(text):
        return (amount_s(match[1]), amount_s(match[1]) + 1.0), [match.group()]
    return (None, None), []


def is_point(text: str) -> bool:
    """Whether a clock stands there that may be a time of day too: "at 03:15"."""
    return _AT.search(text) is not None


def amount_s(text: str) -> float:
    """Seconds of a clock ("1:30") or of amounts with their units ("1 hour 20 min"); 0 where it names no unit."""
    if ":" in text:
        return parse_time(text)
    return sum(
        float(number) * _unit_s(unit)
        for number, unit in re.findall(r"(?<!\d)(\d{1,9}(?:\.\d{1,9})?)[\s-]{0,9}([^\W\d_]+)", text)
        if unit.casefold() != "and"
    )


def _unit_s(unit: str) -> float:
    folded = unit.casefold()
    if folded.startswith(("h", "stunde", "ora", "ore", "uur", "час")):
        return 3600.0
    return 60.0 if folded.startswith(("m", "мин")) else 1.0
