"""How likely evidence supports a claim, by the words they share and by how near they are in meaning.

What code can tell where no model judges: a logistic model over two numbers, fitted and measured by
``benchmarks/support.py``; ``docs/answering.md`` says how well it holds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_agents.checks.numbers import names_number
from longvid_storage.text.analysis import query_terms


@dataclass(frozen=True, slots=True)
class Fit:
    """``probability = 1 / (1 + exp(-(intercept + covered · coverage + like · likeness)))``."""

    intercept: float
    covered: float
    like: float

    def probability(self, covered: float, like: float) -> float:
        """How likely the evidence supports the claim, in ``[0, 1]``."""
        return 1 / (1 + math.exp(-(self.intercept + self.covered * covered + self.like * like)))


FIT = Fit(-5.12, 5.06, 6.41)
# From this probability on, words and meaning alone call a claim supported.
SUPPORTED = 0.8


def coverage(text: str, evidence: str) -> float:
    """The share of the content words of ``text`` that occur in ``evidence``, stems compared; 1 for no such word.

    Numbers are compared elsewhere, by what they are worth.
    """
    wanted = {term for term in query_terms(text) if not names_number(term)}
    had = set(query_terms(evidence))
    return len(wanted & had) / len(wanted) if wanted else 1.0


def likeness(claim: NDArray[Any], evidence: NDArray[Any]) -> float:
    """The largest cosine of the claim's unit vector, shape ``(d,)``, with a piece of evidence's, or with their mean.

    ``evidence``: unit vectors, shape ``(n, d)``, at least one.
    """
    mean = evidence.mean(axis=0)
    together = float(mean @ claim) / max(float(np.linalg.norm(mean)), 1e-9)
    return max(together, float((evidence @ claim).max()))
