"""What a question asks for: its content words, whom it names, and how it is put to the text encoder.

Where that does not read what is asked and what is searched, words decide alone: vectors of a language that a model
never saw are near each other by their looks, and a sentence that has every word of the question lost to one that
happened to lie nearer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from longvid_storage.db.view import Encoders, View
from longvid_storage.models.image_encoder import ImageEncoder
from longvid_storage.models.text_encoder import languages_of
from longvid_storage.search.memory import memory_of
from longvid_storage.text.analysis import WRITTEN_WORD, analyse, query_terms
from longvid_storage.text.languages import guess_language
from longvid_storage.text.stop_words import ASKING_WORDS, STOP_WORDS

MOST_WORDS = 400
"""Longer questions are read so far: 10,000 words must not take forever."""
MOST_TERMS = 256
STATED = 4

_OPENING = """
    what what's why how who whom whose when which where did does do has have is are was were can could summarize
    summarise describe explain tell list give show find
"""
_ASKS_FIRST = frozenset(_OPENING.split())
_SUMS_UP = frozenset(("summarize", "summarise", "summary", "outline", "recap"))
# What people said to each other lasts for minutes: "What did the group discuss …", "Why did they reject …".
_TALK = re.compile(
    r"\b(?:did|didn['’]?t|summar\w+|discuss\w*|debat\w*|argu(?:e|ed|ment)\w*|opinions?|views?|think|thinks|thought|feels?|felt"
    r"|attitudes?|suggest\w*|propos\w*|recommend\w*|(?:dis)?agree\w*|decid\w*|conclu\w*|consider\w*|reasons?"
    r"|concerns?|doubts?|dis[kc]ut\w*|besprochen|meinung\w*|entschied\w*|décid\w*|decisi[oó]n\w*)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“”„«»「」『』]([^\"“”„«»「」『』]{2,200})[\"“”„«»「」『』]")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class RankingQuery:
    """A question as ranking wants it.

    Attributes:
        terms: analysed content words, without the names of ``speakers``.
        speakers: names, as the library writes them, of those it asks about.
        texts: what is embedded: the question, and its content words alone.
        words: its content words as written.
        asks: whether it is put as a question; else it is keywords or a statement.
        of_talk: whether what people said to each other is asked for, which lasts; a fact is said at one point.
        sums_up: whether a whole discussion is asked for ("Summarize …").
        wordings: all its terms in order, in each language; with quotes, those of each quoted part.
        quoted: the quoted parts of several words, as written; without quotes, a whole statement of ``STATED`` words.
    """

    terms: tuple[str, ...]
    speakers: tuple[str, ...]
    texts: tuple[str, ...]
    words: tuple[str, ...] = ()
    wordings: tuple[tuple[str, ...], ...] = ()
    quoted: tuple[str, ...] = ()
    asks: bool = False
    of_talk: bool = False
    sums_up: bool = False


def read_question(
    text: str, languages: Collection[str | None] = (None,), speakers: Iterable[str] = ()
) -> RankingQuery:
    """Read a question against the languages and the speakers of what is searched.

    Words that only ask ("What did the group discuss about …") are left out unless nothing else remains. Names count
    as speakers only in a question; in a statement they are words.
    """
    words = text.split()[:MOST_WORDS]
    text = " ".join(words)
    content = [word for word in WRITTEN_WORD.findall(text) if not _only_asks(word)]
    asks = _is_question(text, words)
    named = named_speakers(text, speakers) if asks else ()
    terms = query_terms(" ".join(content) or text, languages)
    of_names = {term for name in named for language in languages for term in analyse(name, language)}
    kept = [term for term in terms if term not in of_names][:MOST_TERMS]
    bare = " ".join(content)
    quoted = _QUOTED.findall(text)
    parts, fewest = quoted or [text], 2 if quoted else STATED if not asks else len(text)
    wordings = dict.fromkeys(
        tuple(analyse(part, language)[:MOST_TERMS]) for part in parts for language in languages
    )
    return RankingQuery(
        terms=tuple(kept or terms[:MOST_TERMS]),
        speakers=named,
        texts=(text, bare) if bare and bare != text else (text,),
        words=tuple(content),
        wordings=tuple(wordings),
        quoted=tuple(part for part in parts if len(WRITTEN_WORD.findall(part)) >= fewest),
        asks=asks,
        of_talk=asks and _TALK.search(text) is not None,
        sums_up=words[0].casefold() in _SUMS_UP,
    )


def _is_question(text: str, words: list[str]) -> bool:
    """Whether names in the text may be whom it asks about; in a statement ("Pooja to book the room") they are words."""
    return any(mark in text for mark in "?？؟") or words[0].casefold() in _ASKS_FIRST


def _only_asks(word: str) -> bool:
    folded = word.casefold()
    return folded in ASKING_WORDS["en"] or folded in STOP_WORDS["en"]


def named_speakers(text: str, speakers: Iterable[str]) -> tuple[str, ...]:
    """Speakers that the text names: in full, or by a part of the name that it writes with a capital.

    A part that belongs to several speakers names them all; a first word is a name only when it is not a common word.
    """
    folded_words = _WORD.findall(text.casefold())
    folded = f" {' '.join(folded_words)} "
    capitals = {word for word in _WORD.findall(text) if word[:1] != word[:1].casefold()}
    parts = {_possessive(word).casefold() for word in capitals} - STOP_WORDS["en"] - ASKING_WORDS["en"]
    written = parts.union(folded_words, map(_possessive, folded_words))
    everybody = tuple(speakers)
    by_part = _by_part(everybody)
    full, partly = [], []
    for number in sorted({each for part in written for each in by_part.get(part, ())}):
        speaker = everybody[number]
        of_name = _name_parts(speaker)
        name = " ".join(of_name)
        in_full = f" {name} " in folded or f" {name}'s " in folded or f" {name}’s " in folded
        if in_full and (len(of_name) > 1 or (name in parts and not _of_another(text, name, of_name))):
            full.append(speaker)
        elif any(
            part in parts and len(part) > 2 and not _of_another(text, part, of_name) for part in of_name
        ):
            partly.append(speaker)
    return tuple(full or partly)


@lru_cache(maxsize=64)
def _by_part(speakers: tuple[str, ...]) -> dict[str, list[int]]:
    """Part of a name → the numbers of the speakers that have it: of hundreds a question writes few."""
    found: dict[str, list[int]] = {}
    for number, speaker in enumerate(speakers):
        for part in _name_parts(speaker):
            found.setdefault(part, []).append(number)
    return found


@lru_cache(maxsize=10_000)
def _name_parts(speaker: str) -> tuple[str, ...]:
    return tuple(part.casefold() for part in _WORD.findall(speaker))


def _of_another(text: str, part: str, of_name: Sequence[str]) -> bool:
    """Whether the text writes this as a part of a longer name that is not the speaker's: "Aiko Tanaka" of "Aiko"."""
    pairs = re.findall(rf"(?<!\w){re.escape(part)}\s([^\W\d_]\w*)", text, re.IGNORECASE)
    return bool(pairs) and all(
        word[0].isupper() and word.casefold() not in {*of_name, *STOP_WORDS["en"], *ASKING_WORDS["en"]}
        for word in pairs
    )


