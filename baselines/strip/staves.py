"""The staves of a page. From the clearest place of each its lines are followed to both sides as far as they go.

So a page may be turned by 5 degrees or a little warped, and staves may begin and end anywhere.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.strip.comb import COLUMN_PX, LEAST_INK, LEAST_INTERLINE, MOST_SLOPE, Comb, Grid, comb_of
from baselines.strip.ink import ink_of
from baselines.strip.lines import LINES, Staff, lines_missed, staff_along, stretches

_CLEAR = 0.45
"""How clear the clearest place of a staff must be, against that of the page."""
_VISIBLE = 0.15
"""How clear a staff must be where it is followed."""
_GAP_COLUMNS = 4
"""Columns over which a staff that is hidden by notes is followed."""
_SHORTEST = 12.0
"""Length of the shortest staff, in distances of its lines."""


def find_staves(page: NDArray[np.uint8]) -> list[Staff]:
    """The staves of ``page``, (height, width) uint8, 0 black, from top to bottom; none where there are none.

    Lines are found to within half a pixel on pages of up to 2 million pixels; larger ones are made smaller first.

    Raises:
        DataError: it is no page.
    """
    ink = ink_of(page)
    return [staff.scaled(ink.x_scale, ink.y_scale) for staff in staves_of(ink.ink)]


def staves_of(ink: NDArray[np.float32]) -> list[Staff]:
    """The staves in ``ink``, (rows, columns) from 0 to 1, from top to bottom, in its pixels."""
    if ink.shape[1] < COLUMN_PX or len(ink) < LINES * LEAST_INTERLINE:
        return []
    comb = comb_of(ink)
    clear, best = comb.clear.copy(), float(comb.clear.max())
    staves: list[Staff] = []
    while True:
        row, column = (int(place) for place in np.unravel_index(int(np.argmax(clear)), clear.shape))
        if clear[row, column] < max(_CLEAR * best, LEAST_INK):
            break
        trace = _followed(comb, clear, row, column, _VISIBLE * best)
        staff = _staff(comb, trace)
        missed = lines_missed(ink, staff)
        if missed:
            _take(clear, trace)
            trace = _followed(comb, comb.clear, row + round(missed * trace.distance), column, _VISIBLE * best)
            staff = _staff(comb, trace)
        _take(clear, trace)
        staves += [part for part in stretches(ink, staff) if _credible(part)]
    slope = float(comb.drift[-1]) / ink.shape[1]
    return sorted(_apart(staves), key=lambda staff: staff.knots_y[0, 0] - slope * staff.left)


@dataclass(frozen=True, eq=False)
class _Trace:
    """A staff that was followed: its columns, the row of its top line in each (level), and how far its lines are."""

    columns: NDArray[np.int64]
    rows: NDArray[np.int64]
    distance: float


def _followed(comb: Comb, clear: Grid, row: int, column: int, visible: float) -> _Trace:
    """From one place of a staff to both sides."""
    row = min(max(row, 0), len(clear) - 1)
    right = _one_way(clear[:, column:], row, visible)
    left = _one_way(clear[:, column::-1], row, visible)
    rows = np.array(left[:0:-1] + right, np.int64)
    columns = column - len(left) + 1 + np.arange(len(rows))
    size = int(np.argmax(comb.by_size[:, rows, columns].sum(axis=1)))
    return _Trace(columns, rows, float(comb.distances[size]))


def _one_way(clear: Grid, row: int, visible: float) -> list[int]:
    """Rows of a staff from the first column on, up to the last in which it is visible."""
    rows, last = [row], 0
    for column in range(1, clear.shape[1]):
        above = max(rows[-1] - 1, 0)
        near = clear[above : rows[-1] + 2, column]
        if near.max() >= visible:
            rows.append(above + int(np.argmax(near)))
            last = column
        elif column - last > _GAP_COLUMNS:
            break
        else:
            rows.append(rows[-1])
    return rows[: last + 1]


def _take(clear: Grid, trace: _Trace) -> None:
    """Nothing more is to be found where a staff was."""
    reach = int(np.ceil((LINES - 0.5) * trace.distance))
    for row, column in zip(trace.rows, trace.columns, strict=True):
        clear[max(row - reach, 0) : row + reach + 1, column] = 0


def _staff(comb: Comb, trace: _Trace) -> Staff:
    centre_x = np.asarray(COLUMN_PX * (trace.columns + 0.5), np.float64)
    top_y = np.asarray(trace.rows + comb.drift[trace.columns] + 0.5, np.float64)
    return staff_along(comb.profile[:, trace.columns], centre_x, top_y, trace.distance)


def _credible(staff: Staff) -> bool:
    """Whether it is long enough, and no more askew than what is looked for."""
    fall = abs(float(staff.knots_y[0, -1] - staff.knots_y[0, 0]))
    length = staff.right - staff.left
    return length >= _SHORTEST * staff.interline and fall <= 1.5 * MOST_SLOPE * length


def _apart(staves: list[Staff]) -> list[Staff]:
    """``staves`` without those that share lines with a longer one: ledger lines that looked like a staff."""
    kept: list[Staff] = []
    for staff in sorted(staves, key=lambda staff: staff.left - staff.right):
        x = np.array([staff.left, (staff.left + staff.right) / 2, staff.right])
        top, bottom = staff.lines_at(x)[[0, -1]]
        shared = [
            (x > other.left) & (x < other.right) & (top < other.lines_at(x)[-1]) & (bottom > other.lines_at(x)[0])
            for other in kept
        ]
        if not np.any(shared):
            kept.append(staff)
    return kept
