"""Systems, their staves and their measures, and to which staff each mark belongs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.omr.recogniser.marks import UNIT, Mark, Marks
from baselines.omr.recogniser.staves import Staff
from baselines.omr.recogniser.symbols import CLEFS, HEADS, RESTS, STRIDE

_BAR = 0.5
"""Share of a staff's height that a bar line covers at least."""

_RULED = 0.97
"""Share of the height of several staves that is black where a line goes through them; the network may then doubt."""

_DOUBTED = 0.1

_DARK = 0.35
"""Ink of a pixel from which on it is a line's."""

_NEAR = 2.0
"""Interlines within which bar lines are parts of one."""

_FIRST_CLEF = 7.0
"""Interlines from where a line begins, within which its first clef stands."""

_CLEAR = 0.5
"""Chance of a clef from which on it counts elsewhere."""

_FARTHEST = 11.0
"""Interlines from a staff to a mark that still belongs to it."""

_ROUND_TIMES = ("common", "cut")

_FEW_LINES = 3
"""Ledger lines that a head may need without being asked for them."""

_LEDGER = 0.7
"""Interlines to the left and right of a head's centre that its ledger lines reach at least."""


@dataclass(frozen=True)
class System:
    """One line of music.

    Attributes:
        staves: from the top.
        bars: x at which each measure begins, and the end of the last.
    """

    staves: tuple[Staff, ...]
    bars: tuple[float, ...]

    @property
    def left(self) -> float:
        """Where its staves begin."""
        return min(staff.left for staff in self.staves)

    @property
    def right(self) -> float:
        """Where its staves end."""
        return max(staff.right for staff in self.staves)

    def measure_at(self, x: float) -> int:
        """Number of the measure at ``x``, from 0."""
        return int(np.clip(np.searchsorted(self.bars, x) - 1, 0, len(self.bars) - 2))


def with_bars(staves: Sequence[Staff], marks: Marks, ink: NDArray[np.float32]) -> System:
    """A system with the bar lines found in it; the ends of its staves are bars, too.

    Args:
        ink: (h, w) of the scaled page, 0 paper to 1 ink.
    """
    left, right = min(s.left for s in staves), max(s.right for s in staves)
    lines = [x for x in bar_lines(staves, marks.stroke("bar-line"), ink) if x - left > _NEAR * UNIT]
    heads = [m.x for m in marks.symbols if m.kind in HEADS and staves[0].top < m.y < staves[-1].bottom]
    open_end = not lines or any(lines[-1] + 0.5 * UNIT < x < right for x in heads)
    ends = [*lines, right] if open_end else lines
    return System(tuple(staves), (left, *ends))


def bar_lines(staves: Sequence[Staff], chances: NDArray[np.float32], ink: NDArray[np.float32]) -> list[float]:
    """x of bar lines that go through all ``staves``, those of a double bar as one (its last)."""
    wide = np.maximum(chances, np.maximum(np.roll(chances, 1, 1), np.roll(chances, -1, 1)))
    shares = [_share(wide, staff) for staff in staves]
    covered = np.min(shares, axis=0)
    if len(staves) > 1:
        ruled = _ruled(staves, ink)[: len(covered)] >= _RULED
        covered = np.where(ruled & (covered > _DOUBTED), 1.0, covered)
    weight = np.mean([_share(chances, staff) for staff in staves], axis=0)
    found: list[float] = []
    begin = None
    for at in range(len(covered) + 1):
        dark = at < len(covered) and covered[at] > _BAR
        if dark and begin is None:
            begin = at
        elif not dark and begin is not None:
            part = weight[begin:at] + 1e-6
            x = float((part * (np.arange(begin, at) + 0.5)).sum() / part.sum()) * STRIDE
            if found and x - found[-1] < _NEAR * UNIT:
                found[-1] = x
            else:
                found.append(x)
            begin = None
    return found


