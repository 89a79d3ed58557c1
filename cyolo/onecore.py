"""CYOLO frame by frame on one core, as fast as it goes exactly: equal to ``network`` up to rounding.

What depends on the page alone is computed once a page, and the 1x1 convolutions over concatenations are split, as in
``sharing``; ``scorebench.layers`` does the rest.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from cyolo.blocks import Bottleneck, FiLMConv
from cyolo.network import Cyolo
from scorebench.kernels import ELU, RELU
from scorebench.layers import Conv, Norm, by_channel, elu_sum, keep_freed_memory, picture_of, rows_of

Film = tuple[Tensor, Tensor]
"""gamma and beta, each (c,)."""

_FILMED = ("FiLMConv_5", "FiLMConv_7", "FiLMConv_9", "FiLMConv_13")


class _Bottleneck:
    """A residual block; of one that sees a concatenation, the two convolutions that see it are split."""

    def __init__(self, block: Bottleneck, first_part: int = 0) -> None:
        """``first_part``: channels of the first part of the concatenation, 0 where there is none."""
        self._norms = [Norm.of(norm) for norm in (block.norm1, block.norm2, block.norm3)]
        self._conv1, self._conv2, self._conv3 = (Conv.of(c) for c in (block.conv1, block.conv2, block.conv3))
        self._ones = torch.ones(block.conv3.out_channels)
        if first_part:
            shortcut: Any = block.downsample[0]
            weights = (block.conv1.weight, shortcut.weight)
            self._coarse = [Conv.with_weight(weight[:, :first_part]) for weight in weights]
            self._fine = [Conv.with_weight(weight[:, first_part:]) for weight in weights]
            downsample: Any = block.downsample[1]
            self._shortcut_norm = Norm.of(downsample)

    def __call__(self, x: Tensor) -> Tensor:
        """(1, c, h, w) to (1, c, h, w)."""
        rows = self._after_first(self._conv1(x))
        return picture_of(elu_sum(rows, *self._norms[2].affine(rows), rows_of(x), self._ones), x.shape[1])

    def of_fine(self, fine: Tensor) -> tuple[Tensor, Tensor]:
        """What the second part of the concatenation, (1, c, h, w), adds to conv1 and to the shortcut."""
        return self._fine[0](fine), self._fine[1](fine)

    def join(self, coarse: Tensor, inner: Tensor, shortcut: Tensor) -> Tensor:
        """The block on ``coarse`` doubled in height and width, and what ``of_fine`` gave of the other part.

        Args:
            coarse: (1, c, h, w).

        Returns:
            (1, out, 2 h, 2 w).
        """
        inner = _doubled_plus(self._coarse[0](coarse), inner)
        beside = rows_of(_doubled_plus(self._coarse[1](coarse), shortcut))
        rows = self._after_first(inner)
        scale, shift = self._norms[2].affine(rows)
        beside_scale, beside_shift = self._shortcut_norm.affine(beside)
        return picture_of(elu_sum(rows, scale, shift + beside_shift, beside, beside_scale), len(scale))

    def _after_first(self, inner: Tensor) -> Tensor:
        """Output of conv1 to that of conv3, as rows (h, w * c)."""
        inner = self._norms[1].activated(self._conv2(self._norms[0].activated(inner)))
        return rows_of(self._conv3(inner))


def _doubled_plus(coarse: Tensor, fine: Tensor) -> Tensor:
    """(1, c, h, w), each value four times, plus (1, c, 2 h, 2 w)."""
    _, c, h, w = coarse.shape
    small = coarse.permute(0, 2, 3, 1).reshape(h, 1, w, 1, c)
    large = fine.permute(0, 2, 3, 1).reshape(h, 2, w, 2, c)
    return (large + small).view(1, 2 * h, 2 * w, c).permute(0, 3, 1, 2)


class _FiLMConv:
    def __init__(self, layer: FiLMConv) -> None:
        self.conv, self.norm = Conv.of(layer.conv), Norm.of(layer.norm)

    def __call__(self, x: Tensor, film: Film) -> Tensor:
        return self.norm.with_film(*film).activated(self.conv(x))


@dataclass(frozen=True, eq=False)
class KnownPage:
    """What depends on the page alone.

    Attributes:
        normed: (26, 26 * 128), the first modulated layer just before its modulation.
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
        self._film_sizes = [len(linear.bias) for linear in film]

    def read(self, page: Tensor) -> KnownPage:
        """Look at a page, (416, 416), for the first time."""
        seen = self._network.see(page[None, None]).contiguous(memory_format=torch.channels_last)
        normed = self._first.norm.rows(rows_of(self._first.conv(seen)))
        return KnownPage(normed, *self._last.of_fine(seen))

    def look(self, page: KnownPage, z: Tensor) -> Tensor:
        """What boxes are read from when ``z`` (128,) is heard: (1, 128, 52, 52), channels last in memory."""
        parts = torch.split(torch.addmv(self._film_bias, self._film_weight, z), self._film_sizes)
        first, down, same, up = zip(parts[::2], parts[1::2], strict=True)
        fine = self._middle(picture_of(by_channel(page.normed, *first, ELU), len(first[0])))
        x = self._same(self._low(self._down(fine, down)), same)
        x = self._up(self._join.join(x, *self._join.of_fine(fine)), up)
        return self._last.join(x, page.inner, page.shortcut)


class Ears:
    """The encoder of the sound, for one window at a time."""

    def __init__(self, network: Cyolo) -> None:
        *layers, _, linear, norm, activation = network.conditioning_network.enc
        self._band_norm = layers[0]
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
        x: Tensor = self._band_norm(window[:, None]).contiguous(memory_format=torch.channels_last)
        for layer in self._layers:
            if layer is None:
                x = functional.max_pool2d(x, 2)
            else:
                conv, norm = layer
                x = norm.activated(conv(x), self._activation)
        encoded: Tensor = self._out(x.flatten(1))
        return encoded
