"""Excerpts of a strip."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines.strip.excerpt import SNIPPET, WIDTH_PX, excerpt, halved

STRIP = np.random.default_rng(0).integers(0, 255, (160, 700)).astype(np.uint8)  # no pixel is white


@given(st.floats(-2000, 3000))
def test_a_column_of_the_strip_is_where_it_must_be(centre: float) -> None:
    seen = excerpt(STRIP, centre)
    assert seen.shape == (160, 512)
    first = int(np.floor(centre + 0.5)) - 256
    for column in (0, 1, 255, 256, 511):
        at = first + column
        expected = STRIP[:, at] if 0 <= at < STRIP.shape[1] else np.full(160, 255)
        np.testing.assert_array_equal(seen[:, column], expected)


def test_a_narrow_strip_is_white_on_both_sides() -> None:
    seen = excerpt(np.zeros((160, 4), np.uint8), 2, width=10)
    assert seen[0].tolist() == [255] * 3 + [0] * 4 + [255] * 3


def test_halves_are_rounded_up_everywhere() -> None:
    assert all((excerpt(STRIP, c + 0.5)[:, 0] == excerpt(STRIP, c + 1)[:, 0]).all() for c in (300, 301, 302, 303))


def test_half_the_size_is_ink_in_the_mean_over_four_pixels() -> None:
    small = halved(excerpt(STRIP, 350))
    assert small.shape == SNIPPET == (160 // 2, WIDTH_PX // 2)
    assert small.dtype == np.float32
    assert small[3, 7] == pytest.approx((255 - excerpt(STRIP, 350)[6:8, 14:16] / 1).mean() / 255, abs=1e-6)
    assert halved(np.full((2, 2), 255, np.uint8)).tolist() == [[0]]
    assert halved(np.zeros((2, 2), np.uint8)).tolist() == [[1]]


def test_many_at_once() -> None:
    some = np.stack([excerpt(STRIP, c) for c in (10.0, 300.0)])
    np.testing.assert_array_equal(halved(some)[1], halved(some[1]))
