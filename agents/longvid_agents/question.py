"""Plan an answer by rules: what kind of question it is, and which of its words a sentence must answer.

Only the question is read here. Nothing in it changes the caller's filters, and a wrong kind costs wording,
never an answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from longvid_agents.kinds import Kind, has_sign, kind_of
from longvid_storage.errors import UsageError
from longvid_storage.text.analysis import WRITTEN_WORD, query_terms
from longvid_storage.text.languages import guess_language
from longvid_storage.text.segmentation import UNSPACED, segment
from longvid_storage.text.stop_words import ASKING_WORDS, STOP_WORDS

# A question longer than this is searched by its first so many different content words.
MAX_TERMS = 48
MAX_LETTERS = 1000

FRAME_WORDS = ASKING_WORDS["en"]
# "The next meeting" is what is asked about, while "the last meeting" is where it is looked for.
_TO_COME = frozenset(("next", "upcoming", "nächste", "nächsten", "prochaine", "próxima", "prossima"))
_ASKING_ANYWHERE = frozenset().union(*ASKING_WORDS.values())
# How a verb ends that asks; one that tells ends in other letters.
_KOREAN_IS = re.compile("(?:이에요|예요|인가요?|이?죠|일까요?|입)\\Z")
_KOREAN_QUESTION = re.compile("(?:습니까|니까|나요|가요|까요)\\Z")


@dataclass(frozen=True, slots=True)
class Term:
    """A content word of the question as word search compares it; ``special``: a name, number or identifier.

    ``loose``: a pair of characters of which each belongs to another word, so that nothing follows from its absence.
    """

    text: str
    special: bool = False
    word: str = field(default="", compare=False)  # as the question writes it
    loose: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class QuestionPlan:
    """What to look for: ``query`` goes to search, ``terms`` are what a supporting sentence should cover.

    ``query`` holds the question itself, or its first content words when it is too long to be a query.
    ``language`` is the question's, when its words tell.
    """

    question: str
    kind: Kind
    query: str
    terms: tuple[Term, ...]
    language: str | None = None

    @property
    def broad(self) -> bool:
        """True when a place is asked for, where much is said, rather than a fact, which one sentence says."""
        return self.kind in ("summary", "discussion")

    @property
    def on_screen(self) -> bool:
        """True when what is written on a slide or on the screen is asked for."""
        return has_sign(self.question, "on screen")

    def without(self, names: Sequence[str]) -> tuple[Term, ...]:
        """The terms of the question with these speakers' names taken out, or their first names where it writes no more;
        all when no other is left."""
        left = {term.text for term in content_terms(without_names(self.question, names), self.language)}
        return tuple(term for term in self.terms if term.text in left) or self.terms


def without_names(text: str, names: Iterable[str]) -> str:
    """The text with these speakers' names taken out, or their first names where it writes no more."""
    for name in sorted(names, key=len, reverse=True):
        text, whole = _without_name(text, name, re.IGNORECASE)
        if not whole:
            text, _ = _without_name(text, name.split()[0], 0)
    return text


def _without_name(text: str, name: str, flags: int) -> tuple[str, int]:
    return re.subn(rf"(?<!\w){re.escape(name)}(?:['’]?s)?(?!\w)", " ", text, flags=flags)


@lru_cache(maxsize=64)
def make_plan(question: str) -> QuestionPlan:
    """Read a question by rules; ``UsageError`` when it is empty."""
    text = " ".join(question.split())
    if not text:
        raise UsageError('the question is empty: ask in words, as in: longvid ask "who promised the report?"')
    language = guess_language(text)
    words = text.split(" ")
    terms = content_terms(text, language)
    query = text
    if len(words) > 2 * MAX_TERMS or len(text) > MAX_LETTERS:
        query = " ".join(term.text for term in terms) or text[:MAX_LETTERS]
    return QuestionPlan(text, kind_of(text), query, terms, language)


def content_terms(text: str, language: str | None = None) -> tuple[Term, ...]:
    """The different content words of ``text`` in order, at most ``MAX_TERMS``.

    Asking words (``ASKING_WORDS``) are left out unless nothing else remains.
    """
    code = language or "en"
    stops = STOP_WORDS["en"] | STOP_WORDS.get(code, frozenset())
    # A few words may be of any language.
    asking = FRAME_WORDS | (_ASKING_ANYWHERE if language is None else ASKING_WORDS.get(code, frozenset()))
    found: dict[str, Term] = {}
    framing: dict[str, Term] = {}
    read: set[str] = set()
    at_start, before = True, ""
    for match in WRITTEN_WORD.finditer(unicodedata.normalize("NFKC", text)):
        word = match.group()
        word = (_KOREAN_QUESTION.sub("", word) or word) if code == "ko" else word
        if code == "ko" and (asks := _KOREAN_IS.sub("", word)) in asking:
            word = asks
        folded = word.casefold()
        special = any(c.isdigit() for c in word) or (any(c.isupper() for c in word) and not at_start)
        at_start = text[match.end() : match.end() + 1] in {".", "?", "!"}
        to_come, before = before in _TO_COME, folded
        if folded in read or folded in stops or folded.replace("’", "'").split("'")[0] in stops:
            continue
        read.add(folded)
        chosen = framing if folded in asking and not to_come else found
        tight = _pairs_in_words(word)
        for part in _parts(word, code) if tight else (word,):
            for term in query_terms(part, (language,)):
                if "-" in word and (term in stops or term in asking):
                    continue  # "faut-il"
                if len(term) > 1 or not (term.isascii() and term.isalpha()):
                    chosen.setdefault(term, Term(term, special, word, bool(tight) and term not in tight))
        if len(found) >= MAX_TERMS:
            break
    return tuple((found or framing).values())[:MAX_TERMS]


_UNSPACED = re.compile(f"[{UNSPACED}]")


def _parts(word: str, language: str) -> list[str]:
    """A run of a script without spaces cut where it only asks; the whole run when nothing else is in it."""
    asking = sorted(ASKING_WORDS.get(language, ()), key=len, reverse=True)
    if not asking:
        return [word]
    return [part for part in re.split("|".join(map(re.escape, asking)), word) if part] or [word]


def _pairs_in_words(run: str) -> set[str]:
    """The pairs of characters inside the words of a run without spaces, and its words of one character."""
    if not _UNSPACED.search(run):
        return set()
    return {pair for word in segment(run) for pair in query_terms(word)}
