"""A page whose symbols are known, in the form that both engravers' drawings are brought to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.omr.recogniser.symbols import PROPERTIES
from baselines.omr.recogniser.training.drawing import Shape

LARGE = 2
"""Pictures are kept this many times as large as the page, so that training sees sharper ones, too."""


@dataclass(frozen=True)
class Symbol:
    """One symbol: its kind (``symbols.KINDS``), its centre in pixels of the page, and what is said of it.

    Attributes:
        says: property -> answer, of notes and rests.
        column: interlines from its centre to the middle of the notes that begin with it; None where unknown.
    """

    kind: str
    x: float
    y: float
    says: Mapping[str, int] | None = None
    column: float | None = None


@dataclass(frozen=True)
class Stroke:
    """A stem, beam and so on: (n, 2) outline in pixels of the page; a line has two points."""

    kind: str
    outline: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LabelledPage:
    """A page and all that is on it.

    Attributes:
        picture: (h, w) uint8, ``LARGE`` times as large as the page.
        interline_px: distance of staff lines on the page; pages with staves of several sizes have several.
    """

    picture: NDArray[np.uint8]
    interline_px: tuple[float, ...]
    symbols: tuple[Symbol, ...]
    strokes: tuple[Stroke, ...]


def says(log: int, dots: int, tuplet: int, tied: bool, stem: int, position: float) -> dict[str, int]:
    """The properties of a note (``symbols.PROPERTIES``).

    Args:
        stem: 0 none, 1 up, -1 down.
        position: half interlines above the middle line of its staff.
    """
    side = 0 if abs(position) <= 4 else 1 if position > 0 else 2
    answers = (min(max(log, 0), 6), min(dots, 2), tuplet, int(tied), stem % 3, side)
    return dict(zip(PROPERTIES, answers, strict=True))


def tuplet_of(share: float) -> int:
    """Which answer says that a note takes ``share`` of its written length."""
    return 0 if abs(share - 1) < 1e-3 else 1 if abs(share - 2 / 3) < 1e-3 else 2


def middle(shape_list: Sequence[Shape]) -> tuple[float, float]:
    """Centre of the box around all of ``shape_list``."""
    boxes = np.array([shape.box for shape in shape_list])
    return float(boxes[:, 0].min() + boxes[:, 2].max()) / 2, float(boxes[:, 1].min() + boxes[:, 3].max()) / 2


def digits(number_shapes: Sequence[Shape], numerals: Sequence[str]) -> list[Symbol]:
    """The digits of a time signature: ``numerals`` (above, below), whose shapes are told apart by their height."""
    heights = [shape.centre[1] for shape in number_shapes]
    between = (min(heights) + max(heights)) / 2
    found = []
    for numeral, is_below in zip(numerals, (False, True), strict=True):
        row = sorted((s for s in number_shapes if (s.centre[1] > between) == is_below), key=lambda s: s.centre[0])
        if len(row) == len(numeral):
            found += [Symbol(f"digit-{d}", *s.centre) for d, s in zip(numeral, row, strict=True)]
    return found
