"""Convolution, normalisation, FiLM and ELU on one picture at a time, faster than the plain modules.

The picture stays in memory with its channels last, in which convolutions need no reordering; "rows" are the same
memory seen as (h, w * c). Normalisation, FiLM and activation are one pass over the picture (``kernels``).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from scorebench import kernels
from scorebench.kernels import ELU, PLAIN

_ONEDNN = bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
_FEW_CHANNELS = 24
"""Below, several columns are taken together, so that loops are long enough."""


def keep_freed_memory() -> None:
    """Once freed, 31 MiB teach glibc to keep freed memory of that size for the next picture: thousands of page faults
    a frame less."""
    torch.empty(31 << 18)


def rows_of(picture: Tensor) -> Tensor:
    """(1, c, h, w) with its channels last in memory to (h, w * c), without a copy."""
    return picture.permute(0, 2, 3, 1).reshape(picture.shape[2], -1)


def picture_of(rows: Tensor, channels: int) -> Tensor:
    """(h, w * c) to (1, c, h, w), without a copy."""
    return rows.view(1, rows.shape[0], -1, channels).permute(0, 3, 1, 2)


@dataclass(frozen=True, eq=False)
class Norm:
    """Normalisation over a whole picture, then a factor and a summand by channel (c,)."""

    weight: Tensor
    bias: Tensor
    epsilon: float

    @classmethod
    def of(cls, norm: nn.GroupNorm) -> "Norm":
        """The same as ``norm``, which has one group."""
        return cls(norm.weight, norm.bias, norm.eps)

    def with_film(self, gamma: Tensor, beta: Tensor) -> "Norm":
        """This, and then FiLM by ``gamma`` and ``beta``, (c,)."""
        return Norm(gamma * self.weight, gamma * self.bias + beta, self.epsilon)

    def affine(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Factor and summand, (c,) each, that normalise ``rows`` (h, w * c)."""
        mean, power = kernels.moments(rows.numpy())
        scale = self.weight / math.sqrt(max(power - mean * mean, 0.0) + self.epsilon)
        return scale, torch.sub(self.bias, scale, alpha=mean)

    def rows(self, rows: Tensor) -> Tensor:
        """(h, w * c) to (h, w * c)."""
        return by_channel(rows, *self.affine(rows))

    def activated(self, picture: Tensor, activation: int = ELU) -> Tensor:
        """(1, c, h, w) to (1, c, h, w): normalised, and activated."""
        rows = rows_of(picture)
        return picture_of(by_channel(rows, *self.affine(rows), activation), len(self.bias))


def by_channel(rows: Tensor, scale: Tensor, shift: Tensor, activation: int = PLAIN) -> Tensor:
    """(h, w * c) times ``scale`` plus ``shift``, each (c,), activated."""
    channels, columns = len(scale), 1
    if channels < _FEW_CHANNELS:
        columns = rows.shape[1] // channels
        scale, shift = scale.repeat(columns), shift.repeat(columns)
    out = torch.empty_like(rows)
    shape = (-1, channels * columns)
    flat, flat_out = rows.view(shape).numpy(), out.view(shape).numpy()
    kernels.affine(flat, scale.numpy(), shift.numpy(), activation, flat_out)
    return out


def elu_sum(rows: Tensor, scale: Tensor, shift: Tensor, beside: Tensor, beside_scale: Tensor) -> Tensor:
    """ELU of ``rows * scale + shift + beside * beside_scale``: (h, w * c) twice and (c,) thrice to (h, w * c)."""
    out, shape = torch.empty_like(rows), (-1, len(scale))
    flat, other, flat_out = (t.view(shape).numpy() for t in (rows, beside, out))
    kernels.joined(flat, scale.numpy(), shift.numpy(), other, beside_scale.numpy(), flat_out)
    return out


@dataclass(frozen=True, eq=False)
class Conv:
    """A convolution with an odd filter, padded so that only the stride changes the size of the picture."""

    weight: Tensor
    bias: Tensor | None = None
    stride: int = 1

    @classmethod
    def of(cls, conv: nn.Conv2d) -> "Conv":
        """The same as ``conv``."""
        return cls.with_weight(conv.weight, conv.bias, conv.stride[0])

    @classmethod
    def with_weight(cls, weight: Tensor, bias: Tensor | None = None, stride: int = 1) -> "Conv":
        """From the (c, inputs, k, k) of a convolution."""
        return cls(weight.contiguous(memory_format=torch.channels_last), bias, stride)

    def __call__(self, picture: Tensor) -> Tensor:
        """(1, inputs, h, w) to (1, c, h / stride, w / stride)."""
        padding, stride = self.weight.shape[-1] // 2, self.stride
        if self.weight.shape[1] == 1 or not _ONEDNN:
            return functional.conv2d(picture, self.weight, self.bias, stride, padding)
        # torch itself takes a slower way for 1x1 filters and for small pictures
        paddings, strides = (padding, padding), (stride, stride)
        return torch.mkldnn_convolution(picture, self.weight, self.bias, paddings, strides, (1, 1), 1)


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
        merged = torch.einsum("aik,bjl,ockl->aboc ij".replace(" ", ""), _TAPS, _TAPS, weight)
        merged = merged.reshape(4 * channels, inputs, 2, 2).contiguous(memory_format=torch.channels_last)
        return cls(merged, channels)

    def __call__(self, picture: Tensor, height: int, width: int) -> Tensor:
        """(1, inputs, h, w) to (height, width * c), where height is 2h or 2h + 1 (the last row then sees zeros)."""
        gaps = rows_of(functional.conv2d(picture, self.weight, padding=1))
        by_parity = gaps.view(gaps.shape[0], -1, 2, 2 * self.channels).transpose(1, 2)
        doubled = by_parity.reshape(2 * gaps.shape[0], -1)
        return doubled[1 : height + 1, self.channels : (width + 1) * self.channels]
