"""A value that was changed later: what another day says of the same subject with another number, place or name stands
beside it.

The newest comes first, unless the question asks what it was at first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from longvid_agents.expected import OF_VALUES, PLACES, asked_for
from longvid_agents.kinds import has_sign
from longvid_agents.question import QuestionPlan
from longvid_agents.scoring import Scores
from longvid_agents.who_is import WhoIs
from longvid_storage.text.analysis import analyse
from longvid_storage.text.dates import MONTH_NAME, WEEKDAY_NAME
from longvid_storage.text.sentences import asks
from longvid_storage.text.stop_words import STOP_WORDS
from longvid_storage.types import Passage

MOST_VALUES = 3
# Of the question's words, and of its meaning, the other sentence has at least these shares of what the first has.
_WORDS, _MEANING = 0.6, 0.7
_MEANING_OF_SAME = 0.5
"""Where it names the same subject, so much of its meaning."""
_COMPARED = 0.3
"""Where the question compares, so much of its words is enough."""
# Of months those that are no common word besides; "may" only as a name.
_OTHER_WORDS = (
    "jan",
    "mar",
    "mars",
    "mart",
    "may",
    "mai",
    "mei",
    "maj",
    "maja",
    "marca",
    "ocak",
    "ekim",
    "dec",
)
_MONTH = "|".join(name for name in MONTH_NAME.split("|") if name not in _OTHER_WORDS)
_VALUE = re.compile(
    r"(?<![\w-])v?\d[\d.,:]*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|(?:twen|thir|for|fif|six|seven"
    r"|eigh|nine)ty(?:-\w+)?|hundred|thousand|million|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth"
    r"|\w+teenth|\w+tieth"
    rf"|{WEEKDAY_NAME}|{_MONTH}|(?-i:May|Mai)"
    r"|(?:ers|zwei|drit|vier|fünf|sechs|sieb|ach|neun|zehn|elf|zwölf|\w{2,9}zehn|\w{2,19}zigs)te[nrs]?"
    r"|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|\w{2,9}zehn|\w{2,19}zig|hundert|tausend"
    r"|deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze|quinze|vingt|trente|quarante|cinquante|soixante"
    r"|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|doce|quince|veinte|treinta|cuarenta|cincuenta|cien"
    r"|due|quattro|cinque|sette|otto|dieci|dodici|venti|trenta|quaranta|dois|duas|três|quatro|oito|dez|vinte"
    r"|twee|drie|vijf|negen|tien|twintig"
    r"|два|две|три|четыре|пять|шесть|семь|восемь|девять|десять|двадцать|тридцать|сорок|пятьдесят|сто)\b"
    r"|(?<![一二两三四五六七八九十百千零])[一二两三四五六七八九十百千零]+(?=[月日号点人个元万亿年天名])",
    re.IGNORECASE,
)
# A sentence that names a price says what something costs, whatever its verb.
_OF_ITS_KIND = re.compile(
    r"(?:cost|price|pay|paid|worth|spen[dt]|charg|expens|version|releas|amount|number|cuesta|kost|preis|coûte|prix"
    r"|take|place|held|happen|locat|situat|sit|rent|fees?|fares?|salar|wage|budget|dates?\b|deadline|miete|gebühr|loyer|alquiler|affitto)\w*",
    re.IGNORECASE,
)
_AT_FIRST = re.compile(
    r"\b(?:at first|originally|initially|original|initial|to begin with"
    r"|before (?:it|this|that) (?:was )?(?:changed|moved)"
    r"|ursprünglich\w*|zuerst|anfangs|au départ|à l['’]origine|initialement|al principio|originalmente|inicialmente"
    r"|inizialmente|originariamente|all['’]inizio|aanvankelijk|oorspronkelijk\w*|сначала|изначально|первоначально)\b|最初|一开始|原来|当初",
    re.IGNORECASE,
)
_PLACE_WORDS = 5
_IDLE = frozenset(word for words in STOP_WORDS.values() for word in words)
_NO_PLACE = re.compile(
    r"(?:end|beginning|start|moment|time|times|first|last|once|all|least|most|future|past|meantime|contrast|general|fact"
    r"|addition|order|particular|morning|afternoon|evening|night|noon|present|now|then|on|half|ende|anfang|final|fin|début"
    rf"|principio|{WEEKDAY_NAME}|{MONTH_NAME}|\d[\d.:]*)\b",
    re.IGNORECASE,
)
_A_VALUE = re.compile(r"\b(?:the|our|my|your|their|its|current|new|latest)\b", re.IGNORECASE)


def with_other_values(
    plan: QuestionPlan,
    chosen: Sequence[Passage],
    sentences: Sequence[Passage],
    scores: Scores,
    dates: Mapping[str, str],
) -> list[Passage]:
    """``chosen`` and, where its first sentence has a value, those of other days with another; the newest day first, or
    the oldest where that is asked (``oldest_asked``).

    Args:
        sentences: what ``scores`` are of.
        dates: video id → day, of the videos whose names have one.
    """
    # "What is the limit?" may have been changed, "What is ePBS?" not.
    a_thing = plan.kind == "define" and _A_VALUE.search(plan.question) is None
    who = WhoIs.read(plan.question)
    a_thing = a_thing or (plan.kind == "who" and who is None)
    if len(chosen) != 1 or plan.broad or a_thing or len(set(dates.values())) < 2:
        return list(chosen)
    first, where = chosen[0], asked_for(plan.question) == "place"
    read = who.names_in if who is not None else places_of if where else values_of
    named = set(analyse(plan.question, None)) if where else read(plan.question)
    row, values = sentences.index(first), read(first.text) - named
    if first.video_id not in dates or not values:
        return list(chosen)
    if asked_for(plan.question) in OF_VALUES and not scores.expected[row]:
        return list(chosen)  # "one of our" is no day
    best = {dates[first.video_id]: first}
    share = _COMPARED if has_sign(plan.question, "compare") else _WORDS
    words, meaning = scores.words, scores.cosine
    for other in np.argsort(-(words + meaning), kind="stable"):
        passage = sentences[other]
        date = dates.get(passage.video_id)
        same = _same_subject(plan, first, passage)
        near = words[other] >= max(share * words[row], 1e-6) or same
        least = _MEANING_OF_SAME if same else _MEANING
        near &= bool(words[other] > 0 and meaning[other] >= least * meaning[row])
        # Whoever asks, or names nothing of the kind that is asked for, tells no other value.
        near &= bool(scores.expected[other] >= scores.expected[row]) and not asks(passage.text)
        near &= same or not where  # what is somewhere else may be another thing
        others = read(passage.text) - named if near else set()
        if (
            date
            and date not in best
            and others
            and _differ(values, others, where)
            and len(best) < MOST_VALUES
        ):
            best[date] = passage
    return [best[date] for date in sorted(best, reverse=not oldest_asked(plan.question))]


def names_kind(word: str) -> bool:
    """Whether a word names a kind of value, as "price" does: who tells one has no need to say it."""
    return _OF_ITS_KIND.fullmatch(word) is not None


def oldest_asked(question: str) -> bool:
    """Whether it asks what a value was at first."""
    return _AT_FIRST.search(question) is not None


def values_of(text: str) -> set[str]:
    """The numbers, days and amounts of a text, in small letters."""
    return {each.casefold().rstrip(".,:") for each in _VALUE.findall(text)}


def places_of(text: str) -> set[str]:
    """The words of a text that may name a place, as they are compared: those behind "in", "at" and their like."""
    found: set[str] = set()
    for match in PLACES.finditer(text):
        behind = re.split(r"[,.;:!?]|\s[-–]\s", text[match.end() - 1 :], maxsplit=1)[0].split()[:_PLACE_WORDS]
        if not _NO_PLACE.match(" ".join(behind)):
            found |= set(analyse(" ".join(behind), None)) - _IDLE
    return found


def _differ(one: set[str], other: set[str], where: bool) -> bool:
    """Whether two values are different; places are where no more than half of the shorter name is in the other."""
    return one != other if not where else len(one & other) <= min(len(one), len(other)) / 2


def _same_subject(plan: QuestionPlan, first: Passage, other: Passage) -> bool:
    """Whether the other has all those of the question's words that ``first`` has, but for the kind of value."""
    said, told = (set(analyse(each.text, plan.language)) for each in (first, other))
    asked = {term.text for term in plan.terms}
    kinds = {term.text for term in plan.terms if names_kind(term.word or term.text)}
    subject = asked - kinds or asked  # "When is the release?"
    return bool(subject & said) and subject & said <= told
