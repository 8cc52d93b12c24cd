"""Vectors of voices to voices: agglomerative clustering, average linkage over cosine distance.

What most diarisation systems end with (Sell et al. 2018, "Diarization is hard", Interspeech; x-vectors clustered to
a threshold). The distance matrix of a long recording is bounded by clustering a sample and giving every other vector
to the nearest mean.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST = 3000
"""Vectors clustered together, 36 MB of distances; of more, every so manyth is."""


def cluster_voices(
    vectors: NDArray[np.float32],
    seconds: NDArray[np.float64],
    *,
    threshold: float,
    shortest_s: float = 4.0,
    most: int = MOST,
) -> NDArray[np.int64]:
    """A cluster number for each of ``n`` vectors.

    Args:
        vectors: shape ``(n, dimension)``, not zero, of any length.
        seconds: how much sound each stands for, shape ``(n,)``.
        threshold: clusters whose vectors' mean cosine is at least this are one voice.
        shortest_s: a voice with less sound than this joins the most similar one that has more.
    """
    count = len(vectors)
    if count < 2:
        return np.zeros(count, np.int64)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    sample = np.arange(0, count, -(-count // most))
    labels = _linked(unit[sample], threshold)
    means = _means(unit[sample], labels, seconds[sample])
    owners = np.argmax(unit @ means.T, axis=1) if len(sample) < count else labels
    talk_s = np.bincount(owners, seconds, minlength=len(means))
    large = np.flatnonzero(talk_s >= min(shortest_s, talk_s.max()))
    kept: NDArray[np.int64] = np.where(
        np.isin(owners, large), owners, large[np.argmax(unit @ means[large].T, axis=1)]
    )
    return kept


def _linked(unit: NDArray[np.float32], threshold: float) -> NDArray[np.int64]:
    """Labels from 0 on, without a gap: the two most alike become one until none are alike enough.

    The mean cosine of two clusters is that of the two they were made of, weighed by size (Lance and Williams 1967).
    """
    alike = unit @ unit.T
    np.fill_diagonal(alike, -np.inf)
    sizes = np.ones(len(unit))
    owners = np.arange(len(unit))
    nearest = alike.argmax(axis=1)
    best = alike.max(axis=1)
    while best.size > 1 and best.max() >= threshold:
        one = int(best.argmax())
        other = int(nearest[one])
        row = (sizes[one] * alike[one] + sizes[other] * alike[other]) / (sizes[one] + sizes[other])
        row[[one, other]] = -np.inf
        alike[one], alike[:, one] = row, row
        alike[other], alike[:, other] = -np.inf, -np.inf
        sizes[one] += sizes[other]
        owners[owners == other] = one
        best[other] = -np.inf
        stale = np.flatnonzero((nearest == one) | (nearest == other))
        for each in {one, *stale.tolist()} - {other}:
            nearest[each] = alike[each].argmax()
            best[each] = alike[each, nearest[each]]
        nearer = row > best
        nearest[nearer], best[nearer] = one, row[nearer]
    labels: NDArray[np.int64] = np.unique(owners, return_inverse=True)[1].astype(np.int64)
    return labels


def _means(
    unit: NDArray[np.float32], labels: NDArray[np.int64], seconds: NDArray[np.float64]
) -> NDArray[np.float64]:
    means = np.zeros((int(labels.max()) + 1, unit.shape[1]))
    np.add.at(means, labels, unit * seconds[:, None])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    return means
