"""What a follow-up refers to, by rules of English: the person, the time, the video, the subject, the whole frame.

Nothing here looks anything up; a rule that does not fit leaves the question as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from longvid_agents.conversation.subjects import content_phrase, named_speakers, says_something, subject_of
from longvid_agents.conversation.turns import Cited, Turn
from longvid_agents.question import FRAME_WORDS, content_terms
from longvid_storage.text.stop_words import STOP_WORDS
from longvid_storage.text.timecode import format_time

Mode = Literal["ask", "next", "before", "again"]
When = Literal["after", "before"]

_SPEECH = (
    "say|said|mention|think|explain|talk|speak|ask|answer|reply|promise|suggest|agree|decide|propose|want|mean|claim"
    "|argue|recommend|report|conclude|tell|add|offer|object|describe|define|show"
)
_AUX = "did|does|do|has|have|had|will|would|was|is|were|are|can|could|should|might"
_VERBS = f"{_AUX}|mean|means|work|works|happen|happens|happened|cost|costs|matter|matters|look|looks|take|takes|begin"

_CONNECTIVE = re.compile(r"^(?:(?:and|so|but|ok(?:ay)?|then|well|also|now)\b[,\s]*)+", re.I)
_ABOUT = re.compile(r"^(?:what|how) about\b\s*", re.I)
_AFTER = re.compile(
    r"[,\s]*\b(?:right |just |soon |immediately |shortly )?(?:after (?:that|this|it)\b|afterwards?\b|thereafter\b"
    r"|(?:next|then|later(?: on)?)(?=\W*$))",
    re.I,
)
_BEFORE = re.compile(
    r"[,\s]*\b(?:right |just |immediately |shortly )?(?:before (?:that|this|it)\b|beforehand\b|previously\b"
    r"|(?:earlier(?: on)?|before)(?=\W*$))",
    re.I,
)
_MEDIA = "video|talk|meeting|lecture|recording|call|session|film|clip"
_PLACE = re.compile(
    rf"[,\s]*\b(?:(?:in|during|from|at|of) (?:(?:that|this|the same)(?: same)? (?:{_MEDIA}|one)|it(?=\W*$))"
    r"|(?:in )?there(?=\W*$))",
    re.I,
)
_ELSE = re.compile(r"\b(?:what|anything|who|where) else\b", re.I)
_MORE = re.compile(
    r"^(?:(?:please )?(?:tell me more|say more|more|go on|continue|keep going|what else|anything else)(?: please)?"
    r"|what happen(?:s|ed)|(?:and )?(?:then|next|(?:what )?after that|afterwards|what then|what(?: comes)? next))\W*$",
    re.I,
)
_AGAIN = re.compile(
    r"^(?:who (?:said|says|told us|asked) (?:that|this|it)|(?:when|where) (?:was|is) (?:that|this|it)(?: said| shown)?"
    r"|(?:when|where) did (?:he|she|they) say (?:that|this|it)|who was (?:that|it))\W*$",
    re.I,
)
_BARE = re.compile(r"^(why|how|when|where|who)(?: (?:so|is that|was that|not|come))?\W*$", re.I)
_SUBJECT = re.compile(rf"\b(?:{_AUX}) (he|she)\b(?= (?:\w+ly |also |then )?(?:{_SPEECH})\b)", re.I)
_SAYS = re.compile(rf"\b(he|she)(?= (?:also |then )?(?:{_SPEECH})(?:s|ed|d)?\b)", re.I)
_PERSON = re.compile(r"\b(he|she|him|his|hers|her)\b", re.I)
_WOMAN = ("she", "her", "hers")
_THEY = rf"they(?! (?:\w+ly |also )?(?:{_SPEECH})\b)"
_POINTING = rf"(?:that|this|these|those)(?=\W*$|\s+(?:{_VERBS})\b)"
_THING = re.compile(rf"\b(?:it|them|{_THEY}|{_POINTING})\b(?![’'-])(?!\s+(?:{_MEDIA})\b)", re.I)
_MAY_REFER = re.compile(
    r"\b(?:it|its|that|this|these|those|he|she|they|him|her|them|their|his|same|else)\b", re.I
)
_ITS = re.compile(r"\b(?:its|their)\b", re.I)
_WORD = re.compile(r"\w+(?:['’\-.]\w+)*")
_MOST_ELLIPTIC_WORDS = 7


@dataclass(frozen=True, slots=True)
class Reading:
    """A follow-up as it stands alone.

    ``mode``: ``"ask"`` the ``question``; ``"next"`` or ``"before"``: only what is said after or before is wanted;
    ``"again"``: where the last answer was said. ``when`` is counted from ``anchor``, in its video; ``in_video``: only
    there. ``speaker``: only what they say. ``notes`` say what was read into it; none: it stands alone as it is.
    """

    question: str
    mode: Mode = "ask"
    when: When | None = None
    in_video: bool = False
    speaker: str | None = None
    anchor: tuple[Cited, ...] = ()
    notes: tuple[str, ...] = field(default=())


def read(question: str, turns: Sequence[Turn], speakers: Sequence[str]) -> Reading:
    """What ``question`` means after ``turns`` (oldest first), where ``speakers`` are heard."""
    text = " ".join(question.split())
    if not turns:
        return Reading(text)
    anchor = next((turn.cited for turn in reversed(turns) if turn.cited), ())
    bare = _CONNECTIVE.sub("", text)
    if anchor and _AGAIN.match(bare):
        return Reading(text, "again", anchor=anchor, notes=("that = the last answer",))
    if anchor and (_MORE.match(bare) or _MORE.match(text)):
        return Reading(text, "next", "after", True, anchor=anchor, notes=(_place(anchor, "after"),))
    reading = _timed(Reading(bare, anchor=anchor))
    reading = _placed(reading)
    # "Who said that?" has no frame of its own: the question before it has.
    last = next((turn for turn in reversed(turns) if says_something(turn.asked, speakers)), turns[-1])
    own = _elliptic(reading, last, speakers, connected=bare != text)
    if own is reading:
        own = _topical(_personal(reading, turns, speakers), last, speakers)
    reading = own
    if not reading.notes:
        return Reading(text)
    if reading.when and not says_something(reading.question, speakers):
        named = named_speakers(reading.question, speakers)
        mode: Mode = "next" if reading.when == "after" else "before"
        reading = replace(reading, mode=mode, speaker=named[0] if named else None)
    return replace(reading, question=_sentence(reading.question))


def refers(question: str, turns: Sequence[Turn], speakers: Sequence[str]) -> bool:
    """Whether the rules find anything in the question that stands for something said before, or a word that might."""
    if not turns:
        return False
    if read(question, turns, speakers).notes or _CONNECTIVE.match(question):
        return True
    return _MAY_REFER.search(question) is not None


def _timed(reading: Reading) -> Reading:
    patterns: dict[When, re.Pattern[str]] = {"after": _AFTER, "before": _BEFORE}
    for when, pattern in patterns.items():
        if reading.anchor and pattern.search(reading.question):
            left = pattern.sub("", reading.question)
            notes = (*reading.notes, _place(reading.anchor, when))
            return replace(reading, question=left, when=when, in_video=True, notes=notes)
    if reading.anchor and _ELSE.search(reading.question):
        left = re.sub(r"\s*\belse\b", "", reading.question, flags=re.I)
        notes = (*reading.notes, _place(reading.anchor, "after"))
        return replace(reading, question=left, when="after", in_video=True, notes=notes)
    return reading


def _placed(reading: Reading) -> Reading:
    if not reading.anchor or not _PLACE.search(reading.question):
        return reading
    left = _PLACE.sub("", reading.question)
    note = f"there = {reading.anchor[0].title}"
    return replace(reading, question=left, in_video=True, notes=(*reading.notes, note))


def _elliptic(reading: Reading, last: Turn, speakers: Sequence[str], *, connected: bool) -> Reading:
    """ "And Jonas?", "What about the hotel?", "Why?": the last question with something else in its place."""
    bare = _BARE.match(reading.question)
    if bare and not reading.when:
        phrase = content_phrase(last.asked, speakers)
        if not phrase:
            return reading
        return replace(
            reading,
            question=f"{bare.group(1).capitalize()} {phrase}?",
            notes=(*reading.notes, f"{bare.group(1).lower()}: {phrase}"),
        )
    about = _ABOUT.match(reading.question)
    fragment = (reading.question[about.end() :] if about else reading.question).strip().rstrip("?!. ")
    words = fragment.split()
    if not fragment or len(words) > _MOST_ELLIPTIC_WORDS or not (about or (connected and not _asks(words))):
        return reading
    theirs = named_speakers(fragment, speakers)
    if theirs and _only_names(fragment, theirs):
        return _of_another(reading, last, theirs[0], speakers)
    framed = _reframed(last.asked, fragment, speakers)
    if framed is None:
        return reading
    return replace(reading, question=framed, notes=(*reading.notes, f"asked as: {framed}"))


def _of_another(reading: Reading, last: Turn, speaker: str, speakers: Sequence[str]) -> Reading:
    before = named_speakers(last.asked, speakers)
    question = last.asked
    if before:
        first = before[-1].split()[0]
        question = re.sub(
            rf"(?<!\w)(?:{re.escape(before[-1])}|{re.escape(first)})(?!\w)", speaker, question, flags=re.I
        )
    return replace(
        reading,
        question=question,
        speaker=speaker,
        notes=(*reading.notes, f"asked as: {question} ({speaker})"),
    )


def _reframed(last: str, fragment: str, speakers: Sequence[str]) -> str | None:
    """The last question with ``fragment`` in place of its subject."""
    leading = re.match(r"(about|of|for|on|with|in|at|by|to|from)\s+", fragment, re.I)
    if leading:
        places = list(re.finditer(rf"\b{leading.group(1)}\s+", last, re.I))
        if places:
            return f"{last[: places[-1].start()]}{fragment}?"
        fragment = fragment[leading.end() :]
    subject = subject_of(last, speakers)
    if not subject:
        return None
    head, _, tail = last.rpartition(subject)
    return f"{head}{fragment}{tail}"


def _personal(reading: Reading, turns: Sequence[Turn], speakers: Sequence[str]) -> Reading:
    person = _person(turns, speakers)
    text = reading.question
    if person is None:
        return reading
    subject = _SUBJECT.search(text) or _SAYS.search(text)
    first = subject or _PERSON.search(text)
    if first is None or person in named_speakers(text[: first.start()], speakers):
        return reading
    if subject:
        text = text[: subject.start(1)] + person + text[subject.end(1) :]
    # "Did she promise it to him?": one of the two is known, the other is somebody else.
    woman = first.group(1).casefold() in _WOMAN
    text = _PERSON.sub(
        lambda found: (
            _in_place_of(found, text, person)
            if (found.group().casefold() in _WOMAN) == woman
            else found.group()
        ),
        text,
    )
    return replace(
        reading,
        question=text,
        speaker=person if subject else reading.speaker,
        notes=(*reading.notes, f"{first.group(1).lower()} = {person}"),
    )


def _in_place_of(found: re.Match[str], text: str, person: str) -> str:
    word = found.group().casefold()
    follows = re.match(r"\s+(\w+)", text[found.end() :])
    owns = word in ("his", "hers") or (
        word == "her" and follows is not None and follows.group(1).casefold() not in STOP_WORDS["en"]
    )
    return f"{person}'s" if owns else person


def _person(turns: Sequence[Turn], speakers: Sequence[str]) -> str | None:
    """Whom "he" or "she" means: who was named last, by the question or as the one who said what was cited."""
    for turn in reversed(turns):
        named = named_speakers(turn.asked, speakers)
        if named:
            return named[-1]
        said = [cited.speaker for cited in turn.cited if cited.speaker]
        if said:
            return said[-1]
    return None


def _topical(reading: Reading, last: Turn, speakers: Sequence[str]) -> Reading:
    text = reading.question
    if len([term for term in content_terms(text) if term.word.casefold() not in FRAME_WORDS]) > 1:
        return reading
    subject = subject_of(last.asked, speakers)
    if not subject or subject.casefold() in text.casefold():
        return reading
    for pattern, instead in ((_ITS, f"{subject}'s"), (_THING, subject)):
        found = pattern.search(text)
        if found:
            text = text[: found.start()] + instead + text[found.end() :]
            return replace(
                reading, question=text, notes=(*reading.notes, f"{found.group().lower()} = {subject}")
            )
    return reading


def _asks(words: Sequence[str]) -> bool:
    return words[0].casefold() in {
        *(
            "what",
            "who",
            "whom",
            "whose",
            "when",
            "where",
            "why",
            "how",
            "which",
            "list",
            "tell",
            "show",
            "give",
        ),
        *_AUX.split("|"),
        *("find", "name", "explain", "describe", "compare", "summarise", "summarize"),
    }


def _only_names(fragment: str, named: Sequence[str]) -> bool:
    left = fragment
    for speaker in named:
        for word in speaker.split():
            left = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "", left, flags=re.I)
    return not [word for word in _WORD.findall(left) if word.casefold() not in STOP_WORDS["en"]]


def _place(anchor: Sequence[Cited], when: When) -> str:
    video = [cited for cited in anchor if cited.video_id == anchor[-1].video_id]
    at_s = max(c.end_s for c in video) if when == "after" else min(c.start_s for c in video)
    return f"{when} {format_time(at_s)} in {anchor[-1].title}"


def _sentence(text: str) -> str:
    text = " ".join(text.split()).strip(" ,")
    text = re.sub(r"\s+([?.!,])", r"\1", text)
    if text and text[-1] not in "?.!":
        text += "?"
    return text[:1].upper() + text[1:]
