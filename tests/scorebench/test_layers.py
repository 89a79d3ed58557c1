"""Fast layers against torch's own, and the loops under them against plain arithmetic."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402 - needs torch

from scorebench import kernels  # noqa: E402
from scorebench.layers import Conv, DoublingConv, Norm, elu_sum, picture_of, rows_of  # noqa: E402

PICTURES = arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 40)), elements=st.floats(-200, 200, width=32))


@given(PICTURES)
@settings(deadline=None, max_examples=60)
def test_elu_of_any_numbers(x: np.ndarray) -> None:
    out = np.empty_like(x)
    ones = np.ones(x.shape[1], np.float32)
    kernels.affine(x, ones, 0 * ones, kernels.ELU, out)
    np.testing.assert_allclose(out, functional.elu(torch.from_numpy(x)), rtol=0, atol=5e-7)


@given(PICTURES, st.sampled_from([kernels.PLAIN, kernels.RELU]))
@settings(deadline=None, max_examples=60)
def test_factor_summand_and_activation(x: np.ndarray, activation: int) -> None:
    scale, shift = np.linspace(-2, 2, x.shape[1], dtype=np.float32), np.linspace(1, -1, x.shape[1], dtype=np.float32)
    out = np.empty_like(x)
    kernels.affine(x, scale, shift, activation, out)
    expected = x * scale + shift
    np.testing.assert_allclose(out, np.maximum(expected, 0) if activation else expected, rtol=1e-5, atol=1e-5)


def test_elu_near_zero() -> None:
    x = np.concatenate([np.linspace(-100, 100, 1001), np.linspace(-1e-3, 1e-3, 101)]).astype(np.float32)[None]
    out, ones = np.empty_like(x), np.ones(x.shape[1], np.float32)
    kernels.affine(x, ones, 0 * ones, kernels.ELU, out)
    np.testing.assert_allclose(out, functional.elu(torch.from_numpy(x)), rtol=0, atol=5e-7)


@pytest.mark.parametrize("channels", [8, 32])
def test_a_norm_far_from_zero_keeps_its_precision(channels: int) -> None:
    torch.manual_seed(0)
    x = (torch.randn(1, channels, 60, 50) + 20).contiguous(memory_format=torch.channels_last)
    norm = torch.nn.GroupNorm(1, channels).requires_grad_(False)
    exact = norm.double()(x.double())
    ours = Norm.of(norm.float()).rows(rows_of(x))
    assert (ours - rows_of(exact)).abs().max() < 1e-4


def test_the_sum_of_two_pictures() -> None:
    torch.manual_seed(0)
    one, other = torch.randn(5, 7 * 6), torch.randn(5, 7 * 6)
    scale, shift, beside = torch.randn(3, 6)
    ours = elu_sum(one, scale, shift, other, beside).view(5, 7, 6)
    expected = functional.elu(one.view(5, 7, 6) * scale + shift + other.view(5, 7, 6) * beside)
    assert torch.allclose(ours, expected, atol=1e-6)


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2)])
@pytest.mark.parametrize("inputs", [1, 6])
def test_a_convolution(kernel: int, stride: int, inputs: int) -> None:
    torch.manual_seed(0)
    conv = torch.nn.Conv2d(inputs, 5, kernel, stride, kernel // 2).requires_grad_(False)
    x = torch.randn(1, inputs, 13, 11).contiguous(memory_format=torch.channels_last)
    assert torch.allclose(Conv.of(conv)(x), conv(x), atol=1e-5)


def test_rows_and_pictures_are_the_same_memory() -> None:
    x = torch.randn(1, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    assert rows_of(x).data_ptr() == x.data_ptr()
    assert torch.equal(picture_of(rows_of(x), 3), x)


@pytest.mark.parametrize("odd", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_doubling_then_convolving(odd: tuple[int, int]) -> None:
    torch.manual_seed(0)
    x, weight = torch.randn(1, 3, 6, 5), torch.randn(4, 3, 3, 3)
    doubled = functional.pad(functional.interpolate(x, scale_factor=2), (0, odd[1], 0, odd[0]))
    expected = functional.conv2d(doubled, weight, padding=1)
    ours = DoublingConv.of(weight)(x.contiguous(memory_format=torch.channels_last), 12 + odd[0], 10 + odd[1])
    assert torch.allclose(ours, rows_of(expected), atol=1e-5)
