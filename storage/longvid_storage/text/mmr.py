"""Maximal marginal relevance (Carbonell & Goldstein 1998): few texts that say most, none much like another."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REDUNDANCY = 0.5
"""What a text like one already taken loses."""


def mmr(worth: Floats, alike: Callable[[int], Floats], most: int) -> list[int]:
    """The rows of the ``most`` texts of greatest ``worth`` less what the most similar one taken before has of them.

    Args:
        worth: shape ``(n,)``.
        alike: how alike each text is to that of a row, in [0, 1], shape ``(n,)``.

    Returns:
        Rows, ascending.
    """
    taken: list[int] = []
    like = np.zeros(len(worth))
    while len(taken) < min(most, len(worth)):
        ranked = worth - REDUNDANCY * like
        ranked[taken] = -np.inf
        best = int(np.argmax(ranked))
        taken.append(best)
        like = np.maximum(like, alike(best))
    return sorted(taken)


def central(texts: Sequence[Collection[str]], most: int) -> list[int]:
    """The rows of the ``most`` texts (as their words) that share most with all others, none much like another.

    Centrality is the cosine to the centroid of tf-idf vectors (Radev et al. 2004).
    """
    bags = [Counter(words) for words in texts]
    seen = Counter(word for bag in bags for word in bag)
    column = {word: number for number, word in enumerate(seen)}
    rarity = {word: math.log1p(len(bags) / count) for word, count in seen.items()}
    vectors = np.zeros((len(bags), len(column)))
    for row, bag in enumerate(bags):
        for word, count in bag.items():
            vectors[row, column[word]] = count * rarity[word]
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    centre = vectors.sum(axis=0)
    worth = vectors @ (centre / max(float(np.linalg.norm(centre)), 1e-9))
    return mmr(worth, lambda row: vectors @ vectors[row], most)
