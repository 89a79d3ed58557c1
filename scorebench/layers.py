"""Normalisation, FiLM and ELU of one picture at a time, faster than the plain modules.

A picture is a tensor (h, w, c), its channels last in memory, in which convolutions (``convolution``) need no
reordering. Between them it goes through compiled loops (``kernels``), with few calls of torch: each costs as much as a
small layer.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from scorebench import kernels
from scorebench.kernels import ELU

Channels = NDArray[np.float32]
"""A number for each channel, (c,)."""


def keep_freed_memory() -> None:
    """Once freed, 31 MiB teach glibc to keep freed memory of that size for the next picture: thousands of page faults
    a frame less."""
    torch.empty(31 << 18)


def planes_of(picture: Tensor) -> Tensor:
    """(h, w, c) to (1, c, h, w), as torch wants it, without a copy."""
    return picture.permute(2, 0, 1)[None]


def picture_of(planes: Tensor) -> Tensor:
    """(1, c, h, w) to (h, w, c), without a copy where its channels are last in memory."""
    return planes[0].permute(1, 2, 0).contiguous()


@dataclass(frozen=True, eq=False)
class Norm:
    """Normalisation over a whole picture, then a factor and a summand by channel."""

    weight: Channels
    bias: Channels
    epsilon: float

    @classmethod
    def of(cls, norm: nn.GroupNorm) -> "Norm":
        """The same as ``norm``, which has one group."""
        return cls(norm.weight.detach().numpy(), norm.bias.detach().numpy(), norm.eps)

    def with_film(self, gamma: Channels, beta: Channels) -> "Norm":
        """This, and then FiLM by ``gamma`` and ``beta``."""
        return Norm(gamma * self.weight, gamma * self.bias + beta, self.epsilon)

    def affine(self, picture: Tensor) -> tuple[Channels, Channels]:
        """Factor and summand that do this to ``picture``."""
        scale, shift = kernels.normalising(picture.numpy(), self.weight, self.bias, self.epsilon)
        return scale, shift

    def __call__(self, picture: Tensor, activation: int = ELU) -> Tensor:
        """(h, w, c) to (h, w, c): normalised, and activated."""
        out = torch.empty_like(picture)
        kernels.normed(picture.numpy(), self.weight, self.bias, self.epsilon, activation, out.numpy())
        return out


def scaled(picture: Tensor, scale: Channels, shift: Channels, activation: int) -> Tensor:
    """(h, w, c) times ``scale`` plus ``shift``, activated."""
    out = torch.empty_like(picture)
    kernels.affine(picture.numpy(), scale, shift, activation, out.numpy())
    return out


def elu_sum(picture: Tensor, scale: Channels, beside: Tensor, beside_scale: Channels, shift: Channels) -> Tensor:
    """ELU of ``picture * scale + beside * beside_scale + shift``, where both pictures are (h, w, c)."""
    out = torch.empty_like(picture)
    kernels.elu_sum(picture.numpy(), scale, beside.numpy(), beside_scale, shift, out.numpy())
    return out


def doubled_plus(small: Tensor, large: Tensor) -> Tensor:
    """Each value of ``small`` (h, w, c) four times, plus ``large`` (H, W, c).

    H is 2 h or 2 h + 1, W likewise; an odd last row or column of the sum is that of ``large``.
    """
    out = torch.empty_like(large)
    kernels.doubled_plus(small.numpy(), large.numpy(), out.numpy())
    return out


def max_pool(picture: Tensor) -> Tensor:
    """The largest of each 2x2 values: (h, w, c) to (h // 2, w // 2, c)."""
    h, w, c = picture.shape
    out = torch.empty(h // 2, w // 2, c)
    kernels.max_pool(picture.numpy(), out.numpy())
    return out
