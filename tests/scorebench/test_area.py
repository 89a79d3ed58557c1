"""Pictures made smaller by area."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorebench.area import area_average


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.05, 1), st.floats(0.05, 1), st.integers(0, 99))
def test_ink_is_neither_made_nor_lost(rows: int, columns: int, by_rows: float, by_columns: float, seed: int) -> None:
    image = np.random.default_rng(seed).random((rows, columns), dtype=np.float32)
    small = area_average(image, max(1, int(rows * by_rows)), max(1, int(columns * by_columns)))
    assert small.mean() == pytest.approx(image.mean(), abs=1e-5)
    assert image.min() - 1e-6 <= small.min() <= small.max() <= image.max() + 1e-6


def test_whole_blocks_become_their_means() -> None:
    image = np.arange(24, dtype=np.float32).reshape(4, 6)
    expected = image.reshape(2, 2, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(area_average(image, 2, 2), expected)
    np.testing.assert_array_equal(area_average(image, 4, 6), image)


def test_a_pixel_between_two_is_shared() -> None:
    np.testing.assert_allclose(area_average(np.array([[0, 3, 0]], np.float32), 1, 2), [[1, 1]])