def _possessive(word: str) -> str:
    return re.sub(r"['’]s?$", "", word)


class _NoText:
    """The view's encoders without that of text."""

    text_encoder = None

    def __init__(self, encoders: Encoders) -> None:
        self._encoders = encoders

    @property
    def image_encoder(self) -> ImageEncoder | None:
        return self._encoders.image_encoder


def readable(view: View, question: str) -> tuple[View, str]:
    """The view with the encoders that read ``question`` and the scope's texts, and why there is one less, if there is.

    The reason is a sentence. Texts whose language is not known are taken to be read.
    """
    encoder = view.encoders.text_encoder
    read = None if encoder is None else languages_of(encoder)
    if encoder is None or read is None:
        return view, ""
    asked = guess_language(question)
    facts = memory_of(view).facts(view)
    # A language read off a few words on screen, where nobody speaks, is too often wrong to lose the meaning for it.
    texts = facts.languages if "speech" in facts.counts and facts.counts["speech"].passages else []
    if asked is not None and asked not in read:
        what = f"the question is in another language ({asked})"
    elif texts and not any(each is None or each.split("-")[0] in read for each in texts):
        what = f"what is searched is in others ({', '.join(filter(None, texts))})"
    else:
        return view, ""
    why = (
        f"the text model {encoder.name} reads {', '.join(sorted(read))} only and {what}: words alone decided"
    )
    return View(view.connection, view.scope, view.home, _NoText(view.encoders)), why
