"""What is entered into the word index: analysed terms, joined by spaces, of a passage of one of these kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

KINDS = ("screen", "sound", "speech", "translation")
Entries = Mapping[str, list[dict[str, Any]]]
"""Kind → entries of ``passage_id`` and ``terms``."""


def join_terms(terms: Iterable[str]) -> str:
    """Analysed terms as one string for ``passages.terms``; what would break a term apart is taken out of it."""
    return " ".join(filter(None, map(_clean, terms)))


def count_terms(joined: str) -> int:
    """How many terms ``join_terms`` joined."""
    return joined.count(" ") + 1 if joined else 0


def _clean(term: str) -> str:
    return "".join(term.split()).replace("\0", "")


def checked_kind(kind: str) -> str:
    """One of ``KINDS``. Raises ``ValueError``: it is none."""
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; passages are {', '.join(KINDS)}")
    return kind
