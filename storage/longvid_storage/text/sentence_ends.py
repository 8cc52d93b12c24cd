"""Where sentences end in English that nobody punctuated, as recognisers write it: told by the words around a place.

A small convolutional network (three layers, 17 words wide, 1.4 million numbers in ``sentence_ends.npz``;
``benchmarks/sentence_ends.py`` learns it from punctuated talk and measures it) over numbers that stand for words:
learned ones of the commonest 6,000 and of endings, and the word vectors of all-MiniLM-L6-v2 in 32 numbers, which tell
what words are like that it has never seen. A pause makes an end likelier.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

LANGUAGE = "en"


def _words(told: str) -> frozenset[str]:
    return frozenset(told.split())


_FROM, _PAUSE, _NEVER = -1.0, 2.0, 9.0
# Two finite verbs so many words apart, with nothing between them that joins clauses, are two sentences.
_SECOND, _VERBS_APART = -4.0, 4
_FINITE = _words(
    "am is are was were will would can could shall should must may might has have had do does did isn't aren't wasn't"
    " weren't won't can't don't doesn't didn't it's that's"
    " he's she's there's i'm you're we're they're i'll we'll you'll"
    " they'll i've we've you've they've says said wants costs came went got"
)
_PREPOSITIONS = _words("by on at in for with of to from about under over into through per as than")
_LEADING = _PREPOSITIONS | _words("this these those some any no more very")
_MODAL = _words("will would can could shall should must may might do does did won't can't don't")
# Nothing ends with one of these, nor inside a number.
_HANGING = _words(
    "the a an my your our their its of and or because under over between against behind during without within upon"
    " onto toward towards among until unless every each costs needs wants takes gives makes buys sells puts brings"
)
_NUMBERS = _words(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion"
)
_JOINING = _words(
    "that which who whom whose if when whenever because whether how what where why before after while as than until"
    " unless since and but or so to not"
)
# Of two ends fewer words apart the likelier, unless both are so likely.
_FEWEST, _SURE = 3, 1.0
# A sentence of more words is cut at its likeliest place, so many words away from both ends.
_LONGEST, _AWAY = 30, 4
_LONGEST_PIECE = 20


def parts(words: Sequence[str], paused: Sequence[bool]) -> list[tuple[int, int]]:
    """``words`` as half-open ranges, one a sentence; ``paused``: whether a pause was heard before each word."""
    if not words:
        return []
    likely = _model().scores([plain(word) for word in words]).tolist()
    scores = [score + _PAUSE * pause for score, pause in zip(likely, paused, strict=True)]
    told = [word.lower() for word in words]
    for at, (before, after) in enumerate(pairwise(told), 1):
        if (
            before in _HANGING
            or (before in _NUMBERS and after in _NUMBERS)
            or (_code(before) and _code(after))
        ):
            scores[at] -= _NEVER
    ends = {at for at in range(1, len(words)) if scores[at] > _FROM}
    ends -= {
        at
        for at in ends
        if any(0 < abs(at - other) < _FEWEST and scores[at] < min(scores[other], _SURE) for other in ends)
    }
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


def _code(word: str) -> bool:
    """Letters and digits in one, as serial numbers: what the network never saw, in a row of them every word an end."""
    return any(map(str.isdigit, word)) and any(map(str.isalpha, word))


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
                places = [
                    each
                    for each in range(after, at + 1)
                    if words[each].lower() not in _PREPOSITIONS and words[each - 1].lower() not in _LEADING
                ]
                best = max(places, key=scores.__getitem__, default=0)
                if scores[best] > _SECOND and best - begin >= 3:
                    yield best
                    begin = best
            verb = at


class Names:
    """Which row of the tables is a word's, an ending's (three letters) and a piece's of a word."""

    def __init__(self, words: Sequence[str], endings: Sequence[str], pieces: Sequence[str]) -> None:
        self._words, self._endings, self.pieces = (
            {name: at for at, name in enumerate(names, first)}
            for names, first in ((words, 1), (endings, 1), (pieces, 0))
        )

    def ids(self, word: str) -> tuple[int, int]:
        """Of a plain word; 0 where it is none of those that were learned."""
        return self._words.get(word, 0), self._endings.get(word[-3:], 0)


def plain(word: str) -> str:
    """A word in small letters without the marks around it; ``#`` of a number."""
    bare = word.strip('.,;:!?…"“”()[]–—-').lower().replace("’", "'")
    return "#" if bare[:1].isdigit() else bare


def carried_vector(names: Names, vectors: NDArray[np.float32], word: str) -> NDArray[np.float32]:
    """The mean of the vectors of a plain word's pieces, each as long as possible; zeros where it has none."""
    rows: list[int] = []
    for part in word.replace("'", " ' ").split():
        if part in names.pieces:
            rows.append(names.pieces[part])
            continue
        at = 0
        while at < len(part):
            mark = "##" if at else ""
            ends = range(min(len(part), at + _LONGEST_PIECE), at, -1)
            end = next((end for end in ends if mark + part[at:end] in names.pieces), None)
            if end is not None:
                rows.append(names.pieces[mark + part[at:end]])
            at = end or at + 1
    return vectors[rows].mean(0) if rows else np.zeros(vectors.shape[1], np.float32)


@dataclass(frozen=True, slots=True)
class _Model:
    """Tables of numbers a word, and layers of ``(words seen, numbers in, numbers out)`` that add to them."""

    names: Names
    words: NDArray[np.float32]
    endings: NDArray[np.float32]
    pieces: NDArray[np.float32]
    enter: tuple[NDArray[np.float32], NDArray[np.float32]]
    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32], int], ...]
    leave: tuple[NDArray[np.float32], NDArray[np.float32]]

    def scores(self, words: Sequence[str]) -> NDArray[np.float32]:
        """How likely a sentence begins with each word, as log odds."""
        held = np.stack([_numbers(word) for word in words]) @ self.enter[0] + self.enter[1]
        count = len(words)
        for weights, bias, apart in self.layers:
            edge = len(weights) // 2 * apart
            padded = np.pad(held, ((edge, edge), (0, 0)))
            seen = sum(padded[at * apart : at * apart + count] @ matrix for at, matrix in enumerate(weights))
            held = held + np.maximum(seen + bias, 0)
        return np.asarray(held @ self.leave[0] + self.leave[1], np.float32)


@lru_cache(maxsize=20_000)
def _numbers(word: str) -> NDArray[np.float32]:
    """The numbers that stand for a plain word."""
    model = _model()
    known, ending = model.names.ids(word)
    vector = carried_vector(model.names, model.pieces, word)
    return np.concatenate([model.words[known], model.endings[ending], vector])


@cache
def _model() -> _Model:
    import io

    told = files(__package__).joinpath("sentence_ends.npz").read_bytes()
    with np.load(io.BytesIO(told), allow_pickle=False) as kept:
        names = (
            kept[f"{name}.names"].tobytes().decode().split("\n") for name in ("words", "endings", "pieces")
        )
        words, endings, pieces = (
            kept[name].astype(np.float32) * kept[f"{name}.scale"] for name in ("words", "endings", "pieces")
        )
        layers = tuple(
            (
                kept[f"layer{at}"].astype(np.float32),
                kept[f"layer{at}.bias"].astype(np.float32),
                int(apart),
            )
            for at, apart in enumerate(kept["apart"])
        )
        enter, leave = (
            (kept[name].astype(np.float32), kept[f"{name}.bias"].astype(np.float32))
            for name in ("enter", "leave")
        )
        return _Model(Names(*names), words, endings, pieces, enter, layers, leave)
