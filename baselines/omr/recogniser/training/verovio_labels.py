"""Labelled pages from Verovio: its drawing names every symbol, and the MEI that it drew says what each note means."""

import xml.etree.ElementTree as ET  # our own scores and our own engraver's output
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.omr.recogniser.training.drawing import Frame, Shape, shapes, tag, trace
from baselines.omr.recogniser.training.labels import (
    LARGE,
    LabelledPage,
    Stroke,
    Symbol,
    middle,
    says,
    tuplet_of,
)
from scorebench.build.engrave import OPTIONS, PAGE_HEIGHT_PX, PAGE_WIDTH_PX

FONTS = ("Leland", "Leipzig", "Bravura", "Leland", "Gootville", "Leipzig")
"""The first is Verovio's own choice, and that of the dataset mini."""

_GLYPHS = {
    **{"E0A2": "whole", "E0A3": "half", "E0A4": "filled", "E0A0": "whole"},
    **{"E262": "sharp", "E260": "flat", "E261": "natural", "E263": "double-sharp", "E264": "double-flat"},
    **{"E050": "clef-G", "E062": "clef-F", "E05C": "clef-C", "E07A": "clef-G", "E07C": "clef-F", "E07B": "clef-C"},
    **{"E08A": "common", "E08B": "cut"},
    **{f"E{0x080 + n:03X}": f"digit-{n}" for n in range(10)},
}
"""SMuFL code points."""

_STROKES = {"stem": "stem", "barLine": "bar-line", "tie": "tie", "slur": "slur", "octave": "ottava", "beam": "beam"}
_LOGS = {"1": 0, "2": 1, "4": 2, "8": 3, "16": 4, "32": 5, "64": 6, "128": 6, "breve": 0}
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"


@dataclass(frozen=True)
class Meaning:
    """What the MEI says of a note or rest."""

    log: int
    dots: int
    tuplet: int
    tied: bool
    grace: bool


def labelled(mei: str, font: str, pages: int) -> list[LabelledPage]:
    """The first ``pages`` of a score (MEI), drawn in one of ``FONTS``."""
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions({**OPTIONS, "font": font})
    toolkit.loadData(mei)
    meanings = read_meanings(mei)
    toolkit.renderToMIDI()  # so that times are known
    return [read_page(toolkit, n + 1, meanings) for n in range(min(pages, toolkit.getPageCount()))]


def read_meanings(mei: str) -> dict[str, Meaning]:
    """xml:id of every note, chord's note and rest -> what it means."""
    root = ET.fromstring(mei)  # noqa: S314  # as above
    tied = {e.get("endid", "").removeprefix("#") for e in root.iter() if tag(e) == "tie"}
    found: dict[str, Meaning] = {}

    def walk(element: ET.Element, duration: tuple[int, int] | None, share: float) -> None:
        for child in element:
            own = duration
            if child.get("dur") is not None:
                own = _LOGS[child.get("dur", "4")], int(child.get("dots", "0"))
            if tag(child) in ("note", "rest") and own is not None:
                name = child.get(_XML_ID, "")
                found[name] = Meaning(*own, tuplet_of(share), name in tied, child.get("grace") is not None)
            is_tuplet = tag(child) == "tuplet"
            inner = share * int(child.get("numbase", "1")) / int(child.get("num", "1")) if is_tuplet else share
            walk(child, own if tag(child) == "chord" else duration, inner)

    walk(root, None, 1.0)
    return found


def read_page(toolkit: Any, number: int, meanings: dict[str, Meaning]) -> LabelledPage:
    """Page ``number``, counted from 1."""
    svg = toolkit.renderToSVG(number)
    reader = _Reader(ET.fromstring(svg), meanings, toolkit)  # noqa: S314  # as above
    return LabelledPage(_large(svg), (reader.interline,), tuple(reader.symbols()), tuple(reader.strokes()))


def _large(svg: str) -> NDArray[np.uint8]:
    import io

    import cairosvg
    from PIL import Image

    size = {"output_width": PAGE_WIDTH_PX * LARGE, "output_height": PAGE_HEIGHT_PX * LARGE}
    png = cairosvg.svg2png(bytestring=svg.encode(), background_color="white", **size)
    return np.asarray(Image.open(io.BytesIO(png)).convert("L"), np.uint8)


