"""Convolutions of one picture at a time, each in the way that is fastest on one core.

A picture is a tensor (h, w, c), as in ``layers``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from scorebench import kernels
from scorebench.layers import picture_of, planes_of
from scorebench.winograd import Winograd

_ONEDNN = bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
_WINOGRAD_CHANNELS = 24
"""Below, a direct convolution is as fast."""


@dataclass(frozen=True, eq=False)
class Conv:
    """A convolution with an odd filter, padded so that only the stride changes the size of the picture.

    Attributes:
        apply: (h, w, inputs) to (h / stride, w / stride, c), in the way that is fastest.
    """

    apply: Callable[[Tensor], Tensor]

    @classmethod
    def of(cls, conv: nn.Conv2d) -> "Conv":
        """The same as ``conv``."""
        return cls.with_weight(conv.weight, conv.bias, conv.stride[0])

    @classmethod
    def with_weight(cls, weight: Tensor, bias: Tensor | None = None, stride: int = 1) -> "Conv":
        """From the (c, inputs, k, k) of a convolution."""
        weight, bias = weight.detach(), None if bias is None else bias.detach()
        size = weight.shape[-1]
        if (size, stride) == (1, 1):
            return cls(_Pointwise(weight[:, :, 0, 0].t().contiguous(), bias))
        if (size, stride) == (3, 1) and min(weight.shape[:2]) >= _WINOGRAD_CHANNELS:
            return cls(Winograd.of(weight, bias))
        if (size, stride, weight.shape[1]) == (3, 1, 1):
            no_bias = np.zeros(len(weight), np.float32)
            return cls(_OfOne(weight.reshape(-1, 9).numpy().T.copy(), no_bias if bias is None else bias.numpy()))
        return cls(_Direct(weight.contiguous(memory_format=torch.channels_last), bias, stride))

    def __call__(self, picture: Tensor) -> Tensor:
        """(h, w, inputs) to (h / stride, w / stride, c)."""
        return self.apply(picture)


@dataclass(frozen=True, eq=False)
class _Pointwise:
    """A 1x1 convolution is one product of matrices. ``weight``: (inputs, c)."""

    weight: Tensor
    bias: Tensor | None

    def __call__(self, picture: Tensor) -> Tensor:
        product = picture @ self.weight
        return product if self.bias is None else product + self.bias


@dataclass(frozen=True, eq=False)
class _OfOne:
    """A 3x3 convolution of a picture of one channel. ``weight``: (9, c)."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __call__(self, picture: Tensor) -> Tensor:
        out = torch.empty(*picture.shape[:2], len(self.bias))
        kernels.conv_of_one(picture.numpy(), self.weight, self.bias, out.numpy())
        return out


@dataclass(frozen=True, eq=False)
class _Direct:
    """A convolution as torch does it. ``weight``: (c, inputs, k, k)."""

    weight: Tensor
    bias: Tensor | None
    stride: int

    def __call__(self, picture: Tensor) -> Tensor:
        padding, stride = self.weight.shape[-1] // 2, self.stride
        planes = planes_of(picture)
        if not _ONEDNN:
            return picture_of(functional.conv2d(planes, self.weight, self.bias, stride, padding))
        # torch itself takes a slower way for few inputs and for small pictures
        paddings, strides = (padding, padding), (stride, stride)
        return picture_of(torch.mkldnn_convolution(planes, self.weight, self.bias, paddings, strides, (1, 1), 1))


_TAPS = torch.tensor([[[1.0, 1, 0], [0, 0, 1]], [[1, 0, 0], [0, 1, 1]]])
"""(parity, offset, tap): which taps of a 3-tap filter meet the same value after every value was doubled. Seen from the
gap before value p (offset 0 is value p - 1, offset 1 is value p): output 2p - 1 (parity 0) and output 2p (parity 1)."""


@dataclass(frozen=True, eq=False)
class DoublingConv:
    """Doubling a picture and then a 3x3 convolution (without bias), as four 2x2 convolutions of the small picture."""

    weight: Tensor
    channels: int

    @classmethod
    def of(cls, weight: Tensor) -> "DoublingConv":
        """From the (c, inputs, 3, 3) of the convolution."""
        channels, inputs = weight.shape[:2]
        merged = torch.einsum("aik,bjl,ockl->abocij", _TAPS, _TAPS, weight)
        merged = merged.reshape(4 * channels, inputs, 2, 2).contiguous(memory_format=torch.channels_last)
        return cls(merged, channels)

    def __call__(self, picture: Tensor, height: int, width: int) -> Tensor:
        """(h, w, inputs) to (height, width, c), where height is 2h or 2h + 1 (the last row then sees zeros)."""
        gaps = picture_of(functional.conv2d(planes_of(picture), self.weight, padding=1))
        rows, columns = gaps.shape[:2]
        by_parity = gaps.view(rows, columns, 2, 2, self.channels).transpose(1, 2)
        doubled = by_parity.reshape(2 * rows, 2 * columns, self.channels)
        return doubled[1 : height + 1, 1 : width + 1]
