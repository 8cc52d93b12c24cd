"""What an answer may cost, and the estimate of tokens where a model does not count them itself."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from longvid_storage.errors import UsageError
from longvid_storage.types import Usage

ROUNDS = 5
"""Search rounds after the first, at most."""

_RUN = re.compile(r"[^\W\d_]+|\d+|\S", re.UNICODE)
# A token of current vocabularies is about this many Latin letters at least; other scripts are counted by letter.
_LETTERS_A_TOKEN, _DIGITS_A_TOKEN = 5, 3


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one answer: ``tokens`` read and written by the model, ``seconds``, search ``rounds`` after the first.

    None: no limit. Raises ``UsageError`` for one that allows nothing.
    """

    tokens: int | None = None
    seconds: float | None = None
    rounds: int = ROUNDS

    def __post_init__(self) -> None:
        if self.tokens is not None and self.tokens < 1:
            raise UsageError(f"the budget is {self.tokens} tokens: allow at least 1, or leave it out")
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            raise UsageError(f"the budget is {self.seconds} seconds: allow more than 0, or leave it out")
        if self.rounds < 0:
            raise UsageError(f"the budget is {self.rounds} rounds: allow 0 or more")


def estimate_tokens(text: str) -> int:
    """About how many tokens a model makes of ``text``: words by their length, other scripts letter by letter."""
    total = 0
    for run in _RUN.findall(text):
        if run.isdigit():
            total += math.ceil(len(run) / _DIGITS_A_TOKEN)
        elif run.isalpha() and "LATIN" in unicodedata.name(run[0], ""):
            total += math.ceil(len(run) / _LETTERS_A_TOKEN)
        else:
            total += len(run)
    return total


def spent(usage: Usage, read: Iterable[str], written: str, counted: tuple[int, int]) -> Usage:
    """``usage`` after one more call; ``counted`` is what the model says it read and wrote, zeros when it does not."""
    input_tokens, output_tokens = counted
    estimated = usage.estimated
    if not input_tokens:
        input_tokens, output_tokens = sum(map(estimate_tokens, read)), estimate_tokens(written)
        estimated = True
    return replace(
        usage,
        model_calls=usage.model_calls + 1,
        input_tokens=usage.input_tokens + input_tokens,
        output_tokens=usage.output_tokens + output_tokens,
        estimated=estimated,
    )