class _Reader:
    """One page's SVG, taken apart."""

    def __init__(self, root: ET.Element, meanings: dict[str, Meaning], toolkit: Any) -> None:
        self._meanings, self._toolkit = meanings, toolkit
        self._glyphs = {
            g.get("id", ""): np.array([1.0, -1.0]) * trace(path.get("d", ""))
            for defs in root.iter()
            if tag(defs) == "defs"
            for g in defs
            for path in g
        }
        drawing = next(e for e in root.iter() if "definition-scale" in e.get("class", ""))
        scale = PAGE_WIDTH_PX / float(drawing.get("viewBox", "").split()[2])
        self._groups = list(_groups(drawing, Frame(scale=(scale, scale)), ()))
        self.interline = 140 * scale
        self._scale = scale

    def _uses(self, element: ET.Element, frame: Frame) -> list[tuple[str, Shape]]:
        """Glyphs drawn directly in a group: (code point, shape)."""
        found = []
        for child in element:
            if tag(child) == "use":
                name = child.get("{http://www.w3.org/1999/xlink}href", "").removeprefix("#")
                within = frame.within(child.get("transform", ""))
                found.append((name[:4], Shape(within.points(self._glyphs[name]), within.shift, within.scale[0])))
        return found

    def strokes(self) -> Iterator[Stroke]:
        """Stems, beams and so on; of a group only what it draws itself."""
        for kind, element, frame, _ in self._groups:
            if kind in _STROKES:
                for child in element:
                    if tag(child) in ("path", "polygon", "rect"):
                        own = ET.Element("g")
                        own.append(child)
                        yield from (Stroke(_STROKES[kind], s.outline) for s in shapes(own, frame))
                for _, shape in self._uses(element, frame) if kind == "octave" else ():
                    left, top, right, bottom = shape.box
                    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
                    yield Stroke("ottava", np.array(corners))

    def symbols(self) -> Iterator[Symbol]:
        """All symbols of the page."""
        heads = []
        for kind, element, frame, above in self._groups:
            uses = self._uses(element, frame)
            if kind == "notehead" and uses:
                heads.append((above[-1], uses[0]))
            elif kind == "dots":
                yield from (Symbol("dot", *_spot(child, frame)) for child in element if tag(child) == "ellipse")
            elif kind == "flag":
                yield from (Symbol("flag", *shape.centre) for _, shape in uses)
            elif kind == "mRest":
                yield from (Symbol("measure-rest", *shape.centre) for _, shape in uses)
            elif kind == "rest" and uses and (meaning := self._meanings.get(element.get("id", ""))):
                said = says(meaning.log, meaning.dots, meaning.tuplet, False, 0, 0)
                yield Symbol("rest", *middle([shape for _, shape in uses]), said)
            elif kind in ("accid", "keyAccid", "clef", "meterSig"):
                yield from self._plain(kind, uses)
        yield from self._heads(heads)

    def _plain(self, kind: str, uses: list[tuple[str, Shape]]) -> Iterator[Symbol]:
        for code, shape in uses:
            name = _GLYPHS.get(code)
            if name is not None:
                at = shape.centre[1] if kind == "meterSig" else shape.origin[1]
                yield Symbol(f"key-{name}" if kind == "keyAccid" else name, shape.centre[0], at)

    def _heads(self, heads: list[tuple[ET.Element, tuple[str, Shape]]]) -> Iterator[Symbol]:
        stems = [s.outline for s in self.strokes() if s.kind == "stem"]
        middles = self._middles()
        known = [(note.get("id", ""), code, shape) for note, (code, shape) in heads if note.get("id") in self._meanings]
        columns = self._columns([(name, shape) for name, _, shape in known])
        for name, code, shape in known:
            meaning, (x, _) = self._meanings[name], shape.centre
            y = shape.origin[1]
            position = (middles[name] - y) / self.interline * 2
            said = says(meaning.log, meaning.dots, meaning.tuplet, meaning.tied, self._stem(stems, x, y), position)
            column = columns.get(name)
            kind = "grace" if meaning.grace else _GLYPHS.get(code, "filled")
            yield Symbol(kind, x, y, said, None if column is None else (column - x) / self.interline)

    def _stem(self, stems: list[NDArray[np.float64]], x: float, y: float) -> int:
        """1, -1 or 0: where the stem goes that touches a head at (x, y)."""
        reach = 0.8 * self.interline
        for (x0, y0), (_, y1) in ((s[0], s[-1]) for s in stems if len(s) == 2):
            top, bottom = min(y0, y1), max(y0, y1)
            if abs(x0 - x) < reach and top - 0.3 * self.interline <= y <= bottom + 0.3 * self.interline:
                return 1 if y - top > bottom - y else -1
        return 0

    def _middles(self) -> dict[str, float]:
        """Note -> y of the middle line of its staff."""
        found: dict[str, float] = {}
        for kind, element, frame, _ in self._groups:
            if kind == "staff":
                lines = [s.centre[1] for c in element if tag(c) == "path" for s in shapes(_alone(c), frame)]
                if len(lines) == 5:
                    found |= {
                        note.get("id", ""): sorted(lines)[2] for note in element.iter() if note.get("class") == "note"
                    }
        return found

    def _columns(self, known: list[tuple[str, Shape]]) -> dict[str, float]:
        """Note -> the middle of the heads that begin with it, where that is plain."""
        together: dict[float, list[tuple[str, float]]] = {}
        for name, shape in known:
            if not self._meanings[name].grace:
                onset = float(self._toolkit.getTimesForElement(name)["qfracOn"][0][0]) / float(
                    self._toolkit.getTimesForElement(name)["qfracOn"][0][1]
                )
                together.setdefault(round(onset, 4), []).append((name, shape.centre[0]))
        found: dict[str, float] = {}
        for group in together.values():
            xs = np.array([x for _, x in group])
            near = [int((abs(xs - x) < 0.2 * self.interline).sum()) for x in xs]
            if max(near) * 2 > len(xs):
                found |= {name: float(xs[int(np.argmax(near))]) for name, _ in group}
        return found


def _spot(element: ET.Element, frame: Frame) -> tuple[float, float]:
    at = frame.points(np.array([[float(element.get("cx", "0")), float(element.get("cy", "0"))]]))[0]
    return float(at[0]), float(at[1])


def _alone(element: ET.Element) -> ET.Element:
    group = ET.Element("g")
    group.append(element)
    return group


_Group = tuple[str, ET.Element, Frame, tuple[ET.Element, ...]]


def _groups(element: ET.Element, frame: Frame, above: tuple[ET.Element, ...]) -> Iterator[_Group]:
    """Every group with a class: (its first class, it, the frame within it, the groups around it)."""
    for child in element:
        if tag(child) == "g":
            within = frame.within(child.get("transform", ""))
            name = child.get("class", "").split(" ")[0]
            if name and "bounding-box" not in child.get("class", ""):
                yield name, child, within, above
            yield from _groups(child, within, (*above, child))
