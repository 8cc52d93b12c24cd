"""What the pictures of a stretch look like, so that scenes know whether two shots are of one place.

A keyframe becomes a colour histogram; a stretch of the timeline is the mean of the histograms seen during it. Shots
that alternate (A-B-A-B, a dialogue; presenter and slide) mix to the same mean, while a lasting change of place moves
it: the continuity that scene transition graphs (Yeung, Yeo & Liu 1996) and shot coherence (Rasheed & Shah 2003) look
for, here as one more view in the optimum that finds scenes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longvid_storage.kept_pictures import picture_of
from longvid_storage.types import Keyframe

Floats = NDArray[np.float64]

_HUES, _SATURATIONS, _VALUES = 8, 3, 4
_SIDE = 160


@dataclass(frozen=True)
class PictureSpan:
    """A picture seen during ``[start_s, end_s)``; ``vector`` (96,) has unit length."""

    start_s: float
    end_s: float
    vector: Floats


def picture_spans(keyframes: Iterable[Keyframe]) -> list[PictureSpan]:
    """The kept pictures as histograms, one at a time in memory."""
    return [PictureSpan(frame.start_s, frame.end_s, histogram(frame.image)) for frame in keyframes]


def histogram(image: bytes) -> Floats:
    """The square root of the colour histogram in hue, saturation and value, so that a dot product of two is
    their Bhattacharyya coefficient: (96,), of unit length.
    """
    picture = picture_of(image)
    picture.thumbnail((_SIDE, _SIDE))
    hue, saturation, value = np.moveaxis(np.asarray(picture.convert("HSV"), np.int64), 2, 0)
    columns = (hue * _HUES // 256 * _SATURATIONS + saturation * _SATURATIONS // 256) * _VALUES
    counts = np.bincount((columns + value * _VALUES // 256).ravel(), minlength=_HUES * _SATURATIONS * _VALUES)
    shares: Floats = np.sqrt(counts / counts.sum())
    return shares


def picture_sums(edges_s: Floats, pictures: Sequence[PictureSpan]) -> tuple[Floats, Floats]:
    """For each of the n stretches between ``edges_s``: the sum of pictures times seconds seen (n, d), and those
    seconds (n,).
    """
    n = len(edges_s) - 1
    seconds = np.zeros(n)
    sums = np.zeros((n, len(pictures[0].vector) if pictures else 1))
    for picture in pictures:
        first = max(int(np.searchsorted(edges_s, picture.start_s, side="right")) - 1, 0)
        last = min(int(np.searchsorted(edges_s, picture.end_s)), n)
        for block in range(first, last):
            overlap = min(picture.end_s, edges_s[block + 1]) - max(picture.start_s, edges_s[block])
            if overlap > 0:
                seconds[block] += overlap
                sums[block] += overlap * picture.vector
    return sums, seconds
