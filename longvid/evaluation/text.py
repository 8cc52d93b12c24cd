"""How close is an answer's wording to the written one: ROUGE-L."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """Lower-cased runs of letters and digits of any script; no stemming."""
    return _WORD.findall(text.lower())


def common_subsequence_length(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence, O(len(one) * len(other)) time and O(len(other)) memory."""
    previous = [0] * (len(other) + 1)
    for left in one:
        current = [0]
        for index, right in enumerate(other):
            current.append(previous[index] + 1 if left == right else max(previous[index + 1], current[index]))
        previous = current
    return previous[-1]


def rouge_l(answer: str, reference: str) -> float:
    """ROUGE-L F1 of ``answer`` against ``reference``, in [0, 1], both taken as one sequence of words.

    Lin, "ROUGE: a package for automatic evaluation of summaries", 2004, section 3.1, with beta = 1. Equals
    ``rougeL`` of the ``rouge-score`` package without stemming on English text (that package drops every
    letter outside a-z and 0-9; here words of all scripts count). Empty text scores 0.
    """
    ours, theirs = words(answer), words(reference)
    common = common_subsequence_length(ours, theirs)
    return 2 * common / (len(ours) + len(theirs)) if common else 0.0
