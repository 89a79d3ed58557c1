"""3x3 convolutions by Winograd's algorithm, against torch's in double precision."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from numba import njit  # noqa: E402 - needs numba, which comes with torch
from torch.nn import functional  # noqa: E402

from scorebench import winograd  # noqa: E402
from scorebench.layers import picture_of, planes_of  # noqa: E402
from scorebench.tiles import LANES, tile_transform  # noqa: E402
from scorebench.winograd import Winograd  # noqa: E402

_MATRIX = np.array([[1.0, 0, -2], [0, 0.5, 3]])
_transform = tile_transform(_MATRIX)


@njit  # type: ignore[untyped-decorator]
def _transform_from(
    source: np.ndarray, target: np.ndarray, places: np.ndarray, summand: np.ndarray, channel: int
) -> None:
    """``source`` (3, 3, c) to ``target`` (2, 2, c), ``LANES`` channels from ``channel`` on. ``places``: (13,)."""
    c = source.shape[2]
    for k in range(9):
        places[k] = source.ctypes.data + 4 * c * k
    for k in range(4):
        places[9 + k] = target.ctypes.data + 4 * c * k
    _transform(places[:9], places[9:], summand, channel)


def test_a_tile_times_a_matrix_from_both_sides() -> None:
    rng = np.random.default_rng(0)
    x, summand = rng.standard_normal((3, 3, 40), np.float32), rng.standard_normal(40, np.float32)
    y = np.full((2, 2, 40), np.nan, np.float32)
    _transform_from(x, y, np.empty(13, np.int64), summand, 7)
    expected = np.einsum("ai,bj,ijc->abc", _MATRIX, _MATRIX, x) + summand
    written = slice(7, 7 + LANES)
    np.testing.assert_allclose(y[..., written], expected[..., written], atol=1e-5)
    assert np.isnan(np.delete(y, written, axis=2)).all()


@given(st.integers(1, 30), st.integers(1, 30), st.integers(LANES, 50), st.integers(LANES, 50), st.booleans())
@settings(deadline=None, max_examples=40)
def test_any_picture(height: int, width: int, inputs: int, channels: int, with_bias: bool) -> None:
    torch.manual_seed(height)
    x, weight = torch.randn(1, inputs, height, width), torch.randn(channels, inputs, 3, 3)
    bias = torch.randn(channels) if with_bias else None
    expected = functional.conv2d(x.double(), weight.double(), None if bias is None else bias.double(), padding=1)
    ours = planes_of(Winograd.of(weight, bias)(picture_of(x)))
    assert ours.shape == expected.shape
    assert (ours - expected).abs().max() < 1e-5 * (9 * inputs) ** 0.5


@pytest.mark.parametrize("side", [12, 26])
def test_results_are_within_a_hundred_thousandth_of_their_size(side: int) -> None:
    torch.manual_seed(0)
    x, weight = torch.randn(1, 128, side, side), torch.randn(128, 128, 3, 3)
    exact = functional.conv2d(x.double(), weight.double(), padding=1)
    error = (planes_of(Winograd.of(weight)(picture_of(x))) - exact).abs().max() / exact.std()
    assert error < 1.5e-5  # 9e-6 when this was written; 5e-5 with the points 0, 1, -1, 2, -2


def test_the_same_bits_again() -> None:
    torch.manual_seed(0)
    x, conv = torch.randn(61, 50, 24), Winograd.of(torch.randn(32, 24, 3, 3))
    assert torch.equal(conv(x), conv(x.clone()))


def test_pictures_that_are_not_in_one_piece_or_not_float32() -> None:
    torch.manual_seed(0)
    x, conv = torch.randn(9, 9, 24), Winograd.of(torch.randn(16, 24, 3, 3))
    assert torch.equal(conv(x.transpose(0, 1)), conv(x.transpose(0, 1).contiguous()))
    with pytest.raises(RuntimeError, match="Double"):
        conv(x.double())


@pytest.mark.parametrize("out", [2, 4])
def test_what_lies_around_a_picture_in_memory_is_neither_read_nor_written(out: int) -> None:
    around = np.full(3000, np.nan, np.float32)
    picture = around[1000 : 1000 + 5 * 7 * LANES].reshape(5, 7, LANES)
    picture[:] = 1
    tiles = -(-5 // out) * -(-7 // out)
    products = np.full(((out + 2) ** 2, tiles, LANES), np.nan, np.float32)
    winograd._spread(picture, out, 0, products)
    assert np.isfinite(products).all()
    winograd._gather(products, out, 0, np.zeros(LANES, np.float32), picture)
    assert np.isfinite(picture).all()
    assert np.isnan(around[:1000]).all()
    assert np.isnan(around[1000 + picture.size :]).all()
