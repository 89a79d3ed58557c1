"""Where things are on a page that LilyPond drew: noteheads, systems and bars, read from the SVG itself.

Positions are facts of the drawing: ``lilypond.ily`` has marked each notehead with the number of its note, and each
notehead, staff and bar line with its system.
"""

import math
import re
import xml.etree.ElementTree as ET  # our own engraver's output, made in this process
from collections.abc import Iterator
from dataclasses import dataclass

from scorebench.build.lilypond import DPI
from scorebench.build.svg import SVG, Box
from scorebench.errors import DataError

MM_PER_INCH = 25.4
A4_MM = (210.0, 297.0)
_NEAR_PX = 3.0
"""Bar lines nearer than this are one: that of another staff, or part of a double bar."""

_TRANSFORM = re.compile(r"(translate|scale)\(\s*(-?[\d.]+)(?:[,\s]+(-?[\d.]+))?\s*\)")


@dataclass(frozen=True)
class DrawnSystem:
    """One line of staves.

    Attributes:
        box: from the top line of its top staff to the bottom line of its bottom staff, as wide as the lines.
        bars: one box a bar, left to right, as high as the system.
        heads: number of a note -> (x_px, y_px), the centre of its notehead.
    """

    box: Box
    bars: tuple[Box, ...]
    heads: dict[int, tuple[float, float]]


@dataclass(frozen=True)
class _Place:
    """From the coordinates of an element to those of the page."""

    x: float = 0.0
    y: float = 0.0
    x_scale: float = 1.0
    y_scale: float = 1.0

    def within(self, transform: str) -> "_Place":
        place = self
        for kind, a, b in _TRANSFORM.findall(transform):
            first, second = float(a), float(b or (a if kind == "scale" else 0))
            if kind == "translate":
                x, y = place.at(first, second)
                place = _Place(x, y, place.x_scale, place.y_scale)
            else:
                place = _Place(place.x, place.y, place.x_scale * first, place.y_scale * second)
        return place

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.x + x * self.x_scale, self.y + y * self.y_scale


def read_page(svg: str) -> list[DrawnSystem]:
    """The systems of one A4 page in pixels at 101 dpi, from top to bottom.

    Raises:
        DataError: the page is not A4, or its SVG is damaged.
    """
    try:
        root = ET.fromstring(svg)  # noqa: S314  # as above
        width, height = (float(root.get(name, "").removesuffix("mm")) for name in ("width", "height"))
        units = float(root.get("viewBox", "").split()[2])
    except (ET.ParseError, ValueError, IndexError) as error:
        raise DataError(f"the engraver's page cannot be read ({error})") from error
    if abs(width - A4_MM[0]) > 0.1 or abs(height - A4_MM[1]) > 0.1:
        raise DataError(f"the page is {width:g} x {height:g} mm, not A4; the score insists on its own paper")
    place = _Place(x_scale=width / units * DPI / MM_PER_INCH, y_scale=width / units * DPI / MM_PER_INCH)
    found: dict[str, _Marks] = {}
    for element, where in _marked(root, place):
        marks = found.setdefault(element.get("data-system", ""), _Marks([], [], {}))
        _add(marks, element, where)
    systems = [_system(marks) for marks in found.values() if marks.lines]
    return sorted(systems, key=lambda s: s.box.top)


@dataclass(frozen=True)
class _Marks:
    """What was found of one system: staff lines (x0, x1, y), bar lines (x, whether a line begins with it), heads."""

    lines: list[tuple[float, float, float]]
    bar_lines: list[float]
    heads: dict[int, tuple[float, float]]


def _marked(element: ET.Element, place: _Place) -> Iterator[tuple[ET.Element, _Place]]:
    for child in element:
        within = place.within(child.get("transform", ""))
        if child.get("class", "").startswith("scorebench-"):
            yield child, within
        else:
            yield from _marked(child, within)


def _add(marks: _Marks, element: ET.Element, place: _Place) -> None:
    kind = element.get("class", "")
    if kind == "scorebench-staff":
        for line, where in _descendants(element, place):
            if line.tag == f"{SVG}line":
                x0, y = where.at(float(line.get("x1", "0")), float(line.get("y1", "0")))
                x1, _ = where.at(float(line.get("x2", "0")), 0.0)
                marks.lines.append((x0, x1, y))
    elif kind == "scorebench-head":
        origin = next((where for _, where in _descendants(element, place)), None)
        if origin is None:  # not drawn: another voice's head stands for it
            return
        x, y = _Place(origin.x, origin.y, place.x_scale, place.y_scale).at(float(element.get("data-middle", "0")), 0.0)
        marks.heads[int(element.get("data-note", "0"))] = (x, y)
    elif kind == "scorebench-bar-line" and element.get("data-break") != "1":  # 1: the line begins with it
        xs = [where.x for _, where in _descendants(element, place)]
        if xs:
            marks.bar_lines.append((min(xs) + max(xs)) / 2)


def _descendants(element: ET.Element, place: _Place) -> Iterator[tuple[ET.Element, _Place]]:
    """What is drawn below ``element``, groups left out."""
    for child in element:
        within = place.within(child.get("transform", ""))
        if child.tag == f"{SVG}g":
            yield from _descendants(child, within)
        else:
            yield child, within


def _system(marks: _Marks) -> DrawnSystem:
    # A \bar outside of all staves makes one more, without music, whose lines are drawn somewhere behind the end.
    last = max(marks.bar_lines, default=math.inf)
    lines = [line for line in marks.lines if line[0] < last] or marks.lines
    left, right = min(x for x, _, _ in lines), max(x for _, x, _ in lines)
    top, bottom = min(y for _, _, y in lines), max(y for _, _, y in lines)
    ends: list[float] = []
    for x in sorted(marks.bar_lines):
        if x - left > _NEAR_PX and (not ends or x - ends[-1] > _NEAR_PX):
            ends.append(x)
    if not ends or any(x > ends[-1] for x, _ in marks.heads.values()):
        ends.append(right)  # the line breaks within a bar
    bars = tuple(Box(a, top, b, bottom) for a, b in zip([left, *ends], ends, strict=False))
    return DrawnSystem(Box(left, top, right, bottom), bars, marks.heads)
