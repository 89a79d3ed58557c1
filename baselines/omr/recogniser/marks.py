"""What the network found on a page, as a list of marks and maps of strokes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from baselines.omr.recogniser.symbols import (
    ACCIDENTALS,
    CLEFS,
    HEADS,
    INTERLINE_PX,
    KEY_SIGNS,
    KINDS,
    PROPERTIES,
    RESTS,
    STRIDE,
    STROKES,
    TIMES,
)

UNIT: float = float(INTERLINE_PX)
"""An interline, in pixels of the scaled page: the coordinates of everything that follows."""

_LEAST, _LEAST_SIGN = 0.3, 0.1
"""Chance from which on a mark counts; signs that stand only in certain places are looked at earlier."""

_SIGNS = (*KEY_SIGNS, *CLEFS)


@dataclass(frozen=True, eq=False)
class Mark:
    """One symbol.

    Attributes:
        kind: of ``symbols.KINDS``.
        x, y: its centre, in pixels of the scaled page.
        chance: that it is there, 0 to 1.
        says: property -> chance of each answer; notes and rests only.
        column: x of the middle of the notes that begin with it; notes and rests only.
    """

    kind: str
    x: float
    y: float
    chance: float = 1.0
    says: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    column: float = 0.0

    def most(self, name: str) -> int:
        """The likeliest answer of a property."""
        return int(np.argmax(self.says[name]))


@dataclass(frozen=True, eq=False)
class Marks:
    """A page as the network saw it.

    Attributes:
        symbols: marks, of all kinds.
        strokes: (STROKES, h, w) chances, one cell ``symbols.STRIDE`` pixels.
    """

    symbols: tuple[Mark, ...]
    strokes: NDArray[np.float32]

    def stroke(self, kind: str) -> NDArray[np.float32]:
        """The map of one kind of stroke."""
        found: NDArray[np.float32] = self.strokes[STROKES.index(kind)]
        return found


@dataclass(frozen=True, eq=False)
class Maps:
    """The network's answer for a page as arrays: chances, and offsets as they are (``network.Answer``)."""

    kinds: NDArray[np.float32]
    strokes: NDArray[np.float32]
    properties: Mapping[str, NDArray[np.float32]]
    offsets: NDArray[np.float32]


def find_marks(maps: Maps) -> Marks:
    """Cells that are likelier than those around them, each with what is said there."""
    from scipy.ndimage import maximum_filter

    highest = maximum_filter(maps.kinds, size=(1, 3, 3), mode="constant")
    least = np.array([_LEAST_SIGN if kind in _SIGNS else _LEAST for kind in KINDS], np.float32)[:, None, None]
    kind, row, column = np.nonzero((maps.kinds == highest) & (maps.kinds >= least))
    order = np.argsort(-maps.kinds[kind, row, column], kind="stable")
    symbols: list[Mark] = []
    for k, r, c in zip(kind[order], row[order], column[order], strict=True):
        mark = _mark(maps, int(k), int(r), int(c))
        if not any(_same(mark, other) for other in symbols):
            symbols.append(mark)
    return Marks(tuple(sorted(symbols, key=lambda m: (m.x, m.y))), maps.strokes)


_ALIKE = (HEADS, RESTS, (*ACCIDENTALS, *KEY_SIGNS), (*CLEFS, *TIMES))
_SHAPES = {name: group for group, names in enumerate(_ALIKE) for name in names}
"""Kinds that exclude each other at one place."""


def _same(mark: Mark, other: Mark) -> bool:
    """Whether two marks are one symbol, seen twice."""
    reach_x, reach_y = (0.6 * UNIT, 0.35 * UNIT) if mark.kind != "dot" else (0.3 * UNIT, 0.3 * UNIT)
    if abs(mark.x - other.x) > reach_x or abs(mark.y - other.y) > reach_y:
        return False
    return mark.kind == other.kind or (mark.kind in _SHAPES and _SHAPES.get(mark.kind) == _SHAPES.get(other.kind))


def _mark(maps: Maps, kind: int, row: int, column: int) -> Mark:
    dx, dy, to_column = (float(v) for v in maps.offsets[:, row, column])
    x, y = (column + 0.5 + np.clip(dx, -1.5, 1.5)) * STRIDE, (row + 0.5 + np.clip(dy, -1.5, 1.5)) * STRIDE
    says = {}
    if KINDS[kind] in (*HEADS, *RESTS):
        says = {name: maps.properties[name][:, row, column].astype(np.float64) for name in PROPERTIES}
    return Mark(
        KINDS[kind], float(x), float(y), float(maps.kinds[kind, row, column]), says, float(x) + to_column * UNIT
    )
