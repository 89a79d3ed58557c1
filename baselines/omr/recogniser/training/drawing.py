"""What an engraver drew, as outlines in pixels of the page: the groups of an SVG that carry a class, and their shapes.

Only as much of SVG is understood as LilyPond and Verovio write.
"""

import re
import xml.etree.ElementTree as ET  # our own engravers' output
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_TRANSFORM = re.compile(r"(translate|scale)\(\s*(-?[\d.]+)(?:[,\s]+(-?[\d.]+))?\s*\)")
_TOKEN = re.compile(r"[A-Za-z]|-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?")
_CURVE = np.linspace(0, 1, 5)[1:, None]
_DIGIT_WIDTH = 1.3
"""Interlines; LilyPond's digits are about as wide as each other."""

_TAKES = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Q": 4, "S": 4, "T": 2, "Z": 0}


@dataclass(frozen=True)
class Frame:
    """From coordinates of an element to those of the page: ``page = shift + scale * own``."""

    shift: tuple[float, float] = (0.0, 0.0)
    scale: tuple[float, float] = (1.0, 1.0)

    def within(self, transform: str) -> "Frame":
        """The frame of an element with this ``transform`` (translations and scalings)."""
        (x, y), (kx, ky) = self.shift, self.scale
        for kind, first, second in _TRANSFORM.findall(transform):
            a, b = float(first), float(second or (first if kind == "scale" else 0))
            if kind == "translate":
                x, y = x + kx * a, y + ky * b
            else:
                kx, ky = kx * a, ky * b
        return Frame((x, y), (kx, ky))

    def points(self, own: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) own coordinates to (n, 2) pixels."""
        return np.asarray(self.shift) + np.asarray(self.scale) * own


@dataclass(frozen=True)
class Shape:
    """One thing that was drawn.

    Attributes:
        outline: (n, 2) x and y in pixels; of a line, its two ends.
        origin: where its own coordinates begin, in pixels: a glyph's reference point.
        scale: pixels a unit of its own coordinates.
    """

    outline: NDArray[np.float64]
    origin: tuple[float, float]
    scale: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        (left, top), (right, bottom) = self.outline.min(axis=0), self.outline.max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the box."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2


def tag(element: ET.Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def shapes(element: ET.Element, frame: Frame) -> Iterator[Shape]:
    """What is drawn below ``element``; of words, only digits in a music font."""
    for child in element:
        within = frame.within(child.get("transform", ""))
        outlines = _numerals(child) if tag(child) == "text" else [own] if (own := _outline(child)) is not None else []
        if outlines:
            yield from (Shape(within.points(o), within.shift, abs(within.scale[0])) for o in outlines if len(o))
        elif tag(child) in ("g", "svg"):
            yield from shapes(child, within)


def _numerals(element: ET.Element) -> list[NDArray[np.float64]]:
    """Boxes of the digits of a time signature, which LilyPond writes as words in its music font, 4 interlines high."""
    if "emmentaler" not in element.get("font-family", ""):
        return []
    unit = float(element.get("font-size", "4")) / 4
    words = "".join(element.itertext()).strip()
    box = np.array([[0.0, -2.0], [_DIGIT_WIDTH, 0.0]]) * unit
    return [box + np.array([i * _DIGIT_WIDTH * unit, 0.0]) for i in range(len(words))]


def _outline(element: ET.Element) -> NDArray[np.float64] | None:
    def number(name: str) -> float:
        return float(element.get(name, "0"))

    kind = tag(element)
    if kind == "path":
        return trace(element.get("d", ""))
    if kind == "polygon":
        return np.array([float(n) for n in _TOKEN.findall(element.get("points", ""))]).reshape(-1, 2)
    if kind == "line":
        return np.array([[number("x1"), number("y1")], [number("x2"), number("y2")]])
    if kind == "rect":
        x, y, w, h = (number(name) for name in ("x", "y", "width", "height"))
        return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
    return None


def trace(path: str) -> NDArray[np.float64]:
    """The outline (n, 2) of the data of an SVG path, its curves as five points."""
    at, start, made = np.zeros(2), np.zeros(2), [np.zeros((0, 2))]
    control = at
    for letter, numbers in _commands(path):
        kind, offset = letter.upper(), at if letter.islower() else np.zeros(2)
        if kind == "Z":
            at = start
            continue
        if kind in "HV":
            at = at.copy()
            at["HV".index(kind)] = numbers[0] + offset["HV".index(kind)]
            points = at[None]
        else:
            ends = np.array(numbers).reshape(-1, 2) + offset
            if kind in "ST":
                ends = np.vstack([2 * at - control, ends])
            points = ends if len(ends) == 1 else _bezier(np.vstack([at, ends]))
            control, at = (ends[-2] if len(ends) > 1 else ends[-1]), ends[-1]
        start = at if kind == "M" else start
        made.append(points)
    return np.vstack(made)


def _commands(path: str) -> Iterator[tuple[str, list[float]]]:
    letter, numbers = "", list[float]()
    for token in _TOKEN.findall(path):
        if token.isalpha():
            letter, numbers = token, []
        else:
            numbers.append(float(token))
        if letter and len(numbers) == _TAKES.get(letter.upper(), -1):
            yield letter, numbers
            letter, numbers = {"M": "L", "m": "l"}.get(letter, letter), []
            if letter in "Zz":
                letter = ""


def _bezier(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """de Casteljau: control points (n, 2) to four points of the curve after its first."""
    level = [point[None] for point in points]
    while len(level) > 1:
        level = [(1 - _CURVE) * a + _CURVE * b for a, b in pairwise(level)]
    return np.asarray(level[0], np.float64)
