"""The systems of a page, found in its picture alone: staves that a bar line or the line before them connects."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from baselines.strip.ink import ink_of
from baselines.strip.lines import Staff
from baselines.strip.staves import staves_of
from scorebench.errors import DataError
from scorebench.score import SYSTEM_COLUMNS, as_table

_BLACK = 0.3
"""Ink from which on a pixel may be one of a bar line."""
_COVERED = 0.93
"""How much of the way from the top of one staff to the bottom of another a bar line must cover."""

_NEXT = 3
"""How many staves below one are looked at: the next may be a short one between the two that are connected."""


def find_systems(page: NDArray[np.uint8]) -> pd.DataFrame:
    """The systems of ``page``, (height, width) uint8, 0 black, in reading order.

    Returns:
        ``SYSTEM_COLUMNS``, ``system`` and ``page`` counted from 0; boxes are those around the lines of all staves.

    Raises:
        DataError: there is no staff on the page, or it is no page.
    """
    ink = ink_of(page)
    staves = staves_of(ink.ink)
    if not staves:
        raise DataError(
            f"find_systems: no staff of five lines on this page of {page.shape[1]} x {page.shape[0]} px; is it music, "
            "upright, and large enough for its lines to be 4 px apart?"
        )
    groups = systems_of(ink.ink, staves)
    rows = [_box([staff.scaled(ink.x_scale, ink.y_scale) for staff in group]) for group in groups]
    found = pd.DataFrame(rows).assign(page=0, system=np.arange(len(rows)))
    return as_table(found, SYSTEM_COLUMNS, "find_systems")


def systems_of(ink: NDArray[np.float32], staves: list[Staff]) -> list[list[Staff]]:
    """``staves``, from top to bottom, by system, in reading order; staves between those of a system are left out."""
    black = maximum_filter1d(ink > _BLACK, 3, axis=1)  # a bar line may lean by a pixel or two
    group = list(range(len(staves)))
    for number, upper in enumerate(staves):
        for lower in range(number + 1, min(number + 1 + _NEXT, len(staves))):
            if group[lower] != group[number] and _connected(black, upper, staves[lower]):
                group = [group[number] if g == group[lower] else g for g in group]
    systems = [[staves[i] for i in range(len(staves)) if group[i] == g] for g in dict.fromkeys(group)]
    outer = [system for system in systems if not any(_within(system, other) for other in systems)]
    return _in_reading_order(outer)


def _within(system: list[Staff], other: list[Staff]) -> bool:
    """Whether ``system`` is between staves of ``other``: an alternative for a bar, or what looked like a staff."""
    x = np.linspace(system[0].left, system[0].right, 3)
    above, below = other[0], other[-1]
    inside = (x > above.left) & (x < above.right)
    lower, higher = system[0].lines_at(x)[0] > above.lines_at(x)[0], system[-1].lines_at(x)[-1] < below.lines_at(x)[-1]
    return bool((inside & lower & higher).all())


def _in_reading_order(systems: list[list[Staff]]) -> list[list[Staff]]:
    """``systems``, from top to bottom, with those that stand side by side from left to right."""
    rows: list[list[list[Staff]]] = []
    for system in systems:
        middle = (system[0].knots_y[0, 0] + system[-1].knots_y[-1, 0]) / 2
        if rows and middle < rows[-1][0][-1].lines_at(system[0].left)[-1]:
            rows[-1].append(system)
        else:
            rows.append([system])
    return [system for row in rows for system in sorted(row, key=lambda system: system[0].left)]


def _connected(black: NDArray[np.bool_], upper: Staff, lower: Staff) -> bool:
    """Whether one line leads from the top of ``upper`` to the bottom of ``lower``."""
    distance = upper.interline
    left, right = max(upper.left, lower.left) - distance, min(upper.right, lower.right) + distance
    x = np.arange(max(left, 0), min(right, black.shape[1]))
    top, bottom = upper.lines_at(x)[0], lower.lines_at(x)[-1]
    if not len(x) or (upper.lines_at(x)[-1] >= lower.lines_at(x)[0]).any():
        return False
    y = top + (bottom - top) * np.linspace(0, 1, max(2, int((bottom - top).max())))[:, None]
    lean = (upper.knots_y[0, -1] - upper.knots_y[0, 0]) / (upper.right - upper.left)
    column = np.floor(x - lean * (y - (top + bottom) / 2)).astype(np.int64)
    row = np.floor(y).astype(np.int64)
    on_way = black[np.clip(row, 0, len(black) - 1), np.clip(column, 0, black.shape[1] - 1)]
    return bool(on_way.mean(axis=0).max() > _COVERED)


def _box(staves: list[Staff]) -> dict[str, float]:
    left, right = min(staff.left for staff in staves), max(staff.right for staff in staves)
    top, bottom = min(staff.top for staff in staves), max(staff.bottom for staff in staves)
    return {"x_px": (left + right) / 2, "y_px": (top + bottom) / 2, "w_px": right - left, "h_px": bottom - top}
