"""The five lines of one staff, to a fraction of a pixel, and where they begin and end."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import median_filter, uniform_filter1d

LINES = 5

_SMOOTH_COLUMNS = 25
"""Columns over which what is left of a straight line is smoothed."""
_MISSED = 2
"""Lines by which a staff may have been followed too high or too low."""
_SURELY = 0.05
"""Share of a line's length that must speak for another place of the staff."""
_SURE_LINES = 3
"""Lines that must be seen at one place without notes on them, to know where the staff is there."""
_OUTLIER_PX = 1.0
"""A line that is this far from where the others say is not the line, but a beam beside it."""
_USUAL_PERCENT = 30
"""Of all ink on the lines, that which has nothing but the lines is in this percentile."""
_PRINTED = 0.75
"""Share of its length at which each line of a staff must be seen."""
_OUTSIDE = 4.0
"""Distances of lines that a staff may reach beyond where it was followed."""
_GAP = 1.5
"""Distances of lines for which it may be invisible, without being another staff."""


@dataclass(frozen=True, eq=False)
class Staff:
    """Five lines on a page. Coordinates are continuous: pixel ``i`` reaches from ``i`` to ``i + 1``.

    Attributes:
        left, right: x at which the lines begin and end.
        interline: from one line to the next.
        knots_x: (n,) float64 ascending, x at which the lines are known; straight from each to the next.
        knots_y: (5, n) float64, y of the middle of each line there, from the top line down.
    """

    left: float
    right: float
    interline: float
    knots_x: NDArray[np.float64]
    knots_y: NDArray[np.float64]

    def lines_at(self, x: ArrayLike) -> NDArray[np.float64]:
        """y of the five lines at ``x`` (...), (5, ...); beyond the ends, that at the ends."""
        at = np.asarray(x, np.float64)
        return np.stack([np.interp(at, self.knots_x, line) for line in self.knots_y])

    @property
    def top(self) -> float:
        """Least y of its top line."""
        return float(self.knots_y[0].min())

    @property
    def bottom(self) -> float:
        """Greatest y of its bottom line."""
        return float(self.knots_y[-1].max())

    def scaled(self, x_scale: float, y_scale: float) -> "Staff":
        """The same staff on a page that many times as wide and as high."""
        return Staff(
            left=self.left * x_scale,
            right=self.right * x_scale,
            interline=self.interline * y_scale,
            knots_x=self.knots_x * x_scale,
            knots_y=self.knots_y * y_scale,
        )


def staff_along(
    profile: NDArray[np.float32], centre_x: NDArray[np.float64], top_y: NDArray[np.float64], distance: float
) -> Staff:
    """The staff whose top line was followed to within a pixel or so, from the first to the last place.

    Args:
        profile: (rows, n) mean ink in n columns.
        centre_x: (n,) their middle.
        top_y: (n,) about where the top line is there.
        distance: about how far apart its lines are.
    """
    lines = top_y + distance * np.arange(LINES)[:, None]
    for _ in range(3):
        lines = _straightened(centre_x, lines, _centred(profile, lines, distance))
    interline = float(np.mean(lines[-1] - lines[0]) / (LINES - 1))
    return Staff(float(centre_x[0]), float(centre_x[-1]), interline, centre_x, lines)


def stretches(ink: NDArray[np.float32], staff: Staff) -> list[Staff]:
    """``staff`` as far as its lines are printed: one, or several side by side, or none where they are no lines."""
    outside = _OUTSIDE * staff.interline
    first, last = max(0, int(staff.left - outside)), min(ink.shape[1], int(staff.right + outside) + 1)
    inked, bare = _columns_with_lines(ink, staff, np.arange(first, last))
    lined = inked.sum(axis=0) >= LINES - 1
    inside = np.flatnonzero(bare)
    missing = np.cumsum(~lined)
    parts = np.split(inside, np.flatnonzero(np.diff(missing[inside]) > _GAP * staff.interline) + 1)
    found = []
    for part in parts:
        if len(part):
            begin, end = _outwards(lined, part[0], -1), _outwards(lined, part[-1], 1) + 1
            if inked[:, begin:end].mean(axis=1).min() > _PRINTED:
                found.append(_between(staff, float(first + begin), float(first + end)))
    return found


def _outwards(lined: NDArray[np.bool_], place: int, step: int) -> int:
    """The last of the columns from ``place`` on in which there are lines."""
    while 0 <= place + step < len(lined) and lined[place + step]:
        place += step
    return place


def _between(staff: Staff, left: float, right: float) -> Staff:
    """``staff`` with other ends."""
    within = (staff.knots_x > left) & (staff.knots_x < right)
    knots = np.concatenate([[left], staff.knots_x[within], [right]])
    return replace(staff, left=left, right=right, knots_x=knots, knots_y=staff.lines_at(knots))


