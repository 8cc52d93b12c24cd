"""Words inside words: in German, Dutch, the Nordic languages and others "Rahmen" is asked for and "Fensterrahmen" said.

Only for what is nowhere said as asked, and without a dictionary: the vocabulary at hand tells which words have another
as their head (their end) or as what specifies it (their beginning), as in Koehn & Knight 2003, "Empirical methods for
compound splitting".
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

COMPOUNDING = frozenset(["da", "de", "et", "fi", "hu", "is", "nb", "nl", "nn", "no", "sv"])
# Letters of a stem that may be the head of another word, of one that may specify it, and of what is left.
_HEAD, _SPECIFIES, REST = 4, 5, 3
SHORT = 3
"""Letters of a head that counts only where what is left is a word too: "Tür" in "Haustür"; no "Eis" in "Preis"."""
_LINKS = ("", "s", "n", "es", "en", "er", "e")
_ENDING = 2


def compounds_of(terms: Iterable[str], vocabulary: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Term of the ``vocabulary`` → the asked terms that it is part of, that are part of it, or another form of it."""
    asked = [term for term in terms if len(term) >= SHORT and term.isalpha()]
    found: dict[str, tuple[str, ...]] = {}
    words = frozenset(vocabulary) if asked else frozenset()
    for said in sorted(words):
        if of := tuple(
            t
            for t in asked
            if t != said
            and (
                _within(t, said)
                or _within(said, t)
                or _alike(t, said)
                or _conjugated(t, said)
                or _joined(t, said, words)
            )
        ):
            found[said] = of
    return found


def _joined(head: str, whole: str, words: frozenset[str]) -> bool:
    """Whether ``whole`` is one of the words, perhaps with a sound that links, and this short head."""
    if len(head) != SHORT or not whole.endswith(head) or len(whole) - len(head) < REST:
        return False
    rest = whole.removesuffix(head)
    return any(rest.endswith(link) and rest[: len(rest) - len(link)] in words for link in _LINKS)


def inflected(terms: Iterable[str], vocabulary: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Term of the ``vocabulary`` → the asked terms that are another form of it, as far as a stemmer left them apart."""
    asked = [term for term in terms if len(term) >= _SPECIFIES and term.isalpha()]
    alike = ((said, tuple(t for t in asked if t != said and _alike(t, said))) for said in vocabulary)
    return {said: of for said, of in alike if of}


def _alike(one: str, other: str) -> bool:
    """Stems that differ in an ending: "schreibt" and "schreib"."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    return same >= _SPECIFIES and max(len(one), len(other)) - same <= _ENDING


def _conjugated(one: str, other: str) -> bool:
    """Stems of a regular verb of German or Dutch in other persons or as its participle: "reift" and "reif" (of
    "reifen"), "gelüftet" and "lüftet", "gekauft" and "kauf"; not "Gefahr" and "Fahrt"."""
    if min(len(one), len(other)) < _HEAD:
        return False
    persons = one == f"{other}t" or other == f"{one}t"
    return persons or _participle(one, other) or _participle(other, one)


def _participle(whole: str, form: str) -> bool:
    rest = whole.removeprefix("ge")
    if rest == whole or len(rest) < _HEAD:
        return False
    return (rest == form and rest.endswith("t")) or rest == f"{form}t" or form == f"{rest}et"


def _within(part: str, whole: str) -> bool:
    if len(part) < _HEAD or len(whole) - len(part) < REST:
        return False
    return whole.endswith(part) or (len(part) >= _SPECIFIES and whole.startswith(part))
