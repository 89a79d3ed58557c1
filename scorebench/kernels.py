"""Loops over pictures that torch would walk through many times: each value is read once and written once.

Pictures are (h, w, c) float32, with c channels. The loops are written so that the compiler turns them into vector
instructions, which it does only where results are another array than what they are computed from.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Picture = NDArray[np.float32]
Channels = NDArray[np.float32]
PLAIN, ELU, RELU = 0, 1, 2
"""What follows the factor and the summand."""

_FEW_CHANNELS = 24
"""Below, all columns of a row are taken together, so that loops are long enough."""

_F = np.float32
_LEAST = _F(-17)
"""Below, e to the power is 0 beside 1."""

_DOUBLINGS = 3


def _polynomial() -> tuple[np.float32, ...]:
    """Coefficients of a polynomial that is (e ** x - 1) / x as exactly as float32 is, where ``_elu`` needs it."""
    from_ = float(_LEAST) / 2**_DOUBLINGS
    fitted = np.polynomial.chebyshev.Chebyshev.interpolate(lambda x: np.expm1(x) / x, 7, domain=[from_, 0])
    return tuple(_F(c) for c in fitted.convert(kind=np.polynomial.Polynomial).coef)


_C0, _C1, _C2, _C3, _C4, _C5, _C6, _C7 = _polynomial()


@njit(cache=True, fastmath=True, nogil=True)  # type: ignore[untyped-decorator]
def _elu(x: np.float32) -> np.float32:
    """ELU, within 2e-7 of its size: from e ** y - 1 follows e ** 2y - 1, so that y may be small."""
    y = max(min(x, _F(0)), _LEAST) * _F(0.5**_DOUBLINGS)
    e = y * (_C0 + y * (_C1 + y * (_C2 + y * (_C3 + y * (_C4 + y * (_C5 + y * (_C6 + y * _C7)))))))
    for _ in range(_DOUBLINGS):
        e = e * (e + _F(2))
    return x if x > _F(0) else e


@njit(cache=True, fastmath=True, nogil=True)  # type: ignore[untyped-decorator]
def _moments(x: Picture) -> tuple[float, float]:
    """Mean, and mean of squares. Sums go over rows first, which keeps float32 exact enough."""
    rows = x.reshape(len(x), -1)
    total, squares = 0.0, 0.0
    for i in range(rows.shape[0]):
        row_total, row_squares = _F(0), _F(0)
        for j in range(rows.shape[1]):
            row_total += rows[i, j]
            row_squares += rows[i, j] * rows[i, j]
        total += float(row_total)
        squares += float(row_squares)
    return total / x.size, squares / x.size


@njit(cache=True, fastmath=True, nogil=True)  # type: ignore[untyped-decorator]
def normalising(x: Picture, weight: Channels, bias: Channels, epsilon: float) -> tuple[Channels, Channels]:
    """Factor and summand of each channel that normalise ``x`` over all of it, and then weigh it."""
    mean, power = _moments(x)
    scale = weight * _F(1 / np.sqrt(max(power - mean * mean, 0.0) + epsilon))
    return scale, bias - scale * _F(mean)


@njit(cache=True, fastmath=True, nogil=True)  # type: ignore[untyped-decorator]
def affine(x: Picture, scale: Channels, shift: Channels, activation: int, out: Picture) -> None:
    """``x * scale + shift``, activated, into ``out``, which is another array. Scale and shift: (c,)."""
    _, width, c = x.shape
    columns = width if c < _FEW_CHANNELS else 1
    scales, shifts = _repeated(scale, columns), _repeated(shift, columns)
    places, results = x.reshape(-1, columns * c), out.reshape(-1, columns * c)
    for i in range(len(places)):
        if activation == ELU:
            for j in range(len(scales)):
                results[i, j] = _elu(places[i, j] * scales[j] + shifts[j])
        elif activation == RELU:
            for j in range(len(scales)):
                results[i, j] = max(places[i, j] * scales[j] + shifts[j], _F(0))
        else:
            for j in range(len(scales)):
                results[i, j] = places[i, j] * scales[j] + shifts[j]


@njit(cache=True, fastmath=True, nogil=True)  # type: ignore[untyped-decorator]
def _repeated(values: Channels, times: int) -> Channels:
    """``values`` so many times, one after the other."""
    out = np.empty((times, len(values)), np.float32)
    for i in range(times):
        out[i] = values
    return out.reshape(-1)


@njit(cache=True, fastmath=True, nogil=True)  # type: ignore[untyped-decorator]
def normed(x: Picture, weight: Channels, bias: Channels, epsilon: float, activation: int, out: Picture) -> None:
    """``x`` normalised, weighed and activated, into ``out``."""
    scale, shift = normalising(x, weight, bias, epsilon)
    affine(x, scale, shift, activation, out)


@njit(cache=True, fastmath=True, nogil=True)  # type: ignore[untyped-decorator]
def elu_sum(
    x: Picture, scale: Channels, beside: Picture, beside_scale: Channels, shift: Channels, out: Picture
) -> None:
    """ELU of ``x * scale + beside * beside_scale + shift`` into ``out``, which is another array."""
    c = len(scale)
    places, others, results = x.reshape(-1, c), beside.reshape(-1, c), out.reshape(-1, c)
    for i in range(len(places)):
        for j in range(c):
            results[i, j] = _elu(places[i, j] * scale[j] + others[i, j] * beside_scale[j] + shift[j])


@njit(cache=True, fastmath=True, nogil=True)  # type: ignore[untyped-decorator]
def doubled_plus(small: Picture, large: Picture, out: Picture) -> None:
    """Each value of ``small`` (h, w, c) four times, plus ``large``, into ``out``.

    ``large`` and ``out`` are twice as high and wide, or have a row or column more, to which nothing is added.
    """
    height, width, channels = large.shape
    rows, columns, _ = small.shape
    zeros = np.zeros(channels, np.float32)
    for i in range(height):
        for j in range(width):
            more = small[i // 2, j // 2] if i // 2 < rows and j // 2 < columns else zeros
            for k in range(channels):
                out[i, j, k] = more[k] + large[i, j, k]


@njit(cache=True, fastmath=True, nogil=True)  # type: ignore[untyped-decorator]
def max_pool(x: Picture, out: Picture) -> None:
    """The largest of each 2x2 values of ``x``: (h, w, c) to (h // 2, w // 2, c)."""
    height, width, channels = out.shape
    for i in range(height):
        for j in range(width):
            for k in range(channels):
                above = max(x[2 * i, 2 * j, k], x[2 * i, 2 * j + 1, k])
                below = max(x[2 * i + 1, 2 * j, k], x[2 * i + 1, 2 * j + 1, k])
                out[i, j, k] = max(above, below)


@njit(cache=True, fastmath=True, nogil=True)  # type: ignore[untyped-decorator]
def conv_of_one(x: Picture, weight: Picture, bias: Channels, out: Picture) -> None:
    """The 3x3 convolution of a picture of one channel, (h, w, 1), with ``weight`` (9, c): into ``out`` (h, w, c)."""
    height, width, channels = out.shape
    padded = np.zeros((height + 2, width + 2), np.float32)
    padded[1:-1, 1:-1] = x[:, :, 0]
    for i in range(height):
        for j in range(width):
            p0, p1, p2 = padded[i, j], padded[i, j + 1], padded[i, j + 2]
            p3, p4, p5 = padded[i + 1, j], padded[i + 1, j + 1], padded[i + 1, j + 2]
            p6, p7, p8 = padded[i + 2, j], padded[i + 2, j + 1], padded[i + 2, j + 2]
            for k in range(channels):
                above = p0 * weight[0, k] + p1 * weight[1, k] + p2 * weight[2, k]
                here = p3 * weight[3, k] + p4 * weight[4, k] + p5 * weight[5, k]
                below = p6 * weight[6, k] + p7 * weight[7, k] + p8 * weight[8, k]
                out[i, j, k] = bias[k] + above + here + below