def lines_missed(ink: NDArray[np.float32], staff: Staff) -> int:
    """By how many lines the true staff is lower (higher: less than 0): ``staff`` may have followed a ledger line."""
    columns = np.arange(int(staff.left), int(staff.right))
    if not len(columns):
        return 0
    number = np.arange(-_MISSED, LINES + _MISSED)
    lines = staff.lines_at(columns + 0.5)[0] + staff.interline * number[:, None]
    thick = _ink_near(ink, lines, columns)
    usual = np.percentile(thick[_MISSED + 1 : _MISSED + LINES - 1], _USUAL_PERCENT)
    seen = (thick > usual / 2).mean(axis=1)
    seen[(lines < 0).any(axis=1) | (lines >= len(ink)).any(axis=1)] = 0
    five = np.convolve(seen, np.ones(LINES), mode="valid")
    shift = int(np.argmax(five)) - _MISSED
    return shift if five[shift + _MISSED] > five[_MISSED] + _SURELY else 0


def _centred(profile: NDArray[np.float32], lines: NDArray[np.float64], distance: float) -> NDArray[np.float64]:
    """(5, n) the middle of the ink near each line; not a number where there is more, or less, than that of a line."""
    reach = max(1, round(0.4 * distance))
    row = np.floor(lines).astype(np.int64)[..., None] + np.arange(-reach, reach + 1)
    ink = profile[np.clip(row, 0, len(profile) - 1), np.arange(lines.shape[1])[:, None]].astype(np.float64)
    paper = np.partition(ink, ink.shape[-1] // 3, axis=-1)[..., ink.shape[-1] // 3]
    ink = np.clip(ink - paper[..., None], 0, None)
    weight = ink.sum(axis=-1)
    usual = max(float(np.percentile(weight, 40)), 1e-9)
    centre = (ink * (row + 0.5)).sum(axis=-1) / np.maximum(weight, 1e-9)
    return np.where((weight > 0.4 * usual) & (weight < 2.2 * usual), centre, np.nan)


def _straightened(
    x: NDArray[np.float64], lines: NDArray[np.float64], found: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``lines`` (5, n) moved to where they were ``found``: at equal distances, and as straight as on the page."""
    off = found - lines
    sure = np.isfinite(off).sum(axis=0) >= _SURE_LINES
    if not sure.any():
        return lines
    seen = np.isfinite(off[:, sure]).any(axis=1)
    even = _evenly(np.arange(LINES)[seen], np.nanmedian(off[seen][:, sure], axis=1))
    moved = np.nanmedian(off[:, sure] - even[:, None], axis=0)
    middle = (lines + even[:, None]).mean(axis=0)
    known_x, known_y = x[sure], middle[sure] + moved
    slope = _slope(known_x, known_y)
    straight = np.median(known_y - slope * known_x) + slope * x
    rest = np.interp(x, known_x, known_y - straight[sure])
    size = min(_SMOOTH_COLUMNS, len(x))
    rest = uniform_filter1d(median_filter(rest, size, mode="nearest"), size, mode="nearest")
    return np.asarray(lines + even[:, None] - middle + straight + rest, np.float64)


def _evenly(number: NDArray[np.int64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """(5,) at equal distances, as are ``y`` of the lines of these numbers, at least 3, but for outliers.

    Those are found against the medians (Theil-Sen); among the others squares are least, as rows are whole.
    """
    upper, lower = np.triu_indices(len(y), 1)
    distance = np.median((y[lower] - y[upper]) / (number[lower] - number[upper]))
    rest = y - distance * number
    near = np.abs(rest - np.median(rest)) < _OUTLIER_PX
    if near.sum() > 2:
        distance, first = np.polyfit(number[near], y[near], 1)
    else:
        first = np.median(rest)
    return np.asarray(first + distance * np.arange(LINES), np.float64)


def _slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """The median slope between points half of the line apart."""
    half = (len(x) + 1) // 2
    if len(x) < 2:
        return 0.0
    return float(np.median((y[half:] - y[:-half]) / (x[half:] - x[:-half])))


def _columns_with_lines(
    ink: NDArray[np.float32], staff: Staff, columns: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(5, n) in which columns there is ink on each line; (n,) where it is on at least 4, and white between them."""
    lines = staff.lines_at(columns + 0.5)
    thick = _ink_near(ink, lines, columns)
    usual = float(np.percentile(thick, _USUAL_PERCENT))
    inked = thick > np.clip(np.median(thick, axis=1, keepdims=True) / 2, 0.3 * usual, usual / 2)
    covered = (_ink_near(ink, (lines[1:] + lines[:-1]) / 2, columns) > max(usual / 2, 0.3)).sum(axis=0)
    return inked, (inked.sum(axis=0) >= LINES - 1) & (covered <= 1)


def _ink_near(ink: NDArray[np.float32], y: NDArray[np.float64], columns: NDArray[np.int64]) -> NDArray[np.float32]:
    """The ink within a pixel above and below ``y`` (k, n) in each of ``columns`` (n,)."""
    row = np.floor(y).astype(np.int64)[..., None] + np.arange(-1, 2)
    near: NDArray[np.float32] = ink[np.clip(row, 0, len(ink) - 1), columns[:, None]].sum(axis=-1)
    return near
