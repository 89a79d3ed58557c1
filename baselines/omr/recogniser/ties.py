"""Ties: bows between two notes of one place on a staff; the second does not sound again."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from baselines.omr.recogniser.layout import Placed, System
from baselines.omr.recogniser.marks import UNIT
from baselines.omr.recogniser.symbols import HEADS, STRIDE

_TRACED = 0.3
"""Chance from which on a cell is part of a tie."""

_COVERED = 0.6
"""Share of the way between two heads that a tie covers at least."""

_LONGEST = 45.0
"""Interlines from head to head."""

_HEIGHT = 2.2
"""Interlines above and below a head within which its tie runs."""

_WEIGHT = 0.6
"""Of what was traced; the rest is what the network says at the head."""


def with_ties(placed: Sequence[Placed], systems: Sequence[System], chances: NDArray[np.float32]) -> list[Placed]:
    """``placed`` whose heads know whether a tie was traced to them."""
    heads = [p for p in placed if p.mark.kind in HEADS[:3]]
    rows: dict[tuple[int, int, int], list[Placed]] = {}
    for head in heads:
        rows.setdefault((head.system, head.staff, head.position), []).append(head)
    tied = {id(h): _traced(h, rows[h.system, h.staff, h.position], systems[h.system], chances) for h in heads}
    return [_said(p, tied[id(p)]) if id(p) in tied else p for p in placed]


def _said(placed: Placed, traced: float) -> Placed:
    said = (1 - _WEIGHT) * float(placed.mark.says["tied"][1]) + _WEIGHT * traced
    says = {**placed.mark.says, "tied": np.array([1 - said, said])}
    return replace(placed, mark=replace(placed.mark, says=says))


def _traced(head: Placed, row: Sequence[Placed], system: System, chances: NDArray[np.float32]) -> float:
    """1 where a tie leads to ``head`` from the head before it, or from the line before; else 0."""
    before = [other.mark.x for other in row if other.mark.x < head.mark.x - 1.2 * UNIT]
    right = head.mark.x - 0.7 * UNIT
    if before and head.mark.x - max(before) < _LONGEST * UNIT:
        left = max(before) + 0.7 * UNIT
    elif head.measure == 0 or head.mark.x - system.bars[0] < _LONGEST * UNIT / 2:
        left = right - 1.6 * UNIT  # from the line before: only its end is seen
    else:
        return 0.0
    return float(_covered(chances, left, right, head.mark.y) >= _COVERED)


def _covered(chances: NDArray[np.float32], left: float, right: float, y: float) -> float:
    """Share of the columns from ``left`` to ``right`` in which there is a tie near ``y``, all above it or all below."""
    columns = slice(max(0, round(left / STRIDE)), max(round(right / STRIDE), round(left / STRIDE) + 1))
    middle, reach = round(y / STRIDE), round(_HEIGHT * UNIT / STRIDE)
    sides = (chances[max(0, middle - reach) : middle + 1, columns], chances[middle : middle + reach + 1, columns])
    shares = [float((side > _TRACED).any(axis=0).mean()) for side in sides if side.size]
    return max(shares, default=0.0)