def _ruled(staves: Sequence[Staff], ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Share of the rows from the first to the last line of a system that are black, of each cell's columns."""
    rows = ink[int(staves[0].top) : int(staves[-1].bottom) + 1, : ink.shape[1] // STRIDE * STRIDE] > _DARK
    wide = rows | np.roll(rows, 1, 1)
    share: NDArray[np.float32] = wide.mean(axis=0, dtype=np.float32).reshape(-1, STRIDE).max(axis=1)
    return np.append(share, np.float32(0))


def _share(chances: NDArray[np.float32], staff: Staff) -> NDArray[np.float32]:
    """Share of the rows of a staff in which each column is marked."""
    rows = chances[max(0, int(staff.top / STRIDE)) : int(staff.bottom / STRIDE) + 1]
    share: NDArray[np.float32] = np.clip(rows * 2, 0, 1).mean(axis=0) if len(rows) else chances[0] * 0
    return share


@dataclass(frozen=True, eq=False)
class Placed:
    """A mark, its system, the staff and measure of that (all from 0), and half interlines above the middle line."""

    mark: Mark
    system: int
    staff: int
    measure: int
    position: int


def place(systems: Sequence[System], marks: Marks) -> list[Placed]:
    """Every mark that is near a staff, from left to right."""
    placed = [p for mark in marks.symbols if (p := _place(systems, mark)) is not None]
    clefs = [p for p in placed if p.mark.kind in CLEFS]
    clefs = [p for p in clefs if _is_plausible(p, clefs, systems[p.system])]
    begins = {(p.system, p.staff): p.mark.x for p in reversed(clefs)}  # of each staff, its first clef
    placed = [p for p in placed if not _is_in_time_signature(p, placed)]
    return [p for p in placed if p in clefs or (p.mark.kind not in CLEFS and _is_behind_clef(p, begins, systems))]


def _is_in_time_signature(head: Placed, placed: Sequence[Placed]) -> bool:
    """Whether a head is the curve of a C that stands for four quarters."""
    if head.mark.kind not in HEADS:
        return False
    signs = [p.mark for p in placed if p.mark.kind in _ROUND_TIMES and (p.system, p.staff) == (head.system, head.staff)]
    return any(abs(s.x - head.mark.x) < UNIT and abs(s.y - head.mark.y) < UNIT for s in signs)


def has_ledger_lines(placed: Placed, staff: Staff, ink: NDArray[np.float32]) -> bool:
    """Whether lines lead from ``staff`` to a head far from it; those of letters in a title do not.

    Args:
        ink: (h, w) of the scaled page, 0 paper to 1 ink.
    """
    lines = abs(placed.position) // 2 - 2
    if placed.mark.kind not in HEADS or lines < _FEW_LINES:
        return True
    edge, step = (staff.top, -UNIT) if placed.position > 0 else (staff.bottom, UNIT)
    columns = slice(max(0, round(placed.mark.x - _LEDGER * UNIT)), round(placed.mark.x + _LEDGER * UNIT) + 1)
    rows = [round(edge + step * line) for line in range(1, lines + 1)]
    shares = [(ink[max(0, row - 2) : row + 3, columns] > _DARK).any(axis=0).mean() for row in rows]
    return float(np.mean(np.array(shares) > 0.8)) >= 0.5


def _is_behind_clef(placed: Placed, begins: Mapping[tuple[int, int], float], systems: Sequence[System]) -> bool:
    """Notes and rests come after the clef with which a line begins."""
    left = systems[placed.system].left
    first = min(begins.get((placed.system, placed.staff), left), left + _FIRST_CLEF * UNIT)
    return placed.mark.kind not in (*HEADS, *RESTS) or placed.mark.x > first + UNIT


def _is_plausible(clef: Placed, clefs: Sequence[Placed], system: System) -> bool:
    """Where a line begins there is one clef a staff, the likeliest; elsewhere a clef must be clear."""

    def begins(p: Placed) -> bool:
        return p.mark.x < system.left + _FIRST_CLEF * UNIT

    if not begins(clef):
        return clef.mark.chance >= _CLEAR
    rivals = [p for p in clefs if (p.system, p.staff) == (clef.system, clef.staff) and begins(p)]
    return clef is max(rivals, key=lambda p: p.mark.chance)


def _place(systems: Sequence[System], mark: Mark) -> Placed | None:
    staves = [(i, j, staff) for i, system in enumerate(systems) for j, staff in enumerate(system.staves)]
    near = [s for s in staves if abs(mark.y - s[2].middle) < (_FARTHEST + 2) * UNIT]
    near = [s for s in near if s[2].left - 2 * UNIT < mark.x < s[2].right + 2 * UNIT]
    if not near:
        return None
    i, j, staff = min(near, key=lambda s: abs(mark.y - s[2].middle) + _doubt(mark, s[2]))
    position = round((staff.middle - mark.y) / (UNIT / 2))
    where = mark.column if mark.kind in HEADS else mark.x
    return Placed(mark, i, j, systems[i].measure_at(where), position)


def _doubt(mark: Mark, staff: Staff) -> float:
    """Pixels by which a staff is put farther away, where the ledger lines of a head lead to another."""
    if "side" not in mark.says or mark.kind not in HEADS:
        return 0.0
    _, below, above = mark.says["side"]
    if staff.top - 0.75 * UNIT <= mark.y <= staff.bottom + 0.75 * UNIT:
        return 0.0
    leads = below if mark.y < staff.middle else above
    return 12 * UNIT * float(1 - leads)
