"""Sums of the rows before each row, as numpy has them."""

from __future__ import annotations

import numpy as np
import pytest

from longvid_storage.running_sums import running_sums


@pytest.mark.parametrize("shape", [(0,), (7,), (0, 64), (5, 3), (9, 64), (300, 384)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ranges_are_differences(shape: tuple[int, ...], dtype: type[np.floating]) -> None:
    rows = np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32)
    sums = running_sums(rows, dtype)
    assert sums.dtype == dtype
    assert not sums[0].any()
    assert np.array_equal(sums[1:], np.cumsum(rows, axis=0, dtype=dtype)), "to the bit"
