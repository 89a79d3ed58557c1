"""Which staves are one system: those that a line joins where they begin or end."""

import numpy as np
from numpy.typing import NDArray

from baselines.omr.recogniser.staves import Staff

_FARTHEST = 25
"""Interlines between two staves of a system, at most."""

_INKED, _WHOLE = 0.25, 0.95
"""From what ink on a pixel is black, and the share of the way between two staves that must be."""


def group(ink: NDArray[np.float32], staves: list[Staff]) -> list[list[Staff]]:
    """Staves that begin with one line are a system."""
    systems: list[list[Staff]] = []
    for staff in staves:
        if systems and _joined(ink, systems[-1][-1], staff):
            systems[-1].append(staff)
        else:
            systems.append([staff])
    return systems


def _joined(ink: NDArray[np.float32], above: Staff, below: Staff) -> bool:
    """Whether a line goes down from one staff to the next where they begin, or where they end."""
    if below.top - above.bottom > _FARTHEST * above.interline:
        return False
    top, bottom = int(above.bottom + 1), int(np.ceil(below.top - 1))
    reach = 0.8 * above.interline
    for at in (min(above.left, below.left), max(above.right, below.right)):
        low, high = max(0, int(at - reach)), int(at + reach) + 1
        between = ink[top:bottom, low:high]
        if between.size:
            wide = np.maximum(between, np.pad(between, ((0, 0), (1, 0)))[:, :-1])
            if (wide > _INKED).mean(axis=0).max() > _WHOLE:
                return True
    return False
