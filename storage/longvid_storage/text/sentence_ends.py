"""Where sentences end in English that nobody punctuated, once a model has said how likely one begins with each word.

The model is ``longvid_storage.models.sentence_begins``; what it is not asked stands here: a pause makes an end
likelier, what hangs ends nothing, two verbs that nothing joins are two sentences, and none is longer than people read.
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
# So is one with two of these verbs, so many words apart or more, if nothing between them joins two clauses ("North can
# deliver soon vendor South can …"), at the likeliest place between them, if that is likelier than this.
_FINITE = _words(
    "can could will would should must may might shall is are was were am has have had does did do it's that's there's"
    " i'm we're they're he's she's i'll we'll you'll they'll it'll i'd we'd i've we've you've they've don't doesn't"
    " didn't isn't aren't wasn't weren't won't can't couldn't wouldn't shouldn't haven't hasn't hadn't"
)
_JOINS = _words(
    "and or but nor yet so then that which who whom whose what how why where when whenever while if whether because"
    " cause cuz since although though until unless before after once as than like say says said saying tell told"
    " think thinks thought know knows knew mean means guess see saw suppose believe hope feel feels sure"
)
_BETWEEN, _UNJOINED = 3, -1.25


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
    return [part for begin, end in pairwise(edges) for part in _whole(begin, end, words, likely)]


def _whole(begin: int, end: int, words: Sequence[str], likely: Sequence[float]) -> Iterator[tuple[int, int]]:
    """One sentence, cut while it is long or more than one."""
    open_ = [(begin, end)]
    while open_:
        first, last = open_.pop()
        at = _too_long(first, last, likely) or _unjoined(first, last, words, likely)
        if at is None:
            yield first, last
        else:
            open_ += [(at, last), (first, at)]


def _too_long(first: int, last: int, likely: Sequence[float]) -> int | None:
    """The likeliest place to cut a sentence at that is long: the longer, the less likely that may be."""
    away = _AWAY if last - first > _LONGEST else _FEWEST
    at = max(range(first + away, last - away + 1), key=likely.__getitem__, default=None)
    excess = last - first - _LONG
    if at is not None and (last - first > _LONGEST or (excess > 0 and likely[at] > _FROM - _EACH * excess)):
        return at
    return None


def _unjoined(first: int, last: int, words: Sequence[str], likely: Sequence[float]) -> int | None:
    """The likeliest place between two verbs that nothing joins."""
    read = [word.lower() for word in words[first:last]]
    verbs = [at for at, word in enumerate(read) if word in _FINITE]
    places = [
        at
        for before, after in pairwise(verbs)
        if after - before >= _BETWEEN and _JOINS.isdisjoint(read[before + 1 : after])
        for at in range(first + max(before + 1, _FEWEST), min(first + after, last - _FEWEST) + 1)
        if likely[at] > _UNJOINED
    ]
    return max(places, key=likely.__getitem__, default=None)


def _code(word: str) -> bool:
    """Letters and digits in one, as serial numbers: what no model saw, in a row of them every word an end."""
    return any(map(str.isdigit, word)) and any(map(str.isalpha, word))
