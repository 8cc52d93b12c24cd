"""Where sentences end in English that nobody punctuated, once a model has said how likely one begins with each word.

The model is ``longvid_storage.models.sentence_begins``; what it is not asked stands here: a pause makes an end
likelier, what hangs ends nothing, and a sentence is no longer than people read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

LANGUAGE = "en"
Scores = Callable[[Sequence[str]], NDArray[np.float32]]
"""Of words: log odds of each word's being the first of a sentence."""


def _words(told: str) -> frozenset[str]:
    return frozenset(told.split())


_FROM, _PAUSE, _NEVER, _SURELY = 0.0, 3.0, 9.0, 9.0
# Nothing ends with one of these, nor inside a number.
_HANGING = _words(
    "the a an my your our their its of and or because under over between against behind during without within upon"
    " onto toward towards among until unless every each costs needs wants takes gives makes buys sells puts brings"
)
_NUMBERS = _words(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion"
)
# Of two ends fewer words apart the likelier, unless both are so likely.
_FEWEST, _SURE = 3, 1.0
# A sentence of more words is cut at its likeliest place, so many words away from both ends; one of more than the first
# number where that is likely enough, each word more lowering what is.
_LONG, _EACH, _LONGEST, _AWAY = 12, 0.15, 30, 4


def parts(words: Sequence[str], paused: Sequence[bool], scores: Scores) -> list[tuple[int, int]]:
    """``words`` as half-open ranges, one a sentence; ``paused``: whether a pause was heard before each word."""
    if not words:
        return []
    likely = [float(score) + _PAUSE * pause for score, pause in zip(scores(words), paused, strict=True)]
    likely[0] = _SURELY  # the first word begins one, whatever it looks like
    for at, (before, after) in enumerate(pairwise(word.lower() for word in words), 1):
        if (
            before in _HANGING
            or (before in _NUMBERS and after in _NUMBERS)
            or (_code(before) and _code(after))
        ):
            likely[at] -= _NEVER
    ends = {at for at in range(len(words)) if likely[at] > _FROM}
    begins = {
        at
        for at in ends
        if not any(
            0 < abs(at - other) < _FEWEST and likely[at] < min(likely[other], _SURE)
            for other in range(at - _FEWEST + 1, at + _FEWEST)
            if other in ends
        )
    }
    edges = sorted({*begins, len(words)})
    return [part for begin, end in pairwise(edges) for part in _no_longer(begin, end, likely)]


def _no_longer(begin: int, end: int, likely: Sequence[float]) -> Iterator[tuple[int, int]]:
    """One sentence, cut at its likeliest place while it is long: the longer, the less likely that may be."""
    open_ = [(begin, end)]
    while open_:
        first, last = open_.pop()
        away = _AWAY if last - first > _LONGEST else _FEWEST
        places = range(first + away, last - away + 1)
        at = max(places, key=likely.__getitem__, default=first)
        excess = last - first - _LONG
        if places and (last - first > _LONGEST or (excess > 0 and likely[at] > _FROM - _EACH * excess)):
            open_ += [(at, last), (first, at)]
        else:
            yield first, last


def _code(word: str) -> bool:
    """Letters and digits in one, as serial numbers: what no model saw, in a row of them every word an end."""
    return any(map(str.isdigit, word)) and any(map(str.isalpha, word))
