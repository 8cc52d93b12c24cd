"""What callers of ``Library`` ask for, checked before anything is searched or loaded."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from longvid_storage.errors import UsageError
from longvid_storage.types import Scope, speaker_key

if TYPE_CHECKING:
    from longvid_agents.summarise import Length
    from longvid_storage.db.store import Store

Names = str | Sequence[str] | None

# A text of so many is a book; each of its sentences is searched for.
MOST_LETTERS = 1_000_000
LONGEST_NAME = 200
MOST_ASKED = 10_000
"""Letters of a question: what is longer is a text, and reading it for what it asks takes minutes."""


def checked_scope(
    store: Store,
    video: Names = None,
    collection: str | None = None,
    from_s: float | None = None,
    to_s: float | None = None,
    speaker: str | None = None,
) -> Scope:
    """The scope that these words mean in a library: ``video`` is one or more ids, prefixes of ids, or titles.

    Raises:
        UsageError: ``from_s`` is not before ``to_s``, or one is no number. NotFoundError: no such video or collection.
    """
    from_s, to_s = _seconds("from", from_s), _seconds("to", to_s)
    if from_s is not None and to_s is not None and from_s >= to_s:
        raise UsageError(f"from {from_s} s is not before to {to_s} s: give a span that holds something")
    if video is None and collection is None:
        return Scope(None, None, from_s, to_s, speaker)
    names = [video] if isinstance(video, str) else video
    with store.view() as view:
        if collection is not None:
            view.require_collection(collection)
        inside = view.within(Scope(collection=collection))
        ids = None if names is None else frozenset(inside.resolve(name) for name in names)
    return Scope(ids, collection, from_s, to_s, speaker)


def _seconds(name: str, given: float | None) -> float | None:
    """As a float: an integer of Python has no end, and a database none of such."""
    try:
        seconds = None if given is None else float(given)
    except OverflowError:
        seconds = math.nan
    if seconds is not None and math.isnan(seconds):
        raise UsageError(f"{name} is {given!r:.40}: give seconds of the video's time, or leave it out")
    return seconds


def unknown_speaker(store: Store, scope: Scope) -> list[str]:
    """A line for the user when nobody called as the scope's speaker speaks in its videos, with those who do there."""
    if scope.speaker is None:
        return []
    with store.view(scope) as view:
        names = sorted(view.speakers())
    if speaker_key(scope.speaker) in map(speaker_key, names):
        return []
    some = ", ".join(names[:8]) + f" and {len(names) - 8} more" * (len(names) > 8)
    there = f"there are {some}" if names else "no speaker is known"
    where = "this library" if (scope.video_ids, scope.collection) == (None, None) else "what was chosen"
    return [f"nobody called {scope.speaker!r} speaks in {where}: {there}"]


def checked_length(length: str) -> Length:
    """The length of a summary; raises ``UsageError`` when it is neither ``"short"`` nor ``"long"``."""
    lengths: dict[str, Length] = {"short": "short", "long": "long"}
    if length not in lengths:
        raise UsageError(f"length is {length!r}: it is short or long")
    return lengths[length]


def check_new_collection(name: str) -> None:
    """Raise ``UsageError`` for a name that looks like nothing, or like another one that is made of other signs."""
    plain = unicodedata.normalize("NFC", " ".join(name.split()))
    if name != plain or not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
        raise UsageError(
            f"{name!r:.60} cannot be the name of a collection: give 1 to {LONGEST_NAME} visible letters, composed ones "
            "(NFC), with single spaces between words"
        )


def check_query(query: str, k: int) -> str:
    """The query as text that can be searched and printed; needs no library.

    Raises:
        UsageError: it is empty or longer than ``MOST_ASKED``, or ``k`` is below 1.
    """
    if not query.strip():
        raise UsageError("the query is empty: say what to look for, in quotes")
    _check_asked(query)
    if k < 1:
        raise UsageError(f"k is {k}: ask for at least one moment")
    return _unicode(query)


def check_question(question: str) -> str:
    """The question as text that can be searched and printed; needs no library.

    Raises:
        UsageError: it is empty, or longer than ``MOST_ASKED``.
    """
    if not question.strip():
        raise UsageError("the question is empty: ask something, in quotes")
    _check_asked(question)
    return _unicode(question)


def _check_asked(text: str) -> None:
    if len(text) > MOST_ASKED:
        raise UsageError(
            f"the question has {len(text):,} letters: at most {MOST_ASKED:,} are read; `longvid verify` checks a text"
        )


def check_written(text: str) -> str:
    """A text to be checked against the recordings; needs no library.

    Raises:
        UsageError: it says nothing, or more than ``MOST_LETTERS``.
    """
    if not any(map(str.isalnum, text)):
        raise UsageError("the text is empty: give one with sentences, such as minutes of a meeting")
    if len(text) > MOST_LETTERS:
        raise UsageError(f"the text has {len(text):,} letters: at most {MOST_LETTERS:,} are checked at once")
    return _unicode(text)


def _unicode(text: str) -> str:
    """A shell passes any bytes on, and Python hides those that are no text in lone surrogates; nothing takes them."""
    return text.encode("utf-8", "replace").decode()
