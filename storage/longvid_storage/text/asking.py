"""Whether a sentence of English that nobody punctuated asks something ("how many customers noticed").

Logistic regression over the first words, by place, and the last ones. The 260 weights that are not 0 stand in
``asking.tsv`` in words that can be read; ``benchmarks/asking.py`` learns them from sentences whose mark was taken off,
and measures them on others.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import islice, pairwise

BIAS = "(bias)"
_OPENERS = "so and but like well okay ok um uh then now yeah yes right or also mm hmm oh no sure alright"
_BEFORE = frozenset(_OPENERS.split())
"""What a sentence may begin with, whatever it is."""
_FIRST, _FEWEST, _LONG = 5, 3, 30
_WH = frozenset(("what", "how", "why", "who", "where", "when", "which"))


def asks_by_words(text: str) -> bool:
    """Whether words alone say so; False for fewer than three."""
    words = bare_words(text)
    if len(words) < _FEWEST:
        return False
    weights = _weights()
    score = weights[BIAS] + sum(weights.get(name, 0.0) * value for name, value in features(words))
    return score > 0


def bare_words(text: str) -> list[str]:
    """Its words in small letters, without the marks around them."""
    return [bare for word in text.lower().split() if (bare := word.strip('.,;:!?…"“”()[]–—-'))]


def features(words: list[str]) -> Iterator[tuple[str, float]]:
    """Of three words or more, in small letters and without marks: what tells, and how much of it there is."""
    first = 0
    while first < len(words) - _FEWEST and words[first] in _BEFORE:
        first += 1
    words = words[first:]
    yield "(length)", min(len(words), _LONG) / _LONG
    for at, word in enumerate(words[:_FIRST]):
        yield f"{at} {word}", 1.0
    for at, pair in enumerate(islice(pairwise(words), _FIRST - 1)):
        yield f"{at} {' '.join(pair)}", 1.0
    for at in range(min(2, len(words) - 2)):
        yield f"{at} {' '.join(words[at : at + 3])}", 1.0
    yield f"end {words[-1]}", 1.0
    yield f"end {' '.join(words[-2:])}", 1.0
    for word in _WH.intersection(words[_FIRST:]):
        yield f"later {word}", 1.0


@cache
def _weights() -> dict[str, float]:
    told = files(__package__).joinpath("asking.tsv").read_text("utf-8").splitlines()
    return {name: float(weight) for name, weight in (line.split("\t") for line in told)}
