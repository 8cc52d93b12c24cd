"""What a follow-up refers to, by rules of English: a time, a video, who speaks, the thing whose definition was asked
for, more of the same, or the answer again.

Nothing here looks anything up, and nothing else is guessed: a subject or a whole frame that a follow-up leaves out
stays out, and ``Reading.open`` says that something is left which a language model may put into words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from longvid_agents.conversation.turns import Cited, Turn
from longvid_agents.definitions import names_asked
from longvid_agents.question import FRAME_WORDS, content_terms, make_plan
from longvid_storage.search.question import named_speakers
from longvid_storage.text.languages import guess_language
from longvid_storage.text.stop_words import STOP_WORDS
from longvid_storage.text.timecode import format_time

Mode = Literal["ask", "next", "before", "again"]
When = Literal["after", "before"]
_MODES: dict[When, Mode] = {"after": "next", "before": "before"}

_SPEECH = (
    "(?:say|said|mention|think|explain|talk|speak|ask|answer|reply|promise|suggest|agree|decide|propose|want|mean|claim"
    "|argue|recommend|report|conclude|tell|add|offer|object|describe|define)(?:s|ed|d)?"
)
_AUX = "did|does|do|has|have|had|will|would|was|is|were|are|can|could|should|might|am|shall|may"
_CONNECTIVE = re.compile(r"^(?:(?:and|so|but|ok(?:ay)?|then|well|also|now)\b[,\s]*)+", re.I)
_AND_ELSEWHERE = re.compile(r"^(?:und|et|y|e|en|и|а)\s+", re.I)
_ABOUT = re.compile(r"^(?:what|how) about\b\s*", re.I)
# "After that" as a whole: "after that meeting" and "after it is deployed" name something else.
_WHOLE = r"(?=\s*(?:$|[?.!,;])|\s+(?:about|of|on|regarding|in)\b)"
_SOON = r"(?:right |just |soon |immediately |shortly )?"
_TIMES: tuple[tuple[When, re.Pattern[str]], ...] = (
    ("after", re.compile(rf",?\s{{0,9}}\b{_SOON}after (?:that|this)\b{_WHOLE}[,\s]*", re.I)),
    ("before", re.compile(rf",?\s{{0,9}}\b{_SOON}before (?:that|this)\b{_WHOLE}[,\s]*", re.I)),
    ("after", re.compile(rf"\s{{1,9}}else\b(?=.*\b{_SPEECH}\b)", re.I)),
)
# These mean the last answer only where nothing else is asked than what is said: "what did she say next?".
_ADVERBS: tuple[tuple[When, re.Pattern[str]], ...] = (
    ("after", re.compile(r",?\s{0,9}\b(?:next|later(?: on)?|afterwards?|thereafter)(?=\W*$)", re.I)),
    ("before", re.compile(r",?\s{0,9}\b(?:earlier(?: on)?|beforehand|previously|before)(?=\W*$)", re.I)),
)
_MEDIA = "video|talk|meeting|lecture|recording|call|session|film|clip|interview|presentation|episode"
_PLACE = re.compile(
    rf"\b(?:in|during|from|at|of|about|is|was|does|did) (?:that|this|the same)(?: same)? (?:{_MEDIA})\b"
    r"|(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )(?<!\bbe )\bthere(?=\W*$)",
    re.I,
)
_WHERE = re.compile(
    rf",?\s{{0,9}}\b(?:(?:in|during|from|at) (?:that|this|the same)(?: same)? (?:{_MEDIA})\b|(?:in )?there(?=\W*$))",
    re.I,
)
_OTHER = re.compile(
    rf"\b(?:(?:in|during|from|at|of|on) )?(?:the|any|an)? ?other (?:ones?|(?:{_MEDIA})s?)\b", re.I
)
# "And in the last one?": the last meeting, where a few words say where.
_THE_LAST_ONE = re.compile(
    r"\b(the (?:very )?(?:first|second|third|last|latest|newest|oldest|earliest|most recent)) one\b",
    re.I,
)
# "And the one before?": the meeting of the day before or after, by the dates of the videos.
_NEIGHBOUR = re.compile(
    rf"^(?:(?:in|at|during|from) )?(?:the )?"
    rf"(?:(?P<before>previous|one before|{_MEDIA} before)|(?:next|following|one after|{_MEDIA} after))"
    rf"(?: (?:one|{_MEDIA}|that|it|this))?\W*$",
    re.I,
)
_MORE = re.compile(
    r"^(?:and |so )?(?:(?:please )?(?:tell me more|say more|more|go on|continue|keep going|what else|anything else)"
    r"(?: please)?|what happen(?:s|ed)|then|(?:what )?(?:comes )?(?:next|then)|afterwards"
    r"|(?:what )?(?:happen(?:s|ed) |c[ao]mes? |follow(?:s|ed) |was (?:said )?)?"
    rf"{_SOON}(?:after|(?P<before>before)) (?:that|this))\W*$",
    re.I,
)
_AGAIN = re.compile(
    rf"^(?:(?:in )?(?:which|what) (?:{_MEDIA})(?: (?:was|is) (?:that|this|it)(?: said| from| in)?)?"
    r"|who (?:said|says|told us|asked) (?:that|this|it)|(?:when|where) (?:was|is) (?:that|this|it)(?: said| shown)?"
    r"|(?:when|where) did (?:he|she|they) say (?:that|this|it)|who was (?:that|it)|(?:say )?(?:that )?again"
    r"(?: please)?)\W*$",
    re.I,
)
_SAYS = re.compile(rf"\b(he|she)(?= (?:\w+ly |also |then |later |just )?{_SPEECH}\b)", re.I)
_IT = re.compile(rf"\b(?:{_AUX}) (it)\b(?! (?:take|true|possible|mean|that)\b)", re.I)
_HAPPENS = re.compile(rf"\b(?:{_SPEECH}|spoke|told|happen(?:s|ed)?|c[ao]mes?|heard|shown)\b", re.I)
# A question with one of these is no question of its own.
_LEANS = re.compile(
    r"^(?:what|how) about\b|^(?:why|how|when|where|who|which one)(?: (?:so|come|not))?\W*$"
    rf"|\b(?:he|she|him|his|her|hers)\b|\b(?:{_AUX}) it\b(?! (?:take|true|possible|mean)\b)"
    rf"|^(?:{_AUX}) (?:that|this|these|those)\b|\b(?:it|them|that|this|these|those)\W*$",
    re.I,
)
_MAY_LEAN = re.compile(
    rf"\b(?:it|its|that|this|these|those|they(?! (?:\w+ly |also )?{_SPEECH}\b)|them|their|same|else|other)\b",
    re.I,
)
_ASKS = re.compile(
    rf"^(?:what|who|whom|whose|when|where|why|how|which|list|tell|show|give|find|name|explain|describe|compare"
    rf"|summari[sz]e|{_AUX})\b",
    re.I,
)
_MOST_WORDS_OF_A_FRAGMENT = 4
# "How often?", "since when?": the question before it, with these words in place of its own.
_HOW = "often|long|much|many(?: times)?|far|fast|big|large|small|old|high|tall|deep|heavy|expensive|soon"
_QUESTION_WORD = (
    rf"(?:(?:by|since|until|till|for|from|with|to|at|in|ab|bis|seit|mit|desde|hasta|depuis|jusqu['’]à|pour|par|avec|da)"
    rf"\s)?(?:how (?:{_HOW})|what (?:time|day|date)|when|where|why|who(?:m|se)?|how"
    r"|wie (?:oft|lange|viele?|teuer|hoch|weit|alt)|wann|wo(?:hin|her)?|warum|wieso|wer|wem|wen|wie"
    r"|combien(?: de (?:temps|fois))?|à quelle heure|quand|où|pourquoi|qui|comment"
    r"|cada cuánto|cu[áa]nt[oa]s?(?: (?:tiempo|veces))?|cu[áa]ndo|d[óo]nde|por qu[ée]|qui[ée]n(?:es)?|c[óo]mo"
    r"|ogni quanto|quant[oaie](?: (?:tempo|volte))?|quando|dove|perch[ée]|chi)"
)
_ASKS_ALONE = re.compile(rf"^\W*(?P<what>{_QUESTION_WORD})(?: (?:so|then|exactly|genau|denn))?\W*$", re.I)
_ASKED_BEFORE = re.compile(
    rf"^\W*(?:(?:please|can you|could you) )*(?:(?:tell me|explain|describe|show me|say)(?: (?:about|of))? )?"
    rf"(?:(?:{_QUESTION_WORD}|what|which|was|welche[rsnm]?|quel(?:le)?s?|que|qu[ée]|cosa|quale) )?(?P<rest>\S.*)$",
    re.I | re.S,
)
# "Is that the newest?": the question before it once more, whose answer has the newest day first.
_NEWEST = re.compile(
    r"^\W*(?:is|are|was|were) (?:that|this|it|those|these|they) (?:really |actually )?(?:"
    r"(?:still )?(?:the )?(?:newest|latest|most recent|current|up[ -]to[ -]date|last)"
    r"(?: (?:ones?|value|number|figure|date|version|state|plan|decision|information|word|news))?"
    r"|still (?:true|so|valid|right|correct|the case|the plan))\W*$",
    re.I,
)
# "Summarize it": the video spoken of.
_IT_ALL = rf"(?:it|this|that|(?:this|that|the)(?: whole| entire)? (?:{_MEDIA})|all of (?:it|this|that))"
_SUMS_UP = re.compile(
    rf"^\W*(?:(?:please|can you|could you|now) )*(?:(?:summari[sz]e|recap|sum up)(?: {_IT_ALL})?|sum {_IT_ALL} up"
    rf"|(?:give (?:me |us )?)?(?:an? |the )?(?:(?:short|brief|quick) )?(?:summary|overview|recap|gist)"
    rf"(?: of {_IT_ALL})?|tl;?dr|what(?:['’]s| is| was) (?:it|this|that)(?: all)? about)"
    r"(?:,? (?:for me|please|briefly|then))*\W*$"
    r"|^\W*(?:fass(?:e)? (?:es|das) (?:bitte )?(?:kurz )?zusammen|résume(?:z)?(?:[- ](?:le|la|ça))?"
    r"|res[úu]m[ea](?:lo|la)?|riassumi(?:lo|la)?|vat (?:het|dat) samen)\W*$",
    re.I,
)
_ENGLISH_SUM = re.compile(r"\b(?:sum\w*|recap|overview|gist|about)\b|tl;?dr", re.I)


@dataclass(frozen=True, slots=True)
class Reading:
    """A follow-up as it stands alone.

    ``mode``: ``"ask"`` the ``question``; ``"next"`` or ``"before"``: only what is said after or before is wanted;
    ``"again"``: where the last answer was said. ``when`` is counted from ``anchor``, in its video; ``in_video``: only
    there. ``speaker``: only what they say. ``notes`` say what was read into it. ``open``: it may refer to more than
    was read.
    """

    question: str
    mode: Mode = "ask"
    when: When | None = None
    in_video: bool = False
    speaker: str | None = None
    anchor: tuple[Cited, ...] = ()
    notes: tuple[str, ...] = ()
    open: bool = False


def read(question: str, turns: Sequence[Turn], speakers: Sequence[str]) -> Reading:
    """What ``question`` means after ``turns`` (oldest first), where ``speakers`` are heard."""
    text = " ".join(question.split())
    bare = _CONNECTIVE.sub("", text)
    last = next((turn for turn in reversed(turns) if turn.cited), None)
    if last is not None and _AGAIN.match(bare):
        which = "the last answer" if last is turns[-1] else f"the answer to {last.question!r}"
        return Reading(text, "again", anchor=last.cited, notes=(f"that = {which}",))
    more = _MORE.match(bare) or _MORE.match(text)  # "then" alone is both a connective and a question
    if last is not None and more:
        when: When = "before" if more["before"] else "after"
        return Reading(text, _MODES[when], when, True, anchor=last.cited, notes=(placed(last.cited, when),))
    if last is not None and (left_out := _left_out(bare, last) or _somebody_else(text, last, speakers)):
        return left_out
    about = _ABOUT.sub("", bare)
    reading = Reading(bare)
    if about != bare and says_something(about, ()):
        reading = Reading(about, notes=(f"asked about: {about.rstrip(' ?.!')}",))
    if last is not None:
        reading = _in_place(_in_time(reading, last.cited, speakers), last.cited, speakers)
    reading = _by_thing(_by_speaker(reading, turns, speakers), turns)
    if not reading.notes:
        return Reading(text, open=_may_lean(text))
    asked = sentence(reading.question)
    unsure = about != bare or _may_lean(asked)
    theirs = tuple(cited for cited in (last.cited if last else ()) if cited.speaker == reading.speaker)
    if theirs and reading.speaker and not (reading.in_video or unsure) and _only_happens(asked, speakers):
        return replace(reading, question=text, mode="again", anchor=theirs)
    return only_said(replace(reading, question=asked, open=unsure), speakers)


def _left_out(bare: str, last: Turn) -> Reading | None:
    """What a question word alone asks ("how often?") after the question that was answered; "summarize it": its video;
    "is that the newest?": that question.

    ``open``, so that a model may put the former better.
    """
    if _SUMS_UP.match(bare):
        asked = "Summarize the video." if _ENGLISH_SUM.search(bare) else bare
        first = last.cited[:1]
        return Reading(asked, in_video=True, anchor=first, notes=(placed(first, None),))
    if _NEWEST.match(bare):
        return Reading(last.asked, notes=(f"asked again, the newest first: {last.asked}",), open=True)
    alone, before = _ASKS_ALONE.match(bare), _ASKED_BEFORE.match(last.asked)
    if alone is None or before is None or not says_something(before["rest"], ()):
        return None
    first_word, space, rest = before["rest"].partition(" ")
    first_word = first_word.lower() if first_word.lower() in STOP_WORDS["en"] else first_word
    asked = sentence(f"{alone['what']} {first_word}{space}{rest}")
    return Reading(asked, notes=(f"asked as: {asked}",), open=True)


def _somebody_else(text: str, last: Turn, speakers: Sequence[str]) -> Reading | None:
    """ "And Oleg?" after a question that names one other person: that question with this name; a name alone is none."""
    about = _ABOUT.sub("", _CONNECTIVE.sub("", _AND_ELSEWHERE.sub("", text)))
    if about == text:
        return None
    named, before = named_speakers(about, speakers), named_speakers(last.asked, speakers)
    if len(named) != 1 or len(before) != 1 or named == before or says_something(about, named):
        return None
    known = "|".join(map(re.escape, (before[0], *before[0].split())))
    asked = sentence(re.sub(rf"(?<!\w)(?:{known})(?!\w)", lambda _: named[0], last.asked, count=1))
    return Reading(asked, notes=(f"asked as: {asked}",), open=True) if named[0] in asked else None


def leans(question: str) -> bool:
    """Whether a question is plainly the follow-up of another."""
    bare = _CONNECTIVE.sub("", question)
    return _LEANS.search(bare) is not None or (bare != question and not _ASKS.match(bare))


def elsewhere(question: str) -> tuple[str, bool]:
    """What a follow-up of a few words says without its "and", and whether it says "in the other meeting"."""
    bare = _ABOUT.sub("", _CONNECTIVE.sub("", question))
    left, other = _OTHER.subn(" ", bare, count=1)
    left = _THE_LAST_ONE.sub(r"\1 video", left)
    return " ".join(left.split()), bool(other)


def neighbour(question: str) -> When | None:
    """Whether nothing but the recording before or after is named ("And the one before?")."""
    found = _NEIGHBOUR.match(_ABOUT.sub("", _CONNECTIVE.sub("", question)))
    return None if found is None else "before" if found["before"] else "after"


def asks_by_itself(question: str) -> bool:
    """Whether a question begins as questions do, after an "and" or "what about"."""
    return _ASKS.match(_ABOUT.sub("", _CONNECTIVE.sub("", question))) is not None


def only_said(reading: Reading, speakers: Sequence[str]) -> Reading:
    """With a time and nothing else asked, the transcript alone answers: its mode is ``"next"`` or ``"before"``."""
    named = named_speakers(reading.question, speakers)
    if reading.when is None or says_something(reading.question, named):
        return reading
    notes, unknown = reading.notes, _SAYS.search(reading.question)
    if unknown and not named:
        notes = (*notes, f"{unknown.group().lower()} = anybody")
    return replace(
        reading, mode=_MODES[reading.when], speaker=named[0] if len(named) == 1 else None, notes=notes
    )


def placed(anchor: Sequence[Cited], when: When | None) -> str:
    """A note on where is looked: after or before what was cited last, or anywhere in its video."""
    if when is None:
        return f"in {anchor[-1].title}"
    return f"{when} {format_time(bound_s(anchor, when))} in {anchor[-1].title}"


def bound_s(anchor: Sequence[Cited], when: When) -> float:
    """The end (or start) of what was cited in the video of the last citation, in seconds."""
    there = [cited for cited in anchor if cited.video_id == anchor[-1].video_id]
    return max(c.end_s for c in there) if when == "after" else min(c.start_s for c in there)


def _in_time(reading: Reading, anchor: tuple[Cited, ...], speakers: Sequence[str]) -> Reading:
    for when, pattern in (*_TIMES, *_ADVERBS):
        left, found = pattern.subn(" ", reading.question, count=1)
        if found and ((when, pattern) in _TIMES or _only_happens(left, speakers)):
            notes = (*reading.notes, placed(anchor, when))
            return replace(reading, question=left, when=when, in_video=True, anchor=anchor, notes=notes)
    return reading


def _in_place(reading: Reading, anchor: tuple[Cited, ...], speakers: Sequence[str]) -> Reading:
    if not _PLACE.search(reading.question):
        return reading
    left = _WHERE.sub("", reading.question)
    if not says_something(left, named_speakers(left, speakers)):
        left = reading.question
    notes = reading.notes if reading.in_video else (*reading.notes, placed(anchor, None))
    return replace(reading, question=left, in_video=True, anchor=anchor, notes=notes)


def _by_speaker(reading: Reading, turns: Sequence[Turn], speakers: Sequence[str]) -> Reading:
    """ "He" or "she" who says something, where only one person can be meant."""
    found = _SAYS.search(reading.question)
    person = _person(turns, speakers)
    if found is None or person is None or named_speakers(reading.question[: found.start()], speakers):
        return reading
    question = reading.question[: found.start()] + person + reading.question[found.end() :]
    notes = (*reading.notes, f"{found.group().lower()} = {person}")
    return replace(reading, question=question, speaker=person, notes=notes)


def _by_thing(reading: Reading, turns: Sequence[Turn]) -> Reading:
    """ "It" after "What is photosynthesis?", where that asked for one thing and this for nothing before the "it"."""
    names = names_asked(make_plan(turns[-1].asked)) if turns and turns[-1].cited else ()
    found = _IT.search(reading.question)
    if len(names) != 1 or found is None:
        return reading
    name = " ".join(names[0])
    question = reading.question[: found.start(1)] + name + reading.question[found.end(1) :]
    return replace(reading, question=question, notes=(*reading.notes, f"it = {name}"))


def _person(turns: Sequence[Turn], speakers: Sequence[str]) -> str | None:
    """Who was named last, by a question or as the one who said what was cited; None when there were several."""
    for turn in reversed(turns):
        cited = {c.speaker: None for c in turn.cited if c.speaker and c.speaker in speakers}
        people = list(named_speakers(turn.asked, speakers)) or list(cited)
        if people:
            return people[0] if len(people) == 1 else None
    return None


def says_something(question: str, named: Sequence[str]) -> bool:
    """Whether any word of a question is neither of its frame nor of the names."""
    names = {word.casefold() for name in named for word in name.split()}
    words = [term.word.casefold() for term in content_terms(question)]
    return any(word not in FRAME_WORDS and re.split("['’]", word)[0] not in names for word in words)


def _only_happens(question: str, speakers: Sequence[str]) -> bool:
    happens = _HAPPENS.search(question) is not None
    return happens and not says_something(question, named_speakers(question, speakers))


def _may_lean(question: str) -> bool:
    """Whether a question may refer to something said before: the rules know English only."""
    fragment = len(question.split()) <= _MOST_WORDS_OF_A_FRAGMENT and not _ASKS.match(question)
    foreign = guess_language(question) not in ("en", None)
    return leans(question) or fragment or foreign or _MAY_LEAN.search(_PLACE.sub("", question)) is not None


def sentence(text: str) -> str:
    """A question as it is written: a capital, and an end."""
    text = re.sub(r"\s([?.!,])", r"\1", " ".join(text.split()).strip(" ,"))
    return text[:1].upper() + text[1:] + ("" if text.endswith(("?", ".", "!")) else "?")
