"""CYOLO frame by frame on one core, as fast as it goes exactly: equal to ``network`` up to rounding.

What depends on the page alone is computed once a page, and the 1x1 convolutions over concatenations are split, as in
``sharing``; ``scorebench.convolution`` and ``scorebench.layers`` do the rest.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cyolo.blocks import Bottleneck, FiLMConv
from cyolo.network import Cyolo
from scorebench.convolution import Conv
from scorebench.kernels import ELU, PLAIN, RELU
from scorebench.layers import (
    Channels,
    Norm,
    doubled_plus,
    elu_sum,
    keep_freed_memory,
    max_pool,
    picture_of,
    planes_of,
    scaled,
)

Film = tuple[Channels, Channels]
"""gamma and beta."""

_FILMED = ("FiLMConv_5", "FiLMConv_7", "FiLMConv_9", "FiLMConv_13")


class _Bottleneck:
    """A residual block; of one that sees a concatenation, the two convolutions that see it are split."""

    def __init__(self, block: Bottleneck, first_part: int = 0) -> None:
        """``first_part``: channels of the first part of the concatenation, 0 where there is none."""
        self._norm1, self._norm2, self._norm3 = (Norm.of(norm) for norm in (block.norm1, block.norm2, block.norm3))
        self._conv1, self._conv2, self._conv3 = (Conv.of(c) for c in (block.conv1, block.conv2, block.conv3))
        self._ones = np.ones(block.conv3.out_channels, np.float32)
        if first_part:
            shortcut: Any = block.downsample[0]
            weights = (block.conv1.weight, shortcut.weight)
            self._coarse = [Conv.with_weight(weight[:, :first_part]) for weight in weights]
            self._fine = [Conv.with_weight(weight[:, first_part:]) for weight in weights]
            downsample: Any = block.downsample[1]
            self._shortcut_norm = Norm.of(downsample)

    def __call__(self, x: Tensor) -> Tensor:
        """(h, w, c) to (h, w, c)."""
        y = self._after_first(self._conv1(x))
        scale, shift = self._norm3.affine(y)
        return elu_sum(y, scale, x, self._ones, shift)

    def of_fine(self, fine: Tensor) -> tuple[Tensor, Tensor]:
        """What the second part of the concatenation, (h, w, c), adds to conv1 and to the shortcut."""
        return self._fine[0](fine), self._fine[1](fine)

    def join(self, coarse: Tensor, inner: Tensor, shortcut: Tensor) -> Tensor:
        """The block on ``coarse`` doubled in height and width, and what ``of_fine`` gave of the other part.

        Args:
            coarse: (h, w, c).

        Returns:
            (2 h, 2 w, out).
        """
        beside = doubled_plus(self._coarse[1](coarse), shortcut)
        y = self._after_first(doubled_plus(self._coarse[0](coarse), inner))
        scale, shift = self._norm3.affine(y)
        beside_scale, beside_shift = self._shortcut_norm.affine(beside)
        return elu_sum(y, scale, beside, beside_scale, shift + beside_shift)

    def _after_first(self, x: Tensor) -> Tensor:
        """Output of conv1 to that of conv3."""
        return self._conv3(self._norm2(self._conv2(self._norm1(x))))


class _FiLMConv:
    def __init__(self, layer: FiLMConv) -> None:
        self.conv, self.norm = Conv.of(layer.conv), Norm.of(layer.norm)

    def __call__(self, x: Tensor, film: Film) -> Tensor:
        return self.norm.with_film(*film)(self.conv(x))


@dataclass(frozen=True, eq=False)
class KnownPage:
    """What depends on the page alone.

    Attributes:
        normed: (26, 26, 128), the first modulated layer just before its modulation.
        inner, shortcut: what the page adds to the two first convolutions of the last block.
    """

    normed: Tensor
    inner: Tensor
    shortcut: Tensor


class Eyes:
    """The image network, for one frame at a time."""

    def __init__(self, network: Cyolo) -> None:
        keep_freed_memory()
        self._network = network
        layers: Any = network.model
        self._first = _FiLMConv(layers["FiLMConv_5"])
        self._down, self._same, self._up = (_FiLMConv(layers[name]) for name in _FILMED[1:])
        self._middle, self._low = _Bottleneck(layers["Bottleneck_6"]), _Bottleneck(layers["Bottleneck_8"])
        self._join, self._last = _Bottleneck(layers["Bottleneck_12"], 128), _Bottleneck(layers["Bottleneck_16"], 128)
        film = [linear for name in _FILMED for linear in (layers[name].gamma, layers[name].beta)]
        self._film_weight = torch.cat([linear.weight for linear in film])
        self._film_bias = torch.cat([linear.bias for linear in film])

    def read(self, page: Tensor) -> KnownPage:
        """Look at a page, (416, 416), for the first time."""
        seen = picture_of(self._network.see(page[None, None]))
        return KnownPage(self._first.norm(self._first.conv(seen), PLAIN), *self._last.of_fine(seen))

    def look(self, page: KnownPage, z: Tensor) -> Tensor:
        """What boxes are read from when ``z`` (128,) is heard: (1, 128, 52, 52), channels last in memory."""
        film = torch.addmv(self._film_bias, self._film_weight, z).numpy().reshape(len(_FILMED), 2, -1)
        first, down, same, up = ((gamma, beta) for gamma, beta in film)
        fine = self._middle(scaled(page.normed, *first, ELU))
        x = self._same(self._low(self._down(fine, down)), same)
        x = self._up(self._join.join(x, *self._join.of_fine(fine)), up)
        return planes_of(self._last.join(x, page.inner, page.shortcut))


class Ears:
    """The encoder of the sound, for one window at a time."""

    def __init__(self, network: Cyolo) -> None:
        *layers, _, linear, norm, activation = network.conditioning_network.enc
        bands: Any = layers[0].bn
        self._scale = 1 / torch.sqrt(bands.running_var + bands.eps)
        self._shift = -bands.running_mean * self._scale
        self._activation = ELU if isinstance(activation, nn.ELU) else RELU
        self._layers: list[tuple[Conv, Norm] | None] = []
        for layer, following in itertools.pairwise(layers):
            if isinstance(layer, nn.Conv2d) and isinstance(following, nn.GroupNorm):
                self._layers.append((Conv.of(layer), Norm.of(following)))
            elif isinstance(layer, nn.MaxPool2d):
                self._layers.append(None)
        self._out = nn.Sequential(linear, norm, activation)

    def encode(self, window: Tensor) -> Tensor:
        """The last frames heard, (1, 40, 78), to (1, 32)."""
        x = torch.addcmul(self._shift, window[0], self._scale)[..., None].contiguous()
        for layer in self._layers:
            if layer is None:
                x = max_pool(x)
            else:
                conv, norm = layer
                x = norm(conv(x), self._activation)
        encoded: Tensor = self._out(planes_of(x).flatten(1))
        return encoded
