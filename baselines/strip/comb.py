"""Where on a page a staff may be: rows of ink that are five at equal distances and have white between them.

The page is cut into columns some pixels wide, which are shifted against each other so that lines of a page that was
scanned askew are level.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from baselines.strip.lines import LINES

COLUMN_PX = 8
"""Width of the columns that are looked at together."""
MOST_SLOPE = 0.09
"""A page may be turned by this much (5 degrees)."""
LEAST_INTERLINE, MOST_INTERLINE = 3, 40
"""Distances of two lines that are found, in pixels."""
LEAST_INK = 0.1
"""Thickness in pixels of the thinnest lines, if they are black."""

_SMOOTH_COLUMNS = 5
"""Columns over which ink is averaged: longer than notes are wide."""
_LONG_COLUMNS = 25
"""Columns over which a staff stands out from ledger lines."""
_SIZES = (0.94, 0.97, 1.0, 1.03, 1.06)
"""Distances of lines that are tried, against the commonest of the page."""

Grid = NDArray[np.float32]
"""(rows, columns): something of each row in each column of ``COLUMN_PX``."""


@dataclass(frozen=True, eq=False)
class Comb:
    """What a comb with five teeth finds.

    Attributes:
        profile: (rows, columns) mean ink, as printed.
        drift: (columns,) rows by which lines are lower there than on the left.
        distances: (sizes,) of the teeth.
        by_size: (sizes, rows, columns) how clearly a staff of that size has its top line there: ink of its lines, in
            pixels; level, so that its row y is row ``y + drift`` of the profile.
        clear: (rows, columns) that of the best size, and half of it on the average over a long way.
    """

    profile: Grid
    drift: NDArray[np.int64]
    distances: NDArray[np.float64]
    by_size: NDArray[np.float32]
    clear: Grid


def comb_of(ink: NDArray[np.float32]) -> Comb:
    """What is found in ``ink``, (rows, columns) from 0 to 1, at least 8 columns wide and as high as a staff."""
    columns = ink.shape[1] // COLUMN_PX
    profile = ink[:, : columns * COLUMN_PX].reshape(len(ink), columns, COLUMN_PX).mean(axis=2)
    drift = np.round(_slope(profile) * COLUMN_PX * np.arange(columns)).astype(np.int64)
    level = _shifted(profile, drift)
    interline = _interline(level)
    distances = interline * np.array(_SIZES)
    smooth = uniform_filter1d(_line_ink(level, interline), _SMOOTH_COLUMNS, axis=1)
    by_size = np.stack([_combed(smooth, distance) for distance in distances])
    clear = by_size.max(axis=0).clip(0)
    clear = (clear + uniform_filter1d(clear, _LONG_COLUMNS, axis=1, mode="constant")) / 2
    return Comb(profile, drift, distances, by_size, clear)


def _shifted(grid: Grid, down: NDArray[np.int64]) -> Grid:
    """Row y of column j is what was row ``y + down[j]``; nothing beyond the page."""
    row = np.arange(len(grid))[:, None] + down
    inside = (row >= 0) & (row < len(grid))
    return np.where(inside, np.take_along_axis(grid, np.clip(row, 0, len(grid) - 1), axis=0), 0)


def _ridges(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much darker each row is than those two above and below."""
    ridges = np.zeros_like(rows)
    ridges[2:-2] = np.maximum(rows[2:-2] - (rows[:-4] + rows[4:]) / 2, 0)
    return ridges


def _slope(profile: Grid) -> float:
    """Rows that lines fall in a pixel to the right: that at which the sum over all columns has the sharpest rows."""
    rows, columns = len(profile) // 2 * 2, profile.shape[1] // 2 * 2
    if columns < 2:
        return 0.0
    wide = profile[:, :columns].reshape(len(profile), -1, 2).mean(axis=2)
    length = 2 * COLUMN_PX * wide.shape[1]
    most = int(MOST_SLOPE * length)
    coarse = wide[:rows].reshape(rows // 2, 2, -1).mean(axis=1)
    fall = 2 * _sharpest(coarse, np.arange(-(most // 2), most // 2 + 1))
    return float(_sharpest(wide, np.arange(fall - 2, fall + 3)) / length)


def _sharpest(grid: Grid, falls: NDArray[np.int64]) -> int:
    """By which of ``falls``, in rows over the whole width, lines fall."""
    share = np.arange(grid.shape[1]) / grid.shape[1]
    in_order = sorted(falls.tolist(), key=abs)  # of two alike, the more level
    sums = [_shifted(grid, np.round(fall * share).astype(np.int64)).sum(axis=1) for fall in in_order]
    return int(in_order[int(np.argmax([np.square(_ridges(rows)).sum() for rows in sums]))])


def _interline(level: Grid) -> float:
    """The commonest distance of two lines."""
    ridges = _ridges(uniform_filter1d(level, _SMOOTH_COLUMNS, axis=1))
    spectrum = np.fft.rfft(ridges, 2 * len(ridges), axis=0)
    alike = np.fft.irfft((spectrum * spectrum.conj()).real.sum(axis=1))[: MOST_INTERLINE + 2]
    alike = np.convolve(alike, [0.5, 1, 0.5], mode="same")
    lags = np.arange(LEAST_INTERLINE, min(MOST_INTERLINE + 1, len(alike) - 1))
    peaks = lags[(alike[lags] >= alike[lags - 1]) & (alike[lags] >= alike[lags + 1])]
    if not len(peaks):
        return float(LEAST_INTERLINE)
    best = int(peaks[np.argmax(alike[peaks])])
    half = best // 2 + int(np.argmax(alike[best // 2 : best // 2 + 2]))
    if half in peaks and alike[half] > 0.7 * alike[best]:
        best = half
    before, at, after = alike[best - 1 : best + 2]
    bend = before - 2 * at + after
    return best + (float((before - after) / (2 * bend)) if bend < 0 else 0.0)


def _line_ink(level: Grid, interline: float) -> Grid:
    """The ink of a line in each row, in pixels; no more than a staff line has, so that ledger lines count for less."""
    soft = level.copy()
    soft[1:-1] += (level[:-2] + level[2:]) / 2
    clear = _combed(uniform_filter1d(soft, _SMOOTH_COLUMNS, axis=1), interline)
    usual = float(np.median(clear[clear >= 0.7 * clear.max()]))
    return np.minimum(soft, 1.1 * max(usual, LEAST_INK))


def _combed(smooth: Grid, distance: float) -> Grid:
    """How clearly a staff with lines so far apart has its top line in each row: the ink of its lines, in pixels.

    One of the lines may be weak; two of the spaces may be full of notes or beams.
    """
    lines = _two_least([_lower(smooth, k * distance) for k in range(LINES)])
    return lines - _two_least([_lower(smooth, (k + 0.5) * distance) for k in range(LINES - 1)])


def _two_least(grids: list[Grid]) -> Grid:
    """The mean of the two smallest values in each place."""
    least, second = np.minimum(grids[0], grids[1]), np.maximum(grids[0], grids[1])
    for grid in grids[2:]:
        second = np.minimum(second, np.maximum(least, grid))
        least = np.minimum(least, grid)
    return np.asarray((least + second) / 2, np.float32)


def _lower(grid: Grid, by: float) -> Grid:
    """Row y is what was row ``y + by``, between two rows in proportion; nothing beyond the page."""
    whole, share = int(by), np.float32(by - int(by))
    padded = np.pad(grid, ((0, whole + 1), (0, 0)))
    return np.asarray(padded[whole : whole + len(grid)] * (1 - share) + padded[whole + 1 :] * share, np.float32)
