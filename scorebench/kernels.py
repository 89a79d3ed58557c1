"""Loops over pictures that torch would walk through many times: each value is read once and written once.

Pictures are (n, c) float32: n places, c channels, or several columns of channels side by side. 2 to a power is a
polynomial times an exponent made of bits, exact to 5e-7; the loops are written so that the compiler turns them into
vector instructions.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Picture = NDArray[np.float32]
PLAIN, ELU, RELU = 0, 1, 2
"""What follows the factor and the summand."""

_F = np.float32
_LOG2_E = _F(1 / np.log(2))
_LEAST = _F(-80)
"""Below, e to the power is 0 beside 1."""

_BIAS, _MANTISSA = np.int32(127), np.int32(23)


def _polynomial() -> tuple[np.float32, ...]:
    """Coefficients of a polynomial that is 2 ** x within 1e-8 for x from 0 to 1."""
    x = np.linspace(0, 1, 4001)
    fitted = np.polynomial.chebyshev.Chebyshev.fit(x, 2.0**x, 6)
    return tuple(_F(c) for c in fitted.convert(kind=np.polynomial.Polynomial).coef)


_C0, _C1, _C2, _C3, _C4, _C5, _C6 = _polynomial()


@njit(cache=True, fastmath=True, nogil=True)  # type: ignore[untyped-decorator]
def moments(x: Picture) -> tuple[float, float]:
    """Mean, and mean of squares. Sums go over rows first, which keeps float32 exact enough."""
    n, c = x.shape
    total, squares = 0.0, 0.0
    for i in range(n):
        row_total, row_squares = _F(0), _F(0)
        for j in range(c):
            row_total += x[i, j]
            row_squares += x[i, j] * x[i, j]
        total += float(row_total)
        squares += float(row_squares)
    return total / (n * c), squares / (n * c)


@njit(cache=True, fastmath=True, nogil=True)  # type: ignore[untyped-decorator]
def _scratch(c: int) -> tuple[NDArray[np.int32], Picture, Picture]:
    """What ``_elu_row`` needs beside a row of ``c`` values."""
    bits = np.empty(c, np.int32)
    return bits, bits.view(np.float32), np.empty(c, np.float32)


@njit(cache=True, fastmath=True, nogil=True)  # type: ignore[untyped-decorator]
def _elu_row(row: Picture, bits: NDArray[np.int32], power: Picture, part: Picture) -> None:
    """ELU of one row, in place. ``bits`` and ``power`` are the same memory; all are as long as the row."""
    for j in range(len(row)):
        exponent = max(min(row[j], _F(0)), _LEAST) * _LOG2_E
        whole = np.floor(exponent)
        part[j] = exponent - whole
        bits[j] = (np.int32(whole) + _BIAS) << _MANTISSA
    for j in range(len(row)):
        f = part[j]
        e = power[j] * (_C0 + f * (_C1 + f * (_C2 + f * (_C3 + f * (_C4 + f * (_C5 + f * _C6)))))) - _F(1)
        row[j] = row[j] if row[j] > _F(0) else e


@njit(cache=True, fastmath=True, nogil=True)  # type: ignore[untyped-decorator]
def affine(x: Picture, scale: Picture, shift: Picture, activation: int, out: Picture) -> None:
    """``x * scale + shift``, activated, into ``out``, which may be ``x``. Scale and shift: (c,)."""
    n, c = x.shape
    bits, power, part = _scratch(c)
    for i in range(n):
        row = out[i]
        for j in range(c):
            row[j] = x[i, j] * scale[j] + shift[j]
        if activation == ELU:
            _elu_row(row, bits, power, part)
        elif activation == RELU:
            for j in range(c):
                row[j] = max(row[j], _F(0))


@njit(cache=True, fastmath=True, nogil=True)  # type: ignore[untyped-decorator]
def joined(x: Picture, scale: Picture, shift: Picture, beside: Picture, beside_scale: Picture, out: Picture) -> None:
    """ELU of ``x * scale + shift + beside * beside_scale`` into ``out``, which may be ``x``."""
    n, c = x.shape
    bits, power, part = _scratch(c)
    for i in range(n):
        row = out[i]
        for j in range(c):
            row[j] = x[i, j] * scale[j] + shift[j] + beside[i, j] * beside_scale[j]
        _elu_row(row, bits, power, part)
