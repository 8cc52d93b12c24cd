"""Plan an answer by rules: what kind of question it is, and which of its words a sentence must answer.

Only the question is read here. Nothing in it changes the caller's filters, and a wrong kind costs wording,
never an answer.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from longvid_storage.errors import UsageError

Kind = Literal["when", "who", "define", "list", "count", "summary", "explain"]

# A question longer than this is searched by its first so many different content words.
MAX_TERMS = 48

_WORD = re.compile(r"\w+(?:['’\-.:/]\w+)*", re.UNICODE)
_CJK = re.compile(r"[぀-ヿ㐀-鿿가-힯฀-๿]+")

_STOP_WORDS = """
    a about above after again against all also am an and any anyone anything are aren't as at be
    because been before being below between both but by can cannot can't could couldn't d did didn't
    do does doesn't doing don't down during each either else ever every everyone few for from
    further had has have having he her here hers herself him himself his how however i if in into is
    isn't it its itself just let lets let's ll me more most much my myself nor not now of off on
    once one only or other our ours ourselves out over own per please quite rather re really s same
    shall she should so some someone something still such t than that that's the their theirs them
    themselves then there there's these they they're this those though through to too under until up
    upon us ve very was we were what what's whatever when where whether which while who whom whose
    why will with within without would yes yet you your yours yourself
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

# Words that ask rather than name what is asked about: every question has them, no answer needs them.
_FRAME_WORDS = """
    answer answered answers ask asked asking comment comments describe described describes
    describing detail details discuss discussed discusses discussing discussion discussions exactly
    explain explained explaining explains explanation find give given gives gave happen happened
    happens know known list main mean meaning means mention mentioned mentions name named opinion
    opinions part point points question questions regard regarding said say saying says show shows
    speak speaker speakers spoke state stated states summarise summarize summary talk talked talking
    talks tell tells thing things think thinks thought thoughts told topic topics video videos view
    views lecture lectures lecturer meeting meetings presenter presentation group team people
    participants define defined defines defining definition introduce introduced introduces time
    times first concerning towards related recording clip slide slides
"""
FRAME_WORDS = frozenset(_FRAME_WORDS.split())

_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "summary",
        re.compile(r"\b(?:summari[sz]e|summary|overview|recap)\b|^what (?:is|was)\b.*\babout\W*$", re.I),
    ),
    (
        "define",
        re.compile(r"\b(?:defin(?:e[sd]?|ing|ition)|what (?:is|are) (?:an?|the)?|meaning of)\b", re.I),
    ),
    ("count", re.compile(r"\bhow (?:many|often|much)\b", re.I)),
    ("when", re.compile(r"\b(?:when|at what (?:time|point)|where in)\b", re.I)),
    ("who", re.compile(r"\b(?:who|whom|whose)\b", re.I)),
    ("list", re.compile(r"^\W*(?:list|name all|which|what are)\b", re.I)),
)


@dataclass(frozen=True, slots=True)
class Term:
    """A content word of the question; ``special`` when it is a name, a number or an identifier."""

    text: str
    special: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What to look for: ``query`` goes to search, ``terms`` are what a supporting sentence should cover.

    ``query`` holds the question itself, or its first content words when it is too long to be a query.
    """

    kind: Kind
    query: str
    terms: tuple[Term, ...]


def make_plan(question: str) -> Plan:
    """Read a question by rules; ``UsageError`` when it is empty."""
    text = " ".join(question.split())
    if not text:
        raise UsageError('The question is empty; ask in words, as in: longvid ask "who promised the report?"')
    terms = content_terms(text)
    words = text.split(" ")
    query = text if len(words) <= 2 * MAX_TERMS else " ".join(term.text for term in terms)
    return Plan(kind=kind_of(text), query=query or " ".join(words[:MAX_TERMS]), terms=terms)


def kind_of(question: str) -> Kind:
    """The first rule that fits; ``"explain"`` when none does."""
    return next((kind for kind, pattern in _KINDS if pattern.search(question)), "explain")


def content_terms(text: str) -> tuple[Term, ...]:
    """The different content words of ``text`` in order, at most ``MAX_TERMS``.

    Asking words (``FRAME_WORDS``) are left out unless nothing else remains.
    """
    found: dict[str, Term] = {}
    framing: dict[str, Term] = {}
    at_start = True
    for match in _WORD.finditer(unicodedata.normalize("NFKC", text)):
        word = match.group()
        folded = word.casefold()
        special = any(c.isdigit() for c in word) or (any(c.isupper() for c in word) and not at_start)
        at_start = text[match.end() : match.end() + 1] in {".", "?", "!"}
        if folded in STOP_WORDS or (len(folded) == 1 and folded.isascii() and not folded.isdigit()):
            continue
        chosen = framing if folded in FRAME_WORDS else found
        for piece in _pieces(word):
            chosen.setdefault(piece.casefold(), Term(piece, special))
    return tuple((found or framing).values())[:MAX_TERMS]


def words_of(text: str) -> list[str]:
    """Every word of ``text``, folded for comparison; scripts without spaces give pairs of characters."""
    normal = unicodedata.normalize("NFKC", text).replace("’", "'").casefold()
    return [piece for match in _WORD.finditer(normal) for piece in _pieces(match.group())]


def _pieces(word: str) -> list[str]:
    # Scripts that write no spaces have no words to compare; pairs of characters are.
    if _CJK.fullmatch(word) and len(word) > 2:
        return [word[i : i + 2] for i in range(len(word) - 1)]
    return [word]
