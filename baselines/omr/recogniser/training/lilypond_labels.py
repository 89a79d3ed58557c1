"""Labelled pages from LilyPond: its drawing says what each symbol is (``labels.ily``), its log what each note means."""

import xml.etree.ElementTree as ET  # our own engraver's output, made in this process
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.omr.recogniser.training.drawing import Frame, Shape, shapes
from baselines.omr.recogniser.training.labels import (
    LARGE,
    LabelledPage,
    Stroke,
    Symbol,
    digits,
    middle,
    says,
    tuplet_of,
)
from scorebench.build.lilypond import DPI, Drawn, draw
from scorebench.build.lilypond_log import Music, read_log

SETTINGS = Path(__file__).with_name("labels.ily")
_HALF_HEAD = 0.65
"""Interlines from the left edge of a notehead to its middle."""

_ACCIDENTALS = {1.0: "double-sharp", 0.5: "sharp", 0.0: "natural", -0.5: "flat", -1.0: "double-flat"}
_STROKES = {"stem": "stem", "beam": "beam", "tie": "tie", "slur": "slur", "ottava": "ottava", "span-bar": "bar-line"}


def labelled(source: Path, timeout_s: float) -> list[LabelledPage]:
    """Engrave ``source``, a LilyPond file of the present syntax in a folder of its own, with labels.

    Raises:
        DataError: LilyPond reports an error, or takes too long.
        MissingDependencyError: LilyPond is not installed.
    """
    text = source.read_text(encoding="utf-8")
    source.write_text(f'\\include "{SETTINGS}"\n{text}', encoding="utf-8")
    return read_drawn(draw(source, timeout_s))


def read_drawn(drawn: Drawn) -> list[LabelledPage]:
    """The pages of one run of LilyPond."""
    printed, _ = read_log(drawn.log)
    pages = zip(drawn.drawings, drawn.pictures, strict=True)
    return [page for svg, png in pages if (page := read_page(svg, _tied(printed), picture(png))).interline_px]


def picture(path: Path) -> NDArray[np.uint8]:
    """A page as LilyPond drew it, ``LARGE`` times its own size."""
    from PIL import Image

    with Image.open(path) as drawn:
        size = (835 * LARGE, 1181 * LARGE)
        return np.asarray(drawn.convert("L").resize(size, Image.Resampling.BOX), np.uint8)


def _tied(printed: list[Music]) -> frozenset[int]:
    """Numbers of the notes that are the right end of a tie."""
    return frozenset(right for music in printed for _, right in music.ties)


def read_page(svg: str, tied: frozenset[int], image: NDArray[np.uint8]) -> LabelledPage:
    """The symbols and strokes of one A4 page (``svg``)."""
    root = ET.fromstring(svg)  # noqa: S314  # as above
    scale = float(root.get("width", "").removesuffix("mm")) / float(root.get("viewBox", "").split()[2]) * DPI / 25.4
    symbols: list[Symbol] = []
    strokes: list[Stroke] = []
    interlines: set[float] = set()
    for element, frame in _marked(root, Frame(scale=(scale, scale))):
        kind = element.get("class", "").partition("-")[2]
        drawn = list(shapes(element, frame))
        if not drawn:
            continue
        if kind == "staff":
            interlines.add(_interline(drawn))
        elif kind in _STROKES or (kind == "bar-line" and element.get("data-break") != "1"):
            strokes += [Stroke(_STROKES.get(kind, kind), shape.outline) for shape in drawn]
        elif kind in _READERS:
            symbols += _READERS[kind](element, drawn, tied)
    return LabelledPage(image, tuple(sorted(i for i in interlines if i > 0)), tuple(symbols), tuple(strokes))


def _marked(element: ET.Element, frame: Frame) -> Iterator[tuple[ET.Element, Frame]]:
    for child in element:
        within = frame.within(child.get("transform", ""))
        if child.get("class", "").startswith(("scorebench-", "label-")):
            yield child, within
        else:
            yield from _marked(child, within)


def _interline(lines: list[Shape]) -> float:
    heights = sorted({round(shape.centre[1], 3) for shape in lines})
    return round(float(np.median(np.diff(heights))), 2) if len(heights) == 5 else 0.0


