"""3x3 convolutions with a half to a quarter of the multiplications (Winograd; Lavin & Gray 2016, "Fast algorithms for
convolutional neural networks"), for one picture at a time with its channels last in memory.

A tile of 4x4 outputs depends on 6x6 inputs. Both are transformed by small fixed matrices, so that between them a tile
needs 36 products over all channels in place of 144: the inputs of all tiles, the same of the 36 together, times a
matrix of weights. In a small picture these 36 take longer to read than to multiply by; there tiles have 2x2 outputs,
and need 16 products in place of 36.

The transforms evaluate polynomials at points. With 0, 3/4, -3/4, 3/2, -3/2 and infinity results are within a hundred
thousandth of their size; with the usual 0, 1, -1, 2, -2 errors are five times as large.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from scorebench.tiles import LANES, tile_transform

Picture = NDArray[np.float32]
Addresses = NDArray[np.int64]
Matrix = NDArray[np.float64]

_FILTER = 3
_LARGE, _SMALL = 4, 2
"""Height and width of the outputs of a tile; of its inputs, 2 more."""

_POINTS = {_LARGE: np.array([0, 0.75, -0.75, 1.5, -1.5]), _SMALL: np.array([0.0, 1, -1])}
"""Infinity is added to them."""

_FEW_TILES = 24
"""In pictures of fewer large tiles, small ones are faster."""

_BAND_TILES = 100
"""Tiles that are computed together: few enough for their products to stay in the cache."""

_BYTES = 4


def _matrices(out: int) -> tuple[Matrix, Matrix, Matrix]:
    """What transforms the inputs (n, n), the filter (n, 3) and the products (out, n) of a tile along one axis, where n
    is out + 2 (Toom and Cook)."""
    points, size = _POINTS[out], out + _FILTER - 1
    infinity = np.eye(size)[-1]
    powers = np.vander(points, size, increasing=True)
    others = [np.delete(points, i) for i in range(len(points))]
    apart = np.array([np.prod(point - rest) for point, rest in zip(points, others, strict=True)])
    of_inputs = [np.append(np.poly(rest)[::-1], 0) for rest in others] + [np.poly(points)[::-1]]
    of_filter = np.vstack([powers[:, :_FILTER] / apart[:, None], infinity[-_FILTER:]])
    of_products = np.vstack([powers[:, :out], infinity[-out:]]).T
    return np.array(of_inputs), of_filter, of_products


_to_large_products, _to_large_outputs = (tile_transform(_matrices(_LARGE)[i]) for i in (0, 2))
_to_small_products, _to_small_outputs = (tile_transform(_matrices(_SMALL)[i]) for i in (0, 2))


@dataclass(frozen=True, eq=False)
class Winograd:
    """A 3x3 convolution, of at least ``LANES`` channels to as many, that leaves the size of the picture as it is.

    Attributes:
        large, small: (n * n, inputs, c), the weights transformed for tiles of either size.
        bias: (c,).
    """

    large: Tensor
    small: Tensor
    bias: NDArray[np.float32]

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor | None = None) -> "Winograd":
        """From the (c, inputs, 3, 3) of the convolution, and its bias, if it has one."""
        large, small = (_transformed(weight, out) for out in (_LARGE, _SMALL))
        return cls(large, small, np.zeros(len(weight), np.float32) if bias is None else bias.numpy())

    def __call__(self, picture: Tensor) -> Tensor:
        """(h, w, inputs) to (h, w, c)."""
        x = picture.contiguous()
        height, width, inputs = x.shape
        few = _tiles(height, _LARGE) * _tiles(width, _LARGE) < _FEW_TILES
        out, weight = (_SMALL, self.small) if few else (_LARGE, self.large)
        down, across = _tiles(height, out), _tiles(width, out)
        y = torch.empty(height, width, len(self.bias))
        rows = max(1, _BAND_TILES // across)
        for first in range(0, down, rows):
            products = x.new_empty(len(weight), min(rows, down - first) * across, inputs)
            _spread(x.numpy(), out, out * first, products.numpy())
            _gather(torch.bmm(products, weight).numpy(), out, out * first, self.bias, y.numpy())
        return y


def _transformed(weight: Tensor, out: int) -> Tensor:
    """(c, inputs, 3, 3) to (n * n, inputs, c)."""
    g = torch.from_numpy(_matrices(out)[1])
    return torch.einsum("ak,bl,oikl->abio", g, g, weight.double()).flatten(0, 1).float().contiguous()


def _tiles(pixels: int, out: int) -> int:
    """Tiles that cover so many pixels."""
    return -(-pixels // out)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _pixels(picture: Picture, row: int, column: int, size: int, beside: Picture, places: Addresses) -> None:
    """Where the ``size`` x ``size`` pixels from ``row`` and ``column`` on are; those outside are at ``beside``."""
    height, width, channels = picture.shape
    for i in range(size):
        for j in range(size):
            y, x = row + i, column + j
            if 0 <= y < height and 0 <= x < width:
                places[size * i + j] = picture.ctypes.data + _BYTES * channels * (y * width + x)
            else:
                places[size * i + j] = beside.ctypes.data


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _shares(products: Picture, tile: int, places: Addresses) -> None:
    """Where what belongs to ``tile`` is in each of the ``products``, (n * n, tiles, c)."""
    _, tiles, channels = products.shape
    for k in range(len(places)):
        places[k] = products.ctypes.data + _BYTES * channels * (k * tiles + tile)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _spread(picture: Picture, out: int, first_row: int, products: Picture) -> None:
    """Inputs (h, w, c) of the rows of tiles from pixel row ``first_row`` on, transformed: (n * n, tiles, c)."""
    _, width, channels = picture.shape
    across = (width + out - 1) // out
    zeros = np.zeros(channels, np.float32)
    pixels, shares = np.empty(len(products), np.int64), np.empty(len(products), np.int64)
    for tile in range(products.shape[1]):
        row, column = first_row + out * (tile // across) - 1, out * (tile % across) - 1
        _pixels(picture, row, column, out + _FILTER - 1, zeros, pixels)
        _shares(products, tile, shares)
        for start in range(0, channels, LANES):
            channel = min(start, channels - LANES)
            if out == _LARGE:
                _to_large_products(pixels, shares, zeros, channel)
            else:
                _to_small_products(pixels, shares, zeros, channel)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _gather(products: Picture, out: int, first_row: int, bias: Picture, picture: Picture) -> None:
    """Products (n * n, tiles, c) to the outputs (h, w, c) from pixel row ``first_row`` on."""
    _, width, channels = picture.shape
    across = (width + out - 1) // out
    nowhere = np.empty(channels, np.float32)
    shares, pixels = np.empty(len(products), np.int64), np.empty(out * out, np.int64)
    for tile in range(products.shape[1]):
        row, column = first_row + out * (tile // across), out * (tile % across)
        _shares(products, tile, shares)
        _pixels(picture, row, column, out, nowhere, pixels)
        for start in range(0, channels, LANES):
            channel = min(start, channels - LANES)
            if out == _LARGE:
                _to_large_outputs(shares, pixels, bias, channel)
            else:
                _to_small_outputs(shares, pixels, bias, channel)
