"""Stems followed from heads to beams and flags: how many there are says what a filled note is worth.

The network says so, too, at the head; but what it traces of stems and beams can be counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from baselines.omr.recogniser.marks import UNIT, Mark, Marks
from baselines.omr.recogniser.symbols import LOGS, STRIDE

CELLS: float = UNIT / STRIDE
"""Cells an interline."""

_TRACED = 0.3
"""Chance from which on a cell is stem or beam."""

_BEAM, _STEP = 0.49, 0.79
"""Interlines: how thick a beam is, and from beam to beam."""

_LEAST_BEAM = 0.5
"""Sum of the chances of a beam's rows, at least."""

_SHORTEST = 1.6
"""Interlines: of a stem."""

_PLAIN, _PLAINLY = 2.6, 0.5
"""Interlines, and mean chance, of each of two stems at one head."""

_SURE = 0.9
"""Of what was counted; the rest is shared by its neighbours."""


@dataclass(frozen=True)
class Stem:
    """A stem at a head.

    Attributes:
        direction: 1 up, 2 down, as the network says it.
        x, end: where it is, and where it ends away from its head, in cells.
    """

    direction: int
    x: int
    end: int


def with_counted(marks: Marks) -> Marks:
    """``marks`` whose filled notes know what was counted at their stems, and whose hollow notes know what they are.

    A head with a stem on either side is one of two voices: it is there twice.
    """
    flags = [m for m in marks.symbols if m.kind == "flag"]
    return Marks(tuple(counted for m in marks.symbols for counted in _counted(m, marks, flags)), marks.strokes)


def _counted(mark: Mark, marks: Marks, flags: Sequence[Mark]) -> list[Mark]:
    if mark.kind == "whole":
        return [_said(mark, _only(0))]
    if mark.kind not in ("filled", "half"):
        return [mark]
    stems = find_stems(mark, marks.stroke("stem"))
    if mark.kind == "half":
        stemmed = [replace(mark, says={**mark.says, "stem": _direction(mark, stem)}) for stem in stems]
        return [_said(m, _only(1)) for m in stemmed or [mark]]
    if not stems:
        return [_said(mark, np.array([0.01, 0.05, *[1.0] * (LOGS - 2)]))]
    return [_at_stem(mark, stem, marks.stroke("beam"), flags) for stem in stems]


def _at_stem(mark: Mark, stem: Stem, beam: NDArray[np.float32], flags: Sequence[Mark]) -> Mark:
    """A filled head, worth what is at the end of one of its stems."""
    beams = count_beams(stem, beam, mark.y / STRIDE)
    stemmed = replace(mark, says={**mark.says, "stem": _direction(mark, stem)})
    if beams == 0 and _has_flag(stem, flags):
        return _said(stemmed, np.array([0.01, 0.01, 0.1, *[1.0] * (LOGS - 3)]))
    chances = np.full(LOGS, 0.01)
    chances[2:] = (1 - _SURE) / 4
    chances[min(2 + beams, LOGS - 1)] = _SURE
    return _said(stemmed, chances)


def _only(log: int) -> NDArray[np.float64]:
    """The chances of values where the head says which it is."""
    chances = np.full(LOGS, 0.005)
    chances[log] = 1.0
    return chances


def _said(mark: Mark, chances: NDArray[np.float64]) -> Mark:
    """What the network says of the value, and what was counted."""
    both = (mark.says["log"] + 0.02) * chances
    return replace(mark, says={**mark.says, "log": both / both.sum()})


def _direction(mark: Mark, stem: Stem) -> NDArray[np.float64]:
    chances = mark.says["stem"] * 0.5
    chances[stem.direction] += 0.5
    return chances


def find_stems(mark: Mark, chances: NDArray[np.float32]) -> list[Stem]:
    """The longer of the stems at a head, up on its right side or down on its left one; both where both are plain."""
    both = [_longest(mark, chances, direction) for direction in (1, 2)]
    found = sorted(both, key=lambda item: -item[0])
    if all(length >= _PLAIN * CELLS and through > _PLAINLY for length, through, _ in found):
        return [stem for _, _, stem in found]
    return [stem for length, _, stem in found[:1] if length >= _SHORTEST * CELLS]


def _longest(mark: Mark, chances: NDArray[np.float32], direction: int) -> tuple[float, float, Stem]:
    """The longest stem on one side: how long it is (and likely), how plain, and itself."""
    row, column = int(mark.y / STRIDE), mark.x / STRIDE
    middle = column + (0.6 if direction == 1 else -0.6) * CELLS
    low, high = max(0, round(middle - 0.35 * CELLS)), round(middle + 0.35 * CELLS) + 1
    found = []
    for x in range(low, min(high, chances.shape[1])):
        end = _follow(chances, x, row, -1 if direction == 1 else 1)
        through = float(chances[min(end, row) : max(end, row) + 1, x].mean())
        likely = 1.0 + 0.2 * float(mark.says["stem"][direction]) + 0.1 * through
        found.append((abs(end - row) * likely, through, Stem(direction, x, end)))
    return max(found, key=lambda item: item[0], default=(0.0, 0.0, Stem(direction, 0, row)))


def _follow(chances: NDArray[np.float32], x: int, row: int, step: int) -> int:
    """The last row of a stem that is gone along from ``row``; a cell or two may be missing, more beside the head."""
    end, missing = row, 0
    allowed = int(CELLS)
    at = row
    while 0 <= at + step < len(chances) and missing <= allowed:
        at += step
        if chances[at, max(0, x - 1) : x + 2].max() > _TRACED:
            end, missing, allowed = at, 0, 2
        else:
            missing += 1
    return end


def count_beams(stem: Stem, chances: NDArray[np.float32], head_row: float) -> int:
    """Beams at the end of a stem, on the side that has more of them."""
    return max(
        _beams_at(stem, chances, head_row, x) for x in (stem.x - round(0.5 * CELLS), stem.x + round(0.5 * CELLS))
    )


def _beams_at(stem: Stem, chances: NDArray[np.float32], head_row: float, x: int) -> int:
    if not 0 <= x < chances.shape[1]:
        return 0
    step = 1 if stem.direction == 1 else -1
    begin = stem.end - step * round(0.6 * CELLS)
    first = last = None
    weight = 0.0
    for at in range(begin, round(head_row - step * 0.8 * CELLS), step):
        if not 0 <= at < len(chances):
            continue
        chance = float(chances[at, max(0, x - 1) : x + 1].max())
        if chance > _TRACED:
            first = at if first is None else first
            last = at
        elif (first is None and abs(at - begin) > 1.3 * CELLS) or (last is not None and abs(at - last) > 0.6 * CELLS):
            break
        if first is not None:
            weight += chance
    if first is None or last is None or weight < _LEAST_BEAM:
        return 0
    extent = (abs(last - first) + 1) / CELLS
    return max(1, round((extent - _BEAM) / _STEP) + 1)


def _has_flag(stem: Stem, flags: Sequence[Mark]) -> bool:
    x, y = (stem.x + 0.5) * STRIDE, (stem.end + 0.5) * STRIDE
    return any(-0.3 * UNIT < f.x - x < 1.6 * UNIT and abs(f.y - y) < 2.6 * UNIT for f in flags)
