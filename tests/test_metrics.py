"""Retrieval, text and bootstrap metrics against hand-computed cases and independent implementations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score, precision_recall_curve

from longvid.evaluation import bootstrap
from longvid.evaluation.retrieval import (
    TIOU_AP,
    ap_at_tiou,
    average_precision,
    best_tiou,
    hit_at,
    overlaps,
    recall_at,
    reciprocal_rank,
    start_error_s,
    tiou,
)
from longvid.evaluation.text import common_subsequence_length, rouge_l, words

GOLD = [(10.0, 20.0), (50.0, 60.0)]
RANKED = [(30.0, 40.0), None, (55.0, 65.0), (0.0, 11.0), (52.0, 53.0)]


def test_overlap_is_half_open_and_a_point_counts_where_it_lies() -> None:
    assert overlaps((0, 10), (9.9, 12))
    assert not overlaps((0, 10), (10, 12))
    assert overlaps((10, 10), (10, 12))
    assert overlaps((0, 20), (10, 10))
    assert not overlaps((0, 10), (10, 10))


def test_tiou_by_hand() -> None:
    assert tiou((0, 10), (5, 15)) == pytest.approx(5 / 15)
    assert tiou((0, 10), (20, 30)) == 0.0
    assert tiou((3, 3), (3, 3)) == 0.0
    assert best_tiou((15.0, 25.0), GOLD) == pytest.approx(5 / 15)
    assert best_tiou(None, GOLD) == 0.0


def test_rank_metrics_by_hand() -> None:
    # Ranks 3, 4 and 5 hit: the second span, the first span, the second again.
    assert [hit_at(RANKED, GOLD, k) for k in (1, 2, 3, 10)] == [0.0, 0.0, 1.0, 1.0]
    assert reciprocal_rank(RANKED, GOLD) == pytest.approx(1 / 3)
    assert [recall_at(RANKED, GOLD, k) for k in (2, 3, 4, 5)] == [0.0, 0.5, 1.0, 1.0]
    # Recall grows at rank 3 (precision 1/3) and at rank 4 (precision 2/4); rank 5 adds none.
    assert average_precision(RANKED, GOLD) == pytest.approx(0.5 / 3 + 0.5 * 2 / 4)


def test_one_moment_on_two_spans_adds_both_to_the_recall() -> None:
    assert average_precision([(0.0, 100.0)], GOLD) == 1.0
    assert average_precision([None, (0.0, 100.0)], GOLD) == pytest.approx(0.5)


def test_nothing_returned_and_nothing_found_score_zero() -> None:
    for moments in ([], [None, (30.0, 40.0)]):
        assert hit_at(moments, GOLD, 10) == 0.0
        assert reciprocal_rank(moments, GOLD) == 0.0
        assert average_precision(moments, GOLD) == 0.0
        assert ap_at_tiou(moments, GOLD, 0.5) == 0.0


@given(st.lists(st.booleans(), min_size=1, max_size=10).filter(any))
def test_average_precision_equals_scikit_learn_when_every_span_is_found_once(hits: list[bool]) -> None:
    gold = [(10.0 * i, 10.0 * i + 5) for i, hit in enumerate(hits) if hit]
    moments = [(10.0 * i, 10.0 * i + 5) if hit else None for i, hit in enumerate(hits)]
    expected = average_precision_score(hits, -np.arange(len(hits)))
    assert average_precision(moments, gold) == pytest.approx(expected)


def test_detection_ap_by_hand() -> None:
    gold = [(0.0, 10.0), (20.0, 30.0)]
    moments = [(0.0, 10.0), (1.0, 10.0), None, (20.0, 28.0)]
    # The second moment fits a span that is taken already: a false positive. Precision at the hits 1, 2/4.
    assert ap_at_tiou(moments, gold, 0.5) == pytest.approx((1 + 2 / 4) / 2)
    # At 0.9 the last one (tIoU 0.8) is no hit.
    assert ap_at_tiou(moments, gold, 0.9) == pytest.approx(1 / 2)


def test_detection_ap_interpolates_precision() -> None:
    gold = [(0.0, 10.0), (20.0, 30.0), (40.0, 50.0)]
    # Precision at the hits 1/2, 2/3, 3/4: interpolated, each is the best from there on, 3/4.
    assert ap_at_tiou([None, *gold], gold, 0.5) == pytest.approx(3 / 4)


def test_a_moment_takes_the_free_span_it_fits_best() -> None:
    gold = [(0.0, 10.0), (0.0, 9.0)]
    assert ap_at_tiou([(0.0, 9.5), (0.0, 10.0)], gold, 0.5) == 1.0


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 20)), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 20)), max_size=8),
    st.sampled_from(TIOU_AP),
)
def test_detection_ap_equals_a_curve_from_scikit_learn(
    gold_at: list[tuple[int, int]], moments_at: list[tuple[int, int]], threshold: float
) -> None:
    gold = [(float(s), float(s + length)) for s, length in gold_at]
    moments = [(float(s), float(s + length)) for s, length in moments_at]
    free, hits = list(gold), []
    for moment in moments:
        best = max(free, key=lambda span: tiou(moment, span), default=None)
        hits.append(best is not None and tiou(moment, best) >= threshold)
        if hits[-1]:
            free.remove(best)
    if not any(hits):
        assert ap_at_tiou(moments, gold, threshold) == 0.0
        return
    precision, recall, _ = precision_recall_curve(hits, -np.arange(len(hits)))
    envelope = np.maximum.accumulate(precision[:-1])
    area = float(np.sum(-np.diff(recall) * envelope))
    assert ap_at_tiou(moments, gold, threshold) == pytest.approx(area * sum(hits) / len(gold))


def test_start_error_is_to_the_nearest_gold_start() -> None:
    assert start_error_s((48.0, 70.0), GOLD) == pytest.approx(2.0)
    assert start_error_s((14.0, 15.0), GOLD) == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        # Figures printed by rouge-score 0.1.2, RougeScorer(["rougeL"], use_stemmer=False).fmeasure.
        ("The cat sat on the mat.", "the cat is on the mat", 0.8333333333333334),
        ("Learning rates of 0.01 diverge; use 1e-3.", "A learning rate of 1e-3 is safer than 0.01", 0.4),
        ("They don't know why it's slow", "It is slow and they do not know why", 0.35294117647058826),
        ("a b c d e f", "f e d c b a", 0.16666666666666666),
        ("nothing shared here", "entirely different words", 0.0),
    ],
)
def test_rouge_l_equals_the_rouge_score_package(answer: str, reference: str, expected: float) -> None:
    assert rouge_l(answer, reference) == pytest.approx(expected)


def test_rouge_l_reads_every_script_and_empty_text_scores_zero() -> None:
    assert words("Über die Größe, 学习率!") == ["über", "die", "größe", "学习率"]
    assert rouge_l("Die Größe zählt", "die größe") == pytest.approx(2 * 2 / 5)
    assert rouge_l("", "something") == 0.0
    assert rouge_l("…", "…") == 0.0


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_common_subsequence_is_as_long_as_any(one: str, other: str) -> None:
    def longest(i: int, j: int) -> int:
        if i == len(one) or j == len(other):
            return 0
        if one[i] == other[j]:
            return 1 + longest(i + 1, j + 1)
        return max(longest(i + 1, j), longest(i, j + 1))

    assert common_subsequence_length(one, other) == longest(0, 0)


def test_bootstrap_equals_scipy_within_its_own_noise() -> None:
    values = np.random.default_rng(7).exponential(10, 150)
    for rows, statistic in ((bootstrap.mean_rows, np.mean), (bootstrap.median_rows, np.median)):
        ours = bootstrap.estimate(list(values), rows, resamples=6000)
        theirs = stats.bootstrap((values,), statistic, n_resamples=6000, method="percentile", rng=3)
        assert ours is not None
        assert ours.value == pytest.approx(statistic(values))
        width = theirs.confidence_interval.high - theirs.confidence_interval.low
        assert abs(ours.low - theirs.confidence_interval.low) < 0.1 * width
        assert abs(ours.high - theirs.confidence_interval.high) < 0.1 * width


def test_bootstrap_is_repeatable_and_exact_where_nothing_varies() -> None:
    assert bootstrap.estimate([0.0, 1.0, 1.0]) == bootstrap.estimate([0.0, 1.0, 1.0])
    assert bootstrap.estimate([2.0, 2.0]) == bootstrap.Estimate(2.0, 2.0, 2.0, 2)
    assert bootstrap.estimate([]) is None


def test_a_micro_average_sums_before_it_divides() -> None:
    ratio = bootstrap.ratio_estimate([(1.0, 1.0), (1.0, 9.0)])
    assert ratio is not None
    assert ratio.value == pytest.approx(0.2)
    assert ratio.low >= 1 / 9 - 1e-12
    assert ratio.high == pytest.approx(1.0)
    assert bootstrap.ratio_estimate([(0.0, 0.0)]) is None
