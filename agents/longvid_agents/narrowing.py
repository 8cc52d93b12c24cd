"""What the question itself narrows: a video by its title or date, a time on its clock; never wider than the caller's.

Every choice is told in a sentence. A date that no video has is told too, and nothing is guessed from it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from longvid_agents.day_words import KIND, LEAD
from longvid_agents.days import AskedDays, day_of_video, days_asked
from longvid_agents.edges_asked import edge_of, what_begins_or_ends
from longvid_agents.moments_asked import is_point, needs_one, stretch_asked, with_digits
from longvid_agents.videos_asked import AskedVideos, IsSaid, by_number, by_order, by_series, words_of
from longvid_agents.whole_asked import WholeAsked
from longvid_storage.db.view import View
from longvid_storage.search.memory import memory_of
from longvid_storage.text.analysis import query_terms
from longvid_storage.text.stop_words import STOP_WORDS
from longvid_storage.text.timecode import format_span, format_time
from longvid_storage.types import Scope, VideoCard

_IN = r"(?:in|of|from|during|im|von|aus|dans|de|du|en|del|из|в)"
# What is behind it is a recording or a person.
_SOURCE = (
    r"\b(?:according to|laut|selon|d['’]après|según|secondo|volgens|согласно)"
    r"\s+(?:the\s|the\s\w+\s|der\s|dem\s|la\s|le\s|el\s|il\s|het\s|de\s|l['’])?"
)
# "The episode about Easypaysy"; the words are tried longest first.
_ABOUT = re.compile(
    rf"\b(?:the|this|that|our|your) (?:{KIND})( (?:about|on|called|titled|named))((?: [\w'#+.-]+){{1,6}})",
    re.IGNORECASE,
)
# "ES2002d", "sync_2026-03-09", "rec-0042"; "covid19" may be what is talked about.
_NUMBERED = re.compile(r"(?=[\w-]*[^\W\d_])(?=(?:[\w-]*?\d){3})[\w-]+")
_HOW_LONG = re.compile(
    r"\W*(?:how (?:long|many (?:minutes|hours|seconds)) (?:is|was|are|were|does|did|do)"
    r"|what(?:['’]s| is| was) the (?:length|duration) of) (?:the |our |my )?"
    r"(?P<what>[^?.!]{1,80}?)"
    r"(?: (?:last|take|run))?\W*\Z",
    re.IGNORECASE,
)
_FEWEST_LETTERS = 3
_NAME_BEHIND = re.compile(
    r"(?:['’]s)? (?P<what>[\w-]{1,40}(?: [\w-]{1,40}){0,2}?)(?=\W*\Z| (?:about|before|after)\b)"
)
_AT_THE_END = re.compile(
    r" (?:in|at|of|during|from|on)\s{1,9}(?:(?:the|our|my|this)\s{1,9})?(?:['’]s )?"
    r"(?P<what>(?:[\w'-]{1,40} ){0,3}[\w'-]{1,40})(?=\W*\Z)",
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


def narrow(
    question: str,
    scope: Scope,
    videos: Sequence[VideoCard],
    today: date | None = None,
    is_said: IsSaid = lambda word, videos: True,
) -> Narrowed:
    """Read what ``question`` narrows among ``videos``, those that ``scope`` admits; ``today`` is the clock's day.

    ``is_said``: whether a word is said in some of them; a month that only its own recordings name is theirs.
    """
    reading = AskedVideos(question, scope, list(videos), today or date.today(), is_said)
    for step in (_by_title, _by_date, by_order, by_series, by_number, _by_words, _by_subject, _by_clock):
        step(reading)
    _without_name(reading)
    return Narrowed(reading.inside, tuple(reading.said), tuple(reading.notes), " ".join(reading.rest.split()))


def narrow_in(question: str, view: View) -> Narrowed:
    """``narrow`` among the videos of ``view``. What is still being said when the stretch begins ("after 1:40") belongs
    to it if half of it lies there, if it fills half of the stretch, or if nothing begins there.

    Only where one recording is left: a moment is another sentence in each.
    """

    def is_said(word: str, videos: Sequence[VideoCard]) -> bool:
        inside = view.scope.narrowed(videos=[card.video_id for card in videos])
        facts = memory_of(view).facts
        return inside is not None and any(
            facts(view.within(inside)).frequencies(view.within(inside), query_terms(word)).values()
        )

    narrowed = narrow(question, view.scope, view.cards(), is_said=is_said)
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


def _by_title(reading: AskedVideos) -> None:
    """A video whose whole title is in the question."""
    if len(reading.videos) < 2:
        return
    told = [
        c for c in reading.videos if has_title(reading.rest, c.title, surely=c.named not in ("", c.title))
    ]
    named = told or [card for card in reading.videos if card.named and has_title(reading.rest, card.named)]
    if not named and (called := what_begins_or_ends(reading.rest)):
        told = named = [card for card in reading.videos if words_of(card.title) == called]
    if not named and (whole := WholeAsked.read(reading.rest)):
        fits = [card for card in reading.videos if whole.names(card)]
        if len(fits) == 1:
            reading.choose(fits, "")
            reading.rest = whole.asked
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
    folded, folded_title = question.casefold(), _folded(title)
    if not folded_title or not all(word in folded for word in folded_title):
        return False  # before a pattern is made of it: ten thousand titles took seconds
    words = _as_written(title)
    quoted = rf"[\"“”'‘’«»„]\W*{words}\W*[\"“”'‘’«»„]"
    surely = surely or len(title.split()) > 2 or _NUMBERED.fullmatch(title) is not None
    pattern = rf"(?<!\w){words}(?!\w)" if surely else rf"{quoted}|{_SOURCE}{words}(?!\w)"
    if len(title.split()) == 2 and not title.islower() and re.search(rf"\b{_IN}\s+{words}(?!\w)", question):
        return True  # in the letters of the title, where a recording may be named
    return bool(re.search(pattern, question, re.IGNORECASE))


@lru_cache(maxsize=20_000)
def _folded(title: str) -> tuple[str, ...]:
    """Its words in small letters; those of a large library are asked for at each question."""
    return tuple(title.casefold().split())


def _by_date(reading: AskedVideos) -> None:
    """Every day that is named counts: "on 4 March and 11 March" is two meetings."""
    asked = list(days_asked(reading.rest, reading.today))
    if not asked:
        return
    dates = {card.video_id: day for card in reading.videos if (day := day_of_video(card))}
    asked = [each for each in asked if _of_recordings(reading, each, dates)]
    given = reading.videos
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
            reading.without(each.words + _named_behind(reading, each.words))


def _of_recordings(reading: AskedVideos, asked: AskedDays, dates: Mapping[str, str]) -> bool:
    """Whether days are those of recordings: a month may be what is asked about, where those of other months name it."""
    others = [
        card for card in reading.videos if dates.get(card.video_id, "")[5:7] != f"{asked.first.month:02}"
    ]
    return not asked.unless_said or not others or not reading.is_said(asked.unless_said, others)


def _named_behind(reading: AskedVideos, words: str) -> str:
    """ " weekly" of "today's weekly", where that is in the title of what the day has chosen."""
    match = _NAME_BEHIND.match(reading.rest.partition(words)[2])
    called = {word for card in reading.videos for word in words_of(card.title)}
    return match.group() if match and words_of(match["what"]) <= called else ""


def _days_in(asked: AskedDays, days: Iterable[str]) -> set[str]:
    """Those of the days that are asked; of "the 3rd" of any month the newest."""
    inside = {day for day in days if day in asked}
    return {max(inside)} if inside and asked.month_open else inside


def _by_words(reading: AskedVideos) -> None:
    """ "The physics lecture": words that one title alone has."""
    if reading.said or len(reading.videos) < 2:
        return
    if match := _HOW_LONG.match(reading.rest):  # "How long is the keynote?", where one or more are called so
        words = words_of(match["what"]) - STOP_WORDS["en"]
        fits = [card for card in reading.videos if words and _is_called(card.title, words)]
        if 0 < len(fits) < len(reading.videos):
            reading.choose(fits, "")
            reading.without(match["what"])
            return
    for match in _BY_WORDS.finditer(reading.rest):
        words = {word.casefold() for word in match.group(1).split()} - {"the", "this", "our", "whole", "last"}
        words = words or {match.group(2).casefold()}  # "the interview", where one is called so
        fits = [card for card in reading.videos if words <= words_of(card.title)]
        if len(fits) == 1:
            reading.choose(fits, "")
            reading.without(match.group())
            return
    for match in _ABOUT.finditer(reading.rest):
        written = match.group(2).split()
        for count in range(len(written), 0, -1):
            words = {word for each in written[:count] for word in words_of(each)} - STOP_WORDS["en"]
            fits = [card for card in reading.videos if words and words <= words_of(card.title)]
            if len(fits) == 1 and written[count - 1].casefold() not in STOP_WORDS["en"]:
                reading.choose(fits, "")
                reading.without(f"{match.group(1)} {' '.join(written[:count])}")
                return


def _by_subject(reading: AskedVideos) -> None:
    """ "What is said about bridges at 1:30?": a time is one of a recording, and one title alone has the subject."""
    text = with_digits(reading.rest)
    if reading.said or len(reading.videos) < 2 or not stretch_asked(text, 1.0)[1]:
        return
    asked = {word for word in words_of(reading.rest) if len(word) >= _FEWEST_LETTERS} - STOP_WORDS["en"]
    fits = [card for card in reading.videos if asked & words_of(card.title)]
    if len(fits) != 1:
        return
    reading.choose(fits, "")
    named = "|".join(map(re.escape, sorted(asked & words_of(fits[0].title), key=len, reverse=True)))
    for match in list(
        re.finditer(
            rf"(?:\babout |\bin |\bof )?(?:\bthe |\bour )?\b(?:{named})\b", reading.rest, re.IGNORECASE
        )
    ):
        reading.without(match.group())


def _without_name(reading: AskedVideos) -> None:
    """ "Who spoke most in the weekly of 4 March?": a date has chosen what "the weekly" is, in words of its title."""
    match = _AT_THE_END.search(reading.rest)
    if match is None or not reading.said:
        return
    called = {word for card in reading.videos for word in words_of(card.title)}
    if words_of(match["what"]) <= called:
        reading.without(match.group())


def _is_called(title: str, words: set[str]) -> bool:
    """Whether a title is these words, but for function words, and for numbers and dates where they are more."""
    titled = words_of(title) - STOP_WORDS["en"]
    return words <= titled and all(word.isdecimal() for word in titled - words)


def _by_clock(reading: AskedVideos) -> None:
    text = with_digits(reading.rest)
    lengths = [card.duration_s for card in reading.videos]
    edge = edge_of(text, reading.videos[0]) if len(lengths) == 1 else None
    (from_s, to_s), words = (
        (edge, [text]) if edge else stretch_asked(text, lengths[0] if len(lengths) == 1 else None)
    )
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
