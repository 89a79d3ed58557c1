"""Where things are on a page that Verovio drew: noteheads, systems and bars, read from the SVG itself.

Positions are facts of the drawing, not estimates: every notehead carries the id of its note. The SVG must be
drawn with ``svgBoundingBoxes``, which adds the width of each notehead's glyph.
"""

import re
import xml.etree.ElementTree as ET  # our own engraver's output, made in this process
from collections.abc import Iterator
from dataclasses import dataclass

from scorebench.errors import DataError

SVG = "{http://www.w3.org/2000/svg}"
_TRANSLATE = re.compile(r"translate\(\s*(-?[\d.]+)[,\s]+(-?[\d.]+)\s*\)")
_STAFF_LINE = re.compile(r"^M(-?[\d.]+) (-?[\d.]+) L(-?[\d.]+) (-?[\d.]+)$")


@dataclass(frozen=True)
class Box:
    """A box by its edges, in page pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def centred(self) -> dict[str, float]:
        """The box as the tables name it: x_px, y_px (centre), w_px, h_px."""
        return {
            "x_px": (self.left + self.right) / 2,
            "y_px": (self.top + self.bottom) / 2,
            "w_px": self.right - self.left,
            "h_px": self.bottom - self.top,
        }


@dataclass(frozen=True)
class DrawnSystem:
    """One line of staves: its box, its bars from left to right, and its noteheads.

    Attributes:
        box: from the top line of the top staff to the bottom line of the bottom staff, as wide as the lines.
        bars: one box a bar, as high as the system.
        heads: note id -> (x_px, y_px), the centre of its notehead.
    """

    box: Box
    bars: tuple[Box, ...]
    heads: dict[str, tuple[float, float]]


def read_page(svg: str, width_px: int) -> list[DrawnSystem]:
    """The systems of one page, from top to bottom, in pixels of an image ``width_px`` wide.

    Raises:
        DataError: the SVG has no page frame: it is not a page that Verovio drew.
    """
    root = ET.fromstring(svg)  # noqa: S314  # as above
    drawing = next((s for s in root.iter(f"{SVG}svg") if "definition-scale" in s.get("class", "")), None)
    margin = next(_of_class(root, "page-margin"), None)
    if drawing is None or margin is None:
        raise DataError("the engraver's page has no frame; install verovio 6 or newer")
    scale = width_px / float(drawing.get("viewBox", "").split()[2])
    dx, dy = _translation(margin)
    return [_system(group, _Frame(scale, dx, dy)) for group in _of_class(margin, "system")]


@dataclass(frozen=True)
class _Frame:
    """How the drawing's units become page pixels."""

    scale: float
    dx: float
    dy: float

    def x(self, value: float) -> float:
        return (value + self.dx) * self.scale

    def y(self, value: float) -> float:
        return (value + self.dy) * self.scale


def _of_class(element: ET.Element, name: str) -> Iterator[ET.Element]:
    """Groups called ``name`` below ``element``, without the boxes drawn around them and without what is hidden."""
    for child in element:
        words = child.get("class", "").split()
        if child.get("visibility") == "hidden" or "bounding-box" in words:
            continue
        if name in words[:1]:
            yield child
        yield from _of_class(child, name)


def _translation(element: ET.Element) -> tuple[float, float]:
    found = _TRANSLATE.search(element.get("transform", ""))
    return (float(found[1]), float(found[2])) if found else (0.0, 0.0)


def _system(group: ET.Element, frame: _Frame) -> DrawnSystem:
    extents = [_extent(measure, frame) for measure in _of_class(group, "measure")]
    bars = [e for e in extents if e is not None]
    if not bars:
        raise DataError("the engraver drew a system without staff lines; this score cannot be used")
    top, bottom = min(b.top for b in bars), max(b.bottom for b in bars)
    box = Box(min(b.left for b in bars), top, max(b.right for b in bars), bottom)
    heads = dict(head for note in _of_class(group, "note") if (head := _head(note, frame)) is not None)
    return DrawnSystem(box, tuple(Box(b.left, top, b.right, bottom) for b in bars), heads)


def _extent(measure: ET.Element, frame: _Frame) -> Box | None:
    """The box around the staff lines of one bar, all staves."""
    lines = [
        tuple(map(float, found.groups()))
        for staff in _of_class(measure, "staff")
        for path in staff.findall(f"{SVG}path")  # children only: ledger lines lie deeper
        if (found := _STAFF_LINE.match(path.get("d", ""))) is not None
    ]
    if not lines:
        return None
    left, right = min(x for x, *_ in lines), max(x for _, _, x, _ in lines)
    top, bottom = min(y for _, y, _, _ in lines), max(y for _, y, _, _ in lines)
    return Box(frame.x(left), frame.y(top), frame.x(right), frame.y(bottom))


def _head(note: ET.Element, frame: _Frame) -> tuple[str, tuple[float, float]] | None:
    """Note id and centre of its notehead; None for a note without one (hidden in the score)."""
    name = note.get("id", "")
    glyph = next((u for head in note if head.get("class") == "notehead" for u in head.iter(f"{SVG}use")), None)
    if glyph is None:
        return None
    rect = next((r for g in note if g.get("id") == f"bbox-{name}" for r in g.findall(f"{SVG}rect")), None)
    if rect is None:
        raise DataError(f"note {name}: no box around its head; draw the page with svgBoundingBoxes")
    x, y = _translation(glyph)  # a music font's notehead starts at its left edge, on its middle line
    return name, (frame.x(x + float(rect.get("width", "0")) / 2), frame.y(y))
