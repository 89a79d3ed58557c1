"""Repeat signs: two dots in every staff, beside a thick line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.omr.recogniser.marks import UNIT
from baselines.omr.recogniser.staves import Staff

_INKED, _WHOLE = 0.5, 0.9
"""From what ink on a pixel is black, and the share of every staff's height that a thick line covers."""
_THICK = 0.35
"""Interlines that a thick line is wide at least."""
_NEAREST, _FARTHEST = 0.3, 2.3
"""Interlines from the edge of a thick line to dots that belong to it; a thin line may stand between."""
_DOTTED = 0.43
"""Ink by which the two middle spaces are darker than the two outer ones. On the pages of `open` and mini it is 0.48 or
more of dots, and 0.38 or less of what else stands beside a thick line."""


@dataclass(frozen=True)
class RepeatSign:
    """A thick line at ``x`` with dots: on its left, where a repeat ``ends``, or on its right, where one ``begins``."""

    x: float
    ends: bool
    begins: bool


def repeat_signs(staves: Sequence[Staff], ink: NDArray[np.float32]) -> list[RepeatSign]:
    """The repeat signs of a system, from left to right.

    Args:
        ink: (h, w) of the scaled page, 0 paper to 1 ink.
    """
    dots = _dots(staves, ink)
    nearest, farthest = round(_NEAREST * UNIT), round(_FARTHEST * UNIT)
    found = []
    for first, last in _thick_lines(staves, ink):
        before = dots[max(0, first - farthest) : max(0, first - nearest)]
        after = dots[last + 1 + nearest : last + 1 + farthest]
        ends, begins = (bool(side.max(initial=0) > _DOTTED) for side in (before, after))
        if ends or begins:
            found.append(RepeatSign((first + last) / 2, ends, begins))
    return found


def _thick_lines(staves: Sequence[Staff], ink: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """First and last column of each line through all staves that is wide enough."""
    shares = [(ink[int(s.top) : int(s.bottom) + 1] > _INKED).mean(axis=0) for s in staves]
    dark = np.pad(np.min(shares, axis=0) > _WHOLE, 1)
    edges = np.flatnonzero(np.diff(dark.astype(np.int8)))
    for first, end in edges.reshape(-1, 2).tolist():
        if end - first >= _THICK * UNIT:
            yield first, end - 1


def _dots(staves: Sequence[Staff], ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """(w,) by how much the two middle spaces of each staff are darker than the two outer ones, in the least."""
    from scipy.ndimage import uniform_filter

    soft = uniform_filter(ink, 3)

    def space(staff: Staff, above: float) -> NDArray[np.float32]:
        row = round(staff.middle - above * UNIT)
        darkest: NDArray[np.float32] = soft[max(0, row - 1) : row + 2].max(axis=0)
        return darkest

    inner = np.min([space(staff, above) for staff in staves for above in (-0.5, 0.5)], axis=0)
    outer = np.max([space(staff, above) for staff in staves for above in (-1.5, 1.5)], axis=0)
    difference: NDArray[np.float32] = inner - outer
    return difference
