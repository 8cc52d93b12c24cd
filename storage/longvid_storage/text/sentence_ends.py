"""Where sentences end in English that nobody punctuated, as recognisers write it: told by the words around a place.

A linear model of 3,300 weights (``sentence_ends.txt``; ``benchmarks/sentence_ends.py`` learns it from punctuated talk
and measures it): the three words before a place and the three after it, alone and in runs; a word that is not among
the 800 commonest counts by its ending. Of ends that people set in talks that it has not seen it finds 72 of 100, and 49
of 100 that it sets are theirs; in meetings 60 and 38; in calls with machine captions 52 and 44.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise

LANGUAGE = "en"


def _words(told: str) -> frozenset[str]:
    return frozenset(told.split())


_FROM, _PAUSE, _NEVER = -1.0, 2.0, 9.0
# Two finite verbs so many words apart, with nothing between them that joins clauses, are two sentences.
_SECOND, _VERBS_APART = -5.5, 4
_FINITE = _words(
    "am is are was were will would can could shall should must may might has have had do does did isn't aren't wasn't"
    " weren't won't can't don't doesn't didn't it's that's"
    " he's she's there's i'm you're we're they're i'll we'll you'll"
    " they'll i've we've you've they've says said wants costs came went got"
)
_MODAL = _words("will would can could shall should must may might do does did won't can't don't")
# Nothing ends with one of these.
_HANGING = _words(
    "the a an my your our their its of and or because under over between against behind during without within upon"
    " onto toward towards among until unless"
)
_JOINING = _words(
    "that which who whom whose if when whenever because whether how what where why before after while as than until"
    " unless since and but or so to not"
)
# A sentence of more words is cut at its likeliest place, so many words away from both ends.
_LONGEST, _AWAY = 30, 4
_DAYS = _words(
    "monday tuesday wednesday thursday friday saturday sunday tomorrow yesterday tonight january february april june"
    " july august september october november december"
)
_ENDINGS = ("ing", "ed", "ly", "s")


def parts(words: Sequence[str], paused: Sequence[bool]) -> list[tuple[int, int]]:
    """``words`` as half-open ranges, one a sentence; ``paused``: whether a pause was heard before each word."""
    if not words:
        return []
    known = [_kind(word) for word in words]
    scores = [_score(known, at) + (_PAUSE if paused[at] else 0.0) for at in range(len(words))]
    scores = [
        score - _NEVER if words[at - 1].lower() in _HANGING else score for at, score in enumerate(scores)
    ]
    ends = {at for at in range(1, len(words)) if scores[at] > _FROM}
    begins = sorted({0, *ends, *_between_verbs(words, scores, ends), len(words)})
    cut: list[tuple[int, int]] = []
    for begin, end in pairwise(begins):
        first = begin
        while end - first > _LONGEST:
            at = max(range(first + _AWAY, min(first + _LONGEST, end - _AWAY)), key=scores.__getitem__)
            cut.append((first, at))
            first = at
        cut.append((first, end))
    return cut


def _between_verbs(words: Sequence[str], scores: Sequence[float], ends: set[int]) -> Iterator[int]:
    """The likeliest place between two finite verbs of what would be one sentence."""
    begin, verb = 0, -1
    for at, word in enumerate(words):
        if at in ends:
            begin, verb = at, -1
        if (told := word.lower()) in _JOINING:
            verb = -1
        elif told in _FINITE:
            if 0 <= verb < at - _VERBS_APART:
                # What follows "will replace" is what is replaced.
                after = verb + (3 if words[verb].lower() in _MODAL else 2)
                best = max(range(after, at + 1), key=scores.__getitem__)
                if scores[best] > _SECOND and best - begin >= 3:
                    yield best
                    begin = best
            verb = at


def runs(known: Sequence[str], at: int) -> list[tuple[str, str]]:
    """What is looked at around the place before word ``at``: kind of run, and its words."""
    padded = (
        ["^"] * max(0, 3 - at) + list(known[max(0, at - 3) : at + 3]) + ["$"] * max(0, at + 3 - len(known))
    )
    p3, p2, p, n, n2, n3 = padded
    return [
        ("p", p), ("n", n), ("q", f"{p2} {p}"), ("m", f"{n} {n2}"), ("x", f"{p} {n}"), ("y", f"{p} {n} {n2}"),
        ("z", f"{n} {n2} {n3}"), ("o", f"{p2} {p} {n}"), ("r", f"{p3} {p2} {p}"),
    ]  # fmt: skip


def kind(word: str, common: frozenset[str]) -> str:
    """A common word itself; ``@`` of a day, ``#`` of a number, else ``*`` and the word's ending."""
    bare = word.strip('.,;:!?…"“”()[]').lower().replace("’", "'")
    if bare in _DAYS:
        return "@"
    if bare in common:
        return bare
    if bare[:1].isdigit():
        return "#"
    return "*" + next((end for end in _ENDINGS if bare.endswith(end) and len(bare) > len(end) + 2), "")


def _kind(word: str) -> str:
    return kind(word, _model()[1])


def _score(known: Sequence[str], at: int) -> float:
    weights, _, bias = _model()
    return bias + sum(weights.get(run, 0.0) for run in runs(known, at))


@cache
def _model() -> tuple[dict[tuple[str, str], float], frozenset[str], float]:
    lines = files(__package__).joinpath("sentence_ends.txt").read_text("utf-8").splitlines()
    bias, common, *rows = (line for line in lines if not line.startswith("#"))
    weights: dict[tuple[str, str], float] = {}
    for row in rows:
        name, _, told = row.partition("\t")
        run, _, tenths = name.partition(" ")
        weights.update(dict.fromkeys(((run, words) for words in told.split(",")), int(tenths) / 10))
    return weights, frozenset(common.split(",")), float(bias)
