"""Whether a text and its evidence say no to the same thing.

Meetings are full of "no, but …" and "I don't know": a no anywhere in the evidence says nothing. Each stretch of the
text (about a clause) is put beside the stretches of the evidence that speak of the same, by the content words that they
share, and one of these must say no exactly where it does. This is the scope of a negation as far as punctuation and
words that join clauses tell it (Morante and Daelemans 2012), and no parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from longvid_agents.checks.numbers import names_number
from longvid_storage.text.analysis import query_terms
from longvid_storage.text.languages import stop_words

_NEGATIONS = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|"
    r"nicht|kein\w*|nie|pas|jamais|sin|nunca|не|нет)\b"
    r"|\b\w*n['’]t\b|不|没|未|無|无",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"[.!?;:,…。！？；，、\n]+|\s[-–—]+\s|\b(?:but|because|although|though|whereas|while|aber|sondern|weil|mais|pero|но)\b",
    re.IGNORECASE,
)
# Recognised speech may have no punctuation: a stretch is at most so many words.
_LONGEST = 16


def denies(text: str) -> bool:
    """Whether a text says no somewhere."""
    return bool(_NEGATIONS.search(text))


def speaks_against(text: str, evidence: str) -> bool:
    """Whether a stretch of ``text`` says no where the evidence on the same thing does not, or the other way round.

    Of a stretch that the evidence says nothing of, only a no speaks against: nobody has said it.
    """
    if not denies(text) and not denies(evidence):
        return False
    said = list(_stretches(evidence))
    return any(_alone(words, no, said) for words, no in _stretches(text))


def _alone(words: frozenset[str], no: bool, said: list[tuple[frozenset[str], bool]]) -> bool:
    shared = [len(words & other) for other, _ in said]
    most = max(shared, default=0)
    if most == 0:
        return no
    return all(other != no for (_, other), count in zip(said, shared, strict=True) if count == most)


def _stretches(text: str) -> Iterator[tuple[frozenset[str], bool]]:
    """The content words of each stretch, and whether it says no; a stretch without such words says nothing."""
    for clause in _BETWEEN.split(text):
        words = clause.split()
        for start in range(0, len(words), _LONGEST):
            part = " ".join(words[start : start + _LONGEST])
            bare = _NEGATIONS.sub(" ", part)
            terms = frozenset(term for term in query_terms(bare) if not names_number(term))
            if terms and not terms <= stop_words(bare):
                yield terms, denies(part)
