"""Convolutions of one picture against torch's own."""

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402 - needs torch

from scorebench.convolution import Conv, DoublingConv  # noqa: E402
from scorebench.layers import picture_of, planes_of  # noqa: E402


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2)])
@pytest.mark.parametrize("inputs", [1, 6, 32])
@pytest.mark.parametrize("bias", [False, True])
def test_a_convolution(kernel: int, stride: int, inputs: int, bias: bool) -> None:
    torch.manual_seed(0)
    conv = torch.nn.Conv2d(inputs, 25, kernel, stride, kernel // 2, bias=bias).requires_grad_(False)
    x = torch.randn(13, 11, inputs)
    ours = Conv.of(conv)(x)
    assert ours.is_contiguous()
    assert torch.allclose(ours, picture_of(conv(planes_of(x))), atol=1e-5)


@pytest.mark.parametrize("odd", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_doubling_then_convolving(odd: tuple[int, int]) -> None:
    torch.manual_seed(0)
    x, weight = torch.randn(6, 5, 3), torch.randn(4, 3, 3, 3)
    doubled = functional.pad(functional.interpolate(planes_of(x), scale_factor=2), (0, odd[1], 0, odd[0]))
    expected = functional.conv2d(doubled, weight, padding=1)
    ours = DoublingConv.of(weight)(x, 12 + odd[0], 10 + odd[1])
    assert torch.allclose(ours, picture_of(expected), atol=1e-5)
