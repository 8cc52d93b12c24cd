"""Is the answer in here at all? The part the field gets wrong: something always ranks first.

A logistic model over a few numbers that tell a question the library answers from one it knows nothing of. Its
coefficients, how they were fitted and how well its probabilities hold are in ``docs/answering.md``.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from longvid_agents.scoring import Scores
from longvid_storage.types import Scope


@dataclass(frozen=True, slots=True)
class Features:
    """What tells whether the best sentences answer.

    ``similarity``: cosine of the question with the most similar sentence; ``margin``: how far that one stands
    above the evidence's lower quarter, counting ``UNRELATED`` sentences of cosine 0 in; ``around``:
    cosine with what is said around the chosen sentences; ``covered``: largest IDF share of the
    question's words near one sentence; ``size``:
    logarithm of the number of sentences (more of them reach higher by chance).
    """

    similarity: float
    margin: float
    around: float
    covered: float
    size: float


@dataclass(frozen=True, slots=True)
class Logistic:
    """``probability = 1 / (1 + exp(-(intercept + weights · features)))``; found from ``threshold`` on."""

    intercept: float
    weights: tuple[float, ...]
    threshold: float = 0.5

    def probability(self, features: Features) -> float:
        """How likely the library answers the question, in ``[0, 1]``."""
        z = self.intercept + sum(w * x for w, x in zip(self.weights, astuple(features), strict=True))
        return 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))


# Where a filter leaves a handful of sentences, all on the subject, they are no background to stand out from.
UNRELATED = 10

# Fitted by benchmarks/answering.py. Without a text encoder only words can tell.
WITH_VECTORS = Logistic(-6.87, (4.1, 10.61, 10.57, 1.33, -0.68), threshold=0.6)
WORDS_ONLY = Logistic(-3.0, (0.0, 0.0, 0.0, 5.0, 0.0))

# Who asks inside one video has a reason to: there an answer is likelier than the model was taught.
WITHIN_ONE_VIDEO = 0.2


def model_for(meaning: bool, filters: Scope) -> Logistic:
    """The model for evidence with (``meaning``) or without vectors, and its threshold for these filters."""
    model = WITH_VECTORS if meaning else WORDS_ONLY
    if meaning and filters.video_ids is not None and len(filters.video_ids) == 1:
        return replace(model, threshold=WITHIN_ONE_VIDEO)
    return model


def features(scores: Scores, chosen: NDArray[np.intp]) -> Features:
    """``chosen`` are the rows of the sentences that would answer, best first (at least one)."""
    background = np.concatenate([scores.cosine, np.zeros(UNRELATED)])
    return Features(
        similarity=float(scores.cosine.max()),
        margin=float(scores.cosine.max() - np.quantile(background, 0.25)),
        around=float(scores.cosine_around[chosen].max()),
        covered=float(scores.covered_near.max()),
        size=math.log(len(background)),
    )
