"""Boundary metrics against hand-computed cases, nltk's Pk and WindowDiff, and an exhaustive matching."""

from __future__ import annotations

from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.metrics import segmentation as nltk_segmentation

from longvid.evaluation.segmentation import (
    boundary_f1,
    boundary_grid,
    match_count,
    pk,
    score_counts,
    span_boundaries,
    window_cells,
    window_diff,
)

times = st.lists(st.integers(1, 59).map(float), max_size=12)


def test_f1_by_hand() -> None:
    score = boundary_f1([10.0, 20.9, 40.0], [11.0, 20.0, 30.0, 50.0], tolerance_s=1.0)
    assert (score.matched, score.predicted, score.gold) == (2, 3, 4)
    assert score.precision == pytest.approx(2 / 3)
    assert score.recall == pytest.approx(0.5)
    assert score.f1 == pytest.approx(4 / 7)


def test_each_gold_boundary_is_found_at_most_once() -> None:
    score = boundary_f1([9.5, 10.0, 10.5], [10.0], tolerance_s=1.0)
    assert score.matched == 1
    assert score.precision == pytest.approx(1 / 3)
    assert score.recall == 1.0


def test_a_greedy_nearest_choice_would_lose_a_pair() -> None:
    # 10.9 is nearest to 11, but pairing these two leaves 10 and 11.9 alone.
    assert match_count([10.9, 11.9], [10.0, 11.0], 1.0) == 2


def test_the_tolerance_is_inclusive_in_spite_of_floats() -> None:
    assert match_count([0.3], [0.1 + 0.2 + 1.0], 1.0) == 1
    assert match_count([0.3], [1.31], 1.0) == 0


def test_start_and_end_are_not_boundaries() -> None:
    assert boundary_f1([0.0, 5.0, 60.0], [0.0, 5.0, 60.0], duration_s=60.0).gold == 1


def test_nothing_on_both_sides_is_perfect_and_on_one_side_zero() -> None:
    assert score_counts(0, 0, 0).f1 == 1.0
    assert boundary_f1([], [4.0]).f1 == 0.0
    assert boundary_f1([4.0], []).f1 == 0.0


def test_a_negative_tolerance_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        boundary_f1([1.0], [1.0], tolerance_s=-1)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 12), max_size=5), st.lists(st.integers(0, 12), max_size=5), st.integers(0, 3))
def test_matching_is_as_large_as_any(left: list[int], right: list[int], tolerance: int) -> None:
    def possible(size: int) -> bool:
        return any(
            all(abs(a - b) <= tolerance for a, b in zip(chosen, order, strict=True))
            for chosen in combinations(left, size)
            for order in permutations(right, size)
        )

    best = max(size for size in range(min(len(left), len(right)) + 1) if possible(size))
    assert match_count(left, right, tolerance) == best


def test_sections_imply_boundaries_where_they_start() -> None:
    assert span_boundaries([(0, 50), (50, 90), (100, 140)], 150.0) == [50, 100]
    assert span_boundaries([(30, 50), (50, 90)], 100.0) == [30, 50]


def test_a_long_stretch_outside_every_section_is_a_section_too() -> None:
    assert span_boundaries([(0, 50), (110, 140)], 150.0) == [110]
    assert span_boundaries([(0, 50), (110.5, 140)], 300.0) == [50, 110.5, 140]
    # The stretch after the first section's end belongs to the second, which it overlaps.
    assert span_boundaries([(0, 200), (100, 120)], 205.0) == [100]


def test_boundaries_at_the_ends_or_close_to_another_are_dropped() -> None:
    assert span_boundaries([(4, 50), (58, 70), (59, 97), (96, 99)], 100.0) == [58]
    assert span_boundaries([], 100.0) == []


def test_grid_by_hand() -> None:
    # Five cells [0,1) … [4,5) have four gaps, at 1, 2, 3 and 4 s; 2.4 s is nearest to the gap at 2 s.
    assert boundary_grid([0.0, 2.4, 4.0, 5.0], 5.0) == [0, 1, 0, 1]
    assert boundary_grid([2.4, 2.0], 5.0) == [0, 1, 0, 0]
    assert boundary_grid([30.0], 60.0, step_s=10.0) == [0, 0, 1, 0, 0]
    assert boundary_grid([0.5], 0.7) == []


def test_window_is_half_the_mean_gold_segment() -> None:
    assert window_cells(boundary_grid([10.0, 20.0], 30.0)) == 5
    assert window_cells(boundary_grid([], 2.0)) == 1


def test_pk_and_window_diff_by_hand() -> None:
    # 8 cells, gold boundary at 4 s, prediction at 5 s, k = 2: windows of two gaps start at gaps 1..6.
    # Gold is inside windows {3,4} and {4,5}; the prediction inside {4,5} and {5,6}: 2 of 6 windows disagree.
    assert pk([5.0], [4.0], 8.0) == pytest.approx(2 / 6)
    assert window_diff([5.0], [4.0], 8.0) == pytest.approx(2 / 6)
    # Two predictions where one is gold: Pk sees nothing wrong in window {4,5}, WindowDiff does.
    assert pk([4.0, 5.0], [4.0], 8.0) == pytest.approx(1 / 6)
    assert window_diff([4.0, 5.0], [4.0], 8.0) == pytest.approx(2 / 6)


def test_a_perfect_prediction_scores_zero_and_a_short_video_too() -> None:
    assert pk([10.0], [10.0], 20.0) == 0.0
    assert window_diff([10.0], [10.0], 20.0) == 0.0
    assert pk([0.5], [], 1.0) == 0.0


@pytest.mark.parametrize("duration_s", [0.0, -1.0])
def test_a_duration_without_length_is_refused(duration_s: float) -> None:
    with pytest.raises(ValueError, match="duration_s"):
        pk([], [], duration_s)


@given(times, times, st.one_of(st.none(), st.integers(1, 20)))
def test_pk_and_window_diff_equal_nltk(predicted: list[float], gold: list[float], window: int | None) -> None:
    ours, theirs = ("".join(map(str, boundary_grid(side, 60.0))) for side in (predicted, gold))
    k = window if window is not None else window_cells(boundary_grid(gold, 60.0))
    assert pk(predicted, gold, 60.0, window=window) == pytest.approx(nltk_segmentation.pk(theirs, ours, k=k))
    expected = nltk_segmentation.windowdiff(theirs, ours, k)
    assert window_diff(predicted, gold, 60.0, window=window) == pytest.approx(expected)


@given(times, times)
def test_window_diff_is_never_below_pk(predicted: list[float], gold: list[float]) -> None:
    assert window_diff(predicted, gold, 60.0) >= pk(predicted, gold, 60.0)
