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

_APART = 1.2
"""Interlines between heads that are not of one chord."""

_SURE_PAST_NOTES = 0.3
"""How sure a traced tie is that passes other notes of its staff."""

_Rows = dict[tuple[int, int, int], list[Placed]]
"""Heads by system, staff and place on the staff."""

_WEIGHT = 0.6
"""Of what was traced; the rest is what the network says at the head."""


def with_ties(placed: Sequence[Placed], systems: Sequence[System], chances: NDArray[np.float32]) -> list[Placed]:
    """``placed`` whose heads know whether a tie was traced to them."""
    heads = [p for p in placed if p.mark.kind in HEADS[:3]]
    rows: _Rows = {}
    for head in heads:
        rows.setdefault((head.system, head.staff, head.position), []).append(head)
    tied = {id(h): _traced(h, rows, systems, chances) for h in heads}
    return [_said(p, tied[id(p)]) if id(p) in tied else p for p in placed]


def _said(placed: Placed, traced: float) -> Placed:
    said = (1 - _WEIGHT) * float(placed.mark.says["tied"][1]) + _WEIGHT * traced
    says = {**placed.mark.says, "tied": np.array([1 - said, said])}
    return replace(placed, mark=replace(placed.mark, says=says))


def _traced(head: Placed, rows: _Rows, systems: Sequence[System], chances: NDArray[np.float32]) -> float:
    """From 0 to 1, how sure it is that a tie leads to ``head`` from the head before it, or from the line before."""
    row = rows[head.system, head.staff, head.position]
    before = [other.mark.x for other in row if other.mark.x < head.mark.x - _APART * UNIT]
    right = head.mark.x - 0.7 * UNIT
    if before and head.mark.x - max(before) < _LONGEST * UNIT:
        left, sure = max(before) + 0.7 * UNIT, 1.0
        if _notes_between(max(before), head, rows):
            sure = _SURE_PAST_NOTES
    elif _begins_line(head, systems[head.system]) and _is_on_line_before(head, rows, systems):
        left, sure = right - 1.6 * UNIT, 1.0  # only the end of the bow is on this line
    else:
        return 0.0
    return sure * float(_covered(chances, left, right, head.mark.y) >= _COVERED)


def _notes_between(left: float, head: Placed, rows: _Rows) -> bool:
    """Whether its staff has notes between ``left`` and ``head``: then a slur is likelier than a tie."""
    places = [other.mark.x for (*staff, _), row in rows.items() if staff == [head.system, head.staff] for other in row]
    return any(left + _APART * UNIT < x < head.mark.x - _APART * UNIT for x in places)


def _begins_line(head: Placed, system: System) -> bool:
    return head.measure == 0 or head.mark.x - system.bars[0] < _LONGEST * UNIT / 2


def _is_on_line_before(head: Placed, rows: _Rows, systems: Sequence[System]) -> bool:
    """Whether the last measure of the line before has a head at the place of ``head``."""
    before = rows.get((head.system - 1, head.staff, head.position), [])
    return any(other.measure == len(systems[other.system].bars) - 2 for other in before)


def _covered(chances: NDArray[np.float32], left: float, right: float, y: float) -> float:
    """Share of the columns from ``left`` to ``right`` in which there is a tie near ``y``, all above it or all below."""
    columns = slice(max(0, round(left / STRIDE)), max(round(right / STRIDE), round(left / STRIDE) + 1))
    middle, reach = round(y / STRIDE), round(_HEIGHT * UNIT / STRIDE)
    sides = (chances[max(0, middle - reach) : middle + 1, columns], chances[middle : middle + reach + 1, columns])
    shares = [float((side > _TRACED).any(axis=0).mean()) for side in sides if side.size]
    return max(shares, default=0.0)
