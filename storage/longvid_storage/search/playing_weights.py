"""What each signal counts (``signals.py``), by where is searched and whether meaning is compared.

Fitted by ``benchmarks/playing.py``: ``WITHIN`` on questions within a meeting, ``ACROSS`` on statements about an archive
of calls, those of ``WORDS`` without comparing meaning.
"""

from __future__ import annotations

WEIGHTS: dict[str, dict[str, float]] = {
    "WITHIN": {
        "stretch": 0.832,
        "wording": 1.0,
        "own_words": -8.699,
        "own_cosine": -2.114,
        "words_30_30": -1.014,
        "words_0_60": -0.633,
        "words_150_150": 0.171,
        "cosine_30_30": 0.845,
        "cosine_0_60": 0.473,
        "cosine_150_150": 0.935,
        "asked_before": 0.127,
        "asks": -0.066,
        "length": -0.127,
        "early": -2.116,
        "late": -0.82,
    },
    "WORDS_WITHIN": {
        "stretch": 0.86,
        "wording": 1.0,
        "own_words": -9.599,
        "words_30_30": -0.916,
        "words_0_60": -0.441,
        "words_150_150": 0.224,
        "asked_before": 0.201,
        "asks": -0.047,
        "length": -0.127,
        "early": -2.124,
        "late": -0.874,
    },
    "ACROSS": {
        "stretch": 0.817,
        "wording": 1.0,
        "own_words": -0.222,
        "own_cosine": -0.064,
        "words_30_30": -2.906,
        "words_0_60": -4.846,
        "words_150_150": 1.388,
        "cosine_30_30": -1.601,
        "cosine_0_60": -1.939,
        "cosine_150_150": -1.586,
        "asked_before": 0.2,
        "asks": 0.082,
        "length": 0.047,
        "early": -0.55,
        "late": 0.393,
    },
    "WORDS_ACROSS": {
        "stretch": 0.787,
        "wording": 1.0,
        "own_words": -0.623,
        "words_30_30": -3.268,
        "words_0_60": -6.098,
        "words_150_150": 1.369,
        "asked_before": 0.196,
        "asks": 0.119,
        "length": 0.031,
        "early": -0.697,
        "late": 0.49,
    },
}

SHORT = {"stretch": 1.0, "wording": 1.0, "own_words": 3.0, "own_cosine": 2.0}
"""In a video under 15 min: the best quote of the best place. What was fitted on hours does not hold in minutes."""