def _unit(drawn: list[Shape], element: ET.Element) -> float:
    """Pixels an interline of its staff: a glyph's own unit is 0.004 interlines, at font size 0."""
    return drawn[0].scale / 0.004 / 2 ** (float(element.get("data-font-size", "0")) / 6)


def _head(element: ET.Element, drawn: list[Shape], tied: frozenset[int]) -> list[Symbol]:
    if element.get("data-log") is None:
        return []
    log, unit = int(element.get("data-log", "2")), _unit(drawn, element)
    number = int(element.get("data-note", "0"))
    said = _says(element, number in tied, float(element.get("data-position", "0")))
    kind = (
        "grace" if float(element.get("data-font-size", "0")) <= -2 else ("whole", "half", "filled")[min(max(log, 0), 2)]
    )
    x, _ = middle(drawn)
    origin = drawn[0].origin
    column = origin[0] - float(element.get("data-column", "0")) * unit + _HALF_HEAD * unit
    return [Symbol(kind, x, origin[1], said, (column - x) / unit)]


def _rest(element: ET.Element, drawn: list[Shape], tied: frozenset[int]) -> list[Symbol]:  # noqa: ARG001
    if element.get("data-log") is None:
        return []
    x, y = middle(drawn)
    unit = _unit(drawn, element)
    column = drawn[0].origin[0] - float(element.get("data-column", "0")) * unit + _HALF_HEAD * unit
    return [Symbol("rest", x, y, _says(element, False, 0), (column - x) / unit)]


def _says(element: ET.Element, is_tied: bool, position: float) -> dict[str, int]:
    share = float(Fraction(element.get("data-scale", "1")))
    stem = int(float(element.get("data-stem", "0")))
    log, dots = int(element.get("data-log", "2")), int(element.get("data-dots", "0"))
    return says(log, dots, tuplet_of(share), is_tied, stem, position)


def _each(kind: str) -> "_Reader":
    """Every shape is a symbol of ``kind``."""
    return lambda element, drawn, tied: [Symbol(kind, *shape.centre) for shape in drawn]  # noqa: ARG005


def _at_origin(name: Callable[[Mapping[str, str]], str]) -> "_Reader":
    """Every shape is a symbol, at the height of its reference point."""

    def read(element: ET.Element, drawn: list[Shape], tied: frozenset[int]) -> list[Symbol]:  # noqa: ARG001
        kind = name(element.attrib)
        return [Symbol(kind, shape.centre[0], shape.origin[1]) for shape in drawn] if kind else []

    return read


def _accidental_name(data: Mapping[str, str]) -> str:
    return _ACCIDENTALS.get(float(Fraction(data.get("data-alteration", "9"))), "")


def _clef_name(data: Mapping[str, str]) -> str:
    letter = data.get("data-glyph", "").removeprefix("clefs.")[:1]
    return f"clef-{letter}" if letter in ("G", "F", "C") else ""


def _clef(element: ET.Element, drawn: list[Shape], tied: frozenset[int]) -> list[Symbol]:
    return _at_origin(_clef_name)(element, drawn[:1], tied)


def _accidental(element: ET.Element, drawn: list[Shape], tied: frozenset[int]) -> list[Symbol]:
    return _at_origin(_accidental_name)(element, drawn[-1:], tied)  # brackets are drawn around it


def _key_name(data: Mapping[str, str]) -> str:
    return "key-flat" if ". -1/2" in data.get("data-alteration-alist", "") else "key-sharp"


def _time(element: ET.Element, drawn: list[Shape], tied: frozenset[int]) -> list[Symbol]:  # noqa: ARG001
    numerals = element.get("data-fraction", "").strip("()").split(" . ")
    if len(numerals) != 2:
        return []
    if len(drawn) == 1:
        return [Symbol("common" if numerals[0] == "4" else "cut", *drawn[0].centre)]
    return digits(drawn, numerals)


_Reader = Callable[[ET.Element, list[Shape], frozenset[int]], list[Symbol]]
_READERS: Mapping[str, _Reader] = {
    "head": _head,
    "rest": _rest,
    "measure-rest": _each("measure-rest"),
    "dots": _each("dot"),
    "flag": _each("flag"),
    "accidental": _accidental,
    "key": _at_origin(_key_name),
    "cancel": _at_origin(lambda data: "key-natural"),  # noqa: ARG005
    "clef": _clef,
    "time": _time,
}
