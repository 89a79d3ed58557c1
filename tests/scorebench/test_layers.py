"""Fast layers against torch's own, and the loops under them against plain arithmetic."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402 - needs torch

from scorebench import kernels  # noqa: E402
from scorebench.layers import (  # noqa: E402
    Norm,
    doubled_plus,
    elu_sum,
    max_pool,
    picture_of,
    planes_of,
    scaled,
)

PICTURES = arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(1, 7), st.integers(1, 40)),
    elements=st.floats(-200, 200, width=32),
)


def plain(x: np.ndarray, activation: int) -> np.ndarray:
    """``x``, activated."""
    ones = np.ones(x.shape[-1], np.float32)
    return scaled(torch.from_numpy(x), ones, 0 * ones, activation).numpy()


@given(PICTURES)
@settings(deadline=None, max_examples=60)
def test_elu_of_any_numbers(x: np.ndarray) -> None:
    np.testing.assert_allclose(plain(x, kernels.ELU), functional.elu(torch.from_numpy(x)), rtol=1e-6, atol=1e-37)


def test_elu_near_zero() -> None:
    x = np.concatenate([np.linspace(-100, 100, 1001), np.linspace(-1e-3, 1e-3, 101)]).astype(np.float32)[None, None]
    np.testing.assert_allclose(plain(x, kernels.ELU), functional.elu(torch.from_numpy(x)), rtol=1e-6, atol=0)


@given(PICTURES, st.sampled_from([kernels.PLAIN, kernels.RELU]))
@settings(deadline=None, max_examples=60)
def test_factor_summand_and_activation(x: np.ndarray, activation: int) -> None:
    channels = x.shape[-1]
    scale, shift = np.linspace(-2, 2, channels, dtype=np.float32), np.linspace(1, -1, channels, dtype=np.float32)
    out = scaled(torch.from_numpy(x), scale, shift, activation)
    expected = x * scale + shift
    np.testing.assert_allclose(out, np.maximum(expected, 0) if activation else expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("channels", [8, 32])
def test_a_norm_far_from_zero_keeps_its_precision(channels: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(60, 50, channels) + 20
    norm = torch.nn.GroupNorm(1, channels).requires_grad_(False)
    exact = picture_of(norm.double()(planes_of(x).double()))
    ours = Norm.of(norm.float())(x, kernels.PLAIN)
    assert (ours - exact).abs().max() < 1e-4


def test_a_norm_and_film() -> None:
    torch.manual_seed(0)
    x, (weight, bias, gamma, beta) = torch.randn(6, 5, 24), torch.randn(4, 24)
    norm = Norm(weight.numpy(), bias.numpy(), 1e-5).with_film(gamma.numpy(), beta.numpy())
    expected = functional.elu(gamma * functional.group_norm(planes_of(x), 1, weight, bias)[0].permute(1, 2, 0) + beta)
    assert torch.allclose(norm(x), expected, atol=1e-5)
    assert torch.allclose(scaled(x, *norm.affine(x), kernels.ELU), expected, atol=1e-5)


def test_the_sum_of_two_pictures() -> None:
    torch.manual_seed(0)
    one, other = torch.randn(2, 5, 7, 6)
    scale, shift, beside = torch.randn(3, 6)
    ours = elu_sum(one, scale.numpy(), other, beside.numpy(), shift.numpy())
    assert torch.allclose(ours, functional.elu(one * scale + shift + other * beside), atol=1e-6)


@pytest.mark.parametrize("odd", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_a_picture_plus_a_smaller_one(odd: tuple[int, int]) -> None:
    torch.manual_seed(0)
    small, large = torch.randn(4, 3, 6), torch.randn(8 + odd[0], 6 + odd[1], 6)
    doubled = functional.pad(functional.interpolate(planes_of(small), scale_factor=2), (0, odd[1], 0, odd[0]))
    assert torch.equal(doubled_plus(small, large), picture_of(doubled) + large)


@given(PICTURES)
@settings(deadline=None, max_examples=40)
def test_the_largest_of_four(x: np.ndarray) -> None:
    picture = torch.from_numpy(np.concatenate([x, -x, x[:, ::-1]])).repeat(1, 2, 1)
    assert torch.equal(max_pool(picture), picture_of(functional.max_pool2d(planes_of(picture), 2)))


def test_pictures_and_planes_are_the_same_memory() -> None:
    x = torch.randn(4, 5, 3)
    assert planes_of(x).shape == (1, 3, 4, 5)
    assert planes_of(x).data_ptr() == x.data_ptr() == picture_of(planes_of(x)).data_ptr()
    assert torch.equal(picture_of(planes_of(x).contiguous()), x)
