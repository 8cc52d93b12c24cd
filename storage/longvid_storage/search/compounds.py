"""Words inside words: in German, Dutch, the Nordic languages and others "Rahmen" is asked for and "Fensterrahmen" said.

Only for what is nowhere said as asked, and without a dictionary: the vocabulary at hand tells which words have another
as their head (their end) or as what specifies it (their beginning), as in Koehn & Knight 2003, "Empirical methods for
compound splitting".
"""

from __future__ import annotations

from collections.abc import Iterable

COMPOUNDING = frozenset(["da", "de", "et", "fi", "hu", "is", "nb", "nl", "nn", "no", "sv"])
# Letters of a stem that may be the head of another word, of one that may specify it, and of what is left.
_HEAD, _SPECIFIES, _REST = 4, 5, 3


def compounds_of(terms: Iterable[str], vocabulary: Iterable[str]) -> dict[str, str]:
    """Term of the ``vocabulary`` → the asked term that it is a part of, or that is a part of it."""
    asked = [term for term in terms if len(term) >= _HEAD and term.isalpha()]
    found: dict[str, str] = {}
    for said in vocabulary if asked else ():
        for term in asked:
            if said != term and (_within(term, said) or _within(said, term)):
                found.setdefault(said, term)
    return found


def _within(part: str, whole: str) -> bool:
    if len(part) < _HEAD or len(whole) - len(part) < _REST:
        return False
    return whole.endswith(part) or (len(part) >= _SPECIFIES and whole.startswith(part))
